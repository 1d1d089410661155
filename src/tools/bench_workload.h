/* The named workloads of a node of this network as a table: what each is, and the runs it is made
 * of. Sizes are small until the user says otherwise; whatever is given on the command line stands.
 */
#ifndef ONYM_TOOLS_BENCH_WORKLOAD_H
#define ONYM_TOOLS_BENCH_WORKLOAD_H

#include "tools/bench_args.h"

#include <jansson.h>

#define ONYM_BENCH_STEPS_MAX 6U

/* What runs beside a step. */
enum onym_bench_beside {
    ONYM_BENCH_ALONE,
    ONYM_BENCH_BESIDE_ABUSE,
    ONYM_BENCH_BESIDE_BATCHES,
    ONYM_BENCH_BESIDE_IMPORT
};

/* One run. Zero in a figure: the default of onymbench run. */
struct onym_bench_step {
    const char *name;
    enum onym_bench_transport transport;
    const char *mix;
    double theta, rate_factor; /* rate_factor: of the workload's rate; 0 = a closed loop */
    uint64_t connections, window, idle;
    enum onym_bench_beside beside;
};

/* What the last step is held against the first one in. */
enum onym_bench_judged { ONYM_BENCH_NOTHING, ONYM_BENCH_P99, ONYM_BENCH_P99_US, ONYM_BENCH_CPU };

struct onym_bench_workload {
    const char *name;  /* "W1" */
    const char *title; /* "hot resolve" */
    const char *what;  /* for people: what is measured, and with which data; lines of 80 columns */
    double rate;       /* of open loops; 0 when there are none */
    bool changes;      /* needs an identity */
    enum onym_bench_judged judged;
    double limit; /* of what is judged: a ratio, or microseconds */
    struct onym_bench_step steps[ONYM_BENCH_STEPS_MAX];
    size_t count;
};

/* All of them, ended by one without name. */
extern const struct onym_bench_workload onym_bench_workloads[];

/* The one of that name (case does not count), or NULL. */
const struct onym_bench_workload *onym_bench_workload_find(const char *name);

/* The settings of a step: those of the user, filled up by the step, not yet settled. */
struct onym_bench_args onym_bench_workload_step(const struct onym_bench_workload *workload,
                                                const struct onym_bench_step *step,
                                                const struct onym_bench_args *user);

/* Prints how the last of the runs stands to the first in what the workload judges; nothing when it
 * judges nothing, or a figure is missing. */
void onym_bench_workload_judge(const struct onym_bench_workload *workload, const json_t *runs,
                               FILE *out);

#endif
