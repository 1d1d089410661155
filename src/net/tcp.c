#include "net/tcp_priv.h"

#include "net/address.h"

#include <stdlib.h>
#include <unistd.h>

#define BACKLOG      4096
#define IDLE_TICK_MS 1000U
#define STOP_TICK_MS 100U
#define KEPT_FIRST   1024U

static void
unlink_connection(struct onym_tcp_connection *c)
{
    struct onym_tcp *tcp = c->tcp;

    *(c->newer != NULL ? &c->newer->older : &tcp->newest) = c->older;
    *(c->older != NULL ? &c->older->newer : &tcp->oldest) = c->newer;
    c->newer = c->older = NULL;
}

static void
link_newest(struct onym_tcp_connection *c)
{
    struct onym_tcp *tcp = c->tcp;

    c->older = tcp->newest;
    c->newer = NULL;
    *(c->older != NULL ? &c->older->newer : &tcp->oldest) = c;
    tcp->newest = c;
    c->touched_ms = uv_now(tcp->loop);
}

/* The end of a stop: nothing is left that the timer would have to find. */
static void
close_timer_when_last(struct onym_tcp *tcp)
{
    if (tcp->stopping && tcp->newest == NULL && !uv_is_closing((uv_handle_t *)&tcp->idle_timer)) {
        uv_close((uv_handle_t *)&tcp->idle_timer, NULL);
    }
}

static void on_accept(uv_stream_t *listener, int status);

/* Memory of a connection goes to the spare first, and then to those who wait for it. */
static void
give_back(struct onym_tcp *tcp, struct onym_tcp_connection *c)
{
    if (tcp->spare != NULL || tcp->stopping) {
        free(c);
        return;
    }
    tcp->spare = c;
    for (size_t i = 0; i < tcp->listeners; i++) {
        if (tcp->starved[i]) {
            tcp->starved[i] = false;
            on_accept((uv_stream_t *)tcp->listener[i], 0);
        }
    }
}

static void
on_connection_closed(uv_handle_t *handle)
{
    struct onym_tcp_connection *c = handle->data;

    give_back(c->tcp, c);
}

void
onym_tcp_drop(struct onym_tcp_connection *c, enum onym_tcp_cause cause)
{
    struct onym_tcp *tcp = c->tcp;

    onym_tcp_write_late(tcp); /* to the protocol it is written */
    if (c->closing) {
        return;
    }
    c->closing = true;
    if (tcp->handlers.closed != NULL) {
        tcp->handlers.closed(tcp->user, c);
    }
    unlink_connection(c);
    tcp->stats.open--;
    tcp->stats.closed[cause]++;
    onym_kept_give(&tcp->kept, c->source, c->kept_cap);
    free(c->kept);
    c->kept = NULL;
    c->kept_len = c->kept_cap = 0;
    uv_close((uv_handle_t *)&c->socket, on_connection_closed);
    close_timer_when_last(tcp);
}

void
onym_tcp_touch(struct onym_tcp_connection *c)
{
    if (!c->closing) { /* it has left the ring */
        unlink_connection(c);
        link_newest(c);
    }
}

void *
onym_tcp_state(struct onym_tcp_connection *c)
{
    return c->state;
}

void
onym_tcp_finish(struct onym_tcp_connection *c)
{
    if (!c->closing && !c->finishing) {
        c->finishing = true;
        c->reading = false;
        (void)uv_read_stop((uv_stream_t *)&c->socket);
    }
}

void
onym_tcp_peer_ended(struct onym_tcp_connection *c)
{
    c->peer_done = true;
    onym_tcp_finish(c);
}

bool
onym_tcp_keep(struct onym_tcp_connection *c, onym_span bytes)
{
    struct onym_tcp *tcp = c->tcp;
    size_t cap = c->kept_cap > 0 ? c->kept_cap : KEPT_FIRST;
    uint8_t *grown;

    while (cap < c->kept_len + bytes.len) {
        cap *= 2;
    }
    if (cap != c->kept_cap) {
        if (!onym_kept_take(&tcp->kept, onym_tcp_source(c), cap - c->kept_cap)) {
            return false;
        }
        grown = realloc(c->kept, cap);
        if (grown == NULL) {
            onym_kept_give(&tcp->kept, c->source, cap - c->kept_cap);
            return false;
        }
        c->kept = grown;
        c->kept_cap = cap;
    }
    memcpy(c->kept + c->kept_len, bytes.at, bytes.len);
    c->kept_len += bytes.len;
    return true;
}

static void
drop_kept_front(struct onym_tcp_connection *c, size_t used)
{
    c->kept_len -= used;
    if (c->kept_len == 0) {
        onym_kept_give(&c->tcp->kept, c->source, c->kept_cap);
        free(c->kept);
        c->kept = NULL;
        c->kept_cap = 0;
    } else if (used > 0) {
        memmove(c->kept, c->kept + used, c->kept_len);
    }
}

/* Hands all unused bytes to the protocol, writes its answers, keeps what it left. */
void
onym_tcp_handle(struct onym_tcp_connection *c, onym_span fresh)
{
    struct onym_tcp *tcp = c->tcp;
    bool was_kept = c->kept_len > 0;
    bool enough = true;
    size_t used;

    if (was_kept && fresh.len > 0) {
        enough = onym_tcp_keep(c, fresh);
        fresh = onym_span_of(NULL, 0);
    }
    if (enough) {
        onym_span all = was_kept ? onym_span_of(c->kept, c->kept_len) : fresh;

        used = tcp->handlers.bytes(tcp->user, c, all);
        onym_tcp_flush(c);
        if (c->closing) {
            return;
        }
        if (was_kept) {
            drop_kept_front(c, used);
        } else if (used < fresh.len && !c->finishing) {
            enough = onym_tcp_keep(c, onym_span_from(fresh, used));
        }
    }
    if (!enough) {
        onym_tcp_drop(c, ONYM_TCP_BY_LIMIT);
    } else {
        onym_tcp_settle(c);
    }
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct onym_tcp_connection *c = handle->data;
    struct onym_tcp *tcp = c->tcp;

    (void)suggested;
    c->unwanted = !c->had_turn && !c->reading && !c->lingering;
    *buffer = uv_buf_init((char *)tcp->read + tcp->waiting_bytes,
                          c->had_turn || c->unwanted ? 0 : ONYM_TCP_READ_LEN);
    c->had_turn = false;
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    struct onym_tcp_connection *c = stream->data;

    if (n == UV_ENOBUFS) { /* on_alloc ended its turn, or it is not read: the rest stays there */
        if (c->unwanted) {
            (void)uv_read_stop(stream);
        }
        return;
    }
    c->had_turn = n == (ssize_t)ONYM_TCP_READ_LEN;
    if (n < 0) {
        bool was_read = c->reading;

        onym_tcp_turn(c->tcp); /* what came before the end is answered first */
        if (n == UV_EOF && was_read && !c->reading && !c->finishing && !c->closing) {
            return; /* with an answer that comes later: then the end is read again */
        }
        /* the peer has said all it wants; answers already queued still go out */
        c->peer_done = true;
        onym_tcp_finish(c);
        if (n != UV_EOF) {
            onym_tcp_drop(c, ONYM_TCP_BY_ERROR);
        } else if (c->queued == 0) {
            onym_tcp_drop(c, c->lingering ? ONYM_TCP_BY_HANDLER : ONYM_TCP_BY_PEER);
        }
    } else if (n > 0 && !c->finishing) {
        onym_span bytes = onym_span_of((const uint8_t *)buffer->base, (size_t)n);

        c->tcp->stats.bytes_in += (uint64_t)n;
        if (c->tcp->handlers.in_turns && !c->tcp->stopping) {
            onym_tcp_turn_take(c, bytes);
        } else {
            onym_tcp_handle(c, bytes);
        }
    }
}

static void
on_shut(uv_shutdown_t *request, int status)
{
    (void)request; /* what matters comes as the peer's end or the linger time */
    (void)status;
}

void
onym_tcp_end(struct onym_tcp_connection *c)
{
    struct onym_tcp *tcp = c->tcp;

    if (c->closing || c->lingering) {
        return;
    }
    if (c->peer_done || uv_shutdown(&c->shutdown, (uv_stream_t *)&c->socket, on_shut) != 0 ||
        uv_read_start((uv_stream_t *)&c->socket, on_alloc, on_read) != 0) {
        onym_tcp_drop(c, c->peer_done ? ONYM_TCP_BY_PEER : ONYM_TCP_BY_HANDLER);
        return;
    }
    c->lingering = true;
    /* to the old end of the ring, so that the idle tick finds it in time */
    unlink_connection(c);
    c->newer = tcp->oldest;
    *(c->newer != NULL ? &c->newer->older : &tcp->newest) = c;
    tcp->oldest = c;
    c->touched_ms = uv_now(tcp->loop) - tcp->limits.idle_ms +
                    (tcp->stopping ? ONYM_TCP_STOP_LINGER_MS : ONYM_TCP_LINGER_MS);
}

void
onym_tcp_resume(struct onym_tcp_connection *c)
{
    c->reading = true;
    c->had_turn = false;
    if (c->kept_len > 0 || c->tcp->handlers.keeps_input) {
        onym_tcp_handle(c, onym_span_of(NULL, 0));
    }
    if (!c->closing && !c->finishing && c->reading) {
        (void)uv_read_start((uv_stream_t *)&c->socket, on_alloc, on_read);
    }
}

void
onym_tcp_hold(struct onym_tcp_connection *c)
{
    c->held = true;
}

void
onym_tcp_release(struct onym_tcp_connection *c)
{
    c->held = false;
    if (c->closing) {
        return;
    }
    if (c->last) {
        onym_tcp_finish(c);
    }
    if (c->finishing && c->queued == 0) {
        onym_tcp_end(c);
    } else if (!c->finishing && !c->reading && c->queued < ONYM_TCP_QUEUE_HIGH) {
        onym_tcp_resume(c);
    }
}

/* A connection that can be refused only: there is no memory to serve it. */
static struct onym_tcp_connection *
take_spare(struct onym_tcp *tcp, const uv_stream_t *listener)
{
    struct onym_tcp_connection *c = tcp->spare;

    tcp->spare = NULL;
    if (c != NULL) {
        memset(c, 0, sizeof *c);
    }
    for (size_t i = 0; i < tcp->listeners && c == NULL; i++) {
        tcp->starved[i] = tcp->starved[i] || (const uv_stream_t *)tcp->listener[i] == listener;
    }
    return c;
}

static void
on_accept(uv_stream_t *listener, int status)
{
    struct onym_tcp *tcp = listener->data;
    struct onym_tcp_connection *c;
    bool refuse;

    if (status != 0) {
        tcp->stats.closed[ONYM_TCP_BY_REFUSAL]++;
        return;
    }
    c = calloc(1, sizeof *c);
    refuse = c == NULL;
    if (c == NULL && (c = take_spare(tcp, listener)) == NULL) {
        return;
    }
    c->tcp = tcp;
    c->socket.data = c;
    (void)uv_tcp_init(tcp->loop, &c->socket); /* cannot fail without a socket */
    tcp->stats.open++;
    link_newest(c);
    if (uv_accept(listener, (uv_stream_t *)&c->socket) != 0 || refuse ||
        tcp->stats.open > tcp->limits.connections) {
        onym_tcp_drop(c, ONYM_TCP_BY_REFUSAL);
        return;
    }
    tcp->stats.accepted++;
    c->reading = true;
    if (tcp->handlers.opened != NULL) {
        tcp->handlers.opened(tcp->user, c);
    }
    if (!c->closing && uv_read_start((uv_stream_t *)&c->socket, on_alloc, on_read) != 0) {
        onym_tcp_drop(c, ONYM_TCP_BY_ERROR);
    }
}

static void
on_idle_tick(uv_timer_t *timer)
{
    struct onym_tcp *tcp = timer->data;
    uint64_t now = uv_now(tcp->loop);

    while (tcp->oldest != NULL &&
           (int64_t)(now - tcp->oldest->touched_ms) >= (int64_t)tcp->limits.idle_ms) {
        onym_tcp_drop(tcp->oldest,
                      tcp->oldest->lingering ? ONYM_TCP_BY_HANDLER : ONYM_TCP_BY_IDLENESS);
    }
}

enum onym_status
onym_tcp_new(uv_loop_t *loop, const struct onym_tcp_handlers *handlers, void *user,
             const struct onym_tcp_limits *limits, struct onym_tcp **out)
{
    struct onym_tcp *tcp = calloc(1, sizeof *tcp);

    if (tcp == NULL) {
        return ONYM_NO_MEMORY;
    }
    tcp->loop = loop;
    tcp->handlers = *handlers;
    tcp->user = user;
    tcp->limits = *limits;
    tcp->kept.max = limits->kept_bytes;
    tcp->kept.seed = limits->seed;
    tcp->idle_timer.data = tcp;
    tcp->spare = calloc(1, sizeof *tcp->spare);
    if (tcp->spare == NULL || uv_timer_init(loop, &tcp->idle_timer) != 0) {
        onym_tcp_free(tcp);
        return ONYM_NO_MEMORY;
    }
    (void)uv_timer_start(&tcp->idle_timer, on_idle_tick, IDLE_TICK_MS, IDLE_TICK_MS);
    if (handlers->in_turns) {
        onym_tcp_turn_open(tcp);
    }
    *out = tcp;
    return ONYM_OK;
}

enum onym_status
onym_tcp_adopt(struct onym_tcp *tcp, int fd, const char *name, struct onym_fault *fault)
{
    uv_tcp_t *listener = NULL;

    if (tcp->listeners < ONYM_TCP_LISTENERS_MAX) {
        listener = calloc(1, sizeof *listener);
    }
    if (listener == NULL || uv_tcp_init(tcp->loop, listener) != 0) {
        (void)close(fd);
        free(listener);
        return onym_fault_set(fault, ONYM_NO_MEMORY, "no memory for a listener");
    }
    tcp->listener[tcp->listeners++] = listener;
    listener->data = tcp;
    if (uv_tcp_open(listener, fd) != 0 ||
        uv_listen((uv_stream_t *)listener, BACKLOG, on_accept) != 0) {
        return onym_fault_set(fault, ONYM_IN_USE,
                              "%s cannot be listened on; is another program using it "
                              "(ss -lnp shows it)?",
                              name);
    }
    return ONYM_OK;
}

void
onym_tcp_free(struct onym_tcp *tcp)
{
    if (tcp != NULL) {
        free(tcp->spare);
    }
    free(tcp);
}

static void
on_listener_closed(uv_handle_t *handle)
{
    free(handle);
}

static void
stop_accepting(struct onym_tcp *tcp)
{
    if (tcp->stopping) {
        return;
    }
    tcp->stopping = true;
    for (size_t i = 0; i < tcp->listeners; i++) {
        uv_close((uv_handle_t *)tcp->listener[i], on_listener_closed);
    }
    if (tcp->handlers.in_turns) {
        onym_tcp_turn_close(tcp);
    }
    (void)uv_timer_start(&tcp->idle_timer, on_idle_tick, STOP_TICK_MS, STOP_TICK_MS);
    close_timer_when_last(tcp);
}

void
onym_tcp_stop(struct onym_tcp *tcp)
{
    struct onym_tcp_connection *next;

    onym_tcp_turn(tcp); /* what was read before the stop is answered */
    for (struct onym_tcp_connection *c = tcp->newest; c != NULL; c = next) {
        next = c->older;
        if (c->held) {
            c->last = true;
            continue;
        }
        onym_tcp_finish(c);
        if (c->queued == 0 && !c->lingering) {
            onym_tcp_drop(c, ONYM_TCP_BY_STOP);
        }
    }
    stop_accepting(tcp);
}

void
onym_tcp_abort(struct onym_tcp *tcp)
{
    while (tcp->newest != NULL) {
        onym_tcp_drop(tcp->newest, ONYM_TCP_BY_STOP);
    }
    stop_accepting(tcp);
}
