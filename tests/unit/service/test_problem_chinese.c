/* Details of problems in Chinese: what is known, what is composed, and what stays English. */
#include "service/problem.h"
#include "service/problem_chinese.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
details_are_put_together(void **state)
{
    static const struct {
        const char *english, *chinese;
    } cases[] = {
        {"expected a number of 1 to 1000", "应为 1 到 1000 的数字"},
        {"an index must be from 1 to 2147483647 (index -1 or 4294967295)",
         "索引应在 1 到 2147483647 之间（索引 -1 or 4294967295）"},
        {"a string; expected a whole number, at byte 20 of the body",
         "字符串；应为 整数，位于请求体第 20 字节"},
        {"-1; expected 0 to 4294967295, at byte 59 of the row",
         "-1；应为 0 到 4294967295，位于该行第 59 字节"},
        {"unknown member \"typ\"; expected one of index, type, at byte 27 of the body",
         "未知成员 \"typ\"；应为 以下之一：index, type，位于请求体第 27 字节"},
        {"is no parameter here; expected limit or pretty", "不是此处的参数；应为 limit or pretty"},
        {"Unknown method PATCH", "不支持的方法：PATCH"},
        {"comes twice, at byte 9 of the body", "出现两次，位于请求体第 9 字节"},
        /* not one of ours, and what looks like a place */
        {"the main loop takes no orders", NULL},
        {"comes twice, at byte ", NULL},
        {" (index )", NULL},
        {"1 to ", NULL},
        {" to 1", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512] = "";
        struct onym_writer w = onym_writer_over((uint8_t *)text, sizeof text - 1);
        bool known = onym_problem_chinese(&w, onym_span_text(cases[i].english));

        text[w.len] = '\0';
        assert_string_equal(text, cases[i].chinese != NULL ? cases[i].chinese : "");
        assert_int_equal(known, cases[i].chinese != NULL);
    }
}

static void
every_entry_is_found_and_stands_once(void **state)
{
    const char *entry;

    (void)state;
    for (size_t i = 0; (entry = onym_problem_chinese_entry(i)) != NULL; i++) {
        uint8_t text[512];
        struct onym_writer w = onym_writer_over(text, sizeof text);

        assert_true(onym_problem_chinese(&w, onym_span_text(entry)));
        assert_int_equal(w.status, ONYM_OK);
        assert_false(onym_span_equal(onym_writer_written(&w), onym_span_text(entry)));
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(entry, onym_problem_chinese_entry(j));
        }
    }
}

static void
a_detail_without_translation_follows_the_title(void **state)
{
    uint8_t room[ONYM_PROBLEM_DETAIL_MAX];
    uint8_t text[ONYM_PROBLEM_DETAIL_MAX];
    onym_span longest;

    (void)state;
    memset(text, 'x', sizeof text);
    longest = onym_span_of(text, sizeof text);
    assert_true(onym_span_equal(onym_problem_detail(onym_span_text("x"), "题", true, room),
                                onym_span_text("题：x")));
    assert_true(onym_span_equal(onym_problem_detail(onym_span_text(""), "题", true, room),
                                onym_span_text("题")));
    assert_true(onym_span_equal(onym_problem_detail(longest, "题", true, room), longest));
    assert_true(onym_span_equal(onym_problem_detail(onym_span_text("x"), "y", false, room),
                                onym_span_text("x")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(details_are_put_together),
        cmocka_unit_test(every_entry_is_found_and_stands_once),
        cmocka_unit_test(a_detail_without_translation_follows_the_title),
    };

    return cmocka_run_group_tests_name("problem_chinese", tests, NULL, NULL);
}
