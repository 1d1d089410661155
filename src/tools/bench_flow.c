#include "base/bytes.h"
#include "base/clock.h"
#include "base/require.h"
#include "tools/bench_conn.h"
#include "tools/bench_http.h"
#include "wire/frame.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define OUT_CAP 65536U
#define IN_CAP  16384U
#define IN_MAX  (2U * ONYM_BENCH_HTTP_BODY_MAX)

/* ---- requests ---- */

/* A record of this thread: a new one, or for an update one that stands. */
static onym_span
name_of_change(struct onym_bench_worker *w, struct onym_bench_slot *slot)
{
    struct onym_writer name = onym_writer_over(slot->name, sizeof slot->name);
    uint32_t known = w->done_count < ONYM_BENCH_DONE_MAX ? w->done_count : ONYM_BENCH_DONE_MAX;

    if (slot->kind == ONYM_BENCH_UPDATE && known > 0) {
        slot->number = w->done[onym_rng_below(&w->rng, known)];
    } else { /* as long as nothing stands, there is nothing to update */
        slot->kind = slot->kind == ONYM_BENCH_BATCH ? ONYM_BENCH_BATCH : ONYM_BENCH_REGISTER;
        slot->number = w->registered;
        w->registered += slot->kind == ONYM_BENCH_BATCH ? w->shared->settings->rows : 1;
    }
    onym_bench_change_name(&w->shared->settings->identity, w->number, slot->number, &name);
    return onym_writer_written(&name);
}

static onym_span
name_for(struct onym_bench_worker *w, struct onym_bench_slot *slot)
{
    const struct onym_bench_source *source = w->shared->source;

    switch (slot->kind) {
    case ONYM_BENCH_MISS:
        return onym_bench_source_missing(source, &w->rng, slot->name);
    case ONYM_BENCH_ROUTE:
        return onym_bench_source_route(source, onym_bench_source_draw(source, &w->rng), slot->name);
    case ONYM_BENCH_REGISTER:
    case ONYM_BENCH_UPDATE:
    case ONYM_BENCH_BATCH:
        return name_of_change(w, slot);
    case ONYM_BENCH_RESOLVE:
    case ONYM_BENCH_MALFORMED:
    case ONYM_BENCH_REFUSED:
    case ONYM_BENCH_KINDS:
    default:
        return onym_bench_source_at(source, onym_bench_source_draw(source, &w->rng), slot->name);
    }
}

/* Takes an idle slot of c for a request due at due_ns and writes it to out. The length. */
static size_t
begin(struct onym_bench_worker *w, struct onym_bench_conn *c, uint64_t due_ns, uint64_t now,
      uint8_t *out)
{
    uint32_t index = c->idle[--c->idle_count];
    struct onym_bench_slot *slot = &w->slots[index];
    struct onym_bench_ask ask;

    slot->kind = onym_bench_mix_pick(&w->shared->settings->mix, &w->rng);
    slot->generation = slot->generation < ONYM_BENCH_GENERATION ? slot->generation + 1 : 1;
    slot->due_ns = due_ns;
    slot->sent_ns = now;
    slot->open = true;
    w->under_way++;
    c->order[(c->order_first + w->window - c->idle_count - 1) % w->window] = index;
    ask.name = name_for(w, slot);
    ask.kind = slot->kind;
    ask.request_id = slot->generation << ONYM_BENCH_SLOT_BITS | index;
    ask.session = onym_bench_conn_session(w, c);
    ask.note = slot->kind == ONYM_BENCH_UPDATE ? ++w->updated : 0;
    ask.thread = w->number;
    ask.number = slot->number;
    ask.rows = slot->kind == ONYM_BENCH_BATCH ? (uint32_t)w->shared->settings->rows : 0;
    return onym_bench_request_write(&w->shared->form, &ask, &slot->reply, out);
}

void
onym_bench_finish(struct onym_bench_worker *w, struct onym_bench_slot *slot,
                  enum onym_bench_end end, uint64_t now)
{
    struct onym_bench_tally *t = w->tally;
    struct onym_bench_conn *c = &w->conns[slot->conn];
    uint64_t latency = now - slot->due_ns;

    slot->open = false;
    w->under_way--;
    c->idle[c->idle_count++] = (uint32_t)(slot - w->slots);
    if (c->state == ONYM_BENCH_READY) {
        onym_bench_conn_offer(w, c);
    }
    if (end == ONYM_BENCH_RIGHT) {
        onym_histogram_record(&t->live, latency, 1);
        if (slot->kind == ONYM_BENCH_REGISTER) {
            w->done[w->done_count++ % ONYM_BENCH_DONE_MAX] = slot->number;
        }
    } else {
        onym_counter_add(&t->live_failed, 1);
    }
    if (slot->due_ns < __atomic_load_n(&w->shared->start_ns, __ATOMIC_RELAXED) ||
        slot->due_ns >= __atomic_load_n(&w->shared->end_ns, __ATOMIC_RELAXED)) {
        return;
    }
    t->ends[slot->kind][end]++;
    if (end == ONYM_BENCH_RIGHT || end == ONYM_BENCH_AMISS) {
        t->codes[slot->kind][slot->reply.code < ONYM_BENCH_CODES ? slot->reply.code : 0]++;
    }
    if (end == ONYM_BENCH_RIGHT) {
        onym_histogram_record(&t->latency[slot->kind], latency, 1);
        onym_histogram_record(&t->service, now - slot->sent_ns, 1);
    } else if (end == ONYM_BENCH_AMISS && !t->has_wrong) {
        t->has_wrong = true;
        t->wrong_kind = slot->kind;
        t->wrong_code = slot->reply.code;
        (void)snprintf(t->wrong_name, sizeof t->wrong_name, "%.*s", (int)slot->reply.name.len,
                       (const char *)slot->reply.name.at);
    }
}

/* ---- sending ---- */

/* What the socket refuses is lost, and found out by its time limit. */
static void
send_batch(struct onym_bench_worker *w, const struct onym_bench_conn *c)
{
    uint32_t sent = 0;

    while (sent < w->batch_count) {
        int done = sendmmsg(c->fd, w->out + sent, w->batch_count - sent, 0);

        if (done <= 0) {
            break;
        }
        sent += (uint32_t)done;
    }
    w->batch_count = 0;
}

void
onym_bench_flush(struct onym_bench_worker *w, struct onym_bench_conn *c)
{
    while (c->out_at < c->out_len) {
        size_t left = c->out_len - c->out_at;
        size_t done = 0;

        if (c->tls != NULL) {
            enum onym_tls_dial_state state = onym_tls_dial_write(c->tls, c->out + c->out_at, left,
                                                                 &done);

            if (state == ONYM_TLS_DIAL_ENDED) {
                onym_bench_conn_close(w, c, ONYM_BENCH_BROKEN, onym_clock_monotonic_ns());
                return;
            }
            if (state != ONYM_TLS_DIAL_DONE) {
                onym_bench_conn_watch(w, c, state == ONYM_TLS_DIAL_WRITE);
                return;
            }
        } else {
            ssize_t sent = send(c->fd, c->out + c->out_at, left, MSG_NOSIGNAL);

            if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
                onym_bench_conn_watch(w, c, true);
                return;
            }
            if (sent <= 0) {
                onym_bench_conn_close(w, c, ONYM_BENCH_BROKEN, onym_clock_monotonic_ns());
                return;
            }
            done = (size_t)sent;
        }
        c->out_at += done;
        w->tally->bytes_out += done;
    }
    c->out_at = c->out_len = 0;
    onym_bench_conn_watch(w, c, false);
    if (onym_bench_conn_has_room(w, c)) {
        onym_bench_conn_offer(w, c);
    }
}

/* Where the next request is written; NULL when there is no room. */
static uint8_t *
room_for(struct onym_bench_worker *w, struct onym_bench_conn *c)
{
    size_t most = onym_bench_request_max(w->shared->settings->rows);

    if (w->shared->settings->transport == ONYM_BENCH_UDP) {
        if (w->batch_count == ONYM_BENCH_PACKETS) {
            send_batch(w, c);
        }
        return w->packets[w->batch_count];
    }
    if (c->out == NULL) {
        c->out_cap = most > OUT_CAP ? most : OUT_CAP;
        c->out = malloc(c->out_cap);
        ONYM_REQUIRE(c->out != NULL);
    }
    return c->out_cap - c->out_len >= most ? c->out + c->out_len : NULL;
}

void
onym_bench_feed(struct onym_bench_worker *w, struct onym_bench_conn *c, uint64_t now)
{
    bool udp = w->shared->settings->transport == ONYM_BENCH_UDP;
    uint64_t end = __atomic_load_n(&w->shared->end_ns, __ATOMIC_RELAXED);
    bool any = false;
    uint64_t due;

    while (c->idle_count > 0) {
        uint8_t *out = room_for(w, c);

        if (out == NULL || (w->pace.open ? onym_bench_pace_next(&w->pace) : now) >= end ||
            !onym_bench_pace_take(&w->pace, now, &w->rng, &due)) {
            break;
        }
        size_t len = begin(w, c, due, now, out);
        any = true;
        if (udp) {
            w->out_at[w->batch_count] = (struct iovec){.iov_base = out, .iov_len = len};
            w->batch_count++;
            w->tally->bytes_out += len;
        } else {
            c->out_len += len;
        }
    }
    if (!any) {
        return;
    }
    if (udp) {
        send_batch(w, c);
    } else if (c->state == ONYM_BENCH_CLOSED) {
        onym_bench_conn_open(w, c, now);
    } else {
        onym_bench_flush(w, c);
    }
}

/* ---- answers ---- */

static void
stray(struct onym_bench_worker *w)
{
    w->tally->strays++;
}

static void
take_packet(struct onym_bench_worker *w, onym_span packet, bool whole, uint64_t now)
{
    uint32_t id = packet.len >= 12 ? onym_get_u32(packet.at + 8) : 0;
    uint32_t index = id & ((1U << ONYM_BENCH_SLOT_BITS) - 1);
    struct onym_bench_slot *slot = &w->slots[index < w->conn_count * w->window ? index : 0];

    w->tally->bytes_in += packet.len;
    if (packet.len < 12 || !slot->open || slot->reply.request_id != id) {
        stray(w);
        return;
    }
    switch (onym_bench_reply_feed(&slot->reply, packet, whole)) {
    case ONYM_BENCH_DONE:
        onym_bench_finish(w, slot, ONYM_BENCH_RIGHT, now);
        break;
    case ONYM_BENCH_WRONG:
        onym_bench_finish(w, slot, ONYM_BENCH_AMISS, now);
        break;
    case ONYM_BENCH_STRAY:
        stray(w);
        break;
    case ONYM_BENCH_MORE:
    default:
        break;
    }
}

static void
receive_datagrams(struct onym_bench_worker *w, struct onym_bench_conn *c)
{
    int got = recvmmsg(c->fd, w->in, ONYM_BENCH_PACKETS, MSG_DONTWAIT, NULL);
    uint64_t now = onym_clock_monotonic_ns();

    if (got < 0 && errno == ECONNREFUSED) {
        __atomic_store_n(&w->shared->failure, ECONNREFUSED, __ATOMIC_RELAXED);
        __atomic_add_fetch(&w->shared->failures, 1, __ATOMIC_RELAXED);
    }
    for (int i = 0; i < got; i++) {
        take_packet(w, onym_span_of(w->received[i], w->in[i].msg_len), false, now);
    }
}

/* Takes messages off the front; the bytes used, or SIZE_MAX when the stream cannot be followed. */
static size_t
take_messages(struct onym_bench_worker *w, const struct onym_bench_conn *c, size_t *need,
              uint64_t now)
{
    size_t used = 0;

    for (;;) {
        struct onym_frame frame = onym_frame_cut(onym_span_of(c->in + used, c->in_len - used));

        if (frame.verdict == ONYM_FRAME_REFUSE) {
            return SIZE_MAX;
        }
        if (frame.verdict == ONYM_FRAME_MORE) {
            *need = frame.need;
            return used;
        }
        take_packet(w, onym_span_of(c->in + used, frame.used), true, now);
        used += frame.used;
    }
}

static size_t
take_answers(struct onym_bench_worker *w, struct onym_bench_conn *c, size_t *need, uint64_t now)
{
    size_t used = 0;

    *need = 1;
    while (used < c->in_len) {
        struct onym_bench_http answer = {0};
        enum onym_bench_http_step step = onym_bench_http_cut(
            onym_span_of(c->in + used, c->in_len - used), &answer, need);
        struct onym_bench_slot *slot;

        if (step == ONYM_BENCH_HTTP_BAD) {
            return SIZE_MAX;
        }
        if (step == ONYM_BENCH_HTTP_MORE) {
            return used;
        }
        used += answer.used;
        w->tally->bytes_in += answer.used;
        if (c->idle_count == w->window) {
            stray(w);
            continue;
        }
        slot = &w->slots[c->order[c->order_first]];
        c->order_first = (c->order_first + 1) % w->window;
        onym_bench_finish(w, slot,
                          onym_bench_http_judge(&answer, &slot->reply) == ONYM_BENCH_DONE
                              ? ONYM_BENCH_RIGHT
                              : ONYM_BENCH_AMISS,
                          now);
        if (answer.closes && !w->shared->settings->new_connections) {
            return SIZE_MAX;
        }
    }
    return used;
}

static bool
room_to_read(struct onym_bench_conn *c, size_t need)
{
    size_t cap = c->in_cap > 0 ? c->in_cap : IN_CAP;
    uint8_t *in;

    while (cap < need || cap == c->in_len) {
        cap *= 2;
    }
    if (cap == c->in_cap) {
        return true;
    }
    in = cap <= IN_MAX ? realloc(c->in, cap) : NULL;
    if (in == NULL) {
        return false;
    }
    c->in = in;
    c->in_cap = cap;
    return true;
}

/* Bytes read, 0 when there are none now, -1 when the connection is over. */
static ssize_t
read_some(struct onym_bench_worker *w, struct onym_bench_conn *c)
{
    size_t room = c->in_cap - c->in_len;

    if (c->tls != NULL) {
        size_t done = 0;
        enum onym_tls_dial_state state = onym_tls_dial_read(c->tls, c->in + c->in_len, room, &done);

        if (state == ONYM_TLS_DIAL_WRITE) {
            onym_bench_conn_watch(w, c, true);
        }
        return state == ONYM_TLS_DIAL_ENDED ? -1 : (ssize_t)done;
    }
    ssize_t got = recv(c->fd, c->in + c->in_len, room, 0);

    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return 0;
    }
    return got > 0 ? got : -1;
}

/* One read of a plain stream: epoll tells of the rest. TLS may hold plain bytes back of which it
 * does not know, so there reading goes on until nothing is left. */
static void
receive_stream(struct onym_bench_worker *w, struct onym_bench_conn *c)
{
    size_t need = IN_CAP;

    do {
        ssize_t got = room_to_read(c, need) ? read_some(w, c) : -1;
        uint64_t now = onym_clock_monotonic_ns();
        size_t used = SIZE_MAX;

        if (got == 0) {
            return;
        }
        if (got > 0) {
            c->in_len += (size_t)got;
            used = onym_bench_transport_http(w->shared->settings->transport)
                       ? take_answers(w, c, &need, now)
                       : take_messages(w, c, &need, now);
        }
        if (used == SIZE_MAX) {
            onym_bench_conn_close(w, c, ONYM_BENCH_BROKEN, now);
            return;
        }
        c->in_len -= used;
        if (used > 0 && c->in_len > 0) {
            memmove(c->in, c->in + used, c->in_len);
        }
        if (used > 0 && w->shared->settings->new_connections) {
            onym_bench_conn_close(w, c, ONYM_BENCH_BROKEN, now);
            onym_bench_conn_offer(w, c);
            return;
        }
    } while (c->tls != NULL);
}

void
onym_bench_receive(struct onym_bench_worker *w, struct onym_bench_conn *c)
{
    if (w->shared->settings->transport == ONYM_BENCH_UDP) {
        receive_datagrams(w, c);
    } else {
        receive_stream(w, c);
    }
}
