/* The table from opcode, response code and version to body; encoding never leaves its room. */
#include "wire/body.h"

#include "support/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the four above and below it in place */
#include <cmocka.h>
#include <stdlib.h>

static enum onym_body_kind
kind(uint32_t opcode, uint32_t response_code)
{
    struct onym_header header = {.opcode = opcode, .response_code = response_code};
    enum onym_body_kind found;

    return onym_body_kind_of(&header, &found) ? found : ONYM_BODY_KINDS;
}

static void
body_kind_follows_opcode_and_response_code(void **state)
{
    static const uint32_t names[] = {2, 101, 105, 300, 301, 302, 401, 1000, 1003};
    static const uint32_t empty[] = {101, 102, 103, 104, 200, 300, 301, 401, 402, 1002, 1003, 2001};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(kind(names[i], 0), ONYM_BODY_NAME);
    }
    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++) {
        assert_int_equal(kind(empty[i], 1), ONYM_BODY_EMPTY);
    }
    assert_int_equal(kind(1, 0), ONYM_BODY_QUERY);
    assert_int_equal(kind(2000, 0), ONYM_BODY_QUERY);
    assert_int_equal(kind(200, 0), ONYM_BODY_CHALLENGE_ANSWER);
    assert_int_equal(kind(201, 0), ONYM_BODY_VERIFY);
    assert_int_equal(kind(400, 0), ONYM_BODY_SESSION_SETUP);
    assert_int_equal(kind(402, 0), ONYM_BODY_SESSION_EXCHANGE);
    assert_int_equal(kind(1001, 0), ONYM_BODY_LOG_REQUEST);
    assert_int_equal(kind(1002, 0), ONYM_BODY_DUMP_REQUEST);
    assert_int_equal(kind(2001, 0), ONYM_BODY_KEY_LOGIN);
    assert_int_equal(kind(100, 1), ONYM_BODY_NAME);
    assert_int_equal(kind(105, 1), ONYM_BODY_NAMES);
    assert_int_equal(kind(201, 1), ONYM_BODY_VERIFIED);
    assert_int_equal(kind(400, 1), ONYM_BODY_SESSION_REPLY);
    assert_int_equal(kind(1000, 1), ONYM_BODY_NEXT_TXN_ID);
    assert_int_equal(kind(1001, 1), ONYM_BODY_LOG_REPLY);
    assert_int_equal(kind(100, 0), ONYM_BODY_VALUES);
    assert_int_equal(kind(103, 0), ONYM_BODY_INDEXES);
    assert_int_equal(kind(1, 1), ONYM_BODY_RESOLVED);
    assert_int_equal(kind(2, 1), ONYM_BODY_SITE);
    assert_int_equal(kind(302, 1), ONYM_BODY_NAMES);
    assert_int_equal(kind(1, 302), ONYM_BODY_REFERRAL);
    assert_int_equal(kind(1, 303), ONYM_BODY_REFERRAL);
    assert_int_equal(kind(2001, 402), ONYM_BODY_CHALLENGE);
    assert_int_equal(kind(101, 403), ONYM_BODY_ERROR);
}

static void
body_of_an_unknown_opcode_is_known_only_in_errors(void **state)
{
    static const uint32_t unknown[] = {0, 3, 99, 106, 606, 777, UINT32_MAX};
    struct onym_message m = {.header = {.opcode = 777}};
    struct onym_body body;

    (void)state;
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        assert_int_equal(kind(unknown[i], 0), ONYM_BODY_KINDS);
        assert_int_equal(kind(unknown[i], 1), ONYM_BODY_KINDS);
        assert_int_equal(kind(unknown[i], 5), ONYM_BODY_ERROR);
    }
    assert_int_equal(onym_body_decode(&m, &body), ONYM_UNSUPPORTED);
}

static void
body_hands_back_what_a_request_has_behind_its_fields(void **state)
{
    static const uint8_t bytes[] = {0, 0, 0, 1, 'a', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    struct onym_message m = {.header = {.opcode = 1}, .body = onym_span_of(bytes, sizeof bytes)};
    struct onym_body body;

    (void)state;
    assert_int_equal(onym_body_decode(&m, &body), ONYM_OK);
    assert_int_equal(body.trailing.len, 4);
    m.header.opcode = 101;
    assert_int_equal(onym_body_decode(&m, &body), ONYM_OK);
    assert_int_equal(body.trailing.len, 12);
    m.header.response_code = 1;
    assert_int_equal(onym_body_decode(&m, &body), ONYM_OK);
    assert_int_equal(body.trailing.len, sizeof bytes);
}

static void
body_of_a_created_handle_may_be_missing(void **state)
{
    static const uint8_t bytes[] = {0, 0, 0, 1, 'a'};
    struct onym_message m = {.header = {.opcode = 100, .response_code = 1},
                             .body = onym_span_of(bytes, sizeof bytes)};
    struct onym_body body;

    (void)state;
    assert_int_equal(onym_body_decode(&m, &body), ONYM_OK);
    assert_int_equal(body.kind, ONYM_BODY_NAME);
    m.body.len = 4;
    assert_int_equal(onym_body_decode(&m, &body), ONYM_MALFORMED);
    m.body.len = 0;
    assert_int_equal(onym_body_decode(&m, &body), ONYM_OK);
    assert_int_equal(body.kind, ONYM_BODY_EMPTY);
}

static void
body_encode_refuses_digests_that_cannot_be(void **state)
{
    static const uint8_t digest[32] = {0};
    struct onym_body body = {.kind = ONYM_BODY_EMPTY,
                             .digest_code = ONYM_DIGEST_SHA256,
                             .digest = onym_span_of(digest, 32)};
    uint8_t out[64];
    size_t len;

    (void)state;
    assert_int_equal(onym_body_encode(&body, ONYM_VERSION(2, 11), out, 33, &len), ONYM_OK);
    assert_int_equal(len, 33);
    assert_int_equal(onym_body_encode(&body, ONYM_VERSION(2, 11), out, 32, &len), ONYM_NO_SPACE);
    assert_int_equal(onym_body_encode(&body, ONYM_VERSION(2, 0), out, 64, &len), ONYM_INVALID);
    body.digest.len = 31;
    assert_int_equal(onym_body_encode(&body, ONYM_VERSION(2, 11), out, 64, &len), ONYM_INVALID);
    body.digest_code = 4;
    assert_int_equal(onym_body_encode(&body, ONYM_VERSION(2, 11), out, 64, &len), ONYM_INVALID);
}

/* Any room smaller than what is needed is refused, and nothing is written past it: each room is its
 * own allocation, so a sanitizer would see. */
static void
encode_into_less(const struct test_vector *vector, void *context)
{
    struct onym_envelope envelope;
    struct onym_message m;
    struct onym_body body;
    uint8_t *whole = malloc(vector->bytes.len + 8);
    size_t need = 0;

    (void)context;
    assert_non_null(whole);
    assert_int_equal(onym_envelope_decode(vector->bytes, &envelope), ONYM_OK);
    assert_int_equal(
        onym_message_cut(&envelope, onym_span_from(vector->bytes, ONYM_ENVELOPE_LEN), &m), ONYM_OK);
    assert_int_equal(onym_body_decode(&m, &body), ONYM_OK);
    assert_int_equal(onym_body_encode(&body, envelope.version, whole, vector->bytes.len + 8, &need),
                     ONYM_OK);
    for (size_t cap = 0; cap <= need; cap++) {
        uint8_t *room = malloc(cap > 0 ? cap : 1);
        size_t len = 0;

        assert_non_null(room);
        assert_int_equal(onym_body_encode(&body, envelope.version, room, cap, &len),
                         cap < need ? ONYM_NO_SPACE : ONYM_OK);
        assert_int_equal(len, cap < need ? 0 : need);
        assert_true(cap < need || memcmp(room, whole, need) == 0);
        free(room);
    }
    free(whole);
}

static void
body_encode_stays_in_its_room(void **state)
{
    static const char *const kinds[] = {"message", NULL};

    (void)state;
    assert_true(test_vectors_each(kinds, encode_into_less, NULL) > 0);
}

static void
every_kind_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ONYM_BODY_KINDS; i++) {
        for (unsigned j = 0; j < i; j++) {
            assert_string_not_equal(onym_body_kind_name((enum onym_body_kind)i),
                                    onym_body_kind_name((enum onym_body_kind)j));
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(body_kind_follows_opcode_and_response_code),
        cmocka_unit_test(body_of_an_unknown_opcode_is_known_only_in_errors),
        cmocka_unit_test(body_hands_back_what_a_request_has_behind_its_fields),
        cmocka_unit_test(body_of_a_created_handle_may_be_missing),
        cmocka_unit_test(body_encode_refuses_digests_that_cannot_be),
        cmocka_unit_test(body_encode_stays_in_its_room),
        cmocka_unit_test(every_kind_has_a_name_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
