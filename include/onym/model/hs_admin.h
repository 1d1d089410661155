/* HS_ADMIN: who may administer a record, and what they may do. Source: proto/handle.md 10.1.
 *
 *   u2 permissions | str handle | u4 index
 *
 * Writers up to version 7 of the reference software left two zero bytes behind; they are accepted
 * and never written. */
#ifndef ONYM_MODEL_HS_ADMIN_H
#define ONYM_MODEL_HS_ADMIN_H

#include "onym/model/limits.h"
#include "onym/span.h"
#include "onym/status.h"

/* Bits about handles and prefixes count in the prefix record, bits about values in the record
 * itself. */
enum onym_admin_permission {
    ONYM_ADMIN_ADD_HANDLE = 0x0001,
    ONYM_ADMIN_DELETE_HANDLE = 0x0002,
    ONYM_ADMIN_ADD_PREFIX = 0x0004, /* derived prefixes */
    ONYM_ADMIN_DELETE_PREFIX = 0x0008,
    ONYM_ADMIN_MODIFY_VALUE = 0x0010,
    ONYM_ADMIN_REMOVE_VALUE = 0x0020,
    ONYM_ADMIN_ADD_VALUE = 0x0040,
    ONYM_ADMIN_MODIFY_ADMIN = 0x0080,
    ONYM_ADMIN_REMOVE_ADMIN = 0x0100,
    ONYM_ADMIN_ADD_ADMIN = 0x0200,
    ONYM_ADMIN_READ_VALUE = 0x0400, /* private values */
    ONYM_ADMIN_LIST_HANDLES = 0x0800,
    ONYM_ADMIN_ALL = 0x0FFF
};

struct onym_hs_admin {
    uint16_t permissions; /* bits of enum onym_admin_permission; further bits are kept */
    onym_span handle;     /* of the administrator: a key holder or an HS_VLIST group */
    uint32_t index;       /* of its value; 0 = any */
    bool legacy_tail;     /* set by decode: the two old zero bytes were there; encode ignores it */
};

/* Decodes the data of an HS_ADMIN value. handle borrows from data. ONYM_OK, or ONYM_MALFORMED with
 * *out unchanged: short, a handle over ONYM_NAME_LEN_MAX, bytes behind other than two zeros. */
ONYM_MUST_USE enum onym_status onym_hs_admin_decode(onym_span data, struct onym_hs_admin *out);

/* Writes the data without the old tail. ONYM_OK and *len set, or ONYM_NO_SPACE. */
ONYM_MUST_USE enum onym_status onym_hs_admin_encode(const struct onym_hs_admin *admin, uint8_t *out,
                                                    size_t cap, size_t *len);

#endif
