/* The stored form of a record, version 1, and its key. For store/ and its tests.
 *
 *   u8  checksum: XXH3-64 of everything after it, mixed with that of the key
 *   u1  version, 1
 *   u1  state
 *   u1  owner length
 *   u2  name length
 *   u2  public values     u2  private values
 *   u4  public bytes
 *   u6  revision          u6  created, epoch ms     u6  modified, epoch ms
 *   name, owner, public values, private values (to the end), each value in its byte form
 *
 * All integers big-endian, no padding: 39 bytes in front of the name. Reading is a few loads and
 * one hash; the checksum is verified on every read, because LMDB 0.9 pages carry none.
 */
#ifndef ONYM_STORE_RECORD_V1_H
#define ONYM_STORE_RECORD_V1_H

#include "auth/digest.h"
#include "onym/model/record.h"

#define ONYM_RECORD_HEADER_LEN 39U
/* LMDB's own limit of a key. Keys up to one byte less are stored as they are; a longer key becomes
 * exactly this long, so that the two can never meet. */
#define ONYM_KEY_LEN_MAX 511U

/* The key of kind and folded name: the kind's byte and the name, or, when that is longer than
 * ONYM_KEY_LEN_MAX - 1 bytes, its first ONYM_KEY_LEN_MAX - 32 bytes and the SHA-256 of the whole.
 * Written to out; the span borrows from it. folded.len <= ONYM_PREFIX_NAME_LEN_MAX. */
onym_span onym_record_key(enum onym_kind kind, onym_span folded, struct onym_digester *digester,
                          uint8_t out[ONYM_KEY_LEN_MAX]);

/* What of a stored record its digest is over: everything after the checksum. */
onym_span onym_record_digested(onym_span stored);

/* Reads a stored record; spans borrow from stored. ONYM_OK, or ONYM_CORRUPT with *out unchanged:
 * another version, lengths that do not add up, a checksum that does not match. */
ONYM_MUST_USE enum onym_status onym_record_v1_decode(onym_span key, onym_span stored,
                                                     struct onym_record *out);

/* Bytes the record takes in stored form. */
size_t onym_record_v1_len(const struct onym_record *record);

/* Writes record, whose key is key, to out. ONYM_OK and *len set; ONYM_NO_SPACE when cap is too
 * small; ONYM_INVALID when a part is over its limit (name ONYM_PREFIX_NAME_LEN_MAX, owner
 * ONYM_OWNER_LEN_MAX, ONYM_VALUES_MAX values of ONYM_VALUES_LEN_MAX bytes, a time or
 * revision of 2^48 or more). The values' own form is the caller's promise. */
ONYM_MUST_USE enum onym_status onym_record_v1_encode(onym_span key,
                                                     const struct onym_record *record, uint8_t *out,
                                                     size_t cap, size_t *len);

#endif
