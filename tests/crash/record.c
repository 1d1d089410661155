/* Loaded into a program with LD_PRELOAD: every change to the files of one directory goes, in its
 * order and with its bytes, into a recording (trace.h). The calls do what they always do.
 *
 *   ONYM_RECORD_DIR    the directory, absolute; its files are made after the program began
 *   ONYM_RECORD_TRACE  the recording
 *
 * Files named "lock" and "*-lock" are left out: what they hold means nothing after a power cut.
 * What this file cannot record faithfully (a shared writable mapping, a descriptor made by dup)
 * ends the program, so that no recording is silently short of something. */
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT    __attribute__((visibility("default")))
#define FDS       1024
#define FILES     64U
#define PARTS_MAX 1024

enum what { OTHER, DATA, DIRECTORY, PARENT };

static struct {
    enum what what;
    uint32_t file;
    int through; /* O_DSYNC or O_SYNC */
} open_fd[FDS];

static struct {
    dev_t dev;
    ino_t ino;
    int gone; /* without a name: its number may come back for another file */
} known[FILES];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t known_count;
static int trace_fd = -1;
static const char *dir;
static char parent[4096];
static int is_dir_unsafe; /* made, and its parent not synced since */

EXPORT void onym_crash_note(const void *bytes, size_t len);

static _Noreturn void
give_up(const char *why)
{
    static const char front[] = "record: ";

    (void)!syscall(SYS_write, 2, front, sizeof front - 1);
    (void)!syscall(SYS_write, 2, why, strlen(why));
    (void)!syscall(SYS_write, 2, "\n", 1);
    abort();
}

/* One event, whole, behind the others. */
static void
put(enum trace_kind kind, uint32_t file, uint64_t offset, const struct iovec *parts, int count)
{
    struct trace_event event = {.kind = kind, .file = file, .offset = offset};
    struct iovec out[PARTS_MAX];

    if (count + 1 > PARTS_MAX) {
        give_up("more parts in one write than are recorded");
    }
    out[0] = (struct iovec){.iov_base = &event, .iov_len = sizeof event};
    for (int i = 0; i < count; i++) {
        out[i + 1] = parts[i];
        event.len += parts[i].iov_len;
    }
    if (syscall(SYS_writev, trace_fd, out, count + 1) != (long)(sizeof event + event.len)) {
        give_up("the recording cannot be written");
    }
}

static void
put_bytes(enum trace_kind kind, uint32_t file, const void *bytes, size_t len)
{
    put(kind, file, 0, &(struct iovec){.iov_base = (void *)(uintptr_t)bytes, .iov_len = len}, 1);
}

__attribute__((constructor)) static void
start(void)
{
    const char *path = getenv("ONYM_RECORD_TRACE");

    dir = getenv("ONYM_RECORD_DIR");
    if (dir == NULL || path == NULL) {
        dir = NULL;
        return;
    }
    trace_fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                            0600);
    if (trace_fd < 0 || strlen(dir) >= sizeof parent) {
        give_up("the recording cannot be opened");
    }
    memcpy(parent, dir, strlen(dir) + 1);
    if (strrchr(parent, '/') != NULL) {
        *strrchr(parent, '/') = '\0';
    }
}

__attribute__((destructor)) static void
end(void)
{
    if (trace_fd >= 0) {
        put(TRACE_END, 0, 0, NULL, 0);
    }
    if (is_dir_unsafe) {
        give_up("the program ends and its directory's own name was never synced");
    }
}

void
onym_crash_note(const void *bytes, size_t len)
{
    if (trace_fd >= 0) {
        (void)pthread_mutex_lock(&lock);
        if (is_dir_unsafe) {
            give_up("a note before the directory's own name is safe");
        }
        put_bytes(TRACE_NOTE, 0, bytes, len);
        (void)pthread_mutex_unlock(&lock);
    }
}

/* The name inside the directory; NULL when path is somewhere else or needs no recording. */
static const char *
inside(const char *path)
{
    size_t len = dir != NULL ? strlen(dir) : 0;
    size_t name_len;

    if (dir == NULL || strncmp(path, dir, len) != 0 || path[len] != '/' ||
        strchr(path + len + 1, '/') != NULL) {
        return NULL;
    }
    path += len + 1;
    name_len = strlen(path);
    if (strcmp(path, "lock") == 0 || (name_len > 5 && strcmp(path + name_len - 5, "-lock") == 0)) {
        return NULL;
    }
    return path;
}

/* The number of the file behind st; 0 when it is not known. */
static uint32_t
file_of(const struct stat *st)
{
    for (uint32_t i = 0; i < known_count; i++) {
        if (!known[i].gone && known[i].dev == st->st_dev && known[i].ino == st->st_ino) {
            return i + 1;
        }
    }
    return 0;
}

static void
forget(const char *path)
{
    struct stat st;
    uint32_t file = stat(path, &st) == 0 ? file_of(&st) : 0;

    if (file != 0) {
        known[file - 1].gone = 1;
    }
}

/* After an open that went well. */
static void
opened(int fd, const char *path, int flags)
{
    const char *name = inside(path);
    struct stat st;

    if (fd < 0 || dir == NULL) {
        return;
    }
    if (fd >= FDS) {
        give_up("more descriptors than are followed");
    }
    open_fd[fd].what = OTHER;
    if (strcmp(path, dir) == 0) {
        open_fd[fd].what = DIRECTORY;
    } else if (strcmp(path, parent) == 0) {
        open_fd[fd].what = PARENT;
    } else if (name != NULL && fstat(fd, &st) == 0) {
        uint32_t file = file_of(&st);

        if (file == 0) {
            if (known_count == FILES || st.st_size != 0) {
                give_up("a file that was there before the recording, or too many of them");
            }
            known[known_count].dev = st.st_dev;
            known[known_count].ino = st.st_ino;
            file = ++known_count;
            put_bytes(TRACE_CREATE, file, name, strlen(name));
        }
        open_fd[fd].what = DATA;
        open_fd[fd].file = file;
        open_fd[fd].through = (flags & O_DSYNC) != 0;
        if ((flags & O_TRUNC) != 0) {
            put(TRACE_SIZE, file, 0, NULL, 0);
        }
    }
}

static int
open_any(const char *path, int flags, mode_t mode)
{
    int fd;

    (void)pthread_mutex_lock(&lock);
    fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    opened(fd, path, flags);
    (void)pthread_mutex_unlock(&lock);
    return fd;
}

/* Not variadic as <fcntl.h> has them: on Linux the mode is passed alike. */
EXPORT int open_file(const char *path, int flags, mode_t mode) __asm__("open");
EXPORT int open_file64(const char *path, int flags, mode_t mode) __asm__("open64");

int
open_file(const char *path, int flags, mode_t mode)
{
    return open_any(path, flags, mode);
}

int
open_file64(const char *path, int flags, mode_t mode)
{
    return open_any(path, flags, mode);
}

EXPORT int
close(int fd)
{
    int rc;

    (void)pthread_mutex_lock(&lock);
    if (fd >= 0 && fd < FDS) {
        open_fd[fd].what = OTHER;
    }
    rc = (int)syscall(SYS_close, fd);
    (void)pthread_mutex_unlock(&lock);
    return rc;
}

static enum what
what_of(int fd)
{
    return fd >= 0 && fd < FDS ? open_fd[fd].what : OTHER;
}

/* A duplicate would write unseen. */
EXPORT int
dup(int fd)
{
    if (what_of(fd) == DATA) {
        give_up("a descriptor of a recorded file is duplicated");
    }
    return (int)syscall(SYS_dup, fd);
}

/* A write to a recorded file: recorded, done, and, when the descriptor says so, on the disk. */
static ssize_t
write_parts(int fd, const struct iovec *parts, int count, off_t at, int is_positioned)
{
    int through = open_fd[fd].through;
    uint32_t file = open_fd[fd].file;
    size_t len = 0;
    ssize_t done;

    (void)pthread_mutex_lock(&lock);
    if (!is_positioned) {
        at = (off_t)syscall(SYS_lseek, fd, 0, SEEK_CUR);
    }
    for (int i = 0; i < count; i++) {
        len += parts[i].iov_len;
    }
    put(through ? TRACE_THROUGH : TRACE_WRITE, file, (uint64_t)at, parts, count);
    done = is_positioned ? (ssize_t)syscall(SYS_pwritev, fd, parts, (long)count, (long)at, 0L)
                         : (ssize_t)syscall(SYS_writev, fd, parts, (long)count);
    if (done != (ssize_t)len) {
        give_up("a write that was short or failed is not recorded");
    }
    if (through) {
        put(TRACE_WRITTEN, file, 0, NULL, 0);
    }
    (void)pthread_mutex_unlock(&lock);
    return done;
}

static struct iovec
part_of(const void *bytes, size_t len)
{
    return (struct iovec){.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
}

EXPORT ssize_t
write(int fd, const void *bytes, size_t len)
{
    struct iovec part = part_of(bytes, len);

    return what_of(fd) != DATA ? (ssize_t)syscall(SYS_write, fd, bytes, len)
                               : write_parts(fd, &part, 1, 0, 0);
}

EXPORT ssize_t
writev(int fd, const struct iovec *parts, int count)
{
    return what_of(fd) != DATA ? (ssize_t)syscall(SYS_writev, fd, parts, (long)count)
                               : write_parts(fd, parts, count, 0, 0);
}

EXPORT ssize_t
pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    struct iovec part = part_of(bytes, len);

    return what_of(fd) != DATA ? (ssize_t)syscall(SYS_pwrite64, fd, bytes, len, at)
                               : write_parts(fd, &part, 1, at, 1);
}

EXPORT ssize_t
pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
    return pwrite(fd, bytes, len, at);
}

EXPORT ssize_t
pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
    return what_of(fd) != DATA ? (ssize_t)syscall(SYS_pwritev, fd, parts, (long)count, (long)at, 0L)
                               : write_parts(fd, parts, count, at, 1);
}

EXPORT ssize_t
pwritev64(int fd, const struct iovec *parts, int count, off64_t at)
{
    return pwritev(fd, parts, count, at);
}

static int
sync_by(long call, int fd)
{
    enum what what = what_of(fd);
    uint32_t file = what == DATA ? open_fd[fd].file : 0;
    int rc;

    if (what == OTHER) {
        return (int)syscall(call, fd);
    }
    (void)pthread_mutex_lock(&lock);
    rc = (int)syscall(call, fd);
    if (rc == 0 && what == PARENT) {
        is_dir_unsafe = 0;
    } else if (rc == 0) {
        put(what == DATA ? TRACE_SYNC : TRACE_SYNC_DIR, file, 0, NULL, 0);
    }
    (void)pthread_mutex_unlock(&lock);
    return rc;
}

EXPORT int
fsync(int fd)
{
    return sync_by(SYS_fsync, fd);
}

EXPORT int
fdatasync(int fd)
{
    return sync_by(SYS_fdatasync, fd);
}

EXPORT int
ftruncate(int fd, off_t size)
{
    int rc;

    if (what_of(fd) != DATA) {
        return (int)syscall(SYS_ftruncate, fd, size);
    }
    (void)pthread_mutex_lock(&lock);
    put(TRACE_SIZE, open_fd[fd].file, (uint64_t)size, NULL, 0);
    rc = (int)syscall(SYS_ftruncate, fd, size);
    (void)pthread_mutex_unlock(&lock);
    if (rc != 0) {
        give_up("a file could not be cut");
    }
    return rc;
}

EXPORT int
ftruncate64(int fd, off64_t size)
{
    return ftruncate(fd, size);
}

EXPORT int
fallocate(int fd, int mode, off_t at, off_t len)
{
    if (what_of(fd) == DATA) {
        give_up("fallocate on a recorded file");
    }
    return (int)syscall(SYS_fallocate, fd, mode, at, len);
}

EXPORT int
posix_fallocate(int fd, off_t at, off_t len)
{
    return fallocate(fd, 0, at, len) == 0 ? 0 : errno;
}

EXPORT void *
mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset)
{
    if (what_of(fd) == DATA && (protection & PROT_WRITE) != 0 && (flags & MAP_PRIVATE) == 0) {
        give_up("a recorded file is mapped for writing");
    }
    return (void *)syscall(SYS_mmap, at, len, (long)protection, (long)flags, (long)fd, offset);
}

EXPORT void *
mmap64(void *at, size_t len, int protection, int flags, int fd, off64_t offset)
{
    return mmap(at, len, protection, flags, fd, offset);
}

EXPORT int
mkdir(const char *path, mode_t mode)
{
    int rc = (int)syscall(SYS_mkdir, path, mode);

    if (rc == 0 && dir != NULL && strcmp(path, dir) == 0) {
        is_dir_unsafe = 1;
    }
    return rc;
}

EXPORT int
rename(const char *from, const char *to)
{
    const char *old = inside(from);
    const char *new = inside(to);
    int rc;

    (void)pthread_mutex_lock(&lock);
    if (old != NULL && new != NULL) {
        struct iovec parts[2] = {part_of(old, strlen(old) + 1), part_of(new, strlen(new))};

        put(TRACE_RENAME, 0, 0, parts, 2);
        forget(to);
    } else if (old != NULL || new != NULL) {
        give_up("a rename into or out of the recorded directory");
    }
    rc = (int)syscall(SYS_rename, from, to);
    (void)pthread_mutex_unlock(&lock);
    return rc;
}

EXPORT int
unlink(const char *path)
{
    const char *name = inside(path);
    int rc;

    (void)pthread_mutex_lock(&lock);
    if (name != NULL && access(path, F_OK) == 0) {
        put_bytes(TRACE_UNLINK, 0, name, strlen(name));
        forget(path);
    }
    rc = (int)syscall(SYS_unlink, path);
    (void)pthread_mutex_unlock(&lock);
    return rc;
}
