#include "tools/command_options.h"

#include "base/options.h"
#include "tools/dispatch.h"

#include <string.h>

#define NAMES_MAX 32U

static int
unknown(const struct onym_command_options *how, const char *word)
{
    const char *names[NAMES_MAX];
    const char *name = strncmp(word, "--", 2) == 0 ? word + 2 : "";
    const char *near = NULL;
    size_t count = 0;

    for (const struct option *o = how->options; o->name != NULL && count < NAMES_MAX; o++) {
        names[count++] = o->name;
    }
    if (name[0] != '\0') {
        near = onym_suggest(name, names, count);
    }
    /* one that this verb does not take may have the very name */
    return near != NULL && strcmp(near, name) != 0
               ? onym_usage_error(how->what, "unknown option %s; did you mean --%s?", word, near)
               : onym_usage_error(how->what, "unknown option %s; see onymctl %s --help", word,
                                  how->what);
}

int
onym_command_options_read(const struct onym_command_options *how, int argc, char **argv)
{
    const char *brief = how->brief != NULL ? how->brief : ":";
    int result = ONYM_EXIT_DONE;
    int code;

    optind = 0;
    opterr = 0;
    while (result == ONYM_EXIT_DONE &&
           (code = onym_option_next(argc, argv, brief, how->options, NULL)) != -1) {
        const char *word = argv[optind - 1];

        if (code == ':') {
            return onym_usage_error(how->what, "%s needs an argument", word);
        }
        if (code != '?' && optarg != NULL && optarg == word) {
            word = argv[optind - 2]; /* in front of its argument */
        }
        result = code == '?' ? ONYM_OPTION_UNKNOWN : how->take(how->of, code, optarg);
        if (result == ONYM_OPTION_UNKNOWN) {
            return unknown(how, word);
        }
    }
    return result;
}
