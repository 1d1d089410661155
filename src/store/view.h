/* A reader's view: one snapshot of the store. One view belongs to one thread at a time; renew it
 * once per batch (10-14 ns) and never keep it over a wait, or the file grows. */
#ifndef ONYM_STORE_VIEW_H
#define ONYM_STORE_VIEW_H

#include "onym/model/record.h"
#include "store/bloom.h"
#include "store/env.h"
#include "store/marks.h"
#include "store/multi_get.h"

#define ONYM_VIEW_WHOLE_NAME_LEN_MAX 509U /* the key has folded names up to here as they are */

struct onym_view; /* opaque */

/* ONYM_OK and *out (release with onym_view_close); ONYM_BUSY all reader slots taken;
 * ONYM_NO_MEMORY; ONYM_IO. The view sees the last commit. */
ONYM_MUST_USE enum onym_status onym_view_open(struct onym_env *env, struct onym_view **out);
void onym_view_close(struct onym_view *view); /* NULL is fine */

/* Gives the snapshot back between batches; every span borrowed through the view dies. */
void onym_view_release(struct onym_view *view);
/* Sees the last commit from here on. Releases first when needed. ONYM_OK, ONYM_IO. */
ONYM_MUST_USE enum onym_status onym_view_renew(struct onym_view *view);

/* A number that changes with every commit: equal numbers mean the same contents. */
uint64_t onym_view_generation(const struct onym_view *view);
/* A number that changes with every renewal: equal numbers mean that no span died between. */
uint64_t onym_view_snapshot(const struct onym_view *view);
/* When names last changed; lives as long as the store is open. */
const struct onym_marks *onym_view_marks(const struct onym_view *view);
/* Which names there are not; lives as long, and may be NULL. */
struct onym_bloom *onym_view_bloom(const struct onym_view *view);

/* Borrows the record of `kind` whose name folds to `folded` (upper-cased by onym_ident_upper, at
 * most ONYM_PREFIX_NAME_LEN_MAX bytes). Spans point into the map and die with the view's snapshot.
 * ONYM_OK; ONYM_NOT_FOUND; ONYM_CORRUPT (checksum or form wrong: never served); ONYM_IO.
 * Allocates nothing. */
ONYM_MUST_USE enum onym_status onym_view_record(const struct onym_view *view, enum onym_kind kind,
                                                onym_span folded, struct onym_record *out);

/* Looks for the records of several names together, ONYM_MULTI_GET_MAX at most. The key of an item
 * is the byte of the kind and the folded name, together shorter than LMDB's keys may be (511
 * bytes). What an item found dies with the view's snapshot. */
void onym_view_multi_get(const struct onym_view *view, struct onym_multi_get *items, size_t count);
/* onym_view_record of what was found under key. ONYM_OK, ONYM_CORRUPT. */
ONYM_MUST_USE enum onym_status onym_view_found(onym_span key, onym_span value,
                                               struct onym_record *out);

/* Whether there is one, without reading it. */
bool onym_view_has(const struct onym_view *view, enum onym_kind kind, onym_span folded);

#endif
