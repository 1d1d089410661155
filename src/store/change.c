#include "store/change.h"

#include "base/prefetch.h"
#include "store/fold.h"
#include "store/lmdb_status.h"
#include "store/names.h"
#include "store/oplog.h"
#include "store/outcome_priv.h"
#include "store/record_v1.h"

#include <stdlib.h>

/* Of the map, for what removes: a part of it, within bounds. */
#define RESERVE_PART      32U
#define RESERVE_PAGES_MIN 64U
#define RESERVE_BYTES_MAX ((size_t)64 << 20)

_Static_assert(ONYM_CHANGE_KEY_LEN_MAX == ONYM_KEY_LEN_MAX, "a change's key is a record's");
_Static_assert(ONYM_ENTRY_DIGEST_LEN == ONYM_DIGEST_BYTES_MAX, "a digest fits an entry");

struct onym_change {
    struct onym_env *env;
    MDB_txn *txn;
    MDB_cursor *record; /* of the table of records; stays where it was, since neighbours follow each
                           other. Ends with the transaction */
    struct onym_counts counts;
    size_t put_bytes; /* of records, with their keys */
    struct onym_oplog_group log;
    struct onym_position before; /* the end of the log when it began */
    enum onym_record_digest digest_kind;
    uint8_t *encoded; /* a record on its way into the table */
    size_t encoded_len, encoded_cap;
};

/* Frees all but the transaction, which has ended, and lets the next change begin. */
static void
release(struct onym_change *change)
{
    struct onym_env *env = change->env;

    onym_journal_end();
    onym_oplog_group_deinit(&change->log);
    free(change->encoded);
    free(change);
    (void)pthread_mutex_unlock(&env->changing);
}

static enum onym_status
read_meta(struct onym_change *change)
{
    const struct onym_tables *tables = &change->env->tables;
    enum onym_status status = onym_meta_counts(tables, change->txn, &change->counts);

    if (status == ONYM_OK) {
        status = onym_lmdb_status(mdb_cursor_open(change->txn, tables->record, &change->record));
    }
    if (status == ONYM_OK) {
        status = onym_meta_position(tables, change->txn, &change->before);
    }
    if (status == ONYM_OK) {
        status = onym_meta_digest(tables, change->txn, &change->digest_kind);
    }
    if (status == ONYM_OK) {
        onym_oplog_group_init(&change->log, change->env->log_digester,
                              onym_oplog_hash(change->digest_kind), &change->before);
    }
    return status;
}

/* Making one costs more than a change of one record, so those of the first are kept. */
static enum onym_status
keep_digester(struct onym_digester **digester)
{
    return *digester != NULL ? ONYM_OK : onym_digester_new(digester);
}

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
    (void)pthread_mutex_lock(&env->changing);
    rc = mdb_txn_begin(env->tables.mdb, NULL, 0, &change->txn);
    if (rc != 0) {
        (void)pthread_mutex_unlock(&env->changing);
        free(change);
        return onym_lmdb_fault(fault, env->data_path, rc);
    }
    if (env->is_journaled) {
        onym_journal_begin(env->journal, mdb_txn_id(change->txn));
    }
    status = keep_digester(&env->record_digester);
    if (status == ONYM_OK) {
        status = keep_digester(&env->log_digester);
    }
    if (status == ONYM_OK) {
        status = read_meta(change);
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

/* Pages that were used and are free again, counted until `enough`. LMDB keeps them in its table 0,
 * lists with their length in front, and shows it to transactions that only read. */
static size_t
count_free(const struct onym_change *change, size_t enough)
{
    MDB_cursor *cursor = NULL;
    MDB_txn *txn;
    MDB_val key;
    MDB_val list;
    size_t pages = 0;
    size_t len;

    if (mdb_txn_begin(change->env->tables.mdb, NULL, MDB_RDONLY, &txn) != 0) {
        return 0;
    }
    if (mdb_cursor_open(txn, 0, &cursor) == 0) {
        while (pages < enough && mdb_cursor_get(cursor, &key, &list, MDB_NEXT) == 0) {
            memcpy(&len, list.mv_data, sizeof len);
            pages += len;
        }
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(txn);
    return pages;
}

bool
onym_change_is_tight(const struct onym_change *change)
{
    size_t reserve = change->env->map_size / RESERVE_PART;
    MDB_envinfo info;
    MDB_stat stat;
    size_t left;

    if (mdb_env_info(change->env->tables.mdb, &info) != 0 ||
        mdb_env_stat(change->env->tables.mdb, &stat) != 0) {
        return false;
    }
    reserve = (reserve < RESERVE_BYTES_MAX ? reserve : RESERVE_BYTES_MAX) / stat.ms_psize;
    reserve = reserve > RESERVE_PAGES_MIN ? reserve : RESERVE_PAGES_MIN;
    left = info.me_mapsize / stat.ms_psize;
    left -= left > info.me_last_pgno ? info.me_last_pgno + 1 : left;
    return left < reserve && count_free(change, reserve - left) < reserve - left;
}

onym_span
onym_change_key(struct onym_change *change, enum onym_kind kind, onym_span folded,
                uint8_t out[ONYM_CHANGE_KEY_LEN_MAX])
{
    return onym_record_key(kind, folded, change->env->record_digester, out);
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
        mdb_cursor_get(change->record, &at, &stored, MDB_SET));

    return status != ONYM_OK
               ? status
               : onym_record_v1_decode(key, onym_span_of(stored.mv_data, stored.mv_size), out);
}

enum onym_status
onym_change_from(const struct onym_change *change, onym_span from, onym_span *key,
                 struct onym_record *out)
{
    MDB_val at = val(from);
    MDB_val stored;
    enum onym_status status = onym_lmdb_status(
        mdb_cursor_get(change->record, &at, &stored, MDB_SET_RANGE));

    if (status != ONYM_OK) {
        return status;
    }
    *key = onym_span_of(at.mv_data, at.mv_size);
    return onym_record_v1_decode(*key, onym_span_of(stored.mv_data, stored.mv_size), out);
}

/* Before the commit can be seen, so that no copy of what was there is taken for current, and
 * nothing that is new for absent. hash: of the key. */
static void
mark(struct onym_change *change, onym_span key, uint64_t hash, bool is_new)
{
    struct onym_marks *marks = change->env->marks;

    if (is_new) {
        onym_bloom_add(change->env->bloom, hash);
    } else {
        onym_marks_set(marks, hash, mdb_txn_id(change->txn));
    }
    if (key.at[0] == ONYM_KIND_PREFIX) {
        onym_marks_set_prefixes(marks, mdb_txn_id(change->txn));
    }
}

static uint64_t
hash_of(const struct onym_change *change, onym_span key)
{
    return onym_marks_hash(change->env->marks, key);
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

/* The record's stored form in memory of the change's own, so that spans into a page of this
 * transaction are read before LMDB moves what is on that page. */
static enum onym_status
encode(struct onym_change *change, onym_span key, const struct onym_record *record)
{
    size_t need = onym_record_v1_len(record);

    if (need > change->encoded_cap) {
        uint8_t *grown = realloc(change->encoded, need);

        if (grown == NULL) {
            return ONYM_NO_MEMORY;
        }
        change->encoded = grown;
        change->encoded_cap = need;
    }
    return onym_record_v1_encode(key, record, change->encoded, change->encoded_cap,
                                 &change->encoded_len);
}

enum onym_status
onym_change_put(struct onym_change *change, onym_span key, const struct onym_record *record)
{
    MDB_val at = val(key);
    enum onym_status status = encode(change, key, record);
    MDB_val value;
    MDB_val met;
    int rc;

    if (status != ONYM_OK) {
        return status;
    }
    value = val(onym_span_of(change->encoded, change->encoded_len));
    met = value;
    rc = mdb_cursor_put(change->record, &at, &met, MDB_NOOVERWRITE);
    if (rc == 0) {
        mark(change, key, hash_of(change, key), true);
        count(change, key, 1);
    } else if (rc == MDB_KEYEXIST) {
        mark(change, key, hash_of(change, key), false);
        rc = mdb_cursor_put(change->record, &at, &value, 0);
    }
    change->put_bytes += rc == 0 ? key.len + change->encoded_len : 0;
    return onym_lmdb_status(rc);
}

enum onym_status
onym_change_put_draft(struct onym_change *change, onym_span key, const struct onym_draft *draft)
{
    MDB_val at = val(key);
    MDB_val value = val(draft->stored);
    int rc = mdb_cursor_put(change->record, &at, &value, MDB_NOOVERWRITE);

    if (rc != 0) {
        return rc == MDB_KEYEXIST ? ONYM_EXISTS : onym_lmdb_status(rc);
    }
    change->put_bytes += key.len + draft->stored.len;
    mark(change, key, draft->hash, true);
    count(change, key, 1);
    return ONYM_OK;
}

void
onym_change_expect(const struct onym_change *change, const struct onym_draft *draft)
{
    if (draft->stored.len > 0) {
        onym_bloom_prefetch(change->env->bloom, draft->hash);
    }
}

enum onym_status
onym_change_remove(struct onym_change *change, onym_span key)
{
    MDB_val at = val(key);
    enum onym_status status;

    mark(change, key, hash_of(change, key), false);
    status = onym_lmdb_status(mdb_del(change->txn, change->env->tables.record, &at, NULL));

    if (status == ONYM_OK) {
        count(change, key, (uint64_t)-1);
        /* a page may be gone under the cursor */
        mdb_cursor_close(change->record);
        status = onym_lmdb_status(
            mdb_cursor_open(change->txn, change->env->tables.record, &change->record));
    }
    return status;
}

/* The digest of a stored record. */
static void
digest_stored(struct onym_change *change, onym_span stored, uint8_t out[ONYM_ENTRY_DIGEST_LEN])
{
    onym_span body = onym_record_digested(stored);

    (void)onym_digest(change->env->record_digester, onym_oplog_hash(change->digest_kind), &body, 1,
                      out);
}

bool
onym_change_digest(struct onym_change *change, onym_span key, uint8_t out[ONYM_ENTRY_DIGEST_LEN])
{
    MDB_val at = val(key);
    MDB_val stored;

    memset(out, 0, ONYM_ENTRY_DIGEST_LEN);
    if (mdb_cursor_get(change->record, &at, &stored, MDB_SET) != 0) {
        return false;
    }
    digest_stored(change, onym_span_of(stored.mv_data, stored.mv_size), out);
    return true;
}

void
onym_change_digest_put(struct onym_change *change, uint8_t out[ONYM_ENTRY_DIGEST_LEN])
{
    digest_stored(change, onym_span_of(change->encoded, change->encoded_len), out);
}

enum onym_record_digest
onym_change_digest_kind(const struct onym_change *change)
{
    return change->digest_kind;
}

enum onym_status
onym_change_log(struct onym_change *change, const struct onym_entry *entry, uint64_t *sequence)
{
    enum onym_status status = onym_oplog_group_append(&change->log, &change->env->tables,
                                                      change->txn, entry);

    if (status == ONYM_OK) {
        *sequence = change->log.sequence;
        status = onym_names_add(&change->env->names, &change->env->tables, change->txn, *sequence,
                                entry->name);
    }
    return status;
}

enum onym_status
onym_change_outcome(const struct onym_change *change, const uint8_t id[ONYM_OPERATION_ID_LEN],
                    struct onym_outcome *out)
{
    return onym_outcome_get(&change->env->tables, change->txn, id, out);
}

enum onym_status
onym_change_put_outcome(struct onym_change *change, const uint8_t id[ONYM_OPERATION_ID_LEN],
                        const struct onym_outcome *outcome)
{
    return onym_outcome_put(&change->env->tables, change->txn, id, outcome);
}

enum onym_status
onym_change_prune_outcomes(struct onym_change *change, uint64_t now_ms, uint32_t steps,
                           struct onym_outcome_place *place, uint32_t *removed)
{
    return onym_outcome_prune(&change->env->tables, change->txn, now_ms, steps, place, removed);
}

enum onym_status
onym_change_log_load(struct onym_change *change, uint64_t now_ms,
                     const struct onym_load_operation *load)
{
    const struct onym_tables *tables = &change->env->tables;
    struct onym_entry entry = {.what = ONYM_ENTRY_LOAD, .time_ms = now_ms, .load = *load};
    struct onym_checkpoint checkpoint;
    enum onym_status status = onym_oplog_group_append(&change->log, tables, change->txn, &entry);

    if (status == ONYM_OK) {
        status = onym_oplog_group_end(&change->log, tables, change->txn);
    }
    if (status != ONYM_OK) {
        return status;
    }
    checkpoint.position = change->log.position;
    status = onym_fold_digest(tables, change->txn, change->env->record_digester, checkpoint.fold);
    return status == ONYM_OK ? onym_meta_put_checkpoint(tables, change->txn, &checkpoint) : status;
}

/* What a failed commit leaves. No room for pages is found out before the meta page is touched, so
 * then nothing happened; but LMDB takes no transaction any more after a meta page it could not
 * write, and a failed sync says nothing about what is on the disk. */
static enum onym_status
judge_failure(struct onym_env *env, int rc, struct onym_fault *fault)
{
    enum onym_status status = onym_lmdb_fault(fault, env->data_path, rc);
    MDB_txn *probe;

    if ((status == ONYM_FULL || status == ONYM_NO_MEMORY) &&
        !onym_journal_is_broken(env->journal) &&
        mdb_txn_begin(env->tables.mdb, NULL, MDB_RDONLY, &probe) == 0) {
        mdb_txn_abort(probe);
        return status;
    }
    return onym_fault_set(fault, ONYM_UNCERTAIN, "%s: the commit failed: %s", env->data_path,
                          mdb_strerror(rc));
}

enum onym_status
onym_change_commit(struct onym_change *change, struct onym_fault *fault)
{
    struct onym_env *env = change->env;
    enum onym_status status = onym_oplog_group_end(&change->log, &env->tables, change->txn);
    int rc;

    if (status == ONYM_OK) {
        status = onym_meta_put_counts(&env->tables, change->txn, &change->counts);
    }
    if (status == ONYM_OK && !env->is_journaled) {
        status = onym_meta_raise_format(&env->tables, change->txn, ONYM_FORMAT_JOURNAL);
    }
    if (status != ONYM_OK) {
        onym_change_abort(change);
        return onym_fault_set(fault, status, "%s: %s; nothing was changed", env->data_path,
                              onym_status_text(status));
    }
    if (env->is_journaled) {
        onym_journal_expect(env->journal, change->put_bytes);
    }
    rc = mdb_txn_commit(change->txn);
    if (rc != 0) {
        status = judge_failure(env, rc, fault);
    } else {
        env->is_journaled = true; /* by the format, from the next one on */
    }
    release(change);
    return status;
}

void
onym_change_abort(struct onym_change *change)
{
    if (change != NULL) {
        mdb_txn_abort(change->txn);
        release(change);
    }
}
