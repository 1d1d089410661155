#include "tools/dispatch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs setjmp.h, stdarg.h and size_t */
#include <cmocka.h>

#define WORDS_MAX 16

/* Splits "onymctl a b" at its spaces and takes the global options. */
static int
take(const char *line, char *copy, char **argv, int *argc, struct onym_cli_asked *asked)
{
    char *rest = NULL;

    (void)snprintf(copy, 200, "%s", line);
    *argc = 0;
    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        assert_true(*argc < WORDS_MAX);
        argv[(*argc)++] = word;
    }
    argv[*argc] = NULL;
    return onym_cli_take(argc, argv, asked);
}

/* Checks what is left of line, joined with spaces. */
static void
check_left(const char *line, const char *left, struct onym_cli_asked *asked)
{
    char copy[200];
    char joined[200] = "";
    char *argv[WORDS_MAX + 1];
    int argc = 0;

    assert_int_equal(take(line, copy, argv, &argc, asked), ONYM_EXIT_DONE);
    for (int i = 0; i < argc; i++) {
        (void)snprintf(joined + strlen(joined), sizeof joined - strlen(joined), "%s%s",
                       i > 0 ? " " : "", argv[i]);
    }
    assert_string_equal(joined, left);
    assert_null(argv[argc]);
}

static void
global_options_are_taken_from_anywhere(void **state)
{
    struct onym_cli_asked asked;

    (void)state;
    check_left("onymctl --json resolve -s h a/b -q --timeout=2.5", "onymctl resolve a/b", &asked);
    assert_true(asked.cli.json);
    assert_true(asked.cli.quiet);
    assert_true(asked.cli.timeout_s > 2.4 && asked.cli.timeout_s < 2.6);
    check_left("onymctl -qvVV -sh:1 -c f x --no-progress", "onymctl x", &asked);
    assert_true(asked.cli.quiet && asked.cli.verbose && asked.cli.no_progress);
    assert_int_equal(asked.version, 2);
    check_left("onymctl x -o json -o text --color always", "onymctl x", &asked);
    assert_false(asked.cli.json);
    assert_true(asked.cli.color);
}

static void
the_last_of_repeated_options_counts(void **state)
{
    char copy[200];
    char *argv[WORDS_MAX + 1];
    int argc = 0;
    struct onym_cli_asked asked;

    (void)state;
    assert_int_equal(take("onymctl -s a --server=b -s c", copy, argv, &argc, &asked), 0);
    assert_string_equal(asked.cli.server, "c");
}

static void
what_belongs_to_the_command_stays(void **state)
{
    struct onym_cli_asked asked;

    (void)state;
    check_left("onymctl x --type URL -t T -tq - +short -qt",
               "onymctl x --type URL -t T -tq - +short -qt", &asked);
    assert_false(asked.cli.quiet);
    check_left("onymctl x -- --json -q", "onymctl x -- --json -q", &asked);
    assert_false(asked.cli.json || asked.cli.quiet);
    check_left("onymctl x --jso --serverx", "onymctl x --jso --serverx", &asked);
}

static void
suggestions_are_near(void **state)
{
    static const char *const names[] = {"id", "store", "resolve", "load", "dump"};
    char long_word[40];

    (void)state;
    assert_string_equal(onym_suggest("resolv", names, 5), "resolve");
    assert_string_equal(onym_suggest("rseolve", names, 5), "resolve"); /* a swap is one edit */
    assert_string_equal(onym_suggest("rsolv", names, 5), "resolve");   /* two edits */
    assert_null(onym_suggest("rsol", names, 5));                       /* three */
    assert_string_equal(onym_suggest("LOAD", names, 5), "load");
    assert_string_equal(onym_suggest("loda", names, 5), "load");
    assert_null(onym_suggest("lo", names, 5)); /* two edits in a short word */
    assert_null(onym_suggest("", names, 0));
    memset(long_word, 'x', 39);
    long_word[39] = '\0';
    assert_null(onym_suggest(long_word, names, 5));
}

static int ran;

static int
run_it(const struct onym_cli *cli, int argc, char **argv)
{
    assert_string_equal(cli->program, "onymctl");
    assert_int_equal(argc, 2);
    assert_string_equal(argv[0], "act");
    assert_string_equal(argv[1], "arg");
    ran++;
    return ONYM_EXIT_REFUSED;
}

static void
dispatch_finds_the_row_by_noun_and_by_verb(void **state)
{
    static const struct onym_command thing[] = {
        {"thing", "act", true, "ARG", "Act", "Examples:\n", run_it},
        {"thing", "hide", false, "ARG", "Hide", "Examples:\n", run_it},
        {.noun = NULL}};
    static const struct onym_command *const nouns[] = {thing, NULL};
    char words[5][8] = {"onymctl", "thing", "act", "arg", "hide"};
    char *by_noun[] = {words[0], words[1], words[2], words[3], NULL};
    char *by_verb[] = {words[0], words[2], words[3], NULL};
    char *hidden[] = {words[0], words[4], words[3], NULL};

    (void)state;
    ran = 0;
    assert_int_equal(onym_dispatch(nouns, 4, by_noun), ONYM_EXIT_REFUSED);
    assert_int_equal(onym_dispatch(nouns, 3, by_verb), ONYM_EXIT_REFUSED);
    assert_int_equal(ran, 2);
    assert_int_equal(onym_dispatch(nouns, 3, hidden), ONYM_EXIT_USAGE);
    assert_int_equal(ran, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(global_options_are_taken_from_anywhere),
        cmocka_unit_test(the_last_of_repeated_options_counts),
        cmocka_unit_test(what_belongs_to_the_command_stays),
        cmocka_unit_test(suggestions_are_near),
        cmocka_unit_test(dispatch_finds_the_row_by_noun_and_by_verb),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
