/* What a load client counts, and the one JSON object it prints of it. */
#ifndef BENCH_LIB_TALLY_H
#define BENCH_LIB_TALLY_H

#include "base/histogram.h"
#include "onym/span.h"

#define BENCH_TALLY_SIZE_MAX 65536U /* larger answers are counted as this */

struct bench_tally {
    uint64_t requests; /* sent, repetitions left out */
    uint64_t answers;  /* right ones, expected refusals included */
    uint64_t refusals; /* those of them that refuse, as was expected */
    uint64_t wrong, lost, stray, unanswered, packets, bytes;
    uint64_t connections, resumed; /* opened; those of them that resumed a TLS session */
    uint64_t first_ns, last_ns;
    uint64_t waited_ns; /* ready to run, but the processor was another's */
    uint32_t wrong_code;
    char wrong_name[128]; /* of the first wrong reply */
    struct onym_histogram latency;
    uint64_t size[BENCH_TALLY_SIZE_MAX + 1]; /* right answers by bytes on the wire */
};

/* An empty tally from the heap, large; the caller frees it. Ends the process without memory. */
struct bench_tally *bench_tally_new(void);

void bench_tally_answer(struct bench_tally *tally, uint64_t latency_ns, uint64_t bytes);
/* code: what came instead, 0 when it was no reply at all. */
void bench_tally_wrong(struct bench_tally *tally, uint32_t code, onym_span name);

/* Nanoseconds this process has waited for a processor so far; 0 where the kernel does not say. */
uint64_t bench_waited_ns(void);

/* One JSON object and a line feed on stdout. window: requests outstanding. */
void bench_tally_print(const struct bench_tally *tally, uint64_t window, uint64_t seed);

#endif
