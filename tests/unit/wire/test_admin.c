/* Bodies of administration at their limits; bytes behind them stay with the caller. */
#include "wire/admin.h"

#include "base/writer.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the four above and below it in place */
#include <cmocka.h>
#include <stdlib.h>

#define ROOM 70000U

static onym_span
name_body(uint8_t *room, uint32_t name_len)
{
    struct onym_writer w = onym_writer_over(room, ROOM);

    onym_writer_u32(&w, name_len);
    memset(onym_writer_take(&w, name_len), 'n', name_len);
    return onym_writer_written(&w);
}

static void
admin_bodies_take_the_longest_name_and_refuse_one_byte_more(void **state)
{
    uint8_t room[ROOM];
    onym_span body;
    onym_span name;
    struct onym_admin_values values;
    struct onym_admin_indexes indexes;

    (void)state;
    body = name_body(room, ONYM_NAME_LEN_MAX);
    assert_int_equal(onym_admin_name_decode(&body, &name), ONYM_OK);
    assert_int_equal(name.len, ONYM_NAME_LEN_MAX);
    assert_int_equal(body.len, 0);
    memset(room + 4 + ONYM_NAME_LEN_MAX, 0, 4);
    body = onym_span_of(room, 8 + ONYM_NAME_LEN_MAX);
    assert_int_equal(onym_admin_values_decode(&body, &values), ONYM_OK);
    body = onym_span_of(room, 8 + ONYM_NAME_LEN_MAX);
    assert_int_equal(onym_admin_indexes_decode(&body, &indexes), ONYM_OK);

    body = name_body(room, ONYM_NAME_LEN_MAX + 1);
    assert_int_equal(onym_admin_name_decode(&body, &name), ONYM_MALFORMED);
    assert_int_equal(body.len, 4 + ONYM_NAME_LEN_MAX + 1);
    memset(room + 4 + ONYM_NAME_LEN_MAX + 1, 0, 4);
    body.len += 4;
    assert_int_equal(onym_admin_values_decode(&body, &values), ONYM_MALFORMED);
    assert_int_equal(onym_admin_indexes_decode(&body, &indexes), ONYM_MALFORMED);
}

/* A name and count values without type and data. */
static onym_span
values_body(uint8_t *room, uint32_t count)
{
    struct onym_writer w = onym_writer_over(room, ROOM);

    onym_writer_counted(&w, onym_span_text("a/b"));
    onym_writer_u32(&w, count);
    for (uint32_t i = 0; i < count; i++) {
        struct onym_value value = {.index = i + 1};
        size_t len = 0;

        assert_int_equal(onym_value_encode(&value, room + w.len, ROOM - w.len, &len), ONYM_OK);
        w.len += len;
    }
    return onym_writer_written(&w);
}

static void
admin_values_take_the_greatest_count_and_refuse_one_more(void **state)
{
    uint8_t room[ROOM];
    onym_span body = values_body(room, ONYM_VALUES_MAX);
    struct onym_admin_values values;

    (void)state;
    assert_int_equal(onym_admin_values_decode(&body, &values), ONYM_OK);
    assert_int_equal(values.values.count, ONYM_VALUES_MAX);
    assert_int_equal(values.values.raw.len, ONYM_VALUES_MAX * ONYM_VALUE_LEN_MIN);
    body = values_body(room, ONYM_VALUES_MAX + 1);
    assert_int_equal(onym_admin_values_decode(&body, &values), ONYM_MALFORMED);
}

static void
admin_decoders_leave_what_is_behind_to_the_caller(void **state)
{
    uint8_t room[ROOM];
    onym_span body = values_body(room, 2);
    struct onym_admin_values values;
    struct onym_admin_indexes indexes;
    struct onym_text_list names;
    static const uint8_t two_indexes[] = {0, 0, 0, 1, 'a', 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 9, 7};
    static const uint8_t one_name[] = {0, 0, 0, 1, 0, 0, 0, 1, 'a', 7, 7};
    uint32_t index;
    onym_span text;

    (void)state;
    body.len += 3;
    assert_int_equal(onym_admin_values_decode(&body, &values), ONYM_OK);
    assert_int_equal(body.len, 3);
    body = onym_span_of(two_indexes, sizeof two_indexes);
    assert_int_equal(onym_admin_indexes_decode(&body, &indexes), ONYM_OK);
    assert_int_equal(body.len, 1);
    assert_true(onym_u32_next(&indexes.indexes.raw, &index));
    assert_int_equal(index, 1);
    assert_true(onym_u32_next(&indexes.indexes.raw, &index));
    assert_int_equal(index, 9);
    assert_false(onym_u32_next(&indexes.indexes.raw, &index));
    body = onym_span_of(one_name, sizeof one_name);
    assert_int_equal(onym_admin_names_decode(&body, &names), ONYM_OK);
    assert_int_equal(body.len, 2);
    assert_true(onym_text_next(&names.raw, &text));
    assert_true(onym_span_equal(text, onym_span_text("a")));
    assert_false(onym_text_next(&names.raw, &text));
}

static void
admin_lists_refuse_counts_that_are_not_there(void **state)
{
    uint8_t body[16] = {0, 0, 0, 1, 'a'};
    struct onym_admin_values values;
    struct onym_admin_indexes indexes;
    struct onym_text_list names;

    (void)state;
    memset(body + 5, 0xFF, 4);
    onym_span span = onym_span_of(body, sizeof body);
    assert_int_equal(onym_admin_values_decode(&span, &values), ONYM_MALFORMED);
    assert_int_equal(onym_admin_indexes_decode(&span, &indexes), ONYM_MALFORMED);
    memset(body + 5, 0, 3);
    body[8] = 1;
    span = onym_span_of(body, 12);
    assert_int_equal(onym_admin_values_decode(&span, &values), ONYM_MALFORMED);
    assert_int_equal(onym_admin_indexes_decode(&span, &indexes), ONYM_MALFORMED);
    span = onym_span_of(body + 5, 7);
    assert_int_equal(onym_admin_names_decode(&span, &names), ONYM_MALFORMED);
    assert_int_equal(span.len, 7);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(admin_bodies_take_the_longest_name_and_refuse_one_byte_more),
        cmocka_unit_test(admin_values_take_the_greatest_count_and_refuse_one_more),
        cmocka_unit_test(admin_decoders_leave_what_is_behind_to_the_caller),
        cmocka_unit_test(admin_lists_refuse_counts_that_are_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
