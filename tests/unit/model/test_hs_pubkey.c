/* HS_PUBKEY: every type of key, the four bytes behind RSA, plain PEM texts. */
#include "onym/model/hs_pubkey.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the four above and below it in place */
#include <cmocka.h>

#define ROOM 256U

static onym_span
t(const char *text)
{
    return onym_span_text(text);
}

static const char pem[] = "-----BEGIN PUBLIC KEY-----\nMA==\n-----END PUBLIC KEY-----\n";

/* Encodes, decodes, refuses every part that is not whole; returns the length. */
static size_t
round_trip(const struct onym_hs_pubkey *key, struct onym_hs_pubkey *found, uint8_t *out)
{
    size_t len = 0;

    assert_int_equal(onym_hs_pubkey_encode(key, out, ROOM - 1, &len), ONYM_OK);
    assert_int_equal(onym_hs_pubkey_decode(onym_span_of(out, len), found), ONYM_OK);
    assert_int_equal(found->kind, key->kind);
    out[len] = 0;
    return len;
}

static void
rsa_key_ends_with_four_zero_bytes_that_may_be_missing(void **state)
{
    const struct onym_hs_pubkey key = {.kind = ONYM_KEY_RSA,
                                       .as.rsa = {.exponent = t("e"), .modulus = t("modulus")}};
    struct onym_hs_pubkey found;
    uint8_t out[ROOM];
    size_t len = round_trip(&key, &found, out);

    (void)state;
    assert_true(onym_span_equal(found.as.rsa.exponent, t("e")));
    assert_true(onym_span_equal(found.as.rsa.modulus, t("modulus")));
    assert_false(found.as.rsa.no_tail);
    assert_memory_equal(out + len - 4, "\0\0\0\0", 4);
    for (size_t cut = 0; cut <= len + 1; cut++) {
        bool whole = cut == len || cut == len - 4;

        assert_int_equal(onym_hs_pubkey_decode(onym_span_of(out, cut), &found),
                         whole ? ONYM_OK : ONYM_MALFORMED);
        assert_int_equal(found.as.rsa.no_tail, cut >= len - 4 && cut < len);
    }
    out[len - 1] = 1;
    assert_int_equal(onym_hs_pubkey_decode(onym_span_of(out, len), &found), ONYM_MALFORMED);
}

static void
other_keys_are_whole_or_refused(void **state)
{
    const struct onym_hs_pubkey keys[] = {
        {.kind = ONYM_KEY_DSA, .as.dsa = {t("q"), t("p"), t("g"), t("y")}},
        {.kind = ONYM_KEY_DH, .as.dh = {t("y"), t("p"), t("g")}},
        {.kind = ONYM_KEY_SM2, .as.text = t(pem)},
        {.kind = ONYM_KEY_SM9, .as.text = t(pem)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct onym_hs_pubkey found;
        uint8_t out[ROOM];
        size_t len = round_trip(&keys[i], &found, out);
        size_t again;

        for (size_t cut = 0; cut < len; cut++) {
            assert_int_equal(onym_hs_pubkey_decode(onym_span_of(out, cut), &found), ONYM_MALFORMED);
        }
        assert_int_equal(onym_hs_pubkey_decode(onym_span_of(out, len + 1), &found), ONYM_MALFORMED);
        assert_int_equal(onym_hs_pubkey_encode(&keys[i], out, len - 1, &again), ONYM_NO_SPACE);
    }
}

static void
pem_text_is_a_key_by_itself(void **state)
{
    struct onym_hs_pubkey key;
    uint8_t out[ROOM];
    size_t len;

    (void)state;
    assert_int_equal(onym_hs_pubkey_decode(t(pem), &key), ONYM_OK);
    assert_int_equal(key.kind, ONYM_KEY_PEM);
    assert_true(onym_span_equal(key.as.text, t(pem)));
    assert_int_equal(onym_hs_pubkey_encode(&key, out, ROOM, &len), ONYM_OK);
    assert_true(onym_span_equal(onym_span_of(out, len), t(pem)));
    assert_int_equal(onym_hs_pubkey_decode(t("-----BEGIN PUBLIC KEY----"), &key), ONYM_MALFORMED);
    assert_int_equal(onym_hs_pubkey_decode(t("-----BEGIN PRIVATE KEY-----"), &key), ONYM_MALFORMED);
}

static void
unknown_type_flags_and_empty_numbers_are_refused(void **state)
{
    static const uint8_t unknown[] = {0, 0, 0, 4, 'E', 'C', '_', 'K', 0, 0, 9, 9};
    static const uint8_t pem_type[] = {0, 0, 0, 3, 'P', 'E', 'M', 0, 0, 0, 0, 0, 0};
    const struct onym_hs_pubkey empty = {.kind = ONYM_KEY_DH, .as.dh = {t("y"), t(""), t("g")}};
    const struct onym_hs_pubkey dh = {.kind = ONYM_KEY_DH, .as.dh = {t("y"), t("p"), t("g")}};
    struct onym_hs_pubkey key = {.kind = ONYM_KEY_SM9};
    uint8_t out[ROOM];
    size_t len;

    (void)state;
    assert_int_equal(onym_hs_pubkey_decode(onym_span_of(unknown, sizeof unknown), &key),
                     ONYM_UNSUPPORTED);
    assert_int_equal(onym_hs_pubkey_decode(onym_span_of(pem_type, sizeof pem_type), &key),
                     ONYM_UNSUPPORTED);
    assert_int_equal(onym_hs_pubkey_decode(onym_span_of(NULL, 0), &key), ONYM_MALFORMED);
    assert_int_equal(onym_hs_pubkey_encode(&empty, out, ROOM, &len), ONYM_OK);
    assert_int_equal(onym_hs_pubkey_decode(onym_span_of(out, len), &key), ONYM_MALFORMED);
    assert_int_equal(onym_hs_pubkey_encode(&dh, out, ROOM, &len), ONYM_OK);
    out[4 + 10 + 1] = 1; /* the u2 behind the type */
    assert_int_equal(onym_hs_pubkey_decode(onym_span_of(out, len), &key), ONYM_MALFORMED);
    assert_int_equal(key.kind, ONYM_KEY_SM9);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rsa_key_ends_with_four_zero_bytes_that_may_be_missing),
        cmocka_unit_test(other_keys_are_whole_or_refused),
        cmocka_unit_test(pem_text_is_a_key_by_itself),
        cmocka_unit_test(unknown_type_flags_and_empty_numbers_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
