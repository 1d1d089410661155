/* Power cuts: LMDB's file as it was at some commit, beside the journal as it is later. */
#include "store/change.h"
#include "store/check.h"
#include "store/journal_priv.h"
#include "store/meta.h"
#include "store/reindex.h"
#include "support/temp_store.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW_MS     1700000000000ULL
#define META_BYTES 8192U /* LMDB's two meta pages, at the front of the file */
#define NAMES_MAX  64U
#define PAGE       4096U

static void
path_of(const struct temp_store *store, const char *name, char out[256])
{
    (void)snprintf(out, 256, "%s/%s", store->dir, name);
}

/* The first `len` bytes of a file over those of another, or all of it in its place. */
static void
copy(const char *from, const char *to, size_t len)
{
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC | (len == SIZE_MAX ? O_TRUNC : 0), 0600);
    static uint8_t bytes[1 << 16];
    ssize_t got;

    assert_true(in >= 0 && out >= 0);
    while (len > 0 && (got = read(in, bytes, len < sizeof bytes ? len : sizeof bytes)) > 0) {
        assert_int_equal(write(out, bytes, (size_t)got), got);
        len -= (size_t)got;
    }
    (void)close(in);
    (void)close(out);
}

static void
copy_named(const struct temp_store *from, const char *name, const struct temp_store *to,
           const char *as, size_t len)
{
    char a[256], b[256];

    path_of(from, name, a);
    path_of(to, as, b);
    copy(a, b, len);
}

static void
put_in(struct onym_change *change, unsigned number, size_t len)
{
    char name[16];
    struct onym_entry entry = {
        .what = ONYM_ACTION_CREATE, .time_ms = NOW_MS, .digest = ONYM_RECORD_SHA256};
    char *data = calloc(1, len + 1);
    uint8_t *bytes = malloc(len + 64);
    uint8_t key_bytes[ONYM_CHANGE_KEY_LEN_MAX];
    struct onym_record r = {
        .state = ONYM_STATE_ACTIVE, .revision = 1, .created_ms = NOW_MS, .modified_ms = NOW_MS};
    onym_span key;
    uint64_t sequence;

    assert_non_null(data);
    assert_non_null(bytes);
    (void)snprintf(name, sizeof name, "88/%u", number);
    r.name = entry.name = onym_span_text(name);
    memset(data, 'd', len);
    temp_value_add(&r.public_values, bytes, len + 64, 1, "URL", data, ONYM_PERM_DEFAULT);
    key = onym_change_key(change, ONYM_KIND_HANDLE, r.name, key_bytes);
    assert_int_equal(onym_change_put(change, key, &r), ONYM_OK);
    assert_int_equal(onym_change_log(change, &entry, &sequence), ONYM_OK);
    free(bytes);
    free(data);
}

/* 88/first and those behind it in one transaction, each with a value of len bytes and a log entry.
 */
static void
put_numbers(struct temp_store *store, unsigned first, unsigned count, size_t len)
{
    struct onym_change *change = temp_change_begin(store);

    for (unsigned i = 0; i < count; i++) {
        put_in(change, first + i, len);
    }
    temp_change_commit(change);
}

static void
put_number(struct temp_store *store, unsigned number, size_t len)
{
    put_numbers(store, number, 1, len);
}

static bool
has_number(struct temp_store *store, unsigned number)
{
    uint8_t key_bytes[ONYM_CHANGE_KEY_LEN_MAX];
    struct onym_change *change = temp_change_begin(store);
    struct onym_record r;
    char name[16];
    enum onym_status status;

    (void)snprintf(name, sizeof name, "88/%u", number);
    status = onym_change_get(
        change, onym_change_key(change, ONYM_KIND_HANDLE, onym_span_text(name), key_bytes), &r);
    onym_change_abort(change);
    assert_true(status == ONYM_OK || status == ONYM_NOT_FOUND);
    return status == ONYM_OK;
}

static void
expect_whole(struct temp_store *store, unsigned count)
{
    struct onym_check_options options = {0};
    struct onym_check_report report;
    struct onym_fault fault = {0};
    struct onym_view *view;

    assert_int_equal(onym_view_open(store->env, &view), ONYM_OK);
    assert_int_equal(onym_store_check(view, &options, &report, &fault), ONYM_OK);
    assert_true(onym_check_is_good(&report));
    onym_view_close(view);
    for (unsigned i = 0; i < count; i++) {
        assert_true(has_number(store, i));
    }
    assert_false(has_number(store, count));
}

/* A store beside, as a power cut leaves it: LMDB's file is the copy `data` in `of`. */
static void
cut(const struct temp_store *of, const char *data, struct temp_store *out)
{
    temp_store_dir(out);
    copy_named(of, data, out, "data.mdb", SIZE_MAX);
    copy_named(of, "journal.0", out, "journal.0", SIZE_MAX);
    copy_named(of, "journal.1", out, "journal.1", SIZE_MAX);
}

static enum onym_status
open_cut(struct temp_store *store, struct onym_fault *fault)
{
    struct onym_env_options options = {
        .dir = store->dir, .holder = "test", .map_size = TEMP_STORE_MAP_SIZE, .seed = 1};

    return onym_env_open(&options, &store->env, fault);
}

static void
expect_cut_whole(const struct temp_store *of, const char *data, unsigned count)
{
    struct onym_fault fault = {0};
    struct temp_store store;

    cut(of, data, &store);
    if (open_cut(&store, &fault) != ONYM_OK) {
        fail_msg("%s: %s", data, fault.text);
    }
    expect_whole(&store, count);
    put_number(&store, count, 10); /* and goes on */
    temp_store_reopen(&store);
    expect_whole(&store, count + 1);
    temp_store_close(&store);
}

static void
expect_cut_refused(const struct temp_store *of, const char *data, const char *why)
{
    struct onym_fault fault = {0};
    struct temp_store store;

    cut(of, data, &store);
    assert_int_equal(open_cut(&store, &fault), ONYM_CORRUPT);
    assert_non_null(strstr(fault.text, why));
    temp_store_close(&store);
}

static void
keep(const struct temp_store *store, const char *as)
{
    copy_named(store, "data.mdb", store, as, SIZE_MAX);
}

static bool
is_there(const struct temp_store *store, const char *name)
{
    struct stat st;
    char path[256];

    path_of(store, name, path);
    return stat(path, &st) == 0;
}

/* ---- */

/* A store that nothing was changed in is as older programs know it. */
static void
the_first_commit_makes_the_format_and_the_second_the_files(void **state)
{
    struct temp_store *store = *state;
    uint32_t format;
    MDB_txn *txn;

    assert_false(store->env->is_journaled);
    put_number(store, 0, 10);
    assert_true(store->env->is_journaled);
    assert_int_equal(mdb_txn_begin(store->env->tables.mdb, NULL, MDB_RDONLY, &txn), 0);
    assert_int_equal(onym_meta_format(&store->env->tables, txn, &format), ONYM_OK);
    mdb_txn_abort(txn);
    assert_int_equal(format, ONYM_FORMAT_JOURNAL);
    assert_false(is_there(store, "journal.0"));
    put_number(store, 1, 10);
    assert_int_equal(store->env->journal->file[0].size, ONYM_JOURNAL_SIZE_MIN);
    assert_int_equal(store->env->journal->file[1].size, ONYM_JOURNAL_SIZE_MIN);
    expect_whole(store, 2);
}

static void
what_the_file_lacks_is_written_again(void **state)
{
    struct temp_store *store = *state;

    put_number(store, 0, 10);
    keep(store, "at.0");
    for (unsigned i = 1; i < 12; i++) {
        put_number(store, i, 10);
        expect_cut_whole(store, "at.0", i + 1);
    }
    expect_cut_whole(store, "data.mdb", 12);
}

/* Copy k of the file was made before put k; it opens with all of `count` or is refused. */
static void
expect_copy(const struct temp_store *store, unsigned k, bool is_enough, unsigned count)
{
    struct temp_store other;
    struct onym_fault fault = {0};
    char name[16];

    (void)snprintf(name, sizeof name, "at.%u", k);
    cut(store, name, &other);
    assert_int_equal(open_cut(&other, &fault), is_enough ? ONYM_OK : ONYM_CORRUPT);
    if (is_enough) {
        expect_whole(&other, count);
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

    put_number(store, 0, 10);
    for (unsigned i = 1; epoch < 5; i++) {
        (void)snprintf(name, sizeof name, "at.%u", i);
        keep(store, name);
        put_number(store, i, 200000);
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

static void
flip(const struct temp_store *store, const char *name, uint64_t at)
{
    char path[256];
    uint8_t byte;
    int fd;

    path_of(store, name, path);
    fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
    (void)close(fd);
}

/* One that was being written when the power went. */
static void
a_torn_record_is_not_written_again(void **state)
{
    struct temp_store *store = *state;
    const uint64_t places[] = {0, 9, 20, 44, 100, 1000}; /* of each field, and of the pieces */

    put_number(store, 0, 10);
    keep(store, "at.0");
    put_number(store, 1, 10);
    for (unsigned k = 0; k < sizeof places / sizeof *places; k++) {
        uint64_t at = store->env->journal->at;

        if (k > 0) {
            put_number(store, k + 1, 10);
        }
        at = k > 0 ? at : 0;
        flip(store, "journal.0", at + places[k]);
        expect_cut_whole(store, "at.0", k > 0 ? k + 1 : 1);
        flip(store, "journal.0", at + places[k]);
        expect_cut_whole(store, "at.0", k + 2);
    }
}

/* What a disk lost in the middle is not passed over. */
static void
an_epoch_that_is_not_whole_is_refused(void **state)
{
    struct temp_store *store = *state;
    uint64_t second = 0;

    put_number(store, 0, 10);
    keep(store, "at.0");
    for (unsigned i = 1; store->env->journal->epoch < 2; i++) {
        put_number(store, i, 100000);
        second = i == 1 ? store->env->journal->at : second;
    }
    flip(store, "journal.0", second);
    expect_cut_refused(store, "at.0", "journal.0: has 1 records where ");
}

static void
a_file_of_another_state_is_refused(void **state)
{
    struct temp_store *store = *state;

    put_number(store, 0, 10);
    keep(store, "at.0");
    put_number(store, 1, 10);
    assert_int_equal(onym_journal_rest(store->env->journal), ONYM_OK);
    put_number(store, 2, 10);
    expect_cut_whole(store, "data.mdb", 3);
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

    put_number(store, 0, 10);
    put_number(store, 1, 10);
    temp_store_reopen(store);
    assert_false(store->env->journal->is_live);
    expect_cut_whole(store, "data.mdb", 2);

    put_number(store, 2, 10);
    assert_true(store->env->journal->is_live);
    assert_int_equal(onym_store_reindex(store->env, ignore_progress, NULL, &report, &fault),
                     ONYM_OK);
    assert_false(store->env->journal->is_live);
    cut(store, "data.mdb", &other);
    assert_int_equal(open_cut(&other, &fault), ONYM_OK);
    expect_whole(&other, 3);
    temp_store_close(&other);
}

/* As many pages as fit, and one more: then LMDB's pages were synced, and its meta page is what may
 * be lost. */
static void
a_commit_that_is_too_large_loses_no_more(void **state)
{
    struct temp_store *store = *state;
    const unsigned parts = 32;
    size_t len = 0;
    size_t step = ONYM_JOURNAL_RECORD_MAX / parts;
    unsigned count = 1;
    const struct onym_journal *journal;
    struct onym_fault fault = {0};

    onym_env_close(store->env); /* with files that grow */
    assert_int_equal(open_cut(store, &fault), ONYM_OK);
    journal = store->env->journal;
    put_number(store, 0, 10);
    while (step >= PAGE / parts) { /* the largest that is written down whole */
        put_numbers(store, count, parts, len + step);
        count += parts;
        len += journal->draft.len > META_BYTES ? step : 0;
        step /= 2;
    }
    assert_true(len > ONYM_JOURNAL_RECORD_MAX / parts - 2 * PAGE);
    for (unsigned over = 0; over < 2; over++) {
        keep(store, "before");
        put_numbers(store, count, parts, len + over * PAGE);
        count += parts;
        assert_int_equal(journal->draft.len > META_BYTES, over == 0);
        if (over == 1) {
            keep(store, "after");
            copy_named(store, "before", store, "after", META_BYTES);
        }
        expect_cut_whole(store, over == 0 ? "before" : "after", count);
    }
    for (unsigned k = 0; k < 2; k++) { /* as far as they may, and no further */
        assert_true(journal->file[k].size > ONYM_JOURNAL_SIZE_MIN);
        assert_true(journal->file[k].size <= ONYM_JOURNAL_SIZE_MAX);
    }
}

static void
a_transaction_that_is_taken_back_leaves_nothing(void **state)
{
    struct temp_store *store = *state;
    struct onym_change *change;
    uint64_t at;

    put_number(store, 0, 10);
    keep(store, "at.0");
    put_number(store, 1, 10);
    at = store->env->journal->at;
    change = temp_change_begin(store);
    onym_change_abort(change);
    assert_int_equal(store->env->journal->at, at);
    put_number(store, 2, 10);
    expect_cut_whole(store, "at.0", 3);
}

/* Without room for the files LMDB makes its commits durable itself. */
static void
a_journal_that_cannot_be_made_is_done_without(void **state)
{
    struct temp_store *store = *state;
    char path[256];

    put_number(store, 0, 10);
    path_of(store, "journal.1", path);
    assert_int_equal(symlink("/dev/full", path), 0);
    put_number(store, 1, 10);
    assert_true(store->env->journal->is_off);
    put_number(store, 2, 10);
    expect_whole(store, 3);
    assert_int_equal(unlink(path), 0);
    temp_store_reopen(store);
    put_number(store, 3, 10);
    assert_false(store->env->journal->is_off);
    expect_whole(store, 4);
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
        TEST(a_transaction_that_is_taken_back_leaves_nothing),
        TEST(a_journal_that_cannot_be_made_is_done_without)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
