/* A load into an empty store: rows are appended in key order to a new file, which is complete and
 * on disk before it gets its name. Appending fills every page and touches each once, so this costs
 * a fraction of inserting; and until the rename nothing of the old state changes. */
#include "store/fold.h"
#include "store/lmdb_status.h"
#include "store/load_priv.h"
#include "store/oplog.h"

#include <errno.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Less room than this is none: LMDB writes up to 256 KiB at once. */
#define DISK_FULL_BYTES ((uint64_t)1 << 20)

/* Bytes of rows per transaction: small enough that its pages are still in the cache when they are
 * written, large enough that what a commit costs does not show. Nobody sees the file before the
 * end, so where transactions end means nothing. */
#define TRANSACTION_BYTES ((size_t)1 << 20)

struct build {
    struct onym_load *load;
    struct onym_tables tables;
    MDB_txn *txn;
    MDB_cursor *cursor;
    struct onym_fold_digest fold;
    size_t pending; /* bytes since the last commit */
    struct onym_counts counts;
    struct onym_position position; /* of the old log, which the new one goes on from */
    enum onym_record_digest digest;
};

/* LMDB calls a write that was cut short by a full disk an input/output error. */
static int
name_full_disk(const char *dir, int rc)
{
    struct statvfs fs;

    return rc == EIO && statvfs(dir, &fs) == 0 && fs.f_bavail * fs.f_frsize < DISK_FULL_BYTES
               ? ENOSPC
               : rc;
}

static enum onym_status
lmdb(const struct build *b, int rc, struct onym_fault *fault)
{
    const struct onym_env *env = b->load->env;

    return rc == 0 ? ONYM_OK : onym_lmdb_fault(fault, env->new_path, name_full_disk(env->dir, rc));
}

/* Node id, position and digest of the store that is replaced. */
static enum onym_status
read_old(struct build *b, uint8_t node[ONYM_NODE_ID_LEN], struct onym_fault *fault)
{
    const struct onym_tables *old = &b->load->env->tables;
    MDB_txn *txn;
    enum onym_status status = lmdb(b, mdb_txn_begin(old->mdb, NULL, MDB_RDONLY, &txn), fault);

    if (status != ONYM_OK) {
        return status;
    }
    status = onym_meta_node(old, txn, node);
    if (status == ONYM_OK) {
        status = onym_meta_position(old, txn, &b->position);
    }
    if (status == ONYM_OK) {
        status = onym_meta_digest(old, txn, &b->digest);
    }
    mdb_txn_abort(txn);
    return status == ONYM_OK
               ? ONYM_OK
               : onym_fault_set(fault, status, "%s: node id or position cannot be read",
                                b->load->env->data_path);
}

static enum onym_status
begin(struct build *b, struct onym_fault *fault)
{
    int rc = mdb_txn_begin(b->tables.mdb, NULL, 0, &b->txn);

    if (rc == 0) {
        rc = mdb_cursor_open(b->txn, b->tables.record, &b->cursor);
    }
    b->pending = 0;
    return lmdb(b, rc, fault);
}

static enum onym_status
commit(struct build *b, struct onym_fault *fault)
{
    MDB_txn *txn = b->txn;

    b->txn = NULL; /* freed by LMDB, also on failure, and the cursor with it */
    return lmdb(b, mdb_txn_commit(txn), fault);
}

static enum onym_status
append(struct build *b, const struct onym_sorter_row *row, struct onym_fault *fault)
{
    MDB_val key = {.mv_size = row->key.len, .mv_data = (void *)(uintptr_t)row->key.at};
    MDB_val data = {.mv_size = row->data.len, .mv_data = (void *)(uintptr_t)row->data.at};
    enum onym_status status = lmdb(b, mdb_cursor_put(b->cursor, &key, &data, MDB_APPEND), fault);

    onym_fold_add(&b->fold, row->key, row->data);
    if (row->key.at[0] == ONYM_KIND_HANDLE) {
        b->counts.handles++;
    } else {
        b->counts.prefixes++;
    }
    b->pending += key.mv_size + data.mv_size;
    if (status == ONYM_OK && b->pending >= TRANSACTION_BYTES) {
        status = commit(b, fault);
        if (status == ONYM_OK) {
            status = begin(b, fault);
        }
    }
    return status;
}

static enum onym_status
append_all(struct build *b, struct onym_load_double *twice, struct onym_fault *fault)
{
    struct onym_load_stream stream = {.load = b->load};
    struct onym_sorter_row row;
    enum onym_status status;

    onym_fold_start(&b->fold, b->load->digester);
    while ((status = onym_load_next(&stream, &row, twice, fault)) == ONYM_OK) {
        if (row.mark) {
            continue; /* nothing is homed here yet */
        }
        status = append(b, &row, fault);
        if (status != ONYM_OK) {
            return status;
        }
    }
    return status == ONYM_NOT_FOUND ? ONYM_OK : status;
}

/* Log entry, counts and checkpoint: the last transaction. */
static enum onym_status
write_end(struct build *b, const uint8_t input[16], struct onym_fault *fault)
{
    const struct onym_load *load = b->load;
    struct onym_load_operation operation = {.rows = load->result.rows};
    struct onym_checkpoint checkpoint;
    enum onym_status status;

    memcpy(operation.input, input, ONYM_INPUT_LEN);
    onym_fold_finish(&b->fold, checkpoint.fold);
    status = onym_oplog_append_load(&b->tables, b->txn, load->options.now_ms, &operation,
                                    &b->position);
    if (status == ONYM_OK) {
        checkpoint.position = b->position;
        status = onym_meta_put_checkpoint(&b->tables, b->txn, &checkpoint);
    }
    if (status == ONYM_OK) {
        status = onym_meta_put_counts(&b->tables, b->txn, &b->counts);
    }
    if (status != ONYM_OK) {
        return onym_fault_set(fault, status, "%s: the log cannot be written: %s",
                              load->env->new_path, onym_status_text(status));
    }
    status = commit(b, fault);
    return status == ONYM_OK ? lmdb(b, mdb_env_sync(b->tables.mdb, 1), fault) : status;
}

static enum onym_status
build_file(struct build *b, const uint8_t input[16], struct onym_load_double *twice,
           struct onym_fault *fault)
{
    const struct onym_env *env = b->load->env;
    const struct onym_tables_options options = {
        .map_size = env->map_size, .flags = MDB_NOSYNC | MDB_NOLOCK, .create = true};
    uint8_t node[ONYM_NODE_ID_LEN];
    enum onym_status status = read_old(b, node, fault);

    if (status == ONYM_OK) {
        status = onym_tables_open(env->new_path, &options, &b->tables, fault);
    }
    if (status == ONYM_OK) {
        status = begin(b, fault);
    }
    if (status == ONYM_OK) {
        status = onym_meta_create(&b->tables, b->txn, node, b->digest, &b->position);
    }
    if (status == ONYM_OK) {
        status = append_all(b, twice, fault);
    }
    return status == ONYM_OK ? write_end(b, input, fault) : status;
}

enum onym_status
onym_load_fresh(struct onym_load *load, const uint8_t input[16], struct onym_load_double *twice,
                struct onym_fault *fault)
{
    struct build b = {.load = load};
    enum onym_status status;

    (void)unlink(load->env->new_path);
    status = build_file(&b, input, twice, fault);
    if (b.txn != NULL) {
        mdb_txn_abort(b.txn);
    }
    onym_tables_close(&b.tables);
    if (status != ONYM_OK) {
        (void)unlink(load->env->new_path);
        return status;
    }
    return onym_env_replace(load->env, fault);
}
