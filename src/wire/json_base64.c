#include "wire/json_base64.h"

static const char alphabet[2][65] = {
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"};

size_t
onym_base64_encoded_len(enum onym_base64 kind, size_t len)
{
    static const uint8_t tail[3] = {0, 2, 3};

    return kind == ONYM_BASE64_STANDARD ? (len + 2) / 3 * 4 : len / 3 * 4 + tail[len % 3];
}

void
onym_base64_encode(enum onym_base64 kind, onym_span bytes, char *out)
{
    const char *digit = alphabet[kind];
    size_t i = 0;

    for (; bytes.len - i >= 3; i += 3) {
        uint32_t group = (uint32_t)bytes.at[i] << 16 | (uint32_t)bytes.at[i + 1] << 8 |
                         (uint32_t)bytes.at[i + 2];

        *out++ = digit[group >> 18];
        *out++ = digit[(group >> 12) & 63];
        *out++ = digit[(group >> 6) & 63];
        *out++ = digit[group & 63];
    }
    if (i == bytes.len) {
        return;
    }

    bool two = bytes.len - i == 2;
    uint32_t group = (uint32_t)bytes.at[i] << 16 | (two ? (uint32_t)bytes.at[i + 1] << 8 : 0);

    *out++ = digit[group >> 18];
    *out++ = digit[(group >> 12) & 63];
    if (two) {
        *out++ = digit[(group >> 6) & 63];
    }
    if (kind == ONYM_BASE64_STANDARD) {
        *out++ = '=';
        if (!two) {
            *out++ = '=';
        }
    }
}

static int
digit_value(enum onym_base64 kind, uint8_t c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    if (c == (uint8_t)alphabet[kind][62]) {
        return 62;
    }
    return c == (uint8_t)alphabet[kind][63] ? 63 : -1;
}

enum onym_status
onym_base64_decode(enum onym_base64 kind, onym_span text, uint8_t *out, size_t *len)
{
    uint32_t bits = 0;
    size_t used = 0;
    size_t n = 0;

    if (kind == ONYM_BASE64_STANDARD) {
        if (text.len % 4 != 0) {
            return ONYM_MALFORMED;
        }
        for (int i = 0; i < 2 && text.len > 0 && text.at[text.len - 1] == '='; i++) {
            text.len--;
        }
    }
    if (text.len % 4 == 1) {
        return ONYM_MALFORMED;
    }
    for (size_t i = 0; i < text.len; i++) {
        int value = digit_value(kind, text.at[i]);

        if (value < 0) {
            return ONYM_MALFORMED;
        }
        bits = (bits << 6) | (uint32_t)value;
        used += 6;
        if (used >= 8) {
            used -= 8;
            out[n++] = (uint8_t)(bits >> used);
        }
    }
    if ((bits & ((1U << used) - 1)) != 0) {
        return ONYM_MALFORMED;
    }
    *len = n;
    return ONYM_OK;
}
