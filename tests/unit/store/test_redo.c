/* A power cut that takes the meta page of a commit: what is written down is done again. */
#include "store/change.h"
#include "store/check.h"
#include "store/redo.h"
#include "support/temp_store.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW_MS     1700000000000ULL
#define META_BYTES 8192U /* LMDB's two meta pages, at the front of the file */

static const uint8_t outcome_id[ONYM_OPERATION_ID_LEN] = {7};

static onym_span
key_of(struct onym_change *change, const char *name, uint8_t out[ONYM_CHANGE_KEY_LEN_MAX])
{
    return onym_change_key(change, ONYM_KIND_HANDLE, onym_span_text(name), out);
}

static void
log_one(struct onym_change *change, const char *name)
{
    struct onym_entry entry = {.what = ONYM_ACTION_CREATE,
                               .time_ms = NOW_MS,
                               .digest = ONYM_RECORD_SHA256,
                               .name = onym_span_text(name)};
    uint64_t sequence;

    assert_int_equal(onym_change_log(change, &entry, &sequence), ONYM_OK);
}

/* Puts a record whose one value has len bytes, with its log entry. */
static void
put(struct onym_change *change, const char *name, size_t len)
{
    char *data = malloc(len + 1);
    uint8_t *bytes = malloc(len + 64);
    uint8_t key_bytes[ONYM_CHANGE_KEY_LEN_MAX];
    struct onym_record r = {.name = onym_span_text(name),
                            .state = ONYM_STATE_ACTIVE,
                            .revision = 1,
                            .created_ms = NOW_MS,
                            .modified_ms = NOW_MS};

    assert_non_null(data);
    assert_non_null(bytes);
    memset(data, 'd', len);
    data[len] = '\0';
    temp_value_add(&r.public_values, bytes, len + 64, 1, "URL", data, ONYM_PERM_DEFAULT);
    assert_int_equal(onym_change_put(change, key_of(change, name, key_bytes), &r), ONYM_OK);
    log_one(change, name);
    free(bytes);
    free(data);
}

static void
put_alone(struct temp_store *store, const char *name)
{
    struct onym_change *change = temp_change_begin(store);

    put(change, name, 10);
    temp_change_commit(change);
}

static bool
has(struct temp_store *store, const char *name)
{
    uint8_t key_bytes[ONYM_CHANGE_KEY_LEN_MAX];
    struct onym_change *change = temp_change_begin(store);
    struct onym_record r;
    enum onym_status status = onym_change_get(change, key_of(change, name, key_bytes), &r);

    onym_change_abort(change);
    assert_true(status == ONYM_OK || status == ONYM_NOT_FOUND);
    return status == ONYM_OK;
}

static int
open_file(const struct temp_store *store)
{
    char path[160];
    int fd;

    (void)snprintf(path, sizeof path, "%s/data.mdb", store->dir);
    fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void
read_meta(const struct temp_store *store, uint8_t out[META_BYTES])
{
    int fd = open_file(store);

    assert_int_equal(pread(fd, out, META_BYTES, 0), META_BYTES);
    (void)close(fd);
}

/* As a power cut leaves it that lost what was written of the meta pages since. */
static void
lose_meta(struct temp_store *store, const uint8_t meta[META_BYTES])
{
    int fd;

    onym_env_close(store->env);
    store->env = NULL;
    fd = open_file(store);
    assert_int_equal(pwrite(fd, meta, META_BYTES, 0), META_BYTES);
    (void)close(fd);
}

static void
flip_byte(const struct temp_store *store, uint64_t at)
{
    int fd = open_file(store);
    uint8_t byte;

    assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
    (void)close(fd);
}

static void
expect_good(struct temp_store *store)
{
    struct onym_check_options options = {0};
    struct onym_check_report report;
    struct onym_fault fault = {0};
    struct onym_view *view;

    assert_int_equal(onym_view_open(store->env, &view), ONYM_OK);
    assert_int_equal(onym_store_check(view, &options, &report, &fault), ONYM_OK);
    assert_true(onym_check_is_good(&report));
    onym_view_close(view);
}

static uint32_t
format_of(struct temp_store *store)
{
    uint32_t format;
    MDB_txn *txn;

    assert_int_equal(mdb_txn_begin(store->env->tables.mdb, NULL, MDB_RDONLY, &txn), 0);
    assert_int_equal(onym_meta_format(&store->env->tables, txn, &format), ONYM_OK);
    mdb_txn_abort(txn);
    return format;
}

/* A store that nothing was changed in is as older programs know it. */
static void
the_first_commit_makes_the_slots(void **state)
{
    struct temp_store *store = *state;

    assert_int_equal(store->env->redo.at[0], 0);
    assert_int_equal(format_of(store), ONYM_FORMAT_PACKED);
    put_alone(store, "88/A");
    assert_int_equal(format_of(store), ONYM_FORMAT_REDO);
    assert_true(store->env->redo.at[0] > 0);
    assert_int_equal(store->env->redo.at[0] % 4096, 0);
    assert_int_equal(store->env->redo.turn, 0);
    put_alone(store, "88/B");
    assert_int_equal(store->env->redo.turn, 1);
    expect_good(store);
}

/* Whichever slot it is in, and again after it was done again. */
static void
a_lost_commit_is_done_again(void **state)
{
    struct temp_store *store = *state;
    uint8_t meta[META_BYTES];

    put_alone(store, "88/A");
    for (const char *c = "BCDEFG"; *c != '\0'; c++) {
        char name[8] = {'8', '8', '/', *c, '\0'};

        read_meta(store, meta);
        put_alone(store, name);
        if (*c != 'D') {
            lose_meta(store, meta);
            temp_store_reopen(store);
        }
        assert_true(has(store, name));
        expect_good(store);
    }
}

/* When the barrier of the second one was under way. */
static void
two_lost_commits_are_done_again_in_their_order(void **state)
{
    struct temp_store *store = *state;
    uint8_t meta[META_BYTES];

    for (unsigned extra = 0; extra < 2; extra++) { /* either slot comes first */
        put_alone(store, extra == 0 ? "88/A" : "88/B");
        read_meta(store, meta);
        put_alone(store, extra == 0 ? "88/C" : "88/E");
        put_alone(store, extra == 0 ? "88/D" : "88/F");
        lose_meta(store, meta);
        temp_store_reopen(store);
        assert_true(has(store, extra == 0 ? "88/C" : "88/E"));
        assert_true(has(store, extra == 0 ? "88/D" : "88/F"));
        expect_good(store);
        put_alone(store, extra == 0 ? "88/G" : "88/H");
    }
}

static void
everything_of_a_transaction_is_done_again(void **state)
{
    struct temp_store *store = *state;
    struct onym_outcome outcome = {.status = ONYM_OK, .time_ms = NOW_MS, .sequence = 3};
    struct onym_outcome_place place = {0};
    uint8_t old_id[ONYM_OPERATION_ID_LEN] = {1};
    uint8_t meta[META_BYTES], key_bytes[ONYM_CHANGE_KEY_LEN_MAX];
    struct onym_change *change = temp_change_begin(store);
    uint32_t removed;

    put(change, "88/A", 10);
    put(change, "88/B", 10);
    assert_int_equal(onym_change_put_outcome(change, old_id, &outcome), ONYM_OK);
    temp_change_commit(change);

    read_meta(store, meta);
    change = temp_change_begin(store);
    assert_int_equal(onym_change_remove(change, key_of(change, "88/A", key_bytes)), ONYM_OK);
    log_one(change, "88/A");
    put(change, "88/B", 3000);
    outcome.time_ms = NOW_MS + ONYM_OUTCOME_KEPT_MS;
    assert_int_equal(onym_change_put_outcome(change, outcome_id, &outcome), ONYM_OK);
    assert_int_equal(
        onym_change_prune_outcomes(change, NOW_MS + ONYM_OUTCOME_KEPT_MS, 9, &place, &removed),
        ONYM_OK);
    assert_int_equal(removed, 1);
    temp_change_commit(change);
    lose_meta(store, meta);
    temp_store_reopen(store);

    assert_false(has(store, "88/A"));
    assert_true(has(store, "88/B"));
    change = temp_change_begin(store);
    assert_int_equal(onym_change_outcome(change, old_id, &outcome), ONYM_NOT_FOUND);
    assert_int_equal(onym_change_outcome(change, outcome_id, &outcome), ONYM_OK);
    onym_change_abort(change);
    expect_good(store);
}

/* One that was being written when the power went, and one of a transaction that was taken back. */
static void
a_torn_slot_is_not_done(void **state)
{
    struct temp_store *store = *state;
    uint8_t meta[META_BYTES];

    put_alone(store, "88/A");
    for (unsigned byte = 0; byte < 3; byte++) { /* of the name, of the checksum, of the puts */
        uint64_t at;

        read_meta(store, meta);
        at = store->env->redo.at[store->env->redo.turn];
        put_alone(store, "88/B");
        lose_meta(store, meta);
        flip_byte(store, at + (const uint64_t[]){0, 9, 200}[byte]);
        temp_store_reopen(store);
        assert_false(has(store, "88/B"));
        expect_good(store);
    }
}

static void
a_forgotten_slot_is_not_done(void **state)
{
    struct temp_store *store = *state;
    struct onym_redo *redo;
    struct onym_change *change;
    struct onym_position before;
    MDB_txn *txn;
    bool is_down;

    put_alone(store, "88/A");
    redo = &store->env->redo;
    assert_int_equal(onym_redo_forget(redo, &store->env->tables), ONYM_OK); /* there is none */
    for (unsigned forget = 0; forget < 2; forget++) {
        assert_int_equal(mdb_txn_begin(store->env->tables.mdb, NULL, MDB_RDONLY, &txn), 0);
        assert_int_equal(onym_meta_position(&store->env->tables, txn, &before), ONYM_OK);
        mdb_txn_abort(txn);
        change = temp_change_begin(store);
        put(change, "88/B", 10);
        assert_int_equal(onym_redo_write(redo, &store->env->tables, &before, &is_down), 0);
        assert_true(is_down);
        onym_change_abort(change);
        if (forget == 0) {
            assert_int_equal(onym_redo_forget(redo, &store->env->tables), ONYM_OK);
        }
        temp_store_reopen(store);
        redo = &store->env->redo;
        /* else it is there: all of its puts but the end of its group, which abort left out */
        assert_int_equal(has(store, "88/B"), forget == 1);
    }
}

/* What does not fit has two barriers, and loses nothing when the meta page is there. */
static void
a_slot_has_a_limit(void **state)
{
    struct temp_store *store = *state;
    size_t more, fits;

    put_alone(store, "88/A");
    struct onym_change *change = temp_change_begin(store);

    put(change, "88/B", 1000);
    temp_change_commit(change); /* its end of the log and its counts are in there too */
    more = store->env->redo.len - 1000;
    fits = ONYM_REDO_SLOT - more;
    for (unsigned over = 0; over < 2; over++) {
        unsigned turn = store->env->redo.turn;

        change = temp_change_begin(store);
        put(change, over == 0 ? "88/C" : "88/D", fits + over);
        temp_change_commit(change);
        assert_int_equal(store->env->redo.is_whole, over == 0);
        assert_int_equal(store->env->redo.turn != turn, over == 0);
        assert_true(over == 1 || store->env->redo.len == ONYM_REDO_SLOT);
    }
    temp_store_reopen(store);
    assert_true(has(store, "88/C") && has(store, "88/D"));
    expect_good(store);
}

/* A transaction that leaves the log where it was could be done again behind a later one like it. */
static void
what_is_not_logged_is_not_written_down(void **state)
{
    struct temp_store *store = *state;
    struct onym_outcome outcome = {.status = ONYM_INVALID, .time_ms = NOW_MS};
    struct onym_change *change;

    put_alone(store, "88/A");
    change = temp_change_begin(store);
    assert_int_equal(onym_change_put_outcome(change, outcome_id, &outcome), ONYM_OK);
    temp_change_commit(change);
    assert_int_equal(store->env->redo.turn, 0);
    temp_store_reopen(store);
    change = temp_change_begin(store);
    assert_int_equal(onym_change_outcome(change, outcome_id, &outcome), ONYM_OK);
    onym_change_abort(change);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_first_commit_makes_the_slots, temp_store_set_up,
                                        temp_store_tear_down),
        cmocka_unit_test_setup_teardown(a_lost_commit_is_done_again, temp_store_set_up,
                                        temp_store_tear_down),
        cmocka_unit_test_setup_teardown(two_lost_commits_are_done_again_in_their_order,
                                        temp_store_set_up, temp_store_tear_down),
        cmocka_unit_test_setup_teardown(everything_of_a_transaction_is_done_again,
                                        temp_store_set_up, temp_store_tear_down),
        cmocka_unit_test_setup_teardown(a_torn_slot_is_not_done, temp_store_set_up,
                                        temp_store_tear_down),
        cmocka_unit_test_setup_teardown(a_forgotten_slot_is_not_done, temp_store_set_up,
                                        temp_store_tear_down),
        cmocka_unit_test_setup_teardown(a_slot_has_a_limit, temp_store_set_up,
                                        temp_store_tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_logged_is_not_written_down, temp_store_set_up,
                                        temp_store_tear_down)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
