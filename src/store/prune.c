#include "store/prune.h"

#include "base/bytes.h"
#include "store/entry_pack.h"
#include "store/fold.h"
#include "store/lmdb_status.h"
#include "store/names.h"
#include "store/oplog.h"

#define KEY_LEN 10U
#define PIECE   65536U /* entries of a transaction, more than a group has */

struct prune {
    const struct onym_tables *tables;
    uint64_t before_ms;
    uint64_t kept; /* the first entry that is not older; 0 = none */
    struct onym_oplog_report log;
};

static void
look(void *of, uint64_t sequence, const struct onym_entry *entry)
{
    struct prune *p = of;

    if (p->kept == 0 && entry->time_ms >= p->before_ms) {
        p->kept = sequence;
    }
}

static MDB_val
key_of(uint64_t sequence, uint8_t bytes[KEY_LEN])
{
    memset(bytes, 0, KEY_LEN);
    onym_put_u64(bytes + 2, sequence);
    return (MDB_val){.mv_size = KEY_LEN, .mv_data = bytes};
}

/* The last group that ends at `last` or in front of it, and behind `first`. ONYM_NOT_FOUND. */
static enum onym_status
find_end(const struct onym_tables *tables, MDB_txn *txn, uint64_t first, uint64_t last,
         struct onym_position *out)
{
    uint8_t bytes[KEY_LEN];
    MDB_val key = key_of(last, bytes);
    MDB_val value;
    MDB_cursor *cursor;
    enum onym_status status = onym_lmdb_status(mdb_cursor_open(txn, tables->log, &cursor));

    if (status != ONYM_OK) {
        return status;
    }
    status = onym_lmdb_status(mdb_cursor_get(cursor, &key, &value, MDB_SET_KEY));
    while (status == ONYM_OK) {
        uint64_t sequence = onym_get_u64((const uint8_t *)key.mv_data + 2);
        onym_span entry = onym_span_of(value.mv_data, value.mv_size);

        if (sequence <= first) {
            status = ONYM_NOT_FOUND;
        } else if (onym_entry_is_last(entry) && entry.len >= ONYM_HASH_LEN) {
            *out = (struct onym_position){.sequence = sequence};
            memcpy(out->hash, entry.at + entry.len - ONYM_HASH_LEN, ONYM_HASH_LEN);
            break;
        } else {
            status = onym_lmdb_status(mdb_cursor_get(cursor, &key, &value, MDB_PREV));
        }
    }
    mdb_cursor_close(cursor);
    return status;
}

/* Everything of a table whose key, from `skip` on, is a number up to last. */
static enum onym_status
remove_front(MDB_txn *txn, MDB_dbi table, size_t skip, uint64_t last)
{
    MDB_cursor *cursor;
    MDB_val key;
    MDB_val value;
    enum onym_status status = onym_lmdb_status(mdb_cursor_open(txn, table, &cursor));

    if (status != ONYM_OK) {
        return status;
    }
    while ((status = onym_lmdb_status(mdb_cursor_get(cursor, &key, &value, MDB_FIRST))) ==
               ONYM_OK &&
           key.mv_size == skip + 8 && onym_get_u64((const uint8_t *)key.mv_data + skip) <= last) {
        status = onym_lmdb_status(mdb_cursor_del(cursor, 0));
        if (status != ONYM_OK) {
            break;
        }
    }
    mdb_cursor_close(cursor);
    return status == ONYM_NOT_FOUND ? ONYM_OK : status;
}

static enum onym_status
take_checkpoint(const struct prune *p, MDB_txn *txn)
{
    struct onym_checkpoint checkpoint = {.position = p->log.end};
    struct onym_digester *digester;
    enum onym_status status = onym_digester_new(&digester);

    if (status == ONYM_OK) {
        status = onym_fold_digest(p->tables, txn, digester, checkpoint.fold);
        onym_digester_free(digester);
    }
    return status == ONYM_OK ? onym_meta_put_checkpoint(p->tables, txn, &checkpoint) : status;
}

/* Entries up to *to, as far as a piece goes; *to becomes where the log begins then. */
static enum onym_status
remove_piece(const struct prune *p, MDB_txn *txn, uint64_t from, struct onym_position *to)
{
    enum onym_status status = ONYM_OK;

    if (to->sequence - from > PIECE) {
        status = find_end(p->tables, txn, from, from + PIECE, to);
    }
    if (status == ONYM_OK && from == p->log.begin.sequence) {
        status = take_checkpoint(p, txn);
    }
    if (status == ONYM_OK) {
        status = onym_meta_put_begin(p->tables, txn, to);
    }
    if (status == ONYM_OK) {
        status = remove_front(txn, p->tables->log, 2, to->sequence);
    }
    if (status == ONYM_OK && to->sequence >= ONYM_NAMES_SEGMENT) {
        status = remove_front(txn, p->tables->names, 0, to->sequence / ONYM_NAMES_SEGMENT - 1);
    }
    return status;
}

/* The whole log holds; where it is to begin is *out. ONYM_NOT_FOUND: where it does now. */
static enum onym_status
prove(struct prune *p, struct onym_position *out, struct onym_fault *fault)
{
    MDB_txn *txn;
    enum onym_status status = onym_lmdb_status(
        mdb_txn_begin(p->tables->mdb, NULL, MDB_RDONLY, &txn));

    if (status != ONYM_OK) {
        return onym_fault_set(fault, status, "the log cannot be read: %s",
                              onym_status_text(status));
    }
    status = onym_oplog_walk(p->tables, txn, look, p, &p->log, fault);
    if (status == ONYM_OK) {
        uint64_t last = p->kept > 0 ? p->kept - 1 : p->log.end.sequence;

        status = last > p->log.begin.sequence
                     ? find_end(p->tables, txn, p->log.begin.sequence, last, out)
                     : ONYM_NOT_FOUND;
    }
    mdb_txn_abort(txn);
    return status;
}

enum onym_status
onym_store_prune(struct onym_env *env, uint64_t before_ms, onym_prune_fn *progress, void *of,
                 struct onym_prune_report *out, struct onym_fault *fault)
{
    struct prune p = {.tables = &env->tables, .before_ms = before_ms};
    struct onym_position goal;
    struct onym_position at;
    enum onym_status status = prove(&p, &goal, fault);

    at = p.log.begin;
    if (status == ONYM_NOT_FOUND) {
        goal = at;
        status = ONYM_OK;
    }
    if (status == ONYM_OK && onym_journal_rest(env->journal) != ONYM_OK) {
        return onym_fault_set(fault, ONYM_IO, "%s: cannot be synced; nothing was removed",
                              env->data_path);
    }
    while (status == ONYM_OK && at.sequence < goal.sequence) {
        struct onym_position to = goal;
        MDB_txn *txn;

        status = onym_lmdb_status(mdb_txn_begin(p.tables->mdb, NULL, 0, &txn));
        if (status == ONYM_OK) {
            status = remove_piece(&p, txn, at.sequence, &to);
            if (status == ONYM_OK) {
                status = onym_lmdb_status(mdb_txn_commit(txn));
            } else {
                mdb_txn_abort(txn);
            }
        }
        if (status != ONYM_OK) {
            return onym_fault_set(fault, status,
                                  "%s: entries of the log cannot be removed: %s; what was removed "
                                  "before is gone, and the log holds: run it again",
                                  env->data_path, onym_status_text(status));
        }
        at = to;
        progress(of, at.sequence - p.log.begin.sequence, goal.sequence - p.log.begin.sequence);
    }
    if (status == ONYM_OK) {
        *out = (struct onym_prune_report){.removed = at.sequence - p.log.begin.sequence,
                                          .first = at.sequence + 1,
                                          .left = p.log.end.sequence - at.sequence};
        memcpy(out->hash, at.hash, sizeof out->hash);
    }
    return status;
}
