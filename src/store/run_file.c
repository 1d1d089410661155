#include "store/run_file.h"

#include "store/key_sort.h"
#include "store/sorter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WRITE_BUFFER_LEN ((size_t)1 << 20)
/* What a run reads at once; a row always fits. */
#define READ_BUFFER_LEN (ONYM_SORTER_ROW_MAX + 1024U)

struct run {
    uint64_t next;   /* file offset of what has not been read */
    uint64_t end;    /* file offset behind the run */
    uint8_t *buffer; /* READ_BUFFER_LEN bytes, while merging */
    size_t at, len;  /* the current row and the bytes in the buffer */
};

struct onym_run_file {
    int fd;
    uint64_t size;
    uint8_t *buffer; /* of writing */
    size_t used;
    struct run *runs;
    unsigned count, cap;
    unsigned *heap; /* runs that have rows left, the smallest key at 0 */
    unsigned heap_len;
    bool stale; /* the row at the top was used */
};

static enum onym_status
io_fault(struct onym_fault *fault, const char *doing, int error)
{
    char text[128];

    return onym_fault_set(
        fault, error == ENOSPC || error == EDQUOT || error == EFBIG ? ONYM_FULL : ONYM_IO,
        "sorting: cannot %s a temporary file in the data directory: %s%s", doing,
        strerror_r(error, text, sizeof text),
        error == ENOSPC ? "; free disk space or give more --memory" : "");
}

static enum onym_status
memory_fault(struct onym_fault *fault)
{
    return onym_fault_set(fault, ONYM_NO_MEMORY, "sorting: out of memory");
}

static int
open_nameless(const char *dir)
{
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    char *path;

    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) {
        return fd;
    }
    /* a file system that cannot make files without a name */
    if (asprintf(&path, "%s/sort.XXXXXX", dir) < 0) {
        return -1;
    }
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0) {
        (void)unlink(path);
    }
    free(path);
    return fd;
}

enum onym_status
onym_run_file_new(const char *dir, struct onym_run_file **out, struct onym_fault *fault)
{
    struct onym_run_file *file = calloc(1, sizeof *file);

    if (file == NULL) {
        return memory_fault(fault);
    }
    file->fd = open_nameless(dir);
    file->buffer = malloc(WRITE_BUFFER_LEN);
    if (file->fd < 0 || file->buffer == NULL) {
        enum onym_status status = file->fd < 0 ? io_fault(fault, "make", errno)
                                               : memory_fault(fault);

        onym_run_file_free(file);
        return status;
    }
    *out = file;
    return ONYM_OK;
}

void
onym_run_file_free(struct onym_run_file *file)
{
    if (file == NULL) {
        return;
    }
    for (unsigned i = 0; i < file->count; i++) {
        free(file->runs[i].buffer);
    }
    if (file->fd >= 0) {
        (void)close(file->fd);
    }
    free(file->heap);
    free(file->runs);
    free(file->buffer);
    free(file);
}

static enum onym_status
write_all(struct onym_run_file *file, onym_span bytes, struct onym_fault *fault)
{
    while (bytes.len > 0) {
        ssize_t put = write(file->fd, bytes.at, bytes.len);

        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return io_fault(fault, "write", put < 0 ? errno : ENOSPC);
        }
        file->size += (uint64_t)put;
        bytes = onym_span_from(bytes, (size_t)put);
    }
    return ONYM_OK;
}

enum onym_status
onym_run_file_begin(struct onym_run_file *file, struct onym_fault *fault)
{
    if (file->count == file->cap) {
        unsigned cap = file->cap == 0 ? 16 : file->cap * 2;
        struct run *runs = realloc(file->runs, cap * sizeof *runs);

        if (runs == NULL) {
            return memory_fault(fault);
        }
        file->runs = runs;
        file->cap = cap;
    }
    file->runs[file->count++] = (struct run){.next = file->size};
    file->used = 0;
    return ONYM_OK;
}

static enum onym_status
flush(struct onym_run_file *file, struct onym_fault *fault)
{
    enum onym_status status = write_all(file, onym_span_of(file->buffer, file->used), fault);

    file->used = 0;
    return status;
}

enum onym_status
onym_run_file_write(struct onym_run_file *file, onym_span row, struct onym_fault *fault)
{
    if (row.len > WRITE_BUFFER_LEN - file->used) {
        enum onym_status status = flush(file, fault);

        if (status != ONYM_OK) {
            return status;
        }
    }
    memcpy(file->buffer + file->used, row.at, row.len);
    file->used += row.len;
    return ONYM_OK;
}

enum onym_status
onym_run_file_end(struct onym_run_file *file, struct onym_fault *fault)
{
    enum onym_status status = flush(file, fault);

    file->runs[file->count - 1].end = file->size;
    return status;
}

static size_t
row_len_at(const uint8_t *row)
{
    uint32_t data_len;

    memcpy(&data_len, row + 2, sizeof data_len);
    return ONYM_ROW_HEADER_LEN + onym_row_key(row).len + data_len;
}

/* Whether the current row is whole in the buffer. */
static bool
has_row(const struct run *run)
{
    size_t left = run->len - run->at;

    return left >= ONYM_ROW_HEADER_LEN && left >= row_len_at(run->buffer + run->at);
}

/* Reads on until the current row is whole; at the end of the run nothing is left. */
static enum onym_status
fill(const struct onym_run_file *file, struct run *run, struct onym_fault *fault)
{
    if (has_row(run)) {
        return ONYM_OK;
    }
    memmove(run->buffer, run->buffer + run->at, run->len - run->at);
    run->len -= run->at;
    run->at = 0;
    while (run->next < run->end && run->len < READ_BUFFER_LEN) {
        size_t room = READ_BUFFER_LEN - run->len;
        size_t want = run->end - run->next < room ? (size_t)(run->end - run->next) : room;
        ssize_t got = pread(file->fd, run->buffer + run->len, want, (off_t)run->next);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return io_fault(fault, "read", got < 0 ? errno : EIO);
        }
        run->len += (size_t)got;
        run->next += (uint64_t)got;
    }
    return run->len == 0 || has_row(run) ? ONYM_OK : io_fault(fault, "read", EIO);
}

static bool
is_smaller(const struct onym_run_file *file, unsigned a, unsigned b)
{
    const struct run *x = &file->runs[file->heap[a]];
    const struct run *y = &file->runs[file->heap[b]];

    return onym_key_compare(onym_row_key(x->buffer + x->at), onym_row_key(y->buffer + y->at)) < 0;
}

static void
sift_down(struct onym_run_file *file, unsigned at)
{
    for (;;) {
        unsigned least = at;
        unsigned child = 2 * at + 1;

        for (unsigned i = child; i <= child + 1 && i < file->heap_len; i++) {
            if (is_smaller(file, i, least)) {
                least = i;
            }
        }
        if (least == at) {
            return;
        }
        unsigned t = file->heap[at];

        file->heap[at] = file->heap[least];
        file->heap[least] = t;
        at = least;
    }
}

enum onym_status
onym_run_file_rewind(struct onym_run_file *file, struct onym_fault *fault)
{
    file->heap = calloc(file->count, sizeof *file->heap);
    if (file->heap == NULL) {
        return memory_fault(fault);
    }
    for (unsigned i = 0; i < file->count; i++) {
        struct run *run = &file->runs[i];
        enum onym_status status;

        run->buffer = malloc(READ_BUFFER_LEN);
        if (run->buffer == NULL) {
            return memory_fault(fault);
        }
        status = fill(file, run, fault);
        if (status != ONYM_OK) {
            return status;
        }
        if (run->len > 0) {
            file->heap[file->heap_len++] = i;
        }
    }
    for (unsigned i = file->heap_len / 2; i-- > 0;) {
        sift_down(file, i);
    }
    return ONYM_OK;
}

enum onym_status
onym_run_file_peek(struct onym_run_file *file, const uint8_t **row, struct onym_fault *fault)
{
    struct run *run;

    if (file->stale) {
        file->stale = false;
        run = &file->runs[file->heap[0]];
        run->at += row_len_at(run->buffer + run->at);

        enum onym_status status = fill(file, run, fault);

        if (status != ONYM_OK) {
            return status;
        }
        if (run->len == run->at) {
            file->heap[0] = file->heap[--file->heap_len];
        }
        sift_down(file, 0);
    }
    if (file->heap_len == 0) {
        *row = NULL;
        return ONYM_OK;
    }
    run = &file->runs[file->heap[0]];
    *row = run->buffer + run->at;
    return ONYM_OK;
}

void
onym_run_file_advance(struct onym_run_file *file)
{
    file->stale = true;
}

unsigned
onym_run_file_count(const struct onym_run_file *file)
{
    return file->count;
}
