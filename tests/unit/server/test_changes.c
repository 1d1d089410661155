/* What a group of operations does, and who is told. */
#include "changes_test.h"

#include "base/rng.h"

static void
create_is_stored_logged_and_answered(void **state)
{
    struct bench *b = *state;
    uint8_t bytes[128];
    struct onym_operation op = bench_operation(b, ONYM_ACTION_CREATE, BENCH_PREFIX "/Part-1",
                                               bench_value(bytes, sizeof bytes, 1, "x"));
    const struct bench_result *r = bench_do(b, 1, &op);

    assert_int_equal(r->result.status, ONYM_OK);
    assert_int_equal(r->result.revision, 1);
    assert_int_equal(r->result.sequence, 1);
    assert_false(r->result.unchanged || r->result.replaced || r->result.repeated);
    assert_string_equal(r->name, BENCH_PREFIX "/Part-1");
    assert_int_equal(r->worker, 1);
    assert_int_equal(bench_revision(b, ONYM_KIND_HANDLE, BENCH_PREFIX "/part-1"), 1);
    bench_stop(b);
    assert_int_equal(bench_check(&b->store).log_entries, 1);
}

/* Submitted at once, so that they meet in one group or a few; each sees what came before it. */
static void
operations_on_one_name_see_each_other_in_order(void **state)
{
    struct bench *b = *state;
    uint8_t bytes[3][128];
    struct onym_operation op[5];
    static const enum onym_status wanted[5] = {ONYM_OK, ONYM_EXISTS, ONYM_OK, ONYM_OK,
                                               ONYM_NOT_FOUND};

    op[0] = bench_operation(b, ONYM_ACTION_CREATE, BENCH_PREFIX "/a",
                            bench_value(bytes[0], sizeof bytes[0], 1, "x"));
    op[1] = bench_operation(b, ONYM_ACTION_CREATE, BENCH_PREFIX "/A",
                            bench_value(bytes[1], sizeof bytes[1], 1, "y"));
    op[2] = bench_operation(b, ONYM_ACTION_ADD, BENCH_PREFIX "/a",
                            bench_value(bytes[2], sizeof bytes[2], 2, "z"));
    op[3] = bench_operation(b, ONYM_ACTION_DELETE, BENCH_PREFIX "/a", (struct onym_value_list){0});
    op[4] = bench_operation(b, ONYM_ACTION_DELETE, BENCH_PREFIX "/a", (struct onym_value_list){0});
    for (uint64_t round = 0; round < 200; round++) {
        for (uint64_t i = 0; i < 5; i++) {
            onym_changes_new_id(b->changes, op[i].id);
            assert_int_equal(bench_submit(b, round * 5 + i, &op[i]), ONYM_OK);
        }
    }
    for (uint64_t i = 0; i < 1000; i++) {
        const struct bench_result *r = bench_await(b, i);

        assert_int_equal(r->result.status, wanted[i % 5]);
        assert_int_equal(r->result.revision, i % 5 == 0 ? 1 : i % 5 == 2 ? 2 : 0);
    }
    bench_stop(b);
    assert_int_equal(bench_check(&b->store).log_entries, 600);
}

static void
sending_the_same_again_is_unchanged(void **state)
{
    struct bench *b = *state;
    uint8_t bytes[128];
    struct onym_operation op = bench_operation(b, ONYM_ACTION_CREATE, BENCH_PREFIX "/a",
                                               bench_value(bytes, sizeof bytes, 1, "x"));

    op.overwrite = true;
    assert_false(bench_do(b, 1, &op)->result.replaced);
    onym_changes_new_id(b->changes, op.id);
    assert_int_equal(bench_do(b, 2, &op)->result.status, ONYM_OK);
    assert_true(b->result[2].result.unchanged);
    assert_true(b->result[2].result.replaced);
    assert_int_equal(b->result[2].result.revision, 1);
    assert_int_equal(b->result[2].result.sequence, 0);
    op.values = bench_value(bytes, sizeof bytes, 1, "y");
    onym_changes_new_id(b->changes, op.id);
    assert_int_equal(bench_do(b, 3, &op)->result.revision, 2);
    assert_true(b->result[3].result.replaced);
}

static void
a_repeated_id_gets_its_first_answer(void **state)
{
    struct bench *b = *state;
    uint8_t bytes[128];
    struct onym_operation create = bench_operation(b, ONYM_ACTION_CREATE, BENCH_PREFIX "/a",
                                                   bench_value(bytes, sizeof bytes, 1, "x"));
    struct onym_operation drop = bench_operation(b, ONYM_ACTION_DELETE, BENCH_PREFIX "/none",
                                                 (struct onym_value_list){0});

    assert_int_equal(bench_do(b, 1, &create)->result.status, ONYM_OK);
    create.now_ms += 5000;
    assert_int_equal(bench_do(b, 2, &create)->result.status, ONYM_OK);
    assert_true(b->result[2].result.repeated);
    assert_int_equal(b->result[2].result.sequence, 1);
    assert_int_equal(b->result[2].result.revision, 1);
    assert_string_equal(b->result[2].name, BENCH_PREFIX "/a");

    assert_int_equal(bench_do(b, 3, &drop)->result.status, ONYM_NOT_FOUND);
    assert_int_equal(bench_do(b, 4, &drop)->result.status, ONYM_NOT_FOUND);
    assert_true(b->result[4].result.repeated);

    /* another request under a used id is a mistake, not a repetition */
    create.values = bench_value(bytes, sizeof bytes, 1, "y");
    assert_int_equal(bench_do(b, 5, &create)->result.status, ONYM_INVALID);
    assert_non_null(b->result[5].result.why);
    assert_int_equal(bench_revision(b, ONYM_KIND_HANDLE, BENCH_PREFIX "/a"), 1);

    /* and across a restart */
    bench_stop(b);
    temp_store_reopen(&b->store);
    bench_start(b, NULL);
    create.values = bench_value(bytes, sizeof bytes, 1, "x");
    assert_true(bench_do(b, 6, &create)->result.repeated);
    bench_stop(b);
    assert_int_equal(bench_check(&b->store).log_entries, 1);
}

/* The suffix is minted anew for each attempt; the first one stands. */
static void
a_repeated_mint_gets_the_first_name(void **state)
{
    struct bench *b = *state;
    uint8_t bytes[128];
    struct onym_operation op = bench_operation(b, ONYM_ACTION_CREATE, BENCH_PREFIX "/",
                                               bench_value(bytes, sizeof bytes, 1, "x"));

    op.mint = true;
    op.minted = onym_span_text("6b9f1f7e-3c63-4d5a-9e0b-0c1f4b1d2a3e");
    assert_int_equal(bench_do(b, 1, &op)->result.status, ONYM_OK);
    assert_string_equal(b->result[1].name, BENCH_PREFIX "/6b9f1f7e-3c63-4d5a-9e0b-0c1f4b1d2a3e");
    op.minted = onym_span_text("00000000-3c63-4d5a-9e0b-0c1f4b1d2a3e");
    assert_true(bench_do(b, 2, &op)->result.repeated);
    assert_string_equal(b->result[2].name, b->result[1].name);
}

static void
want_of_rights_is_denied_and_remembered(void **state)
{
    static const struct onym_identity stranger = {
        .handle = {.at = (const uint8_t *)BENCH_PREFIX "/me", .len = sizeof BENCH_PREFIX + 2},
        .index = 300};
    struct bench *b = *state;
    uint8_t bytes[128];
    struct onym_operation op = bench_operation(b, ONYM_ACTION_CREATE, BENCH_PREFIX "/a",
                                               bench_value(bytes, sizeof bytes, 1, "x"));

    assert_int_equal(onym_changes_submit(b->changes,
                                         (struct onym_change_ticket){.worker = 1, .id = 1}, &op,
                                         &stranger),
                     ONYM_OK);
    assert_int_equal(bench_await(b, 1)->result.status, ONYM_NO_PERMISSION);
    assert_int_equal(b->result[1].result.sequence, 1);
    assert_int_equal(bench_revision(b, ONYM_KIND_HANDLE, BENCH_PREFIX "/a"), 0);
    bench_stop(b);
    assert_int_equal(bench_check(&b->store).log_entries, 1);
}

static void
a_prefix_is_homed_before_names_are_created(void **state)
{
    struct bench *b = *state;
    uint8_t bytes[128];
    struct onym_operation create = bench_operation(b, ONYM_ACTION_CREATE, "88.9/a",
                                                   bench_value(bytes, sizeof bytes, 1, "x"));
    struct onym_operation home = bench_operation(b, ONYM_ACTION_HOME, "88.9",
                                                 (struct onym_value_list){0});

    assert_int_equal(bench_do(b, 1, &create)->result.status, ONYM_NOT_RESPONSIBLE);
    assert_int_equal(bench_do(b, 2, &home)->result.status, ONYM_OK);
    assert_int_equal(bench_revision(b, ONYM_KIND_PREFIX, "0.NA/88.9"), 1);
    onym_changes_new_id(b->changes, home.id);
    assert_true(bench_do(b, 3, &home)->result.unchanged);
    onym_changes_new_id(b->changes, create.id);
    assert_int_equal(bench_do(b, 4, &create)->result.status, ONYM_OK);
    home.action = ONYM_ACTION_UNHOME;
    home.name = onym_span_text("0.NA/88.9");
    onym_changes_new_id(b->changes, home.id);
    assert_int_equal(bench_do(b, 5, &home)->result.status, ONYM_OK);
    assert_int_equal(bench_revision(b, ONYM_KIND_PREFIX, "0.NA/88.9"), 0);
    bench_stop(b);
    (void)bench_check(&b->store);
}

static void
events_are_in_the_log(void **state)
{
    struct bench *b = *state;
    struct onym_change_event event = {.event = ONYM_EVENT_LOGIN,
                                      .status = ONYM_AUTH_FAILED,
                                      .principal = onym_span_text(BENCH_PREFIX "/me"),
                                      .principal_index = 300,
                                      .address = onym_span_text("192.0.2.9"),
                                      .now_ms = BENCH_NOW_MS};
    struct onym_changes_stat stat;

    for (unsigned i = 0; i < 50; i++) {
        onym_changes_event(b->changes, &event);
    }
    onym_changes_stop(b->changes);
    onym_changes_stat(b->changes, &stat);
    assert_int_equal(stat.events, 50);
    assert_int_equal(stat.events_lost, 0);
    bench_stop(b);
    assert_int_equal(bench_check(&b->store).log_entries, 50);
}

/* The chain holds over thousands of mixed operations in groups of all sizes. */
static void
a_long_mixed_log_verifies(void **state)
{
    struct bench *b = *state;
    struct onym_rng rng = onym_rng_seeded(20);
    uint64_t changed = 0;

    for (uint64_t i = 0; i < 6000; i++) {
        static const enum onym_action actions[4] = {ONYM_ACTION_CREATE, ONYM_ACTION_ADD,
                                                    ONYM_ACTION_MODIFY, ONYM_ACTION_DELETE};
        enum onym_action action = actions[onym_rng_below(&rng, 4)];
        uint8_t bytes[256];
        char name[64];
        char data[32];
        struct onym_operation op;

        (void)snprintf(name, sizeof name, BENCH_PREFIX "/%u", (unsigned)onym_rng_below(&rng, 400));
        (void)snprintf(data, sizeof data, "d%u", (unsigned)onym_rng_below(&rng, 5));
        op = bench_operation(
            b, action, name,
            action == ONYM_ACTION_DELETE
                ? (struct onym_value_list){0}
                : bench_value(bytes, sizeof bytes, 1 + (uint32_t)onym_rng_below(&rng, 3), data));
        op.overwrite = onym_rng_below(&rng, 2) == 0;
        assert_int_equal(bench_submit(b, i, &op), ONYM_OK);
        if (onym_rng_below(&rng, 50) == 0) {
            (void)bench_await(b, i);
        }
    }
    for (uint64_t i = 0; i < 6000; i++) {
        const struct onym_change_result *r = &bench_await(b, i)->result;

        changed += r->status == ONYM_OK && !r->unchanged;
        assert_true((r->sequence != 0) == (r->status == ONYM_OK && !r->unchanged));
    }
    bench_stop(b);
    assert_int_equal(bench_check(&b->store).log_entries, changed);
    assert_true(changed > 2000);
}

static void
close_finishes_what_was_submitted(void **state)
{
    struct bench *b = *state;
    uint8_t bytes[128];
    char name[64];

    for (uint64_t i = 0; i < 3000; i++) {
        (void)snprintf(name, sizeof name, BENCH_PREFIX "/%u", (unsigned)i);
        struct onym_operation op = bench_operation(b, ONYM_ACTION_CREATE, name,
                                                   bench_value(bytes, sizeof bytes, 1, "x"));

        op.address = onym_span_text("192.0.2.7");
        assert_int_equal(bench_submit(b, i, &op), ONYM_OK);
    }
    onym_changes_stop(b->changes);
    struct onym_operation late = bench_operation(b, ONYM_ACTION_CREATE, BENCH_PREFIX "/late",
                                                 bench_value(bytes, sizeof bytes, 1, "x"));

    assert_int_equal(bench_submit(b, 3000, &late), ONYM_READ_ONLY);
    bench_stop(b);
    for (uint64_t i = 0; i < 3000; i++) {
        assert_true(b->result[i].is_there);
        assert_int_equal(b->result[i].result.status, ONYM_OK);
    }
    assert_int_equal(bench_check(&b->store).handles, 3000);
}

/* A worker that left gets nothing; its operations are done all the same. */
static void
results_of_a_detached_worker_are_dropped(void **state)
{
    struct bench *b = *state;
    uint8_t bytes[128];
    struct onym_operation op = bench_operation(b, ONYM_ACTION_CREATE, BENCH_PREFIX "/a",
                                               bench_value(bytes, sizeof bytes, 1, "x"));
    struct onym_changes_stat stat;

    onym_changes_detach(b->changes, 1);
    assert_int_equal(bench_submit(b, 1, &op), ONYM_OK);
    bench_stop(b);
    assert_false(b->result[1].is_there);
    assert_int_equal(bench_revision(b, ONYM_KIND_HANDLE, BENCH_PREFIX "/a"), 1);
    bench_start(b, NULL);
    onym_changes_stat(b->changes, &stat);
    assert_int_equal(stat.waiting_ops, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(create_is_stored_logged_and_answered, bench_set_up,
                                        bench_tear_down),
        cmocka_unit_test_setup_teardown(operations_on_one_name_see_each_other_in_order,
                                        bench_set_up, bench_tear_down),
        cmocka_unit_test_setup_teardown(sending_the_same_again_is_unchanged, bench_set_up,
                                        bench_tear_down),
        cmocka_unit_test_setup_teardown(a_repeated_id_gets_its_first_answer, bench_set_up,
                                        bench_tear_down),
        cmocka_unit_test_setup_teardown(a_repeated_mint_gets_the_first_name, bench_set_up,
                                        bench_tear_down),
        cmocka_unit_test_setup_teardown(want_of_rights_is_denied_and_remembered, bench_set_up,
                                        bench_tear_down),
        cmocka_unit_test_setup_teardown(a_prefix_is_homed_before_names_are_created, bench_set_up,
                                        bench_tear_down),
        cmocka_unit_test_setup_teardown(events_are_in_the_log, bench_set_up, bench_tear_down),
        cmocka_unit_test_setup_teardown(a_long_mixed_log_verifies, bench_set_up, bench_tear_down),
        cmocka_unit_test_setup_teardown(close_finishes_what_was_submitted, bench_set_up,
                                        bench_tear_down),
        cmocka_unit_test_setup_teardown(results_of_a_detached_worker_are_dropped, bench_set_up,
                                        bench_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
