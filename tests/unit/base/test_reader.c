/* Bounded reading and writing: every field at its place, the first failure sticks, nothing is read
 * or written past the end. */
#include "base/reader.h"
#include "base/writer.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the four above and below it in place */
#include <cmocka.h>

static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static void
reader_reads_big_endian_to_the_last_byte(void **state)
{
    struct onym_reader r = onym_reader_over(onym_span_of(bytes, sizeof bytes));

    (void)state;
    assert_int_equal(onym_reader_u8(&r), 1);
    assert_int_equal(onym_reader_u16(&r), 0x0203);
    assert_int_equal(onym_reader_u32(&r), 0x04050607);
    assert_true(onym_reader_u64(&r) == 0x08090A0B0C0D0E0F);
    assert_int_equal(r.status, ONYM_OK);
    assert_int_equal(r.left.len, 0);
}

static void
six_bytes_are_a_number_too(void **state)
{
    uint8_t out[6];
    struct onym_writer w = onym_writer_over(out, sizeof out);
    struct onym_reader r = onym_reader_over(onym_span_of(bytes, 6));

    (void)state;
    assert_true(onym_reader_u48(&r) == 0x010203040506);
    onym_writer_u48(&w, 0xFFFF010203040506);
    assert_memory_equal(out, bytes, 6);
    onym_writer_u48(&w, 0);
    assert_int_equal(w.status, ONYM_NO_SPACE);
    r = onym_reader_over(onym_span_of(bytes, 5));
    assert_true(onym_reader_u48(&r) == 0);
    assert_int_equal(r.status, ONYM_MALFORMED);
}

static void
reader_fails_one_byte_short_and_the_failure_sticks(void **state)
{
    static const size_t widths[] = {1, 2, 4, 8};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct onym_reader r = onym_reader_over(onym_span_of(bytes, widths[i] - 1));
        uint64_t read = i == 0   ? onym_reader_u8(&r)
                        : i == 1 ? onym_reader_u16(&r)
                        : i == 2 ? onym_reader_u32(&r)
                                 : onym_reader_u64(&r);

        assert_true(read == 0);
        assert_int_equal(r.status, ONYM_MALFORMED);
        assert_int_equal(onym_reader_u8(&r), 0);
        assert_int_equal(onym_reader_bytes(&r, 1).len, 0);
        assert_int_equal(r.status, ONYM_MALFORMED);
    }
}

static void
reader_keeps_the_first_failure(void **state)
{
    struct onym_reader r = onym_reader_over(onym_span_of(bytes, sizeof bytes));

    (void)state;
    onym_reader_fail(&r, ONYM_UNSUPPORTED);
    onym_reader_fail(&r, ONYM_MALFORMED);
    (void)onym_reader_u64(&r);
    assert_int_equal(r.status, ONYM_UNSUPPORTED);
    assert_int_equal(r.left.len, 0);
}

static void
reader_counted_takes_its_greatest_length_and_refuses_one_more(void **state)
{
    static const uint8_t three[] = {0, 0, 0, 3, 'a', 'b', 'c'};
    static const uint8_t huge[] = {0xFF, 0xFF, 0xFF, 0xFF, 'a'};
    struct onym_reader r = onym_reader_over(onym_span_of(three, sizeof three));

    (void)state;
    assert_true(onym_span_equal(onym_reader_counted(&r, 3), onym_span_text("abc")));
    assert_int_equal(r.status, ONYM_OK);
    r = onym_reader_over(onym_span_of(three, sizeof three));
    assert_int_equal(onym_reader_counted(&r, 2).len, 0);
    assert_int_equal(r.status, ONYM_MALFORMED);
    r = onym_reader_over(onym_span_of(three, sizeof three - 1));
    assert_int_equal(onym_reader_counted(&r, 3).len, 0);
    assert_int_equal(r.status, ONYM_MALFORMED);
    r = onym_reader_over(onym_span_of(huge, sizeof huge));
    assert_int_equal(onym_reader_counted(&r, SIZE_MAX).len, 0);
    assert_int_equal(r.status, ONYM_MALFORMED);
}

static void
writer_writes_big_endian_to_the_last_byte(void **state)
{
    uint8_t out[sizeof bytes];
    struct onym_writer w = onym_writer_over(out, sizeof out);

    (void)state;
    onym_writer_u8(&w, 1);
    onym_writer_u16(&w, 0x0203);
    onym_writer_u32(&w, 0x04050607);
    onym_writer_u64(&w, 0x08090A0B0C0D0E0F);
    assert_int_equal(w.status, ONYM_OK);
    assert_true(onym_span_equal(onym_writer_written(&w), onym_span_of(bytes, sizeof bytes)));
    onym_writer_bytes(&w, onym_span_of(NULL, 0));
    assert_int_equal(w.status, ONYM_OK);
    onym_writer_u8(&w, 1);
    assert_int_equal(w.status, ONYM_NO_SPACE);
}

static void
writer_overflow_sticks_and_writes_nothing(void **state)
{
    uint8_t out[8];
    struct onym_writer w = onym_writer_over(out, 6);

    (void)state;
    memset(out, 0xEE, sizeof out);
    onym_writer_counted(&w, onym_span_text("abc"));
    assert_int_equal(w.status, ONYM_NO_SPACE);
    onym_writer_u8(&w, 1); /* would fit */
    assert_int_equal(w.status, ONYM_NO_SPACE);
    assert_int_equal(w.len, 4);
    assert_int_equal(out[4], 0xEE);
    assert_int_equal(out[6], 0xEE);
    assert_null(onym_writer_take(&w, 0));
}

static void
writer_without_room_takes_nothing_but_nothing(void **state)
{
    uint8_t out[1];
    struct onym_writer w = onym_writer_over(out, 0);

    (void)state;
    assert_non_null(onym_writer_take(&w, 0));
    assert_null(onym_writer_take(&w, SIZE_MAX));
    assert_int_equal(w.status, ONYM_NO_SPACE);
}

static void
spans_never_reach_past_their_end(void **state)
{
    onym_span s = onym_span_text("abc");

    (void)state;
    assert_true(onym_span_equal(onym_span_from(s, 1), onym_span_text("bc")));
    assert_int_equal(onym_span_from(s, 3).len, 0);
    assert_int_equal(onym_span_from(s, SIZE_MAX).len, 0);
    assert_int_equal(onym_span_front(s, 2).len, 2);
    assert_int_equal(onym_span_front(s, 4).len, 3);
    assert_true(onym_span_equal(onym_span_of(NULL, 0), onym_span_text("")));
    assert_false(onym_span_equal(s, onym_span_text("abd")));
    assert_false(onym_span_equal(s, onym_span_text("ab")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reader_reads_big_endian_to_the_last_byte),
        cmocka_unit_test(six_bytes_are_a_number_too),
        cmocka_unit_test(reader_fails_one_byte_short_and_the_failure_sticks),
        cmocka_unit_test(reader_keeps_the_first_failure),
        cmocka_unit_test(reader_counted_takes_its_greatest_length_and_refuses_one_more),
        cmocka_unit_test(writer_writes_big_endian_to_the_last_byte),
        cmocka_unit_test(writer_overflow_sticks_and_writes_nothing),
        cmocka_unit_test(writer_without_room_takes_nothing_but_nothing),
        cmocka_unit_test(spans_never_reach_past_their_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
