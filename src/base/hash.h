/* XXH3, 64 bits: record checksums and table slots. Not for anything an adversary may choose the
 * collision of. The value is stable across versions of the library and across machines. */
#ifndef ONYM_BASE_HASH_H
#define ONYM_BASE_HASH_H

#include "onym/span.h"

/* Of bytes, which may be empty; another seed gives another function. */
uint64_t onym_hash64(onym_span bytes, uint64_t seed);

/* XXH3, 128 bits, of a long input in pieces: what `xxh128sum` prints, as 16 bytes. For telling
 * inputs apart, nothing more. */
struct onym_hash128; /* opaque; one thread at a time */

/* NULL when memory is short. */
struct onym_hash128 *onym_hash128_new(void);
void onym_hash128_add(struct onym_hash128 *hash, onym_span bytes);
void onym_hash128_get(const struct onym_hash128 *hash, uint8_t out[16]); /* of all so far */
void onym_hash128_free(struct onym_hash128 *hash);                       /* NULL is fine */

#endif
