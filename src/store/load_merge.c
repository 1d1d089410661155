/* A load into a store that has records: puts in key order, one transaction. */
#include "store/change.h"
#include "store/load_priv.h"
#include "store/record_v1.h"

/* The homing of a prefix carries the numbers of its record, when there is one. */
static enum onym_status
put_prefix(struct onym_load *load, struct onym_change *change, onym_span key, onym_span folded,
           struct onym_record *prefix)
{
    uint8_t bytes[ONYM_KEY_LEN_MAX];
    struct onym_record handle;
    enum onym_status status = onym_change_get(
        change, onym_record_key(ONYM_KIND_HANDLE, folded, load->digester, bytes), &handle);

    if (status == ONYM_OK) {
        prefix->revision = handle.revision;
        prefix->created_ms = handle.created_ms;
        prefix->modified_ms = handle.modified_ms;
    }
    return status == ONYM_OK || status == ONYM_NOT_FOUND ? onym_change_put(change, key, prefix)
                                                         : status;
}

static enum onym_status
put_row(struct onym_load *load, struct onym_change *change, const struct onym_sorter_row *row)
{
    struct onym_record record;
    struct onym_record old;
    enum onym_status status;

    if (row->mark) {
        status = onym_change_remove(change, row->key);
        return status == ONYM_NOT_FOUND ? ONYM_OK : status;
    }
    status = onym_record_v1_decode(row->key, row->data, &record);
    if (status == ONYM_OK && row->key.at[0] == ONYM_KIND_PREFIX) {
        return put_prefix(load, change, row->key, record.name, &record);
    }
    if (status == ONYM_OK) {
        status = onym_change_get(change, row->key, &old);
    }
    if (status == ONYM_OK && old.revision >= ONYM_REVISION_MAX) {
        return ONYM_UNSUPPORTED;
    }
    if (status == ONYM_OK) {
        record.revision = old.revision + 1;
        record.created_ms = old.created_ms;
        record.modified_ms = load->options.now_ms;
        load->result.replaced++;
    }
    return status == ONYM_OK || status == ONYM_NOT_FOUND
               ? onym_change_put(change, row->key, &record)
               : status;
}

static enum onym_status
put_rows(struct onym_load *load, struct onym_change *change, struct onym_load_double *twice,
         struct onym_fault *fault)
{
    struct onym_load_stream stream = {.load = load};
    struct onym_sorter_row row;
    enum onym_status status;

    while ((status = onym_load_next(&stream, &row, twice, fault)) == ONYM_OK) {
        status = put_row(load, change, &row);
        if (status != ONYM_OK) {
            return onym_fault_set(
                fault, status, "line %llu of the input cannot be stored: %s%s",
                (unsigned long long)row.line, onym_status_text(status),
                status == ONYM_FULL ? "; free disk space or set a larger --map-size"
                : status == ONYM_UNSUPPORTED
                    ? "; the stored record has had the last revision there is, delete it first"
                    : "");
        }
    }
    return status == ONYM_NOT_FOUND ? ONYM_OK : status;
}

/* The sequence of the log's last entry; 0 when it cannot be read. */
static uint64_t
log_end(const struct onym_env *env)
{
    struct onym_position position = {0};
    MDB_txn *txn;

    if (mdb_txn_begin(env->tables.mdb, NULL, MDB_RDONLY, &txn) == 0) {
        if (onym_meta_position(&env->tables, txn, &position) != ONYM_OK) {
            position.sequence = 0;
        }
        mdb_txn_abort(txn);
    }
    return position.sequence;
}

/* After a commit that nobody knows the end of: this process alone holds the store, so what the disk
 * says about the log is what happened. *fault keeps what went wrong. */
static enum onym_status
find_out(struct onym_load *load, uint64_t before, struct onym_fault *fault)
{
    struct onym_fault ignored;
    uint64_t after;

    if (before == 0 || onym_env_reopen(load->env, &ignored) != ONYM_OK) {
        return ONYM_UNCERTAIN;
    }
    after = log_end(load->env);
    if (after == before) {
        fault->status = ONYM_IO;
        return ONYM_IO;
    }
    return after == before + 1 ? ONYM_OK : ONYM_UNCERTAIN;
}

enum onym_status
onym_load_merge(struct onym_load *load, const uint8_t input[16], struct onym_load_double *twice,
                struct onym_fault *fault)
{
    struct onym_load_operation operation = {0};
    uint64_t end_before = log_end(load->env);
    struct onym_change *change;
    enum onym_status status = onym_change_begin(load->env, &change, fault);

    if (status != ONYM_OK) {
        return status;
    }
    status = put_rows(load, change, twice, fault);
    if (status == ONYM_OK) {
        operation.rows = load->result.rows;
        operation.replaced = load->result.replaced;
        memcpy(operation.input, input, ONYM_INPUT_LEN);
        status = onym_change_log_load(change, load->options.now_ms, &operation);
        if (status != ONYM_OK) {
            (void)onym_fault_set(fault, status, "%s: the log cannot be written: %s",
                                 load->env->data_path, onym_status_text(status));
        }
    }
    if (status != ONYM_OK) {
        onym_change_abort(change);
        return status;
    }
    status = onym_change_commit(change, fault);
    return status == ONYM_UNCERTAIN ? find_out(load, end_before, fault) : status;
}
