/* One row of a bulk job, whatever format it came in: a change of one identifier, or a row that
 * breaks its grammar. A row owns its bytes, because many are under way at once. */
#ifndef ONYM_TOOLS_BATCH_ROW_H
#define ONYM_TOOLS_BATCH_ROW_H

#include "onym/model/operation.h"

#include <stdio.h>

enum onym_batch_format {
    ONYM_BATCH_AUTO,
    ONYM_BATCH_CSV,
    ONYM_BATCH_NDJSON,
    ONYM_BATCH_HANDLE /* the batch files of the Handle tools */
};

enum onym_batch_kind {
    ONYM_BATCH_CHANGE,
    ONYM_BATCH_IDENTITY, /* AUTHENTICATE: who asks for the changes behind it */
    ONYM_BATCH_BROKEN    /* status and why say what is wrong */
};

struct onym_batch_row {
    enum onym_batch_kind kind;
    uint64_t number; /* CSV: physical record, the header is 1; else the line */
    uint64_t line;   /* where it begins, from 1 */
    enum onym_action action;
    bool overwrite;
    onym_span name; /* IDENTITY: the handle of the key */
    onym_span text; /* as it goes into the file of failed rows, without its end */
    struct onym_value *values;
    size_t value_count;
    uint32_t *indexes; /* REMOVE; IDENTITY: that of the key value */
    size_t index_count;
    onym_span secret; /* IDENTITY: one of the two */
    onym_span key_file;
    enum onym_status status;
    char why[256];
};

/* A copy of draft with everything it points to, in one piece of memory. NULL: out of memory.
 * Release with onym_batch_row_free. */
struct onym_batch_row *onym_batch_row_new(const struct onym_batch_row *draft);
void onym_batch_row_free(struct onym_batch_row *row); /* NULL is fine; wipes secrets */

/* Makes a row broken: what is wrong, and where. */
__attribute__((format(printf, 3, 4))) void
onym_batch_row_break(struct onym_batch_row *row, enum onym_status status, const char *format, ...);

/* Whether the change may be sent: the grammar of the name, the values and their indexes. Makes the
 * row broken otherwise. */
void onym_batch_row_check(struct onym_batch_row *row);

/* Writes the row to a file of failed rows of its format, with row, code and reason, so that
 * the file can be corrected and run again. */
void onym_batch_row_put_failed(FILE *out, enum onym_batch_format format,
                               const struct onym_batch_row *row, uint32_t code, onym_span reason);

/* A field of CSV, quoted when it must be. */
void onym_batch_put_field(FILE *out, onym_span text);

#endif
