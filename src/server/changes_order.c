/* The order in which the operations of a group are decided. */
#include "server/changes_priv.h"

/* A group of single runs has this many of 2, 4, 8 and so on. */
#define LEVELS 13U

_Static_assert((size_t)1 << (LEVELS - 1) >= ONYM_CHANGES_GROUP_OPS, "runs of one each fit");

/* Neighbours in the table share pages. Both kinds of one name stay together, so that operations on
 * a prefix and on its record keep their order. */
static int
by_name(const struct onym_changes_item *x, const struct onym_changes_item *y)
{
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

/* Merges items up to mid and from there on, each of them in order. */
static void
merge(struct onym_changes_item **items, size_t mid, size_t count, struct onym_changes_item **spare)
{
    size_t left = 0;
    size_t right = mid;

    memcpy(spare, items, mid * sizeof *spare);
    for (size_t to = 0; left < mid; to++) {
        bool is_right = right < count && by_name(spare[left], items[right]) > 0;

        items[to] = is_right ? items[right++] : spare[left++];
    }
}

/* How many from the first on are in order. */
static size_t
run_of(struct onym_changes_item *const *items, size_t count)
{
    size_t n = 1;

    while (n < count && by_name(items[n - 1], items[n]) < 0) {
        n++;
    }
    return n;
}

/* What an import sends is in order, and several of them are runs in turns: these are merged, two by
 * two, as a binary counter carries. */
static void
sort(struct onym_changes_item **items, size_t count, struct onym_changes_item **spare)
{
    size_t start[LEVELS]; /* of the 2^k runs that are one now; where in_order has bit k */
    size_t in_order = 0;  /* runs so far */

    for (size_t from = 0; from < count; in_order++) {
        size_t end = from + run_of(items + from, count - from);
        size_t first = from;
        size_t level = 0;

        for (; (in_order >> level & 1) != 0; level++) {
            merge(items + start[level], first - start[level], end - start[level], spare);
            first = start[level];
        }
        start[level] = first;
        from = end;
    }
    /* what is left, the shortest and last ones first */
    for (size_t level = 0, last = count; in_order >> level != 0; level++) {
        if ((in_order >> level & 1) != 0) {
            if (last < count) {
                merge(items + start[level], last - start[level], count - start[level], spare);
            }
            last = start[level];
        }
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
onym_changes_order(struct onym_changes_item **items, size_t count, struct onym_changes_item **spare)
{
    sort(items, count, spare);
    for (size_t from = 0; from < count;) {
        size_t n = leaf_of(items + from, count - from);

        turn_round(items + from, n);
        from += n > 0 ? n : 1;
    }
}
