/* Multikey quicksort with eight key bytes kept beside each row: a comparison is one of two words in
 * a dense array, and the rows themselves are touched once per eight bytes of common beginning.
 * Identifiers share long beginnings, so a plain quicksort would compare those again and again. */
#include "store/key_sort.h"

#include "base/prefetch.h"

#include <stdlib.h>

#define SMALL 12U /* ranges up to this are sorted by insertion */
/* Always going on with the smallest of three parts, at most two ranges wait per factor of three. */
#define WAITING_MAX 96U
#define PATIENCE    32U

int
onym_key_compare(onym_span a, onym_span b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = memcmp(a.at, b.at, len);

    if (order != 0) {
        return order;
    }
    return a.len < b.len ? -1 : a.len > b.len;
}

static void
read_words(struct onym_key_entry *entries, size_t count, size_t depth)
{
    for (size_t i = 0; i < count; i++) {
        if (i + 8 < count) {
            onym_prefetch(entries[i + 8].row);
            onym_prefetch(entries[i + 8].row + 64);
        }
        entries[i].word = onym_key_word(onym_row_key(entries[i].row), depth);
    }
}

static bool
is_before(const struct onym_key_entry *a, const struct onym_key_entry *b)
{
    if (a->word != b->word) {
        return a->word < b->word;
    }
    return onym_key_compare(onym_row_key(a->row), onym_row_key(b->row)) < 0;
}

static void
sort_small(struct onym_key_entry *entries, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct onym_key_entry moving = entries[i];
        size_t at = i;

        while (at > 0 && is_before(&moving, &entries[at - 1])) {
            entries[at] = entries[at - 1];
            at--;
        }
        entries[at] = moving;
    }
}

static int
compare_entries(const void *a, const void *b)
{
    const struct onym_key_entry *x = a;
    const struct onym_key_entry *y = b;

    return onym_key_compare(onym_row_key(x->row), onym_row_key(y->row));
}

static uint64_t
median(uint64_t a, uint64_t b, uint64_t c)
{
    if (a > b) {
        uint64_t t = a;
        a = b;
        b = t;
    }
    return c <= a ? a : c < b ? c : b;
}

static uint64_t
choose_pivot(const struct onym_key_entry *e, size_t count)
{
    size_t step = count / 8;

    if (count < 128) {
        return median(e[0].word, e[count / 2].word, e[count - 1].word);
    }
    return median(median(e[0].word, e[step].word, e[2 * step].word),
                  median(e[3 * step].word, e[4 * step].word, e[5 * step].word),
                  median(e[6 * step].word, e[7 * step].word, e[count - 1].word));
}

struct range {
    struct onym_key_entry *at;
    size_t count;
    size_t depth;
    unsigned patience; /* lopsided splits left, before input made for that is sorted otherwise */
};

/* Brings the entries whose word is below pivot (or, with `equal`, is pivot) to the front and
 * returns how many they are. Every entry moves whatever its word is: that costs less than guessing
 * wrong half of the time. */
static inline size_t
bring_forward(struct onym_key_entry *e, size_t count, uint64_t pivot, bool equal)
{
    size_t front = 0;

    for (size_t i = 0; i < count; i++) {
        struct onym_key_entry here = e[i];

        e[i] = e[front];
        e[front] = here;
        front += equal ? here.word == pivot : here.word < pivot;
    }
    return front;
}

/* Parts by the first word: less, equal, greater. The equal part goes one word deeper. */
static void
split(struct range range, struct range parts[3])
{
    struct onym_key_entry *e = range.at;
    uint64_t pivot = choose_pivot(e, range.count);
    size_t low = bring_forward(e, range.count, pivot, false);
    size_t high = low + bring_forward(e + low, range.count - low, pivot, true);

    if (low > range.count / 8 * 7 || high < range.count / 8) {
        range.patience--;
    }
    parts[0] = (struct range){e, low, range.depth, range.patience};
    parts[1] = (struct range){e + low, high - low, range.depth + 8, range.patience};
    parts[2] = (struct range){e + high, range.count - high, range.depth, range.patience};
    if (parts[1].count < 2) {
        return;
    }
    if ((pivot & 0xFF) == 0) {
        /* some key ends here: the few left differ by length at most, or are the same name twice */
        qsort(parts[1].at, parts[1].count, sizeof *parts[1].at, compare_entries);
        parts[1].count = 0;
    } else {
        read_words(parts[1].at, parts[1].count, parts[1].depth);
    }
}

void
onym_key_sort(struct onym_key_entry *entries, size_t count)
{
    struct range waiting[WAITING_MAX];
    struct range parts[3];
    size_t n = 0;

    waiting[n++] = (struct range){entries, count, 0, PATIENCE};
    while (n > 0) {
        struct range range = waiting[--n];

        if (range.count <= SMALL) {
            sort_small(range.at, range.count);
            continue;
        }
        if (range.patience == 0) {
            qsort(range.at, range.count, sizeof *range.at, compare_entries);
            continue;
        }
        split(range, parts);
        /* the smallest part last, so that it is taken first */
        for (unsigned i = 0; i < 2; i++) {
            for (unsigned j = 0; j < 2 - i; j++) {
                if (parts[j].count < parts[j + 1].count) {
                    struct range t = parts[j];
                    parts[j] = parts[j + 1];
                    parts[j + 1] = t;
                }
            }
        }
        for (unsigned i = 0; i < 3; i++) {
            if (parts[i].count > 1) {
                waiting[n++] = parts[i];
            }
        }
    }
}
