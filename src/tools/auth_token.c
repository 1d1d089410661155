#include "tools/auth.h"

#include "tools/command_options.h"
#include "tools/https_login.h"
#include "tools/node_api.h"
#include "tools/order.h"
#include "tools/server_name.h"
#include "tools/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WHAT "auth token"

const char onym_auth_token_help[] =
    "  create --scope SCOPE [--scope SCOPE ...] [options]\n"
    "  list [--expired]\n"
    "  revoke ID [ID ...]\n"
    "\n"
    "Access tokens for the HTTP API. A token stands for INDEX:HANDLE, may what that\n"
    "identity may at the time of use, within its scopes, and is shown once.\n"
    "\n"
    "      --scope SCOPE    read, register:PREFIX, operate or admin; may be repeated\n"
    "      --for IDENTITY   whom it stands for, INDEX:HANDLE; over the Unix\n"
    "                       socket needed for read and register\n"
    "      --expires TIME   30d (default), 12h, ...; 366d at most\n"
    "      --label TEXT     what it is for, 100 bytes at most\n"
    "      --out FILE       write the token there, readable by you alone, instead of\n"
    "                       showing it; never overwritten\n"
    "      --expired        list: those that have expired only\n"
    "\n"
    "On the node's machine it goes over the Unix socket, which the configuration\n"
    "(-c FILE) or --server unix:PATH names; root, the node's account and the group\n"
    "onym may. From elsewhere, and for one's own tokens:\n"
    "      --server https://HOST[:PORT]  where the node's HTTPS is (port 8000);\n"
    "                             --connect HOST[:PORT] says the same\n"
    "      --ca FILE              authority of its certificate (or ONYM_CA), PEM\n"
    "      --token-file FILE      a token of scope admin instead of an identity\n"
    "\n" ONYM_IDENTITY_HELP ONYM_IDENTITY_CERT_HELP "\n"
    "Exit status: 0 done; 1 no such token; 2 usage; 3 no node; 4 not allowed;\n"
    "5 the file could not be written; 6 it exists; 7 not answered.\n"
    "\n"
    "Examples:\n"
    "  onymctl auth token create --scope register:88.1 --for 300:0.NA/88.1 --out t\n"
    "  onymctl auth token revoke 19952ebbf4c4ee7e5b9ab4d4e520c4b7\n";

enum { OPT_SCOPE = 256, OPT_FOR, OPT_EXPIRES, OPT_LABEL, OPT_OUT, OPT_EXPIRED, OPT_CONNECT };

struct words {
    json_t *scopes;
    const char *identity, *label, *out;
    uint32_t seconds; /* 0: the node's default */
    bool expired;
    const char *connect;
    struct onym_cli_identity identity_of;
    struct onym_https *https; /* NULL: the Unix socket */
};

static int
take_option(void *of, int code, const char *argument)
{
    struct words *w = of;

    if (onym_cli_identity_option(&w->identity_of, code, argument)) {
        return ONYM_EXIT_DONE;
    }
    switch (code) {
    case OPT_CONNECT:
        w->connect = argument;
        return ONYM_EXIT_DONE;
    case OPT_SCOPE:
        (void)json_array_append_new(w->scopes, json_string(argument));
        return ONYM_EXIT_DONE;
    case OPT_FOR:
        w->identity = argument;
        return ONYM_EXIT_DONE;
    case OPT_EXPIRES:
        return onym_order_seconds(argument, &w->seconds)
                   ? ONYM_EXIT_DONE
                   : onym_usage_error(WHAT, "--expires %s: give a time such as 30d, 366d at most",
                                      argument);
    case OPT_LABEL:
        w->label = argument;
        return ONYM_EXIT_DONE;
    case OPT_OUT:
        w->out = argument;
        return ONYM_EXIT_DONE;
    case OPT_EXPIRED:
    default:
        w->expired = true;
        return ONYM_EXIT_DONE;
    }
}

/* The options of all verbs; words behind them start at optind. */
static int
read_words(struct words *w, int argc, char **argv)
{
    static const struct option options[] = {{"scope", required_argument, NULL, OPT_SCOPE},
                                            {"for", required_argument, NULL, OPT_FOR},
                                            {"expires", required_argument, NULL, OPT_EXPIRES},
                                            {"label", required_argument, NULL, OPT_LABEL},
                                            {"out", required_argument, NULL, OPT_OUT},
                                            {"expired", no_argument, NULL, OPT_EXPIRED},
                                            {"connect", required_argument, NULL, OPT_CONNECT},
                                            ONYM_IDENTITY_OPTIONS,
                                            {NULL, 0, NULL, 0}};
    const struct onym_command_options how = {
        .what = WHAT, .options = options, .take = take_option, .of = w};

    return onym_command_options_read(&how, argc, argv);
}

/* Whom to ask, and as whom, when that is not the node of this machine. */
static int
open_https(const struct onym_cli *cli, struct words *w)
{
    if (w->connect == NULL && onym_server_road(cli->server) != ONYM_ROAD_HTTPS) {
        return w->identity_of.token_file == NULL && w->identity_of.as == NULL &&
                       w->identity_of.cert == NULL
                   ? ONYM_EXIT_DONE
                   : onym_usage_error(WHAT, "an identity or a token is for HTTPS: add --server "
                                            "https://HOST; the Unix socket needs none");
    }
    w->https = calloc(1, sizeof *w->https);
    if (w->https == NULL) {
        (void)fprintf(stderr, "onymctl %s: out of memory\n", WHAT);
        return ONYM_EXIT_SERVER;
    }
    w->https->what = WHAT;
    return onym_https_begin(cli, w->connect, &w->identity_of, w->https);
}

static void
print_json(const json_t *value)
{
    (void)json_dumpf(value, stdout, JSON_COMPACT);
    (void)putchar('\n');
}

static const char *
text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "";
}

/* ---- create ---- */

/* Made before the token is, so that one is never made that cannot be kept. */
static int
open_file(const char *what, const char *path, int *out)
{
    *out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (*out >= 0) {
        return ONYM_EXIT_DONE;
    }
    if (errno == EEXIST) {
        (void)fprintf(stderr, "onymctl %s: %s exists and is not overwritten; name another file\n",
                      what, path);
        return ONYM_EXIT_REFUSED;
    }
    (void)fprintf(stderr, "onymctl %s: %s: cannot create it: %s\n", what, path, strerror(errno));
    return ONYM_EXIT_SERVER;
}

static int
keep(const struct onym_node_ask *ask, const struct words *w, int fd, const json_t *made)
{
    const char *token = text_of(made, "token");

    if (dprintf(fd, "%s\n", token) == (int)strlen(token) + 1 && fsync(fd) == 0) {
        return ONYM_EXIT_DONE;
    }
    (void)fprintf(stderr,
                  "onymctl %s: %s: cannot write it: %s; revoke the token: onymctl auth token "
                  "revoke %s\n",
                  ask->what, w->out, strerror(errno), text_of(made, "id"));
    return ONYM_EXIT_SERVER;
}

static void
show(const struct onym_node_ask *ask, const struct words *w, json_t *made)
{
    if (w->out != NULL) {
        (void)json_object_del(made, "token");
    }
    if (ask->cli->json) {
        print_json(made);
        return;
    }
    if (w->out == NULL) {
        (void)printf("%s\n", text_of(made, "token"));
    }
    if (!ask->cli->quiet) {
        (void)fprintf(stderr, "%s for %s until %s%s%s; shown this once\n", text_of(made, "id"),
                      text_of(made, "identity"), text_of(made, "expires"),
                      w->out != NULL ? ", written to " : "", w->out != NULL ? w->out : "");
    }
}

static json_t *
describe(const struct words *w)
{
    json_t *body = json_pack("{s:O}", "scopes", w->scopes);

    if (w->identity != NULL) {
        (void)json_object_set_new(body, "identity", json_string(w->identity));
    }
    if (w->label != NULL) {
        (void)json_object_set_new(body, "label", json_string(w->label));
    }
    if (w->seconds > 0) {
        (void)json_object_set_new(body, "expires_in", json_integer(w->seconds));
    }
    return body;
}

static int
create(const struct onym_cli *cli, const struct words *w, int words)
{
    struct onym_node_ask ask = {.what = "auth token create",
                                .cli = cli,
                                .method = "POST",
                                .target = "/api/v1/tokens",
                                .https = w->https};
    struct onym_node_reply reply = {.status = 0};
    int fd = -1;
    int code = ONYM_EXIT_DONE;

    if (words != 0 || json_array_size(w->scopes) == 0) {
        return onym_usage_error(ask.what, "say what it is for: --scope read, "
                                          "--scope register:PREFIX, and nothing but options");
    }
    if (w->out != NULL) {
        code = open_file(ask.what, w->out, &fd);
    }
    ask.body = describe(w);
    if (code == ONYM_EXIT_DONE) {
        code = onym_node_done(&ask, &reply);
    }
    if (code == ONYM_EXIT_DONE && fd >= 0) {
        code = keep(&ask, w, fd, reply.body);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    if (fd >= 0 && code != ONYM_EXIT_DONE) {
        (void)unlink(w->out);
    }
    if (code == ONYM_EXIT_DONE) {
        show(&ask, w, reply.body);
    }
    json_decref(ask.body);
    json_decref(reply.body);
    return code;
}

/* ---- list ---- */

/* A text that somebody else chose. */
static void
put_text(const char *before, const char *text)
{
    (void)fputs(text[0] != '\0' ? before : "", stdout);
    onym_text_print(stdout, onym_span_text(text));
}

static void
list_row(const json_t *token)
{
    const json_t *scopes = json_object_get(token, "scopes");

    (void)printf("%s  %s  %s  %-7s", text_of(token, "id"), text_of(token, "created"),
                 text_of(token, "expires"),
                 json_is_true(json_object_get(token, "expired")) ? "expired" : "");
    put_text(" ", text_of(token, "identity"));
    for (size_t i = 0; i < json_array_size(scopes); i++) {
        const char *scope = json_string_value(json_array_get(scopes, i));

        put_text(i == 0 ? "  " : " ", scope != NULL ? scope : "");
    }
    put_text("  ", text_of(token, "label"));
    (void)putchar('\n');
}

/* One page; *cursor becomes the next, or empty. */
static int
list_page(const struct onym_cli *cli, const struct words *w, char cursor[64], json_t *all)
{
    char target[128];
    struct onym_node_ask ask = {.what = "auth token list",
                                .cli = cli,
                                .method = "GET",
                                .target = target,
                                .https = w->https};
    struct onym_node_reply reply;
    const json_t *items;
    int code;

    (void)snprintf(target, sizeof target, "/api/v1/tokens?limit=1000%s%s",
                   cursor[0] != '\0' ? "&cursor=" : "", cursor);
    code = onym_node_done(&ask, &reply);
    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    items = json_object_get(reply.body, "items");
    for (size_t i = 0; i < json_array_size(items); i++) {
        json_t *token = json_array_get(items, i);

        if (w->expired && !json_is_true(json_object_get(token, "expired"))) {
            continue;
        }
        if (cli->json) {
            (void)json_array_append(all, token);
        } else {
            list_row(token);
        }
    }
    (void)snprintf(cursor, 64, "%s", text_of(reply.body, "next"));
    json_decref(reply.body);
    return ONYM_EXIT_DONE;
}

static int
list(const struct onym_cli *cli, const struct words *w, int words)
{
    char cursor[64] = "";
    json_t *all = json_array();
    int code;

    if (words != 0) {
        json_decref(all);
        return onym_usage_error("auth token list", "it takes no words");
    }
    do {
        code = list_page(cli, w, cursor, all);
    } while (code == ONYM_EXIT_DONE && cursor[0] != '\0');
    if (code == ONYM_EXIT_DONE && cli->json) {
        print_json(all);
    }
    json_decref(all);
    return code;
}

/* ---- revoke ---- */

/* Goes on behind one that is refused; the first failure is the exit code. */
static int
revoke_all(const struct onym_cli *cli, const struct words *w, int count, char **ids)
{
    int first = ONYM_EXIT_DONE;

    if (count == 0) {
        return onym_usage_error("auth token revoke", "say which: onymctl auth token list");
    }
    for (int i = 0; i < count; i++) {
        char target[128];
        struct onym_node_ask ask = {.what = "auth token revoke",
                                    .cli = cli,
                                    .method = "DELETE",
                                    .target = target,
                                    .https = w->https};
        struct onym_node_reply reply;
        int code;

        if (strlen(ids[i]) != 32 || strspn(ids[i], "0123456789abcdefABCDEF") != 32) {
            return onym_usage_error(ask.what, "%s: an id is 32 hexadecimal digits", ids[i]);
        }
        (void)snprintf(target, sizeof target, "/api/v1/tokens/%s", ids[i]);
        code = onym_node_done(&ask, &reply);
        json_decref(reply.body);
        if (code == ONYM_EXIT_DONE && !cli->quiet && !cli->json) {
            (void)printf("%s revoked\n", ids[i]);
        }
        first = first == ONYM_EXIT_DONE ? code : first;
    }
    return first;
}

int
onym_auth_token(const struct onym_cli *cli, int argc, char **argv)
{
    struct words w = {.scopes = json_array()};
    const char *verb = argc > 1 ? argv[1] : "";
    int code = read_words(&w, argc - (argc > 1), argv + (argc > 1));
    int words = argc - (argc > 1) - optind;

    if (code == ONYM_EXIT_DONE) {
        code = open_https(cli, &w);
    }
    if (code == ONYM_EXIT_DONE) {
        if (strcmp(verb, "create") == 0) {
            code = create(cli, &w, words);
        } else if (strcmp(verb, "list") == 0) {
            code = list(cli, &w, words);
        } else if (strcmp(verb, "revoke") == 0) {
            code = revoke_all(cli, &w, words, argv + 1 + optind);
        } else {
            code = onym_usage_error("auth token", "say create, list or revoke; see onymctl auth "
                                                  "token --help");
        }
    }
    if (w.https != NULL) {
        explicit_bzero(w.https, sizeof *w.https);
    }
    free(w.https);
    json_decref(w.scopes);
    return code;
}
