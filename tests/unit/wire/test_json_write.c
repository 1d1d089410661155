/* Values as JSON: the usual ones, written in one go, look like all others. */
#include "onym/model/value.h"
#include "wire/json_record.h"
#include "wire/json_scan.h"
#include "wire/json_write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void
ascii_is_copied_and_all_else_is_noticed(void **state)
{
    static const uint8_t odd[] = {'"', '\\', 0x1F, 0, '\t', 0x80, 0xFF};

    (void)state;
    for (size_t len = 0; len <= 50; len++) {
        uint8_t text[50];
        uint8_t copy[51];

        memset(text, '~', sizeof text);
        for (size_t i = 0; i < len; i++) {
            text[i] = i % 2 == 0 ? (uint8_t)(' ' + i) : 0x7F;
            text[i] = text[i] == '"' ? '!' : text[i];
        }
        memset(copy, 0xEE, sizeof copy);
        assert_ptr_equal(onym_json_copy_ascii(copy, text, len), copy + len);
        assert_memory_equal(copy, text, len);
        assert_int_equal(copy[len], 0xEE);
        for (size_t at = 0; at < len; at++) {
            for (size_t i = 0; i < sizeof odd; i++) {
                uint8_t before = text[at];

                text[at] = odd[i];
                assert_null(onym_json_copy_ascii(copy, text, len));
                assert_int_equal(copy[len], 0xEE);
                text[at] = before;
            }
        }
    }
}

static void
numbers_have_their_digits(void **state)
{
    static const struct {
        uint64_t number;
        const char *text;
    } cases[] = {{0, "0"},
                 {9, "9"},
                 {10, "10"},
                 {86400, "86400"},
                 {99999, "99999"},
                 {4294967295, "4294967295"},
                 {UINT64_C(9999999999999999999), "9999999999999999999"},
                 {UINT64_C(10000000000000000000), "10000000000000000000"},
                 {UINT64_MAX, "18446744073709551615"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t text[24];
        struct onym_writer w = onym_writer_over(text, sizeof text);

        onym_json_put_u64(&w, cases[i].number);
        assert_true(onym_span_equal(onym_writer_written(&w), onym_span_text(cases[i].text)));
    }
}

#define USUAL                                                                                      \
    {                                                                                              \
        .index = 2000, .ttl = 86400, .permissions = ONYM_PERM_DEFAULT, .timestamp = 1773216000     \
    }
#define FRONT "{\"index\":2000,\"type\":\""
#define BACK  "\"},\"ttl\":86400,\"timestamp\":\"2026-03-11T08:00:00Z\"}"

/* Writes the value with all the room there can be, with just enough and with a byte less. */
static void
check(struct onym_value value, const char *type, const char *data, const char *text)
{
    struct onym_time_memo times = {0};
    size_t len = strlen(text);
    uint8_t *room = malloc(len + 1024);

    assert_non_null(room);
    value.type = onym_span_text(type);
    value.data = onym_span_text(data);
    for (int less = -1024; less <= 1; less += less < 0 ? 1024 : 1) {
        struct onym_writer w = onym_writer_over(room, (size_t)((int)len - less));

        onym_json_value_write(&w, &value, false, &times);
        assert_int_equal(w.status, less > 0 ? ONYM_NO_SPACE : ONYM_OK);
        if (less <= 0) {
            assert_int_equal(w.len, len);
            assert_memory_equal(room, text, len);
        }
    }
    free(room);
}

static void
values_are_written_the_same_with_any_room(void **state)
{
    struct onym_value usual = USUAL;
    struct onym_value other = USUAL;

    (void)state;
    check(usual, "partNo", "SYE11",
          FRONT "partNo\",\"data\":{\"format\":\"string\",\"value\":\"SYE11" BACK);
    check(usual, "", "", FRONT "\",\"data\":{\"format\":\"string\",\"value\":\"" BACK);
    check(usual, "名称", "纯电动车，长于十六字节",
          FRONT "名称\",\"data\":{\"format\":\"string\",\"value\":\"纯电动车，长于十六字节" BACK);
    check(usual, "a\"b", "one\ntwo",
          FRONT "a\\\"b\",\"data\":{\"format\":\"string\",\"value\":\"one\\ntwo" BACK);
    check(usual, "URL", "\xC3",
          FRONT "URL\",\"data\":{\"format\":\"base64\",\"value\":\"ww==" BACK);
    check(usual, "HS_ADMIN", "no list",
          FRONT "HS_ADMIN\",\"data\":{\"format\":\"string\",\"value\":\"no list" BACK);
    other.timestamp = 0;
    other.ttl = UINT32_MAX;
    other.index = UINT32_MAX;
    check(other, "URL", "x",
          "{\"index\":4294967295,\"type\":\"URL\",\"data\":{\"format\":\"string\",\"value\":\"x\"},"
          "\"ttl\":4294967295}");
    other.permissions = 0;
    check(other, "URL", "x",
          "{\"index\":4294967295,\"type\":\"URL\",\"data\":{\"format\":\"string\",\"value\":\"x\"},"
          "\"ttl\":4294967295,\"permissions\":\"0000\"}");
    other.ttl_type = ONYM_TTL_ABSOLUTE;
    other.ttl = 0;
    other.permissions = ONYM_PERM_DEFAULT;
    check(other, "URL", "x",
          "{\"index\":4294967295,\"type\":\"URL\",\"data\":{\"format\":\"string\",\"value\":\"x\"},"
          "\"ttl\":\"1970-01-01T00:00:00Z\"}");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ascii_is_copied_and_all_else_is_noticed),
        cmocka_unit_test(numbers_have_their_digits),
        cmocka_unit_test(values_are_written_the_same_with_any_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
