/* A typed value of an identifier and its one byte form, the same on the wire, in the store and
 * under signatures. Source: proto/handle.md section 9.
 *
 *   u4 index | u4 timestamp | u1 ttl type | u4 ttl | u1 permissions | str type | str data |
 *   u4 count, count x (str handle, u4 index)
 */
#ifndef ONYM_MODEL_VALUE_H
#define ONYM_MODEL_VALUE_H

#include "onym/model/limits.h"
#include "onym/span.h"
#include "onym/status.h"

enum onym_permission {
    ONYM_PERM_ADMIN_READ = 8,
    ONYM_PERM_ADMIN_WRITE = 4,
    ONYM_PERM_PUBLIC_READ = 2,
    ONYM_PERM_PUBLIC_WRITE = 1,
    ONYM_PERM_DEFAULT = 14
};

enum onym_ttl_type { ONYM_TTL_RELATIVE = 0, ONYM_TTL_ABSOLUTE = 1 };

#define ONYM_TTL_DEFAULT 86400U
/* Bytes of a value with empty type and data and no references. */
#define ONYM_VALUE_LEN_MIN 26U

/* A list of (handle, index) pairs in byte form: count pairs of str + u4 in raw. */
struct onym_reference_list {
    onym_span raw;
    uint32_t count;
};

struct onym_reference {
    onym_span handle;
    uint32_t index;
};

struct onym_value {
    uint32_t index;      /* > 0, unique inside a record; the decoder accepts any */
    uint32_t timestamp;  /* epoch seconds of the last change */
    uint8_t ttl_type;    /* enum onym_ttl_type; the decoder accepts any */
    uint32_t ttl;        /* seconds, or epoch seconds when absolute */
    uint8_t permissions; /* bits of enum onym_permission; further bits are kept */
    onym_span type;      /* UTF-8, compared without ASCII case */
    onym_span data;
    struct onym_reference_list references;
    onym_span raw; /* set by decode: the value's own bytes; ignored by encode */
};

/* count values in byte form one after the other. */
struct onym_value_list {
    onym_span raw;
    uint32_t count;
};

/* Decodes one value from the front of *bytes and moves past it. Spans borrow from *bytes.
 * ONYM_OK, or ONYM_MALFORMED with *bytes and *out unchanged: a length past the end, a string over
 * ONYM_COUNT_MAX, a reference that does not fit. */
ONYM_MUST_USE enum onym_status onym_value_decode(onym_span *bytes, struct onym_value *out);

/* Bytes the value takes. */
size_t onym_value_len(const struct onym_value *value);

/* Writes the value to out. ONYM_OK and *len set, or ONYM_NO_SPACE when cap is too small. */
ONYM_MUST_USE enum onym_status onym_value_encode(const struct onym_value *value, uint8_t *out,
                                                 size_t cap, size_t *len);

/* Checks that raw holds exactly count well-formed values (count <= ONYM_VALUES_MAX), so that
 * onym_value_next over it cannot fail. ONYM_OK or ONYM_MALFORMED. */
ONYM_MUST_USE enum onym_status onym_value_list_check(struct onym_value_list list);

/* The next value of a checked list: moves *cursor (start with list.raw) and returns true, or false
 * at the end or at bytes that do not decode. */
bool onym_value_next(onym_span *cursor, struct onym_value *out);

/* The next pair of a decoded reference list; false at the end. */
bool onym_reference_next(onym_span *cursor, struct onym_reference *out);

/* Whether a wanted type selects a value's type: equal without ASCII case, or, when wanted ends in
 * '.', equal to the part before that dot or beginning with it, dot included (10.5). */
bool onym_type_matches(onym_span wanted, onym_span type);

#endif
