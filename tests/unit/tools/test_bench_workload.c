#include "tools/bench_workload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
workloads_are_found_by_name(void **state)
{
    static const char *const names[] = {"W1", "W2", "W3", "W4", "W5", "W6", "W7", "W9", "W11"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_non_null(onym_bench_workload_find(names[i]));
    }
    assert_non_null(onym_bench_workload_find("w11"));
    assert_null(onym_bench_workload_find("W8"));
    assert_null(onym_bench_workload_find(""));
}

static void
workloads_say_what_they_need(void **state)
{
    (void)state;
    for (const struct onym_bench_workload *w = onym_bench_workloads; w->name != NULL; w++) {
        bool changes = false;

        assert_in_range(w->count, 1, ONYM_BENCH_STEPS_MAX);
        for (size_t i = 0; i < w->count; i++) {
            struct onym_bench_mix mix;

            assert_int_equal(onym_bench_mix_parse(w->steps[i].mix, &mix, NULL), ONYM_OK);
            changes = changes || onym_bench_mix_changes(&mix) ||
                      w->steps[i].beside == ONYM_BENCH_BESIDE_BATCHES ||
                      w->steps[i].beside == ONYM_BENCH_BESIDE_IMPORT;
            assert_true(w->steps[i].rate_factor == 0 || w->rate > 0);
        }
        assert_int_equal(changes, w->changes);
        assert_true(w->judged == ONYM_BENCH_NOTHING || (w->limit > 0 && w->count > 1));
    }
}

static void
steps_leave_what_the_user_said(void **state)
{
    const struct onym_bench_workload *w = onym_bench_workload_find("W5");
    struct onym_bench_args user = onym_bench_args_default();
    struct onym_bench_args step = onym_bench_workload_step(w, &w->steps[1], &user);

    (void)state;
    assert_true(step.settings.rate == 3 * w->rate);
    assert_int_equal(step.settings.connections, 64);
    user.has_rate = user.has_connections = true;
    user.settings.rate = 10;
    user.settings.connections = 5;
    step = onym_bench_workload_step(w, &w->steps[1], &user);
    assert_true(step.settings.rate == 30);
    assert_int_equal(step.settings.connections, 5);
    w = onym_bench_workload_find("W9");
    user.has_idle = true;
    user.settings.idle = 7;
    assert_int_equal(onym_bench_workload_step(w, &w->steps[0], &user).settings.idle, 0);
    assert_int_equal(onym_bench_workload_step(w, &w->steps[1], &user).settings.idle, 7);
}

/* What is said of two runs with these 99th percentiles. */
static void
assert_judged(const char *name, double first, double last, const char *said)
{
    json_t *runs = json_pack("[{s:s,s:{s:f}},{s:s,s:{s:f}}]", "name", "alone", "latency_us", "p99",
                             first, "name", "beside", "latency_us", "p99", last);
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    assert_non_null(out);
    onym_bench_workload_judge(onym_bench_workload_find(name), runs, out);
    assert_int_equal(fclose(out), 0);
    assert_true(said == NULL ? len == 0 : strstr(text, said) != NULL);
    free(text);
    json_decref(runs);
}

static void
workloads_are_judged_at_their_limits(void **state)
{
    (void)state;
    assert_judged("W6", 100, 200, "2.00 times that of 'alone', at most 2.00: met");
    assert_judged("W6", 100, 201, ": not met");
    assert_judged("W11", 1, 20000, ": met");
    assert_judged("W11", 1, 20001, ": not met");
    assert_judged("W6", 0, 200, NULL);   /* nothing to compare with */
    assert_judged("W7", 100, 200, NULL); /* no processor times without --ops */
    assert_judged("W1", 100, 200, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workloads_are_found_by_name),
        cmocka_unit_test(workloads_say_what_they_need),
        cmocka_unit_test(steps_leave_what_the_user_said),
        cmocka_unit_test(workloads_are_judged_at_their_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
