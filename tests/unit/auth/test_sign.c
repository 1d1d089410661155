/* Signatures: right ones are taken, and nothing else is. */
#include "auth/sign.h"

#include "key_make.h"

static const struct onym_auth_policy usual = {.allow_sha1 = true, .allow_md5 = false};
static const struct onym_auth_policy everything = {.allow_sha1 = true, .allow_md5 = true};
static const struct onym_auth_policy strict = {.allow_sha1 = false, .allow_md5 = false};

static struct onym_key *
fresh(enum onym_key_family family)
{
    struct onym_key *key = NULL;

    assert_int_equal(onym_key_generate(family, family == ONYM_FAMILY_RSA ? 2048 : 256, &key),
                     ONYM_OK);
    return key;
}

static struct onym_key *
key_of(onym_span data)
{
    struct onym_key *key = NULL;

    assert_int_equal(onym_key_from_hs_pubkey(data, &key), ONYM_OK);
    return key;
}

static void
expect_hash(const char *name, enum onym_sign_hash expected)
{
    enum onym_sign_hash hash = ONYM_SIGN_SM3;

    assert_int_equal(onym_sign_hash_named(onym_span_text(name), &everything, &hash), ONYM_OK);
    assert_int_equal(hash, expected);
}

static void
hashes_have_many_names(void **state)
{
    static const char *const wrong[] = {
        "", "SHA", "SHA-2", "SHA-512", "\4", "3", "md", "sm33", "SHA-256SHA-256SHA-256"};
    enum onym_sign_hash hash;

    (void)state;
    expect_hash("SHA-256", ONYM_SIGN_SHA256);
    expect_hash("SHA256", ONYM_SIGN_SHA256);
    expect_hash("sha_256", ONYM_SIGN_SHA256);
    expect_hash("\3", ONYM_SIGN_SHA256);
    expect_hash("SHA1", ONYM_SIGN_SHA1);
    expect_hash("SHA-1", ONYM_SIGN_SHA1);
    expect_hash("\2", ONYM_SIGN_SHA1);
    expect_hash("MD5", ONYM_SIGN_MD5);
    expect_hash("\1", ONYM_SIGN_MD5);
    expect_hash("SM3", ONYM_SIGN_SM3);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(onym_sign_hash_named(onym_span_text(wrong[i]), &everything, &hash),
                         ONYM_CREDENTIAL_INVALID);
    }
    assert_int_equal(onym_sign_hash_named(onym_span_of("\0", 1), &everything, &hash),
                     ONYM_CREDENTIAL_INVALID);
}

static void
weak_hashes_follow_policy(void **state)
{
    const struct onym_auth_policy by_default = ONYM_AUTH_POLICY_DEFAULT;
    enum onym_sign_hash hash;

    (void)state;
    assert_int_equal(onym_sign_hash_named(onym_span_text("SHA1"), &by_default, &hash), ONYM_OK);
    assert_int_equal(onym_sign_hash_named(onym_span_text("MD5"), &by_default, &hash),
                     ONYM_CREDENTIAL_INVALID);
    assert_int_equal(onym_sign_hash_named(onym_span_text("SHA1"), &strict, &hash),
                     ONYM_CREDENTIAL_INVALID);
    assert_int_equal(onym_sign_hash_named(onym_span_text("\2"), &strict, &hash),
                     ONYM_CREDENTIAL_INVALID);
    assert_int_equal(onym_sign_hash_named(onym_span_text("\1"), &usual, &hash),
                     ONYM_CREDENTIAL_INVALID);
    assert_int_equal(onym_sign_hash_named(onym_span_text("SHA256"), &strict, &hash), ONYM_OK);
    assert_int_equal(onym_sign_hash_named(onym_span_text("SM3"), &strict, &hash), ONYM_OK);
}

/* Signs and verifies; then every step-th bit of signature and data, and other lengths. */
static void
expect_only_right(void **state, struct onym_key *key, enum onym_sign_hash hash, size_t step)
{
    const onym_span text = onym_span_text("nonce and digest");
    onym_span parts[] = {onym_span_front(text, 5), onym_span_from(text, 5)};
    struct onym_signed_data data = {.parts = parts, .count = 2, .user = onym_span_text("0/a")};
    uint8_t *out = vectors_room(state, ONYM_SIGNATURE_LEN_MAX);
    size_t len = 0;
    onym_span signature;

    assert_int_equal(onym_signature_make(key, hash, &data, out, ONYM_SIGNATURE_LEN_MAX, &len),
                     ONYM_OK);
    signature = onym_span_of(out, len);
    assert_int_equal(onym_signature_verify(key, hash, &data, signature), ONYM_OK);
    assert_int_equal(onym_signature_make(key, hash, &data, out, 8, &len), ONYM_NO_SPACE);
    for (size_t bit = 0; bit < 8 * signature.len; bit += step) {
        assert_int_equal(onym_signature_verify(key, hash, &data, flipped(state, signature, bit)),
                         ONYM_AUTH_FAILED);
    }
    for (size_t cut = 0; cut < signature.len; cut++) {
        assert_int_equal(onym_signature_verify(key, hash, &data, onym_span_of(signature.at, cut)),
                         ONYM_AUTH_FAILED);
    }
    parts[1] = flipped(state, parts[1], 3);
    assert_int_equal(onym_signature_verify(key, hash, &data, signature), ONYM_AUTH_FAILED);
    data.count = 1;
    assert_int_equal(onym_signature_verify(key, hash, &data, signature), ONYM_AUTH_FAILED);
}

static void
rsa_signatures(void **state)
{
    struct onym_key *key = fresh(ONYM_FAMILY_RSA);

    expect_only_right(state, key, ONYM_SIGN_SHA256, 7);
    expect_only_right(state, key, ONYM_SIGN_SHA1, 61);
    expect_only_right(state, key, ONYM_SIGN_MD5, 61);
    onym_key_free(key);
}

static void
elliptic_signatures(void **state)
{
    struct onym_key *key = fresh(ONYM_FAMILY_EC);

    expect_only_right(state, key, ONYM_SIGN_SHA256, 1);
    expect_only_right(state, key, ONYM_SIGN_SHA1, 29);
    onym_key_free(key);
}

static void
sm2_signatures(void **state)
{
    struct onym_key *key = fresh(ONYM_FAMILY_SM2);

    expect_only_right(state, key, ONYM_SIGN_SM3, 3);
    onym_key_free(key);
}

static void
keys_sign_with_their_hashes_only(void **state)
{
    struct onym_key *rsa = fresh(ONYM_FAMILY_RSA);
    struct onym_key *ec = fresh(ONYM_FAMILY_EC);
    struct onym_key *sm2 = fresh(ONYM_FAMILY_SM2);
    struct onym_key *dsa = key_of(vector_hex(state, "pubkey-answer/dsa", "publicKey"));
    const struct {
        struct onym_key *key;
        enum onym_sign_hash hash;
    } wrong[] = {{rsa, ONYM_SIGN_SM3},    {ec, ONYM_SIGN_SM3},  {ec, ONYM_SIGN_MD5},
                 {sm2, ONYM_SIGN_SHA256}, {sm2, ONYM_SIGN_MD5}, {dsa, ONYM_SIGN_MD5},
                 {dsa, ONYM_SIGN_SM3}};
    const onym_span part = onym_span_text("data");
    const struct onym_signed_data data = {.parts = &part, .count = 1};
    uint8_t out[ONYM_SIGNATURE_LEN_MAX];
    size_t len = 0;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(onym_signature_verify(wrong[i].key, wrong[i].hash, &data, part),
                         ONYM_CREDENTIAL_INVALID);
        assert_int_equal(
            onym_signature_make(wrong[i].key, wrong[i].hash, &data, out, sizeof out, &len),
            ONYM_INVALID);
    }
    assert_int_equal(onym_signature_make(dsa, ONYM_SIGN_SHA1, &data, out, sizeof out, &len),
                     ONYM_INVALID); /* no private half */
    onym_key_free(rsa);
    onym_key_free(ec);
    onym_key_free(sm2);
    onym_key_free(dsa);
}

/* The example of the standard, GB/T 32918.5 annex A.2: user 1234567812345678. */
static onym_span
standard_sm2_key(void **state)
{
    return public_pem(
        state,
        hex_bytes(state, "3059301306072a8648ce3d020106082a811ccf5501822d03420004"
                         "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
                         "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"));
}

static void
sm2_signature_of_the_standard(void **state)
{
    struct onym_key *key = key_of(standard_sm2_key(state));
    const onym_span part = onym_span_text("message digest");
    struct onym_signed_data data = {
        .parts = &part, .count = 1, .user = onym_span_text("1234567812345678")};
    onym_span signature = hex_bytes(
        state, "3046022100f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
               "022100b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa");

    assert_int_equal(onym_signature_verify(key, ONYM_SIGN_SM3, &data, signature), ONYM_OK);
    for (size_t bit = 0; bit < 8 * signature.len; bit++) {
        assert_int_equal(
            onym_signature_verify(key, ONYM_SIGN_SM3, &data, flipped(state, signature, bit)),
            ONYM_AUTH_FAILED);
    }
    data.user = onym_span_text("1234567812345679");
    assert_int_equal(onym_signature_verify(key, ONYM_SIGN_SM3, &data, signature), ONYM_AUTH_FAILED);
    data.user = onym_span_of(NULL, 0);
    assert_int_equal(onym_signature_verify(key, ONYM_SIGN_SM3, &data, signature), ONYM_AUTH_FAILED);
    onym_key_free(key);
}

static void
sm2_user_is_bounded(void **state)
{
    struct onym_key *key = fresh(ONYM_FAMILY_SM2);
    const onym_span part = onym_span_text("data");
    uint8_t *user = vectors_room(state, ONYM_SIGN_USER_LEN_MAX + 1);
    struct onym_signed_data data = {
        .parts = &part, .count = 1, .user = onym_span_of(user, ONYM_SIGN_USER_LEN_MAX)};
    uint8_t out[ONYM_SIGNATURE_LEN_MAX];
    size_t len = 0;

    memset(user, 'u', ONYM_SIGN_USER_LEN_MAX + 1);
    assert_int_equal(onym_signature_make(key, ONYM_SIGN_SM3, &data, out, sizeof out, &len),
                     ONYM_OK);
    assert_int_equal(onym_signature_verify(key, ONYM_SIGN_SM3, &data, onym_span_of(out, len)),
                     ONYM_OK);
    data.user.len++;
    assert_int_equal(onym_signature_verify(key, ONYM_SIGN_SM3, &data, onym_span_of(out, len)),
                     ONYM_CREDENTIAL_INVALID);
    assert_int_equal(onym_signature_make(key, ONYM_SIGN_SM3, &data, out, sizeof out, &len),
                     ONYM_INVALID);
    onym_key_free(key);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_have_many_names),
        cmocka_unit_test(weak_hashes_follow_policy),
        cmocka_unit_test(rsa_signatures),
        cmocka_unit_test(elliptic_signatures),
        cmocka_unit_test(sm2_signatures),
        cmocka_unit_test(keys_sign_with_their_hashes_only),
        cmocka_unit_test(sm2_signature_of_the_standard),
        cmocka_unit_test(sm2_user_is_bounded),
    };

    return cmocka_run_group_tests(tests, vectors_setup, vectors_teardown);
}
