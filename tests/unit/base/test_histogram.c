/* The log-linear histogram: its slots leave no gap, and its answers stay within their promise. */
#include "base/histogram.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the four above and below it in place */
#include <cmocka.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

static struct onym_histogram *
fresh(void)
{
    struct onym_histogram *h = calloc(1, sizeof *h);

    assert_non_null(h);
    return h;
}

static void
histogram_slots_cover_all_values_without_gap(void **state)
{
    (void)state;
    assert_int_equal(onym_histogram_slot_low(0), 0);
    for (size_t i = 0; i < ONYM_HISTOGRAM_SLOTS; i++) {
        uint64_t low = onym_histogram_slot_low(i);
        uint64_t high = onym_histogram_slot_high(i);

        assert_int_equal(onym_histogram_slot(low), i);
        assert_int_equal(onym_histogram_slot(high), i);
        assert_true(high - low <= low / 128U);
        if (i + 1 < ONYM_HISTOGRAM_SLOTS) {
            assert_int_equal(onym_histogram_slot_low(i + 1), high + 1);
        }
    }
    assert_int_equal(onym_histogram_slot_high(ONYM_HISTOGRAM_SLOTS - 1), ONYM_HISTOGRAM_VALUE_MAX);
}

static void
histogram_keeps_too_great_values_as_the_greatest(void **state)
{
    (void)state;
    assert_int_equal(onym_histogram_slot(ONYM_HISTOGRAM_VALUE_MAX), ONYM_HISTOGRAM_SLOTS - 1);
    assert_int_equal(onym_histogram_slot(ONYM_HISTOGRAM_VALUE_MAX + 1), ONYM_HISTOGRAM_SLOTS - 1);
    assert_int_equal(onym_histogram_slot(UINT64_MAX), ONYM_HISTOGRAM_SLOTS - 1);
}

static int
by_value(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;

    return *x < *y ? -1 : *x > *y;
}

static void
histogram_percentiles_stay_within_one_part_in_128(void **state)
{
    static const uint32_t wanted[] = {0, 1, 500000, 900000, 990000, 999000, 999900, 1000000};
    enum { COUNT = 20000 };
    struct onym_rng rng = onym_rng_seeded(7);
    struct onym_histogram *h = fresh();
    uint64_t *value = calloc(COUNT, sizeof *value);

    (void)state;
    assert_non_null(value);
    for (size_t i = 0; i < COUNT; i++) {
        value[i] = onym_rng_u64(&rng) >> (22 + onym_rng_below(&rng, 42));
        onym_histogram_record(h, value[i], 1);
    }
    qsort(value, COUNT, sizeof *value, by_value);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        size_t rank = ((size_t)COUNT * wanted[i] + 999999U) / 1000000U;
        uint64_t truth = value[rank > 0 ? rank - 1 : 0];
        uint64_t told = onym_histogram_percentile(h, wanted[i]);

        assert_in_range(told, truth, truth + truth / 128U);
    }
    assert_int_equal(onym_histogram_count(h), COUNT);
    free(value);
    free(h);
}

static void
histogram_percentile_edges(void **state)
{
    struct onym_histogram *h = fresh();

    (void)state;
    assert_int_equal(onym_histogram_percentile(h, 500000), 0);
    onym_histogram_record(h, 100, 1);
    onym_histogram_record(h, 7, 3);
    assert_int_equal(onym_histogram_percentile(h, 0), 7);
    assert_int_equal(onym_histogram_percentile(h, 750000), 7);
    assert_int_equal(onym_histogram_percentile(h, 750001), 100);
    assert_int_equal(onym_histogram_percentile(h, 1000001), 100);
    assert_int_equal(h->sum, 121);
    /* no overflow with counts whose product with a million would leave 64 bits */
    onym_histogram_record(h, 9, (uint64_t)1 << 62);
    assert_int_equal(onym_histogram_percentile(h, 999999), 9);
    free(h);
}

static void
histogram_merge_adds(void **state)
{
    struct onym_histogram *a = fresh();
    struct onym_histogram *b = fresh();

    (void)state;
    onym_histogram_record(a, 5, 2);
    onym_histogram_record(b, 5, 3);
    onym_histogram_record(b, 1000000, 1);
    onym_histogram_merge(a, b);
    assert_int_equal(onym_histogram_count(a), 6);
    assert_int_equal(a->slot[5], 5);
    assert_int_equal(a->sum, 1000025);
    assert_int_equal(onym_histogram_count(b), 4);
    free(a);
    free(b);
}

static void
histogram_cumulate_counts_up_to_each_bound(void **state)
{
    static const uint64_t bounds[] = {10, 20, 1000, ONYM_HISTOGRAM_VALUE_MAX};
    uint64_t at_most[4] = {100, 0, 0, 0}; /* adds to what is there */
    struct onym_histogram *h = fresh();

    (void)state;
    onym_histogram_record(h, 10, 1);   /* at a bound counts below it */
    onym_histogram_record(h, 11, 2);   /* one past it does not */
    onym_histogram_record(h, 999, 4);  /* in 996..999: wholly below 1000 */
    onym_histogram_record(h, 1000, 8); /* in 1000..1003, cut by the bound: above it */
    onym_histogram_record(h, UINT64_MAX, 16);
    assert_int_equal(onym_histogram_cumulate(h, bounds, 4, at_most), 31);
    assert_int_equal(at_most[0], 101);
    assert_int_equal(at_most[1], 3);
    assert_int_equal(at_most[2], 7);
    assert_int_equal(at_most[3], 31);
    free(h);
}

struct race {
    struct onym_histogram *h;
    bool done;
};

static void *
record_on(void *arg)
{
    struct race *race = arg;

    for (uint64_t i = 0; i < 200000; i++) {
        onym_histogram_record(race->h, i, 1);
    }
    __atomic_store_n(&race->done, true, __ATOMIC_RELEASE);
    return NULL;
}

/* For the thread sanitizer, and: what a reader sees fits together and never shrinks. */
static void
histogram_is_read_while_written(void **state)
{
    struct race race = {.h = fresh()};
    static const uint64_t bounds[] = {1000, 100000};
    pthread_t thread;
    uint64_t before = 0;
    bool done = false;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, record_on, &race), 0);
    while (!done) {
        uint64_t at_most[2] = {0};
        uint64_t count;

        done = __atomic_load_n(&race.done, __ATOMIC_ACQUIRE);
        count = onym_histogram_cumulate(race.h, bounds, 2, at_most);
        assert_true(count >= before && at_most[0] <= at_most[1] && at_most[1] <= count);
        before = count;
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(before, 200000);
    free(race.h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(histogram_slots_cover_all_values_without_gap),
        cmocka_unit_test(histogram_keeps_too_great_values_as_the_greatest),
        cmocka_unit_test(histogram_percentiles_stay_within_one_part_in_128),
        cmocka_unit_test(histogram_percentile_edges),
        cmocka_unit_test(histogram_merge_adds),
        cmocka_unit_test(histogram_cumulate_counts_up_to_each_bound),
        cmocka_unit_test(histogram_is_read_while_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
