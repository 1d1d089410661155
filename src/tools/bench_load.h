/* A load that runs: its threads, what they have counted so far, and what they had counted in the
 * end. Several may run at the same time. */
#ifndef ONYM_TOOLS_BENCH_LOAD_H
#define ONYM_TOOLS_BENCH_LOAD_H

#include "tools/bench_settings.h"
#include "tools/bench_source.h"
#include "tools/bench_tally.h"

struct onym_bench_load; /* opaque */

/* Starts the threads. settings and source must outlive the load. ONYM_OK and *out; the statuses of
 * onym_bench_worker_new, ONYM_IO, with *fault. */
ONYM_MUST_USE enum onym_status onym_bench_load_start(const struct onym_bench_settings *settings,
                                                     const struct onym_bench_source *source,
                                                     struct onym_bench_load **out,
                                                     struct onym_fault *fault);

/* When the measured time begins and ends (monotonic nanoseconds). */
uint64_t onym_bench_load_start_ns(const struct onym_bench_load *load);
uint64_t onym_bench_load_end_ns(const struct onym_bench_load *load);

/* Everything so far: latencies of right answers are added to *live; *failed is the rest. */
void onym_bench_load_sample(const struct onym_bench_load *load, struct onym_histogram *live,
                            uint64_t *failed);

/* Connections made so far. */
uint64_t onym_bench_load_opened(const struct onym_bench_load *load);

/* Ends the measured time now, if it has not ended yet. */
void onym_bench_load_stop(struct onym_bench_load *load);

/* Waits for the threads and gives what all of them counted, and the measured time. It then frees
 * the load. */
void onym_bench_load_finish(struct onym_bench_load *load, struct onym_bench_tally *out,
                            uint64_t *measured_ns);

/* Why connections could not be made, in words; NULL when none failed. Before finish. */
const char *onym_bench_load_failure(const struct onym_bench_load *load);

#endif
