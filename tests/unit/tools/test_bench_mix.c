#include "tools/bench_mix.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
assert_refused(const char *text, const char *why)
{
    struct onym_bench_mix mix;
    struct onym_fault fault = {0};

    assert_int_equal(onym_bench_mix_parse(text, &mix, &fault), ONYM_INVALID);
    assert_non_null(strstr(fault.text, why));
}

static void
mix_reads_shares(void **state)
{
    struct onym_bench_mix mix;

    (void)state;
    assert_int_equal(
        onym_bench_mix_parse("resolve=90,miss=5,malformed=2.5,refused=2.5", &mix, NULL), ONYM_OK);
    assert_float_equal(mix.share[ONYM_BENCH_RESOLVE], 0.9, 1e-12);
    assert_float_equal(mix.share[ONYM_BENCH_MALFORMED], 0.025, 1e-12);
    assert_float_equal(mix.share[ONYM_BENCH_ROUTE], 0, 0);
    assert_false(onym_bench_mix_changes(&mix));
    assert_int_equal(onym_bench_mix_parse("register=1000000", &mix, NULL), ONYM_OK);
    assert_true(onym_bench_mix_changes(&mix));
}

static void
mix_refuses_what_it_cannot_mean(void **state)
{
    (void)state;
    assert_refused("", "unknown kind ''");
    assert_refused("resolv=1", "did you mean 'resolve'");
    assert_refused("everything=1", "kinds are");
    assert_refused("resolve", "no weight");
    assert_refused("resolve=", "no number");
    assert_refused("resolve=-1", "no number");
    assert_refused("resolve=nan", "no number");
    assert_refused("resolve=1e3", "no number");
    assert_refused("resolve=1000001", "no number");
    assert_refused("resolve=1,", "unknown kind ''");
    assert_refused("resolve=1,resolve=2", "twice");
    assert_refused("resolve=0,miss=0", "above 0");
}

static void
mix_picks_kinds_by_their_shares(void **state)
{
    struct onym_bench_mix mix;
    struct onym_rng rng = onym_rng_seeded(7);
    unsigned seen[ONYM_BENCH_KINDS] = {0};

    (void)state;
    assert_int_equal(onym_bench_mix_parse("resolve=3,miss=1,update=0", &mix, NULL), ONYM_OK);
    for (unsigned i = 0; i < 100000; i++) {
        seen[onym_bench_mix_pick(&mix, &rng)]++;
    }
    /* five standard deviations of a binomial with p = 1/4 */
    assert_in_range(seen[ONYM_BENCH_MISS], 25000 - 685, 25000 + 685);
    assert_int_equal(seen[ONYM_BENCH_RESOLVE] + seen[ONYM_BENCH_MISS], 100000);
    assert_int_equal(onym_bench_mix_parse("update=1", &mix, NULL), ONYM_OK);
    assert_int_equal(onym_bench_mix_pick(&mix, &rng), ONYM_BENCH_UPDATE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mix_reads_shares),
        cmocka_unit_test(mix_refuses_what_it_cannot_mean),
        cmocka_unit_test(mix_picks_kinds_by_their_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
