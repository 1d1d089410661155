#include "wire/fields.h"

struct onym_u32_list
onym_fields_indexes(struct onym_reader *r)
{
    struct onym_u32_list list = {.count = onym_reader_u32(r)};

    if (list.count > ONYM_COUNT_MAX) {
        onym_reader_fail(r, ONYM_MALFORMED);
    }
    list.raw = onym_reader_bytes(r, (size_t)list.count * 4);
    return list;
}

struct onym_text_list
onym_fields_texts(struct onym_reader *r)
{
    struct onym_text_list list = {.count = onym_reader_u32(r)};
    onym_span start = r->left;

    if (list.count > ONYM_COUNT_MAX) {
        onym_reader_fail(r, ONYM_MALFORMED);
    }
    for (uint32_t i = 0; i < list.count && r->status == ONYM_OK; i++) {
        (void)onym_reader_counted(r, ONYM_COUNT_MAX);
    }
    list.raw = onym_span_front(start, start.len - r->left.len);
    return list;
}

struct onym_value_list
onym_fields_values(struct onym_reader *r)
{
    struct onym_value_list list = {.count = onym_reader_u32(r)};
    onym_span start = r->left;
    struct onym_value value;

    if (list.count > ONYM_VALUES_MAX) {
        onym_reader_fail(r, ONYM_MALFORMED);
    }
    for (uint32_t i = 0; i < list.count && r->status == ONYM_OK; i++) {
        enum onym_status status = onym_value_decode(&r->left, &value);

        if (status != ONYM_OK) {
            onym_reader_fail(r, status);
        }
    }
    list.raw = onym_span_front(start, start.len - r->left.len);
    return list;
}
