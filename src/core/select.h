/* Which values of a record a query selects, as runs of neighbouring bytes.
 * Source: proto/handle.md section 15, opcode 1; trailing-dot rule section 10.5. */
#ifndef ONYM_CORE_SELECT_H
#define ONYM_CORE_SELECT_H

#include "base/arena.h"
#include "onym/model/message.h"

/* Runs of a selection; when a selection is more scattered, the rest is copied into one run. */
#define ONYM_RUNS_MAX 12U
/* Wanted items of one query. A record has at most 2048 values; the product of the two lists bounds
 * the work of one request. One more is ONYM_MALFORMED. */
#define ONYM_WANTED_INDEXES_MAX 2048U
#define ONYM_WANTED_TYPES_MAX   256U

struct onym_selection {
    uint32_t count;               /* values selected */
    size_t len;                   /* bytes of all runs */
    size_t runs;                  /* used entries of run */
    onym_span run[ONYM_RUNS_MAX]; /* borrowed from the record's list, or from the arena */
};

/* Selects from a checked list by index or type, both empty = everything, in the list's order.
 * ONYM_OK (count may be 0), ONYM_MALFORMED over a wanted maximum, ONYM_NO_SPACE arena full,
 * ONYM_CORRUPT when the list does not decode. */
ONYM_MUST_USE enum onym_status onym_select(const struct onym_query *query,
                                           struct onym_value_list values, struct onym_arena *arena,
                                           struct onym_selection *out);

#endif
