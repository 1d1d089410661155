/* HS_SECKEY answers: the forms, their bounds, and that nothing but the right bytes pass. */
#include "auth/secret.h"

#include "auth_test.h"
#include "base/writer.h"

static const struct onym_auth_policy usual = {.allow_sha1 = true, .allow_md5 = false};
static const struct onym_auth_policy everything = {.allow_sha1 = true, .allow_md5 = true};
static const struct onym_auth_policy strict = {.allow_sha1 = false, .allow_md5 = false};

#define SECRET onym_span_text("s3cret-pass")

static struct onym_challenged
challenged(void **state)
{
    static const char name[] = "secret-answer/sha1";

    return (struct onym_challenged){.nonce = vector_hex(state, name, "nonce"),
                                    .digest = vector_hex(state, name, "digest"),
                                    .version = 0x020B};
}

static void
expect_only_right(void **state, onym_span secret, const struct onym_challenged *about,
                  onym_span answer)
{
    struct onym_challenged other = *about;
    size_t mac = answer.len - 16; /* all of it, or its last part */

    assert_int_equal(onym_secret_answer_verify(secret, about, answer, &everything), ONYM_OK);
    for (size_t bit = 8 * mac; bit < 8 * answer.len; bit += 5) {
        assert_int_equal(
            onym_secret_answer_verify(secret, about, flipped(state, answer, bit), &everything),
            ONYM_AUTH_FAILED);
    }
    other.nonce = flipped(state, about->nonce, 5);
    assert_int_equal(onym_secret_answer_verify(secret, &other, answer, &everything),
                     ONYM_AUTH_FAILED);
    other = *about;
    other.digest = flipped(state, about->digest, 100);
    assert_int_equal(onym_secret_answer_verify(secret, &other, answer, &everything),
                     ONYM_AUTH_FAILED);
    assert_int_equal(onym_secret_answer_verify(onym_span_text("other"), about, answer, &everything),
                     ONYM_AUTH_FAILED);
}

static void
answers_of_the_reference(void **state)
{
    static const char *const names[] = {
        "secret-answer/sha1", "secret-answer/hmac-sha1", "secret-answer/pbkdf2-10000-160-ascii",
        "secret-answer/pbkdf2-1-128-ascii", "secret-answer/pbkdf2-4096-256-ascii"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct onym_challenged about = {.nonce = vector_hex(state, names[i], "nonce"),
                                              .digest = vector_hex(state, names[i], "digest"),
                                              .version = 0x020B};

        expect_only_right(state, SECRET, &about, vector_hex(state, names[i], "hex"));
    }
}

/* Computed by another implementation: secret 70 80 ff e4 00 7f, nonce 00..0f, digest 20..3f, and
 * for the last salt a0..af, 1000 rounds, 160 bits. */
static void
answers_over_any_bytes(void **state)
{
    static const char *const answers[] = {
        "01dcd9737b11e5743aaa39cfb9f5092c20",
        "02caec3d2414734b46609ac8bf8344dd2eb666da5e",
        "03aa40513e295069056be652c8e6b35ef860420e8a952a9ac3a0dee95eeed1b2c4",
        "1239d808367f6dd034502cf57785c18487ecce6518",
        "135cb4de4051e1f03bcf02f958a84b08e62b99845d5efab13f77d1f8cab71c0a1e",
        ("2200000010a0a1a2a3a4a5a6a7a8a9aaabacadaeaf000003e8000000a000000014"
         "1eefeef0aef348eb56686a7c84fa15d45c73aac8"),
    };
    onym_span secret = hex_bytes(state, "7080ffe4007f");
    struct onym_challenged about = {
        .nonce = hex_bytes(state, "000102030405060708090a0b0c0d0e0f"),
        .digest = hex_bytes(state,
                            "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"),
        .version = 0x020B};

    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        onym_span answer = hex_bytes(state, answers[i]);

        about.version = 0x020B;
        expect_only_right(state, secret, &about, answer);
        if (i == 0) { /* version 2.0 has the same bytes without the one in front */
            about.version = 0x0200;
            expect_only_right(state, secret, &about, onym_span_from(answer, 1));
            assert_int_equal(onym_secret_answer_verify(secret, &about, answer, &everything),
                             ONYM_MALFORMED);
        }
    }
}

static void
lengths_are_those_of_the_form(void **state)
{
    static const uint8_t codes[] = {1, 2, 3, 0x12, 0x13};
    static const size_t lens[] = {16, 20, 32, 20, 32};
    uint8_t *room = vectors_room(state, 40);
    struct onym_secret_answer a;

    for (size_t i = 0; i < sizeof codes; i++) {
        room[0] = codes[i];
        for (size_t len = 1; len < 40; len++) {
            assert_int_equal(onym_secret_answer_decode(onym_span_of(room, len), 0x0201, &a),
                             len == lens[i] + 1 ? ONYM_OK : ONYM_MALFORMED);
        }
    }
    for (size_t len = 0; len < 40; len++) {
        assert_int_equal(onym_secret_answer_decode(onym_span_of(room, len), 0x0200, &a),
                         len == 16 ? ONYM_OK : ONYM_MALFORMED);
    }
    assert_int_equal(onym_secret_answer_decode(onym_span_of(NULL, 0), 0x020B, &a), ONYM_MALFORMED);
    for (unsigned code = 0; code < 256; code++) {
        bool known = code == 0x22 || memchr(codes, (int)code, sizeof codes) != NULL;

        room[0] = (uint8_t)code;
        assert_true(known || onym_secret_answer_decode(onym_span_of(room, 21), 0x020B, &a) ==
                                 ONYM_CREDENTIAL_INVALID);
    }
}

static enum onym_status
decode_pbkdf2(void **state, size_t salt_len, uint32_t iterations, uint32_t bits, size_t mac_len)
{
    size_t cap = 17 + salt_len + mac_len;
    uint8_t *room = vectors_room(state, cap);
    struct onym_writer w = onym_writer_over(room, cap);
    struct onym_secret_answer a;

    onym_writer_u8(&w, 0x22);
    onym_writer_counted(&w, onym_span_of(vectors_room(state, salt_len), salt_len));
    onym_writer_u32(&w, iterations);
    onym_writer_u32(&w, bits);
    onym_writer_counted(&w, onym_span_of(vectors_room(state, mac_len), mac_len));
    assert_int_equal(w.status, ONYM_OK);
    return onym_secret_answer_decode(onym_writer_written(&w), 0x0207, &a);
}

static void
numbers_are_bounded_before_any_work(void **state)
{
    assert_int_equal(decode_pbkdf2(state, 16, 10000, 160, 20), ONYM_OK);
    assert_int_equal(decode_pbkdf2(state, 16, 0, 160, 20), ONYM_CREDENTIAL_INVALID);
    assert_int_equal(decode_pbkdf2(state, 16, 1, 160, 20), ONYM_OK);
    assert_int_equal(decode_pbkdf2(state, 16, 100000, 160, 20), ONYM_OK);
    assert_int_equal(decode_pbkdf2(state, 16, 100001, 160, 20), ONYM_CREDENTIAL_INVALID);
    assert_int_equal(decode_pbkdf2(state, 16, UINT32_MAX, 160, 20), ONYM_CREDENTIAL_INVALID);
    assert_int_equal(decode_pbkdf2(state, 16, 1, 120, 20), ONYM_CREDENTIAL_INVALID);
    assert_int_equal(decode_pbkdf2(state, 16, 1, 128, 20), ONYM_OK);
    assert_int_equal(decode_pbkdf2(state, 16, 1, 132, 20), ONYM_CREDENTIAL_INVALID);
    assert_int_equal(decode_pbkdf2(state, 16, 1, 512, 20), ONYM_OK);
    assert_int_equal(decode_pbkdf2(state, 16, 1, 520, 20), ONYM_CREDENTIAL_INVALID);
    assert_int_equal(decode_pbkdf2(state, 0, 1, 160, 20), ONYM_OK);
    assert_int_equal(decode_pbkdf2(state, 64, 1, 160, 20), ONYM_OK);
    assert_int_equal(decode_pbkdf2(state, 65, 1, 160, 20), ONYM_CREDENTIAL_INVALID);
    assert_int_equal(decode_pbkdf2(state, 16, 1, 160, 19), ONYM_MALFORMED);
    assert_int_equal(decode_pbkdf2(state, 16, 1, 160, 21), ONYM_MALFORMED);
    assert_int_equal(decode_pbkdf2(state, 16, 1, 160, 33), ONYM_MALFORMED);
}

static void
any_part_of_an_answer_is_none(void **state)
{
    onym_span answer = vector_hex(state, "secret-answer/pbkdf2-1-128-ascii", "hex");
    uint8_t *longer = vectors_room(state, answer.len + 1);
    struct onym_secret_answer a;

    memcpy(longer, answer.at, answer.len);
    for (size_t cut = 0; cut < answer.len; cut++) {
        assert_int_equal(onym_secret_answer_decode(onym_span_of(answer.at, cut), 0x0207, &a),
                         ONYM_MALFORMED);
    }
    assert_int_equal(onym_secret_answer_decode(onym_span_of(longer, answer.len + 1), 0x0207, &a),
                     ONYM_MALFORMED);
}

static void
weak_forms_follow_policy(void **state)
{
    static const struct {
        enum onym_secret_form form;
        bool usual;
        bool strict;
    } forms[] = {{ONYM_SECRET_MD5, false, false},       {ONYM_SECRET_SHA1, true, false},
                 {ONYM_SECRET_SHA256, true, true},      {ONYM_SECRET_HMAC_SHA1, true, true},
                 {ONYM_SECRET_HMAC_SHA256, true, true}, {ONYM_SECRET_PBKDF2, true, true},
                 {ONYM_SECRET_BARE_MD5, false, false}};
    struct onym_challenged about = challenged(state);

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const struct onym_secret_answer how = {
            .form = forms[i].form, .iterations = 2, .key_bits = 160};
        uint8_t out[ONYM_SECRET_ANSWER_LEN_MAX];
        size_t len = 0;
        onym_span answer;

        about.version = how.form == ONYM_SECRET_BARE_MD5 ? 0x0200 : 0x0207;
        assert_int_equal(onym_secret_answer_compute(SECRET, &about, &how, out, sizeof out, &len),
                         ONYM_OK);
        answer = onym_span_of(out, len);
        assert_int_equal(onym_secret_answer_verify(SECRET, &about, answer, &everything), ONYM_OK);
        assert_int_equal(onym_secret_answer_verify(SECRET, &about, answer, &usual),
                         forms[i].usual ? ONYM_OK : ONYM_CREDENTIAL_INVALID);
        assert_int_equal(onym_secret_answer_verify(SECRET, &about, answer, &strict),
                         forms[i].strict ? ONYM_OK : ONYM_CREDENTIAL_INVALID);
    }
}

static void
answers_follow_the_version(void **state)
{
    static const struct {
        uint16_t version;
        uint8_t first;
        size_t len;
    } made[] = {
        {0x0200, 0, 16}, {0x0201, 2, 21}, {0x0206, 2, 21}, {0x0207, 0x22, 53}, {0x020B, 0x22, 53}};
    struct onym_rng rng = onym_rng_seeded(1);
    struct onym_challenged about = challenged(state);

    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        uint8_t out[ONYM_SECRET_ANSWER_LEN_MAX];
        size_t len = 0;

        about.version = made[i].version;
        assert_int_equal(onym_secret_answer_make(SECRET, &about, &rng, out, sizeof out, &len),
                         ONYM_OK);
        assert_int_equal(len, made[i].len);
        assert_true(made[i].first == 0 || out[0] == made[i].first);
        expect_only_right(state, SECRET, &about, onym_span_of(out, len));
        assert_int_equal(onym_secret_answer_make(SECRET, &about, &rng, out, len - 1, &len),
                         ONYM_NO_SPACE);
    }
}

static void
secrets_are_bounded(void **state)
{
    const struct onym_challenged about = challenged(state);
    const struct onym_secret_answer how = {
        .form = ONYM_SECRET_PBKDF2, .iterations = 1, .key_bits = 512};
    uint8_t *secret = vectors_room(state, ONYM_SECRET_LEN_MAX + 1);
    uint8_t out[ONYM_SECRET_ANSWER_LEN_MAX];
    size_t len = 0;

    memset(secret, 0xFF, ONYM_SECRET_LEN_MAX + 1); /* every byte becomes two */
    assert_int_equal(onym_secret_answer_compute(onym_span_of(secret, ONYM_SECRET_LEN_MAX), &about,
                                                &how, out, sizeof out, &len),
                     ONYM_OK);
    assert_int_equal(onym_secret_answer_verify(onym_span_of(secret, ONYM_SECRET_LEN_MAX), &about,
                                               onym_span_of(out, len), &usual),
                     ONYM_OK);
    assert_int_equal(onym_secret_answer_verify(onym_span_of(secret, ONYM_SECRET_LEN_MAX + 1),
                                               &about, onym_span_of(out, len), &usual),
                     ONYM_CREDENTIAL_INVALID);
    assert_int_equal(
        onym_secret_answer_verify(onym_span_of(NULL, 0), &about, onym_span_of(out, len), &usual),
        ONYM_CREDENTIAL_INVALID);
    assert_int_equal(
        onym_secret_answer_compute(onym_span_of(NULL, 0), &about, &how, out, sizeof out, &len),
        ONYM_CREDENTIAL_INVALID);
}

static void
compute_refuses_what_verify_would(void **state)
{
    const struct onym_challenged about = challenged(state);
    struct onym_secret_answer how = {
        .form = ONYM_SECRET_PBKDF2, .iterations = 100001, .key_bits = 160};
    uint8_t out[ONYM_SECRET_ANSWER_LEN_MAX];
    size_t len = 0;

    assert_int_equal(onym_secret_answer_compute(SECRET, &about, &how, out, sizeof out, &len),
                     ONYM_INVALID);
    how.iterations = 1;
    how.form = (enum onym_secret_form)0x23;
    assert_int_equal(onym_secret_answer_compute(SECRET, &about, &how, out, sizeof out, &len),
                     ONYM_INVALID);
}

/* The most a stranger can make a node compute for one answer. */
static void
the_costliest_answer_is_computed(void **state)
{
    const struct onym_challenged about = challenged(state);
    const struct onym_secret_answer how = {.form = ONYM_SECRET_PBKDF2,
                                           .iterations = ONYM_SECRET_ITERATIONS_MAX,
                                           .key_bits = ONYM_SECRET_KEY_BITS_MAX};
    uint8_t out[ONYM_SECRET_ANSWER_LEN_MAX];
    size_t len = 0;

    assert_int_equal(onym_secret_answer_compute(SECRET, &about, &how, out, sizeof out, &len),
                     ONYM_OK);
    assert_int_equal(onym_secret_answer_verify(SECRET, &about, onym_span_of(out, len), &usual),
                     ONYM_OK);
}

static void
hashed_form(void **state)
{
    onym_span expected = vector_hex(state, "secret-key/hashed-form", "hex");
    char out[ONYM_SECRET_HASHED_LEN];

    assert_int_equal(onym_secret_hashed(SECRET, out), ONYM_OK);
    assert_true(onym_span_equal(onym_span_of(out, sizeof out), expected));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_of_the_reference),
        cmocka_unit_test(answers_over_any_bytes),
        cmocka_unit_test(lengths_are_those_of_the_form),
        cmocka_unit_test(numbers_are_bounded_before_any_work),
        cmocka_unit_test(any_part_of_an_answer_is_none),
        cmocka_unit_test(weak_forms_follow_policy),
        cmocka_unit_test(answers_follow_the_version),
        cmocka_unit_test(secrets_are_bounded),
        cmocka_unit_test(compute_refuses_what_verify_would),
        cmocka_unit_test(the_costliest_answer_is_computed),
        cmocka_unit_test(hashed_form),
    };

    return cmocka_run_group_tests(tests, vectors_setup, vectors_teardown);
}
