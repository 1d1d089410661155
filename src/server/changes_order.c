/* The order in which the operations of a group are decided. */
#include "server/changes_priv.h"

#include <stdlib.h>

/* Neighbours in the table share pages. Both kinds of one name stay together, so that operations on
 * a prefix and on its record keep their order. */
static int
by_name(const void *a, const void *b)
{
    const struct onym_changes_item *x = *(struct onym_changes_item *const *)a;
    const struct onym_changes_item *y = *(struct onym_changes_item *const *)b;
    size_t xn = x->target.folded.len;
    size_t yn = y->target.folded.len;
    int order = memcmp(x->target.folded.at, y->target.folded.at, xn < yn ? xn : yn);

    if (order != 0) {
        return order;
    }
    if (xn != yn) {
        return xn < yn ? -1 : 1;
    }
    return x->arrival < y->arrival ? -1 : 1;
}

/* What one import sends is in order mostly. */
static void
sort(struct onym_changes_item **items, size_t count)
{
    size_t sorted = 1;

    while (sorted < count && by_name(&items[sorted - 1], &items[sorted]) < 0) {
        sorted++;
    }
    if (sorted < count) {
        qsort(items, count, sizeof items[0], by_name);
    }
}

/* How many from the first on are drafts of different names that fill one leaf together. Not records
 * of prefixes: the right to create what is below one is found in it. */
static size_t
leaf_of(struct onym_changes_item *const *items, size_t count)
{
    size_t room = ONYM_DRAFT_LEAF_ROOM;
    size_t n = 0;

    while (n < count && items[n]->leaf_len > 0 && items[n]->leaf_len <= room &&
           !onym_changes_is_prefix_record(items[n]->target.folded) &&
           (n == 0 || !onym_span_equal(items[n]->target.folded, items[n - 1]->target.folded))) {
        room -= items[n]->leaf_len;
        n++;
    }
    return n;
}

static void
turn_round(struct onym_changes_item **items, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct onym_changes_item *item = items[i];

        items[i] = items[count - 1 - i];
        items[count - 1 - i] = item;
    }
}

void
onym_changes_order(struct onym_changes_item **items, size_t count)
{
    sort(items, count);
    for (size_t from = 0; from < count;) {
        size_t n = leaf_of(items + from, count - from);

        turn_round(items + from, n);
        from += n > 0 ? n : 1;
    }
}
