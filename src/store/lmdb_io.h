/* The calls with which LMDB writes its file. The archive of LMDB that is linked has them under
 * these names instead of the system's (cmake/lmdb.cmake), so that a journal can stand in front. In
 * a thread that has none they are the system's. For store/ alone. */
#ifndef ONYM_STORE_LMDB_IO_H
#define ONYM_STORE_LMDB_IO_H

#include "store/journal.h"

#include <sys/types.h>
#include <sys/uio.h>

/* What this thread writes through LMDB from now on passes through the journal; NULL: nothing does.
 * The journal is borrowed. */
void onym_lmdb_io_through(struct onym_journal *journal);

/* As pwrite, writev and fdatasync (POSIX.1-2008). */
ssize_t onym_lmdb_pwrite(int fd, const void *bytes, size_t len, off_t at);
ssize_t onym_lmdb_writev(int fd, const struct iovec *parts, int count);
int onym_lmdb_fdatasync(int fd);

#endif
