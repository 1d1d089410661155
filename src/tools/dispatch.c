#include "tools/dispatch.h"

#include "tools/failure_json.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define NAMES_MAX 64U

/* The words that may stand in one place of the command line. */
struct names {
    const char *at[NAMES_MAX];
    size_t count;
};

static void
add_name(struct names *names, const char *name)
{
    if (names->count < NAMES_MAX) {
        names->at[names->count++] = name;
    }
}

static int
unknown(const char *what, const char *word, const struct names *names, const char *help)
{
    const char *near = onym_suggest(word, names->at, names->count);

    if (near != NULL) {
        return onym_usage_error("", "unknown %s '%s'; did you mean '%s'?", what, word, near);
    }
    return onym_usage_error("", "unknown %s '%s'; see %s", what, word, help);
}

static int
run(const struct onym_command *command, const struct onym_cli_asked *asked, int argc, char **argv)
{
    if (asked->help) {
        onym_help_command(command);
        return ONYM_EXIT_DONE;
    }
    return command->run(&asked->cli, argc, argv);
}

/* The words are "NOUN [VERB ...]". */
static int
run_noun(const struct onym_command *noun, const struct onym_cli_asked *asked, int argc, char **argv)
{
    struct names names = {.count = 0};
    char help[64];

    if (argc < 2 || argv[1][0] == '-') {
        if (asked->help) {
            onym_help_noun(noun);
            return ONYM_EXIT_DONE;
        }
        return onym_usage_error(noun->noun, "say what to do; see onymctl %s --help", noun->noun);
    }
    for (const struct onym_command *c = noun; c->noun != NULL; c++) {
        if (strcmp(c->verb, argv[1]) == 0) {
            return run(c, asked, argc - 1, argv + 1);
        }
        add_name(&names, c->verb);
    }
    (void)snprintf(help, sizeof help, "onymctl %s --help", noun->noun);
    return unknown("command", argv[1], &names, help);
}

/* The words are "[NOUN] VERB ...", without the program. */
static int
run_words(const struct onym_command *const *nouns, const struct onym_cli_asked *asked, int argc,
          char **argv)
{
    struct names names = {.count = 0};

    for (; *nouns != NULL; nouns++) {
        if (strcmp((*nouns)->noun, argv[0]) == 0) {
            return run_noun(*nouns, asked, argc, argv);
        }
        add_name(&names, (*nouns)->noun);
        for (const struct onym_command *c = *nouns; c->noun != NULL; c++) {
            if (c->top_level && strcmp(c->verb, argv[0]) == 0) {
                return run(c, asked, argc, argv);
            }
            if (c->top_level) {
                add_name(&names, c->verb);
            }
        }
    }
    return argv[0][0] == '-'
               ? onym_usage_error("", "unknown option %s; see onymctl --help", argv[0])
               : unknown("command", argv[0], &names, "onymctl --help");
}

static int
decide(const struct onym_command *const *nouns, struct onym_cli_asked *asked, int argc, char **argv)
{
    if (asked->version > 0) {
        onym_version_print("onymctl", asked->version > 1);
        return ONYM_EXIT_DONE;
    }
    if (argc > 1 && strcmp(argv[1], "help") == 0) {
        asked->help = true;
        argc--;
        argv++;
    }
    if (argc > 1) {
        return run_words(nouns, asked, argc - 1, argv + 1);
    }
    if (asked->help) {
        onym_help_all(nouns);
        return ONYM_EXIT_DONE;
    }
    return onym_usage_error("", "say what to do; see onymctl --help");
}

int
onym_dispatch(const struct onym_command *const *nouns, int argc, char **argv)
{
    struct onym_failure_json *watch = onym_failure_json_wanted(argc, argv)
                                          ? onym_failure_json_begin()
                                          : NULL;
    struct onym_cli_asked asked;
    int code;

    (void)signal(SIGXFSZ, SIG_IGN); /* beyond ulimit -f a write fails, like one to a full disk */
    code = onym_cli_take(&argc, argv, &asked);
    asked.cli.printed = onym_failure_json_printed(watch);
    if (code == ONYM_EXIT_DONE) {
        code = decide(nouns, &asked, argc, argv);
    }
    /* a full disk or a closed pipe must not look like success */
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        (void)fprintf(stderr, "onymctl: cannot write the output: %s\n", strerror(errno));
        code = code == ONYM_EXIT_DONE ? ONYM_EXIT_SERVER : code;
    }
    onym_failure_json_end(watch, code);
    return code;
}
