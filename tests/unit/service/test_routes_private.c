/* Values that only some may read, and proving who asks. */
#include "unit/service/http_play.h"

#define HOST "Host: node.example\r\n"

static void
private_values_need_proof_and_permission(void **state)
{
    struct play *p = *state;
    char login[512];
    char text[512];

    play_get(p, "/api/handles/" ADMIN, "");
    assert_int_equal(play_values(p), 2);
    play_get(p, "/api/handles/" ADMIN "?publicOnly=false", "");
    assert_int_equal(play_status(p), 401);
    assert_string_equal(play_header(p, "WWW-Authenticate", text, sizeof text), CHALLENGE);
    play_get(p, "/api/v1/identifiers/" ADMIN "?publicOnly=false", "");
    assert_int_equal(play_status(p), 401);
    assert_int_equal(play_number(p, "code"), 402);
    play_get(p, "/api/handles/" ADMIN, play_basic(GOOD_LOGIN, login));
    assert_int_equal(play_status(p), 200);
    assert_int_equal(play_values(p), 3);
    play_get(p, "/api/handles/" ADMIN "?publicOnly", login);
    assert_int_equal(play_values(p), 2);
    play_get(p, "/api/handles/" ADMIN "?index=301", login);
    assert_int_equal(play_values(p), 1);
    play_get(p, "/api/handles/" ADMIN "?index=301", play_basic("301%3A" ADMIN ":wrong", login));
    assert_int_equal(play_status(p), 401);
    assert_int_equal(play_body(p).len, 0);
    assert_non_null(strstr(play_header(p, "WWW-Authenticate", text, sizeof text),
                           "error=\"Identity not verified\""));
    play_get(p, "/api/v1/identifiers/" ADMIN, "Authorization: Digest x\r\n");
    assert_int_equal(play_status(p), 401);
    assert_int_equal(play_number(p, "code"), 403);
    /* on plain HTTP, and without a backend, credentials are ignored */
    play_connect(p, false);
    play_get(p, "/api/handles/" ADMIN, play_basic(GOOD_LOGIN, login));
    assert_int_equal(play_values(p), 2);
    play_get(p, "/api/handles/" ADMIN "?publicOnly=false", login);
    assert_int_equal(play_status(p), 403);
    assert_int_equal(play_number(p, "responseCode"), 402);
}

static void
a_stranger_may_not_read_private_values(void **state)
{
    struct play *p = *state;
    uint8_t bytes[512];
    struct onym_value_list list = {0};
    struct onym_value_list none = {0};
    char login[512];

    temp_value_add(&list, bytes, sizeof bytes, 1, "HS_SECKEY", "other", ONYM_PERM_ADMIN_READ);
    temp_store_put(&p->store, PREFIX "/other", none, list);
    play_get(p, "/api/handles/" ADMIN, play_basic("1%3A" PREFIX "%2Fother:other", login));
    assert_int_equal(play_status(p), 403);
    assert_int_equal(play_number(p, "responseCode"), 400);
}

/* RFC 9110 8.8.1: what differs in its body has another tag, or a 304 would hide private values from
 * who has read the public ones before. */
static void
with_private_values_the_tag_is_another(void **state)
{
    struct play *p = *state;
    char login[512];
    char fields[1024];
    char open[64];
    char all[64];

    (void)play_basic(GOOD_LOGIN, login);
    play_get(p, "/api/v1/identifiers/" ADMIN, "");
    (void)play_header(p, "ETag", open, sizeof open);
    (void)snprintf(fields, sizeof fields, "%sIf-None-Match: %s\r\n", login, open);
    play_get(p, "/api/v1/identifiers/" ADMIN, fields);
    assert_int_equal(play_status(p), 200);
    assert_int_equal(play_values(p), 3);
    (void)play_header(p, "ETag", all, sizeof all);
    (void)snprintf(fields, sizeof fields, "%sIf-None-Match: %s\r\n", login, all);
    play_get(p, "/api/v1/identifiers/" ADMIN, fields);
    assert_int_equal(play_status(p), 304);
    (void)snprintf(fields, sizeof fields, "If-None-Match: %s\r\n", all);
    play_get(p, "/api/v1/identifiers/" ADMIN, fields);
    assert_int_equal(play_values(p), 2);
    /* the same body has the same tag, whoever asks */
    (void)snprintf(fields, sizeof fields, "%sIf-None-Match: %s\r\n", login, open);
    play_get(p, "/api/v1/identifiers/" ADMIN "?publicOnly", fields);
    assert_int_equal(play_status(p), 304);
    /* either names the revision, whatever is read of it */
    (void)snprintf(fields, sizeof fields, "If-Match: %s\r\n", all);
    play_get(p, "/api/v1/identifiers/" ADMIN, fields);
    assert_int_equal(play_status(p), 200);
    play_get(p, "/api/v1/identifiers/" ADMIN, "If-Match: *\r\n");
    assert_int_equal(play_status(p), 200);
    play_get(p, "/api/v1/identifiers/" ADMIN, "If-Match: \"1\"\r\nIf-None-Match: *\r\n");
    assert_int_equal(play_status(p), 304);
    play_get(p, "/api/v1/identifiers/" ADMIN, "If-Match: \"2\"\r\nIf-None-Match: *\r\n");
    assert_int_equal(play_status(p), 412);
    play_get(p, "/api/v1/identifiers/" ADMIN, "If-Match: 1\r\n");
    assert_int_equal(play_status(p), 412);
    /* and it is good for a change */
    for (unsigned i = 0; i < 2; i++) {
        char text[1536];

        (void)snprintf(text, sizeof text,
                       "DELETE /api/v1/identifiers/" ADMIN " HTTP/1.1\r\n" HOST
                       "%sIf-Match: %s\r\n\r\n",
                       login, i == 0 ? "\"9-1-p\"" : all);
        play_say(p, text);
        assert_int_equal(play_status(p), i == 0 ? 412 : 200);
    }
}

static void
a_login_may_come_later(void **state)
{
    struct play *p = *state;
    char login[512];
    char text[1024];
    onym_span left;

    p->later = true;
    (void)snprintf(text, sizeof text,
                   "GET /api/handles/" ADMIN " HTTP/1.1\r\n" HOST "%s\r\n"
                   "GET /api/site HTTP/1.1\r\n" HOST "\r\n",
                   play_basic(GOOD_LOGIN, login));
    play_connect(p, true);
    left = play_feed(p, onym_span_text(text));
    assert_true(p->pending);
    assert_int_equal(p->answers, 0);
    assert_int_equal(p->seen_scheme, ONYM_HTTP_BASIC);
    assert_int_equal(onym_http_progress(&p->connection).stage, ONYM_HTTP_LOGIN);
    size_t waiting = left.len;
    left = play_feed(p, left); /* takes nothing while it waits */
    assert_int_equal(left.len, waiting);
    assert_int_equal(waiting, strlen("GET /api/site HTTP/1.1\r\n" HOST "\r\n"));
    p->login = (struct onym_http_login){
        .identity = {.handle = onym_span_text(ADMIN), .index = 301}};
    assert_int_equal(onym_view_renew(p->view), ONYM_OK);
    play_note(p, onym_http_login_done(&p->connection, &p->service, &p->login, NOW_MS, &p->reply));
    assert_int_equal(play_values(p), 3);
    (void)play_feed(p, left);
    assert_int_equal(p->answers, 2);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, play_setup, play_teardown)
    const struct CMUnitTest tests[] = {
        TEST(private_values_need_proof_and_permission),
        TEST(a_stranger_may_not_read_private_values),
        TEST(with_private_values_the_tag_is_another),
        TEST(a_login_may_come_later),
    };
#undef TEST

    return cmocka_run_group_tests_name("routes_private", tests, NULL, NULL);
}
