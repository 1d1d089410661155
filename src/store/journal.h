/* One barrier for a commit, over one piece of disk. LMDB makes a commit durable by syncing its
 * pages, which lie anywhere in its file, and then the meta page that makes them the store. Here
 * everything it writes for a commit is written down first, in a file of its full length, and synced
 * there; the meta page is written after that and nobody waits for LMDB's own file, which is synced
 * now and then. After a power cut that file may have any part of what was written since, and
 * opening it writes all of that again.
 *
 *   DIR/journal.0, DIR/journal.1   records (store/journal_record.h) one behind the other. One file
 *                                  is written until it is full, then the other one, while a thread
 *                                  syncs LMDB's file: the first one is needed until that is done
 *
 * What is written, an epoch a file:
 *   - a record of a commit that follows the ones before it;
 *   - an empty record of one sector, when that begins a new epoch: it is written over the epoch
 *     before the last one, and must be there whole or not at all;
 *   - of a commit that is too large, or likely to be: the meta page alone, in a new epoch, when
 *     LMDB's file was synced with all its pages. That is two barriers, as LMDB alone has;
 *   - an empty record in a new epoch, when LMDB's file has everything: what came before ends there.
 *
 * A commit is visible to readers when LMDB's meta page is written, so never before it is durable.
 * One thread at a time. For store/ alone. */
#ifndef ONYM_STORE_JOURNAL_H
#define ONYM_STORE_JOURNAL_H

#include "base/fault.h"

#include <stdbool.h>
#include <sys/types.h>

#define ONYM_JOURNAL_SIZE_MIN ((size_t)1 << 20) /* of each file; the first one it has */
#define ONYM_JOURNAL_SIZE_MAX ((size_t)16 << 20)

struct onym_journal; /* opaque */

/* Opens the journal of the store in dir, whose LMDB file is at data_path and not open, and writes
 * into that file again what it may lack. A store without a journal gets one with its first commit;
 * its files grow to size_max bytes each (0: ONYM_JOURNAL_SIZE_MAX) as long as the disk has plenty
 * of room. ONYM_OK and *out (onym_journal_close), also when there is no LMDB file and nothing that
 * one may lack. Else *fault: ONYM_CORRUPT what is written down is not whole, or belongs to another
 * state of the file; ONYM_IN_USE another process has it; ONYM_NO_MEMORY; ONYM_FULL or ONYM_IO. */
ONYM_MUST_USE enum onym_status onym_journal_open(const char *dir, const char *data_path,
                                                 size_t size_max, struct onym_journal **out,
                                                 struct onym_fault *fault);

/* Ends what was written down, when nothing has failed, and closes. LMDB's file must not be written
 * any more. ONYM_OK: LMDB's file has everything; or ONYM_IO: it has that together with the
 * journal, which stays. NULL is fine. */
enum onym_status onym_journal_close(struct onym_journal *journal);

/* Before LMDB's file is written without the journal, and durably, by anybody: syncs it and ends
 * what was written down. ONYM_OK or ONYM_IO. */
ONYM_MUST_USE enum onym_status onym_journal_rest(struct onym_journal *journal);

/* From a write transaction's beginning to its end in this thread: what LMDB writes passes through
 * the journal. transaction: LMDB's number. When the journal's files cannot be made LMDB makes the
 * commit durable itself. */
void onym_journal_begin(struct onym_journal *journal, uint64_t transaction);
void onym_journal_end(void);

/* Before a transaction is committed that puts so many bytes of records and their keys. When its
 * pages are likely to be too many to be written down, they are not copied for that; the commit is
 * as durable either way. */
void onym_journal_expect(struct onym_journal *journal, size_t bytes);

/* A write or sync has failed: nothing is durable any more before the store is opened again, which
 * writes again what was acknowledged. */
bool onym_journal_is_broken(const struct onym_journal *journal);

/* ---- for store/lmdb_io.h ---- */

/* Whether that is a meta page of a transaction that is being committed. */
bool onym_journal_is_meta(const struct onym_journal *journal, onym_span bytes, off_t at);

/* A page that is going to be written there. */
void onym_journal_page(struct onym_journal *journal, onym_span bytes, off_t at);

/* So many bytes of pages were written with fd, a descriptor of LMDB's file. During a commit that is
 * too large to be written down the disk begins with what it lacks of the file, now and then. When
 * that fails the commit will. */
void onym_journal_written(struct onym_journal *journal, int fd, size_t len);

/* All pages are written: LMDB asks for its file to be synced, with a descriptor of its own. 0, or
 * -1 and errno. */
int onym_journal_barrier(struct onym_journal *journal, int fd);

/* Makes the transaction durable, then writes its meta page. What pwrite returns. */
ssize_t onym_journal_meta(struct onym_journal *journal, onym_span bytes, off_t at);

#endif
