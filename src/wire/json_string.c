/* The strings of json_pull.h: most of a text is strings, so they have a file and a fast path. */
#include "wire/json_pull.h"

#define ONES  0x0101010101010101ULL
#define HIGHS 0x8080808080808080ULL

static inline uint64_t
has_byte(uint64_t word, uint8_t byte)
{
    uint64_t x = word ^ (ONES * byte);
    return (x - ONES) & ~x & HIGHS;
}

/* Length of the UTF-8 sequence at p, whose first byte is 0x80 or more; 0 when it is not valid. */
static inline size_t
sequence(const uint8_t *p, const uint8_t *end)
{
    size_t left = (size_t)(end - p);

    if ((p[0] & 0xF0) == 0xE0) { /* most: Chinese text */
        return left >= 3 && (p[1] & 0xC0) == 0x80 && (p[2] & 0xC0) == 0x80 &&
                       (p[0] != 0xE0 || p[1] >= 0xA0) && (p[0] != 0xED || p[1] < 0xA0)
                   ? 3
                   : 0;
    }
    if (p[0] >= 0xC2 && p[0] < 0xE0) {
        return left >= 2 && (p[1] & 0xC0) == 0x80 ? 2 : 0;
    }
    return left >= 4 && p[0] >= 0xF0 && p[0] <= 0xF4 && (p[1] & 0xC0) == 0x80 &&
                   (p[2] & 0xC0) == 0x80 && (p[3] & 0xC0) == 0x80 &&
                   (p[0] != 0xF0 || p[1] >= 0x90) && (p[0] != 0xF4 || p[1] < 0x90)
               ? 4
               : 0;
}

/* The end of the run of ordinary characters at p: a '"', a '\\', a control character, an invalid
 * byte, or end. */
static inline const uint8_t *
plain_end(const uint8_t *p, const uint8_t *end)
{
    for (;;) {
        while (end - p >= 8) {
            uint64_t word;
            memcpy(&word, p, sizeof word);
            /* the lowest bit set is always right, those above may be borrowed from it */
            uint64_t stop = has_byte(word, '"') | has_byte(word, '\\') |
                            ((word - ONES * 0x20) & ~word & HIGHS) | (word & HIGHS);
            if (stop != 0) {
                p += (unsigned)__builtin_ctzll(stop) / 8;
                break;
            }
            p += 8;
        }
        if (p == end || *p == '"' || *p == '\\' || *p < 0x20) {
            return p;
        }
        if (*p < 0x80) {
            p++;
            continue;
        }
        while (p < end && *p >= 0x80) {
            size_t len = sequence(p, end);
            if (len == 0) {
                return p;
            }
            p += len;
        }
    }
}

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

static bool
fail_string(struct onym_json *json)
{
    if (json->at == json->end) {
        return onym_json_fail(json, "a string without end");
    }
    if (*json->at < 0x20) {
        return onym_json_fail(json, "a control character in a string; expected \\u%04X", *json->at);
    }
    return onym_json_fail(json, "not valid UTF-8");
}

/* A string with an escape in it: start is behind the opening quote, json->at on the escape. */
static bool
copy_string(struct onym_json *json, const uint8_t *start, onym_span *out)
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
        json->at = plain_end(start, json->end);
    }
    if (json->at == json->end || *json->at != '"') {
        return fail_string(json);
    }
    json->at++;
    *out = onym_span_of(first, (size_t)(to - first));
    json->scratch_len += out->len;
    return true;
}

bool
onym_json_string(struct onym_json *json, onym_span *out)
{
    const uint8_t *start;

    if (onym_json_peek(json) != ONYM_JSON_STRING) {
        return onym_json_fail(json, json->at == json->end ? "the text ends; expected a string"
                                                          : "not a string; expected a string");
    }
    start = json->at + 1;
    json->at = plain_end(start, json->end);
    if (json->at < json->end && *json->at == '"') {
        *out = onym_span_of(start, (size_t)(json->at - start));
        json->at++;
        return true;
    }
    if (json->at < json->end && *json->at == '\\') {
        return copy_string(json, start, out);
    }
    return fail_string(json);
}
