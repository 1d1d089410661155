/* The journal on a disk that fails: the calls it makes are those of this program, which tears a
 * write, fails a sync and then loses what was written, or watches their order. */
#include "store/change.h"
#include "store/journal_priv.h"
#include "support/power_cut.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#define LARGE_COUNT 16U /* records of a large commit */
#define LOST_MAX    4096U
#define SECTORS     8192U /* that can be read */

static struct disk {
    /* the next write to the front of a file of the journal */
    bool tears; /* only what is behind `skip` is written, and the call fails */
    bool loses; /* is in memory, but its sync fails and it never is on the disk */
    size_t skip;
    bool is_losing, is_lost;
    char path[256]; /* of what is lost, and what the disk has there */
    uint8_t old[LOST_MAX];
    /* the order on opening */
    bool watches, synced[2], is_early;
    bool fails_meta; /* the next write of a meta page */
    bool has_failed; /* to write a page that nobody waited for */
    int error;
    /* reading */
    bool reads_short; /* of the journal no more than what is in front of the sector that is bad */
    bool is_blind;    /* LMDB's meta pages cannot be read */
    /* opening */
    unsigned writes, dies_at; /* of LMDB's file: from that one on none is taken; 0: all are */
    unsigned begun;           /* times that it was told to begin with what was written */
    bool fails_begin;         /* the next time */
} disk;

/* The next sync of LMDB's file. A thread of the journal asks, too, whenever it syncs that. */
static atomic_bool fails_sync;

static void
path_of_fd(int fd, char out[256])
{
    char link[64];
    ssize_t len;

    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    len = readlink(link, out, 255);
    out[len > 0 ? len : 0] = '\0';
}

/* 0 or 1, or -1 for another file. */
static int
journal_of(int fd, char path[256])
{
    const char *name;

    path_of_fd(fd, path);
    name = strstr(path, "/journal.");
    return name != NULL ? name[9] - '0' : -1;
}

static ssize_t
really_write(int fd, const void *bytes, size_t len, off_t at)
{
    return syscall(SYS_pwrite64, fd, bytes, len, at);
}

ssize_t
pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    const uint8_t *from = bytes;
    char path[256];
    int which = journal_of(fd, path);

    if (disk.watches && strstr(path, "/data.mdb") != NULL) {
        disk.is_early = disk.is_early || !disk.synced[0] || !disk.synced[1];
    }
    if (which < 0 && strstr(path, "/data.mdb") != NULL && disk.dies_at > 0 &&
        ++disk.writes >= disk.dies_at) {
        errno = EIO;
        return -1;
    }
    if (disk.fails_meta && which < 0 && at < 8192) {
        disk.fails_meta = false;
        errno = disk.error;
        return -1;
    }
    if (disk.tears && which >= 0 && at == 0) {
        disk.tears = false;
        if (len > disk.skip) {
            (void)really_write(fd, from + disk.skip, len - disk.skip, (off_t)disk.skip);
        }
        errno = EIO;
        return -1;
    }
    if (disk.loses && which >= 0 && at == 0) {
        disk.loses = false;
        disk.is_losing = true;
        memcpy(disk.path, path, sizeof path);
        assert_int_equal(len, LOST_MAX);
        assert_int_equal(pread(fd, disk.old, LOST_MAX, 0), LOST_MAX);
    }
    return really_write(fd, bytes, len, at);
}

int
fdatasync(int fd)
{
    char path[256];
    int which = journal_of(fd, path);

    if (which >= 0) {
        disk.synced[which] = true;
    }
    if (which < 0 && atomic_exchange(&fails_sync, false)) {
        /* the kernel tells it once, and calls the pages clean */
        errno = EIO;
        return -1;
    }
    if (which >= 0 && disk.is_losing && strcmp(path, disk.path) == 0) {
        disk.is_losing = false;
        disk.is_lost = true;
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

/* The kernel gives what it could read in front of a bad sector, and the error only to who asks for
 * that alone. */
ssize_t
pread(int fd, void *out, size_t len, off_t at)
{
    char path[256];
    int which = journal_of(fd, path);

    if (disk.is_blind && which < 0 && at < 8192 && strstr(path, "/data.mdb") != NULL) {
        errno = EIO;
        return -1;
    }
    if (disk.reads_short && which >= 0 && len > SECTORS) {
        len = SECTORS;
    }
    return syscall(SYS_pread64, fd, out, len, at);
}

/* What is only in memory is gone: the disk's own bytes are there again. */
static void
lose(void)
{
    int fd = open(disk.path, O_WRONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(really_write(fd, disk.old, LOST_MAX, 0), LOST_MAX);
    (void)close(fd);
    disk.is_lost = false;
}

int
posix_fadvise(int fd, off_t at, off_t len, int advice)
{
    char path[256];

    (void)at;
    (void)len;
    (void)advice;
    (void)journal_of(fd, path);
    if (disk.is_lost && strcmp(path, disk.path) == 0) {
        lose();
    }
    return 0;
}

int
sync_file_range(int fd, off_t at, off_t len, unsigned flags)
{
    bool begins = (flags & SYNC_FILE_RANGE_WRITE) != 0;
    bool *fails = begins ? &disk.fails_begin : &disk.has_failed;

    if (*fails) {
        *fails = false;
        errno = EIO;
        return -1;
    }
    disk.begun += begins;
    return (int)syscall(SYS_sync_file_range, fd, at, len, flags);
}

/* ---- */

/* The disk begins with the pages of a large commit before the last one is written, and is left
 * alone with those of others, which are written down. */
static void
the_disk_begins_early_with_a_large_commit(void **state)
{
    struct temp_store *store = *state;

    cut_put(store, 0, 10);
    disk = (struct disk){0};
    cut_put_many(store, 1, 150, 2100); /* a page of 4 KiB for each */
    assert_int_equal(disk.begun, 0);
    cut_put_many(store, 151, 320, 2100);
    assert_in_range(disk.begun, 4, 6); /* each with a quarter of a MiB */
    disk = (struct disk){0};
    cut_put(store, 471, 10);
    assert_int_equal(disk.begun, 0);
}

static enum onym_status
try_large(struct temp_store *store, unsigned first)
{
    struct onym_change *change = temp_change_begin(store);
    struct onym_fault fault = {0};

    for (unsigned i = 0; i < LARGE_COUNT; i++) {
        cut_put_in(change, first + i, ONYM_JOURNAL_LARGE / LARGE_COUNT);
    }
    return onym_change_commit(change, &fault);
}

/* What could not be written then, or at its sync, makes a large commit fail; and nothing of it is
 * there. */
static void
a_large_commit_that_the_disk_fails_is_uncertain(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 2; k++) {
        struct temp_store store;

        temp_store_open(&store);
        cut_put(&store, 0, 10);
        cut_put(&store, 1, 10);
        disk = (struct disk){.fails_begin = k == 0};
        atomic_store(&fails_sync, k == 1);
        assert_int_equal(try_large(&store, 2), ONYM_UNCERTAIN);
        assert_false(disk.fails_begin || atomic_load(&fails_sync));
        assert_int_equal(cut_try_put(&store, 2, 10), ONYM_UNCERTAIN); /* until it is opened again */
        temp_store_reopen(&store);
        cut_expect_whole(&store, 2);
        assert_int_equal(try_large(&store, 2), ONYM_OK);
        cut_expect_whole(&store, 2 + LARGE_COUNT);
        temp_store_close(&store);
    }
}

/* The first record of an epoch goes over the epoch before the one that is live. Whatever part of it
 * a power cut leaves, what was acknowledged is there. */
static void
the_first_record_of_an_epoch_may_be_torn(void **state)
{
    const size_t skips[] = {512, 4096, 8192, 12288, 16384, 20480, 65536, SIZE_MAX};

    (void)state;
    for (size_t k = 0; k < sizeof skips / sizeof *skips; k++) {
        struct temp_store store;
        unsigned count = 1;
        uint64_t epoch = 0;

        disk = (struct disk){.skip = skips[k]};
        temp_store_open(&store);
        for (cut_put(&store, 0, 10); epoch < 3; count++) {
            const struct onym_journal *journal = store.env->journal;
            bool is_full = journal->number > 0 &&
                           journal->file[journal->live].size - journal->at < 200000;

            cut_put(&store, count,
                    is_full ? 10 : 100000); /* so that each begins with a short one */
            if (journal->epoch != epoch) {
                epoch = journal->epoch;
                cut_keep(&store, "begin");
            }
        }
        disk.tears = true;
        while (cut_try_put(&store, count, 150000) == ONYM_OK) {
            count++;
        }
        assert_false(disk.tears);
        cut_expect(&store, "begin", count);
        cut_expect(&store, "data.mdb", count);
        temp_store_close(&store);
    }
}

/* The sync of the record that ends everything fails and the disk lacks it, but memory has it. */
static void
an_end_that_the_disk_lost_ends_nothing(void **state)
{
    struct temp_store *store = *state;

    disk = (struct disk){0};
    cut_put(store, 0, 10);
    cut_put(store, 1, 10);
    disk.loses = true;
    assert_int_equal(onym_journal_rest(store->env->journal), ONYM_IO);
    assert_true(disk.is_lost);
    temp_store_reopen(store);
    cut_keep(store, "reopened");
    cut_put(store, 2, 10);
    if (disk.is_lost) {
        lose();
    }
    cut_expect(store, "reopened", 3);
}

/* A record that a killed program wrote but did not sync may be in memory alone; were it written
 * into LMDB's file first, a power cut could leave a file that is newer than its journal. */
static void
the_journal_is_on_the_disk_before_what_it_has_is_written(void **state)
{
    struct temp_store *store = *state;
    struct temp_store other;
    struct onym_fault fault = {0};

    disk = (struct disk){0};
    cut_put(store, 0, 10);
    cut_put(store, 1, 10);
    cut_make(store, "data.mdb", &other);
    disk = (struct disk){.watches = true};
    assert_int_equal(cut_open(&other, &fault), ONYM_OK);
    assert_true(disk.synced[0] && disk.synced[1]);
    assert_false(disk.is_early);
    disk.watches = false;
    cut_expect_whole(&other, 2);
    temp_store_close(&other);
}

/* The commit is written down, so it is done when the store is open again. */
static void
a_meta_page_that_cannot_be_written_is_written_again(void **state)
{
    struct temp_store *store = *state;

    cut_put(store, 0, 10);
    cut_put(store, 1, 10);
    disk = (struct disk){.fails_meta = true, .error = EIO};
    assert_int_equal(cut_try_put(store, 2, 10), ONYM_UNCERTAIN);
    assert_false(disk.fails_meta);
    temp_store_reopen(store);
    cut_expect_whole(store, 3);
}

/* The kernel wrote pages of LMDB's file behind everybody's back and failed: no commit is made of
 * what may be old, and opening writes them again. */
static void
a_page_that_was_lost_since_is_found_before_the_next_commit(void **state)
{
    struct temp_store *store = *state;

    disk = (struct disk){0};
    cut_put(store, 0, 10);
    cut_keep(store, "at.0");
    cut_put(store, 1, 10);
    disk.has_failed = true;
    assert_int_equal(cut_try_put(store, 2, 10), ONYM_UNCERTAIN);
    assert_false(disk.has_failed);
    assert_int_equal(cut_try_put(store, 2, 10), ONYM_UNCERTAIN); /* until it is opened again */
    cut_expect(store, "at.0", 2);
    temp_store_reopen(store);
    cut_expect_whole(store, 2);
}

/* The program ends in the middle of writing again, after each of its writes; then all of that is
 * done from the beginning, over a file that is newer in some places than in others. */
static void
writing_again_may_end_anywhere(void **state)
{
    struct temp_store *store = *state;
    unsigned count = 0;
    bool was_cut = true;

    disk = (struct disk){0};
    cut_put(store, count++, 10);
    cut_keep(store, "at.0");
    for (; store->env->journal->epoch < 2; count++) {
        cut_put(store, count, count % 2 == 0 ? 10 : 150000);
    }
    for (const char *const *from = (const char *const[]){"data.mdb", "at.0", NULL}; *from != NULL;
         from++) {
        was_cut = true;
        for (unsigned k = 1; was_cut; k += 3) {
            struct temp_store other;
            struct onym_fault fault = {0};

            disk = (struct disk){0};
            cut_make(store, *from, &other);
            disk.dies_at = k;
            was_cut = cut_open(&other, &fault) != ONYM_OK;
            disk.dies_at = 0;
            if (was_cut && cut_open(&other, &fault) != ONYM_OK) {
                fail_msg("%s, write %u: %s", *from, k, fault.text);
            }
            cut_expect_whole(&other, count);
            temp_store_close(&other);
        }
    }
}

/* What was written again could not be synced, the program ended, and the disk has nothing of it. */
static void
what_is_written_again_is_kept_until_it_is_synced(void **state)
{
    struct temp_store *store = *state;
    struct onym_fault fault = {0};
    struct temp_store other;

    disk = (struct disk){0};
    cut_put(store, 0, 10);
    cut_keep(store, "at.0");
    cut_put(store, 1, 10);
    cut_put(store, 2, 10000);
    cut_make(store, "at.0", &other);
    for (unsigned k = 0; k < 3; k++) {
        atomic_store(&fails_sync, true);
        assert_int_equal(cut_open(&other, &fault), ONYM_IO);
        cut_copy(store, "at.0", &other, "data.mdb", SIZE_MAX);
    }
    assert_int_equal(cut_open(&other, &fault), ONYM_OK);
    cut_expect_whole(&other, 3);
    temp_store_close(&other);
}

/* What that disk says, and that the copy of the file opens whole when the disk is well. */
static void
expect_unreadable(const struct temp_store *store, const struct disk *bad, const char *why)
{
    struct onym_fault fault = {0};
    struct temp_store other;

    disk = (struct disk){0};
    cut_make(store, "at.0", &other);
    disk = *bad;
    assert_int_equal(cut_open(&other, &fault), ONYM_IO);
    assert_non_null(strstr(fault.text, why));
    disk = (struct disk){0};
    assert_int_equal(cut_open(&other, &fault), ONYM_OK);
    cut_expect_whole(&other, 3);
    temp_store_close(&other);
}

/* A record that can be read in part is not one that was being written when the power went: what is
 * in it and behind it was acknowledged. */
static void
a_record_that_cannot_be_read_is_no_end(void **state)
{
    struct temp_store *store = *state;

    disk = (struct disk){0};
    cut_put(store, 0, 10);
    cut_keep(store, "at.0");
    cut_put(store, 1, 10);
    cut_put(store, 2, 100000);
    expect_unreadable(store, &(struct disk){.reads_short = true}, "cannot be read");
}

/* Nor does a file whose front cannot be read belong to another journal, which would have its own
 * deleted. */
static void
a_file_that_cannot_be_read_is_not_of_another_state(void **state)
{
    struct temp_store *store = *state;

    disk = (struct disk){0};
    cut_put(store, 0, 10);
    cut_keep(store, "at.0");
    cut_put(store, 1, 10);
    cut_put(store, 2, 10);
    expect_unreadable(store, &(struct disk){.is_blind = true}, "see the system's log");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_store_set_up, temp_store_tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_record_of_an_epoch_may_be_torn),
        TEST(the_disk_begins_early_with_a_large_commit),
        cmocka_unit_test(a_large_commit_that_the_disk_fails_is_uncertain),
        TEST(an_end_that_the_disk_lost_ends_nothing),
        TEST(the_journal_is_on_the_disk_before_what_it_has_is_written),
        TEST(a_meta_page_that_cannot_be_written_is_written_again),
        TEST(a_page_that_was_lost_since_is_found_before_the_next_commit),
        TEST(writing_again_may_end_anywhere),
        TEST(what_is_written_again_is_kept_until_it_is_synced),
        TEST(a_record_that_cannot_be_read_is_no_end),
        TEST(a_file_that_cannot_be_read_is_not_of_another_state)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
