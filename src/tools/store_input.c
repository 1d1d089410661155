#include "tools/store_input.h"

#include "base/hash.h"
#include "onym/model/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_LEN ((size_t)128 << 10) /* stays in the cache between reading and parsing */

struct onym_line_input {
    int fd;
    const char *name;
    uint8_t *buffer;
    size_t cap, start, end; /* unread bytes are buffer[start, end) */
    size_t searched;        /* no line end in buffer[start, searched) */
    bool at_end;
    uint64_t number;
    uint64_t done, whole;
    struct onym_hash128 *hash;
};

static enum onym_status
io_fault(struct onym_fault *fault, const char *name, const char *doing)
{
    char text[128];

    return onym_fault_set(fault, ONYM_IO, "%s: cannot %s: %s", name, doing,
                          strerror_r(errno, text, sizeof text));
}

enum onym_status
onym_line_input_open(const char *path, struct onym_line_input **out, struct onym_fault *fault)
{
    struct onym_line_input *input = calloc(1, sizeof *input);
    bool is_stdin = strcmp(path, "-") == 0;
    enum onym_status status = ONYM_OK;
    struct stat st = {0};

    if (input == NULL) {
        return onym_fault_set(fault, ONYM_NO_MEMORY, "%s: out of memory", path);
    }
    input->name = is_stdin ? "(standard input)" : path;
    input->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    input->cap = READ_LEN;
    input->buffer = malloc(input->cap);
    input->hash = onym_hash128_new();
    if (input->fd < 0 || fstat(input->fd, &st) != 0) {
        status = io_fault(fault, input->name, "open");
    } else if (input->buffer == NULL || input->hash == NULL) {
        status = onym_fault_set(fault, ONYM_NO_MEMORY, "%s: out of memory", path);
    }
    if (status != ONYM_OK) {
        onym_line_input_close(input);
        return status;
    }
    input->whole = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
    (void)posix_fadvise(input->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    *out = input;
    return ONYM_OK;
}

void
onym_line_input_close(struct onym_line_input *input)
{
    if (input == NULL) {
        return;
    }
    if (input->fd > STDIN_FILENO) {
        (void)close(input->fd);
    }
    onym_hash128_free(input->hash);
    free(input->buffer);
    free(input);
}

/* Makes room behind the unread bytes: moves them to the front, or takes more memory for a line that
 * fills the buffer. */
static enum onym_status
make_room(struct onym_line_input *input, struct onym_fault *fault)
{
    size_t unread = input->end - input->start;

    if (unread > ONYM_LINE_LEN_MAX) {
        return onym_fault_set(
            fault, ONYM_INVALID, "%s:%llu: longer than %u bytes; expected one record per line",
            input->name, (unsigned long long)input->number + 1, ONYM_LINE_LEN_MAX);
    }
    memmove(input->buffer, input->buffer + input->start, unread);
    input->searched -= input->start;
    input->start = 0;
    input->end = unread;
    if (input->cap - unread < READ_LEN / 2) {
        uint8_t *grown = realloc(input->buffer, input->cap * 2);

        if (grown == NULL) {
            return onym_fault_set(fault, ONYM_NO_MEMORY, "%s: out of memory", input->name);
        }
        input->buffer = grown;
        input->cap *= 2;
    }
    return ONYM_OK;
}

static enum onym_status
read_more(struct onym_line_input *input, struct onym_fault *fault)
{
    enum onym_status status = make_room(input, fault);
    ssize_t got;

    if (status != ONYM_OK) {
        return status;
    }
    do {
        got = read(input->fd, input->buffer + input->end, input->cap - input->end);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return io_fault(fault, input->name, "read");
    }
    onym_hash128_add(input->hash, onym_span_of(input->buffer + input->end, (size_t)got));
    input->end += (size_t)got;
    input->done += (uint64_t)got;
    input->at_end = got == 0;
    return ONYM_OK;
}

static onym_span
take_line(struct onym_line_input *input, size_t len, size_t end_len)
{
    onym_span line = onym_span_of(input->buffer + input->start, len);

    input->start += len + end_len;
    input->searched = input->start;
    if (input->number++ == 0 && line.len >= 3 && memcmp(line.at, "\xEF\xBB\xBF", 3) == 0) {
        line = onym_span_from(line, 3);
    }
    return line;
}

enum onym_status
onym_line_input_next(struct onym_line_input *input, onym_span *line, struct onym_fault *fault)
{
    for (;;) {
        const uint8_t *from = input->buffer + input->searched;
        const uint8_t *found = memchr(from, '\n', input->end - input->searched);

        if (found != NULL) {
            size_t len = (size_t)(found - input->buffer) - input->start;

            *line = take_line(input, len, 1);
            break;
        }
        input->searched = input->end;
        if (input->at_end) {
            if (input->start == input->end) {
                return ONYM_NOT_FOUND;
            }
            *line = take_line(input, input->end - input->start, 0);
            break;
        }
        enum onym_status status = read_more(input, fault);

        if (status != ONYM_OK) {
            return status;
        }
    }
    if (line->len > ONYM_LINE_LEN_MAX) {
        return onym_fault_set(fault, ONYM_INVALID,
                              "%s:%llu: longer than %u bytes; expected one record per line",
                              input->name, (unsigned long long)input->number, ONYM_LINE_LEN_MAX);
    }
    return ONYM_OK;
}

uint64_t
onym_line_input_number(const struct onym_line_input *input)
{
    return input->number;
}

const char *
onym_line_input_name(const struct onym_line_input *input)
{
    return input->name;
}

uint64_t
onym_line_input_done(const struct onym_line_input *input)
{
    return input->done - (input->end - input->start);
}

uint64_t
onym_line_input_whole(const struct onym_line_input *input)
{
    return input->whole;
}

void
onym_line_input_digest(const struct onym_line_input *input, uint8_t out[16])
{
    onym_hash128_get(input->hash, out);
}
