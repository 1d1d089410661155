/* What one thread of a load has counted. Plain memory: a thread writes its own, others read the
 * live part while it goes on (relaxed counters) and the rest when it has ended. */
#ifndef ONYM_TOOLS_BENCH_TALLY_H
#define ONYM_TOOLS_BENCH_TALLY_H

#include "base/histogram.h"
#include "tools/bench_mix.h"

#include <stdbool.h>

#define ONYM_BENCH_CODES 1600U /* response codes, and HTTP ones above ONYM_BENCH_HTTP_CODE */

/* How a request ended that was due in the measured time. */
enum onym_bench_end {
    ONYM_BENCH_RIGHT,   /* answered as it must be */
    ONYM_BENCH_AMISS,   /* answered with another code, name or length */
    ONYM_BENCH_TIMEOUT, /* no answer in time */
    ONYM_BENCH_BROKEN,  /* its connection broke, or could not be made */
    ONYM_BENCH_UNSENT,  /* open loop: due, but never sent, because all windows were full */
    ONYM_BENCH_ENDS
};

struct onym_bench_tally {
    /* live: everything, the warm-up too */
    struct onym_histogram live; /* latency of right answers, nanoseconds */
    uint64_t live_failed;
    /* of the measured time */
    struct onym_histogram latency[ONYM_BENCH_KINDS]; /* of right answers, from the due time */
    struct onym_histogram service;                   /* of right answers, from the sending */
    uint64_t ends[ONYM_BENCH_KINDS][ONYM_BENCH_ENDS];
    uint64_t codes[ONYM_BENCH_KINDS][ONYM_BENCH_CODES]; /* of all answers, wrong ones too; 0: none
                                                           could be read */
    uint64_t strays;          /* replies to nothing that was open: too late, or never asked */
    uint64_t opened, refused; /* connections made, and tries that failed */
    uint64_t bytes_in, bytes_out;
    bool has_wrong; /* the first wrong answer: */
    enum onym_bench_kind wrong_kind;
    uint32_t wrong_code;
    char wrong_name[128]; /* cut */
};

/* Adds all of from to into. */
void onym_bench_tally_merge(struct onym_bench_tally *into, const struct onym_bench_tally *from);

/* Requests of a kind by all their ends. */
uint64_t onym_bench_tally_requests(const struct onym_bench_tally *tally, enum onym_bench_kind kind);

/* Of all kinds by one end. */
uint64_t onym_bench_tally_ended(const struct onym_bench_tally *tally, enum onym_bench_end end);

#endif
