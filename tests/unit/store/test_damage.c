/* How a process ends whose map cannot be read, and that other signals end it as always. */
#include "store/damage.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define CODE 5

enum how { READ_CUT_FILE, READ_NOWHERE, ASSERTION, SENT_BUS, SENT_SEGV, ABORT };

/* What was left of a process. */
struct ended {
    int status;
    char said[512];
    char told[512];
};

static const bool printed_not = false;
static const bool printed = true;

static struct onym_damage_words
words(const bool *has_output)
{
    return (struct onym_damage_words){.said = onym_span_text("damaged\n"),
                                      .object = onym_span_text("{}\n"),
                                      .printed = has_output,
                                      .code = CODE};
}

static void
read_cut_file(void)
{
    FILE *file = tmpfile();
    volatile const char *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fileno(file), 0);

    (void)map[0];
}

static void
come_to_an_end(enum how how)
{
    switch (how) {
    case READ_CUT_FILE:
        read_cut_file();
        break;
    case READ_NOWHERE: {
        volatile const char *map = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        (void)map[0];
        break;
    }
    case ASSERTION:
        onym_damage_asserted();
        break;
    case SENT_BUS:
        (void)kill(getpid(), SIGBUS);
        break;
    case SENT_SEGV:
        (void)kill(getpid(), SIGSEGV);
        break;
    case ABORT:
        abort();
    }
}

static void
read_all(int fd, char *text, size_t cap)
{
    ssize_t len = read(fd, text, cap - 1); /* less than a pipe holds, and written at once */

    assert_true(len >= 0);
    text[len] = '\0';
    (void)close(fd);
}

/* words NULL: as the node does. */
static void
run(const struct onym_damage_words *w, enum how how, struct ended *out)
{
    int said[2], told[2];
    pid_t child;

    assert_int_equal(pipe(said), 0);
    assert_int_equal(pipe(told), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)dup2(said[1], STDERR_FILENO);
        (void)dup2(told[1], STDOUT_FILENO);
        if (w != NULL) {
            onym_damage_end_with(*w);
        } else {
            onym_damage_explain();
        }
        come_to_an_end(how);
        _exit(0);
    }
    (void)close(said[1]);
    (void)close(told[1]);
    assert_int_equal(waitpid(child, &out->status, 0), child);
    read_all(said[0], out->said, sizeof out->said);
    read_all(told[0], out->told, sizeof out->told);
}

static void
a_command_says_its_words_and_ends_with_its_code(void **state)
{
    static const enum how ways[] = {READ_CUT_FILE, READ_NOWHERE, ASSERTION};
    const struct onym_damage_words json = words(&printed_not);
    const struct onym_damage_words begun = words(&printed);
    const struct onym_damage_words plain = words(NULL);
    struct ended e;

    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        run(&json, ways[i], &e);
        assert_true(WIFEXITED(e.status) && WEXITSTATUS(e.status) == CODE);
        assert_string_equal(e.said, "damaged\n");
        assert_string_equal(e.told, "{}\n");
        run(&begun, ways[i], &e);
        assert_true(WIFEXITED(e.status) && WEXITSTATUS(e.status) == CODE);
        assert_string_equal(e.told, "");
        run(&plain, ways[i], &e);
        assert_string_equal(e.said, "damaged\n");
        assert_string_equal(e.told, "");
    }
}

static void
the_node_explains_and_ends_by_the_signal(void **state)
{
    struct ended e;

    (void)state;
    run(NULL, READ_CUT_FILE, &e);
    assert_true(WIFSIGNALED(e.status) && WTERMSIG(e.status) == SIGBUS);
    assert_non_null(strstr(e.said, "shorter than it was"));
    run(NULL, ASSERTION, &e);
    assert_true(WIFEXITED(e.status) && WEXITSTATUS(e.status) == 0); /* LMDB goes on to abort */
    assert_string_equal(e.said, "");
}

static void
a_signal_that_was_sent_ends_the_process_at_once_and_is_no_damage(void **state)
{
    const struct onym_damage_words w = words(&printed_not);
    struct ended e;

    (void)state;
    run(NULL, SENT_BUS, &e);
    assert_true(WIFSIGNALED(e.status) && WTERMSIG(e.status) == SIGBUS);
    assert_string_equal(e.said, "");
    run(&w, SENT_BUS, &e);
    assert_true(WIFSIGNALED(e.status) && WTERMSIG(e.status) == SIGBUS);
    assert_string_equal(e.said, "");
    run(&w, SENT_SEGV, &e);
    assert_true(WIFSIGNALED(e.status) && WTERMSIG(e.status) == SIGSEGV);
    assert_string_equal(e.told, "");
}

static void
a_broken_invariant_of_ours_is_no_damage(void **state)
{
    const struct onym_damage_words w = words(&printed_not);
    struct ended e;

    (void)state;
    run(&w, ABORT, &e);
    assert_true(WIFSIGNALED(e.status) && WTERMSIG(e.status) == SIGABRT);
    assert_string_equal(e.told, "");
    assert_null(strstr(e.said, "damaged"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_says_its_words_and_ends_with_its_code),
        cmocka_unit_test(the_node_explains_and_ends_by_the_signal),
        cmocka_unit_test(a_signal_that_was_sent_ends_the_process_at_once_and_is_no_damage),
        cmocka_unit_test(a_broken_invariant_of_ours_is_no_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
