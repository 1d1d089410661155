/* Public keys: what is taken from a record, what is refused before OpenSSL sees it. */
#include "auth/keys.h"

#include "key_make.h"

static void
expect_fingerprint(void **state, const char *name, const char *hex)
{
    onym_span expected = hex_bytes(state, hex);
    uint8_t fingerprint[ONYM_FINGERPRINT_LEN];
    struct onym_key *key = NULL;

    assert_int_equal(onym_key_from_hs_pubkey(vector_hex(state, name, "hex"), &key), ONYM_OK);
    assert_int_equal(onym_key_family(key), ONYM_FAMILY_RSA);
    assert_int_equal(onym_key_bits(key), 2048);
    assert_false(onym_key_is_private(key));
    assert_int_equal(onym_key_fingerprint(key, fingerprint), ONYM_OK);
    assert_memory_equal(fingerprint, expected.at, sizeof fingerprint);
    onym_key_free(key);
}

/* The digests come from another implementation's SubjectPublicKeyInfo of the same numbers. */
static void
fingerprints_are_those_others_compute(void **state)
{
    expect_fingerprint(state, "key/test-rsa-2048",
                       "95425d90b1fbbb2ced4ba499f61b8aeb99a3a99e489619c3b1a2ab66964703a6");
    expect_fingerprint(state, "key/admin-rsa-2048",
                       "c8b18823d456b505767d2eb99996c7b001859df841075305822864138b6eaa14");
}

static void
expect_same_data(onym_span data, enum onym_key_family family)
{
    uint8_t out[ONYM_KEY_HS_PUBKEY_LEN_MAX];
    size_t len = 0;
    struct onym_key *key = NULL;

    assert_int_equal(onym_key_from_hs_pubkey(data, &key), ONYM_OK);
    assert_int_equal(onym_key_family(key), family);
    assert_int_equal(onym_key_to_hs_pubkey(key, out, data.len - 1, &len), ONYM_NO_SPACE);
    assert_int_equal(onym_key_to_hs_pubkey(key, out, data.len, &len), ONYM_OK);
    assert_true(onym_span_equal(onym_span_of(out, len), data));
    onym_key_free(key);
}

static void
keys_of_the_reference_come_out_as_they_went_in(void **state)
{
    expect_same_data(vector_hex(state, "key/test-rsa-2048", "hex"), ONYM_FAMILY_RSA);
    expect_same_data(vector_hex(state, "key/admin-rsa-2048", "hex"), ONYM_FAMILY_RSA);
    expect_same_data(vector_hex(state, "pubkey-answer/dsa", "publicKey"), ONYM_FAMILY_DSA);
}

static void
keys_of_every_family_come_out_as_they_went_in(void **state)
{
    static const struct {
        enum onym_key_family family;
        unsigned bits;
    } fresh[] = {{ONYM_FAMILY_RSA, 2048},
                 {ONYM_FAMILY_EC, 256},
                 {ONYM_FAMILY_EC, 384},
                 {ONYM_FAMILY_EC, 521},
                 {ONYM_FAMILY_SM2, 256}};

    (void)state;
    for (size_t i = 0; i < sizeof fresh / sizeof fresh[0]; i++) {
        uint8_t data[ONYM_KEY_HS_PUBKEY_LEN_MAX];
        size_t len = 0;
        struct onym_key *key = NULL;

        assert_int_equal(onym_key_generate(fresh[i].family, fresh[i].bits, &key), ONYM_OK);
        assert_true(onym_key_is_private(key));
        assert_int_equal(onym_key_bits(key), fresh[i].bits);
        assert_int_equal(onym_key_to_hs_pubkey(key, data, sizeof data, &len), ONYM_OK);
        expect_same_data(onym_span_of(data, len), fresh[i].family);
        onym_key_free(key);
    }
}

static void
generate_refuses_other_sizes(void **state)
{
    struct onym_key *key = NULL;

    (void)state;
    assert_int_equal(onym_key_generate(ONYM_FAMILY_RSA, 1792, &key), ONYM_INVALID);
    assert_int_equal(onym_key_generate(ONYM_FAMILY_RSA, 2049, &key), ONYM_INVALID);
    assert_int_equal(onym_key_generate(ONYM_FAMILY_RSA, 8448, &key), ONYM_INVALID);
    assert_int_equal(onym_key_generate(ONYM_FAMILY_EC, 224, &key), ONYM_INVALID);
    assert_int_equal(onym_key_generate(ONYM_FAMILY_EC, 512, &key), ONYM_INVALID);
    assert_int_equal(onym_key_generate(ONYM_FAMILY_SM2, 384, &key), ONYM_INVALID);
    assert_int_equal(onym_key_generate(ONYM_FAMILY_DSA, 2048, &key), ONYM_UNSUPPORTED);
    assert_null(key);
    assert_string_equal(onym_key_family_name(ONYM_FAMILY_SM2), "SM2");
    onym_key_free(NULL);
}

static void
any_part_of_a_key_is_no_key(void **state)
{
    static const char *const names[][2] = {{"key/test-rsa-2048", "hex"},
                                           {"pubkey-answer/dsa", "publicKey"}};

    for (size_t i = 0; i < 2; i++) {
        onym_span data = vector_hex(state, names[i][0], names[i][1]);
        /* the four zero bytes behind an RSA key may be missing */
        size_t whole = i == 0 ? data.len - 4 : data.len;

        for (size_t cut = 0; cut < whole; cut++) {
            assert_int_equal(judged(onym_span_of(data.at, cut)), ONYM_CREDENTIAL_INVALID);
        }
        assert_int_equal(judged(onym_span_of(data.at, whole)), ONYM_OK);
    }
}

static void
kinds_that_cannot_sign_are_refused(void **state)
{
    const onym_span numbers[] = {integer(state, 1024), integer(state, 1024), integer(state, 2)};
    const onym_span text = onym_span_text("-----BEGIN SM9 SIGN MASTER PUBLIC KEY-----");

    assert_int_equal(judged(hs_pubkey(state, "DH_PUB_KEY", numbers, 3)), ONYM_CREDENTIAL_INVALID);
    assert_int_equal(judged(hs_pubkey(state, "SM9_PUB_KEY", &text, 1)), ONYM_CREDENTIAL_INVALID);
    assert_int_equal(judged(hs_pubkey(state, "SM2_PUB_KEY", &text, 1)), ONYM_CREDENTIAL_INVALID);
    assert_int_equal(judged(hs_pubkey(state, "EC_PUB_KEY", numbers, 1)), ONYM_CREDENTIAL_INVALID);
    assert_int_equal(judged(onym_span_text("secret")), ONYM_CREDENTIAL_INVALID);
}

static enum onym_status
rsa_of(void **state, onym_span exponent, onym_span modulus)
{
    const onym_span numbers[] = {exponent, modulus};

    return judged(hs_pubkey(state, "RSA_PUB_KEY", numbers, 2));
}

static void
rsa_is_bounded(void **state)
{
    onym_span e = integer(state, 17);
    onym_span n = integer(state, 2048);
    uint8_t *even = vectors_room(state, n.len);

    memcpy(even, n.at, n.len);
    even[n.len - 1] = 2;
    assert_int_equal(rsa_of(state, e, integer(state, 1023)), ONYM_CREDENTIAL_INVALID);
    assert_int_equal(rsa_of(state, e, integer(state, 1024)), ONYM_OK);
    assert_int_equal(rsa_of(state, e, integer(state, 8192)), ONYM_OK);
    assert_int_equal(rsa_of(state, e, integer(state, 8193)), ONYM_CREDENTIAL_INVALID);
    assert_int_equal(rsa_of(state, e, integer(state, 65536)), ONYM_CREDENTIAL_INVALID);
    assert_int_equal(rsa_of(state, integer(state, 64), n), ONYM_OK);
    assert_int_equal(rsa_of(state, integer(state, 65), n), ONYM_CREDENTIAL_INVALID);
    assert_int_equal(rsa_of(state, small_integer(state, 3), n), ONYM_OK);
    assert_int_equal(rsa_of(state, small_integer(state, 2), n), ONYM_CREDENTIAL_INVALID);
    assert_int_equal(rsa_of(state, small_integer(state, 1), n), ONYM_CREDENTIAL_INVALID);
    assert_int_equal(rsa_of(state, small_integer(state, 0), n), ONYM_CREDENTIAL_INVALID);
    assert_int_equal(rsa_of(state, e, onym_span_of(even, n.len)), ONYM_CREDENTIAL_INVALID);
    assert_int_equal(rsa_of(state, e, small_integer(state, 0)), ONYM_CREDENTIAL_INVALID);
}

static enum onym_status
dsa_of(void **state, onym_span q, onym_span p, onym_span g, onym_span y)
{
    const onym_span numbers[] = {q, p, g, y};

    return judged(hs_pubkey(state, "DSA_PUB_KEY", numbers, 4));
}

static void
dsa_is_bounded(void **state)
{
    onym_span q = integer(state, 160);
    onym_span p = integer(state, 2048);
    onym_span g = small_integer(state, 2);
    onym_span y = small_integer(state, 5);

    assert_int_equal(dsa_of(state, q, p, g, y), ONYM_OK);
    assert_int_equal(dsa_of(state, q, integer(state, 1023), g, y), ONYM_CREDENTIAL_INVALID);
    assert_int_equal(dsa_of(state, q, integer(state, 1024), g, y), ONYM_OK);
    assert_int_equal(dsa_of(state, q, integer(state, 3072), g, y), ONYM_OK);
    assert_int_equal(dsa_of(state, q, integer(state, 3073), g, y), ONYM_CREDENTIAL_INVALID);
    assert_int_equal(dsa_of(state, integer(state, 159), p, g, y), ONYM_CREDENTIAL_INVALID);
    assert_int_equal(dsa_of(state, integer(state, 161), p, g, y), ONYM_CREDENTIAL_INVALID);
    assert_int_equal(dsa_of(state, integer(state, 224), p, g, y), ONYM_OK);
    assert_int_equal(dsa_of(state, integer(state, 256), p, g, y), ONYM_OK);
    for (uint8_t low = 0; low < 2; low++) {
        onym_span small = small_integer(state, low);

        assert_int_equal(dsa_of(state, q, p, small, y), ONYM_CREDENTIAL_INVALID);
        assert_int_equal(dsa_of(state, q, p, g, small), ONYM_CREDENTIAL_INVALID);
    }
    assert_int_equal(dsa_of(state, q, p, g, p), ONYM_CREDENTIAL_INVALID);
    assert_int_equal(dsa_of(state, q, p, p, y), ONYM_CREDENTIAL_INVALID);
    assert_int_equal(dsa_of(state, q, p, g, integer(state, 2049)), ONYM_CREDENTIAL_INVALID);
}

static void
a_missing_sign_byte_changes_nothing(void **state)
{
    onym_span data = vector_hex(state, "key/test-rsa-2048", "hex");
    onym_span signed_modulus = onym_span_of(data.at + data.len - 4 - 257, 257);
    const onym_span numbers[] = {hex_bytes(state, "010001"), onym_span_from(signed_modulus, 1)};
    uint8_t a[ONYM_FINGERPRINT_LEN];
    uint8_t b[ONYM_FINGERPRINT_LEN];
    struct onym_key *key = NULL;

    assert_int_equal(signed_modulus.at[0], 0);
    assert_int_equal(onym_key_from_hs_pubkey(data, &key), ONYM_OK);
    assert_int_equal(onym_key_fingerprint(key, a), ONYM_OK);
    onym_key_free(key);
    assert_int_equal(onym_key_from_hs_pubkey(hs_pubkey(state, "RSA_PUB_KEY", numbers, 2), &key),
                     ONYM_OK);
    assert_int_equal(onym_key_fingerprint(key, b), ONYM_OK);
    onym_key_free(key);
    assert_memory_equal(a, b, sizeof a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fingerprints_are_those_others_compute),
        cmocka_unit_test(keys_of_the_reference_come_out_as_they_went_in),
        cmocka_unit_test(keys_of_every_family_come_out_as_they_went_in),
        cmocka_unit_test(generate_refuses_other_sizes),
        cmocka_unit_test(any_part_of_a_key_is_no_key),
        cmocka_unit_test(kinds_that_cannot_sign_are_refused),
        cmocka_unit_test(rsa_is_bounded),
        cmocka_unit_test(dsa_is_bounded),
        cmocka_unit_test(a_missing_sign_byte_changes_nothing),
    };

    return cmocka_run_group_tests(tests, vectors_setup, vectors_teardown);
}
