/* What a thread says of itself to the operating system. */
#include "base/process.h"

#include "base/clock.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above and below it in place */
#include <cmocka.h>
#include <sys/resource.h>

#define NICE_MAX 19

struct steps {
    unsigned by[2];
    int after[2], policy[2];
};

static void *
stand_back(void *of)
{
    struct steps *s = of;

    for (unsigned i = 0; i < 2; i++) {
        onym_process_stand_back(s->by[i]);
        s->after[i] = getpriority(PRIO_PROCESS, 0);
        s->policy[i] = sched_getscheduler(0);
    }
    return NULL;
}

static int
at_most(int nice)
{
    return nice < NICE_MAX ? nice : NICE_MAX;
}

static void
a_thread_stands_back_and_no_other_with_it(void **state)
{
    static const unsigned by[][2] = {{0, 0}, {3, 4}, {0, 19}, {19, 0}, {19, 19}, {12, 12}};
    int own = getpriority(PRIO_PROCESS, 0);
    int policy = sched_getscheduler(0);
    int batch = policy == SCHED_OTHER ? SCHED_BATCH : policy; /* another one stays */

    (void)state;
    for (size_t i = 0; i < sizeof by / sizeof by[0]; i++) {
        struct steps s = {.by = {by[i][0], by[i][1]}};
        int first = at_most(own + (int)by[i][0]);
        pthread_t thread;

        assert_int_equal(pthread_create(&thread, NULL, stand_back, &s), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(s.after[0], first);
        assert_int_equal(s.after[1], at_most(first + (int)by[i][1]));
        assert_int_equal(s.policy[0], by[i][0] > 0 ? batch : policy);
        assert_int_equal(s.policy[1], by[i][0] + by[i][1] > 0 ? batch : policy);
        assert_int_equal(getpriority(PRIO_PROCESS, 0), own);
        assert_int_equal(sched_getscheduler(0), policy);
    }
}

struct neighbour {
    pthread_t thread;
    uint64_t turns; /* atomic */
    bool enough;    /* atomic */
};

static void *
work(void *of)
{
    struct neighbour *n = of;

    while (!__atomic_load_n(&n->enough, __ATOMIC_RELAXED)) {
        (void)__atomic_add_fetch(&n->turns, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

static void
work_for(uint64_t us)
{
    uint64_t until = onym_clock_monotonic_ns() + us * 1000U;

    while (onym_clock_monotonic_ns() < until) {
    }
}

struct giving {
    unsigned steps, pieces, work_us;
    unsigned gave; /* pieces after which another thread of the same processor had a turn */
};

static void *
give_way(void *of)
{
    struct giving *g = of;
    struct neighbour n = {0};
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one); /* the neighbour has it from here */
    if (sched_setaffinity(0, sizeof one, &one) != 0 ||
        pthread_create(&n.thread, NULL, work, &n) != 0) {
        return NULL;
    }
    onym_process_stand_back(g->steps);
    while (__atomic_load_n(&n.turns, __ATOMIC_RELAXED) == 0) {
        (void)sched_yield();
    }
    for (unsigned i = 0; i < g->pieces; i++) {
        uint64_t before;

        work_for(g->work_us);
        before = __atomic_load_n(&n.turns, __ATOMIC_RELAXED);
        onym_process_give_way();
        g->gave += __atomic_load_n(&n.turns, __ATOMIC_RELAXED) != before;
    }
    __atomic_store_n(&n.enough, true, __ATOMIC_RELAXED);
    (void)pthread_join(n.thread, NULL);
    return g;
}

static unsigned
pieces_given_way(unsigned steps, unsigned pieces, unsigned work_us)
{
    struct giving g = {.steps = steps, .pieces = pieces, .work_us = work_us};
    pthread_t thread;
    void *done;

    assert_int_equal(pthread_create(&thread, NULL, give_way, &g), 0);
    assert_int_equal(pthread_join(thread, &done), 0);
    assert_non_null(done);
    return g.gave;
}

/* A turn of the neighbour that falls between two looks by chance is rare, so a few are allowed. */
static void
who_stands_back_gives_way_after_a_piece_of_work(void **state)
{
    (void)state;
    assert_true(pieces_given_way(1, 50, 2 * ONYM_PROCESS_GIVE_WAY_US) > 10);
    assert_true(pieces_given_way(0, 50, 2 * ONYM_PROCESS_GIVE_WAY_US) < 10);
    assert_true(pieces_given_way(1, 1000, 0) < 500); /* not after each that is short */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_stands_back_and_no_other_with_it),
        cmocka_unit_test(who_stands_back_gives_way_after_a_piece_of_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
