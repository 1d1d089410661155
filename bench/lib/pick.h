/* Which of n names a load client asks for next: all alike, or after Zipf's law, where name k is
 * asked for in proportion to 1 / k^theta (Gray et al., SIGMOD 1994; theta 0.99 is the usual one).
 * The same seed gives the same order. */
#ifndef BENCH_LIB_PICK_H
#define BENCH_LIB_PICK_H

#include "base/rng.h"

#include <stddef.h>

struct bench_pick {
    struct onym_rng rng;
    size_t count;
    double zeta, alpha, eta, second; /* zeta 0: all alike */
};

/* count: at least 1. theta: 0 for all alike, or inside (0, 1); takes a pow() for each name once. */
void bench_pick_init(struct bench_pick *pick, size_t count, uint64_t seed, double theta);

/* The next name, in [0, count). */
size_t bench_pick_next(struct bench_pick *pick);

#endif
