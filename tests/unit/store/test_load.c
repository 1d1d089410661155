#include "onym/model/ident.h"
#include "store/check.h"
#include "store/load.h"
#include "store/view.h"
#include "support/temp_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW_MS 1767225600000ULL
static const uint8_t input[16] = {7};

struct row {
    const char *name;
    const char *data; /* NULL: only the homing of a prefix */
    bool homed;
};

static void
add(struct onym_load *load, const struct row *row, uint64_t line)
{
    uint8_t bytes[512];
    struct onym_record record = {.name = onym_span_text(row->name)};
    struct onym_load_row add = {
        .record = &record, .homed = row->homed, .only_homing = row->data == NULL, .line = line};
    struct onym_fault fault = {0};

    if (row->data != NULL) {
        temp_value_add(&record.public_values, bytes, sizeof bytes, 1, "URL", row->data,
                       ONYM_PERM_DEFAULT);
    }
    assert_int_equal(onym_load_add(load, &add, &fault), ONYM_OK);
}

static enum onym_status
run(struct temp_store *store, const struct row *rows, size_t count, uint64_t now_ms,
    struct onym_load_result *result, struct onym_load_double *twice)
{
    struct onym_load_options options = {.memory = (size_t)4 << 20, .now_ms = now_ms};
    struct onym_load *load;
    struct onym_fault fault = {0};
    enum onym_status status;

    assert_int_equal(onym_load_open(store->env, &options, &load, &fault), ONYM_OK);
    for (size_t i = 0; i < count; i++) {
        add(load, &rows[i], i + 1);
    }
    status = onym_load_finish(load, input, result, twice, &fault);
    onym_load_close(load);
    return status;
}

static void
load(struct temp_store *store, const struct row *rows, size_t count, uint64_t now_ms,
     struct onym_load_result *result)
{
    struct onym_load_double twice;

    assert_int_equal(run(store, rows, count, now_ms, result, &twice), ONYM_OK);
    assert_int_equal(twice.first_line, 0);
    assert_int_equal(result->rows, count);
}

static void
not_damaged(void *arg, onym_span name, const char *why)
{
    (void)arg;
    fail_msg("%.*s: %s", (int)name.len, (const char *)name.at, why);
}

/* Reads everything; fails the test when anything does not hold. */
static struct onym_check_report
check(struct temp_store *store)
{
    struct onym_check_options options = {.damaged = not_damaged};
    struct onym_check_report report;
    struct onym_fault fault = {0};
    struct onym_view *view;

    assert_int_equal(onym_view_open(store->env, &view), ONYM_OK);
    assert_int_equal(onym_store_check(view, &options, &report, &fault), ONYM_OK);
    onym_view_close(view);
    assert_true(onym_check_is_good(&report));
    return report;
}

static struct onym_record
look_up(const struct onym_view *view, const char *name)
{
    uint8_t folded[ONYM_PREFIX_NAME_LEN_MAX];
    onym_span text = onym_span_text(name);
    struct onym_record record = {0};

    onym_ident_upper(text, folded);
    if (onym_view_record(view, ONYM_KIND_HANDLE, onym_span_of(folded, text.len), &record) !=
        ONYM_OK) {
        fail_msg("%s is not there", name);
    }
    return record;
}

static bool
is_homed(const struct onym_view *view, const char *folded)
{
    return onym_view_has(view, ONYM_KIND_PREFIX, onym_span_text(folded));
}

static void
a_load_into_an_empty_store_makes_a_fresh_file(void **state)
{
    static const struct row rows[] = {{"88.1/c", "3", true},
                                      {"0.NA/88.1", "route", true},
                                      {"88.1/A", "1", true},
                                      {"0.na/88.2", "route", false},
                                      {"88.1/b", "2", true}};
    struct temp_store store;
    struct onym_load_result result;
    struct onym_check_report report;
    struct onym_view *view;

    (void)state;
    temp_store_open(&store);
    load(&store, rows, 5, NOW_MS, &result);
    assert_true(result.fresh);
    assert_int_equal(result.replaced, 0);
    assert_int_equal(result.prefixes, 1);
    report = check(&store);
    assert_int_equal(report.handles, 5);
    assert_int_equal(report.prefixes, 1);
    assert_int_equal(report.log_entries, 1);
    assert_int_equal(report.log_groups, 1);
    assert_true(report.has_checkpoint);
    assert_int_equal(onym_view_open(store.env, &view), ONYM_OK);
    struct onym_record record = look_up(view, "88.1/a");

    assert_true(onym_span_equal(record.name, onym_span_text("88.1/A")));
    assert_int_equal(record.revision, 1);
    assert_int_equal(record.created_ms, NOW_MS);
    assert_int_equal(record.modified_ms, NOW_MS);
    assert_true(is_homed(view, "0.NA/88.1"));
    assert_false(is_homed(view, "0.NA/88.2"));
    onym_view_close(view);
    temp_store_close(&store);
}

static void
a_load_into_a_used_store_replaces_and_counts_revisions(void **state)
{
    static const struct row first[] = {{"88.1/a", "1", true}, {"0.NA/88.1", "r", true}};
    static const struct row second[] = {{"88.1/A", "2", true}, {"88.1/b", "3", true}};
    struct temp_store store;
    struct onym_load_result result;
    struct onym_check_report report;
    struct onym_view *view;

    (void)state;
    temp_store_open(&store);
    load(&store, first, 2, NOW_MS, &result);
    struct onym_check_report before = check(&store);

    load(&store, second, 2, NOW_MS + 5000, &result);
    assert_false(result.fresh);
    assert_int_equal(result.replaced, 1);
    report = check(&store);
    assert_int_equal(report.handles, 3);
    assert_int_equal(report.log_entries, 2);
    assert_memory_equal(report.node, before.node, sizeof report.node);
    assert_memory_not_equal(report.fold, before.fold, sizeof report.fold);
    assert_int_equal(onym_view_open(store.env, &view), ONYM_OK);
    struct onym_record record = look_up(view, "88.1/a");

    assert_true(onym_span_equal(record.name, onym_span_text("88.1/A")));
    assert_int_equal(record.revision, 2);
    assert_int_equal(record.created_ms, NOW_MS);
    assert_int_equal(record.modified_ms, NOW_MS + 5000);
    assert_int_equal(look_up(view, "88.1/b").revision, 1);
    onym_view_close(view);
    temp_store_close(&store);
}

static void
a_prefix_record_can_take_its_homing_away(void **state)
{
    static const struct row homed[] = {{"0.NA/88.1", "r", true}, {"0.NA/88.2", NULL, true}};
    static const struct row moved[] = {{"0.NA/88.1", "r", false}};
    struct temp_store store;
    struct onym_load_result result;
    struct onym_check_report report;
    struct onym_view *view;

    (void)state;
    temp_store_open(&store);
    load(&store, homed, 2, NOW_MS, &result);
    report = check(&store);
    assert_int_equal(report.handles, 1);
    assert_int_equal(report.prefixes, 2);
    load(&store, moved, 1, NOW_MS, &result);
    assert_int_equal(check(&store).prefixes, 1);
    assert_int_equal(onym_view_open(store.env, &view), ONYM_OK);
    assert_false(is_homed(view, "0.NA/88.1"));
    assert_true(is_homed(view, "0.NA/88.2"));
    onym_view_close(view);
    temp_store_close(&store);
}

static void
a_name_twice_stores_nothing_and_names_both_lines(void **state)
{
    static const struct row old[] = {{"88.1/old", "1", true}};
    static const struct row rows[] = {{"88.1/b", "1", true}, {"88.1/x", "2", true},
                                      {"88.1/a", "3", true}, {"88.1/X", "4", true},
                                      {"88.1/x", "5", true}, {"88.1/x", "6", true}};
    struct temp_store store;
    struct onym_load_result result;
    struct onym_load_double twice;

    (void)state;
    for (unsigned used = 0; used < 2; used++) {
        temp_store_open(&store);
        if (used == 1) {
            load(&store, old, 1, NOW_MS, &result);
        }
        struct onym_check_report before = check(&store);

        assert_int_equal(run(&store, rows, 6, NOW_MS, &result, &twice), ONYM_EXISTS);
        assert_int_equal(twice.first_line, 2);
        assert_int_equal(twice.second_line, 4);
        assert_true(onym_text_equal_nocase(onym_span_of(twice.name, twice.name_len),
                                           onym_span_text("88.1/x")));
        struct onym_check_report after = check(&store);

        assert_memory_equal(after.fold, before.fold, sizeof after.fold);
        assert_int_equal(after.log_entries, before.log_entries);
        temp_store_reopen(&store);
        assert_int_equal(check(&store).handles, used);
        temp_store_close(&store);
    }
}

static void
an_empty_load_is_a_load(void **state)
{
    struct temp_store store;
    struct onym_load_result result;

    (void)state;
    temp_store_open(&store);
    load(&store, NULL, 0, NOW_MS, &result);
    assert_int_equal(check(&store).log_entries, 1);
    load(&store, NULL, 0, NOW_MS, &result);
    assert_false(result.fresh);
    assert_int_equal(check(&store).log_entries, 2);
    temp_store_close(&store);
}

static void
names_of_every_length_are_loaded(void **state)
{
    static const size_t lens[] = {6, 509, 510, 511, 512, 2048};
    struct temp_store store;
    struct onym_load_result result;
    struct row rows[12];
    struct onym_view *view;

    (void)state;
    for (size_t i = 0; i < 12; i++) {
        char *name = malloc(lens[i / 2] + 1);

        memset(name, 'n', lens[i / 2]);
        memcpy(name, "88.1/", 5);
        name[lens[i / 2] - 1] = i % 2 == 0 ? 'a' : 'b';
        name[lens[i / 2]] = '\0';
        rows[i] = (struct row){.name = name, .data = i % 2 == 0 ? "even" : "odd", .homed = true};
    }
    temp_store_open(&store);
    for (unsigned round = 0; round < 2; round++) { /* fresh, then merged */
        load(&store, rows, 12, NOW_MS, &result);
        assert_int_equal(check(&store).handles, 12);
        assert_int_equal(onym_view_open(store.env, &view), ONYM_OK);
        for (size_t i = 0; i < 12; i++) {
            struct onym_record record = look_up(view, rows[i].name);

            assert_true(onym_span_equal(record.name, onym_span_text(rows[i].name)));
            assert_int_equal(record.revision, round + 1);
        }
        onym_view_close(view);
    }
    temp_store_close(&store);
    for (size_t i = 0; i < 12; i++) {
        free((void *)(uintptr_t)rows[i].name);
    }
}

/* A map that is too small: one clear line, and the store is what it was. */
static void
a_full_map_stores_nothing(void **state)
{
    static const struct row old[] = {{"88.1/old", "1", true}};
    struct temp_store store;
    struct onym_env_options options;
    struct onym_load_result result;
    struct onym_load_double twice;
    struct onym_fault fault = {0};
    char name[32];

    (void)state;
    for (unsigned used = 0; used < 2; used++) {
        temp_store_open(&store);
        if (used == 1) {
            load(&store, old, 1, NOW_MS, &result);
        }
        struct onym_check_report before = check(&store);

        onym_env_close(store.env);
        options = (struct onym_env_options){
            .dir = store.dir, .holder = "test", .map_size = (size_t)256 << 10};
        assert_int_equal(onym_env_open(&options, &store.env, &fault), ONYM_OK);
        struct onym_load_options how = {.memory = (size_t)4 << 20, .now_ms = NOW_MS};
        struct onym_load *big;

        assert_int_equal(onym_load_open(store.env, &how, &big, &fault), ONYM_OK);
        for (unsigned i = 0; i < 4000; i++) {
            (void)snprintf(name, sizeof name, "88.1/part-%u", i);
            struct row row = {.name = name, .data = "https://example.cn/", .homed = true};

            add(big, &row, i + 1);
        }
        assert_int_equal(onym_load_finish(big, input, &result, &twice, &fault), ONYM_FULL);
        assert_non_null(strstr(fault.text, "--map-size"));
        onym_load_close(big);
        struct onym_check_report after = check(&store);

        assert_memory_equal(after.fold, before.fold, sizeof after.fold);
        temp_store_reopen(&store);
        assert_int_equal(check(&store).handles, used);
        temp_store_close(&store);
    }
}

/* The same rows in other orders and through runs on disk give the same store, bit for bit. */
static void
the_order_of_the_input_does_not_matter(void **state)
{
    enum { COUNT = 9000 };
    struct onym_check_report reports[3];

    (void)state;
    for (unsigned way = 0; way < 3; way++) {
        struct temp_store store;
        struct onym_load_options how = {.memory = way == 2 ? (size_t)1 << 20 : (size_t)64 << 20,
                                        .now_ms = NOW_MS};
        struct onym_load *some;
        struct onym_load_result result;
        struct onym_load_double twice;
        struct onym_fault fault = {0};
        char name[48];
        char data[200];

        temp_store_open(&store);
        assert_int_equal(onym_load_open(store.env, &how, &some, &fault), ONYM_OK);
        for (unsigned i = 0; i < COUNT; i++) {
            unsigned n = way == 0 ? i : (i * 7919U) % COUNT;

            (void)snprintf(name, sizeof name, "88.9420.%u/EN.P.%u", n % 9, n);
            (void)snprintf(data, sizeof data, "%0*u", (int)(n % 180) + 1, n);
            struct row row = {.name = name, .data = data, .homed = true};

            add(some, &row, i + 1);
        }
        assert_int_equal(onym_load_finish(some, input, &result, &twice, &fault), ONYM_OK);
        assert_true(way == 2 ? result.runs > 0 : result.runs == 0);
        onym_load_close(some);
        reports[way] = check(&store);
        assert_int_equal(reports[way].handles, COUNT);
        temp_store_close(&store);
    }
    assert_memory_equal(reports[0].fold, reports[1].fold, sizeof reports[0].fold);
    assert_memory_equal(reports[0].fold, reports[2].fold, sizeof reports[0].fold);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_load_into_an_empty_store_makes_a_fresh_file),
        cmocka_unit_test(a_load_into_a_used_store_replaces_and_counts_revisions),
        cmocka_unit_test(a_prefix_record_can_take_its_homing_away),
        cmocka_unit_test(a_name_twice_stores_nothing_and_names_both_lines),
        cmocka_unit_test(an_empty_load_is_a_load),
        cmocka_unit_test(names_of_every_length_are_loaded),
        cmocka_unit_test(a_full_map_stores_nothing),
        cmocka_unit_test(the_order_of_the_input_does_not_matter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
