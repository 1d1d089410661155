#include "support/power_cut.h"

#include "store/change.h"
#include "store/check.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW_MS 1700000000000ULL

void
cut_path(const struct temp_store *store, const char *name, char out[256])
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

void
cut_copy(const struct temp_store *from, const char *name, const struct temp_store *to,
         const char *as, size_t len)
{
    char a[256], b[256];

    cut_path(from, name, a);
    cut_path(to, as, b);
    copy(a, b, len);
}

void
cut_put_in(struct onym_change *change, unsigned number, size_t len)
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
void
cut_put_many(struct temp_store *store, unsigned first, unsigned count, size_t len)
{
    struct onym_change *change = temp_change_begin(store);

    for (unsigned i = 0; i < count; i++) {
        cut_put_in(change, first + i, len);
    }
    temp_change_commit(change);
}

void
cut_put(struct temp_store *store, unsigned number, size_t len)
{
    cut_put_many(store, number, 1, len);
}

enum onym_status
cut_try_put(struct temp_store *store, unsigned number, size_t len)
{
    struct onym_change *change = temp_change_begin(store);
    struct onym_fault fault = {0};

    cut_put_in(change, number, len);
    return onym_change_commit(change, &fault);
}

bool
cut_has(struct temp_store *store, unsigned number)
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

void
cut_expect_whole(struct temp_store *store, unsigned count)
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
        assert_true(cut_has(store, i));
    }
    assert_false(cut_has(store, count));
}

/* A store beside, as a power cut leaves it: LMDB's file is the copy `data` in `of`. */
void
cut_make(const struct temp_store *of, const char *data, struct temp_store *out)
{
    temp_store_dir(out);
    cut_copy(of, data, out, "data.mdb", SIZE_MAX);
    cut_copy(of, "journal.0", out, "journal.0", SIZE_MAX);
    cut_copy(of, "journal.1", out, "journal.1", SIZE_MAX);
}

enum onym_status
cut_open(struct temp_store *store, struct onym_fault *fault)
{
    struct onym_env_options options = {
        .dir = store->dir, .holder = "test", .map_size = TEMP_STORE_MAP_SIZE, .seed = 1};

    return onym_env_open(&options, &store->env, fault);
}

void
cut_keep(const struct temp_store *store, const char *as)
{
    cut_copy(store, "data.mdb", store, as, SIZE_MAX);
}

void
cut_flip(const struct temp_store *store, const char *name, uint64_t at)
{
    char path[256];
    uint8_t byte;
    int fd;

    cut_path(store, name, path);
    fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
    (void)close(fd);
}

void
cut_expect(const struct temp_store *of, const char *data, unsigned count)
{
    struct onym_fault fault = {0};
    struct temp_store store;

    cut_make(of, data, &store);
    if (cut_open(&store, &fault) != ONYM_OK) {
        fail_msg("%s: %s", data, fault.text);
    }
    cut_expect_whole(&store, count);
    cut_put(&store, count, 10); /* and goes on */
    temp_store_reopen(&store);
    cut_expect_whole(&store, count + 1);
    temp_store_close(&store);
}
