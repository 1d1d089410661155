#include "store/change.h"

#include "store/fold.h"
#include "store/lmdb_status.h"
#include "store/record_v1.h"

#include <stdlib.h>

struct onym_change {
    struct onym_env *env;
    MDB_txn *txn;
    struct onym_counts counts;
    struct onym_position position;
};

enum onym_status
onym_change_begin(struct onym_env *env, struct onym_change **out, struct onym_fault *fault)
{
    struct onym_change *change = calloc(1, sizeof *change);
    enum onym_status status;
    int rc;

    if (change == NULL) {
        return onym_fault_set(fault, ONYM_NO_MEMORY, "%s: out of memory", env->data_path);
    }
    change->env = env;
    rc = mdb_txn_begin(env->tables.mdb, NULL, 0, &change->txn);
    if (rc != 0) {
        free(change);
        return onym_lmdb_fault(fault, env->data_path, rc);
    }
    status = onym_meta_counts(&env->tables, change->txn, &change->counts);
    if (status == ONYM_OK) {
        status = onym_meta_position(&env->tables, change->txn, &change->position);
    }
    if (status != ONYM_OK) {
        onym_change_abort(change);
        return onym_fault_set(fault, status,
                              "%s: counts or position cannot be read: %s; restore "
                              "the store from a dump or backup",
                              env->data_path, onym_status_text(status));
    }
    *out = change;
    return ONYM_OK;
}

static MDB_val
val(onym_span span)
{
    return (MDB_val){.mv_size = span.len, .mv_data = (void *)(uintptr_t)span.at};
}

enum onym_status
onym_change_get(const struct onym_change *change, onym_span key, struct onym_record *out)
{
    MDB_val at = val(key);
    MDB_val stored;
    enum onym_status status = onym_lmdb_status(
        mdb_get(change->txn, change->env->tables.record, &at, &stored));

    return status != ONYM_OK
               ? status
               : onym_record_v1_decode(key, onym_span_of(stored.mv_data, stored.mv_size), out);
}

static void
count(struct onym_change *change, onym_span key, uint64_t step)
{
    if (key.at[0] == ONYM_KIND_HANDLE) {
        change->counts.handles += step;
    } else if (key.at[0] == ONYM_KIND_PREFIX) {
        change->counts.prefixes += step;
    }
}

enum onym_status
onym_change_put(struct onym_change *change, onym_span key, const struct onym_record *record)
{
    MDB_dbi table = change->env->tables.record;
    MDB_val at = val(key);
    MDB_val value = {.mv_size = onym_record_v1_len(record)};
    size_t len;
    int rc = mdb_get(change->txn, table, &at, &(MDB_val){0});
    bool is_new = rc == MDB_NOTFOUND;

    if (rc != 0 && !is_new) {
        return onym_lmdb_status(rc);
    }
    rc = mdb_put(change->txn, table, &at, &value, MDB_RESERVE);
    if (rc != 0) {
        return onym_lmdb_status(rc);
    }
    if (is_new) {
        count(change, key, 1);
    }
    return onym_record_v1_encode(key, record, value.mv_data, value.mv_size, &len);
}

enum onym_status
onym_change_remove(struct onym_change *change, onym_span key)
{
    MDB_val at = val(key);
    enum onym_status status = onym_lmdb_status(
        mdb_del(change->txn, change->env->tables.record, &at, NULL));

    if (status == ONYM_OK) {
        count(change, key, (uint64_t)-1);
    }
    return status;
}

enum onym_status
onym_change_log_load(struct onym_change *change, uint64_t now_ms,
                     const struct onym_load_operation *load)
{
    const struct onym_tables *tables = &change->env->tables;
    struct onym_checkpoint checkpoint;
    struct onym_digester *digester;
    enum onym_status status = onym_oplog_append_load(tables, change->txn, now_ms, load,
                                                     &change->position);

    if (status == ONYM_OK) {
        status = onym_digester_new(&digester);
    }
    if (status != ONYM_OK) {
        return status;
    }
    checkpoint.position = change->position;
    status = onym_fold_digest(tables, change->txn, digester, checkpoint.fold);
    onym_digester_free(digester);
    return status == ONYM_OK ? onym_meta_put_checkpoint(tables, change->txn, &checkpoint) : status;
}

enum onym_status
onym_change_commit(struct onym_change *change, struct onym_fault *fault)
{
    struct onym_env *env = change->env;
    enum onym_status status = onym_meta_put_counts(&env->tables, change->txn, &change->counts);
    int rc;

    if (status != ONYM_OK) {
        onym_change_abort(change);
        return onym_fault_set(fault, status, "%s: %s; nothing was changed", env->data_path,
                              onym_status_text(status));
    }
    rc = mdb_txn_commit(change->txn);
    free(change);
    return rc == 0 ? ONYM_OK : onym_lmdb_fault(fault, env->data_path, rc);
}

void
onym_change_abort(struct onym_change *change)
{
    if (change != NULL) {
        mdb_txn_abort(change->txn);
        free(change);
    }
}
