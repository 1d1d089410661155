#include "core/admit.h"

#include "base/hash.h"

#define SECOND_NS 1000000000U
#define BURST_MIN 16.0

void
onym_admit_init(struct onym_admit *admit, uint64_t seed, uint32_t per_second)
{
    memset(admit, 0, sizeof *admit);
    admit->seed = seed;
    admit->per_second = per_second;
}

void
onym_admit_exempt(struct onym_admit *admit, onym_span address, uint8_t bits)
{
    struct onym_admit_network *n;

    if (admit->exempt_count < ONYM_ADMIT_EXEMPT_MAX) {
        n = &admit->exempt[admit->exempt_count++];
        memcpy(n->address, address.at, address.len);
        n->len = (uint8_t)address.len;
        n->bits = bits;
    }
}

static bool
inside(const struct onym_admit_network *n, onym_span address)
{
    size_t whole = n->bits / 8U;
    unsigned rest = n->bits % 8U;

    if (n->len != address.len || memcmp(n->address, address.at, whole) != 0) {
        return false;
    }
    return rest == 0 || ((n->address[whole] ^ address.at[whole]) >> (8U - rest)) == 0;
}

static bool
exempt(const struct onym_admit *admit, onym_span address)
{
    for (size_t i = 0; i < admit->exempt_count; i++) {
        if (inside(&admit->exempt[i], address)) {
            return true;
        }
    }
    return false;
}

static uint64_t
network_of(const struct onym_admit *admit, onym_span address)
{
    uint64_t hash = onym_hash64(onym_span_front(address, address.len == 4 ? 3 : 8), admit->seed);

    return hash != 0 ? hash : 1;
}

static double
burst(const struct onym_admit *admit)
{
    double tenth = admit->per_second / 10.0;

    return tenth > BURST_MIN ? tenth : BURST_MIN;
}

static struct onym_admit_bucket *
bucket_for(struct onym_admit *admit, uint64_t network, uint64_t now_ns)
{
    struct onym_admit_bucket *set = admit->bucket[network % ONYM_ADMIT_SETS];
    struct onym_admit_bucket *oldest = &set[0];

    for (unsigned i = 0; i < ONYM_ADMIT_WAYS; i++) {
        if (set[i].network == network) {
            return &set[i];
        }
        if (set[i].filled_ns < oldest->filled_ns) {
            oldest = &set[i];
        }
    }
    *oldest = (struct onym_admit_bucket){
        .network = network, .filled_ns = now_ns, .tokens = burst(admit)};
    return oldest;
}

enum onym_admission
onym_admit_ask(struct onym_admit *admit, onym_span address, uint64_t now_ns)
{
    struct onym_admit_bucket *b;

    if (admit->per_second <= 0 || exempt(admit, address)) {
        return ONYM_ADMIT_ANSWER;
    }
    b = bucket_for(admit, network_of(admit, address), now_ns);
    b->tokens += (double)(now_ns - b->filled_ns) / SECOND_NS * admit->per_second;
    b->filled_ns = now_ns;
    if (b->tokens > burst(admit)) {
        b->tokens = burst(admit);
    }
    if (b->tokens >= 1.0) {
        b->tokens -= 1.0;
        return ONYM_ADMIT_ANSWER;
    }
    if (b->busy_told_ns == 0 || now_ns - b->busy_told_ns >= SECOND_NS) {
        b->busy_told_ns = now_ns;
        return ONYM_ADMIT_BUSY;
    }
    return ONYM_ADMIT_DROP;
}

void
onym_admit_charge(struct onym_admit *admit, onym_span address, uint32_t packets)
{
    uint64_t network = network_of(admit, address);
    struct onym_admit_bucket *set = admit->bucket[network % ONYM_ADMIT_SETS];

    for (unsigned i = 0; i < ONYM_ADMIT_WAYS && admit->per_second > 0; i++) {
        if (set[i].network == network) {
            set[i].tokens -= packets;
            return;
        }
    }
}
