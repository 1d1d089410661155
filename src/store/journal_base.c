/* Which file a journal was written for. A record may carry what LMDB's file said of itself in front
 * of it, in pieces without bytes whose places are hashes: programs that do not know them write
 * nothing when they come to one. */
#include "base/bytes.h"
#include "base/hash.h"
#include "store/journal_priv.h"
#include "store/lmdb_page.h"

#include <errno.h>
#include <unistd.h>

/* LMDB's meta page, behind the front of a page: u4 magic, u4 version, u8 address, u8, u4 size of
 * pages; the number of its transaction is its last field. LMDB reads and writes the address only
 * where a map has to lie at one, which no store of ours asks for; each file has chance there. */
#define META_MAGIC     0xBEEFC0DEU
#define META_ADDRESS   8U
#define META_PAGE_SIZE 24U
#define META_TXN       128U
#define META_LEN       136U

#define IS_FILE   ((uint64_t)1 << 61) /* else it is of a state */
#define HASH_BITS (IS_FILE - 1)

int
onym_journal_base_read(int fd, struct onym_journal_base *out)
{
    uint8_t meta[META_LEN];

    *out = (struct onym_journal_base){.page_size = 4096};
    for (unsigned k = 0; k < 2 && fd >= 0; k++) {
        ssize_t got = pread(fd, meta, sizeof meta,
                            (off_t)(k * out->page_size + ONYM_LMDB_PAGE_FRONT));

        if (got < 0) {
            return errno;
        }
        if (got != (ssize_t)sizeof meta || onym_lmdb_u32(meta) != META_MAGIC) {
            continue;
        }
        out->page_size = onym_lmdb_u32(meta + META_PAGE_SIZE);
        if (out->transaction == 0 || onym_lmdb_u64(meta + META_TXN) > out->transaction) {
            out->transaction = onym_lmdb_u64(meta + META_TXN);
            out->file = IS_FILE |
                        (onym_hash64(onym_span_of(meta + META_ADDRESS, 8), 0) & HASH_BITS);
            out->state = onym_hash64(onym_span_of(meta, sizeof meta), 0) & HASH_BITS;
        }
    }
    return 0;
}

int
onym_journal_base_make(int fd, size_t page_size, uint64_t chance)
{
    uint8_t bytes[8];

    onym_put_u64(bytes, chance);
    for (unsigned k = 0; k < 2; k++) {
        off_t at = (off_t)(k * page_size + ONYM_LMDB_PAGE_FRONT + META_ADDRESS);
        ssize_t done = pwrite(fd, bytes, sizeof bytes, at);

        if (done != (ssize_t)sizeof bytes) {
            return done < 0 ? errno : ENOSPC;
        }
    }
    return 0;
}

void
onym_journal_base_add(struct onym_journal *journal)
{
    onym_span nothing = onym_span_of(journal->draft.bytes, 0);
    struct onym_journal_base base;

    if (onym_journal_base_read(journal->data_fd, &base) == 0 &&
        base.transaction + 1 == journal->transaction) {
        onym_journal_draft_add(&journal->draft, base.file, nothing, base.page_size);
        onym_journal_draft_add(&journal->draft, base.state, nothing, base.page_size);
    }
}

/* Whether LMDB's file has these bytes there. */
static bool
has(int fd, uint64_t place, onym_span bytes)
{
    uint8_t in_file[META_LEN];

    return bytes.len <= sizeof in_file &&
           pread(fd, in_file, bytes.len, (off_t)place) == (ssize_t)bytes.len &&
           onym_span_equal(bytes, onym_span_of(in_file, bytes.len));
}

bool
onym_journal_base_fits(const struct onym_journal *journal, const struct onym_journal_base *base,
                       uint64_t transaction, onym_span pieces)
{
    uint64_t place;
    onym_span bytes;

    while (pieces.len > 0 && onym_journal_piece_next(&pieces, &place, &bytes) == ONYM_OK) {
        bool is_of_file = (place & IS_FILE) != 0;

        if (bytes.len == 0 && is_of_file && place != base->file) {
            return false;
        }
        if (bytes.len == 0 && !is_of_file && transaction == base->transaction + 1 &&
            place != base->state) {
            return false;
        }
        if (bytes.len > 0 && transaction == base->transaction && place < 2 * base->page_size &&
            !has(journal->data_fd, place, bytes)) {
            return false;
        }
    }
    return true;
}
