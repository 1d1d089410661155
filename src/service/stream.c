#include "service/stream.h"

#include "wire/frame.h"

static void
send_reply(const struct onym_stream_service *s, const struct onym_reply *reply,
           const struct onym_stream_sink *sink)
{
    uint8_t envelope[ONYM_ENVELOPE_LEN];

    onym_envelope_encode(&reply->envelope, envelope);
    sink->send(sink->of, onym_span_of(envelope, sizeof envelope), reply->part, reply->parts);
    onym_counter_add(&s->counters->requests[ONYM_BY_TCP][reply->status], 1);
    if (s->arena->used > s->arena->cap / 2) {
        sink->flush(sink->of);
        onym_arena_reset(s->arena);
    }
}

size_t
onym_stream_feed(struct onym_stream_service *s, struct onym_dialogue *dialogue, onym_span bytes,
                 uint32_t now_s, const struct onym_stream_sink *sink)
{
    struct onym_answer_call call = {
        .by = ONYM_BY_TCP,
        .dialogue = dialogue,
        .now_s = now_s,
        .arena = s->arena,
        .reply_len_max = ONYM_MESSAGE_LEN_MAX,
    };
    size_t used = 0;
    bool touched = false;

    while (!sink->congested(sink->of)) {
        struct onym_frame frame = onym_frame_cut(onym_span_from(bytes, used));
        struct onym_reply reply;
        enum onym_verdict verdict;

        if (frame.verdict == ONYM_FRAME_MORE) {
            break;
        }
        if (!touched) {
            sink->touch(sink->of);
            touched = true;
        }
        if (frame.verdict == ONYM_FRAME_REFUSE) {
            if (onym_answer_error(s->answerer, &call, &frame.envelope, onym_span_of(NULL, 0),
                                  ONYM_MALFORMED, &reply) == ONYM_VERDICT_REPLY) {
                send_reply(s, &reply, sink);
            }
            sink->finish(sink->of);
            return bytes.len;
        }
        used += frame.used;
        verdict = onym_answer(s->answerer, &call, &frame.envelope, frame.message, &reply);
        if (verdict == ONYM_VERDICT_REPLY) {
            send_reply(s, &reply, sink);
        } else if (verdict == ONYM_VERDICT_CLOSE) {
            sink->finish(sink->of);
            return bytes.len;
        }
    }
    return used;
}
