/* Records and values written as JSON. */
#include "wire/json_write.h"
#include "base/utf8.h"
#include "onym/model/hs_admin.h"
#include "onym/model/hs_site.h"
#include "onym/model/hs_vlist.h"
#include "onym/model/ident.h"
#include "wire/json_base64.h"
#include "wire/json_record.h"
#include "wire/json_scan.h"
#include "wire/json_time.h"

#include <stdarg.h>
#include <stdio.h>

#define DIGITS_MAX 20U  /* of 2^64 - 1 */
#define USUAL_ROOM 160U /* for all of a usual value but its type and data */

/* A literal, copied by the compiler. */
#define PUT(at, text) put_text(at, text, sizeof(text) - 1)

/* Digits at `at`, without a call or a check; returns the place behind them. */
static inline uint8_t *
put_digits(uint8_t *at, uint64_t number)
{
    unsigned count = 1;
    uint8_t *end;

    for (uint64_t least = 10; count < DIGITS_MAX && number >= least; least *= 10) {
        count++;
    }
    end = at + count;
    for (uint8_t *digit = end; digit > at; number /= 10) {
        *--digit = (uint8_t)('0' + number % 10);
    }
    return end;
}

void
onym_json_put_u64(struct onym_writer *w, uint64_t number)
{
    uint8_t text[DIGITS_MAX];

    onym_writer_bytes(w, onym_span_of(text, (size_t)(put_digits(text, number) - text)));
}

static void
put_escape(struct onym_writer *w, uint8_t c)
{
    static const char from[] = "\"\\\b\f\n\r\t";
    static const char to[] = "\"\\bfnrt";
    const char *found = c != 0 ? strchr(from, c) : NULL;
    char text[8];

    if (found != NULL) {
        onym_writer_u8(w, '\\');
        onym_writer_u8(w, (uint8_t)to[found - from]);
    } else {
        (void)snprintf(text, sizeof text, "\\u%04x", c);
        onym_json_put(w, text);
    }
}

/* The part at the front of text that JSON takes as it is. */
static onym_span
plain_front(onym_span text)
{
    const uint8_t *end = text.at + text.len;

    return onym_span_front(text, (size_t)(onym_json_plain_end(text.at, end) - text.at));
}

void
onym_json_put_string(struct onym_writer *w, onym_span text)
{
    onym_writer_u8(w, '"');
    while (text.len > 0) {
        onym_span plain = plain_front(text);

        onym_writer_bytes(w, plain);
        text = onym_span_from(text, plain.len);
        if (text.len == 0) {
            break;
        }
        if (text.at[0] < 0x80) {
            put_escape(w, text.at[0]);
        } else {
            onym_json_put(w, "\xEF\xBF\xBD"); /* U+FFFD for a byte that is no character */
        }
        text = onym_span_from(text, 1);
    }
    onym_writer_u8(w, '"');
}

void
onym_json_put_base64(struct onym_writer *w, enum onym_base64 kind, onym_span bytes)
{
    uint8_t *at;

    onym_writer_u8(w, '"');
    at = onym_writer_take(w, onym_base64_encoded_len(kind, bytes.len));
    if (at != NULL) {
        onym_base64_encode(kind, bytes, (char *)at);
    }
    onym_writer_u8(w, '"');
}

static void
put_time(struct onym_writer *w, struct onym_time_memo *times, uint64_t epoch_ms)
{
    onym_writer_u8(w, '"');
    onym_json_put(w, onym_time_text(times, epoch_ms));
    onym_writer_u8(w, '"');
}

void
onym_json_put_references(struct onym_writer *w, onym_span raw)
{
    struct onym_reference ref;
    const char *before = "[{\"handle\":";

    if (raw.len == 0) {
        onym_writer_u8(w, '[');
    }
    while (onym_reference_next(&raw, &ref)) {
        onym_json_put(w, before);
        onym_json_put_string(w, ref.handle);
        onym_json_put(w, ",\"index\":");
        onym_json_put_u64(w, ref.index);
        onym_writer_u8(w, '}');
        before = ",{\"handle\":";
    }
    onym_writer_u8(w, ']');
}

/* Text as people write it: valid UTF-8 without control characters but tab and line ends. */
static bool
is_text(onym_span data)
{
    for (size_t i = 0; i < data.len; i++) {
        uint8_t c = data.at[i];

        if (c < 0x20 && c != '\t' && c != '\n' && c != '\r') {
            return false;
        }
    }
    return onym_utf8_valid(data);
}

bool
onym_json_is_prefix_record(onym_span name)
{
    return name.len > 5 &&
           onym_text_equal_nocase(onym_span_front(name, 5), onym_span_text("0.NA/"));
}

static bool
put_admin(struct onym_writer *w, onym_span data)
{
    struct onym_hs_admin admin;

    if (onym_hs_admin_decode(data, &admin) != ONYM_OK || admin.permissions > ONYM_ADMIN_ALL ||
        !onym_utf8_valid(admin.handle)) {
        return false;
    }
    onym_json_put(w, "{\"format\":\"admin\",\"value\":{\"handle\":");
    onym_json_put_string(w, admin.handle);
    onym_json_put(w, ",\"index\":");
    onym_json_put_u64(w, admin.index);
    onym_json_put(w, ",\"permissions\":\"");
    for (unsigned bit = 1U << 11; bit != 0; bit >>= 1) {
        onym_writer_u8(w, (admin.permissions & bit) != 0 ? '1' : '0');
    }
    onym_json_put(w, admin.legacy_tail ? "\",\"legacyByteLength\":true}}" : "\"}}");
    return true;
}

static bool
put_vlist(struct onym_writer *w, onym_span data)
{
    struct onym_reference_list list;
    struct onym_reference ref;
    onym_span cursor;

    if (onym_hs_vlist_decode(data, &list) != ONYM_OK) {
        return false;
    }
    cursor = list.raw;
    while (onym_reference_next(&cursor, &ref)) {
        if (!onym_utf8_valid(ref.handle)) {
            return false;
        }
    }
    onym_json_put(w, "{\"format\":\"vlist\",\"value\":");
    onym_json_put_references(w, list.raw);
    onym_writer_u8(w, '}');
    return true;
}

/* Whether the type may be one whose data has a form of its own. */
static bool
is_structured(onym_span type)
{
    return type.len >= 6 && onym_text_equal_nocase(onym_span_front(type, 3), onym_span_text("HS_"));
}

static bool
put_structured(struct onym_writer *w, const struct onym_value *value)
{
    onym_span type = value->type;

    if (!is_structured(type)) {
        return false;
    }
    if (onym_text_equal_nocase(type, onym_span_text("HS_ADMIN"))) {
        return put_admin(w, value->data);
    }
    if (onym_text_equal_nocase(type, onym_span_text("HS_VLIST"))) {
        return put_vlist(w, value->data);
    }
    if (onym_type_matches(onym_span_text("HS_SITE."), type)) {
        return onym_json_put_site(w, value->data);
    }
    return onym_text_equal_nocase(type, onym_span_text("HS_PUBKEY")) &&
           onym_json_put_key(w, value->data);
}

void
onym_json_put_data(struct onym_writer *w, onym_span data)
{
    /* nearly all of it: text without escapes, looked at once */
    if (data.len > 0 && plain_front(data).len == data.len) {
        onym_json_put(w, "{\"format\":\"string\",\"value\":\"");
        onym_writer_bytes(w, data);
        onym_writer_u8(w, '"');
    } else if (is_text(data)) {
        onym_json_put(w, "{\"format\":\"string\",\"value\":");
        onym_json_put_string(w, data);
    } else {
        onym_json_put(w, "{\"format\":\"base64\",\"value\":");
        onym_json_put_base64(w, ONYM_BASE64_STANDARD, data);
    }
    onym_writer_u8(w, '}');
}

static void
put_permissions(struct onym_writer *w, uint8_t permissions)
{
    onym_json_put(w, ",\"permissions\":\"");
    for (unsigned bit = ONYM_PERM_ADMIN_READ; bit != 0; bit >>= 1) {
        onym_writer_u8(w, (permissions & bit) != 0 ? '1' : '0');
    }
    onym_writer_u8(w, '"');
}

/* ---- values ---- */

static uint8_t *
put_text(uint8_t *at, const char *text, size_t len)
{
    memcpy(at, text, len);
    return at + len;
}

/* Copies text that needs no escape; NULL for any other. */
static uint8_t *
put_plain(uint8_t *at, onym_span text)
{
    uint8_t *behind = onym_json_copy_ascii(at, text.at, text.len);

    if (behind == NULL && plain_front(text).len == text.len) {
        memcpy(at, text.at, text.len);
        behind = at + text.len;
    }
    return behind;
}

/* A value as nearly all are: a type and data without escapes, seconds to live, the usual
 * permissions and no references. The room is looked at once. False, and nothing is written, for
 * any other. */
static bool
write_usual(struct onym_writer *w, const struct onym_value *value, bool stamped,
            struct onym_time_memo *times)
{
    uint8_t *at = w->at + w->len;

    if (value->ttl_type != ONYM_TTL_RELATIVE || (value->permissions & 15U) != ONYM_PERM_DEFAULT ||
        value->references.count > 0 || is_structured(value->type) || w->status != ONYM_OK ||
        w->cap - w->len < USUAL_ROOM + value->type.len + value->data.len) {
        return false;
    }
    at = PUT(at, "{\"index\":");
    at = put_digits(at, value->index);
    at = PUT(at, ",\"type\":\"");
    at = put_plain(at, value->type);
    if (at == NULL) {
        return false;
    }
    at = PUT(at, "\",\"data\":{\"format\":\"string\",\"value\":\"");
    at = put_plain(at, value->data);
    if (at == NULL) {
        return false;
    }
    at = PUT(at, "\"},\"ttl\":");
    at = put_digits(at, value->ttl);
    if (stamped) {
        const char *time = onym_time_text(times, (uint64_t)value->timestamp * 1000);

        at = PUT(at, ",\"timestamp\":\"");
        at = put_text(at, time, strlen(time));
        *at++ = '"';
    }
    *at++ = '}';
    w->len = (size_t)(at - w->at);
    return true;
}

void
onym_json_value_write(struct onym_writer *w, const struct onym_value *value, bool all,
                      struct onym_time_memo *times)
{
    if (write_usual(w, value, value->timestamp != 0 || all, times)) {
        return;
    }
    onym_json_put(w, "{\"index\":");
    onym_json_put_u64(w, value->index);
    onym_json_put(w, ",\"type\":");
    onym_json_put_string(w, value->type);
    onym_json_put(w, ",\"data\":");
    if (!put_structured(w, value)) {
        onym_json_put_data(w, value->data);
    }
    onym_json_put(w, ",\"ttl\":");
    if (value->ttl_type == ONYM_TTL_ABSOLUTE) {
        put_time(w, times, (uint64_t)value->ttl * 1000);
    } else {
        onym_json_put_u64(w, value->ttl);
    }
    if (value->timestamp != 0 || all) {
        onym_json_put(w, ",\"timestamp\":");
        put_time(w, times, (uint64_t)value->timestamp * 1000);
    }
    if ((value->permissions & 15U) != ONYM_PERM_DEFAULT) {
        put_permissions(w, value->permissions);
    }
    if (value->references.count > 0) {
        onym_json_put(w, ",\"references\":");
        onym_json_put_references(w, value->references.raw);
    }
    onym_writer_u8(w, '}');
}

static void
write_values(struct onym_writer *w, onym_span raw, bool *first, struct onym_time_memo *times)
{
    struct onym_value value;

    while (onym_value_next(&raw, &value)) {
        if (!*first) {
            onym_writer_u8(w, ',');
        }
        *first = false;
        onym_json_value_write(w, &value, true, times);
    }
}

/* What a record has besides its values, and the end of the line. */
static void
write_metadata(struct onym_writer *w, const struct onym_record *record,
               struct onym_time_memo *times)
{
    if (record->owner.len > 0) {
        onym_json_put(w, ",\"owner\":");
        onym_json_put_string(w, record->owner);
    }
    onym_json_put(w, ",\"revision\":");
    onym_json_put_u64(w, record->revision);
    onym_json_put(w, ",\"created\":");
    put_time(w, times, record->created_ms);
    onym_json_put(w, ",\"modified\":");
    put_time(w, times, record->modified_ms);
    onym_json_put(w, "}\n");
}

void
onym_json_record_write(struct onym_writer *w, const struct onym_record *record, bool homed)
{
    struct onym_time_memo times = {0};
    bool first = true;

    onym_json_put(w, "{\"handle\":");
    onym_json_put_string(w, record->name);
    onym_json_put(w, ",\"values\":[");
    write_values(w, record->public_values.raw, &first, &times);
    write_values(w, record->private_values.raw, &first, &times);
    onym_json_put(w, "]");
    if (!homed && onym_json_is_prefix_record(record->name)) {
        onym_json_put(w, ",\"homed\":false");
    }
    write_metadata(w, record, &times);
}

void
onym_json_prefix_write(struct onym_writer *w, const struct onym_record *record)
{
    struct onym_time_memo times = {0};

    onym_json_put(w, "{\"handle\":");
    onym_json_put_string(w, record->name);
    onym_json_put(w, ",\"homed\":true");
    write_metadata(w, record, &times);
}
