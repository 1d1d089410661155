/* Loaded into a program with LD_PRELOAD: the k-th call of one kind fails, as it does on a machine
 * in trouble. The file named by ONYM_FAULT_CONTROL, mapped and shared with the test, says which and
 * tells what happened; without it nothing fails.
 *
 * Reads are those at a place of a file, as of a store that is opened. For pwrite and pwritev only
 * regular files count, for write and writev too, so that sockets and
 * pipes are left alone. A call that fails does nothing. Memory that two libraries ask for is always
 * given: OpenSSL 3.0 follows null pointers when what it keeps for the whole process finds none, and
 * libuv calls abort() when its table of descriptors cannot grow. */
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* tests/drills/faults.py knows the order. */
enum call { MEMORY, WRITE, SYNC, CUT, MAP, ACCEPT, OPEN, READ, CALLS };

struct control {
    _Atomic uint32_t call;  /* enum call that fails */
    _Atomic uint32_t k;     /* the k-th, from 1, after arming; 0 = none */
    _Atomic uint32_t times; /* and so many after it */
    _Atomic uint32_t error; /* errno */
    _Atomic uint32_t armed;
    _Atomic uint32_t failed;      /* calls that were made to fail */
    _Atomic uint32_t seen[CALLS]; /* calls since arming */
};

static struct control *control;
static struct {
    uintptr_t from, to;
} spared[2]; /* code of libcrypto and libuv */
static int spared_count;

/* glibc's own, which an interposed malloc may stand on */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *at, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static int
find_spared(struct dl_phdr_info *info, size_t size, void *of)
{
    (void)size;
    (void)of;
    if (strstr(info->dlpi_name, "libcrypto.so") == NULL &&
        strstr(info->dlpi_name, "libuv.so") == NULL) {
        return 0;
    }
    for (int i = 0; i < info->dlpi_phnum && spared_count < 2; i++) {
        if (info->dlpi_phdr[i].p_type == PT_LOAD && (info->dlpi_phdr[i].p_flags & PF_X) != 0) {
            spared[spared_count].from = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            spared[spared_count].to = spared[spared_count].from + info->dlpi_phdr[i].p_memsz;
            spared_count++;
            break;
        }
    }
    return 0;
}

__attribute__((constructor)) static void
start(void)
{
    const char *path = getenv("ONYM_FAULT_CONTROL");
    long fd;
    void *at;

    if (path == NULL) {
        return;
    }
    fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    at = (void *)syscall(SYS_mmap, NULL, sizeof *control, (long)(PROT_READ | PROT_WRITE),
                         (long)MAP_SHARED, fd, 0L);
    if (fd < 0 || at == MAP_FAILED) {
        abort();
    }
    (void)syscall(SYS_close, fd);
    (void)dl_iterate_phdr(find_spared, NULL);
    control = at;
}

/* Whether this call is the one; errno is set then. */
static int
fails(enum call call)
{
    uint32_t number;
    uint32_t k;

    if (control == NULL || atomic_load(&control->armed) == 0) {
        return 0;
    }
    number = atomic_fetch_add(&control->seen[call], 1) + 1;
    k = atomic_load(&control->k);
    if (atomic_load(&control->call) != (uint32_t)call || k == 0 || number < k ||
        number - k > atomic_load(&control->times)) {
        return 0;
    }
    atomic_fetch_add(&control->failed, 1);
    errno = (int)atomic_load(&control->error);
    return 1;
}

/* For who asks from that address. */
static int
memory_fails(const void *caller)
{
    uintptr_t at = (uintptr_t)caller;

    for (int i = 0; i < spared_count; i++) {
        if (at >= spared[i].from && at < spared[i].to) {
            return 0;
        }
    }
    return fails(MEMORY);
}

static int
is_file(int fd)
{
    struct stat st;

    return control != NULL && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

EXPORT void *
malloc(size_t size)
{
    return memory_fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

EXPORT void *
calloc(size_t count, size_t size)
{
    return memory_fails(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

EXPORT void *
realloc(void *at, size_t size)
{
    return size > 0 && memory_fails(__builtin_return_address(0)) ? NULL : __libc_realloc(at, size);
}

EXPORT int
posix_memalign(void **out, size_t alignment, size_t size)
{
    void *at = memory_fails(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, size);

    if (at == NULL) {
        return ENOMEM;
    }
    *out = at;
    return 0;
}

EXPORT ssize_t
pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    return is_file(fd) && fails(WRITE) ? -1 : (ssize_t)syscall(SYS_pwrite64, fd, bytes, len, at);
}

EXPORT ssize_t
pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
    return pwrite(fd, bytes, len, at);
}

EXPORT ssize_t
pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
    return is_file(fd) && fails(WRITE)
               ? -1
               : (ssize_t)syscall(SYS_pwritev, fd, parts, (long)count, (long)at, 0L);
}

EXPORT ssize_t
write(int fd, const void *bytes, size_t len)
{
    /* 2 is where the program says what is wrong */
    return fd > 2 && is_file(fd) && fails(WRITE) ? -1 : (ssize_t)syscall(SYS_write, fd, bytes, len);
}

EXPORT ssize_t
writev(int fd, const struct iovec *parts, int count)
{
    return fd > 2 && is_file(fd) && fails(WRITE)
               ? -1
               : (ssize_t)syscall(SYS_writev, fd, parts, (long)count);
}

EXPORT ssize_t
pread(int fd, void *out, size_t len, off_t at)
{
    return fails(READ) ? -1 : (ssize_t)syscall(SYS_pread64, fd, out, len, at);
}

EXPORT ssize_t
pread64(int fd, void *out, size_t len, off64_t at)
{
    return pread(fd, out, len, at);
}

/* What a fortified program calls instead where it knows how much room there is. */
EXPORT ssize_t checked_pread(int fd, void *out, size_t len, off_t at,
                             size_t room) __asm__("__pread_chk");
EXPORT ssize_t checked_pread64(int fd, void *out, size_t len, off64_t at,
                               size_t room) __asm__("__pread64_chk");

ssize_t
checked_pread(int fd, void *out, size_t len, off_t at, size_t room)
{
    (void)room;
    return pread(fd, out, len, at);
}

ssize_t
checked_pread64(int fd, void *out, size_t len, off64_t at, size_t room)
{
    (void)room;
    return pread(fd, out, len, at);
}

EXPORT int
fdatasync(int fd)
{
    return fails(SYNC) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

EXPORT int
fsync(int fd)
{
    return fails(SYNC) ? -1 : (int)syscall(SYS_fsync, fd);
}

EXPORT int
msync(void *at, size_t len, int flags)
{
    return fails(SYNC) ? -1 : (int)syscall(SYS_msync, at, len, flags);
}

EXPORT int
ftruncate(int fd, off_t size)
{
    return fails(CUT) ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}

EXPORT int
ftruncate64(int fd, off64_t size)
{
    return ftruncate(fd, size);
}

EXPORT void *
mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset)
{
    return fails(MAP) ? MAP_FAILED
                      : (void *)syscall(SYS_mmap, at, len, (long)protection, (long)flags, (long)fd,
                                        offset);
}

EXPORT void *
mmap64(void *at, size_t len, int protection, int flags, int fd, off64_t offset)
{
    return mmap(at, len, protection, flags, fd, offset);
}

/* <sys/socket.h> declares it with a union of pointers, which no definition in ISO C can match */
EXPORT int accept4(int fd, void *address, unsigned *len, int flags);

EXPORT int
accept4(int fd, void *address, unsigned *len, int flags)
{
    return fails(ACCEPT) ? -1 : (int)syscall(SYS_accept4, fd, address, len, flags);
}

/* Not variadic as <fcntl.h> has them: on Linux the mode is passed alike. */
EXPORT int open_file(const char *path, int flags, mode_t mode) __asm__("open");
EXPORT int open_file64(const char *path, int flags, mode_t mode) __asm__("open64");

int
open_file(const char *path, int flags, mode_t mode)
{
    return fails(OPEN) ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int
open_file64(const char *path, int flags, mode_t mode)
{
    return fails(OPEN) ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
