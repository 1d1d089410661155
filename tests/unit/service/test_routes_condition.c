#include "unit/service/http_play_change.h"

/* Of a record in revision 1, and of one that is not there. */
static void
changes_hold_to_conditions(struct play *p, const char *put, const char *fresh, const char *delete)
{
    static const char body[] = "{\"values\":" ONE "}";

    send_json(p, put, "If-None-Match: *\r\n", body);
    expect(p, 412, 101, NULL);
    send_json(p, put, "If-Match: \"2\"\r\n", body);
    assert_int_equal(play_status(p), 412);
    send_json(p, fresh, "If-Match: *\r\n", body);
    assert_int_equal(play_status(p), 412);
    send_json(p, put, "If-Match: \"1-1000001\"\r\n", body); /* of another creation */
    assert_int_equal(play_status(p), 412);
    send_json(p, put, "If-Match: \"1-1000000\"\r\n", body);
    assert_int_equal(play_status(p), 200);
    send_json(p, delete, "If-Match: \"1\"\r\n", "");
    assert_int_equal(play_status(p), 412);
    send_json(p, delete, "If-Match: \"2\"\r\n", "");
    assert_int_equal(play_status(p), 200);
    send_json(p, fresh, "If-None-Match: *\r\n", body);
    assert_int_equal(play_status(p), 201);
    send_json(p, fresh, "If-None-Match: \"1\"\r\n", body);
    expect(p, 400, 4, "If-None-Match");
    static const char *const bad[] = {"1",        "\"1\", \"2\"", "\"\"",   "\"0\"",
                                      "\"1-\"",   "\"1-0\"",      "\"-1\"", "\"1-2-3\"",
                                      "\"1-2x\"", "W/\"1\""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char header[64];

        (void)snprintf(header, sizeof header, "If-Match: %s\r\n", bad[i]);
        send_json(p, fresh, header, body);
        expect(p, 400, 4, "If-Match");
    }
    send_json(p, fresh, "If-Match: \"1\"\r\nIf-None-Match: *\r\n", body);
    expect(p, 400, 4, "If-Match");
}

static void
v1_holds_to_conditions(void **state)
{
    changes_hold_to_conditions(*state, "PUT /api/v1/identifiers/" PREFIX "/A",
                               "PUT /api/v1/identifiers/" PREFIX "/M",
                               "DELETE /api/v1/identifiers/" PREFIX "/A");
}

static void
facade_holds_to_conditions(void **state)
{
    changes_hold_to_conditions(*state, "PUT /api/handles/" PREFIX "/A",
                               "PUT /api/handles/" PREFIX "/M", "DELETE /api/handles/" PREFIX "/A");
}

/* The parts of a record too, by the tag of the whole. */
static void
facade_holds_to_conditions_of_single_values(void **state)
{
    struct play *p = *state;
    static const char put[] = "PUT /api/handles/" PREFIX "/A?index=9";
    static const char fresh[] = "PUT /api/handles/" PREFIX "/M?index=9";
    static const char delete[] = "DELETE /api/handles/" PREFIX "/A?index=9";
    static const char body[] = "{\"values\":[{\"index\":9,\"type\":\"URL\",\"data\":\"u\"}]}";

    send_json(p, put, "If-Match: \"2\"\r\n", body);
    assert_int_equal(play_status(p), 412);
    send_json(p, fresh, "If-Match: *\r\n", body);
    assert_int_equal(play_status(p), 412);
    send_json(p, put, "If-None-Match: *\r\n", body);
    expect(p, 400, 4, NULL);
    send_json(p, put, "If-Match: \"1-1000000\"\r\n", body);
    assert_int_equal(play_status(p) / 100, 2);
    send_json(p, delete, "If-Match: \"1\"\r\n", "");
    assert_int_equal(play_status(p), 412);
    send_json(p, delete, "If-None-Match: *\r\n", "");
    expect(p, 400, 4, NULL);
    send_json(p, delete, "If-Match: \"2\"\r\n", "");
    assert_int_equal(play_status(p), 200);
    send_json(p, "POST /api/prefixes/" PREFIX, "If-Match: *\r\n", "");
    expect(p, 400, 4, NULL);
}

/* A condition or a parameter nobody can follow must not be taken for none. */
static void
v1_changes_nothing_it_cannot_follow(void **state)
{
    struct play *p = *state;
    static const char put[] = "PUT /api/v1/identifiers/" PREFIX "/A";
    static const char body[] = "{\"values\":" ONE "}";
    static const struct {
        const char *headers, *field;
    } unclear[] = {{"If-Match:\r\n", "If-Match"},
                   {"If-Match: *\r\nIf-Match: \"9\"\r\n", "If-Match"},
                   {"If-None-Match: \r\n", "If-None-Match"},
                   {"If-None-Match: *\r\nIf-None-Match: *\r\n", "If-None-Match"},
                   {"Idempotency-Key:\r\n", "Idempotency-Key"},
                   {"Idempotency-Key: a\r\nIdempotency-Key: b\r\n", "Idempotency-Key"}};
    static const char *const asked[] = {
        "PUT /api/v1/identifiers/" PREFIX "/A?dry_run=true",
        "DELETE /api/v1/identifiers/" PREFIX "/A?dry_run=true",
        "DELETE /api/v1/identifiers/" PREFIX "/A?pretty&dry_run",
        "PUT /api/v1/prefixes/" PREFIX "?dry_run=true",
    };

    for (size_t i = 0; i < sizeof unclear / sizeof unclear[0]; i++) {
        send_json(p, put, unclear[i].headers, body);
        expect(p, 400, 4, unclear[i].field);
        send_json(p, "DELETE /api/v1/identifiers/" PREFIX "/A", unclear[i].headers, "");
        expect(p, 400, 4, unclear[i].field);
    }
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        send_json(p, asked[i], "", asked[i][0] == 'P' ? body : "");
        expect(p, 400, 4, "dry_run");
    }
    static const char *const unconditional[] = {"PUT /api/v1/prefixes/" PREFIX,
                                                "DELETE /api/v1/prefixes/" PREFIX,
                                                "POST /api/v1/identifiers:batch"};
    for (size_t i = 0; i < sizeof unconditional / sizeof unconditional[0]; i++) {
        send_json(p, unconditional[i], "If-Match: *\r\n", i == 2 ? "[]" : "");
        expect(p, 400, 4, "If-Match");
        send_json(p, unconditional[i], "If-None-Match: *\r\n", i == 2 ? "[]" : "");
        expect(p, 400, 4, "If-None-Match");
    }
    send_json(p, "PUT /api/v1/identifiers/" PREFIX "/A?pretty=true", "Idempotency-Key: a\r\n",
              body);
    assert_int_equal(play_status(p), 200);
    assert_int_equal(play_number(p, "revision"), 2); /* the first change of all */
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_admin, play_teardown)
    const struct CMUnitTest tests[] = {
        TEST(v1_holds_to_conditions),
        TEST(facade_holds_to_conditions),
        TEST(facade_holds_to_conditions_of_single_values),
        TEST(v1_changes_nothing_it_cannot_follow),
    };
#undef TEST

    return cmocka_run_group_tests_name("routes_condition", tests, NULL, NULL);
}
