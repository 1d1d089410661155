/* Ranks with Zipf's law: rank k of n is drawn with a probability proportional to 1 / (k + 1)^theta.
 * By rejection-inversion (W. Hormann, G. Derflinger, "Rejection-inversion to generate variates from
 * monotone discrete distributions", 1996): exact, a constant few draws each, no table, so that ten
 * million ranks cost no more than ten. Pure. */
#ifndef ONYM_TOOLS_BENCH_ZIPF_H
#define ONYM_TOOLS_BENCH_ZIPF_H

#include "base/rng.h"

#define ONYM_BENCH_THETA_MAX 10.0

struct onym_bench_zipf {
    uint64_t count;
    double theta;
    double first, last; /* integral of the hat at 1.5 less 1, and at count + 0.5 */
    double shortcut;    /* a draw this near to its rank needs no second look */
};

/* count from 1 on, theta above 0 to ONYM_BENCH_THETA_MAX. */
void onym_bench_zipf_init(struct onym_bench_zipf *zipf, uint64_t count, double theta);

/* A rank in [0, count). */
uint64_t onym_bench_zipf_draw(const struct onym_bench_zipf *zipf, struct onym_rng *rng);

#endif
