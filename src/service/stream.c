#include "service/stream.h"

#include "service/admin.h"

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

/* Copies a reply to where it is written from, and gives back what it took of the arena. */
static void
copy_reply(struct onym_stream_service *s, const struct onym_reply *reply, uint8_t *to, size_t mark)
{
    onym_envelope_encode(&reply->envelope, to);
    to += ONYM_ENVELOPE_LEN;
    for (size_t i = 0; i < reply->parts; i++) {
        memcpy(to, reply->part[i].at, reply->part[i].len);
        to += reply->part[i].len;
    }
    s->arena->used = mark;
    onym_counter_add(&s->counters->requests[s->by][reply->status], 1);
}

/* Sends what a verdict asks for; false when nothing further may be read now. mark: what was used of
 * the arena before. */
static bool
act(struct onym_stream_service *s, enum onym_verdict verdict, const struct onym_reply *reply,
    size_t mark, const struct onym_stream_sink *sink)
{
    switch (verdict) {
    case ONYM_VERDICT_REPLY: {
        size_t len = ONYM_ENVELOPE_LEN + (size_t)reply->envelope.message_len;

        if (sink->room != NULL && len <= ONYM_STREAM_ROOM_MAX) {
            copy_reply(s, reply, sink->room(sink->of, len), mark);
        } else {
            onym_stream_send(s, reply, sink);
        }
        return true;
    }
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

/* ---- messages ahead ---- */

_Static_assert(ONYM_STREAM_BATCH_MAX <= ONYM_AHEAD_MAX, "all of a batch can be fetched");

void
onym_stream_cut(struct onym_stream_batch *b, onym_span bytes)
{
    bool whole = true;

    while (bytes.len > 0 && whole && b->count < ONYM_STREAM_BATCH_MAX) {
        struct onym_stream_message *m = &b->message[b->count++];

        m->at = bytes.at;
        m->frame = onym_frame_cut(bytes);
        whole = m->frame.verdict == ONYM_FRAME_MESSAGE;
        bytes = onym_span_from(bytes, m->frame.used);
    }
}

void
onym_stream_fetch(const struct onym_stream_service *s)
{
    struct onym_stream_batch *b = s->batch;
    struct onym_ahead *asked[ONYM_STREAM_BATCH_MAX];
    size_t count = 0;

    b->fetched = b->count > 1;
    for (size_t i = 0; i < b->count && b->fetched; i++) {
        asked[count] = &b->message[i].ahead;
        count += onym_answer_ahead(s->answerer, b->message[i].frame.message, asked[count]);
    }
    onym_resolve_gather(&s->answerer->resolver, asked, count);
}

/* Drops messages at the front of the batch that will not be fed: their connection has gone. */
static void
skip_to(struct onym_stream_batch *b, onym_span bytes)
{
    for (size_t i = b->next; i < b->count; i++) {
        if (b->message[i].at == bytes.at) {
            b->next = i;
            return;
        }
    }
}

/* Drops what is left of bytes in the batch. */
static void
drop_rest(struct onym_stream_batch *b, onym_span bytes)
{
    while (b->next < b->count &&
           (uintptr_t)b->message[b->next].at - (uintptr_t)bytes.at < bytes.len) {
        b->next++;
    }
}

/* The message at the front of bytes: from the batch, which is filled again when it is used up, or
 * into *own when others stand there. */
static const struct onym_stream_message *
next_message(struct onym_stream_service *s, onym_span bytes, struct onym_stream_message *own)
{
    struct onym_stream_batch *b = s->batch;

    if (b->next == b->count) {
        b->next = b->count = 0;
        onym_stream_cut(b, bytes);
        onym_stream_fetch(s);
    }
    if (b->message[b->next].at == bytes.at) {
        return &b->message[b->next++];
    }
    own->frame = onym_frame_cut(bytes);
    return own;
}

size_t
onym_stream_feed(struct onym_stream_service *s, const struct onym_stream_peer *peer,
                 onym_span bytes, uint64_t now_ms, const struct onym_stream_sink *sink)
{
    struct onym_answer_call call = onym_stream_call(s, peer, now_ms);
    struct onym_stream_message own;
    size_t used = 0;
    bool touched = false;
    bool on = true;

    skip_to(s->batch, bytes);
    while (on && !sink->congested(sink->of)) {
        size_t mark = s->arena->used;
        const struct onym_stream_message *m;
        struct onym_reply reply;

        if (peer->dialogue->listing != NULL) { /* the rest of a list comes before anything else */
            on = act(s, onym_admin_list_next(s->admin, &call, &reply), &reply, mark, sink);
            continue;
        }
        if (used == bytes.len) {
            break;
        }
        m = next_message(s, onym_span_from(bytes, used), &own);
        call.ahead = m != &own && s->batch->fetched ? &m->ahead : NULL;
        if (m->frame.verdict == ONYM_FRAME_MORE) {
            break;
        }
        if (!touched) {
            sink->touch(sink->of);
            touched = true;
        }
        if (m->frame.verdict == ONYM_FRAME_REFUSE) {
            (void)act(s,
                      onym_answer_error(s->answerer, &call, &m->frame.envelope,
                                        onym_span_of(NULL, 0), ONYM_MALFORMED, &reply),
                      &reply, mark, sink);
            sink->finish(sink->of);
            used = bytes.len;
            break;
        }
        used += m->frame.used;
        on = act(s, onym_answer(s->answerer, &call, &m->frame.envelope, m->frame.message, &reply),
                 &reply, mark, sink);
    }
    drop_rest(s->batch, bytes);
    return used;
}
