/* One entry of the ordered log, as fields and as bytes. Pure. For store/, the writer and what reads
 * the log.
 *
 *   entry      u1 version 1, u1 what, u1 flags (1 = last of its group), u6 time (epoch ms), body
 *   what       1 a load, 2-10 an operation (enum onym_action), 128 an event
 *   load       u8 rows of the input, u8 rows that replaced a record, 16 bytes XXH3-128 of the input
 *   operation  u1 marks (1 overwrite, 2 there was a record, 4 there is one now), u1 digest (1
 *              SHA-256, 2 SM3), 16 bytes operation id, u6 revision, [32 bytes digest of the record
 *              before], [32 bytes after], who, u2 count of indexes, each u4, u2 count of values,
 *              values in their byte form to the end
 *   event      u1 event, u1 action or 0, u8 count, 16 bytes operation id or zeros, u1 length and
 *              name of the status, who
 *   who        u2 length and handle of the principal, u4 its index, u1 length and address, u2
 *              length and name of the identifier
 *
 * All integers big-endian. An operation carries what it asked for, so that applying the log to an
 * empty node gives the records; the digests say which record it met and which it left. */
#ifndef ONYM_STORE_ENTRY_H
#define ONYM_STORE_ENTRY_H

#include "onym/model/operation.h"

#define ONYM_ENTRY_INPUT_LEN   16U /* XXH3-128 of the input of a load */
#define ONYM_ENTRY_DIGEST_LEN  32U
#define ONYM_ENTRY_ADDRESS_MAX 64U

/* Stored, so the numbers never change. The actions of enum onym_action stand between. */
enum onym_entry_what { ONYM_ENTRY_LOAD = 1, ONYM_ENTRY_EVENT = 128 };

enum onym_event {
    ONYM_EVENT_LOGIN = 1,  /* status: how it ended */
    ONYM_EVENT_DENIED = 2, /* an operation or request that was refused for want of rights */
    ONYM_EVENT_LOST = 3    /* count of events that found no room before this entry */
};

enum onym_record_digest { ONYM_RECORD_SHA256 = 1, ONYM_RECORD_SM3 = 2 };

struct onym_load_operation {
    uint64_t rows;
    uint64_t replaced;
    uint8_t input[ONYM_ENTRY_INPUT_LEN];
};

struct onym_entry {
    uint8_t what; /* enum onym_entry_what or enum onym_action */
    uint64_t time_ms;
    struct onym_load_operation load; /* a load; nothing of what follows */

    uint8_t id[ONYM_OPERATION_ID_LEN];
    struct onym_principal principal; /* empty handle = nobody */
    onym_span address;
    onym_span name; /* the record's, whole */

    /* an operation */
    bool overwrite, has_before, has_after;
    uint8_t digest; /* enum onym_record_digest */
    uint8_t before[ONYM_ENTRY_DIGEST_LEN], after[ONYM_ENTRY_DIGEST_LEN];
    uint64_t revision; /* after it; 0 when the record is gone */
    struct onym_u32_list indexes;
    struct onym_value_list values;

    /* an event */
    uint8_t event;    /* enum onym_event */
    uint8_t action;   /* of what was denied; 0 = none */
    uint64_t count;   /* how many times; 1 but for ONYM_EVENT_LOST */
    onym_span status; /* its name, for example "NO_PERMISSION" */
};

static inline bool
onym_entry_is_operation(const struct onym_entry *entry)
{
    return entry->what >= ONYM_ACTION_CREATE && entry->what <= ONYM_ACTION_REVOKE;
}

/* ONYM_OK, or ONYM_INVALID when a part is over its limit: handle ONYM_NAME_LEN_MAX, name
 * ONYM_PREFIX_NAME_LEN_MAX, address ONYM_ENTRY_ADDRESS_MAX, ONYM_VALUES_MAX values or indexes of
 * ONYM_VALUES_LEN_MAX bytes, a time or revision of 2^48 or more, an unknown number. */
ONYM_MUST_USE enum onym_status onym_entry_check(const struct onym_entry *entry);

/* Bytes the entry takes. */
size_t onym_entry_len(const struct onym_entry *entry);

/* Writes the entry to out, not as the last of its group. ONYM_OK and *len; ONYM_NO_SPACE;
 * ONYM_INVALID as onym_entry_check. */
ONYM_MUST_USE enum onym_status onym_entry_encode(const struct onym_entry *entry, uint8_t *out,
                                                 size_t cap, size_t *len);

/* Reads an entry that onym_entry_encode wrote; spans borrow from bytes. ONYM_OK, or ONYM_CORRUPT
 * with *out unspecified. */
ONYM_MUST_USE enum onym_status onym_entry_decode(onym_span bytes, struct onym_entry *out);

/* Whether the entry in these bytes is the last of its group; and makes the one in `entry` it. */
bool onym_entry_is_last(onym_span bytes);
void onym_entry_mark_last(uint8_t *entry);

#endif
