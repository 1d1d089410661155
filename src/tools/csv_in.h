/* Comma-separated values (RFC 4180) as registrars send them: from spreadsheets, with a byte order
 * mark or without, in UTF-8, UTF-16 or GB18030, with commas, quotation marks and line ends inside
 * quoted fields. Bounded memory, whatever the file's size. A record that breaks a rule is named by
 * line and column and the next ones are read on. */
#ifndef ONYM_TOOLS_CSV_IN_H
#define ONYM_TOOLS_CSV_IN_H

#include "base/fault.h"

#define ONYM_CSV_FIELDS_MAX 1024U /* of a record; its bytes are at most ONYM_LINE_LEN_MAX */

struct onym_csv_in; /* opaque */

struct onym_csv_record {
    const onym_span *fields; /* UTF-8, without their quotation marks; until the next call */
    size_t count;            /* 1..ONYM_CSV_FIELDS_MAX */
    uint64_t number;         /* physical records from 1: the header is 1, empty ones count */
    uint64_t line;           /* where it begins, from 1; differs when fields hold line ends */
    onym_span text;          /* of a broken record: as it stands in the file, without its line end,
                                until the next call; empty when it holds what no text may */
};

/* encoding NULL: that of the byte order mark, else UTF-8 when the whole file is, else GB18030;
 * otherwise a name iconv knows. A file with the mark of UTF-8 is UTF-8 whatever it says. ONYM_OK
 * and *out (release with onym_csv_in_close); ONYM_INVALID an encoding iconv does not know; ONYM_IO;
 * ONYM_NO_MEMORY; *fault says. */
ONYM_MUST_USE enum onym_status onym_csv_in_open(const char *path, const char *encoding,
                                                struct onym_csv_in **out, struct onym_fault *fault);
void onym_csv_in_close(struct onym_csv_in *in); /* NULL is fine */

/* The next record that is not an empty line. ONYM_OK; ONYM_NOT_FOUND at the end; ONYM_MALFORMED the
 * record is broken: out->number and line are set, count is 0, *fault says "LINE:COLUMN: what"
 * (columns count characters), and the next call reads the record after the broken line;
 * ONYM_INVALID a quoted field never ends or a record is too long, so that what follows cannot be
 * told apart; ONYM_IO. */
ONYM_MUST_USE enum onym_status onym_csv_in_next(struct onym_csv_in *in, struct onym_csv_record *out,
                                                struct onym_fault *fault);

/* "UTF-8", "GB18030", ... : what the file is read as. */
const char *onym_csv_in_encoding(const struct onym_csv_in *in);
/* Whether it is other than UTF-8 without a byte order mark. Known behind the first record. */
bool onym_csv_in_is_marked(const struct onym_csv_in *in);
/* Bytes of the file read so far. */
uint64_t onym_csv_in_done(const struct onym_csv_in *in);

#endif
