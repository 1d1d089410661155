/* The form of an entry in the log when it is short against an entry in front of it in its group,
 * the base, which stands as it is:
 *
 *   packed entry  the 9 bytes an entry begins with, but with version 2; u1 how many entries in
 *                 front the base is; u4 length of what follows the 9 bytes in the entry; that,
 *                 packed (store/pack.h) against the same of the base
 *
 * A base serves ONYM_ENTRY_BASE_MAX entries behind it at most, so a group is proven in one walk and
 * any entry read with two look-ups. Stores of format 1 have no packed entries. */
#ifndef ONYM_STORE_ENTRY_PACK_H
#define ONYM_STORE_ENTRY_PACK_H

#include "store/entry.h"

#define ONYM_ENTRY_BASE_MAX   63U
#define ONYM_ENTRY_PACKED_MAX (9U + 65536U) /* bytes of an entry that is packed */

/* Writes entry (as onym_entry_encode wrote it) packed against base, `distance` in front, to out
 * (cap at least entry.len). ONYM_OK and *len; ONYM_NO_SPACE: it would not be half as long, or the
 * distance is 0 or too far, and the entry stays as it is. */
ONYM_MUST_USE enum onym_status onym_entry_pack(onym_span base, uint64_t distance, onym_span entry,
                                               uint8_t *out, size_t *len);

/* How many entries in front of the one in `stored` its base is; 0 when it is not packed. */
uint64_t onym_entry_base(onym_span stored);

/* Bytes the entry has that is packed in `stored`, at most ONYM_ENTRY_PACKED_MAX; 0 when it is not
 * packed or cannot be unpacked. */
size_t onym_entry_unpacked_len(onym_span stored);

/* Makes the entry again at out, which has room for onym_entry_unpacked_len bytes. ONYM_OK;
 * ONYM_CORRUPT: it does not follow from base. */
ONYM_MUST_USE enum onym_status onym_entry_unpack(onym_span base, onym_span stored, uint8_t *out);

#endif
