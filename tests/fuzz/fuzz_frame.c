/* Any bytes as a TCP stream, or as UDP packets to put together, chosen by the first byte.
 *
 * Stream: messages must be found the same whatever the pieces it arrives in. Packets (u1 step of
 * time in units of 250 ms, u1 sender, u2 length, bytes): whatever comes out complete must be what
 * cutting it again gives, and no more requests may wait than there are slots. */
#include "base/bytes.h"
#include "base/require.h"
#include "support/roundtrip.h"
#include "wire/frame.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SLOTS       3U
#define MESSAGE_MAX 4000U

/* Feeds the stream in pieces of `piece` bytes; returns where the last whole message ends. */
static size_t
end_of_messages(onym_span stream, size_t piece, size_t *messages)
{
    size_t start = 0;
    size_t received = 0;

    *messages = 0;
    for (;;) {
        struct onym_frame frame = onym_frame_cut(
            onym_span_front(onym_span_from(stream, start), received - start));

        if (frame.verdict == ONYM_FRAME_REFUSE) {
            return start;
        }
        if (frame.verdict == ONYM_FRAME_MESSAGE) {
            ONYM_REQUIRE(frame.used == ONYM_ENVELOPE_LEN + frame.message.len);
            ONYM_REQUIRE(frame.used <= received - start);
            start += frame.used;
            *messages += 1;
            continue;
        }
        ONYM_REQUIRE(frame.need > received - start);
        ONYM_REQUIRE(frame.need <= ONYM_ENVELOPE_LEN + ONYM_MESSAGE_LEN_MAX);
        if (received == stream.len) {
            return start;
        }
        received += piece < stream.len - received ? piece : stream.len - received;
    }
}

static void
check_stream(onym_span stream)
{
    static const size_t pieces[] = {1, 7, 20, 1460};
    size_t messages;
    size_t end = end_of_messages(stream, stream.len + 1, &messages);

    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        size_t count;

        ONYM_REQUIRE(end_of_messages(stream, pieces[i], &count) == end);
        ONYM_REQUIRE(count == messages);
    }
}

/* Cutting a complete message gives fragments that make the same message. */
static void
check_complete(const struct onym_envelope *envelope, onym_span message)
{
    size_t sum = 0;

    ONYM_REQUIRE(message.len > 0 && message.len <= MESSAGE_MAX);
    ONYM_REQUIRE(envelope->message_len == message.len && envelope->sequence == 0);
    ONYM_REQUIRE((envelope->flags & ONYM_ENVELOPE_TRUNCATED) == 0);
    for (uint32_t i = 0; i < onym_packets_count(message.len); i++) {
        struct onym_packet packet;

        onym_packet_at(envelope, message.len, i, &packet);
        ONYM_REQUIRE(packet.offset == sum);
        sum += packet.data_len;
    }
    ONYM_REQUIRE(sum == message.len);
}

static void
check_packets(onym_span input)
{
    void *memory = malloc(onym_reassembly_size(SLOTS, MESSAGE_MAX));
    struct onym_reassembly *reassembly;
    uint64_t now_ms = 0;

    ONYM_REQUIRE(memory != NULL);
    reassembly = onym_reassembly_init(memory, SLOTS, MESSAGE_MAX);
    while (input.len >= 4) {
        uint8_t sender = input.at[1];
        size_t len = onym_get_u16(input.at + 2);
        onym_span packet = onym_span_front(onym_span_from(input, 4), len);
        struct onym_envelope envelope;
        onym_span message;

        now_ms += (uint64_t)input.at[0] * 250;
        if (onym_reassembly_add(reassembly, onym_span_of(&sender, 1), packet, now_ms, &envelope,
                                &message) == ONYM_FRAGMENT_COMPLETE) {
            check_complete(&envelope, message);
        }
        ONYM_REQUIRE(onym_reassembly_waiting(reassembly, now_ms) <= SLOTS);
        input = onym_span_from(input, 4 + packet.len);
    }
    free(memory);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    onym_span input = onym_span_of(data, size);

    if (size > 0 && data[0] % 2 == 0) {
        check_stream(onym_span_from(input, 1));
    } else if (size > 0) {
        check_packets(onym_span_from(input, 1));
    }
    return 0;
}
