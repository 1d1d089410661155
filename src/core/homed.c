#include "core/homed.h"

#include "base/hash.h"

bool
onym_homed_has(struct onym_homed *homed, const struct onym_view *view, onym_span name)
{
    uint64_t generation = onym_view_generation(view);
    struct onym_homed_slot *slot;

    if (name.len > ONYM_HOMED_NAME_LEN_MAX) {
        return onym_view_has(view, ONYM_KIND_PREFIX, name);
    }
    slot = &homed->slot[onym_hash64(name, 0) % ONYM_HOMED_SLOTS];
    if (slot->generation != generation || slot->len != name.len ||
        memcmp(slot->name, name.at, name.len) != 0) {
        slot->generation = generation;
        slot->len = (uint8_t)name.len;
        memcpy(slot->name, name.at, name.len);
        slot->homed = onym_view_has(view, ONYM_KIND_PREFIX, name);
    }
    return slot->homed;
}
