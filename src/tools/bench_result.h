/* A finished run as JSON (docs/onymbench.md, "JSON"), and what is read from it again: everything
 * that is printed, compared or drawn comes from there, so it can be done later from a file. */
#ifndef ONYM_TOOLS_BENCH_RESULT_H
#define ONYM_TOOLS_BENCH_RESULT_H

#include "base/fault.h"
#include "tools/bench_import.h"
#include "tools/bench_ops.h"
#include "tools/bench_settings.h"
#include "tools/bench_tally.h"

#include <jansson.h>
#include <stdio.h>

#define ONYM_BENCH_FORMAT 1 /* of the JSON; higher ones are refused */

/* The percentiles of every table, in order. */
struct onym_bench_percentile {
    const char *key;   /* "p99_9" */
    const char *title; /* "99.9 %" */
    uint32_t per_million;
};
#define ONYM_BENCH_PERCENTILES 6U
extern const struct onym_bench_percentile onym_bench_percentiles[ONYM_BENCH_PERCENTILES];

/* What is known of a run beside its tally. */
struct onym_bench_run_facts {
    const struct onym_bench_settings *settings;
    uint64_t measured_ns;
    bool interrupted;
    double client_cpu_s;
    bool has_server;
    struct onym_bench_ops alone, idle; /* of the server: before everything, with idle connections */
    struct onym_bench_ops before, after;         /* around the measured time */
    uint64_t idle_open;                          /* idle connections that stood */
    const struct onym_bench_settings *beside;    /* the load that ran beside, or NULL */
    const struct onym_bench_import_plan *import; /* what was imported beside, or NULL */
    struct onym_bench_imported imported;
    uint64_t beside_requests, beside_answers; /* of either, warm-up included */
    double beside_s;
    json_t *series; /* one object for each second; taken over */
};

/* The run, owned by the caller (json_decref). Never NULL: out of memory ends the program. */
json_t *onym_bench_result_run(const struct onym_bench_run_facts *facts,
                              const struct onym_bench_tally *tally);

/* One object for the second that ended `at_s` after the measured time began. seconds: how long it
 * was; live: latencies in it. */
json_t *onym_bench_result_second(double at_s, double seconds, const struct onym_histogram *live,
                                 uint64_t failed);

/* A document around runs (taken over): program, machine, time. workload may be NULL. */
json_t *onym_bench_result_document(const char *workload, json_t *runs);

/* Reads a document of this program. ONYM_OK and *out (json_decref); ONYM_IO, ONYM_MALFORMED (not
 * JSON, not ours, or of a later format) with *fault. */
ONYM_MUST_USE enum onym_status onym_bench_result_read(const char *path, json_t **out,
                                                      struct onym_fault *fault);

/* Figures by path: number(run, "latency_us", "p99"); 0 where there is none. inner may be NULL. */
double onym_bench_result_number(const json_t *object, const char *outer, const char *inner);
/* The same for text: "" where there is none. Borrowed. */
const char *onym_bench_result_text(const json_t *object, const char *outer, const char *inner);

/* Whether the server's processor time an answer is known: not where a load beside shared it. */
bool onym_bench_result_has_cpu(const json_t *run);

/* Says, a line each between front and back, what the latencies of a run do not show: requests
 * without a right answer, times without any, requests never sent. Nothing when there is nothing. */
void onym_bench_result_notes(const json_t *run, const char *front, const char *back, FILE *out);

/* Prints what a person wants to see of a run. */
void onym_bench_result_print(const json_t *run, FILE *out);

/* What a code means in words: "not found", "HTTP status 429". room is used for the latter. */
const char *onym_bench_result_code(unsigned code, char room[32]);

#endif
