/* A log-linear histogram of durations in nanoseconds: every power of two is cut into 128 equal
 * steps, so a value is known to within 1/128 (0.8 %) over the whole range and recording is one
 * index computation and one add. Values from 2^42 ns (73 minutes) on are kept as the greatest.
 * It serves the node's metrics and the load tool.
 *
 * One thread writes; any thread may read at the same time and sees every counter at some recent
 * value (relaxed atomics, no lock). About 37 KiB, of which a steady load touches a few lines. */
#ifndef ONYM_BASE_HISTOGRAM_H
#define ONYM_BASE_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define ONYM_HISTOGRAM_STEP_BITS  7U
#define ONYM_HISTOGRAM_RANGE_BITS 42U
#define ONYM_HISTOGRAM_VALUE_MAX  (((uint64_t)1 << ONYM_HISTOGRAM_RANGE_BITS) - 1U)
/* The first 2^7 values one by one, then 2^7 steps for each of the powers 7..41. */
#define ONYM_HISTOGRAM_SLOTS                                                                       \
    ((ONYM_HISTOGRAM_RANGE_BITS - ONYM_HISTOGRAM_STEP_BITS + 1U) << ONYM_HISTOGRAM_STEP_BITS)

/* All zero is the empty histogram. */
struct onym_histogram {
    uint64_t slot[ONYM_HISTOGRAM_SLOTS];
    uint64_t sum; /* of all recorded values as given, saturated ones included; wraps at 2^64 */
};

/* The one writer's add; readers use onym_counter_get. Neither needs a locked instruction. */
static inline void
onym_counter_add(uint64_t *counter, uint64_t n)
{
    __atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

static inline uint64_t
onym_counter_get(const uint64_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* The slot of a value, in [0, ONYM_HISTOGRAM_SLOTS). */
static inline size_t
onym_histogram_slot(uint64_t value)
{
    unsigned shift;

    value = value < ONYM_HISTOGRAM_VALUE_MAX ? value : ONYM_HISTOGRAM_VALUE_MAX;
    if (value < (uint64_t)1 << ONYM_HISTOGRAM_STEP_BITS) {
        return (size_t)value;
    }
    shift = 63U - ONYM_HISTOGRAM_STEP_BITS - (unsigned)__builtin_clzll(value);
    return ((size_t)shift << ONYM_HISTOGRAM_STEP_BITS) + (size_t)(value >> shift);
}

/* Records n observations of value. */
static inline void
onym_histogram_record(struct onym_histogram *h, uint64_t value, uint64_t n)
{
    onym_counter_add(&h->slot[onym_histogram_slot(value)], n);
    onym_counter_add(&h->sum, value * n);
}

/* The least and the greatest value a slot stands for; slot < ONYM_HISTOGRAM_SLOTS. */
uint64_t onym_histogram_slot_low(size_t slot);
uint64_t onym_histogram_slot_high(size_t slot);

/* Adds all of from to into. into is written by the caller's thread only. */
void onym_histogram_merge(struct onym_histogram *into, const struct onym_histogram *from);

/* How many observations there are. */
uint64_t onym_histogram_count(const struct onym_histogram *h);

/* The value that `per_million` of a million observations do not exceed (500000 is the median,
 * 999000 the 99.9th percentile, 1000000 the maximum), as the greatest value of its slot: never
 * below the true one, at most 1/128 above. 0 for an empty histogram. per_million above 1000000
 * counts as 1000000. */
uint64_t onym_histogram_percentile(const struct onym_histogram *h, uint32_t per_million);

/* For each of `bounds` (ascending, count of them) adds to at_most[i] the observations not above
 * bounds[i]; a slot that a bound cuts counts as above it. Returns all observations of the same
 * pass, so that the figures fit together while the writer goes on. */
uint64_t onym_histogram_cumulate(const struct onym_histogram *h, const uint64_t *bounds,
                                 size_t count, uint64_t *at_most);

#endif
