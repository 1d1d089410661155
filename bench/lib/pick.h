/* Which of n names a load client asks for next: all alike, or after Zipf's law, the first name most
 * often. The same seed gives the same order. */
#ifndef BENCH_LIB_PICK_H
#define BENCH_LIB_PICK_H

#include "tools/bench_zipf.h"

#include <stdbool.h>
#include <stddef.h>

struct bench_pick {
    struct onym_rng rng;
    struct onym_bench_zipf zipf;
    bool skewed;
};

/* count: at least 1. theta: 0 for all alike, or up to ONYM_BENCH_THETA_MAX. */
static inline void
bench_pick_init(struct bench_pick *pick, size_t count, uint64_t seed, double theta)
{
    *pick = (struct bench_pick){
        .rng = onym_rng_seeded(seed), .zipf.count = count, .skewed = theta > 0};
    if (pick->skewed) {
        onym_bench_zipf_init(&pick->zipf, count, theta);
    }
}

/* The next name, in [0, count). */
static inline size_t
bench_pick_next(struct bench_pick *pick)
{
    return pick->skewed ? onym_bench_zipf_draw(&pick->zipf, &pick->rng)
                        : onym_rng_below(&pick->rng, pick->zipf.count);
}

#endif
