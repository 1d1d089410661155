#include "store/multi_get.h"

#include "base/prefetch.h"
#include "store/lmdb_page.h"

#define LINE        64U
#define HOT_LEVELS  2U /* the highest ones: few pages, and in the processor's cache */
#define FRONT_LINES 4U /* of a branch: the places of some hundred nodes */
#define VALUE_LINES 8U /* of a value that are prefetched */

/* Where one key has got to. */
struct search {
    struct onym_multi_get *item;
    struct onym_lmdb_page page;
    const uint8_t *next; /* the page to open, or NULL: it is open, and a node is looked at */
    unsigned levels;     /* from the page down to the leaves, both included */
    unsigned low, high;  /* nodes below low have keys that are not greater, from high on greater */
};

static void
prefetch_bytes(const uint8_t *at, size_t len)
{
    const uint8_t *end = at + len;

    for (at -= (uintptr_t)at % LINE; at < end; at += LINE) {
        onym_prefetch(at);
    }
}

static int
compare(onym_span a, onym_span b)
{
    int order = memcmp(a.at, b.at, a.len < b.len ? a.len : b.len);

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static bool
is_cold(const struct onym_lmdb_tree *tree, const struct search *s)
{
    return s->levels + HOT_LEVELS <= tree->depth;
}

/* ---- steps: each is true when the search goes on ---- */

static bool
go_down(const struct onym_lmdb_tree *tree, struct search *s, uint64_t number)
{
    s->next = onym_lmdb_page_place(tree, number);
    if (s->next == NULL || s->levels == 0) {
        return false;
    }
    if (is_cold(tree, s)) {
        prefetch_bytes(s->next, s->levels > 1 ? FRONT_LINES * LINE : 1);
    }
    return true;
}

static unsigned
middle_of(const struct search *s)
{
    return (s->low + s->high) / 2;
}

/* The keys of neighbours are alike: what tells them apart is at their end. */
static void
prefetch_node(const struct search *s)
{
    const uint8_t *node = onym_lmdb_node_place(&s->page, middle_of(s));

    prefetch_bytes(node, ONYM_LMDB_NODE_FRONT + s->item->key.len);
}

static bool
open_page(const struct onym_lmdb_tree *tree, struct search *s)
{
    if (!onym_lmdb_page_open(tree, s->next, &s->page) || s->page.is_leaf != (s->levels == 1)) {
        return false;
    }
    s->next = NULL;
    s->low = s->page.is_leaf ? 0 : 1; /* the first key of a branch is below all others */
    s->high = s->page.nodes;
    return true;
}

/* The page is searched: nodes below low are not greater. */
static bool
leave_page(const struct onym_lmdb_tree *tree, struct search *s)
{
    struct onym_lmdb_node node;

    if (s->page.is_leaf || s->low == 0 || !onym_lmdb_node_open(&s->page, s->low - 1, &node)) {
        return false;
    }
    s->levels--;
    return go_down(tree, s, onym_lmdb_node_child(&node));
}

static bool
compare_node(const struct onym_lmdb_tree *tree, struct search *s)
{
    unsigned middle = middle_of(s);
    struct onym_lmdb_node node;
    int order;

    if (!onym_lmdb_node_open(&s->page, middle, &node)) {
        return false;
    }
    order = compare(s->item->key, node.key);
    if (order == 0 && s->page.is_leaf) {
        onym_span value = onym_lmdb_node_value(tree, &s->page, &node);

        s->item->value = value;
        if (value.at != NULL) {
            prefetch_bytes(value.at,
                           value.len < VALUE_LINES * LINE ? value.len : VALUE_LINES * LINE);
        }
        return false;
    }
    if (order < 0) {
        s->high = middle;
    } else {
        s->low = middle + 1;
    }
    return true;
}

/* Goes on until memory has to be waited for. */
static bool
step(const struct onym_lmdb_tree *tree, struct search *s)
{
    bool on = true;

    do {
        if (s->next != NULL) {
            on = open_page(tree, s);
        } else {
            on = compare_node(tree, s);
        }
        if (on && s->low == s->high) {
            on = leave_page(tree, s);
        } else if (on && is_cold(tree, s)) {
            prefetch_node(s);
        }
    } while (on && !is_cold(tree, s));
    return on;
}

void
onym_multi_get(const struct onym_lmdb_tree *tree, struct onym_multi_get *items, size_t count)
{
    struct search search[ONYM_MULTI_GET_MAX];
    uint8_t going[ONYM_MULTI_GET_MAX]; /* indices into search */
    size_t left = 0;

    for (size_t i = 0; i < count; i++) {
        items[i].value = onym_span_of(NULL, 0);
        search[i] = (struct search){.item = &items[i], .levels = tree->depth};
        if (tree->depth > 0 && go_down(tree, &search[i], tree->root)) {
            going[left++] = (uint8_t)i;
        }
    }
    while (left > 0) {
        size_t round = left;

        left = 0;
        for (size_t i = 0; i < round; i++) {
            if (step(tree, &search[going[i]])) {
                going[left++] = going[i];
            }
        }
    }
}
