/* Challenges, answers and session set-up: what depends on the version and on the mode. */
#include "wire/session.h"

#include "wire/resolve.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the four above and below it in place */
#include <cmocka.h>

#define ROOM 512U

static void
challenge_carries_the_digest_itself_before_2_1(void **state)
{
    static const uint8_t nonce[16] = {1};
    static const uint8_t digest[16] = {2};
    struct onym_challenge challenge = {.nonce = onym_span_of(nonce, 16),
                                       .digest = onym_span_of(digest, 16)};
    struct onym_challenge found;
    uint8_t out[ROOM];
    size_t len;
    onym_span body;

    (void)state;
    assert_int_equal(onym_challenge_encode(&challenge, ONYM_VERSION(2, 0), out, ROOM, &len),
                     ONYM_OK);
    assert_int_equal(len, 40);
    body = onym_span_of(out, len);
    assert_int_equal(onym_challenge_decode(&body, ONYM_VERSION(2, 0), &found), ONYM_OK);
    assert_true(onym_span_equal(found.nonce, challenge.nonce));
    assert_true(onym_span_equal(found.digest, challenge.digest));
    assert_int_equal(body.len, 0);
    assert_int_equal(onym_challenge_encode(&challenge, ONYM_VERSION(2, 1), out, ROOM, &len),
                     ONYM_OK);
    assert_int_equal(len, 20);
    body = onym_span_of(out, len);
    assert_int_equal(onym_challenge_decode(&body, ONYM_VERSION(2, 0), &found), ONYM_MALFORMED);
    assert_int_equal(onym_challenge_decode(&body, ONYM_VERSION(2, 1), &found), ONYM_OK);
    assert_int_equal(found.digest.len, 0);
}

static enum onym_status
verify_with(const uint8_t *digest, uint32_t digest_len, struct onym_verify_request *out)
{
    uint8_t body[ROOM] = {0, 0, 0, 1, 'u', 0, 0, 1, 0x2C, 0, 0, 0, 1, 'n', 0, 0, 0};
    onym_span span = onym_span_of(body, 18 + digest_len + 4);

    body[17] = (uint8_t)digest_len;
    memcpy(body + 18, digest, digest_len);
    return onym_verify_request_decode(&span, out);
}

static void
verify_request_knows_the_digests_lengths(void **state)
{
    static const uint32_t lens[] = {16, 20, 32};
    uint8_t digest[40] = {0};
    struct onym_verify_request verify;

    (void)state;
    for (uint8_t code = 1; code <= 3; code++) {
        digest[0] = code;
        assert_int_equal(verify_with(digest, lens[code - 1] + 1, &verify), ONYM_OK);
        assert_int_equal(verify.index, 300);
        assert_int_equal(verify.digest_code, code);
        assert_int_equal(verify.digest.len, lens[code - 1]);
        assert_int_equal(verify_with(digest, lens[code - 1] + 2, &verify), ONYM_MALFORMED);
    }
    assert_int_equal(verify_with(digest, 16, &verify), ONYM_OK); /* MD5 without a code */
    assert_int_equal(verify.digest_code, 0);
    assert_int_equal(verify.digest.len, 16);
    digest[0] = 0;
    assert_int_equal(verify_with(digest, 0, &verify), ONYM_MALFORMED);
    assert_int_equal(verify_with(digest, 1, &verify), ONYM_MALFORMED);
    digest[0] = 4;
    assert_int_equal(verify_with(digest, 33, &verify), ONYM_MALFORMED);
}

static void
verify_reply_is_its_lowest_bit(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 256; bits++) {
        uint8_t byte = (uint8_t)bits;
        onym_span body = onym_span_of(&byte, 1);
        bool valid;

        assert_int_equal(onym_verify_reply_decode(&body, &valid), ONYM_OK);
        assert_int_equal(valid, bits & 1);
    }
}

/* Every mode, with the two unused bytes, without them, and with bytes behind. */
static void
session_setup_has_its_two_unused_bytes_in_every_mode(void **state)
{
    (void)state;
    for (uint16_t mode = 1; mode <= 4; mode++) {
        bool own_key = mode == ONYM_SESSION_CLIENT_KEY || mode == ONYM_SESSION_DIFFIE_HELLMAN;
        struct onym_session_setup setup = {
            .mode = mode,
            .timeout_s = 86400,
            .identity = onym_span_text("u"),
            .identity_index = ONYM_SESSION_NO_INDEX,
            .public_key = onym_span_text(own_key ? "key" : ""),
            .key_name = onym_span_text(mode == ONYM_SESSION_HANDLE_KEY ? "k" : ""),
            .key_index = mode == ONYM_SESSION_HANDLE_KEY ? 301 : 0,
        };
        struct onym_session_setup found;
        uint8_t out[ROOM];
        size_t len = 0;

        assert_int_equal(onym_session_setup_encode(&setup, out, ROOM, &len), ONYM_OK);
        assert_int_equal(len, 17 + (own_key ? 7 : mode == ONYM_SESSION_HANDLE_KEY ? 9 : 0));
        assert_int_equal(out[len - 2] | out[len - 1], 0);
        for (size_t extra = 0; extra < 3; extra++) {
            size_t given = len - 2 + extra;
            onym_span body = onym_span_of(out, given);

            assert_int_equal(onym_session_setup_decode(&body, &found), ONYM_OK);
            assert_int_equal(found.no_tail, extra < 2);
            assert_int_equal(body.len, extra < 2 ? extra : 0);
            assert_int_equal(found.mode, mode);
            assert_true(onym_span_equal(found.public_key, setup.public_key));
            assert_true(onym_span_equal(found.key_name, setup.key_name));
            assert_int_equal(found.key_index, setup.key_index);
        }
        onym_span body = onym_span_of(out, len - 3);
        assert_int_equal(onym_session_setup_decode(&body, &found), ONYM_MALFORMED);
    }
}

static void
session_setup_knows_four_modes(void **state)
{
    static const uint16_t modes[] = {0, 5, 0x0104, 0xFFFF};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct onym_session_setup setup = {.mode = modes[i]};
        uint8_t out[ROOM] = {(uint8_t)(modes[i] >> 8), (uint8_t)modes[i]};
        onym_span body = onym_span_of(out, 40);
        size_t len;

        assert_int_equal(onym_session_setup_decode(&body, &setup), ONYM_UNSUPPORTED);
        assert_int_equal(onym_session_setup_encode(&setup, out, ROOM, &len), ONYM_INVALID);
    }
}

static void
session_key_has_a_cipher_from_2_4_on(void **state)
{
    static const uint8_t data[] = {0, 0, 0, 3, 'k'};
    struct onym_session_key key;
    uint8_t out[ROOM];
    size_t len;

    (void)state;
    assert_int_equal(onym_session_key_cut(onym_span_of(data, 5), ONYM_VERSION(2, 4), &key),
                     ONYM_OK);
    assert_int_equal(key.cipher, ONYM_CIPHER_AES);
    assert_int_equal(key.key.len, 1);
    assert_int_equal(onym_session_key_join(&key, ONYM_VERSION(2, 4), out, ROOM, &len), ONYM_OK);
    assert_memory_equal(out, data, 5);
    assert_int_equal(onym_session_key_cut(onym_span_of(data, 5), ONYM_VERSION(2, 3), &key),
                     ONYM_OK);
    assert_int_equal(key.cipher, ONYM_CIPHER_DES);
    assert_int_equal(key.key.len, 5);
    assert_int_equal(onym_session_key_cut(onym_span_of(data, 3), ONYM_VERSION(2, 4), &key),
                     ONYM_MALFORMED);
}

static void
users_are_limited_like_every_name(void **state)
{
    static uint8_t body[4 + ONYM_NAME_LEN_MAX + 1 + 4] = {0, 0, 8, 0};
    onym_span span = onym_span_of(body, 4 + ONYM_NAME_LEN_MAX + 4);
    struct onym_key_login login;

    (void)state;
    assert_int_equal(onym_key_login_decode(&span, &login), ONYM_OK);
    assert_int_equal(login.user.len, ONYM_NAME_LEN_MAX);
    body[3] = 1;
    span = onym_span_of(body, sizeof body);
    assert_int_equal(onym_key_login_decode(&span, &login), ONYM_MALFORMED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(challenge_carries_the_digest_itself_before_2_1),
        cmocka_unit_test(verify_request_knows_the_digests_lengths),
        cmocka_unit_test(verify_reply_is_its_lowest_bit),
        cmocka_unit_test(session_setup_has_its_two_unused_bytes_in_every_mode),
        cmocka_unit_test(session_setup_knows_four_modes),
        cmocka_unit_test(session_key_has_a_cipher_from_2_4_on),
        cmocka_unit_test(users_are_limited_like_every_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
