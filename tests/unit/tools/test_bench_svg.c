#include "tools/bench_svg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What was written, freed by the caller. */
static char *
draw(const struct onym_bench_plot *plot)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    assert_non_null(out);
    onym_bench_svg(plot, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

/* Every tag is closed in turn, attributes are quoted, no number is "nan" or "inf". */
static void
assert_well_formed(const char *text)
{
    char open[32][32];
    size_t depth = 0;

    for (const char *at = strchr(text, '<'); at != NULL; at = strchr(at + 1, '<')) {
        const char *end = strchr(at, '>');
        size_t len = strcspn(at + 1, " >/");
        unsigned quotes = 0;

        assert_non_null(end);
        for (const char *c = at; c < end; c++) {
            quotes += *c == '"';
        }
        assert_int_equal(quotes % 2, 0);
        if (at[1] == '/') {
            len = strcspn(at + 2, ">");
            assert_true(depth > 0);
            depth--;
            assert_int_equal(strlen(open[depth]), len);
            assert_memory_equal(open[depth], at + 2, len);
        } else if (end[-1] != '/') {
            assert_true(depth < 32 && len < 32);
            memcpy(open[depth], at + 1, len);
            open[depth++][len] = '\0';
        }
    }
    assert_int_equal(depth, 0);
    assert_null(strstr(text, "nan"));
    assert_null(strstr(text, "inf"));
    assert_null(strstr(text, "http"));
}

static void
svg_is_well_formed_for_any_points(void **state)
{
    static const double zero[][2] = {{0, 0}};
    static const double flat[][2] = {{1, 5}, {2, 5}};
    static const double steep[][2] = {{0, 1e-9}, {0.5, 1}, {0.99, 1e4}, {1, 1e9}};
    static const double(*const sets[])[2] = {zero, flat, steep};
    static const size_t counts[] = {1, 2, 4};

    (void)state;
    for (unsigned scale = 0; scale < 9; scale++) {
        for (size_t set = 0; set < 3; set++) {
            struct onym_bench_plot plot = {.title = "A & <b> \"c\"",
                                           .x = (enum onym_bench_scale)(scale % 3),
                                           .y = (enum onym_bench_scale)(scale / 3),
                                           .y_unit = ONYM_BENCH_US};

            plot.series[0] = (struct onym_bench_series){"one", sets[set], counts[set]};
            plot.series[1] = (struct onym_bench_series){"two's", sets[set], 0};
            plot.count = 2;
            char *text = draw(&plot);
            assert_well_formed(text);
            assert_non_null(strstr(text, "A &amp; &lt;b&gt; &quot;c&quot;"));
            assert_non_null(strstr(text, "two&#39;s"));
            assert_non_null(strstr(text, "<polyline"));
            free(text);
        }
    }
}

static void
svg_says_when_there_is_nothing_to_draw(void **state)
{
    struct onym_bench_plot plot = {.title = "empty"};
    char *text = draw(&plot);

    (void)state;
    assert_well_formed(text);
    assert_non_null(strstr(text, "nothing was measured"));
    free(text);
}

static void
figure(double value, enum onym_bench_unit unit, const char *expected)
{
    char room[32];

    onym_bench_svg_figure(value, unit, room);
    assert_string_equal(room, expected);
}

static void
svg_figures_are_short(void **state)
{
    (void)state;
    figure(0, ONYM_BENCH_PLAIN, "0");
    figure(999, ONYM_BENCH_PLAIN, "999");
    figure(12500, ONYM_BENCH_PLAIN, "12.5k");
    figure(1234567, ONYM_BENCH_PLAIN, "1.23M");
    figure(87.25, ONYM_BENCH_US, "87.2 us");
    figure(1500, ONYM_BENCH_US, "1.50 ms");
    figure(2e6, ONYM_BENCH_US, "2 s");
    figure(0.5, ONYM_BENCH_SECONDS, "0.50 s");
}

static void
svg_counts_are_grouped(void **state)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0, "0"}, {999, "999"}, {1000, "1,000"}, {12345678, "12,345,678"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&text, &len);

        onym_bench_svg_count(cases[i].value, out);
        assert_int_equal(fclose(out), 0);
        assert_string_equal(text, cases[i].text);
        free(text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(svg_is_well_formed_for_any_points),
        cmocka_unit_test(svg_says_when_there_is_nothing_to_draw),
        cmocka_unit_test(svg_figures_are_short),
        cmocka_unit_test(svg_counts_are_grouped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
