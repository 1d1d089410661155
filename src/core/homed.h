/* Which prefixes live on this node, answered from a small per-worker cache. What it knows is good
 * until the record of any prefix changes, which is seen with the commit that made the change
 * (store/marks.h). */
#ifndef ONYM_CORE_HOMED_H
#define ONYM_CORE_HOMED_H

#include "onym/model/ident.h"
#include "store/view.h"

#define ONYM_HOMED_SETS       256U
#define ONYM_HOMED_WAYS       4U  /* prefixes of a set */
#define ONYM_HOMED_PREFIX_MAX 54U /* bytes; longer prefixes are looked up each time */

struct onym_homed_slot {
    uint64_t generation; /* of the view that showed it */
    uint8_t len;         /* 0 = empty */
    bool homed;
    uint8_t prefix[ONYM_HOMED_PREFIX_MAX];
};

/* The zero struct knows nothing. */
struct onym_homed {
    struct onym_homed_slot slot[ONYM_HOMED_SETS][ONYM_HOMED_WAYS];
};

/* Whether the prefix record name `name` ("0.NA/P", upper-cased) is homed in the view's snapshot. */
bool onym_homed_has(struct onym_homed *homed, const struct onym_view *view, onym_span name);

/* The same for a prefix "P", upper-cased: what is in front of the first '/' of an identifier. */
bool onym_homed_prefix(struct onym_homed *homed, const struct onym_view *view, onym_span prefix);

#endif
