/* Disks that are full and disks that fail. This program's own fdatasync and pwrite stand in front
 * of the C library's, so that LMDB meets the failure it would meet. */
#include "changes_test.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Atomic int sync_failures;   /* of the next ones */
static _Atomic int pwrite_failures; /* of the next ones of a page or less, as the meta page is */
static _Atomic int quiet_calls, resume_calls;

static int
take(_Atomic int *failures)
{
    return atomic_load(failures) > 0 && atomic_fetch_sub(failures, 1) > 0;
}

/* exported, so that libraries are bound to it, as pwrite below */
__attribute__((visibility("default"))) int
fdatasync(int fd)
{
    if (take(&sync_failures)) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

__attribute__((visibility("default"))) ssize_t
pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    if (at < 8192 && take(&pwrite_failures)) {
        errno = EIO;
        return -1;
    }
    return syscall(SYS_pwrite64, fd, bytes, len, at);
}

/* Sanitizers, which are built with clang here, have a heap of their own. */
#if !defined(__clang__)
#define IN_FRONT_OF_HEAP

extern void *__libc_realloc(void *at, size_t len);

static _Atomic int realloc_failures; /* of the next ones of 50,000 bytes or more */

__attribute__((visibility("default"))) void *
realloc(void *at, size_t len)
{
    if (len >= 50000 && take(&realloc_failures)) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_realloc(at, len);
}
#endif

static struct onym_operation
create(struct bench *b, const char *name, uint8_t *bytes, size_t cap)
{
    return bench_operation(b, ONYM_ACTION_CREATE, name, bench_value(bytes, cap, 1, "x"));
}

static void
on_quiet(void *of)
{
    (void)of;
    atomic_fetch_add(&quiet_calls, 1);
}

static void
on_resume(void *of)
{
    struct bench *b = of;

    atomic_fetch_add(&resume_calls, 1);
    /* the store can be read again */
    assert_int_equal(bench_revision(b, ONYM_KIND_HANDLE, BENCH_PREFIX "/before"), 1);
}

/* Meanwhile others ask about the store, as metrics and housekeeping do. */
static void
wait_until_good(struct bench *b)
{
    struct onym_changes_stat stat;
    struct onym_env_stat env_stat;

    do {
        for (unsigned i = 0; i < 20; i++) {
            if (onym_env_stat(b->store.env, &env_stat) == ONYM_OK) {
                assert_int_equal(env_stat.prefixes, 1);
            }
            (void)onym_env_reap_readers(b->store.env);
        }
        onym_changes_stat(b->changes, &stat);
    } while (stat.read_only);
}

/* Registers one name, fails the next commit through *failures, and goes on. */
static void
fail_once(_Atomic int *failures, int times)
{
    struct bench *b = bench_new();
    struct onym_changes_options options = {.quiet = on_quiet, .resume = on_resume, .of = b};
    uint8_t bytes[128];
    struct onym_operation op;
    struct onym_changes_stat stat;

    atomic_store(&quiet_calls, 0);
    atomic_store(&resume_calls, 0);
    bench_start(b, &options);
    op = create(b, BENCH_PREFIX "/before", bytes, sizeof bytes);
    assert_int_equal(bench_do(b, 1, &op)->result.status, ONYM_OK);
    atomic_store(failures, times);
    op = create(b, BENCH_PREFIX "/meanwhile", bytes, sizeof bytes);
    assert_int_equal(bench_do(b, 2, &op)->result.status, ONYM_UNCERTAIN);
    wait_until_good(b);
    assert_true(atomic_load(&quiet_calls) >= 1);
    assert_int_equal(atomic_load(&quiet_calls), atomic_load(&resume_calls));

    /* the way to find out: the same operation again */
    assert_int_equal(bench_do(b, 3, &op)->result.status, ONYM_OK);
    op = create(b, BENCH_PREFIX "/after", bytes, sizeof bytes);
    assert_int_equal(bench_do(b, 4, &op)->result.status, ONYM_OK);
    onym_changes_stop(b->changes);
    onym_changes_stat(b->changes, &stat);
    assert_int_equal(stat.unknown, 1);
    assert_int_equal(stat.done, 3);
    bench_stop(b);
    temp_store_reopen(&b->store);
    assert_int_equal(bench_check(&b->store).handles, 3);
    assert_int_equal(bench_check(&b->store).log_entries, 3);
    bench_free(b);
}

static void
a_failed_sync_is_unknown_until_the_store_is_good(void **state)
{
    (void)state;
    fail_once(&sync_failures, 1);
}

/* The proof of recovery fails too, twice. */
static void
a_sync_that_fails_on_is_tried_again(void **state)
{
    (void)state;
    fail_once(&sync_failures, 3);
}

/* LMDB takes no transaction any more after this one, whatever its kind. */
static void
a_failed_meta_page_is_unknown_until_the_store_is_good(void **state)
{
    (void)state;
    fail_once(&pwrite_failures, 1);
}

static void
no_changes_are_taken_while_the_store_is_not_good(void **state)
{
    struct bench *b = bench_new();
    uint8_t bytes[128];
    struct onym_operation op;

    (void)state;
    bench_start(b, NULL);
    op = create(b, BENCH_PREFIX "/a", bytes, sizeof bytes);
    atomic_store(&sync_failures, 1000000);
    assert_int_equal(bench_do(b, 1, &op)->result.status, ONYM_UNCERTAIN);
    assert_int_equal(bench_submit(b, 2, &op), ONYM_READ_ONLY);
    bench_stop(b); /* ends in time although the store never got good */
    atomic_store(&sync_failures, 0);
    bench_free(b);
}

/* What the node could not do for want of memory is not the answer to the same operation later. */
static void
want_of_memory_is_not_remembered(void **state)
{
    (void)state;
#ifdef IN_FRONT_OF_HEAP
    struct bench *b = bench_new();
    char *data = calloc(1, 60001);
    uint8_t *bytes = malloc(61000);
    struct onym_operation op;

    memset(data, 'x', 60000);
    bench_start(b, NULL);
    op = bench_operation(b, ONYM_ACTION_CREATE, BENCH_PREFIX "/a",
                         bench_value(bytes, 61000, 1, data));
    atomic_store(&realloc_failures, 1);
    assert_int_equal(bench_do(b, 1, &op)->result.status, ONYM_NO_MEMORY);
    assert_int_equal(atomic_load(&realloc_failures), 0);
    assert_int_equal(bench_do(b, 2, &op)->result.status, ONYM_OK);
    bench_stop(b);
    assert_int_equal(bench_check(&b->store).handles, 1);
    free(data);
    free(bytes);
    bench_free(b);
#else
    print_message("not run: the heap is the sanitizer's, and cannot be made to fail\n");
    skip();
#endif
}

static struct onym_operation
numbered(struct bench *b, enum onym_action action, unsigned number, struct onym_value_list values,
         char name[64])
{
    (void)snprintf(name, 64, BENCH_PREFIX "/%u", number);
    return bench_operation(b, action, name, values);
}

/* A map without room: the group is refused whole, the rest of the node goes on, and room that comes
 * back is used without a restart. */
static void
a_full_map_refuses_the_group_and_recovers(void **state)
{
    struct bench *b = bench_new();
    struct onym_env_options small = {
        .dir = b->store.dir, .holder = "test", .map_size = (size_t)1 << 20};
    struct onym_fault fault = {0};
    char *data = calloc(1, 60001);
    uint8_t *bytes = malloc(61000);
    uint64_t stored = 0;
    uint64_t ticket = 0;
    enum onym_status status = ONYM_OK;

    (void)state;
    memset(data, 'x', 60000);
    onym_env_close(b->store.env);
    b->store.env = NULL;
    assert_int_equal(onym_env_open(&small, &b->store.env, &fault), ONYM_OK);
    bench_start(b, NULL);
    while (status == ONYM_OK && ticket < 100) {
        char name[64];
        struct onym_operation op;

        (void)snprintf(name, sizeof name, BENCH_PREFIX "/%u", (unsigned)ticket);
        op = bench_operation(b, ONYM_ACTION_CREATE, name, bench_value(bytes, 61000, 1, data));
        status = bench_do(b, ticket, &op)->result.status;
        ticket++;
        stored += status == ONYM_OK;
    }
    assert_int_equal(status, ONYM_FULL);
    assert_true(stored >= 3);
    assert_int_equal(bench_check(&b->store).handles, stored);
    assert_int_equal(bench_check(&b->store).log_entries, stored);

    /* several at once: one group or more, none in part */
    for (uint64_t i = 0; i < 5; i++) {
        char name[64];
        struct onym_operation op;

        (void)snprintf(name, sizeof name, BENCH_PREFIX "/more-%u", (unsigned)i);
        op = bench_operation(b, ONYM_ACTION_CREATE, name, bench_value(bytes, 61000, 1, data));
        assert_int_equal(bench_submit(b, ticket + i, &op), ONYM_OK);
    }
    for (uint64_t i = 0; i < 5; i++) {
        assert_int_equal(bench_await(b, ticket + i)->result.status, ONYM_FULL);
    }
    ticket += 5;
    assert_int_equal(bench_check(&b->store).handles, stored);

    /* removed records leave pages */
    for (unsigned i = 0; i < 3; i++) {
        char name[64];
        struct onym_operation drop = numbered(b, ONYM_ACTION_DELETE, i, (struct onym_value_list){0},
                                              name);

        assert_int_equal(bench_do(b, ticket++, &drop)->result.status, ONYM_OK);
    }
    struct onym_operation fits = bench_operation(b, ONYM_ACTION_CREATE, BENCH_PREFIX "/small",
                                                 bench_value(bytes, 61000, 1, "x"));

    assert_int_equal(bench_do(b, ticket, &fits)->result.status, ONYM_OK);
    bench_stop(b);
    assert_int_equal(bench_check(&b->store).handles, stored - 3 + 1);
    free(data);
    free(bytes);
    bench_free(b);
}

#define REMOVALS 150U

/* Small records leave no free pages behind the last that fits; still they can be removed, and after
 * enough of them others are registered. */
static void
what_removes_goes_on_in_a_full_map(void **state)
{
    struct bench *b = bench_new();
    struct onym_env_options small = {
        .dir = b->store.dir, .holder = "test", .map_size = (size_t)1 << 20};
    struct onym_fault fault = {0};
    struct onym_operation op;
    uint8_t bytes[400];
    char data[200];
    char name[64];
    unsigned stored = 0;

    (void)state;
    memset(data, 'x', sizeof data - 1);
    data[sizeof data - 1] = 0;
    onym_env_close(b->store.env);
    b->store.env = NULL;
    assert_int_equal(onym_env_open(&small, &b->store.env, &fault), ONYM_OK);
    bench_start(b, NULL);
    do {
        op = numbered(b, ONYM_ACTION_CREATE, stored, bench_value(bytes, sizeof bytes, 1, data),
                      name);
    } while (bench_do(b, stored, &op)->result.status == ONYM_OK && ++stored < 5000);
    assert_int_equal(b->result[stored].result.status, ONYM_FULL);
    assert_true(stored > REMOVALS);

    /* together with what finds no room */
    op = numbered(b, ONYM_ACTION_CREATE, 9999, bench_value(bytes, sizeof bytes, 1, data), name);
    assert_int_equal(bench_submit(b, 9999, &op), ONYM_OK);
    for (unsigned i = 0; i < REMOVALS; i++) {
        op = numbered(b, ONYM_ACTION_DELETE, i, (struct onym_value_list){0}, name);
        assert_int_equal(bench_do(b, 10000 + i, &op)->result.status, ONYM_OK);
    }
    assert_int_equal(bench_await(b, 9999)->result.status, ONYM_FULL);
    assert_int_equal(bench_check(&b->store).handles, stored - REMOVALS);
    bench_free(b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_sync_is_unknown_until_the_store_is_good),
        cmocka_unit_test(a_sync_that_fails_on_is_tried_again),
        cmocka_unit_test(a_failed_meta_page_is_unknown_until_the_store_is_good),
        cmocka_unit_test(no_changes_are_taken_while_the_store_is_not_good),
        cmocka_unit_test(want_of_memory_is_not_remembered),
        cmocka_unit_test(a_full_map_refuses_the_group_and_recovers),
        cmocka_unit_test(what_removes_goes_on_in_a_full_map),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
