/* The change path of a node without its network: the same records as lmdb_commit puts, registered
 * through server/changes.h in groups of N. With --ahead 1 the next group is handed over while one
 * is committed, as a mouth does that has more to register; with 0 it waits for the last result.
 *
 *   changes_load DATA --rows FILE [--skip N] [--group N] [--ahead N]
 *                [--milliseconds N] [--commits N]
 *
 * DATA is a data directory that no node has open, with the prefixes of the rows; FILE is what
 * `lmdb_insert --encode` writes. It is read before the clock starts. */
#include "base/clock.h"
#include "base/histogram.h"
#include "base/require.h"
#include "lib/args.h"
#include "lib/parts.h"
#include "lib/rows.h"
#include "server/changes.h"
#include "store/record_v1.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define AHEAD_MAX            7U
#define MAP_SIZE_MIB_DEFAULT ((size_t)64 << 10)

struct settings {
    const char *data, *rows;
    uint64_t skip, group, ahead, milliseconds, commits, map_mib;
};

struct load {
    struct onym_changes *changes;
    uv_loop_t loop;
    uint64_t waiting, refused;
    uint64_t submitted; /* groups */
    uint64_t start_ns[AHEAD_MAX + 1];
    enum onym_status refused_status; /* of the first one */
    const char *refused_why;
    struct bench_figures *figures;
};

static const struct onym_identity registrar = {
    .handle = {.at = (const uint8_t *)BENCH_OPERATOR, .len = sizeof BENCH_OPERATOR - 1},
    .index = 301};

static void
on_result(void *of, const struct onym_change_result *result)
{
    struct load *load = of;

    load->waiting--;
    if (result->status != ONYM_OK && load->refused++ == 0) {
        load->refused_status = result->status;
        load->refused_why = result->why;
    }
}

/* The creation of the part in a row. */
static bool
operation_of(onym_span *rows, struct onym_operation *op)
{
    struct onym_record record;
    onym_span key;
    onym_span stored;

    if (!bench_rows_next(rows, &key, &stored) ||
        onym_record_v1_decode(key, stored, &record) != ONYM_OK) {
        return false;
    }
    *op = (struct onym_operation){.action = ONYM_ACTION_CREATE,
                                  .name = record.name,
                                  .values = record.public_values,
                                  .principal = {.handle = registrar.handle, .index = 301},
                                  .address = onym_span_text("127.0.0.1"),
                                  .now_ms = onym_clock_epoch_ms()};
    return true;
}

/* Hands one group over. False: an operation is not taken. */
static bool
submit_group(struct load *load, onym_span *rows, uint64_t group)
{
    struct onym_operation op;

    load->start_ns[load->submitted % (AHEAD_MAX + 1)] = onym_clock_monotonic_ns();
    load->submitted++;
    for (uint64_t i = 0; i < group && operation_of(rows, &op); i++) {
        enum onym_status status;

        onym_changes_new_id(load->changes, op.id);
        op.once = true;
        status = onym_changes_submit(load->changes, (struct onym_change_ticket){0}, &op,
                                     &registrar);
        if (status != ONYM_OK) {
            (void)fprintf(stderr, "changes_load: an operation is not taken: %s\n",
                          onym_status_text(status));
            return false;
        }
        load->waiting++;
    }
    /* the end of a turn: what it submitted begins a group, as in a node */
    (void)uv_run(&load->loop, UV_RUN_NOWAIT);
    return true;
}

/* Until no more than `groups` groups have results open. */
static void
await(struct load *load, uint64_t groups, uint64_t group)
{
    while (load->submitted - load->figures->commits > groups) {
        uint64_t open = (load->submitted - load->figures->commits - 1) * group;

        while (load->waiting > open) {
            (void)uv_run(&load->loop, UV_RUN_ONCE);
        }
        bench_figures_add(load->figures, load->start_ns[load->figures->commits % (AHEAD_MAX + 1)],
                          group);
    }
}

static bool
run_groups(struct load *load, onym_span rows, const struct settings *s)
{
    struct bench_figures *f = load->figures;
    onym_span rest;

    if (!bench_rows_skip(&rows, s->skip)) {
        (void)fprintf(stderr, "changes_load: %s: fewer rows than --skip says\n", s->rows);
        return false;
    }
    f->first_ns = f->last_ns = onym_clock_monotonic_ns();
    while (f->commits < s->commits && f->last_ns - f->first_ns < s->milliseconds * 1000000U) {
        rest = rows;
        if (!bench_rows_skip(&rest, s->group)) {
            break;
        }
        if (!submit_group(load, &rows, s->group)) {
            return false;
        }
        await(load, s->ahead, s->group);
    }
    await(load, 0, s->group);
    return true;
}

/* Opens the changes of the store around the loop; false with one line on stderr. */
static bool
open_changes(struct load *load, struct onym_env *env)
{
    struct onym_changes_options options = {.env = env, .workers = 1, .share = 1};
    struct onym_fault fault = {0};

    if (uv_loop_init(&load->loop) != 0 ||
        onym_changes_open(&options, &load->changes, &fault) != ONYM_OK ||
        onym_changes_attach(load->changes, 0, &load->loop, on_result, load) != ONYM_OK) {
        (void)fprintf(stderr, "changes_load: %s\n", fault.text);
        return false;
    }
    return true;
}

static void
close_changes(struct load *load)
{
    onym_changes_stop(load->changes);
    onym_changes_detach(load->changes, 0);
    (void)uv_run(&load->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&load->loop);
    onym_changes_close(load->changes);
}

static int
run(const struct settings *s, struct bench_figures *figures)
{
    struct onym_env_options options = {
        .dir = s->data, .holder = "changes_load", .map_size = (size_t)s->map_mib << 20};
    struct load load = {.figures = figures};
    struct onym_fault fault = {0};
    struct onym_env *env;
    onym_span rows;
    bool ok;

    if (!bench_rows_read(s->rows, &rows)) {
        (void)fprintf(stderr, "changes_load: %s: cannot be read\n", s->rows);
        return 1;
    }
    if (onym_env_open(&options, &env, &fault) != ONYM_OK) {
        (void)fprintf(stderr, "changes_load: %s\n", fault.text);
        bench_rows_free(rows);
        return 1;
    }
    ok = open_changes(&load, env);
    if (ok) {
        ok = run_groups(&load, rows, s);
        close_changes(&load);
    }
    if (ok && load.refused > 0) {
        (void)fprintf(stderr, "changes_load: %" PRIu64 " operations were refused: %s%s%s\n",
                      load.refused, onym_status_text(load.refused_status),
                      load.refused_why != NULL ? ": " : "",
                      load.refused_why != NULL ? load.refused_why : "");
        ok = false;
    }
    if (ok) {
        bench_figures_print(figures);
    }
    onym_env_close(env);
    bench_rows_free(rows);
    return ok ? 0 : 1;
}

static enum onym_status
read_option(int c, const char *text, struct settings *s)
{
    switch (c) {
    case 'r':
        s->rows = text;
        return ONYM_OK;
    case 's':
        return bench_args_number("--skip", text, 0, UINT32_MAX, &s->skip);
    case 'g':
        return bench_args_number("--group", text, 1, ONYM_CHANGES_GROUP_OPS, &s->group);
    case 'a':
        return bench_args_number("--ahead", text, 0, AHEAD_MAX, &s->ahead);
    case 'm':
        return bench_args_number("--milliseconds", text, 1, 86400000, &s->milliseconds);
    case 'c':
        return bench_args_number("--commits", text, 1, UINT32_MAX, &s->commits);
    case 'M':
        return bench_args_number("--map-mib", text, 16, (uint64_t)1 << 24, &s->map_mib);
    default:
        return ONYM_INVALID;
    }
}

int
main(int argc, char **argv)
{
    static const struct option options[] = {
        {"rows", required_argument, NULL, 'r'},         {"skip", required_argument, NULL, 's'},
        {"group", required_argument, NULL, 'g'},        {"ahead", required_argument, NULL, 'a'},
        {"milliseconds", required_argument, NULL, 'm'}, {"commits", required_argument, NULL, 'c'},
        {"map-mib", required_argument, NULL, 'M'},      {0}};
    struct settings s = {
        .group = 1, .milliseconds = 1000, .commits = UINT32_MAX, .map_mib = MAP_SIZE_MIB_DEFAULT};
    struct bench_figures *f = calloc(1, sizeof *f);
    int c;
    int code = 2;

    ONYM_REQUIRE(f != NULL);
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (read_option(c, optarg, &s) != ONYM_OK) {
            free(f);
            return 2;
        }
    }
    if (optind + 1 == argc && s.rows != NULL) {
        s.data = argv[optind];
        code = run(&s, f);
    } else {
        (void)fputs("usage: changes_load DATA --rows FILE [--skip N] [--group N] [--ahead N] "
                    "[--milliseconds N] [--commits N] [--map-mib N]\n",
                    stderr);
    }
    free(f);
    return code;
}
