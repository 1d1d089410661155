#include "service/datagram.h"

#include "base/bytes.h"

#define NS_PER_MS 1000000U

static void
dropped(const struct onym_datagram_service *s, enum onym_drop why)
{
    onym_counter_add(&s->counters->udp_dropped[why], 1);
}

/* The share of the reply's parts that lies in [offset, offset + len). */
static size_t
slice(const struct onym_reply *reply, size_t offset, size_t len, onym_span *out)
{
    size_t count = 0;

    for (size_t i = 0; i < reply->parts && len > 0; i++) {
        onym_span part = reply->part[i];

        if (offset >= part.len) {
            offset -= part.len;
            continue;
        }
        out[count] = onym_span_front(onym_span_from(part, offset), len);
        len -= out[count].len;
        offset = 0;
        count++;
    }
    return count;
}

static uint32_t
send_reply(const struct onym_reply *reply, onym_packet_fn *send, void *of)
{
    size_t message_len = reply->envelope.message_len;
    uint32_t packets = onym_packets_count(message_len);

    for (uint32_t i = 0; i < packets; i++) {
        onym_span parts[ONYM_PACKET_PARTS_MAX];
        struct onym_packet packet;
        bool all = packets == 1;

        onym_packet_at(&reply->envelope, message_len, i, &packet);
        send(of, onym_span_of(packet.envelope, sizeof packet.envelope), all ? reply->part : parts,
             all ? reply->parts : slice(reply, packet.offset, packet.data_len, parts));
    }
    return packets;
}

/* Puts a fragment to its siblings; true when the request is complete now. */
static bool
reassemble(struct onym_datagram_service *s, const struct onym_datagram *in, uint64_t now_ms,
           struct onym_envelope *envelope, onym_span *message)
{
    uint8_t peer[18];

    memcpy(peer, in->address.at, in->address.len);
    onym_put_u16(peer + in->address.len, in->port);
    switch (onym_reassembly_add(s->reassembly, onym_span_of(peer, in->address.len + 2U), in->data,
                                now_ms, envelope, message)) {
    case ONYM_FRAGMENT_COMPLETE:
        return true;
    case ONYM_FRAGMENT_BAD:
        dropped(s, ONYM_DROP_FRAGMENT_INVALID);
        return false;
    case ONYM_FRAGMENT_KEPT:
    case ONYM_FRAGMENT_DUPLICATE:
        break;
    }
    return false;
}

/* A plain packet must hold its envelope, a header and exactly the message it announces. */
static bool
whole(struct onym_datagram_service *s, const struct onym_datagram *in,
      const struct onym_envelope *envelope, onym_span *message)
{
    *message = onym_span_from(in->data, ONYM_ENVELOPE_LEN);
    if (message->len < ONYM_HEADER_LEN) {
        dropped(s, ONYM_DROP_RUNT);
        return false;
    }
    if (message->len != envelope->message_len || envelope->sequence != 0) {
        dropped(s, ONYM_DROP_UNDECODABLE);
        return false;
    }
    return true;
}

struct whole_request {
    struct onym_answer_call call;
    struct onym_envelope envelope;
    onym_span message;
};

static enum onym_verdict
decide(struct onym_datagram_service *s, const struct onym_datagram *in, uint64_t now_ns,
       const struct whole_request *rq, struct onym_reply *reply)
{
    enum onym_admission admission;

    /* the response code; of an encrypted message it shows later */
    if ((rq->envelope.flags & ONYM_ENVELOPE_ENCRYPTED) == 0 &&
        onym_get_u32(rq->message.at + 4) != 0) {
        dropped(s, ONYM_DROP_NOT_A_REQUEST);
        return ONYM_VERDICT_SILENT;
    }
    admission = onym_admit_ask(s->admit, in->address, now_ns);
    if (admission == ONYM_ADMIT_ANSWER) {
        return onym_answer(s->answerer, &rq->call, &rq->envelope, rq->message, reply);
    }
    onym_counter_add(&s->counters->rate_limited[ONYM_LISTENER_HANDLE_UDP], 1);
    if (admission == ONYM_ADMIT_BUSY) {
        return onym_answer_error(s->answerer, &rq->call, &rq->envelope, rq->message, ONYM_BUSY,
                                 reply);
    }
    dropped(s, ONYM_DROP_RATE_LIMITED);
    return ONYM_VERDICT_SILENT;
}

bool
onym_datagram_ahead(const struct onym_datagram_service *s, onym_span data, struct onym_ahead *out)
{
    return onym_answer_ahead(s->answerer, onym_span_from(data, ONYM_ENVELOPE_LEN), out);
}

void
onym_datagram_answer(struct onym_datagram_service *s, const struct onym_datagram *in,
                     struct onym_moment now, struct onym_arena *arena, onym_packet_fn *send,
                     void *of)
{
    struct whole_request rq = {
        .call = {.by = ONYM_BY_UDP,
                 .now_s = now.epoch_s,
                 .arena = arena,
                 .reply_len_max = (size_t)s->reply_packets * ONYM_PACKET_DATA_MAX,
                 .sessions = s->sessions}};
    struct onym_reply reply;
    bool complete;

    onym_counter_add(&s->counters->bytes_in[ONYM_LISTENER_HANDLE_UDP], in->data.len);
    if (in->too_long) {
        dropped(s, ONYM_DROP_OVERSIZE);
        return;
    }
    if (onym_envelope_decode(in->data, &rq.envelope) != ONYM_OK) {
        dropped(s, ONYM_DROP_RUNT);
        return;
    }
    complete = (rq.envelope.flags & ONYM_ENVELOPE_TRUNCATED) != 0
                   ? reassemble(s, in, now.monotonic_ns / NS_PER_MS, &rq.envelope, &rq.message)
                   : whole(s, in, &rq.envelope, &rq.message);
    if (rq.message.at == in->data.at + ONYM_ENVELOPE_LEN) { /* not put together of fragments */
        rq.call.ahead = in->ahead;
    }
    if (!complete || rq.message.len < ONYM_HEADER_LEN) {
        return;
    }
    if (decide(s, in, now.monotonic_ns, &rq, &reply) == ONYM_VERDICT_REPLY) {
        uint32_t packets = send_reply(&reply, send, of);

        onym_counter_add(&s->counters->requests[ONYM_BY_UDP][reply.status], 1);
        onym_counter_add(&s->counters->bytes_out[ONYM_LISTENER_HANDLE_UDP],
                         reply.envelope.message_len + packets * ONYM_ENVELOPE_LEN);
        if (packets > 1) {
            onym_admit_charge(s->admit, in->address, packets - 1);
        }
    }
}
