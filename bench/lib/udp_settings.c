#include "lib/udp_settings.h"

#include "lib/args.h"
#include "tools/bench_query.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: udp_load --target ADDRESS:PORT --names FILE [options]\n"
    "  --protocol P     handle, dns (TXT of NAME.bench.) or echo (handle; for an echo any reply\n"
    "                   with the request id is right)\n"
    "  --echo-packets N packets that make a reply of an echo, 1 to 64 (1)\n"
    "  --window N       requests outstanding, 1 to 4096 (128); with --rate the most\n"
    "  --rate N         open loop: so many requests a second, sent every 250 us\n"
    "  --seconds N      how long (2)\n"
    "  --milliseconds N the same in thousandths\n"
    "  --count N        this many requests instead of a time\n"
    "  --seed N         of the order of names (1)\n"
    "  --zipf N         names after Zipf's law, theta in thousandths, 1 to 999 (all alike)\n"
    "  --peers N        from so many source addresses in turn, 1 to 250 (1)\n"
    "  --type TEXT      ask for values of that type only, 1 to 32 bytes\n"
    "  --index N        ask for the value with that index only\n"
    "  --miss N         of 100 requests for names that do not exist (0)\n"
    "  --refused N      of 100 for names below a prefix that is not homed here (0)\n"
    "  --malformed N    of 100 that break the grammar; answers are not waited for;\n"
    "                   needs --rate (0)\n"
    "  --progress-ms N  prints that often a line with the answers so far, 1 to 60000\n"
    "  --patient        sleep until a packet comes, for a client that shares its core (closed "
    "loop\n"
    "                   asks without a pause, so that no server spends its time on waking it)\n"
    "  --join           requests of one length leave as one message that the kernel cuts; needs\n"
    "                   --peers 1\n"
    "  --retry-ms N     send again after so long without an answer, 10 to 60000 (200)\n"
    "prints one JSON object; exit 0 done, 1 nobody answered, 2 usage\n";

enum {
    ECHO_PACKETS = 1000,
    ZIPF,
    PEERS,
    TYPE,
    INDEX,
    MISS,
    REFUSED,
    MALFORMED,
    PROGRESS,
    PATIENT,
    JOIN
};

static enum onym_status
read_protocol(const char *text, enum bench_udp_protocol *out)
{
    static const char *const names[] = {"handle", "dns", "echo"};

    for (unsigned i = 0; i < 3; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = (enum bench_udp_protocol)i;
            return ONYM_OK;
        }
    }
    fprintf(stderr, "--protocol %s: expected handle, dns or echo\n", text);
    return ONYM_INVALID;
}

static enum onym_status
read_kind_option(int c, const char *text, struct bench_udp_settings *s)
{
    switch (c) {
    case ECHO_PACKETS:
        return bench_args_number("--echo-packets", text, 1, 64, &s->echo_packets);
    case ZIPF:
        return bench_args_number("--zipf", text, 1, 999, &s->theta);
    case PEERS:
        return bench_args_number("--peers", text, 1, BENCH_UDP_PEERS_MAX, &s->peers);
    case INDEX:
        return bench_args_number("--index", text, 1, UINT32_MAX, &s->index);
    case MISS:
        return bench_args_number("--miss", text, 0, 100, &s->miss);
    case REFUSED:
        return bench_args_number("--refused", text, 0, 100, &s->refused);
    case MALFORMED:
        return bench_args_number("--malformed", text, 0, 100, &s->malformed);
    case PROGRESS:
        return bench_args_number("--progress-ms", text, 1, 60000, &s->progress_ms);
    case PATIENT:
        s->patient = true;
        return ONYM_OK;
    case JOIN:
        s->join = true;
        return ONYM_OK;
    case TYPE:
        s->type = text;
        if (text[0] == '\0' || strlen(text) > ONYM_BENCH_QUERY_TYPE_MAX) {
            fprintf(stderr, "--type: expected 1 to %u bytes\n", ONYM_BENCH_QUERY_TYPE_MAX);
            return ONYM_INVALID;
        }
        return ONYM_OK;
    default:
        return ONYM_INVALID;
    }
}

static enum onym_status
read_option(int c, const char *text, struct bench_udp_settings *s)
{
    enum onym_status status = ONYM_OK;

    switch (c) {
    case 't':
        return bench_args_address("--target", text, &s->target);
    case 'n':
        s->names = text;
        return ONYM_OK;
    case 'p':
        return read_protocol(text, &s->protocol);
    case 'w':
        return bench_args_number("--window", text, 1, BENCH_UDP_WINDOW_MAX, &s->window);
    case 'q':
        return bench_args_number("--rate", text, 1, 10000000, &s->rate);
    case 's':
        status = bench_args_number("--seconds", text, 1, 86400, &s->milliseconds);
        s->milliseconds *= status == ONYM_OK ? 1000 : 1;
        return status;
    case 'm':
        return bench_args_number("--milliseconds", text, 1, 86400000, &s->milliseconds);
    case 'c':
        return bench_args_number("--count", text, 1, UINT64_MAX / 2, &s->count);
    case 'e':
        return bench_args_number("--seed", text, 0, UINT64_MAX / 2, &s->seed);
    case 'r':
        return bench_args_number("--retry-ms", text, 10, 60000, &s->retry_ms);
    default:
        return read_kind_option(c, text, s);
    }
}

static enum onym_status
check(int argc, const struct bench_udp_settings *s)
{
    if (optind != argc || s->names == NULL || s->target.sin_port == 0) {
        fputs(usage, stderr);
        return ONYM_INVALID;
    }
    if (s->miss + s->refused + s->malformed > 100) {
        fprintf(stderr, "--miss, --refused and --malformed: more than 100 of 100 requests\n");
        return ONYM_INVALID;
    }
    if (s->malformed > 0 && s->rate == 0) {
        fprintf(stderr, "--malformed: needs --rate, nothing waits for their answers\n");
        return ONYM_INVALID;
    }
    if (s->join && s->peers > 1) {
        fprintf(stderr, "--join: needs --peers 1, one message has one source\n");
        return ONYM_INVALID;
    }
    if (s->protocol == BENCH_UDP_DNS &&
        s->miss + s->refused + s->malformed + s->index + (s->type != NULL) > 0) {
        fprintf(stderr, "--protocol dns: only whole answers to names that exist\n");
        return ONYM_INVALID;
    }
    return ONYM_OK;
}

enum onym_status
bench_udp_settings_read(int argc, char **argv, struct bench_udp_settings *out)
{
    static const struct option options[] = {{"target", required_argument, NULL, 't'},
                                            {"names", required_argument, NULL, 'n'},
                                            {"protocol", required_argument, NULL, 'p'},
                                            {"echo-packets", required_argument, NULL, ECHO_PACKETS},
                                            {"window", required_argument, NULL, 'w'},
                                            {"rate", required_argument, NULL, 'q'},
                                            {"seconds", required_argument, NULL, 's'},
                                            {"seed", required_argument, NULL, 'e'},
                                            {"milliseconds", required_argument, NULL, 'm'},
                                            {"count", required_argument, NULL, 'c'},
                                            {"retry-ms", required_argument, NULL, 'r'},
                                            {"zipf", required_argument, NULL, ZIPF},
                                            {"peers", required_argument, NULL, PEERS},
                                            {"type", required_argument, NULL, TYPE},
                                            {"index", required_argument, NULL, INDEX},
                                            {"miss", required_argument, NULL, MISS},
                                            {"refused", required_argument, NULL, REFUSED},
                                            {"malformed", required_argument, NULL, MALFORMED},
                                            {"patient", no_argument, NULL, PATIENT},
                                            {"join", no_argument, NULL, JOIN},
                                            {"progress-ms", required_argument, NULL, PROGRESS},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    int c;

    *out = (struct bench_udp_settings){.window = 128,
                                       .milliseconds = 2000,
                                       .seed = 1,
                                       .retry_ms = 200,
                                       .peers = 1,
                                       .echo_packets = 1};
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'h') {
            fputs(usage, stdout);
            return ONYM_NOT_FOUND;
        }
        if (read_option(c, optarg, out) != ONYM_OK) {
            return ONYM_INVALID;
        }
    }
    return check(argc, out);
}
