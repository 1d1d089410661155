#include "store/reindex.h"

#include "store/lmdb_status.h"
#include "store/names.h"
#include "store/oplog.h"

#define PIECE 256U /* segments of a transaction: 2 MiB of filters */

/* The log's first and last sequence; both 0 when it is empty. */
static enum onym_status
find_ends(const struct onym_tables *tables, MDB_txn *txn, uint64_t *first, uint64_t *last)
{
    struct onym_oplog_cursor cursor;
    struct onym_entry entry;
    enum onym_status status = onym_oplog_cursor_open(tables, txn, &cursor);

    *first = *last = 0;
    if (status != ONYM_OK) {
        return status;
    }
    status = onym_oplog_cursor_seek(&cursor, 1, first, &entry);
    if (status == ONYM_OK || status == ONYM_CORRUPT) {
        status = onym_oplog_cursor_end(&cursor, last);
    }
    onym_oplog_cursor_close(&cursor);
    return status == ONYM_NOT_FOUND ? ONYM_OK : status;
}

/* Filters of the segments from *next on, up to a piece. */
static enum onym_status
make_piece(const struct onym_tables *tables, MDB_txn *txn, uint64_t *next, uint64_t end,
           struct onym_reindex_report *out)
{
    enum onym_status status = ONYM_OK;

    for (uint64_t stop = *next + PIECE; *next < end && *next < stop && status == ONYM_OK; ++*next) {
        status = onym_names_make(tables, txn, *next);
        if (status == ONYM_OK) {
            out->segments++;
        } else if (status == ONYM_CORRUPT || status == ONYM_NOT_FOUND) {
            out->left_out++;
            status = ONYM_OK;
        }
    }
    return status;
}

static enum onym_status
fail(const struct onym_env *env, enum onym_status status, struct onym_fault *fault)
{
    return onym_fault_set(fault, status, "%s: the filters of names cannot be written: %s",
                          env->data_path, onym_status_text(status));
}

enum onym_status
onym_store_reindex(struct onym_env *env, onym_reindex_fn *progress, void *of,
                   struct onym_reindex_report *out, struct onym_fault *fault)
{
    const struct onym_tables *tables = &env->tables;
    uint64_t first = 0;
    uint64_t last = 0;
    uint64_t next = 0;
    uint64_t end = 0;
    bool begun = false;

    *out = (struct onym_reindex_report){.entries = 0};
    if (onym_journal_rest(env->journal) != ONYM_OK) {
        return fail(env, ONYM_IO, fault);
    }
    do {
        MDB_txn *txn;
        enum onym_status status = onym_lmdb_status(mdb_txn_begin(tables->mdb, NULL, 0, &txn));

        if (status != ONYM_OK) {
            return fail(env, status, fault);
        }
        if (!begun) {
            status = find_ends(tables, txn, &first, &last);
            next = first > 0 ? (first - 1) / ONYM_NAMES_SEGMENT : 0;
            end = last / ONYM_NAMES_SEGMENT;
            if (status == ONYM_OK) {
                status = onym_lmdb_status(mdb_drop(txn, tables->names, 0));
            }
            begun = true;
        }
        if (status == ONYM_OK) {
            status = make_piece(tables, txn, &next, end, out);
        }
        if (status != ONYM_OK) {
            mdb_txn_abort(txn);
            return fail(env, status, fault);
        }
        status = onym_lmdb_status(mdb_txn_commit(txn));
        if (status != ONYM_OK) {
            return fail(env, status, fault);
        }
        progress(of, next * ONYM_NAMES_SEGMENT, last);
    } while (next < end);
    out->entries = last > 0 ? last - first + 1 : 0;
    return ONYM_OK;
}
