#include "tools/dispatch.h"

#include <stdio.h>
#include <string.h>

static const char global_options[] =
    "Global options, anywhere on the line:\n"
    "  -s, --server HOST[:PORT]  the node to ask (127.0.0.1:2641); also\n"
    "                       tls://HOST[:PORT] (2642), https://HOST[:PORT] (8000) and\n"
    "                       unix:PATH, its socket on this machine\n"
    "  -c, --config FILE         the node's configuration file\n"
    "      --json, -o json       JSON with the field names of the HTTP API\n"
    "  -o, --output FORMAT       text or json\n"
    "      --timeout SEC         longest wait for an answer\n"
    "  -q, --quiet               results only\n"
    "  -v, --verbose             more words about what happens\n"
    "      --no-progress         no progress lines\n"
    "      --color WHEN          auto, always or never; auto honours NO_COLOR\n"
    "  -h, --help                help for a command, a noun or everything\n"
    "  -V, --version             the version; -VV also build and libraries\n";

static const char exit_status[] =
    "Exit status: 0 done, 1 negative result or some rows failed, 2 usage,\n"
    "3 unreachable or timed out, 4 authentication or permission, 5 server error,\n"
    "6 refused by a safety check, 7 outcome unknown, 130 interrupted.\n";

static void
print_row(const struct onym_command *c)
{
    char name[32];

    (void)snprintf(name, sizeof name, "%s %s", c->noun, c->verb);
    (void)printf("  %-15s %s%s\n", name, c->summary, c->top_level ? " *" : "");
}

void
onym_help_all(const struct onym_command *const *nouns)
{
    (void)printf("Usage: onymctl [options] NOUN VERB [options] [arguments]\n\n"
                 "Operates and asks a node of the identifier-resolution network.\n\n"
                 "Commands (* the noun may be left out: onymctl resolve ID):\n");
    for (; *nouns != NULL; nouns++) {
        for (const struct onym_command *c = *nouns; c->noun != NULL; c++) {
            print_row(c);
        }
    }
    (void)printf("\n%s\n%s\nonymctl NOUN VERB --help tells more about a command.\n\n"
                 "Examples:\n"
                 "  onymctl resolve 88.300.15907/part-1\n"
                 "  onymctl -s 192.0.2.7 --json id resolve --type URL 88.300.15907/part-1\n",
                 global_options, exit_status);
}

void
onym_help_noun(const struct onym_command *noun)
{
    size_t count = 0;

    (void)printf("Usage: onymctl %s VERB [options] [arguments]\n\n"
                 "Commands (* the noun may be left out):\n",
                 noun->noun);
    for (; noun[count].noun != NULL; count++) {
        print_row(&noun[count]);
    }
    (void)printf("\n%s\nExamples:\n", global_options);
    (void)printf("  onymctl %s %s --help\n", noun->noun, noun->verb);
    (void)printf("  onymctl %s %s --help\n", noun->noun, noun[count - 1].verb);
}

void
onym_help_command(const struct onym_command *c)
{
    (void)printf("Usage: onymctl %s %s%s%s\n", c->noun, c->verb, c->usage[0] != '\0' ? " " : "",
                 c->usage);
    if (c->top_level) {
        (void)printf("   or: onymctl %s ...\n", c->verb);
    }
    (void)printf("\n%s.\nGlobal options: onymctl --help\n\n%s", c->summary, c->help);
    if (c->help[0] != '\0' && c->help[strlen(c->help) - 1] != '\n') {
        (void)putchar('\n');
    }
}
