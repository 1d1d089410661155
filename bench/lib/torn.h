/* TCP connections that behave badly: honest requests first, written in pieces of any size and to
 * be answered, then broken messages, then an abrupt or a polite end. Non-blocking; the caller
 * drives every connection by readiness and time. */
#ifndef BENCH_LIB_TORN_H
#define BENCH_LIB_TORN_H

#include "lib/mutant.h"
#include "tools/bench_query.h"

#include <netinet/in.h>
#include <poll.h>

#define BENCH_TORN_MAX 64U /* connections at the same time */

struct bench_torn_counts {
    uint64_t connections, mutants, honest, answered, wrong, unanswered;
    uint64_t bytes_in, bytes_out;
    uint64_t refused_connects; /* connect() failed: a full listen queue, no free port */
};

struct bench_torn; /* opaque: one set of connections */

/* A set that draws from rng, seeds and names, all borrowed until bench_torn_free. NULL without
 * memory. */
struct bench_torn *bench_torn_new(const struct sockaddr_in *target, const struct bench_seeds *seeds,
                                  const struct onym_bench_names *names, struct onym_rng rng,
                                  uint32_t expiration);
void bench_torn_free(struct bench_torn *set); /* closes what is open; NULL is fine */

/* Opens connections until `open` (at most BENCH_TORN_MAX) are there, but none that would bring the
 * number of mutants over `mutants_max`. */
void bench_torn_fill(struct bench_torn *set, unsigned open, uint64_t mutants_max, uint64_t now_ns);

/* The descriptors to wait for: writes at most BENCH_TORN_MAX entries, returns how many. */
unsigned bench_torn_poll(const struct bench_torn *set, struct pollfd *out);

/* Moves every connection as far as it goes without waiting. Returns how many are open. */
unsigned bench_torn_step(struct bench_torn *set, uint64_t now_ns);

const struct bench_torn_counts *bench_torn_counts_of(const struct bench_torn *set);

#endif
