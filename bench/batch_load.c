/* Registers many rows in one request of the HTTP API: NDJSON from standard input over TLS, so many
 * rows a request, the next request of a connection when the answer to the one before has said that
 * all of it is durable. Prints "ready" when every connection is open and, at the end, one JSON
 * object. One thread. */
#include "lib/args.h"
#include "lib/stream.h"

#include "base/clock.h"
#include "base/histogram.h"
#include "base/require.h"

#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNECTIONS_MAX 64U
#define HEAD_MAX        512U
#define ANSWER_MAX      65536U
#define SILENCE_MS      60000
#define SAID_MAX        200 /* of an answer that was not expected */

static const char ending[] = "\r\n0\r\n\r\n"; /* of a body in chunks */

struct settings {
    struct sockaddr_in target;
    uint64_t connections, size, milliseconds;
    const char *login;
};

struct connection {
    struct bench_stream stream;
    char head[HEAD_MAX];
    onym_span unsent_head, unsent_rows;
    bool asks; /* a request is under way */
    uint64_t asked_ns;
    size_t answer_len;
    uint8_t answer[ANSWER_MAX + 1];
};

struct load {
    const struct settings *settings;
    onym_span *batches; /* the rows of each request */
    size_t batch_count, batches_taken;
    struct connection *connection;
    SSL_CTX *context;
    SSL_SESSION *session; /* the latest, or NULL */
    uint64_t registered, requests, start_ns, last_ns;
    struct onym_histogram latency;
};

static bool
fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "%s: %.*s\n", what, SAID_MAX, why);
    return false;
}

/* All of standard input; false without memory, or when it is empty. */
static bool
read_rows(onym_span *out)
{
    size_t cap = (size_t)1 << 20;
    size_t len = 0;
    uint8_t *all = malloc(cap);
    size_t got;

    while (all != NULL && (got = fread(all + len, 1, cap - len, stdin)) > 0) {
        len += got;
        if (len == cap) {
            uint8_t *grown = realloc(all, cap *= 2);

            if (grown == NULL) {
                free(all);
            }
            all = grown;
        }
    }
    *out = onym_span_of(all, len);
    return (all != NULL && len > 0) || fail("standard input", "no rows, or no memory for them");
}

/* The rows that are behind the first `from`, at most as many as a request has. */
static onym_span
cut_batch(onym_span all, size_t from, uint64_t size)
{
    size_t len = from;

    for (uint64_t i = 0; i < size && len < all.len; i++) {
        const uint8_t *end = memchr(all.at + len, '\n', all.len - len);

        len = end == NULL ? all.len : (size_t)(end - all.at) + 1;
    }
    return onym_span_of(all.at + from, len - from);
}

/* Looks for the ends of rows before the clock runs: who registers knows what it sends. */
static bool
cut_batches(struct load *load, onym_span all)
{
    size_t cap = 0;

    for (size_t from = 0; from < all.len; from += load->batches[load->batch_count++].len) {
        if (load->batch_count == cap) {
            onym_span *grown = realloc(load->batches, (cap = 2 * cap + 64) * sizeof *grown);

            if (grown == NULL) {
                return fail("standard input", "no memory for its rows");
            }
            load->batches = grown;
        }
        load->batches[load->batch_count] = cut_batch(all, from, load->settings->size);
    }
    return true;
}

/* ---- one request ---- */

/* The rows of the next request; none at the end. */
static onym_span
take_batch(struct load *load)
{
    return load->batches_taken < load->batch_count ? load->batches[load->batches_taken++]
                                                   : onym_span_of(NULL, 0);
}

/* Every connection asks at least once, then until the time is over or there are no rows. */
static void
ask(struct load *load, struct connection *k)
{
    uint64_t now = onym_clock_monotonic_ns();
    bool is_over = load->requests >= load->settings->connections &&
                   now - load->start_ns > load->settings->milliseconds * 1000000U;
    onym_span rows = is_over ? onym_span_of(NULL, 0) : take_batch(load);
    int len;

    k->asks = rows.len > 0;
    if (k->asks) {
        len = snprintf(k->head, sizeof k->head,
                       "POST /api/v1/identifiers:batch?results=none HTTP/1.1\r\nHost: bench\r\n"
                       "Content-Type: application/x-ndjson\r\nAuthorization: Basic %s\r\n"
                       "Content-Length: %zu\r\n\r\n",
                       load->settings->login, rows.len);
        ONYM_REQUIRE(len > 0 && (size_t)len < sizeof k->head);
        k->unsent_head = onym_span_of((const uint8_t *)k->head, (size_t)len);
        k->unsent_rows = rows;
        k->asked_ns = now;
        k->answer_len = 0;
    }
}

/* Writes what the connection takes of it; false when it is gone. */
static bool
send_some(struct connection *k, onym_span *unsent)
{
    enum bench_io io = BENCH_IO_DONE;
    size_t len = 0;

    while (unsent->len > 0 && io == BENCH_IO_DONE) {
        io = bench_stream_write(&k->stream, *unsent, &len);
        if (io == BENCH_IO_DONE) {
            *unsent = onym_span_from(*unsent, len);
        }
    }
    return io != BENCH_IO_CLOSED;
}

/* A number of the summary; 0 when it is not there. */
static uint64_t
number(const char *answer, const char *member)
{
    const char *at = strstr(answer, member);

    return at == NULL ? 0 : strtoull(at + strlen(member), NULL, 10);
}

/* An answer has come whole: all rows of its request are durable, or something is wrong. */
static bool
settle(struct load *load, struct connection *k)
{
    const char *answer = (const char *)k->answer;
    uint64_t created = number(answer, "\"created\":");

    if (strncmp(answer, "HTTP/1.1 200 ", 13) != 0 || created == 0 ||
        strstr(answer, "\"failed\":0") == NULL || strstr(answer, "\"complete\":true") == NULL) {
        const char *body = strstr(answer, "\r\n\r\n");

        return fail("a batch ended with", body != NULL ? body + 4 : answer);
    }
    load->last_ns = onym_clock_monotonic_ns();
    onym_histogram_record(&load->latency, load->last_ns - k->asked_ns, 1);
    load->registered += created;
    load->requests++;
    ask(load, k);
    return true;
}

static bool
is_whole(const struct connection *k)
{
    size_t len = sizeof ending - 1;

    return k->answer_len >= len && memcmp(k->answer + k->answer_len - len, ending, len) == 0;
}

/* Reads what has come; false when the connection is gone or says anything but that all went well.
 */
static bool
receive(struct load *load, struct connection *k)
{
    enum bench_io io = BENCH_IO_DONE;

    while (io == BENCH_IO_DONE && k->asks) {
        size_t len = ANSWER_MAX - k->answer_len;

        io = len == 0 ? BENCH_IO_CLOSED
                      : bench_stream_read(&k->stream, k->answer + k->answer_len, &len);
        if (io == BENCH_IO_DONE) {
            k->answer_len += len;
            k->answer[k->answer_len] = '\0';
            if (is_whole(k) && !settle(load, k)) {
                return false;
            }
        }
    }
    return io != BENCH_IO_CLOSED || fail("the node closed a connection", (const char *)k->answer);
}

static bool
go_on(struct load *load, struct connection *k)
{
    if (k->unsent_rows.len > 0 && (!send_some(k, &k->unsent_head) ||
                                   (k->unsent_head.len == 0 && !send_some(k, &k->unsent_rows)))) {
        return receive(load, k) && fail("the node closed a connection", "nothing said");
    }
    return receive(load, k);
}

/* ---- all of them ---- */

/* Waits until something can be done for one of them; false after a long silence. */
static bool
wait_for_any(const struct load *load, struct pollfd *fds)
{
    for (uint64_t i = 0; i < load->settings->connections; i++) {
        const struct connection *k = &load->connection[i];

        fds[i].fd = k->asks ? k->stream.fd : -1;
        fds[i].events = (short)(POLLIN | (k->unsent_rows.len > 0 ? POLLOUT : 0));
    }
    return poll(fds, load->settings->connections, SILENCE_MS) > 0 ||
           fail("the node", "silent for a minute");
}

static bool
drive(struct load *load)
{
    struct pollfd fds[CONNECTIONS_MAX];
    uint64_t asking = 0;

    load->start_ns = onym_clock_monotonic_ns();
    for (uint64_t i = 0; i < load->settings->connections; i++) {
        ask(load, &load->connection[i]);
    }
    for (;;) {
        asking = 0;
        for (uint64_t i = 0; i < load->settings->connections; i++) {
            if (load->connection[i].asks && !go_on(load, &load->connection[i])) {
                return false;
            }
            asking += load->connection[i].asks;
        }
        if (asking == 0) {
            return true;
        }
        if (!wait_for_any(load, fds)) {
            return false;
        }
    }
}

static bool
shake_hands(struct connection *k)
{
    enum bench_io io;

    while ((io = bench_stream_handshake(&k->stream)) != BENCH_IO_DONE) {
        struct pollfd fd = {.fd = k->stream.fd, .events = io == BENCH_IO_WRITE ? POLLOUT : POLLIN};

        if (io == BENCH_IO_CLOSED || poll(&fd, 1, SILENCE_MS) <= 0) {
            return fail("TLS", "no handshake with the node");
        }
    }
    return true;
}

static bool
open_all(struct load *load)
{
    load->context = bench_stream_context(&load->session);
    for (uint64_t i = 0; i < load->settings->connections; i++) {
        load->connection[i].stream.fd = -1;
    }
    for (uint64_t i = 0; load->context != NULL && i < load->settings->connections; i++) {
        struct connection *k = &load->connection[i];

        if (!bench_stream_open(&k->stream, &load->settings->target, UINT32_MAX, load->context,
                               NULL) ||
            !shake_hands(k)) {
            return false;
        }
    }
    return load->context != NULL;
}

static void
print_result(const struct load *load)
{
    double seconds = (double)(load->last_ns - load->start_ns) / 1e9;

    (void)printf("{\"registered\": %" PRIu64 ", \"requests\": %" PRIu64
                 ", \"seconds\": %.6f, \"per_second\": %.1f, "
                 "\"latency_ms\": {\"p50\": %.4f, \"p99\": %.4f}}\n",
                 load->registered, load->requests, seconds,
                 seconds > 0 ? (double)load->registered / seconds : 0.0,
                 (double)onym_histogram_percentile(&load->latency, 500000) / 1e6,
                 (double)onym_histogram_percentile(&load->latency, 990000) / 1e6);
}

static int
run(const struct settings *s)
{
    struct load load = {.settings = s};
    onym_span all = {0};
    bool ok;

    load.connection = calloc(s->connections, sizeof *load.connection);
    ONYM_REQUIRE(load.connection != NULL);
    ok = read_rows(&all) && cut_batches(&load, all) && open_all(&load);
    if (ok) {
        (void)puts("ready");
        (void)fflush(stdout);
        ok = drive(&load);
    }
    if (ok) {
        print_result(&load);
    }
    for (uint64_t i = 0; i < s->connections; i++) {
        bench_stream_close(&load.connection[i].stream);
    }
    SSL_SESSION_free(load.session);
    SSL_CTX_free(load.context);
    free(load.batches);
    free((void *)(uintptr_t)all.at);
    free(load.connection);
    return ok ? 0 : 1;
}

static const char usage[] =
    "usage: batch_load --target ADDRESS:PORT --login BASE64 [options] <ROWS\n"
    "  --login BASE64   what HTTP Basic authentication sends\n"
    "  --connections N  each with one request outstanding, 1 to 64 (1)\n"
    "  --size N         rows of a request, 1 to 100000 (2000)\n"
    "  --milliseconds N how long, as far as there are rows (1000)\n"
    "prints \"ready\", then one JSON object; exit 0 done, 1 it failed, 2 usage\n";

static enum onym_status
read_option(int c, const char *text, struct settings *s)
{
    switch (c) {
    case 't':
        return bench_args_address("--target", text, &s->target);
    case 'l':
        s->login = text;
        return strlen(text) <= HEAD_MAX / 2 ? ONYM_OK : ONYM_INVALID;
    case 'c':
        return bench_args_number("--connections", text, 1, CONNECTIONS_MAX, &s->connections);
    case 's':
        return bench_args_number("--size", text, 1, 100000, &s->size);
    case 'm':
        return bench_args_number("--milliseconds", text, 1, 86400000, &s->milliseconds);
    default:
        return ONYM_INVALID;
    }
}

int
main(int argc, char **argv)
{
    static const struct option options[] = {{"target", required_argument, NULL, 't'},
                                            {"login", required_argument, NULL, 'l'},
                                            {"connections", required_argument, NULL, 'c'},
                                            {"size", required_argument, NULL, 's'},
                                            {"milliseconds", required_argument, NULL, 'm'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    struct settings s = {.connections = 1, .size = 2000, .milliseconds = 1000};
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
    if (optind != argc || s.login == NULL || s.target.sin_port == 0) {
        (void)fputs(usage, stderr);
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    return run(&s);
}
