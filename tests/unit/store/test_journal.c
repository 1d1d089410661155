/* Power cuts: LMDB's file as it was at some commit, beside the journal as it is later. */
#include "store/change.h"
#include "store/journal_priv.h"
#include "store/meta.h"
#include "store/reindex.h"
#include "support/power_cut.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define META_BYTES 8192U /* LMDB's two meta pages, at the front of the file */
#define PAGE       4096U

static void
expect_cut_refused(const struct temp_store *of, const char *data, const char *why)
{
    struct onym_fault fault = {0};
    struct temp_store store;

    cut_make(of, data, &store);
    assert_int_equal(cut_open(&store, &fault), ONYM_CORRUPT);
    assert_non_null(strstr(fault.text, why));
    temp_store_close(&store);
}

static bool
is_there(const struct temp_store *store, const char *name)
{
    struct stat st;
    char path[256];

    cut_path(store, name, path);
    return stat(path, &st) == 0;
}

/* A store that nothing was changed in is as older programs know it. */
static void
the_first_commit_makes_the_format_and_the_second_the_files(void **state)
{
    struct temp_store *store = *state;
    uint32_t format;
    MDB_txn *txn;

    assert_false(store->env->is_journaled);
    cut_put(store, 0, 10);
    assert_true(store->env->is_journaled);
    assert_int_equal(mdb_txn_begin(store->env->tables.mdb, NULL, MDB_RDONLY, &txn), 0);
    assert_int_equal(onym_meta_format(&store->env->tables, txn, &format), ONYM_OK);
    mdb_txn_abort(txn);
    assert_int_equal(format, ONYM_FORMAT_JOURNAL);
    assert_false(is_there(store, "journal.0"));
    cut_put(store, 1, 10);
    assert_int_equal(store->env->journal->file[0].size, ONYM_JOURNAL_SIZE_MIN);
    assert_int_equal(store->env->journal->file[1].size, ONYM_JOURNAL_SIZE_MIN);
    cut_expect_whole(store, 2);
}

static void
what_the_file_lacks_is_written_again(void **state)
{
    struct temp_store *store = *state;

    cut_put(store, 0, 10);
    cut_keep(store, "at.0");
    for (unsigned i = 1; i < 12; i++) {
        cut_put(store, i, 10);
        cut_expect(store, "at.0", i + 1);
    }
    cut_expect(store, "data.mdb", 12);
}

/* Copy k of the file was made before put k; it opens with all of `count` or is refused. */
static void
expect_copy(const struct temp_store *store, unsigned k, bool is_enough, unsigned count)
{
    struct temp_store other;
    struct onym_fault fault = {0};
    char name[16];

    (void)snprintf(name, sizeof name, "at.%u", k);
    cut_make(store, name, &other);
    assert_int_equal(cut_open(&other, &fault), is_enough ? ONYM_OK : ONYM_CORRUPT);
    if (is_enough) {
        cut_expect_whole(&other, count);
    } else {
        assert_non_null(strstr(fault.text, "written for another state"));
    }
    temp_store_close(&other);
}

/* The file may be as it was at any commit of the last two epochs, and not older. */
static void
two_epochs_are_needed_at_most(void **state)
{
    struct temp_store *store = *state;
    unsigned begin[6] = {0}; /* the put that began each epoch */
    char name[16];
    uint64_t epoch = 0;

    cut_put(store, 0, 10);
    for (unsigned i = 1; epoch < 5; i++) {
        (void)snprintf(name, sizeof name, "at.%u", i);
        cut_keep(store, name);
        cut_put(store, i, 200000);
        if (store->env->journal->epoch != epoch) {
            epoch = store->env->journal->epoch;
            begin[epoch] = i;
            for (unsigned k = 1; k <= i; k++) {
                expect_copy(store, k, k >= begin[epoch - 1], i + 1);
            }
        }
    }
    assert_int_equal(store->env->journal->file[0].size, ONYM_JOURNAL_SIZE_MIN);
}

/* One that was being written when the power went. */
static void
a_torn_record_is_not_written_again(void **state)
{
    struct temp_store *store = *state;
    const uint64_t places[] = {0, 9, 20, 44, 100, 1000}; /* of each field, and of the pieces */

    cut_put(store, 0, 10);
    cut_keep(store, "at.0");
    cut_put(store, 1, 10);
    for (unsigned k = 0; k < sizeof places / sizeof *places; k++) {
        uint64_t at = store->env->journal->at;

        if (k > 0) {
            cut_put(store, k + 1, 10);
        }
        at = k > 0 ? at : 0;
        cut_flip(store, "journal.0", at + places[k]);
        cut_expect(store, "at.0", k > 0 ? k + 1 : 1);
        cut_flip(store, "journal.0", at + places[k]);
        cut_expect(store, "at.0", k + 2);
    }
}

/* What a disk lost in the middle is not passed over. */
static void
an_epoch_that_is_not_whole_is_refused(void **state)
{
    struct temp_store *store = *state;
    uint64_t second = 0;

    cut_put(store, 0, 10);
    cut_keep(store, "at.0");
    for (unsigned i = 1; store->env->journal->epoch < 2; i++) {
        cut_put(store, i, 100000);
        second = i == 1 ? store->env->journal->at : second;
    }
    cut_flip(store, "journal.0", second);
    expect_cut_refused(store, "at.0", "journal.0: has 1 records where ");
}

static void
a_file_of_another_state_is_refused(void **state)
{
    struct temp_store *store = *state;

    cut_put(store, 0, 10);
    cut_keep(store, "at.0");
    cut_put(store, 1, 10);
    assert_int_equal(onym_journal_rest(store->env->journal), ONYM_OK);
    cut_put(store, 2, 10);
    cut_expect(store, "data.mdb", 3);
    expect_cut_refused(store, "at.0", "written for another state");
}

static void
ignore_progress(void *of, uint64_t done, uint64_t all)
{
    (void)of;
    (void)done;
    (void)all;
}

/* What is closed well, or was written without the journal, needs none of what stands there. */
static void
nothing_is_written_again_after_a_rest(void **state)
{
    struct temp_store *store = *state;
    struct onym_reindex_report report;
    struct onym_fault fault = {0};
    struct temp_store other;

    cut_put(store, 0, 10);
    cut_put(store, 1, 10);
    temp_store_reopen(store);
    assert_false(store->env->journal->is_live);
    cut_expect(store, "data.mdb", 2);

    cut_put(store, 2, 10);
    assert_true(store->env->journal->is_live);
    assert_int_equal(onym_store_reindex(store->env, ignore_progress, NULL, &report, &fault),
                     ONYM_OK);
    assert_false(store->env->journal->is_live);
    cut_make(store, "data.mdb", &other);
    assert_int_equal(cut_open(&other, &fault), ONYM_OK);
    cut_expect_whole(&other, 3);
    temp_store_close(&other);
}

/* As many pages as fit, and one more: then LMDB's pages were synced, and its meta page is what may
 * be lost. */
static void
a_commit_that_is_too_large_loses_no_more(void **state)
{
    struct temp_store *store = *state;
    const size_t len = 2100; /* a page of its own for each, so that pages are twice what is put */
    unsigned fits = 0;
    unsigned count = 1;
    const struct onym_journal *journal;
    struct onym_fault fault = {0};

    onym_env_close(store->env); /* with files that grow */
    assert_int_equal(cut_open(store, &fault), ONYM_OK);
    journal = store->env->journal;
    cut_put(store, 0, 10);
    for (unsigned step = 128; step > 0; step /= 2) { /* the most that is written down whole */
        cut_put_many(store, count, fits + step, len);
        count += fits + step;
        fits += journal->draft.len > META_BYTES ? step : 0;
    }
    assert_true(fits > ONYM_JOURNAL_RECORD_MAX / PAGE - 16);
    for (unsigned over = 0; over < 2; over++) {
        cut_keep(store, "before");
        cut_put_many(store, count, fits - 2 + over * 16, len);
        count += fits - 2 + over * 16;
        assert_int_equal(journal->draft.len > META_BYTES, over == 0);
        if (over == 1) {
            cut_keep(store, "after");
            cut_copy(store, "before", store, "after", META_BYTES);
        }
        cut_expect(store, over == 0 ? "before" : "after", count);
    }
    for (unsigned k = 0; k < 2; k++) { /* as far as they may, and no further */
        assert_true(journal->file[k].size > ONYM_JOURNAL_SIZE_MIN);
        assert_true(journal->file[k].size <= ONYM_JOURNAL_SIZE_MAX);
    }
}

/* A commit whose pages are likely to be too many is not copied, and loses no more either. */
static void
a_commit_that_is_expected_to_be_too_large_loses_no_more(void **state)
{
    struct temp_store *store = *state;
    struct onym_journal *journal = store->env->journal;

    cut_put(store, 0, 10);
    for (unsigned past = 0; past < 2; past++) {
        struct onym_change *change = temp_change_begin(store);

        cut_keep(store, "before");
        cut_put_in(change, 1 + past, 5000);
        onym_journal_expect(journal, ONYM_JOURNAL_LARGE + past);
        temp_change_commit(change);
        assert_int_equal(journal->draft.len > META_BYTES, past == 0);
        if (past == 1) {
            cut_keep(store, "after");
            cut_copy(store, "before", store, "after", META_BYTES);
        }
        cut_expect(store, past == 0 ? "before" : "after", 2 + past);
    }
}

static void
a_transaction_that_is_taken_back_leaves_nothing(void **state)
{
    struct temp_store *store = *state;
    struct onym_change *change;
    uint64_t at;

    cut_put(store, 0, 10);
    cut_keep(store, "at.0");
    cut_put(store, 1, 10);
    at = store->env->journal->at;
    change = temp_change_begin(store);
    onym_change_abort(change);
    assert_int_equal(store->env->journal->at, at);
    cut_put(store, 2, 10);
    cut_expect(store, "at.0", 3);
}

/* Without room for the files LMDB makes its commits durable itself. */
static void
a_journal_that_cannot_be_made_is_done_without(void **state)
{
    struct temp_store *store = *state;
    char path[256];

    cut_put(store, 0, 10);
    cut_path(store, "journal.1", path);
    assert_int_equal(symlink("/dev/full", path), 0);
    cut_put(store, 1, 10);
    assert_true(store->env->journal->is_off);
    cut_put(store, 2, 10);
    cut_expect_whole(store, 3);
    assert_int_equal(unlink(path), 0);
    temp_store_reopen(store);
    cut_put(store, 3, 10);
    assert_false(store->env->journal->is_off);
    cut_expect_whole(store, 4);
}

/* One of the files was taken away or cut short; the other has what is needed. */
static void
a_file_that_is_missing_is_made_again(void **state)
{
    struct temp_store *store = *state;
    struct temp_store other;
    struct onym_fault fault = {0};
    char path[256];

    cut_put(store, 0, 10);
    cut_keep(store, "at.0");
    cut_put(store, 1, 10);
    for (unsigned is_short = 0; is_short < 2; is_short++) {
        cut_make(store, "at.0", &other);
        cut_path(&other, "journal.1", path);
        assert_int_equal(is_short ? truncate(path, 4096) : unlink(path), 0);
        if (cut_open(&other, &fault) != ONYM_OK) {
            fail_msg("%s", fault.text);
        }
        cut_expect_whole(&other, 2);
        cut_keep(&other, "at.1");
        cut_put(&other, 2, 10);
        cut_expect(&other, "at.1", 3);
        temp_store_close(&other);
    }
}

/* What a store that is gone has left is not written into a new one. */
static void
a_new_store_beside_an_old_journal_is_refused(void **state)
{
    struct temp_store *store = *state;
    struct onym_fault fault = {0};
    struct onym_env_options options = {.holder = "test", .create = true};
    struct temp_store other;
    char path[256];

    cut_put(store, 0, 10);
    cut_put(store, 1, 10);
    cut_make(store, "data.mdb", &other);
    cut_path(&other, "data.mdb", path);
    assert_int_equal(unlink(path), 0);
    options.dir = other.dir;
    options.map_size = TEMP_STORE_MAP_SIZE;
    assert_int_equal(onym_env_open(&options, &other.env, &fault), ONYM_CORRUPT);
    assert_non_null(strstr(fault.text, "written for another state"));
    assert_false(is_there(&other, "data.mdb"));
    temp_store_close(&other);
    onym_env_close(store->env); /* what has ended is in nobody's way */
    cut_path(store, "data.mdb", path);
    assert_int_equal(unlink(path), 0);
    options.dir = store->dir;
    assert_int_equal(onym_env_open(&options, &store->env, &fault), ONYM_OK);
    cut_put(store, 0, 10);
    cut_put(store, 1, 10);
    cut_expect(store, "data.mdb", 2);
}

/* The file of one store beside the journal of another, at whichever of its commits. */
static void
expect_stranger_refused(const struct temp_store *journal_of, const struct temp_store *file_of,
                        const char *data)
{
    struct onym_fault fault = {0};
    struct temp_store store;

    cut_make(journal_of, "data.mdb", &store);
    cut_copy(file_of, data, &store, "data.mdb", SIZE_MAX);
    assert_int_equal(cut_open(&store, &fault), ONYM_CORRUPT);
    assert_non_null(strstr(fault.text, "written for another state"));
    temp_store_close(&store);
}

/* Two that were filled alike have the same numbers of transactions and pages. */
static void
the_journal_of_another_store_is_refused(void **state)
{
    struct temp_store *store = *state;
    struct temp_store other;

    temp_store_open(&other);
    cut_put(store, 0, 10);
    cut_put(&other, 0, 10);
    cut_keep(&other, "at.0"); /* in front of what the journal has, */
    for (unsigned i = 1; i < 4; i++) {
        cut_put(store, i, 10);
        cut_put(&other, i, 10);
        cut_keep(&other, i == 2 ? "at.2" : "at"); /* in the middle of it, */
    }
    expect_stranger_refused(store, &other, "at.0");
    expect_stranger_refused(store, &other, "at.2");
    expect_stranger_refused(store, &other, "data.mdb"); /* and at its end */
    cut_expect(&other, "at.0", 4);
    temp_store_close(&other);
}

/* A store that goes on from `from` in another way, with records of len bytes. */
static void
branch(const struct temp_store *from, const char *data, size_t len, struct temp_store *out)
{
    struct onym_fault fault = {0};

    temp_store_dir(out);
    cut_copy(from, data, out, "data.mdb", SIZE_MAX);
    assert_int_equal(cut_open(out, &fault), ONYM_OK);
    cut_put_many(out, 1, len > 100 ? 40 : 1, len);
    cut_keep(out, "at.1");
    cut_put(out, 50, 10);
}

/* Of one store, from a copy of which somebody went on. */
static void
the_journal_of_another_past_is_refused(void **state)
{
    struct temp_store *store = *state;
    struct temp_store a, b;

    cut_put(store, 0, 10);
    temp_store_reopen(store); /* so that the file needs nothing else */
    cut_keep(store, "copy");
    branch(store, "copy", 10, &a);
    branch(store, "copy", 1000, &b);
    expect_stranger_refused(&a, &b, "at.1");
    expect_stranger_refused(&a, &b, "data.mdb");
    temp_store_reopen(&a);
    cut_put(&a, 51, 10);
    temp_store_reopen(&b);
    expect_stranger_refused(&a, &b, "data.mdb"); /* it ends where that journal begins */
    temp_store_close(&a);
    temp_store_close(&b);
}

/* One that was made before files were told from each other. */
static void
a_file_without_a_mark_of_its_own_has_a_journal(void **state)
{
    struct temp_store *store = *state;
    const uint8_t none[8] = {0};
    struct onym_fault fault = {0};
    char path[256];
    int fd;

    onym_env_close(store->env);
    store->env = NULL;
    cut_path(store, "data.mdb", path);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    for (unsigned k = 0; k < 2; k++) {
        assert_int_equal(pwrite(fd, none, sizeof none, (off_t)(k * PAGE + 24)), sizeof none);
    }
    (void)close(fd);
    assert_int_equal(cut_open(store, &fault), ONYM_OK);
    cut_put(store, 0, 10);
    cut_keep(store, "at.0");
    for (unsigned i = 1; i < 4; i++) {
        cut_put(store, i, 10);
        cut_expect(store, "at.0", i + 1);
    }
    cut_expect(store, "data.mdb", 4);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_store_set_up, temp_store_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_first_commit_makes_the_format_and_the_second_the_files),
        TEST(what_the_file_lacks_is_written_again),
        TEST(two_epochs_are_needed_at_most),
        TEST(a_torn_record_is_not_written_again),
        TEST(an_epoch_that_is_not_whole_is_refused),
        TEST(a_file_of_another_state_is_refused),
        TEST(nothing_is_written_again_after_a_rest),
        TEST(a_commit_that_is_too_large_loses_no_more),
        TEST(a_commit_that_is_expected_to_be_too_large_loses_no_more),
        TEST(a_transaction_that_is_taken_back_leaves_nothing),
        TEST(a_journal_that_cannot_be_made_is_done_without),
        TEST(a_file_that_is_missing_is_made_again),
        TEST(a_new_store_beside_an_old_journal_is_refused),
        TEST(the_journal_of_another_store_is_refused),
        TEST(the_journal_of_another_past_is_refused),
        TEST(a_file_without_a_mark_of_its_own_has_a_journal)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
