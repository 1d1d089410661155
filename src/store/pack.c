#include "store/pack.h"

#include "base/bytes.h"
#include "base/reader.h"
#include "base/writer.h"

#define MATCH_MIN  4U  /* bytes worth a copy of their own */
#define PATIENCE   48U /* literals until the base is searched for what follows */
#define TABLE_BITS 10U
#define TABLE_SIZE (1U << TABLE_BITS)

struct packing {
    onym_span base, bytes;
    struct onym_writer w;
    size_t literals; /* where those begin that are not written yet */
    size_t expected; /* in the base: what the next byte is expected to be like */
    bool is_indexed;
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

/* What memcmp says, without the call. */
static bool
is_same_32(const uint8_t *a, const uint8_t *b)
{
    uint64_t x[4];
    uint64_t y[4];

    memcpy(x, a, sizeof x);
    memcpy(y, b, sizeof y);
    return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3])) == 0;
}

static size_t
same_len(onym_span a, onym_span b)
{
    size_t max = a.len < b.len ? a.len : b.len;
    size_t len = 0;

    while (max - len >= 32 && is_same_32(a.at + len, b.at + len)) {
        len += 32;
    }
    while (max - len >= sizeof(uint64_t)) {
        uint64_t unlike = onym_get_u64(a.at + len) ^ onym_get_u64(b.at + len);

        if (unlike != 0) {
            return len + (size_t)__builtin_clzll(unlike) / 8;
        }
        len += sizeof unlike;
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
    p->is_indexed = true;
}

/* Whether the base has at `place` what the bytes have at `at`. */
static bool
matches(const struct packing *p, size_t at, size_t place)
{
    return at + MATCH_MIN <= p->bytes.len && place + MATCH_MIN <= p->base.len &&
           four(p->bytes.at + at) == four(p->base.at + place);
}

/* Where in the base to copy from for what follows at `at`. */
static bool
find(struct packing *p, size_t at, size_t *place)
{
    size_t literals = at - p->literals;

    *place = p->expected + literals;
    if (matches(p, at, *place)) {
        return true;
    }
    if ((literals < PATIENCE && !p->is_indexed) || at + MATCH_MIN > p->bytes.len ||
        p->base.len < MATCH_MIN) {
        return false;
    }
    if (!p->is_indexed) {
        index_base(p);
    }
    *place = p->place[slot(p->bytes.at + at)];
    return matches(p, at, *place);
}

/* Bytes from `at` on, at least one, in which no copy begins: the last search found none at the
 * first, and the others are all unlike what is expected there. */
static size_t
unlike(const struct packing *p, size_t at)
{
    static const uint64_t ones = 0x0101010101010101U;
    size_t literals = at - p->literals;
    size_t place = p->expected + literals;
    uint64_t x;
    uint64_t y;

    if (literals + sizeof x > PATIENCE || at + sizeof x > p->bytes.len ||
        place + sizeof y > p->base.len) {
        return 1;
    }
    memcpy(&x, p->bytes.at + at, sizeof x);
    memcpy(&y, p->base.at + place, sizeof y);
    x ^= y;
    return ((x - ones) & ~x & (ones << 7)) != 0 ? 1 : sizeof x; /* a byte of zeros is in x */
}

static void
put_varint(struct onym_writer *w, uint64_t v)
{
    while (v >= 0x80U) {
        onym_writer_u8(w, (uint8_t)(v | 0x80U));
        v >>= 7;
    }
    onym_writer_u8(w, (uint8_t)v);
}

/* Literals up to `at`, then a copy of len bytes from place. */
static void
put_piece(struct packing *p, size_t at, size_t place, size_t len)
{
    size_t literals = at - p->literals;
    int64_t step = (int64_t)place - (int64_t)(p->expected + literals);

    put_varint(&p->w, literals);
    onym_writer_bytes(&p->w, onym_span_of(p->bytes.at + p->literals, literals));
    put_varint(&p->w, len);
    if (len > 0) {
        put_varint(&p->w, ((uint64_t)step << 1) ^ (uint64_t)(step < 0 ? -1 : 0));
    }
    p->literals = at + len;
    p->expected = place + len;
}

enum onym_status
onym_pack(onym_span base, onym_span bytes, uint8_t *out, size_t cap, size_t *len)
{
    struct packing p;
    size_t at = 0;
    size_t place;

    if (base.len > ONYM_PACK_LEN_MAX || bytes.len > ONYM_PACK_LEN_MAX || cap == 0) {
        return ONYM_NO_SPACE;
    }
    p.base = base;
    p.bytes = bytes;
    p.w = onym_writer_over(out, cap - 1);
    p.literals = p.expected = 0;
    p.is_indexed = false;
    while (at < bytes.len && p.w.status == ONYM_OK) {
        if (find(&p, at, &place)) {
            size_t same = same_len(onym_span_from(bytes, at), onym_span_from(base, place));

            put_piece(&p, at, place, same);
            at += same;
        } else {
            at += p.is_indexed ? 1 : unlike(&p, at);
        }
    }
    if (p.literals < bytes.len) {
        put_piece(&p, bytes.len, 0, 0);
    }
    *len = p.w.len;
    return p.w.status;
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
