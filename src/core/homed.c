#include "core/homed.h"

#include "base/hash.h"

#define FRONT     "0.NA/"
#define FRONT_LEN (sizeof FRONT - 1)
#define SET_BITS  8U
#define WORD      sizeof(uint64_t)
#define MIX       UINT64_C(0x9E3779B97F4A7C15) /* 2^64 divided by the golden ratio */

_Static_assert(ONYM_HOMED_SETS == 1U << SET_BITS, "a set for each hash");

_Static_assert(sizeof(struct onym_homed_slot) == 64, "a slot is as large as a cache line");

static uint64_t
word_at(const uint8_t *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof word);
    return word;
}

/* Good enough for a few thousand prefixes, which differ in their ends. */
static struct onym_homed_slot *
set_of(struct onym_homed *homed, onym_span prefix)
{
    uint64_t mixed = prefix.len < WORD
                         ? onym_hash64(prefix, 0)
                         : word_at(prefix.at) ^ word_at(prefix.at + prefix.len - WORD) * MIX;

    return homed->slot[(mixed * MIX) >> (64 - SET_BITS)];
}

/* Of two words and less, the first and the last one are all there is. */
static bool
same(const uint8_t *a, const uint8_t *b, size_t len)
{
    if (len < WORD || len > 2 * WORD) {
        return memcmp(a, b, len) == 0;
    }
    return word_at(a) == word_at(b) && word_at(a + len - WORD) == word_at(b + len - WORD);
}

static bool
look_up(const struct onym_view *view, onym_span prefix)
{
    uint8_t name[FRONT_LEN + ONYM_PREFIX_NAME_LEN_MAX];

    if (prefix.len > ONYM_PREFIX_NAME_LEN_MAX - FRONT_LEN) {
        return false; /* no record has such a name */
    }
    memcpy(name, FRONT, FRONT_LEN);
    memcpy(name + FRONT_LEN, prefix.at, prefix.len);
    return onym_view_has(view, ONYM_KIND_PREFIX, onym_span_of(name, FRONT_LEN + prefix.len));
}

bool
onym_homed_prefix(struct onym_homed *homed, const struct onym_view *view, onym_span prefix)
{
    uint64_t changed = onym_marks_get_prefixes(onym_view_marks(view));
    struct onym_homed_slot *set;
    struct onym_homed_slot *oldest;

    if (prefix.len == 0 || prefix.len > ONYM_HOMED_PREFIX_MAX) {
        return look_up(view, prefix);
    }
    set = set_of(homed, prefix);
    oldest = set;
    for (unsigned i = 0; i < ONYM_HOMED_WAYS; i++) {
        if (set[i].len == prefix.len && set[i].generation >= changed &&
            same(set[i].prefix, prefix.at, prefix.len)) {
            return set[i].homed;
        }
        oldest = set[i].generation < oldest->generation ? &set[i] : oldest;
    }
    oldest->generation = onym_view_generation(view);
    oldest->len = (uint8_t)prefix.len;
    oldest->homed = look_up(view, prefix);
    memcpy(oldest->prefix, prefix.at, prefix.len);
    return oldest->homed;
}

bool
onym_homed_has(struct onym_homed *homed, const struct onym_view *view, onym_span name)
{
    return onym_homed_prefix(homed, view, onym_span_from(name, FRONT_LEN));
}
