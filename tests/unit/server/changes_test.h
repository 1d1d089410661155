/* A store, its changes and loops that collect results. */
#ifndef ONYM_TESTS_CHANGES_TEST_H
#define ONYM_TESTS_CHANGES_TEST_H

#include "base/bytes.h"
#include "onym/model/ident.h"
#include "server/changes.h"
#include "store/check.h"
#include "store/view.h"
#include "support/temp_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define BENCH_WORKERS 3U
#define BENCH_RESULTS 16384U
#define BENCH_NOW_MS  1700000000000ULL
#define BENCH_PREFIX  "88.1.2"

struct bench;

struct bench_result {
    bool is_there;
    unsigned worker; /* on whose loop it arrived */
    uint64_t order;  /* of arrival, from 1 */
    struct onym_change_result result;
    char name[128];
};

struct bench_worker {
    struct bench *bench;
    unsigned number;
    uv_loop_t loop;
};

struct bench {
    struct temp_store store;
    struct onym_changes *changes;
    struct bench_worker worker[BENCH_WORKERS];
    uint64_t arrived;
    struct bench_result result[BENCH_RESULTS]; /* by the ticket's id */
};

static const struct onym_identity bench_admin = {
    .handle = {.at = (const uint8_t *)"0.NA/admin", .len = 10},
    .index = 300,
    .is_server_admin = true};

static void
bench_on_result(void *of, const struct onym_change_result *result)
{
    struct bench_worker *worker = of;
    struct bench_result *r = &worker->bench->result[result->ticket.id];

    assert_true(result->ticket.id < BENCH_RESULTS);
    assert_false(r->is_there);
    assert_int_equal(result->ticket.worker, worker->number);
    r->is_there = true;
    r->worker = worker->number;
    r->order = ++worker->bench->arrived;
    r->result = *result;
    (void)snprintf(r->name, sizeof r->name, "%.*s", (int)result->name.len,
                   (const char *)result->name.at);
}

/* Starts changes over the open store; of options only limits and hooks count. */
static inline void
bench_start(struct bench *b, const struct onym_changes_options *limits)
{
    struct onym_changes_options options = limits != NULL ? *limits
                                                         : (struct onym_changes_options){0};
    struct onym_fault fault = {0};

    options.env = b->store.env;
    options.workers = BENCH_WORKERS;
    options.seed = 1;
    assert_int_equal(onym_changes_open(&options, &b->changes, &fault), ONYM_OK);
    for (unsigned i = 0; i < BENCH_WORKERS; i++) {
        b->worker[i] = (struct bench_worker){.bench = b, .number = i};
        assert_int_equal(uv_loop_init(&b->worker[i].loop), 0);
        assert_int_equal(
            onym_changes_attach(b->changes, i, &b->worker[i].loop, bench_on_result, &b->worker[i]),
            ONYM_OK);
    }
}

/* Commits what was submitted and delivers every result. */
static inline void
bench_stop(struct bench *b)
{
    if (b->changes == NULL) {
        return;
    }
    onym_changes_stop(b->changes);
    for (unsigned i = 0; i < BENCH_WORKERS; i++) {
        onym_changes_detach(b->changes, i);
        (void)uv_run(&b->worker[i].loop, UV_RUN_DEFAULT);
        assert_int_equal(uv_loop_close(&b->worker[i].loop), 0);
    }
    onym_changes_close(b->changes);
    b->changes = NULL;
}

static inline struct bench *
bench_new(void)
{
    struct bench *b = calloc(1, sizeof *b);

    temp_store_open(&b->store);
    temp_store_home(&b->store, "0.NA/" BENCH_PREFIX);
    return b;
}

static inline void
bench_free(struct bench *b)
{
    bench_stop(b);
    temp_store_close(&b->store);
    free(b);
}

/* The same as fixtures of cmocka. */
static inline int
bench_set_up(void **state)
{
    struct bench *b = bench_new();

    bench_start(b, NULL);
    *state = b;
    return 0;
}

static inline int
bench_tear_down(void **state)
{
    bench_free(*state);
    return 0;
}

/* One value's byte form in out. */
static inline struct onym_value_list
bench_value(uint8_t *out, size_t cap, uint32_t index, const char *data)
{
    struct onym_value_list list = {0};

    temp_value_add(&list, out, cap, index, "URL", data, ONYM_PERM_DEFAULT);
    return list;
}

static inline struct onym_operation
bench_operation(struct bench *b, enum onym_action action, const char *name,
                struct onym_value_list values)
{
    struct onym_operation op = {.action = action,
                                .name = onym_span_text(name),
                                .values = values,
                                .principal = {.handle = bench_admin.handle, .index = 300},
                                .address = onym_span_text("192.0.2.1"),
                                .now_ms = BENCH_NOW_MS};

    onym_changes_new_id(b->changes, op.id);
    return op;
}

static inline enum onym_status
bench_submit(struct bench *b, uint64_t ticket, const struct onym_operation *op)
{
    return onym_changes_submit(
        b->changes,
        (struct onym_change_ticket){.worker = (unsigned)(ticket % BENCH_WORKERS), .id = ticket}, op,
        &bench_admin);
}

/* Runs the loop of the ticket's worker until its result is there. */
static inline const struct bench_result *
bench_await(struct bench *b, uint64_t ticket)
{
    while (!b->result[ticket].is_there) {
        (void)uv_run(&b->worker[ticket % BENCH_WORKERS].loop, UV_RUN_ONCE);
    }
    return &b->result[ticket];
}

/* Submits and waits. */
static inline const struct bench_result *
bench_do(struct bench *b, uint64_t ticket, const struct onym_operation *op)
{
    assert_int_equal(bench_submit(b, ticket, op), ONYM_OK);
    return bench_await(b, ticket);
}

/* The revision of a registered name; 0 when there is none. */
static inline uint64_t
bench_revision(struct bench *b, enum onym_kind kind, const char *name)
{
    uint8_t folded[ONYM_NAME_LEN_MAX];
    struct onym_view *view;
    struct onym_record record;
    uint64_t revision = 0;

    onym_ident_upper(onym_span_text(name), folded);
    assert_int_equal(onym_view_open(b->store.env, &view), ONYM_OK);
    if (onym_view_record(view, kind, onym_span_of(folded, strlen(name)), &record) == ONYM_OK) {
        revision = record.revision;
    }
    onym_view_close(view);
    return revision;
}

static inline void
bench_no_damage(void *arg, onym_span name, const char *why)
{
    (void)arg;
    fail_msg("%.*s: %s", (int)name.len, (const char *)name.at, why);
}

/* Every record, count and hash of the store holds. */
static inline struct onym_check_report
bench_check(struct temp_store *store)
{
    struct onym_check_options options = {.damaged = bench_no_damage};
    struct onym_check_report report;
    struct onym_fault fault = {0};
    struct onym_view *view;

    assert_int_equal(onym_view_open(store->env, &view), ONYM_OK);
    assert_int_equal(onym_store_check(view, &options, &report, &fault), ONYM_OK);
    onym_view_close(view);
    if (!onym_check_is_good(&report)) {
        fail_msg("counts %d log %d (%s) fold %d", report.counts_good, report.log_good,
                 report.log_problem, report.fold_good);
    }
    return report;
}

#endif
