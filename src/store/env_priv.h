/* What the files of store/ share about an opened directory. For store/ alone. */
#ifndef ONYM_STORE_ENV_PRIV_H
#define ONYM_STORE_ENV_PRIV_H

#include "auth/digest.h"
#include "store/bloom.h"
#include "store/env.h"
#include "store/journal.h"
#include "store/lmdb_page.h"
#include "store/marks.h"

#include <lmdb.h>
#include <pthread.h>

#define ONYM_DATA_FILE     "data.mdb"
#define ONYM_DATA_FILE_NEW "data.mdb.new" /* being built by a load; never opened as a store */

#define ONYM_TABLE_RECORD "record"

/* An LMDB file and its tables. */
struct onym_tables {
    MDB_env *mdb;
    MDB_dbi main; /* the unnamed one, with the others' roots */
    MDB_dbi record, log, meta, outcome, names;
    struct onym_lmdb_map map;
};

/* The names of the log's last segment (store/names.h), for the one write transaction. */
#define ONYM_NAMES_BYTES 8176U
struct onym_names {
    uint64_t sequence; /* of the last entry taken in */
    uint8_t bits[ONYM_NAMES_BYTES];
};

struct onym_env {
    struct onym_tables tables;
    struct onym_names names;
    struct onym_journal *journal; /* NULL while the store is closed */
    bool is_journaled;            /* the store has the format of those with a journal */
    struct onym_marks *marks;     /* outlives reopening, and what is copied then must not */
    struct onym_bloom *bloom;     /* with a seed: keys are hashed like those of marks */
    /* Between reopening, which takes tables away for a moment, and what other threads ask without
     * a view. Views and changes are promised to be closed then. */
    pthread_mutex_t reopening;
    pthread_mutex_t
        changing; /* from the beginning of a change to the end of what follows its commit */
    /* The change's, made with the first one: of records and long keys, and of the log's group. */
    struct onym_digester *record_digester, *log_digester;
    int lock_fd; /* holds DIR/lock */
    size_t map_size;
    unsigned readers_max;
    size_t journal_size;
    char *dir;
    char *data_path; /* DIR/data.mdb */
    char *new_path;  /* DIR/data.mdb.new */
};

struct onym_tables_options {
    size_t map_size;      /* bytes */
    unsigned readers_max; /* 0: as many as LMDB has by default */
    unsigned flags;       /* of LMDB, added to those every file is opened with */
    bool create;
    enum onym_record_digest digest; /* of a log that is made; 0 = SHA-256 */
};

/* Opens the LMDB file at path and its tables, making them when create; a table that an older
 * program did not know is added. ONYM_OK, ONYM_NOT_FOUND (no tables there and !create) or what
 * onym_lmdb_fault gives. On failure nothing stays open. */
ONYM_MUST_USE enum onym_status onym_tables_open(const char *path,
                                                const struct onym_tables_options *options,
                                                struct onym_tables *out, struct onym_fault *fault);
/* Closes what onym_tables_open opened; the zero struct is fine. */
void onym_tables_close(struct onym_tables *tables);

/* Puts the finished and synced file DIR/data.mdb.new in the place of DIR/data.mdb and opens it.
 * The rename is durable before this returns. No view may be open. ONYM_OK; ONYM_IO and friends with
 * *fault: the old file is in its place; ONYM_UNCERTAIN with *fault: the new one is, but its name
 * may not outlive a power cut, or it could not be opened. When env->tables.mdb is NULL afterwards
 * only onym_env_close is allowed. */
ONYM_MUST_USE enum onym_status onym_env_replace(struct onym_env *env, struct onym_fault *fault);

#endif
