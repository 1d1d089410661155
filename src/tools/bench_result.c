#include "tools/bench_result.h"

#include "base/clock.h"
#include "base/require.h"
#include "tools/bench_args.h"
#include "tools/bench_http.h"
#include "tools/bench_machine.h"

#include <math.h>
#include <netdb.h>
#include <stdlib.h>
#include <time.h>

#define CURVE_STEPS    50U /* points of the curve of percentiles: ten for each further nine */
#define STEPS_PER_NINE 10.0

const struct onym_bench_percentile onym_bench_percentiles[ONYM_BENCH_PERCENTILES] = {
    {"p50", "50 %", 500000},     {"p90", "90 %", 900000},       {"p99", "99 %", 990000},
    {"p99_9", "99.9 %", 999000}, {"p99_99", "99.99 %", 999900}, {"max", "max", 1000000}};

static const char *const end_keys[ONYM_BENCH_ENDS] = {"answers", "wrong", "timeouts", "broken",
                                                      "unsent"};

static void
put(json_t *object, const char *key, json_t *value)
{
    ONYM_REQUIRE(json_object_set_new(object, key, value) == 0); /* fails without memory only */
}

static void
put_number(json_t *object, const char *key, double value)
{
    put(object, key, json_real(value));
}

static void
put_count(json_t *object, const char *key, uint64_t value)
{
    put(object, key, json_integer((json_int_t)value));
}

/* Text from outside: JSON holds only UTF-8. */
static json_t *
text_of(const char *text)
{
    json_t *out = json_string(text);

    return out != NULL ? out : json_string("?");
}

static double
us(uint64_t ns)
{
    return (double)ns / 1e3;
}

static json_t *
percentiles_of(const struct onym_histogram *h)
{
    json_t *out = json_object();
    uint64_t count = onym_histogram_count(h);

    for (size_t i = 0; i < ONYM_BENCH_PERCENTILES; i++) {
        put_number(out, onym_bench_percentiles[i].key,
                   us(onym_histogram_percentile(h, onym_bench_percentiles[i].per_million)));
    }
    put_number(out, "mean", count > 0 ? (double)h->sum / (double)count / 1e3 : 0);
    return out;
}

/* [[fraction, us], ...], denser towards 1. */
static json_t *
curve_of(const struct onym_histogram *h)
{
    json_t *out = json_array();

    for (unsigned i = 0; i <= CURVE_STEPS; i++) {
        double fraction = 1 - pow(10, -(double)i / STEPS_PER_NINE);
        uint64_t at = onym_histogram_percentile(h, (uint32_t)(fraction * 1e6 + 0.5));

        ONYM_REQUIRE(json_array_append_new(out, json_pack("[f,f]", fraction, us(at))) == 0);
    }
    return out;
}

static void
add_code(json_t *codes, unsigned code, uint64_t count)
{
    char key[16];

    (void)snprintf(key, sizeof key, "%u", code);
    put_count(codes, key, (uint64_t)json_integer_value(json_object_get(codes, key)) + count);
}

static json_t *
kinds_of(const struct onym_bench_tally *t, json_t *all_codes)
{
    json_t *kinds = json_object();

    for (unsigned kind = 0; kind < ONYM_BENCH_KINDS; kind++) {
        uint64_t requests = onym_bench_tally_requests(t, (enum onym_bench_kind)kind);
        json_t *codes;
        json_t *one;

        if (requests == 0) {
            continue;
        }
        codes = json_object();
        for (unsigned code = 0; code < ONYM_BENCH_CODES; code++) {
            if (t->codes[kind][code] > 0) {
                add_code(codes, code, t->codes[kind][code]);
                add_code(all_codes, code, t->codes[kind][code]);
            }
        }
        one = json_object();
        put_count(one, "requests", requests);
        put_count(one, "answers", t->ends[kind][ONYM_BENCH_RIGHT]);
        for (unsigned end = ONYM_BENCH_RIGHT + 1; end < ONYM_BENCH_ENDS; end++) {
            put_count(one, end_keys[end], t->ends[kind][end]);
        }
        put(one, "codes", codes);
        put(one, "latency_us", percentiles_of(&t->latency[kind]));
        put(kinds, onym_bench_kind_name((enum onym_bench_kind)kind), one);
    }
    return kinds;
}

/* Where the load comes from, and who changes records where; nothing when that was not said. */
static void
put_source(json_t *out, const struct onym_bench_settings *s)
{
    char host[NI_MAXHOST];

    if (s->source_len > 0 && getnameinfo((const struct sockaddr *)&s->source, s->source_len, host,
                                         sizeof host, NULL, 0, NI_NUMERICHOST) == 0) {
        put(out, "source", json_string(host));
    }
    if (s->identity.under != NULL) {
        put(out, "under", text_of(s->identity.under));
    }
}

static json_t *
settings_of(const struct onym_bench_settings *s)
{
    json_t *out = json_object();
    json_t *names = json_object();
    json_t *mix = json_object();

    for (unsigned kind = 0; kind < ONYM_BENCH_KINDS; kind++) {
        if (s->mix.share[kind] > 0) {
            put_number(mix, onym_bench_kind_name((enum onym_bench_kind)kind), s->mix.share[kind]);
        }
    }
    put(names, "from", text_of(s->names_file != NULL ? s->names_file : "onym-generate"));
    if (s->names_file == NULL) {
        put_count(names, "records", s->records);
        put_count(names, "data_seed", s->data_seed);
    }
    put(names, "popularity", json_string(s->theta > 0 ? "zipf" : "uniform"));
    if (s->theta > 0) {
        put_number(names, "theta", s->theta);
    }
    put(out, "server", text_of(s->server));
    put(out, "transport", json_string(onym_bench_transport_name(s->transport)));
    put(out, "loop", json_string(s->rate > 0 ? "open" : "closed"));
    if (s->rate > 0) {
        put_number(out, "rate", s->rate);
        put(out, "arrivals", json_string(s->fixed ? "fixed" : "poisson"));
    }
    put_count(out, "window", s->window);
    put_count(out, "connections", s->connections);
    put_count(out, "threads", s->threads);
    put(out, "new_connections", json_boolean(s->new_connections));
    put_count(out, "idle_connections", s->idle);
    if (s->rows > 0) {
        put_count(out, "rows", s->rows);
    }
    put_source(out, s);
    put(out, "mix", mix);
    put(out, "names", names);
    put_number(out, "warm_up_s", (double)s->warm_up_ms / 1e3);
    put_number(out, "duration_s", (double)s->duration_ms / 1e3);
    put_number(out, "timeout_s", (double)s->timeout_ms / 1e3);
    put_count(out, "seed", s->seed);
    if (onym_bench_transport_tls(s->transport)) {
        put(out, "certificate", json_string(s->authorities != NULL ? "checked" : "not checked"));
    }
    return out;
}

static json_t *
server_of(const struct onym_bench_run_facts *facts, uint64_t answers)
{
    json_t *out;

    if (!facts->has_server) {
        return json_null();
    }
    out = json_object();
    put(out, "version", json_string(facts->after.version));
    put(out, "revision", json_string(facts->after.revision));
    put_number(out, "cpu_s", facts->after.cpu_s - facts->before.cpu_s);
    if (facts->beside != NULL || facts->import != NULL) {
        put(out, "cpu_us_per_answer", json_null()); /* the load beside has its part of it */
    } else {
        put_number(out, "cpu_us_per_answer",
                   answers > 0 ? (facts->after.cpu_s - facts->before.cpu_s) * 1e6 / (double)answers
                               : 0);
    }
    if (facts->idle_open > 0) {
        put_number(out, "bytes_per_idle_connection",
                   (facts->idle.resident_bytes - facts->alone.resident_bytes) /
                       (double)facts->idle_open);
    }
    put_number(out, "resident_bytes", facts->after.resident_bytes);
    return out;
}

static json_t *
first_wrong_of(const struct onym_bench_tally *t)
{
    if (!t->has_wrong) {
        return json_null();
    }
    return json_pack("{s:s,s:i,s:o}", "kind", onym_bench_kind_name(t->wrong_kind), "code",
                     (int)t->wrong_code, "name", text_of(t->wrong_name));
}

static void
put_ends(json_t *run, const struct onym_bench_tally *t)
{
    uint64_t requests = 0;

    for (unsigned end = 0; end < ONYM_BENCH_ENDS; end++) {
        requests += onym_bench_tally_ended(t, (enum onym_bench_end)end);
    }
    put_count(run, "requests", requests);
    for (unsigned end = 0; end < ONYM_BENCH_ENDS; end++) {
        put_count(run, end_keys[end], onym_bench_tally_ended(t, (enum onym_bench_end)end));
    }
    put_count(run, "strays", t->strays);
    put_count(run, "connections_opened", t->opened);
    put_count(run, "connections_failed", t->refused);
    put_count(run, "bytes_in", t->bytes_in);
    put_count(run, "bytes_out", t->bytes_out);
    put(run, "first_wrong", first_wrong_of(t));
}

static json_t *
import_of(const struct onym_bench_run_facts *facts)
{
    json_t *out = json_object();

    put(out, "server", json_string(facts->import->server));
    put_count(out, "rows", facts->imported.rows);
    put_count(out, "settled", facts->imported.settled);
    put(out, "complete", json_boolean(facts->imported.complete));
    return out;
}

static json_t *
beside_of(const struct onym_bench_run_facts *facts)
{
    json_t *out;

    if (facts->beside == NULL && facts->import == NULL) {
        return json_null();
    }
    out = json_object();
    put(out, "settings", facts->beside != NULL ? settings_of(facts->beside) : json_null());
    put(out, "import", facts->import != NULL ? import_of(facts) : json_null());
    put_number(out, "seconds", facts->beside_s);
    put_count(out, "requests", facts->beside_requests);
    put_count(out, "answers", facts->beside_answers);
    put_number(out, "rate",
               facts->beside_s > 0 ? (double)facts->beside_answers / facts->beside_s : 0);
    return out;
}

json_t *
onym_bench_result_run(const struct onym_bench_run_facts *facts, const struct onym_bench_tally *t)
{
    struct onym_histogram *all = calloc(1, sizeof *all);
    json_t *run = json_object();
    json_t *codes = json_object();
    double seconds = (double)facts->measured_ns / 1e9;
    uint64_t answers = onym_bench_tally_ended(t, ONYM_BENCH_RIGHT);

    ONYM_REQUIRE(all != NULL && run != NULL);
    for (unsigned kind = 0; kind < ONYM_BENCH_KINDS; kind++) {
        onym_histogram_merge(all, &t->latency[kind]);
    }
    put(run, "name", text_of(facts->settings->name != NULL ? facts->settings->name : "run"));
    put(run, "settings", settings_of(facts->settings));
    put_number(run, "seconds", seconds);
    put(run, "interrupted", json_boolean(facts->interrupted));
    put_ends(run, t);
    put_number(run, "rate", seconds > 0 ? (double)answers / seconds : 0);
    put_count(run, "registered",
              t->ends[ONYM_BENCH_REGISTER][ONYM_BENCH_RIGHT] +
                  t->ends[ONYM_BENCH_BATCH][ONYM_BENCH_RIGHT] * facts->settings->rows);
    put(run, "latency_us", percentiles_of(all));
    put(run, "service_us", percentiles_of(&t->service));
    put(run, "kinds", kinds_of(t, codes));
    put(run, "codes", codes);
    put_count(run, "idle_open", facts->idle_open);
    put_number(run, "client_cpu_s", facts->client_cpu_s);
    put(run, "server", server_of(facts, answers));
    put(run, "beside", beside_of(facts));
    put(run, "curve", curve_of(all));
    put(run, "series", facts->series);
    free(all);
    return run;
}

json_t *
onym_bench_result_second(double at_s, double seconds, const struct onym_histogram *live,
                         uint64_t failed)
{
    json_t *out = json_object();

    put_number(out, "t", at_s);
    put_number(out, "seconds", seconds);
    put_number(out, "rate", seconds > 0 ? (double)onym_histogram_count(live) / seconds : 0);
    put_number(out, "p50_us", us(onym_histogram_percentile(live, 500000)));
    put_number(out, "p99_us", us(onym_histogram_percentile(live, 990000)));
    put_count(out, "errors", failed);
    return out;
}

json_t *
onym_bench_result_document(const char *workload, json_t *runs)
{
    json_t *out = json_object();
    time_t now = (time_t)onym_clock_epoch_s();
    struct tm parts;
    char text[32] = "";

    if (gmtime_r(&now, &parts) != NULL) {
        (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    }
    put(out, "onymbench", onym_bench_machine_program(ONYM_BENCH_FORMAT));
    put(out, "machine", onym_bench_machine());
    put(out, "at", json_string(text));
    put(out, "workload", workload != NULL ? json_string(workload) : json_null());
    put(out, "runs", runs);
    return out;
}
