#include "tools/bench_compare.h"

#include "base/require.h"
#include "tools/bench_result.h"

#define FAILED_MARGIN 0.001

/* The figures that are compared, and which way is better. */
static const struct {
    const char *key, *title, *outer, *inner;
    enum { HIGHER, LOWER } better;
} figures[] = {
    {"rate", "answers/s", "rate", NULL, HIGHER},
    {"p50", "latency 50 %, us", "latency_us", "p50", LOWER},
    {"p90", "latency 90 %, us", "latency_us", "p90", LOWER},
    {"p99", "latency 99 %, us", "latency_us", "p99", LOWER},
    {"p99_9", "latency 99.9 %, us", "latency_us", "p99_9", LOWER},
    {"p99_99", "latency 99.99 %, us", "latency_us", "p99_99", LOWER},
    {"server_cpu", "server us an answer", "server", "cpu_us_per_answer", LOWER},
};
#define FIGURES (sizeof figures / sizeof figures[0])

static const char *const verdicts[] = {[ONYM_BENCH_SAME] = "same",
                                       [ONYM_BENCH_BETTER] = "better",
                                       [ONYM_BENCH_WORSE] = "worse",
                                       [ONYM_BENCH_UNEQUAL] = "not comparable"};

static bool
is_equal(const json_t *one, const json_t *two)
{
    return one == NULL ? two == NULL : two != NULL && json_equal(one, two) != 0;
}

/* A load beside the measured one, or an import, is a part of what was asked for. */
static void
add_beside(const json_t *a, const json_t *b, json_t *out)
{
    static const char *const keys[] = {"transport", "rate", "connections", "window",
                                       "rows",      "mix",  "names"};
    const json_t *of_a = json_object_get(a, "beside");
    const json_t *of_b = json_object_get(b, "beside");
    const json_t *one = json_object_get(of_a, "settings");
    const json_t *two = json_object_get(of_b, "settings");
    bool same = json_is_object(of_a) == json_is_object(of_b) &&
                json_is_object(one) == json_is_object(two) &&
                onym_bench_result_number(json_object_get(of_a, "import"), "rows", NULL) ==
                    onym_bench_result_number(json_object_get(of_b, "import"), "rows", NULL);

    for (size_t i = 0; same && i < sizeof keys / sizeof keys[0]; i++) {
        same = is_equal(json_object_get(one, keys[i]), json_object_get(two, keys[i]));
    }
    if (!same) {
        ONYM_REQUIRE(json_array_append_new(out, json_string("beside")) == 0);
    }
}

/* Settings that make two loads different, and what else there is against comparing them. */
static json_t *
differences(const json_t *a, const json_t *b)
{
    static const char *const keys[] = {
        "transport", "loop",      "rate", "arrivals", "window",          "connections",     "rows",
        "threads",   "timeout_s", "mix",  "names",    "new_connections", "idle_connections"};
    const json_t *of_a = json_object_get(a, "settings");
    const json_t *of_b = json_object_get(b, "settings");
    json_t *out = json_array();

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (!is_equal(json_object_get(of_a, keys[i]), json_object_get(of_b, keys[i]))) {
            ONYM_REQUIRE(json_array_append_new(out, json_string(keys[i])) == 0);
        }
    }
    add_beside(a, b, out);
    if (onym_bench_result_number(a, "answers", NULL) == 0 &&
        onym_bench_result_number(b, "answers", NULL) == 0) {
        ONYM_REQUIRE(json_array_append_new(out, json_string("no right answer in either")) == 0);
    }
    return out;
}

static double
failed_part(const json_t *run)
{
    double requests = onym_bench_result_number(run, "requests", NULL);

    return requests > 0 ? 1 - onym_bench_result_number(run, "answers", NULL) / requests : 1;
}

static enum onym_bench_verdict_of_two
judge(const json_t *a, const json_t *b, double margin)
{
    bool open = strcmp(onym_bench_result_text(a, "settings", "loop"), "open") == 0;
    double one = open ? onym_bench_result_number(b, "latency_us", "p99")
                      : onym_bench_result_number(a, "rate", NULL);
    double two = open ? onym_bench_result_number(a, "latency_us", "p99")
                      : onym_bench_result_number(b, "rate", NULL);

    if (failed_part(b) > failed_part(a) + FAILED_MARGIN) {
        return ONYM_BENCH_WORSE;
    }
    if (failed_part(a) > failed_part(b) + FAILED_MARGIN) {
        return ONYM_BENCH_BETTER;
    }
    /* here more of `two` is better in both loops */
    return two > one * (1 + margin)   ? ONYM_BENCH_BETTER
           : two * (1 + margin) < one ? ONYM_BENCH_WORSE
                                      : ONYM_BENCH_SAME;
}

static json_t *
compare_runs(const json_t *a, const json_t *b, double margin,
             enum onym_bench_verdict_of_two *verdict)
{
    json_t *ratios = json_object();
    json_t *of_a = json_object();
    json_t *of_b = json_object();
    json_t *unequal = differences(a, b);

    for (size_t i = 0; i < FIGURES; i++) {
        double one = onym_bench_result_number(a, figures[i].outer, figures[i].inner);
        double two = onym_bench_result_number(b, figures[i].outer, figures[i].inner);

        (void)json_object_set_new(of_a, figures[i].key, json_real(one));
        (void)json_object_set_new(of_b, figures[i].key, json_real(two));
        (void)json_object_set_new(ratios, figures[i].key,
                                  one > 0 ? json_real(two / one) : json_null());
    }
    (void)json_object_set_new(of_a, "failed_part", json_real(failed_part(a)));
    (void)json_object_set_new(of_b, "failed_part", json_real(failed_part(b)));
    *verdict = json_array_size(unequal) > 0 ? ONYM_BENCH_UNEQUAL : judge(a, b, margin);
    return json_pack("{s:s,s:s,s:o,s:o,s:o,s:o}", "name", onym_bench_result_text(b, "name", NULL),
                     "verdict", verdicts[*verdict], "unequal", unequal, "ratios", ratios, "a", of_a,
                     "b", of_b);
}

/* The run of that name, or the one at the same place when both stand alone. */
static const json_t *
partner(const json_t *runs, const json_t *of, bool alone)
{
    size_t i;
    json_t *run;

    if (alone) {
        return json_array_get(runs, 0);
    }
    json_array_foreach((json_t *)(uintptr_t)runs, i, run)
    {
        if (strcmp(onym_bench_result_text(run, "name", NULL),
                   onym_bench_result_text(of, "name", NULL)) == 0) {
            return run;
        }
    }
    return NULL;
}

/* What differs between the machines of two results. */
static json_t *
machines_differ(const json_t *a, const json_t *b)
{
    static const char *const keys[] = {"host", "cpu", "cores", "memory_bytes", "kernel", "system"};
    json_t *out = json_array();

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (!is_equal(json_object_get(json_object_get(a, "machine"), keys[i]),
                      json_object_get(json_object_get(b, "machine"), keys[i]))) {
            ONYM_REQUIRE(json_array_append_new(out, json_string(keys[i])) == 0);
        }
    }
    return out;
}

static void
add_unpaired(const json_t *runs, const json_t *others, bool alone, const char *side, json_t *out)
{
    size_t i;
    json_t *run;

    json_array_foreach((json_t *)(uintptr_t)runs, i, run)
    {
        if (partner(others, run, alone) == NULL) {
            ONYM_REQUIRE(json_array_append_new(
                             out, json_sprintf("%s has %s", side,
                                               onym_bench_result_text(run, "name", NULL))) == 0);
        }
    }
}

/* Runs of one result that the other has not. */
static json_t *
unpaired(const json_t *runs_a, const json_t *runs_b)
{
    bool alone = json_array_size(runs_a) == 1 && json_array_size(runs_b) == 1;
    json_t *out = json_array();

    add_unpaired(runs_a, runs_b, alone, "A", out);
    add_unpaired(runs_b, runs_a, alone, "B", out);
    return out;
}

json_t *
onym_bench_compare(const json_t *a, const json_t *b, double margin,
                   enum onym_bench_verdict_of_two *worst)
{
    static const uint8_t weight[] = {[ONYM_BENCH_BETTER] = 0,
                                     [ONYM_BENCH_SAME] = 1,
                                     [ONYM_BENCH_WORSE] = 2,
                                     [ONYM_BENCH_UNEQUAL] = 3};
    const json_t *runs_a = json_object_get(a, "runs");
    json_t *runs_b = json_object_get(b, "runs");
    bool alone = json_array_size(runs_a) == 1 && json_array_size(runs_b) == 1;
    json_t *out = json_array();
    size_t i;
    json_t *run;

    *worst = json_array_size(runs_a) == json_array_size(runs_b) ? ONYM_BENCH_BETTER
                                                                : ONYM_BENCH_UNEQUAL;
    json_array_foreach(runs_b, i, run)
    {
        const json_t *other = partner(runs_a, run, alone);
        enum onym_bench_verdict_of_two verdict = ONYM_BENCH_UNEQUAL;

        if (other != NULL) {
            (void)json_array_append_new(out, compare_runs(other, run, margin, &verdict));
        }
        *worst = weight[verdict] > weight[*worst] ? verdict : *worst;
    }
    return json_pack("{s:s,s:f,s:o,s:o,s:o}", "verdict", verdicts[*worst], "margin", margin,
                     "machines_differ", machines_differ(a, b), "unpaired", unpaired(runs_a, runs_b),
                     "runs", out);
}

/* A line with all texts of an array; none when it is empty. */
static void
print_list(const char *title, const json_t *texts, FILE *out)
{
    for (size_t i = 0; i < json_array_size(texts); i++) {
        (void)fprintf(out, "%s%s", i == 0 ? title : ", ",
                      json_string_value(json_array_get(texts, i)));
    }
    (void)fprintf(out, "%s", json_array_size(texts) > 0 ? "\n" : "");
}

static void
print_run(const json_t *run, FILE *out)
{
    const json_t *ratios = json_object_get(run, "ratios");

    (void)fprintf(out, "%s: %s\n  %-20s %14s %14s %8s\n", onym_bench_result_text(run, "name", NULL),
                  onym_bench_result_text(run, "verdict", NULL), "", "A", "B", "B/A");
    for (size_t i = 0; i < FIGURES; i++) {
        double one = onym_bench_result_number(run, "a", figures[i].key);
        double two = onym_bench_result_number(run, "b", figures[i].key);

        if (one > 0 || two > 0) {
            (void)fprintf(out, "  %-20s %14.1f %14.1f ", figures[i].title, one, two);
            if (json_is_number(json_object_get(ratios, figures[i].key))) {
                (void)fprintf(out, "%8.3f%s\n",
                              onym_bench_result_number(ratios, figures[i].key, NULL),
                              figures[i].better == HIGHER ? "" : "  less is better");
            } else {
                (void)fprintf(out, "%8s\n", "-");
            }
        }
    }
    (void)fprintf(out, "  %-20s %13.4f%% %13.4f%%\n", "failed",
                  onym_bench_result_number(run, "a", "failed_part") * 100,
                  onym_bench_result_number(run, "b", "failed_part") * 100);
    print_list("  against a comparison: ", json_object_get(run, "unequal"), out);
}

void
onym_bench_compare_print(const json_t *comparison, FILE *out)
{
    size_t i;
    json_t *run;

    json_array_foreach(json_object_get(comparison, "runs"), i, run)
    {
        print_run(run, out);
    }
    print_list("only in one of them: ", json_object_get(comparison, "unpaired"), out);
    print_list("other machine, other figures; what differs: ",
               json_object_get(comparison, "machines_differ"), out);
    (void)fprintf(
        out, "verdict: B is %s%s (margin %.1f %%)\n",
        strcmp(onym_bench_result_text(comparison, "verdict", NULL), verdicts[0]) == 0 ? "the " : "",
        onym_bench_result_text(comparison, "verdict", NULL),
        onym_bench_result_number(comparison, "margin", NULL) * 100);
}
