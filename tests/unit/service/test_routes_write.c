#include "unit/service/http_play_change.h"

/* ---- /api/v1 ---- */

static void
v1_creates_replaces_and_deletes(void **state)
{
    struct play *p = *state;
    static const char put[] = "PUT /api/v1/identifiers/" PREFIX "%2FN";
    static const char other[] = "{\"values\":[{\"index\":2,\"type\":\"URL\",\"data\":\"v\"}]}";
    char text[128];

    send_json(p, put, "", "{\"values\":" ONE "}");
    assert_int_equal(play_status(p), 201);
    assert_string_equal(play_header(p, "ETag", text, sizeof text), "\"1-1700000000000\"");
    play_expect_text(p, "status", "created");
    play_expect_text(p, "handle", PREFIX "/N");
    send_json(p, put, "", "{\"values\":" ONE "}");
    assert_int_equal(play_status(p), 200);
    play_expect_text(p, "status", "unchanged");
    send_json(p, put, "", other);
    assert_int_equal(play_status(p), 200);
    play_expect_text(p, "status", "replaced");
    assert_int_equal(play_number(p, "revision"), 2);
    send_json(p, "DELETE /api/v1/identifiers/" PREFIX "/N", "", "");
    assert_int_equal(play_status(p), 200);
    play_expect_text(p, "status", "deleted");
    assert_int_equal(play_number(p, "revision"), -1);
    send_json(p, "DELETE /api/v1/identifiers/" PREFIX "/N", "", "");
    expect(p, 404, 100, NULL);
}

static void
v1_post_creates_and_never_replaces(void **state)
{
    struct play *p = *state;
    static const char body[] = "{\"handle\":\"" PREFIX "/零1\",\"values\":" ONE "}";
    char text[128];

    send_json(p, "POST /api/v1/identifiers", "Idempotency-Key: k-1\r\n", body);
    assert_int_equal(play_status(p), 201);
    assert_string_equal(p->seen_key, "k-1");
    assert_string_equal(play_header(p, "Location", text, sizeof text),
                        "/api/v1/identifiers/" PREFIX "/%E9%9B%B61");
    send_json(p, "POST /api/v1/identifiers", "", body);
    expect(p, 409, 101, NULL);
    send_json(p, "POST /api/v1/identifiers", "", "{\"values\":" ONE "}");
    expect(p, 400, 4, "handle");
}

static void
v1_tells_a_place_that_leads_there(void **state)
{
    static const char *const cases[][2] = {
        {PREFIX "/P/history", "/api/v1/identifiers/" PREFIX "/P%2Fhistory"},
        {PREFIX "/history", "/api/v1/identifiers/" PREFIX "%2Fhistory"},
        {PREFIX "/Q/History", "/api/v1/identifiers/" PREFIX "/Q/History"},
        {PREFIX "/history/P", "/api/v1/identifiers/" PREFIX "/history/P"}};
    struct play *p = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char body[128], get[160], text[128];

        (void)snprintf(body, sizeof body, "{\"handle\":\"%s\",\"values\":[]}", cases[i][0]);
        send_json(p, "POST /api/v1/identifiers", "", body);
        assert_int_equal(play_status(p), 201);
        assert_string_equal(play_header(p, "Location", text, sizeof text), cases[i][1]);
        (void)snprintf(get, sizeof get, "GET %s HTTP/1.1\r\nHost: n\r\n\r\n", text);
        play_say(p, get);
        assert_int_equal(play_status(p), 200);
        play_expect_text(p, "handle", cases[i][0]);
    }
}

static void
v1_keys_are_bounded(void **state)
{
    struct play *p = *state;

    for (size_t over = 0; over < 2; over++) {
        char key[400] = "Idempotency-Key: ";
        size_t at = strlen(key);

        memset(key + at, 'k', ONYM_HTTP_KEY_MAX + over);
        memcpy(key + at + ONYM_HTTP_KEY_MAX + over, "\r\n", 3);
        send_json(p, "POST /api/v1/identifiers", key,
                  over == 0 ? "{\"handle\":\"" PREFIX "/K\",\"values\":" ONE "}"
                            : "{\"handle\":\"" PREFIX "/L\",\"values\":" ONE "}");
        if (over == 0) {
            assert_int_equal(play_status(p), 201);
            assert_int_equal(strlen(p->seen_key), ONYM_HTTP_KEY_MAX);
        } else {
            expect(p, 400, 4, "Idempotency-Key");
        }
    }
}

static void
v1_says_where_a_body_is_wrong(void **state)
{
    struct play *p = *state;
    static const struct {
        const char *body;
        int status;
        int code;
        const char *field;
        int position;
    } cases[] = {
        {"", 400, 4, NULL, 0},
        {"{", 400, 4, NULL, 1},
        {ONE, 400, 4, "values", -1},
        {"{}", 400, 4, NULL, 2},
        {"{\"values\":[{\"index\":1}]}", 400, 4, "values[0]", 22},
        {"{\"values\":[{\"index\":\"1\"}]}", 400, 4, "values[0].index", 20},
        {"{\"values\":[],\"values\":[]}", 400, 4, "values", 21},
        {"{\"values\":[]} x", 400, 4, NULL, 14},
        {"{\"handle\":\"99/x\",\"values\":" ONE "}", 400, 4, "handle", -1},
        {"{\"values\":[{\"index\":0,\"type\":\"A\",\"data\":\"\"}]}", 400, 202, "values", -1},
        {"{\"values\":[{\"index\":1,\"type\":\"\",\"data\":\"\"}]}", 400, 202, "values", -1},
        {"{\"values\":[{\"index\":1,\"type\":\"A\",\"data\":\"\"},"
         "{\"index\":1,\"type\":\"A\",\"data\":\"\"}]}",
         409, 201, "values", -1},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        send_json(p, "PUT /api/v1/identifiers/" PREFIX "/N", "", cases[i].body);
        expect(p, cases[i].status, cases[i].code, NULL);
        json_t *json = play_json(p);
        const char *field = json_string_value(json_object_get(json, "field"));

        if (cases[i].field != NULL && (field == NULL || strcmp(field, cases[i].field) != 0)) {
            fail_msg("%s: %.*s", cases[i].body, (int)p->out_len, (const char *)p->out);
        }
        json_decref(json);
        if (play_number(p, "position") != cases[i].position) {
            fail_msg("%s: %.*s", cases[i].body, (int)p->out_len, (const char *)p->out);
        }
    }
    play_say(p, "PUT /api/v1/identifiers/" PREFIX "/N HTTP/1.1\r\n" HOST
                "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}");
    assert_int_equal(play_status(p), 415);
}

static void
deep_nesting_is_refused_with_its_place(void **state)
{
    struct play *p = *state;
    char body[512] = "{\"values\":[{\"index\":1,\"type\":\"A\",\"data\":";
    size_t front = strlen(body);

    memset(body + front, '[', 100);
    body[front + 100] = '\0';
    send_json(p, "PUT /api/v1/identifiers/" PREFIX "/N", "", body);
    expect(p, 400, 4, "values[0].data");
    assert_int_equal(play_number(p, "position"), (int)front);
    /* where any shape is taken, the bound itself says stop */
    (void)snprintf(body, sizeof body, "{\"values\":[],\"created\":");
    front = strlen(body);
    memset(body + front, '[', 100);
    body[front + 100] = '\0';
    send_json(p, "PUT /api/v1/identifiers/" PREFIX "/N", "", body);
    assert_int_equal(play_status(p), 400);
    assert_int_equal(play_number(p, "position"), (int)front + 15); /* the object is the first */
}

/* ---- the Handle JSON interface ---- */

static void
facade_takes_three_shapes(void **state)
{
    struct play *p = *state;

    send_json(p, "PUT /api/handles/" PREFIX "/s1", "", ONE);
    expect(p, 201, 1, NULL);
    send_json(p, "POST /api/handles/" PREFIX "/s2", "", "{\"values\":" ONE "}");
    expect(p, 201, 1, NULL);
    send_json(p, "PUT /api/handles/" PREFIX "/s3", "",
              "{\"index\":1,\"type\":\"URL\",\"data\":{\"format\":\"string\",\"value\":\"u\"}}");
    expect(p, 201, 1, NULL);
    /* what was read may be sent back */
    send_json(p, "PUT /api/handles/" PREFIX "/s3", "",
              "{\"responseCode\":1,\"handle\":\"" PREFIX "/S3\",\"values\":[{\"index\":1,\"type\":"
              "\"URL\",\"data\":{\"format\":\"string\",\"value\":\"u\"},\"ttl\":86400,"
              "\"timestamp\":\"2023-11-14T22:13:20Z\"}]}");
    expect(p, 200, 1, NULL);
    send_json(p, "PUT /api/handles/" PREFIX "/s3", "", "{\"values\":[],\"index\":1}");
    expect(p, 400, 4, NULL);
}

static void
facade_adds_and_removes_values(void **state)
{
    struct play *p = *state;
    static const char two[] = "[{\"index\":7,\"type\":\"A\",\"data\":\"\"},"
                              "{\"index\":8,\"type\":\"A\",\"data\":\"\"}]";

    send_json(p, "PUT /api/handles/" PREFIX "/A?index=7&index=8", "", two);
    expect(p, 201, 1, NULL);
    send_json(p, "PUT /api/handles/" PREFIX "/A?index=various&overwrite=false", "", two);
    expect(p, 409, 201, NULL);
    send_json(p, "PUT /api/handles/" PREFIX "/A?index=7", "", two);
    expect(p, 400, 4, NULL);
    send_json(p, "PUT /api/handles/" PREFIX "/A?index=7&index=8&index=9", "", two);
    expect(p, 400, 4, NULL);
    send_json(p, "DELETE /api/handles/" PREFIX "/A?index=7&index=8", "", "");
    expect(p, 200, 1, NULL);
    send_json(p, "DELETE /api/handles/" PREFIX "/A?index=7", "", "");
    expect(p, 400, 200, NULL);
    send_json(p, "DELETE /api/handles/" PREFIX "/A?index=various", "", "");
    expect(p, 400, 4, NULL);
}

static void
facade_mints_a_suffix(void **state)
{
    struct play *p = *state;
    json_t *json;
    const char *name;

    send_json(p, "PUT /api/handles/" PREFIX "/?mintNewSuffix=true", "", ONE);
    expect(p, 201, 1, NULL);
    json = play_json(p);
    name = json_string_value(json_object_get(json, "handle"));
    assert_int_equal(strlen(name), strlen(PREFIX "/") + ONYM_MINTED_LEN);
    json_decref(json);
}

static void
changes_need_proof(void **state)
{
    struct play *p = *state;
    static const char request[] =
        "PUT /api/handles/" PREFIX "/N HTTP/1.1\r\n" HOST
        "Content-Type: application/json\r\nContent-Length: 37\r\n\r\n" ONE;
    char text[128];

    assert_int_equal(sizeof ONE - 1, 37);
    play_say(p, request);
    expect(p, 401, 402, NULL);
    assert_string_equal(play_header(p, "WWW-Authenticate", text, sizeof text), CHALLENGE);
    p->service.backend = NULL;
    play_say(p, request);
    expect(p, 403, 402, NULL);
    p->service.backend = &p->backend;
    play_connect(p, false);
    send_json(p, "DELETE /api/v1/identifiers/" PREFIX "/A", "", "");
    expect(p, 403, 402, NULL);
    /* what needs no proof to be told is told */
    send_json(p, "PUT /api/handles/99.9/N", "", ONE);
    expect(p, 400, 301, NULL);
    send_json(p, "PUT /api/handles/" PREFIX "/A?overwrite=false", "", ONE);
    expect(p, 409, 101, NULL);
}

/* ---- a backend that takes its time ---- */

static void
bring_login(struct play *p)
{
    p->login = (struct onym_http_login){
        .identity = {.handle = onym_span_text(ADMIN), .index = 301}};
    assert_int_equal(onym_view_renew(p->view), ONYM_OK);
    play_note(p, onym_http_login_done(&p->connection, &p->service, &p->login, NOW_MS, &p->reply));
}

static void
bring_result(struct play *p, struct onym_http_result result)
{
    assert_int_equal(onym_view_renew(p->view), ONYM_OK);
    play_note(p, onym_http_change_done(&p->connection, &p->service, &result, NOW_MS, &p->reply));
}

static void
a_change_may_come_later(void **state)
{
    struct play *p = *state;
    static const struct {
        struct onym_http_result result;
        int status;
        int code;
    } cases[] = {
        {{.status = ONYM_OK, .revision = 1}, 201, 1},
        {{.status = ONYM_OK, .revision = 2, .replaced = true}, 200, 1},
        {{.status = ONYM_NO_PERMISSION}, 403, 400},
        {{.status = ONYM_BUSY}, 503, 3},
        {{.status = ONYM_UNCERTAIN}, 503, 3},
        {{.status = ONYM_FULL}, 503, 3},
        {{.status = ONYM_EXISTS}, 409, 101},
        {{.status = ONYM_AUTH_NEEDED}, 401, 402},
    };
    char text[64];

    p->later = true;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        send_json(p, "PUT /api/handles/" PREFIX "/N", "X-Request-Id: r\r\n", ONE);
        assert_true(p->pending);
        bring_login(p);
        assert_true(p->pending);
        assert_int_equal(onym_http_progress(&p->connection).stage, ONYM_HTTP_CHANGE);
        bring_result(p, cases[i].result);
        expect(p, cases[i].status, cases[i].code, NULL);
        play_expect_text(p, "handle", PREFIX "/N");
        assert_string_equal(play_header(p, "X-Request-Id", text, sizeof text), "r");
        assert_string_equal(play_header(p, "Retry-After", text, sizeof text),
                            cases[i].status == 503 ? "1" : "");
        assert_int_equal(p->service.bodies.used, 0);
    }
}

static void
a_late_login_that_fails_ends_the_request(void **state)
{
    struct play *p = *state;
    struct onym_http_login failed = {.status = ONYM_CREDENTIAL_INVALID};
    struct onym_http_login busy = {.status = ONYM_BUSY};

    p->later = true;
    send_json(p, "PUT /api/handles/" PREFIX "/N", "", ONE);
    play_note(p, onym_http_login_done(&p->connection, &p->service, &failed, NOW_MS, &p->reply));
    assert_int_equal(play_status(p), 401);
    assert_int_equal(play_body(p).len, 0);
    send_json(p, "PUT /api/handles/" PREFIX "/N", "", ONE);
    play_note(p, onym_http_login_done(&p->connection, &p->service, &busy, NOW_MS, &p->reply));
    expect(p, 503, 3, NULL);
}

static void
a_connection_may_end_while_the_backend_works(void **state)
{
    struct play *p = *state;

    p->later = true;
    send_json(p, "PUT /api/handles/" PREFIX "/N", "", ONE);
    assert_true(p->service.bodies.used > 0);
    onym_http_connection_deinit(&p->connection, &p->service);
    assert_int_equal(p->service.bodies.used, 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_admin, play_teardown)
    const struct CMUnitTest tests[] = {
        TEST(v1_creates_replaces_and_deletes),
        TEST(v1_post_creates_and_never_replaces),
        TEST(v1_tells_a_place_that_leads_there),
        TEST(v1_keys_are_bounded),
        TEST(v1_says_where_a_body_is_wrong),
        TEST(deep_nesting_is_refused_with_its_place),
        TEST(facade_takes_three_shapes),
        TEST(facade_adds_and_removes_values),
        TEST(facade_mints_a_suffix),
        TEST(changes_need_proof),
        TEST(a_change_may_come_later),
        TEST(a_late_login_that_fails_ends_the_request),
        TEST(a_connection_may_end_while_the_backend_works),
    };
#undef TEST

    return cmocka_run_group_tests_name("routes_write", tests, NULL, NULL);
}
