#include "tools/bench_worker.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#define EVENTS     256
#define MS         ((uint64_t)1000 * 1000)
#define SCAN_NS    (10 * MS) /* how often time limits and closed connections are looked at */
#define UNSENT_MAX 100000000U

/* How many of `total` fall to one of `parts`. */
static uint64_t
share_of(uint64_t total, uint64_t parts, uint64_t number)
{
    return total / parts + (number < total % parts ? 1 : 0);
}

static void
prepare_batches(struct onym_bench_worker *w)
{
    for (uint32_t i = 0; i < ONYM_BENCH_PACKETS; i++) {
        w->in_at[i] = (struct iovec){.iov_base = w->received[i], .iov_len = sizeof w->received[i]};
        w->in[i].msg_hdr = (struct msghdr){.msg_iov = &w->in_at[i], .msg_iovlen = 1};
        w->out[i].msg_hdr = (struct msghdr){.msg_iov = &w->out_at[i], .msg_iovlen = 1};
    }
}

static void
prepare_connections(struct onym_bench_worker *w)
{
    for (uint32_t i = 0; i < w->conn_count; i++) {
        struct onym_bench_conn *c = &w->conns[i];

        c->fd = -1;
        c->idle = w->memory + (size_t)2 * i * w->window;
        c->order = c->idle + w->window;
        for (uint32_t n = 0; n < w->window; n++) {
            uint32_t slot = i * w->window + n;

            w->slots[slot].conn = i;
            c->idle[c->idle_count++] = slot;
        }
    }
}

enum onym_status
onym_bench_worker_new(struct onym_bench_shared *shared, uint32_t number,
                      struct onym_bench_worker **out, struct onym_fault *fault)
{
    const struct onym_bench_settings *s = shared->settings;
    struct onym_bench_worker *w = calloc(1, sizeof *w);
    enum onym_status status = ONYM_OK;

    if (w == NULL) {
        return onym_fault_set(fault, ONYM_NO_MEMORY, "no memory for a thread");
    }
    w->shared = shared;
    w->number = number;
    w->conn_count = (uint32_t)share_of(s->connections, s->threads, number);
    w->window = s->new_connections ? 1 : (uint32_t)s->window;
    w->rng = onym_rng_seeded(s->seed * ONYM_BENCH_THREADS_MAX + number);
    w->pace = s->rate > 0 ? onym_bench_pace_open(s->rate / (double)s->threads, !s->fixed,
                                                 (double)number / (double)s->threads,
                                                 onym_clock_monotonic_ns(), &w->rng)
                          : onym_bench_pace_closed();
    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    w->tally = calloc(1, sizeof *w->tally);
    w->conns = calloc(w->conn_count, sizeof *w->conns);
    w->slots = calloc((size_t)w->conn_count * w->window, sizeof *w->slots);
    w->memory = calloc((size_t)w->conn_count * w->window, 2 * sizeof *w->memory);
    w->queue = calloc(w->conn_count, sizeof *w->queue);
    if (w->tally == NULL || w->conns == NULL || w->slots == NULL || w->memory == NULL ||
        w->queue == NULL) {
        status = onym_fault_set(fault, ONYM_NO_MEMORY,
                                "no memory for %u connections of %u requests", w->conn_count,
                                w->window);
    } else if (w->epoll < 0) {
        status = onym_fault_set(fault, ONYM_IO, "epoll: %s", strerror(errno));
    } else if (onym_bench_transport_tls(s->transport)) {
        status = onym_tls_dialer_new(s->host, s->authorities, &w->dialer, fault);
    }
    if (status != ONYM_OK) {
        w->conn_count = w->conns != NULL ? w->conn_count : 0;
        onym_bench_worker_free(w);
        return status;
    }
    prepare_batches(w);
    prepare_connections(w);
    *out = w;
    return ONYM_OK;
}

void
onym_bench_worker_free(struct onym_bench_worker *w)
{
    if (w == NULL) {
        return;
    }
    for (uint32_t i = 0; i < w->conn_count; i++) {
        onym_tls_dial_free(w->conns[i].tls);
        if (w->conns[i].fd > 0) {
            (void)close(w->conns[i].fd);
        }
        free(w->conns[i].in);
        free(w->conns[i].out);
    }
    if (w->epoll >= 0) {
        (void)close(w->epoll);
    }
    onym_tls_dialer_free(w->dialer);
    free(w->tally);
    free(w->conns);
    free(w->slots);
    free(w->memory);
    free(w->queue);
    free(w);
}

/* Feeds hungry connections, each once, as long as requests are due. */
static void
issue(struct onym_bench_worker *w)
{
    for (uint32_t left = w->queue_count; left > 0; left--) {
        uint64_t now = onym_clock_monotonic_ns();
        struct onym_bench_conn *c = &w->conns[w->queue[w->queue_first]];

        if (w->pace.open && onym_bench_pace_next(&w->pace) > now) {
            return;
        }
        w->queue_first = (w->queue_first + 1) % w->conn_count;
        w->queue_count--;
        c->hungry = false;
        if (onym_bench_conn_has_room(w, c)) {
            onym_bench_feed(w, c, now);
        }
        if (onym_bench_conn_has_room(w, c)) {
            onym_bench_conn_offer(w, c);
        }
    }
}

/* Requests without an answer for too long. A stream cannot be used after that: its later answers
 * wait behind the missing one. */
static void
scan_slots(struct onym_bench_worker *w, uint64_t now)
{
    const struct onym_bench_settings *s = w->shared->settings;
    bool udp = s->transport == ONYM_BENCH_UDP;

    for (size_t i = 0; i < (size_t)w->conn_count * w->window; i++) {
        struct onym_bench_slot *slot = &w->slots[i];

        if (slot->open && now > slot->sent_ns && now - slot->sent_ns >= s->timeout_ms * MS) {
            struct onym_bench_conn *c = &w->conns[slot->conn];

            onym_bench_finish(w, slot, ONYM_BENCH_TIMEOUT, now);
            if (!udp) {
                onym_bench_conn_close(w, c, ONYM_BENCH_BROKEN, now);
            }
        }
    }
}

static void
scan(struct onym_bench_worker *w, uint64_t now)
{
    w->scanned_ns = now;
    scan_slots(w, now);
    for (uint32_t i = 0; i < w->conn_count; i++) {
        struct onym_bench_conn *c = &w->conns[i];

        if (c->state != ONYM_BENCH_CLOSED || c->retry_ns > now || c->idle_count < w->window) {
            continue;
        }
        if (w->shared->settings->new_connections) {
            onym_bench_conn_offer(w, c);
        } else {
            onym_bench_conn_open(w, c, now);
        }
    }
}

/* How long to wait: until the next scan, or until a request is due that could be sent. */
static struct timespec
patience(const struct onym_bench_worker *w, uint64_t now)
{
    uint64_t until = w->scanned_ns + SCAN_NS;

    if (w->queue_count > 0) {
        uint64_t due = w->pace.open ? onym_bench_pace_next(&w->pace) : now;

        until = due < until ? due : until;
    }
    until = until > now ? until - now : 0;
    return (struct timespec){.tv_nsec = (long)until};
}

static void
handle(struct onym_bench_worker *w, const struct epoll_event *event)
{
    struct onym_bench_conn *c = &w->conns[event->data.u32];

    if (c->state == ONYM_BENCH_CONNECTING || c->state == ONYM_BENCH_SHAKING) {
        onym_bench_conn_advance(w, c, onym_clock_monotonic_ns());
        return;
    }
    if (c->state == ONYM_BENCH_READY && (event->events & EPOLLOUT) != 0) {
        onym_bench_flush(w, c);
    }
    if (c->state == ONYM_BENCH_READY && (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
        onym_bench_receive(w, c);
    }
}

/* What was due in the measured time and never sent, because every window was full. */
static void
count_unsent(struct onym_bench_worker *w, uint64_t end)
{
    uint64_t due;

    for (uint64_t n = 0; w->pace.open && n < UNSENT_MAX && onym_bench_pace_next(&w->pace) < end &&
                         onym_bench_pace_take(&w->pace, end, &w->rng, &due);
         n++) {
        if (due >= __atomic_load_n(&w->shared->start_ns, __ATOMIC_RELAXED)) {
            w->tally->ends[onym_bench_mix_pick(&w->shared->settings->mix, &w->rng)]
                          [ONYM_BENCH_UNSENT]++;
        }
    }
}

/* Whether requests are still sent. An open loop that is late at the end may catch up for as long as
 * an answer may take: what was due must not vanish because the last milliseconds were busy. */
static bool
sending(const struct onym_bench_worker *w, uint64_t end, uint64_t now)
{
    return w->pace.open ? onym_bench_pace_next(&w->pace) < end &&
                              now < end + w->shared->settings->timeout_ms * MS
                        : now < end;
}

void
onym_bench_worker_run(struct onym_bench_worker *w)
{
    struct epoll_event events[EVENTS];
    uint64_t now = onym_clock_monotonic_ns();
    uint64_t end;

    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); /* an open loop must not oversleep */
    scan(w, now); /* opens the connections; one that logs in takes its time */
    w->pace.start_ns = onym_clock_monotonic_ns();
    for (;;) {
        now = onym_clock_monotonic_ns();
        end = __atomic_load_n(&w->shared->end_ns, __ATOMIC_RELAXED);
        if (sending(w, end, now)) {
            issue(w);
        } else if (w->under_way == 0 && now >= end) {
            break;
        } else {
            w->queue_count = 0; /* nobody is fed any more */
        }
        struct timespec wait = patience(w, now);
        int count = epoll_pwait2(w->epoll, events, EVENTS, &wait, NULL);

        for (int i = 0; i < count; i++) {
            handle(w, &events[i]);
        }
        now = onym_clock_monotonic_ns();
        if (now - w->scanned_ns >= SCAN_NS) {
            scan(w, now);
        }
    }
    count_unsent(w, end);
}
