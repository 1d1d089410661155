/* Many changes in one request: when rows wait, what is told at the end, and arrays. */
#include "unit/service/bulk_play.h"

/* ---- waiting ---- */

static void
rows_that_find_no_room_are_kept_in_order(void **state)
{
    struct host *h = begin(ONYM_BULK_UPSERT, ONYM_BULK_NONE);
    char text[64];

    (void)state;
    h->now = false;
    h->room = 3;
    for (int i = 0; i < 10; i++) {
        (void)snprintf(text, sizeof text, "{\"handle\":\"88.1/%d\",\"values\":[]}\n", i);
        take(h, text);
        assert_int_equal(onym_bulk_blocked(&h->bulk), i >= 3);
    }
    onym_bulk_end(&h->bulk, NOW_MS);
    assert_int_equal(h->count, 3);
    assert_false(onym_bulk_done_reading(&h->bulk));
    onym_bulk_go_on(&h->bulk, NOW_MS); /* still none */
    assert_true(onym_bulk_blocked(&h->bulk));
    h->room = 4;
    onym_bulk_go_on(&h->bulk, NOW_MS);
    assert_int_equal(h->count, 7);
    h->room = 4;
    onym_bulk_go_on(&h->bulk, NOW_MS);
    assert_int_equal(h->count, 10);
    assert_false(onym_bulk_blocked(&h->bulk));
    assert_true(onym_bulk_done_reading(&h->bulk));
    for (size_t i = 0; i < 10; i++) {
        (void)snprintf(text, sizeof text, "88.1/%zu", i);
        assert_string_equal(h->name[i], text);
        assert_int_equal(h->row[i], i + 1);
        assert_false(onym_bulk_finish(&h->bulk));
        settle(h, i, ONYM_OK);
    }
    assert_true(onym_bulk_finish(&h->bulk));
    assert_int_equal(h->bulk.rows, 10);
    end(h);
}

static void
the_window_bounds_what_is_under_way(void **state)
{
    struct host *h = begin(ONYM_BULK_UPSERT, ONYM_BULK_ALL);

    (void)state;
    h->now = false;
    h->bulk.window = 2;
    take(h, GOOD("a") "\n" GOOD("b") "\n" GOOD("c") "\n" GOOD("d"));
    assert_int_equal(h->count, 2);
    assert_true(onym_bulk_blocked(&h->bulk));
    settle(h, 1, ONYM_OK);
    assert_false(onym_bulk_blocked(&h->bulk));
    onym_bulk_go_on(&h->bulk, NOW_MS);
    assert_int_equal(h->count, 3);
    assert_string_equal(h->name[2], "88.1/c");
    settle(h, 0, ONYM_OK);
    settle(h, 2, ONYM_OK);
    onym_bulk_go_on(&h->bulk, NOW_MS);
    assert_int_equal(h->count, 3); /* a line without its end, and more may come */
    onym_bulk_end(&h->bulk, NOW_MS);
    assert_int_equal(h->count, 4);
    end(h);
}

static void
unsent_results_stop_further_rows(void **state)
{
    struct host *h = begin(ONYM_BULK_UPSERT, ONYM_BULK_ALL);

    (void)state;
    while (!onym_bulk_blocked(&h->bulk)) {
        take(h, "x\n");
        assert_true(h->bulk.out.len < ONYM_BULK_OUT_HIGH + 1024);
    }
    assert_true(h->bulk.out.len > ONYM_BULK_OUT_HIGH);
    take(h, GOOD("a") "\n");
    assert_int_equal(h->count, 0);
    h->bulk.out.len = 0;
    onym_bulk_go_on(&h->bulk, NOW_MS);
    assert_int_equal(h->count, 1);
    end(h);
}

/* ---- ends ---- */

static void
a_failed_row_may_stop_the_rest(void **state)
{
    struct host *h = begin(ONYM_BULK_UPSERT, ONYM_BULK_FAILED);

    (void)state;
    h->bulk.options.stop_on_error = true;
    h->now = false;
    take(h, GOOD("a") "\n" GOOD("b") "\n");
    settle(h, 0, ONYM_NO_PERMISSION);
    assert_true(onym_bulk_done_reading(&h->bulk));
    take(h, GOOD("c") "\n");
    onym_bulk_end(&h->bulk, NOW_MS);
    assert_int_equal(h->count, 2);
    assert_false(onym_bulk_finish(&h->bulk)); /* b is under way */
    settle(h, 1, ONYM_OK);
    assert_true(onym_bulk_finish(&h->bulk));
    expect_told(h, SUMMARY "2,\"created\":1");
    expect_told(h, "\"failed\":1},\"stopped_at\":1" COMPLETE);
    end(h);
}

static void
what_nobody_knows_is_not_reported(void **state)
{
    static const enum onym_status troubles[] = {ONYM_UNCERTAIN, ONYM_READ_ONLY};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct host *h = begin(ONYM_BULK_UPSERT, ONYM_BULK_ALL);

        h->now = false;
        take(h, GOOD("a") "\n" GOOD("b") "\n");
        settle(h, 1, troubles[i]);
        take(h, GOOD("c") "\n");
        settle(h, 0, ONYM_OK);
        assert_int_equal(h->count, 2);
        assert_true(onym_bulk_finish(&h->bulk));
        expect_told(h,
                    "{\"row\":1,\"id\":\"88.1/a\",\"status\":\"created\",\"rev\":7}\n{\"summary");
        expect_told(h, "\"failed\":0,\"unknown\":1}");
        expect_told(h, ",\"complete\":false}\n");
        end(h);
    }
}

static void
results_are_told_as_asked(void **state)
{
    static const char *const lines[] = {"{\"row\":2,\"status\":\"failed\"", "{\"row\":1,", NULL};

    (void)state;
    for (int results = 0; results < 3; results++) {
        struct host *h = begin(ONYM_BULK_UPSERT, (enum onym_bulk_results)results);
        char room[4096];

        take(h, GOOD("a") "\nx\n");
        (void)told(h, room, sizeof room);
        assert_int_equal(strstr(room, "{\"row\":1,") != NULL, results == ONYM_BULK_ALL);
        assert_int_equal(strstr(room, lines[0]) != NULL, results != ONYM_BULK_NONE);
        end(h);
    }
}

/* ---- arrays ---- */

static void
arrays_are_checked_before_anything_is_done(void **state)
{
    static const struct {
        const char *text;
        const char *wrong;
        size_t offset;
    } cases[] = {
        {"[]", NULL, 2},
        {" [ ] \n", NULL, 4},
        {"[{\"a\":\"]\\\"[\"},{}]", NULL, 17},
        {"", "expected an array of rows", 0},
        {"{}", "expected an array of rows", 0},
        {"[", "the array does not end", 1},
        {"[{}", "the array does not end", 1},
        {"[{},[}", "the array does not end", 4},
        {"[\"", "the array does not end", 1},
        {"[] x", "something follows the array", 2},
    };
    size_t offset;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *wrong = onym_bulk_array_check(onym_span_text(cases[i].text), &offset);

        if ((wrong == NULL) != (cases[i].wrong == NULL) || offset != cases[i].offset) {
            fail_msg("case %zu: %s at %zu", i, wrong != NULL ? wrong : "good", offset);
        }
        if (wrong != NULL) {
            assert_string_equal(wrong, cases[i].wrong);
        }
    }
    for (size_t items = ONYM_BULK_ARRAY_MAX; items <= ONYM_BULK_ARRAY_MAX + 1; items++) {
        char *text = malloc(2 * items + 2);

        assert_non_null(text);
        text[0] = '[';
        for (size_t i = 0; i < items; i++) {
            text[1 + 2 * i] = '1';
            text[2 + 2 * i] = i + 1 < items ? ',' : ']';
        }
        text[2 * items + 1] = '\0';
        assert_int_equal(onym_bulk_array_check(onym_span_text(text), &offset) == NULL,
                         items == ONYM_BULK_ARRAY_MAX);
        free(text);
    }
}

static void
items_of_an_array_are_rows_and_may_wait(void **state)
{
    struct host *h = begin(ONYM_BULK_UPSERT, ONYM_BULK_ALL);
    static const char text[] = "[" GOOD("a") " , " GOOD("b]") ",,7," GOOD("c") "]";

    (void)state;
    h->room = 1;
    assert_null(onym_bulk_array_check(onym_span_text(text), &(size_t){0}));
    onym_bulk_take_array(&h->bulk, onym_span_text(text), NOW_MS);
    assert_int_equal(h->count, 1);
    assert_true(onym_bulk_blocked(&h->bulk));
    h->room = 9;
    onym_bulk_go_on(&h->bulk, NOW_MS);
    assert_int_equal(h->count, 3);
    assert_string_equal(h->name[1], "88.1/b]");
    assert_int_equal(h->row[2], 5);
    assert_true(onym_bulk_finish(&h->bulk));
    expect_told(h, "{\"row\":3,\"status\":\"failed\"");
    expect_told(h, "{\"row\":4,\"status\":\"failed\"");
    expect_told(h, SUMMARY "5,\"created\":3");
    end(h);
    h = begin(ONYM_BULK_UPSERT, ONYM_BULK_ALL);
    onym_bulk_take_array(&h->bulk, onym_span_text(" [ ] "), NOW_MS);
    assert_true(onym_bulk_finish(&h->bulk));
    expect_told(h, SUMMARY "0,");
    end(h);
}

/* Nothing of an array's results can leave before all of them are there. */
static void
an_array_does_not_wait_for_its_results_to_be_taken(void **state)
{
    static const char row[] = "{\"handle\":\"88.1/without-values\"},";
    struct host *h = begin(ONYM_BULK_UPSERT, ONYM_BULK_FAILED);
    size_t len = sizeof row - 1;
    char *text = malloc(ONYM_BULK_ARRAY_MAX * len + 2);

    (void)state;
    assert_non_null(text);
    text[0] = '[';
    for (size_t i = 0; i < ONYM_BULK_ARRAY_MAX; i++) {
        memcpy(text + 1 + i * len, row, len);
    }
    memcpy(text + ONYM_BULK_ARRAY_MAX * len, "]", 2); /* in place of the last comma */
    assert_null(onym_bulk_array_check(onym_span_text(text), &(size_t){0}));
    onym_bulk_take_array(&h->bulk, onym_span_text(text), NOW_MS);
    assert_true(h->bulk.out.len > ONYM_BULK_OUT_HIGH);
    assert_true(onym_bulk_finish(&h->bulk));
    expect_told(h, SUMMARY "2000,\"created\":0");
    free(text);
    end(h);
}

/* Two requests share what a turn may do: nothing starts beyond it, wherever the row would come
 * from, and nothing is lost by waiting. */
static void
a_turn_bounds_the_rows_of_all_requests(void **state)
{
    struct host *lines = begin(ONYM_BULK_UPSERT, ONYM_BULK_ALL);
    struct host *items = begin(ONYM_BULK_UPSERT, ONYM_BULK_ALL);
    uint32_t turn = 3;

    (void)state;
    lines->bulk.host.turn = items->bulk.host.turn = &turn;
    take(lines, GOOD("a") "\n" GOOD("b") "\n{\"handle\":3}\n");
    assert_int_equal(turn, 0); /* a refused row was worked on too */
    assert_int_equal(lines->count, 2);
    assert_true(onym_bulk_blocked(&lines->bulk) && onym_bulk_out_of_turn(&lines->bulk));
    take(lines, GOOD("c") "\n" GOOD("d") "\n" GOOD("e"));
    onym_bulk_end(&lines->bulk, NOW_MS);
    onym_bulk_take_array(&items->bulk, onym_span_text("[" GOOD("f") "," GOOD("g") "]"), NOW_MS);
    assert_int_equal(lines->count + items->count, 2);
    assert_false(onym_bulk_finish(&lines->bulk) || onym_bulk_finish(&items->bulk));
    turn = 2;
    onym_bulk_go_on(&lines->bulk, NOW_MS);
    onym_bulk_go_on(&items->bulk, NOW_MS);
    assert_int_equal(lines->count, 4);
    assert_int_equal(items->count, 0);
    turn = 4; /* one more than there are rows */
    onym_bulk_go_on(&items->bulk, NOW_MS);
    onym_bulk_go_on(&lines->bulk, NOW_MS);
    assert_int_equal(turn, 1);
    assert_string_equal(lines->name[4], "88.1/e");
    assert_string_equal(items->name[1], "88.1/g");
    turn = 0; /* no row is left that would wait for one */
    assert_false(onym_bulk_out_of_turn(&lines->bulk) || onym_bulk_out_of_turn(&items->bulk));
    assert_true(onym_bulk_finish(&lines->bulk) && onym_bulk_finish(&items->bulk));
    expect_told(lines, SUMMARY "6,\"created\":5");
    expect_told(items, SUMMARY "2,\"created\":2");
    end(lines);
    end(items);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_that_find_no_room_are_kept_in_order),
        cmocka_unit_test(the_window_bounds_what_is_under_way),
        cmocka_unit_test(unsent_results_stop_further_rows),
        cmocka_unit_test(a_failed_row_may_stop_the_rest),
        cmocka_unit_test(what_nobody_knows_is_not_reported),
        cmocka_unit_test(results_are_told_as_asked),
        cmocka_unit_test(arrays_are_checked_before_anything_is_done),
        cmocka_unit_test(items_of_an_array_are_rows_and_may_wait),
        cmocka_unit_test(an_array_does_not_wait_for_its_results_to_be_taken),
        cmocka_unit_test(a_turn_bounds_the_rows_of_all_requests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
