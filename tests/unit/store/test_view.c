#include "onym/model/ident.h"
#include "store/scan.h"
#include "store/view.h"
#include "support/temp_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void
put_one(struct temp_store *store, const char *name, const char *data)
{
    uint8_t open_bytes[512];
    uint8_t secret_bytes[512];
    struct onym_value_list open = {0};
    struct onym_value_list secret = {0};

    temp_value_add(&open, open_bytes, sizeof open_bytes, 1, "URL", data, ONYM_PERM_DEFAULT);
    temp_value_add(&secret, secret_bytes, sizeof secret_bytes, 2, "KEY", "hidden",
                   ONYM_PERM_ADMIN_READ);
    temp_store_put(store, name, open, secret);
}

static enum onym_status
look_up(const struct onym_view *view, const char *name, struct onym_record *out)
{
    uint8_t folded[ONYM_PREFIX_NAME_LEN_MAX];
    onym_span text = onym_span_text(name);

    onym_ident_upper(text, folded);
    return onym_view_record(view, ONYM_KIND_HANDLE, onym_span_of(folded, text.len), out);
}

static void
view_finds_a_record_without_regard_to_ascii_case(void **state)
{
    struct temp_store *store = *state;
    struct onym_record record = {0};
    struct onym_view *view;
    struct onym_value value;

    put_one(store, "88.9420.106/En.p.1", "https://example.cn/1");
    assert_int_equal(onym_view_open(store->env, &view), ONYM_OK);
    assert_int_equal(look_up(view, "88.9420.106/eN.P.1", &record), ONYM_OK);
    assert_true(onym_span_equal(record.name, onym_span_text("88.9420.106/En.p.1")));
    assert_int_equal(record.state, ONYM_STATE_ACTIVE);
    assert_int_equal(record.revision, 1);
    assert_int_equal(record.created_ms, 1000000);
    assert_int_equal(record.public_values.count, 1);
    assert_int_equal(record.private_values.count, 1);
    assert_true(onym_value_next(&record.public_values.raw, &value));
    assert_true(onym_span_equal(value.data, onym_span_text("https://example.cn/1")));
    assert_int_equal(record.public_values.raw.len, 0);
    assert_int_equal(look_up(view, "88.9420.106/EN.P.2", &record), ONYM_NOT_FOUND);
    onym_view_close(view);
}

static void
view_keeps_kinds_apart(void **state)
{
    struct temp_store *store = *state;
    struct onym_view *view;
    onym_span name = onym_span_text("0.NA/88.9420");

    temp_store_home(store, "0.NA/88.9420");
    assert_int_equal(onym_view_open(store->env, &view), ONYM_OK);
    assert_true(onym_view_has(view, ONYM_KIND_PREFIX, name));
    assert_false(onym_view_has(view, ONYM_KIND_HANDLE, name));
    onym_view_close(view);
}

static void
view_sees_a_commit_only_after_renewal(void **state)
{
    struct temp_store *store = *state;
    struct onym_record record;
    struct onym_view *view;
    uint64_t before;

    assert_int_equal(onym_view_open(store->env, &view), ONYM_OK);
    before = onym_view_generation(view);
    put_one(store, "88.1/A", "x");
    assert_int_equal(look_up(view, "88.1/A", &record), ONYM_NOT_FOUND);
    assert_int_equal(onym_view_generation(view), before);
    onym_view_release(view);
    assert_int_equal(onym_view_renew(view), ONYM_OK);
    assert_int_equal(look_up(view, "88.1/A", &record), ONYM_OK);
    assert_int_not_equal(onym_view_generation(view), before);
    assert_int_equal(onym_view_renew(view), ONYM_OK);
    onym_view_close(view);
}

/* A name of len bytes that differs from every other in its last character only. */
static char *
long_name(size_t len, char last)
{
    char *name = malloc(len + 1);

    memset(name, 'x', len);
    memcpy(name, "88.1/", 5);
    name[len - 1] = last;
    name[len] = '\0';
    return name;
}

static void
names_beyond_the_key_limit_stay_apart(void **state)
{
    static const size_t lens[] = {509, 510, 511, 512, 2048};
    struct temp_store *store = *state;
    struct onym_record record;
    struct onym_view *view;

    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        char *a = long_name(lens[i], 'a');
        char *b = long_name(lens[i], 'b');
        char *c = long_name(lens[i], 'c');

        put_one(store, a, "first");
        put_one(store, b, "second");
        assert_int_equal(onym_view_open(store->env, &view), ONYM_OK);
        assert_int_equal(look_up(view, a, &record), ONYM_OK);
        assert_true(onym_span_equal(record.name, onym_span_text(a)));
        assert_int_equal(look_up(view, b, &record), ONYM_OK);
        assert_true(onym_span_equal(record.name, onym_span_text(b)));
        assert_int_equal(look_up(view, c, &record), ONYM_NOT_FOUND);
        onym_view_close(view);
        free(a);
        free(b);
        free(c);
    }
}

static void
scan_gives_one_kind_in_key_order_from_a_name(void **state)
{
    struct temp_store *store = *state;
    struct onym_record record;
    struct onym_view *view;
    struct onym_scan *scan;
    static const char *const expected[] = {"88.1/b", "88.1/C", "88.2/a"};

    put_one(store, "88.2/a", "x");
    put_one(store, "88.1/C", "x");
    put_one(store, "88.1/a", "x");
    put_one(store, "88.1/b", "x");
    temp_store_home(store, "0.NA/88.1");
    assert_int_equal(onym_view_open(store->env, &view), ONYM_OK);
    assert_int_equal(onym_scan_open(view, ONYM_KIND_HANDLE, onym_span_text("88.1/AA"), &scan),
                     ONYM_OK);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(onym_scan_next(scan, &record), ONYM_OK);
        assert_true(onym_span_equal(record.name, onym_span_text(expected[i])));
    }
    assert_int_equal(onym_scan_next(scan, &record), ONYM_NOT_FOUND);
    assert_int_equal(onym_scan_next(scan, &record), ONYM_NOT_FOUND);
    onym_scan_close(scan);
    onym_view_close(view);
}

static void
views_end_at_the_reader_limit(void **state)
{
    struct temp_store store;
    struct onym_env_options options = {.dir = store.dir,
                                       .holder = "test",
                                       .map_size = TEMP_STORE_MAP_SIZE,
                                       .readers_max = 2,
                                       .create = true};
    struct onym_fault fault;
    struct onym_view *view[3];

    (void)state;
    temp_store_dir(&store);
    assert_int_equal(onym_env_open(&options, &store.env, &fault), ONYM_OK);
    assert_int_equal(onym_view_open(store.env, &view[0]), ONYM_OK);
    assert_int_equal(onym_view_open(store.env, &view[1]), ONYM_OK);
    assert_int_equal(onym_view_open(store.env, &view[2]), ONYM_BUSY);
    onym_view_close(view[0]);
    assert_int_equal(onym_view_open(store.env, &view[2]), ONYM_OK);
    onym_view_close(view[1]);
    onym_view_close(view[2]);
    onym_view_close(NULL);
    temp_store_close(&store);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_store_set_up, temp_store_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(view_finds_a_record_without_regard_to_ascii_case),
        TEST(view_keeps_kinds_apart),
        TEST(view_sees_a_commit_only_after_renewal),
        TEST(names_beyond_the_key_limit_stay_apart),
        TEST(scan_gives_one_kind_in_key_order_from_a_name),
        cmocka_unit_test(views_end_at_the_reader_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
