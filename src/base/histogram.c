#include "base/histogram.h"

#include "base/require.h"

uint64_t
onym_histogram_slot_low(size_t slot)
{
    const size_t steps = (size_t)1 << ONYM_HISTOGRAM_STEP_BITS;
    size_t shift;

    ONYM_REQUIRE(slot < ONYM_HISTOGRAM_SLOTS);
    if (slot < 2 * steps) {
        return slot;
    }
    shift = slot / steps - 1;
    return (uint64_t)(steps + slot % steps) << shift;
}

uint64_t
onym_histogram_slot_high(size_t slot)
{
    return slot + 1 < ONYM_HISTOGRAM_SLOTS ? onym_histogram_slot_low(slot + 1) - 1
                                           : ONYM_HISTOGRAM_VALUE_MAX;
}

void
onym_histogram_merge(struct onym_histogram *into, const struct onym_histogram *from)
{
    for (size_t i = 0; i < ONYM_HISTOGRAM_SLOTS; i++) {
        onym_counter_add(&into->slot[i], onym_counter_get(&from->slot[i]));
    }
    onym_counter_add(&into->sum, onym_counter_get(&from->sum));
}

uint64_t
onym_histogram_count(const struct onym_histogram *h)
{
    uint64_t count = 0;

    for (size_t i = 0; i < ONYM_HISTOGRAM_SLOTS; i++) {
        count += onym_counter_get(&h->slot[i]);
    }
    return count;
}

uint64_t
onym_histogram_percentile(const struct onym_histogram *h, uint32_t per_million)
{
    const uint64_t million = 1000000;
    uint64_t count = onym_histogram_count(h);
    uint64_t part = per_million < million ? per_million : million;
    uint64_t wanted;
    uint64_t seen = 0;
    uint64_t value = 0;

    /* ceil(count * part / million) without leaving 64 bits, and at least the first one */
    wanted = count / million * part + (count % million * part + million - 1) / million;
    wanted = wanted > 0 ? wanted : 1;
    for (size_t i = 0; i < ONYM_HISTOGRAM_SLOTS && seen < wanted; i++) {
        uint64_t here = onym_counter_get(&h->slot[i]);

        if (here > 0) {
            seen += here;
            value = onym_histogram_slot_high(i);
        }
    }
    return value;
}

uint64_t
onym_histogram_cumulate(const struct onym_histogram *h, const uint64_t *bounds, size_t count,
                        uint64_t *at_most)
{
    uint64_t seen = 0;
    size_t next = 0;

    for (size_t i = 0; i < ONYM_HISTOGRAM_SLOTS; i++) {
        uint64_t here = onym_counter_get(&h->slot[i]);

        if (here == 0) {
            continue;
        }
        while (next < count && onym_histogram_slot_high(i) > bounds[next]) {
            at_most[next] += seen;
            next++;
        }
        seen += here;
    }
    for (; next < count; next++) {
        at_most[next] += seen;
    }
    return seen;
}
