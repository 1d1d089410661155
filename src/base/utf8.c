#include "base/utf8.h"

bool
onym_utf8_next(onym_span *text, uint32_t *code_point)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    const uint8_t *at = text->at;
    size_t len;
    uint32_t cp;

    if (text->len == 0) {
        return false;
    }
    if (at[0] < 0x80) {
        len = 1;
        cp = at[0];
    } else if ((at[0] & 0xE0) == 0xC0) {
        len = 2;
        cp = at[0] & 0x1FU;
    } else if ((at[0] & 0xF0) == 0xE0) {
        len = 3;
        cp = at[0] & 0x0FU;
    } else if ((at[0] & 0xF8) == 0xF0) {
        len = 4;
        cp = at[0] & 0x07U;
    } else {
        return false;
    }
    if (len > text->len) {
        return false;
    }
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            return false;
        }
        cp = (cp << 6) | (at[i] & 0x3FU);
    }
    if ((len > 1 && cp < least[len]) || cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF)) {
        return false;
    }
    text->at += len;
    text->len -= len;
    *code_point = cp;
    return true;
}

bool
onym_utf8_valid(onym_span text)
{
    uint32_t cp;

    while (text.len > 0) {
        /* eight ASCII bytes at a time: most names and data are ASCII or nearly so */
        while (text.len >= 8) {
            uint64_t word;
            memcpy(&word, text.at, sizeof word);
            if ((word & 0x8080808080808080U) != 0) {
                break;
            }
            text = onym_span_of(text.at + 8, text.len - 8);
        }
        while (text.len > 0 && text.at[0] < 0x80) {
            text = onym_span_of(text.at + 1, text.len - 1);
        }
        if (text.len > 0 && !onym_utf8_next(&text, &cp)) {
            return false;
        }
    }
    return true;
}
