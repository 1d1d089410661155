/* Options by their whole names only. */
#include "base/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct option known[] = {{"connections", required_argument, NULL, 'c'},
                                      {"conflict", no_argument, NULL, 'f'},
                                      {"quiet", no_argument, NULL, 'q'},
                                      {NULL, 0, NULL, 0}};

/* The first option of "program WORD..."; the rest is checked by who asks. */
static int
first(int argc, char **argv)
{
    optind = 0;
    opterr = 0;
    optarg = NULL;
    return onym_option_next(argc, argv, ":n:", known, NULL);
}

static void
whole_names_are_taken(void **state)
{
    char program[] = "program";
    char word[] = "word";
    char apart[] = "--connections";
    char joined[] = "--connections=7";
    char number[] = "--connections";
    char quiet[] = "--quiet";
    char brief[] = "-n5";
    char *argv[] = {program, word, apart, number, joined, quiet, brief, NULL};
    int index = -1;

    (void)state;
    assert_int_equal(first(7, argv), 'c'); /* behind a word; its argument looks like an option */
    assert_string_equal(optarg, "--connections");
    assert_int_equal(onym_option_next(7, argv, ":n:", known, &index), 'c');
    assert_string_equal(optarg, "7");
    assert_int_equal(index, 0);
    assert_int_equal(onym_option_next(7, argv, ":n:", known, &index), 'q');
    assert_int_equal(index, 2);
    assert_int_equal(onym_option_next(7, argv, ":n:", known, NULL), 'n');
    assert_string_equal(optarg, "5");
    assert_int_equal(onym_option_next(7, argv, ":n:", known, NULL), -1);
    assert_string_equal(argv[optind], "word");
}

static void
abbreviations_are_unknown(void **state)
{
    static const char *const short_of[] = {
        "--connect", "--c", "--conf", "--q", "--connect=7", "--connectionsX", "--quietly"};
    char program[] = "program";
    char host[] = "host";

    (void)state;
    for (size_t i = 0; i < sizeof short_of / sizeof short_of[0]; i++) {
        char *argv[] = {program, (char *)(uintptr_t)short_of[i], host, NULL};

        assert_int_equal(first(3, argv), '?');
        assert_string_equal(argv[optind - 1], short_of[i]);
        assert_int_equal(first(2, argv), '?'); /* nor with its argument missing */
        assert_string_equal(argv[optind - 1], short_of[i]);
    }
}

static void
what_is_missing_is_told_apart(void **state)
{
    char program[] = "program";
    char number[] = "--connections";
    char brief[] = "-n";
    char *with_long[] = {program, number, NULL};
    char *with_brief[] = {program, brief, NULL};

    (void)state;
    assert_int_equal(first(2, with_long), ':');
    assert_int_equal(first(2, with_brief), ':');
    assert_int_equal(first(1, with_long), -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_names_are_taken),
        cmocka_unit_test(abbreviations_are_unknown),
        cmocka_unit_test(what_is_missing_is_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
