#include "tools/bench_pace.h"

#include "base/histogram.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS ((uint64_t)1000000)

static void
pace_of_a_closed_loop_is_the_clock(void **state)
{
    struct onym_bench_pace pace = onym_bench_pace_closed();
    struct onym_rng rng = onym_rng_seeded(1);
    uint64_t due = 0;

    (void)state;
    assert_true(onym_bench_pace_take(&pace, 77, &rng, &due));
    assert_int_equal(due, 77);
}

static void
pace_with_equal_gaps_does_not_drift(void **state)
{
    struct onym_rng rng = onym_rng_seeded(1);
    struct onym_bench_pace pace = onym_bench_pace_open(3, false, 0, 1000, &rng);
    struct onym_bench_pace second = onym_bench_pace_open(3, false, 0.5, 1000, &rng);
    uint64_t due = 0;

    (void)state;
    assert_false(onym_bench_pace_take(&pace, 999, &rng, &due));
    for (unsigned i = 0; i < 3000000; i++) {
        assert_true(onym_bench_pace_take(&pace, UINT64_MAX, &rng, &due));
    }
    assert_true(onym_bench_pace_next(&pace) - 1000 <= 1000000 * 1000 * MS);
    assert_true(onym_bench_pace_next(&pace) - 1000 >= 1000000 * 1000 * MS - 1000);
    /* half a gap later */
    assert_int_equal(onym_bench_pace_next(&second) - 1000, 166666666);
}

static void
pace_of_many_clients_has_exponential_gaps(void **state)
{
    struct onym_rng rng = onym_rng_seeded(5);
    struct onym_bench_pace pace = onym_bench_pace_open(1000, true, 0, 0, &rng);
    uint64_t before = 0, due = 0;
    double sum = 0, squares = 0;
    const unsigned count = 100000;

    (void)state;
    for (unsigned i = 0; i < count; i++) {
        assert_true(onym_bench_pace_take(&pace, UINT64_MAX, &rng, &due));
        double gap = (double)(due - before) / (double)MS;
        sum += gap;
        squares += gap * gap;
        before = due;
    }
    /* mean 1 ms and standard deviation 1 ms, both known to about 0.3 % */
    assert_true(fabs(sum / count - 1) < 0.02);
    assert_true(fabs(sqrt(squares / count - (sum / count) * (sum / count)) - 1) < 0.03);
}

/* One connection, 1000 requests a second at equal distances, each answered in 0.1 ms; at 500 ms the
 * server stands still for 100 ms. A clock of our own, so the figures are exact. */
static void
pace_charges_a_stall_to_all_that_had_to_wait(void **state)
{
    static struct onym_histogram from_due, from_sent;
    struct onym_rng rng = onym_rng_seeded(1);
    struct onym_bench_pace pace = onym_bench_pace_open(1000, false, 0, 0, &rng);
    uint64_t now = 0, due = 0;

    (void)state;
    memset(&from_due, 0, sizeof from_due);
    memset(&from_sent, 0, sizeof from_sent);
    while (onym_bench_pace_next(&pace) < 1000 * MS) {
        now = now < onym_bench_pace_next(&pace) ? onym_bench_pace_next(&pace) : now;
        assert_true(onym_bench_pace_take(&pace, now, &rng, &due));
        uint64_t sent = now;
        now += MS / 10;
        now += due == 500 * MS ? 100 * MS : 0;
        onym_histogram_record(&from_due, now - due, 1);
        onym_histogram_record(&from_sent, now - sent, 1);
    }
    assert_int_equal(onym_histogram_count(&from_due), 1000);
    /* by the sending only one of a thousand was slow: the 99.8th percentile hides the stall */
    assert_true(onym_histogram_percentile(&from_sent, 998000) < MS);
    /* by the plan more than a hundred were late, the first of them by all of 100 ms */
    assert_true(onym_histogram_percentile(&from_due, 890000) > MS);
    assert_true(onym_histogram_percentile(&from_due, 880000) < MS);
    assert_true(onym_histogram_percentile(&from_due, 950000) > 50 * MS);
    assert_true(onym_histogram_percentile(&from_due, 1000000) > 100 * MS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pace_of_a_closed_loop_is_the_clock),
        cmocka_unit_test(pace_with_equal_gaps_does_not_drift),
        cmocka_unit_test(pace_of_many_clients_has_exponential_gaps),
        cmocka_unit_test(pace_charges_a_stall_to_all_that_had_to_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
