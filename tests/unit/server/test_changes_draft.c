/* Creations that were worked out by who submitted them, beside those that were not. */
#include "changes_test.h"

#include "store/change.h"
#include "store/history.h"

#define DRAFTED_MAX 8192U /* bytes of values */
#define VALUE_FRONT 29U   /* of one value around its text, with the type URL */

/* A creation with so many bytes of values. */
static struct onym_operation
creation(struct bench *b, const char *name, uint8_t *bytes, size_t len)
{
    static char text[DRAFTED_MAX];
    struct onym_value_list values;

    memset(text, 'x', sizeof text);
    text[len - VALUE_FRONT] = '\0';
    values = bench_value(bytes, DRAFTED_MAX + 64, 1, text);
    assert_int_equal(values.raw.len, len);
    return bench_operation(b, ONYM_ACTION_CREATE, name, values);
}

static void
take_newest(void *of, uint64_t sequence, const struct onym_entry *entry)
{
    struct onym_entry *newest = of;

    (void)sequence;
    if (newest->time_ms == 0) {
        *newest = *entry;
    }
}

/* The record's last entry names the record that is there. */
static void
check_entry(struct bench *b, const char *folded, uint64_t revision, bool has_before)
{
    uint8_t key[ONYM_CHANGE_KEY_LEN_MAX];
    uint8_t digest[ONYM_ENTRY_DIGEST_LEN];
    struct onym_change *change = temp_change_begin(&b->store);
    struct onym_entry newest = {0};
    uint64_t next = ONYM_HISTORY_END;
    uint32_t left = 1;
    struct onym_view *view;

    assert_true(onym_change_digest(
        change, onym_change_key(change, ONYM_KIND_HANDLE, onym_span_text(folded), key), digest));
    onym_change_abort(change);
    assert_int_equal(onym_view_open(b->store.env, &view), ONYM_OK);
    while (left > 0 && next > 0) {
        assert_int_equal(
            onym_history_slice(view, onym_span_text(folded), &next, &left, take_newest, &newest),
            ONYM_OK);
    }
    onym_view_close(view);
    assert_int_equal(newest.revision, revision);
    assert_int_equal(newest.has_before, has_before);
    assert_true(newest.has_after);
    assert_memory_equal(newest.after, digest, sizeof digest);
}

/* Up to the limit by the one thread, past it by the other. */
static void
a_creation_is_the_same_whoever_works_it_out(void **state)
{
    struct bench *b = *state;
    uint8_t bytes[DRAFTED_MAX + 64];
    struct onym_operation op = creation(b, BENCH_PREFIX "/at", bytes, DRAFTED_MAX);

    assert_int_equal(bench_do(b, 1, &op)->result.revision, 1);
    assert_int_equal(b->result[1].result.created_ms, BENCH_NOW_MS);
    op = creation(b, BENCH_PREFIX "/past", bytes, DRAFTED_MAX + 1);
    assert_int_equal(bench_do(b, 2, &op)->result.revision, 1);
    assert_int_equal(b->result[2].result.created_ms, BENCH_NOW_MS);
    bench_stop(b);
    check_entry(b, BENCH_PREFIX "/AT", 1, false);
    check_entry(b, BENCH_PREFIX "/PAST", 1, false);
    assert_int_equal(bench_check(&b->store).log_entries, 2);
}

/* All of one group: each is worked out for no record, and all but the first meet one. */
static void
a_draft_counts_only_where_there_is_no_record(void **state)
{
    struct bench *b = *state;
    uint8_t bytes[3][DRAFTED_MAX + 64];
    struct onym_operation op[3];

    for (unsigned i = 0; i < 3; i++) {
        op[i] = creation(b, BENCH_PREFIX "/a", bytes[i], 100 + i);
        op[i].overwrite = i > 0;
    }
    op[2].expect = ONYM_EXPECT_ABSENT;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(bench_submit(b, 3 + 3 * i, &op[i]), ONYM_OK); /* of one worker */
    }
    assert_int_equal(bench_await(b, 3)->result.revision, 1);
    assert_int_equal(bench_await(b, 6)->result.revision, 2);
    assert_true(bench_await(b, 6)->result.replaced);
    assert_int_equal(bench_await(b, 9)->result.status, ONYM_EXISTS);
    bench_stop(b);
    check_entry(b, BENCH_PREFIX "/A", 2, true);
    assert_int_equal(bench_check(&b->store).log_entries, 2);
}

/* The decision for no record says no: that stays the answer. */
static void
what_needs_a_record_has_no_draft(void **state)
{
    struct bench *b = *state;
    uint8_t bytes[DRAFTED_MAX + 64];
    struct onym_operation op = creation(b, BENCH_PREFIX "/a", bytes, 100);

    op.expect = ONYM_EXPECT_PRESENT;
    assert_int_equal(bench_do(b, 1, &op)->result.status, ONYM_NOT_FOUND);
    op = creation(b, "77.7/a", bytes, 100);
    assert_int_equal(bench_do(b, 2, &op)->result.status, ONYM_NOT_RESPONSIBLE);
    bench_stop(b);
    assert_int_equal(bench_check(&b->store).handles, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_creation_is_the_same_whoever_works_it_out, bench_set_up,
                                        bench_tear_down),
        cmocka_unit_test_setup_teardown(a_draft_counts_only_where_there_is_no_record, bench_set_up,
                                        bench_tear_down),
        cmocka_unit_test_setup_teardown(what_needs_a_record_has_no_draft, bench_set_up,
                                        bench_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
