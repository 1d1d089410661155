#include "base/hash.h"

#include "base/bytes.h"

#define XXH_INLINE_ALL
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wswitch-enum"
#pragma GCC diagnostic ignored "-Wundef"
#pragma GCC diagnostic ignored "-Wpedantic"
#include <xxhash.h>
#pragma GCC diagnostic pop
#include <stdlib.h>

uint64_t
onym_hash64(onym_span bytes, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes.at, bytes.len, seed);
}

struct onym_hash128 {
    XXH3_state_t state;
};

struct onym_hash128 *
onym_hash128_new(void)
{
    struct onym_hash128 *hash = NULL;

    /* the state asks for more alignment than malloc gives */
    if (posix_memalign((void **)&hash, _Alignof(struct onym_hash128), sizeof *hash) != 0) {
        return NULL;
    }
    (void)XXH3_128bits_reset(&hash->state);
    return hash;
}

void
onym_hash128_add(struct onym_hash128 *hash, onym_span bytes)
{
    (void)XXH3_128bits_update(&hash->state, bytes.at, bytes.len);
}

void
onym_hash128_get(const struct onym_hash128 *hash, uint8_t out[16])
{
    XXH128_hash_t value = XXH3_128bits_digest(&hash->state);

    onym_put_u64(out, value.high64);
    onym_put_u64(out + 8, value.low64);
}

void
onym_hash128_free(struct onym_hash128 *hash)
{
    free(hash);
}
