/* What became of an operation, found by its id and forgotten in time. */
#include "store/change.h"
#include "support/temp_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW_MS 1700000000000ULL

/* An id spread over the table as hashes are. */
static void
id_of(uint32_t number, uint8_t out[ONYM_OPERATION_ID_LEN])
{
    for (unsigned i = 0; i < ONYM_OPERATION_ID_LEN; i++) {
        out[i] = (uint8_t)((number + 1) * (2654435761U >> (i % 8)) >> (i % 3 * 8));
    }
    out[14] = (uint8_t)(number >> 8);
    out[15] = (uint8_t)number;
}

static void
an_outcome_comes_back_as_it_was(void **state)
{
    struct onym_change *change = temp_change_begin(*state);
    uint8_t id[ONYM_OPERATION_ID_LEN] = {1};
    struct onym_outcome in = {.status = ONYM_OK,
                              .unchanged = true,
                              .replaced = true,
                              .time_ms = NOW_MS,
                              .sequence = 77,
                              .revision = 5,
                              .created_ms = NOW_MS - 9,
                              .asked = 0x0123456789ABCDEFULL,
                              .name = onym_span_text("88.1/Part")};
    struct onym_outcome out;

    assert_int_equal(onym_change_outcome(change, id, &out), ONYM_NOT_FOUND);
    assert_int_equal(onym_change_put_outcome(change, id, &in), ONYM_OK);
    temp_change_commit(change);
    change = temp_change_begin(*state);
    assert_int_equal(onym_change_outcome(change, id, &out), ONYM_OK);
    assert_int_equal(out.status, ONYM_OK);
    assert_true(out.unchanged && out.replaced);
    assert_int_equal(out.time_ms, NOW_MS);
    assert_int_equal(out.sequence, 77);
    assert_int_equal(out.revision, 5);
    assert_int_equal(out.created_ms, NOW_MS - 9);
    assert_int_equal(out.asked, in.asked);
    assert_true(onym_span_equal(out.name, in.name));
    onym_change_abort(change);
}

/* By name, so that a build with further statuses reads an older store. */
static void
every_status_comes_back(void **state)
{
    struct onym_change *change = temp_change_begin(*state);

    for (unsigned i = 0; i < ONYM_STATUS_COUNT; i++) {
        struct onym_outcome in = {.status = (enum onym_status)i, .time_ms = NOW_MS};
        struct onym_outcome out;
        uint8_t id[ONYM_OPERATION_ID_LEN];

        id_of(i, id);
        assert_int_equal(onym_change_put_outcome(change, id, &in), ONYM_OK);
        assert_int_equal(onym_change_outcome(change, id, &out), ONYM_OK);
        assert_int_equal(out.status, i);
        assert_false(out.unchanged || out.replaced);
    }
    temp_change_commit(change);
}

static void
an_id_has_one_outcome(void **state)
{
    struct onym_change *change = temp_change_begin(*state);
    struct onym_outcome in = {.status = ONYM_OK, .time_ms = NOW_MS};
    uint8_t id[ONYM_OPERATION_ID_LEN] = {9};

    assert_int_equal(onym_change_put_outcome(change, id, &in), ONYM_OK);
    assert_int_equal(onym_change_put_outcome(change, id, &in), ONYM_EXISTS);
    onym_change_abort(change);
}

static void
a_name_at_its_limit_is_kept(void **state)
{
    struct onym_change *change = temp_change_begin(*state);
    uint8_t *name = malloc(ONYM_PREFIX_NAME_LEN_MAX + 1);
    struct onym_outcome in = {.status = ONYM_OK, .time_ms = NOW_MS};
    struct onym_outcome out;
    uint8_t id[ONYM_OPERATION_ID_LEN] = {1};

    memset(name, 'n', ONYM_PREFIX_NAME_LEN_MAX + 1);
    in.name = onym_span_of(name, ONYM_PREFIX_NAME_LEN_MAX);
    assert_int_equal(onym_change_put_outcome(change, id, &in), ONYM_OK);
    assert_int_equal(onym_change_outcome(change, id, &out), ONYM_OK);
    assert_true(onym_span_equal(out.name, in.name));
    free(name);
    onym_change_abort(change);
}

static uint32_t
count(struct temp_store *store, uint32_t numbers)
{
    struct onym_change *change = temp_change_begin(store);
    struct onym_outcome out;
    uint32_t found = 0;

    for (uint32_t i = 0; i < numbers; i++) {
        uint8_t id[ONYM_OPERATION_ID_LEN];

        id_of(i, id);
        found += onym_change_outcome(change, id, &out) == ONYM_OK;
    }
    onym_change_abort(change);
    return found;
}

/* A millisecond before its day is over an outcome is kept; then it goes, however few are looked at
 * in one transaction, and the young ones stay. */
static void
old_outcomes_go_a_few_at_a_time(void **state)
{
    struct onym_change *change = temp_change_begin(*state);
    struct onym_outcome_place place = {0};
    uint32_t removed_in_all = 0;
    uint32_t removed;

    for (uint32_t i = 0; i < 1000; i++) {
        struct onym_outcome in = {.status = ONYM_OK, .time_ms = i % 2 == 0 ? NOW_MS : NOW_MS + 1};
        uint8_t id[ONYM_OPERATION_ID_LEN];

        id_of(i, id);
        assert_int_equal(onym_change_put_outcome(change, id, &in), ONYM_OK);
    }
    temp_change_commit(change);
    change = temp_change_begin(*state);
    assert_int_equal(onym_change_prune_outcomes(change, NOW_MS + ONYM_OUTCOME_KEPT_MS - 1, 5000,
                                                &place, &removed),
                     ONYM_OK);
    assert_int_equal(removed, 0);
    temp_change_commit(change);
    for (unsigned round = 0; round < 1000 / 7 + 2; round++) {
        change = temp_change_begin(*state);
        assert_int_equal(
            onym_change_prune_outcomes(change, NOW_MS + ONYM_OUTCOME_KEPT_MS, 7, &place, &removed),
            ONYM_OK);
        assert_true(removed <= 7);
        removed_in_all += removed;
        temp_change_commit(change);
    }
    assert_int_equal(removed_in_all, 500);
    assert_int_equal(count(*state, 1000), 500);
    change = temp_change_begin(*state);
    assert_int_equal(onym_change_prune_outcomes(change, NOW_MS + ONYM_OUTCOME_KEPT_MS + 1, 5000,
                                                &place, &removed),
                     ONYM_OK);
    removed_in_all += removed;
    /* the place may stand in the middle: once more around the end */
    assert_int_equal(onym_change_prune_outcomes(change, NOW_MS + ONYM_OUTCOME_KEPT_MS + 1, 5000,
                                                &place, &removed),
                     ONYM_OK);
    temp_change_commit(change);
    assert_int_equal(removed_in_all + removed, 1000);
    assert_int_equal(count(*state, 1000), 0);
}

static struct onym_operation
operation(uint8_t *bytes, size_t cap, const char *data)
{
    struct onym_operation op = {.action = ONYM_ACTION_ADD,
                                .name = onym_span_text("88.1/a"),
                                .principal = {.handle = onym_span_text("88.1/me"), .index = 300}};

    temp_value_add(&op.values, bytes, cap, 1, "URL", data, ONYM_PERM_DEFAULT);
    return op;
}

/* What counts as the same request. */
static void
asked_is_the_request_without_its_circumstances(void **state)
{
    uint8_t a_bytes[128];
    uint8_t b_bytes[128];
    struct onym_operation a = operation(a_bytes, sizeof a_bytes, "x");
    struct onym_operation b = operation(b_bytes, sizeof b_bytes, "x");
    uint64_t asked = onym_outcome_asked(&a);

    (void)state;
    b.now_ms = 5;
    b.address = onym_span_text("192.0.2.1");
    b.minted = onym_span_text("abc");
    b.principal.handle = onym_span_text("88.1/ME");
    b_bytes[7] ^= 1; /* the timestamp */
    assert_true(onym_outcome_asked(&b) == asked);
    b_bytes[3] ^= 1; /* the index */
    assert_false(onym_outcome_asked(&b) == asked);
    b = operation(b_bytes, sizeof b_bytes, "y");
    assert_false(onym_outcome_asked(&b) == asked);
    b = a;
    b.overwrite = true;
    assert_false(onym_outcome_asked(&b) == asked);
    b = a;
    b.action = ONYM_ACTION_MODIFY;
    assert_false(onym_outcome_asked(&b) == asked);
    b = a;
    b.name = onym_span_text("88.1/b");
    assert_false(onym_outcome_asked(&b) == asked);
    b = a;
    b.expect = ONYM_EXPECT_REVISION;
    b.revision = 3;
    assert_false(onym_outcome_asked(&b) == asked);
    asked = onym_outcome_asked(&b);
    b.created_ms = 4; /* the same revision of another record of that name */
    assert_false(onym_outcome_asked(&b) == asked);
    asked = onym_outcome_asked(&a);
    b = a;
    b.mint = true;
    assert_false(onym_outcome_asked(&b) == asked);
    b = a;
    b.indexes = (struct onym_u32_list){.raw = onym_span_of(b_bytes, 4), .count = 1};
    assert_false(onym_outcome_asked(&b) == asked);
    b = a;
    b.principal.index = 301;
    assert_false(onym_outcome_asked(&b) == asked);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_outcome_comes_back_as_it_was, temp_store_set_up,
                                        temp_store_tear_down),
        cmocka_unit_test_setup_teardown(every_status_comes_back, temp_store_set_up,
                                        temp_store_tear_down),
        cmocka_unit_test_setup_teardown(an_id_has_one_outcome, temp_store_set_up,
                                        temp_store_tear_down),
        cmocka_unit_test_setup_teardown(a_name_at_its_limit_is_kept, temp_store_set_up,
                                        temp_store_tear_down),
        cmocka_unit_test_setup_teardown(old_outcomes_go_a_few_at_a_time, temp_store_set_up,
                                        temp_store_tear_down),
        cmocka_unit_test(asked_is_the_request_without_its_circumstances),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
