/* Names that may stand in front of an answer as a script: what else got through would be code. */
#include "service/http_jsonp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
only_plain_names_are_called(void **state)
{
    static const char *const names[] = {"f", "jQuery123_4", "$", "_", "a.b.c", "Z9"};
    static const char *const others[] = {"",    "9f",       ".f",  "a-b",  "a b",      "a()",
                                         "a;b", "a[0]",     "a\n", "a/**", "<x>",      "a\"b",
                                         "a'b", "a\\u0062", "a=b", "a,b",  "\xC3\xA4", "a\x7F"};
    uint8_t longest[ONYM_HTTP_CALLBACK_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_true(onym_http_callback_is_name(onym_span_text(names[i])));
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(onym_http_callback_is_name(onym_span_text(others[i])));
    }
    assert_false(onym_http_callback_is_name(onym_span_of((const uint8_t *)"a\0b", 3)));
    memset(longest, 'a', sizeof longest);
    assert_true(onym_http_callback_is_name(onym_span_of(longest, ONYM_HTTP_CALLBACK_MAX)));
    assert_false(onym_http_callback_is_name(onym_span_of(longest, ONYM_HTTP_CALLBACK_MAX + 1)));
}

static void
an_answer_is_put_between_name_and_brackets(void **state)
{
    uint8_t room[16];
    struct onym_writer w = onym_writer_over(room, sizeof room);

    (void)state;
    onym_writer_bytes(&w, onym_span_text("{\"a\":12345}"));
    onym_http_callback_wrap(&w, onym_span_text("f1"));
    assert_int_equal(w.status, ONYM_OK);
    assert_true(onym_span_equal(onym_writer_written(&w), onym_span_text("f1({\"a\":12345});")));
    w = onym_writer_over(room, sizeof room - 1);
    onym_writer_bytes(&w, onym_span_text("{\"a\":12345}"));
    onym_http_callback_wrap(&w, onym_span_text("f1"));
    assert_int_equal(w.status, ONYM_NO_SPACE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_plain_names_are_called),
        cmocka_unit_test(an_answer_is_put_between_name_and_brackets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
