#include "core/homed.h"

#include "base/hash.h"

#define FRONT_LEN 5U /* of "0.NA/" */

static struct onym_homed_slot *
slot_of(struct onym_homed *homed, onym_span name)
{
    return &homed->slot[onym_hash64(name, 0) % ONYM_HOMED_SLOTS];
}

bool
onym_homed_has(struct onym_homed *homed, const struct onym_view *view, onym_span name)
{
    uint64_t generation = onym_view_generation(view);
    struct onym_homed_slot *slot;

    if (name.len > ONYM_HOMED_NAME_LEN_MAX) {
        return onym_view_has(view, ONYM_KIND_PREFIX, name);
    }
    slot = slot_of(homed, name);
    if (slot->generation != generation || slot->len != name.len ||
        memcmp(slot->name, name.at, name.len) != 0) {
        slot->generation = generation;
        slot->len = (uint8_t)name.len;
        memcpy(slot->name, name.at, name.len);
        slot->homed = onym_view_has(view, ONYM_KIND_PREFIX, name);
    }
    return slot->homed;
}

/* Whether the slot is of the snapshot and of the prefix in front of the first '/'. Prefixes hold no
 * '/', so that none of them ends at a later one. */
static bool
is_of(const struct onym_homed_slot *slot, uint64_t generation, onym_span folded)
{
    size_t len = slot->len - FRONT_LEN;

    return slot->generation == generation && folded.len > len && folded.at[len] == '/' &&
           memcmp(slot->name + FRONT_LEN, folded.at, len) == 0;
}

bool
onym_homed_covers(struct onym_homed *homed, const struct onym_view *view, onym_span folded)
{
    uint8_t record[ONYM_PREFIX_NAME_LEN_MAX];
    bool homed_here;
    onym_span name;

    if (is_of(&homed->last, onym_view_generation(view), folded)) {
        return homed->last.homed;
    }
    name = onym_ident_prefix_record(folded, record, sizeof record);
    homed_here = onym_homed_has(homed, view, name);
    if (name.len <= ONYM_HOMED_NAME_LEN_MAX) {
        homed->last = *slot_of(homed, name);
    }
    return homed_here;
}
