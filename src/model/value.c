#include "onym/model/value.h"

#include "base/reader.h"
#include "base/writer.h"
#include "onym/model/ident.h"

static void
read_references(struct onym_reader *r, struct onym_reference_list *out)
{
    uint32_t count = onym_reader_u32(r);
    const uint8_t *start = r->left.at;

    if (count > ONYM_COUNT_MAX) {
        onym_reader_fail(r, ONYM_MALFORMED);
    }
    for (uint32_t i = 0; i < count && r->status == ONYM_OK; i++) {
        (void)onym_reader_counted(r, ONYM_COUNT_MAX);
        (void)onym_reader_u32(r);
    }
    if (r->status == ONYM_OK) {
        *out = (struct onym_reference_list){
            .raw = onym_span_of(start, (size_t)(r->left.at - start)), .count = count};
    }
}

enum onym_status
onym_value_decode(onym_span *bytes, struct onym_value *out)
{
    struct onym_reader r = onym_reader_over(*bytes);
    struct onym_value v = {0};

    v.index = onym_reader_u32(&r);
    v.timestamp = onym_reader_u32(&r);
    v.ttl_type = onym_reader_u8(&r);
    v.ttl = onym_reader_u32(&r);
    v.permissions = onym_reader_u8(&r);
    v.type = onym_reader_counted(&r, ONYM_COUNT_MAX);
    v.data = onym_reader_counted(&r, ONYM_COUNT_MAX);
    read_references(&r, &v.references);

    if (r.status == ONYM_OK) {
        v.raw = onym_span_of(bytes->at, bytes->len - r.left.len);
        *bytes = r.left;
        *out = v;
    }
    return r.status;
}

size_t
onym_value_len(const struct onym_value *value)
{
    return ONYM_VALUE_LEN_MIN + value->type.len + value->data.len + value->references.raw.len;
}

enum onym_status
onym_value_encode(const struct onym_value *value, uint8_t *out, size_t cap, size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    onym_writer_u32(&w, value->index);
    onym_writer_u32(&w, value->timestamp);
    onym_writer_u8(&w, value->ttl_type);
    onym_writer_u32(&w, value->ttl);
    onym_writer_u8(&w, value->permissions);
    onym_writer_counted(&w, value->type);
    onym_writer_counted(&w, value->data);
    onym_writer_u32(&w, value->references.count);
    onym_writer_bytes(&w, value->references.raw);

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
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
