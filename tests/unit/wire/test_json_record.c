#include "wire/json_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW_S     1767225600U
#define TEXT_MAX  ((size_t)4 << 20)
#define VALUE(m)  "{\"handle\":\"88.1/a\",\"values\":[{" m "}]}"
#define DATA(d)   VALUE("\"index\":1,\"type\":\"T\",\"data\":" d)
#define RECORD(m) "{\"handle\":\"88.1/a\",\"values\":[]," m "}"

static struct onym_json_reader *
reader_of(void **state)
{
    return *state;
}

static int
set_up(void **state)
{
    struct onym_json_reader *reader;

    if (onym_json_reader_new(&reader) != ONYM_OK) {
        return -1;
    }
    *state = reader;
    return 0;
}

static int
tear_down(void **state)
{
    onym_json_reader_free(*state);
    onym_json_reader_free(NULL);
    return 0;
}

static const struct {
    const char *line, *field, *problem;
} faults[] = {
    {"", "", "the text ends; expected an object"},
    {"[]", "", "an array; expected an object"},
    {"not so", "", "not a JSON value; expected an object"},
    {"null", "", "null; expected an object"},
    {"truth", "", "not a JSON value; expected an object"},
    {"false", "", "true or false; expected an object"},
    {"nul", "", "not a JSON value; expected an object"},
    {"{}", "", "a member is missing; expected \"handle\" and \"values\""},
    {"{\"values\":[]}", "", "a member is missing; expected \"handle\" and \"values\""},
    {"{\"handle\":\"88.1/a\"}", "", "a member is missing; expected \"handle\" and \"values\""},
    {"{\"handle\":7,\"values\":[]}", "handle", "a number; expected a string"},
    {"{\"handel\":\"88.1/a\"}", "", "unknown member \"handel\"; expected one of handle, values"},
    {"{\"handle\":\"a\",\"handle\":\"b\"}", "handle", "comes twice"},
    {"{\"handle\":\"88.1/a\",\"values\":[]} x", "", "more text behind the value"},
    {"{\"handle\":\"88.1/a\",\"values\":[],}", "", "expected a string"},
    {"{\"handle\":\"88.1/a\" \"values\":[]}", "handle", "column 20: expected ',' or '}'"},
    {"{\"handle\" \"88.1/a\"}", "handle", "column 11: expected ':'"},
    {"{\"handle\":\"88.1/a\",\"values\":[", "values", "the text ends"},
    {"{\"handle\":\"a\\qb\"}", "handle", "unknown escape"},
    {"{\"handle\":\"a\\ud800b\"}", "handle", "half a pair of surrogates"},
    {"{\"handle\":\"a\\u12G4\"}", "handle", "four hexadecimal digits"},
    {"{\"handle\":\"a\xFF\"}", "handle", "not valid UTF-8"},
    {"{\"handle\":\"a\tb\"}", "handle", "control character in a string; expected \\u0009"},
    {"{\"handle\":\"abc", "handle", "a string without end"},
    {RECORD("\"homed\":true"), "", "\"homed\" with 88.1/a; expected it with 0.NA/<prefix> only"},
    {RECORD("\"revision\":0"), "revision", "0; expected 1 to 281474976710655"},
    {RECORD("\"revision\":281474976710656"), "revision", "expected 1 to"},
    {RECORD("\"created\":\"yesterday\""), "created", "expected a time such as"},
    {RECORD("\"owner\":null"), "owner", "null; expected a string"},
    {VALUE("\"index\":1,\"type\":\"T\""), "values[0]", "expected \"index\", \"type\", \"data\""},
    {VALUE("\"index\":0"), "values[0].index", "0; expected 1 to 4294967295"},
    {VALUE("\"index\":4294967296"), "values[0].index", "expected 1 to 4294967295"},
    {VALUE("\"index\":-1"), "values[0].index", "-1; expected 1 to 4294967295"},
    {VALUE("\"index\":1.0"), "values[0].index", "fraction or exponent"},
    {VALUE("\"index\":01"), "values[0].index", "begins with 0"},
    {VALUE("\"index\":99999999999999999999999999"), "values[0].index", "expected 1 to"},
    {VALUE("\"index\":\"1\""), "values[0].index", "a string; expected a whole number"},
    {VALUE("\"permision\":\"1110\""), "values[0]", "unknown member \"permision\""},
    {VALUE("\"permissions\":\"111\""), "values[0].permissions", "four digits 0 or 1"},
    {VALUE("\"permissions\":\"1120\""), "values[0].permissions", "four digits 0 or 1"},
    {VALUE("\"ttl\":-1"), "values[0].ttl", "expected 0 to 4294967295"},
    {VALUE("\"ttl\":\"soon\""), "values[0].ttl", "expected seconds, or a time such as"},
    {VALUE("\"timestamp\":1767225600"), "values[0].timestamp", "a number; expected a string"},
    {VALUE("\"timestamp\":\"2026-02-29T00:00:00Z\""), "values[0].timestamp", "expected a time"},
    {VALUE("\"timestamp\":\"2106-02-07T06:28:16Z\""), "values[0].timestamp", "expected a time"},
    {DATA("5"), "values[0].data", "a number; expected an object"},
    {DATA("{\"format\":\"string\"}"), "values[0].data", "\"format\" and \"value\""},
    {DATA("{\"format\":\"text\",\"value\":\"\"}"), "values[0].data.format",
     "\"text\"; expected string, base64, hex, key, admin, vlist or site"},
    {DATA("{\"format\":\"base64\",\"value\":\"A\"}"), "values[0].data.value", "not base64"},
    {DATA("{\"format\":\"base64\",\"value\":\"AB==\"}"), "values[0].data.value", "not base64"},
    {DATA("{\"format\":\"hex\",\"value\":\"abc\"}"), "values[0].data.value", "not hexadecimal"},
    {DATA("{\"format\":\"admin\",\"value\":{\"handle\":\"a\",\"index\":1}}"),
     "values[0].data.value", "\"handle\", \"index\" and \"permissions\""},
    {DATA("{\"format\":\"admin\",\"value\":{\"permissions\":[true,false]}}"),
     "values[0].data.value.permissions", "an array; expected 12 binary digits"},
    {DATA("{\"format\":\"admin\",\"value\":{\"permissions\":\"012\"}}"),
     "values[0].data.value.permissions", "12 binary digits"},
    {DATA("{\"format\":\"vlist\",\"value\":[{\"handle\":\"a\"}]}"), "values[0].data.value[0]",
     "\"handle\" and \"index\""},
    {DATA("{\"format\":\"key\",\"value\":{\"kty\":\"EC\"}}"), "values[0].data.value.kty",
     "\"EC\"; expected RSA"},
    {DATA("{\"format\":\"key\",\"value\":{\"kty\":\"RSA\",\"n\":\"AAAA\",\"e\":\"AQAB\"}}"),
     "values[0].data.value.n", "zero"},
    {DATA("{\"format\":\"site\",\"value\":{}}"), "values[0].data.value", "\"servers\""},
    {DATA("{\"format\":\"site\",\"value\":{\"version\":2}}"), "values[0].data.value.version",
     "2; expected 1 to 1"},
    {DATA("{\"format\":\"site\",\"value\":{\"servers\":[{\"serverId\":1,\"address\":\"host\"}]}"
          "}"),
     "values[0].data.value.servers[0].address", "expected an IPv4 or IPv6 address"},
    {DATA("{\"format\":\"site\",\"value\":{\"servers\":[{\"serverId\":1,\"address\":\"1.2.3.4\","
          "\"interfaces\":[{\"protocol\":\"SCTP\"}]}]}}"),
     "values[0].data.value.servers[0].interfaces[0].protocol", "expected UDP, TCP, HTTP or"},
    {"{\"handle\":\"88.1/a\",\"values\":[{\"index\":1,\"type\":\"T\",\"data\":\"\"},"
     "{\"index\":1,\"type\":\"T\",\"data\":\"\"}]}",
     "values", "index 1 comes twice"},
    {DATA("{\"value\":[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]],\"format\":\"string\"}"), NULL,
     "nested deeper than 16"},
};

static void
every_fault_names_field_and_expectation(void **state)
{
    struct onym_json_record record;
    struct onym_json_error error;

    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        memset(&error, 0, sizeof error);
        if (onym_json_record_read(reader_of(state), onym_span_text(faults[i].line), NOW_S, &record,
                                  &error) != ONYM_MALFORMED) {
            fail_msg("accepted: %s", faults[i].line);
        }
        if (strstr(error.problem, faults[i].problem) == NULL ||
            (faults[i].field != NULL && strcmp(error.field, faults[i].field) != 0)) {
            fail_msg("%s gives \"%s: %s\"", faults[i].line, error.field, error.problem);
        }
    }
}

static struct onym_json_record
read_line(void **state, onym_span line)
{
    struct onym_json_record record = {0};
    struct onym_json_error error = {0};

    if (onym_json_record_read(reader_of(state), line, NOW_S, &record, &error) != ONYM_OK) {
        fail_msg("%s: %s", error.field, error.problem);
    }
    return record;
}

static void
what_is_not_said_has_its_default(void **state)
{
    struct onym_json_record record = read_line(
        state, onym_span_text(VALUE("\"index\":7,\"type\":\"URL\",\"data\":\"x\"")));
    struct onym_value value;

    assert_true(onym_span_equal(record.name, onym_span_text("88.1/a")));
    assert_true(record.homed && !record.has_homed && record.has_values);
    assert_int_equal(record.revision, 0);
    assert_int_equal(record.public_values.count, 1);
    assert_int_equal(record.private_values.count, 0);
    assert_true(onym_value_next(&record.public_values.raw, &value));
    assert_int_equal(value.index, 7);
    assert_int_equal(value.timestamp, NOW_S);
    assert_int_equal(value.ttl_type, ONYM_TTL_RELATIVE);
    assert_int_equal(value.ttl, ONYM_TTL_DEFAULT);
    assert_int_equal(value.permissions, ONYM_PERM_DEFAULT);
    assert_int_equal(value.references.count, 0);
}

static void
public_values_come_in_front_in_their_order(void **state)
{
    static const char line[] =
        "{\"handle\":\"88.1/a\",\"values\":["
        "{\"index\":4,\"type\":\"T\",\"data\":\"\",\"permissions\":\"1100\"},"
        "{\"index\":3,\"type\":\"T\",\"data\":\"\",\"permissions\":\"0010\"},"
        "{\"index\":2,\"type\":\"T\",\"data\":\"\",\"permissions\":\"0001\"},"
        "{\"index\":1,\"type\":\"T\",\"data\":\"\",\"permissions\":\"1111\"}]}";
    static const uint32_t expected[] = {3, 1, 4, 2};
    struct onym_json_record record = read_line(state, onym_span_text(line));
    struct onym_value value;

    for (unsigned i = 0; i < 4; i++) {
        onym_span *raw = i < 2 ? &record.public_values.raw : &record.private_values.raw;

        assert_true(onym_value_next(raw, &value));
        assert_int_equal(value.index, expected[i]);
    }
}

/* count values of len bytes each, as a line. */
static onym_span
many_values(char *text, unsigned count, size_t len)
{
    size_t used = (size_t)snprintf(text, TEXT_MAX, "{\"handle\":\"88.1/a\",\"values\":[");

    for (unsigned i = 0; i < count; i++) {
        used += (size_t)snprintf(text + used, TEXT_MAX - used,
                                 "%s{\"index\":%u,\"type\":\"\",\"data\":\"", i > 0 ? "," : "",
                                 count - i);
        memset(text + used, 'x', len);
        used += len;
        used += (size_t)snprintf(text + used, TEXT_MAX - used, "\"}");
    }
    used += (size_t)snprintf(text + used, TEXT_MAX - used, "]}");
    return onym_span_of(text, used);
}

static void
limits_hold_at_and_one_past(void **state)
{
    struct onym_json_record record;
    struct onym_json_error error;
    char *text = malloc(TEXT_MAX);
    size_t len = ONYM_VALUES_LEN_MAX - ONYM_VALUE_LEN_MIN;

    assert_non_null(text);
    record = read_line(state, many_values(text, ONYM_VALUES_MAX, 1));
    assert_int_equal(record.public_values.count, ONYM_VALUES_MAX);
    assert_int_equal(onym_json_record_read(reader_of(state),
                                           many_values(text, ONYM_VALUES_MAX + 1, 1), NOW_S,
                                           &record, &error),
                     ONYM_MALFORMED);
    assert_non_null(strstr(error.problem, "at most 2048"));
    record = read_line(state, many_values(text, 1, len));
    assert_int_equal(record.public_values.raw.len, ONYM_VALUES_LEN_MAX);
    assert_int_equal(onym_json_record_read(reader_of(state), many_values(text, 1, len + 1), NOW_S,
                                           &record, &error),
                     ONYM_MALFORMED);
    assert_non_null(strstr(error.problem, "at most 258048 bytes"));

    static const struct {
        const char *front, *back;
        size_t most;
    } names[] = {{"{\"handle\":\"", "\",\"values\":[]}", ONYM_NAME_LEN_MAX},
                 {"{\"handle\":\"88.1/a\",\"values\":[],\"owner\":\"", "\"}", ONYM_OWNER_LEN_MAX}};

    for (unsigned i = 0; i < 2; i++) {
        for (unsigned past = 0; past < 2; past++) {
            size_t used = (size_t)snprintf(text, TEXT_MAX, "%s", names[i].front);

            memset(text + used, 'n', names[i].most + past);
            used += names[i].most + past;
            used += (size_t)snprintf(text + used, TEXT_MAX - used, "%s", names[i].back);
            assert_int_equal(onym_json_record_read(reader_of(state), onym_span_of(text, used),
                                                   NOW_S, &record, &error),
                             past == 0 ? ONYM_OK : ONYM_MALFORMED);
        }
    }
    free(text);
}

/* Writes the record of a line and reads it again: the same to the last byte. */
static void
round_trip(void **state, const char *line, const char *must_contain)
{
    struct onym_json_record first = read_line(state, onym_span_text(line));
    uint8_t *kept = malloc(65536);
    uint8_t *text = malloc(65536);
    struct onym_writer w = onym_writer_over(text, 65535);
    size_t public_len = first.public_values.raw.len;
    size_t private_len = first.private_values.raw.len;
    char name[256];

    memcpy(kept, first.public_values.raw.at, public_len);
    memcpy(kept + public_len, first.private_values.raw.at, private_len);
    memcpy(name, first.name.at, first.name.len);
    struct onym_record record = {
        .name = onym_span_of(name, first.name.len),
        .revision = 5,
        .created_ms = 1767225600000,
        .modified_ms = 1767225600001,
        .public_values = {.raw = onym_span_of(kept, public_len),
                          .count = first.public_values.count},
        .private_values = {.raw = onym_span_of(kept + public_len, private_len),
                           .count = first.private_values.count}};

    onym_json_record_write(&w, &record, first.homed);
    assert_int_equal(w.status, ONYM_OK);
    assert_int_equal(text[w.len - 1], '\n');
    text[w.len] = '\0';
    if (strstr((char *)text, must_contain) == NULL) {
        fail_msg("%s is not in %s", must_contain, (char *)text);
    }
    struct onym_json_record second = read_line(state, onym_span_of(text, w.len));

    assert_true(onym_span_equal(second.name, record.name));
    assert_int_equal(second.revision, 5);
    assert_int_equal(second.created_ms, record.created_ms);
    assert_int_equal(second.modified_ms, record.modified_ms);
    assert_true(second.homed == first.homed);
    assert_true(onym_span_equal(second.public_values.raw, record.public_values.raw));
    assert_true(onym_span_equal(second.private_values.raw, record.private_values.raw));
    /* every room that is too small is noticed */
    for (size_t cap = 0; cap < w.len; cap += 7) {
        struct onym_writer tight = onym_writer_over(text, cap);

        onym_json_record_write(&tight, &record, first.homed);
        assert_int_equal(tight.status, ONYM_NO_SPACE);
    }
    free(text);
    free(kept);
}

static void
what_is_written_reads_back_the_same(void **state)
{
    static const struct {
        const char *line, *contains;
    } cases[] = {
        {"{\"handle\":\"0.NA/88.1\",\"homed\":false,\"values\":[]}", "\"homed\":false"},
        {DATA("\"\\u66f2 \\\"\\\\/\\n\""), "\"\xE6\x9B\xB2 \\\"\\\\/\\n\""},
        {DATA("{\"format\":\"base64\",\"value\":\"AP+A\"}"), "\"base64\",\"value\":\"AP+A\""},
        {DATA("\"\\u0007\""), "\"base64\",\"value\":\"Bw==\""},
        {VALUE("\"index\":1,\"type\":\"T\",\"data\":\"\",\"ttl\":\"2030-01-01T00:00:00Z\","
               "\"timestamp\":\"1970-01-01T00:00:00Z\",\"permissions\":\"0000\",\"references\":"
               "[{\"handle\":\"x/y\",\"index\":3}]"),
         "\"ttl\":\"2030-01-01T00:00:00Z\",\"timestamp\":\"1970-01-01T00:00:00Z\","
         "\"permissions\":\"0000\",\"references\":[{\"handle\":\"x/y\",\"index\":3}]"},
        {VALUE("\"index\":1,\"type\":\"HS_ADMIN\",\"data\":{\"format\":\"admin\",\"value\":"
               "{\"handle\":\"0.NA/88.1\",\"index\":200,\"permissions\":\"011111110011\"}}"),
         "\"admin\",\"value\":{\"handle\":\"0.NA/88.1\",\"index\":200,\"permissions\":"
         "\"011111110011\"}"},
        {VALUE("\"index\":1,\"type\":\"hs_admin\",\"data\":{\"format\":\"admin\",\"value\":"
               "{\"handle\":\"a\",\"index\":1,\"permissions\":\"*\",\"legacyByteLength\":true}}"),
         "\"permissions\":\"111111111111\",\"legacyByteLength\":true"},
        {VALUE("\"index\":1,\"type\":\"HS_ADMIN\",\"data\":{\"format\":\"admin\",\"value\":"
               "{\"handle\":\"a\",\"index\":1,\"permissions\":4096}}"),
         "\"format\":\"base64\""},
        {VALUE("\"index\":1,\"type\":\"HS_ADMIN\",\"data\":\"no structure\""),
         "\"string\",\"value\":\"no structure\""},
        {VALUE("\"index\":1,\"type\":\"HS_VLIST\",\"data\":{\"format\":\"vlist\",\"value\":[]}"),
         "\"vlist\",\"value\":[]"},
        {VALUE("\"index\":1,\"type\":\"HS_VLIST\",\"data\":{\"format\":\"vlist\",\"value\":"
               "[{\"handle\":\"a/b\",\"index\":1},{\"handle\":\"c/d\",\"index\":2}]}"),
         "[{\"handle\":\"a/b\",\"index\":1},{\"handle\":\"c/d\",\"index\":2}]"},
        {VALUE("\"index\":1,\"type\":\"HS_PUBKEY\",\"data\":{\"format\":\"key\",\"value\":"
               "{\"kty\":\"RSA\",\"n\":\"wJ-a_Q\",\"e\":\"AQAB\"}}"),
         "\"key\",\"value\":{\"kty\":\"RSA\",\"n\":\"wJ-a_Q\",\"e\":\"AQAB\"}"},
        {VALUE("\"index\":1,\"type\":\"HS_PUBKEY\",\"data\":\"-----BEGIN PUBLIC KEY-----\""),
         "\"string\",\"value\":\"-----BEGIN PUBLIC KEY-----\""},
        {VALUE(
             "\"index\":1,\"type\":\"HS_SITE.PREFIX\",\"data\":{\"format\":\"site\",\"value\":"
             "{\"serialNumber\":3,\"primarySite\":true,\"hashOption\":1,\"hashFilter\":\"f\","
             "\"attributes\":[{\"name\":\"desc\",\"value\":\"d\"},{\"name\":\"\",\"value\":\"\"}],"
             "\"servers\":[{\"serverId\":1,\"address\":\"192.0.2.1\",\"publicKey\":{\"format\":"
             "\"key\",\"value\":{\"kty\":\"RSA\",\"n\":\"wJ-a\",\"e\":\"Aw\"}},\"interfaces\":"
             "[{\"query\":true,\"protocol\":\"HTTPS\",\"port\":8000}]},{\"serverId\":2,"
             "\"address\":\"2001:db8::1\",\"publicKey\":\"text\"}]}}"),
         "\"servers\":[{\"serverId\":1,\"address\":\"192.0.2.1\",\"publicKey\":{\"format\":\"key\","
         "\"value\":{\"kty\":\"RSA\",\"n\":\"wJ-a\",\"e\":\"Aw\"}},\"interfaces\":[{\"query\":true,"
         "\"admin\":false,\"protocol\":\"HTTPS\",\"port\":8000}]},{\"serverId\":2,\"address\":"
         "\"2001:db8::1\""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        round_trip(state, cases[i].line, cases[i].contains);
    }
}

static void
a_homed_prefix_alone_is_a_line(void **state)
{
    uint8_t text[512];
    struct onym_writer w = onym_writer_over(text, sizeof text);
    struct onym_record record = {.name = onym_span_text("0.NA/88.1"),
                                 .revision = 2,
                                 .created_ms = 1767225600000,
                                 .modified_ms = 1767225600000};

    onym_json_prefix_write(&w, &record);
    struct onym_json_record read = read_line(state, onym_span_of(text, w.len));

    assert_true(read.has_homed && read.homed && !read.has_values);
    assert_int_equal(read.revision, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fault_names_field_and_expectation),
        cmocka_unit_test(what_is_not_said_has_its_default),
        cmocka_unit_test(public_values_come_in_front_in_their_order),
        cmocka_unit_test(limits_hold_at_and_one_past),
        cmocka_unit_test(what_is_written_reads_back_the_same),
        cmocka_unit_test(a_homed_prefix_alone_is_a_line),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
