/* Whose turn it is among proofs that wait, and the bounds of what may. */
#include "server/proof_queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct onym_proof_job
job_of(uint8_t network, uint8_t host)
{
    return (struct onym_proof_job){.peer_len = 4, .peer = {10, 0, network, host}};
}

static struct onym_proof_queue *
queue_for(unsigned threads)
{
    struct onym_proof_queue *q = NULL;

    assert_int_equal(onym_proof_queue_new(threads, 7, &q), ONYM_OK);
    return q;
}

static void
put_all(struct onym_proof_queue *q, struct onym_proof_job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(onym_proof_queue_put(q, &jobs[i]), ONYM_OK);
    }
}

static void
addresses_take_turns(void **state)
{
    struct onym_proof_queue *q = queue_for(100);
    struct onym_proof_job jobs[6] = {job_of(1, 1), job_of(1, 1), job_of(1, 1),
                                     job_of(1, 1), job_of(2, 2), job_of(2, 3)};
    static const size_t order[6] = {0, 4, 5, 1, 2, 3};

    (void)state;
    put_all(q, jobs, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_ptr_equal(onym_proof_queue_take(q), &jobs[order[i]]);
    }
    assert_null(onym_proof_queue_take(q));
    for (size_t i = 0; i < 6; i++) {
        onym_proof_queue_over(q, &jobs[i]);
    }
    onym_proof_queue_free(q);
}

static void
one_address_leaves_a_thread_to_others(void **state)
{
    struct onym_proof_queue *q = queue_for(3);
    struct onym_proof_job jobs[4] = {job_of(1, 1), job_of(1, 1), job_of(1, 1), job_of(2, 2)};

    (void)state;
    put_all(q, jobs, 3);
    assert_ptr_equal(onym_proof_queue_take(q), &jobs[0]);
    assert_ptr_equal(onym_proof_queue_take(q), &jobs[1]);
    assert_null(onym_proof_queue_take(q)); /* the third thread stays free */
    put_all(q, &jobs[3], 1);
    assert_ptr_equal(onym_proof_queue_take(q), &jobs[3]);
    onym_proof_queue_over(q, &jobs[3]);
    assert_null(onym_proof_queue_take(q));
    onym_proof_queue_over(q, &jobs[1]);
    assert_ptr_equal(onym_proof_queue_take(q), &jobs[2]);
    onym_proof_queue_over(q, &jobs[0]);
    onym_proof_queue_over(q, &jobs[2]);
    onym_proof_queue_free(q);
}

static void
a_single_thread_still_works(void **state)
{
    struct onym_proof_queue *q = queue_for(1);
    struct onym_proof_job job = job_of(1, 1);

    (void)state;
    put_all(q, &job, 1);
    assert_ptr_equal(onym_proof_queue_take(q), &job);
    onym_proof_queue_over(q, &job);
    onym_proof_queue_free(q);
}

/* Whoever has one address of a /64 has all of them. */
static void
of_ipv6_the_network_counts(void **state)
{
    struct onym_proof_queue *q = queue_for(2);
    struct onym_proof_job jobs[3] = {
        {.peer_len = 16, .peer = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, [15] = 1}},
        {.peer_len = 16, .peer = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, [15] = 2}},
        {.peer_len = 16, .peer = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 2, [15] = 1}}};

    (void)state;
    put_all(q, jobs, 3);
    assert_ptr_equal(onym_proof_queue_take(q), &jobs[0]);
    assert_ptr_equal(onym_proof_queue_take(q), &jobs[2]);
    assert_null(onym_proof_queue_take(q));
    onym_proof_queue_over(q, &jobs[0]);
    onym_proof_queue_over(q, &jobs[2]);
    assert_ptr_equal(onym_proof_queue_take(q), &jobs[1]);
    onym_proof_queue_over(q, &jobs[1]);
    onym_proof_queue_free(q);
}

static void
what_waits_is_bounded_and_can_be_dropped(void **state)
{
    struct onym_proof_queue *q = queue_for(2);
    struct onym_proof_job *jobs = calloc(ONYM_PROOFS_MAX + 1, sizeof *jobs);
    size_t dropped = 0;

    (void)state;
    assert_non_null(jobs);
    for (size_t i = 0; i <= ONYM_PROOFS_MAX; i++) {
        jobs[i] = job_of((uint8_t)(i / ONYM_PROOFS_PER_PEER), 0);
    }
    put_all(q, jobs, ONYM_PROOFS_PER_PEER);
    jobs[ONYM_PROOFS_MAX].peer[2] = 0;
    assert_int_equal(onym_proof_queue_put(q, &jobs[ONYM_PROOFS_MAX]), ONYM_BUSY);
    put_all(q, jobs + ONYM_PROOFS_PER_PEER, ONYM_PROOFS_MAX - ONYM_PROOFS_PER_PEER);
    jobs[ONYM_PROOFS_MAX].peer[2] = 255;
    assert_int_equal(onym_proof_queue_put(q, &jobs[ONYM_PROOFS_MAX]), ONYM_BUSY);
    assert_non_null(onym_proof_queue_take(q));
    while (onym_proof_queue_drop(q) != NULL) {
        dropped++;
    }
    assert_int_equal(dropped, ONYM_PROOFS_MAX - 1);
    assert_false(jobs[0].dropped);
    assert_true(jobs[1].dropped);
    assert_null(onym_proof_queue_take(q));
    onym_proof_queue_over(q, &jobs[0]);
    onym_proof_queue_free(q);
    free(jobs);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(addresses_take_turns),
                                       cmocka_unit_test(one_address_leaves_a_thread_to_others),
                                       cmocka_unit_test(a_single_thread_still_works),
                                       cmocka_unit_test(of_ipv6_the_network_counts),
                                       cmocka_unit_test(what_waits_is_bounded_and_can_be_dropped)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
