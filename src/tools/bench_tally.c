#include "tools/bench_tally.h"

#include <string.h>

void
onym_bench_tally_merge(struct onym_bench_tally *into, const struct onym_bench_tally *from)
{
    onym_histogram_merge(&into->live, &from->live);
    onym_histogram_merge(&into->service, &from->service);
    into->live_failed += from->live_failed;
    for (unsigned kind = 0; kind < ONYM_BENCH_KINDS; kind++) {
        onym_histogram_merge(&into->latency[kind], &from->latency[kind]);
        for (unsigned end = 0; end < ONYM_BENCH_ENDS; end++) {
            into->ends[kind][end] += from->ends[kind][end];
        }
        for (unsigned code = 0; code < ONYM_BENCH_CODES; code++) {
            into->codes[kind][code] += from->codes[kind][code];
        }
    }
    into->strays += from->strays;
    into->opened += from->opened;
    into->refused += from->refused;
    into->bytes_in += from->bytes_in;
    into->bytes_out += from->bytes_out;
    if (from->has_wrong && !into->has_wrong) {
        into->has_wrong = true;
        into->wrong_kind = from->wrong_kind;
        into->wrong_code = from->wrong_code;
        memcpy(into->wrong_name, from->wrong_name, sizeof into->wrong_name);
    }
}

uint64_t
onym_bench_tally_requests(const struct onym_bench_tally *tally, enum onym_bench_kind kind)
{
    uint64_t sum = 0;

    for (unsigned end = 0; end < ONYM_BENCH_ENDS; end++) {
        sum += tally->ends[kind][end];
    }
    return sum;
}

uint64_t
onym_bench_tally_ended(const struct onym_bench_tally *tally, enum onym_bench_end end)
{
    uint64_t sum = 0;

    for (unsigned kind = 0; kind < ONYM_BENCH_KINDS; kind++) {
        sum += tally->ends[kind][end];
    }
    return sum;
}
