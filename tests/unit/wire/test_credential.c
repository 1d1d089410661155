/* The credential section: whole, or refused. */
#include "wire/credential.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the four above and below it in place */
#include <cmocka.h>

#define ROOM 128U

static size_t
encode(uint8_t *out)
{
    struct onym_credential c = {.counter = 7,
                                .type = onym_span_text("HS_MAC"),
                                .hash_name = onym_span_text("HMAC-SHA256"),
                                .signature = onym_span_text("0123456789")};
    size_t len = 0;

    assert_int_equal(onym_credential_encode(&c, out, ROOM, &len), ONYM_OK);
    assert_int_equal(onym_credential_encode(&c, out, len, &len), ONYM_OK);
    assert_int_equal(onym_credential_encode(&c, out, len - 1, &len), ONYM_NO_SPACE);
    return len;
}

static void
credential_comes_back_as_it_was(void **state)
{
    uint8_t out[ROOM];
    size_t len = encode(out);
    struct onym_credential c;

    (void)state;
    assert_int_equal(onym_credential_decode(onym_span_of(out, len), &c), ONYM_OK);
    assert_int_equal(c.counter, 7);
    assert_int_equal(c.signer.len, 0);
    assert_true(onym_span_equal(c.type, onym_span_text("HS_MAC")));
    assert_true(onym_span_equal(c.hash_name, onym_span_text("HMAC-SHA256")));
    assert_true(onym_span_equal(c.signature, onym_span_text("0123456789")));
}

static void
credential_refuses_any_part_of_itself_and_more(void **state)
{
    uint8_t out[ROOM] = {0};
    size_t len = encode(out);
    struct onym_credential c;

    (void)state;
    for (size_t cut = 0; cut < len; cut++) {
        assert_int_equal(onym_credential_decode(onym_span_of(out, cut), &c), ONYM_MALFORMED);
    }
    assert_int_equal(onym_credential_decode(onym_span_of(out, len + 1), &c), ONYM_MALFORMED);
}

static void
credential_checks_the_length_of_the_rest(void **state)
{
    uint8_t out[ROOM] = {0};
    size_t len = encode(out);
    struct onym_credential c;

    (void)state;
    for (int change = -1; change <= 1; change += 2) {
        out[25] = (uint8_t)(out[25] + change); /* 12 bytes in front, 10 of the type, u4 */
        assert_int_equal(onym_credential_decode(onym_span_of(out, len), &c), ONYM_MALFORMED);
        out[25] = (uint8_t)(out[25] - change);
    }
    assert_int_equal(onym_credential_decode(onym_span_of(out, len), &c), ONYM_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(credential_comes_back_as_it_was),
        cmocka_unit_test(credential_refuses_any_part_of_itself_and_more),
        cmocka_unit_test(credential_checks_the_length_of_the_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
