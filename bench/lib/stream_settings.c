#include "lib/stream_settings.h"

#include "lib/args.h"

#include <getopt.h>
#include <stdio.h>

static const char usage[] =
    "usage: stream_load --target ADDRESS:PORT --names FILE [options]\n"
    "  --protocol P       handle, redis, http or echo (handle)\n"
    "  --connections N    1 to 4096 (64)\n"
    "  --depth N          requests outstanding on each, 1 to 64 (1)\n"
    "  --once             a new connection for each request\n"
    "  --together         with --once: each step waits for all connections\n"
    "  --tls              TLS 1.3; the certificate is not checked\n"
    "  --resume           with --tls --once: sessions are resumed\n"
    "  --any-name         of an HTTP answer the name is not looked for\n"
    "  --request-bytes N  of a request to an echo, 12 to 4096 (100)\n"
    "  --answer-bytes N   of an answer of an echo, 12 to 16384 (350)\n"
    "  --milliseconds N   how long (2000)\n"
    "  --count N          this many requests instead of a time\n"
    "  --seed N           of the order of names (1)\n"
    "prints one JSON object; exit 0 done, 1 nobody answered, 2 usage\n";

static enum onym_status
read_option(int c, const char *text, struct bench_stream_settings *s)
{
    switch (c) {
    case 't':
        return bench_args_address("--target", text, &s->target);
    case 'n':
        s->names = text;
        return ONYM_OK;
    case 'p':
        return bench_speech_language(text, &s->language);
    case 'k':
        return bench_args_number("--connections", text, 1, BENCH_STREAM_CONNECTIONS_MAX,
                                 &s->connections);
    case 'd':
        return bench_args_number("--depth", text, 1, BENCH_STREAM_DEPTH_MAX, &s->depth);
    case 'm':
        return bench_args_number("--milliseconds", text, 1, 86400000, &s->milliseconds);
    case 'c':
        return bench_args_number("--count", text, 1, UINT64_MAX / 2, &s->count);
    case 'e':
        return bench_args_number("--seed", text, 0, UINT64_MAX / 2, &s->seed);
    case 'q':
        return bench_args_number("--request-bytes", text, 12, BENCH_SPEECH_REQUEST_MAX,
                                 &s->request_bytes);
    case 'a':
        return bench_args_number("--answer-bytes", text, 12, BENCH_SPEECH_ANSWER_MAX,
                                 &s->answer_bytes);
    case 'T':
        s->tls = true;
        return ONYM_OK;
    case 'R':
        s->resume = true;
        return ONYM_OK;
    case 'O':
        s->once = true;
        return ONYM_OK;
    case 'G':
        s->together = true;
        return ONYM_OK;
    case 'N':
        s->any_name = true;
        return ONYM_OK;
    default:
        return ONYM_INVALID;
    }
}

enum onym_status
bench_stream_settings_read(int argc, char **argv, struct bench_stream_settings *out)
{
    static const struct option options[] = {{"target", required_argument, NULL, 't'},
                                            {"names", required_argument, NULL, 'n'},
                                            {"protocol", required_argument, NULL, 'p'},
                                            {"connections", required_argument, NULL, 'k'},
                                            {"depth", required_argument, NULL, 'd'},
                                            {"once", no_argument, NULL, 'O'},
                                            {"together", no_argument, NULL, 'G'},
                                            {"tls", no_argument, NULL, 'T'},
                                            {"resume", no_argument, NULL, 'R'},
                                            {"any-name", no_argument, NULL, 'N'},
                                            {"request-bytes", required_argument, NULL, 'q'},
                                            {"answer-bytes", required_argument, NULL, 'a'},
                                            {"milliseconds", required_argument, NULL, 'm'},
                                            {"count", required_argument, NULL, 'c'},
                                            {"seed", required_argument, NULL, 'e'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    int c;

    *out = (struct bench_stream_settings){.connections = 64,
                                          .depth = 1,
                                          .seed = 1,
                                          .milliseconds = 2000,
                                          .request_bytes = 100,
                                          .answer_bytes = 350};
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'h') {
            fputs(usage, stdout);
            return ONYM_NOT_FOUND;
        }
        if (read_option(c, optarg, out) != ONYM_OK) {
            return ONYM_INVALID;
        }
    }
    if (optind != argc || out->names == NULL || out->target.sin_port == 0) {
        fputs(usage, stderr);
        return ONYM_INVALID;
    }
    if ((out->once && out->depth > 1) || (out->resume && !(out->tls && out->once)) ||
        (out->together && !out->once)) {
        fprintf(stderr, "--once has one request a connection; --resume needs --tls and --once; "
                        "--together needs --once\n");
        return ONYM_INVALID;
    }
    return ONYM_OK;
}
