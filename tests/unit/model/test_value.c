/* Values and their lists: byte form, limits, walking, and which types a wanted type selects. */
#include "onym/model/value.h"

#include "base/writer.h"
#include "onym/model/message.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the four above and below it in place */
#include <cmocka.h>
#include <stdlib.h>

static const uint8_t bytes[] = {0, 0, 1, 0x2D, 1,   2,   3,   4,   1, 0, 1, 0x51, 0x80, 0x0E,
                                0, 0, 0, 3,    'U', 'R', 'L', 0,   0, 0, 2, 'x',  'y',  0,
                                0, 0, 1, 0,    0,   0,   1,   'h', 0, 0, 1, 0x2C};

static void
value_has_every_field_at_its_place(void **state)
{
    onym_span left = onym_span_of(bytes, sizeof bytes);
    struct onym_value v;
    struct onym_reference ref;
    uint8_t out[sizeof bytes];
    size_t len;

    (void)state;
    assert_int_equal(onym_value_decode(&left, &v), ONYM_OK);
    assert_int_equal(left.len, 0);
    assert_int_equal(v.index, 301);
    assert_int_equal(v.timestamp, 0x01020304);
    assert_int_equal(v.ttl_type, ONYM_TTL_ABSOLUTE);
    assert_int_equal(v.ttl, 86400);
    assert_int_equal(v.permissions, ONYM_PERM_DEFAULT);
    assert_true(onym_span_equal(v.type, onym_span_text("URL")));
    assert_true(onym_span_equal(v.data, onym_span_text("xy")));
    assert_int_equal(v.references.count, 1);
    assert_true(onym_reference_next(&v.references.raw, &ref));
    assert_int_equal(ref.index, 300);
    assert_true(onym_span_equal(ref.handle, onym_span_text("h")));
    assert_false(onym_reference_next(&v.references.raw, &ref));
    left = onym_span_of(bytes, sizeof bytes);
    assert_int_equal(onym_value_decode(&left, &v), ONYM_OK);
    assert_int_equal(onym_value_len(&v), sizeof bytes);
    assert_int_equal(onym_value_encode(&v, out, sizeof out, &len), ONYM_OK);
    assert_memory_equal(out, bytes, sizeof bytes);
    assert_int_equal(onym_value_encode(&v, out, sizeof out - 1, &len), ONYM_NO_SPACE);
}

static void
value_cut_short_changes_nothing(void **state)
{
    struct onym_value v = {.index = 77};

    (void)state;
    for (size_t cut = 0; cut < sizeof bytes; cut++) {
        onym_span left = onym_span_of(bytes, cut);

        assert_int_equal(onym_value_decode(&left, &v), ONYM_MALFORMED);
        assert_int_equal(left.len, cut);
        assert_int_equal(v.index, 77);
    }
}

/* A value whose data has len bytes. */
static enum onym_status
decode_data(uint32_t len)
{
    uint8_t *room = calloc(1, ONYM_VALUE_LEN_MIN + len);
    onym_span left = onym_span_of(room, ONYM_VALUE_LEN_MIN + len);
    struct onym_value v;
    enum onym_status status;

    assert_non_null(room);
    onym_put_u32(room + 18, len);
    status = onym_value_decode(&left, &v);
    free(room);
    return status;
}

static void
value_takes_the_longest_data_and_refuses_one_byte_more(void **state)
{
    (void)state;
    assert_int_equal(decode_data(ONYM_COUNT_MAX), ONYM_OK);
    assert_int_equal(decode_data(ONYM_COUNT_MAX + 1), ONYM_MALFORMED);
}

static void
value_refuses_more_references_than_bytes(void **state)
{
    uint8_t room[ONYM_VALUE_LEN_MIN + 8] = {0};
    struct onym_value v;
    onym_span left = onym_span_of(room, sizeof room);

    (void)state;
    room[25] = 1;
    assert_int_equal(onym_value_decode(&left, &v), ONYM_OK);
    assert_int_equal(left.len, 0);
    left = onym_span_of(room, sizeof room);
    room[25] = 2;
    assert_int_equal(onym_value_decode(&left, &v), ONYM_MALFORMED);
    memset(room + 22, 0xFF, 4);
    assert_int_equal(onym_value_decode(&left, &v), ONYM_MALFORMED);
}

static void
value_list_has_its_greatest_count_and_ends_with_its_bytes(void **state)
{
    size_t len = ((size_t)ONYM_VALUES_MAX + 1) * ONYM_VALUE_LEN_MIN;
    uint8_t *room = calloc(1, len);
    struct onym_value_list list = {.count = ONYM_VALUES_MAX};
    struct onym_value v;
    uint32_t count = 0;

    (void)state;
    assert_non_null(room);
    list.raw = onym_span_of(room, len - ONYM_VALUE_LEN_MIN);
    assert_int_equal(onym_value_list_check(list), ONYM_OK);
    for (onym_span cursor = list.raw; onym_value_next(&cursor, &v);) {
        count++;
    }
    assert_int_equal(count, ONYM_VALUES_MAX);
    list = (struct onym_value_list){.raw = onym_span_of(room, len), .count = ONYM_VALUES_MAX + 1};
    assert_int_equal(onym_value_list_check(list), ONYM_MALFORMED);
    list = (struct onym_value_list){.raw = onym_span_of(room, ONYM_VALUE_LEN_MIN + 1), .count = 1};
    assert_int_equal(onym_value_list_check(list), ONYM_MALFORMED);
    list.raw.len = ONYM_VALUE_LEN_MIN - 1;
    assert_int_equal(onym_value_list_check(list), ONYM_MALFORMED);
    list = (struct onym_value_list){.count = 0};
    assert_int_equal(onym_value_list_check(list), ONYM_OK);
    free(room);
}

static bool
matches(const char *wanted, const char *type)
{
    return onym_type_matches(onym_span_text(wanted), onym_span_text(type));
}

static void
type_with_a_dot_selects_its_family(void **state)
{
    (void)state;
    assert_true(matches("HS_SITE.", "HS_SITE"));
    assert_true(matches("HS_SITE.", "HS_SITE.6"));
    assert_true(matches("hs_site.", "HS_SITE.PREFIX"));
    assert_false(matches("HS_SITE.", "HS_SITES"));
    assert_false(matches("HS_.", "HS_SITE"));
    assert_false(matches("HS_SITE", "HS_SITE.6"));
    assert_true(matches("url", "URL"));
    assert_false(matches("URL", "URLS"));
    assert_true(matches(".", ""));
    assert_true(matches("", ""));
    assert_false(matches("", "URL"));
}

static void
lists_of_numbers_and_texts_stop_at_a_torn_item(void **state)
{
    static const uint8_t items[] = {0, 0, 0, 2, 'a', 'b', 0, 0, 0, 3, 'c'};
    onym_span cursor = onym_span_of(items, sizeof items);
    onym_span text;
    uint32_t number;

    (void)state;
    assert_true(onym_text_next(&cursor, &text));
    assert_true(onym_span_equal(text, onym_span_text("ab")));
    assert_false(onym_text_next(&cursor, &text));
    assert_int_equal(cursor.len, 5);
    assert_true(onym_u32_next(&cursor, &number));
    assert_int_equal(number, 3);
    assert_false(onym_u32_next(&cursor, &number));
    assert_int_equal(cursor.len, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(value_has_every_field_at_its_place),
        cmocka_unit_test(value_cut_short_changes_nothing),
        cmocka_unit_test(value_takes_the_longest_data_and_refuses_one_byte_more),
        cmocka_unit_test(value_refuses_more_references_than_bytes),
        cmocka_unit_test(value_list_has_its_greatest_count_and_ends_with_its_bytes),
        cmocka_unit_test(type_with_a_dot_selects_its_family),
        cmocka_unit_test(lists_of_numbers_and_texts_stop_at_a_torn_item),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
