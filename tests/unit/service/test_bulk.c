/* Many changes in one request, without HTTP and store around them: how rows are cut out of torn
 * input, and what is refused and where. */
#include "unit/service/bulk_play.h"

/* ---- cutting ---- */

static void
rows_are_the_same_however_torn(void **state)
{
    static const char text[] = "\xEF\xBB\xBF" GOOD("a") "\r\n\n \t\n{\"handle\":3}\n" GOOD(
        "b") "\n" GOOD("c");
    char whole[4096];
    char parts[4096];
    struct host *h = begin(ONYM_BULK_UPSERT, ONYM_BULK_ALL);

    (void)state;
    take(h, text);
    onym_bulk_end(&h->bulk, NOW_MS);
    assert_true(onym_bulk_finish(&h->bulk));
    (void)told(h, whole, sizeof whole);
    assert_int_equal(h->count, 3);
    assert_int_equal(h->row[1], 5);
    assert_int_equal(h->row[2], 6);
    assert_non_null(strstr(whole,
                           "{\"row\":4,\"status\":\"failed\",\"code\":4,\"name\":\"MALFORMED\","
                           "\"field\":\"handle\""));
    assert_non_null(strstr(whole, SUMMARY "4,\"created\":3,\"replaced\":0,\"unchanged\":0,"
                                          "\"deleted\":0,\"failed\":1}" COMPLETE));
    end(h);
    for (size_t cut = 0; cut <= sizeof text; cut++) { /* the last one: byte by byte */
        h = begin(ONYM_BULK_UPSERT, ONYM_BULK_ALL);
        if (cut == sizeof text) {
            for (size_t i = 0; i < sizeof text - 1; i++) {
                onym_bulk_take(&h->bulk, onym_span_of(text + i, 1), NOW_MS);
            }
        } else {
            onym_bulk_take(&h->bulk, onym_span_of(text, cut), NOW_MS);
            onym_bulk_take(&h->bulk, onym_span_of(text + cut, sizeof text - 1 - cut), NOW_MS);
        }
        onym_bulk_end(&h->bulk, NOW_MS);
        assert_true(onym_bulk_finish(&h->bulk));
        assert_string_equal(told(h, parts, sizeof parts), whole);
        end(h);
    }
}

/* A row of exactly len bytes: blanks around the object. */
static char *
row_of(size_t len)
{
    char *text = malloc(len + 1);
    static const char row[] = GOOD("long");

    assert_non_null(text);
    memset(text, ' ', len);
    memcpy(text, row, sizeof row - 1);
    text[len] = '\0';
    return text;
}

static void
a_row_has_its_limit_and_what_follows_goes_on(void **state)
{
    (void)state;
    for (int past = 0; past < 2; past++) {
        for (size_t piece = 65536; piece <= (size_t)4 << 20; piece *= 64) {
            struct host *h = begin(ONYM_BULK_UPSERT, ONYM_BULK_FAILED);
            size_t len = ONYM_LINE_LEN_MAX + (size_t)past;
            char *text = row_of(len);

            for (size_t at = 0; at < len; at += piece) {
                size_t n = len - at < piece ? len - at : piece;

                onym_bulk_take(&h->bulk, onym_span_of(text + at, n), NOW_MS);
                assert_true(h->bulk.in.len <= ONYM_LINE_LEN_MAX + piece);
            }
            take(h, "\n" GOOD("next") "\n");
            onym_bulk_end(&h->bulk, NOW_MS);
            assert_int_equal(h->count, past ? 1 : 2);
            assert_string_equal(h->name[h->count - 1], "88.1/next");
            assert_int_equal(h->row[h->count - 1], 2);
            assert_true(onym_bulk_finish(&h->bulk));
            expect_told(h, past ? "{\"row\":1,\"status\":\"failed\",\"code\":4,\"name\":"
                                  "\"MALFORMED\",\"detail\":\"the row is longer than 2097152 bytes"
                                : SUMMARY "2,\"created\":2");
            free(text);
            end(h);
        }
    }
}

static void
input_beyond_the_memory_for_it_ends_the_request(void **state)
{
    struct host *h = begin(ONYM_BULK_UPSERT, ONYM_BULK_FAILED);
    char *text = row_of(100000);

    (void)state;
    h->memory.max = 4 * 65536;
    onym_bulk_take(&h->bulk, onym_span_of(text, 40000), NOW_MS);
    assert_false(onym_bulk_done_reading(&h->bulk));
    onym_bulk_take(&h->bulk, onym_span_of(text, 40000), NOW_MS);
    assert_true(onym_bulk_done_reading(&h->bulk));
    assert_true(onym_bulk_finish(&h->bulk));
    expect_told(h, "\"name\":\"BUSY\"");
    expect_told(h, "\"complete\":false}\n");
    free(text);
    end(h);
}

static void
when_others_hold_all_memory_the_end_is_told_all_the_same(void **state)
{
    struct host *h = begin(ONYM_BULK_UPSERT, ONYM_BULK_FAILED);

    (void)state;
    h->memory.used = MEMORY; /* of other requests */
    take(h, "{\"handle\":");
    assert_true(onym_bulk_done_reading(&h->bulk));
    assert_true(onym_bulk_finish(&h->bulk));
    expect_told(h, "\"name\":\"BUSY\",\"detail\":\"too many large requests at once\"");
    expect_told(h, "\"complete\":false}\n");
    h->memory.used -= MEMORY;
    end(h);
}

/* ---- what is refused ---- */

static void
bad_rows_are_told_with_their_place(void **state)
{
    static const struct {
        const char *row;
        const char *part;
    } cases[] = {
        {"nonsense", "\"name\":\"MALFORMED\",\"detail\":\""},
        {"{\"handle\":\"88.1/a\",\"values\":[]} x", "at byte"},
        {"{\"handle\":\"88.1/\xFF\",\"values\":[]}", "\"field\":\"handle\""},
        {"{\"handle\":\"88.1/a\",\"handle\":\"88.1/b\",\"values\":[]}", "at byte 27 of the row"},
        {"{\"handle\":\"88.1/a\"}", "expected \\\"values\\\""},
        {"{\"values\":[]}", "\"field\":\"handle\""},
        {"{\"handle\":\"\",\"values\":[]}", "\"field\":\"handle\""},
        {"{\"handle\":\"88.1\",\"values\":[]}", "\"name\":\"NAME_INVALID\",\"field\":\"handle\""},
        {"{\"index\":1,\"type\":\"A\",\"data\":\"a\",\"handle\":\"88.1/a\"}",
         "\"field\":\"values\""},
        {"[{\"index\":1,\"type\":\"A\",\"data\":\"a\"}]", "\"field\":\"values\""},
        {"{\"handle\":\"88.1/a\",\"values\":[{\"index\":1,\"type\":\"A\",\"data\":{}}]}",
         "\"field\":\"values[0].data"},
        {"{\"handle\":\"88.1/a\",\"values\":[{\"index\":0,\"type\":\"A\",\"data\":\"a\"}]}",
         "\"id\":\"88.1/a\",\"status\":\"failed\",\"code\":202,\"name\":\"VALUE_INVALID\","
         "\"field\":\"values\""},
        {"{\"handle\":\"88.1/a\",\"values\":[{\"index\":4,\"type\":\"A\",\"data\":\"a\"},"
         "{\"index\":4,\"type\":\"A\",\"data\":\"b\"}]}",
         "\"code\":201,\"name\":\"VALUE_EXISTS\",\"field\":\"values\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct host *h = begin(ONYM_BULK_UPSERT, ONYM_BULK_FAILED);

        take(h, cases[i].row);
        take(h, "\n" GOOD("after"));
        onym_bulk_end(&h->bulk, NOW_MS);
        assert_true(onym_bulk_finish(&h->bulk));
        assert_int_equal(h->count, 1);
        assert_string_equal(h->name[0], "88.1/after");
        expect_told(h, "{\"row\":1,");
        expect_told(h, cases[i].part);
        expect_told(h, SUMMARY "2,\"created\":1");
        end(h);
    }
}

static void
deep_nesting_fails_one_row(void **state)
{
    struct host *h = begin(ONYM_BULK_UPSERT, ONYM_BULK_FAILED);

    (void)state;
    take(h, "{\"handle\":\"88.1/a\",\"message\":");
    for (int i = 0; i < 10000; i++) {
        take(h, "[");
    }
    take(h, "\n" GOOD("b") "\n");
    assert_int_equal(h->count, 1);
    expect_told(h, "{\"row\":1,\"status\":\"failed\",\"code\":4,");
    end(h);
}

static void
modes_ask_for_what_they_say(void **state)
{
    static const struct {
        enum onym_bulk_mode mode;
        enum onym_action action;
        enum onym_expect expect;
    } cases[] = {{ONYM_BULK_CREATE, ONYM_ACTION_CREATE, ONYM_EXPECT_SAME},
                 {ONYM_BULK_UPSERT, ONYM_ACTION_CREATE, ONYM_EXPECT_ANY},
                 {ONYM_BULK_REPLACE, ONYM_ACTION_CREATE, ONYM_EXPECT_PRESENT},
                 {ONYM_BULK_DELETE, ONYM_ACTION_DELETE, ONYM_EXPECT_ANY}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct host *h = begin(cases[i].mode, ONYM_BULK_ALL);

        take(h, GOOD("a") "\n");
        assert_int_equal(h->count, 1);
        assert_int_equal(h->action, cases[i].action);
        assert_int_equal(h->expect, cases[i].expect);
        end(h);
    }
    struct host *h = begin(ONYM_BULK_DELETE, ONYM_BULK_ALL);

    take(h, "{\"handle\":\"88.1/a\"}\n{}\n");
    assert_int_equal(h->count, 1);
    expect_told(h, "\"id\":\"88.1/a\",\"status\":\"deleted\"");
    expect_told(h, "{\"row\":2,\"status\":\"failed\",\"code\":4,\"name\":\"MALFORMED\","
                   "\"field\":\"handle\"");
    end(h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_the_same_however_torn),
        cmocka_unit_test(a_row_has_its_limit_and_what_follows_goes_on),
        cmocka_unit_test(input_beyond_the_memory_for_it_ends_the_request),
        cmocka_unit_test(when_others_hold_all_memory_the_end_is_told_all_the_same),
        cmocka_unit_test(bad_rows_are_told_with_their_place),
        cmocka_unit_test(deep_nesting_fails_one_row),
        cmocka_unit_test(modes_ask_for_what_they_say),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
