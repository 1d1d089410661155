/* Sorted runs of rows in one file without a name, written one after the other and merged. For
 * sorter.c alone; the layout of a row is its own. */
#ifndef ONYM_STORE_RUN_FILE_H
#define ONYM_STORE_RUN_FILE_H

#include "base/fault.h"

struct onym_run_file; /* opaque */

/* Makes the file in dir; it is gone with the process whatever happens. ONYM_OK and *out;
 * ONYM_NO_MEMORY, ONYM_FULL, ONYM_IO with *fault. */
ONYM_MUST_USE enum onym_status onym_run_file_new(const char *dir, struct onym_run_file **out,
                                                 struct onym_fault *fault);
void onym_run_file_free(struct onym_run_file *file); /* NULL is fine */

/* begin, write each row in order, end: one run. ONYM_OK, ONYM_FULL, ONYM_IO, ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_run_file_begin(struct onym_run_file *file,
                                                   struct onym_fault *fault);
ONYM_MUST_USE enum onym_status onym_run_file_write(struct onym_run_file *file, onym_span row,
                                                   struct onym_fault *fault);
ONYM_MUST_USE enum onym_status onym_run_file_end(struct onym_run_file *file,
                                                 struct onym_fault *fault);

/* Starts the merging of all runs. */
ONYM_MUST_USE enum onym_status onym_run_file_rewind(struct onym_run_file *file,
                                                    struct onym_fault *fault);
/* *row = the row with the smallest key, NULL at the end. It lives until the next peek after an
 * advance. ONYM_OK or ONYM_IO. */
ONYM_MUST_USE enum onym_status onym_run_file_peek(struct onym_run_file *file, const uint8_t **row,
                                                  struct onym_fault *fault);
/* Goes behind the row last peeked. */
void onym_run_file_advance(struct onym_run_file *file);

/* Runs written so far. */
unsigned onym_run_file_count(const struct onym_run_file *file);

#endif
