#include "store/lmdb_io.h"

#include <unistd.h>

static _Thread_local struct onym_journal *through;

void
onym_lmdb_io_through(struct onym_journal *journal)
{
    through = journal;
}

ssize_t
onym_lmdb_pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    onym_span written = onym_span_of(bytes, len);

    if (through != NULL && onym_journal_is_meta(through, written, at)) {
        return onym_journal_meta(through, written, at);
    }
    if (through != NULL) {
        onym_journal_page(through, written, at);
    }
    return pwrite(fd, bytes, len, at);
}

/* LMDB moves to the place and writes there. */
ssize_t
onym_lmdb_writev(int fd, const struct iovec *parts, int count)
{
    off_t at = through != NULL ? lseek(fd, 0, SEEK_CUR) : 0;

    for (int i = 0; through != NULL && i < count; i++) {
        onym_journal_page(through, onym_span_of(parts[i].iov_base, parts[i].iov_len), at);
        at += (off_t)parts[i].iov_len;
    }
    return writev(fd, parts, count);
}

int
onym_lmdb_fdatasync(int fd)
{
    return through != NULL ? onym_journal_barrier(through, fd) : fdatasync(fd);
}
