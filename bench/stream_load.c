/* A closed-loop client over TCP and TLS: so many connections, so many requests outstanding on each
 * or a new connection for each request, random names of a file, every reply checked, one JSON
 * object with the result. It asks a node (Handle or HTTP), Redis, a web server or an echo. One
 * thread; requests that answers of one read make room for leave in one write. */
#include "lib/pick.h"
#include "lib/stream.h"
#include "lib/stream_settings.h"
#include "lib/tally.h"

#include "base/clock.h"
#include "base/require.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS       64
#define IN_MAX       65536U /* 64 answers of a depth of 64 fit in parts */
#define SILENCE_NS   ((uint64_t)3 * 1000 * 1000 * 1000)
#define REQUESTS_MAX 65536U

static volatile sig_atomic_t interrupted;

struct question {
    size_t name; /* its number */
    uint32_t id;
    uint64_t sent_ns;
};

/* How far a connection with one request has come. */
enum stage { STAGE_NEW, STAGE_GREETED, STAGE_ASKED, STAGE_ANSWERED };

struct connection {
    struct bench_stream stream;
    struct question asked[BENCH_STREAM_DEPTH_MAX]; /* a ring: first, count */
    uint32_t first, count;
    uint32_t in_len, out_len, out_sent;
    bool fed;        /* has been given its first requests */
    bool want_write; /* what epoll waits for */
    enum stage stage;
    bool waits; /* until the others are as far (--together) */
    uint8_t in[IN_MAX];
    uint8_t out[REQUESTS_MAX];
};

struct client {
    const struct bench_stream_settings *settings;
    struct bench_speech speech;
    struct onym_bench_names names;
    struct bench_pick pick;
    struct bench_tally *tally;
    struct connection *connections;
    SSL_CTX *context;
    SSL_SESSION *session; /* the latest, or NULL */
    uint32_t next_id;
    uint64_t issued, open, waiting;
    int epoll;
    bool failed, stop;
};

static void
on_signal(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

static void
watch(struct client *c, struct connection *k, int operation, bool write)
{
    struct epoll_event event = {.events = EPOLLIN | (write ? EPOLLOUT : 0U), .data.ptr = k};

    k->want_write = write;
    ONYM_REQUIRE(epoll_ctl(c->epoll, operation, k->stream.fd, &event) == 0);
}

static void
want_write(struct client *c, struct connection *k, bool write)
{
    if (k->want_write != write) {
        watch(c, k, EPOLL_CTL_MOD, write);
    }
}

/* Opens (again) what a connection needs; it speaks once it can. */
static void
open_connection(struct client *c, struct connection *k)
{
    const struct bench_stream_settings *s = c->settings;
    unsigned source = s->once ? (unsigned)(c->issued % 250) : UINT32_MAX;

    k->first = k->count = k->in_len = k->out_len = k->out_sent = 0;
    k->fed = false;
    k->stage = STAGE_NEW;
    c->waiting -= k->waits;
    k->waits = false;
    if (!bench_stream_open(&k->stream, &s->target, source, c->context,
                           s->resume ? c->session : NULL)) {
        bench_stream_close(&k->stream);
        c->failed = true;
        return;
    }
    if (s->together) {
        bench_stream_hold(&k->stream, true);
    }
    watch(c, k, EPOLL_CTL_ADD, true);
    c->tally->connections++;
}

/* Puts requests behind those that are outstanding, as many as depth and count allow. */
static void
ask(struct client *c, struct connection *k)
{
    const struct bench_stream_settings *s = c->settings;
    uint64_t now = onym_clock_monotonic_ns();

    k->fed = true;
    while (!c->stop && k->count < s->depth && (s->count == 0 || c->issued < s->count) &&
           sizeof k->out - k->out_len >= BENCH_SPEECH_REQUEST_MAX) {
        struct question *q = &k->asked[(k->first + k->count++) % BENCH_STREAM_DEPTH_MAX];
        *q = (struct question){
            .name = bench_pick_next(&c->pick), .id = ++c->next_id, .sent_ns = now};
        k->out_len += (uint32_t)bench_speech_ask(
            &c->speech, onym_bench_names_at(&c->names, q->name), q->id, k->out + k->out_len);
        c->issued++;
        c->open++;
    }
}

/* Writes what is to be written; false when the connection is gone. */
static bool
flush_out(struct client *c, struct connection *k)
{
    while (k->out_sent < k->out_len) {
        size_t len = 0;
        enum bench_io io = bench_stream_write(
            &k->stream, onym_span_of(k->out + k->out_sent, k->out_len - k->out_sent), &len);
        if (io != BENCH_IO_DONE) {
            want_write(c, k, io == BENCH_IO_WRITE);
            return io != BENCH_IO_CLOSED;
        }
        k->out_sent += (uint32_t)len;
    }
    k->out_len = k->out_sent = 0;
    want_write(c, k, false);
    return true;
}

/* Takes the whole answers that have come; the number of them. */
static uint32_t
take_answers(struct client *c, struct connection *k)
{
    uint64_t now = onym_clock_monotonic_ns();
    uint32_t at = 0;
    uint32_t taken = 0;

    while (at < k->in_len && k->count > 0) {
        struct question *q = &k->asked[k->first % BENCH_STREAM_DEPTH_MAX];
        onym_span name = onym_bench_names_at(&c->names, q->name);
        uint32_t code = 0;
        bool right = false;
        size_t len = bench_speech_hear(&c->speech, onym_span_of(k->in + at, k->in_len - at), name,
                                       q->id, &right, &code);
        if (len == 0) {
            break;
        }
        if (right) {
            bench_tally_answer(c->tally, now - q->sent_ns, len);
        } else {
            bench_tally_wrong(c->tally, code, name);
        }
        c->tally->bytes += len;
        c->tally->packets++;
        c->open--;
        k->first++;
        k->count--;
        at += (uint32_t)len;
        taken++;
    }
    if (at > 0) {
        memmove(k->in, k->in + at, k->in_len - at);
        k->in_len -= at;
        c->tally->last_ns = now;
    }
    return taken;
}

static void
end_connection(struct client *c, struct connection *k, bool lost)
{
    if (k->stream.ssl != NULL && SSL_session_reused(k->stream.ssl)) {
        c->tally->resumed++;
    }
    if (lost && !c->stop) {
        c->tally->lost += k->count > 0 ? k->count : 1;
        c->failed = !c->settings->once; /* a kept connection has no reason to end */
    }
    c->open -= k->count;
    bench_stream_close(&k->stream);
}

/* Reads once and answers what came with new requests; false when the connection is gone. */
static bool
read_once(struct client *c, struct connection *k, bool *again)
{
    size_t len = sizeof k->in - k->in_len;
    enum bench_io io = bench_stream_read(&k->stream, k->in + k->in_len, &len);

    *again = io == BENCH_IO_DONE && k->stream.ssl != NULL;
    if (io != BENCH_IO_DONE) {
        return io != BENCH_IO_CLOSED;
    }
    k->in_len += (uint32_t)len;
    if (take_answers(c, k) > 0) {
        *again = false; /* more than was asked for does not come */
        if (!c->settings->once) {
            ask(c, k);
            return flush_out(c, k);
        }
    }
    return true;
}

/* Begins with the next connection, if there is to be one. */
static void
open_next(struct client *c, struct connection *k)
{
    if (!c->stop && !c->failed && (c->settings->count == 0 || c->issued < c->settings->count)) {
        open_connection(c, k);
    }
}

/* A connection has come so far. The last of them lets all go on: what they have written leaves at
 * once, and those that are answered make room for new ones. */
static void
reach(struct client *c, struct connection *k, enum stage stage)
{
    uint64_t count = c->settings->connections;

    if (stage <= k->stage) {
        return;
    }
    k->stage = stage;
    c->waiting += !k->waits;
    k->waits = true;
    if (c->waiting < count && !c->stop) {
        return;
    }
    for (uint64_t i = 0; i < count; i++) {
        struct connection *one = &c->connections[i];
        one->waits = false;
        if (one->stage == STAGE_ANSWERED) {
            end_connection(c, one, false);
        } else {
            bench_stream_hold(&one->stream, false);
            bench_stream_hold(&one->stream, true);
        }
    }
    c->waiting = 0;
    for (uint64_t i = 0; i < count; i++) {
        if (c->connections[i].stage == STAGE_ANSWERED) {
            open_next(c, &c->connections[i]);
        }
    }
}

/* Everything a connection can do now. */
static void
step(struct client *c, struct connection *k)
{
    bool again = true;
    bool alive = true;

    if (!k->stream.handshaken) {
        enum bench_io io = bench_stream_handshake(&k->stream);
        if (io != BENCH_IO_DONE) {
            want_write(c, k, io == BENCH_IO_WRITE);
            alive = io != BENCH_IO_CLOSED;
            again = false;
        }
    }
    if (again && !k->fed) {
        ask(c, k);
    }
    if (again) {
        alive = flush_out(c, k);
    }
    while (alive && again) {
        alive = read_once(c, k, &again);
    }
    bool done = c->settings->once && k->fed && k->count == 0;
    if (c->settings->together && (done || (alive && !k->want_write))) {
        reach(c, k, done ? STAGE_ANSWERED : k->fed ? STAGE_ASKED : STAGE_GREETED);
    } else if (!alive || done) {
        end_connection(c, k, !done);
        open_next(c, k);
    }
}

/* The whole run: true when anything was answered. */
static bool
run(struct client *c)
{
    const struct bench_stream_settings *s = c->settings;
    uint64_t start = onym_clock_monotonic_ns();
    uint64_t deadline = s->count > 0 ? UINT64_MAX : start + s->milliseconds * 1000000U;
    uint64_t waited = bench_waited_ns();
    struct epoll_event events[EVENTS];

    c->tally->first_ns = c->tally->last_ns = start;
    for (uint64_t i = 0; i < s->connections; i++) {
        open_connection(c, &c->connections[i]);
    }
    while (!c->failed && (!c->stop || c->open > 0)) {
        /* It asks again and again: a client that slept would be woken by the server's sending, on
         * the server's time, and the more often the slower the server is. */
        int got = epoll_wait(c->epoll, events, EVENTS, 0);
        for (int i = 0; i < got; i++) {
            step(c, events[i].data.ptr);
        }
        uint64_t now = onym_clock_monotonic_ns();
        c->stop = now >= deadline || interrupted != 0 || (s->count > 0 && c->issued >= s->count);
        if (now - c->tally->last_ns > SILENCE_NS) {
            break;
        }
    }
    c->tally->unanswered = c->open;
    c->tally->requests = c->issued;
    c->tally->waited_ns = bench_waited_ns() - waited;
    return c->tally->packets > 0;
}

static bool
client_init(struct client *c)
{
    const struct bench_stream_settings *s = c->settings;

    bench_pick_init(&c->pick, c->names.count, s->seed, 0);
    onym_bench_query_form_init(&c->speech.form, onym_clock_epoch_s() + 43200);
    c->speech.language = s->language;
    c->speech.any_name = s->any_name;
    c->speech.request_bytes = s->request_bytes;
    c->speech.answer_bytes = s->answer_bytes;
    c->tally = bench_tally_new();
    c->connections = calloc(s->connections, sizeof *c->connections);
    c->epoll = epoll_create1(EPOLL_CLOEXEC);
    ONYM_REQUIRE(c->connections != NULL && c->epoll >= 0);
    for (uint64_t i = 0; i < s->connections; i++) {
        c->connections[i].stream.fd = -1;
    }
    c->context = s->tls ? bench_stream_context(&c->session) : NULL;
    return !s->tls || c->context != NULL;
}

static void
client_end(struct client *c)
{
    for (uint64_t i = 0; c->connections != NULL && i < c->settings->connections; i++) {
        bench_stream_close(&c->connections[i].stream);
    }
    SSL_SESSION_free(c->session);
    SSL_CTX_free(c->context);
    onym_bench_names_free(&c->names);
    free(c->connections);
    free(c->tally);
}

int
main(int argc, char **argv)
{
    struct bench_stream_settings settings;
    const struct sigaction action = {.sa_handler = on_signal};
    struct client client = {.settings = &settings};
    enum onym_status status = bench_stream_settings_read(argc, argv, &settings);
    int code = 1;

    if (status != ONYM_OK) {
        return status == ONYM_NOT_FOUND ? 0 : 2;
    }
    if (onym_bench_names_load(settings.names, &client.names) != ONYM_OK) {
        return 1;
    }
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    if (client_init(&client) && run(&client) && !client.failed) {
        bench_tally_print(client.tally, settings.connections * settings.depth, settings.seed);
        code = 0;
    } else {
        fprintf(stderr, client.failed ? "a connection failed or was closed by the server\n"
                                      : "no answer within 3 seconds; is a server there?\n");
    }
    client_end(&client);
    return code;
}
