/* Moving over a value whose shape does not matter. */
#include "wire/json_pull_priv.h"

/* A number of any form, for skipping. */
static bool
skip_number(struct onym_json *json)
{
    const uint8_t *p = json->at + (*json->at == '-');
    const uint8_t *digits = p;

    while (p < json->end && *p >= '0' && *p <= '9') {
        p++;
    }
    if (p == digits || (p > digits + 1 && *digits == '0')) {
        return onym_json_fail(json, "not a number");
    }
    if (p < json->end && *p == '.') {
        digits = ++p;
        while (p < json->end && *p >= '0' && *p <= '9') {
            p++;
        }
        if (p == digits) {
            return onym_json_fail(json, "not a number");
        }
    }
    if (p < json->end && (*p == 'e' || *p == 'E')) {
        p++;
        p += p < json->end && (*p == '+' || *p == '-');
        digits = p;
        while (p < json->end && *p >= '0' && *p <= '9') {
            p++;
        }
        if (p == digits) {
            return onym_json_fail(json, "not a number");
        }
    }
    json->at = p;
    return true;
}

static bool
skip_scalar(struct onym_json *json)
{
    size_t scratch_len = json->scratch_len;
    onym_span text;
    bool flag;

    switch (onym_json_peek(json)) {
    case ONYM_JSON_STRING:
        if (!onym_json_string(json, &text)) {
            return false;
        }
        json->scratch_len = scratch_len;
        return true;
    case ONYM_JSON_NUMBER:
        return skip_number(json);
    case ONYM_JSON_BOOL:
        return onym_json_bool(json, &flag);
    case ONYM_JSON_NULL:
        return onym_json_literal(json, "null");
    case ONYM_JSON_OBJECT:
    case ONYM_JSON_ARRAY:
    case ONYM_JSON_NONE:
    default:
        return onym_json_fail_kind(json, "a value");
    }
}

bool
onym_json_skip(struct onym_json *json)
{
    static const struct onym_json_name any = ONYM_JSON_NAME("*");
    unsigned floor = json->depth;
    bool value_next = true; /* a value is due, not a ',' or a bracket */

    while (!json->failed && (value_next || json->depth > floor)) {
        if (value_next) {
            enum onym_json_kind kind = onym_json_peek(json);

            if (kind == ONYM_JSON_OBJECT || kind == ONYM_JSON_ARRAY) {
                (void)onym_json_enter(json, (char)*json->at, "a value");
                if (!json->failed && kind == ONYM_JSON_OBJECT) {
                    json->level[json->depth - 1].member = &any;
                }
            } else {
                (void)skip_scalar(json);
            }
            value_next = false;
        } else if (json->level[json->depth - 1].member != NULL) {
            value_next = onym_json_any_member(json);
        } else {
            value_next = onym_json_item(json);
        }
    }
    return !json->failed;
}
