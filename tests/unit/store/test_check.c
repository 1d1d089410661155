#include "store/check.h"
#include "store/env_priv.h"
#include "store/load.h"
#include "store/record_v1.h"
#include "support/temp_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* A store of three loads of two records each: three groups in the log. */
static int
set_up(void **state)
{
    static const char *const names[] = {"88.1/a",    "88.1/b", "88.1/c",
                                        "0.NA/88.1", "88.1/a", "88.1/d"};
    static const uint8_t input[16] = {1};
    struct temp_store *store = calloc(1, sizeof *store);
    struct onym_load_options options = {.memory = (size_t)1 << 20, .now_ms = 1767225600000};
    struct onym_load_result result;
    struct onym_load_double twice;
    struct onym_fault fault = {0};
    struct onym_load *load;
    uint8_t bytes[512];

    temp_store_open(store);
    for (unsigned i = 0; i < 6; i += 2) {
        assert_int_equal(onym_load_open(store->env, &options, &load, &fault), ONYM_OK);
        for (unsigned j = i; j < i + 2; j++) {
            struct onym_record record = {.name = onym_span_text(names[j])};
            struct onym_load_row row = {.record = &record, .homed = true, .line = j};

            temp_value_add(&record.public_values, bytes, sizeof bytes, 1, "URL", "x",
                           ONYM_PERM_DEFAULT);
            assert_int_equal(onym_load_add(load, &row, &fault), ONYM_OK);
        }
        assert_int_equal(onym_load_finish(load, input, &result, &twice, &fault), ONYM_OK);
        onym_load_close(load);
    }
    *state = store;
    return 0;
}

/* What was complained about last. */
struct complaint {
    unsigned count;
    char name[64];
    const char *why;
};

static void
damaged(void *arg, onym_span name, const char *why)
{
    struct complaint *complaint = arg;

    complaint->count++;
    complaint->why = why;
    assert_true(name.len < sizeof complaint->name);
    memcpy(complaint->name, name.at, name.len);
    complaint->name[name.len] = '\0';
}

static struct onym_check_report
check(struct temp_store *store, struct complaint *complaint)
{
    struct onym_check_options options = {.damaged = damaged, .arg = complaint};
    struct onym_check_report report;
    struct onym_fault fault = {0};
    struct onym_view *view;

    *complaint = (struct complaint){0};
    assert_int_equal(onym_view_open(store->env, &view), ONYM_OK);
    assert_int_equal(onym_store_check(view, &options, &report, &fault), ONYM_OK);
    onym_view_close(view);
    assert_int_equal(report.damaged, complaint->count);
    return report;
}

static MDB_val
val(const void *at, size_t len)
{
    return (MDB_val){.mv_size = len, .mv_data = (void *)(uintptr_t)at};
}

/* Flips one bit of a stored value, or removes it (bit < 0), behind the store's back. */
static void
tamper(struct temp_store *store, MDB_dbi table, onym_span key, long bit)
{
    MDB_val at = val(key.at, key.len);
    MDB_val value;
    uint8_t copy[2048];
    MDB_txn *txn;

    assert_int_equal(mdb_txn_begin(store->env->tables.mdb, NULL, 0, &txn), 0);
    assert_int_equal(mdb_get(txn, table, &at, &value), 0);
    assert_true(value.mv_size <= sizeof copy);
    memcpy(copy, value.mv_data, value.mv_size);
    value.mv_data = copy;
    if (bit < 0) {
        assert_int_equal(mdb_del(txn, table, &at, NULL), 0);
    } else {
        size_t where = (size_t)bit % (value.mv_size * 8);

        copy[where / 8] ^= (uint8_t)(1U << (where % 8));
        assert_int_equal(mdb_put(txn, table, &at, &value, 0), 0);
    }
    assert_int_equal(mdb_txn_commit(txn), 0);
}

static void
a_whole_store_holds(void **state)
{
    struct complaint complaint;
    struct onym_check_report report = check(*state, &complaint);

    assert_true(onym_check_is_good(&report));
    assert_int_equal(report.handles, 5);
    assert_int_equal(report.prefixes, 1);
    assert_int_equal(report.values, 5);
    assert_int_equal(report.log_entries, 3);
    assert_int_equal(report.log_groups, 3);
}

static void
a_damaged_record_is_named(void **state)
{
    struct temp_store *store = *state;
    struct complaint complaint;
    struct onym_record record;
    struct onym_view *view;

    for (long bit = 3; bit < 400; bit += 97) {
        tamper(store, store->env->tables.record, onym_span_text("h88.1/B"), bit);
        struct onym_check_report report = check(store, &complaint);

        assert_int_equal(report.damaged, 1);
        assert_string_equal(complaint.name, "88.1/B");
        assert_false(onym_check_is_good(&report));
        assert_int_equal(onym_view_open(store->env, &view), ONYM_OK);
        assert_int_equal(
            onym_view_record(view, ONYM_KIND_HANDLE, onym_span_text("88.1/B"), &record),
            ONYM_CORRUPT);
        onym_view_close(view);
        tamper(store, store->env->tables.record, onym_span_text("h88.1/B"), bit);
    }
    struct onym_check_report report = check(store, &complaint);

    assert_true(onym_check_is_good(&report));
}

static void
a_missing_record_is_noticed_by_counts_and_checkpoint(void **state)
{
    struct temp_store *store = *state;
    struct complaint complaint;

    tamper(store, store->env->tables.record, onym_span_text("h88.1/C"), -1);
    struct onym_check_report report = check(store, &complaint);

    assert_int_equal(report.damaged, 0);
    assert_false(report.counts_good);
    assert_false(report.fold_good);
    assert_true(report.log_good);
}

/* A record that is right in itself but was not put there by an operation. */
static void
a_record_from_nowhere_is_noticed(void **state)
{
    struct temp_store *store = *state;
    struct complaint complaint;

    /* its own transaction, counted but neither logged nor in the checkpoint */
    temp_store_put(store, "88.1/nowhere", (struct onym_value_list){0}, (struct onym_value_list){0});
    struct onym_check_report report = check(store, &complaint);

    assert_int_equal(report.damaged, 0);
    assert_true(report.counts_good);
    assert_false(report.fold_good);
}

static void
values_out_of_order_are_noticed(void **state)
{
    struct temp_store *store = *state;
    struct complaint complaint;
    uint8_t bytes[512];
    struct onym_value_list wrong_side = {0};
    struct onym_value_list twice = {0};
    struct onym_value_list short_list = {0};

    temp_value_add(&wrong_side, bytes, sizeof bytes, 1, "URL", "x", ONYM_PERM_ADMIN_READ);
    temp_store_put(store, "88.1/w", wrong_side, (struct onym_value_list){0});
    assert_int_equal(check(store, &complaint).damaged, 1);
    assert_string_equal(complaint.why, "a value on the wrong side of public and private");

    temp_value_add(&twice, bytes, sizeof bytes, 5, "URL", "x", ONYM_PERM_DEFAULT);
    temp_value_add(&twice, bytes, sizeof bytes, 5, "URL", "y", ONYM_PERM_DEFAULT);
    temp_store_put(store, "88.1/w", twice, (struct onym_value_list){0});
    assert_int_equal(check(store, &complaint).damaged, 1);
    assert_string_equal(complaint.why, "an index that is 0 or there twice");

    temp_value_add(&short_list, bytes, sizeof bytes, 1, "URL", "x", ONYM_PERM_DEFAULT);
    short_list.raw.len -= 1;
    temp_store_put(store, "88.1/w", short_list, (struct onym_value_list){0});
    assert_int_equal(check(store, &complaint).damaged, 1);
    assert_string_equal(complaint.why, "a value that does not decode");
}

static void
every_flipped_bit_of_the_log_is_noticed(void **state)
{
    struct temp_store *store = *state;
    struct complaint complaint;
    uint8_t key[10] = {0};

    for (uint8_t sequence = 1; sequence <= 3; sequence++) {
        key[9] = sequence;
        for (long bit = 0; bit < 8 * 80; bit += 3) {
            tamper(store, store->env->tables.log, onym_span_of(key, sizeof key), bit);
            struct onym_check_report report = check(store, &complaint);

            assert_false(report.log_good);
            assert_true(report.log_problem[0] != '\0');
            tamper(store, store->env->tables.log, onym_span_of(key, sizeof key), bit);
        }
    }
    struct onym_check_report report = check(store, &complaint);

    assert_true(report.log_good);
}

static void
a_missing_log_entry_is_named(void **state)
{
    struct temp_store *store = *state;
    struct complaint complaint;
    uint8_t key[10] = {[9] = 2};

    tamper(store, store->env->tables.log, onym_span_of(key, sizeof key), -1);
    struct onym_check_report report = check(store, &complaint);

    assert_false(report.log_good);
    assert_non_null(strstr(report.log_problem, "2"));
}

static void
the_end_of_the_log_cannot_be_cut_off(void **state)
{
    struct temp_store *store = *state;
    struct complaint complaint;
    uint8_t key[10] = {[9] = 3};

    tamper(store, store->env->tables.log, onym_span_of(key, sizeof key), -1);
    assert_false(check(store, &complaint).log_good);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, temp_store_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_whole_store_holds),
        TEST(a_damaged_record_is_named),
        TEST(a_missing_record_is_noticed_by_counts_and_checkpoint),
        TEST(a_record_from_nowhere_is_noticed),
        TEST(values_out_of_order_are_noticed),
        TEST(every_flipped_bit_of_the_log_is_noticed),
        TEST(a_missing_log_entry_is_named),
        TEST(the_end_of_the_log_cannot_be_cut_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
