/* Sorting of keys that lie in rows. For store/ alone. */
#ifndef ONYM_STORE_KEY_SORT_H
#define ONYM_STORE_KEY_SORT_H

#include "onym/span.h"

/* One row to be sorted. */
struct onym_key_entry {
    uint64_t word;      /* eight bytes of the key, big-endian: what the next comparison looks at */
    const uint8_t *row; /* u2 key length and flags, the rest of the header, the key */
};

/* Where a row's key begins, and its length. */
#define ONYM_ROW_HEADER_LEN 12U
#define ONYM_ROW_KEY_MASK   0x01FFU

static inline onym_span
onym_row_key(const uint8_t *row)
{
    uint16_t len;

    memcpy(&len, row, sizeof len);
    return onym_span_of(row + ONYM_ROW_HEADER_LEN, len & ONYM_ROW_KEY_MASK);
}

/* The eight bytes of the key at depth, zeros behind its end. */
static inline uint64_t
onym_key_word(onym_span key, size_t depth)
{
    uint64_t word = 0;

    if (depth + 8 <= key.len) {
        memcpy(&word, key.at + depth, 8);
    } else if (depth < key.len) {
        memcpy(&word, key.at + depth, key.len - depth);
    }
    return __builtin_bswap64(word);
}

/* Sorts entries, whose words are those at depth 0, by the keys of their rows, as memcmp and then
 * length; equal keys in any order. */
void onym_key_sort(struct onym_key_entry *entries, size_t count);

/* < 0, 0, > 0 as the order above. */
int onym_key_compare(onym_span a, onym_span b);

#endif
