#include "base/rng.h"
#include "store/sorter.h"
#include "support/temp_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ROWS 20000U
#define SEED 20260311U

struct row {
    uint8_t key[ONYM_SORTER_KEY_MAX];
    size_t key_len;
    uint32_t data_len;
};

/* Keys with long common beginnings, of all lengths, some the beginning of another, some twice. */
static void
make_row(struct onym_rng *rng, struct row *row)
{
    static const char *const stems[] = {"h88.9420.106/EN.P.1005.1005021-E1300.260308.",
                                        "h88.9420.106/EN.P.1005.1005021-E1300.26030",
                                        "h88.9420.107/",
                                        "h0.NA/88.9420.",
                                        "h8",
                                        "p"};
    size_t len = (size_t)snprintf((char *)row->key, sizeof row->key, "%s%llu",
                                  stems[onym_rng_below(rng, 6)],
                                  (unsigned long long)onym_rng_below(rng, 30000));

    while (onym_rng_below(rng, 40) == 0 && len < 480) {
        memset(row->key + len, 'Z', 30);
        len += 30;
    }
    row->key_len = len;
    row->data_len = (uint32_t)onym_rng_below(rng, onym_rng_below(rng, 500) == 0 ? 60000 : 300);
}

static int
compare_keys(const struct row *a, const struct row *b)
{
    size_t len = a->key_len < b->key_len ? a->key_len : b->key_len;
    int order = memcmp(a->key, b->key, len);

    return order != 0 ? order : (a->key_len > b->key_len) - (a->key_len < b->key_len);
}

static int
compare(const void *a, const void *b)
{
    return compare_keys(a, b);
}

/* Everything about a row goes into its data, so that a mix-up would show. */
static void
fill(uint8_t *data, const struct row *row)
{
    for (uint32_t i = 0; i < row->data_len; i++) {
        data[i] = (uint8_t)(row->key[i % row->key_len] + i);
    }
}

static void
sort_and_check(size_t memory, bool must_spill)
{
    struct temp_store store;
    struct onym_rng rng = onym_rng_seeded(SEED);
    struct row *rows = calloc(ROWS, sizeof *rows);
    uint8_t *expected = malloc(65536);
    struct onym_sorter *sorter;
    struct onym_sorter_row out;
    struct onym_fault fault = {0};
    uint8_t *seen = calloc(ROWS, 1);

    temp_store_dir(&store);
    assert_int_equal(onym_sorter_new(memory, store.dir, &sorter, &fault), ONYM_OK);
    for (uint32_t i = 0; i < ROWS; i++) {
        struct onym_sorter_row row;
        uint8_t *data;

        make_row(&rng, &rows[i]);
        row = (struct onym_sorter_row){.key = onym_span_of(rows[i].key, rows[i].key_len),
                                       .data = {.len = rows[i].data_len},
                                       .line = i + ((uint64_t)1 << 40),
                                       .mark = i % 3 == 0};
        assert_int_equal(onym_sorter_add(sorter, &row, &data, &fault), ONYM_OK);
        fill(data, &rows[i]);
    }
    assert_int_equal(onym_sorter_start(sorter, &fault), ONYM_OK);
    assert_true(must_spill ? onym_sorter_runs(sorter) > 3 : onym_sorter_runs(sorter) == 0);

    struct row *sorted = malloc(ROWS * sizeof *sorted);

    memcpy(sorted, rows, ROWS * sizeof *sorted);
    qsort(sorted, ROWS, sizeof *sorted, compare);
    for (uint32_t i = 0; i < ROWS; i++) {
        assert_int_equal(onym_sorter_next(sorter, &out, &fault), ONYM_OK);
        uint64_t from = out.line - ((uint64_t)1 << 40);

        assert_true(from < ROWS);
        assert_int_equal(seen[from]++, 0);
        assert_true(out.mark == (from % 3 == 0));
        assert_true(onym_span_equal(out.key, onym_span_of(sorted[i].key, sorted[i].key_len)));
        fill(expected, &rows[from]);
        assert_true(onym_span_equal(out.data, onym_span_of(expected, rows[from].data_len)));
    }
    assert_int_equal(onym_sorter_next(sorter, &out, &fault), ONYM_NOT_FOUND);
    onym_sorter_free(sorter);
    free(sorted);
    free(seen);
    free(expected);
    free(rows);
    temp_store_close(&store);
}

static void
rows_come_in_key_order_from_memory(void **state)
{
    (void)state;
    sort_and_check((size_t)64 << 20, false);
}

static void
rows_come_in_key_order_through_many_runs(void **state)
{
    (void)state;
    sort_and_check(ONYM_SORTER_MEMORY_MIN, true);
}

static void
no_rows_are_no_rows(void **state)
{
    struct temp_store store;
    struct onym_sorter *sorter;
    struct onym_sorter_row out;
    struct onym_fault fault = {0};

    (void)state;
    temp_store_dir(&store);
    assert_int_equal(onym_sorter_new(ONYM_SORTER_MEMORY_MIN, store.dir, &sorter, &fault), ONYM_OK);
    assert_int_equal(onym_sorter_start(sorter, &fault), ONYM_OK);
    assert_int_equal(onym_sorter_next(sorter, &out, &fault), ONYM_NOT_FOUND);
    onym_sorter_free(sorter);
    assert_int_equal(onym_sorter_new(ONYM_SORTER_MEMORY_MIN - 16, store.dir, &sorter, &fault),
                     ONYM_INVALID);
    temp_store_close(&store);
}

/* Runs cannot be written where there is no directory: the row that needs one is refused. */
static void
a_run_that_cannot_be_written_is_an_error(void **state)
{
    struct onym_sorter *sorter;
    struct onym_fault fault = {0};
    enum onym_status status = ONYM_OK;
    char key[16];

    (void)state;
    assert_int_equal(onym_sorter_new(ONYM_SORTER_MEMORY_MIN, "/nonexistent/onym", &sorter, &fault),
                     ONYM_OK);
    for (unsigned i = 0; i < 100 && status == ONYM_OK; i++) {
        int len = snprintf(key, sizeof key, "h%u", i);
        struct onym_sorter_row row = {.key = onym_span_of(key, (size_t)len),
                                      .data = {.len = 100000}};
        uint8_t *data;

        status = onym_sorter_add(sorter, &row, &data, &fault);
    }
    assert_int_equal(status, ONYM_IO);
    assert_non_null(strstr(fault.text, "cannot make a temporary file"));
    onym_sorter_free(sorter);
}

/* Rows in order, in reverse, all alike, and in an order that splits badly. */
static void
awkward_orders_are_sorted_too(void **state)
{
    struct temp_store store;
    struct onym_fault fault = {0};

    (void)state;
    temp_store_dir(&store);
    for (unsigned order = 0; order < 4; order++) {
        struct onym_sorter *sorter;
        struct onym_sorter_row out;
        char last[32] = "";

        assert_int_equal(onym_sorter_new((size_t)32 << 20, store.dir, &sorter, &fault), ONYM_OK);
        for (unsigned i = 0; i < ROWS; i++) {
            unsigned n = order == 0   ? i
                         : order == 1 ? ROWS - i
                         : order == 2 ? 7
                         : i % 2 == 0 ? i
                                      : ROWS - i;
            char key[32];
            int len = snprintf(key, sizeof key, "h%015u", n);
            struct onym_sorter_row row = {.key = onym_span_of(key, (size_t)len)};
            uint8_t *data;

            assert_int_equal(onym_sorter_add(sorter, &row, &data, &fault), ONYM_OK);
        }
        assert_int_equal(onym_sorter_start(sorter, &fault), ONYM_OK);
        for (unsigned i = 0; i < ROWS; i++) {
            assert_int_equal(onym_sorter_next(sorter, &out, &fault), ONYM_OK);
            assert_int_equal(out.key.len, 16);
            assert_true(i == 0 || memcmp(last, out.key.at, 16) <= 0);
            memcpy(last, out.key.at, 16);
        }
        onym_sorter_free(sorter);
    }
    temp_store_close(&store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_in_key_order_from_memory),
        cmocka_unit_test(rows_come_in_key_order_through_many_runs),
        cmocka_unit_test(no_rows_are_no_rows),
        cmocka_unit_test(a_run_that_cannot_be_written_is_an_error),
        cmocka_unit_test(awkward_orders_are_sorted_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
