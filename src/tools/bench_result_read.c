#include "tools/bench_http.h"
#include "tools/bench_result.h"
#include "tools/text.h"

#include <stdlib.h>

enum onym_status
onym_bench_result_read(const char *path, json_t **out, struct onym_fault *fault)
{
    json_error_t error;
    json_t *document = strcmp(path, "-") == 0 ? json_loadf(stdin, 0, &error)
                                              : json_load_file(path, 0, &error);
    const json_t *runs = json_object_get(document, "runs");
    double format = onym_bench_result_number(document, "onymbench", "format");

    if (document == NULL) {
        return onym_fault_set(fault, error.line > 0 ? ONYM_MALFORMED : ONYM_IO, "%s: %s", path,
                              error.text);
    }
    if (format > ONYM_BENCH_FORMAT) {
        json_decref(document);
        return onym_fault_set(fault, ONYM_MALFORMED,
                              "%s: written by a later onymbench (format %.0f, this one reads %d)",
                              path, format, ONYM_BENCH_FORMAT);
    }
    if (format < 1 || !json_is_array(runs) || json_array_size(runs) == 0) {
        json_decref(document);
        return onym_fault_set(fault, ONYM_MALFORMED, "%s: not a result of onymbench --json", path);
    }
    *out = document;
    return ONYM_OK;
}

static const json_t *
find(const json_t *object, const char *outer, const char *inner)
{
    const json_t *at = json_object_get(object, outer);

    return inner != NULL ? json_object_get(at, inner) : at;
}

double
onym_bench_result_number(const json_t *object, const char *outer, const char *inner)
{
    return json_number_value(find(object, outer, inner));
}

const char *
onym_bench_result_text(const json_t *object, const char *outer, const char *inner)
{
    const char *text = json_string_value(find(object, outer, inner));

    return text != NULL ? text : "";
}

const char *
onym_bench_result_code(unsigned code, char room[32])
{
    enum onym_status status = onym_status_from_wire(code);

    if (code == 0) {
        return "could not be read";
    }
    if (code >= ONYM_BENCH_HTTP_CODE) {
        (void)snprintf(room, 32, "HTTP status %u", code - ONYM_BENCH_HTTP_CODE);
        return room;
    }
    return status == ONYM_ERROR && code != onym_status_wire(ONYM_ERROR) ? "unknown code"
                                                                        : onym_status_text(status);
}

/* ---- print ---- */

/* "FRONT 1 ONE" or "FRONT 2 MANY". */
static void
put_count(FILE *out, const char *front, double count, const char *one, const char *many)
{
    (void)fprintf(out, "%s%.0f %s", front, count, onym_word_of((uint64_t)(count + 0.5), one, many));
}

static void
print_settings(const json_t *run, FILE *out)
{
    const json_t *settings = json_object_get(run, "settings");
    const json_t *mix = json_object_get(settings, "mix");
    const char *kind;
    json_t *share;

    (void)fprintf(out, "%s: %s to %s, ", onym_bench_result_text(run, "name", NULL),
                  onym_bench_result_text(settings, "transport", NULL),
                  onym_bench_result_text(settings, "server", NULL));
    if (strcmp(onym_bench_result_text(settings, "loop", NULL), "open") == 0) {
        (void)fprintf(out, "open loop, %.10g/s %s",
                      onym_bench_result_number(settings, "rate", NULL),
                      onym_bench_result_text(settings, "arrivals", NULL));
    } else {
        (void)fprintf(out, "closed loop");
    }
    put_count(out, "\n  ", onym_bench_result_number(settings, "connections", NULL), "connection",
              "connections");
    (void)fprintf(out, " x %.0f%s", onym_bench_result_number(settings, "window", NULL),
                  json_is_true(json_object_get(settings, "new_connections"))
                      ? ", a new one for each request"
                      : "");
    put_count(out, ", ", onym_bench_result_number(settings, "threads", NULL), "thread", "threads");
    (void)fprintf(out, "; mix");
    json_object_foreach((json_t *)(uintptr_t)mix, kind, share)
    {
        (void)fprintf(out, " %s %.4g %%", kind, json_number_value(share) * 100);
    }
    (void)fprintf(out, "; names %s", onym_bench_result_text(settings, "names", "popularity"));
    if (onym_bench_result_number(settings, "names", "theta") > 0) {
        (void)fprintf(out, " %g", onym_bench_result_number(settings, "names", "theta"));
    }
    (void)fprintf(out, "\n");
}

static void
print_latency(const json_t *run, FILE *out)
{
    bool open = strcmp(onym_bench_result_text(run, "settings", "loop"), "open") == 0;

    if (onym_bench_result_number(run, "answers", NULL) == 0) {
        return; /* zeros would look like figures */
    }
    (void)fprintf(out, "  latency, us  ");
    for (size_t i = 0; i < ONYM_BENCH_PERCENTILES; i++) {
        (void)fprintf(out, "%11s", onym_bench_percentiles[i].title);
    }
    (void)fprintf(out, "\n  %-13s", open ? "  from due" : "");
    for (size_t i = 0; i < ONYM_BENCH_PERCENTILES; i++) {
        (void)fprintf(out, "%11.1f",
                      onym_bench_result_number(run, "latency_us", onym_bench_percentiles[i].key));
    }
    if (open) {
        (void)fprintf(out, "\n  %-13s", "  from sent");
        for (size_t i = 0; i < ONYM_BENCH_PERCENTILES; i++) {
            (void)fprintf(
                out, "%11.1f",
                onym_bench_result_number(run, "service_us", onym_bench_percentiles[i].key));
        }
    }
    (void)fprintf(out, "\n");
}

static void
print_kinds(const json_t *run, FILE *out)
{
    json_t *kinds = json_object_get(run, "kinds");
    const char *kind;
    json_t *one;

    if (json_object_size(kinds) < 2) {
        return;
    }
    json_object_foreach(kinds, kind, one)
    {
        (void)fprintf(out, "    %-11s", kind);
        for (size_t i = 0; i < ONYM_BENCH_PERCENTILES; i++) {
            (void)fprintf(
                out, "%11.1f",
                onym_bench_result_number(one, "latency_us", onym_bench_percentiles[i].key));
        }
        (void)fprintf(out, "\n");
    }
}

static void
print_codes(const json_t *run, FILE *out)
{
    json_t *codes = json_object_get(run, "codes");
    const char *code;
    json_t *count;

    json_object_foreach(codes, code, count)
    {
        char room[32];
        unsigned number = (unsigned)strtoul(code, NULL, 10);

        (void)fprintf(out, "  code %-5s %12lld  %s\n", code, (long long)json_integer_value(count),
                      onym_bench_result_code(number, room));
    }
}

bool
onym_bench_result_has_cpu(const json_t *run)
{
    return json_is_number(json_object_get(json_object_get(run, "server"), "cpu_us_per_answer"));
}

static void
print_server(const json_t *run, FILE *out)
{
    double resident = onym_bench_result_number(run, "server", "resident_bytes") / 1048576;

    if (onym_bench_result_has_cpu(run)) {
        (void)fprintf(out, "  server: %.2f us of processor time an answer, %.1f MiB resident\n",
                      onym_bench_result_number(run, "server", "cpu_us_per_answer"), resident);
    } else if (json_is_object(json_object_get(run, "server"))) {
        (void)fprintf(out,
                      "  server: %.2f s of processor time with what is beside it, %.1f MiB "
                      "resident\n",
                      onym_bench_result_number(run, "server", "cpu_s"), resident);
    }
}

/* Seconds of the measured time in which no right answer came, as far as the series tells. */
static double
silent_of(const json_t *run)
{
    double silent = 0;
    size_t i;
    json_t *second;

    json_array_foreach(json_object_get(run, "series"), i, second)
    {
        silent += onym_bench_result_number(second, "rate", NULL) > 0
                      ? 0
                      : onym_bench_result_number(second, "seconds", NULL);
    }
    return silent;
}

void
onym_bench_result_notes(const json_t *run, const char *front, const char *back, FILE *out)
{
    double requests = onym_bench_result_number(run, "requests", NULL);
    double missing = requests - onym_bench_result_number(run, "answers", NULL);
    double silent = silent_of(run);

    if (missing > 0 && missing < requests) {
        (void)fprintf(
            out,
            "%sLatencies are those of right answers: %.3g %% of the requests had none and "
            "are not in them.%s\n",
            front, missing / requests * 100, back);
    }
    if (missing > 0 && silent > 0) {
        (void)fprintf(out, "%sNo right answer came for %.1f s of the %.1f s.%s\n", front, silent,
                      onym_bench_result_number(run, "seconds", NULL), back);
    }
    if (onym_bench_result_number(run, "unsent", NULL) > 0) {
        (void)fprintf(out, "%sThe rate could not be kept: some requests were never sent.%s\n",
                      front, back);
    }
}

void
onym_bench_result_print(const json_t *run, FILE *out)
{
    const json_t *wrong = json_object_get(run, "first_wrong");

    print_settings(run, out);
    put_count(out, "  ", onym_bench_result_number(run, "answers", NULL), "right answer",
              "right answers");
    (void)fprintf(out, " in %.2f s: %.0f/s%s\n", onym_bench_result_number(run, "seconds", NULL),
                  onym_bench_result_number(run, "rate", NULL),
                  json_is_true(json_object_get(run, "interrupted")) ? " (interrupted)" : "");
    put_count(out, "  ", onym_bench_result_number(run, "requests", NULL), "request", "requests");
    (void)fprintf(out, ": %.0f wrong, %.0f timed out, %.0f broken, %.0f never sent\n",
                  onym_bench_result_number(run, "wrong", NULL),
                  onym_bench_result_number(run, "timeouts", NULL),
                  onym_bench_result_number(run, "broken", NULL),
                  onym_bench_result_number(run, "unsent", NULL));
    if (onym_bench_result_number(run, "registered", NULL) > 0) {
        put_count(out, "  ", onym_bench_result_number(run, "registered", NULL), "identifier",
                  "identifiers");
        (void)fprintf(out, " registered: %.0f/s\n",
                      onym_bench_result_number(run, "registered", NULL) /
                          onym_bench_result_number(run, "seconds", NULL));
    }
    print_latency(run, out);
    print_kinds(run, out);
    print_codes(run, out);
    if (json_is_object(wrong)) {
        (void)fprintf(out, "  first wrong answer: %s of %s, code %.0f\n",
                      onym_bench_result_text(wrong, "kind", NULL),
                      onym_bench_result_text(wrong, "name", NULL),
                      onym_bench_result_number(wrong, "code", NULL));
    }
    print_server(run, out);
    if (onym_bench_result_number(run, "server", "bytes_per_idle_connection") > 0) {
        put_count(out, "  ", onym_bench_result_number(run, "idle_open", NULL), "idle connection",
                  "idle connections");
        (void)fprintf(out, ", %.0f bytes of the server's memory each\n",
                      onym_bench_result_number(run, "server", "bytes_per_idle_connection"));
    }
    if (json_is_object(json_object_get(json_object_get(run, "beside"), "import"))) {
        const json_t *import = json_object_get(json_object_get(run, "beside"), "import");

        (void)fprintf(out, "  import beside it: %.0f of ",
                      onym_bench_result_number(import, "settled", NULL));
        put_count(out, "", onym_bench_result_number(import, "rows", NULL), "row", "rows");
        (void)fprintf(out, " in %.1f s, %.0f a second\n",
                      onym_bench_result_number(run, "beside", "seconds"),
                      onym_bench_result_number(run, "beside", "rate"));
    } else if (json_is_object(json_object_get(run, "beside"))) {
        put_count(out, "  beside it: ", onym_bench_result_number(run, "beside", "rate"),
                  "right answer", "right answers");
        put_count(out, " a second of ",
                  onym_bench_result_number(run, "beside", "requests") /
                      onym_bench_result_number(run, "beside", "seconds"),
                  "request", "requests");
        (void)fprintf(out, " a second\n");
    }
    onym_bench_result_notes(run, "  ", "", out);
}
