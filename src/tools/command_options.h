/* The options of one command, read in one way: complaints sound alike, and each command says only
 * what an option means. */
#ifndef ONYM_TOOLS_COMMAND_OPTIONS_H
#define ONYM_TOOLS_COMMAND_OPTIONS_H

#include "tools/command.h"

#include <getopt.h>
#include <stddef.h>

/* What take returns for an option that the command does not have. */
#define ONYM_OPTION_UNKNOWN (-1)

struct onym_command_options {
    const char *what;             /* "id set": in messages, and in front of --help */
    const char *brief;            /* short ones, as of getopt; NULL: none */
    const struct option *options; /* long ones */
    /* ONYM_EXIT_DONE; ONYM_OPTION_UNKNOWN; another exit code, said on stderr. */
    int (*take)(void *of, int code, const char *argument);
    void *of;
};

/* Hands every option to take until one is refused, and leaves optind at the first other word.
 * ONYM_EXIT_DONE; ONYM_EXIT_USAGE, said on stderr; what take gives. */
int onym_command_options_read(const struct onym_command_options *how, int argc, char **argv);

#endif
