#include "tools/bench_zipf.h"

#include "base/require.h"

#include <math.h>

#define SMALL 1e-8

/* log(1 + x) / x and (exp(x) - 1) / x, which have a limit where x is 0: so theta may be 1. */
static double
log_part(double x)
{
    return fabs(x) > SMALL ? log1p(x) / x : 1 - x / 2;
}

static double
exp_part(double x)
{
    return fabs(x) > SMALL ? expm1(x) / x : 1 + x / 2;
}

/* The hat 1 / x^theta, the integral of it from 1 to x, and the integral's inverse. */
static double
hat(const struct onym_bench_zipf *zipf, double x)
{
    return exp(-zipf->theta * log(x));
}

static double
area(const struct onym_bench_zipf *zipf, double x)
{
    double log_x = log(x);

    return exp_part((1 - zipf->theta) * log_x) * log_x;
}

static double
area_inverse(const struct onym_bench_zipf *zipf, double a)
{
    double t = a * (1 - zipf->theta);

    return exp(log_part(t < -1 ? -1 : t) * a); /* rounding may step over the pole */
}

void
onym_bench_zipf_init(struct onym_bench_zipf *zipf, uint64_t count, double theta)
{
    ONYM_REQUIRE(count > 0 && theta > 0 && theta <= ONYM_BENCH_THETA_MAX);
    *zipf = (struct onym_bench_zipf){.count = count, .theta = theta};
    zipf->first = area(zipf, 1.5) - 1;
    zipf->last = area(zipf, (double)count + 0.5);
    zipf->shortcut = 2 - area_inverse(zipf, area(zipf, 2.5) - hat(zipf, 2));
}

uint64_t
onym_bench_zipf_draw(const struct onym_bench_zipf *zipf, struct onym_rng *rng)
{
    const double count = (double)zipf->count;

    for (;;) {
        double unit = (double)(onym_rng_u64(rng) >> 11) * 0x1p-53; /* [0, 1) */
        double a = zipf->last + unit * (zipf->first - zipf->last);
        double x = area_inverse(zipf, a);
        double k = floor(x + 0.5);

        k = k < 1 ? 1 : k > count ? count : k;
        if (k - x <= zipf->shortcut || a >= area(zipf, k + 0.5) - hat(zipf, k)) {
            return (uint64_t)k - 1;
        }
    }
}
