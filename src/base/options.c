#include "base/options.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Whether word is "--NAME" or "--NAME=..." with the whole name of an option. */
static bool
is_whole(const char *word, const struct option *options)
{
    size_t len = strcspn(word + 2, "=");

    while (options->name != NULL &&
           (strlen(options->name) != len || memcmp(options->name, word + 2, len) != 0)) {
        options++;
    }
    return options->name != NULL;
}

int
onym_option_next(int argc, char **argv, const char *brief, const struct option *options, int *index)
{
    int choice = getopt_long(argc, argv, brief, options, index);
    bool has_argument = choice != -1 && optarg != NULL && optarg == argv[optind - 1];
    const char *word = choice != -1 ? argv[optind - 1 - has_argument] : "";

    if (choice == '?' || strncmp(word, "--", 2) != 0 || is_whole(word, options)) {
        return choice;
    }
    optind -= has_argument;
    if (opterr != 0) {
        (void)fprintf(stderr, "%s: unrecognized option '%s'\n", argv[0], word);
    }
    return '?';
}
