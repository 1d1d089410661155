#include "service/stream.h"

#include "service/admin.h"
#include "wire/frame.h"

/* Messages of one read whose answers are fetched together. */
#define AHEAD_MAX 64U

void
onym_stream_send(struct onym_stream_service *s, const struct onym_reply *reply,
                 const struct onym_stream_sink *sink)
{
    uint8_t envelope[ONYM_ENVELOPE_LEN];

    onym_envelope_encode(&reply->envelope, envelope);
    sink->send(sink->of, onym_span_of(envelope, sizeof envelope), reply->part, reply->parts);
    onym_counter_add(&s->counters->requests[s->by][reply->status], 1);
    if (s->arena->used > s->arena->cap / 2) {
        sink->flush(sink->of);
        onym_arena_reset(s->arena);
    }
}

struct onym_answer_call
onym_stream_call(const struct onym_stream_service *s, const struct onym_stream_peer *peer,
                 uint64_t now_ms)
{
    return (struct onym_answer_call){
        .by = s->by,
        .dialogue = peer->dialogue,
        .now_s = (uint32_t)(now_ms / 1000U),
        .arena = s->arena,
        .reply_len_max = ONYM_MESSAGE_LEN_MAX,
        .admin = s->admin,
        .connection = peer->connection,
        .peer = peer->address,
        .now_ms = now_ms,
        .sessions = s->admin != NULL ? s->admin->sessions : NULL,
    };
}

/* Sends what a verdict asks for; false when nothing further may be read now. */
static bool
act(struct onym_stream_service *s, enum onym_verdict verdict, const struct onym_reply *reply,
    const struct onym_stream_sink *sink)
{
    switch (verdict) {
    case ONYM_VERDICT_REPLY:
        onym_stream_send(s, reply, sink);
        return true;
    case ONYM_VERDICT_PENDING:
        sink->hold(sink->of);
        return false;
    case ONYM_VERDICT_CLOSE:
        sink->finish(sink->of);
        return false;
    case ONYM_VERDICT_SILENT:
        break;
    }
    return true;
}

/* Messages at the front of what was read, the last of them perhaps none or not whole. */
struct batch {
    size_t count;
    size_t next;
    bool has_ahead;
    struct onym_frame frame[AHEAD_MAX];
    struct onym_ahead ahead[AHEAD_MAX];
};

/* Cuts messages off and starts fetching what their answers will need, so that they wait for memory
 * together. */
static void
cut_batch(struct onym_stream_service *s, onym_span bytes, struct batch *b)
{
    size_t whole = 0;

    b->next = 0;
    b->count = 0;
    while (bytes.len > 0 && whole == b->count && b->count < AHEAD_MAX) {
        struct onym_frame *frame = &b->frame[b->count++];

        *frame = onym_frame_cut(bytes);
        whole += frame->verdict == ONYM_FRAME_MESSAGE;
        bytes = onym_span_from(bytes, frame->used);
    }
    b->has_ahead = whole > 1;
    for (size_t i = 0; i < whole && b->has_ahead; i++) {
        onym_answer_ahead(s->answerer, b->frame[i].message, &b->ahead[i]);
    }
    for (size_t i = 0; i < whole && b->has_ahead; i++) {
        onym_resolve_prefetch(&s->answerer->resolver, &b->ahead[i]);
    }
}

size_t
onym_stream_feed(struct onym_stream_service *s, const struct onym_stream_peer *peer,
                 onym_span bytes, uint64_t now_ms, const struct onym_stream_sink *sink)
{
    struct onym_answer_call call = onym_stream_call(s, peer, now_ms);
    size_t used = 0;
    bool touched = false;
    bool on = true;
    struct batch b;

    b.count = 0;
    b.next = 0;
    while (on && !sink->congested(sink->of)) {
        const struct onym_frame *frame;
        struct onym_reply reply;

        if (peer->dialogue->listing != NULL) { /* the rest of a list comes before anything else */
            on = act(s, onym_admin_list_next(s->admin, &call, &reply), &reply, sink);
            continue;
        }
        if (b.next == b.count && used == bytes.len) {
            break;
        }
        if (b.next == b.count) {
            cut_batch(s, onym_span_from(bytes, used), &b);
        }
        frame = &b.frame[b.next];
        call.ahead = b.has_ahead ? &b.ahead[b.next] : NULL;
        b.next++;
        if (frame->verdict == ONYM_FRAME_MORE) {
            break;
        }
        if (!touched) {
            sink->touch(sink->of);
            touched = true;
        }
        if (frame->verdict == ONYM_FRAME_REFUSE) {
            (void)act(s,
                      onym_answer_error(s->answerer, &call, &frame->envelope, onym_span_of(NULL, 0),
                                        ONYM_MALFORMED, &reply),
                      &reply, sink);
            sink->finish(sink->of);
            return bytes.len;
        }
        used += frame->used;
        on = act(s, onym_answer(s->answerer, &call, &frame->envelope, frame->message, &reply),
                 &reply, sink);
    }
    return used;
}
