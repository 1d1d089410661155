#include "tools/vectors.h"

#include <stdlib.h>

/* What was really sent and answered, malformed requests included: a request may be refused here
 * (that is noted), a reply may not; what is decoded must encode to the same bytes. */
static void
check_one(struct onym_vectors *vectors, const struct onym_envelope *envelope, onym_span message,
          bool reply, struct onym_verdict *verdict)
{
    json_t *found = json_object();
    onym_span again;
    enum onym_status status = onym_describe_after_envelope(vectors, envelope, message, found,
                                                           &again);

    if (status == ONYM_OK) {
        onym_compare_bytes(message, again, verdict);
    } else if (reply) {
        onym_verdict_fail(verdict, "the reply is refused: %s", onym_status_name(status));
    } else {
        onym_verdict_note(verdict, "the request is refused: %s", onym_status_name(status));
    }
    json_decref(found);
}

/* Returns the number of messages found. */
static size_t
check_stream(struct onym_vectors *vectors, onym_span stream, bool reply,
             struct onym_verdict *verdict)
{
    size_t count = 0;

    while (stream.len > 0) {
        struct onym_frame frame = onym_frame_cut(stream);

        if (frame.verdict != ONYM_FRAME_MESSAGE) {
            if (reply) {
                onym_verdict_fail(verdict, "the reply ends inside a message");
            } else {
                onym_verdict_note(verdict, "the request is no whole message");
            }
            break;
        }
        check_one(vectors, &frame.envelope, frame.message, reply, verdict);
        count++;
        stream = onym_span_from(stream, frame.used);
    }
    return count;
}

/* Packets of one message; requests that do not fit together are what the note says. */
static void
check_packets(struct onym_vectors *vectors, json_t *list, bool reply, struct onym_verdict *verdict)
{
    size_t count = json_array_size(list);
    onym_span *packets = calloc(count + 1, sizeof *packets);
    size_t have = 0;
    struct onym_verdict joining = {.outcome = ONYM_VECTOR_PASS};
    struct onym_envelope envelope;
    onym_span message;

    for (size_t i = 0; packets != NULL && i < count; i++) {
        uint8_t *bytes = NULL;
        size_t len = 0;

        if (!onym_hex_json(json_array_get(list, i), &bytes, &len)) {
            onym_verdict_fail(verdict, "packet %zu: no hex", i);
            break;
        }
        packets[i] = onym_span_of(bytes, len);
        have++;
    }
    if (packets != NULL && have == count && count > 0) {
        if (onym_packets_join(vectors, packets, count, &envelope, &message, &joining)) {
            check_one(vectors, &envelope, message, reply, verdict);
        } else if (!reply) {
            onym_verdict_note(verdict, "request: %s", joining.reason);
        } else { /* each packet may be a reply of its own */
            for (size_t i = 0; i < count; i++) {
                (void)check_stream(vectors, packets[i], true, verdict);
            }
        }
    }
    for (size_t i = 0; packets != NULL && i < have; i++) {
        free((void *)(uintptr_t)packets[i].at);
    }
    free(packets);
}

void
onym_run_exchange(struct onym_vectors *vectors, const struct onym_vector_kind *kind, json_t *record,
                  struct onym_verdict *verdict)
{
    uint8_t *request = NULL;
    uint8_t *reply = NULL;
    size_t request_len = 0;
    size_t reply_len = 0;
    const json_t *expected = json_object_get(record, "replies");

    (void)kind;
    if (json_object_get(record, "request_packets") != NULL) {
        check_packets(vectors, json_object_get(record, "request_packets"), false, verdict);
        check_packets(vectors, json_object_get(record, "reply_packets"), true, verdict);
        return;
    }
    if (!onym_hex_field(record, "request_hex", &request, &request_len) ||
        !onym_hex_field(record, "hex", &reply, &reply_len)) {
        onym_verdict_fail(verdict, "request_hex, hex: missing or no hex");
    } else {
        size_t found;

        (void)check_stream(vectors, onym_span_of(request, request_len), false, verdict);
        found = check_stream(vectors, onym_span_of(reply, reply_len), true, verdict);
        if (json_is_integer(expected) && json_integer_value(expected) != (json_int_t)found) {
            onym_verdict_fail(verdict, "replies: expected %lld, found %zu",
                              (long long)json_integer_value(expected), found);
        }
    }
    free(request);
    free(reply);
}
