#include "onym/model/value.h"

#include "base/bytes.h"
#include "base/reader.h"
#include "onym/model/ident.h"

/* Where the fields of the byte form stand. */
#define AT_TIMESTAMP   4U
#define AT_TTL_TYPE    8U
#define AT_TTL         9U
#define AT_PERMISSIONS 13U
#define AT_TYPE        14U

/* Bytes that count references at the front of `bytes` take; false: they do not fit. */
static bool
references_len(onym_span bytes, uint32_t count, size_t *len)
{
    struct onym_reader r = onym_reader_over(bytes);

    for (uint32_t i = 0; i < count && r.status == ONYM_OK; i++) {
        (void)onym_reader_counted(&r, ONYM_COUNT_MAX);
        (void)onym_reader_u32(&r);
    }
    *len = bytes.len - r.left.len;
    return r.status == ONYM_OK;
}

/* Every row of an import is decoded several times: its lengths are compared with what is left, and
 * each field is read and written once. */
enum onym_status
onym_value_decode(onym_span *bytes, struct onym_value *out)
{
    const uint8_t *at = bytes->at;
    size_t left = bytes->len - ONYM_VALUE_LEN_MIN; /* for type, data and references */
    size_t references = 0;
    uint32_t type;
    uint32_t data;
    uint32_t count;

    if (bytes->len < ONYM_VALUE_LEN_MIN) {
        return ONYM_MALFORMED;
    }
    type = onym_get_u32(at + AT_TYPE);
    if (type > ONYM_COUNT_MAX || type > left) {
        return ONYM_MALFORMED;
    }
    left -= type;
    data = onym_get_u32(at + AT_TYPE + 4 + type);
    if (data > ONYM_COUNT_MAX || data > left) {
        return ONYM_MALFORMED;
    }
    left -= data;
    at += ONYM_VALUE_LEN_MIN + type + data; /* where references begin */
    count = onym_get_u32(at - 4);
    if (count > 0 &&
        (count > ONYM_COUNT_MAX || !references_len(onym_span_of(at, left), count, &references))) {
        return ONYM_MALFORMED;
    }
    out->references.raw = onym_span_of(at, references);
    out->references.count = count;
    at = bytes->at;
    out->index = onym_get_u32(at);
    out->timestamp = onym_get_u32(at + AT_TIMESTAMP);
    out->ttl_type = at[AT_TTL_TYPE];
    out->ttl = onym_get_u32(at + AT_TTL);
    out->permissions = at[AT_PERMISSIONS];
    out->type = onym_span_of(at + AT_TYPE + 4, type);
    out->data = onym_span_of(at + AT_TYPE + 8 + type, data);
    out->raw = onym_span_of(at, ONYM_VALUE_LEN_MIN + type + data + references);
    *bytes = onym_span_of(at + out->raw.len, left - references);
    return ONYM_OK;
}

size_t
onym_value_len(const struct onym_value *value)
{
    return ONYM_VALUE_LEN_MIN + value->type.len + value->data.len + value->references.raw.len;
}

/* A u4 length and the bytes; returns the place behind. */
static uint8_t *
put_counted(uint8_t *out, onym_span bytes)
{
    onym_put_u32(out, (uint32_t)bytes.len);
    if (bytes.len > 0) {
        memcpy(out + 4, bytes.at, bytes.len);
    }
    return out + 4 + bytes.len;
}

enum onym_status
onym_value_encode(const struct onym_value *value, uint8_t *out, size_t cap, size_t *len)
{
    onym_span references = value->references.raw;

    if (onym_value_len(value) > cap) {
        return ONYM_NO_SPACE;
    }
    *len = onym_value_len(value);
    onym_put_u32(out, value->index);
    onym_put_u32(out + AT_TIMESTAMP, value->timestamp);
    out[AT_TTL_TYPE] = value->ttl_type;
    onym_put_u32(out + AT_TTL, value->ttl);
    out[AT_PERMISSIONS] = value->permissions;
    out = put_counted(out + AT_TYPE, value->type);
    out = put_counted(out, value->data);
    onym_put_u32(out, value->references.count);
    if (references.len > 0) {
        memcpy(out + 4, references.at, references.len);
    }
    return ONYM_OK;
}

enum onym_status
onym_value_list_check(struct onym_value_list list)
{
    struct onym_value value;

    if (list.count > ONYM_VALUES_MAX) {
        return ONYM_MALFORMED;
    }
    for (uint32_t i = 0; i < list.count; i++) {
        enum onym_status status = onym_value_decode(&list.raw, &value);

        if (status != ONYM_OK) {
            return status;
        }
    }
    return list.raw.len == 0 ? ONYM_OK : ONYM_MALFORMED;
}

bool
onym_value_next(onym_span *cursor, struct onym_value *out)
{
    return cursor->len > 0 && onym_value_decode(cursor, out) == ONYM_OK;
}

bool
onym_reference_next(onym_span *cursor, struct onym_reference *out)
{
    struct onym_reader r = onym_reader_over(*cursor);
    struct onym_reference ref;

    if (cursor->len == 0) {
        return false;
    }
    ref.handle = onym_reader_counted(&r, ONYM_COUNT_MAX);
    ref.index = onym_reader_u32(&r);
    if (r.status != ONYM_OK) {
        return false;
    }
    *cursor = r.left;
    *out = ref;
    return true;
}

bool
onym_type_matches(onym_span wanted, onym_span type)
{
    if (wanted.len > 0 && wanted.at[wanted.len - 1] == '.') {
        if (type.len >= wanted.len) {
            return onym_text_equal_nocase(wanted, onym_span_front(type, wanted.len));
        }
        wanted.len -= 1;
    }
    return onym_text_equal_nocase(wanted, type);
}
