#include "base/hex.h"
#include "base/utf8.h"
#include "tools/vectors.h"

#include <stdio.h>
#include <stdlib.h>

void
onym_put_int(json_t *object, const char *key, uint64_t number)
{
    json_object_set_new(object, key, json_integer((json_int_t)number));
}

void
onym_put_bool(json_t *object, const char *key, bool truth)
{
    json_object_set_new(object, key, json_boolean(truth));
}

void
onym_put_text(json_t *object, const char *key, onym_span text)
{
    if (onym_utf8_valid(text)) {
        json_object_set_new(object, key,
                            json_stringn(text.len > 0 ? (const char *)text.at : "", text.len));
    }
}

void
onym_put_hex(json_t *object, const char *key, onym_span bytes)
{
    char *hex = malloc(2 * bytes.len + 1);

    if (hex != NULL) {
        onym_hex_encode(bytes, hex);
        json_object_set_new(object, key, json_string(hex));
        free(hex);
    }
}

void
onym_put_version(json_t *object, const char *key, uint16_t version)
{
    json_object_set_new(object, key, json_sprintf("%d.%d", version >> 8, version & 0xFF));
}

/* "index:handle", as the files write references. */
json_t *
onym_references_json(struct onym_reference_list references)
{
    json_t *list = json_array();
    struct onym_reference ref;

    while (onym_reference_next(&references.raw, &ref)) {
        char front[16];
        int front_len = snprintf(front, sizeof front, "%u:", ref.index);
        char *text = malloc((size_t)front_len + ref.handle.len + 1);

        if (text != NULL) {
            memcpy(text, front, (size_t)front_len);
            if (ref.handle.len > 0) {
                memcpy(text + front_len, ref.handle.at, ref.handle.len);
            }
            json_array_append_new(list, json_stringn(text, (size_t)front_len + ref.handle.len));
            free(text);
        }
    }
    return list;
}

json_t *
onym_value_json(const struct onym_value *value)
{
    json_t *o = json_object();
    char permissions[5];

    for (unsigned i = 0; i < 4; i++) {
        permissions[i] = (value->permissions >> (3 - i) & 1) != 0 ? '1' : '0';
    }
    permissions[4] = '\0';
    onym_put_int(o, "index", value->index);
    onym_put_int(o, "timestamp", value->timestamp);
    onym_put_int(o, "ttlType", value->ttl_type);
    onym_put_int(o, "ttl", value->ttl);
    json_object_set_new(o, "perms_AR_AW_PR_PW", json_string(permissions));
    onym_put_text(o, "type", value->type);
    onym_put_text(o, "data_utf8", value->data);
    onym_put_hex(o, "data_hex", value->data);
    json_object_set_new(o, "references", onym_references_json(value->references));
    return o;
}

json_t *
onym_values_json(struct onym_value_list values)
{
    json_t *list = json_array();
    struct onym_value value;

    while (onym_value_next(&values.raw, &value)) {
        json_array_append_new(list, onym_value_json(&value));
    }
    return list;
}

bool
onym_hex_json(const json_t *text, uint8_t **bytes, size_t *len)
{
    onym_span hex = onym_span_of(json_string_value(text), json_string_length(text));
    uint8_t *out;

    if (!json_is_string(text)) {
        return false;
    }
    out = malloc(hex.len / 2 + 1);
    if (out == NULL || onym_hex_decode(hex, out, hex.len / 2, len) != ONYM_OK) {
        free(out);
        return false;
    }
    *bytes = out;
    return true;
}

bool
onym_hex_field(json_t *record, const char *key, uint8_t **bytes, size_t *len)
{
    return onym_hex_json(json_object_get(record, key), bytes, len);
}
