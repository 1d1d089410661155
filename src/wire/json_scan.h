/* The inner loops of JSON: where the next interesting byte is, and whether two short texts
 * are the same. For the files of wire/json_*. */
#ifndef ONYM_WIRE_JSON_SCAN_H
#define ONYM_WIRE_JSON_SCAN_H

#include "onym/span.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Length of the UTF-8 sequence at p, whose first byte is 0x80 or more; 0 when it is not valid. */
static inline size_t
onym_json_sequence(const uint8_t *p, const uint8_t *end)
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

/* Not 0 when one of eight bytes is no ordinary ASCII: a '"', a '\\', a control or above. */
static inline uint64_t
onym_json_word_stop(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101ULL;
    uint64_t quote = word ^ (ones * '"');
    uint64_t escape = word ^ (ones * '\\');
    uint64_t stop = ((quote - ones) & ~quote) | ((escape - ones) & ~escape) |
                    ((word - ones * 0x20) & ~word) | word;

    return stop & 0x8080808080808080ULL;
}

/* Moves over ordinary ASCII in blocks; stops at or before the first byte that is not. */
static inline const uint8_t *
onym_json_skip_blocks(const uint8_t *p, const uint8_t *end)
{
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i escape = _mm_set1_epi8('\\');
    const __m128i space = _mm_set1_epi8(0x20);

    while (end - p >= 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)(const void *)p);
        /* as signed bytes, controls and everything from 0x80 are both below a space */
        __m128i stop = _mm_or_si128(
            _mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, escape)),
            _mm_cmplt_epi8(block, space));
        int mask = _mm_movemask_epi8(stop);

        if (mask != 0) {
            return p + __builtin_ctz((unsigned)mask);
        }
        p += 16;
    }
#else
    while (end - p >= 8) {
        uint64_t word;
        memcpy(&word, p, sizeof word);
        if (onym_json_word_stop(word) != 0) {
            return p; /* which byte it is depends on the machine's order; the caller looks */
        }
        p += 8;
    }
#endif
    return p;
}

/* The end of the run of ordinary characters at p: a '"', a '\\', a control character, an invalid
 * byte, or end. */
static inline const uint8_t *
onym_json_plain_end(const uint8_t *p, const uint8_t *end)
{
    for (;;) {
        p = onym_json_skip_blocks(p, end);
        while (p < end && *p >= 0x20 && *p < 0x80 && *p != '"' && *p != '\\') {
            p++;
        }
        if (p == end || *p < 0x80) {
            return p;
        }
        while (p < end && *p >= 0x80) {
            size_t len = onym_json_sequence(p, end);

            if (len == 0) {
                return p;
            }
            p += len;
        }
    }
}

/* Copies ordinary ASCII to out, which has room for it, and returns the place behind it; NULL for
 * text with anything else in it. Without a call: nearly all texts are short. */
static inline uint8_t *
onym_json_copy_ascii(uint8_t *out, const uint8_t *p, size_t len)
{
    uint64_t stop = 0;

    if (len >= 16) {
        size_t blocks = len & ~(size_t)15;

        for (size_t i = 0; i < blocks; i += 16) {
            memcpy(out + i, p + i, 16);
        }
        memcpy(out + len - 16, p + len - 16, 16);
        return onym_json_skip_blocks(p, p + blocks) == p + blocks &&
                       onym_json_skip_blocks(p + len - 16, p + len) == p + len
                   ? out + len
                   : NULL;
    }
    if (len >= 8) {
        uint64_t front, back;

        memcpy(&front, p, 8);
        memcpy(&back, p + len - 8, 8);
        memcpy(out, &front, 8);
        memcpy(out + len - 8, &back, 8);
        stop = onym_json_word_stop(front) | onym_json_word_stop(back);
    } else if (len >= 4) {
        uint32_t front, back;

        memcpy(&front, p, 4);
        memcpy(&back, p + len - 4, 4);
        memcpy(out, &front, 4);
        memcpy(out + len - 4, &back, 4);
        stop = onym_json_word_stop((uint64_t)front << 32 | back);
    } else {
        for (size_t i = 0; i < len; i++) {
            out[i] = p[i];
            stop |= onym_json_word_stop(0x2020202020202000ULL | p[i]);
        }
    }
    return stop == 0 ? out + len : NULL;
}

/* Whether len bytes are the same; without a call, because names are short. */
static inline bool
onym_json_same(const uint8_t *a, const uint8_t *b, size_t len)
{
    uint64_t x, y, v, w;

    if (len >= 8) {
        for (; len > 16; len -= 8, a += 8, b += 8) {
            memcpy(&x, a, 8);
            memcpy(&y, b, 8);
            if (x != y) {
                return false;
            }
        }
        memcpy(&x, a, 8);
        memcpy(&y, b, 8);
        memcpy(&v, a + len - 8, 8);
        memcpy(&w, b + len - 8, 8);
        return x == y && v == w;
    }
    if (len >= 4) {
        uint32_t i, j, k, l;

        memcpy(&i, a, 4);
        memcpy(&j, b, 4);
        memcpy(&k, a + len - 4, 4);
        memcpy(&l, b + len - 4, 4);
        return i == j && k == l;
    }
    for (size_t i = 0; i < len; i++) {
        if (a[i] != b[i]) {
            return false;
        }
    }
    return true;
}

#endif
