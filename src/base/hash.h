/* XXH3, 64 bits: record checksums and table slots. Not for anything an adversary may choose the
 * collision of. The value is stable across versions of the library and across machines. */
#ifndef ONYM_BASE_HASH_H
#define ONYM_BASE_HASH_H

#include "onym/span.h"

uint64_t onym_hash64(onym_span bytes, uint64_t seed);

#endif
