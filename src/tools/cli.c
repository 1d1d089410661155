#include "tools/dispatch.h"

#include "base/require.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
onym_usage_error(const char *verb, const char *format, ...)
{
    va_list arguments;

    (void)fprintf(stderr, "onymctl%s%s: ", verb[0] != '\0' ? " " : "", verb);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
    return ONYM_EXIT_USAGE;
}

enum global {
    GLOBAL_CONFIG,
    GLOBAL_SERVER,
    GLOBAL_OUTPUT,
    GLOBAL_JSON,
    GLOBAL_QUIET,
    GLOBAL_VERBOSE,
    GLOBAL_COLOR,
    GLOBAL_NO_PROGRESS,
    GLOBAL_TIMEOUT,
    GLOBAL_HELP,
    GLOBAL_VERSION
};

static const struct {
    const char *name; /* long, without the dashes */
    char letter;      /* 0 = none */
    bool has_argument;
    enum global which;
} globals[] = {
    {"config", 'c', true, GLOBAL_CONFIG},    {"server", 's', true, GLOBAL_SERVER},
    {"output", 'o', true, GLOBAL_OUTPUT},    {"json", 0, false, GLOBAL_JSON},
    {"quiet", 'q', false, GLOBAL_QUIET},     {"verbose", 'v', false, GLOBAL_VERBOSE},
    {"color", 0, true, GLOBAL_COLOR},        {"no-progress", 0, false, GLOBAL_NO_PROGRESS},
    {"timeout", 0, true, GLOBAL_TIMEOUT},    {"help", 'h', false, GLOBAL_HELP},
    {"version", 'V', false, GLOBAL_VERSION},
};
#define GLOBALS (sizeof globals / sizeof globals[0])

static int
set_timeout(const char *text, double *out)
{
    char *end = NULL;
    double seconds;

    ONYM_REQUIRE(text != NULL);
    seconds = strtod(text, &end);

    /* written so that "nan" fails too */
    if (end == text || *end != '\0' || !(seconds >= 0.001 && seconds <= ONYM_CLI_TIMEOUT_MAX_S)) {
        return onym_usage_error("", "--timeout %s: give seconds from 0.001 to %d", text,
                                ONYM_CLI_TIMEOUT_MAX_S);
    }
    *out = seconds;
    return ONYM_EXIT_DONE;
}

static int
set_output(const char *text, struct onym_cli *cli)
{
    ONYM_REQUIRE(text != NULL);
    if (strcmp(text, "json") != 0 && strcmp(text, "text") != 0) {
        return onym_usage_error("", "--output %s: give text or json", text);
    }
    cli->json = strcmp(text, "json") == 0;
    return ONYM_EXIT_DONE;
}

static int
set_color(const char *text, struct onym_cli *cli)
{
    ONYM_REQUIRE(text != NULL);
    if (strcmp(text, "always") == 0) {
        cli->color = true;
    } else if (strcmp(text, "never") == 0) {
        cli->color = false;
    } else if (strcmp(text, "auto") != 0) {
        return onym_usage_error("", "--color %s: give auto, always or never", text);
    }
    return ONYM_EXIT_DONE;
}

static int
apply(enum global which, const char *argument, struct onym_cli_asked *out)
{
    switch (which) {
    case GLOBAL_CONFIG:
        out->cli.config = argument;
        break;
    case GLOBAL_SERVER:
        out->cli.server = argument;
        break;
    case GLOBAL_OUTPUT:
        return set_output(argument, &out->cli);
    case GLOBAL_JSON:
        out->cli.json = true;
        break;
    case GLOBAL_QUIET:
        out->cli.quiet = true;
        break;
    case GLOBAL_VERBOSE:
        out->cli.verbose = true;
        break;
    case GLOBAL_COLOR:
        return set_color(argument, &out->cli);
    case GLOBAL_NO_PROGRESS:
        out->cli.no_progress = true;
        break;
    case GLOBAL_TIMEOUT:
        return set_timeout(argument, &out->cli.timeout_s);
    case GLOBAL_HELP:
        out->help = true;
        break;
    case GLOBAL_VERSION:
    default:
        out->version++;
        break;
    }
    return ONYM_EXIT_DONE;
}

/* The option after "--" in word, "name" or "name=argument"; GLOBALS when it is none of ours. */
static size_t
find_long(const char *word, const char **argument)
{
    size_t len = strcspn(word, "=");

    for (size_t i = 0; i < GLOBALS; i++) {
        if (strlen(globals[i].name) == len && strncmp(globals[i].name, word, len) == 0) {
            *argument = word[len] == '=' ? word + len + 1 : NULL;
            return i;
        }
    }
    return GLOBALS;
}

static size_t
find_letter(char letter)
{
    size_t i = 0;

    while (i < GLOBALS && (globals[i].letter == 0 || globals[i].letter != letter)) {
        i++;
    }
    return i;
}

/* Letters without argument in one word, like -qv or -VV; false when another letter is among them.
 */
static bool
all_flags(const char *letters)
{
    for (; *letters != '\0'; letters++) {
        size_t i = find_letter(*letters);

        if (i == GLOBALS || globals[i].has_argument) {
            return false;
        }
    }
    return true;
}

/* Looks at one word. *used: how many words it took, 0 when it is no global option. next may be
 * NULL. */
static int
take_word(const char *word, const char *next, int *used, struct onym_cli_asked *out)
{
    const char *argument = NULL;
    size_t i = GLOBALS;

    *used = 0;
    if (word[0] != '-' || word[1] == '\0') {
        return ONYM_EXIT_DONE;
    }
    if (word[1] == '-') {
        i = find_long(word + 2, &argument);
    } else if (all_flags(word + 1)) {
        for (const char *letter = word + 1; *letter != '\0'; letter++) {
            (void)apply(globals[find_letter(*letter)].which, NULL, out);
        }
        *used = 1;
        return ONYM_EXIT_DONE;
    } else {
        i = find_letter(word[1]);
        if (i < GLOBALS && !globals[i].has_argument) {
            i = GLOBALS; /* mixed with letters of the command: its to read */
        }
        argument = word[2] != '\0' ? word + 2 : NULL;
    }
    if (i == GLOBALS) {
        return ONYM_EXIT_DONE;
    }
    *used = 1;
    if (globals[i].has_argument && argument == NULL) {
        if (next == NULL) {
            return onym_usage_error("", "%s needs an argument; see onymctl --help", word);
        }
        argument = next;
        *used = 2;
    } else if (!globals[i].has_argument && argument != NULL) {
        return onym_usage_error("", "--%s takes no argument", globals[i].name);
    }
    return apply(globals[i].which, argument, out);
}

int
onym_cli_take(int *argc, char **argv, struct onym_cli_asked *out)
{
    const char *no_color = getenv("NO_COLOR");
    int kept = 1;
    bool over = false;

    *out = (struct onym_cli_asked){.cli = {.program = "onymctl"}};
    out->cli.color = isatty(STDOUT_FILENO) == 1 && (no_color == NULL || no_color[0] == '\0');
    for (int i = 1; i < *argc;) {
        int used = 0;

        over = over || strcmp(argv[i], "--") == 0;
        if (!over) {
            int code = take_word(argv[i], i + 1 < *argc ? argv[i + 1] : NULL, &used, out);

            if (code != ONYM_EXIT_DONE) {
                return code;
            }
        }
        if (used == 0) {
            argv[kept++] = argv[i];
            used = 1;
        }
        i += used;
    }
    argv[kept] = NULL;
    *argc = kept;
    return ONYM_EXIT_DONE;
}
