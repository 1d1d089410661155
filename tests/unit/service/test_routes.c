#include "unit/service/http_play.h"

#include "onym/model/hs_site.h"
#include "service/openapi.h"
#include "wire/header.h"

#define HOST "Host: node.example\r\n"
#define TAG  "\"1-1000000\"" /* revision, and creation in ms */

/* ---- /api/v1 ---- */

static void
v1_resolves_an_identifier(void **state)
{
    struct play *p = *state;
    char text[128];

    play_get(p, "/api/v1/identifiers/" PREFIX "%2fa", "");
    assert_int_equal(play_status(p), 200);
    play_expect_text(p, "handle", PREFIX "/A"); /* the registered spelling */
    play_expect_text(p, "created", "1970-01-01T00:16:40Z");
    assert_int_equal(play_number(p, "revision"), 1);
    assert_int_equal(play_values(p), 2);
    assert_string_equal(play_header(p, "ETag", text, sizeof text), TAG);
    assert_string_equal(play_header(p, "Cache-Control", text, sizeof text), "no-cache");
    assert_string_equal(play_header(p, "Content-Type", text, sizeof text), "application/json");
    play_get(p, "/api/v1/identifiers/" PREFIX "/A?index=2&type=EMAIL", "");
    assert_int_equal(play_values(p), 1);
    play_get(p, "/api/v1/identifiers/" PREFIX "/A?type=EMAIL", "");
    assert_int_equal(play_status(p), 200);
    assert_int_equal(play_values(p), 0);
}

static void
v1_answers_not_modified(void **state)
{
    struct play *p = *state;
    static const struct {
        const char *header;
        int status;
    } cases[] = {
        {"If-None-Match: " TAG "\r\n", 304},        {"If-None-Match: W/" TAG "\r\n", 304},
        {"If-None-Match: \"7\", " TAG "\r\n", 304}, {"If-None-Match: *\r\n", 304},
        {"If-None-Match: \"1-1000001\"\r\n", 200},  {"If-None-Match: \"11-1000000\"\r\n", 200},
        {"If-None-Match: \"1\"\r\n", 200},          {"If-None-Match: 1-1000000\r\n", 200}};
    char text[64];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        play_get(p, "/api/v1/identifiers/" PREFIX "/A", cases[i].header);
        assert_int_equal(play_status(p), cases[i].status);
        assert_string_equal(play_header(p, "ETag", text, sizeof text), TAG);
        if (cases[i].status == 304) {
            assert_int_equal(play_body(p).len, 0);
            assert_string_equal(play_header(p, "Content-Length", text, sizeof text), "");
        }
    }
}

static void
v1_says_problems_in_two_languages(void **state)
{
    struct play *p = *state;
    static const struct {
        const char *accept;
        bool chinese;
    } cases[] = {{"", false},
                 {"Accept-Language: zh-CN,zh;q=0.9,en;q=0.8\r\n", true},
                 {"Accept-Language: en-GB,zh;q=0.5\r\n", false},
                 {"Accept-Language: en;q=0.5, zh;q=0.625\r\n", true},
                 {"Accept-Language: zh;q=0\r\n", false},
                 {"Accept-Language: zha\r\n", false},
                 {"Accept-Language: de, zh\r\n", true},
                 {"Accept-Language: de\r\nAccept-Language: zh\r\n", true},
                 {"Accept-Language: EN;Q=0.2,\tZH-hans ; Q=0.3\r\n", true},
                 {"Accept-Language: zh-CN, en\r\n", true},
                 {"Accept-Language: en, zh-CN\r\n", false},
                 {"Accept-Language: *\r\n", false},
                 {"Accept-Language: en;q=0, *;q=0.1\r\n", true},
                 {"Accept-Language: *, zh;q=0.5\r\n", false},
                 {"Accept-Language: ,;, ;q=1,z\r\n", false}};
    char text[128];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        play_get(p, "/api/v1/identifiers/" PREFIX "/none", cases[i].accept);
        assert_int_equal(play_status(p), 404);
        assert_string_equal(play_header(p, "Content-Type", text, sizeof text),
                            "application/problem+json");
        assert_string_equal(play_header(p, "Content-Language", text, sizeof text),
                            cases[i].chinese ? "zh-CN" : "en");
        play_expect_text(p, "title", cases[i].chinese ? "标识不存在" : "identifier not found");
        play_expect_text(p, "name", "NOT_FOUND");
        play_expect_text(p, "type", "/problems/not-found");
        play_expect_text(p, "instance", "/api/v1/identifiers/" PREFIX "/none");
        assert_int_equal(play_number(p, "code"), 100);
        play_expect_text(p, "request_id", play_header(p, "X-Request-Id", text, sizeof text));
    }
}

static void
every_status_has_its_problem(void **state)
{
    (void)state;
    for (int status = 0; status < ONYM_STATUS_COUNT; status++) {
        for (unsigned chinese = 0; chinese < 2; chinese++) {
            struct onym_problem problem = {.status = (enum onym_status)status,
                                           .detail = onym_span_text("x \"y\"")};
            uint8_t text[2048];
            struct onym_writer w = onym_writer_over(text, sizeof text);

            onym_writer_u8(&w, '{');
            onym_problem_write(&w, &problem, chinese != 0);
            onym_writer_u8(&w, '}');
            assert_int_equal(w.status, ONYM_OK);
            json_t *json = json_loadb((const char *)text, w.len, 0, NULL);
            assert_non_null(json);
            json_decref(json);
        }
        /* none was forgotten */
        assert_string_not_equal(onym_status_chinese((enum onym_status)status),
                                onym_status_text((enum onym_status)status));
        assert_string_not_equal(onym_http_reason(onym_status_http((enum onym_status)status)),
                                "Continue");
        assert_string_not_equal(onym_http_reason(onym_status_http_facade((enum onym_status)status)),
                                "Continue");
    }
}

static void
v1_points_to_another_server(void **state)
{
    struct play *p = *state;
    uint8_t bytes[256];
    struct onym_value_list list = {0};
    struct onym_value_list none = {0};
    json_t *json;

    play_get(p, "/api/v1/identifiers/99.1/x", "");
    assert_int_equal(play_status(p), 421);
    assert_int_equal(play_number(p, "code"), 301);
    temp_value_add(&list, bytes, sizeof bytes, 1, "HS_SERV", "88.1/serv", ONYM_PERM_DEFAULT);
    temp_store_put(&p->store, "0.NA/88.7.7", list, none);
    play_get(p, "/api/v1/identifiers/88.7.7/x", "");
    assert_int_equal(play_status(p), 421);
    json = play_json(p);
    assert_int_equal(json_integer_value(json_object_get(json, "code")), 302);
    assert_int_equal(json_array_size(json_object_get(json_object_get(json, "referral"), "values")),
                     1);
    json_decref(json);
    play_get(p, "/api/handles/88.7.7/x", "");
    assert_int_equal(play_status(p), 300);
    assert_int_equal(play_number(p, "responseCode"), 302);
    play_get(p, "/api/handles/88.7.7/x?doNotRefer", "");
    assert_int_equal(play_status(p), 400);
    assert_int_equal(play_number(p, "responseCode"), 301);
}

static void
v1_serves_its_contract_and_status(void **state)
{
    struct play *p = *state;
    json_t *json;

    play_get(p, "/api/v1/openapi.json", "");
    assert_int_equal(play_status(p), 200);
    json = play_json(p);
    assert_string_equal(json_string_value(json_object_get(json, "openapi")), "3.1.0");
    json_decref(json);
    assert_int_equal(play_body(p).len, onym_openapi_json_len);
    play_get(p, "/api/v1/status", "");
    play_expect_text(p, "version", "0.1.0");
    play_expect_text(p, "protocol", "2.11");
    play_expect_text(p, "time", "2023-11-14T22:13:20Z");
    json = play_json(p);
    assert_true(json_is_true(json_object_get(json, "changes")));
    json_decref(json);
    p->service.backend = NULL;
    play_get(p, "/api/v1/status", "");
    json = play_json(p);
    assert_true(json_is_false(json_object_get(json, "changes")));
    json_decref(json);
}

/* Each operation of the contract is answered as its x-status says. */
static void
v1_is_as_its_contract_says(void **state)
{
    struct play *p = *state;
    json_t *contract = json_loadb((const char *)onym_openapi_json, onym_openapi_json_len, 0, NULL);
    const char *path;
    const char *method;
    json_t *item;
    json_t *operation;
    unsigned operations = 0;

    assert_non_null(contract);
    p->service.backend = NULL;
    json_object_foreach(json_object_get(contract, "paths"), path, item)
    {
        json_object_foreach(item, method, operation)
        {
            const char *status = json_string_value(json_object_get(operation, "x-status"));
            const char *id = strstr(path, "{id}");
            char target[256];
            char text[512];
            char verb[16];

            if (!json_is_object(operation)) {
                continue; /* parameters */
            }
            assert_non_null(status);
            (void)snprintf(target, sizeof target, "/api/v1%.*s%s%s",
                           (int)(id != NULL ? (size_t)(id - path) : strlen(path)), path,
                           id != NULL ? PREFIX "%2FA" : "", id != NULL ? id + 4 : "");
            for (size_t i = 0; i <= strlen(method); i++) {
                verb[i] = (char)(method[i] >= 'a' && method[i] <= 'z' ? method[i] - 32 : method[i]);
            }
            (void)snprintf(text, sizeof text,
                           "%s %s HTTP/1.1\r\n" HOST "Content-Type: application/json\r\n"
                           "Content-Length: 0\r\n\r\n",
                           verb, target);
            play_say(p, text);
            if (strcmp(status, "planned") == 0) {
                assert_int_equal(play_status(p), 501);
            } else if (strcmp(status, "served") == 0) {
                assert_int_equal(play_status(p), 200);
            } else if (strcmp(status, "needs-login") == 0) {
                assert_int_equal(play_status(p), 403);
            } else {
                assert_string_equal(status, "needs-changes");
                assert_int_equal(play_status(p), strcmp(method, "delete") == 0 ? 403 : 400);
            }
            operations++;
        }
    }
    assert_int_equal(operations, 18);
    json_decref(contract);
}

static void
v1_refuses_what_it_does_not_know(void **state)
{
    struct play *p = *state;
    char text[64];

    play_get(p, "/api/v1/nope", "");
    assert_int_equal(play_status(p), 404);
    play_expect_text(p, "name", "PATH_UNKNOWN");
    play_say(p, "POST /api/v1/status HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(play_status(p), 405);
    assert_string_equal(play_header(p, "Allow", text, sizeof text), "GET, HEAD, OPTIONS");
    play_get(p, "/api/v1/identifiers/" PREFIX "/A?index=x", "");
    assert_int_equal(play_status(p), 400);
    play_expect_text(p, "field", "index");
    play_get(p, "/api/v1/identifiers/" PREFIX "/A?index=4294967296", "");
    assert_int_equal(play_status(p), 400);
    play_get(p, "/api/v1/identifiers/" PREFIX "/A?index=4294967295", "");
    assert_int_equal(play_status(p), 200);
    play_get(p, "/api/v1/identifiers/%zz", "");
    assert_int_equal(play_status(p), 400);
    play_get(p, "/api/v1/identifiers/%ff", "");
    assert_int_equal(play_status(p), 400);
    play_expect_text(p, "name", "NAME_INVALID");
    /* an identifier that ends in /history, and the history of one */
    play_get(p, "/api/v1/identifiers/" PREFIX "/history", "");
    assert_int_equal(play_status(p), 404);
    play_get(p, "/api/v1/identifiers/" PREFIX "/A/history", "");
    assert_int_equal(play_status(p), 401);
    play_get(p, "/api/v1/identifiers/" PREFIX "%2FA/history", "");
    assert_int_equal(play_status(p), 401);
    play_get(p, "/api/v1/identifiers/" PREFIX "/A%2Fhistory", "");
    assert_int_equal(play_status(p), 404);
}

static void
v1_takes_names_up_to_their_limit(void **state)
{
    struct play *p = *state;

    for (size_t over = 0; over < 2; over++) {
        char target[4096];
        size_t at = (size_t)snprintf(target, sizeof target, "/api/v1/identifiers/" PREFIX "/");
        size_t front = strlen("/api/v1/identifiers/");

        memset(target + at, 'x', sizeof target - at);
        target[front + ONYM_NAME_LEN_MAX + over] = '\0';
        play_get(p, target, "");
        assert_int_equal(play_status(p), over == 0 ? 404 : 400);
    }
}

static void
v1_takes_the_longest_name_with_every_byte_encoded(void **state)
{
    struct play *p = *state;
    char target[3 * ONYM_NAME_LEN_MAX + 128];
    size_t at = (size_t)snprintf(target, sizeof target, "/api/v1/identifiers/" PREFIX "%%2F");

    for (size_t i = strlen(PREFIX "/"); i < ONYM_NAME_LEN_MAX; i++) {
        at += (size_t)snprintf(target + at, sizeof target - at, "%%7A");
    }
    (void)snprintf(target + at, sizeof target - at, "?publicOnly=true&index=4294967295&pretty");
    play_get(p, target, "");
    assert_int_equal(play_status(p), 404);
    assert_int_equal(play_number(p, "code"), 100);
    (void)snprintf(target + at, sizeof target - at, "%%7A");
    play_get(p, target, "");
    assert_int_equal(play_number(p, "code"), 102);
}

/* ---- the Handle JSON interface ---- */

static void
facade_echoes_and_decodes_once(void **state)
{
    struct play *p = *state;

    play_get(p, "/api/handles/" PREFIX "/a", "");
    play_expect_text(p, "handle", PREFIX "/a");
    play_get(p, "/api/handles/" PREFIX "%2fa", "");
    play_expect_text(p, "handle", PREFIX "/a");
    assert_int_equal(play_status(p), 200);
    play_get(p, "/api/handles/" PREFIX "%252Fa", ""); /* once: a name with %2F in it */
    assert_int_equal(play_number(p, "responseCode"), 301);
    play_expect_text(p, "handle", PREFIX "%2Fa");
    play_get(p, "/api/handles/" PREFIX "/a+b", "");
    play_expect_text(p, "handle", PREFIX "/a+b");
    assert_int_equal(play_status(p), 404);
    assert_int_equal(play_number(p, "responseCode"), 100);
    play_get(p, "/api/handles/" PREFIX "/\xE9\x9B\xB6", ""); /* clients do not always encode */
    play_expect_text(p, "handle", PREFIX "/零");
}

static void
facade_reads_its_flags(void **state)
{
    struct play *p = *state;
    onym_span body;
    char text[64];

    play_get(p, "/api/handles/" PREFIX "/A?pretty", "");
    body = play_body(p);
    assert_memory_equal(body.at, "{\n  \"responseCode\": 1,\n  \"handle\": ", 35);
    assert_int_equal(play_values(p), 2);
    play_get(p, "/api/handles/" PREFIX "/A?pretty=false", "");
    assert_memory_equal(play_body(p).at, "{\"responseCode\":1,", 18);
    play_get(p, "/api/handles/" PREFIX "/A?callback=f", "");
    assert_int_equal(play_status(p), 400);
    assert_int_equal(play_number(p, "responseCode"), 4);
    play_get(p, "/api/handles/" PREFIX "/A?index=1&index=7&type=name&cert&auth=true", "");
    assert_int_equal(play_values(p), 2);
    play_get(p, "/api/handles/" PREFIX "/A?index=-1", "");
    assert_int_equal(play_status(p), 400);
    assert_int_equal(play_number(p, "responseCode"), 4);
    play_get(p, "/api/site", "");
    assert_int_equal(play_number(p, "responseCode"), 1);
    json_t *json = play_json(p);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(json, "site"), "protocolVersion")),
        "2.11");
    json_decref(json);
    play_get(p, "/api/handles/", "");
    assert_int_equal(play_status(p), 400);
    play_say(p, "PUT /api/site HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(play_status(p), 501);
    assert_string_equal(play_header(p, "Allow", text, sizeof text), "GET, HEAD, OPTIONS");
}

static void
people_are_sent_to_the_interface(void **state)
{
    struct play *p = *state;
    static const struct {
        const char *target;
        const char *location;
    } cases[] = {{"/", "/api/handles/"},
                 {"/88.1/x?index=1", "/api/handles/88.1/x?index=1"},
                 {"//evil.example/x", "/api/handles//evil.example/x"},
                 {"/a%0d%0aX:y", "/api/handles/a%0d%0aX:y"},
                 {"/\xE9\x9B\xB6\"", "/api/handles/%E9%9B%B6%22"},
                 {"http://node.example/z", "/api/handles/z"}};
    char text[128];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        play_get(p, cases[i].target, "");
        assert_int_equal(play_status(p), 302);
        assert_string_equal(play_header(p, "Location", text, sizeof text), cases[i].location);
    }
    play_say(p, "DELETE /x HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(play_status(p), 405);
}

static void
the_longest_target_is_redirected(void **state)
{
    struct play *p = *state;
    static char text[ONYM_HTTP1_TARGET_MAX + 1024];
    static char location[4 * ONYM_HTTP1_TARGET_MAX];
    size_t at = (size_t)snprintf(text, sizeof text, "GET /");

    memset(text + at, 0xE9, ONYM_HTTP1_TARGET_MAX - 1);
    (void)snprintf(text + at + ONYM_HTTP1_TARGET_MAX - 1,
                   sizeof text - at - ONYM_HTTP1_TARGET_MAX + 1, " HTTP/1.1\r\n" HOST "\r\n");
    play_say(p, text);
    assert_int_equal(play_status(p), 302);
    assert_int_equal(strlen(play_header(p, "Location", location, sizeof location)),
                     strlen("/api/handles/") + (size_t)3 * (ONYM_HTTP1_TARGET_MAX - 1));
}

static void
a_damaged_record_is_told(void **state)
{
    struct play *p = *state;
    uint8_t bytes[64] = {0};
    struct onym_value_list list = {.raw = {bytes, sizeof bytes}, .count = 5}; /* no values */
    struct onym_value_list none = {0};

    temp_store_put(&p->store, PREFIX "/broken", list, none);
    play_get(p, "/api/handles/" PREFIX "/broken?index=1", "");
    if (play_status(p) == 500) {
        assert_int_equal(play_number(p, "responseCode"), 2);
        assert_true(p->answerer.damaged_len > 0);
    } else {
        fail_msg("%.*s", (int)p->out_len, (const char *)p->out);
    }
}

/* No bytes of values become more JSON than interfaces of a site do, at six bytes each. */
static void
the_longest_answer_fits(void **state)
{
    struct play *p = *state;
    size_t count = (ONYM_VALUES_LEN_MAX - ONYM_VALUE_LEN_MIN - 7 - 64) / ONYM_INTERFACE_LEN;
    struct onym_server server = {.id = UINT32_MAX};
    struct onym_hs_site site = {.version = ONYM_VERSION_OWN, .servers = {.count = 1}};
    uint8_t *memory = malloc((size_t)4 * ONYM_VALUES_LEN_MAX);
    struct onym_value_list none = {0};
    struct onym_value_list list = {.count = 1};
    static const uint8_t address[ONYM_ADDRESS_LEN] = {0x20, 0x01};
    size_t len;

    assert_non_null(memory);
    for (size_t i = 0; i < count; i++) {
        struct onym_interface item = {.protocol = ONYM_INTERFACE_HTTPS, .port = UINT32_MAX};

        assert_int_equal(
            onym_interface_encode(&item, memory + i * ONYM_INTERFACE_LEN, ONYM_INTERFACE_LEN, &len),
            ONYM_OK);
    }
    server.address = onym_span_of(address, sizeof address);
    server.interfaces.raw = onym_span_of(memory, count * ONYM_INTERFACE_LEN);
    server.interfaces.count = (uint32_t)count;
    uint8_t *second = memory + ONYM_VALUES_LEN_MAX;
    assert_int_equal(onym_server_encode(&server, second, ONYM_VALUES_LEN_MAX, &len), ONYM_OK);
    site.servers.raw = onym_span_of(second, len);
    uint8_t *third = second + ONYM_VALUES_LEN_MAX;
    assert_int_equal(onym_hs_site_encode(&site, third, ONYM_VALUES_LEN_MAX, &len), ONYM_OK);
    struct onym_value value = {.index = 1,
                               .permissions = ONYM_PERM_DEFAULT,
                               .type = onym_span_text("HS_SITE"),
                               .data = onym_span_of(third, len)};
    uint8_t *fourth = third + ONYM_VALUES_LEN_MAX;
    assert_int_equal(onym_value_encode(&value, fourth, ONYM_VALUES_LEN_MAX, &len), ONYM_OK);
    list.raw = onym_span_of(fourth, len);
    temp_store_put(&p->store, PREFIX "/site", list, none);
    free(memory);
    play_get(p, "/api/handles/" PREFIX "/site?pretty", "");
    assert_int_equal(play_status(p), 200);
    assert_true(play_body(p).len > (size_t)2 << 20);
    assert_int_equal(play_values(p), 1);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, play_setup, play_teardown)
    const struct CMUnitTest tests[] = {
        TEST(v1_resolves_an_identifier),
        TEST(v1_answers_not_modified),
        TEST(v1_says_problems_in_two_languages),
        cmocka_unit_test(every_status_has_its_problem),
        TEST(v1_points_to_another_server),
        TEST(v1_serves_its_contract_and_status),
        TEST(v1_is_as_its_contract_says),
        TEST(v1_refuses_what_it_does_not_know),
        TEST(v1_takes_names_up_to_their_limit),
        TEST(v1_takes_the_longest_name_with_every_byte_encoded),
        TEST(facade_echoes_and_decodes_once),
        TEST(facade_reads_its_flags),
        TEST(people_are_sent_to_the_interface),
        TEST(the_longest_target_is_redirected),
        TEST(a_damaged_record_is_told),
        TEST(the_longest_answer_fits),
    };
#undef TEST

    return cmocka_run_group_tests_name("routes", tests, NULL, NULL);
}
