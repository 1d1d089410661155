/* Registers parts over connections of the Handle protocol that are logged in, each with one request
 * outstanding, and measures how long every registration takes until it is acknowledged.
 *
 *   register_load --target 127.0.0.1:2641 --connections 16 --order serial --run 1
 *   register_load --rows base --count 1000000       the records a store is filled with, as NDJSON
 *   register_load --rows serial --count 20000 --run 1
 *
 * Connection i registers serial parts in enterprise i; random ones anywhere. */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/histogram.h"
#include "base/require.h"
#include "lib/args.h"
#include "lib/parts.h"
#include "tools/bench_login.h"
#include "wire/frame.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 256U
#define SESSION_FIRST   10001U
#define SILENCE_MS      10000
#define REPLY_MAX       1024U

struct settings {
    struct sockaddr_in target;
    enum bench_order order;
    uint64_t connections, milliseconds, count, run;
    const char *rows; /* print rows instead: base, serial or random */
};

struct line {
    int fd;
    unsigned number;
    uint32_t session, request_id;
    uint64_t next; /* number of its next part */
    uint64_t sent_ns;
    uint8_t in[REPLY_MAX];
    size_t in_len;
    bool waiting;
};

struct load {
    const struct settings *settings;
    struct line *line;
    unsigned waiting;
    uint64_t issued, done, refused;
    uint32_t refused_code; /* of the first one */
    uint64_t first_ns, last_ns;
    struct onym_histogram latency; /* nanoseconds */
};

static bool
send_next(struct load *load, struct line *line)
{
    const struct settings *s = load->settings;
    uint64_t number = line->next++ * s->connections + line->number;
    unsigned enterprise = s->order == BENCH_SERIAL
                              ? line->number
                              : bench_part_enterprise(BENCH_RANDOM, (unsigned)s->run, number);
    char name[BENCH_PART_NAME_MAX];
    uint8_t body[BENCH_PART_CREATE_MAX], out[2 * BENCH_PART_CREATE_MAX];
    struct onym_writer w = onym_writer_over(body, sizeof body);
    size_t len;

    bench_part_name(s->order, (unsigned)s->run, enterprise, number, name);
    bench_part_create(name, &w);
    len = onym_bench_login_request(ONYM_OP_CREATE, line->session, ++line->request_id,
                                   onym_writer_written(&w), out, sizeof out);
    ONYM_REQUIRE(len > 0);
    line->sent_ns = onym_clock_monotonic_ns();
    if (send(line->fd, out, len, MSG_NOSIGNAL) != (ssize_t)len) {
        perror("register_load: send");
        return false;
    }
    line->waiting = true;
    load->waiting++;
    load->issued++;
    return true;
}

/* The whole reply in line->in. */
static bool
take_reply(struct load *load, struct line *line, const struct onym_frame *frame)
{
    struct onym_message reply;
    uint64_t now = onym_clock_monotonic_ns();

    if (!line->waiting || onym_message_cut(&frame->envelope, frame->message, &reply) != ONYM_OK ||
        reply.envelope.request_id != line->request_id || reply.header.opcode != ONYM_OP_CREATE) {
        (void)fputs("register_load: a reply to nothing that was asked\n", stderr);
        return false;
    }
    if (reply.header.response_code == 1) {
        load->done++;
        onym_histogram_record(&load->latency, now - line->sent_ns, 1);
        load->last_ns = now;
    } else if (load->refused++ == 0) {
        load->refused_code = reply.header.response_code;
    }
    line->waiting = false;
    load->waiting--;
    return true;
}

static bool
receive(struct load *load, struct line *line)
{
    ssize_t got = recv(line->fd, line->in + line->in_len, sizeof line->in - line->in_len, 0);
    struct onym_frame frame;

    if (got <= 0) {
        (void)fputs("register_load: the node closed a connection\n", stderr);
        return false;
    }
    line->in_len += (size_t)got;
    frame = onym_frame_cut(onym_span_of(line->in, line->in_len));
    if (frame.verdict == ONYM_FRAME_MORE && frame.need <= sizeof line->in) {
        return true;
    }
    if (frame.verdict != ONYM_FRAME_MESSAGE || frame.used != line->in_len) {
        (void)fputs("register_load: a reply that cannot be read\n", stderr);
        return false;
    }
    line->in_len = 0;
    return take_reply(load, line, &frame);
}

static bool
may_send(const struct load *load, uint64_t deadline)
{
    const struct settings *s = load->settings;

    return s->count > 0 ? load->issued < s->count : onym_clock_monotonic_ns() < deadline;
}

/* Keeps one request outstanding on every connection until time or count is over, then waits for the
 * last answers. */
static bool
drive(struct load *load, int poll_fd)
{
    const struct settings *s = load->settings;
    struct epoll_event event[64];
    uint64_t deadline;

    load->first_ns = load->last_ns = onym_clock_monotonic_ns();
    deadline = load->first_ns + s->milliseconds * 1000000U;
    for (unsigned i = 0; i < s->connections && may_send(load, deadline); i++) {
        if (!send_next(load, &load->line[i])) {
            return false;
        }
    }
    while (load->waiting > 0) {
        int ready = epoll_wait(poll_fd, event, 64, SILENCE_MS);

        if (ready <= 0) {
            (void)fprintf(stderr, "register_load: no answer for %d ms\n", SILENCE_MS);
            return false;
        }
        for (int i = 0; i < ready; i++) {
            struct line *line = event[i].data.ptr;

            if (!receive(load, line) ||
                (!line->waiting && may_send(load, deadline) && !send_next(load, line))) {
                return false;
            }
        }
    }
    return true;
}

static double
percentile_ms(const struct load *load, uint32_t per_million)
{
    return (double)onym_histogram_percentile(&load->latency, per_million) / 1e6;
}

static void
print_result(const struct load *load)
{
    double seconds = (double)(load->last_ns - load->first_ns) / 1e9;

    (void)printf(
        "{\"connections\": %" PRIu64 ", \"seconds\": %.6f, \"registered\": %" PRIu64
        ", \"per_second\": %.1f, \"refused\": %" PRIu64 ", \"refused_code\": %" PRIu32 ", ",
        load->settings->connections, seconds, load->done,
        seconds > 0 ? (double)load->done / seconds : 0.0, load->refused, load->refused_code);
    (void)printf("\"latency_ms\": {\"p50\": %.4f, \"p90\": %.4f, \"p99\": %.4f, \"max\": %.4f}}\n",
                 percentile_ms(load, 500000), percentile_ms(load, 900000),
                 percentile_ms(load, 990000), percentile_ms(load, 1000000));
}

static bool
open_lines(struct load *load, int poll_fd)
{
    struct onym_rng rng = onym_rng_system();

    for (unsigned i = 0; i < load->settings->connections; i++) {
        struct line *line = &load->line[i];
        struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = line}};

        line->number = i;
        line->session = SESSION_FIRST + i;
        line->request_id = 1000;
        line->fd = onym_bench_login_open((const struct sockaddr *)&load->settings->target,
                                         sizeof load->settings->target, BENCH_OPERATOR, 301,
                                         BENCH_OPERATOR_SECRET, line->session, &rng);
        if (line->fd < 0 || epoll_ctl(poll_fd, EPOLL_CTL_ADD, line->fd, &event) != 0) {
            return false;
        }
    }
    return true;
}

static int
run(const struct settings *s)
{
    struct load *load = calloc(1, sizeof *load);
    int poll_fd = epoll_create1(EPOLL_CLOEXEC);
    bool ok;

    ONYM_REQUIRE(load != NULL && poll_fd >= 0);
    load->settings = s;
    load->line = calloc(s->connections, sizeof *load->line);
    ONYM_REQUIRE(load->line != NULL);
    for (unsigned i = 0; i < s->connections; i++) {
        load->line[i].fd = -1;
    }
    ok = open_lines(load, poll_fd) && drive(load, poll_fd);
    if (ok) {
        print_result(load);
    }
    for (unsigned i = 0; i < s->connections && load->line[i].fd >= 0; i++) {
        (void)close(load->line[i].fd);
    }
    (void)close(poll_fd);
    free(load->line);
    free(load);
    return ok ? 0 : 1;
}

static int
print_rows(const struct settings *s)
{
    bool base = strcmp(s->rows, "base") == 0;
    enum bench_order order = strcmp(s->rows, "serial") == 0 ? BENCH_SERIAL : BENCH_RANDOM;
    unsigned number_of_run = base ? 0 : (unsigned)s->run;
    char name[BENCH_PART_NAME_MAX];

    if (base) {
        bench_part_print_prefixes(stdout);
    }
    for (uint64_t i = 0; i < s->count; i++) {
        bench_part_name(order, number_of_run, bench_part_enterprise(order, number_of_run, i), i,
                        name);
        bench_part_print(name, stdout);
    }
    return fflush(stdout) == 0 && ferror(stdout) == 0 ? 0 : 1;
}

static const char usage[] =
    "usage: register_load --target ADDRESS:PORT [options]\n"
    "       register_load --rows base|serial|random --count N [--run N]\n"
    "  --connections N  each with one request outstanding, 1 to 256 (1)\n"
    "  --order WORD     serial or random names (serial)\n"
    "  --milliseconds N how long (1000)\n"
    "  --count N        this many registrations instead of a time\n"
    "  --run N          other numbers give other names, 1 to 9999 (1)\n"
    "prints one JSON object, or with --rows NDJSON; exit 0 done, 1 it failed, 2 usage\n";

static enum onym_status
read_word(int c, const char *text, struct settings *s)
{
    bool random = strcmp(text, "random") == 0;

    if (!random && strcmp(text, "serial") != 0 && (c == 'o' || strcmp(text, "base") != 0)) {
        (void)fprintf(stderr, "%s: expected serial or random%s\n", text,
                      c == 'o' ? "" : " or base");
        return ONYM_INVALID;
    }
    if (c == 'o') {
        s->order = random ? BENCH_RANDOM : BENCH_SERIAL;
    } else {
        s->rows = text;
    }
    return ONYM_OK;
}

static enum onym_status
read_option(int c, const char *text, struct settings *s)
{
    switch (c) {
    case 't':
        return bench_args_address("--target", text, &s->target);
    case 'c':
        return bench_args_number("--connections", text, 1, CONNECTIONS_MAX, &s->connections);
    case 'm':
        return bench_args_number("--milliseconds", text, 1, 86400000, &s->milliseconds);
    case 'n':
        return bench_args_number("--count", text, 1, 9999999999U, &s->count);
    case 'r':
        return bench_args_number("--run", text, 1, 9999, &s->run);
    case 'o':
    case 'w':
        return read_word(c, text, s);
    default:
        return ONYM_INVALID;
    }
}

int
main(int argc, char **argv)
{
    static const struct option options[] = {{"target", required_argument, NULL, 't'},
                                            {"connections", required_argument, NULL, 'c'},
                                            {"order", required_argument, NULL, 'o'},
                                            {"milliseconds", required_argument, NULL, 'm'},
                                            {"count", required_argument, NULL, 'n'},
                                            {"run", required_argument, NULL, 'r'},
                                            {"rows", required_argument, NULL, 'w'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    struct settings s = {.connections = 1, .milliseconds = 1000, .run = 1};
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'h') {
            (void)fputs(usage, stdout);
            return 0;
        }
        if (read_option(c, optarg, &s) != ONYM_OK) {
            return 2;
        }
    }
    if (optind != argc || (s.rows != NULL ? s.count == 0 : s.target.sin_port == 0)) {
        (void)fputs(usage, stderr);
        return 2;
    }
    return s.rows != NULL ? print_rows(&s) : run(&s);
}
