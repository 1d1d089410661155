/* The ordered log: every change is an entry (store/entry.h), and the records are what folding the
 * log gives. A load names its input by count and digest and leaves a checkpoint, because its rows
 * are not in the log.
 *
 *   key    u2 stream (0 = a single node), u8 sequence from 1
 *   value  an entry, packed against one in front where that is shorter (store/entry_pack.h),
 *          and on the last of a group 32 bytes group hash
 *
 * Group hash = H of the previous group's hash and, for each entry of the group, u4 length, key and
 * value without hash, as they are stored. Before the first group stands H("onym log 1", node id,
 * stream), or, when the front was taken away, the hash of the last group that went. H is the hash
 * the store was made with, SHA-256 or SM3, as for the digests of records.
 */
#ifndef ONYM_STORE_OPLOG_H
#define ONYM_STORE_OPLOG_H

#include "store/entry.h"
#include "store/gathered.h"
#include "store/meta.h"

static inline enum onym_digest
onym_oplog_hash(enum onym_record_digest digest)
{
    return digest == ONYM_RECORD_SM3 ? ONYM_SM3 : ONYM_SHA256;
}

/* Where the empty log of stream 0 of this node begins. ONYM_OK, ONYM_NO_MEMORY or
 * ONYM_UNSUPPORTED (no such hash). */
ONYM_MUST_USE enum onym_status onym_oplog_start(const uint8_t node[ONYM_NODE_ID_LEN],
                                                enum onym_digest hash, struct onym_position *out);

/* Bytes that grow and are owned. */
struct onym_oplog_bytes {
    uint8_t *at;
    size_t len, cap;
};

/* Room for need bytes; false when memory is short. */
ONYM_MUST_USE bool onym_oplog_make_room(struct onym_oplog_bytes *bytes, size_t need);

/* A group on its way into the log. The last entry is held back, because only the end of the group
 * makes it the last. */
struct onym_oplog_group {
    struct onym_position position;  /* of the last whole group; onym_oplog_group_end moves it */
    uint64_t sequence;              /* of the last entry appended */
    struct onym_digester *digester; /* borrowed; computes the group's hash and nothing else */
    struct onym_gathered digest;    /* of the entries so far */
    enum onym_digest hash;          /* of the store */
    MDB_cursor *end;                /* of the log; ends with the transaction */
    struct onym_oplog_bytes held;   /* the last entry */
    struct onym_oplog_bytes base;   /* the last that stands as it is, at base_sequence */
    uint64_t base_sequence;         /* 0: none in this group */
    struct onym_oplog_bytes packed; /* scratch */
    bool is_open;                   /* has entries */
};

/* A group behind position, in a log with the hash; release with onym_oplog_group_deinit. */
void onym_oplog_group_init(struct onym_oplog_group *group, struct onym_digester *digester,
                           enum onym_digest hash, const struct onym_position *position);
void onym_oplog_group_deinit(struct onym_oplog_group *group); /* the zero struct is fine */

/* Appends one entry; group->sequence is its place. ONYM_OK; ONYM_INVALID a part over its limit,
 * with nothing done; ONYM_NO_MEMORY; or what LMDB reports. */
ONYM_MUST_USE enum onym_status onym_oplog_group_append(struct onym_oplog_group *group,
                                                       const struct onym_tables *tables,
                                                       MDB_txn *txn,
                                                       const struct onym_entry *entry);

/* Ends the group, also in meta; without entries it does nothing. ONYM_OK or what LMDB reports. */
ONYM_MUST_USE enum onym_status onym_oplog_group_end(struct onym_oplog_group *group,
                                                    const struct onym_tables *tables, MDB_txn *txn);

/* Appends a load as a group of its own behind *position and moves *position onto it; also writes it
 * to meta. ONYM_OK, ONYM_NO_MEMORY, ONYM_UNSUPPORTED (no such hash), or what LMDB reports. */
ONYM_MUST_USE enum onym_status onym_oplog_append_load(const struct onym_tables *tables,
                                                      MDB_txn *txn, uint64_t now_ms,
                                                      const struct onym_load_operation *load,
                                                      struct onym_position *position);

/* Single entries, in either direction. */
struct onym_oplog_cursor {
    MDB_cursor *at;
    uint64_t base_sequence;           /* of the entry in `base`, 0 = none */
    onym_span base;                   /* an entry others are packed against */
    struct onym_oplog_bytes unpacked; /* owned */
};
ONYM_MUST_USE enum onym_status onym_oplog_cursor_open(const struct onym_tables *tables,
                                                      MDB_txn *txn, struct onym_oplog_cursor *out);
void onym_oplog_cursor_close(struct onym_oplog_cursor *cursor);
/* Each: ONYM_OK, *sequence and *out, whose spans live until the next call or change of the log;
 * ONYM_NOT_FOUND there is none; ONYM_CORRUPT it cannot be read, *sequence is right all the same;
 * ONYM_IO, ONYM_NO_MEMORY. seek: the entry, or the first behind it. */
ONYM_MUST_USE enum onym_status onym_oplog_cursor_seek(struct onym_oplog_cursor *cursor,
                                                      uint64_t from, uint64_t *sequence,
                                                      struct onym_entry *out);
ONYM_MUST_USE enum onym_status onym_oplog_cursor_next(struct onym_oplog_cursor *cursor,
                                                      uint64_t *sequence, struct onym_entry *out);
ONYM_MUST_USE enum onym_status onym_oplog_cursor_prev(struct onym_oplog_cursor *cursor,
                                                      uint64_t *sequence, struct onym_entry *out);
/* The sequence of the last entry; 0: there is none. ONYM_OK or what LMDB reports. */
ONYM_MUST_USE enum onym_status onym_oplog_cursor_end(struct onym_oplog_cursor *cursor,
                                                     uint64_t *sequence);

struct onym_oplog_report {
    uint64_t entries;
    uint64_t groups;
    enum onym_record_digest digest;
    struct onym_position begin; /* in front of the first entry */
    struct onym_position end;
};

/* Called for every entry in its order, before the hash of its group is known to hold. Its spans die
 * with the call. */
typedef void onym_oplog_fn(void *of, uint64_t sequence, const struct onym_entry *entry);

/* Walks the whole log: sequence without gaps, entries well formed, every group's hash, the end
 * equal to meta's position, and the checkpoint on it. ONYM_OK; ONYM_CORRUPT with *fault naming the
 * first entry that does not hold; ONYM_IO, ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_oplog_verify(const struct onym_tables *tables, MDB_txn *txn,
                                                 struct onym_oplog_report *out,
                                                 struct onym_fault *fault);

/* The same, with each entry shown. */
ONYM_MUST_USE enum onym_status onym_oplog_walk(const struct onym_tables *tables, MDB_txn *txn,
                                               onym_oplog_fn *each, void *of,
                                               struct onym_oplog_report *out,
                                               struct onym_fault *fault);

#endif
