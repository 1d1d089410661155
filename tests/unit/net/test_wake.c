/* Blocks posted by several threads arrive on the loop, all of them, in the order of each thread. */
#include "net/wake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define THREADS 3U
#define BLOCKS  20000U

struct block {
    struct onym_wake_block wake;
    unsigned thread;
    unsigned number;
};

struct arrivals {
    struct onym_wake *wake;
    unsigned next[THREADS];
    unsigned all;
    unsigned untold; /* since on_delivered */
    uv_thread_t loop_thread;
};

static void
on_block(void *of, struct onym_wake_block *wake)
{
    struct arrivals *a = of;
    struct block *block = (struct block *)wake;
    uv_thread_t here = uv_thread_self();

    assert_true(uv_thread_equal(&here, &a->loop_thread));
    assert_int_equal(block->number, a->next[block->thread]++);
    free(block);
    a->untold++;
    if (++a->all == THREADS * BLOCKS) {
        onym_wake_close(a->wake);
    }
}

static void
on_delivered(void *of, struct onym_wake_block *none)
{
    struct arrivals *a = of;

    assert_null(none);
    assert_true(a->untold <= ONYM_WAKE_TURN);
    a->untold = 0;
}

static struct block *
block_new(unsigned thread, unsigned number)
{
    struct block *block = calloc(1, sizeof *block);

    block->thread = thread;
    block->number = number;
    return block;
}

struct poster {
    struct onym_wake *wake;
    unsigned number;
    uv_thread_t thread;
};

static void
post_all(void *arg)
{
    struct poster *p = arg;

    for (unsigned i = 0; i < BLOCKS; i++) {
        struct block *block = block_new(p->number, i);

        if (!onym_wake_post(p->wake, &block->wake)) {
            free(block);
        }
    }
}

static void
every_block_arrives_in_order(void **state)
{
    struct poster poster[THREADS];
    struct arrivals a = {.loop_thread = uv_thread_self()};
    uv_loop_t loop;

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(onym_wake_open(&loop, on_block, &a, &a.wake), ONYM_OK);
    onym_wake_tell(a.wake, on_delivered);
    for (unsigned i = 0; i < THREADS; i++) {
        poster[i] = (struct poster){.wake = a.wake, .number = i};
        assert_int_equal(uv_thread_create(&poster[i].thread, post_all, &poster[i]), 0);
    }
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(uv_thread_join(&poster[i].thread), 0);
    }
    assert_int_equal(a.all, THREADS * BLOCKS);
    assert_int_equal(a.untold, 0);
    assert_int_equal(uv_loop_close(&loop), 0);
    onym_wake_free(a.wake);
}

static void
closing_delivers_what_was_posted_and_takes_no_more(void **state)
{
    struct arrivals a = {.loop_thread = uv_thread_self()};
    struct block *late = block_new(0, 2);
    uv_loop_t loop;

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(onym_wake_open(&loop, on_block, &a, &a.wake), ONYM_OK);
    onym_wake_tell(a.wake, on_delivered);
    assert_true(onym_wake_post(a.wake, &block_new(0, 0)->wake));
    assert_true(onym_wake_post(a.wake, &block_new(0, 1)->wake));
    assert_int_equal(a.all, 0); /* never from inside the call that posts */
    onym_wake_close(a.wake);
    assert_int_equal(a.all, 2);
    assert_int_equal(a.untold, 0);
    assert_false(onym_wake_post(a.wake, &late->wake));
    free(late);
    onym_wake_close(a.wake);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&loop), 0);
    onym_wake_free(a.wake);
    onym_wake_free(NULL);
}

static void
a_list_arrives_in_its_order(void **state)
{
    struct arrivals a = {.loop_thread = uv_thread_self()};
    struct block *block[3];
    uv_loop_t loop;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        block[i] = block_new(0, i + 1);
    }
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(onym_wake_open(&loop, on_block, &a, &a.wake), ONYM_OK);
    assert_true(onym_wake_post(a.wake, &block_new(0, 0)->wake));
    block[0]->wake.next = &block[1]->wake;
    assert_true(onym_wake_post_all(a.wake, &block[0]->wake, &block[1]->wake));
    assert_true(onym_wake_post(a.wake, &block_new(0, 3)->wake));
    assert_true(uv_run(&loop, UV_RUN_ONCE) != 0);
    assert_int_equal(a.all, 4);
    onym_wake_close(a.wake);
    assert_false(onym_wake_post_all(a.wake, &block[2]->wake, &block[2]->wake));
    free(block[2]);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&loop), 0);
    onym_wake_free(a.wake);
}

/* What else the loop serves waits for so many blocks and no more; and a wake that is closed with
 * the rest on its way still delivers it. */
static void
a_turn_delivers_so_many_blocks(void **state)
{
    struct arrivals a = {.loop_thread = uv_thread_self()};
    uv_loop_t loop;

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(onym_wake_open(&loop, on_block, &a, &a.wake), ONYM_OK);
    for (unsigned i = 0; i < ONYM_WAKE_TURN; i++) {
        assert_true(onym_wake_post(a.wake, &block_new(0, i)->wake));
    }
    (void)uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(a.all, ONYM_WAKE_TURN);
    for (unsigned i = 0; i < 2 * ONYM_WAKE_TURN + 1; i++) {
        assert_true(onym_wake_post(a.wake, &block_new(1, i)->wake));
    }
    (void)uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(a.all, 2 * ONYM_WAKE_TURN);
    assert_true(onym_wake_post(a.wake, &block_new(2, 0)->wake)); /* behind the rest */
    (void)uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(a.all, 3 * ONYM_WAKE_TURN);
    (void)uv_run(&loop, UV_RUN_NOWAIT);
    (void)uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(a.all, 3 * ONYM_WAKE_TURN + 2);
    for (unsigned i = 0; i < ONYM_WAKE_TURN + 1; i++) {
        assert_true(onym_wake_post(a.wake, &block_new(2, i + 1)->wake));
    }
    (void)uv_run(&loop, UV_RUN_NOWAIT);
    assert_true(onym_wake_post(a.wake, &block_new(2, ONYM_WAKE_TURN + 2)->wake));
    onym_wake_close(a.wake);
    assert_int_equal(a.all, 4 * ONYM_WAKE_TURN + 4);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&loop), 0);
    onym_wake_free(a.wake);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_block_arrives_in_order),
        cmocka_unit_test(closing_delivers_what_was_posted_and_takes_no_more),
        cmocka_unit_test(a_list_arrives_in_its_order),
        cmocka_unit_test(a_turn_delivers_so_many_blocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
