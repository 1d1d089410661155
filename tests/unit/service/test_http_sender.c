/* What browsers add to requests by themselves: a client certificate without Authorization, whom it
 * proves and when it counts for nothing; a kept password. */
#include "unit/service/http_play_change.h"

#define RECORD PREFIX "/C"
#define PUT    "PUT /api/v1/identifiers/" RECORD
#define JSON   "Content-Type: application/json\r\n"

static const uint8_t key[32] = {1, 2, 3};

/* Sends one request on a connection on which a certificate was shown. */
static void
show(struct play *p, const char *line, const char *fields, const char *body)
{
    char text[2048];

    (void)snprintf(text, sizeof text, "%s HTTP/1.1\r\n" HOST "%sContent-Length: %zu\r\n\r\n%s",
                   line, fields, strlen(body), body);
    play_connect(p, true);
    p->connection.caller.client_key = onym_span_of(key, sizeof key);
    p->later = true;
    p->seen_scheme = ONYM_HTTP_NO_CREDENTIALS;
    (void)play_feed(p, onym_span_text(text));
    assert_int_equal(p->answers + p->pending, 1);
}

/* The backend's answer comes. */
static void
proven(struct play *p, enum onym_status status)
{
    assert_true(p->pending);
    assert_int_equal(p->seen_scheme, ONYM_HTTP_CERTIFICATE);
    p->login = (struct onym_http_login){.status = status};
    if (status == ONYM_OK) {
        p->login.identity = (struct onym_identity){
            .handle = onym_span_text(ADMIN), .index = 301, .is_server_admin = true};
    }
    p->later = false;
    assert_int_equal(onym_view_renew(p->view), ONYM_OK);
    play_note(p, onym_http_login_done(&p->connection, &p->service, &p->login, NOW_MS, &p->reply));
    onym_view_release(p->view);
}

static void
it_proves_who_changes(void **state)
{
    struct play *p = *state;

    show(p, PUT, JSON, "{\"values\":" ONE "}");
    assert_true(p->seen_unasked);
    proven(p, ONYM_OK);
    assert_int_equal(play_status(p), 201);
    show(p, "POST /api/v1/prefixes", "", "");
    assert_int_equal(play_status(p), 405);
    show(p, "PUT /api/handles/" RECORD, JSON, ONE);
    proven(p, ONYM_OK);
    assert_int_equal(play_status(p), 200);
    /* what a browser says when its user, or a page of this node, asks */
    show(p, "DELETE /api/v1/identifiers/" RECORD, "Sec-Fetch-Site: same-origin\r\n", "");
    proven(p, ONYM_OK);
    assert_int_equal(play_status(p), 200);
    show(p, "GET /api/v1/identifiers?prefix=" PREFIX, "Sec-Fetch-Site: none\r\n", "");
    assert_true(p->pending);
}

static void
requests_of_pages_forms_and_proxies_do_not_count(void **state)
{
    static const char *const fields[] = {
        JSON "Origin: https://evil.example\r\n",
        JSON "Origin: null\r\n",
        JSON "Origin: https://node.example\r\n",
        JSON "Origin:\r\n",
        JSON "Sec-Fetch-Site: cross-site\r\n",
        JSON "Sec-Fetch-Site: same-site\r\n",
        JSON "Sec-Fetch-Site:\r\n",
        JSON "Sec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site\r\n",
        JSON "Via: 1.1 proxy\r\n",
        JSON "Forwarded: for=192.0.2.1\r\n",
        JSON "X-Forwarded-For: 192.0.2.1\r\n",
        "Content-Type: text/plain\r\n",
        "Content-Type: TEXT/plain;charset=utf-8\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "Content-Type: multipart/form-data; boundary=x\r\n",
        JSON "Content-Type: text/plain\r\n",
    };
    struct play *p = *state;
    char text[512];

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        show(p, "POST /api/v1/tls:reload", fields[i], "");
        if (p->pending || play_status(p) != 401) {
            fail_msg("counted: %s", fields[i]);
        }
        assert_string_equal(play_header(p, "WWW-Authenticate", text, sizeof text), CHALLENGE);
        play_expect_text(p, "detail",
                         "prove who you are; in a request of a web page, a form or a proxy a "
                         "client certificate counts only with Authorization: Handle "
                         "clientCert=\"true\"");
    }
    /* a page of another site cannot send this without asking first, and is told no */
    show(p, PUT,
         JSON "Origin: https://node.example\r\nAuthorization: Handle clientCert=\"true\"\r\n",
         "{\"values\":" ONE "}");
    assert_false(p->seen_unasked);
    proven(p, ONYM_OK);
    assert_int_equal(play_status(p), 201);
}

static void
other_credentials_go_before_it(void **state)
{
    struct play *p = *state;
    char login[512];

    show(p, "DELETE /api/v1/identifiers/" PREFIX "/A", play_basic("301%3A" ADMIN ":wrong", login),
         "");
    assert_true(p->pending);
    assert_int_equal(p->seen_scheme, ONYM_HTTP_BASIC);
    show(p, "DELETE /api/v1/identifiers/" PREFIX "/A", "Authorization: Digest x\r\n", "");
    assert_int_equal(play_status(p), 401);
    assert_int_equal(p->seen_scheme, ONYM_HTTP_NO_CREDENTIALS);
}

static void
reading_asks_for_nobody_but_for_private_values(void **state)
{
    struct play *p = *state;

    show(p, "GET /api/handles/" ADMIN, "", "");
    assert_int_equal(play_status(p), 200);
    assert_int_equal(play_values(p), 2);
    show(p, "HEAD /api/v1/identifiers/" ADMIN "?publicOnly", "", "");
    assert_int_equal(play_status(p), 200);
    assert_int_equal(p->seen_scheme, ONYM_HTTP_NO_CREDENTIALS);
    show(p, "GET /api/handles/" ADMIN "?publicOnly=false", "", "");
    proven(p, ONYM_OK);
    assert_int_equal(play_values(p), 3);
    show(p, "POST /api/sessions", "", "");
    assert_false(p->pending);
    assert_int_equal(p->seen_scheme, ONYM_HTTP_NO_CREDENTIALS);
}

static void
one_that_proves_nothing_leaves_a_stranger(void **state)
{
    struct play *p = *state;
    char text[512];

    for (unsigned i = 0; i < 3; i++) {
        static const enum onym_status statuses[] = {ONYM_AUTH_FAILED, ONYM_CREDENTIAL_INVALID,
                                                    ONYM_CANNOT_AUTHENTICATE};

        show(p, PUT, JSON, "{\"values\":" ONE "}");
        proven(p, statuses[i]);
        expect(p, 401, 402, NULL);
        assert_string_equal(play_header(p, "WWW-Authenticate", text, sizeof text), CHALLENGE);
        play_expect_text(p, "detail",
                         "prove who you are; the subject of the client certificate names no "
                         "INDEX:HANDLE here whose HS_PUBKEY value is its key");
    }
    show(p, PUT, JSON, "{\"values\":" ONE "}");
    proven(p, ONYM_CORRUPT);
    assert_int_equal(play_status(p), 500);
}

static void
a_kept_password_is_not_for_other_pages(void **state)
{
    static const char *const foreign[] = {
        "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\nContent-Type: text/plain\r\n",
        "Origin: null\r\n",
        "Origin:\r\n",
        "Origin: https://evil.example\r\nContent-Type: application/x-www-form-urlencoded\r\n",
        "Origin: https://evil.node.example\r\n",
        "Origin: https://node.example.evil\r\n",
        "Origin: https://node.example:8000\r\n",
        "Origin: node.example\r\n",
        "Sec-Fetch-Site: cross-site\r\nOrigin: https://node.example\r\n",
    };
    static const char *const own[] = {
        "",
        "Origin: https://node.example\r\n",
        "Sec-Fetch-Site: none\r\nContent-Type: text/plain\r\n",
        "Sec-Fetch-Site: same-origin\r\nOrigin: https://node.example\r\n",
        "Sec-Fetch-Site: same-origin\r\nOrigin: https://in-front-of.example\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        /* a browser asks before it sends this elsewhere */
        "Sec-Fetch-Site: cross-site\r\nContent-Type: application/json\r\n",
    };
    struct play *p = *state;
    char login[512];
    char fields[1024];

    (void)play_basic(GOOD_LOGIN, login);
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        (void)snprintf(fields, sizeof fields, "%s%s", login, foreign[i]);
        show(p, "POST /api/v1/tls:reload", fields, "");
        if (p->pending || p->seen_scheme != ONYM_HTTP_NO_CREDENTIALS) {
            fail_msg("counted: %s", foreign[i]);
        }
        expect(p, 403, 400, NULL);
    }
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        (void)snprintf(fields, sizeof fields, "%s%s", login, own[i]);
        show(p, "POST /api/v1/tls:reload", fields, "");
        if (!p->pending || p->seen_scheme != ONYM_HTTP_BASIC) {
            fail_msg("did not count: %s", own[i]);
        }
    }
    (void)snprintf(fields, sizeof fields, "%sSec-Fetch-Site: cross-site\r\n", login);
    show(p, "GET /api/v1/tokens", fields, ""); /* the page cannot read the answer */
    assert_true(p->pending);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, play_setup, play_teardown)
    const struct CMUnitTest tests[] = {
        TEST(it_proves_who_changes),
        TEST(requests_of_pages_forms_and_proxies_do_not_count),
        TEST(other_credentials_go_before_it),
        TEST(reading_asks_for_nobody_but_for_private_values),
        TEST(one_that_proves_nothing_leaves_a_stranger),
        TEST(a_kept_password_is_not_for_other_pages),
    };
#undef TEST

    return cmocka_run_group_tests_name("http_sender", tests, NULL, NULL);
}
