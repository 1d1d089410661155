#include "tools/bench_svg.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define WIDTH     720.0
#define HEIGHT    300.0
#define LEFT      74.0
#define RIGHT     34.0
#define TOP       16.0
#define BOTTOM    34.0
#define TICKS     6.0
#define HAIR      1e-6
#define LOG_LEAST 1e-3
#define NINES_MAX 6.0

/* One axis: where a value lies between 0 and 1. */
struct axis {
    enum onym_bench_scale scale;
    double low, high; /* of transformed values */
};

void
onym_bench_svg_text(const char *text, FILE *out)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            (void)fputs("&amp;", out);
            break;
        case '<':
            (void)fputs("&lt;", out);
            break;
        case '>':
            (void)fputs("&gt;", out);
            break;
        case '"':
            (void)fputs("&quot;", out);
            break;
        case '\'':
            (void)fputs("&#39;", out);
            break;
        default:
            (void)fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
            break;
        }
    }
}

/* Three digits without zeros at the end. */
static void
short_number(double value, const char *suffix, char room[32])
{
    (void)snprintf(room, 32, "%.*f%s",
                   value >= 100 || value == floor(value) ? 0
                   : value >= 10                         ? 1
                                                         : 2,
                   value, suffix);
}

void
onym_bench_svg_figure(double value, enum onym_bench_unit unit, char room[32])
{
    if (unit == ONYM_BENCH_SECONDS) {
        short_number(value, " s", room);
    } else if (unit == ONYM_BENCH_US) {
        short_number(value >= 1e6   ? value / 1e6
                     : value >= 1e3 ? value / 1e3
                                    : value,
                     value >= 1e6   ? " s"
                     : value >= 1e3 ? " ms"
                                    : " us",
                     room);
    } else {
        short_number(value >= 1e6   ? value / 1e6
                     : value >= 1e3 ? value / 1e3
                                    : value,
                     value >= 1e6   ? "M"
                     : value >= 1e3 ? "k"
                                    : "",
                     room);
    }
}

void
onym_bench_svg_count(double value, FILE *out)
{
    char digits[32];
    int len = snprintf(digits, sizeof digits, "%.0f", value);

    for (int i = 0; i < len; i++) {
        (void)fputc(digits[i], out);
        if (i + 1 < len && (len - i) % 3 == 1) {
            (void)fputc(',', out);
        }
    }
}

static double
transform(enum onym_bench_scale scale, double value)
{
    switch (scale) {
    case ONYM_BENCH_LOG:
        return log10(value > LOG_LEAST ? value : LOG_LEAST);
    case ONYM_BENCH_NINES:
        return value < 1 ? fmin(-log10(1 - value), NINES_MAX) : NINES_MAX;
    case ONYM_BENCH_LINEAR:
    default:
        return value;
    }
}

static double
place(const struct axis *axis, double value)
{
    return (transform(axis->scale, value) - axis->low) / (axis->high - axis->low);
}

/* 1, 2 or 5 times a power of ten, so that about TICKS of them span the range. */
static double
nice_step(double range)
{
    double rough = range / TICKS;
    double ten = pow(10, floor(log10(rough)));
    double part = rough / ten;

    return ten * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
}

static struct axis
fit(const struct onym_bench_plot *plot, unsigned which, enum onym_bench_scale scale)
{
    struct axis axis = {.scale = scale, .low = HUGE_VAL, .high = -HUGE_VAL};

    for (size_t s = 0; s < plot->count; s++) {
        for (size_t i = 0; i < plot->series[s].count; i++) {
            double at = transform(scale, plot->series[s].points[i][which]);

            axis.low = fmin(axis.low, at);
            axis.high = fmax(axis.high, at);
        }
    }
    if (scale == ONYM_BENCH_LINEAR) {
        double step = nice_step(axis.high > 0 ? axis.high : 1);

        axis.low = 0;
        /* time ends where the run does, a height at a tick */
        axis.high = which == 0 && axis.high > 0 ? axis.high
                                                : fmax(ceil(axis.high / step), 1) * step;
    } else {
        /* a hair, so that 10^5 as computed does not call for the next decade */
        axis.low = floor(axis.low + HAIR);
        axis.high = fmax(ceil(axis.high - HAIR), axis.low + 1);
    }
    return axis;
}

static void
label(const struct axis *axis, double tick, enum onym_bench_unit unit, char room[32])
{
    if (axis->scale == ONYM_BENCH_NINES) {
        double percent = 100 - 100 * pow(10, -tick);

        (void)snprintf(room, 32, "%.*f %%", tick > 2 ? (int)tick - 2 : 0, percent);
    } else {
        onym_bench_svg_figure(axis->scale == ONYM_BENCH_LOG ? pow(10, tick) : tick, unit, room);
    }
}

static void
draw_grid(const struct axis *axis, enum onym_bench_unit unit, bool upright, FILE *out)
{
    double step = axis->scale == ONYM_BENCH_LINEAR ? nice_step(axis->high - axis->low) : 1;
    unsigned count = (unsigned)((axis->high - axis->low) / step + 1e-9);

    for (unsigned i = 0; i <= count; i++) {
        double tick = axis->low + i * step;
        double part = (tick - axis->low) / (axis->high - axis->low);
        double x = LEFT + part * (WIDTH - LEFT - RIGHT);
        double y = HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM);
        char text[32];

        label(axis, tick, unit, text);
        if (upright) {
            (void)fprintf(out, "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/>", LEFT, y,
                          WIDTH - RIGHT);
            (void)fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
                          LEFT - 8, y + 4, text);
        } else {
            (void)fprintf(out, "<path class=\"grid\" d=\"M%.1f %.1fV%.1f\"/>", x, TOP,
                          HEIGHT - BOTTOM);
            (void)fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>\n", x,
                          HEIGHT - BOTTOM + 20, text);
        }
    }
}

static void
draw_series(const struct onym_bench_plot *plot, const struct axis *x, const struct axis *y,
            size_t which, FILE *out)
{
    const struct onym_bench_series *series = &plot->series[which];

    if (series->count == 0) {
        return;
    }
    (void)fprintf(out, "<polyline class=\"line s%zu\" points=\"", which);
    for (size_t i = 0; i < series->count; i++) {
        (void)fprintf(out, "%s%.1f,%.1f", i > 0 ? " " : "",
                      LEFT + place(x, series->points[i][0]) * (WIDTH - LEFT - RIGHT),
                      HEIGHT - BOTTOM - place(y, series->points[i][1]) * (HEIGHT - TOP - BOTTOM));
    }
    (void)fprintf(out, "\"/>\n");
    if (series->count == 1) { /* a line of one point is not seen */
        (void)fprintf(out, "<circle class=\"dot s%zu\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>\n", which,
                      LEFT + place(x, series->points[0][0]) * (WIDTH - LEFT - RIGHT),
                      HEIGHT - BOTTOM - place(y, series->points[0][1]) * (HEIGHT - TOP - BOTTOM));
    }
}

static void
draw_legend(const struct onym_bench_plot *plot, FILE *out)
{
    (void)fprintf(out, "<p class=\"legend\">");
    for (size_t s = 0; s < plot->count; s++) {
        (void)fprintf(out, "<span class=\"key s%zu\"></span> ", s);
        onym_bench_svg_text(plot->series[s].name, out);
        (void)fputc(' ', out);
    }
    (void)fprintf(out, "</p>\n");
}

void
onym_bench_svg(const struct onym_bench_plot *plot, FILE *out)
{
    size_t points = 0;

    for (size_t s = 0; s < plot->count; s++) {
        points += plot->series[s].count;
    }
    (void)fprintf(out, "<figure><figcaption>");
    onym_bench_svg_text(plot->title, out);
    (void)fprintf(out, "</figcaption>\n");
    if (points == 0) {
        (void)fprintf(out, "<p class=\"none\">nothing was measured</p></figure>\n");
        return;
    }
    struct axis x = fit(plot, 0, plot->x);
    struct axis y = fit(plot, 1, plot->y);

    (void)fprintf(out, "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"", WIDTH, HEIGHT);
    onym_bench_svg_text(plot->title, out);
    (void)fprintf(out, "\">\n");
    draw_grid(&x, plot->x_unit, false, out);
    draw_grid(&y, plot->y_unit, true, out);
    (void)fprintf(out, "<path class=\"axis\" d=\"M%.1f %.1fV%.1fH%.1f\"/>\n", LEFT, TOP,
                  HEIGHT - BOTTOM, WIDTH - RIGHT);
    for (size_t s = 0; s < plot->count; s++) {
        draw_series(plot, &x, &y, s, out);
    }
    (void)fprintf(out, "</svg>\n");
    if (plot->count > 1) {
        draw_legend(plot, out);
    }
    (void)fprintf(out, "</figure>\n");
}
