#include "wire/json_value.h"

#include "wire/json_data.h"
#include "wire/json_scan.h"
#include "wire/json_time.h"

#define NEEDED                                                                                     \
    ((1U << ONYM_JSON_VALUE_INDEX) | (1U << ONYM_JSON_VALUE_TYPE) | (1U << ONYM_JSON_VALUE_DATA))

bool
onym_json_time(struct onym_json *json, uint64_t most_ms, uint64_t *out)
{
    onym_span text;

    if (!onym_json_string(json, &text)) {
        return false;
    }
    if (onym_time_parse(text, out) != ONYM_OK || *out > most_ms) {
        return onym_json_fail(json, "\"%.*s\"; expected a time such as 2026-03-11T08:00:00Z",
                              text.len < 40 ? (int)text.len : 40, (const char *)text.at);
    }
    return true;
}

static bool
read_time_s(struct onym_json *json, uint32_t *out)
{
    uint64_t ms = 0;

    if (!onym_json_time(json, (uint64_t)UINT32_MAX * 1000 + 999, &ms)) {
        return false;
    }
    *out = (uint32_t)(ms / 1000);
    return true;
}

static bool
read_ttl(struct onym_json *json, struct onym_value *value)
{
    int64_t seconds;
    uint64_t ms;
    onym_span text;

    if (onym_json_peek(json) != ONYM_JSON_STRING) {
        if (!onym_json_integer(json, 0, UINT32_MAX, &seconds)) {
            return false;
        }
        value->ttl_type = ONYM_TTL_RELATIVE;
        value->ttl = (uint32_t)seconds;
        return true;
    }
    if (!onym_json_string(json, &text)) {
        return false;
    }
    if (onym_time_parse(text, &ms) != ONYM_OK || ms / 1000 > UINT32_MAX) {
        return onym_json_fail(json,
                              "\"%.*s\"; expected seconds, or a time such as "
                              "2026-03-11T08:00:00Z",
                              text.len < 40 ? (int)text.len : 40, (const char *)text.at);
    }
    value->ttl_type = ONYM_TTL_ABSOLUTE;
    value->ttl = (uint32_t)(ms / 1000);
    return true;
}

static bool
read_permissions(struct onym_json *json, uint8_t *out)
{
    onym_span text;
    unsigned bits = 0;
    bool good;

    if (!onym_json_string(json, &text)) {
        return false;
    }
    if (onym_span_equal(text, onym_span_text("*"))) {
        *out = 15;
        return true;
    }
    good = text.len == 4;
    for (size_t i = 0; i < text.len && good; i++) {
        good = text.at[i] == '0' || text.at[i] == '1';
        bits = bits * 2 + (text.at[i] & 1U);
    }
    if (!good) {
        return onym_json_fail(json,
                              "\"%.*s\"; expected four digits 0 or 1: admin read, admin write, "
                              "public read, public write",
                              text.len < 20 ? (int)text.len : 20, (const char *)text.at);
    }
    *out = (uint8_t)bits;
    return true;
}

bool
onym_json_value_member(struct onym_json *json, int member,
                       const struct onym_json_value_rules *rules, struct onym_value *value)
{
    int64_t index;

    switch (member) {
    case ONYM_JSON_VALUE_INDEX:
        if (!onym_json_integer(json, rules->index_min, UINT32_MAX, &index)) {
            return false;
        }
        value->index = (uint32_t)(index & UINT32_MAX);
        return true;
    case ONYM_JSON_VALUE_TYPE:
        return onym_json_string(json, &value->type);
    case ONYM_JSON_VALUE_DATA:
        return onym_json_data(json, &value->data);
    case ONYM_JSON_VALUE_TTL:
        return read_ttl(json, value);
    case ONYM_JSON_VALUE_TIMESTAMP:
        return rules->stamped ? read_time_s(json, &value->timestamp) : onym_json_skip(json);
    case ONYM_JSON_VALUE_PERMISSIONS:
        return read_permissions(json, &value->permissions);
    default:
        return onym_json_references(json, &value->references);
    }
}

/* Moves *p over a literal, when that is what stands there. */
static inline bool
over(const uint8_t **p, const uint8_t *end, const char *literal, size_t len)
{
    if ((size_t)(end - *p) < len || !onym_json_same(*p, (const uint8_t *)literal, len)) {
        return false;
    }
    *p += len;
    return true;
}
#define OVER(p, end, literal) over((p), (end), literal, sizeof(literal) - 1)

/* Up to nine digits, which no rule refuses and nothing overflows. 0: something else. */
static inline uint32_t
take_index(const uint8_t **p, const uint8_t *end)
{
    const uint8_t *stop = end - *p > 9 ? *p + 9 : end;
    uint32_t index = 0;

    if (*p < end && **p == '0') {
        return 0;
    }
    for (; *p < stop && (uint8_t)(**p - '0') < 10; (*p)++) {
        index = index * 10 + (uint32_t)(**p - '0');
    }
    return index;
}

bool
onym_json_value_begin(struct onym_json *json, const struct onym_json_name *names,
                      struct onym_value *value, uint32_t *seen)
{
    const uint8_t *end = json->end;
    const uint8_t *p = json->at;
    const uint8_t *type;
    uint32_t index;
    size_t len;

    if (!OVER(&p, end, "\"index\":") || (index = take_index(&p, end)) == 0 ||
        !OVER(&p, end, ",\"type\":\"")) {
        return false;
    }
    type = p;
    p = onym_json_plain_end(type, end);
    len = (size_t)(p - type);
    if (!OVER(&p, end, "\",\"data\":")) {
        return false;
    }
    value->index = index;
    value->type = onym_span_of(type, len);
    *seen = NEEDED;
    onym_json_go_to(json, names, ONYM_JSON_VALUE_DATA, p);
    return true;
}

bool
onym_json_value_whole(struct onym_json *json, uint32_t seen)
{
    return (seen & NEEDED) == NEEDED ||
           onym_json_fail(json, "a member is missing; expected \"index\", \"type\", \"data\"");
}
