#include "tools/order.h"

#include "tools/command_options.h"
#include "tools/node_api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHERE                                                                                      \
    "Goes over the node's Unix socket, which the configuration (-c FILE) or\n"                     \
    "--server unix:PATH names; root, the node's account and the group onym may.\n"

const char onym_order_conf_help[] =
    "Makes the running node read its configuration and the files of TLS again. With\n"
    "any error the running configuration stays, all errors are shown and the exit\n"
    "code is 1. Keys that take effect at the next start only are named.\n"
    "\n" WHERE "\n"
    "Exit status: 0 in force; 1 refused; 3 no node; 4 not allowed; 7 not answered.\n"
    "\n"
    "Examples:\n"
    "  onymctl -c /etc/onym/onymd.yaml conf reload\n"
    "  onymctl --server unix:onym-data/control.sock conf reload --json\n";

const char onym_order_tls_help[] =
    "Makes the running node read its certificate and key again; connections stay.\n"
    "With an error the old certificate stays in force and the exit code is 1.\n"
    "\n" WHERE "\n"
    "Exit status: 0 in force; 1 refused; 3 no node; 4 not allowed; 7 not answered.\n"
    "\n"
    "Examples:\n"
    "  onymctl -c /etc/onym/onymd.yaml tls reload\n"
    "  onymctl --server unix:onym-data/control.sock tls reload\n";

static const char level_help[] =
    "Levels: error, warning, notice, info, debug. Without --for it holds until the\n"
    "next reload or start.\n"
    "\n"
    "      --for TIME    go back after 10m, 1h, ... (24h at most)\n"
    "\n" WHERE "\n"
    "Exit status: 0 done; 2 usage; 3 no node; 4 not allowed; 7 not answered.\n"
    "\n"
    "Examples:\n"
    "  onymctl log level debug --for 10m\n"
    "  onymctl -c /etc/onym/onymd.yaml log level info\n";

bool
onym_order_seconds(const char *text, uint32_t *out)
{
    static const struct {
        char unit;
        uint32_t seconds;
    } units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
    uint64_t number = 0;
    size_t at = 0;

    while (text[at] >= '0' && text[at] <= '9' && number < UINT32_MAX) {
        number = number * 10 + (uint64_t)(text[at++] - '0');
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (at > 0 && text[at] == units[i].unit && text[at + 1] == '\0' && number > 0 &&
            number * units[i].seconds <= UINT64_C(366) * 86400) {
            *out = (uint32_t)(number * units[i].seconds);
            return true;
        }
    }
    return false;
}

/* What an order came to, in words or as it came. */
static int
order(const struct onym_node_ask *ask, const char *done)
{
    struct onym_node_reply reply;
    const json_t *keys;
    int code = onym_node_done(ask, &reply);

    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    keys = json_object_get(reply.body, "restart_needed");
    if (ask->cli->json) {
        (void)json_dumpf(reply.body, stdout, JSON_COMPACT);
        (void)putchar('\n');
    } else if (!ask->cli->quiet) {
        (void)printf("%s\n", done);
        for (size_t i = 0; i < json_array_size(keys); i++) {
            const char *key = json_string_value(json_array_get(keys, i));

            (void)printf("%s takes effect at the next start\n", key != NULL ? key : "?");
        }
    }
    json_decref(reply.body);
    return ONYM_EXIT_DONE;
}

int
onym_order_conf_reload(const struct onym_cli *cli, int argc, char **argv)
{
    struct onym_node_ask ask = {.what = "conf reload",
                                .cli = cli,
                                .method = "POST",
                                .target = "/api/v1/config:reload",
                                .reloads = true};

    return argc == 1 ? order(&ask, "the configuration is in force")
                     : onym_usage_error(ask.what, "unexpected %s", argv[1]);
}

int
onym_order_tls_reload(const struct onym_cli *cli, int argc, char **argv)
{
    struct onym_node_ask ask = {
        .what = "tls reload", .cli = cli, .method = "POST", .target = "/api/v1/tls:reload"};

    return argc == 1 ? order(&ask, "the certificate is in force")
                     : onym_usage_error(ask.what, "unexpected %s", argv[1]);
}

enum { OPT_FOR = 256 };

static int
take_for(void *of, int code, const char *argument)
{
    uint32_t *seconds = of;

    (void)code; /* there is one option */
    return onym_order_seconds(argument, seconds) && *seconds <= 86400
               ? ONYM_EXIT_DONE
               : onym_usage_error("log level", "--for %s: give a time such as 10m, 24h at most",
                                  argument);
}

#define LEVELS 5U

static int
log_level(const struct onym_cli *cli, int argc, char **argv)
{
    static const char *const levels[LEVELS] = {"error", "warning", "notice", "info", "debug"};
    static const struct option options[] = {{"for", required_argument, NULL, OPT_FOR},
                                            {NULL, 0, NULL, 0}};
    struct onym_node_ask ask = {
        .what = "log level", .cli = cli, .method = "POST", .target = "/api/v1/log:level"};
    uint32_t seconds = 0;
    char done[64];
    bool known = false;
    const struct onym_command_options how = {
        .what = ask.what, .options = options, .take = take_for, .of = &seconds};
    int result = onym_command_options_read(&how, argc, argv);

    if (result != ONYM_EXIT_DONE) {
        return result;
    }
    if (argc - optind != 1) {
        return onym_usage_error(ask.what, "say which level: onymctl log level debug --for 10m");
    }
    for (size_t i = 0; i < LEVELS && !known; i++) {
        known = strcmp(argv[optind], levels[i]) == 0;
    }
    if (!known) {
        return onym_usage_error(
            ask.what, "%s is no level; say error, warning, notice, info or debug", argv[optind]);
    }
    if (seconds > 0) {
        (void)snprintf(done, sizeof done, "the log is at level %s for %u s", argv[optind],
                       (unsigned)seconds);
    } else {
        (void)snprintf(done, sizeof done, "the log is at level %s", argv[optind]);
    }
    ask.body = seconds > 0
                   ? json_pack("{s:s, s:I}", "level", argv[optind], "seconds", (json_int_t)seconds)
                   : json_pack("{s:s}", "level", argv[optind]);
    if (ask.body == NULL) {
        return onym_usage_error(ask.what, "%s is no level", argv[optind]);
    }
    result = order(&ask, done);
    json_decref(ask.body);
    return result;
}

const struct onym_command onym_commands_log[] = {
    {.noun = "log",
     .verb = "level",
     .usage = "LEVEL [--for TIME]",
     .summary = "Make the running node log more or less",
     .help = level_help,
     .run = log_level},
    {.noun = NULL},
};
