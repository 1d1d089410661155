#include "tools/bench_report.h"

#include "tools/bench_result.h"
#include "tools/bench_svg.h"

#include <stdlib.h>

#define POINTS_MAX 4096U /* of a plot; a longer series is thinned out */

static const char style[] =
    ":root{color-scheme:light dark;--ink:#1b2430;--soft:#5b6776;--paper:#fff;--card:#f5f7fa;"
    "--line:#d9dfe7;--bad:#b3261e;--s0:#0b62c4;--s1:#c2410c;--s2:#0f766e;--s3:#7c3aed;"
    "--s4:#a16207;--s5:#be185d;--s6:#4d7c0f;--s7:#475569}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#9aa7b7;--paper:#12161c;"
    "--card:#1b212a;--line:#323b47;--bad:#ff8a80;--s0:#6cb0ff;--s1:#ff9d5c;--s2:#4fd1c0;"
    "--s3:#b79bff;--s4:#e3b341;--s5:#ff85b3;--s6:#a3d65c;--s7:#a8b3c2}}\n"
    "*{box-sizing:border-box}body{margin:0 auto;max-width:62rem;padding:2rem 1.25rem 4rem;"
    "font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}"
    "h1{font-size:1.7rem;margin:0 0 .25rem}h2{font-size:1.25rem;margin:2.5rem 0 .75rem;"
    "padding-top:1rem;border-top:1px solid var(--line)}h3{font-size:1rem;margin:1.5rem 0 .5rem}"
    "p{margin:.25rem 0}.soft{color:var(--soft)}.bad{color:var(--bad);font-weight:600}\n"
    ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:.75rem;"
    "margin:1rem 0}.tile{background:var(--card);border:1px solid var(--line);border-radius:8px;"
    "padding:.7rem .9rem}.tile b{display:block;font-size:1.35rem;font-variant-numeric:tabular-nums}"
    ".tile span{color:var(--soft);font-size:.85rem}\n"
    "figure{margin:1rem 0;padding:.75rem 1rem;border:1px solid var(--line);border-radius:8px}"
    "figcaption{font-weight:600;margin-bottom:.25rem}svg{width:100%;height:auto;display:block}"
    "svg text{font:12px system-ui,sans-serif;fill:var(--soft)}.grid{stroke:var(--line);fill:none}"
    ".axis{stroke:var(--soft);fill:none}.line{fill:none;stroke:var(--c);stroke-width:2;"
    "stroke-linejoin:round}.dot{fill:var(--c)}.legend{color:var(--soft);font-size:.85rem}"
    ".key{display:inline-block;width:1.1em;height:.25em;vertical-align:middle;"
    "background:var(--c);margin-left:.8em}\n"
    ".s0{--c:var(--s0)}.s1{--c:var(--s1)}.s2{--c:var(--s2)}.s3{--c:var(--s3)}.s4{--c:var(--s4)}"
    ".s5{--c:var(--s5)}.s6{--c:var(--s6)}.s7{--c:var(--s7)}\n"
    "table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}"
    "th,td{text-align:right;padding:.3rem .6rem;border-bottom:1px solid var(--line)}"
    "th:first-child,td:first-child{text-align:left}th{color:var(--soft);font-weight:600}"
    ".wide{overflow-x:auto}summary{cursor:pointer;margin:1rem 0 .5rem;color:var(--soft)}\n";

static void
text(const char *value, FILE *out)
{
    onym_bench_svg_text(value, out);
}

static void
figure_cell(double value, enum onym_bench_unit unit, FILE *out)
{
    char room[32];

    onym_bench_svg_figure(value, unit, room);
    (void)fprintf(out, "<td>%s</td>", room);
}

/* ---- the parts of a run ---- */

static void
tile(const char *title, double value, enum onym_bench_unit unit, bool bad, FILE *out)
{
    char room[32];

    onym_bench_svg_figure(value, unit, room);
    (void)fprintf(out, "<div class=\"tile\"><b%s>%s</b><span>%s</span></div>\n",
                  bad ? " class=\"bad\"" : "", room, title);
}

static double
failed_of(const json_t *run)
{
    return onym_bench_result_number(run, "requests", NULL) -
           onym_bench_result_number(run, "answers", NULL);
}

static void
write_tiles(const json_t *run, FILE *out)
{
    (void)fprintf(out, "<div class=\"tiles\">\n");
    tile("right answers a second", onym_bench_result_number(run, "rate", NULL), ONYM_BENCH_PLAIN,
         false, out);
    if (onym_bench_result_number(run, "answers", NULL) > 0) {
        tile("median", onym_bench_result_number(run, "latency_us", "p50"), ONYM_BENCH_US, false,
             out);
        tile("99 %", onym_bench_result_number(run, "latency_us", "p99"), ONYM_BENCH_US, false, out);
        tile("99.9 %", onym_bench_result_number(run, "latency_us", "p99_9"), ONYM_BENCH_US, false,
             out);
    }
    tile("not answered as they must be", failed_of(run), ONYM_BENCH_PLAIN, failed_of(run) > 0, out);
    if (onym_bench_result_has_cpu(run)) {
        tile("server processor time an answer",
             onym_bench_result_number(run, "server", "cpu_us_per_answer"), ONYM_BENCH_US, false,
             out);
    }
    (void)fprintf(out, "</div>\n");
}

/* Points of an array of pairs or of objects (those of a time without answers, which have no
 * latency, only for the rate); freed by the caller. */
static double (*points_of(const json_t *array, const char *x, const char *y, size_t *count))[2]
{
    size_t size = json_array_size(array);
    size_t step = size / POINTS_MAX + 1;
    double(*points)[2] = calloc(size / step + 1, sizeof *points);

    *count = 0;
    for (size_t i = 0; points != NULL && i < size; i += step) {
        const json_t *at = json_array_get(array, i);

        if (y != NULL && strcmp(y, "rate") != 0 &&
            onym_bench_result_number(at, "rate", NULL) == 0) {
            continue;
        }
        points[*count][0] = json_number_value(x != NULL ? json_object_get(at, x)
                                                        : json_array_get(at, 0));
        points[*count][1] = json_number_value(y != NULL ? json_object_get(at, y)
                                                        : json_array_get(at, 1));
        (*count)++;
    }
    return points;
}

static void
write_series(const json_t *run, const char *title, const char *key, enum onym_bench_unit unit,
             FILE *out)
{
    size_t count;
    double(*points)[2] = points_of(json_object_get(run, "series"), "t", key, &count);
    struct onym_bench_plot plot = {.title = title, .x_unit = ONYM_BENCH_SECONDS, .y_unit = unit};

    plot.series[0] = (struct onym_bench_series){
        .name = key, .points = (const double(*)[2])points, .count = count};
    plot.count = 1;
    onym_bench_svg(&plot, out);
    free(points);
}

static void
write_curves(const json_t *runs, FILE *out)
{
    struct onym_bench_plot plot = {.title = "Latency: so many per cent took at most so long",
                                   .x = ONYM_BENCH_NINES,
                                   .y = ONYM_BENCH_LOG,
                                   .y_unit = ONYM_BENCH_US};
    double(*points[ONYM_BENCH_SVG_SERIES_MAX])[2];
    size_t i;
    json_t *run;

    json_array_foreach((json_t *)(uintptr_t)runs, i, run)
    {
        if (plot.count == ONYM_BENCH_SVG_SERIES_MAX) {
            break;
        }
        points[i] = points_of(json_object_get(run, "curve"), NULL, NULL, &plot.series[i].count);
        plot.series[i].name = onym_bench_result_text(run, "name", NULL);
        plot.series[i].points = (const double(*)[2])points[i];
        plot.count++;
    }
    onym_bench_svg(&plot, out);
    for (i = 0; i < plot.count; i++) {
        free(points[i]);
    }
}

static void
percentile_row(const char *title, const json_t *from, FILE *out)
{
    (void)fprintf(out, "<tr><td>");
    text(title, out);
    (void)fprintf(out, "</td>");
    for (size_t i = 0; i < ONYM_BENCH_PERCENTILES; i++) {
        figure_cell(json_number_value(json_object_get(from, onym_bench_percentiles[i].key)),
                    ONYM_BENCH_US, out);
    }
    (void)fprintf(out, "</tr>\n");
}

static void
write_percentiles(const json_t *run, FILE *out)
{
    const char *kind;
    json_t *one;
    json_t *kinds = json_object_get(run, "kinds");

    (void)fprintf(out, "<h3>Latency</h3><div class=\"wide\"><table><tr><th></th>");
    for (size_t i = 0; i < ONYM_BENCH_PERCENTILES; i++) {
        (void)fprintf(out, "<th>%s</th>", onym_bench_percentiles[i].title);
    }
    (void)fprintf(out, "</tr>\n");
    if (strcmp(onym_bench_result_text(run, "settings", "loop"), "open") == 0) {
        percentile_row("all, from the time they were due", json_object_get(run, "latency_us"), out);
        percentile_row("all, from the time they were sent", json_object_get(run, "service_us"),
                       out);
    } else {
        percentile_row("all", json_object_get(run, "latency_us"), out);
    }
    if (json_object_size(kinds) > 1) {
        json_object_foreach(kinds, kind, one)
        {
            percentile_row(kind, json_object_get(one, "latency_us"), out);
        }
    }
    (void)fprintf(out, "</table></div>\n");
}

static void
write_counts(const json_t *run, FILE *out)
{
    static const struct {
        const char *key, *title;
    } rows[] = {{"requests", "requests due in the measured time"},
                {"answers", "answered as they must be"},
                {"wrong", "answered otherwise"},
                {"timeouts", "no answer in time"},
                {"broken", "connection broke or was not made"},
                {"unsent", "never sent: all windows were full"},
                {"strays", "replies to nothing that was open"}};
    json_t *codes = json_object_get(run, "codes");
    const char *code;
    json_t *count;

    (void)fprintf(out, "<h3>Requests and answers</h3><table>\n");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)fprintf(out, "<tr><td>%s</td><td>", rows[i].title);
        onym_bench_svg_count(onym_bench_result_number(run, rows[i].key, NULL), out);
        (void)fprintf(out, "</td></tr>\n");
    }
    json_object_foreach(codes, code, count)
    {
        char room[32];

        (void)fprintf(out, "<tr><td>code ");
        text(code, out);
        (void)fprintf(out, ", %s</td><td>",
                      onym_bench_result_code((unsigned)strtoul(code, NULL, 10), room));
        onym_bench_svg_count(json_number_value(count), out);
        (void)fprintf(out, "</td></tr>\n");
    }
    (void)fprintf(out, "</table>\n");
}

static void
write_scalar(const json_t *value, FILE *out)
{
    char *dump = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));

    text(json_is_string(value) ? json_string_value(value) : dump != NULL ? dump : "", out);
    free(dump);
}

/* Rows of an object; the members of objects inside it stand in one row. */
static void
write_object(const json_t *object, FILE *out)
{
    const char *key;
    const char *inner;
    json_t *value;
    json_t *part;

    (void)fprintf(out, "<table>\n");
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        (void)fprintf(out, "<tr><td>");
        text(key, out);
        (void)fprintf(out, "</td><td>");
        if (json_is_object(value)) {
            json_object_foreach(value, inner, part)
            {
                text(inner, out);
                (void)fputc(' ', out);
                write_scalar(part, out);
                (void)fputs("<br/>", out);
            }
        } else {
            write_scalar(value, out);
        }
        (void)fprintf(out, "</td></tr>\n");
    }
    (void)fprintf(out, "</table>\n");
}

static void
latency_cell(const json_t *second, const char *key, FILE *out)
{
    if (onym_bench_result_number(second, "rate", NULL) > 0) {
        figure_cell(onym_bench_result_number(second, key, NULL), ONYM_BENCH_US, out);
    } else {
        (void)fprintf(out, "<td>-</td>");
    }
}

static void
write_seconds(const json_t *run, FILE *out)
{
    size_t i;
    json_t *second;

    (void)fprintf(out, "<details><summary>The same second by second</summary><table><tr><th>s</th>"
                       "<th>answers/s</th><th>50 %%</th><th>99 %%</th><th>errors</th></tr>\n");
    json_array_foreach(json_object_get(run, "series"), i, second)
    {
        (void)fprintf(out, "<tr><td>%.1f</td>", onym_bench_result_number(second, "t", NULL));
        figure_cell(onym_bench_result_number(second, "rate", NULL), ONYM_BENCH_PLAIN, out);
        latency_cell(second, "p50_us", out);
        latency_cell(second, "p99_us", out);
        figure_cell(onym_bench_result_number(second, "errors", NULL), ONYM_BENCH_PLAIN, out);
        (void)fprintf(out, "</tr>\n");
    }
    (void)fprintf(out, "</table></details>\n");
}

static void
write_run(const json_t *run, FILE *out)
{
    const json_t *settings = json_object_get(run, "settings");

    (void)fprintf(out, "<section><h2>");
    text(onym_bench_result_text(run, "name", NULL), out);
    (void)fprintf(out, "</h2><p class=\"soft\">%s loop over ",
                  onym_bench_result_text(settings, "loop", NULL));
    text(onym_bench_result_text(settings, "transport", NULL), out);
    (void)fprintf(out, ", %.2f s measured%s</p>\n", onym_bench_result_number(run, "seconds", NULL),
                  json_is_true(json_object_get(run, "interrupted")) ? " (interrupted)" : "");
    write_tiles(run, out);
    onym_bench_result_notes(run, "<p>", "</p>", out);
    write_series(run, "Right answers a second", "rate", ONYM_BENCH_PLAIN, out);
    write_series(run, "99 % of the answers of a second took at most", "p99_us", ONYM_BENCH_US, out);
    if (onym_bench_result_number(run, "answers", NULL) > 0) {
        write_percentiles(run, out);
    }
    write_counts(run, out);
    (void)fprintf(out, "<h3>Settings</h3>\n");
    write_object(settings, out);
    if (json_is_object(json_object_get(run, "server"))) {
        (void)fprintf(out, "<h3>Server</h3>\n");
        write_object(json_object_get(run, "server"), out);
    }
    if (json_is_object(json_object_get(run, "beside"))) {
        (void)fprintf(out, "<h3>Beside it</h3>\n");
        write_object(json_object_get(run, "beside"), out);
    }
    write_seconds(run, out);
    (void)fprintf(out, "</section>\n");
}

/* All runs in one table. */
static void
write_overview(const json_t *runs, FILE *out)
{
    size_t i;
    json_t *run;

    (void)fprintf(out, "<div class=\"wide\"><table><tr><th></th><th>answers/s</th><th>50 %%</th>"
                       "<th>99 %%</th><th>99.9 %%</th><th>failed</th><th>server an answer</th>"
                       "</tr>\n");
    json_array_foreach((json_t *)(uintptr_t)runs, i, run)
    {
        (void)fprintf(out, "<tr><td>");
        text(onym_bench_result_text(run, "name", NULL), out);
        (void)fprintf(out, "</td>");
        figure_cell(onym_bench_result_number(run, "rate", NULL), ONYM_BENCH_PLAIN, out);
        figure_cell(onym_bench_result_number(run, "latency_us", "p50"), ONYM_BENCH_US, out);
        figure_cell(onym_bench_result_number(run, "latency_us", "p99"), ONYM_BENCH_US, out);
        figure_cell(onym_bench_result_number(run, "latency_us", "p99_9"), ONYM_BENCH_US, out);
        (void)fprintf(out, failed_of(run) > 0 ? "<td class=\"bad\">" : "<td>");
        onym_bench_svg_count(failed_of(run), out);
        (void)fprintf(out, "</td>");
        if (onym_bench_result_has_cpu(run)) {
            figure_cell(onym_bench_result_number(run, "server", "cpu_us_per_answer"), ONYM_BENCH_US,
                        out);
        } else {
            (void)fprintf(out, "<td>not read</td>");
        }
        (void)fprintf(out, "</tr>\n");
    }
    (void)fprintf(out, "</table></div>\n");
}

/* What tells one page from another: the workload, or the label of the one run. */
static void
write_title(const json_t *document, FILE *out)
{
    const char *workload = onym_bench_result_text(document, "workload", NULL);
    const json_t *run = json_array_get(json_object_get(document, "runs"), 0);

    if (workload[0] != '\0') {
        (void)fprintf(out, "Workload ");
        text(workload, out);
    } else {
        (void)fprintf(out, "Load ");
        text(onym_bench_result_text(run, "name", NULL), out);
        (void)fprintf(out, " over ");
        text(onym_bench_result_text(run, "settings", "transport"), out);
    }
}

void
onym_bench_report(const json_t *document, FILE *out)
{
    const json_t *runs = json_object_get(document, "runs");
    size_t i;
    json_t *run;

    (void)fprintf(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>\n"
                       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                       "<title>onymbench: ");
    write_title(document, out);
    (void)fprintf(out, "</title>\n<style>%s</style></head><body>\n<h1>", style);
    write_title(document, out);
    (void)fprintf(out, "</h1>\n<p class=\"soft\">");
    text(onym_bench_result_text(document, "at", NULL), out);
    (void)fprintf(out, " &#183; ");
    text(onym_bench_result_text(document, "machine", "cpu"), out);
    (void)fprintf(out, ", %.0f cores, ", onym_bench_result_number(document, "machine", "cores"));
    text(onym_bench_result_text(document, "machine", "system"), out);
    (void)fprintf(out, ", Linux ");
    text(onym_bench_result_text(document, "machine", "kernel"), out);
    (void)fprintf(out, " &#183; onymbench ");
    text(onym_bench_result_text(document, "onymbench", "version"), out);
    (void)fprintf(out, " (");
    text(onym_bench_result_text(document, "onymbench", "revision"), out);
    (void)fprintf(out, ")</p>\n");
    if (json_array_size(runs) > 1) {
        write_overview(runs, out);
    }
    write_curves(runs, out);
    json_array_foreach((json_t *)(uintptr_t)runs, i, run)
    {
        write_run(run, out);
    }
    (void)fprintf(out, "<h2>Machine</h2>\n");
    write_object(json_object_get(document, "machine"), out);
    (void)fprintf(out, "</body></html>\n");
}
