#include "tools/command_options.h"

#include "base/options.h"

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
            return onym_usage_error(how->what, "unknown option %s; see onymctl %s --help", word,
                                    how->what);
        }
    }
    return result;
}
