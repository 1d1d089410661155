/* From a command line to one row of the command table: global options, nouns, verbs, help, version
 * and the errors of all of these. main_onymctl.c only names the tables. */
#ifndef ONYM_TOOLS_DISPATCH_H
#define ONYM_TOOLS_DISPATCH_H

#include "tools/command.h"

#include <stddef.h>

#define ONYM_CLI_TIMEOUT_MAX_S 3600

/* What the global options asked for. */
struct onym_cli_asked {
    struct onym_cli cli;
    bool help;
    unsigned version; /* how many times -V was given */
};

/* Takes the global options out of argv[1..], wherever they stand before a "--", and moves the rest
 * together (argv[*argc] becomes NULL). ONYM_EXIT_DONE, or ONYM_EXIT_USAGE after saying on stderr
 * what is wrong. Strings are borrowed from argv. */
int onym_cli_take(int *argc, char **argv, struct onym_cli_asked *out);

/* Runs one command line. nouns: tables of rows, ended by a NULL pointer. Returns an exit code;
 * output that cannot be written turns ONYM_EXIT_DONE into ONYM_EXIT_SERVER. */
int onym_dispatch(const struct onym_command *const *nouns, int argc, char **argv);

/* Help, to stdout. */
void onym_help_all(const struct onym_command *const *nouns);
void onym_help_noun(const struct onym_command *noun);
void onym_help_command(const struct onym_command *command);

/* "onymctl 0.1.0 (revision)", and with details build options and library versions. To stdout. */
void onym_version_print(const char *program, bool details);

/* The candidate nearest to word, when it is near enough to be a slip of the keyboard (one edit in a
 * word of up to four bytes, two in longer ones, case not counting); else NULL. */
const char *onym_suggest(const char *word, const char *const *candidates, size_t count);

#endif
