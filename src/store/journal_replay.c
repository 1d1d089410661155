#include "store/journal_priv.h"
#include "store/lmdb_status.h"

#include <errno.h>
#include <unistd.h>

/* The records of one file, one behind the other. */
struct run {
    struct onym_journal_place first; /* number 0; epoch 0: the file has no record */
    uint64_t seed, at;               /* of the next one */
    uint32_t count;
    uint64_t first_transaction, last_transaction; /* of those with pieces; 0: none has */
    bool is_other;                                /* one of these was written for another file */
};

/* A whole record at `at`, ONYM_NOT_FOUND when there is none. The file is as long as what is asked
 * for, so less of it is not a record's end but a disk that cannot read the rest. */
static enum onym_status
read_at(struct onym_journal *journal, const struct onym_journal_file *file, uint64_t at,
        uint64_t seed, struct onym_journal_place *place, onym_span *pieces, uint64_t *sum)
{
    uint8_t *bytes = journal->draft.bytes;
    size_t len = ONYM_JOURNAL_BLOCK;
    size_t need;

    if (file->fd < 0 || at + len > file->size) {
        return ONYM_NOT_FOUND;
    }
    if (pread(file->fd, bytes, len, (off_t)at) != (ssize_t)len) {
        return ONYM_IO;
    }
    need = onym_journal_record_need(onym_span_of(bytes, len));
    if (need > len && need <= ONYM_JOURNAL_RECORD_MAX && at + need <= file->size) {
        len = need;
        if (pread(file->fd, bytes, len, (off_t)at) != (ssize_t)len) {
            return ONYM_IO;
        }
    }
    return onym_journal_record_read(onym_span_of(bytes, len), seed, place, pieces, sum);
}

/* Writes the pieces of a record into LMDB's file. 0, errno, or -1: they are not of their form. */
static int
apply(const struct onym_journal *journal, onym_span pieces)
{
    uint64_t place;
    onym_span bytes;

    while (pieces.len > 0) {
        if (onym_journal_piece_next(&pieces, &place, &bytes) != ONYM_OK) {
            return -1;
        }
        ssize_t done = bytes.len == 0 /* it only says something of the file */
                           ? 0
                           : pwrite(journal->data_fd, bytes.at, bytes.len, (off_t)place);

        if (done != (ssize_t)bytes.len) {
            return done < 0 ? errno : ENOSPC;
        }
    }
    return 0;
}

/* Goes through the records of a file: compares them with what LMDB's file says of itself, or with
 * NULL writes them. ONYM_OK, or with *fault. */
static enum onym_status
walk(struct onym_journal *journal, unsigned which, const struct onym_journal_base *base,
     struct run *out, struct onym_fault *fault)
{
    struct onym_journal_place place;
    onym_span pieces;
    uint64_t sum;
    enum onym_status status;

    *out = (struct run){.count = 0};
    for (;;) {
        status = read_at(journal, &journal->file[which], out->at, out->seed, &place, &pieces, &sum);
        if (status != ONYM_OK || place.number != out->count ||
            (out->count > 0 && place.epoch != out->first.epoch)) {
            break;
        }
        if (out->count == 0) {
            out->first = place;
        }
        if (pieces.len > 0) {
            int error = base == NULL ? apply(journal, pieces) : 0;

            if (error != 0) {
                return error < 0 ? onym_fault_set(fault, ONYM_CORRUPT,
                                                  "%s/journal.%u: record %u is not whole",
                                                  journal->dir, which, (unsigned)place.number)
                                 : onym_lmdb_fault(fault, journal->dir, error);
            }
            if (out->first_transaction == 0) {
                out->first_transaction = place.transaction;
            }
            out->last_transaction = place.transaction;
            out->is_other = out->is_other ||
                            (base != NULL &&
                             !onym_journal_base_fits(journal, base, place.transaction, pieces));
        }
        out->count++;
        out->seed = sum;
        out->at += onym_journal_padded(ONYM_JOURNAL_FRONT_LEN + pieces.len);
    }
    return status == ONYM_IO ? onym_fault_set(fault, ONYM_IO,
                                              "%s/journal.%u: cannot be read; see the system's "
                                              "log for the disk",
                                              journal->dir, which)
                             : ONYM_OK;
}

static enum onym_status
of_another_state(const char *data_path, struct onym_fault *fault)
{
    return onym_fault_set(fault, ONYM_CORRUPT,
                          "%s: journal.0 and journal.1 beside it were written for another state "
                          "of this file; if the file was put there from a copy, put theirs there "
                          "too, or delete both (changes after the copy are lost)",
                          data_path);
}

enum onym_status
onym_journal_replay(struct onym_journal *journal, const char *data_path, struct onym_fault *fault)
{
    struct onym_journal_base base;
    struct run run[2];
    unsigned newest;
    bool is_both;
    int error = onym_journal_base_read(journal->data_fd, &base);
    enum onym_status status = error == 0 ? walk(journal, 0, &base, &run[0], fault)
                                         : onym_lmdb_fault(fault, data_path, error);

    if (status == ONYM_OK) {
        status = walk(journal, 1, &base, &run[1], fault);
    }
    journal->page_size = base.page_size;
    if (status != ONYM_OK) {
        return status;
    }
    newest = run[1].first.epoch > run[0].first.epoch ? 1 : 0;
    if (run[newest].count == 0) {
        return ONYM_OK;
    }
    is_both = run[newest].first.follows && run[1 - newest].count > 0 &&
              run[1 - newest].first.epoch + 1 == run[newest].first.epoch;
    journal->live = newest;
    journal->epoch = run[newest].first.epoch;
    journal->number = run[newest].count;
    journal->seed = run[newest].seed;
    journal->at = run[newest].at;
    if (is_both && run[1 - newest].count != run[newest].first.before) {
        return onym_fault_set(fault, ONYM_CORRUPT,
                              "%s/journal.%u: has %u records where %u were written; restore the "
                              "store from a dump or backup",
                              journal->dir, 1 - newest, (unsigned)run[1 - newest].count,
                              (unsigned)run[newest].first.before);
    }
    uint64_t first = is_both && run[1 - newest].first_transaction != 0
                         ? run[1 - newest].first_transaction
                         : run[newest].first_transaction;
    uint64_t last = is_both && run[newest].last_transaction == 0 ? run[1 - newest].last_transaction
                                                                 : run[newest].last_transaction;

    if (last == 0) {
        return ONYM_OK;
    }
    if (base.transaction + 1 < first || base.transaction > last || run[newest].is_other ||
        (is_both && run[1 - newest].is_other)) {
        return of_another_state(data_path, fault);
    }
    journal->is_live = true;
    if (is_both) {
        status = walk(journal, 1 - newest, NULL, &run[1 - newest], fault);
    }
    return status == ONYM_OK ? walk(journal, newest, NULL, &run[newest], fault) : status;
}
