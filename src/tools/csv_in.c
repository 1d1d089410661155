#include "tools/csv_in.h"

#include "base/utf8.h"
#include "onym/model/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <stdlib.h>
#include <unistd.h>

#define RAW_LEN  ((size_t)64 << 10)
#define TEXT_LEN (RAW_LEN * 3)
/* No byte of UTF-8: stands for what could not be converted, and is refused with its record. */
#define BAD_BYTE 0xFFU

enum { AT_END = -1, READ_FAILED = -2 };

enum state { FIELD_START, PLAIN, QUOTED, QUOTE_SEEN };

struct onym_csv_in {
    const char *path;
    int fd;
    iconv_t convert; /* (iconv_t)-1: the file is UTF-8 */
    const char *encoding;
    uint64_t done;
    bool at_end;
    bool over; /* what follows cannot be told apart */
    size_t raw_len;
    size_t start, end; /* unread bytes are text[start, end) */
    uint64_t number, line, column;
    uint8_t *record; /* fields of the present record one after the other */
    size_t record_len, record_cap;
    size_t ends[ONYM_CSV_FIELDS_MAX];
    size_t count;
    onym_span fields[ONYM_CSV_FIELDS_MAX];
    uint8_t raw[RAW_LEN];
    uint8_t text[TEXT_LEN];
};

static enum onym_status
io_fault(const struct onym_csv_in *in, const char *doing, struct onym_fault *fault)
{
    char text[128];

    return onym_fault_set(fault, ONYM_IO, "%s: cannot %s: %s", in->path, doing,
                          strerror_r(errno, text, sizeof text));
}

static ssize_t
read_some(int fd, uint8_t *to, size_t cap)
{
    ssize_t got;

    do {
        got = read(fd, to, cap);
    } while (got < 0 && errno == EINTR);
    return got;
}

/* ---- what it is written in ---- */

/* How many bytes at the end of text begin a character that is not complete. */
static size_t
unfinished(const uint8_t *at, size_t len)
{
    for (size_t back = 1; back <= 3 && back <= len; back++) {
        uint8_t byte = at[len - back];

        if (byte >= 0xC0) {
            return (byte >= 0xF0 ? 4U : byte >= 0xE0 ? 3U : 2U) > back ? back : 0;
        }
        if (byte < 0x80) {
            return 0;
        }
    }
    return 0;
}

/* Reads the whole file once: a single wrong byte decides. */
static enum onym_status
is_utf8(struct onym_csv_in *in, bool *yes, struct onym_fault *fault)
{
    size_t kept = 0;
    ssize_t got;

    *yes = true;
    while (*yes && (got = read_some(in->fd, in->raw + kept, RAW_LEN - kept)) != 0) {
        size_t len;

        if (got < 0) {
            return io_fault(in, "read", fault);
        }
        len = kept + (size_t)got;
        kept = unfinished(in->raw, len);
        *yes = onym_utf8_valid(onym_span_of(in->raw, len - kept));
        memmove(in->raw, in->raw + len - kept, kept);
    }
    *yes = *yes && kept == 0;
    return ONYM_OK;
}

static enum onym_status
detect(struct onym_csv_in *in, struct onym_fault *fault)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *encoding;
    } marks[] = {{"\xEF\xBB\xBF", 3, "UTF-8"},
                 {"\x84\x31\x95\x33", 4, "GB18030"},
                 {"\xFF\xFE", 2, "UTF-16"},
                 {"\xFE\xFF", 2, "UTF-16"}};
    uint8_t head[4];
    ssize_t got = pread(in->fd, head, sizeof head, 0);
    enum onym_status status;
    bool yes = false;

    if (got < 0) {
        return io_fault(in, "read", fault);
    }
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if ((size_t)got >= marks[i].len && memcmp(head, marks[i].bytes, marks[i].len) == 0) {
            in->encoding = marks[i].encoding;
            return ONYM_OK;
        }
    }
    status = is_utf8(in, &yes, fault);
    in->encoding = yes ? "UTF-8" : "GB18030";
    if (status == ONYM_OK && lseek(in->fd, 0, SEEK_SET) != 0) {
        return io_fault(in, "read twice", fault);
    }
    return status;
}

static enum onym_status
choose_encoding(struct onym_csv_in *in, const char *encoding, struct onym_fault *fault)
{
    enum onym_status status = ONYM_OK;

    in->encoding = encoding != NULL ? encoding : "UTF-8";
    if (encoding == NULL) {
        status = detect(in, fault);
    }
    if (status == ONYM_OK && strcasecmp(in->encoding, "UTF-8") != 0 &&
        strcasecmp(in->encoding, "UTF8") != 0) {
        in->convert = iconv_open("UTF-8", in->encoding);
        if (in->convert == (iconv_t)-1) {
            return onym_fault_set(fault, ONYM_INVALID,
                                  "encoding %s is not known here; UTF-8, GB18030 and UTF-16 are",
                                  in->encoding);
        }
    }
    return status;
}

enum onym_status
onym_csv_in_open(const char *path, const char *encoding, struct onym_csv_in **out,
                 struct onym_fault *fault)
{
    struct onym_csv_in *in = calloc(1, sizeof *in);
    enum onym_status status;

    if (in == NULL) {
        return onym_fault_set(fault, ONYM_NO_MEMORY, "%s: out of memory", path);
    }
    in->path = path;
    in->convert = (iconv_t)-1;
    in->line = 1;
    in->column = 1;
    in->record_cap = 4096;
    in->record = malloc(in->record_cap);
    in->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (in->fd < 0) {
        status = io_fault(in, "open", fault);
    } else if (in->record == NULL) {
        status = onym_fault_set(fault, ONYM_NO_MEMORY, "%s: out of memory", path);
    } else {
        status = choose_encoding(in, encoding, fault);
    }
    if (status != ONYM_OK) {
        onym_csv_in_close(in);
        return status;
    }
    *out = in;
    return ONYM_OK;
}

void
onym_csv_in_close(struct onym_csv_in *in)
{
    if (in != NULL) {
        if (in->fd >= 0) {
            (void)close(in->fd);
        }
        if (in->convert != (iconv_t)-1) {
            (void)iconv_close(in->convert);
        }
        free(in->record);
        free(in);
    }
}

/* ---- bytes ---- */

/* Turns raw into text; bytes that mean nothing become BAD_BYTE, an unfinished character stays. */
static void
convert(struct onym_csv_in *in)
{
    char *from = (char *)in->raw;
    size_t left = in->raw_len;
    char *to = (char *)in->text;
    size_t room = TEXT_LEN;

    while (left > 0 && room > 4) {
        bool failed = iconv(in->convert, &from, &left, &to, &room) == (size_t)-1;

        if (!failed || errno == E2BIG || (errno == EINVAL && !in->at_end)) {
            break;
        }
        *to++ = (char)BAD_BYTE;
        room--;
        from++;
        left--;
    }
    memmove(in->raw, from, left);
    in->raw_len = left;
    in->end = TEXT_LEN - room;
}

static bool
fill(struct onym_csv_in *in)
{
    in->start = in->end = 0;
    while (in->end == 0 && !(in->at_end && in->raw_len == 0)) {
        ssize_t got = 0;

        if (in->raw_len < RAW_LEN) {
            got = read_some(in->fd, in->raw + in->raw_len, RAW_LEN - in->raw_len);
            if (got < 0) {
                return false;
            }
            in->at_end = got == 0;
        }
        in->raw_len += (size_t)got;
        in->done += (uint64_t)got;
        if (in->convert != (iconv_t)-1) {
            convert(in);
        } else {
            memcpy(in->text, in->raw, in->raw_len);
            in->end = in->raw_len;
            in->raw_len = 0;
        }
    }
    return true;
}

static int
peek(struct onym_csv_in *in)
{
    if (in->start == in->end && !fill(in)) {
        return READ_FAILED;
    }
    return in->start == in->end ? AT_END : in->text[in->start];
}

/* Moves past the byte that was peeked at; columns count characters. */
static void
pass(struct onym_csv_in *in)
{
    uint8_t byte = in->text[in->start++];

    if (byte == '\n') {
        in->line++;
        in->column = 1;
    } else if ((byte & 0xC0U) != 0x80U) {
        in->column++;
    }
}

/* ---- records ---- */

static bool
keep(struct onym_csv_in *in, uint8_t byte)
{
    if (in->record_len == in->record_cap) {
        size_t cap = in->record_cap * 2;
        uint8_t *grown = cap > in->record_cap && cap <= ONYM_LINE_LEN_MAX ? realloc(in->record, cap)
                                                                          : NULL;

        if (grown == NULL) {
            return false;
        }
        in->record = grown;
        in->record_cap *= 2;
    }
    in->record[in->record_len++] = byte;
    return true;
}

struct where {
    uint64_t line, column;
};

static enum onym_status
broken(struct onym_csv_in *in, enum onym_status status, struct where at, const char *problem,
       struct onym_fault *fault)
{
    int byte;

    in->over = status == ONYM_INVALID;
    while (!in->over && (byte = peek(in)) >= 0) {
        pass(in);
        if (byte == '\n') {
            break;
        }
    }
    return onym_fault_set(fault, status, "%llu:%llu: %s", (unsigned long long)at.line,
                          (unsigned long long)at.column, problem);
}

/* What a byte means in a state: NULL, and *next and whether it is kept or ends the field; or what
 * is wrong with it. */
static const char *
judge(int byte, enum state state, enum state *next, bool *kept)
{
    *kept = true;
    *next = state;
    if (byte == 0) {
        return "a NUL byte; is the file UTF-16? then name it with --encoding";
    }
    switch (state) {
    case FIELD_START:
    case PLAIN:
        if (byte == '"') {
            *kept = false;
            *next = QUOTED;
            return state == PLAIN ? "a quotation mark inside a field without them; write the field "
                                    "as \"...\" and the mark twice"
                                  : NULL;
        }
        *next = PLAIN;
        return NULL;
    case QUOTED:
        if (byte == '"') {
            *kept = false;
            *next = QUOTE_SEEN;
        }
        return NULL;
    case QUOTE_SEEN:
    default:
        if (byte != '"') {
            return "text behind a closing quotation mark; expected a comma or the end of the line";
        }
        *next = QUOTED;
        return NULL;
    }
}

/* Whether a carriage return stands before a line feed: then it is passed. */
static bool
line_end(struct onym_csv_in *in, int byte)
{
    if (byte == '\r') {
        uint64_t column = in->column;

        pass(in);
        if (peek(in) != '\n' && peek(in) != AT_END) {
            in->column = column;
            return false;
        }
    }
    if (peek(in) == '\n') {
        pass(in);
    }
    return true;
}

static enum onym_status
read_record(struct onym_csv_in *in, struct onym_fault *fault)
{
    enum state state = FIELD_START;
    struct where opened = {in->line, in->column};

    in->record_len = 0;
    in->count = 0;
    for (;;) {
        int byte = peek(in);
        struct where here = {in->line, in->column};
        enum state next;
        const char *problem;
        bool kept;

        if (byte == READ_FAILED) {
            return io_fault(in, "read", fault);
        }
        if (byte == AT_END && state == QUOTED) {
            return broken(in, ONYM_INVALID, opened, "a quoted field that begins here never ends",
                          fault);
        }
        if (state != QUOTED && (byte == ',' || byte == '\n' || byte == '\r' || byte == AT_END)) {
            if (in->count == ONYM_CSV_FIELDS_MAX) {
                return broken(in, ONYM_MALFORMED, here, "more than 1024 fields", fault);
            }
            in->ends[in->count++] = in->record_len;
            state = FIELD_START;
            if (byte == ',') {
                pass(in);
                continue;
            }
            return line_end(in, byte) ? ONYM_OK
                                      : broken(in, ONYM_MALFORMED, here,
                                               "a carriage return without a line feed", fault);
        }
        problem = judge(byte, state, &next, &kept);
        if (problem != NULL) {
            return broken(in, ONYM_MALFORMED, here, problem, fault);
        }
        if (state == FIELD_START) {
            opened = here;
        }
        if (kept && !keep(in, (uint8_t)byte)) {
            return broken(in, ONYM_INVALID, opened,
                          "a record of more than 2097152 bytes; is a quotation mark missing?",
                          fault);
        }
        pass(in);
        state = next;
    }
}

static enum onym_status
give_fields(struct onym_csv_in *in, struct onym_csv_record *out, struct onym_fault *fault)
{
    size_t from = 0;

    for (size_t i = 0; i < in->count; i++) {
        in->fields[i] = onym_span_of(in->record + from, in->ends[i] - from);
        from = in->ends[i];
        if (!onym_utf8_valid(in->fields[i])) {
            return onym_fault_set(fault, ONYM_MALFORMED, "%llu: field %zu is not %s",
                                  (unsigned long long)out->line, i + 1, in->encoding);
        }
    }
    out->fields = in->fields;
    out->count = in->count;
    return ONYM_OK;
}

/* A byte order mark that came through the conversion, or stood in front of UTF-8. */
static void
skip_mark(struct onym_csv_in *in)
{
    if (in->number == 0 && peek(in) >= 0 && in->end - in->start >= 3 &&
        memcmp(in->text + in->start, "\xEF\xBB\xBF", 3) == 0) {
        in->start += 3;
    }
}

enum onym_status
onym_csv_in_next(struct onym_csv_in *in, struct onym_csv_record *out, struct onym_fault *fault)
{
    enum onym_status status;

    *out = (struct onym_csv_record){.count = 0};
    skip_mark(in);
    do {
        int byte = in->over ? AT_END : peek(in);

        if (byte == AT_END) {
            return ONYM_NOT_FOUND;
        }
        out->number = ++in->number;
        out->line = in->line;
        status = read_record(in, fault);
    } while (status == ONYM_OK && in->count == 1 && in->record_len == 0);
    return status == ONYM_OK ? give_fields(in, out, fault) : status;
}

const char *
onym_csv_in_encoding(const struct onym_csv_in *in)
{
    return in->encoding;
}

uint64_t
onym_csv_in_done(const struct onym_csv_in *in)
{
    return in->done;
}
