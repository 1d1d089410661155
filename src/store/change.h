/* The one write transaction of a store: records, the log entries that explain them, the outcomes of
 * operations and the counts become durable together or not at all. For store/, the writer and
 * tests; everybody else changes records through operations. */
#ifndef ONYM_STORE_CHANGE_H
#define ONYM_STORE_CHANGE_H

#include "onym/model/record.h"
#include "store/draft.h"
#include "store/entry.h"
#include "store/env.h"
#include "store/outcome.h"

#define ONYM_CHANGE_KEY_LEN_MAX 511U

struct onym_change; /* opaque; at most one at a time in a store */

/* Waits for the transaction of another thread. ONYM_OK and *out (end it with commit or abort), or
 * what LMDB reports with *fault. */
ONYM_MUST_USE enum onym_status onym_change_begin(struct onym_env *env, struct onym_change **out,
                                                 struct onym_fault *fault);

/* Whether so little of the map is left that it is kept for what removes: a removal too takes pages
 * before it gives any back. */
bool onym_change_is_tight(const struct onym_change *change);

/* The key of the record of kind whose name folds to folded (at most ONYM_PREFIX_NAME_LEN_MAX
 * bytes), in out. */
onym_span onym_change_key(struct onym_change *change, enum onym_kind kind, onym_span folded,
                          uint8_t out[ONYM_CHANGE_KEY_LEN_MAX]);

/* The record under key as this transaction sees it; spans live until its next put or remove.
 * ONYM_OK, ONYM_NOT_FOUND, ONYM_CORRUPT, ONYM_IO. */
ONYM_MUST_USE enum onym_status onym_change_get(const struct onym_change *change, onym_span key,
                                               struct onym_record *out);

/* The first record whose key is at or behind `from`, of whatever kind; *key, its key, and the spans
 * of *out live as those of onym_change_get. Statuses of onym_change_get, with ONYM_CORRUPT *key. */
ONYM_MUST_USE enum onym_status onym_change_from(const struct onym_change *change, onym_span from,
                                                onym_span *key, struct onym_record *out);

/* Stores record under key, new or in the place of an old one; its spans may be those of a
 * onym_change_get of this transaction. ONYM_OK; ONYM_INVALID a part over its limit, ONYM_NO_MEMORY:
 * nothing was done; ONYM_FULL, ONYM_IO: only abort is allowed. */
ONYM_MUST_USE enum onym_status onym_change_put(struct onym_change *change, onym_span key,
                                               const struct onym_record *record);

/* Stores the record of a draft made for this store under key. ONYM_OK; ONYM_EXISTS there is one:
 * nothing was done; ONYM_FULL, ONYM_IO: only abort is allowed. */
ONYM_MUST_USE enum onym_status onym_change_put_draft(struct onym_change *change, onym_span key,
                                                     const struct onym_draft *draft);
/* A draft, or none, that will soon be put: what that needs from memory is fetched meanwhile. */
void onym_change_expect(const struct onym_change *change, const struct onym_draft *draft);

/* Removes the record under key. ONYM_OK, ONYM_NOT_FOUND, ONYM_IO. */
ONYM_MUST_USE enum onym_status onym_change_remove(struct onym_change *change, onym_span key);

/* The digest of the record under key as it stands, with the digest of this store: over the stored
 * record without its checksum. False when there is none: out is zeros. */
bool onym_change_digest(struct onym_change *change, onym_span key,
                        uint8_t out[ONYM_ENTRY_DIGEST_LEN]);
/* The same of the record that onym_change_put, which was ONYM_OK, stored last. */
void onym_change_digest_put(struct onym_change *change, uint8_t out[ONYM_ENTRY_DIGEST_LEN]);
/* Which digest that is, for the entry. */
enum onym_record_digest onym_change_digest_kind(const struct onym_change *change);

/* Appends entry to the group of this transaction; *sequence is its place in the log. ONYM_OK;
 * ONYM_INVALID a part over its limit: nothing was done; ONYM_FULL, ONYM_IO, ONYM_NO_MEMORY: only
 * abort is allowed. */
ONYM_MUST_USE enum onym_status onym_change_log(struct onym_change *change,
                                               const struct onym_entry *entry, uint64_t *sequence);

/* What became of the operation with that id. ONYM_OK with spans as onym_change_get; ONYM_NOT_FOUND;
 * ONYM_CORRUPT, ONYM_IO. */
ONYM_MUST_USE enum onym_status onym_change_outcome(const struct onym_change *change,
                                                   const uint8_t id[ONYM_OPERATION_ID_LEN],
                                                   struct onym_outcome *out);

/* Remembers it; the id has none yet. ONYM_OK; ONYM_EXISTS, ONYM_FULL, ONYM_IO: only abort. */
ONYM_MUST_USE enum onym_status onym_change_put_outcome(struct onym_change *change,
                                                       const uint8_t id[ONYM_OPERATION_ID_LEN],
                                                       const struct onym_outcome *outcome);

/* Looks at up to `steps` outcomes from *place on and removes those kept long enough at now_ms;
 * *removed counts them. ONYM_OK; ONYM_FULL, ONYM_IO: only abort. */
ONYM_MUST_USE enum onym_status onym_change_prune_outcomes(struct onym_change *change,
                                                          uint64_t now_ms, uint32_t steps,
                                                          struct onym_outcome_place *place,
                                                          uint32_t *removed);

/* Appends a load to the log and takes a checkpoint: the digest of all records as they stand, so
 * this is the last step before the commit. */
ONYM_MUST_USE enum onym_status onym_change_log_load(struct onym_change *change, uint64_t now_ms,
                                                    const struct onym_load_operation *load);

/* Makes all of it durable and frees the change, also on failure. ONYM_OK. ONYM_FULL with *fault:
 * the store is as it was before. ONYM_UNCERTAIN with *fault: the disk failed while the commit was
 * being written, so it may or may not be there, and onym_env_reopen is due before anything else is
 * changed. */
ONYM_MUST_USE enum onym_status onym_change_commit(struct onym_change *change,
                                                  struct onym_fault *fault);

/* Forgets all of it. NULL is fine. */
void onym_change_abort(struct onym_change *change);

#endif
