/* Encrypted messages and the window of counters. */
#include "auth/session.h"

#include "auth_test.h"

static struct onym_session_secret
secret_of(void **state)
{
    onym_span bytes = vector_hex(state, "session-key/dh-aes", "hex");
    struct onym_session_secret secret;

    assert_int_equal(bytes.len, sizeof secret.bytes);
    memcpy(secret.bytes, bytes.at, bytes.len);
    return secret;
}

/* NIST SP 800-38A F.2.1, the first block, with the padding block that follows it here. */
static void
cbc_of_the_standard(void **state)
{
    struct onym_session_secret secret = {{0}};
    onym_span key = hex_bytes(state, "2b7e151628aed2a6abf7158809cf4f3c");
    onym_span plain = hex_bytes(state, "6bc1bee22e409f96e93d7e117393172a");
    onym_span cipher = hex_bytes(state, "000102030405060708090a0b0c0d0e0f"
                                        "7649abac8119b246cee98e9b12e9197d"
                                        "8964e0b149c10b7b682e6e39aaeb731c");
    uint8_t out[64];
    size_t len = 0;

    memcpy(secret.bytes, key.at, key.len);
    assert_int_equal(onym_session_decrypt(&secret, 0x0204, cipher, out, cipher.len - 16, &len),
                     ONYM_OK);
    assert_true(onym_span_equal(onym_span_of(out, len), plain));
}

static void
every_length_comes_back(void **state)
{
    struct onym_session_secret secret = secret_of(state);
    struct onym_rng rng = onym_rng_seeded(7);
    uint8_t plain[64];
    uint8_t cipher[ONYM_SESSION_CIPHER_LEN(sizeof plain)];
    uint8_t again[sizeof cipher];

    for (size_t i = 0; i < sizeof plain; i++) {
        plain[i] = (uint8_t)(i * 7);
    }
    for (size_t size = 0; size <= sizeof plain; size++) {
        size_t len = ONYM_SESSION_CIPHER_LEN(size);
        size_t again_len = 0;

        assert_int_equal(
            onym_session_encrypt(&secret, 0x020B, &rng, onym_span_of(plain, size), cipher, len - 1),
            ONYM_NO_SPACE);
        assert_int_equal(
            onym_session_encrypt(&secret, 0x020B, &rng, onym_span_of(plain, size), cipher, len),
            ONYM_OK);
        assert_int_equal(onym_session_decrypt(&secret, 0x020B, onym_span_of(cipher, len), again,
                                              len - 17, &again_len),
                         ONYM_NO_SPACE);
        assert_int_equal(onym_session_decrypt(&secret, 0x020B, onym_span_of(cipher, len), again,
                                              len - 16, &again_len),
                         ONYM_OK);
        assert_true(onym_span_equal(onym_span_of(again, again_len), onym_span_of(plain, size)));
    }
    onym_session_secret_wipe(&secret);
    assert_int_equal(secret.bytes[0] | secret.bytes[31], 0);
}

static void
the_same_message_never_looks_the_same(void **state)
{
    struct onym_session_secret secret = secret_of(state);
    struct onym_rng rng = onym_rng_system();
    uint8_t a[48];
    uint8_t b[48];

    assert_int_equal(
        onym_session_encrypt(&secret, 0x020B, &rng, onym_span_text("the same"), a, sizeof a),
        ONYM_OK);
    assert_int_equal(
        onym_session_encrypt(&secret, 0x020B, &rng, onym_span_text("the same"), b, sizeof b),
        ONYM_OK);
    assert_memory_not_equal(a, b, 16);
    assert_memory_not_equal(a + 16, b + 16, 16);
}

static void
the_largest_message_fits(void **state)
{
    struct onym_session_secret secret = secret_of(state);
    struct onym_rng rng = onym_rng_seeded(7);
    size_t cap = ONYM_SESSION_CIPHER_LEN_MAX + 16;
    uint8_t *plain = vectors_room(state, ONYM_MESSAGE_LEN_MAX + 1);
    uint8_t *cipher = vectors_room(state, cap);
    uint8_t *again = vectors_room(state, cap);
    size_t len = ONYM_SESSION_CIPHER_LEN_MAX;

    assert_int_equal(onym_session_encrypt(&secret, 0x020B, &rng,
                                          onym_span_of(plain, ONYM_MESSAGE_LEN_MAX + 1), cipher,
                                          cap),
                     ONYM_SESSION_FAILED);
    assert_int_equal(onym_session_encrypt(&secret, 0x020B, &rng,
                                          onym_span_of(plain, ONYM_MESSAGE_LEN_MAX), cipher,
                                          len - 1),
                     ONYM_NO_SPACE);
    assert_int_equal(onym_session_encrypt(&secret, 0x020B, &rng,
                                          onym_span_of(plain, ONYM_MESSAGE_LEN_MAX), cipher, len),
                     ONYM_OK);
    assert_int_equal(
        onym_session_decrypt(&secret, 0x020B, onym_span_of(cipher, len), again, cap, &len),
        ONYM_OK);
    assert_int_equal(len, ONYM_MESSAGE_LEN_MAX);
    assert_int_equal(
        onym_session_decrypt(&secret, 0x020B, onym_span_of(cipher, cap), again, cap, &len),
        ONYM_SESSION_REJECTED);
}

static void
old_versions_have_no_encryption_here(void **state)
{
    struct onym_session_secret secret = secret_of(state);
    struct onym_rng rng = onym_rng_seeded(7);
    uint8_t out[64];
    size_t len = ONYM_SESSION_CIPHER_LEN(1U);

    assert_int_equal(
        onym_session_encrypt(&secret, 0x0203, &rng, onym_span_text("x"), out, sizeof out),
        ONYM_SESSION_FAILED);
    assert_int_equal(
        onym_session_encrypt(&secret, 0x0204, &rng, onym_span_text("x"), out, sizeof out), ONYM_OK);
    assert_int_equal(
        onym_session_decrypt(&secret, 0x0203, onym_span_of(out, len), out + 32, 32, &len),
        ONYM_SESSION_FAILED);
}

static void
what_is_not_whole_blocks_is_rejected(void **state)
{
    struct onym_session_secret secret = secret_of(state);
    uint8_t *cipher = vectors_room(state, 64);
    uint8_t out[64];
    size_t len = 0;

    for (size_t size = 0; size < 64; size++) {
        if (size < 32 || size % 16 != 0) {
            assert_int_equal(onym_session_decrypt(&secret, 0x020B, onym_span_of(cipher, size), out,
                                                  sizeof out, &len),
                             ONYM_SESSION_REJECTED);
        }
    }
}

/* One changed bit is never taken for the message; another key's message almost never decrypts. */
static void
a_changed_bit_changes_the_message_or_breaks_it(void **state)
{
    struct onym_session_secret secret = secret_of(state);
    struct onym_rng rng = onym_rng_seeded(7);
    const onym_span plain = onym_span_text("header, body and credential");
    uint8_t cipher[64];
    uint8_t out[64];
    size_t len = ONYM_SESSION_CIPHER_LEN(plain.len);
    size_t out_len = 0;
    size_t broken = 0;

    assert_int_equal(onym_session_encrypt(&secret, 0x020B, &rng, plain, cipher, sizeof cipher),
                     ONYM_OK);
    for (size_t bit = 0; bit < 8 * len; bit++) {
        enum onym_status status = onym_session_decrypt(
            &secret, 0x020B, flipped(state, onym_span_of(cipher, len), bit), out, sizeof out,
            &out_len);

        broken += status == ONYM_SESSION_REJECTED;
        assert_true(status == ONYM_SESSION_REJECTED ||
                    (status == ONYM_OK && !onym_span_equal(onym_span_of(out, out_len), plain)));
    }
    assert_true(broken > 8 * 16); /* most of the last two blocks */
}

/* ---- replay ---- */

static void
counters_count_once(void **state)
{
    struct onym_replay_window window = {0};

    (void)state;
    assert_int_equal(onym_replay_accept(&window, 0), ONYM_SESSION_REJECTED);
    for (uint32_t counter = 1; counter <= 1000; counter++) {
        assert_int_equal(onym_replay_accept(&window, counter), ONYM_OK);
        assert_int_equal(onym_replay_accept(&window, counter), ONYM_SESSION_REJECTED);
    }
    for (uint32_t counter = 0; counter <= 1000; counter++) {
        assert_int_equal(onym_replay_accept(&window, counter), ONYM_SESSION_REJECTED);
    }
}

static void
late_counters_are_taken_within_the_window(void **state)
{
    struct onym_replay_window window = {0};

    (void)state;
    assert_int_equal(onym_replay_accept(&window, 1000), ONYM_OK);
    assert_int_equal(onym_replay_accept(&window, 801), ONYM_OK); /* the 200th, counted with 1000 */
    assert_int_equal(onym_replay_accept(&window, 800), ONYM_SESSION_REJECTED);
    assert_int_equal(onym_replay_accept(&window, 801), ONYM_SESSION_REJECTED);
    assert_int_equal(onym_replay_accept(&window, 1001), ONYM_OK);
    assert_int_equal(onym_replay_accept(&window, 801), ONYM_SESSION_REJECTED);
    assert_int_equal(onym_replay_accept(&window, 802), ONYM_OK);
    for (uint32_t counter = 999; counter > 802; counter--) {
        assert_int_equal(onym_replay_accept(&window, counter), ONYM_OK);
    }
    assert_int_equal(onym_replay_accept(&window, 1000), ONYM_SESSION_REJECTED);
}

/* Jumps of any width forget what they pass and nothing else. */
static void
jumps_forget_nothing_within_the_window(void **state)
{
    static const uint32_t jumps[] = {2, 63, 64, 65, 199, 200, 201, 255, 256, 257, 512, 100000};

    (void)state;
    for (size_t i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
        struct onym_replay_window window = {0};
        uint32_t high = 500 + jumps[i];

        for (uint32_t counter = 301; counter <= 500; counter++) {
            assert_int_equal(onym_replay_accept(&window, counter), ONYM_OK);
        }
        assert_int_equal(onym_replay_accept(&window, high), ONYM_OK);
        for (uint32_t counter = high - 260; counter <= high; counter++) {
            bool fresh = counter > 500 && counter < high && high - counter < 200;

            assert_int_equal(onym_replay_accept(&window, counter),
                             fresh ? ONYM_OK : ONYM_SESSION_REJECTED);
        }
    }
}

static void
the_last_counter_is_the_end(void **state)
{
    struct onym_replay_window window = {0};

    (void)state;
    assert_int_equal(onym_replay_accept(&window, UINT32_MAX - 1), ONYM_OK);
    assert_int_equal(onym_replay_accept(&window, UINT32_MAX), ONYM_OK);
    assert_int_equal(onym_replay_accept(&window, UINT32_MAX), ONYM_SESSION_REJECTED);
    assert_int_equal(onym_replay_accept(&window, 1), ONYM_SESSION_REJECTED);
    assert_int_equal(onym_replay_accept(&window, UINT32_MAX - 199), ONYM_OK);
    assert_int_equal(onym_replay_accept(&window, UINT32_MAX - 200), ONYM_SESSION_REJECTED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cbc_of_the_standard),
        cmocka_unit_test(every_length_comes_back),
        cmocka_unit_test(the_same_message_never_looks_the_same),
        cmocka_unit_test(the_largest_message_fits),
        cmocka_unit_test(old_versions_have_no_encryption_here),
        cmocka_unit_test(what_is_not_whole_blocks_is_rejected),
        cmocka_unit_test(a_changed_bit_changes_the_message_or_breaks_it),
        cmocka_unit_test(counters_count_once),
        cmocka_unit_test(late_counters_are_taken_within_the_window),
        cmocka_unit_test(jumps_forget_nothing_within_the_window),
        cmocka_unit_test(the_last_counter_is_the_end),
    };

    return cmocka_run_group_tests(tests, vectors_setup, vectors_teardown);
}
