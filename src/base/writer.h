/* Bounded writing of big-endian fields. The first overflow sticks as ONYM_NO_SPACE and later
 * writes do nothing, so an encoder lists its fields and checks `status` once. */
#ifndef ONYM_BASE_WRITER_H
#define ONYM_BASE_WRITER_H

#include "base/bytes.h"
#include "onym/span.h"
#include "onym/status.h"

struct onym_writer {
    uint8_t *at; /* start of the buffer, owned by the caller */
    size_t len;  /* bytes written so far */
    size_t cap;
    enum onym_status status;
};

static inline struct onym_writer
onym_writer_over(uint8_t *at, size_t cap)
{
    return (struct onym_writer){.at = at, .cap = cap, .status = ONYM_OK};
}

/* Room for len bytes to be filled by the caller, or NULL when it does not fit. */
static inline uint8_t *
onym_writer_take(struct onym_writer *w, size_t len)
{
    uint8_t *at = w->at + w->len;

    if (__builtin_expect(w->status != ONYM_OK || len > w->cap - w->len, 0)) {
        w->status = ONYM_NO_SPACE;
        return NULL;
    }
    w->len += len;
    return at;
}

static inline void
onym_writer_u8(struct onym_writer *w, uint8_t v)
{
    uint8_t *at = onym_writer_take(w, 1);
    if (at != NULL) {
        *at = v;
    }
}

static inline void
onym_writer_u16(struct onym_writer *w, uint16_t v)
{
    uint8_t *at = onym_writer_take(w, 2);
    if (at != NULL) {
        onym_put_u16(at, v);
    }
}

static inline void
onym_writer_u32(struct onym_writer *w, uint32_t v)
{
    uint8_t *at = onym_writer_take(w, 4);
    if (at != NULL) {
        onym_put_u32(at, v);
    }
}

/* The low 48 bits of v. */
static inline void
onym_writer_u48(struct onym_writer *w, uint64_t v)
{
    uint8_t *at = onym_writer_take(w, 6);
    if (at != NULL) {
        onym_put_u16(at, (uint16_t)(v >> 32));
        onym_put_u32(at + 2, (uint32_t)v);
    }
}

static inline void
onym_writer_u64(struct onym_writer *w, uint64_t v)
{
    uint8_t *at = onym_writer_take(w, 8);
    if (at != NULL) {
        onym_put_u64(at, v);
    }
}

static inline void
onym_writer_bytes(struct onym_writer *w, onym_span s)
{
    uint8_t *at = onym_writer_take(w, s.len);
    if (at != NULL && s.len > 0) {
        memcpy(at, s.at, s.len);
    }
}

/* A u4 length and the bytes. */
static inline void
onym_writer_counted(struct onym_writer *w, onym_span s)
{
    onym_writer_u32(w, (uint32_t)s.len);
    onym_writer_bytes(w, s);
}

static inline onym_span
onym_writer_written(const struct onym_writer *w)
{
    return onym_span_of(w->at, w->len);
}

#endif
