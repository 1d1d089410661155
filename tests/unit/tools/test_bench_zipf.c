#include "tools/bench_zipf.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DRAWS 100000U

/* Pearson's statistic of draws against the exact law, over ranks with at least ten expected draws
 * and the rest together, must stay below its mean by less than six standard deviations. */
static void
assert_law(uint64_t count, double theta)
{
    struct onym_bench_zipf zipf;
    struct onym_rng rng = onym_rng_seeded(20260311);
    unsigned *seen = calloc(count, sizeof *seen);
    double sum = 0, rest_expected = 0, rest_seen = 0, chi = 0;
    double cells = 0;

    assert_non_null(seen);
    onym_bench_zipf_init(&zipf, count, theta);
    for (unsigned i = 0; i < DRAWS; i++) {
        uint64_t rank = onym_bench_zipf_draw(&zipf, &rng);

        assert_true(rank < count);
        seen[rank]++;
    }
    for (uint64_t k = 0; k < count; k++) {
        sum += pow((double)k + 1, -theta);
    }
    for (uint64_t k = 0; k < count; k++) {
        double expected = DRAWS * pow((double)k + 1, -theta) / sum;

        if (expected >= 10) {
            chi += (seen[k] - expected) * (seen[k] - expected) / expected;
            cells++;
        } else {
            rest_expected += expected;
            rest_seen += seen[k];
        }
    }
    if (rest_expected > 0) {
        chi += (rest_seen - rest_expected) * (rest_seen - rest_expected) / rest_expected;
        cells++;
    }
    free(seen);
    assert_true(chi <= cells + 6 * sqrt(2 * cells));
}

static void
zipf_draws_ranks_by_the_law(void **state)
{
    (void)state;
    assert_law(1, 0.99);
    assert_law(2, 0.01);
    assert_law(10, 1);
    assert_law(1000, 0.5);
    assert_law(1000, 0.99);
    assert_law(1000, 1);
    assert_law(100000, 1.5);
    assert_law(100000, 10);
}

static void
zipf_reaches_far_ranks_of_a_large_set(void **state)
{
    struct onym_bench_zipf zipf;
    struct onym_rng rng = onym_rng_seeded(1);
    const uint64_t count = 1000000000;
    unsigned upper = 0;

    (void)state;
    onym_bench_zipf_init(&zipf, count, 0.99);
    for (unsigned i = 0; i < DRAWS; i++) {
        uint64_t rank = onym_bench_zipf_draw(&zipf, &rng);

        assert_true(rank < count);
        upper += rank >= count / 2;
    }
    /* by the integral of the law: 3.2 % lie in the upper half */
    assert_in_range(upper, DRAWS * 28 / 1000, DRAWS * 36 / 1000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zipf_draws_ranks_by_the_law),
        cmocka_unit_test(zipf_reaches_far_ranks_of_a_large_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
