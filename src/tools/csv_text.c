#include "tools/csv_text.h"

#include "base/utf8.h"
#include "onym/model/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* No byte of UTF-8: stands for what could not be converted, and is refused with its record. */
#define BAD_BYTE 0xFFU

enum onym_status
onym_csv_text_fault(const struct onym_csv_text *t, const char *doing, struct onym_fault *fault)
{
    char text[128];

    return onym_fault_set(fault, ONYM_IO, "%s: cannot %s: %s", t->path, doing,
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
is_utf8(struct onym_csv_text *t, bool *yes, struct onym_fault *fault)
{
    size_t kept = 0;
    ssize_t got;

    *yes = true;
    while (*yes && (got = read_some(t->fd, t->raw + kept, ONYM_CSV_RAW_LEN - kept)) != 0) {
        size_t len;

        if (got < 0) {
            return onym_csv_text_fault(t, "read", fault);
        }
        len = kept + (size_t)got;
        kept = unfinished(t->raw, len);
        *yes = onym_utf8_valid(onym_span_of(t->raw, len - kept));
        memmove(t->raw, t->raw + len - kept, kept);
    }
    *yes = *yes && kept == 0;
    return ONYM_OK;
}

static enum onym_status
detect(struct onym_csv_text *t, struct onym_fault *fault)
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
    ssize_t got = pread(t->fd, head, sizeof head, 0);
    enum onym_status status;
    bool yes = false;

    if (got < 0) {
        return onym_csv_text_fault(t, "read", fault);
    }
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if ((size_t)got >= marks[i].len && memcmp(head, marks[i].bytes, marks[i].len) == 0) {
            t->encoding = marks[i].encoding;
            return ONYM_OK;
        }
    }
    status = is_utf8(t, &yes, fault);
    t->encoding = yes ? "UTF-8" : "GB18030";
    if (status == ONYM_OK && lseek(t->fd, 0, SEEK_SET) != 0) {
        return onym_csv_text_fault(t, "read twice", fault);
    }
    return status;
}

/* A file of failed rows is UTF-8 and bears the mark when its input was something else: the same
 * words of the command line are right for both. No text of another encoding begins so. */
static bool
has_utf8_mark(const struct onym_csv_text *t)
{
    uint8_t head[3];

    return pread(t->fd, head, sizeof head, 0) == sizeof head &&
           memcmp(head, "\xEF\xBB\xBF", sizeof head) == 0;
}

static enum onym_status
choose_encoding(struct onym_csv_text *t, const char *encoding, struct onym_fault *fault)
{
    enum onym_status status = ONYM_OK;

    t->encoding = encoding != NULL && !has_utf8_mark(t) ? encoding : "UTF-8";
    if (encoding == NULL) {
        status = detect(t, fault);
    }
    if (status == ONYM_OK && strcasecmp(t->encoding, "UTF-8") != 0 &&
        strcasecmp(t->encoding, "UTF8") != 0) {
        t->convert = iconv_open("UTF-8", t->encoding);
        if (t->convert == (iconv_t)-1) {
            return onym_fault_set(fault, ONYM_INVALID,
                                  "encoding %s is not known here; UTF-8, GB18030 and UTF-16 are",
                                  t->encoding);
        }
    }
    return status;
}

enum onym_status
onym_csv_text_open(struct onym_csv_text *t, const char *path, const char *encoding,
                   struct onym_fault *fault)
{
    t->path = path;
    t->convert = (iconv_t)-1;
    t->line = 1;
    t->column = 1;
    t->kept_cap = 4096;
    t->kept = malloc(t->kept_cap);
    t->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (t->fd < 0) {
        return onym_csv_text_fault(t, "open", fault);
    }
    return t->kept != NULL ? choose_encoding(t, encoding, fault)
                           : onym_fault_set(fault, ONYM_NO_MEMORY, "%s: out of memory", path);
}

void
onym_csv_text_close(struct onym_csv_text *t)
{
    if (t->fd >= 0) {
        (void)close(t->fd);
    }
    if (t->convert != (iconv_t)-1) {
        (void)iconv_close(t->convert);
    }
    free(t->kept);
}

/* ---- bytes ---- */

/* Turns raw into text; bytes that mean nothing become BAD_BYTE, an unfinished character stays. */
static void
convert(struct onym_csv_text *t)
{
    char *from = (char *)t->raw;
    size_t left = t->raw_len;
    char *to = (char *)t->text;
    size_t room = ONYM_CSV_TEXT_LEN;

    while (left > 0 && room > 4) {
        bool failed = iconv(t->convert, &from, &left, &to, &room) == (size_t)-1;

        if (!failed || errno == E2BIG || (errno == EINVAL && !t->at_end)) {
            break;
        }
        *to++ = (char)BAD_BYTE;
        room--;
        from++;
        left--;
    }
    memmove(t->raw, from, left);
    t->raw_len = left;
    t->end = ONYM_CSV_TEXT_LEN - room;
}

static bool
fill(struct onym_csv_text *t)
{
    t->start = t->end = 0;
    while (t->end == 0 && !(t->at_end && t->raw_len == 0)) {
        ssize_t got = 0;

        if (t->raw_len < ONYM_CSV_RAW_LEN) {
            got = read_some(t->fd, t->raw + t->raw_len, ONYM_CSV_RAW_LEN - t->raw_len);
            if (got < 0) {
                return false;
            }
            t->at_end = got == 0;
        }
        t->raw_len += (size_t)got;
        t->done += (uint64_t)got;
        if (t->convert != (iconv_t)-1) {
            convert(t);
        } else {
            memcpy(t->text, t->raw, t->raw_len);
            t->end = t->raw_len;
            t->raw_len = 0;
        }
    }
    return true;
}

int
onym_csv_text_fill(struct onym_csv_text *t)
{
    if (!fill(t)) {
        return ONYM_CSV_READ_FAILED;
    }
    return t->start == t->end ? ONYM_CSV_AT_END : t->text[t->start];
}

/* ---- what was passed ---- */

void
onym_csv_text_mark(struct onym_csv_text *t)
{
    t->kept_len = 0;
    t->is_kept = true;
}

static void
keep(struct onym_csv_text *t, uint8_t byte)
{
    if (t->kept_len == t->kept_cap) {
        size_t cap = t->kept_cap * 2;
        uint8_t *grown = cap <= ONYM_LINE_LEN_MAX ? realloc(t->kept, cap) : NULL;

        if (grown == NULL) {
            t->is_kept = false;
            return;
        }
        t->kept = grown;
        t->kept_cap = cap;
    }
    t->kept[t->kept_len++] = byte;
}

/* Columns count characters. */
void
onym_csv_text_pass(struct onym_csv_text *t)
{
    uint8_t byte = t->text[t->start++];

    keep(t, byte);
    if (byte == '\n') {
        t->line++;
        t->column = 1;
    } else if ((byte & 0xC0U) != 0x80U) {
        t->column++;
    }
}
