/* The one write transaction of a store: records, the log entry that explains them and the counts
 * become durable together or not at all. For store/ and its tests; the layers above change records
 * through operations. */
#ifndef ONYM_STORE_CHANGE_H
#define ONYM_STORE_CHANGE_H

#include "onym/model/record.h"
#include "store/oplog.h"

struct onym_change; /* opaque; at most one at a time in a store */

/* Waits for the transaction of another thread. ONYM_OK and *out (end it with commit or abort), or
 * what LMDB reports with *fault. */
ONYM_MUST_USE enum onym_status onym_change_begin(struct onym_env *env, struct onym_change **out,
                                                 struct onym_fault *fault);

/* The record under key as this transaction sees it; spans live until its next put or remove.
 * ONYM_OK, ONYM_NOT_FOUND, ONYM_CORRUPT, ONYM_IO. */
ONYM_MUST_USE enum onym_status onym_change_get(const struct onym_change *change, onym_span key,
                                               struct onym_record *out);

/* Stores record under key (onym_record_key), new or in the place of an old one. ONYM_OK;
 * ONYM_INVALID a part over its limit; ONYM_FULL; ONYM_IO. After a failure only abort is allowed. */
ONYM_MUST_USE enum onym_status onym_change_put(struct onym_change *change, onym_span key,
                                               const struct onym_record *record);

/* Removes the record under key. ONYM_OK, ONYM_NOT_FOUND, ONYM_IO. */
ONYM_MUST_USE enum onym_status onym_change_remove(struct onym_change *change, onym_span key);

/* Appends a load to the log and takes a checkpoint: the digest of all records as they stand, so
 * this is the last step before the commit. */
ONYM_MUST_USE enum onym_status onym_change_log_load(struct onym_change *change, uint64_t now_ms,
                                                    const struct onym_load_operation *load);

/* Makes all of it durable and frees the change, also on failure. ONYM_OK or what LMDB reports with
 * *fault; then the store is as it was before. */
ONYM_MUST_USE enum onym_status onym_change_commit(struct onym_change *change,
                                                  struct onym_fault *fault);

/* Forgets all of it. NULL is fine. */
void onym_change_abort(struct onym_change *change);

#endif
