#include "tools/id_change_print.h"
#include "tools/id_list.h"

#include <string.h>

#define PREFIX_HELP_EXIT                                                                           \
    "\nExit status: 0 done and durable; 1 not acceptable or not there; 2 usage;\n"                 \
    "3 not reached, nothing sent; 4 authentication or permission; 5 server error;\n"               \
    "6 the key file may be read by others; 7 sent, but no answer: it may have\n"                   \
    "happened or not.\n"

static const char home_help[] =
    "Only an administrator of the server may (its setting auth.server_admins).\n"
    "Identifiers under a prefix can be registered once the prefix is homed and its\n"
    "record 0.NA/PREFIX names who administers it.\n"
    "\n" ONYM_IDENTITY_HELP ONYM_IDENTITY_ROAD_HELP PREFIX_HELP_EXIT "\n"
    "Examples:\n"
    "  onymctl prefix home 88.300.15907 --as 300:0.NA/88.300 --key a.pem\n"
    "  onymctl prefix home 0.NA/88.300.15907\n";

static const char unhome_help[] =
    "The server no longer answers for the prefix. Records under it stay stored.\n"
    "Only an administrator of the server may (its setting auth.server_admins).\n"
    "\n" ONYM_IDENTITY_HELP ONYM_IDENTITY_ROAD_HELP PREFIX_HELP_EXIT "\n"
    "Examples:\n"
    "  onymctl prefix unhome 88.300.15907 --as 300:0.NA/88.300 --key a.pem\n"
    "  onymctl prefix unhome 0.NA/88.300.15907\n";

static const char list_help[] =
    "Lists the prefixes the server is home to, one a line; with --json one object.\n"
    "Only an administrator of the server may (its setting auth.server_admins).\n"
    "\n" ONYM_LIMIT_HELP "\n" ONYM_IDENTITY_HELP ONYM_IDENTITY_ROAD_HELP "\n"
    "Exit status: 0 the list is complete, or as long as --limit says; 2 usage; 3 no\n"
    "answer, the list so far is not complete; 4 authentication or permission; 5\n"
    "server error; 6 the key file may be read by others.\n"
    "\n"
    "Examples:\n"
    "  onymctl prefix list --as 300:0.NA/88.300 --key a.pem\n"
    "  onymctl --json prefix list\n";

/* Writes "0.NA/P" for "P" and for "0.NA/P". False when it does not fit, or is no prefix. */
static bool
write_name(const char *prefix, char out[ONYM_NAME_LEN_MAX + 1U])
{
    const char *rest = strncasecmp(prefix, "0.NA/", 5) == 0 ? prefix + 5 : prefix;
    int len = snprintf(out, ONYM_NAME_LEN_MAX + 1U, "0.NA/%s", rest);

    return rest[0] != '\0' && strchr(rest, '/') == NULL && len > 0 &&
           (size_t)len <= ONYM_NAME_LEN_MAX;
}

static int
change(const struct onym_cli *cli, const struct onym_told_change *kind, int argc, char **argv)
{
    struct onym_cli_identity identity = {.as = NULL};
    char name[ONYM_NAME_LEN_MAX + 1U];
    struct onym_told_change told = *kind;
    struct onym_client_change wanted = {.action = kind->action};
    struct onym_client_result result;
    struct onym_cli_client c;
    int code = onym_list_options(&identity, NULL, kind->what, argc, argv);

    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    if (argc - optind != 1 || !write_name(argv[optind], name)) {
        return onym_usage_error(kind->what, "name one prefix, for example 88.300.15907");
    }
    code = onym_cli_client_open(cli, &identity, kind->what, &c);
    if (code == ONYM_EXIT_DONE) {
        told.name = wanted.name = onym_span_text(name);
        onym_cli_client_change(&c, &wanted, &result);
        code = onym_told_change_print(cli, &told, &c, &result);
        onym_cli_client_close(&c);
    }
    return code;
}

static int
home(const struct onym_cli *cli, int argc, char **argv)
{
    static const struct onym_told_change kind = {
        .what = "prefix home", .done = "homed", .action = ONYM_ACTION_HOME};

    return change(cli, &kind, argc, argv);
}

static int
unhome(const struct onym_cli *cli, int argc, char **argv)
{
    static const struct onym_told_change kind = {
        .what = "prefix unhome", .done = "unhomed", .action = ONYM_ACTION_UNHOME};

    return change(cli, &kind, argc, argv);
}

static int
list(const struct onym_cli *cli, int argc, char **argv)
{
    static const char what[] = "prefix list";
    struct onym_cli_identity identity = {.as = NULL};
    uint32_t limit = 0;
    int code = onym_list_options(&identity, &limit, what, argc, argv);

    if (code == ONYM_EXIT_DONE && argc != optind) {
        return onym_usage_error(what,
                                "takes no argument; the identifiers under a prefix: onymctl "
                                "id list %s",
                                argv[optind]);
    }
    return code == ONYM_EXIT_DONE
               ? onym_list_print(cli, &identity, what, onym_span_of(NULL, 0), limit)
               : code;
}

const struct onym_command onym_commands_prefix[] = {
    {.noun = "prefix",
     .verb = "home",
     .usage = "PREFIX [options]",
     .summary = "Make the node answer for a prefix",
     .help = home_help,
     .run = home},
    {.noun = "prefix",
     .verb = "unhome",
     .usage = "PREFIX [options]",
     .summary = "Let the node answer for a prefix no longer",
     .help = unhome_help,
     .run = unhome},
    {.noun = "prefix",
     .verb = "list",
     .usage = "[options]",
     .summary = "Name the prefixes the node answers for",
     .help = list_help,
     .run = list},
    {.noun = NULL},
};
