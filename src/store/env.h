/* A node's data directory, opened. LMDB behind words of our own.
 *
 *   DIR/data.mdb, DIR/data.mdb-lock   LMDB (one file each, MDB_NOSUBDIR)
 *   DIR/journal.0, DIR/journal.1     what LMDB's file may lack (store/journal.h)
 *   DIR/lock                          held (flock) while the node or an offline command runs; its
 *                                     text names the holder: "onymd pid 1234"
 */
#ifndef ONYM_STORE_ENV_H
#define ONYM_STORE_ENV_H

#include "base/fault.h"
#include "model/entry.h"

#define ONYM_STORE_MAP_SIZE_DEFAULT ((size_t)256 << 30)
#define ONYM_STORE_FORMAT           6U /* the newest that is read; meta keeps what a store needs */

struct onym_env; /* opaque; one per process and directory */

struct onym_env_options {
    const char *dir;
    const char *holder;   /* program name written into DIR/lock */
    size_t map_size;      /* bytes of address space; 0 = default. Changes at restart only */
    unsigned readers_max; /* reader slots; 0 = 126 */
    size_t journal_size;  /* bytes of each of its two files at most; 0 = 16 MiB */
    uint64_t seed; /* random, for store/marks.h and store/bloom.h; a program without views kept open
                      has none */
    bool create;   /* make DIR and an empty store when there is none */
    enum onym_record_digest log_hash; /* of a store that is made; 0 = SHA-256. One that is there
                                         keeps its own */
};

/* Takes DIR/lock, opens the store and reaps reader slots of dead processes.
 * ONYM_OK and *out (release with onym_env_close). Else *fault has one line saying what and what to
 * do: ONYM_NOT_FOUND no store there and !create; ONYM_IN_USE another process holds DIR/lock (names
 * it) or DIR/data.mdb and went on for a quarter of a second; ONYM_UNSUPPORTED a newer format;
 * ONYM_CORRUPT; ONYM_FULL; ONYM_NO_MEMORY map_size not available as address space; ONYM_IO
 * otherwise. */
ONYM_MUST_USE enum onym_status onym_env_open(const struct onym_env_options *options,
                                             struct onym_env **out, struct onym_fault *fault);

/* Closes the store's file, lets the kernel forget what it has cached of it, and opens it again:
 * what is read from then on is what the disk has. LMDB needs it after a failed write, and the
 * kernel after a failed sync, whose pages it calls clean. DIR/lock stays held. No view and no
 * change may be open. ONYM_OK; or the statuses of onym_env_open with *fault: then only another
 * onym_env_reopen or onym_env_close is allowed. */
ONYM_MUST_USE enum onym_status onym_env_reopen(struct onym_env *env, struct onym_fault *fault);

/* Every view must be closed before. NULL is fine. */
void onym_env_close(struct onym_env *env);

/* Frees reader slots whose process died. Cheap; call on a timer. Returns how many. */
unsigned onym_env_reap_readers(struct onym_env *env);

struct onym_env_stat {
    uint64_t handles;          /* records of kind handle */
    uint64_t prefixes;         /* homed prefixes */
    size_t map_size, map_used; /* bytes */
    uint64_t file_size;        /* bytes on disk */
    unsigned readers;
    enum onym_record_digest log_hash;
};
/* ONYM_OK or ONYM_IO. */
ONYM_MUST_USE enum onym_status onym_env_stat(struct onym_env *env, struct onym_env_stat *out);

#endif
