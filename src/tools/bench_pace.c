#include "tools/bench_pace.h"

#include <math.h>

static void
advance(struct onym_bench_pace *pace, struct onym_rng *rng)
{
    if (pace->poisson) {
        /* (0, 1], so that the logarithm exists */
        double unit = ((double)(onym_rng_u64(rng) >> 11) + 1) * 0x1p-53;

        pace->offset_ns -= log(unit) * pace->gap_ns;
    } else {
        pace->taken++; /* a product does not drift as a sum would */
    }
}

struct onym_bench_pace
onym_bench_pace_closed(void)
{
    return (struct onym_bench_pace){.open = false};
}

struct onym_bench_pace
onym_bench_pace_open(double rate, bool poisson, double phase, uint64_t start_ns,
                     struct onym_rng *rng)
{
    struct onym_bench_pace pace = {
        .open = true, .poisson = poisson, .gap_ns = 1e9 / rate, .start_ns = start_ns};

    pace.offset_ns = poisson ? 0 : phase * pace.gap_ns;
    if (poisson) {
        advance(&pace, rng);
    }
    return pace;
}

uint64_t
onym_bench_pace_next(const struct onym_bench_pace *pace)
{
    return pace->start_ns + (uint64_t)(pace->offset_ns + (double)pace->taken * pace->gap_ns);
}

bool
onym_bench_pace_take(struct onym_bench_pace *pace, uint64_t now_ns, struct onym_rng *rng,
                     uint64_t *due_ns)
{
    if (!pace->open) {
        *due_ns = now_ns;
        return true;
    }
    *due_ns = onym_bench_pace_next(pace);
    if (*due_ns > now_ns) {
        return false;
    }
    advance(pace, rng);
    return true;
}
