/* What a client asks, free of any protocol's bytes. One request model serves every mouth: the
 * Handle protocol fills it from a message body, HTTP from a path and a query string. */
#ifndef ONYM_MODEL_MESSAGE_H
#define ONYM_MODEL_MESSAGE_H

#include "onym/model/value.h"

/* count big-endian u4 in raw. */
struct onym_u32_list {
    onym_span raw;
    uint32_t count;
};

/* count (u4 length, bytes) in raw, checked when it was made. */
struct onym_text_list {
    onym_span raw;
    uint32_t count;
};

/* The next item; moves *cursor (start with list.raw). False at the end. */
bool onym_u32_next(onym_span *cursor, uint32_t *out);
bool onym_text_next(onym_span *cursor, onym_span *out);

/* A resolution. Empty lists together select every value; otherwise a value is selected when its
 * index is listed or its type matches one listed (proto/handle.md section 15, opcode 1). */
struct onym_query {
    onym_span name;
    struct onym_u32_list indexes;
    struct onym_text_list types;
    bool public_only; /* PO: leave private values out of the selection */
    bool no_referral; /* DNR: answer "not responsible" instead of a referral */
};

#endif
