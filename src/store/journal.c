#include "store/journal.h"

#include "base/process.h"
#include "store/hold.h"
#include "store/journal_priv.h"
#include "store/lmdb_io.h"
#include "store/lmdb_page.h"
#include "store/lmdb_status.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define META_ROOM  256U /* of a record, for the meta page that comes last, and its base */
#define BEHIND_MAX ((size_t)256 << 10) /* written and not begun with by the disk */

_Static_assert(ONYM_JOURNAL_SIZE_MIN >= ONYM_JOURNAL_BLOCK + ONYM_JOURNAL_RECORD_MAX,
               "every record fits a file, behind an empty one");

/* ---- LMDB's file ---- */

static void *
sync_data(void *of)
{
    struct onym_journal *journal = of;

    onym_process_name_thread("store-sync");
    journal->sync_error = fdatasync(journal->data_fd) == 0 ? 0 : errno;
    return NULL;
}

/* The thread takes no signals: they belong to the program's own loop. */
static void
start_sync(struct onym_journal *journal)
{
    sigset_t all;
    sigset_t before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    journal->is_syncing = pthread_create(&journal->syncer, NULL, sync_data, journal) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!journal->is_syncing) {
        (void)sync_data(journal);
    }
}

/* 0 or errno of the last sync that was started. */
static int
end_sync(struct onym_journal *journal)
{
    if (journal->is_syncing) {
        (void)pthread_join(journal->syncer, NULL);
        journal->is_syncing = false;
    }
    return journal->sync_error;
}

/* ---- records ---- */

/* Writes the draft as a record at `at` of a file, and syncs it. 0 or errno. */
static int
write_record(struct onym_journal_draft *draft, const struct onym_journal_file *file, uint64_t at,
             const struct onym_journal_place *place, uint64_t *seed)
{
    size_t len = onym_journal_padded(draft->len);
    ssize_t done;

    *seed = onym_journal_draft_seal(draft, place);
    done = pwrite(file->fd, draft->bytes, len, (off_t)at);
    if (done != (ssize_t)len) {
        return done < 0 ? errno : EIO;
    }
    return fdatasync(file->fd) == 0 ? 0 : errno;
}

/* Writes the draft as the first record of an epoch, into the file that is not live. Nothing in
 * there is needed any more: what it has was synced before the live one began, or is by now. */
static int
begin_epoch(struct onym_journal *journal, struct onym_journal_draft *draft, bool follows)
{
    unsigned other = 1 - journal->live;
    struct onym_journal_place place = {.epoch = journal->epoch + 1,
                                       .transaction = journal->transaction,
                                       .before = follows ? journal->number : 0,
                                       .follows = follows};
    int error = end_sync(journal);

    if (error != 0) {
        return error;
    }
    if (journal->number > 0 && journal->transaction != 0) {
        onym_journal_grow_on(journal, &journal->file[other]);
    }
    error = write_record(draft, &journal->file[other], 0, &place, &journal->seed);
    if (error != 0) {
        return error;
    }
    journal->live = other;
    journal->epoch++;
    journal->number = 1;
    journal->at = onym_journal_padded(draft->len);
    return 0;
}

/* Writes the draft behind the last record, where there is room for it. */
static int
append(struct onym_journal *journal)
{
    struct onym_journal_place place = {.epoch = journal->epoch,
                                       .seed = journal->seed,
                                       .transaction = journal->transaction,
                                       .number = journal->number};
    int error = write_record(&journal->draft, &journal->file[journal->live], journal->at, &place,
                             &journal->seed);

    if (error == 0) {
        journal->number++;
        journal->at += onym_journal_padded(journal->draft.len);
    }
    return error;
}

/* Writes the draft into an epoch that follows the live one, behind an empty record. That one is all
 * in one sector: of a longer one a power cut might leave the end behind the first record of the
 * epoch that was there before, which would then look as if a disk had lost the rest of it. */
static int
follow(struct onym_journal *journal)
{
    uint8_t block[ONYM_JOURNAL_BLOCK];
    struct onym_journal_draft empty = {.bytes = block};
    int error;

    onym_journal_draft_start(&empty);
    error = begin_epoch(journal, &empty, true);
    if (error == 0) {
        onym_journal_base_add(journal);
        error = append(journal);
    }
    if (error == 0) {
        start_sync(journal);
    }
    return error;
}

static int
write_down(struct onym_journal *journal)
{
    bool has_room = journal->number > 0 && onym_journal_padded(journal->draft.len) <=
                                               journal->file[journal->live].size - journal->at;

    if (has_room) {
        return append(journal);
    }
    return journal->is_live ? follow(journal) : begin_epoch(journal, &journal->draft, false);
}

/* ---- a transaction ---- */

void
onym_journal_begin(struct onym_journal *journal, uint64_t transaction)
{
    if (!journal->is_off && !onym_journal_has_files(journal)) {
        journal->is_off = !onym_journal_make_files(journal);
    }
    if (!journal->is_off) {
        journal->transaction = transaction;
        journal->way = ONYM_JOURNAL_OPEN;
        journal->behind = 0;
        onym_journal_draft_start(&journal->draft);
        onym_lmdb_io_through(journal);
    }
}

void
onym_journal_end(void)
{
    onym_lmdb_io_through(NULL);
}

bool
onym_journal_is_broken(const struct onym_journal *journal)
{
    return journal->is_broken;
}

bool
onym_journal_is_meta(const struct onym_journal *journal, onym_span bytes, off_t at)
{
    return bytes.len < journal->page_size && (uint64_t)at < 2 * journal->page_size &&
           (journal->way == ONYM_JOURNAL_WRITTEN || journal->way == ONYM_JOURNAL_SYNCED);
}

void
onym_journal_page(struct onym_journal *journal, onym_span bytes, off_t at)
{
    onym_process_give_way();
    onym_journal_draft_add(&journal->draft, (uint64_t)at, bytes, journal->page_size);
}

/* What failed makes everything unknown that LMDB's file may lack. Returns -1 with errno; not EINTR,
 * after which LMDB would try again, past the journal. */
static int
fail(struct onym_journal *journal, int error)
{
    journal->is_broken = true;
    journal->way = ONYM_JOURNAL_ENDED;
    errno = error == EINTR ? EIO : error;
    return -1;
}

/* Of sync_file_range: there is no such call here, or not for this file. */
static bool
is_unknown(int error)
{
    return error == ENOSYS || error == EPERM || error == EINVAL || error == ESPIPE;
}

/* Whether the kernel has failed to write something of the file since fd was opened, without waiting
 * for anything: it calls such a page clean, may forget it, and then gives what the disk has there.
 * 0 or errno, once. */
static int
failed_behind(int fd)
{
    /* where that cannot be asked, the next sync tells */
    return sync_file_range(fd, INT64_MAX - 1, 1, SYNC_FILE_RANGE_WAIT_BEFORE) == 0 ||
                   is_unknown(errno)
               ? 0
               : errno;
}

void
onym_journal_expect(struct onym_journal *journal, size_t bytes)
{
    if (bytes > ONYM_JOURNAL_LARGE) {
        journal->draft.is_whole = false;
    }
}

/* What the kernel has no blocks for it may throw away, and tells nobody but who made it begin. */
void
onym_journal_written(struct onym_journal *journal, int fd, size_t len)
{
    journal->behind += len;
    if (!journal->draft.is_whole && journal->behind >= BEHIND_MAX) {
        journal->behind = 0;
        journal->is_broken = journal->is_broken ||
                             (sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE) != 0 &&
                              !is_unknown(errno));
    }
}

/* A commit that was made of a page the disk has lost is not written down. The thread that syncs
 * asks with another descriptor, and each is told. */
int
onym_journal_barrier(struct onym_journal *journal, int fd)
{
    int error = journal->is_broken ? EIO : failed_behind(fd);

    if (error != 0) {
        return fail(journal, error);
    }
    if (journal->draft.is_whole && journal->draft.len + META_ROOM <= ONYM_JOURNAL_RECORD_MAX) {
        journal->way = ONYM_JOURNAL_WRITTEN;
        return 0;
    }
    journal->way = ONYM_JOURNAL_SYNCED;
    return fdatasync(journal->data_fd) == 0 ? 0 : fail(journal, errno);
}

ssize_t
onym_journal_meta(struct onym_journal *journal, onym_span bytes, off_t at)
{
    ssize_t done;
    int error;

    if (journal->way == ONYM_JOURNAL_SYNCED) {
        onym_journal_draft_start(&journal->draft);
    }
    if (journal->way == ONYM_JOURNAL_SYNCED || !journal->is_live) {
        onym_journal_base_add(journal);
    }
    onym_journal_page(journal, bytes, at);
    error = journal->way == ONYM_JOURNAL_SYNCED ? begin_epoch(journal, &journal->draft, false)
                                                : write_down(journal);
    if (error != 0) {
        return fail(journal, error);
    }
    journal->is_live = true;
    journal->way = ONYM_JOURNAL_ENDED;
    done = pwrite(journal->data_fd, bytes.at, bytes.len, at);
    /* it is written down: nothing may end the journal before that is written again */
    return done == (ssize_t)bytes.len ? done : fail(journal, done < 0 ? errno : ENOSPC);
}

/* ---- life ---- */

enum onym_status
onym_journal_rest(struct onym_journal *journal)
{
    int error;

    if (journal->is_broken) {
        return ONYM_IO;
    }
    if (!journal->is_live) {
        return ONYM_OK;
    }
    error = fdatasync(journal->data_fd) == 0 ? 0 : errno;
    /* one that somebody took away is made before the record, not over it */
    if (error == 0 && !onym_journal_has_files(journal) && !onym_journal_make_files(journal)) {
        error = EIO;
    }
    if (error == 0) {
        onym_journal_draft_start(&journal->draft);
        journal->transaction = 0;
        error = begin_epoch(journal, &journal->draft, false);
    }
    if (error != 0) {
        (void)fail(journal, error);
        return ONYM_IO;
    }
    journal->is_live = false;
    return ONYM_OK;
}

/* The files that are there, as they are. LMDB's is held, for whoever took DIR/lock for a file that
 * a dead process has left. 0 or errno. */
static int
open_files(struct onym_journal *journal, const char *data_path)
{
    struct stat st;
    int error;

    journal->data_fd = open(data_path, O_RDWR | O_CLOEXEC);
    error = journal->data_fd >= 0 ? onym_hold(journal->data_fd) : errno;
    if (error != 0 && error != ENOENT) {
        return error;
    }
    for (unsigned k = 0; k < 2; k++) {
        journal->file[k].fd = onym_journal_file_open(journal, k, 0);
        if (journal->file[k].fd < 0 && errno != ENOENT) {
            return errno;
        }
        if (journal->file[k].fd >= 0 && fstat(journal->file[k].fd, &st) != 0) {
            return errno;
        }
        journal->file[k].size = journal->file[k].fd < 0 ? 0 : (uint64_t)st.st_size;
    }
    return 0;
}

/* What a killed program wrote into the journal may be in memory alone, and what a disk failed to
 * write too, though the kernel calls it clean then. What is read from now on the disk has. 0 or
 * errno. */
static int
settle(const struct onym_journal *journal)
{
    int error = 0;

    for (unsigned k = 0; k < 2 && error == 0; k++) {
        if (journal->file[k].fd >= 0) {
            error = fdatasync(journal->file[k].fd) == 0 ? 0 : errno;
            (void)posix_fadvise(journal->file[k].fd, 0, 0, POSIX_FADV_DONTNEED);
        }
    }
    return error;
}

enum onym_status
onym_journal_open(const char *dir, const char *data_path, size_t size_max,
                  struct onym_journal **out, struct onym_fault *fault)
{
    struct onym_journal *journal = calloc(1, sizeof *journal);
    enum onym_status status;
    int error;

    if (journal == NULL) {
        return onym_fault_set(fault, ONYM_NO_MEMORY, "%s: out of memory", dir);
    }
    journal->file[0].fd = journal->file[1].fd = journal->data_fd = -1;
    journal->live = 1;
    journal->size_max = size_max != 0 ? size_max : ONYM_JOURNAL_SIZE_MAX;
    journal->dir = strdup(dir);
    journal->draft.bytes = malloc(ONYM_JOURNAL_RECORD_MAX);
    if (journal->dir == NULL || journal->draft.bytes == NULL) {
        (void)onym_journal_close(journal);
        return onym_fault_set(fault, ONYM_NO_MEMORY, "%s: out of memory", dir);
    }
    error = open_files(journal, data_path);
    if (error == 0) {
        error = settle(journal);
    }
    status = error == 0 ? ONYM_OK : onym_lmdb_fault(fault, dir, error);
    if (status == ONYM_OK) {
        status = onym_journal_replay(journal, data_path, fault);
    }
    if (status == ONYM_OK && onym_journal_rest(journal) != ONYM_OK) {
        status = onym_fault_set(fault, ONYM_IO,
                                "%s: the last changes cannot be written again; see the system's "
                                "log for the disk",
                                data_path);
    }
    if (status != ONYM_OK) {
        journal->is_broken = true;
        (void)onym_journal_close(journal);
        return status;
    }
    *out = journal;
    return ONYM_OK;
}

enum onym_status
onym_journal_close(struct onym_journal *journal)
{
    enum onym_status status;

    if (journal == NULL) {
        return ONYM_OK;
    }
    status = onym_journal_rest(journal);
    (void)end_sync(journal);
    for (unsigned k = 0; k < 2; k++) {
        if (journal->file[k].fd >= 0) {
            (void)close(journal->file[k].fd);
        }
    }
    if (journal->data_fd >= 0) {
        (void)close(journal->data_fd);
    }
    free(journal->draft.bytes);
    free(journal->dir);
    free(journal);
    return status;
}
