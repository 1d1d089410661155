/* Randomness as a parameter. onym_rng_system draws from the kernel; onym_rng_seeded gives the same
 * sequence for the same seed on every machine (splitmix64): for tests, generated data, and what
 * need only differ, never for what must not be guessed. */
#ifndef ONYM_BASE_RNG_H
#define ONYM_BASE_RNG_H

#include <stdint.h>

struct onym_rng {
    uint64_t (*next)(struct onym_rng *rng);
    uint64_t state;
};

struct onym_rng onym_rng_system(void);
struct onym_rng onym_rng_seeded(uint64_t seed);

static inline uint64_t
onym_rng_u64(struct onym_rng *rng)
{
    return rng->next(rng);
}

/* A number in [0, bound), bound > 0. The bias is below bound / 2^64. */
static inline uint64_t
onym_rng_below(struct onym_rng *rng, uint64_t bound)
{
    __extension__ unsigned __int128 wide = (unsigned __int128)rng->next(rng) * bound;
    return (uint64_t)(wide >> 64);
}

#endif
