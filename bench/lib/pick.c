#include "lib/pick.h"

#include <math.h>

void
bench_pick_init(struct bench_pick *pick, size_t count, uint64_t seed, double theta)
{
    *pick = (struct bench_pick){.rng = onym_rng_seeded(seed), .count = count};
    if (theta > 0) {
        for (size_t k = count; k > 0; k--) { /* the small terms first: less is lost to rounding */
            pick->zeta += pow((double)k, -theta);
        }
        pick->second = 1 + pow(0.5, theta);
        pick->alpha = 1 / (1 - theta);
        pick->eta = (1 - pow(2.0 / (double)count, 1 - theta)) / (1 - pick->second / pick->zeta);
    }
}

size_t
bench_pick_next(struct bench_pick *pick)
{
    if (pick->zeta == 0 || pick->count < 3) {
        return onym_rng_below(&pick->rng, pick->count);
    }
    double u = (double)(onym_rng_u64(&pick->rng) >> 11) * 0x1p-53;
    double of_zeta = u * pick->zeta;
    if (of_zeta < pick->second) {
        return of_zeta < 1 ? 0 : 1;
    }
    size_t k = (size_t)((double)pick->count * pow(pick->eta * u - pick->eta + 1, pick->alpha));
    return k < pick->count ? k : pick->count - 1;
}
