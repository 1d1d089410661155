/* What of a request head its guard (wire/http1.c) would let through byte by byte, found in whole
 * runs and lines. */
#ifndef ONYM_WIRE_HTTP1_LINES_H
#define ONYM_WIRE_HTTP1_LINES_H

#include "onym/span.h"

/* RFC 9110 5.6.2: letters, digits and !#$%&'*+-.^_`|~, a bit for each byte. */
static inline bool
onym_http1_is_token(uint8_t c)
{
    static const uint64_t bits[4] = {0x03FF6CFA00000000, 0x57FFFFFFC7FFFFFE};

    return (bits[c / 64] >> (c % 64) & 1) != 0;
}

/* What onym_http1_stands in a target, as far as the guard minds. */
static inline bool
onym_http1_is_target(uint8_t c)
{
    return c > ' ' && c != '#' && c != 0x7F;
}

/* What onym_http1_stands in the value of a header line. */
static inline bool
onym_http1_is_value(uint8_t c)
{
    return (c >= ' ' && c != 0x7F) || c == '\t';
}

/* How many bytes at the front may stand in a target, in a value, in a name or method. */
size_t onym_http1_run_of_target(onym_span bytes);
size_t onym_http1_run_of_value(onym_span bytes);
size_t onym_http1_run_of_token(onym_span bytes);

/* Whether what stands at a place of text is word. */
static inline bool
onym_http1_stands(onym_span text, size_t at, const char *word)
{
    return onym_span_equal(onym_span_front(onym_span_from(text, at), strlen(word)),
                           onym_span_text(word));
}

/* Bytes of the header line at the front of text, its CR LF included, if all of it may pass; else
 * 0. */
size_t onym_http1_field_line(onym_span text);

#endif
