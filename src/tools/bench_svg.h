/* Line plots as SVG inside HTML: no script, no fonts, nothing from elsewhere; colours come from the
 * page's style (classes "s0" to "s7", "grid", "axis"). Pure but for the stream written to. */
#ifndef ONYM_TOOLS_BENCH_SVG_H
#define ONYM_TOOLS_BENCH_SVG_H

#include <stdio.h>

#define ONYM_BENCH_SVG_SERIES_MAX 8U

enum onym_bench_scale {
    ONYM_BENCH_LINEAR, /* from 0 */
    ONYM_BENCH_LOG,    /* decades; values below 0.001 are drawn there */
    ONYM_BENCH_NINES   /* a fraction below 1: 90 %, 99 %, 99.9 % at equal distances */
};

enum onym_bench_unit { ONYM_BENCH_PLAIN, ONYM_BENCH_SECONDS, ONYM_BENCH_US };

struct onym_bench_series {
    const char *name;          /* for the legend */
    const double (*points)[2]; /* x ascending */
    size_t count;
};

struct onym_bench_plot {
    const char *title;
    enum onym_bench_scale x, y;
    enum onym_bench_unit x_unit, y_unit;
    struct onym_bench_series series[ONYM_BENCH_SVG_SERIES_MAX];
    size_t count; /* of series; a legend is drawn from two on */
};

/* Writes <figure><svg>...</svg></figure>. Series without points are left out. */
void onym_bench_svg(const struct onym_bench_plot *plot, FILE *out);

/* Writes text with &, <, > and quotes escaped; control characters become blanks. */
void onym_bench_svg_text(const char *text, FILE *out);

/* Writes a whole number, not negative, as 1,234,567. */
void onym_bench_svg_count(double value, FILE *out);

/* "840", "12.5k", "1.2M"; "840 us", "1.25 ms", "3 s"; "10 s". */
void onym_bench_svg_figure(double value, enum onym_bench_unit unit, char room[32]);

#endif
