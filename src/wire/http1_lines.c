#include "wire/http1_lines.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* How many bytes at the front are none below least, no DEL and not `but`, as far as whole blocks
 * tell; the rest is to be looked at one by one. */
static size_t
skip_blocks(onym_span bytes, uint8_t least, uint8_t but)
{
    size_t len = 0;

#ifdef __SSE2__
    const __m128i floor = _mm_set1_epi8((char)least);
    const __m128i other = _mm_set1_epi8((char)but);
    const __m128i delete = _mm_set1_epi8(0x7F);

    for (; bytes.len - len >= 16; len += 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)(const void *)(bytes.at + len));
        __m128i high = _mm_cmpeq_epi8(_mm_max_epu8(block, floor), block);
        __m128i stop = _mm_or_si128(_mm_cmpeq_epi8(block, other), _mm_cmpeq_epi8(block, delete));
        unsigned good = (unsigned)_mm_movemask_epi8(_mm_andnot_si128(stop, high));

        if (good != 0xFFFF) {
            return len + (size_t)__builtin_ctz(~good);
        }
    }
#else
    (void)bytes;
    (void)least;
    (void)but;
#endif
    return len;
}

/* From a place on. Inlined, and the question with it. */
__attribute__((always_inline)) static inline size_t
run_of(onym_span bytes, size_t len, bool (*belongs)(uint8_t c))
{
    while (len < bytes.len && belongs(bytes.at[len])) {
        len++;
    }
    return len;
}

size_t
onym_http1_run_of_target(onym_span bytes)
{
    return run_of(bytes, skip_blocks(bytes, ' ' + 1, '#'), onym_http1_is_target);
}

size_t
onym_http1_run_of_value(onym_span bytes)
{
    return run_of(bytes, skip_blocks(bytes, ' ', 0x7F), onym_http1_is_value);
}

size_t
onym_http1_run_of_token(onym_span bytes)
{
    return run_of(bytes, 0, onym_http1_is_token);
}

size_t
onym_http1_field_line(onym_span text)
{
    size_t name = onym_http1_run_of_token(text);
    size_t end;

    if (name == 0 || !onym_http1_stands(text, name, ":")) {
        return 0;
    }
    end = name + 1 + onym_http1_run_of_value(onym_span_from(text, name + 1));
    return onym_http1_stands(text, end, "\r\n") ? end + 2 : 0;
}
