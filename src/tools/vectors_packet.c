#include "tools/vectors.h"

#include <stdlib.h>

#define PACKETS_MAX ONYM_FRAGMENTS_MAX

/* A message in one packet, or flagged packets: through the server's reassembly, last one first, so
 * that order does not matter. */
static bool
join_flagged(const onym_span *packets, size_t count, uint8_t *out, struct onym_envelope *envelope,
             onym_span *message)
{
    void *memory = malloc(onym_reassembly_size(1, ONYM_MESSAGE_LEN_MAX));
    struct onym_reassembly *reassembly;
    onym_span joined = onym_span_of(NULL, 0);
    bool complete = false;

    if (memory == NULL) {
        return false;
    }
    reassembly = onym_reassembly_init(memory, 1, ONYM_MESSAGE_LEN_MAX);
    for (size_t i = count; i-- > 0;) {
        enum onym_reassembly_verdict verdict = onym_reassembly_add(
            reassembly, onym_span_text("peer"), packets[i], 1, envelope, &joined);

        complete = verdict == ONYM_FRAGMENT_COMPLETE;
        if (complete != (i == 0) || verdict == ONYM_FRAGMENT_BAD) {
            complete = false;
            break;
        }
    }
    if (complete) {
        memcpy(out, joined.at, joined.len);
        *message = onym_span_of(out, joined.len);
    }
    free(memory);
    return complete;
}

/* The way clients read replies: by message length and sequence, whatever the flag (14.1). */
static bool
join_unflagged(const onym_span *packets, size_t count, uint8_t *out, struct onym_envelope *envelope,
               onym_span *message)
{
    size_t have = 0;

    for (size_t i = 0; i < count; i++) {
        struct onym_envelope e;
        onym_span data = onym_span_from(packets[i], ONYM_ENVELOPE_LEN);
        size_t offset;

        if (onym_envelope_decode(packets[i], &e) != ONYM_OK) {
            return false;
        }
        if (i == 0) {
            *envelope = e;
        }
        offset = (size_t)e.sequence * ONYM_PACKET_DATA_MAX;
        if (e.message_len > ONYM_MESSAGE_LEN_MAX || e.message_len != envelope->message_len ||
            e.request_id != envelope->request_id || offset > e.message_len ||
            data.len > e.message_len - offset) {
            return false;
        }
        if (data.len > 0) {
            memcpy(out + offset, data.at, data.len);
        }
        have += data.len;
    }
    envelope->sequence = 0;
    envelope->flags = (uint8_t)(envelope->flags & ~ONYM_ENVELOPE_TRUNCATED);
    *message = onym_span_of(out, envelope->message_len);
    return count > 0 && have == envelope->message_len;
}

bool
onym_packets_join(struct onym_vectors *vectors, const onym_span *packets, size_t count,
                  struct onym_envelope *envelope, onym_span *message, struct onym_verdict *verdict)
{
    uint8_t *out = vectors->scratch + ONYM_VECTOR_BYTES_MAX;
    struct onym_envelope first;
    bool flagged = count > 0 && onym_envelope_decode(packets[0], &first) == ONYM_OK &&
                   (first.flags & ONYM_ENVELOPE_TRUNCATED) != 0;
    /* a one-packet reply to a fragmented request carries the flag of the request (14.1) */
    bool joined = flagged && count > 1 ? join_flagged(packets, count, out, envelope, message)
                                       : join_unflagged(packets, count, out, envelope, message);

    if (!joined) {
        onym_verdict_fail(verdict, "the packets do not make one message");
    }
    return joined;
}

/* Cutting the message again must give the packets, but for the flag: replies of the reference
 * server do not set it. */
static void
check_cut(const struct onym_envelope *envelope, onym_span message, const onym_span *packets,
          size_t count, struct onym_verdict *verdict)
{
    if (onym_packets_count(message.len) != count) {
        onym_verdict_fail(verdict, "fragments: %zu, cut again %u", count,
                          onym_packets_count(message.len));
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct onym_packet packet;

        onym_packet_at(envelope, message.len, i, &packet);
        packet.envelope[2] = (uint8_t)((packet.envelope[2] & ~ONYM_ENVELOPE_TRUNCATED) |
                                       (packets[i].at[2] & ONYM_ENVELOPE_TRUNCATED));
        onym_compare_bytes(onym_span_front(packets[i], ONYM_ENVELOPE_LEN),
                           onym_span_of(packet.envelope, ONYM_ENVELOPE_LEN), verdict);
        onym_compare_bytes(onym_span_from(packets[i], ONYM_ENVELOPE_LEN),
                           onym_span_of(message.at + packet.offset, packet.data_len), verdict);
    }
}

static void
describe_packet(onym_span packet, json_t *out)
{
    struct onym_envelope envelope;

    if (onym_envelope_decode(packet, &envelope) == ONYM_OK) {
        onym_describe_envelope(&envelope, out);
        onym_put_int(out, "messageLength", envelope.message_len);
        onym_put_int(out, "fragment", envelope.sequence);
        onym_put_int(out, "fragments", onym_packets_count(envelope.message_len));
        onym_put_bool(out, "truncatedFlag", (envelope.flags & ONYM_ENVELOPE_TRUNCATED) != 0);
    }
}

/* All packets of a group are there, in order: decode the message and compare with every record. */
static void
check_group(struct onym_vectors *vectors, json_t *records, const onym_span *packets, size_t count,
            struct onym_verdict *verdict)
{
    struct onym_envelope envelope;
    onym_span message;
    onym_span again;
    json_t *found = json_object();

    if (onym_packets_join(vectors, packets, count, &envelope, &message, verdict)) {
        enum onym_status status = onym_describe_after_envelope(vectors, &envelope, message, found,
                                                               &again);

        if (status != ONYM_OK) {
            onym_verdict_fail(verdict, "the message of the group is refused: %s",
                              onym_status_name(status));
        } else {
            onym_compare_bytes(message, again, verdict);
            check_cut(&envelope, message, packets, count, verdict);
            for (size_t i = 0; i < count; i++) {
                describe_packet(packets[i], found);
                onym_compare_fields(json_array_get(records, i), found, true, verdict);
            }
        }
    }
    json_decref(found);
}

static void
collect(struct onym_vectors *vectors, json_t *records, struct onym_verdict *verdict)
{
    size_t count = json_array_size(records);
    onym_span *packets = calloc(count, sizeof *packets);
    size_t have = 0;

    for (size_t i = 0; packets != NULL && i < count; i++) {
        uint8_t *bytes = NULL;
        size_t len = 0;

        if (!onym_hex_field(json_array_get(records, i), "hex", &bytes, &len)) {
            break;
        }
        packets[i] = onym_span_of(bytes, len);
        have++;
    }
    if (have == count) {
        check_group(vectors, records, packets, count, verdict);
    } else {
        onym_verdict_note(verdict, "the group lacks packets: only the packet was checked");
    }
    for (size_t i = 0; packets != NULL && i < have; i++) {
        free((void *)(uintptr_t)packets[i].at);
    }
    free(packets);
}

/* The records of a group by fragment number, null where none came yet. */
static json_t *
remember(struct onym_vectors *vectors, const char *group, json_t *record, uint32_t sequence,
         uint32_t count)
{
    json_t *records = json_object_get(vectors->packets, group);

    if (records == NULL) {
        records = json_array();
        json_object_set_new(vectors->packets, group, records);
    }
    while (json_array_size(records) < count) {
        json_array_append_new(records, json_null());
    }
    json_array_set(records, sequence, record);
    return records;
}

void
onym_run_packet(struct onym_vectors *vectors, const struct onym_vector_kind *kind, json_t *record,
                struct onym_verdict *verdict)
{
    const char *group = json_string_value(json_object_get(record, "group"));
    uint8_t *bytes = NULL;
    size_t len = 0;
    struct onym_envelope envelope;
    json_t *found = json_object();

    (void)kind;
    if (!onym_hex_field(record, "hex", &bytes, &len) ||
        onym_envelope_decode(onym_span_of(bytes, len), &envelope) != ONYM_OK) {
        onym_verdict_fail(verdict, "hex: no envelope");
    } else if (len > ONYM_PACKET_LEN_MAX || envelope.message_len > ONYM_MESSAGE_LEN_MAX ||
               envelope.sequence >= onym_packets_count(envelope.message_len)) {
        onym_verdict_fail(verdict, "packet: too long, or its number is past the end");
    } else {
        uint32_t count = onym_packets_count(envelope.message_len);

        describe_packet(onym_span_of(bytes, len), found);
        onym_compare_fields(record, found, false, verdict);
        if (group != NULL || count == 1) {
            const char *name = json_string_value(json_object_get(record, "name"));

            collect(vectors,
                    remember(vectors,
                             group != NULL  ? group
                             : name != NULL ? name
                                            : "",
                             record, envelope.sequence, count),
                    verdict);
        }
    }
    json_decref(found);
    free(bytes);
}
