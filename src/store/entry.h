/* One entry of the ordered log, as fields and as bytes. Pure. For store/, the writer and what reads
 * the log.
 *
 * The log keeps most entries packed: store/entry_pack.h.
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

#include "model/entry.h"

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
