/* Tables that are derived from others, made again from them: the filters of names (store/names.h).
 * For offline use: each piece is one transaction, and what is under way is seen by readers. */
#ifndef ONYM_STORE_REINDEX_H
#define ONYM_STORE_REINDEX_H

#include "store/env.h"

#include <stdint.h>

struct onym_reindex_report {
    uint64_t entries;  /* of the log */
    uint64_t segments; /* that have a filter now */
    uint64_t
        left_out; /* whole segments that could not be read: their history is found by reading */
};

/* Told after each piece: entries done, entries in all. */
typedef void onym_reindex_fn(void *of, uint64_t done, uint64_t whole);

/* ONYM_OK and *out; ONYM_FULL, ONYM_IO, ONYM_UNCERTAIN and friends with *fault: run it again. */
ONYM_MUST_USE enum onym_status onym_store_reindex(struct onym_env *env, onym_reindex_fn *progress,
                                                  void *of, struct onym_reindex_report *out,
                                                  struct onym_fault *fault);

#endif
