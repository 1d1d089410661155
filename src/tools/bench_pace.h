/* When the next request is due. Pure: the time is an argument.
 *
 * A closed loop sends whenever there is room, so a request is due when it is sent. An open loop has
 * a plan of due times that does not know how the server is doing; a request that could not be sent
 * in time keeps its due time, and its latency counts from there. So a server that stalls is charged
 * with all the requests that had to wait, not only with the few that were under way (coordinated
 * omission). */
#ifndef ONYM_TOOLS_BENCH_PACE_H
#define ONYM_TOOLS_BENCH_PACE_H

#include "base/rng.h"

#include <stdbool.h>

struct onym_bench_pace {
    bool open;
    bool poisson;     /* gaps are exponential, as of many independent clients; else all equal */
    double gap_ns;    /* the mean gap */
    double offset_ns; /* of the next due time behind start */
    uint64_t start_ns, taken;
};

/* A closed loop. */
struct onym_bench_pace onym_bench_pace_closed(void);

/* An open loop of `rate` requests a second (above 0) from start_ns on. Threads that share a load
 * with equal gaps take different `phase`s in [0, 1), so that their requests do not coincide. */
struct onym_bench_pace onym_bench_pace_open(double rate, bool poisson, double phase,
                                            uint64_t start_ns, struct onym_rng *rng);

/* The due time of the next request; 0 in a closed loop. */
uint64_t onym_bench_pace_next(const struct onym_bench_pace *pace);

/* Takes the next request if it is due by now. */
bool onym_bench_pace_take(struct onym_bench_pace *pace, uint64_t now_ns, struct onym_rng *rng,
                          uint64_t *due_ns);

#endif
