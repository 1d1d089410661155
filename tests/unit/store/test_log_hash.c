/* The hash of the log: chosen when the store is made, kept ever after, and all of the chain has it.
 */
#include "store/change.h"
#include "store/check.h"
#include "store/load.h"
#include "store/meta.h"
#include "store/oplog.h"
#include "support/temp_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW_MS   1700000000000ULL
#define ENTRIES  3U /* each a group of its own */
#define KEY_LEN  10U
#define STALE_AT 30U /* a byte of an entry that may have any value: of its operation id or name */

static int
set_up(void **state)
{
    struct temp_store *store = calloc(1, sizeof *store);

    temp_store_dir(store);
    *state = store;
    return 0;
}

static void
open_with(struct temp_store *store, enum onym_record_digest hash)
{
    struct onym_env_options options = {.dir = store->dir,
                                       .holder = "test",
                                       .map_size = TEMP_STORE_MAP_SIZE,
                                       .create = true,
                                       .log_hash = hash};
    struct onym_fault fault = {0};

    onym_env_close(store->env);
    store->env = NULL;
    assert_int_equal(onym_env_open(&options, &store->env, &fault), ONYM_OK);
}

static enum onym_record_digest
hash_of(const struct temp_store *store)
{
    struct onym_env_stat stat;

    assert_int_equal(onym_env_stat(store->env, &stat), ONYM_OK);
    return stat.log_hash;
}

static MDB_txn *
begin(const struct temp_store *store)
{
    MDB_txn *txn;

    assert_int_equal(mdb_txn_begin(store->env->tables.mdb, NULL, 0, &txn), 0);
    return txn;
}

static uint32_t
format_of(const struct temp_store *store)
{
    MDB_txn *txn = begin(store);
    uint32_t format;

    assert_int_equal(onym_meta_format(&store->env->tables, txn, &format), ONYM_OK);
    mdb_txn_abort(txn);
    return format;
}

static void
write_entries(const struct temp_store *store)
{
    for (unsigned i = 0; i < ENTRIES; i++) {
        struct onym_entry entry = {.what = ONYM_ACTION_MODIFY,
                                   .time_ms = NOW_MS + i,
                                   .name = onym_span_text("88.1/part-with-a-name"),
                                   .has_after = true};
        struct onym_change *change;
        struct onym_fault fault = {0};
        uint64_t sequence;

        assert_int_equal(onym_change_begin(store->env, &change, &fault), ONYM_OK);
        entry.digest = (uint8_t)onym_change_digest_kind(change);
        assert_int_equal(onym_change_log(change, &entry, &sequence), ONYM_OK);
        assert_int_equal(onym_change_commit(change, &fault), ONYM_OK);
    }
}

static MDB_val
val(const void *at, size_t len)
{
    return (MDB_val){.mv_size = len, .mv_data = (void *)(uintptr_t)at};
}

/* The stored entry of sequence, and its key. */
static MDB_val
stored(const struct temp_store *store, MDB_txn *txn, uint8_t sequence, uint8_t key[KEY_LEN])
{
    MDB_val value;

    memset(key, 0, KEY_LEN);
    key[KEY_LEN - 1] = sequence;
    MDB_val at = val(key, KEY_LEN);

    assert_int_equal(mdb_get(txn, store->env->tables.log, &at, &value), 0);
    return value;
}

/* The last hash as the description in store/oplog.h has it, computed apart from the code there. */
static void
compute_end(const struct temp_store *store, enum onym_digest hash, uint8_t out[ONYM_HASH_LEN])
{
    static const uint8_t stream[2];
    struct onym_digester *digester;
    uint8_t node[ONYM_NODE_ID_LEN];
    MDB_txn *txn = begin(store);

    assert_int_equal(onym_digester_new(&digester), ONYM_OK);
    assert_int_equal(onym_meta_node(&store->env->tables, txn, node), ONYM_OK);
    onym_span start[] = {onym_span_text("onym log 1"), onym_span_of(node, sizeof node),
                         onym_span_of(stream, sizeof stream)};

    (void)onym_digest(digester, hash, start, 3, out);
    for (uint8_t i = 1; i <= ENTRIES; i++) {
        uint8_t key[KEY_LEN];
        MDB_val value = stored(store, txn, i, key);
        size_t len = value.mv_size - ONYM_HASH_LEN;
        uint8_t bytes[4] = {0, 0, (uint8_t)((KEY_LEN + len) >> 8), (uint8_t)(KEY_LEN + len)};
        onym_span parts[] = {onym_span_of(out, ONYM_HASH_LEN), onym_span_of(bytes, sizeof bytes),
                             onym_span_of(key, KEY_LEN), onym_span_of(value.mv_data, len)};
        uint8_t next[ONYM_HASH_LEN];

        (void)onym_digest(digester, hash, parts, 4, next);
        memcpy(out, next, sizeof next);
    }
    onym_digester_free(digester);
    mdb_txn_abort(txn);
}

static enum onym_status
verify(const struct temp_store *store, struct onym_oplog_report *report, struct onym_fault *fault)
{
    MDB_txn *txn = begin(store);
    enum onym_status status = onym_oplog_verify(&store->env->tables, txn, report, fault);

    mdb_txn_abort(txn);
    return status;
}

static void
expect_chain(const struct temp_store *store, enum onym_record_digest digest, enum onym_digest hash)
{
    struct onym_oplog_report report;
    struct onym_fault fault = {0};
    uint8_t end[ONYM_HASH_LEN];

    compute_end(store, hash, end);
    assert_int_equal(verify(store, &report, &fault), ONYM_OK);
    assert_int_equal(report.groups, ENTRIES);
    assert_int_equal(report.digest, digest);
    assert_memory_equal(report.end.hash, end, sizeof end);
}

static void
load_nothing(const struct temp_store *store, bool fresh)
{
    struct onym_load_options options = {.memory = 1 << 20, .now_ms = NOW_MS};
    struct onym_load_double twice;
    struct onym_load_result result;
    struct onym_load *load;
    struct onym_fault fault = {0};
    static const uint8_t input[16];

    assert_int_equal(onym_load_open(store->env, &options, &load, &fault), ONYM_OK);
    assert_int_equal(onym_load_finish(load, input, &result, &twice, &fault), ONYM_OK);
    onym_load_close(load);
    assert_int_equal(result.fresh, fresh);
}

static void
a_store_is_made_with_sm3(void **state)
{
    struct temp_store *store = *state;

    open_with(store, ONYM_RECORD_SM3);
    assert_int_equal(hash_of(store), ONYM_RECORD_SM3);
    assert_int_equal(format_of(store), ONYM_FORMAT_SM3);
    write_entries(store);
    expect_chain(store, ONYM_RECORD_SM3, ONYM_SM3);
    open_with(store, ONYM_RECORD_SHA256);
    expect_chain(store, ONYM_RECORD_SM3, ONYM_SM3);
}

/* The first makes a new file, the second changes what is there. */
static void
a_load_keeps_it(void **state)
{
    struct temp_store *store = *state;
    struct onym_oplog_report report;
    struct onym_fault fault = {0};

    open_with(store, ONYM_RECORD_SM3);
    for (unsigned loads = 1; loads <= 2; loads++) {
        load_nothing(store, loads == 1);
        assert_int_equal(hash_of(store), ONYM_RECORD_SM3);
        assert_int_equal(format_of(store), loads == 1 ? ONYM_FORMAT_SM3 : ONYM_FORMAT_JOURNAL);
        assert_int_equal(verify(store, &report, &fault), ONYM_OK);
        assert_int_equal(report.groups, loads);
    }
}

static void
sha256_is_what_a_store_has_else(void **state)
{
    struct temp_store *store = *state;

    open_with(store, 0);
    assert_int_equal(hash_of(store), ONYM_RECORD_SHA256);
    open_with(store, ONYM_RECORD_SM3);
    assert_int_equal(hash_of(store), ONYM_RECORD_SHA256);
    assert_int_equal(format_of(store), ONYM_FORMAT_PACKED);
    write_entries(store);
    expect_chain(store, ONYM_RECORD_SHA256, ONYM_SHA256);
}

/* A store of before the choice says nothing of its hash. */
static void
a_store_without_the_entry_has_sha256(void **state)
{
    struct temp_store *store = *state;
    MDB_val name = val("digest", 6);
    MDB_txn *txn;

    open_with(store, ONYM_RECORD_SHA256);
    txn = begin(store);
    assert_int_equal(mdb_del(txn, store->env->tables.meta, &name, NULL), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    open_with(store, ONYM_RECORD_SM3);
    write_entries(store);
    expect_chain(store, ONYM_RECORD_SHA256, ONYM_SHA256);
}

/* In every entry one byte, and then the name of the hash. */
static void
a_broken_link_is_named(void **state)
{
    struct temp_store *store = *state;
    uint8_t sha256 = ONYM_RECORD_SHA256;
    MDB_val name = val("digest", 6);
    MDB_val value = val(&sha256, 1);
    struct onym_oplog_report report;
    struct onym_fault fault = {0};
    MDB_txn *txn;

    open_with(store, ONYM_RECORD_SM3);
    write_entries(store);
    for (uint8_t i = 1; i <= ENTRIES; i++) {
        uint8_t key[KEY_LEN];
        uint8_t bytes[512];
        char expected[96];

        txn = begin(store);
        MDB_val old = stored(store, txn, i, key);
        MDB_val at = val(key, sizeof key);
        MDB_val broken = val(bytes, old.mv_size);

        assert_true(old.mv_size <= sizeof bytes);
        memcpy(bytes, old.mv_data, old.mv_size);
        bytes[STALE_AT] ^= 1;
        assert_int_equal(mdb_put(txn, store->env->tables.log, &at, &broken, 0), 0);
        assert_int_equal(onym_oplog_verify(&store->env->tables, txn, &report, &fault),
                         ONYM_CORRUPT);
        mdb_txn_abort(txn);
        (void)snprintf(expected, sizeof expected,
                       "log entry %u: the hash of its group does not follow from the log", i);
        assert_string_equal(fault.text, expected);
    }
    assert_int_equal(verify(store, &report, &fault), ONYM_OK);
    txn = begin(store);
    assert_int_equal(mdb_put(txn, store->env->tables.meta, &name, &value, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    assert_int_equal(verify(store, &report, &fault), ONYM_CORRUPT);
    assert_non_null(strstr(fault.text, "log entry 1: "));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_store_is_made_with_sm3, set_up, temp_store_tear_down),
        cmocka_unit_test_setup_teardown(a_load_keeps_it, set_up, temp_store_tear_down),
        cmocka_unit_test_setup_teardown(sha256_is_what_a_store_has_else, set_up,
                                        temp_store_tear_down),
        cmocka_unit_test_setup_teardown(a_store_without_the_entry_has_sha256, set_up,
                                        temp_store_tear_down),
        cmocka_unit_test_setup_teardown(a_broken_link_is_named, set_up, temp_store_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
