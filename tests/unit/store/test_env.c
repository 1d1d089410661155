#include "store/env_priv.h"
#include "store/view.h"
#include "support/temp_store.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct onym_env_options
options_of(const struct temp_store *store)
{
    return (struct onym_env_options){
        .dir = store->dir, .holder = "test", .map_size = TEMP_STORE_MAP_SIZE};
}

static void
put_file(const struct temp_store *store, const char *name, const char *text)
{
    char path[256];

    (void)snprintf(path, sizeof path, "%s/%s", store->dir, name);
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void
a_directory_in_use_names_its_holder(void **state)
{
    struct temp_store store;
    struct onym_env_options options;
    struct onym_env *second = NULL;
    struct onym_fault fault = {0};
    char holder[64];

    (void)state;
    temp_store_open(&store);
    options = options_of(&store);
    assert_int_equal(onym_env_open(&options, &second, &fault), ONYM_IN_USE);
    assert_int_equal(fault.status, ONYM_IN_USE);
    (void)snprintf(holder, sizeof holder, "in use by test pid %ld;", (long)getpid());
    assert_non_null(strstr(fault.text, holder));
    assert_non_null(strstr(fault.text, store.dir));
    assert_null(second);
    onym_env_close(store.env);
    store.env = NULL;
    assert_int_equal(onym_env_open(&options, &store.env, &fault), ONYM_OK);
    temp_store_close(&store);
}

/* Somebody took the lock's file away, or the other directory has a link to the same data. Two
 * writers with a journal each would lose what the other has. */
static void
a_store_is_in_use_without_its_lock_too(void **state)
{
    struct temp_store store;
    struct onym_env_options options;
    struct onym_env *second = NULL;
    struct onym_fault fault = {0};
    char path[256];

    (void)state;
    temp_store_open(&store);
    (void)snprintf(path, sizeof path, "%s/lock", store.dir);
    assert_int_equal(unlink(path), 0);
    options = options_of(&store);
    assert_int_equal(onym_env_open(&options, &second, &fault), ONYM_IN_USE);
    assert_non_null(strstr(fault.text, "another process has"));
    temp_store_reopen(&store);
    temp_store_close(&store);
}

/* As conf check --here does, only longer. */
static void
who_only_looks_at_the_lock_is_in_nobodys_way(void **state)
{
    struct temp_store store;
    struct onym_env_options options;
    struct onym_fault fault = {0};
    char path[256], byte = 0;
    int held[2];
    pid_t child;

    (void)state;
    temp_store_open(&store);
    options = options_of(&store);
    onym_env_close(store.env);
    store.env = NULL;
    (void)snprintf(path, sizeof path, "%s/lock", store.dir);
    assert_int_equal(pipe(held), 0);
    child = fork();
    if (child == 0) {
        int fd = open(path, O_RDONLY);
        bool good = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) == 0 && write(held[1], "x", 1) == 1;

        (void)poll(NULL, 0, 20);
        _exit(good ? 0 : 1);
    }
    assert_int_equal(read(held[0], &byte, 1), 1);
    assert_int_equal(onym_env_open(&options, &store.env, &fault), ONYM_OK);
    assert_int_equal(waitpid(child, NULL, 0), child);
    (void)close(held[0]);
    (void)close(held[1]);
    temp_store_close(&store);
}

static void
a_lock_dies_with_its_process(void **state)
{
    struct temp_store store;
    struct onym_env_options options;
    struct onym_view *view = NULL;
    struct onym_fault fault = {0};
    int status = 0;

    (void)state;
    temp_store_open(&store);
    onym_env_close(store.env);
    store.env = NULL;
    options = options_of(&store);
    pid_t child = fork();

    if (child == 0) {
        /* holds the lock and a reader's slot, and is gone without a word */
        if (onym_env_open(&options, &store.env, &fault) != ONYM_OK ||
            onym_view_open(store.env, &view) != ONYM_OK) {
            _exit(1);
        }
        (void)kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(onym_env_open(&options, &store.env, &fault), ONYM_OK);
    struct onym_env_stat stat;

    assert_int_equal(onym_env_stat(store.env, &stat), ONYM_OK);
    assert_int_equal(stat.readers, 0);
    temp_store_close(&store);
}

static void
no_store_is_made_unless_asked_for(void **state)
{
    struct temp_store store;
    struct onym_env_options options;
    struct onym_fault fault = {0};
    char path[256];

    (void)state;
    temp_store_dir(&store);
    options = options_of(&store);
    assert_int_equal(onym_env_open(&options, &store.env, &fault), ONYM_NOT_FOUND);
    assert_non_null(strstr(fault.text, "no store here"));
    (void)snprintf(path, sizeof path, "%s/lock", store.dir);
    assert_int_not_equal(access(path, F_OK), 0);
    temp_store_close(&store);
}

static void
a_newer_format_is_refused_with_both_numbers(void **state)
{
    struct temp_store store;
    struct onym_env_options options;
    struct onym_fault fault = {0};
    char said[64];
    uint8_t newer[4] = {0, 0, 0, ONYM_STORE_FORMAT + 1};
    MDB_val key = {.mv_size = 6, .mv_data = "format"};
    MDB_val value = {.mv_size = sizeof newer, .mv_data = newer};
    MDB_txn *txn;

    (void)state;
    temp_store_open(&store);
    assert_int_equal(mdb_txn_begin(store.env->tables.mdb, NULL, 0, &txn), 0);
    assert_int_equal(mdb_put(txn, store.env->tables.meta, &key, &value, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    onym_env_close(store.env);
    store.env = NULL;
    options = options_of(&store);
    assert_int_equal(onym_env_open(&options, &store.env, &fault), ONYM_UNSUPPORTED);
    (void)snprintf(said, sizeof said, "store format %u, this program reads format %u",
                   ONYM_STORE_FORMAT + 1, ONYM_STORE_FORMAT);
    assert_non_null(strstr(fault.text, said));
    assert_null(store.env);
    temp_store_close(&store);
}

static void
a_file_that_is_no_store_is_refused(void **state)
{
    struct temp_store store;
    struct onym_env_options options;
    struct onym_fault fault = {0};
    char text[8192];

    (void)state;
    temp_store_dir(&store);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    put_file(&store, "data.mdb", text);
    options = options_of(&store);
    options.create = true;
    assert_int_equal(onym_env_open(&options, &store.env, &fault), ONYM_CORRUPT);
    assert_non_null(strstr(fault.text, "data.mdb"));
    temp_store_close(&store);
}

static void
leftovers_of_a_killed_load_are_removed(void **state)
{
    struct temp_store store;
    char path[256];

    (void)state;
    temp_store_open(&store);
    put_file(&store, "data.mdb.new", "half a file");
    temp_store_reopen(&store);
    (void)snprintf(path, sizeof path, "%s/data.mdb.new", store.dir);
    assert_int_not_equal(access(path, F_OK), 0);
    temp_store_close(&store);
}

static void
missing_address_space_is_said_with_the_setting(void **state)
{
    struct temp_store store;
    struct onym_env_options options;
    int status = 0;

    (void)state;
    temp_store_open(&store);
    onym_env_close(store.env);
    store.env = NULL;
    options = options_of(&store);
    options.map_size = (size_t)1 << 47; /* more than a process may have */
    pid_t child = fork();

    if (child == 0) {
        struct onym_fault fault = {0};
        bool good = onym_env_open(&options, &store.env, &fault) == ONYM_NO_MEMORY &&
                    strstr(fault.text, "--map-size") != NULL;

        _exit(good ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    temp_store_close(&store);
}

static void
stat_counts_what_is_there(void **state)
{
    struct temp_store store;
    struct onym_env_stat stat;
    struct onym_view *view;

    (void)state;
    temp_store_open(&store);
    temp_store_put(&store, "0.NA/88.1", (struct onym_value_list){0}, (struct onym_value_list){0});
    temp_store_put(&store, "88.1/a", (struct onym_value_list){0}, (struct onym_value_list){0});
    temp_store_put(&store, "88.1/A", (struct onym_value_list){0}, (struct onym_value_list){0});
    temp_store_home(&store, "0.NA/88.1");
    assert_int_equal(onym_view_open(store.env, &view), ONYM_OK);
    assert_int_equal(onym_env_stat(store.env, &stat), ONYM_OK);
    assert_int_equal(stat.handles, 2);
    assert_int_equal(stat.prefixes, 1);
    assert_int_equal(stat.map_size, TEMP_STORE_MAP_SIZE);
    assert_true(stat.map_used > 0 && stat.map_used <= stat.map_size);
    assert_true(stat.file_size >= stat.map_used);
    assert_int_equal(stat.readers, 1);
    onym_view_close(view);
    temp_store_close(&store);
}

static void
only_the_owner_may_read_the_files(void **state)
{
    static const char *const names[] = {"data.mdb", "lock", "."};
    struct temp_store store;
    struct stat st;
    char path[256];

    (void)state;
    temp_store_open(&store);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", store.dir, names[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 077, 0);
    }
    temp_store_close(&store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_directory_in_use_names_its_holder),
        cmocka_unit_test(a_store_is_in_use_without_its_lock_too),
        cmocka_unit_test(who_only_looks_at_the_lock_is_in_nobodys_way),
        cmocka_unit_test(a_lock_dies_with_its_process),
        cmocka_unit_test(no_store_is_made_unless_asked_for),
        cmocka_unit_test(a_newer_format_is_refused_with_both_numbers),
        cmocka_unit_test(a_file_that_is_no_store_is_refused),
        cmocka_unit_test(leftovers_of_a_killed_load_are_removed),
        cmocka_unit_test(missing_address_space_is_said_with_the_setting),
        cmocka_unit_test(stat_counts_what_is_there),
        cmocka_unit_test(only_the_owner_may_read_the_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
