/* A registered identifier as the node keeps it. */
#ifndef ONYM_MODEL_RECORD_H
#define ONYM_MODEL_RECORD_H

#include "onym/model/value.h"

/* What a record's key begins with, so that kinds lie apart in the table. */
enum onym_kind {
    ONYM_KIND_HANDLE = 'h', /* an identifier with values */
    ONYM_KIND_PREFIX = 'p', /* a homed prefix, named "0.NA/<prefix>"; no values */
    ONYM_KIND_TOKEN = 't'   /* an access token, named by its id; one value (core/token.h) */
};

/* docs/domain.md, life cycle of an identifier. Stored, so the numbers never change. */
enum onym_state { ONYM_STATE_ACTIVE = 3 };

struct onym_record {
    onym_span name;  /* registered spelling */
    onym_span owner; /* may be empty */
    enum onym_state state;
    uint64_t revision; /* 1 at creation, one more with each accepted operation */
    uint64_t created_ms;
    uint64_t modified_ms; /* epoch milliseconds */
    /* Values anyone may read, then the others; each part in its own order: as created, and sorted
     * by index after an add. */
    struct onym_value_list public_values;
    struct onym_value_list private_values;
};

#endif
