/* Log entries: what is written is read, every flaw is refused, and every link of the chain counts.
 */
#include "store/audit.h"
#include "store/change.h"
#include "store/check.h"
#include "store/oplog.h"
#include "support/temp_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW_MS   1700000000000ULL
#define FLAGS_AT 2U /* in an entry */

static struct onym_entry
operation(uint8_t *values, size_t cap)
{
    static const uint8_t indexes[8] = {0, 0, 0, 1, 0, 0, 0, 7};
    struct onym_entry e = {.what = ONYM_ACTION_ADD,
                           .time_ms = NOW_MS,
                           .id = {1, 2, 3},
                           .principal = {.handle = onym_span_text("88.1/me"), .index = 300},
                           .address = onym_span_text("192.0.2.1"),
                           .name = onym_span_text("88.1/Part"),
                           .overwrite = true,
                           .has_before = true,
                           .has_after = true,
                           .digest = ONYM_RECORD_SM3,
                           .before = {0xAA},
                           .after = {0xBB},
                           .revision = 12,
                           .indexes = {.raw = {.at = indexes, .len = sizeof indexes}, .count = 2}};

    temp_value_add(&e.values, values, cap, 3, "URL", "x", ONYM_PERM_DEFAULT);
    return e;
}

static struct onym_entry
event(void)
{
    return (struct onym_entry){.what = ONYM_ENTRY_EVENT,
                               .time_ms = NOW_MS,
                               .principal = {.handle = onym_span_text("88.1/me"), .index = 300},
                               .address = onym_span_text("192.0.2.1"),
                               .name = onym_span_text("88.1/Part"),
                               .event = ONYM_EVENT_DENIED,
                               .action = ONYM_ACTION_DELETE,
                               .count = 1,
                               .status = onym_span_text("NO_PERMISSION")};
}

static void
assert_same(const struct onym_entry *a, const struct onym_entry *b)
{
    uint8_t x[1024];
    uint8_t y[1024];
    size_t x_len;
    size_t y_len;

    assert_int_equal(onym_entry_encode(a, x, sizeof x, &x_len), ONYM_OK);
    assert_int_equal(onym_entry_encode(b, y, sizeof y, &y_len), ONYM_OK);
    assert_int_equal(x_len, y_len);
    assert_memory_equal(x, y, x_len);
}

/* Reads back what was written; refuses every front of it and one byte more. */
static void
check_form(const struct onym_entry *e)
{
    uint8_t bytes[1025];
    struct onym_entry out;
    size_t len;

    assert_int_equal(onym_entry_encode(e, bytes, 1024, &len), ONYM_OK);
    assert_int_equal(len, onym_entry_len(e));
    assert_int_equal(onym_entry_decode(onym_span_of(bytes, len), &out), ONYM_OK);
    assert_same(e, &out);
    for (size_t i = 0; i < len; i++) {
        size_t unused;
        uint8_t *copy = malloc(i + 1);

        memcpy(copy, bytes, i);
        assert_int_equal(onym_entry_decode(onym_span_of(copy, i), &out), ONYM_CORRUPT);
        free(copy);
        assert_int_equal(onym_entry_encode(e, bytes, i, &unused), ONYM_NO_SPACE);
    }
    assert_int_equal(onym_entry_encode(e, bytes, 1024, &len), ONYM_OK);
    bytes[len] = 0;
    assert_int_equal(onym_entry_decode(onym_span_of(bytes, len + 1), &out), ONYM_CORRUPT);
}

static void
entries_are_read_as_written(void **state)
{
    uint8_t values[128];
    struct onym_entry e = operation(values, sizeof values);
    struct onym_entry load = {.what = ONYM_ENTRY_LOAD,
                              .time_ms = NOW_MS,
                              .load = {.rows = 5, .replaced = 2, .input = {7}}};

    (void)state;
    check_form(&e);
    e.has_before = e.has_after = e.overwrite = false;
    e.what = ONYM_ACTION_UNHOME;
    check_form(&e);
    e = event();
    check_form(&e);
    check_form(&load);
}

static void
parts_have_limits(void **state)
{
    uint8_t values[128];
    uint8_t *text = calloc(1, ONYM_PREFIX_NAME_LEN_MAX + 1);
    struct onym_entry good = operation(values, sizeof values);
    struct onym_entry e = good;

    (void)state;
    e.principal.handle = onym_span_of(text, ONYM_NAME_LEN_MAX);
    assert_int_equal(onym_entry_check(&e), ONYM_OK);
    e.principal.handle.len++;
    assert_int_equal(onym_entry_check(&e), ONYM_INVALID);
    e = good;
    e.name = onym_span_of(text, ONYM_PREFIX_NAME_LEN_MAX);
    assert_int_equal(onym_entry_check(&e), ONYM_OK);
    e.name.len++;
    assert_int_equal(onym_entry_check(&e), ONYM_INVALID);
    e = good;
    e.address = onym_span_of(text, ONYM_ENTRY_ADDRESS_MAX);
    assert_int_equal(onym_entry_check(&e), ONYM_OK);
    e.address.len++;
    assert_int_equal(onym_entry_check(&e), ONYM_INVALID);
    e = good;
    e.time_ms = ((uint64_t)1 << 48) - 1;
    assert_int_equal(onym_entry_check(&e), ONYM_OK);
    e.time_ms++;
    assert_int_equal(onym_entry_check(&e), ONYM_INVALID);
    e = good;
    e.revision = (uint64_t)1 << 48;
    assert_int_equal(onym_entry_check(&e), ONYM_INVALID);
    e = good;
    e.values.raw.len = ONYM_VALUES_LEN_MAX + 1;
    assert_int_equal(onym_entry_check(&e), ONYM_INVALID);
    e = good;
    e.values.count = ONYM_VALUES_MAX + 1;
    assert_int_equal(onym_entry_check(&e), ONYM_INVALID);
    e = good;
    e.indexes.count = ONYM_VALUES_MAX + 1;
    e.indexes.raw.len = (size_t)e.indexes.count * 4;
    assert_int_equal(onym_entry_check(&e), ONYM_INVALID);
    for (unsigned what = 0; what < 256; what++) {
        e = good;
        e.what = (uint8_t)what;
        e.event = ONYM_EVENT_LOGIN;
        assert_int_equal(onym_entry_check(&e),
                         (what >= ONYM_ENTRY_LOAD && what <= 10) || what == ONYM_ENTRY_EVENT
                             ? ONYM_OK
                             : ONYM_INVALID);
    }
    free(text);
}

/* A group of each size: operations, events and, in between, groups without entries. */
static void
write_groups(struct temp_store *store)
{
    uint8_t values[128];
    struct onym_entry op = operation(values, sizeof values);
    struct onym_entry ev = event();

    for (unsigned size = 0; size < 4; size++) {
        struct onym_change *change;
        struct onym_fault fault = {0};
        uint64_t sequence;

        assert_int_equal(onym_change_begin(store->env, &change, &fault), ONYM_OK);
        for (unsigned i = 0; i < size; i++) {
            assert_int_equal(onym_change_log(change, i % 2 == 0 ? &op : &ev, &sequence), ONYM_OK);
        }
        assert_int_equal(onym_change_commit(change, &fault), ONYM_OK);
    }
}

struct seen {
    unsigned count;
    char what[64];
};

static void
see(void *of, uint64_t sequence, const struct onym_entry *entry)
{
    struct seen *seen = of;

    assert_int_equal(sequence, ++seen->count);
    (void)snprintf(seen->what + strlen(seen->what), sizeof seen->what - strlen(seen->what), "%c",
                   onym_entry_what(entry)[0]);
}

static enum onym_status
walk(struct temp_store *store, struct seen *seen, struct onym_audit_report *report,
     struct onym_fault *fault)
{
    struct onym_view *view;
    enum onym_status status;

    assert_int_equal(onym_view_open(store->env, &view), ONYM_OK);
    status = onym_audit_walk(view, seen != NULL ? see : NULL, seen, report, fault);
    onym_view_close(view);
    return status;
}

static void
groups_follow_from_each_other(void **state)
{
    struct onym_audit_report report = {0};
    struct onym_fault fault = {0};
    struct seen seen = {0};

    assert_int_equal(walk(*state, &seen, &report, &fault), ONYM_OK);
    assert_int_equal(report.entries, 0);
    write_groups(*state);
    write_groups(*state);
    assert_int_equal(walk(*state, &seen, &report, &fault), ONYM_OK);
    assert_string_equal(seen.what, "aadadaaadada");
    assert_int_equal(report.entries, 12);
    assert_int_equal(report.groups, 6);
    assert_int_equal(report.sequence, 12);
}

/* Like entries are packed, and read as they were; a store of the format before is marked then. */
static void
like_entries_are_packed(void **state)
{
    static const uint8_t former[4] = {0, 0, 0, 1};
    struct temp_store *store = *state;
    uint8_t key_bytes[10] = {[9] = 2};
    MDB_val key = {.mv_size = 6, .mv_data = (void *)(uintptr_t) "format"};
    MDB_val value = {.mv_size = sizeof former, .mv_data = (void *)(uintptr_t)former};
    struct onym_audit_report report = {0};
    struct onym_fault fault = {0};
    struct seen seen = {0};
    uint8_t bytes[256];
    struct onym_entry op = operation(bytes, sizeof bytes);
    struct onym_change *change;
    uint64_t sequence;
    MDB_txn *txn;

    assert_int_equal(mdb_txn_begin(store->env->tables.mdb, NULL, 0, &txn), 0);
    assert_int_equal(mdb_put(txn, store->env->tables.meta, &key, &value, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    temp_store_reopen(store);
    for (unsigned size = 1; size <= 2; size++) {
        assert_int_equal(onym_change_begin(store->env, &change, &fault), ONYM_OK);
        for (unsigned i = 0; i < size * 2 - 1; i++) {
            op.revision++;
            assert_int_equal(onym_change_log(change, &op, &sequence), ONYM_OK);
        }
        assert_int_equal(onym_change_commit(change, &fault), ONYM_OK);
        assert_int_equal(mdb_txn_begin(store->env->tables.mdb, NULL, MDB_RDONLY, &txn), 0);
        key = (MDB_val){.mv_size = 6, .mv_data = (void *)(uintptr_t) "format"};
        assert_int_equal(mdb_get(txn, store->env->tables.meta, &key, &value), 0);
        assert_int_equal(((const uint8_t *)value.mv_data)[3], ONYM_FORMAT_JOURNAL);
        mdb_txn_abort(txn);
    }
    assert_int_equal(mdb_txn_begin(store->env->tables.mdb, NULL, MDB_RDONLY, &txn), 0);
    key = (MDB_val){.mv_size = sizeof key_bytes, .mv_data = key_bytes};
    for (uint8_t i = 2; i <= 4; i++) {
        key_bytes[9] = i;
        assert_int_equal(mdb_get(txn, store->env->tables.log, &key, &value), 0);
        assert_true(i == 2 ? value.mv_size >= onym_entry_len(&op) : value.mv_size < 32 + 40);
    }
    mdb_txn_abort(txn);
    assert_int_equal(walk(store, &seen, &report, &fault), ONYM_OK);
    assert_string_equal(seen.what, "aaaa");
    assert_int_equal(report.groups, 2);
}

/* Changes one byte of the value of entry `sequence`, or removes the entry when at is SIZE_MAX. */
static void
tamper(struct temp_store *store, uint64_t sequence, size_t at)
{
    uint8_t key_bytes[10] = {0};
    MDB_val key = {.mv_size = sizeof key_bytes, .mv_data = key_bytes};
    MDB_val value;
    MDB_txn *txn;

    key_bytes[9] = (uint8_t)sequence;
    assert_int_equal(mdb_txn_begin(store->env->tables.mdb, NULL, 0, &txn), 0);
    assert_int_equal(mdb_get(txn, store->env->tables.log, &key, &value), 0);
    if (at == SIZE_MAX) {
        assert_int_equal(mdb_del(txn, store->env->tables.log, &key, NULL), 0);
    } else {
        uint8_t copy[1024];

        memcpy(copy, value.mv_data, value.mv_size);
        copy[at < value.mv_size ? at : value.mv_size - 1] ^= 1;
        value.mv_data = copy;
        assert_int_equal(mdb_put(txn, store->env->tables.log, &key, &value, 0), 0);
    }
    assert_int_equal(mdb_txn_commit(txn), 0);
}

/* Whatever bit of whatever entry changes, the walk stops there or at the end of its group. */
static void
a_broken_link_is_named(void **state)
{
    static const uint64_t group_end[7] = {0, 1, 3, 3, 6, 6, 6};
    struct onym_audit_report report = {0};

    write_groups(*state);
    for (uint64_t sequence = 1; sequence <= 6; sequence++) {
        for (size_t at = 0; at < 200; at++) {
            struct onym_fault fault = {0};
            unsigned long long named = 0;

            tamper(*state, sequence, at);
            assert_int_equal(walk(*state, NULL, &report, &fault), ONYM_CORRUPT);
            assert_int_equal(sscanf(fault.text, "log entry %llu", &named), 1);
            /* an entry that calls itself the last, or no longer does, moves the end of its group */
            assert_true(named >= sequence && named <= (at == FLAGS_AT ? 6 : group_end[sequence]));
            tamper(*state, sequence, at);
        }
    }
    struct onym_fault fault = {0};

    assert_int_equal(walk(*state, NULL, &report, &fault), ONYM_OK);
    tamper(*state, 4, SIZE_MAX);
    assert_int_equal(walk(*state, NULL, &report, &fault), ONYM_CORRUPT);
    assert_string_equal(fault.text, "log entry 4: missing");
}

static void
a_cut_log_is_noticed(void **state)
{
    struct onym_audit_report report = {0};
    struct onym_fault fault = {0};

    write_groups(*state);
    for (uint64_t sequence = 6; sequence >= 4; sequence--) {
        tamper(*state, sequence, SIZE_MAX); /* the whole last group */
    }
    assert_int_equal(walk(*state, NULL, &report, &fault), ONYM_CORRUPT);
    assert_non_null(strstr(fault.text, "log entry 3"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_read_as_written),
        cmocka_unit_test(parts_have_limits),
        cmocka_unit_test_setup_teardown(groups_follow_from_each_other, temp_store_set_up,
                                        temp_store_tear_down),
        cmocka_unit_test_setup_teardown(like_entries_are_packed, temp_store_set_up,
                                        temp_store_tear_down),
        cmocka_unit_test_setup_teardown(a_broken_link_is_named, temp_store_set_up,
                                        temp_store_tear_down),
        cmocka_unit_test_setup_teardown(a_cut_log_is_noticed, temp_store_set_up,
                                        temp_store_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
