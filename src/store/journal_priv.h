/* What the files of the journal share. */
#ifndef ONYM_STORE_JOURNAL_PRIV_H
#define ONYM_STORE_JOURNAL_PRIV_H

#include "store/journal.h"
#include "store/journal_record.h"

#include <pthread.h>

/* What becomes of the transaction that is being committed. */
enum onym_journal_way {
    ONYM_JOURNAL_OPEN,    /* it is not known yet */
    ONYM_JOURNAL_WRITTEN, /* all of it is written down */
    ONYM_JOURNAL_SYNCED,  /* LMDB's file was synced; the meta page is written down */
    ONYM_JOURNAL_ENDED    /* by a failure: LMDB puts its old meta page back */
};

struct onym_journal_file {
    int fd;        /* -1: there is none */
    uint64_t size; /* bytes that are there to be written over */
};

struct onym_journal {
    struct onym_journal_file file[2];
    struct onym_journal_draft draft;
    int data_fd; /* LMDB's file, -1 when there is none */
    size_t page_size;
    size_t size_max;
    char *dir;
    /* the record that comes next */
    unsigned live; /* which file */
    uint64_t epoch, seed, at;
    uint32_t number; /* 0: no epoch has begun */
    bool is_live;    /* LMDB's file may lack something of what is written down */
    bool is_broken;
    bool is_off; /* its files could not be made */
    /* this transaction */
    uint64_t transaction;
    enum onym_journal_way way;
    size_t behind; /* bytes of its pages that the disk was not told to begin with */
    /* the thread that syncs LMDB's file */
    pthread_t syncer;
    bool is_syncing;
    int sync_error; /* of the thread, 0 or errno; read when it has ended */
};

/* Of a commit that puts more bytes of records than that, no pages are copied. */
#define ONYM_JOURNAL_LARGE (ONYM_JOURNAL_RECORD_MAX / 8 * 5)

/* A descriptor of one of the files, or -1 and errno. flags: for open, besides reading and writing.
 */
int onym_journal_file_open(const struct onym_journal *journal, unsigned which, int flags);

/* Whether both files are there in a length that records fit into. */
bool onym_journal_has_files(const struct onym_journal *journal);

/* Makes both, where they are missing or were not finished. False when that fails. */
bool onym_journal_make_files(struct onym_journal *journal);

/* Makes a file twice as long, when the disk has plenty of room; else it stays. */
void onym_journal_grow_on(struct onym_journal *journal, struct onym_journal_file *file);

/* What LMDB's file says of itself. */
struct onym_journal_base {
    uint64_t transaction; /* its last one; 0: none */
    size_t page_size;     /* 4096 where there is none */
    uint64_t file, state; /* places of pieces: of the file, and of it with that transaction */
};

/* fd: of LMDB's file, or -1. 0 or errno. */
ONYM_MUST_USE int onym_journal_base_read(int fd, struct onym_journal_base *out);

/* Makes a file that no journal belongs to yet one that is known from all others. Not synced. 0 or
 * errno. */
ONYM_MUST_USE int onym_journal_base_make(int fd, size_t page_size, uint64_t chance);

/* Adds what LMDB's file says of itself to the draft of the transaction that comes next: to the
 * first one of an epoch, and behind a rest. Where it cannot be read, nothing. */
void onym_journal_base_add(struct onym_journal *journal);

/* Whether the pieces of a transaction's record were written for the file that says that. */
bool onym_journal_base_fits(const struct onym_journal *journal,
                            const struct onym_journal_base *base, uint64_t transaction,
                            onym_span pieces);

/* Writes into LMDB's file again what the journal has, without syncing it, and finds the place of
 * the next record. is_live afterwards: it wrote something. Needs both descriptors of the files.
 * ONYM_OK; or ONYM_CORRUPT, ONYM_IO, ONYM_FULL with *fault. */
ONYM_MUST_USE enum onym_status onym_journal_replay(struct onym_journal *journal,
                                                   const char *data_path, struct onym_fault *fault);

#endif
