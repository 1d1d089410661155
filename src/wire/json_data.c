#include "wire/json_data.h"

#include "base/hex.h"
#include "base/writer.h"
#include "onym/model/hs_admin.h"
#include "onym/model/hs_vlist.h"
#include "wire/json_base64.h"
#include "wire/json_scan.h"

onym_span
onym_json_keep(struct onym_json *json, size_t mark, const uint8_t *at, size_t len)
{
    uint8_t *to = json->scratch + mark;

    memmove(to, at, len);
    json->scratch_len = mark + len;
    return onym_span_of(to, len);
}

uint8_t *
onym_json_take_list(struct onym_json *json, size_t *cap)
{
    *cap = (size_t)(json->end - json->at);
    return onym_json_take(json, *cap);
}

bool
onym_json_handle(struct onym_json *json, onym_span *out)
{
    onym_span name;

    if (!onym_json_string(json, &name)) {
        return false;
    }
    if (name.len > ONYM_NAME_LEN_MAX) {
        return onym_json_fail(json, "%zu bytes; expected at most %u", name.len, ONYM_NAME_LEN_MAX);
    }
    *out = name;
    return true;
}

/* An index: a number, or a string of digits as some clients send it. */
static bool
read_index(struct onym_json *json, uint32_t *out)
{
    int64_t number;
    onym_span text;

    if (onym_json_peek(json) != ONYM_JSON_STRING) {
        if (!onym_json_integer(json, 0, UINT32_MAX, &number)) {
            return false;
        }
        *out = (uint32_t)number;
        return true;
    }
    if (!onym_json_string(json, &text)) {
        return false;
    }
    number = text.len > 0 && text.len <= 10 ? 0 : -1;
    for (size_t i = 0; i < text.len && number >= 0; i++) {
        number = text.at[i] >= '0' && text.at[i] <= '9' ? number * 10 + (text.at[i] - '0') : -1;
    }
    if (number < 0 || number > (int64_t)UINT32_MAX) {
        return onym_json_fail(json, "\"%.*s\"; expected a number from 0 to 4294967295",
                              text.len < 20 ? (int)text.len : 20, (const char *)text.at);
    }
    *out = (uint32_t)number;
    return true;
}

/* One {"handle", "index"}. */
static bool
read_reference(struct onym_json *json, struct onym_reference *out)
{
    static const struct onym_json_name names[] = {ONYM_JSON_NAME("handle"),
                                                  ONYM_JSON_NAME("index")};
    struct onym_reference ref = {0};
    uint32_t seen = 0;
    int member;

    if (!onym_json_object(json)) {
        return false;
    }
    while ((member = onym_json_member(json, names, 2, &seen)) >= 0) {
        (void)(member == 0 ? onym_json_handle(json, &ref.handle) : read_index(json, &ref.index));
    }
    if (!json->failed && seen != 3) {
        return onym_json_fail(json, "a member is missing; expected \"handle\" and \"index\"");
    }
    *out = ref;
    return !json->failed;
}

bool
onym_json_references(struct onym_json *json, struct onym_reference_list *out)
{
    size_t mark = json->scratch_len;
    size_t cap;
    uint8_t *at = onym_json_take_list(json, &cap);
    struct onym_writer w;
    struct onym_reference ref = {0};
    uint32_t count = 0;

    if (at == NULL || !onym_json_array(json)) {
        return false;
    }
    w = onym_writer_over(at, cap);
    while (onym_json_item(json)) {
        if (!read_reference(json, &ref)) {
            return false;
        }
        onym_writer_counted(&w, ref.handle);
        onym_writer_u32(&w, ref.index);
        count++;
    }
    if (json->failed || w.status != ONYM_OK || count > ONYM_COUNT_MAX) {
        return onym_json_fail(json, "too long");
    }
    *out = (struct onym_reference_list){.raw = onym_json_keep(json, mark, at, w.len),
                                        .count = count};
    return true;
}

bool
onym_json_vlist(struct onym_json *json, onym_span *out)
{
    size_t mark = json->scratch_len;
    struct onym_reference_list list = {0};
    size_t len;

    if (!onym_json_references(json, &list)) {
        return false;
    }
    uint8_t *at = onym_json_take(json, list.raw.len + 4);

    if (at == NULL || onym_hs_vlist_encode(&list, at, list.raw.len + 4, &len) != ONYM_OK) {
        return onym_json_fail(json, "too long");
    }
    *out = onym_json_keep(json, mark, at, len);
    return true;
}

/* What an administrator may do: binary digits, most significant first, "*", a number or a bool. */
static bool
read_admin_permissions(struct onym_json *json, uint16_t *out)
{
    enum onym_json_kind kind = onym_json_peek(json);
    onym_span text;
    int64_t number = 0;
    bool all = false;

    if (kind == ONYM_JSON_NUMBER) {
        if (!onym_json_integer(json, 0, UINT16_MAX, &number)) {
            return false;
        }
    } else if (kind == ONYM_JSON_BOOL) {
        if (!onym_json_bool(json, &all)) {
            return false;
        }
    } else if (kind == ONYM_JSON_ARRAY) { /* nobody says at which end the array begins */
        return onym_json_fail(json, "an array; expected 12 binary digits, list-handles first");
    } else {
        if (!onym_json_string(json, &text)) {
            return false;
        }
        all = onym_span_equal(text, onym_span_text("*"));
        for (size_t i = 0; i < text.len && !all; i++) {
            if (text.len > 16 || (text.at[i] != '0' && text.at[i] != '1')) {
                return onym_json_fail(json, "\"%.*s\"; expected 12 binary digits",
                                      text.len < 20 ? (int)text.len : 20, (const char *)text.at);
            }
            number = number * 2 + (text.at[i] - '0');
        }
    }
    *out = all ? ONYM_ADMIN_ALL : (uint16_t)number;
    return true;
}

bool
onym_json_admin(struct onym_json *json, onym_span *out)
{
    static const struct onym_json_name names[] = {ONYM_JSON_NAME("handle"), ONYM_JSON_NAME("index"),
                                                  ONYM_JSON_NAME("permissions"),
                                                  ONYM_JSON_NAME("legacyByteLength")};
    size_t mark = json->scratch_len;
    struct onym_hs_admin admin = {0};
    bool legacy = false;
    uint32_t seen = 0;
    int member;

    if (!onym_json_object(json)) {
        return false;
    }
    while ((member = onym_json_member(json, names, 4, &seen)) >= 0) {
        (void)(member == 0   ? onym_json_handle(json, &admin.handle)
               : member == 1 ? read_index(json, &admin.index)
               : member == 2 ? read_admin_permissions(json, &admin.permissions)
                             : onym_json_bool(json, &legacy));
    }
    if (!json->failed && (seen & 7) != 7) {
        return onym_json_fail(
            json, "a member is missing; expected \"handle\", \"index\" and \"permissions\"");
    }

    size_t cap = admin.handle.len + 12;
    uint8_t *at = json->failed ? NULL : onym_json_take(json, cap);
    size_t len = 0;

    if (at == NULL || onym_hs_admin_encode(&admin, at, cap - 2, &len) != ONYM_OK) {
        return onym_json_fail(json, "too long");
    }
    if (legacy) {
        memset(at + len, 0, 2);
        len += 2;
    }
    *out = onym_json_keep(json, mark, at, len);
    return true;
}

static bool
read_base64(struct onym_json *json, onym_span *out)
{
    size_t mark = json->scratch_len;
    onym_span text;
    size_t len = 0;

    if (!onym_json_string(json, &text)) {
        return false;
    }
    uint8_t *at = onym_json_take(json, text.len / 4 * 3 + 2);

    if (at == NULL || onym_base64_decode(ONYM_BASE64_STANDARD, text, at, &len) != ONYM_OK) {
        return onym_json_fail(json, "not base64; expected A-Z a-z 0-9 + / with = at the end");
    }
    *out = onym_json_keep(json, mark, at, len);
    return true;
}

static bool
read_hex(struct onym_json *json, onym_span *out)
{
    size_t mark = json->scratch_len;
    onym_span text;
    size_t len = 0;

    if (!onym_json_string(json, &text)) {
        return false;
    }
    uint8_t *at = onym_json_take(json, text.len / 2);

    if (at == NULL || onym_hex_decode(text, at, text.len / 2, &len) != ONYM_OK) {
        return onym_json_fail(json, "not hexadecimal; expected an even number of digits");
    }
    *out = onym_json_keep(json, mark, at, len);
    return true;
}

struct format {
    struct onym_json_name name;
    bool (*read)(struct onym_json *json, onym_span *out);
};

static bool
read_format(struct onym_json *json, const struct format *formats, unsigned count,
            const struct format **out)
{
    onym_span text;

    if (!onym_json_string(json, &text)) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        if (text.len == formats[i].name.len &&
            onym_json_same(text.at, (const uint8_t *)formats[i].name.text, text.len)) {
            *out = &formats[i];
            return true;
        }
    }
    return onym_json_fail(json, "\"%.*s\"; expected string, base64, hex, key%s",
                          text.len < 20 ? (int)text.len : 20, (const char *)text.at,
                          count > 4 ? ", admin, vlist or site" : "");
}

/* What nearly all data looks like, taken as one piece: text without escapes, as programs write it.
 * False, and nothing has happened, for anything else. */
static bool
take_plain(struct onym_json *json, onym_span *out)
{
    static const char front[] = "{\"format\":\"string\",\"value\":\"";
    const size_t front_len = sizeof front - 1;
    const uint8_t *start;
    const uint8_t *p;

    if ((size_t)(json->end - json->at) < front_len ||
        !onym_json_same(json->at, (const uint8_t *)front, front_len)) {
        return false;
    }
    start = json->at + front_len;
    p = onym_json_plain_end(start, json->end);
    if (json->end - p < 2 || p[0] != '"' || p[1] != '}') {
        return false;
    }
    *out = onym_span_of(start, (size_t)(p - start));
    json->at = p + 2;
    return true;
}

/* The value may come before its format: then it is read a second time when that is known. */
static bool
read_data(struct onym_json *json, const struct format *formats, unsigned count, onym_span *out)
{
    static const struct onym_json_name names[] = {ONYM_JSON_NAME("format"),
                                                  ONYM_JSON_NAME("value")};
    const struct format *format = NULL;
    const uint8_t *skipped = NULL;
    uint32_t seen = 0;
    int member;

    if (take_plain(json, out)) {
        return true;
    }
    if (onym_json_peek(json) == ONYM_JSON_STRING) {
        return onym_json_string(json, out);
    }
    if (!onym_json_object(json)) {
        return false;
    }
    while ((member = onym_json_member(json, names, 2, &seen)) >= 0) {
        if (member == 0) {
            (void)read_format(json, formats, count, &format);
        } else if (format != NULL) {
            (void)format->read(json, out);
        } else {
            skipped = json->at;
            (void)onym_json_skip(json);
        }
    }
    if (!json->failed && seen != 3) {
        return onym_json_fail(json, "a member is missing; expected \"format\" and \"value\"");
    }
    if (skipped != NULL && format != NULL && !json->failed) {
        const uint8_t *behind = json->at;

        onym_json_seek(json, skipped);
        (void)format->read(json, out);
        onym_json_seek(json, behind);
    }
    return !json->failed;
}

bool
onym_json_key_data(struct onym_json *json, onym_span *out)
{
    static const struct format formats[] = {{ONYM_JSON_NAME("string"), onym_json_string},
                                            {ONYM_JSON_NAME("base64"), read_base64},
                                            {ONYM_JSON_NAME("hex"), read_hex},
                                            {ONYM_JSON_NAME("key"), onym_json_key}};

    return read_data(json, formats, 4, out);
}

bool
onym_json_data(struct onym_json *json, onym_span *out)
{
    static const struct format formats[] = {
        {ONYM_JSON_NAME("string"), onym_json_string}, {ONYM_JSON_NAME("base64"), read_base64},
        {ONYM_JSON_NAME("admin"), onym_json_admin},   {ONYM_JSON_NAME("hex"), read_hex},
        {ONYM_JSON_NAME("vlist"), onym_json_vlist},   {ONYM_JSON_NAME("site"), onym_json_site},
        {ONYM_JSON_NAME("key"), onym_json_key}};

    return read_data(json, formats, 7, out);
}
