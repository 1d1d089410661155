/* Bytes as what they differ in from other bytes that are much like them: an entry of the log from
 * the one in front of it, which in a bulk registration are the same but for a number and a digest.
 * Pure; the same input gives the same output on every machine. For store/oplog.
 *
 *   packed  pieces until `len` bytes are made: varint count of literals, the literals, varint count
 *           of bytes copied from the base, and when that is not 0 varint zigzag how much further on
 *           in the base, counted from where the last copy ended plus the literals since
 *   varint  7 bits a byte, lowest first, the highest bit says that more follow
 */
#ifndef ONYM_STORE_PACK_H
#define ONYM_STORE_PACK_H

#include "onym/span.h"
#include "onym/status.h"

/* Longer bytes are not packed, and longer bases not used. */
#define ONYM_PACK_LEN_MAX 65536U

/* Written behind what there is room for, before that is known. */
#define ONYM_PACK_SLACK 10U

/* Writes bytes against base to out, in fewer than cap bytes; out has room for cap and
 * ONYM_PACK_SLACK. ONYM_OK and *len; ONYM_NO_SPACE: it does not get so short, or one of both is
 * longer than ONYM_PACK_LEN_MAX. Takes time in proportion to the lengths, whatever the bytes are.
 */
ONYM_MUST_USE enum onym_status onym_pack(onym_span base, onym_span bytes, uint8_t *out, size_t cap,
                                         size_t *len);

/* Makes the len bytes again at out, which has room for them. ONYM_OK; ONYM_CORRUPT: this base and
 * these bytes do not give len bytes exactly, and out is unspecified. */
ONYM_MUST_USE enum onym_status onym_unpack(onym_span base, onym_span packed, uint8_t *out,
                                           size_t len);

#endif
