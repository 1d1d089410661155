/* The journal's two files: of their full length before anything is written into them. */
#include "store/journal_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define PLENTY       16U /* a file grows when the disk has that many times as much free */
#define ZEROS        ((size_t)64 << 10)
#define PATH_LEN_MAX 4096U

/* Makes the file `to` bytes long, with all of its blocks on the disk, so that what is written into
 * it later changes nothing but its bytes. 0 or errno. */
static int
grow(struct onym_journal_file *file, uint64_t to)
{
    uint8_t *zeros = calloc(1, ZEROS);
    int error = zeros == NULL ? ENOMEM : 0;

    for (uint64_t at = file->size; error == 0 && at < to; at += ZEROS) {
        ssize_t done = pwrite(file->fd, zeros, ZEROS, (off_t)at);

        error = done == (ssize_t)ZEROS ? 0 : done < 0 ? errno : ENOSPC;
    }
    free(zeros);
    if (error == 0 && fsync(file->fd) != 0) {
        error = errno;
    }
    if (error != 0) {
        (void)!ftruncate(file->fd, (off_t)file->size);
        return error;
    }
    file->size = to;
    return 0;
}

int
onym_journal_file_open(const struct onym_journal *journal, unsigned which, int flags)
{
    char path[PATH_LEN_MAX];
    int len = snprintf(path, sizeof path, "%s/journal.%u", journal->dir, which);

    if (len < 0 || (size_t)len >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open(path, O_RDWR | O_CLOEXEC | flags, 0600);
}

bool
onym_journal_has_files(const struct onym_journal *journal)
{
    return journal->file[0].fd >= 0 && journal->file[0].size >= ONYM_JOURNAL_SIZE_MIN &&
           journal->file[1].fd >= 0 && journal->file[1].size >= ONYM_JOURNAL_SIZE_MIN;
}

bool
onym_journal_make_files(struct onym_journal *journal)
{
    int dir = open(journal->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_made = dir >= 0;

    for (unsigned k = 0; k < 2 && is_made; k++) {
        struct onym_journal_file *file = &journal->file[k];

        if (file->fd < 0) {
            file->fd = onym_journal_file_open(journal, k, O_CREAT);
        }
        is_made = file->fd >= 0 &&
                  (file->size >= ONYM_JOURNAL_SIZE_MIN || grow(file, ONYM_JOURNAL_SIZE_MIN) == 0);
    }
    is_made = is_made && fsync(dir) == 0;
    if (dir >= 0) {
        (void)close(dir);
    }
    return is_made;
}

void
onym_journal_grow_on(struct onym_journal *journal, struct onym_journal_file *file)
{
    struct statvfs fs;

    if (2 * file->size <= journal->size_max && fstatvfs(file->fd, &fs) == 0 &&
        fs.f_bavail * fs.f_frsize / PLENTY >= file->size) {
        (void)grow(file, 2 * file->size);
    }
}
