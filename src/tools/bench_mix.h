/* What a load is made of: kinds of requests and how often each comes, "resolve=90,miss=5". Pure. */
#ifndef ONYM_TOOLS_BENCH_MIX_H
#define ONYM_TOOLS_BENCH_MIX_H

#include "base/fault.h"
#include "base/rng.h"

enum onym_bench_kind {
    ONYM_BENCH_RESOLVE,   /* all public values of a record that exists */
    ONYM_BENCH_MISS,      /* a record that does not exist, below a prefix that does */
    ONYM_BENCH_MALFORMED, /* a request that breaks the grammar and still gets an answer */
    ONYM_BENCH_REFUSED,   /* a value that the public may not read */
    ONYM_BENCH_ROUTE,     /* the record of a prefix, as recursive nodes ask for it */
    ONYM_BENCH_REGISTER,  /* create a new record; needs a login */
    ONYM_BENCH_UPDATE,    /* replace a value of a record registered before; needs a login */
    ONYM_BENCH_BATCH,     /* create many new records with one request; needs HTTPS and a login */
    ONYM_BENCH_KINDS
};

/* "resolve", as users write it. Static. */
const char *onym_bench_kind_name(enum onym_bench_kind kind);

struct onym_bench_mix {
    double share[ONYM_BENCH_KINDS];   /* they add up to 1 */
    uint64_t below[ONYM_BENCH_KINDS]; /* cumulated, in parts of 2^32 */
};

/* Reads "KIND=WEIGHT,...": weights are numbers from 0 to 1000000, with or without decimals, and
 * mean something only against each other. ONYM_OK and *out; ONYM_INVALID with *fault for an unknown
 * or repeated kind, a weight that is none, and no weight above 0. */
ONYM_MUST_USE enum onym_status onym_bench_mix_parse(const char *text, struct onym_bench_mix *out,
                                                    struct onym_fault *fault);

/* A kind, each as often as its share says. */
enum onym_bench_kind onym_bench_mix_pick(const struct onym_bench_mix *mix, struct onym_rng *rng);

/* Whether the mix holds kinds that change records. */
bool onym_bench_mix_changes(const struct onym_bench_mix *mix);

#endif
