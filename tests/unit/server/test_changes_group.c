/* What one group shares: a turn of the loop, rights that were looked up once, outcomes that need
 * not be kept. */
#include "changes_test.h"

#include "base/writer.h"
#include "onym/model/hs_admin.h"
#include "server/changes_memo.h"

#define PREFIX_RECORD "0.NA/" BENCH_PREFIX
#define TEAM          BENCH_PREFIX "/M" /* holds the group the registrar is in */

static const struct onym_identity registrar = {
    .handle = {.at = (const uint8_t *)"0.NA/REG", .len = 8}, .index = 300};

static void
add(struct onym_value_list *list, uint8_t *out, size_t cap, uint32_t index, const char *type,
    onym_span data)
{
    struct onym_writer w = onym_writer_over(out + list->raw.len, cap - list->raw.len);

    onym_writer_u32(&w, index);
    onym_writer_u32(&w, 1000000);
    onym_writer_u8(&w, 0);
    onym_writer_u32(&w, 86400);
    onym_writer_u8(&w, 14);
    onym_writer_counted(&w, onym_span_text(type));
    onym_writer_counted(&w, data);
    onym_writer_u32(&w, 0);
    assert_int_equal(w.status, ONYM_OK);
    list->raw = onym_span_of(out, list->raw.len + w.len);
    list->count++;
}

/* A prefix whose administrators are the members of a list in the record TEAM. */
static int
set_up(void **state)
{
    struct bench *b = bench_new();
    static const uint8_t members[] = {0,   0,   0,   1,   0,   0,   0, 8, '0', '.',
                                      'N', 'A', '/', 'R', 'E', 'G', 0, 0, 1,   44};
    uint8_t bytes[256];
    uint8_t admin[128];
    struct onym_writer w = onym_writer_over(admin, sizeof admin);
    struct onym_value_list list = {0};

    onym_writer_u16(&w, ONYM_ADMIN_ADD_HANDLE | ONYM_ADMIN_ADD_PREFIX);
    onym_writer_counted(&w, onym_span_text(TEAM));
    onym_writer_u32(&w, 200);
    add(&list, bytes, sizeof bytes, 100, "HS_ADMIN", onym_writer_written(&w));
    temp_store_put(&b->store, PREFIX_RECORD, list, (struct onym_value_list){0});
    list = (struct onym_value_list){0};
    add(&list, bytes, sizeof bytes, 200, "HS_VLIST", onym_span_of(members, sizeof members));
    temp_store_put(&b->store, TEAM, list, (struct onym_value_list){0});
    bench_start(b, NULL);
    *state = b;
    return 0;
}

static uint64_t
groups(struct bench *b)
{
    struct onym_changes_stat stat;

    onym_changes_stat(b->changes, &stat);
    return stat.groups;
}

/* Waits until the thread sleeps: awake, it may take the first operations of a turn alone. */
static uint64_t
groups_at_rest(struct bench *b)
{
    struct onym_changes_stat stat;

    for (onym_changes_stat(b->changes, &stat); !stat.idle; onym_changes_stat(b->changes, &stat)) {
        uv_sleep(1);
    }
    return stat.groups;
}

static void
submit_as(struct bench *b, uint64_t ticket, const struct onym_operation *op,
          const struct onym_identity *who)
{
    struct onym_change_ticket home = {.worker = 0, .id = ticket};

    assert_int_equal(onym_changes_submit(b->changes, home, op, who), ONYM_OK);
}

static void
await(struct bench *b, uint64_t ticket)
{
    while (!b->result[ticket].is_there) {
        (void)uv_run(&b->worker[0].loop, UV_RUN_ONCE);
    }
}

static void
what_one_turn_submits_is_one_group(void **state)
{
    struct bench *b = *state;
    uint8_t bytes[128];
    struct onym_value_list values = bench_value(bytes, sizeof bytes, 1, "x");
    char name[64];

    for (uint64_t round = 0; round < 20; round++) {
        uint64_t before = groups_at_rest(b);

        for (uint64_t i = 0; i < 50; i++) {
            struct onym_operation op;

            (void)snprintf(name, sizeof name, BENCH_PREFIX "/%u", (unsigned)(round * 50 + i));
            op = bench_operation(b, ONYM_ACTION_CREATE, name, values);
            submit_as(b, round * 50 + i, &op, &registrar);
        }
        await(b, round * 50 + 49);
        assert_int_equal(groups(b), before + 1);
        assert_int_equal(b->result[round * 50].result.status, ONYM_OK);
        assert_int_equal(b->result[round * 50 + 49].result.status, ONYM_OK);
    }
}

/* The right to the second one is found in the first one, which is of the same group. */
static void
a_prefix_and_one_below_it_may_come_together(void **state)
{
    static const char *const names[] = {PREFIX_RECORD ".5", PREFIX_RECORD ".5.6"};
    struct bench *b = *state;
    uint8_t bytes[256];
    uint8_t admin[128];
    struct onym_writer w = onym_writer_over(admin, sizeof admin);
    struct onym_value_list values = {0};
    uint64_t before = groups_at_rest(b);

    onym_writer_u16(&w, ONYM_ADMIN_ADD_HANDLE | ONYM_ADMIN_ADD_PREFIX);
    onym_writer_counted(&w, onym_span_text(TEAM));
    onym_writer_u32(&w, 200);
    add(&values, bytes, sizeof bytes, 100, "HS_ADMIN", onym_writer_written(&w));
    for (uint64_t i = 0; i < 2; i++) {
        struct onym_operation op = bench_operation(b, ONYM_ACTION_CREATE, names[i], values);

        submit_as(b, i, &op, &registrar);
    }
    await(b, 1);
    assert_int_equal(groups(b), before + 1);
    assert_int_equal(b->result[0].result.status, ONYM_OK);
    assert_int_equal(b->result[1].result.status, ONYM_OK);
}

/* Rows from `from` on, all of which can wait. */
static void
submit_rows(struct bench *b, uint64_t from, uint64_t count)
{
    uint8_t bytes[128];
    struct onym_value_list values = bench_value(bytes, sizeof bytes, 1, "x");
    char name[64];

    for (uint64_t i = from; i < from + count; i++) {
        struct onym_change_ticket home = {.worker = 0, .id = i, .yields = true};
        struct onym_operation op;

        (void)snprintf(name, sizeof name, BENCH_PREFIX "/%u", (unsigned)i);
        op = bench_operation(b, ONYM_ACTION_CREATE, name, values);
        assert_int_equal(onym_changes_submit(b->changes, home, &op, &registrar), ONYM_OK);
    }
}

/* A group more than before is begun without a further turn of the loop. */
static void
await_group(struct bench *b, uint64_t before)
{
    for (unsigned ms = 0; ms < 10000 && groups(b) == before; ms++) {
        uv_sleep(1);
    }
    assert_true(groups(b) > before);
}

/* A request with many rows brings some of them each turn. */
static void
rows_of_turns_without_a_pause_are_one_group(void **state)
{
    struct bench *b = *state;

    for (uint64_t round = 0; round < 20; round++) {
        uint64_t before = groups_at_rest(b);

        for (uint64_t turn = 0; turn < 10; turn++) {
            submit_rows(b, round * 50 + turn * 5, 5);
            (void)uv_run(&b->worker[0].loop, UV_RUN_NOWAIT);
            uv_sleep(1); /* time enough for a thread that was woken */
        }
        await(b, round * 50 + 49);
        assert_int_equal(groups(b), before + 1);
    }
}

/* What is gathered is decided before the rest of it is there, and committed with the rest. */
static void
rows_are_decided_ahead_of_their_commit(void **state)
{
    struct bench *b = *state;
    uint64_t before = groups_at_rest(b);
    struct onym_changes_stat stat;
    uint64_t next = ONYM_CHANGES_AHEAD_OPS;

    submit_rows(b, 0, next - 1);
    uv_sleep(20);
    onym_changes_stat(b->changes, &stat);
    assert_int_equal(stat.queued, next - 1); /* one short of it */
    submit_rows(b, next - 1, 1);
    for (unsigned ms = 0; ms < 10000 && stat.queued > 0; ms++) {
        uv_sleep(1);
        onym_changes_stat(b->changes, &stat);
    }
    assert_int_equal(stat.queued, 0);
    assert_int_equal(groups_at_rest(b), before);
    submit_rows(b, next, 2 * next + 1); /* one part more, and a rest */
    for (uint64_t i = 0; i <= 3 * next; i++) {
        await(b, i);
        assert_int_equal(b->result[i].result.status, ONYM_OK);
    }
    assert_int_equal(groups(b), before + 1);
}

/* Neither rows without end nor a change that is alone waits for a pause. */
static void
a_full_group_and_a_single_change_do_not_wait_for_a_pause(void **state)
{
    struct bench *b = *state;
    uint8_t bytes[128];
    struct onym_value_list values = bench_value(bytes, sizeof bytes, 1, "x");
    struct onym_operation op;
    uint64_t before = groups_at_rest(b);
    uint64_t next = ONYM_CHANGES_GATHER_OPS;

    submit_rows(b, 0, next - 1);
    (void)uv_run(&b->worker[0].loop, UV_RUN_NOWAIT);
    uv_sleep(20);
    assert_int_equal(groups_at_rest(b), before); /* one short of it: the thread sleeps */
    submit_rows(b, next - 1, 1);
    (void)uv_run(&b->worker[0].loop, UV_RUN_NOWAIT);
    await_group(b, before);
    await(b, next - 1);

    before = groups_at_rest(b);
    submit_rows(b, next, 3);
    op = bench_operation(b, ONYM_ACTION_CREATE, BENCH_PREFIX "/alone", values);
    submit_as(b, next + 3, &op, &registrar);
    (void)uv_run(&b->worker[0].loop, UV_RUN_NOWAIT);
    await_group(b, before);
    await(b, next + 3);
    assert_int_equal(groups(b), before + 1);
}

/* One row a turn, for ever: they are not gathered without end. */
static void
rows_wait_for_so_many_turns(void **state)
{
    struct bench *b = *state;
    uint64_t before = groups_at_rest(b);
    uint64_t turn;

    for (turn = 0; turn + 1 < ONYM_CHANGES_GATHER_TURNS; turn++) {
        submit_rows(b, turn, 1);
        (void)uv_run(&b->worker[0].loop, UV_RUN_NOWAIT);
    }
    uv_sleep(20);
    assert_int_equal(groups_at_rest(b), before); /* one turn short of it */
    submit_rows(b, turn, 1);
    (void)uv_run(&b->worker[0].loop, UV_RUN_NOWAIT);
    await_group(b, before);
    await(b, turn);
    assert_int_equal(groups(b), before + 1);
}

/* TEAM lies between the names, so the group meets: a name, the end of the rights, another name. */
static void
rights_end_in_the_middle_of_a_group(void **state)
{
    struct bench *b = *state;
    uint8_t bytes[128];
    struct onym_value_list values = bench_value(bytes, sizeof bytes, 1, "x");
    static const char *const name[4] = {BENCH_PREFIX "/A", BENCH_PREFIX "/B", BENCH_PREFIX "/N",
                                        BENCH_PREFIX "/O"};
    uint64_t before = groups_at_rest(b);
    struct onym_operation op;

    for (uint64_t i = 0; i < 4; i++) {
        op = bench_operation(b, ONYM_ACTION_CREATE, name[i], values);
        submit_as(b, i, &op, &registrar);
    }
    op = bench_operation(b, ONYM_ACTION_DELETE, TEAM, (struct onym_value_list){0});
    submit_as(b, 4, &op, &bench_admin);
    await(b, 4);
    assert_int_equal(groups(b), before + 1);
    assert_int_equal(b->result[0].result.status, ONYM_OK);
    assert_int_equal(b->result[1].result.status, ONYM_OK);
    assert_int_equal(b->result[4].result.status, ONYM_OK);
    assert_int_equal(b->result[2].result.status, ONYM_NO_PERMISSION);
    assert_int_equal(b->result[3].result.status, ONYM_NO_PERMISSION);
}

/* Others of the same group do not get the rights of who came before them. */
static void
rights_are_of_one_identity(void **state)
{
    struct bench *b = *state;
    uint8_t bytes[128];
    struct onym_value_list values = bench_value(bytes, sizeof bytes, 1, "x");
    struct onym_identity other = registrar;
    struct onym_identity nobody = {0};
    struct onym_identity narrowed = registrar;
    const char *why;
    struct onym_operation op;

    other.index = 301;
    assert_int_equal(onym_scope_read(onym_span_text("register:88.1.3"), &narrowed.scope, &why),
                     ONYM_OK);
    op = bench_operation(b, ONYM_ACTION_CREATE, BENCH_PREFIX "/A", values);
    submit_as(b, 0, &op, &registrar);
    op = bench_operation(b, ONYM_ACTION_CREATE, BENCH_PREFIX "/B", values);
    submit_as(b, 1, &op, &other);
    op = bench_operation(b, ONYM_ACTION_CREATE, BENCH_PREFIX "/C", values);
    submit_as(b, 2, &op, &nobody);
    op = bench_operation(b, ONYM_ACTION_CREATE, "88.1.3/D", values);
    submit_as(b, 3, &op, &registrar);
    op = bench_operation(b, ONYM_ACTION_CREATE, BENCH_PREFIX "/A1", values);
    submit_as(b, 4, &op, &narrowed);
    await(b, 4);
    assert_int_equal(b->result[0].result.status, ONYM_OK);
    assert_int_equal(b->result[4].result.status, ONYM_NO_PERMISSION);
    assert_int_equal(b->result[1].result.status, ONYM_NO_PERMISSION);
    assert_int_equal(b->result[2].result.status, ONYM_AUTH_NEEDED);
    assert_int_equal(b->result[3].result.status, ONYM_NOT_RESPONSIBLE);
}

static void
an_id_for_once_leaves_no_outcome(void **state)
{
    struct bench *b = *state;
    uint8_t bytes[128];
    struct onym_value_list values = bench_value(bytes, sizeof bytes, 1, "x");
    struct onym_operation op = bench_operation(b, ONYM_ACTION_CREATE, BENCH_PREFIX "/A", values);

    op.once = true;
    submit_as(b, 0, &op, &registrar);
    await(b, 0);
    assert_int_equal(b->result[0].result.status, ONYM_OK);
    op.once = false;
    submit_as(b, 1, &op, &registrar);
    await(b, 1);
    assert_int_equal(b->result[1].result.status, ONYM_EXISTS);
    assert_false(b->result[1].result.repeated);
    submit_as(b, 2, &op, &registrar);
    await(b, 2);
    assert_int_equal(b->result[2].result.status, ONYM_EXISTS);
    assert_true(b->result[2].result.repeated);
}

static void
a_yes_that_depends_on_too_much_is_not_remembered(void **state)
{
    struct onym_changes_memo memo = {0};
    onym_span name = onym_span_text("88.1/A");

    (void)state;
    for (uint32_t i = 0; i <= ONYM_CHANGES_MEMO_RECORDS; i++) {
        uint8_t text[1] = {(uint8_t)('a' + i)};

        onym_changes_memo_keep(&memo, &registrar, name);
        assert_true(onym_changes_memo_has(&memo, &registrar, onym_span_text("88.1/B")));
        assert_false(onym_changes_memo_has(&memo, &bench_admin, name));
        assert_false(onym_changes_memo_has(&memo, &registrar, onym_span_text("88.1.2/B")));
        onym_changes_memo_saw(&memo, onym_span_of(text, 1));
    }
    onym_changes_memo_ask(&memo);
    for (uint32_t i = 0; i <= ONYM_CHANGES_MEMO_RECORDS; i++) {
        uint8_t text[1] = {(uint8_t)('a' + i)};

        onym_changes_memo_saw(&memo, onym_span_of(text, 1));
    }
    onym_changes_memo_keep(&memo, &registrar, name);
    assert_false(onym_changes_memo_has(&memo, &registrar, name));

    onym_changes_memo_ask(&memo);
    onym_changes_memo_saw(&memo, onym_span_text("0.NA/88.1"));
    onym_changes_memo_keep(&memo, &registrar, name);
    onym_changes_memo_changed(&memo, ONYM_KIND_HANDLE, onym_span_text("0.NA/88"));
    assert_true(onym_changes_memo_has(&memo, &registrar, name));
    onym_changes_memo_changed(&memo, ONYM_KIND_HANDLE, onym_span_text("0.NA/88.1"));
    assert_false(onym_changes_memo_has(&memo, &registrar, name));
    onym_changes_memo_keep(&memo, &registrar, name);
    onym_changes_memo_changed(&memo, ONYM_KIND_PREFIX, onym_span_text("0.NA/99"));
    assert_false(onym_changes_memo_has(&memo, &registrar, name));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_of_turns_without_a_pause_are_one_group, set_up,
                                        bench_tear_down),
        cmocka_unit_test_setup_teardown(rows_wait_for_so_many_turns, set_up, bench_tear_down),
        cmocka_unit_test_setup_teardown(rows_are_decided_ahead_of_their_commit, set_up,
                                        bench_tear_down),
        cmocka_unit_test_setup_teardown(a_full_group_and_a_single_change_do_not_wait_for_a_pause,
                                        set_up, bench_tear_down),
        cmocka_unit_test_setup_teardown(what_one_turn_submits_is_one_group, set_up,
                                        bench_tear_down),
        cmocka_unit_test_setup_teardown(a_prefix_and_one_below_it_may_come_together, set_up,
                                        bench_tear_down),
        cmocka_unit_test_setup_teardown(rights_end_in_the_middle_of_a_group, set_up,
                                        bench_tear_down),
        cmocka_unit_test_setup_teardown(rights_are_of_one_identity, set_up, bench_tear_down),
        cmocka_unit_test_setup_teardown(an_id_for_once_leaves_no_outcome, set_up, bench_tear_down),
        cmocka_unit_test(a_yes_that_depends_on_too_much_is_not_remembered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
