/* The history of one name, and the filters that spare reading the rest of the log. */
#include "base/require.h"
#include "store/change.h"
#include "store/history.h"
#include "store/names.h"
#include "support/temp_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NAME "88.1/Rare"

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

static void
log_entry(struct onym_change *change, const char *name)
{
    struct onym_entry entry = {.what = ONYM_ACTION_DELETE,
                               .time_ms = 1,
                               .digest = ONYM_RECORD_SHA256,
                               .has_before = true,
                               .name = onym_span_text(name)};
    uint64_t sequence;

    assert_int_equal(onym_change_log(change, &entry, &sequence), ONYM_OK);
}

/* count entries of other names, in groups; then one of NAME. abort_after: a group of as many is
 * taken back first. */
static void
grow(struct temp_store *store, unsigned count, unsigned abort_after)
{
    struct onym_fault fault = {0};
    struct onym_change *change;

    if (abort_after > 0) {
        assert_int_equal(onym_change_begin(store->env, &change, &fault), ONYM_OK);
        for (unsigned i = 0; i < abort_after; i++) {
            log_entry(change, "88.1/taken-back");
        }
        onym_change_abort(change);
    }
    for (unsigned i = 0; i < count;) {
        assert_int_equal(onym_change_begin(store->env, &change, &fault), ONYM_OK);
        for (unsigned n = 0; n < 1000 && i < count; n++, i++) {
            char name[32];

            (void)snprintf(name, sizeof name, "88.1/other-%u", i);
            log_entry(change, name);
        }
        assert_int_equal(onym_change_commit(change, &fault), ONYM_OK);
    }
    assert_int_equal(onym_change_begin(store->env, &change, &fault), ONYM_OK);
    log_entry(change, NAME);
    assert_int_equal(onym_change_commit(change, &fault), ONYM_OK);
}

struct seen {
    unsigned count;
    uint64_t sequence[64];
};

static void
see(void *of, uint64_t sequence, const struct onym_entry *entry)
{
    struct seen *seen = of;

    assert_true(seen->count < 64);
    assert_int_equal(entry->what, ONYM_ACTION_DELETE);
    seen->sequence[seen->count++] = sequence;
}

/* All of a name's history; returns the slices it took. */
static unsigned
walk(struct temp_store *store, const char *folded, struct seen *seen)
{
    struct onym_view *view;
    uint64_t next = ONYM_HISTORY_END;
    unsigned slices = 0;

    *seen = (struct seen){.count = 0};
    assert_int_equal(onym_view_open(store->env, &view), ONYM_OK);
    while (next > 0) {
        uint64_t before = next;
        uint32_t left = 2;

        assert_int_equal(onym_history_slice(view, onym_span_text(folded), &next, &left, see, seen),
                         ONYM_OK);
        assert_true(next < before);
        slices++;
    }
    onym_view_close(view);
    return slices;
}

static bool
has_filter(struct temp_store *store, uint64_t segment)
{
    struct onym_names_probe never = {.bit = {0}};
    MDB_txn *txn;
    bool may[2];

    assert_int_equal(mdb_txn_begin(store->env->tables.mdb, NULL, MDB_RDONLY, &txn), 0);
    never = onym_names_probe(onym_span_text("88.1/NOBODY-HAS-THIS"));
    may[0] = onym_names_may_hold(&store->env->tables, txn, segment, &never);
    never = onym_names_probe(onym_span_text("88.1/NOR-THIS"));
    may[1] = onym_names_may_hold(&store->env->tables, txn, segment, &never);
    mdb_txn_abort(txn);
    return !may[0] || !may[1];
}

static void
an_empty_log_has_no_history(void **state)
{
    struct seen seen;

    assert_int_equal(walk(*state, "88.1/RARE", &seen), 1);
    assert_int_equal(seen.count, 0);
}

static void
history_comes_newest_first(void **state)
{
    struct temp_store *store = *state;
    struct seen seen;

    grow(store, 0, 0);
    grow(store, 3, 2);
    grow(store, 0, 0);
    (void)walk(store, "88.1/RARE", &seen);
    assert_int_equal(seen.count, 3);
    assert_int_equal(seen.sequence[0], 6);
    assert_int_equal(seen.sequence[1], 5);
    assert_int_equal(seen.sequence[2], 1);
    (void)walk(store, "88.1/RAR", &seen);
    assert_int_equal(seen.count, 0);
    (void)walk(store, "88.1/OTHER-2", &seen);
    assert_int_equal(seen.count, 1);
}

static void
whole_segments_have_filters(void **state)
{
    struct temp_store *store = *state;
    struct seen seen;

    grow(store, ONYM_NAMES_SEGMENT - 2, 0); /* 4095 entries: one is missing */
    assert_false(has_filter(store, 0));
    grow(store, 0, 0); /* 4096: NAME completes it */
    assert_true(has_filter(store, 0));
    grow(store, ONYM_NAMES_SEGMENT, 5000); /* a group taken back that completed one */
    assert_true(has_filter(store, 1));
    assert_false(has_filter(store, 2));
    (void)walk(store, "88.1/RARE", &seen);
    assert_int_equal(seen.count, 3);
    assert_int_equal(seen.sequence[0], 2 * ONYM_NAMES_SEGMENT + 1);
    assert_int_equal(seen.sequence[1], ONYM_NAMES_SEGMENT);
    assert_int_equal(seen.sequence[2], ONYM_NAMES_SEGMENT - 1);
    (void)walk(store, "88.1/TAKEN-BACK", &seen);
    assert_int_equal(seen.count, 0);
}

/* A filter never denies what its segment holds, also when it was begun by another process. */
static void
filters_go_on_after_a_restart(void **state)
{
    struct temp_store *store = *state;
    struct seen seen;

    grow(store, 100, 0);
    temp_store_reopen(store);
    grow(store, ONYM_NAMES_SEGMENT, 0);
    assert_true(has_filter(store, 0));
    (void)walk(store, "88.1/RARE", &seen);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.sequence[1], 101);
    (void)walk(store, "88.1/OTHER-7", &seen); /* once before and once behind the restart */
    assert_int_equal(seen.count, 2);
}

/* Eleven segments: with filters one slice, without some. Filters can be made again. */
static void
without_filters_it_takes_longer(void **state)
{
    struct temp_store *store = *state;
    struct seen seen;
    MDB_txn *txn;

    grow(store, 0, 0);
    grow(store, 11 * ONYM_NAMES_SEGMENT, 0);
    assert_int_equal(walk(store, "88.1/RARE", &seen), 1);
    assert_int_equal(seen.count, 2);
    assert_int_equal(mdb_txn_begin(store->env->tables.mdb, NULL, 0, &txn), 0);
    assert_int_equal(mdb_drop(txn, store->env->tables.names, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    assert_true(walk(store, "88.1/RARE", &seen) >= 5);
    assert_int_equal(seen.count, 2);
    assert_int_equal(mdb_txn_begin(store->env->tables.mdb, NULL, 0, &txn), 0);
    for (uint64_t segment = 0; segment < 11; segment++) {
        assert_int_equal(onym_names_make(&store->env->tables, txn, segment), ONYM_OK);
    }
    assert_int_equal(onym_names_make(&store->env->tables, txn, 11), ONYM_NOT_FOUND);
    assert_int_equal(mdb_txn_commit(txn), 0);
    assert_int_equal(walk(store, "88.1/RARE", &seen), 1);
    assert_int_equal(seen.count, 2);
}

int
main(void)
{
#define HISTORY_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        HISTORY_TEST(an_empty_log_has_no_history),     HISTORY_TEST(history_comes_newest_first),
        HISTORY_TEST(whole_segments_have_filters),     HISTORY_TEST(filters_go_on_after_a_restart),
        HISTORY_TEST(without_filters_it_takes_longer),
    };

    return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
