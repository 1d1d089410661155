/* The pages of an LMDB file as version 0.9 writes them, for a reader of our own. For store/ alone.
 *
 *   page    u8 own number, u2 pad, u2 flags, u2 lower, u2 upper, then up to lower: u2 place of each
 *           node in the order of keys. In front of a value in pages of its own: number, pad, flags,
 *           u4 how many pages
 *   node    u2 low, u2 high, u2 flags, u2 key length, key. In a leaf low and high are the value's
 *           length, and the value follows, or the u8 number of its first page. In a branch low,
 *           high and flags are the number of the page below; the first node's key does not count
 *   table   a value in the unnamed table: u4 pad, u2 flags, u2 depth, u8 branches, u8 leaves, u8
 *           pages of values, u8 entries, u8 number of the root
 *
 * Integers are the machine's. The pages that a snapshot shows do not change while its transaction
 * lives. Nothing here believes what it reads: what is not of this form, or points out of its page
 * or of the file, is answered with "nobody knows" and left to LMDB to judge. */
#ifndef ONYM_STORE_LMDB_PAGE_H
#define ONYM_STORE_LMDB_PAGE_H

#include "onym/span.h"

#include <lmdb.h>

#define ONYM_LMDB_PAGE_FRONT 16U
#define ONYM_LMDB_NODE_FRONT 8U
#define ONYM_LMDB_BRANCH     1U /* flags of pages */
#define ONYM_LMDB_LEAF       2U
#define ONYM_LMDB_OVERFLOW   4U
#define ONYM_LMDB_BIG_DATA   1U /* of nodes: the value has pages of its own */
#define ONYM_LMDB_DEPTH_MAX  32U

/* Where the pages of an open file lie in memory. The zero struct: nobody knows. */
struct onym_lmdb_map {
    const uint8_t *at;
    size_t page_size;
};

/* A table as one snapshot shows it. Depth 0: it is empty, or nobody knows. */
struct onym_lmdb_tree {
    struct onym_lmdb_map map;
    uint64_t last; /* the highest number of a page */
    uint64_t root;
    unsigned depth; /* levels, that of the leaves included */
};

struct onym_lmdb_page {
    const uint8_t *at;
    uint32_t size;
    uint16_t nodes;
    bool is_leaf;
};

struct onym_lmdb_node {
    const uint8_t *at;
    onym_span key;
};

/* The map of mdb; `main` is its unnamed table, which has a value under `name`. It stays where it is
 * until mdb is closed. Compares a page with what the file has in its place. */
struct onym_lmdb_map onym_lmdb_map_find(MDB_env *mdb, MDB_dbi main, const char *name);

/* The table `name`, opened as dbi, as the snapshot of txn shows it. */
struct onym_lmdb_tree onym_lmdb_tree_find(const struct onym_lmdb_map *map, MDB_txn *txn,
                                          MDB_dbi main, const char *name, MDB_dbi dbi);

static inline uint16_t
onym_lmdb_u16(const uint8_t *at)
{
    uint16_t v;

    memcpy(&v, at, sizeof v);
    return v;
}

static inline uint32_t
onym_lmdb_u32(const uint8_t *at)
{
    uint32_t v;

    memcpy(&v, at, sizeof v);
    return v;
}

static inline uint64_t
onym_lmdb_u64(const uint8_t *at)
{
    uint64_t v;

    memcpy(&v, at, sizeof v);
    return v;
}

/* Where the page of that number begins; NULL when there is none. Reads nothing. */
static inline const uint8_t *
onym_lmdb_page_place(const struct onym_lmdb_tree *tree, uint64_t number)
{
    return number <= tree->last ? tree->map.at + number * tree->map.page_size : NULL;
}

/* Reads the front of the branch or leaf that begins at `at`. False: nobody knows what it is. */
static inline bool
onym_lmdb_page_open(const struct onym_lmdb_tree *tree, const uint8_t *at,
                    struct onym_lmdb_page *out)
{
    uint16_t flags = onym_lmdb_u16(at + 10);
    uint16_t lower = onym_lmdb_u16(at + 12);
    uint16_t upper = onym_lmdb_u16(at + 14);

    *out = (struct onym_lmdb_page){.at = at,
                                   .size = (uint32_t)tree->map.page_size,
                                   .nodes = (uint16_t)((lower - ONYM_LMDB_PAGE_FRONT) / 2),
                                   .is_leaf = flags == ONYM_LMDB_LEAF};
    return onym_lmdb_page_place(tree, onym_lmdb_u64(at)) == at && lower > ONYM_LMDB_PAGE_FRONT &&
           lower <= upper && upper <= out->size && (out->is_leaf || flags == ONYM_LMDB_BRANCH);
}

/* Where node i of a page seems to begin: an address to be prefetched, not to be read. */
static inline const uint8_t *
onym_lmdb_node_place(const struct onym_lmdb_page *page, unsigned i)
{
    return page->at + onym_lmdb_u16(page->at + ONYM_LMDB_PAGE_FRONT + 2 * i);
}

/* Node i of a page, i < nodes. False: not all of its key is in the page. */
static inline bool
onym_lmdb_node_open(const struct onym_lmdb_page *page, unsigned i, struct onym_lmdb_node *out)
{
    uint32_t place = onym_lmdb_u16(page->at + ONYM_LMDB_PAGE_FRONT + 2 * i);

    if (place + ONYM_LMDB_NODE_FRONT > page->size) {
        return false;
    }
    out->at = page->at + place;
    out->key = onym_span_of(out->at + ONYM_LMDB_NODE_FRONT, onym_lmdb_u16(out->at + 6));
    return place + ONYM_LMDB_NODE_FRONT + out->key.len <= page->size;
}

/* The number of the page below a node of a branch. */
static inline uint64_t
onym_lmdb_node_child(const struct onym_lmdb_node *node)
{
    return onym_lmdb_u32(node->at) | (uint64_t)onym_lmdb_u16(node->at + 4) << 32;
}

/* The value of a node of a leaf, whose pages, when it has its own, are not looked at; NULL and 0:
 * nobody knows. */
static inline onym_span
onym_lmdb_node_value(const struct onym_lmdb_tree *tree, const struct onym_lmdb_page *page,
                     const struct onym_lmdb_node *node)
{
    const uint8_t *at = node->key.at + node->key.len;
    size_t left = (size_t)(page->at + page->size - at);
    size_t len = onym_lmdb_u32(node->at);
    uint16_t flags = onym_lmdb_u16(node->at + 4);

    if (flags == ONYM_LMDB_BIG_DATA && left >= sizeof(uint64_t)) {
        uint64_t first = onym_lmdb_u64(at);

        at = onym_lmdb_page_place(tree, first);
        if (at == NULL || len > (tree->last - first + 1) * page->size - ONYM_LMDB_PAGE_FRONT) {
            return onym_span_of(NULL, 0);
        }
        return onym_span_of(at + ONYM_LMDB_PAGE_FRONT, len);
    }
    return flags == 0 && len <= left ? onym_span_of(at, len) : onym_span_of(NULL, 0);
}

#endif
