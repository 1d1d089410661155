#include "server/streams.h"

#include "base/clock.h"
#include "net/address.h"
#include "net/tcp.h"

_Static_assert(sizeof(struct onym_stream_state) <= ONYM_TCP_STATE_LEN, "kept in the connection");
_Static_assert(ONYM_STREAM_ROOM_MAX <= ONYM_TCP_ROOM_MAX, "there is room for what is copied");

/* One connection during one call into it. */
struct talk {
    const struct onym_carrier *carrier;
    void *connection;
};

size_t
onym_streams_iovecs(const onym_span *parts, size_t count, struct iovec *out)
{
    for (size_t i = 0; i < count; i++) {
        /* struct iovec serves reading too, so its pointer cannot be const; nothing writes here */
        out[i].iov_base = (void *)(uintptr_t)parts[i].at;
        out[i].iov_len = parts[i].len;
    }
    return count;
}

static void
talk_send(void *of, onym_span envelope, const onym_span *parts, size_t count)
{
    const struct talk *t = of;
    struct iovec iov[ONYM_REPLY_PARTS_MAX];

    t->carrier->send(t->connection, envelope, iov, onym_streams_iovecs(parts, count, iov));
}

static uint8_t *
talk_room(void *of, size_t len)
{
    const struct talk *t = of;

    return t->carrier->room(t->connection, len);
}

static void
talk_flush(void *of)
{
    const struct talk *t = of;

    t->carrier->flush(t->connection);
}

static bool
talk_congested(void *of)
{
    const struct talk *t = of;

    return t->carrier->congested(t->connection);
}

static void
talk_touch(void *of)
{
    const struct talk *t = of;

    t->carrier->touch(t->connection);
}

static void
talk_finish(void *of)
{
    const struct talk *t = of;

    t->carrier->finish(t->connection);
}

static void
talk_hold(void *of)
{
    const struct talk *t = of;

    t->carrier->hold(t->connection);
}

static struct onym_stream_sink
sink_of(struct talk *talk)
{
    return (struct onym_stream_sink){.of = talk,
                                     .send = talk_send,
                                     .room = talk->carrier->room != NULL ? talk_room : NULL,
                                     .flush = talk_flush,
                                     .congested = talk_congested,
                                     .touch = talk_touch,
                                     .finish = talk_finish,
                                     .hold = talk_hold};
}

static struct onym_stream_service
service_of(struct onym_streams *s, enum onym_by by)
{
    return (struct onym_stream_service){.answerer = s->answerer,
                                        .counters = s->counters,
                                        .arena = s->arena,
                                        .by = by,
                                        .admin = s->admin,
                                        .batch = &s->batch};
}

static struct onym_stream_state *
state_of(const struct onym_carrier *carrier, void *connection)
{
    struct onym_stream_state *state = carrier->state(connection);

    if (state->peer_len == 0) {
        struct sockaddr_storage peer;
        onym_span bytes;

        carrier->peer(connection, &peer);
        bytes = onym_address_bytes((const struct sockaddr *)&peer);
        state->carrier = carrier;
        state->peer_len = (uint8_t)bytes.len;
        memcpy(state->peer, bytes.at, bytes.len);
    }
    return state;
}

static struct onym_stream_peer
peer_of(struct onym_stream_state *state, void *connection)
{
    return (struct onym_stream_peer){.dialogue = &state->dialogue,
                                     .connection = connection,
                                     .address = onym_span_of(state->peer, state->peer_len)};
}

/* ---- what is read at once ---- */

static void
begin_turn(struct onym_streams *s)
{
    s->turn.began_ns = onym_clock_monotonic_ns();
    s->turn.now_ms = onym_clock_epoch_ms();
    s->turn.has_view = onym_view_renew(s->view) == ONYM_OK;
    s->batch.count = s->batch.next = 0;
}

static void
end_turn(struct onym_streams *s, enum onym_by by, size_t reads)
{
    if (s->turn.has_view) {
        onym_view_release(s->view);
    }
    s->batch.count = s->batch.next = 0;
    onym_histogram_record(&s->counters->resolve_ns[by],
                          onym_clock_monotonic_ns() - s->turn.began_ns, reads);
}

void
onym_streams_turn_begins(struct onym_streams *s, const struct onym_tcp_read *reads, size_t count)
{
    struct onym_stream_service service = service_of(s, ONYM_BY_TCP);

    begin_turn(s);
    s->turn.begun = true;
    if (s->turn.has_view) {
        for (size_t i = 0; i < count; i++) {
            onym_stream_cut(&s->batch, reads[i].bytes);
        }
        onym_stream_fetch(&service);
    }
}

void
onym_streams_turn_ends(struct onym_streams *s, size_t count)
{
    s->turn.begun = false;
    end_turn(s, ONYM_BY_TCP, count);
}

size_t
onym_streams_bytes(struct onym_streams *s, const struct onym_carrier *carrier, void *connection,
                   onym_span bytes)
{
    struct onym_stream_state *state = state_of(carrier, connection);
    struct onym_stream_peer peer = peer_of(state, connection);
    struct onym_stream_service service = service_of(s, carrier->by);
    struct talk talk = {.carrier = carrier, .connection = connection};
    struct onym_stream_sink sink = sink_of(&talk);
    bool alone = !s->turn.begun;
    size_t used = bytes.len;

    if (alone) {
        begin_turn(s);
    }
    if (s->turn.has_view) {
        onym_arena_reset(s->arena);
        used = onym_stream_feed(&service, &peer, bytes, s->turn.now_ms, &sink);
        carrier->flush(connection);
    } else {
        onym_counter_add(&s->counters->store_errors, 1);
        carrier->finish(connection);
    }
    if (alone) {
        end_turn(s, carrier->by, 1);
    }
    return used;
}

void
onym_streams_closed(const struct onym_carrier *carrier, void *connection)
{
    struct onym_stream_state *state = carrier->state(connection);

    onym_dialogue_end(&state->dialogue);
}

/* Ends a call whose reply is there, or lets it wait on. */
static void
settle(struct onym_streams *s, struct onym_admin_call *call, enum onym_verdict verdict,
       const struct onym_reply *reply, struct onym_stream_state *state, void *connection)
{
    struct onym_stream_service service = service_of(s, state->carrier->by);
    struct talk talk = {.connection = connection};
    struct onym_stream_sink sink;

    if (verdict == ONYM_VERDICT_PENDING) {
        onym_view_release(s->view);
        return;
    }
    if (connection != NULL) {
        talk.carrier = state->carrier;
        sink = sink_of(&talk);
        if (verdict == ONYM_VERDICT_REPLY) {
            onym_stream_send(&service, reply, &sink);
            talk_flush(&talk);
        } else {
            talk_finish(&talk);
        }
    }
    onym_view_release(s->view);
    onym_admin_call_free(call);
    if (connection != NULL) {
        state->carrier->release(connection); /* what came meanwhile is read now */
    }
}

/* The dialogue is the first member of the state. */
static struct onym_stream_state *
state_behind(const struct onym_admin_call *call)
{
    return (struct onym_stream_state *)(void *)onym_admin_dialogue(call);
}

static struct onym_answer_call
call_of(struct onym_streams *s, struct onym_stream_state *state, void *connection)
{
    struct onym_stream_service service = service_of(s, state->carrier->by);
    struct onym_stream_peer peer = peer_of(state, connection);

    onym_arena_reset(s->arena);
    return onym_stream_call(&service, &peer, onym_clock_epoch_ms());
}

/* Whether a call can be answered now. Otherwise it is over: its connection has closed (then nobody
 * waits, and what was committed stands in the log), or the store cannot be read and it is ended. */
static bool
can_answer(struct onym_streams *s, struct onym_admin_call *call)
{
    void *connection = onym_admin_connection(call);
    const struct onym_carrier *carrier;

    if (connection != NULL && onym_view_renew(s->view) == ONYM_OK) {
        return true;
    }
    carrier = connection != NULL ? state_behind(call)->carrier : NULL;
    onym_admin_call_free(call);
    if (carrier != NULL) {
        onym_counter_add(&s->counters->store_errors, 1);
        carrier->finish(connection);
        carrier->release(connection);
    }
    return false;
}

void
onym_streams_proven(struct onym_streams *s, struct onym_admin_call *call)
{
    void *connection = onym_admin_connection(call);
    struct onym_stream_state *state;
    struct onym_answer_call answer;
    struct onym_reply reply;
    enum onym_verdict verdict;

    if (!can_answer(s, call)) {
        return;
    }
    state = state_behind(call);
    answer = call_of(s, state, connection);
    verdict = onym_admin_proven(call, &answer, &reply);
    settle(s, call, verdict, &reply, state, connection);
}

void
onym_streams_committed(struct onym_streams *s, struct onym_admin_call *call,
                       const struct onym_admin_result *result)
{
    void *connection = onym_admin_connection(call);
    struct onym_stream_state *state;
    struct onym_answer_call answer;
    struct onym_reply reply;
    enum onym_verdict verdict;

    if (!can_answer(s, call)) {
        return;
    }
    state = state_behind(call);
    answer = call_of(s, state, connection);
    verdict = onym_admin_committed(call, &answer, result, &reply);
    settle(s, call, verdict, &reply, state, connection);
}

/* ---- plain TCP ---- */

static void
tcp_send(void *c, onym_span front, const struct iovec *parts, size_t count)
{
    onym_tcp_send(c, front, parts, count);
}

static uint8_t *
tcp_room(void *c, size_t len)
{
    return onym_tcp_room(c, len);
}

static void
tcp_flush(void *c)
{
    onym_tcp_flush(c);
}

static bool
tcp_congested(void *c)
{
    return onym_tcp_congested(c);
}

static void
tcp_touch(void *c)
{
    onym_tcp_touch(c);
}

static void
tcp_finish(void *c)
{
    onym_tcp_finish(c);
}

static void
tcp_hold(void *c)
{
    onym_tcp_hold(c);
}

static void
tcp_release(void *c)
{
    onym_tcp_release(c);
}

static void
tcp_peer(void *c, struct sockaddr_storage *out)
{
    onym_tcp_peer(c, out);
}

static void *
tcp_state(void *c)
{
    return onym_tcp_state(c);
}

const struct onym_carrier onym_carrier_tcp = {.by = ONYM_BY_TCP,
                                              .send = tcp_send,
                                              .room = tcp_room,
                                              .flush = tcp_flush,
                                              .congested = tcp_congested,
                                              .touch = tcp_touch,
                                              .finish = tcp_finish,
                                              .hold = tcp_hold,
                                              .release = tcp_release,
                                              .peer = tcp_peer,
                                              .state = tcp_state};
