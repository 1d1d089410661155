/* Which prefixes live on this node, answered from a small per-worker cache. An entry is good for
 * one generation of the store only, so a change is seen with the commit that made it. */
#ifndef ONYM_CORE_HOMED_H
#define ONYM_CORE_HOMED_H

#include "onym/model/ident.h"
#include "store/view.h"

#define ONYM_HOMED_SLOTS        512U
#define ONYM_HOMED_NAME_LEN_MAX 46U /* longer prefix names are looked up each time */

struct onym_homed_slot {
    uint64_t generation; /* 0 = empty */
    uint8_t len;
    bool homed;
    uint8_t name[ONYM_HOMED_NAME_LEN_MAX];
};

struct onym_homed {
    struct onym_homed_slot last; /* of onym_homed_covers: names come in the same prefix mostly */
    struct onym_homed_slot slot[ONYM_HOMED_SLOTS];
};

/* Whether the prefix record name `name` ("0.NA/P", upper-cased) is homed in the view's snapshot. */
bool onym_homed_has(struct onym_homed *homed, const struct onym_view *view, onym_span name);

/* The same for the prefix of an identifier, folded ("P/S", upper-cased). */
bool onym_homed_covers(struct onym_homed *homed, const struct onym_view *view, onym_span folded);

#endif
