/* Who a certificate's subject names, and challenge answers taken out of a header, at their limits.
 */
#include "auth/secret.h"
#include "server/http_backend_proof.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void
a_subject_names_a_handle(void **state)
{
    static const struct {
        const char *subject, *handle;
        uint32_t index;
    } cases[] = {
        {"UID=300:0.NA/88.1", "0.NA/88.1", 300},
        {"CN=somebody,UID=300:0.NA/88.1,O=x", "0.NA/88.1", 300},
        {"UID=7:P/a\\,b\\+c\\\\", "P/a,b+c\\", 7},
        {"UID=7:P/\\E9\\9B\\B6", "P/\xE9\x9B\xB6", 7},
        {"CN=300:P/a", "P/a", 300},
        {"CN=P/a", "P/a", 0},
        {"O=P/a:b", "P/a:b", 0},
        {"O=300:P/a,OU=UID=1:P/b", "P/a", 300},
        {"CN=a\\,UID=1:P/b,O=2:P/c", "a,UID=1:P/b", 0}, /* an escaped comma begins nothing */
        {"CN=1:P/a+UID=2:P/b", "P/b", 2},
        {"UID=4294967295:P/a", "P/a", 4294967295U},
    };
    uint8_t memory[ONYM_HTTP_ANSWER_MAX];
    struct onym_principal who;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(onym_http_subject_read(onym_span_text(cases[i].subject), memory, &who),
                         ONYM_OK);
        assert_int_equal(who.index, cases[i].index);
        assert_true(onym_span_equal(who.handle, onym_span_text(cases[i].handle)));
    }
}

static void
a_subject_that_names_nobody_is_refused(void **state)
{
    static const char *const cases[] = {
        "",         "OU=300:P/a", "UID=",         "UID=P/a",  "UID=:P/a",
        "UID=300:", "CN=",        "UID=1:P/a\\",  "CN=a\\4",  "UID=4294967296:P/a",
        "CN=#0C01", "XUID=1:P/a", "UID=1:P/a\\4", "UID1:P/a", "UID=99999999999:P/a"};
    uint8_t memory[ONYM_HTTP_ANSWER_MAX];
    struct onym_principal who;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (onym_http_subject_read(onym_span_text(cases[i]), memory, &who) !=
            ONYM_CREDENTIAL_INVALID) {
            fail_msg("%s names %.*s", cases[i], (int)who.handle.len, (const char *)who.handle.at);
        }
    }
}

static struct onym_http_credentials
answer(const char *type, const char *alg)
{
    static const uint8_t bytes[ONYM_HTTP_ANSWER_MAX];

    return (struct onym_http_credentials){.scheme = ONYM_HTTP_HANDLE,
                                          .handle = onym_span_text("P/a"),
                                          .index = 301,
                                          .session = onym_span_text("s"),
                                          .cnonce = onym_span_of(bytes, 16),
                                          .type = onym_span_text(type),
                                          .alg = onym_span_text(alg),
                                          .signature = onym_span_of(bytes, 20)};
}

static void
an_answer_becomes_one_of_the_wire(void **state)
{
    static const struct {
        const char *alg;
        uint8_t form;
    } cases[] = {{"SHA1", 2},
                 {"sha-1", 2},
                 {"SHA-256", 3},
                 {"MD5", 1},
                 {"HMAC-SHA1", 0x12},
                 {"HmacSHA256", 0x13},
                 {"hmac_sha_256", 0x13},
                 {"PBKDF2WithHmacSHA1", 0x22}};
    uint8_t memory[ONYM_HTTP_ANSWER_MAX];
    struct onym_http_claim claim;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct onym_http_credentials given = answer("HS_SECKEY", cases[i].alg);

        assert_int_equal(onym_http_claim_read(&given, memory, &claim), ONYM_OK);
        assert_int_equal(claim.kind, ONYM_HTTP_PROOF_SECRET);
        assert_int_equal(claim.answer.at[0], cases[i].form);
        assert_int_equal(claim.who.index, 301);
    }
    struct onym_http_credentials signature = answer("hs_pubkey", "SHA256");

    assert_int_equal(onym_http_claim_read(&signature, memory, &claim), ONYM_OK);
    assert_int_equal(claim.kind, ONYM_HTTP_PROOF_SIGNATURE);
}

static void
an_answer_with_a_part_missing_or_too_long_is_refused(void **state)
{
    static const uint8_t bytes[2 * ONYM_HTTP_ANSWER_MAX];
    uint8_t memory[ONYM_HTTP_ANSWER_MAX];
    struct onym_http_claim claim;
    struct onym_http_credentials good = answer("HS_SECKEY", "SHA1");
    struct onym_http_credentials bad[9];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        bad[i] = good;
    }
    bad[0].handle = onym_span_text("");
    bad[1].signature = onym_span_text("");
    bad[2].cnonce = onym_span_text("");
    bad[3].cnonce = onym_span_of(bytes, ONYM_HTTP_CNONCE_MAX + 1);
    bad[4].type = onym_span_text("HS_ADMIN");
    bad[5].type = onym_span_text("");
    bad[6].alg = onym_span_text("SHA-512");
    bad[7].alg = onym_span_text("");
    bad[8].signature = onym_span_of(bytes, ONYM_HTTP_ANSWER_MAX);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(onym_http_claim_read(&bad[i], memory, &claim), ONYM_CREDENTIAL_INVALID);
    }
    good.cnonce = onym_span_of(bytes, ONYM_HTTP_CNONCE_MAX);
    good.signature = onym_span_of(bytes, ONYM_HTTP_ANSWER_MAX - 1);
    assert_int_equal(onym_http_claim_read(&good, memory, &claim), ONYM_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_subject_names_a_handle),
        cmocka_unit_test(a_subject_that_names_nobody_is_refused),
        cmocka_unit_test(an_answer_becomes_one_of_the_wire),
        cmocka_unit_test(an_answer_with_a_part_missing_or_too_long_is_refused),
    };

    return cmocka_run_group_tests_name("http_backend_names", tests, NULL, NULL);
}
