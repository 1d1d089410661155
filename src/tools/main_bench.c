/* onymbench: loads a node as its clients do, checks every answer and says how long they took. */
#include "tools/bench_commands.h"
#include "tools/bench_run.h"
#include "tools/command.h"
#include "tools/dispatch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct onym_bench_command commands[] = {
    {"run", onym_bench_command_run, onym_bench_help_run},
    {"workload", onym_bench_command_workload, onym_bench_help_workload},
    {"compare", onym_bench_command_compare, onym_bench_help_compare},
    {"report", onym_bench_command_report, onym_bench_help_report},
};
#define COMMANDS (sizeof commands / sizeof commands[0])

static int
unknown(const char *word)
{
    const char *names[COMMANDS];
    const char *near;

    for (size_t i = 0; i < COMMANDS; i++) {
        names[i] = commands[i].name;
    }
    near = onym_suggest(word, names, COMMANDS);
    return near != NULL
               ? onym_bench_usage("", "unknown command '%s'; did you mean '%s'?", word, near)
               : onym_bench_usage("", "unknown command '%s'; see onymbench --help", word);
}

static bool
wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return true;
        }
    }
    return false;
}

static int
dispatch(int argc, char **argv)
{
    if (argc < 2) {
        return onym_bench_usage("", "say what to do; see onymbench --help");
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        (void)fputs(onym_bench_help, stdout);
        return ONYM_EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0 || strncmp(argv[1], "-V", 2) == 0) {
        onym_version_print("onymbench", strcmp(argv[1], "-VV") == 0);
        return ONYM_EXIT_DONE;
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            if (wants_help(argc - 1, argv + 1)) {
                (void)fputs(commands[i].help, stdout);
                return ONYM_EXIT_DONE;
            }
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    return unknown(argv[1]);
}

int
main(int argc, char **argv)
{
    int code;

    (void)signal(SIGXFSZ, SIG_IGN); /* beyond ulimit -f a write fails */
    onym_bench_run_raise_files();
    code = dispatch(argc, argv);
    /* a full disk or a closed pipe must not look like success */
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        (void)fprintf(stderr, "onymbench: cannot write the output: %s\n", strerror(errno));
        code = code == ONYM_EXIT_DONE ? ONYM_EXIT_SERVER : code;
    }
    return code;
}
