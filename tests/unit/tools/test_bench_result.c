#include "tools/bench_compare.h"
#include "tools/bench_report.h"
#include "tools/bench_result.h"

#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct onym_bench_settings settings = {.name = "a & b",
                                                    .server = "127.0.0.1",
                                                    .transport = ONYM_BENCH_TCP,
                                                    .window = 4,
                                                    .connections = 2,
                                                    .threads = 1,
                                                    .records = 10,
                                                    .duration_ms = 1000,
                                                    .timeout_ms = 1000,
                                                    .mix.share = {0.5, 0.5}};

/* A run of 200 right answers (100 of them misses) of 10 and 20 us, and failed ones. */
static json_t *
make_run(const struct onym_bench_settings *s, unsigned faster, uint64_t wrong)
{
    struct onym_bench_tally *t = calloc(1, sizeof *t);
    struct onym_bench_run_facts facts = {.settings = s, .measured_ns = 1000000000 / faster};
    json_t *run;

    assert_non_null(t);
    onym_histogram_record(&t->latency[ONYM_BENCH_RESOLVE], 10000 / faster, 100);
    onym_histogram_record(&t->latency[ONYM_BENCH_MISS], 20000 / faster, 100);
    onym_histogram_record(&t->service, 10000, 200);
    t->ends[ONYM_BENCH_RESOLVE][ONYM_BENCH_RIGHT] = 100;
    t->ends[ONYM_BENCH_MISS][ONYM_BENCH_RIGHT] = 100;
    t->ends[ONYM_BENCH_MISS][ONYM_BENCH_AMISS] = wrong;
    t->codes[ONYM_BENCH_RESOLVE][1] = 100;
    t->codes[ONYM_BENCH_MISS][100] = 100;
    t->codes[ONYM_BENCH_MISS][2] = wrong;
    t->has_wrong = wrong > 0;
    t->wrong_kind = ONYM_BENCH_MISS;
    t->wrong_code = 2;
    memcpy(t->wrong_name, "88.1/\xE4", 7); /* a cut character */
    facts.series = json_array();
    assert_int_equal(
        json_array_append_new(facts.series, onym_bench_result_second(1, 1, &t->service, wrong)), 0);
    run = onym_bench_result_run(&facts, t);
    free(t);
    return run;
}

static json_t *
make_document(const struct onym_bench_settings *s, unsigned faster, uint64_t wrong)
{
    return onym_bench_result_document(NULL, json_pack("[o]", make_run(s, faster, wrong)));
}

static void
result_survives_a_file(void **state)
{
    char path[] = "/tmp/onym-bench-XXXXXX";
    int fd = mkstemp(path);
    json_t *document = make_document(&settings, 1, 3);
    json_t *again = NULL;
    const json_t *run;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(json_dump_file(document, path, JSON_INDENT(1)), 0);
    assert_int_equal(onym_bench_result_read(path, &again, NULL), ONYM_OK);
    assert_true(json_equal(document, again));
    run = json_array_get(json_object_get(again, "runs"), 0);
    assert_float_equal(onym_bench_result_number(run, "requests", NULL), 203, 0);
    assert_float_equal(onym_bench_result_number(run, "answers", NULL), 200, 0);
    assert_float_equal(onym_bench_result_number(run, "rate", NULL), 200, 0);
    assert_float_equal(onym_bench_result_number(run, "codes", "100"), 100, 0);
    assert_float_equal(onym_bench_result_number(run, "codes", "2"), 3, 0);
    /* a slot's upper edge: at most 1/128 above */
    assert_in_range((uint64_t)onym_bench_result_number(run, "latency_us", "p50"), 10, 10);
    assert_in_range((uint64_t)onym_bench_result_number(run, "latency_us", "max"), 20, 20);
    assert_string_equal(onym_bench_result_text(run, "first_wrong", "name"), "?");
    for (unsigned i = 0; i < 5; i++) { /* each end of each kind */
        static const char *const ends[] = {"answers", "wrong", "timeouts", "broken", "unsent"};
        const json_t *kinds = json_object_get(run, "kinds");

        assert_true(onym_bench_result_number(run, ends[i], NULL) ==
                    onym_bench_result_number(kinds, "resolve", ends[i]) +
                        onym_bench_result_number(kinds, "miss", ends[i]));
        assert_non_null(json_object_get(json_object_get(kinds, "miss"), ends[i]));
    }
    json_decref(document);
    json_decref(again);
    (void)close(fd);
    (void)unlink(path);
}

static void
result_names_a_file_whose_name_is_not_utf_8(void **state)
{
    struct onym_bench_settings strange = settings;
    json_t *run;

    (void)state;
    strange.names_file = "/tmp/\xFF";
    run = make_run(&strange, 1, 0);
    assert_string_equal(onym_bench_result_text(json_object_get(run, "settings"), "names", "from"),
                        "?");
    json_decref(run);
}

static char *
printed(double count)
{
    json_t *run = json_pack("{s:{s:f,s:f,s:f},s:f,s:f,s:f,s:f,s:{s:f},s:f,s:{s:f,s:f,s:{s:f,s:f}}}",
                            "settings", "connections", count, "window", 64.0, "threads", count,
                            "answers", count, "requests", count, "registered", count, "seconds",
                            1.0, "server", "bytes_per_idle_connection", 9.0, "idle_open", count,
                            "beside", "seconds", 1.0, "rate", count, "import", "settled", count,
                            "rows", count);
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    assert_non_null(run);
    onym_bench_result_print(run, out);
    assert_int_equal(json_object_del(json_object_get(run, "beside"), "import"), 0);
    assert_int_equal(
        json_object_set_new(json_object_get(run, "beside"), "requests", json_real(count)), 0);
    onym_bench_result_print(run, out);
    (void)fclose(out);
    json_decref(run);
    return text;
}

static void
one_of_a_kind_is_no_plural(void **state)
{
    char *one = printed(1);
    char *two = printed(2);
    static const char *const words[] = {
        "connection", "thread", "right answer", "request", "identifier", "idle connection", "row",
    };

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        char text[64];

        (void)snprintf(text, sizeof text, "1 %ss", words[i]);
        assert_null(strstr(one, text));
        (void)snprintf(text, sizeof text, "1 %s", words[i]);
        assert_non_null(strstr(one, text));
        (void)snprintf(text, sizeof text, "2 %ss", words[i]);
        assert_non_null(strstr(two, text));
    }
    free(one);
    free(two);
}

static char *
reported(json_t *run, void (*print)(const json_t *run, FILE *out))
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    assert_non_null(out);
    print(run, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void
report_of(const json_t *run, FILE *out)
{
    json_t *document = onym_bench_result_document(NULL, json_pack("[O]", run));

    onym_bench_report(document, out);
    json_decref(document);
}

/* 3 of 203 requests failed, and for a second there was nothing. */
static void
what_the_latencies_leave_out_is_said(void **state)
{
    void (*const prints[])(const json_t *, FILE *) = {onym_bench_result_print, report_of};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct onym_histogram *none = calloc(1, sizeof *none);
        json_t *run = make_run(&settings, 1, 3);
        char *text;

        assert_non_null(none);
        text = reported(run, prints[i]);
        assert_non_null(strstr(text, "1.48 % of the requests had none"));
        assert_null(strstr(text, "No right answer came"));
        free(text);
        assert_int_equal(json_array_append_new(json_object_get(run, "series"),
                                               onym_bench_result_second(2, 1, none, 0)),
                         0);
        text = reported(run, prints[i]);
        assert_non_null(strstr(text, "No right answer came for 1.0 s of the 1.0 s"));
        assert_null(strstr(text, "<td>0 us<"));
        free(text);
        json_decref(run);
        run = make_run(&settings, 1, 0);
        text = reported(run, prints[i]);
        assert_null(strstr(text, "had none"));
        free(text);
        json_decref(run);
        free(none);
    }
}

static void
a_run_without_answers_shows_no_latency(void **state)
{
    struct onym_bench_run_facts facts = {.settings = &settings, .measured_ns = 1000000000};
    struct onym_bench_tally *t = calloc(1, sizeof *t);
    json_t *run;
    char *text;

    (void)state;
    assert_non_null(t);
    t->ends[ONYM_BENCH_RESOLVE][ONYM_BENCH_TIMEOUT] = 5;
    facts.series = json_array();
    run = onym_bench_result_run(&facts, t);
    text = reported(run, onym_bench_result_print);
    assert_null(strstr(text, "99 %"));
    free(text);
    text = reported(run, report_of);
    assert_null(strstr(text, "99.9 %</th>"));
    assert_null(strstr(text, "<b>0 us"));
    free(text);
    json_decref(run);
    free(t);
}

static void
result_refuses_other_files(void **state)
{
    static const struct {
        const char *text, *why;
        enum onym_status status;
    } cases[] = {{"{", "", ONYM_MALFORMED},
                 {"[]", "not a result", ONYM_MALFORMED},
                 {"{\"onymbench\":{\"format\":1},\"runs\":[]}", "not a result", ONYM_MALFORMED},
                 {"{\"onymbench\":{\"format\":2},\"runs\":[{}]}", "later", ONYM_MALFORMED}};
    char path[] = "/tmp/onym-bench-XXXXXX";
    int fd = mkstemp(path);
    json_t *document = NULL;
    struct onym_fault fault = {0};

    (void)state;
    assert_true(fd >= 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, cases[i].text, strlen(cases[i].text), 0),
                         (ssize_t)strlen(cases[i].text));
        assert_int_equal(onym_bench_result_read(path, &document, &fault), cases[i].status);
        assert_non_null(strstr(fault.text, cases[i].why));
    }
    (void)close(fd);
    (void)unlink(path);
    assert_int_equal(onym_bench_result_read(path, &document, &fault), ONYM_IO);
}

static enum onym_bench_verdict_of_two
compared(json_t *a, json_t *b, double margin)
{
    enum onym_bench_verdict_of_two verdict;
    json_t *comparison = onym_bench_compare(a, b, margin, &verdict);

    assert_int_equal(json_array_size(json_object_get(comparison, "runs")), 1);
    json_decref(comparison);
    json_decref(a);
    json_decref(b);
    return verdict;
}

static void
compare_judges_a_closed_loop_by_its_rate(void **state)
{
    (void)state;
    assert_int_equal(compared(make_document(&settings, 1, 0), make_document(&settings, 1, 0), 0),
                     ONYM_BENCH_SAME);
    assert_int_equal(compared(make_document(&settings, 1, 0), make_document(&settings, 2, 0), 0.05),
                     ONYM_BENCH_BETTER);
    assert_int_equal(compared(make_document(&settings, 2, 0), make_document(&settings, 1, 0), 0.05),
                     ONYM_BENCH_WORSE);
    /* twice as fast is within a margin of 100 % */
    assert_int_equal(compared(make_document(&settings, 1, 0), make_document(&settings, 2, 0), 1),
                     ONYM_BENCH_SAME);
}

static void
compare_judges_an_open_loop_by_its_tail(void **state)
{
    struct onym_bench_settings open = settings;

    (void)state;
    open.rate = 200;
    assert_int_equal(compared(make_document(&open, 1, 0), make_document(&open, 2, 0), 0.05),
                     ONYM_BENCH_BETTER);
    assert_int_equal(compared(make_document(&open, 2, 0), make_document(&open, 1, 0), 0.05),
                     ONYM_BENCH_WORSE);
}

static void
compare_does_not_let_speed_hide_failures(void **state)
{
    (void)state;
    assert_int_equal(compared(make_document(&settings, 1, 0), make_document(&settings, 2, 5), 0.05),
                     ONYM_BENCH_WORSE);
    assert_int_equal(compared(make_document(&settings, 2, 5), make_document(&settings, 1, 0), 0.05),
                     ONYM_BENCH_BETTER);
}

static void
compare_refuses_loads_that_differ(void **state)
{
    struct onym_bench_settings other = settings;
    enum onym_bench_verdict_of_two verdict;
    json_t *a = make_document(&settings, 1, 0);
    json_t *b;
    json_t *comparison;

    (void)state;
    other.window = 5;
    b = make_document(&other, 1, 0);
    comparison = onym_bench_compare(a, b, 0.05, &verdict);
    assert_int_equal(verdict, ONYM_BENCH_UNEQUAL);
    assert_string_equal(
        json_string_value(json_array_get(
            json_object_get(json_array_get(json_object_get(comparison, "runs"), 0), "unequal"), 0)),
        "window");
    json_decref(comparison);
    json_decref(a);
    json_decref(b);
}

static enum onym_bench_verdict_of_two
compared_and_printed(json_t *a, json_t *b, char **text)
{
    enum onym_bench_verdict_of_two verdict;
    json_t *comparison = onym_bench_compare(a, b, 0.05, &verdict);

    *text = reported(comparison, onym_bench_compare_print);
    json_decref(comparison);
    json_decref(a);
    json_decref(b);
    return verdict;
}

static void
compare_says_what_is_against_it(void **state)
{
    struct onym_bench_settings other = settings;
    json_t *a;
    json_t *b;
    char *text;

    (void)state;
    /* two loads without one right answer are not the same speed */
    a = make_document(&settings, 1, 0);
    b = make_document(&settings, 1, 0);
    json_object_set_new(json_array_get(json_object_get(a, "runs"), 0), "answers", json_integer(0));
    json_object_set_new(json_array_get(json_object_get(b, "runs"), 0), "answers", json_integer(0));
    assert_int_equal(compared_and_printed(a, b, &text), ONYM_BENCH_UNEQUAL);
    assert_non_null(strstr(text, "no right answer in either"));
    free(text);
    /* another load beside */
    a = make_document(&settings, 1, 0);
    b = make_document(&settings, 1, 0);
    json_object_set_new(json_array_get(json_object_get(b, "runs"), 0), "beside",
                        json_pack("{s:{s:i}}", "settings", "rate", 50000));
    assert_int_equal(compared_and_printed(a, b, &text), ONYM_BENCH_UNEQUAL);
    assert_non_null(strstr(text, "beside"));
    free(text);
    /* a run that one of them lacks */
    other.name = "second";
    a = make_document(&settings, 1, 0);
    b = onym_bench_result_document(
        NULL, json_pack("[o,o]", make_run(&settings, 1, 0), make_run(&other, 1, 0)));
    assert_int_equal(compared_and_printed(a, b, &text), ONYM_BENCH_UNEQUAL);
    assert_non_null(strstr(text, "only in one of them: B has second\n"));
    free(text);
    /* another machine: compared, but said */
    a = make_document(&settings, 1, 0);
    b = make_document(&settings, 1, 0);
    json_object_set_new(json_object_get(b, "machine"), "cpu", json_string("another"));
    assert_int_equal(compared_and_printed(a, b, &text), ONYM_BENCH_SAME);
    assert_non_null(strstr(text, "other machine, other figures; what differs: cpu\n"));
    free(text);
}

static void
report_escapes_and_needs_nothing_else(void **state)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    json_t *document = make_document(&settings, 1, 3);

    (void)state;
    assert_non_null(out);
    onym_bench_report(document, out);
    assert_int_equal(fclose(out), 0);
    assert_non_null(strstr(text, "<title>onymbench: Load a &amp; b over tcp</title>"));
    assert_non_null(strstr(text, "<h2>a &amp; b</h2>"));
    assert_non_null(strstr(text, "identifier not found"));
    assert_non_null(strstr(text, "</html>"));
    assert_null(strstr(text, "http:"));
    assert_null(strstr(text, "https:"));
    assert_null(strstr(text, "<script"));
    free(text);
    json_decref(document);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(result_survives_a_file),
        cmocka_unit_test(result_names_a_file_whose_name_is_not_utf_8),
        cmocka_unit_test(one_of_a_kind_is_no_plural),
        cmocka_unit_test(what_the_latencies_leave_out_is_said),
        cmocka_unit_test(a_run_without_answers_shows_no_latency),
        cmocka_unit_test(result_refuses_other_files),
        cmocka_unit_test(compare_judges_a_closed_loop_by_its_rate),
        cmocka_unit_test(compare_judges_an_open_loop_by_its_tail),
        cmocka_unit_test(compare_does_not_let_speed_hide_failures),
        cmocka_unit_test(compare_refuses_loads_that_differ),
        cmocka_unit_test(compare_says_what_is_against_it),
        cmocka_unit_test(report_escapes_and_needs_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
