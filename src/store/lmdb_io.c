#include "store/lmdb_io.h"

#include <errno.h>
#include <unistd.h>

static _Thread_local struct onym_journal *through;

void
onym_lmdb_io_through(struct onym_journal *journal)
{
    through = journal;
}

/* A write that stops short has its reason in the next piece: a full disk, a limit of file sizes.
 * LMDB itself takes any short write for a failing disk. */
static bool
write_rest(int fd, onym_span rest, off_t at)
{
    while (rest.len > 0) {
        ssize_t done = pwrite(fd, rest.at, rest.len, at);

        if (done > 0) {
            rest = onym_span_from(rest, (size_t)done);
            at += done;
        } else if (done == 0 || errno != EINTR) {
            errno = done == 0 ? ENOSPC : errno;
            return false;
        }
    }
    return true;
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
    if (!write_rest(fd, written, at)) {
        return -1;
    }
    if (through != NULL) {
        onym_journal_written(through, fd, len);
    }
    return (ssize_t)len;
}

/* What writev gave, done at the file's place, and the rest. */
static ssize_t
finish_parts(int fd, const struct iovec *parts, int count, ssize_t done)
{
    off_t at = 0;
    size_t len = 0;
    size_t written = done > 0 ? (size_t)done : 0;

    for (int i = 0; i < count; i++) {
        len += parts[i].iov_len;
    }
    if (done < 0 || written == len) {
        return done;
    }
    at = lseek(fd, 0, SEEK_CUR) - done;
    for (int i = 0; i < count; i++) {
        onym_span part = onym_span_of(parts[i].iov_base, parts[i].iov_len);
        size_t skipped = written < part.len ? written : part.len;

        if (!write_rest(fd, onym_span_from(part, skipped), at + (off_t)skipped)) {
            return -1;
        }
        written -= skipped;
        at += (off_t)part.len;
    }
    return (ssize_t)len;
}

/* LMDB moves to the place and writes there. */
ssize_t
onym_lmdb_writev(int fd, const struct iovec *parts, int count)
{
    off_t at = through != NULL ? lseek(fd, 0, SEEK_CUR) : 0;
    ssize_t done;

    for (int i = 0; through != NULL && i < count; i++) {
        onym_journal_page(through, onym_span_of(parts[i].iov_base, parts[i].iov_len), at);
        at += (off_t)parts[i].iov_len;
    }
    done = finish_parts(fd, parts, count, writev(fd, parts, count));
    if (through != NULL && done > 0) {
        onym_journal_written(through, fd, (size_t)done);
    }
    return done;
}

int
onym_lmdb_fdatasync(int fd)
{
    return through != NULL ? onym_journal_barrier(through, fd) : fdatasync(fd);
}
