#include "tools/id_history.h"

#include "core/op.h"
#include "onym/model/record.h"
#include "store/history.h"
#include "tools/store_common.h"
#include "tools/text.h"
#include "wire/json_entry.h"
#include "wire/json_time.h"
#include "wire/json_write.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHAT          "id history"
#define LIMIT_DEFAULT 100U
#define LIMIT_MAX     1000000U

const char onym_id_history_help[] =
    "Shows who changed what of an identifier and when, and who was refused, newest\n"
    "first, out of the log of changes; of identifiers that are deleted too. A bulk\n"
    "load is one entry of the log and is not shown. Reads the directory of a stopped\n"
    "node; a running one tells the same at /api/v1/identifiers/ID/history.\n\n"
    "Options:\n"
    "      --data DIR        the node's data directory\n"
    "  -n, --limit N         entries shown at most (100)\n"
    "      --map-size SIZE   address space of the store (256GiB)\n\n"
    "Exit status: 0 done; 1 neither registered nor ever changed; 2 usage; 5 the log\n"
    "cannot be read; 6 the directory is in use.\n\n"
    "Examples:\n"
    "  onymctl id history 88.300.15907/part-1 --data onym-data\n"
    "  onymctl --json id history 88.300.15907/part-1 --data onym-data --limit 1\n";

struct history {
    const struct onym_cli *cli;
    onym_span name;
    const char *data;
    size_t map_size;
    uint32_t limit;
    uint32_t shown;
    uint8_t *line;
};

/* ---- entries ---- */

/* "values 1,2,3": which were sent or named. */
static void
print_indexes(const struct onym_entry *e)
{
    onym_span values = e->values.raw;
    onym_span indexes = e->indexes.raw;
    const char *before = "  values ";
    struct onym_value value;
    uint32_t index;

    while (onym_value_next(&values, &value)) {
        (void)printf("%s%u", before, (unsigned)value.index);
        before = ",";
    }
    while (onym_u32_next(&indexes, &index)) {
        (void)printf("%s%u", before, (unsigned)index);
        before = ",";
    }
}

static void
print_text(uint64_t sequence, const struct onym_entry *e)
{
    char when[ONYM_TIME_TEXT_MAX];
    char revision[24] = "-";

    onym_time_format(e->time_ms, when);
    if (e->revision > 0) {
        (void)snprintf(revision, sizeof revision, "%llu", (unsigned long long)e->revision);
    }
    (void)printf("%10llu  %-24s  %-7s  rev %-4s  ", (unsigned long long)sequence, when,
                 onym_entry_what(e), revision);
    if (e->principal.handle.len > 0) {
        (void)printf("%u:", (unsigned)e->principal.index);
        onym_text_print(stdout, e->principal.handle);
    } else {
        (void)fputs("nobody", stdout);
    }
    if (e->address.len > 0) {
        (void)fputs(" from ", stdout);
        onym_text_print(stdout, e->address);
    }
    print_indexes(e);
    if (e->what == ONYM_ENTRY_EVENT) {
        (void)printf("  %s: ", onym_entry_action(e->action));
        onym_text_print(stdout, e->status);
    }
    (void)putchar('\n');
}

static void
show(void *of, uint64_t sequence, const struct onym_entry *entry)
{
    struct history *h = of;

    if (h->cli->json) {
        struct onym_writer w = onym_writer_over(h->line, ONYM_JSON_ENTRY_MAX);

        onym_json_put_entry(&w, sequence, entry);
        (void)fputs(h->shown > 0 ? "," : "", stdout);
        (void)fwrite(w.at, 1, w.len, stdout);
    } else {
        print_text(sequence, entry);
    }
    h->shown++;
}

/* ---- the store ---- */

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
    int code = onym_store_open(WHAT, h->data, h->map_size, false, &env);

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

int
onym_id_history(const struct onym_cli *cli, int argc, char **argv)
{
    static const struct option options[] = {{"data", required_argument, NULL, 'd'},
                                            {"limit", required_argument, NULL, 'n'},
                                            {"map-size", required_argument, NULL, 's'},
                                            {NULL, 0, NULL, 0}};
    struct history h = {.cli = cli, .limit = LIMIT_DEFAULT};
    int code = ONYM_EXIT_DONE;
    int option;

    optind = 0;
    opterr = 0;
    while (code == ONYM_EXIT_DONE &&
           (option = getopt_long(argc, argv, "n:", options, NULL)) != -1) {
        if (option == 'd') {
            h.data = optarg;
        } else if (option == 'n') {
            code = read_limit(optarg, &h.limit);
        } else if (option == 's') {
            code = onym_store_size(WHAT, "--map-size", optarg, 1024 * 1024, &h.map_size);
        } else {
            return onym_store_bad_option(WHAT, argv);
        }
    }
    if (code != ONYM_EXIT_DONE) {
        return code;
    }
    if (argc - optind != 1 || argv[optind][0] == '\0' || strlen(argv[optind]) > ONYM_NAME_LEN_MAX) {
        return onym_usage_error(WHAT, "name one identifier, for example 88.300.15907/part-1");
    }
    if (h.data == NULL) {
        return onym_usage_error(WHAT, "name the directory of a stopped node: --data DIR");
    }
    h.name = onym_span_text(argv[optind]);
    return open_and_walk(&h);
}
