/* Reading nothing from nothing: a count of zero after a failed field used to add zero to a null
 * pointer, which is undefined; the undefined-behaviour sanitizer stopped a node there. */
#include "base/reader.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
reader_after_a_failure_gives_empty_spans(void **state)
{
    static const uint8_t two[] = {0, 7};
    struct onym_reader r = onym_reader_over(onym_span_of(two, sizeof two));

    (void)state;
    assert_int_equal(onym_reader_u32(&r), 0);
    assert_int_equal(r.status, ONYM_MALFORMED);
    assert_int_equal(onym_reader_counted(&r, 10).len, 0);
    assert_int_equal(onym_reader_bytes(&r, 0).len, 0);
    assert_int_equal(r.status, ONYM_MALFORMED);
}

static void
reader_over_nothing_gives_nothing(void **state)
{
    struct onym_reader r = onym_reader_over(onym_span_of(NULL, 0));

    (void)state;
    assert_int_equal(onym_reader_bytes(&r, 0).len, 0);
    assert_int_equal(r.status, ONYM_OK);
    assert_int_equal(onym_reader_u8(&r), 0);
    assert_int_equal(r.status, ONYM_MALFORMED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reader_after_a_failure_gives_empty_spans),
        cmocka_unit_test(reader_over_nothing_gives_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
