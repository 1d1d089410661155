/* What a thread says of itself to the operating system. */
#include "base/process.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_stands_back_and_no_other_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
