/* The names a load asks for: of a file, one to a line, or of a data set of onym-generate, whose
 * names follow from its number of records and seed. The first names are kept ready in memory, those
 * of a large data set beyond them are composed when they are drawn. */
#ifndef ONYM_TOOLS_BENCH_SOURCE_H
#define ONYM_TOOLS_BENCH_SOURCE_H

#include "base/rng.h"
#include "tools/bench_names.h"
#include "tools/bench_zipf.h"
#include "tools/generate_plan.h"

#define ONYM_BENCH_READY_MAX 1000000U /* names of a data set kept ready */

struct onym_bench_source {
    uint64_t count;
    bool zipf; /* else every name is as likely as any other */
    struct onym_bench_zipf ranks;
    struct onym_bench_names ready;
    struct onym_generate_plan plan; /* of a data set; the order is shuffled, so that hot names lie
                                       anywhere in the store */
};

/* file: NULL for the data set of `records` (1 to ONYM_GENERATE_RECORDS_MAX) and seed. theta: 0 for
 * equally likely names, else Zipf's law; the first name of a file is then the one asked most.
 * ONYM_OK (release with onym_bench_source_free), or one line on stderr and a status of
 * onym_bench_names_load. */
ONYM_MUST_USE enum onym_status onym_bench_source_open(const char *file, uint64_t records,
                                                      uint64_t seed, double theta,
                                                      struct onym_bench_source *out);
void onym_bench_source_free(struct onym_bench_source *source);

/* A name by its rank, below count. The span borrows from the source or from room. */
onym_span onym_bench_source_at(const struct onym_bench_source *source, uint64_t rank,
                               uint8_t room[ONYM_BENCH_NAME_LEN_MAX]);

/* A rank drawn as the source was asked to. */
static inline uint64_t
onym_bench_source_draw(const struct onym_bench_source *source, struct onym_rng *rng)
{
    return source->zipf ? onym_bench_zipf_draw(&source->ranks, rng)
                        : onym_rng_below(rng, source->count);
}

/* A name that is not in the source, with the prefix of one that is. */
onym_span onym_bench_source_missing(const struct onym_bench_source *source, struct onym_rng *rng,
                                    uint8_t room[ONYM_BENCH_NAME_LEN_MAX]);

/* The record of the prefix of the name with that rank: "0.NA/88.9420.101". */
onym_span onym_bench_source_route(const struct onym_bench_source *source, uint64_t rank,
                                  uint8_t room[ONYM_BENCH_NAME_LEN_MAX]);

#endif
