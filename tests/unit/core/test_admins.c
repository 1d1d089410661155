/* The list of server administrators, at its edges. */
#include "core/admins.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static bool
names(const char *list, uint32_t index, const char *handle)
{
    struct onym_principal who = {.handle = onym_span_text(handle), .index = index};

    return onym_admins_name(onym_span_text(list), &who);
}

static void
an_entry_names_one_index_of_one_handle(void **state)
{
    (void)state;
    assert_true(names("300:0.NA/88.1", 300, "0.NA/88.1"));
    assert_true(names("300:0.NA/88.1", 300, "0.na/88.1")); /* prefixes fold */
    assert_true(names("1:0.NA/x  300:0.NA/88.1 7:P/a", 300, "0.NA/88.1"));
    assert_true(names("4294967295:P/a", 4294967295U, "P/a"));
    assert_false(names("300:0.NA/88.1", 301, "0.NA/88.1"));
    assert_false(names("300:0.NA/88.1", 300, "0.NA/88.10"));
    assert_false(names("300:0.NA/88.10", 300, "0.NA/88.1"));
}

static void
what_is_no_entry_names_nobody(void **state)
{
    (void)state;
    assert_false(names("", 300, "0.NA/88.1"));
    assert_false(names("0.NA/88.1", 0, "0.NA/88.1"));
    assert_false(names(":0.NA/88.1", 0, "0.NA/88.1"));
    assert_false(names("300:", 300, ""));
    assert_false(names("4294967596:0.NA/88.1", 300, "0.NA/88.1")); /* 300 + 2^32 */
    assert_false(names("18446744073709551916:0.NA/88.1", 300, "0.NA/88.1"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_entry_names_one_index_of_one_handle),
                                       cmocka_unit_test(what_is_no_entry_names_nobody)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
