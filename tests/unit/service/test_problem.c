/* Problems of the HTTP API: whether to try again, and in which language. */
#include "service/problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void
write_problem(const struct onym_problem *problem, bool chinese, char out[1024])
{
    struct onym_writer w = onym_writer_over((uint8_t *)out, 1023);

    onym_problem_write(&w, problem, chinese);
    assert_int_equal(w.status, ONYM_OK);
    out[w.len] = '\0';
}

/* 429 and 503 say that the server could not now; what is wrong with the request stays wrong. */
static void
only_what_may_pass_is_to_be_tried_again(void **state)
{
    unsigned many[2] = {0};

    (void)state;
    for (unsigned i = 0; i < ONYM_STATUS_COUNT; i++) {
        struct onym_problem problem = {.status = (enum onym_status)i};
        int http = onym_status_http(problem.status);
        bool passes = http == 429 || http == 503;
        char text[1024];
        char code[32];

        write_problem(&problem, false, text);
        assert_non_null(strstr(text, passes ? "\"retryable\":true" : "\"retryable\":false"));
        (void)snprintf(code, sizeof code, "\"status\":%d", http);
        assert_non_null(strstr(text, code));
        many[http == 429] += passes;
    }
    assert_true(many[0] > 0 && many[1] > 0);
}

static void
every_problem_has_words_in_both_languages(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ONYM_STATUS_COUNT; i++) {
        struct onym_problem problem = {.status = (enum onym_status)i};
        char text[1024];

        write_problem(&problem, false, text);
        assert_non_null(strstr(text, onym_status_text(problem.status)));
        write_problem(&problem, true, text);
        assert_non_null(strstr(text, onym_status_chinese(problem.status)));
        assert_true(onym_status_chinese(problem.status)[0] != '\0');
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_may_pass_is_to_be_tried_again),
        cmocka_unit_test(every_problem_has_words_in_both_languages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
