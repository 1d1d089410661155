/* Envelope, header and the cut of a message: each field at its place, each limit on both sides. */
#include "wire/header.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the four above and below it in place */
#include <cmocka.h>
#include <stdlib.h>

static const uint8_t envelope_bytes[ONYM_ENVELOPE_LEN] = {2, 7, 0xFF, 11, 1,  2,  3, 4, 5, 6,
                                                          7, 8, 9,    10, 11, 12, 0, 1, 2, 3};

static void
envelope_has_every_field_at_its_place(void **state)
{
    struct onym_envelope e;

    (void)state;
    assert_int_equal(onym_envelope_decode(onym_span_of(envelope_bytes, 20), &e), ONYM_OK);
    assert_int_equal(e.version, ONYM_VERSION(2, 7));
    assert_int_equal(e.suggested, ONYM_VERSION(3, 11));
    assert_int_equal(e.flags, 0xE0);
    assert_int_equal(e.session_id, 0x01020304);
    assert_int_equal(e.request_id, 0x05060708);
    assert_int_equal(e.sequence, 0x090A0B0C);
    assert_int_equal(e.message_len, 0x00010203);
}

static void
envelope_drops_unused_bits_and_writes_the_rest(void **state)
{
    struct onym_envelope e;
    uint8_t out[ONYM_ENVELOPE_LEN];
    uint8_t expected[ONYM_ENVELOPE_LEN];

    (void)state;
    memcpy(expected, envelope_bytes, sizeof expected);
    expected[2] = 0xE3;
    assert_int_equal(onym_envelope_decode(onym_span_of(envelope_bytes, 20), &e), ONYM_OK);
    onym_envelope_encode(&e, out);
    assert_memory_equal(out, expected, sizeof out);
}

static void
envelope_and_header_refuse_one_byte_less(void **state)
{
    uint8_t bytes[ONYM_HEADER_LEN] = {0};
    struct onym_envelope e = {.request_id = 9};
    struct onym_header h = {.opcode = 9};

    (void)state;
    assert_int_equal(onym_envelope_decode(onym_span_of(bytes, 19), &e), ONYM_MALFORMED);
    assert_int_equal(e.request_id, 9);
    assert_int_equal(onym_header_decode(onym_span_of(bytes, 23), &h), ONYM_MALFORMED);
    assert_int_equal(h.opcode, 9);
    assert_int_equal(onym_header_decode(onym_span_of(bytes, 24), &h), ONYM_OK);
}

static void
header_has_every_field_at_its_place(void **state)
{
    static const uint8_t bytes[ONYM_HEADER_LEN] = {0, 0, 0, 100, 0, 0,    1,    45,   1, 2, 3, 4,
                                                   5, 6, 7, 8,   9, 0x0A, 0x0B, 0x0C, 0, 0, 1, 0};
    struct onym_header h;
    uint8_t out[ONYM_HEADER_LEN];

    (void)state;
    assert_int_equal(onym_header_decode(onym_span_of(bytes, sizeof bytes), &h), ONYM_OK);
    assert_int_equal(h.opcode, 100);
    assert_int_equal(h.response_code, 301);
    assert_int_equal(h.flags, 0x01020304);
    assert_int_equal(h.site_serial, 0x0506);
    assert_int_equal(h.recursion, 7);
    assert_int_equal(h.reserved, 8);
    assert_int_equal(h.expiration, 0x090A0B0C);
    assert_int_equal(h.body_len, 256);
    onym_header_encode(&h, out);
    assert_memory_equal(out, bytes, sizeof out);
}

/* A message of len bytes whose header claims body_len. */
static enum onym_status
cut(size_t len, uint32_t body_len, uint8_t flags, struct onym_message *out)
{
    uint8_t *message = calloc(1, len > 0 ? len : 1);
    struct onym_envelope envelope = {.message_len = (uint32_t)len, .flags = flags};
    struct onym_header header = {.body_len = body_len};
    uint8_t bytes[ONYM_HEADER_LEN];
    enum onym_status status;

    assert_non_null(message);
    onym_header_encode(&header, bytes);
    memcpy(message, bytes, len < sizeof bytes ? len : sizeof bytes);
    status = onym_message_cut(&envelope, onym_span_of(message, len), out);
    free(message);
    return status;
}

static void
message_cut_takes_the_longest_message_and_refuses_one_byte_more(void **state)
{
    struct onym_message m;
    uint32_t body_len = ONYM_MESSAGE_LEN_MAX - ONYM_HEADER_LEN;

    (void)state;
    assert_int_equal(cut(ONYM_MESSAGE_LEN_MAX, body_len, 0, &m), ONYM_OK);
    assert_int_equal(m.body.len, body_len);
    assert_int_equal(cut(ONYM_MESSAGE_LEN_MAX + 1, body_len + 1, 0, &m), ONYM_MALFORMED);
}

static void
message_cut_needs_the_length_the_envelope_tells(void **state)
{
    uint8_t message[ONYM_HEADER_LEN + 4] = {0};
    struct onym_envelope envelope = {.message_len = sizeof message};
    struct onym_message m;

    (void)state;
    assert_int_equal(onym_message_cut(&envelope, onym_span_of(message, sizeof message), &m),
                     ONYM_OK);
    envelope.message_len += 1;
    assert_int_equal(onym_message_cut(&envelope, onym_span_of(message, sizeof message), &m),
                     ONYM_MALFORMED);
    envelope.message_len -= 2;
    assert_int_equal(onym_message_cut(&envelope, onym_span_of(message, sizeof message), &m),
                     ONYM_MALFORMED);
}

static void
message_cut_keeps_body_and_credential_inside(void **state)
{
    struct onym_message m;

    (void)state;
    assert_int_equal(cut(ONYM_HEADER_LEN, 0, 0, &m), ONYM_OK);
    assert_false(m.has_credential);
    assert_int_equal(m.digested.len, ONYM_HEADER_LEN);
    assert_int_equal(cut(ONYM_HEADER_LEN, 1, 0, &m), ONYM_MALFORMED);
    assert_int_equal(cut(ONYM_HEADER_LEN - 1, 0, 0, &m), ONYM_MALFORMED);
    assert_int_equal(cut(ONYM_HEADER_LEN + 10, 10, 0, &m), ONYM_OK);
    assert_int_equal(m.digested.len, ONYM_HEADER_LEN + 10);
    assert_int_equal(cut(ONYM_HEADER_LEN + 10, 11, 0, &m), ONYM_MALFORMED);
    assert_int_equal(cut(ONYM_HEADER_LEN + 10, UINT32_MAX, 0, &m), ONYM_MALFORMED);
    assert_int_equal(cut(ONYM_HEADER_LEN + 4, 0, 0, &m), ONYM_OK);
    assert_true(m.has_credential);
    assert_int_equal(m.credential.len, 0);
    assert_int_equal(cut(ONYM_HEADER_LEN + 3, 0, 0, &m), ONYM_MALFORMED);
}

static void
message_cut_does_not_read_ciphertext(void **state)
{
    struct onym_message m;

    (void)state;
    assert_int_equal(cut(ONYM_HEADER_LEN, 0, ONYM_ENVELOPE_ENCRYPTED, &m), ONYM_UNSUPPORTED);
    assert_int_equal(cut(ONYM_HEADER_LEN, 0, ONYM_ENVELOPE_COMPRESSED, &m), ONYM_UNSUPPORTED);
    assert_int_equal(cut(ONYM_HEADER_LEN, 0, ONYM_ENVELOPE_TRUNCATED, &m), ONYM_OK);
}

static void
message_encode_computes_lengths_and_knows_its_room(void **state)
{
    struct onym_message m = {
        .envelope = {.version = ONYM_VERSION_OWN, .message_len = 77},
        .header = {.opcode = 1, .body_len = 77},
        .body = onym_span_text("body"),
        .credential = onym_span_text("c"),
        .has_credential = true,
    };
    uint8_t out[ONYM_ENVELOPE_LEN + ONYM_HEADER_LEN + 4 + 5];
    struct onym_envelope envelope;
    struct onym_message again;
    size_t len = 0;

    (void)state;
    assert_int_equal(onym_message_encode(&m, out, sizeof out - 1, &len), ONYM_NO_SPACE);
    assert_int_equal(len, 0);
    assert_int_equal(onym_message_encode(&m, out, sizeof out, &len), ONYM_OK);
    assert_int_equal(len, sizeof out);
    assert_int_equal(onym_envelope_decode(onym_span_of(out, len), &envelope), ONYM_OK);
    assert_int_equal(envelope.message_len, len - ONYM_ENVELOPE_LEN);
    assert_int_equal(onym_message_cut(&envelope,
                                      onym_span_of(out + ONYM_ENVELOPE_LEN, envelope.message_len),
                                      &again),
                     ONYM_OK);
    assert_true(onym_span_equal(again.body, m.body));
    assert_true(onym_span_equal(again.credential, m.credential));
}

static uint16_t
reply_version(uint16_t version, uint16_t suggested)
{
    struct onym_envelope request = {.version = version, .suggested = suggested};

    return onym_version_for_reply(&request);
}

static void
version_for_reply_is_the_lower_of_wanted_and_own(void **state)
{
    (void)state;
    assert_int_equal(reply_version(ONYM_VERSION(2, 1), 0), ONYM_VERSION(2, 1));
    assert_int_equal(reply_version(ONYM_VERSION(2, 1), ONYM_VERSION(0, 9)), ONYM_VERSION(2, 1));
    assert_int_equal(reply_version(ONYM_VERSION(2, 3), ONYM_VERSION(2, 10)), ONYM_VERSION(2, 10));
    assert_int_equal(reply_version(ONYM_VERSION(2, 11), ONYM_VERSION(2, 11)), ONYM_VERSION(2, 11));
    assert_int_equal(reply_version(ONYM_VERSION(2, 99), ONYM_VERSION(2, 99)), ONYM_VERSION(2, 11));
    assert_int_equal(reply_version(ONYM_VERSION(3, 0), ONYM_VERSION(3, 0)), ONYM_VERSION(2, 11));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(envelope_has_every_field_at_its_place),
        cmocka_unit_test(envelope_drops_unused_bits_and_writes_the_rest),
        cmocka_unit_test(envelope_and_header_refuse_one_byte_less),
        cmocka_unit_test(header_has_every_field_at_its_place),
        cmocka_unit_test(message_cut_takes_the_longest_message_and_refuses_one_byte_more),
        cmocka_unit_test(message_cut_needs_the_length_the_envelope_tells),
        cmocka_unit_test(message_cut_keeps_body_and_credential_inside),
        cmocka_unit_test(message_cut_does_not_read_ciphertext),
        cmocka_unit_test(message_encode_computes_lengths_and_knows_its_room),
        cmocka_unit_test(version_for_reply_is_the_lower_of_wanted_and_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
