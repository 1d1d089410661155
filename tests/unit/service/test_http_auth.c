#include "service/http_auth_form.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "wire/json_base64.h"

#include <cmocka.h>

struct reading {
    struct onym_http_credentials found;
    struct onym_arena arena;
    const char *why;
    _Alignas(16) uint8_t memory[65536];
    char fields[16384];
};

static enum onym_status
read_fields(struct reading *r, const char *fields)
{
    memset(r, 0, offsetof(struct reading, memory));
    r->arena = (struct onym_arena){.at = r->memory, .cap = sizeof r->memory};
    return onym_http_auth_read(onym_span_text(fields), &r->arena, &r->found, &r->why);
}

static enum onym_status
read_basic(struct reading *r, const char *pair)
{
    size_t len = (size_t)snprintf(r->fields, sizeof r->fields, "authorization: bAsIc  ");

    onym_base64_encode(ONYM_BASE64_STANDARD, onym_span_text(pair), r->fields + len);
    len += onym_base64_encoded_len(ONYM_BASE64_STANDARD, strlen(pair));
    (void)snprintf(r->fields + len, sizeof r->fields - len, "\r\n");
    return read_fields(r, r->fields);
}

#define EQUAL(span, text) assert_true(onym_span_equal(span, onym_span_text(text)))

static void
auth_reads_a_user_encoded_or_not(void **state)
{
    static const struct {
        const char *pair;
        uint32_t index;
        const char *handle;
        const char *secret;
    } cases[] = {
        {"301%3A0.NA/88.1:s3:cret", 301, "0.NA/88.1", "s3:cret"},
        {"301%3a0.NA%2F88.1:", 301, "0.NA/88.1", ""},
        {"300:88.1/admin:pw", 300, "88.1/admin", "pw"},
        {"300:88.1/admin:p:w", 300, "88.1/admin", "p:w"},
        {"88.1/admin:pw", 0, "88.1/admin", "pw"},
        {"0%3A88.1/admin:%41", 0, "88.1/admin", "%41"}, /* the secret is raw */
        {"4294967295%3A88.1/a:x", UINT32_MAX, "88.1/a", "x"},
    };
    static struct reading r;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(read_basic(&r, cases[i].pair), ONYM_OK);
        assert_int_equal(r.found.scheme, ONYM_HTTP_BASIC);
        assert_int_equal(r.found.index, cases[i].index);
        EQUAL(r.found.handle, cases[i].handle);
        EQUAL(r.found.secret, cases[i].secret);
    }
}

static void
auth_refuses_users_without_form(void **state)
{
    static const char *const cases[] = {"",
                                        ":",
                                        "abc",
                                        "301:88.1/a",
                                        "301%3A:x",
                                        "x%3A88.1/a:x",
                                        "%3A:x",
                                        "4294967296%3A88.1/a:x",
                                        "301%3A88.1/a%:x",
                                        "301%3A88.1/a%4:x"};
    static struct reading r;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (read_basic(&r, cases[i]) != ONYM_MALFORMED) {
            fail_msg("%s", cases[i]);
        }
        assert_non_null(r.why);
        assert_int_equal(r.found.scheme, ONYM_HTTP_NO_CREDENTIALS);
    }
}

static void
auth_reads_a_session(void **state)
{
    static struct reading r;

    (void)state;
    assert_int_equal(
        read_fields(&r, "X: y\r\nAuthorization: Handle version=\"0\",sessionId=s1 , "
                        "cnonce=\"AAEC\", id=\"301%3A0.NA/88.1\", type=HS_SECKEY,alg=\"SHA-256\","
                        "signature=\"/+8=\", salt=\"\", iterations=10000, length=160,future=x\r\n"),
        ONYM_OK);
    assert_int_equal(r.found.scheme, ONYM_HTTP_HANDLE);
    EQUAL(r.found.session, "s1");
    assert_int_equal(r.found.cnonce.len, 3);
    EQUAL(r.found.handle, "0.NA/88.1");
    assert_int_equal(r.found.index, 301);
    EQUAL(r.found.type, "HS_SECKEY");
    EQUAL(r.found.alg, "SHA-256");
    EQUAL(r.found.signature, "\xFF\xEF");
    assert_int_equal(r.found.iterations, 10000);
    assert_int_equal(r.found.length, 160);
    assert_int_equal(read_fields(&r, "Authorization: Handle sessionId=\"s1\"\r\n"), ONYM_OK);
    assert_int_equal(read_fields(&r, "Authorization: Handle clientCert=\"true\"\r\n"), ONYM_OK);
    assert_int_equal(r.found.scheme, ONYM_HTTP_CERTIFICATE);
    assert_int_equal(read_fields(&r, "Authorization: Bearer abc.def\r\n"), ONYM_OK);
    assert_int_equal(r.found.scheme, ONYM_HTTP_BEARER);
    EQUAL(r.found.secret, "abc.def");
    assert_int_equal(read_fields(&r, "A: b\r\n"), ONYM_OK);
    assert_int_equal(r.found.scheme, ONYM_HTTP_NO_CREDENTIALS);
}

static void
auth_refuses_what_it_cannot_read(void **state)
{
    static const char *const cases[] = {
        "Authorization: \r\n",
        "Authorization: Digest x\r\n",
        "Authorization: Basic !!!!\r\n",
        "Authorization: Bearer\r\n",
        "Authorization: Basic YTpi\r\nAuthorization: Basic YTpi\r\n",
        "Authorization: Handle\r\n",
        "Authorization: Handle x=y\r\n",
        "Authorization: Handle sessionId\r\n",
        "Authorization: Handle sessionId=\"a\r\n",
        "Authorization: Handle sessionId=\"a\\\"b\"\r\n",
        "Authorization: Handle sessionId=a b\r\n",
        "Authorization: Handle sessionId=a, sessionId=b\r\n",
        "Authorization: Handle sessionId=a, version=1\r\n",
        "Authorization: Handle sessionId=a, iterations=-1\r\n",
        "Authorization: Handle sessionId=a, length=4294967296\r\n",
        "Authorization: Handle sessionId=a, signature=\"*\"\r\n",
        "Authorization: Handle sessionId=a, id=\"x:y\"\r\n",
        "Authorization: Handle clientCert=false\r\n"};
    static struct reading r;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (read_fields(&r, cases[i]) != ONYM_MALFORMED) {
            fail_msg("%s", cases[i]);
        }
        assert_non_null(r.why);
    }
}

static void
auth_is_bounded(void **state)
{
    static struct reading r;
    static char fields[ONYM_HTTP_CREDENTIALS_MAX + 64];

    (void)state;
    for (size_t over = 0; over < 2; over++) {
        size_t at = (size_t)snprintf(fields, sizeof fields, "Authorization: Bearer ");
        size_t token = ONYM_HTTP_CREDENTIALS_MAX - strlen("Bearer ") + over;

        memset(fields + at, 'x', token);
        memcpy(fields + at + token, "\r\n", 3);
        assert_int_equal(read_fields(&r, fields), over == 0 ? ONYM_OK : ONYM_MALFORMED);
    }
    memset(&r, 0, offsetof(struct reading, memory));
    r.arena = (struct onym_arena){.at = r.memory, .cap = 4};
    assert_int_equal(onym_http_auth_read(onym_span_text("Authorization: Basic YTpiYTpi\r\n"),
                                         &r.arena, &r.found, &r.why),
                     ONYM_NO_SPACE);
}

/* The parameters of a session, out of the query or of JSON. */
static enum onym_status
read_session(struct reading *r, const char *text, bool json)
{
    memset(r, 0, offsetof(struct reading, memory));
    r->arena = (struct onym_arena){.at = r->memory, .cap = sizeof r->memory};
    return json ? onym_http_auth_read_json(onym_span_text(text), &r->arena, &r->found, &r->why)
                : onym_http_auth_read_form(onym_span_text(text), &r->arena, &r->found, &r->why);
}

static void
auth_reads_parameters_where_they_stand(void **state)
{
    static const char *const texts[] = {
        "sessionId=s1&cnonce=%2B%2F8%3D&id=301%3A88.1%2Fa%2525&iterations=9&other=%20",
        "{\"sessionId\":\"s1\",\"cnonce\":\"\\u002b/8=\",\"id\":\"301:88.1/"
        "a%25\",\"iterations\":9}"};
    static struct reading r;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(read_session(&r, texts[i], i == 1), ONYM_OK);
        assert_int_equal(r.found.scheme, ONYM_HTTP_HANDLE);
        EQUAL(r.found.session, "s1");
        EQUAL(r.found.cnonce, "\xFB\xFF");
        EQUAL(r.found.handle, "88.1/a%25");
        assert_int_equal(r.found.index, 301);
        assert_int_equal(r.found.iterations, 9);
    }
    assert_int_equal(read_session(&r, "cnonce=AAEC", false), ONYM_OK);
    assert_int_equal(r.found.scheme, ONYM_HTTP_NO_CREDENTIALS);
    assert_int_equal(r.found.cnonce.len, 3);
    assert_int_equal(read_session(&r, "", false), ONYM_OK);
    assert_int_equal(read_session(&r, "{}", true), ONYM_OK);
    assert_int_equal(r.found.scheme, ONYM_HTTP_NO_CREDENTIALS);
}

static void
auth_refuses_parameters_it_cannot_read(void **state)
{
    static const char *const cases[] = {"alg=%4",
                                        "cnonce=*",
                                        "sessionId=a&SESSIONID=a",
                                        "iterations=-1",
                                        "version=1",
                                        "id=x%3Ay",
                                        "",
                                        "[]",
                                        "{\"sessionId\":",
                                        "{\"sessionId\":true}",
                                        "{\"sessionId\":[\"a\"]}",
                                        "{\"other\":\"a\"}",
                                        "{\"alg\":\"a\",\"alg\":\"a\"}",
                                        "{\"iterations\":1.5}",
                                        "{} {}"};
    static struct reading r;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (read_session(&r, cases[i], i >= 6) != ONYM_MALFORMED) {
            fail_msg("%s", cases[i]);
        }
        assert_non_null(r.why);
    }
    memset(&r, 0, offsetof(struct reading, memory));
    r.arena = (struct onym_arena){.at = r.memory, .cap = 2};
    assert_int_equal(
        onym_http_auth_read_form(onym_span_text("alg=%41%41%41"), &r.arena, &r.found, &r.why),
        ONYM_NO_SPACE);
    assert_int_equal(onym_http_auth_read_json(onym_span_text("{}"), &r.arena, &r.found, &r.why),
                     ONYM_NO_SPACE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(auth_reads_a_user_encoded_or_not),
        cmocka_unit_test(auth_refuses_users_without_form),
        cmocka_unit_test(auth_reads_a_session),
        cmocka_unit_test(auth_refuses_what_it_cannot_read),
        cmocka_unit_test(auth_is_bounded),
        cmocka_unit_test(auth_reads_parameters_where_they_stand),
        cmocka_unit_test(auth_refuses_parameters_it_cannot_read),
    };

    return cmocka_run_group_tests_name("http_auth", tests, NULL, NULL);
}
