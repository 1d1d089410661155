/* The front of the log taken away: entries that are older than anybody wants to keep. What is left
 * is proven as before, from the hash of the last group that went. For offline use. */
#ifndef ONYM_STORE_PRUNE_H
#define ONYM_STORE_PRUNE_H

#include "base/fault.h"
#include "store/env.h"

#include <stdint.h>

struct onym_prune_report {
    uint64_t removed; /* entries */
    uint64_t first;   /* the log begins with this one now, or will with the next change */
    uint8_t hash[32]; /* of the group in front of it: what the chain goes on from */
    uint64_t left;    /* entries */
};

/* Told after each piece: entries removed, entries to be removed. */
typedef void onym_prune_fn(void *of, uint64_t done, uint64_t whole);

/* Removes whole groups from the front as long as all their entries are older than before_ms. The
 * whole log is proven first; a checkpoint over the records as they stand is taken with the first
 * piece; each piece is one transaction that leaves a log that holds. ONYM_OK and *out, also when
 * nothing was to be removed; ONYM_CORRUPT with *fault: the log does not hold, and nothing was
 * removed; ONYM_FULL, ONYM_IO, ONYM_NO_MEMORY and friends with *fault: run it again. */
ONYM_MUST_USE enum onym_status onym_store_prune(struct onym_env *env, uint64_t before_ms,
                                                onym_prune_fn *progress, void *of,
                                                struct onym_prune_report *out,
                                                struct onym_fault *fault);

#endif
