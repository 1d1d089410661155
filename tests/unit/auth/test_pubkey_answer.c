/* HS_PUBKEY answers to challenges. */
#include "auth/sign.h"

#include "key_make.h"

static const struct onym_auth_policy usual = {.allow_sha1 = true, .allow_md5 = false};
static const struct onym_auth_policy strict = {.allow_sha1 = false, .allow_md5 = false};

static onym_span
answer_of(void **state, size_t name_len, size_t signature_len)
{
    size_t cap = 8 + name_len + signature_len;
    uint8_t *room = vectors_room(state, cap);
    struct onym_writer w = onym_writer_over(room, cap);

    onym_writer_counted(&w, onym_span_of(vectors_room(state, name_len), name_len));
    onym_writer_counted(&w, onym_span_of(vectors_room(state, signature_len), signature_len));
    assert_int_equal(w.status, ONYM_OK);
    return onym_writer_written(&w);
}

static void
an_answer_is_two_bounded_fields(void **state)
{
    onym_span whole = answer_of(state, 7, 256);
    uint8_t *longer = vectors_room(state, whole.len + 1);
    struct onym_pubkey_answer a;

    memcpy(longer, whole.at, whole.len);
    assert_int_equal(onym_pubkey_answer_decode(whole, &a), ONYM_OK);
    assert_int_equal(a.hash_name.len, 7);
    assert_int_equal(a.signature.len, 256);
    for (size_t cut = 0; cut < whole.len; cut++) {
        assert_int_equal(onym_pubkey_answer_decode(onym_span_of(whole.at, cut), &a),
                         ONYM_MALFORMED);
    }
    assert_int_equal(onym_pubkey_answer_decode(onym_span_of(longer, whole.len + 1), &a),
                     ONYM_MALFORMED);
    assert_int_equal(onym_pubkey_answer_decode(answer_of(state, ONYM_SIGN_NAME_LEN_MAX, 8), &a),
                     ONYM_OK);
    assert_int_equal(onym_pubkey_answer_decode(answer_of(state, ONYM_SIGN_NAME_LEN_MAX + 1, 8), &a),
                     ONYM_MALFORMED);
    assert_int_equal(onym_pubkey_answer_decode(answer_of(state, 7, ONYM_SIGNATURE_LEN_MAX), &a),
                     ONYM_OK);
    assert_int_equal(onym_pubkey_answer_decode(answer_of(state, 7, ONYM_SIGNATURE_LEN_MAX + 1), &a),
                     ONYM_MALFORMED);
}

static void
dsa_answer_of_the_reference(void **state)
{
    static const char name[] = "pubkey-answer/dsa";
    const struct onym_challenged about = {.nonce = vector_hex(state, name, "nonce"),
                                          .digest = vector_hex(state, name, "digest"),
                                          .version = 0x020B};
    struct onym_challenged other = about;
    onym_span answer = vector_hex(state, name, "hex");
    struct onym_key *key = NULL;

    assert_int_equal(onym_key_from_hs_pubkey(vector_hex(state, name, "publicKey"), &key), ONYM_OK);
    assert_int_equal(onym_pubkey_answer_verify(key, &about, answer, &strict), ONYM_OK);
    for (size_t bit = 8 * (answer.len - 46); bit < 8 * answer.len; bit++) {
        assert_int_equal(
            onym_pubkey_answer_verify(key, &about, flipped(state, answer, bit), &strict),
            ONYM_AUTH_FAILED);
    }
    other.nonce = flipped(state, about.nonce, 127);
    assert_int_equal(onym_pubkey_answer_verify(key, &other, answer, &strict), ONYM_AUTH_FAILED);
    other = about;
    other.digest = flipped(state, about.digest, 0);
    assert_int_equal(onym_pubkey_answer_verify(key, &other, answer, &strict), ONYM_AUTH_FAILED);
    onym_key_free(key);
}

/* The hash a client of the version names, and whether a policy without SHA-1 takes it. */
static void
expect_made(const struct onym_key *key, uint16_t version, const char *hash, bool strict_takes_it)
{
    const struct onym_challenged about = {.nonce = onym_span_text("0123456789abcdef"),
                                          .digest = onym_span_text("0123456789abcdef0123"),
                                          .user = onym_span_text("0.NA/88.1"),
                                          .version = version};
    uint8_t out[ONYM_SIGNATURE_LEN_MAX + 32];
    size_t len = 0;
    struct onym_pubkey_answer a;

    assert_int_equal(onym_pubkey_answer_make(key, &about, out, sizeof out, &len), ONYM_OK);
    assert_int_equal(onym_pubkey_answer_decode(onym_span_of(out, len), &a), ONYM_OK);
    assert_true(onym_span_equal(a.hash_name, onym_span_text(hash)));
    assert_int_equal(onym_pubkey_answer_verify(key, &about, onym_span_of(out, len), &usual),
                     ONYM_OK);
    assert_int_equal(onym_pubkey_answer_verify(key, &about, onym_span_of(out, len), &strict),
                     strict_takes_it ? ONYM_OK : ONYM_CREDENTIAL_INVALID);
    assert_int_equal(onym_pubkey_answer_make(key, &about, out, 16, &len), ONYM_NO_SPACE);
}

static void
answers_follow_the_version(void **state)
{
    struct onym_key *key = NULL;

    (void)state;
    assert_int_equal(onym_key_generate(ONYM_FAMILY_RSA, 2048, &key), ONYM_OK);
    expect_made(key, 0x0201, "SHA1", false);
    expect_made(key, 0x0206, "SHA1", false);
    expect_made(key, 0x0207, "SHA-256", true);
    expect_made(key, 0x020B, "SHA-256", true);
    onym_key_free(key);
    assert_int_equal(onym_key_generate(ONYM_FAMILY_EC, 384, &key), ONYM_OK);
    expect_made(key, 0x020B, "SHA-256", true);
    onym_key_free(key);
    assert_int_equal(onym_key_generate(ONYM_FAMILY_SM2, 256, &key), ONYM_OK);
    expect_made(key, 0x0203, "SM3", true);
    onym_key_free(key);
}

static void
dsa_follows_the_version_later(void **state)
{
    struct onym_key *key = NULL;

    assert_int_equal(
        onym_key_from_hs_pubkey(vector_hex(state, "pubkey-answer/dsa", "publicKey"), &key),
        ONYM_OK);
    assert_int_equal(onym_sign_hash_for(key, 0x020A), ONYM_SIGN_SHA1);
    assert_int_equal(onym_sign_hash_for(key, 0x020B), ONYM_SIGN_SHA256);
    onym_key_free(key);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_two_bounded_fields),
        cmocka_unit_test(dsa_answer_of_the_reference),
        cmocka_unit_test(answers_follow_the_version),
        cmocka_unit_test(dsa_follows_the_version_later),
    };

    return cmocka_run_group_tests(tests, vectors_setup, vectors_teardown);
}
