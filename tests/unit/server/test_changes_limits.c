/* Every limit of the queue, at it and one past it. The changes' thread is held inside a commit by
 * the one lock it needs, the store's write transaction, so that nothing leaves the queue. */
#include "changes_test.h"

#include "server/changes_priv.h"
#include "store/change.h"

static void
name_of(uint64_t i, char out[64])
{
    (void)snprintf(out, 64, BENCH_PREFIX "/%u", (unsigned)i);
}

static enum onym_status
create(struct bench *b, uint64_t i, const char *address)
{
    uint8_t bytes[128];
    char name[64];
    struct onym_operation op;

    name_of(i, name);
    op = bench_operation(b, ONYM_ACTION_CREATE, name, bench_value(bytes, sizeof bytes, 1, "x"));
    op.address = onym_span_text(address);
    return bench_submit(b, i, &op);
}

static enum onym_status
create_yielding(struct bench *b, uint64_t i)
{
    uint8_t bytes[128];
    char name[64];
    struct onym_operation op;

    name_of(i, name);
    op = bench_operation(b, ONYM_ACTION_CREATE, name, bench_value(bytes, sizeof bytes, 1, "x"));
    op.address = onym_span_text("192.0.2.1");
    return onym_changes_submit(b->changes, (struct onym_change_ticket){.id = i, .yields = true},
                               &op, &bench_admin);
}

static struct onym_change *
hold(struct bench *b)
{
    struct onym_change *change;
    struct onym_fault fault = {0};

    assert_int_equal(onym_change_begin(b->store.env, &change, &fault), ONYM_OK);
    return change;
}

static void
the_queue_takes_as_many_as_it_may(void **state)
{
    struct bench *b = bench_new();
    struct onym_change *held;
    char address[64];

    (void)state;
    bench_start(b, &(struct onym_changes_options){.ops = 24, .share = 24});
    held = hold(b);
    for (uint64_t i = 0; i < 24; i++) {
        (void)snprintf(address, sizeof address, "192.0.2.%u", (unsigned)i);
        assert_int_equal(create(b, i, address), ONYM_OK);
    }
    assert_int_equal(create(b, 24, "198.51.100.1"), ONYM_BUSY);
    onym_change_abort(held);
    for (uint64_t i = 0; i < 24; i++) {
        assert_int_equal(bench_await(b, i)->result.status, ONYM_OK);
    }
    assert_int_equal(create(b, 24, "198.51.100.1"), ONYM_OK); /* room again */
    assert_int_equal(bench_await(b, 24)->result.status, ONYM_OK);
    bench_free(b);
}

/* An operation whose name cannot be, which shows only when its block is made. */
static enum onym_status
create_nameless(struct bench *b)
{
    uint8_t bytes[128];
    struct onym_operation op = bench_operation(b, ONYM_ACTION_CREATE, "",
                                               bench_value(bytes, sizeof bytes, 1, "x"));

    op.address = onym_span_text("192.0.2.1");
    return bench_submit(b, 99, &op);
}

/* Nothing is spent on what comes behind a refusal: room is looked for first then. */
static void
a_full_queue_refuses_at_once(void **state)
{
    struct bench *b = bench_new();
    struct onym_change *held;

    (void)state;
    bench_start(b, &(struct onym_changes_options){.ops = 1, .share = 1});
    held = hold(b);
    assert_int_equal(create_nameless(b), ONYM_NOT_FOUND);
    assert_int_equal(create(b, 0, "192.0.2.1"), ONYM_OK);
    assert_int_equal(create(b, 1, "192.0.2.1"), ONYM_BUSY);
    assert_int_equal(create_nameless(b), ONYM_BUSY);
    onym_change_abort(held);
    (void)bench_await(b, 0);
    assert_int_equal(create_nameless(b), ONYM_NOT_FOUND); /* there is room again */
    bench_free(b);
}

/* Two operations that are committed and whose results wait for their loops. */
static void
commit_two(struct bench *b, struct onym_changes_stat *stat)
{
    struct onym_change *held = hold(b);

    assert_int_equal(create(b, 0, "192.0.2.1"), ONYM_OK);
    assert_int_equal(create(b, 1, "192.0.2.1"), ONYM_OK);
    for (unsigned i = 0; i < 2; i++) {
        (void)uv_run(&b->worker[i].loop, UV_RUN_NOWAIT); /* the end of the turn */
    }
    onym_change_abort(held);
    do {
        onym_changes_stat(b->changes, stat);
    } while (stat->done < 2);
}

/* Room is given back with the result, not with the commit: a loop that does not turn cannot pile
 * up results either. */
static void
undelivered_results_take_room(void **state)
{
    struct bench *b = bench_new();
    struct onym_changes_stat stat;

    (void)state;
    bench_start(b, &(struct onym_changes_options){.ops = 2, .share = 1});
    commit_two(b, &stat);
    assert_int_equal(create(b, 2, "192.0.2.1"), ONYM_BUSY);
    (void)bench_await(b, 0);
    assert_int_equal(create(b, 2, "192.0.2.1"), ONYM_OK);
    bench_free(b);
}

/* What a scrape is told: every operation once, and every commit. */
static void
ends_and_commits_are_counted(void **state)
{
    struct bench *b = bench_new();
    const struct onym_change_counters *counters;
    struct onym_changes_stat stat;

    (void)state;
    bench_start(b, &(struct onym_changes_options){.ops = 2, .share = 1});
    commit_two(b, &stat);
    assert_int_equal(create(b, 2, "192.0.2.1"), ONYM_BUSY);
    counters = onym_changes_counters(b->changes);
    assert_int_equal(
        onym_counter_get(&counters->operations[ONYM_REGISTER_CREATE][ONYM_REGISTERED_DONE]), 2);
    assert_int_equal(
        onym_counter_get(&counters->operations[ONYM_REGISTER_CREATE][ONYM_REGISTERED_BUSY]), 1);
    assert_int_equal(
        onym_counter_get(&counters->operations[ONYM_REGISTER_DELETE][ONYM_REGISTERED_DONE]), 0);
    assert_int_equal(onym_histogram_count(&counters->commit_ns), stat.groups);
    assert_true(stat.groups >= 1 && stat.groups <= 2);
    (void)bench_await(b, 0);
    bench_free(b);
}

static void
the_queue_takes_as_many_bytes_as_it_may(void **state)
{
    struct bench *b = bench_new();
    struct onym_changes_stat stat;
    struct onym_change *held;

    (void)state;
    bench_start(b, NULL);
    held = hold(b);
    assert_int_equal(create(b, 0, "192.0.2.1"), ONYM_OK);
    onym_changes_stat(b->changes, &stat);
    onym_change_abort(held);
    bench_stop(b);
    assert_true(stat.waiting_bytes > 0);

    /* room for exactly three of that size; then a byte less */
    for (unsigned missing = 0; missing < 2; missing++) {
        memset(b->result, 0, sizeof b->result);
        bench_start(b, &(struct onym_changes_options){.bytes = 3 * stat.waiting_bytes - missing,
                                                      .share = 1});
        held = hold(b);
        assert_int_equal(create(b, 1, "192.0.2.1"), ONYM_OK);
        assert_int_equal(create(b, 2, "192.0.2.1"), ONYM_OK);
        assert_int_equal(create(b, 3, "192.0.2.1"), missing == 0 ? ONYM_OK : ONYM_BUSY);
        assert_int_equal(create(b, 4, "192.0.2.1"), ONYM_BUSY);
        onym_change_abort(held);
        bench_stop(b);
    }
    bench_free(b);
}

/* What can wait leaves the last eighth of the share, in operations and in bytes, but may be alone
 * with whatever size. */
static void
what_yields_leaves_room_for_others(void **state)
{
    struct bench *b = bench_new();
    struct onym_changes_stat stat;
    struct onym_change *held;
    size_t one;

    (void)state;
    bench_start(b, &(struct onym_changes_options){.ops = 64});
    held = hold(b);
    for (uint64_t i = 0; i < 7; i++) {
        assert_int_equal(create_yielding(b, i), ONYM_OK);
    }
    assert_int_equal(create_yielding(b, 7), ONYM_BUSY);
    onym_changes_stat(b->changes, &stat);
    one = (size_t)(stat.waiting_bytes / 7);
    assert_int_equal(create(b, 7, "192.0.2.1"), ONYM_OK);
    assert_int_equal(create(b, 8, "192.0.2.1"), ONYM_BUSY);
    onym_change_abort(held);
    bench_stop(b);

    memset(b->result, 0, sizeof b->result);
    bench_start(b, &(struct onym_changes_options){.bytes = 8 * one, .share = 1});
    held = hold(b);
    for (uint64_t i = 0; i < 7; i++) {
        assert_int_equal(create_yielding(b, i), ONYM_OK);
    }
    assert_int_equal(create_yielding(b, 7), ONYM_BUSY);
    assert_int_equal(create(b, 7, "192.0.2.1"), ONYM_OK);
    onym_change_abort(held);
    bench_stop(b);

    memset(b->result, 0, sizeof b->result);
    bench_start(b, &(struct onym_changes_options){.bytes = one, .share = 1});
    assert_int_equal(create_yielding(b, 0), ONYM_OK);
    bench_free(b);
}

static void
one_source_has_its_share(void **state)
{
    struct bench *b = bench_new();
    struct onym_change *held;

    (void)state;
    bench_start(b, &(struct onym_changes_options){.ops = 64});
    held = hold(b);
    for (uint64_t i = 0; i < 8; i++) {
        assert_int_equal(create(b, i, "192.0.2.1"), ONYM_OK);
    }
    assert_int_equal(create(b, 8, "192.0.2.1"), ONYM_BUSY);
    assert_int_equal(create(b, 8, "192.0.2.2"), ONYM_OK); /* others have theirs */
    onym_change_abort(held);
    for (uint64_t i = 0; i < 9; i++) {
        assert_int_equal(bench_await(b, i)->result.status, ONYM_OK);
    }
    assert_int_equal(create(b, 9, "192.0.2.1"), ONYM_OK);
    bench_free(b);
}

static void
events_beyond_the_limit_are_counted_in_the_log(void **state)
{
    struct bench *b = bench_new();
    struct onym_change_event event = {
        .event = ONYM_EVENT_LOGIN, .status = ONYM_OK, .now_ms = BENCH_NOW_MS};
    struct onym_changes_stat stat;
    struct onym_change *held;

    (void)state;
    bench_start(b, NULL);
    held = hold(b);
    for (unsigned i = 0; i < ONYM_CHANGES_EVENTS_MAX + 3; i++) {
        onym_changes_event(b->changes, &event);
    }
    onym_changes_stat(b->changes, &stat);
    assert_int_equal(stat.events_lost, 3);
    onym_change_abort(held);
    assert_int_equal(create(b, 0, "192.0.2.1"), ONYM_OK); /* a group after the loss */
    (void)bench_await(b, 0);
    onym_changes_stop(b->changes);
    onym_changes_stat(b->changes, &stat);
    assert_int_equal(stat.events, ONYM_CHANGES_EVENTS_MAX);
    bench_stop(b);
    /* the events, the operation, and the entry that tells of the three */
    assert_int_equal(bench_check(&b->store).log_entries, ONYM_CHANGES_EVENTS_MAX + 2);
    bench_free(b);
}

/* Whoever proves nothing must not be able to fill the store: what is refused is remembered up to a
 * number at once, and the rest is counted. What somebody proven does is always remembered. */
static void
refusals_beyond_the_limit_are_counted_in_the_log(void **state)
{
    struct bench *b = bench_new();
    struct onym_change_event event = {
        .event = ONYM_EVENT_DENIED, .status = ONYM_AUTH_FAILED, .now_ms = BENCH_NOW_MS};
    struct onym_changes_stat stat;

    (void)state;
    bench_start(b, NULL);
    for (unsigned i = 0; i < ONYM_CHANGES_REFUSALS_MAX; i++) {
        onym_changes_event(b->changes, &event);
    }
    onym_changes_stat(b->changes, &stat);
    assert_int_equal(stat.events_lost, 0);
    event.event = ONYM_EVENT_LOGIN; /* a login that failed is a refusal as well */
    for (unsigned i = 0; i < 10000; i++) {
        onym_changes_event(b->changes, &event);
    }
    onym_changes_stat(b->changes, &stat);
    assert_in_range(stat.events_lost, 9000, 10000); /* less what came back in the meantime */
    event.status = ONYM_OK;
    for (unsigned i = 0; i < 10; i++) {
        onym_changes_event(b->changes, &event);
    }
    onym_changes_stop(b->changes);
    onym_changes_stat(b->changes, &stat);
    assert_int_equal(stat.events + stat.events_lost, ONYM_CHANGES_REFUSALS_MAX + 10000 + 10);
    assert_in_range(stat.events_lost, 9000, 10000);
    bench_stop(b);
    assert_in_range(bench_check(&b->store).log_entries, stat.events, stat.events + 1000);
    bench_free(b);
}

/* A group ends at its limit; the rest makes the next one. */
static void
a_group_takes_as_many_as_it_may(void **state)
{
    struct bench *b = bench_new();
    struct onym_change *held;
    struct onym_changes_stat stat;
    struct onym_check_report report;

    (void)state;
    bench_start(b, NULL);
    held = hold(b);
    /* the first wakes the thread, which then waits for the transaction with that one alone or with
     * the first few; the others gather */
    for (uint64_t i = 0; i < 2 * ONYM_CHANGES_GROUP_OPS + 1; i++) {
        char address[64];

        (void)snprintf(address, sizeof address, "192.0.2.%u", (unsigned)(i % 200));
        assert_int_equal(create(b, i, address), ONYM_OK);
    }
    onym_change_abort(held);
    onym_changes_stop(b->changes);
    onym_changes_stat(b->changes, &stat);
    bench_stop(b);
    report = bench_check(&b->store);
    assert_int_equal(report.handles, 2 * ONYM_CHANGES_GROUP_OPS + 1);
    assert_int_equal(report.log_groups, stat.groups);
    assert_true(stat.groups >= 3 && stat.groups <= 4);
    bench_free(b);
}

static void
what_the_log_cannot_keep_is_refused(void **state)
{
    struct bench *b = bench_new();
    char *handle = calloc(1, ONYM_NAME_LEN_MAX + 2);
    uint8_t bytes[128];
    struct onym_operation op;

    (void)state;
    bench_start(b, NULL);
    memset(handle, 'a', ONYM_NAME_LEN_MAX + 1);
    op = bench_operation(b, ONYM_ACTION_CREATE, BENCH_PREFIX "/a",
                         bench_value(bytes, sizeof bytes, 1, "x"));
    op.principal.handle = onym_span_of(handle, ONYM_NAME_LEN_MAX);
    assert_int_equal(bench_do(b, 0, &op)->result.status, ONYM_OK);
    op.principal.handle.len++;
    assert_int_equal(bench_submit(b, 1, &op), ONYM_INVALID);
    op.principal.handle.len = 3;
    op.now_ms = (uint64_t)1 << 48;
    assert_int_equal(bench_submit(b, 1, &op), ONYM_INVALID);
    op.name.len = 0;
    op.now_ms = BENCH_NOW_MS;
    assert_int_equal(bench_submit(b, 1, &op), ONYM_NOT_FOUND);
    free(handle);
    bench_free(b);
}

/* A block that is given back, of so many bytes. */
static void
give(struct onym_changes_pool *pool, size_t bytes)
{
    struct onym_changes_item *item = malloc(bytes);

    assert_non_null(item);
    item->block = bytes;
    onym_changes_item_free(item, pool);
}

/* What the pool does not keep is freed: the sanitizers see it. */
static void
a_worker_keeps_as_many_free_blocks_as_it_may(void **state)
{
    size_t largest = (size_t)ONYM_CHANGES_POOL_STEP * ONYM_CHANGES_POOL_SIZES;
    struct onym_changes_pool pool = {.bytes = 0};

    (void)state;
    give(&pool, largest + 1);
    assert_int_equal(pool.bytes, 0);
    give(NULL, largest);
    for (size_t i = 1; i <= ONYM_CHANGES_POOL_BYTES / largest; i++) {
        give(&pool, largest);
        assert_int_equal(pool.bytes, i * largest);
    }
    give(&pool, largest);
    give(&pool, sizeof(struct onym_changes_item));
    assert_int_equal(pool.bytes, ONYM_CHANGES_POOL_BYTES);
    onym_changes_pool_empty(&pool);
    assert_int_equal(pool.bytes, 0);
    assert_null(pool.first[ONYM_CHANGES_POOL_SIZES - 1]);
}

/* The ring of the queue, without a thread: what is behind its end stands at its front. */
static void
the_queue_goes_round_in_order(void **state)
{
    struct onym_changes *c = calloc(1, sizeof *c);
    struct onym_changes_item *item = calloc(4, sizeof *item);
    struct onym_changes_batch batch;

    (void)state;
    c->options.ops = 3;
    c->queue = calloc(c->options.ops, sizeof(struct onym_changes_item *));
    assert_non_null(c->queue);
    for (size_t i = 0; i < 4; i++) {
        item[i].bytes = 100 + i;
        item[i].arrival = 99;
    }
    for (size_t i = 0; i < 3; i++) {
        onym_changes_arrived(c, &item[i], false);
    }
    assert_ptr_equal(onym_changes_take(c), &item[0]);
    onym_changes_arrived(c, &item[3], false);
    assert_int_equal(c->waiting, 3);
    assert_int_equal(c->waiting_bytes, 101 + 102 + 103);
    assert_true(onym_changes_gather(c, &batch));
    assert_int_equal(batch.count, 3);
    assert_int_equal(batch.bytes, 101 + 102 + 103);
    assert_true(batch.is_whole);
    for (size_t i = 0; i < 3; i++) {
        assert_ptr_equal(c->group[i], &item[i + 1]);
        assert_int_equal(c->group[i]->arrival, i);
    }
    assert_int_equal(c->waiting, 0);
    assert_int_equal(c->waiting_bytes, 0);
    free(c->queue);
    free(item);
    free(c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_queue_takes_as_many_as_it_may),
        cmocka_unit_test(a_full_queue_refuses_at_once),
        cmocka_unit_test(undelivered_results_take_room),
        cmocka_unit_test(ends_and_commits_are_counted),
        cmocka_unit_test(the_queue_takes_as_many_bytes_as_it_may),
        cmocka_unit_test(what_yields_leaves_room_for_others),
        cmocka_unit_test(one_source_has_its_share),
        cmocka_unit_test(events_beyond_the_limit_are_counted_in_the_log),
        cmocka_unit_test(refusals_beyond_the_limit_are_counted_in_the_log),
        cmocka_unit_test(a_worker_keeps_as_many_free_blocks_as_it_may),
        cmocka_unit_test(the_queue_goes_round_in_order),
        cmocka_unit_test(a_group_takes_as_many_as_it_may),
        cmocka_unit_test(what_the_log_cannot_keep_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
