/* Which processors threads use, by the kernel's own word, on as many as this machine has. */
#include "base/processors.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above and below it in place */
#include <cmocka.h>

struct asked {
    const struct onym_processors *processors;
    int worker; /* -1: none of them */
    bool done;
    cpu_set_t after;
};

static void *
ask(void *of)
{
    struct asked *a = of;

    a->done = (a->worker < 0 ? onym_processors_keep_off(a->processors)
                             : onym_processors_pin(a->processors, (unsigned)a->worker)) &&
              sched_getaffinity(0, sizeof a->after, &a->after) == 0;
    return NULL;
}

/* What a thread may use that is worker number `worker`, or none of them (-1). */
static cpu_set_t
used_by(const struct onym_processors *processors, int worker)
{
    struct asked a = {.processors = processors, .worker = worker};
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, ask, &a), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(a.done);
    return a.after;
}

static void
workers_take_turns_and_others_have_what_is_left(void **state)
{
    cpu_set_t own;
    cpu_set_t now;
    int usable;

    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof own, &own), 0);
    usable = CPU_COUNT(&own);
    for (int workers = 1; workers <= usable + 1; workers++) {
        struct onym_processors p;
        cpu_set_t all;
        cpu_set_t left;

        if (workers > 3 && workers < usable) {
            continue; /* of many the first and the last */
        }
        CPU_ZERO(&all);
        assert_true(onym_processors_share((unsigned)workers, &p));
        for (int i = 0; i < usable + 3; i++) {
            cpu_set_t one = used_by(&p, i);
            cpu_set_t before = used_by(&p, i % usable);

            assert_int_equal(CPU_COUNT(&one), 1);
            assert_true(CPU_EQUAL(&one, &before));
            if (i < workers) {
                CPU_OR(&all, &all, &one);
            }
        }
        assert_int_equal(CPU_COUNT(&all), workers < usable ? workers : usable);
        CPU_XOR(&left, &own, &all);
        now = used_by(&p, -1);
        assert_true(CPU_EQUAL(&now, workers < usable ? &left : &own));
    }
    assert_int_equal(sched_getaffinity(0, sizeof now, &now), 0);
    assert_true(CPU_EQUAL(&now, &own)); /* of the threads alone */
}

/* One usable processor, the last of this machine's: everything is there. */
static void *
on_the_last_one(void *of)
{
    bool *done = of;
    struct onym_processors p;
    cpu_set_t one;
    int last = CPU_SETSIZE - 1;

    if (sched_getaffinity(0, sizeof one, &one) != 0) {
        return NULL;
    }
    while (!CPU_ISSET((size_t)last, &one)) {
        last--;
    }
    CPU_ZERO(&one);
    CPU_SET((size_t)last, &one);
    if (sched_setaffinity(0, sizeof one, &one) == 0 && onym_processors_share(2, &p)) {
        cpu_set_t worker = used_by(&p, 1);
        cpu_set_t other = used_by(&p, -1);

        *done = CPU_EQUAL(&worker, &one) && CPU_EQUAL(&other, &one);
    }
    return NULL;
}

static void
one_processor_is_for_all(void **state)
{
    bool done = false;
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, on_the_last_one, &done), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(done);
}

static void
without_a_share_nobody_moves(void **state)
{
    static const struct onym_processors none;
    cpu_set_t own;
    cpu_set_t worker = used_by(&none, 0);
    cpu_set_t other = used_by(&none, -1);

    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof own, &own), 0);
    assert_true(CPU_EQUAL(&worker, &own));
    assert_true(CPU_EQUAL(&other, &own));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_take_turns_and_others_have_what_is_left),
        cmocka_unit_test(one_processor_is_for_all),
        cmocka_unit_test(without_a_share_nobody_moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
