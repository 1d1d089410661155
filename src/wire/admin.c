#include "wire/admin.h"

#include "base/reader.h"
#include "base/writer.h"
#include "wire/fields.h"

enum onym_status
onym_admin_name_decode(onym_span *body, onym_span *out)
{
    struct onym_reader r = onym_reader_over(*body);
    onym_span name = onym_reader_counted(&r, ONYM_NAME_LEN_MAX);

    if (r.status == ONYM_OK) {
        *body = r.left;
        *out = name;
    }
    return r.status;
}

enum onym_status
onym_admin_name_encode(onym_span name, uint8_t *out, size_t cap, size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    onym_writer_counted(&w, name);

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}

enum onym_status
onym_admin_values_decode(onym_span *body, struct onym_admin_values *out)
{
    struct onym_reader r = onym_reader_over(*body);
    struct onym_admin_values found = {0};

    found.name = onym_reader_counted(&r, ONYM_NAME_LEN_MAX);
    found.values = onym_fields_values(&r);

    if (r.status == ONYM_OK) {
        *body = r.left;
        *out = found;
    }
    return r.status;
}

enum onym_status
onym_admin_values_encode(const struct onym_admin_values *values, uint8_t *out, size_t cap,
                         size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    onym_writer_counted(&w, values->name);
    onym_writer_u32(&w, values->values.count);
    onym_writer_bytes(&w, values->values.raw);

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}

enum onym_status
onym_admin_indexes_decode(onym_span *body, struct onym_admin_indexes *out)
{
    struct onym_reader r = onym_reader_over(*body);
    struct onym_admin_indexes found = {0};

    found.name = onym_reader_counted(&r, ONYM_NAME_LEN_MAX);
    found.indexes = onym_fields_indexes(&r);

    if (r.status == ONYM_OK) {
        *body = r.left;
        *out = found;
    }
    return r.status;
}

enum onym_status
onym_admin_indexes_encode(const struct onym_admin_indexes *indexes, uint8_t *out, size_t cap,
                          size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    onym_writer_counted(&w, indexes->name);
    onym_writer_u32(&w, indexes->indexes.count);
    onym_writer_bytes(&w, indexes->indexes.raw);

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}

enum onym_status
onym_admin_names_decode(onym_span *body, struct onym_text_list *out)
{
    struct onym_reader r = onym_reader_over(*body);
    struct onym_text_list names = onym_fields_texts(&r);

    if (r.status == ONYM_OK) {
        *body = r.left;
        *out = names;
    }
    return r.status;
}

enum onym_status
onym_admin_names_encode(const struct onym_text_list *names, uint8_t *out, size_t cap, size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);

    onym_writer_u32(&w, names->count);
    onym_writer_bytes(&w, names->raw);

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}
