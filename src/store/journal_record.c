#include "store/journal_record.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "base/writer.h"
#include "store/lmdb_page.h"

#define MAGIC       "onymjrnl"
#define MAGIC_LEN   8U
#define SUM_END     (MAGIC_LEN + 8U) /* the checksum is over what is behind it */
#define PIECE_FRONT 12U

_Static_assert(ONYM_JOURNAL_FRONT_LEN == SUM_END + 8U + 4U + 1U + 4U + 8U + 4U, "the front's form");
_Static_assert(ONYM_JOURNAL_RECORD_MAX % ONYM_JOURNAL_BLOCK == 0, "zeros have room");

void
onym_journal_draft_start(struct onym_journal_draft *draft)
{
    draft->len = ONYM_JOURNAL_FRONT_LEN;
    draft->is_whole = true;
}

static void
add(struct onym_journal_draft *draft, uint64_t place, onym_span bytes)
{
    struct onym_writer w = onym_writer_over(draft->bytes + draft->len,
                                            ONYM_JOURNAL_RECORD_MAX - draft->len);

    onym_writer_u64(&w, place);
    onym_writer_u32(&w, (uint32_t)bytes.len);
    onym_writer_bytes(&w, bytes);
    draft->is_whole = draft->is_whole && w.status == ONYM_OK;
    draft->len += draft->is_whole ? w.len : 0;
}

void
onym_journal_draft_add(struct onym_journal_draft *draft, uint64_t place, onym_span bytes,
                       size_t page_size)
{
    size_t lower, upper;
    uint16_t kind;

    if (!draft->is_whole || bytes.len > ONYM_JOURNAL_RECORD_MAX) {
        draft->is_whole = false;
        return;
    }
    if (bytes.len == page_size && page_size > ONYM_LMDB_PAGE_FRONT) {
        kind = onym_lmdb_u16(bytes.at + 10);
        lower = onym_lmdb_u16(bytes.at + 12);
        upper = onym_lmdb_u16(bytes.at + 14);
        if ((kind == ONYM_LMDB_BRANCH || kind == ONYM_LMDB_LEAF) && lower >= ONYM_LMDB_PAGE_FRONT &&
            lower <= upper && upper <= page_size) {
            add(draft, place, onym_span_of(bytes.at, lower));
            add(draft, place + upper, onym_span_of(bytes.at + upper, page_size - upper));
            return;
        }
    }
    add(draft, place, bytes);
}

size_t
onym_journal_padded(size_t len)
{
    return (len + ONYM_JOURNAL_BLOCK - 1) / ONYM_JOURNAL_BLOCK * ONYM_JOURNAL_BLOCK;
}

uint64_t
onym_journal_draft_seal(struct onym_journal_draft *draft, const struct onym_journal_place *place)
{
    struct onym_writer w = onym_writer_over(draft->bytes, ONYM_JOURNAL_FRONT_LEN);
    uint64_t sum;

    onym_writer_bytes(&w, onym_span_text(MAGIC));
    onym_writer_u64(&w, 0);
    onym_writer_u64(&w, place->epoch);
    onym_writer_u32(&w, place->number);
    onym_writer_u8(&w, place->follows ? 1 : 0);
    onym_writer_u32(&w, place->before);
    onym_writer_u64(&w, place->transaction);
    onym_writer_u32(&w, (uint32_t)(draft->len - ONYM_JOURNAL_FRONT_LEN));
    sum = onym_hash64(onym_span_of(draft->bytes + SUM_END, draft->len - SUM_END), place->seed);
    onym_put_u64(draft->bytes + MAGIC_LEN, sum);
    memset(draft->bytes + draft->len, 0, onym_journal_padded(draft->len) - draft->len);
    return sum;
}

size_t
onym_journal_record_need(onym_span bytes)
{
    return ONYM_JOURNAL_FRONT_LEN + (size_t)onym_get_u32(bytes.at + ONYM_JOURNAL_FRONT_LEN - 4);
}

enum onym_status
onym_journal_record_read(onym_span bytes, uint64_t seed, struct onym_journal_place *out,
                         onym_span *pieces, uint64_t *sum)
{
    struct onym_reader r = onym_reader_over(bytes);
    onym_span magic = onym_reader_bytes(&r, MAGIC_LEN);
    uint32_t len;

    *sum = onym_reader_u64(&r);
    *out = (struct onym_journal_place){.epoch = onym_reader_u64(&r), .seed = seed};
    out->number = onym_reader_u32(&r);
    out->follows = onym_reader_u8(&r) != 0;
    out->before = onym_reader_u32(&r);
    out->transaction = onym_reader_u64(&r);
    len = onym_reader_u32(&r);
    *pieces = onym_reader_bytes(&r, len);
    if (r.status != ONYM_OK || !onym_span_equal(magic, onym_span_text(MAGIC)) ||
        *sum !=
            onym_hash64(onym_span_of(bytes.at + SUM_END, ONYM_JOURNAL_FRONT_LEN - SUM_END + len),
                        seed)) {
        return ONYM_NOT_FOUND;
    }
    return ONYM_OK;
}

enum onym_status
onym_journal_piece_next(onym_span *pieces, uint64_t *place, onym_span *bytes)
{
    struct onym_reader r = onym_reader_over(*pieces);
    uint32_t len;

    *place = onym_reader_u64(&r);
    len = onym_reader_u32(&r);
    *bytes = onym_reader_bytes(&r, len);
    *pieces = r.left;
    return r.status == ONYM_OK && *place <= (uint64_t)INT64_MAX - len ? ONYM_OK : ONYM_CORRUPT;
}
