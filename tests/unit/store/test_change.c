/* The write transaction: records, log and outcomes together or not at all. */
#include "store/change.h"
#include "store/check.h"
#include "support/temp_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW_MS 1700000000000ULL

static enum onym_status
commit(struct onym_change *change)
{
    struct onym_fault fault = {0};

    return onym_change_commit(change, &fault);
}

static struct onym_record
record(const char *name, uint8_t *bytes, size_t cap, const char *data)
{
    struct onym_record r = {.name = onym_span_text(name),
                            .state = ONYM_STATE_ACTIVE,
                            .revision = 1,
                            .created_ms = NOW_MS,
                            .modified_ms = NOW_MS};

    temp_value_add(&r.public_values, bytes, cap, 1, "URL", data, ONYM_PERM_DEFAULT);
    return r;
}

static onym_span
key_of(struct onym_change *change, const char *folded, uint8_t out[ONYM_CHANGE_KEY_LEN_MAX])
{
    return onym_change_key(change, ONYM_KIND_HANDLE, onym_span_text(folded), out);
}

/* What a record becomes is often made of what it was, on a page LMDB is about to rearrange. */
static void
a_record_may_be_made_of_itself(void **state)
{
    char data[801];
    uint8_t bytes[1024];
    uint8_t key_bytes[ONYM_CHANGE_KEY_LEN_MAX];
    struct onym_change *change = temp_change_begin(*state);
    onym_span key;

    memset(data, 'd', sizeof data - 1);
    data[sizeof data - 1] = '\0';
    for (const char *c = "ABCD"; *c != '\0'; c++) { /* neighbours on one page */
        char name[8] = {'8', '8', '/', *c, '\0'};
        struct onym_record r = record(name, bytes, sizeof bytes, data);

        key = key_of(change, name, key_bytes);
        assert_int_equal(onym_change_put(change, key, &r), ONYM_OK);
    }
    key = key_of(change, "88/B", key_bytes);
    for (unsigned i = 0; i < 50; i++) {
        struct onym_record r;

        assert_int_equal(onym_change_get(change, key, &r), ONYM_OK);
        r.revision++;
        r.owner = i % 2 == 0 ? onym_span_text("somebody with a rather long name")
                             : onym_span_of(NULL, 0);
        assert_int_equal(onym_change_put(change, key, &r), ONYM_OK);
    }
    for (const char *c = "ABCD"; *c != '\0'; c++) {
        char name[8] = {'8', '8', '/', *c, '\0'};
        struct onym_record r;
        onym_span cursor;
        struct onym_value value;

        key = key_of(change, name, key_bytes);
        assert_int_equal(onym_change_get(change, key, &r), ONYM_OK);
        assert_int_equal(r.revision, *c == 'B' ? 51 : 1);
        cursor = r.public_values.raw;
        assert_true(onym_value_next(&cursor, &value));
        assert_true(onym_span_equal(value.data, onym_span_text(data)));
    }
    assert_int_equal(commit(change), ONYM_OK);
}

/* A record over a limit harms nothing: the transaction goes on. */
static void
a_record_over_a_limit_is_refused_alone(void **state)
{
    uint8_t bytes[256];
    uint8_t key_bytes[ONYM_CHANGE_KEY_LEN_MAX];
    uint8_t owner[ONYM_OWNER_LEN_MAX + 1] = {0};
    struct onym_change *change = temp_change_begin(*state);
    struct onym_record r = record("88/A", bytes, sizeof bytes, "x");
    onym_span key = key_of(change, "88/A", key_bytes);

    r.owner = onym_span_of(owner, ONYM_OWNER_LEN_MAX + 1);
    assert_int_equal(onym_change_put(change, key, &r), ONYM_INVALID);
    assert_int_equal(onym_change_get(change, key, &r), ONYM_NOT_FOUND);
    r = record("88/A", bytes, sizeof bytes, "x");
    r.owner = onym_span_of(owner, ONYM_OWNER_LEN_MAX);
    assert_int_equal(onym_change_put(change, key, &r), ONYM_OK);
    assert_int_equal(commit(change), ONYM_OK);
}

static void
an_aborted_change_leaves_no_trace(void **state)
{
    uint8_t bytes[256];
    uint8_t key_bytes[ONYM_CHANGE_KEY_LEN_MAX];
    uint8_t id[ONYM_OPERATION_ID_LEN] = {5};
    struct onym_change *change = temp_change_begin(*state);
    struct onym_record r = record("88/A", bytes, sizeof bytes, "x");
    struct onym_entry entry = {
        .what = ONYM_ACTION_CREATE, .digest = ONYM_RECORD_SHA256, .name = onym_span_text("88/A")};
    struct onym_outcome outcome = {.status = ONYM_OK};
    uint64_t sequence;

    assert_int_equal(onym_change_put(change, key_of(change, "88/A", key_bytes), &r), ONYM_OK);
    assert_int_equal(onym_change_log(change, &entry, &sequence), ONYM_OK);
    assert_int_equal(sequence, 1);
    assert_int_equal(onym_change_put_outcome(change, id, &outcome), ONYM_OK);
    onym_change_abort(change);
    temp_store_reopen(*state);
    change = temp_change_begin(*state);
    assert_int_equal(onym_change_get(change, key_of(change, "88/A", key_bytes), &r),
                     ONYM_NOT_FOUND);
    assert_int_equal(onym_change_outcome(change, id, &outcome), ONYM_NOT_FOUND);
    assert_int_equal(onym_change_log(change, &entry, &sequence), ONYM_OK);
    assert_int_equal(sequence, 1);
    onym_change_abort(change);
}

/* The same record has the same digest, wherever and whenever it is stored. */
static void
a_digest_names_a_record(void **state)
{
    uint8_t bytes[256];
    uint8_t key_bytes[ONYM_CHANGE_KEY_LEN_MAX];
    uint8_t first[ONYM_ENTRY_DIGEST_LEN];
    uint8_t other[ONYM_ENTRY_DIGEST_LEN];
    static const uint8_t none[ONYM_ENTRY_DIGEST_LEN];
    struct onym_change *change = temp_change_begin(*state);
    struct onym_record r = record("88/A", bytes, sizeof bytes, "x");
    onym_span key = key_of(change, "88/A", key_bytes);

    assert_int_equal(onym_change_digest_kind(change), ONYM_RECORD_SHA256);
    memset(first, 1, sizeof first);
    assert_false(onym_change_digest(change, key, first));
    assert_memory_equal(first, none, sizeof none);
    assert_int_equal(onym_change_put(change, key, &r), ONYM_OK);
    assert_true(onym_change_digest(change, key, first));
    r.revision = 2;
    assert_int_equal(onym_change_put(change, key, &r), ONYM_OK);
    assert_true(onym_change_digest(change, key, other));
    assert_memory_not_equal(first, other, sizeof first);
    r.revision = 1;
    assert_int_equal(onym_change_remove(change, key), ONYM_OK);
    assert_int_equal(onym_change_put(change, key, &r), ONYM_OK);
    assert_true(onym_change_digest(change, key, other));
    assert_memory_equal(first, other, sizeof first);
    onym_change_abort(change);
}

static void
no_damage(void *arg, onym_span name, const char *why)
{
    (void)arg;
    fail_msg("%.*s: %s", (int)name.len, (const char *)name.at, why);
}

static struct onym_check_report
check(struct temp_store *store)
{
    struct onym_check_options options = {.damaged = no_damage};
    struct onym_check_report report;
    struct onym_fault fault = {0};
    struct onym_view *view;

    assert_int_equal(onym_view_open(store->env, &view), ONYM_OK);
    assert_int_equal(onym_store_check(view, &options, &report, &fault), ONYM_OK);
    onym_view_close(view);
    return report;
}

/* A checkpoint speaks of the records as they were there; operations behind it are no damage. */
static void
a_checkpoint_is_not_held_against_later_operations(void **state)
{
    static const struct onym_load_operation load = {.rows = 1};
    uint8_t bytes[256];
    uint8_t key_bytes[ONYM_CHANGE_KEY_LEN_MAX];
    struct onym_change *change = temp_change_begin(*state);
    struct onym_record r = record("88/A", bytes, sizeof bytes, "x");
    struct onym_entry entry = {.what = ONYM_ACTION_MODIFY, .digest = ONYM_RECORD_SHA256};
    uint64_t sequence;

    assert_int_equal(onym_change_put(change, key_of(change, "88/A", key_bytes), &r), ONYM_OK);
    assert_int_equal(onym_change_log_load(change, NOW_MS, &load), ONYM_OK);
    assert_int_equal(commit(change), ONYM_OK);
    assert_true(check(*state).fold_good);
    r.revision = 2;

    /* a record that changed without the log is damage ... */
    change = temp_change_begin(*state);
    assert_int_equal(onym_change_put(change, key_of(change, "88/A", key_bytes), &r), ONYM_OK);
    assert_int_equal(commit(change), ONYM_OK);
    assert_false(check(*state).fold_good);

    /* ... and with it is none */
    r.revision = 3;
    change = temp_change_begin(*state);
    assert_int_equal(onym_change_put(change, key_of(change, "88/A", key_bytes), &r), ONYM_OK);
    assert_int_equal(onym_change_log(change, &entry, &sequence), ONYM_OK);
    assert_int_equal(commit(change), ONYM_OK);
    assert_true(check(*state).fold_good);
    assert_true(check(*state).log_good);
}

static void
a_reopened_store_is_the_same(void **state)
{
    struct temp_store *store = *state;
    uint8_t bytes[256];
    uint8_t key_bytes[ONYM_CHANGE_KEY_LEN_MAX];
    struct onym_change *change = temp_change_begin(store);
    struct onym_record r = record("88/A", bytes, sizeof bytes, "x");
    struct onym_fault fault = {0};

    assert_int_equal(onym_change_put(change, key_of(change, "88/A", key_bytes), &r), ONYM_OK);
    assert_int_equal(commit(change), ONYM_OK);
    assert_int_equal(onym_env_reopen(store->env, &fault), ONYM_OK);
    assert_int_equal(check(store).handles, 1);
    change = temp_change_begin(store);
    assert_int_equal(onym_change_remove(change, key_of(change, "88/A", key_bytes)), ONYM_OK);
    assert_int_equal(commit(change), ONYM_OK);
    assert_int_equal(check(store).handles, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_record_may_be_made_of_itself, temp_store_set_up,
                                        temp_store_tear_down),
        cmocka_unit_test_setup_teardown(a_record_over_a_limit_is_refused_alone, temp_store_set_up,
                                        temp_store_tear_down),
        cmocka_unit_test_setup_teardown(an_aborted_change_leaves_no_trace, temp_store_set_up,
                                        temp_store_tear_down),
        cmocka_unit_test_setup_teardown(a_digest_names_a_record, temp_store_set_up,
                                        temp_store_tear_down),
        cmocka_unit_test_setup_teardown(a_checkpoint_is_not_held_against_later_operations,
                                        temp_store_set_up, temp_store_tear_down),
        cmocka_unit_test_setup_teardown(a_reopened_store_is_the_same, temp_store_set_up,
                                        temp_store_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
