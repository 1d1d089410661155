/* Rows brought into key order in bounded memory. Rows lie in one block of memory with an index of
 * 16 bytes each; when the block is full it is sorted and written as a run to a file without a name,
 * and at the end the runs and what is still in memory are merged.
 *
 *   add, add, ... -> start -> next, next, ... until ONYM_NOT_FOUND
 */
#ifndef ONYM_STORE_SORTER_H
#define ONYM_STORE_SORTER_H

#include "base/fault.h"

#define ONYM_SORTER_MEMORY_MIN     ((size_t)1 << 20)
#define ONYM_SORTER_MEMORY_DEFAULT ((size_t)512 << 20)
#define ONYM_SORTER_KEY_MAX        511U
#define ONYM_SORTER_ROW_MAX        ((size_t)320 << 10) /* bytes of a row's key and data */

struct onym_sorter; /* opaque; one thread at a time */

struct onym_sorter_row {
    onym_span key;
    onym_span data;
    uint64_t line; /* where the row came from, < 2^48 */
    bool mark;     /* the caller's */
};

/* memory: bytes for rows and index, ONYM_SORTER_MEMORY_MIN or more; besides it merging takes some
 * hundred KiB per run. dir: where the runs go; it must stay until the end. ONYM_OK and *out
 * (release with onym_sorter_free), ONYM_INVALID memory too small, ONYM_NO_MEMORY; *fault says. */
ONYM_MUST_USE enum onym_status onym_sorter_new(size_t memory, const char *dir,
                                               struct onym_sorter **out, struct onym_fault *fault);
void onym_sorter_free(struct onym_sorter *sorter); /* NULL is fine */

/* Makes room for a row and copies key, line and mark; the caller then writes row->data.len bytes to
 * *data, before the next call. ONYM_OK; ONYM_FULL or ONYM_IO when a run cannot be written; *fault
 * says. key.len <= ONYM_SORTER_KEY_MAX, both together <= ONYM_SORTER_ROW_MAX. */
ONYM_MUST_USE enum onym_status onym_sorter_add(struct onym_sorter *sorter,
                                               const struct onym_sorter_row *row, uint8_t **data,
                                               struct onym_fault *fault);

/* Ends the adding. ONYM_OK or as above. */
ONYM_MUST_USE enum onym_status onym_sorter_start(struct onym_sorter *sorter,
                                                 struct onym_fault *fault);
/* The next row in ascending key order, of equal keys in any order. Spans live until the next call.
 * ONYM_OK, ONYM_NOT_FOUND at the end, ONYM_IO. */
ONYM_MUST_USE enum onym_status
onym_sorter_next(struct onym_sorter *sorter, struct onym_sorter_row *out, struct onym_fault *fault);

/* Runs written so far. */
unsigned onym_sorter_runs(const struct onym_sorter *sorter);

#endif
