/* Borrowed bytes. A span owns nothing; whoever hands it out says how long the bytes live. */
#ifndef ONYM_SPAN_H
#define ONYM_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ONYM_MUST_USE __attribute__((warn_unused_result))

typedef struct onym_span {
    const uint8_t *at; /* may be NULL only when len is 0 */
    size_t len;        /* bytes */
} onym_span;

static inline onym_span
onym_span_of(const void *at, size_t len)
{
    return (onym_span){.at = at, .len = len};
}

/* The bytes of a C string without its terminator. */
static inline onym_span
onym_span_text(const char *text)
{
    return (onym_span){.at = (const uint8_t *)text, .len = strlen(text)};
}

static inline bool
onym_span_equal(onym_span a, onym_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* The bytes from offset on; empty when offset lies past the end. */
static inline onym_span
onym_span_from(onym_span s, size_t offset)
{
    return offset < s.len ? onym_span_of(s.at + offset, s.len - offset) : onym_span_of(NULL, 0);
}

/* At most len bytes from the front. */
static inline onym_span
onym_span_front(onym_span s, size_t len)
{
    return len < s.len ? onym_span_of(s.at, len) : s;
}

#endif
