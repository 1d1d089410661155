/* The text of a CSV: a file in whatever it is written in, byte for byte as UTF-8, with line and
 * column, and what was read of it since a mark. */
#ifndef ONYM_TOOLS_CSV_TEXT_H
#define ONYM_TOOLS_CSV_TEXT_H

#include "base/fault.h"

#include <iconv.h>

#define ONYM_CSV_RAW_LEN  ((size_t)64 << 10)
#define ONYM_CSV_TEXT_LEN (ONYM_CSV_RAW_LEN * 3)

enum { ONYM_CSV_AT_END = -1, ONYM_CSV_READ_FAILED = -2 };

struct onym_csv_text {
    const char *path;
    int fd;
    iconv_t convert;      /* (iconv_t)-1: the file is UTF-8 */
    const char *encoding; /* what it is read as */
    uint64_t done;        /* bytes of the file read */
    uint64_t line, column;
    bool at_end;
    size_t raw_len;
    size_t start, end; /* unread bytes are text[start, end) */
    uint8_t *kept;     /* what was passed since the mark */
    size_t kept_len, kept_cap;
    bool is_kept; /* all of it */
    uint8_t raw[ONYM_CSV_RAW_LEN];
    uint8_t text[ONYM_CSV_TEXT_LEN];
};

/* encoding and statuses as of onym_csv_in_open; release with onym_csv_text_close in any case. */
ONYM_MUST_USE enum onym_status onym_csv_text_open(struct onym_csv_text *t, const char *path,
                                                  const char *encoding, struct onym_fault *fault);
void onym_csv_text_close(struct onym_csv_text *t);

enum onym_status onym_csv_text_fault(const struct onym_csv_text *t, const char *doing,
                                     struct onym_fault *fault);

/* The next byte of UTF-8, or ONYM_CSV_AT_END, ONYM_CSV_READ_FAILED (errno says). A byte that is
 * none of UTF-8 stands for what could not be converted. */
int onym_csv_text_fill(struct onym_csv_text *t);

static inline int
onym_csv_text_peek(struct onym_csv_text *t)
{
    return t->start < t->end ? t->text[t->start] : onym_csv_text_fill(t);
}

/* Moves past the byte that was peeked at. */
void onym_csv_text_pass(struct onym_csv_text *t);

/* From here on what is passed is kept, as far as it is no longer than a line may be. */
void onym_csv_text_mark(struct onym_csv_text *t);

#endif
