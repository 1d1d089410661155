#include "base/hex.h"

void
onym_hex_encode(onym_span bytes, char *out)
{
    static const char digit[] = "0123456789abcdef";

    for (size_t i = 0; i < bytes.len; i++) {
        *out++ = digit[bytes.at[i] >> 4];
        *out++ = digit[bytes.at[i] & 15];
    }
    *out = '\0';
}

static int
digit_value(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum onym_status
onym_hex_decode(onym_span text, uint8_t *out, size_t cap, size_t *len)
{
    if (text.len % 2 != 0) {
        return ONYM_MALFORMED;
    }
    if (text.len / 2 > cap) {
        return ONYM_NO_SPACE;
    }
    for (size_t i = 0; i < text.len; i += 2) {
        int high = digit_value(text.at[i]);
        int low = digit_value(text.at[i + 1]);

        if (high < 0 || low < 0) {
            return ONYM_MALFORMED;
        }
        out[i / 2] = (uint8_t)(high * 16 + low);
    }
    *len = text.len / 2;
    return ONYM_OK;
}
