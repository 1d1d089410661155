/* A record made ready for a change by another thread than the one with the transaction, to be put
 * where there is none: its stored form, and what is computed over it. The thread with the
 * transaction is one, those that prepare for it are many. */
#ifndef ONYM_STORE_DRAFT_H
#define ONYM_STORE_DRAFT_H

#include "auth/digest.h"
#include "onym/model/record.h"
#include "store/entry.h"
#include "store/env.h"

#define ONYM_DRAFT_LEAF_ROOM 4080U /* bytes of a leaf of 4096; where LMDB's are larger, too few */

struct onym_draft {
    onym_span stored;  /* in memory of whoever made it; empty: no draft */
    uint64_t revision; /* of the record */
    uint64_t created_ms;
    uint64_t hash;                         /* of its key (store/marks.h) */
    uint16_t leaf_len;                     /* bytes of a leaf of the store's tree that it takes */
    uint8_t digest[ONYM_ENTRY_DIGEST_LEN]; /* of the record, as onym_change_digest_put has it */
};

/* Bytes that the stored form takes of a record without owner, whose name and values are so long. */
size_t onym_draft_room(size_t name_len, size_t values_len);

/* Makes the draft of a record of kind handle for the store env, whose log has the hash `kind`,
 * under the name that folds to folded; its stored form in room. Any thread, also while the store is
 * opened again; the digester is the thread's own. ONYM_OK; ONYM_NO_SPACE room is too small;
 * ONYM_INVALID a part over its limit: *out is unchanged. */
ONYM_MUST_USE enum onym_status onym_draft_make(const struct onym_env *env,
                                               enum onym_record_digest kind, onym_span folded,
                                               const struct onym_record *record,
                                               struct onym_digester *digester, uint8_t *room,
                                               size_t cap, struct onym_draft *out);

#endif
