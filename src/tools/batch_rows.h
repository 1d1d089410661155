/* The rows of a bulk job's file, one after the other, in bounded memory. */
#ifndef ONYM_TOOLS_BATCH_ROWS_H
#define ONYM_TOOLS_BATCH_ROWS_H

#include "base/fault.h"
#include "tools/batch_row.h"

#define ONYM_BATCH_MAPS_MAX 64U

/* What a row of CSV or NDJSON asks for; batch files of the Handle tools say it themselves. */
enum onym_batch_mode {
    ONYM_BATCH_CREATE, /* must not be there, or be the same already */
    ONYM_BATCH_UPSERT, /* create, or replace what is there */
    ONYM_BATCH_DELETE
};

struct onym_batch_input {
    const char *path;
    enum onym_batch_format format;
    enum onym_batch_mode mode;
    const char *encoding;                  /* CSV: NULL = find it out */
    const char *maps[ONYM_BATCH_MAPS_MAX]; /* CSV: "column=index:TYPE" */
    size_t map_count;
};

struct onym_batch_rows; /* opaque */

/* ONYM_OK and *out (release with onym_batch_rows_close). ONYM_INVALID: a map that cannot be read or
 * names no column, a CSV header without an identifier column; ONYM_IO; ONYM_NO_MEMORY; *fault
 * says. What input points to must stay. */
ONYM_MUST_USE enum onym_status onym_batch_rows_open(const struct onym_batch_input *input,
                                                    struct onym_batch_rows **out,
                                                    struct onym_fault *fault);
void onym_batch_rows_close(struct onym_batch_rows *rows); /* NULL is fine */

/* The next row, checked. ONYM_OK and *out (release with onym_batch_row_free), which may be broken;
 * ONYM_NOT_FOUND at the end; ONYM_INVALID where the rest of the file cannot be told apart; ONYM_IO;
 * ONYM_NO_MEMORY; *fault says. */
ONYM_MUST_USE enum onym_status onym_batch_rows_next(struct onym_batch_rows *rows,
                                                    struct onym_batch_row **out,
                                                    struct onym_fault *fault);

/* What the rows are read as, found out if it was not said. */
enum onym_batch_format onym_batch_rows_format(const struct onym_batch_rows *rows);
/* What a CSV is read as; NULL for the other formats, which are UTF-8. */
const char *onym_batch_rows_encoding(const struct onym_batch_rows *rows);
uint64_t onym_batch_rows_done(const struct onym_batch_rows *rows); /* bytes read */
/* Writes what a file of failed rows begins with. */
void onym_batch_rows_put_head(const struct onym_batch_rows *rows, FILE *out);

#endif
