/* Several keys of an LMDB table are looked up together.
 *
 * mdb_get waits for the memory a dozen times, one after the other: for the front of a page, for
 * each key that the binary search compares, and so on down the tree to the value. Here each key
 * takes one such step, asks the memory for what its next one needs, and lets the others go on:
 * they wait together.
 *
 * A value that is found is what mdb_get finds: the search begins at the root that the snapshot
 * shows, goes over its pages only, and compares the whole key. What is not found may still be
 * there: absence, and everything that looks unusual, is for mdb_get to tell. */
#ifndef ONYM_STORE_MULTI_GET_H
#define ONYM_STORE_MULTI_GET_H

#include "onym/span.h"

#define ONYM_MULTI_GET_MAX 64U

struct onym_lmdb_tree; /* of store/lmdb_page.h */

struct onym_multi_get {
    onym_span key;
    onym_span value; /* set: where it is, and on its way into the processor's cache; or NULL, 0 */
};

/* Looks up count items, ONYM_MULTI_GET_MAX at most, in a tree of a snapshot that lives; the values
 * die with it. Keys are compared byte by byte, as LMDB does when nothing else is set. */
void onym_multi_get(const struct onym_lmdb_tree *tree, struct onym_multi_get *items, size_t count);

#endif
