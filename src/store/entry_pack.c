#include "store/entry_pack.h"

#include "base/bytes.h"
#include "store/pack.h"

#define HEAD_LEN  9U
#define FRONT_LEN (HEAD_LEN + 5U)
#define AS_IT_IS  1U /* versions an entry begins with */
#define PACKED    2U

_Static_assert(ONYM_PACK_SLACK <= FRONT_LEN, "the other half of an entry has room for it");
_Static_assert(ONYM_ENTRY_PACKED_MAX == HEAD_LEN + ONYM_PACK_LEN_MAX, "what packing takes");

enum onym_status
onym_entry_pack(onym_span base, uint64_t distance, onym_span entry, uint8_t *out, size_t *len)
{
    size_t room = entry.len / 2;
    size_t packed;
    enum onym_status status;

    if (base.len < HEAD_LEN || distance == 0 || distance > ONYM_ENTRY_BASE_MAX ||
        room <= FRONT_LEN) {
        return ONYM_NO_SPACE;
    }
    status = onym_pack(onym_span_from(base, HEAD_LEN), onym_span_from(entry, HEAD_LEN),
                       out + FRONT_LEN, room - FRONT_LEN, &packed);
    if (status == ONYM_OK) {
        memcpy(out, entry.at, HEAD_LEN);
        out[0] = PACKED;
        out[HEAD_LEN] = (uint8_t)distance;
        onym_put_u32(out + HEAD_LEN + 1, (uint32_t)(entry.len - HEAD_LEN));
        *len = FRONT_LEN + packed;
    }
    return status;
}

uint64_t
onym_entry_base(onym_span stored)
{
    return stored.len > FRONT_LEN && stored.at[0] == PACKED ? stored.at[HEAD_LEN] : 0;
}

size_t
onym_entry_unpacked_len(onym_span stored)
{
    size_t len = onym_entry_base(stored) > 0 ? onym_get_u32(stored.at + HEAD_LEN + 1) : 0;

    return len > 0 && len <= ONYM_PACK_LEN_MAX ? HEAD_LEN + len : 0;
}

enum onym_status
onym_entry_unpack(onym_span base, onym_span stored, uint8_t *out)
{
    size_t len = onym_entry_unpacked_len(stored);

    if (len == 0 || base.len < HEAD_LEN || base.at[0] != AS_IT_IS) {
        return ONYM_CORRUPT;
    }
    memcpy(out, stored.at, HEAD_LEN);
    out[0] = AS_IT_IS;
    return onym_unpack(onym_span_from(base, HEAD_LEN), onym_span_from(stored, FRONT_LEN),
                       out + HEAD_LEN, len - HEAD_LEN);
}
