/* The front of the log taken away: what is left is proven, told and grown as before. */
#include "store/audit.h"
#include "store/change.h"
#include "store/check.h"
#include "store/history.h"
#include "store/meta.h"
#include "store/names.h"
#include "store/prune.h"
#include "support/temp_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static int
setup(void **state)
{
    struct temp_store *store = calloc(1, sizeof *store);

    assert_non_null(store);
    temp_store_open(store);
    *state = store;
    return 0;
}

static int
teardown(void **state)
{
    temp_store_close(*state);
    free(*state);
    return 0;
}

/* A group of count entries of that name and time. */
static void
group(struct temp_store *store, unsigned count, const char *name, uint64_t time_ms)
{
    struct onym_entry entry = {.what = ONYM_ACTION_DELETE,
                               .time_ms = time_ms,
                               .digest = ONYM_RECORD_SHA256,
                               .has_before = true,
                               .name = onym_span_text(name)};
    struct onym_fault fault = {0};
    struct onym_change *change;
    uint64_t sequence;

    assert_int_equal(onym_change_begin(store->env, &change, &fault), ONYM_OK);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(onym_change_log(change, &entry, &sequence), ONYM_OK);
    }
    assert_int_equal(onym_change_commit(change, &fault), ONYM_OK);
}

static void
no_progress(void *of, uint64_t done, uint64_t whole)
{
    unsigned *pieces = of;

    assert_true(done > 0 && done <= whole);
    ++*pieces;
}

static struct onym_prune_report
prune(struct temp_store *store, uint64_t before_ms, unsigned *pieces)
{
    struct onym_prune_report report;
    struct onym_fault fault = {0};

    *pieces = 0;
    assert_int_equal(onym_store_prune(store->env, before_ms, no_progress, pieces, &report, &fault),
                     ONYM_OK);
    return report;
}

static void
damaged(void *arg, onym_span name, const char *why)
{
    (void)arg;
    fail_msg("%.*s: %s", (int)name.len, (const char *)name.at, why);
}

/* Everything holds, from entry `first` to `last`. */
static void
assert_holds(struct temp_store *store, uint64_t first, uint64_t last)
{
    struct onym_check_options options = {.damaged = damaged};
    struct onym_check_report check;
    struct onym_audit_report audit;
    struct onym_fault fault = {0};
    struct onym_view *view;

    assert_int_equal(onym_view_open(store->env, &view), ONYM_OK);
    assert_int_equal(onym_audit_walk(view, NULL, NULL, &audit, &fault), ONYM_OK);
    assert_int_equal(onym_store_check(view, &options, &check, &fault), ONYM_OK);
    onym_view_close(view);
    assert_true(onym_check_is_good(&check));
    assert_int_equal(audit.first, first);
    assert_int_equal(audit.sequence, last);
    assert_int_equal(audit.entries, last + 1 - first);
}

static void
count_entry(void *of, uint64_t sequence, const struct onym_entry *entry)
{
    (void)sequence;
    (void)entry;
    ++*(unsigned *)of;
}

static unsigned
history(struct temp_store *store, const char *folded)
{
    uint64_t next = ONYM_HISTORY_END;
    struct onym_view *view;
    unsigned count = 0;

    assert_int_equal(onym_view_open(store->env, &view), ONYM_OK);
    while (next > 0) {
        uint32_t left = 1000;

        assert_int_equal(
            onym_history_slice(view, onym_span_text(folded), &next, &left, count_entry, &count),
            ONYM_OK);
    }
    onym_view_close(view);
    return count;
}

static void
whole_groups_that_are_older_go(void **state)
{
    struct temp_store *store = *state;
    struct onym_prune_report report;
    unsigned pieces;

    group(store, 3, "88.1/A", 100);
    group(store, 2, "88.1/B", 200);
    group(store, 4, "88.1/C", 300);
    group(store, 1, "88.1/D", 150); /* the clock was set back: behind a younger one it stays */
    report = prune(store, 100, &pieces);
    assert_int_equal(report.removed, 0);
    assert_int_equal(report.first, 1);
    assert_int_equal(pieces, 0);
    assert_holds(store, 1, 10);
    report = prune(store, 201, &pieces);
    assert_int_equal(report.removed, 5);
    assert_int_equal(report.first, 6);
    assert_int_equal(report.left, 5);
    assert_int_equal(pieces, 1);
    assert_holds(store, 6, 10);
    assert_int_equal(history(store, "88.1/A"), 0);
    assert_int_equal(history(store, "88.1/C"), 4);
    group(store, 2, "88.1/E", 400);
    assert_holds(store, 6, 12);
    temp_store_reopen(store);
    group(store, 1, "88.1/E", 400);
    assert_holds(store, 6, 13);
    assert_int_equal(history(store, "88.1/E"), 3);
    report = prune(store, 301, &pieces); /* again, on from there */
    assert_int_equal(report.removed, 5);
    assert_holds(store, 11, 13);
}

static void
all_of_it_may_go(void **state)
{
    struct temp_store *store = *state;
    struct onym_value_list none = {0};
    struct onym_prune_report report;
    unsigned pieces;

    report = prune(store, 1000, &pieces); /* there is none */
    assert_int_equal(report.removed, 0);
    assert_holds(store, 1, 0);
    temp_store_put(store, "88.1/kept", none, none);
    group(store, 5, "88.1/A", 100);
    report = prune(store, UINT64_MAX, &pieces);
    assert_true(report.removed >= 5);
    assert_int_equal(report.left, 0);
    assert_holds(store, report.first, report.first - 1);
    assert_int_equal(history(store, "88.1/A"), 0);
    report = prune(store, UINT64_MAX, &pieces);
    assert_int_equal(report.removed, 0);
    group(store, 1, "88.1/B", 200);
    assert_holds(store, report.first, report.first);
    assert_int_equal(history(store, "88.1/B"), 1);
}

static bool
has_filter(struct temp_store *store, uint64_t segment)
{
    uint8_t key[8] = {0};
    MDB_val at = {.mv_size = sizeof key, .mv_data = key};
    MDB_val value;
    MDB_txn *txn;
    int rc;

    key[7] = (uint8_t)segment;
    assert_int_equal(mdb_txn_begin(store->env->tables.mdb, NULL, MDB_RDONLY, &txn), 0);
    rc = mdb_get(txn, store->env->tables.names, &at, &value);
    mdb_txn_abort(txn);
    return rc == 0;
}

/* Each piece is a transaction of its own, and filters go with the entries they speak of. */
static void
long_logs_go_in_pieces(void **state)
{
    struct temp_store *store = *state;
    struct onym_prune_report report;
    unsigned pieces;

    for (unsigned i = 0; i < 20; i++) {
        group(store, 3500, "88.1/A", 100);
    }
    group(store, 10, "88.1/B", 200);
    assert_true(has_filter(store, 0));
    report = prune(store, 200, &pieces);
    assert_int_equal(report.removed, 70000);
    assert_int_equal(pieces, 2);
    assert_holds(store, 70001, 70010);
    assert_false(has_filter(store, 0));
    assert_false(has_filter(store, 70000 / ONYM_NAMES_SEGMENT - 1));
    assert_int_equal(history(store, "88.1/A"), 0);
    for (unsigned i = 0; i < 2; i++) { /* over the end of the segment that lost its front */
        group(store, 3500, "88.1/C", 300);
    }
    assert_int_equal(history(store, "88.1/B"), 10);
    assert_int_equal(history(store, "88.1/C"), 7000);
    assert_holds(store, 70001, 77010);
}

static void
a_log_that_does_not_hold_loses_nothing(void **state)
{
    struct temp_store *store = *state;
    uint8_t key[10] = {0};
    MDB_val at = {.mv_size = sizeof key, .mv_data = key};
    MDB_val value;
    MDB_txn *txn;
    uint8_t copy[4096];
    struct onym_prune_report report;
    struct onym_fault fault = {0};
    unsigned pieces = 0;

    group(store, 3, "88.1/A", 100);
    group(store, 3, "88.1/B", 200);
    key[9] = 5;
    assert_int_equal(mdb_txn_begin(store->env->tables.mdb, NULL, 0, &txn), 0);
    assert_int_equal(mdb_get(txn, store->env->tables.log, &at, &value), 0);
    memcpy(copy, value.mv_data, value.mv_size);
    copy[value.mv_size - 1] ^= 1;
    value.mv_data = copy;
    assert_int_equal(mdb_put(txn, store->env->tables.log, &at, &value, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    assert_int_equal(onym_store_prune(store->env, 150, no_progress, &pieces, &report, &fault),
                     ONYM_CORRUPT);
    assert_non_null(strstr(fault.text, "log entry"));
    assert_int_equal(pieces, 0);
    assert_int_equal(history(store, "88.1/A"), 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whole_groups_that_are_older_go, setup, teardown),
        cmocka_unit_test_setup_teardown(all_of_it_may_go, setup, teardown),
        cmocka_unit_test_setup_teardown(long_logs_go_in_pieces, setup, teardown),
        cmocka_unit_test_setup_teardown(a_log_that_does_not_hold_loses_nothing, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
