/* Bounded reading of big-endian fields. The first failure sticks: later reads give zero or empty
 * spans, so a decoder lists its fields and checks `status` once. Spans point into the input. */
#ifndef ONYM_BASE_READER_H
#define ONYM_BASE_READER_H

#include "base/bytes.h"
#include "onym/span.h"
#include "onym/status.h"

struct onym_reader {
    onym_span left;          /* what has not been read */
    enum onym_status status; /* ONYM_OK until a read fails */
};

static inline struct onym_reader
onym_reader_over(onym_span bytes)
{
    return (struct onym_reader){.left = bytes, .status = ONYM_OK};
}

static inline void
onym_reader_fail(struct onym_reader *r, enum onym_status status)
{
    if (r->status == ONYM_OK) {
        r->status = status;
    }
    r->left = onym_span_of(NULL, 0);
}

/* The next len bytes; on a short input ONYM_MALFORMED sticks and the span is empty. */
static inline onym_span
onym_reader_bytes(struct onym_reader *r, size_t len)
{
    onym_span out = {.at = r->left.at, .len = len};

    if (__builtin_expect(len > r->left.len, 0)) {
        onym_reader_fail(r, ONYM_MALFORMED);
        return onym_span_of(NULL, 0);
    }
    if (len > 0) { /* after a failure, or over an empty span, left.at is NULL: not even + 0 */
        r->left.at += len;
        r->left.len -= len;
    }
    return out;
}

static inline uint8_t
onym_reader_u8(struct onym_reader *r)
{
    onym_span s = onym_reader_bytes(r, 1);
    return s.len == 1 ? s.at[0] : 0;
}

static inline uint16_t
onym_reader_u16(struct onym_reader *r)
{
    onym_span s = onym_reader_bytes(r, 2);
    return s.len == 2 ? onym_get_u16(s.at) : 0;
}

static inline uint32_t
onym_reader_u32(struct onym_reader *r)
{
    onym_span s = onym_reader_bytes(r, 4);
    return s.len == 4 ? onym_get_u32(s.at) : 0;
}

static inline uint64_t
onym_reader_u48(struct onym_reader *r)
{
    onym_span s = onym_reader_bytes(r, 6);
    return s.len == 6 ? (uint64_t)onym_get_u16(s.at) << 32 | onym_get_u32(s.at + 2) : 0;
}

static inline uint64_t
onym_reader_u64(struct onym_reader *r)
{
    onym_span s = onym_reader_bytes(r, 8);
    return s.len == 8 ? onym_get_u64(s.at) : 0;
}

/* A u4 length and that many bytes, at most max of them (else ONYM_MALFORMED). */
static inline onym_span
onym_reader_counted(struct onym_reader *r, size_t max)
{
    uint32_t len = onym_reader_u32(r);

    if (__builtin_expect(len > max, 0)) {
        onym_reader_fail(r, ONYM_MALFORMED);
    }
    return onym_reader_bytes(r, len);
}

#endif
