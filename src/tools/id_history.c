#include "tools/id_history.h"

#include "base/options.h"
#include "core/op.h"
#include "store/history.h"
#include "tools/https_login.h"
#include "tools/id_history_online.h"
#include "tools/id_history_print.h"
#include "tools/server_name.h"
#include "tools/store_common.h"
#include "wire/json_entry.h"
#include "wire/json_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHAT          "id history"
#define LIMIT_DEFAULT 100U
#define LIMIT_MAX     1000000U

const char onym_id_history_help[] =
    "Shows who changed what of an identifier and when, and who was refused, newest\n"
    "first, out of the log of changes; of identifiers that are deleted too. A bulk\n"
    "load is one entry of the log and is not shown. Asks a running node over HTTPS,\n"
    "as somebody who administers the identifier or may list its prefix; or reads the\n"
    "directory of a stopped node.\n\n"
    "Options:\n"
    "      --server https://HOST[:PORT]  where the node's HTTPS is\n"
    "                        (127.0.0.1:8000); --connect HOST[:PORT] says the same\n"
    "      --ca FILE         authority of its certificate (or ONYM_CA), PEM\n"
    "      --token-file FILE an access token, instead of an identity\n"
    "      --data DIR        read this directory instead\n"
    "  -n, --limit N         entries shown at most (100)\n"
    "      --map-size SIZE   address space of the store (256GiB)\n"
    "\n" ONYM_IDENTITY_HELP ONYM_IDENTITY_CERT_HELP "\n"
    "Exit status: 0 done; 1 neither registered nor ever changed; 2 usage; 3 not\n"
    "reached; 4 authentication or permission; 5 server error, or the log cannot be\n"
    "read; 6 the directory is in use, or the key file may be read by others.\n\n"
    "Examples:\n"
    "  onymctl id history 88.1/part-1 --ca ca.crt --as 300:0.NA/88.1 --key a.pem\n"
    "  onymctl --json id history 88.300.15907/part-1 --data onym-data --limit 1\n";

struct history {
    const struct onym_cli *cli;
    onym_span name;
    const char *data; /* NULL: a running node is asked */
    const char *connect;
    struct onym_cli_identity identity;
    size_t map_size;
    uint32_t limit;
    uint32_t shown;
    uint8_t *line;
};

/* ---- a stopped node ---- */

static void
show(void *of, uint64_t sequence, const struct onym_entry *entry)
{
    struct history *h = of;
    struct onym_writer w = onym_writer_over(h->line, ONYM_JSON_ENTRY_MAX);
    json_t *item;

    onym_json_put_entry(&w, sequence, entry, true);
    if (h->cli->json) {
        (void)fputs(h->shown > 0 ? "," : "", stdout);
        (void)fwrite(w.at, 1, w.len, stdout);
    } else {
        item = json_loadb((const char *)w.at, w.len, JSON_ALLOW_NUL, NULL);
        onym_history_print(item);
        json_decref(item);
    }
    h->shown++;
}

static void
begin_json(const struct history *h)
{
    uint8_t text[6 * ONYM_NAME_LEN_MAX + 64];
    struct onym_writer w = onym_writer_over(text, sizeof text);

    onym_json_put(&w, "{\"handle\":");
    onym_json_put_string(&w, h->name);
    onym_json_put(&w, ",\"items\":[");
    (void)fwrite(text, 1, w.len, stdout);
}

static int
walk(struct history *h, const struct onym_view *view)
{
    uint8_t folded[ONYM_PREFIX_NAME_LEN_MAX];
    onym_span name = onym_op_fold(h->name, folded, sizeof folded);
    uint64_t next = ONYM_HISTORY_END;
    uint32_t left = h->limit;
    enum onym_status status = ONYM_OK;
    bool registered;

    if (h->cli->json) {
        begin_json(h);
    }
    while (status == ONYM_OK && next > 0 && left > 0) {
        status = onym_history_slice(view, name, &next, &left, show, h);
    }
    registered = onym_view_has(view, ONYM_KIND_HANDLE, name);
    if (h->cli->json) {
        (void)printf("],\"complete\":%s,\"registered\":%s}\n",
                     status == ONYM_OK && next == 0 ? "true" : "false",
                     registered ? "true" : "false");
    }
    if (status != ONYM_OK) {
        (void)fprintf(stderr, "onymctl " WHAT ": the log cannot be read: %s\n",
                      onym_status_text(status));
        return ONYM_EXIT_SERVER;
    }
    if (fflush(stdout) != 0) {
        (void)fputs("onymctl " WHAT ": standard output cannot be written\n", stderr);
        return ONYM_EXIT_SERVER;
    }
    if (h->shown == 0 && !h->cli->quiet) {
        (void)fprintf(stderr, "onymctl " WHAT ": %s\n",
                      registered ? "registered, and not changed as far as the log goes back"
                                 : "neither registered nor, as far as the log goes back, ever "
                                   "changed");
    }
    return h->shown > 0 || registered ? ONYM_EXIT_DONE : ONYM_EXIT_NEGATIVE;
}

static int
open_and_walk(struct history *h)
{
    struct onym_env *env = NULL;
    struct onym_view *view = NULL;
    int code = onym_store_open(&(const struct onym_store_place){.cli = h->cli,
                                                                .verb = WHAT,
                                                                .dir = h->data,
                                                                .map_size = h->map_size,
                                                                .damaged = ONYM_EXIT_SERVER},
                               &env);

    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    h->line = malloc(ONYM_JSON_ENTRY_MAX);
    if (h->line == NULL || onym_view_open(env, &view) != ONYM_OK) {
        (void)fprintf(stderr, "onymctl " WHAT ": %s: the store cannot be read\n", h->data);
        code = ONYM_EXIT_SERVER;
    } else {
        code = walk(h, view);
    }
    onym_view_close(view);
    onym_env_close(env);
    free(h->line);
    return code;
}

/* ---- a running node ---- */

static int
ask(const struct history *h)
{
    struct onym_https *https = calloc(1, sizeof *https);
    bool by_server = h->connect == NULL && h->cli->server != NULL;
    int code;

    if (https == NULL) {
        (void)fputs("onymctl " WHAT ": out of memory\n", stderr);
        return ONYM_EXIT_SERVER;
    }
    https->what = WHAT;
    if (by_server && onym_server_road(h->cli->server) < ONYM_ROAD_HTTPS) {
        code = onym_usage_error(WHAT,
                                "--server %s: a history is asked for over HTTPS: give "
                                "https://HOST[:PORT], unix:PATH on the node's machine, or --data "
                                "DIR of a stopped node",
                                h->cli->server);
    } else {
        code = onym_https_begin(h->cli,
                                by_server            ? NULL
                                : h->connect != NULL ? h->connect
                                                     : "127.0.0.1",
                                &h->identity, https);
    }
    if (code == ONYM_EXIT_DONE) {
        code = onym_history_online(h->cli, https, h->name, h->limit);
    }
    explicit_bzero(https, sizeof *https);
    free(https);
    return code;
}

/* ---- options ---- */

static int
read_limit(const char *text, uint32_t *out)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end != '\0' || number == 0 || number > LIMIT_MAX) {
        return onym_usage_error(WHAT, "--limit %s: expected a number of 1 to %u", text,
                                (unsigned)LIMIT_MAX);
    }
    *out = (uint32_t)number;
    return ONYM_EXIT_DONE;
}

/* One option; ONYM_EXIT_USAGE after a line on stderr. */
static int
take_option(struct history *h, int option, char **argv)
{
    switch (option) {
    case 'd':
        h->data = optarg;
        return ONYM_EXIT_DONE;
    case 'c':
        h->connect = optarg;
        return ONYM_EXIT_DONE;
    case 'n':
        return read_limit(optarg, &h->limit);
    case 's':
        return onym_store_size(WHAT, "--map-size", optarg, 1024 * 1024, &h->map_size);
    default:
        return onym_cli_identity_option(&h->identity, option, optarg)
                   ? ONYM_EXIT_DONE
                   : onym_store_bad_option(WHAT, argv);
    }
}

int
onym_id_history(const struct onym_cli *cli, int argc, char **argv)
{
    static const struct option options[] = {ONYM_IDENTITY_OPTIONS,
                                            {"data", required_argument, NULL, 'd'},
                                            {"connect", required_argument, NULL, 'c'},
                                            {"limit", required_argument, NULL, 'n'},
                                            {"map-size", required_argument, NULL, 's'},
                                            {NULL, 0, NULL, 0}};
    struct history h = {.cli = cli, .limit = LIMIT_DEFAULT};
    int code = ONYM_EXIT_DONE;
    int option;

    optind = 0;
    opterr = 0;
    while (code == ONYM_EXIT_DONE &&
           (option = onym_option_next(argc, argv, "n:", options, NULL)) != -1) {
        code = take_option(&h, option, argv);
    }
    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    if (argc - optind != 1 || argv[optind][0] == '\0' || strlen(argv[optind]) > ONYM_NAME_LEN_MAX) {
        return onym_usage_error(WHAT, "name one identifier, for example 88.300.15907/part-1");
    }
    if (strchr(argv[optind], '/') == NULL) {
        return onym_usage_error(WHAT,
                                "%s has no '/': name one identifier, for example "
                                "88.300.15907/part-1",
                                argv[optind]);
    }
    h.name = onym_span_text(argv[optind]);
    return h.data != NULL ? open_and_walk(&h) : ask(&h);
}
