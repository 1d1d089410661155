#include "store/pack.h"

#include "base/bytes.h"
#include "base/reader.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* with MATCH_MIN at most 64 */
#define PATIENCE   48U /* literals until the base is searched for what follows */
#define MATCH_MIN  4U  /* bytes worth a copy of their own */
#define TABLE_BITS 10U
#define TABLE_SIZE (1U << TABLE_BITS)

struct packing {
    onym_span base, bytes;
    uint8_t *out, *end;         /* the next byte, and the last that may be written in the end */
    size_t literals;            /* where those begin that are not written yet */
    size_t expected;            /* in the base: what the next byte is expected to be like */
    uint16_t place[TABLE_SIZE]; /* of four bytes by their hash, last wins; base at most 65536 */
};

static uint32_t
four(const uint8_t *at)
{
    uint32_t v;

    memcpy(&v, at, sizeof v);
    return v;
}

/* Over the value of the bytes in their order, so that all machines have one table. */
static uint32_t
slot(const uint8_t *at)
{
    return onym_get_u32(at) * 2654435761U >> (32U - TABLE_BITS);
}

/* Bit i: the bytes at a and b, of which there are 64, are the same in byte i. */
static uint64_t
alike_64(const uint8_t *a, const uint8_t *b)
{
    uint64_t alike = 0;

#ifdef __SSE2__
    for (unsigned i = 0; i < 64; i += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(a + i));
        __m128i y = _mm_loadu_si128((const __m128i *)(const void *)(b + i));

        alike |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(x, y)) << i;
    }
#else
    for (unsigned i = 0; i < 64; i++) {
        alike |= (uint64_t)(a[i] == b[i]) << i;
    }
#endif
    return alike;
}

static size_t
same_len(onym_span a, onym_span b)
{
    size_t max = a.len < b.len ? a.len : b.len;
    size_t len = 0;

    while (max - len >= 64) {
        uint64_t unlike = ~alike_64(a.at + len, b.at + len);

        if (unlike != 0) {
            return len + (size_t)__builtin_ctzll(unlike);
        }
        len += 64;
    }
    if (len < max && max >= 64) {
        size_t rest = max - len; /* the last of the 64 in front of the end */
        uint64_t unlike = ~alike_64(a.at + max - 64, b.at + max - 64) >> (64 - rest);

        return len + (unlike != 0 ? (size_t)__builtin_ctzll(unlike) : rest);
    }
    while (len < max && a.at[len] == b.at[len]) {
        len++;
    }
    return len;
}

static void
index_base(struct packing *p)
{
    memset(p->place, 0, sizeof p->place);
    for (size_t i = 0; i + MATCH_MIN <= p->base.len; i++) {
        p->place[slot(p->base.at + i)] = (uint16_t)i;
    }
}

/* Whether the base has at `place` what the bytes have at `at`. */
static bool
matches(const struct packing *p, size_t at, size_t place)
{
    return at + MATCH_MIN <= p->bytes.len && place + MATCH_MIN <= p->base.len &&
           four(p->bytes.at + at) == four(p->base.at + place);
}

/* The same of what follows the last copy in the bytes and in the base, where both have it. */
static uint64_t
alike_next(const struct packing *p)
{
    onym_span a = onym_span_from(p->bytes, p->literals);
    onym_span b = onym_span_from(p->base, p->expected < p->base.len ? p->expected : p->base.len);
    size_t len = a.len < b.len ? a.len : b.len;
    uint8_t x[64] = {0};
    uint8_t y[64] = {0};

    if (len >= 64) {
        return alike_64(a.at, b.at);
    }
    if (len == 0) {
        return 0;
    }
    memcpy(x, a.at, len);
    memcpy(y, b.at, len);
    return alike_64(x, y) & (((uint64_t)1 << len) - 1);
}

/* Where in the base to copy from for what follows at `at`, once it is indexed. */
static bool
find(const struct packing *p, size_t at, size_t *place)
{
    *place = p->expected + (at - p->literals);
    if (matches(p, at, *place)) {
        return true;
    }
    if (at + MATCH_MIN > p->bytes.len) {
        return false;
    }
    *place = p->place[slot(p->bytes.at + at)];
    return matches(p, at, *place);
}

static uint8_t *
put_varint(uint8_t *out, uint64_t v)
{
    while (v >= 0x80U) {
        *out++ = (uint8_t)(v | 0x80U);
        v >>= 7;
    }
    *out++ = (uint8_t)v;
    return out;
}

/* Literals up to `at`, then a copy of len bytes from place. False: it gets too long, by the numbers
 * in front of both at most. */
static bool
put_piece(struct packing *p, size_t at, size_t place, size_t len)
{
    size_t literals = at - p->literals;
    int64_t step = (int64_t)place - (int64_t)(p->expected + literals);
    uint8_t *out = p->out;

    if (literals > (size_t)(p->end - out)) {
        return false;
    }
    out = put_varint(out, literals);
    memcpy(out, p->bytes.at + p->literals, literals);
    out = put_varint(out + literals, len);
    if (len > 0) {
        out = put_varint(out, ((uint64_t)step << 1) ^ (uint64_t)(step < 0 ? -1 : 0));
    }
    p->literals = at + len;
    p->expected = place + len;
    p->out = out;
    return out <= p->end;
}

/* Copies while what is worth one begins within PATIENCE bytes of the last, at the place that is
 * expected. False: it gets too long; else *at: where it no longer does. */
static bool
pack_near(struct packing *p, size_t *at)
{
    while (p->literals < p->bytes.len) {
        uint64_t alike = alike_next(p);
        uint64_t fours = alike & alike >> 1 & alike >> 2 & alike >> 3;
        size_t skip = fours != 0 ? (size_t)__builtin_ctzll(fours) : 64;
        size_t from = p->literals + skip;
        size_t place = p->expected + skip;
        size_t same;

        if (skip > PATIENCE) {
            *at = p->literals + PATIENCE;
            return true;
        }
        alike = ~(alike >> skip);
        same = alike != 0 ? (size_t)__builtin_ctzll(alike) : 64;
        if (skip + same == 64) {
            same += same_len(onym_span_from(p->bytes, from + same),
                             onym_span_from(p->base, place + same));
        }
        if (!put_piece(p, from, place, same)) {
            return false;
        }
    }
    *at = p->literals;
    return true;
}

/* The rest, from `at` on: the base is searched for each byte that is not as expected. False: it
 * gets too long. */
static bool
pack_far(struct packing *p, size_t at)
{
    size_t place;

    index_base(p);
    while (at < p->bytes.len) {
        if (find(p, at, &place)) {
            size_t same = same_len(onym_span_from(p->bytes, at), onym_span_from(p->base, place));

            if (!put_piece(p, at, place, same)) {
                return false;
            }
            at += same;
        } else {
            at++;
        }
    }
    return true;
}

enum onym_status
onym_pack(onym_span base, onym_span bytes, uint8_t *out, size_t cap, size_t *len)
{
    struct packing p;
    size_t at;

    if (base.len > ONYM_PACK_LEN_MAX || bytes.len > ONYM_PACK_LEN_MAX || cap == 0) {
        return ONYM_NO_SPACE;
    }
    p.base = base;
    p.bytes = bytes;
    p.out = out;
    p.end = out + cap - 1;
    p.literals = p.expected = 0;
    if (!pack_near(&p, &at) || (at < bytes.len && !pack_far(&p, at)) ||
        (p.literals < bytes.len && !put_piece(&p, bytes.len, 0, 0))) {
        return ONYM_NO_SPACE;
    }
    *len = (size_t)(p.out - out);
    return ONYM_OK;
}

static uint64_t
get_varint(struct onym_reader *r)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 35; shift += 7) {
        uint8_t byte = onym_reader_u8(r);

        v |= (uint64_t)(byte & 0x7FU) << shift;
        if (byte < 0x80U) {
            return v;
        }
    }
    onym_reader_fail(r, ONYM_CORRUPT);
    return 0;
}

enum onym_status
onym_unpack(onym_span base, onym_span packed, uint8_t *out, size_t len)
{
    struct onym_reader r = onym_reader_over(packed);
    uint64_t expected = 0;
    size_t made = 0;

    while (made < len && r.status == ONYM_OK) {
        onym_span literals = onym_reader_bytes(&r, get_varint(&r));
        uint64_t copied = get_varint(&r);

        if (r.status != ONYM_OK || literals.len > len - made ||
            copied > len - made - literals.len || (copied == 0 && literals.len == 0)) {
            return ONYM_CORRUPT;
        }
        if (literals.len > 0) {
            memcpy(out + made, literals.at, literals.len);
        }
        made += literals.len;
        expected += literals.len;
        if (copied > 0) {
            uint64_t step = get_varint(&r);

            expected += (step >> 1) ^ (~(step & 1U) + 1U);
            if (r.status != ONYM_OK || expected > base.len || copied > base.len - expected) {
                return ONYM_CORRUPT;
            }
            memcpy(out + made, base.at + expected, copied);
            made += copied;
            expected += copied;
        }
    }
    return r.status == ONYM_OK && made == len && r.left.len == 0 ? ONYM_OK : ONYM_CORRUPT;
}
