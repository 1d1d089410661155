#include "base/bytes.h"
#include "base/rng.h"
#include "store/damage.h"
#include "store/env_priv.h"
#include "store/journal_priv.h"
#include "store/lmdb_status.h"
#include "store/meta.h"
#include "store/oplog.h"

#include <errno.h>

#define TABLES_MAX 8U /* named tables LMDB makes room for; more come with what needs them */

/* Opens the tables every store has inside txn; with MDB_CREATE in flags makes them. */
static int
open_tables(struct onym_tables *t, MDB_txn *txn, unsigned flags)
{
    int rc = mdb_dbi_open(txn, NULL, 0, &t->main);

    if (rc == 0) {
        rc = mdb_dbi_open(txn, ONYM_TABLE_RECORD, flags, &t->record);
    }
    if (rc == 0) {
        rc = mdb_dbi_open(txn, "log", flags, &t->log);
    }
    if (rc == 0) {
        rc = mdb_dbi_open(txn, "meta", flags, &t->meta);
    }
    return rc;
}

/* Table handles made in a transaction live on only when it commits. */
static int
end(MDB_txn *txn, int rc)
{
    if (rc == 0) {
        return mdb_txn_commit(txn);
    }
    mdb_txn_abort(txn);
    return rc;
}

static int
open_existing(struct onym_tables *t)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(t->mdb, NULL, MDB_RDONLY, &txn);

    return rc != 0 ? rc : end(txn, open_tables(t, txn, 0));
}

/* The tables that came after the first stores were made: added where they are missing. */
static int
open_later(const struct onym_tables *t, const char *name, MDB_dbi *out)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(t->mdb, NULL, MDB_RDONLY, &txn);

    if (rc != 0) {
        return rc;
    }
    rc = end(txn, mdb_dbi_open(txn, name, 0, out));
    if (rc != MDB_NOTFOUND) {
        return rc;
    }
    rc = mdb_txn_begin(t->mdb, NULL, 0, &txn);
    return rc != 0 ? rc : end(txn, mdb_dbi_open(txn, name, MDB_CREATE, out));
}

static int
create_tables(struct onym_tables *t, enum onym_record_digest digest)
{
    struct onym_rng rng = onym_rng_system();
    uint8_t node[ONYM_NODE_ID_LEN];
    struct onym_position start;
    mdb_filehandle_t fd;
    MDB_stat stat;
    MDB_txn *txn;
    int rc;

    for (size_t i = 0; i < sizeof node; i += 8) {
        onym_put_u64(node + i, onym_rng_u64(&rng));
    }
    if (onym_oplog_start(node, onym_oplog_hash(digest), &start) != ONYM_OK) {
        return ENOMEM;
    }
    rc = mdb_env_stat(t->mdb, &stat);
    if (rc == 0) {
        rc = mdb_env_get_fd(t->mdb, &fd);
    }
    if (rc == 0) { /* the sync of the transaction is of this, too */
        rc = onym_journal_base_make(fd, stat.ms_psize, onym_rng_u64(&rng));
    }
    if (rc == 0) {
        rc = mdb_txn_begin(t->mdb, NULL, 0, &txn);
    }
    if (rc != 0) {
        return rc;
    }
    rc = open_tables(t, txn, MDB_CREATE);
    if (rc == 0 && onym_meta_create(t, txn, node, digest, &start) != ONYM_OK) {
        rc = MDB_MAP_FULL; /* the only way a few small puts into a new file fail */
    }
    return end(txn, rc);
}

static void
assertion_failed(MDB_env *mdb, const char *text)
{
    (void)mdb;
    (void)text; /* LMDB prints it when it goes on to abort */
    onym_damage_asserted();
}

enum onym_status
onym_tables_open(const char *path, const struct onym_tables_options *options,
                 struct onym_tables *out, struct onym_fault *fault)
{
    struct onym_tables t = {0};
    int rc = mdb_env_create(&t.mdb);

    if (rc == 0) {
        rc = mdb_env_set_assert(t.mdb, assertion_failed);
    }
    if (rc == 0) {
        rc = mdb_env_set_mapsize(t.mdb, options->map_size);
    }
    if (rc == 0) {
        rc = mdb_env_set_maxdbs(t.mdb, TABLES_MAX);
    }
    if (rc == 0 && options->readers_max != 0) {
        rc = mdb_env_set_maxreaders(t.mdb, options->readers_max);
    }
    if (rc == 0) {
        rc = mdb_env_open(t.mdb, path, MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD | options->flags,
                          0600);
    }
    if (rc == 0) {
        rc = open_existing(&t);
        if (rc == MDB_NOTFOUND && options->create) {
            rc = create_tables(&t, options->digest != 0 ? options->digest : ONYM_RECORD_SHA256);
        }
    }
    if (rc == 0) {
        rc = open_later(&t, "outcome", &t.outcome);
    }
    if (rc == 0) {
        rc = open_later(&t, "names", &t.names);
    }
    if (rc != 0) {
        onym_tables_close(&t);
        return onym_lmdb_fault(fault, path, rc);
    }
    t.map = onym_lmdb_map_find(t.mdb, t.main, ONYM_TABLE_RECORD);
    *out = t;
    return ONYM_OK;
}

void
onym_tables_close(struct onym_tables *tables)
{
    if (tables->mdb != NULL) {
        mdb_env_close(tables->mdb);
        tables->mdb = NULL;
    }
}
