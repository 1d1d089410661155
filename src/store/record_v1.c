#include "store/record_v1.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "base/writer.h"

#define VERSION      1U
#define CHECKSUM_LEN 8U
#define DIGEST_LEN   32U
#define NUMBER_MAX   (((uint64_t)1 << 48) - 1)
#define KEY_SEED     0x6F6E796D6B657931ULL /* so that a key never cancels an equal body */

onym_span
onym_record_key(enum onym_kind kind, onym_span folded, struct onym_digester *digester,
                uint8_t out[ONYM_KEY_LEN_MAX])
{
    out[0] = (uint8_t)kind;
    if (folded.len + 1 < ONYM_KEY_LEN_MAX) {
        if (folded.len > 0) {
            memcpy(out + 1, folded.at, folded.len);
        }
        return onym_span_of(out, folded.len + 1);
    }

    uint8_t digest[ONYM_DIGEST_BYTES_MAX];
    onym_span parts[2] = {onym_span_of(out, 1), folded};

    (void)onym_digest(digester, ONYM_SHA256, parts, 2, digest);
    memcpy(out + 1, folded.at, ONYM_KEY_LEN_MAX - DIGEST_LEN - 1);
    memcpy(out + ONYM_KEY_LEN_MAX - DIGEST_LEN, digest, DIGEST_LEN);
    return onym_span_of(out, ONYM_KEY_LEN_MAX);
}

/* The checksum of a stored record: body is everything after the checksum. */
static uint64_t
checksum_of(onym_span key, onym_span body)
{
    return onym_hash64(body, 0) ^ onym_hash64(key, KEY_SEED);
}

onym_span
onym_record_digested(onym_span stored)
{
    return onym_span_from(stored, CHECKSUM_LEN);
}

static uint64_t
get_u48(const uint8_t *at)
{
    return ((uint64_t)onym_get_u16(at) << 32) | onym_get_u32(at + 2);
}

enum onym_status
onym_record_v1_decode(onym_span key, onym_span stored, struct onym_record *out)
{
    const uint8_t *at = stored.at;

    if (stored.len < ONYM_RECORD_HEADER_LEN || at[8] != VERSION) {
        return ONYM_CORRUPT;
    }

    size_t owner_len = at[10];
    size_t name_len = onym_get_u16(at + 11);
    size_t public_len = onym_get_u32(at + 17);
    size_t body_len = stored.len - ONYM_RECORD_HEADER_LEN;

    if (name_len + owner_len > body_len || public_len > body_len - name_len - owner_len ||
        checksum_of(key, onym_span_from(stored, CHECKSUM_LEN)) != onym_get_u64(at)) {
        return ONYM_CORRUPT;
    }

    const uint8_t *name = at + ONYM_RECORD_HEADER_LEN;
    const uint8_t *values = name + name_len + owner_len;

    out->name = onym_span_of(name, name_len);
    out->owner = onym_span_of(name + name_len, owner_len);
    out->state = (enum onym_state)at[9];
    out->revision = get_u48(at + 21);
    out->created_ms = get_u48(at + 27);
    out->modified_ms = get_u48(at + 33);
    out->public_values = (struct onym_value_list){.raw = onym_span_of(values, public_len),
                                                  .count = onym_get_u16(at + 13)};
    out->private_values = (struct onym_value_list){
        .raw = onym_span_of(values + public_len, body_len - name_len - owner_len - public_len),
        .count = onym_get_u16(at + 15)};
    return ONYM_OK;
}

size_t
onym_record_v1_len(const struct onym_record *record)
{
    return ONYM_RECORD_HEADER_LEN + record->name.len + record->owner.len +
           record->public_values.raw.len + record->private_values.raw.len;
}

static bool
within_limits(const struct onym_record *r)
{
    return r->name.len <= ONYM_PREFIX_NAME_LEN_MAX && r->owner.len <= ONYM_OWNER_LEN_MAX &&
           r->public_values.count <= ONYM_VALUES_MAX &&
           r->private_values.count <= ONYM_VALUES_MAX - r->public_values.count &&
           r->public_values.raw.len <= ONYM_VALUES_LEN_MAX &&
           r->private_values.raw.len <= ONYM_VALUES_LEN_MAX - r->public_values.raw.len &&
           r->revision <= ONYM_REVISION_MAX && r->created_ms <= NUMBER_MAX &&
           r->modified_ms <= NUMBER_MAX;
}

enum onym_status
onym_record_v1_encode(onym_span key, const struct onym_record *r, uint8_t *out, size_t cap,
                      size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    if (!within_limits(r)) {
        return ONYM_INVALID;
    }
    onym_writer_u64(&w, 0);
    onym_writer_u8(&w, VERSION);
    onym_writer_u8(&w, (uint8_t)r->state);
    onym_writer_u8(&w, (uint8_t)r->owner.len);
    onym_writer_u16(&w, (uint16_t)r->name.len);
    onym_writer_u16(&w, (uint16_t)r->public_values.count);
    onym_writer_u16(&w, (uint16_t)r->private_values.count);
    onym_writer_u32(&w, (uint32_t)r->public_values.raw.len);
    onym_writer_u48(&w, r->revision);
    onym_writer_u48(&w, r->created_ms);
    onym_writer_u48(&w, r->modified_ms);
    onym_writer_bytes(&w, r->name);
    onym_writer_bytes(&w, r->owner);
    onym_writer_bytes(&w, r->public_values.raw);
    onym_writer_bytes(&w, r->private_values.raw);

    if (w.status == ONYM_OK) {
        onym_put_u64(out, checksum_of(key, onym_span_of(out + CHECKSUM_LEN, w.len - CHECKSUM_LEN)));
        *len = w.len;
    }
    return w.status;
}
