#include "base/rng.h"

#include "base/require.h"

#include <sys/random.h>

static uint64_t
next_system(struct onym_rng *rng)
{
    uint64_t v;

    (void)rng;
    ONYM_REQUIRE(getrandom(&v, sizeof v, 0) == (ssize_t)sizeof v);
    return v;
}

static uint64_t
next_seeded(struct onym_rng *rng)
{
    uint64_t z = (rng->state += 0x9E3779B97F4A7C15U);

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

struct onym_rng
onym_rng_system(void)
{
    return (struct onym_rng){.next = next_system};
}

struct onym_rng
onym_rng_seeded(uint64_t seed)
{
    return (struct onym_rng){.next = next_seeded, .state = seed};
}
