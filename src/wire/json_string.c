/* The rare strings of json_pull.h: those with an escape in them, and those that are wrong. */
#include "wire/json_pull_priv.h"
#include "wire/json_scan.h"

static int
hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits behind "\u" at json->at; moves past them. -1 and a failure when they are none. */
static int32_t
read_hex4(struct onym_json *json)
{
    int32_t unit = 0;

    for (int i = 0; i < 4; i++) {
        int digit = json->at < json->end ? hex_digit(*json->at) : -1;

        if (digit < 0) {
            (void)onym_json_fail(json, "\\u without four hexadecimal digits");
            return -1;
        }
        unit = unit * 16 + digit;
        json->at++;
    }
    return unit;
}

/* The code point of a "\u" escape whose digits begin at json->at; two escapes for a pair of
 * surrogates. */
static int32_t
read_code_point(struct onym_json *json)
{
    int32_t unit = read_hex4(json);

    if (unit >= 0xD800 && unit < 0xDC00) {
        if (json->end - json->at >= 2 && json->at[0] == '\\' && json->at[1] == 'u') {
            json->at += 2;
            int32_t low = read_hex4(json);

            if (low >= 0xDC00 && low < 0xE000) {
                return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
            }
        }
        (void)onym_json_fail(json, "\\u with half a pair of surrogates");
        return -1;
    }
    if (unit >= 0xDC00 && unit < 0xE000) {
        (void)onym_json_fail(json, "\\u with half a pair of surrogates");
        return -1;
    }
    return unit;
}

static uint8_t *
put_utf8(uint8_t *out, uint32_t cp)
{
    if (cp < 0x80) {
        *out++ = (uint8_t)cp;
    } else if (cp < 0x800) {
        *out++ = (uint8_t)(0xC0 | (cp >> 6));
        *out++ = (uint8_t)(0x80 | (cp & 0x3F));
    } else if (cp < 0x10000) {
        *out++ = (uint8_t)(0xE0 | (cp >> 12));
        *out++ = (uint8_t)(0x80 | ((cp >> 6) & 0x3F));
        *out++ = (uint8_t)(0x80 | (cp & 0x3F));
    } else {
        *out++ = (uint8_t)(0xF0 | (cp >> 18));
        *out++ = (uint8_t)(0x80 | ((cp >> 12) & 0x3F));
        *out++ = (uint8_t)(0x80 | ((cp >> 6) & 0x3F));
        *out++ = (uint8_t)(0x80 | (cp & 0x3F));
    }
    return out;
}

/* One escape at json->at (on the '\\'); writes what it means and returns the place behind, NULL
 * after a failure. */
static uint8_t *
unescape(struct onym_json *json, uint8_t *out)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    uint8_t c = json->end - json->at >= 2 ? json->at[1] : 0;
    const char *found = c != 0 ? strchr(from, c) : NULL;

    if (found != NULL) {
        json->at += 2;
        *out++ = (uint8_t)to[found - from];
        return out;
    }
    if (c != 'u') {
        (void)onym_json_fail(json, "a string with an unknown escape");
        return NULL;
    }
    json->at += 2;

    int32_t cp = read_code_point(json);

    return cp < 0 ? NULL : put_utf8(out, (uint32_t)cp);
}

bool
onym_json_fail_string(struct onym_json *json)
{
    if (json->at == json->end) {
        return onym_json_fail(json, "a string without end");
    }
    if (*json->at < 0x20) {
        return onym_json_fail(json, "a control character in a string; expected \\u%04X", *json->at);
    }
    return onym_json_fail(json, "not valid UTF-8");
}

bool
onym_json_copy_string(struct onym_json *json, const uint8_t *start, onym_span *out)
{
    uint8_t *to = json->scratch + json->scratch_len;
    uint8_t *first = to;

    /* what is left of the text is an upper bound of what the string becomes */
    if ((size_t)(json->end - start) > json->scratch_cap - json->scratch_len) {
        return onym_json_fail(json, "too long");
    }
    for (;;) {
        size_t len = (size_t)(json->at - start);

        memcpy(to, start, len);
        to += len;
        if (json->at == json->end || *json->at != '\\') {
            break;
        }
        to = unescape(json, to);
        if (to == NULL) {
            return false;
        }
        start = json->at;
        json->at = onym_json_plain_end(start, json->end);
    }
    if (json->at == json->end || *json->at != '"') {
        return onym_json_fail_string(json);
    }
    json->at++;
    *out = onym_span_of(first, (size_t)(to - first));
    json->scratch_len += out->len;
    return true;
}
