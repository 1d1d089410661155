#include "wire/json_in.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct onym_json_body body;
static struct onym_json_error error;

static enum onym_status
read_text(void **state, const char *text)
{
    memset(&error, 0, sizeof error);
    return onym_json_in_read(*state, onym_span_text(text), 1700000000, &body, &error);
}

static int
setup(void **state)
{
    struct onym_json_in *in;

    if (onym_json_in_new(&in) != ONYM_OK) {
        return -1;
    }
    *state = in;
    return 0;
}

static int
teardown(void **state)
{
    onym_json_in_free(*state);
    return 0;
}

static void
json_in_reads_three_shapes(void **state)
{
    struct onym_value value;
    onym_span cursor;

    assert_int_equal(read_text(state, "[]"), ONYM_OK);
    assert_int_equal(body.shape, ONYM_JSON_SHAPE_ARRAY);
    assert_int_equal(body.values.count, 0);
    assert_int_equal(read_text(state, " {\"handle\":\"a/b\",\"values\":[]} "), ONYM_OK);
    assert_int_equal(body.shape, ONYM_JSON_SHAPE_RECORD);
    assert_true(body.has_handle);
    assert_int_equal(
        read_text(state,
                  "{\"data\":{\"format\":\"hex\",\"value\":\"00ff\"},\"type\":\"A\","
                  "\"index\":-1,\"ttl\":\"2030-01-01T00:00:00Z\",\"timestamp\":[1],"
                  "\"permissions\":\"0101\",\"references\":[{\"handle\":\"a\",\"index\":2}]}"),
        ONYM_OK);
    assert_int_equal(body.shape, ONYM_JSON_SHAPE_VALUE);
    assert_false(body.has_handle);
    assert_int_equal(body.values.count, 1);
    assert_int_equal(onym_value_list_check(body.values), ONYM_OK);
    cursor = body.values.raw;
    assert_true(onym_value_next(&cursor, &value));
    assert_int_equal(value.index, UINT32_MAX);
    assert_int_equal(value.timestamp, 1700000000);
    assert_int_equal(value.ttl_type, ONYM_TTL_ABSOLUTE);
    assert_int_equal(value.ttl, 1893456000);
    assert_int_equal(value.permissions, 5);
    assert_int_equal(value.data.len, 2);
    assert_int_equal(value.references.count, 1);
}

static void
json_in_keeps_the_order_sent(void **state)
{
    struct onym_value value;
    onym_span cursor;
    static const uint32_t wanted[] = {9, 1, 5};

    assert_int_equal(
        read_text(state, "[{\"index\":9,\"type\":\"A\",\"data\":\"\",\"permissions\":\"1100\"},"
                         "{\"index\":1,\"type\":\"A\",\"data\":\"\"},"
                         "{\"index\":5,\"type\":\"A\",\"data\":\"\\u96f6\",\"ttl\":0}]"),
        ONYM_OK);
    cursor = body.values.raw;
    for (size_t i = 0; i < 3; i++) {
        assert_true(onym_value_next(&cursor, &value));
        assert_int_equal(value.index, wanted[i]);
    }
    assert_int_equal(value.ttl, 0);
    assert_memory_equal(value.data.at, "零", 3);
}

static void
json_in_says_what_is_wrong_and_where(void **state)
{
    static const struct {
        const char *text;
        const char *field;
    } cases[] = {
        {"", ""},
        {"null", ""},
        {"{", ""},
        {"[1]", "[0]"},
        {"[{}]", "[0]"},
        {"[{\"index\":4294967296,\"type\":\"A\",\"data\":\"\"}]", "[0].index"},
        {"[{\"index\":-2147483649,\"type\":\"A\",\"data\":\"\"}]", "[0].index"},
        {"[{\"index\":1.5,\"type\":\"A\",\"data\":\"\"}]", "[0].index"},
        {"[{\"index\":1,\"type\":\"A\",\"data\":\"\",\"ttl\":\"soon\"}]", "[0].ttl"},
        {"[{\"index\":1,\"type\":\"A\",\"data\":\"\",\"ttl\":-1}]", "[0].ttl"},
        {"[{\"index\":1,\"type\":\"A\",\"data\":\"\",\"permissions\":\"111\"}]", "[0].permissions"},
        {"[{\"index\":1,\"type\":\"A\",\"data\":\"\",\"permissions\":\"1112\"}]",
         "[0].permissions"},
        {"[{\"index\":1,\"type\":\"A\",\"data\":{\"format\":\"x\",\"value\":\"\"}}]",
         "[0].data.format"},
        {"[{\"index\":1,\"handle\":\"x\"}]", "[0]"},
        {"{\"values\":{}}", "values"},
        {"{\"owner\":\"x\",\"values\":[]}", ""},
        {"{\"values\":[],\"type\":\"x\"}", ""},
        {"{\"handle\":\"x\"}", ""},
        {"[] []", ""},
    };

    assert_int_equal(onym_json_in_read(*state, onym_span_of(NULL, 0), 0, &body, &error),
                     ONYM_MALFORMED);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (read_text(state, cases[i].text) != ONYM_MALFORMED) {
            fail_msg("%s", cases[i].text);
        }
        assert_true(error.problem[0] != '\0');
        assert_true(error.offset <= strlen(cases[i].text));
        if (strcmp(error.field, cases[i].field) != 0) {
            fail_msg("%s: field \"%s\", %s", cases[i].text, error.field, error.problem);
        }
    }
}

/* A space changes nothing but how it is read. */
static void
json_in_reads_the_usual_form_as_any_other(void **state)
{
    static const char *const members[] = {
        "\"index\":1,\"type\":\"A\",\"data\":\"x\"",
        "\"index\":999999999,\"type\":\"\xE9\x9B\xB6\",\"data\":\"\\u96f6\",\"ttl\":7",
        "\"index\":1000000000,\"type\":\"A\",\"data\":{\"format\":\"hex\",\"value\":\"00\"}",
        "\"index\":4294967295,\"type\":\"\",\"data\":{\"format\":\"string\",\"value\":\"y\"}",
        "\"index\":4294967296,\"type\":\"A\",\"data\":\"x\"",
        "\"index\":0,\"type\":\"A\",\"data\":\"x\"",
        "\"index\":01,\"type\":\"A\",\"data\":\"x\"",
        "\"index\":-1,\"type\":\"A\",\"data\":\"x\"",
        "\"index\":1.5,\"type\":\"A\",\"data\":\"x\"",
        "\"index\":1,\"type\":\"\\u0041\",\"data\":\"x\"",
        "\"index\":1,\"type\":\"A\x01\",\"data\":\"x\"",
        "\"index\":1,\"type\":\"\xFF\",\"data\":\"x\"",
        "\"index\":1,\"type\":\"A\",\"data\":7",
        "\"index\":1,\"type\":\"A\",\"data\":",
        "\"index\":1,\"type\":\"A\",\"data\"",
        "\"index\":1,\"type\":\"A\"",
        "\"index\":1",
        "\"index\":",
        "\"index\":1,\"type\":\"A\",\"data\":\"x\",\"type\":\"B\"",
        "\"index\":1,\"type\":\"A\",\"data\":\"x\",\"ttl\":\"\"",
        "\"index\":1,\"type\":\"A\",\"data\":\"x\" \"ttl\":1",
    };

    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        struct onym_json_error usual;
        enum onym_status status;
        uint8_t bytes[128];
        char text[128];
        size_t len;

        (void)snprintf(text, sizeof text, "[{%s}]", members[i]);
        status = read_text(state, text);
        usual = error;
        len = status == ONYM_OK ? body.values.raw.len : 0;
        assert_true(len <= sizeof bytes);
        memcpy(bytes, body.values.raw.at, len);
        (void)snprintf(text, sizeof text, "[{ %s}]", members[i]);
        if (read_text(state, text) != status) {
            fail_msg("%s", members[i]);
        } else if (status == ONYM_OK) {
            assert_int_equal(body.values.raw.len, len);
            assert_memory_equal(body.values.raw.at, bytes, len);
        } else {
            assert_int_equal(error.offset, usual.offset + 1);
            assert_string_equal(error.field, usual.field);
        }
    }
}

static void
json_in_counts_values(void **state)
{
    char *text = malloc((size_t)ONYM_VALUES_MAX * 64 + 64);

    assert_non_null(text);
    for (uint32_t over = 0; over < 2; over++) {
        size_t len = 0;

        for (uint32_t i = 0; i < ONYM_VALUES_MAX + over; i++) {
            len += (size_t)snprintf(text + len, 64, "%c{\"index\":%u,\"type\":\"A\",\"data\":\"\"}",
                                    i == 0 ? '[' : ',', i + 1);
        }
        (void)snprintf(text + len, 2, "]");
        assert_int_equal(read_text(state, text), over == 0 ? ONYM_OK : ONYM_VALUE_INVALID);
    }
    free(text);
}

static void
json_in_counts_bytes(void **state)
{
    /* one value of the greatest size: its byte form is 26 bytes, type and data */
    size_t data = ONYM_VALUES_LEN_MAX - ONYM_VALUE_LEN_MIN - 1;
    char *text = malloc(ONYM_VALUES_LEN_MAX + 128);

    assert_non_null(text);
    for (size_t over = 0; over < 2; over++) {
        size_t len = (size_t)snprintf(text, 128, "[{\"index\":1,\"type\":\"A\",\"data\":\"");

        memset(text + len, 'x', data + over);
        (void)snprintf(text + len + data + over, 16, "\"}]");
        assert_int_equal(read_text(state, text), over == 0 ? ONYM_OK : ONYM_VALUE_INVALID);
        onym_json_in_trim(*state);
    }
    assert_int_equal(read_text(state, "[]"), ONYM_OK); /* trimming did no harm */
    free(text);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(json_in_reads_three_shapes),
        TEST(json_in_keeps_the_order_sent),
        TEST(json_in_says_what_is_wrong_and_where),
        TEST(json_in_reads_the_usual_form_as_any_other),
        TEST(json_in_counts_values),
        TEST(json_in_counts_bytes),
    };
#undef TEST

    return cmocka_run_group_tests_name("json_in", tests, NULL, NULL);
}
