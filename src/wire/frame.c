#include "wire/frame.h"

#include "base/require.h"

struct onym_frame
onym_frame_cut(onym_span stream)
{
    struct onym_frame frame = {.verdict = ONYM_FRAME_MORE, .need = ONYM_ENVELOPE_LEN};

    if (onym_envelope_decode(stream, &frame.envelope) != ONYM_OK) {
        return frame;
    }
    if (frame.envelope.message_len > ONYM_MESSAGE_LEN_MAX) {
        frame.verdict = ONYM_FRAME_REFUSE;
        frame.why = "message longer than 262144 bytes";
        return frame;
    }
    if ((frame.envelope.flags & ONYM_ENVELOPE_TRUNCATED) != 0) {
        frame.verdict = ONYM_FRAME_REFUSE;
        frame.why = "fragment on a stream";
        return frame;
    }
    frame.need = ONYM_ENVELOPE_LEN + (size_t)frame.envelope.message_len;
    if (stream.len >= frame.need) {
        frame.verdict = ONYM_FRAME_MESSAGE;
        frame.used = frame.need;
        frame.message = onym_span_of(stream.at + ONYM_ENVELOPE_LEN, frame.envelope.message_len);
    }
    return frame;
}

#define WORD_BITS  64U
#define SEEN_WORDS ((ONYM_FRAGMENTS_MAX + WORD_BITS - 1U) / WORD_BITS)

struct slot {
    bool used;
    uint8_t peer_len;
    uint8_t peer[ONYM_PEER_LEN_MAX];
    uint64_t since_ms;
    struct onym_envelope envelope; /* of the first fragment that came */
    uint32_t missing;              /* fragments still to come */
    uint64_t seen[SEEN_WORDS];     /* bit per fragment */
    uint8_t *data;                 /* message_len_max bytes */
};

struct onym_reassembly {
    uint32_t slots;
    uint32_t message_len_max;
    struct slot slot[];
};

size_t
onym_reassembly_size(uint32_t slots, uint32_t message_len_max)
{
    return sizeof(struct onym_reassembly) + slots * (sizeof(struct slot) + message_len_max);
}

struct onym_reassembly *
onym_reassembly_init(void *memory, uint32_t slots, uint32_t message_len_max)
{
    struct onym_reassembly *reassembly = memory;
    uint8_t *data = (uint8_t *)&reassembly->slot[slots];

    ONYM_REQUIRE(slots > 0 && slots <= UINT16_MAX);
    ONYM_REQUIRE(message_len_max > 0 && message_len_max <= ONYM_MESSAGE_LEN_MAX);
    reassembly->slots = slots;
    reassembly->message_len_max = message_len_max;
    for (uint32_t i = 0; i < slots; i++) {
        reassembly->slot[i] = (struct slot){.data = data + (size_t)i * message_len_max};
    }
    return reassembly;
}

static bool
expired(const struct slot *slot, uint64_t now_ms)
{
    return now_ms > slot->since_ms && now_ms - slot->since_ms >= ONYM_REASSEMBLY_EXPIRY_MS;
}

uint32_t
onym_reassembly_waiting(const struct onym_reassembly *reassembly, uint64_t now_ms)
{
    uint32_t waiting = 0;

    for (uint32_t i = 0; i < reassembly->slots; i++) {
        const struct slot *slot = &reassembly->slot[i];

        waiting += slot->used && !expired(slot, now_ms) ? 1U : 0U;
    }
    return waiting;
}

/* The slot of this peer and request; else a fresh one: free, or taken from the oldest. */
static struct slot *
slot_for(struct onym_reassembly *reassembly, onym_span peer, const struct onym_envelope *envelope,
         uint64_t now_ms)
{
    struct slot *best = &reassembly->slot[0];

    for (uint32_t i = 0; i < reassembly->slots; i++) {
        struct slot *slot = &reassembly->slot[i];

        if (slot->used && expired(slot, now_ms)) {
            slot->used = false;
        }
        if (slot->used && slot->envelope.request_id == envelope->request_id &&
            onym_span_equal(peer, onym_span_of(slot->peer, slot->peer_len))) {
            return slot;
        }
        if (best->used && (!slot->used || slot->since_ms < best->since_ms)) {
            best = slot;
        }
    }
    *best = (struct slot){
        .used = true,
        .peer_len = (uint8_t)peer.len,
        .since_ms = now_ms,
        .envelope = *envelope,
        .missing = onym_packets_count(envelope->message_len),
        .data = best->data,
    };
    memcpy(best->peer, peer.at, peer.len);
    return best;
}

/* Whether the packet's data length is the one its place in the message asks for. */
static bool
fragment_fits(const struct onym_envelope *envelope, size_t data_len, uint32_t message_len_max)
{
    uint32_t count = onym_packets_count(envelope->message_len);
    size_t offset = (size_t)envelope->sequence * ONYM_PACKET_DATA_MAX;

    if ((envelope->flags & ONYM_ENVELOPE_TRUNCATED) == 0 || envelope->message_len == 0 ||
        envelope->message_len > message_len_max || envelope->sequence >= count) {
        return false;
    }
    return data_len > 0 &&
           data_len == (envelope->sequence + 1 < count ? ONYM_PACKET_DATA_MAX
                                                       : envelope->message_len - offset);
}

static bool
same_message(const struct onym_envelope *a, const struct onym_envelope *b)
{
    return a->message_len == b->message_len && a->version == b->version &&
           a->suggested == b->suggested && a->session_id == b->session_id && a->flags == b->flags;
}

enum onym_reassembly_verdict
onym_reassembly_add(struct onym_reassembly *reassembly, onym_span peer, onym_span packet,
                    uint64_t now_ms, struct onym_envelope *envelope, onym_span *message)
{
    struct onym_envelope e;
    onym_span data = onym_span_from(packet, ONYM_ENVELOPE_LEN);
    struct slot *slot;
    uint64_t bit;

    ONYM_REQUIRE(peer.len > 0 && peer.len <= ONYM_PEER_LEN_MAX);
    if (onym_envelope_decode(packet, &e) != ONYM_OK ||
        !fragment_fits(&e, data.len, reassembly->message_len_max)) {
        return ONYM_FRAGMENT_BAD;
    }
    slot = slot_for(reassembly, peer, &e, now_ms);
    if (!same_message(&slot->envelope, &e)) {
        return ONYM_FRAGMENT_BAD;
    }
    bit = (uint64_t)1 << (e.sequence % WORD_BITS);
    if ((slot->seen[e.sequence / WORD_BITS] & bit) != 0) {
        return ONYM_FRAGMENT_DUPLICATE;
    }
    slot->seen[e.sequence / WORD_BITS] |= bit;
    memcpy(slot->data + (size_t)e.sequence * ONYM_PACKET_DATA_MAX, data.at, data.len);
    slot->missing -= 1;
    if (slot->missing > 0) {
        return ONYM_FRAGMENT_KEPT;
    }
    slot->used = false;
    *envelope = slot->envelope;
    envelope->sequence = 0;
    envelope->flags = (uint8_t)(envelope->flags & ~ONYM_ENVELOPE_TRUNCATED);
    *message = onym_span_of(slot->data, envelope->message_len);
    return ONYM_FRAGMENT_COMPLETE;
}

uint32_t
onym_packets_count(size_t message_len)
{
    size_t count = (message_len + ONYM_PACKET_DATA_MAX - 1) / ONYM_PACKET_DATA_MAX;

    return count > 0 ? (uint32_t)count : 1;
}

void
onym_packet_at(const struct onym_envelope *envelope, size_t message_len, uint32_t sequence,
               struct onym_packet *out)
{
    struct onym_envelope e = *envelope;
    uint32_t count = onym_packets_count(message_len);
    size_t left;

    ONYM_REQUIRE(message_len <= ONYM_MESSAGE_LEN_MAX && sequence < count);
    e.message_len = (uint32_t)message_len;
    e.sequence = sequence;
    e.flags = (uint8_t)((e.flags & ~ONYM_ENVELOPE_TRUNCATED) |
                        (count > 1 ? ONYM_ENVELOPE_TRUNCATED : 0U));
    onym_envelope_encode(&e, out->envelope);
    out->offset = (size_t)sequence * ONYM_PACKET_DATA_MAX;
    left = message_len - out->offset;
    out->data_len = left < ONYM_PACKET_DATA_MAX ? left : ONYM_PACKET_DATA_MAX;
}
