#include "tools/bench_conn.h"

#include "tools/bench_login.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define RETRY_NS ((uint64_t)50 * 1000 * 1000)

static uint32_t
index_of(const struct onym_bench_worker *w, const struct onym_bench_conn *c)
{
    return (uint32_t)(c - w->conns);
}

bool
onym_bench_conn_has_room(const struct onym_bench_worker *w, const struct onym_bench_conn *c)
{
    return c->idle_count > 0 &&
           (c->out == NULL ||
            c->out_cap - c->out_len >= onym_bench_request_max(w->shared->settings->rows)) &&
           (c->state == ONYM_BENCH_READY ||
            (c->state == ONYM_BENCH_CLOSED && w->shared->settings->new_connections));
}

void
onym_bench_conn_offer(struct onym_bench_worker *w, struct onym_bench_conn *c)
{
    if (!c->hungry) {
        c->hungry = true;
        w->queue[(w->queue_first + w->queue_count++) % w->conn_count] = index_of(w, c);
    }
}

void
onym_bench_conn_watch(struct onym_bench_worker *w, struct onym_bench_conn *c, bool write)
{
    struct epoll_event event = {.events = EPOLLIN | (write ? EPOLLOUT : 0U),
                                .data.u32 = index_of(w, c)};

    if (c->wants_write != write) {
        c->wants_write = write;
        (void)epoll_ctl(w->epoll, EPOLL_CTL_MOD, c->fd, &event);
    }
}

static void
ready(struct onym_bench_worker *w, struct onym_bench_conn *c)
{
    c->state = ONYM_BENCH_READY;
    onym_counter_add(&w->tally->opened, 1);
    onym_bench_conn_watch(w, c, false);
    if (c->out_len > c->out_at) {
        onym_bench_flush(w, c);
    }
    if (onym_bench_conn_has_room(w, c)) {
        onym_bench_conn_offer(w, c);
    }
}

static void
failed(struct onym_bench_worker *w, struct onym_bench_conn *c, int why, uint64_t now)
{
    w->tally->refused++;
    __atomic_store_n(&w->shared->failure, why, __ATOMIC_RELAXED);
    __atomic_add_fetch(&w->shared->failures, 1, __ATOMIC_RELAXED);
    onym_bench_conn_close(w, c, ONYM_BENCH_BROKEN, now);
    c->retry_ns = now + RETRY_NS;
}

static int
make_socket(const struct onym_bench_settings *s)
{
    bool udp = s->transport == ONYM_BENCH_UDP;
    const int bytes = 4 << 20;
    const int yes = 1;
    int fd = socket(s->target.ss_family,
                    (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) {
        return -1;
    }
    if (udp) { /* the default holds about 270 small packets; a smaller limit is not an error */
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    } else {
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    }
    if (s->source_len > 0) {
        /* the port is chosen when connecting: then one source has ports for every target */
        (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
        if (bind(fd, (const struct sockaddr *)&s->source, s->source_len) != 0) {
            int why = errno;

            (void)close(fd);
            errno = why;
            return -1;
        }
    }
    return fd;
}

uint32_t
onym_bench_conn_session(const struct onym_bench_worker *w, const struct onym_bench_conn *c)
{
    return ONYM_BENCH_SESSION + w->number * ONYM_BENCH_CONNECTIONS_MAX + index_of(w, c);
}

/* Handle messages that change records go over a connection that has proven who asks. Logging in
 * waits for its answers: it happens before the load, not in it. */
static void
log_in(struct onym_bench_worker *w, struct onym_bench_conn *c, uint64_t now)
{
    const struct onym_bench_settings *s = w->shared->settings;
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = index_of(w, c)};
    struct onym_rng rng = onym_rng_system();

    c->fd = onym_bench_login_open((const struct sockaddr *)&s->target, s->target_len,
                                  s->identity.handle, s->identity.index, s->identity.secret,
                                  onym_bench_conn_session(w, c), &rng);
    c->wants_write = false;
    if (c->fd < 0 || fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0 ||
        epoll_ctl(w->epoll, EPOLL_CTL_ADD, c->fd, &event) != 0) {
        failed(w, c, EACCES, now);
        return;
    }
    ready(w, c);
}

void
onym_bench_conn_open(struct onym_bench_worker *w, struct onym_bench_conn *c, uint64_t now)
{
    const struct onym_bench_settings *s = w->shared->settings;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.u32 = index_of(w, c)};

    if (s->transport == ONYM_BENCH_TCP && onym_bench_mix_changes(&s->mix)) {
        log_in(w, c, now);
        return;
    }
    c->fd = make_socket(s);
    if (c->fd < 0) {
        failed(w, c, errno, now);
        return;
    }
    c->state = ONYM_BENCH_CONNECTING;
    c->wants_write = true;
    if (connect(c->fd, (const struct sockaddr *)&s->target, s->target_len) != 0 &&
        errno != EINPROGRESS) {
        failed(w, c, errno, now);
        return;
    }
    if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, c->fd, &event) != 0) {
        failed(w, c, errno, now);
        return;
    }
    if (s->transport == ONYM_BENCH_UDP) {
        ready(w, c);
    }
}

static void
shake(struct onym_bench_worker *w, struct onym_bench_conn *c, uint64_t now)
{
    switch (onym_tls_dial_handshake(c->tls)) {
    case ONYM_TLS_DIAL_DONE:
        ready(w, c);
        break;
    case ONYM_TLS_DIAL_READ:
        onym_bench_conn_watch(w, c, false);
        break;
    case ONYM_TLS_DIAL_WRITE:
        onym_bench_conn_watch(w, c, true);
        break;
    case ONYM_TLS_DIAL_ENDED:
    default:
        __atomic_store_n(&w->shared->tls_failure, onym_tls_dial_reason(c->tls), __ATOMIC_RELAXED);
        failed(w, c, EPROTO, now);
        break;
    }
}

void
onym_bench_conn_advance(struct onym_bench_worker *w, struct onym_bench_conn *c, uint64_t now)
{
    int error = 0;
    socklen_t len = sizeof error;

    if (c->state == ONYM_BENCH_CONNECTING) {
        if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0) {
            failed(w, c, error, now);
            return;
        }
        if (w->dialer == NULL) {
            ready(w, c);
            return;
        }
        c->state = ONYM_BENCH_SHAKING;
        c->tls = onym_tls_dial_new(w->dialer, c->fd);
        if (c->tls == NULL) {
            failed(w, c, ENOMEM, now);
            return;
        }
    }
    shake(w, c, now);
}

void
onym_bench_conn_close(struct onym_bench_worker *w, struct onym_bench_conn *c,
                      enum onym_bench_end end, uint64_t now)
{
    struct onym_bench_slot *slots = w->slots + (size_t)index_of(w, c) * w->window;

    onym_tls_dial_free(c->tls);
    c->tls = NULL;
    if (c->fd >= 0) {
        (void)close(c->fd); /* epoll forgets it */
    }
    c->fd = -1;
    c->state = ONYM_BENCH_CLOSED;
    c->out_len = c->out_at = c->in_len = 0;
    c->retry_ns = 0;
    for (uint32_t i = 0; i < w->window && c->idle_count < w->window; i++) {
        if (slots[i].open) {
            onym_bench_finish(w, &slots[i], end, now);
        }
    }
    c->order_first = 0;
}
