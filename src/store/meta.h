/* The table `meta`: what a node knows about its own store. One small value per name.
 *
 *   "format"      u4, the least a program must know to read the store
 *   "node"        16 random bytes, made with the store and kept through every load
 *   "digest"      u1 the hash of the log (enum onym_record_digest); without it SHA-256. Chosen when
 *                 the store is made
 *   "counts"      u8 records of kind handle, u8 homed prefixes
 *   "position"    the last group of the log: u2 stream, u8 sequence, 32 bytes group hash
 *   "begin"       the last group that was taken away from the front of the log (store/prune.h), as
 *                 a position; without it the log begins with entry 1
 *   "checkpoint"  where the records can be checked against the log: a position as above and the 32
 *                 bytes digest of the fold (store/fold.h) there
 */
#ifndef ONYM_STORE_META_H
#define ONYM_STORE_META_H

#include "store/entry.h"
#include "store/env_priv.h"

#define ONYM_NODE_ID_LEN 16U
#define ONYM_HASH_LEN    32U /* SHA-256 or SM3 */
#define ONYM_INPUT_LEN   16U /* XXH3-128 of the input of a load */

struct onym_counts {
    uint64_t handles;
    uint64_t prefixes;
};

struct onym_position {
    uint16_t stream;
    uint64_t sequence; /* of the last entry; 0 = the log is empty */
    uint8_t hash[ONYM_HASH_LEN];
};

struct onym_checkpoint {
    struct onym_position position;
    uint8_t fold[ONYM_HASH_LEN];
};

#define ONYM_FORMAT_PACKED  2U /* entries packed against another */
#define ONYM_FORMAT_SM3     3U /* the hash of the log is SM3 */
#define ONYM_FORMAT_PRUNED  5U /* the log does not begin with entry 1 */
#define ONYM_FORMAT_JOURNAL 6U /* the file alone may lack the last commits (store/journal.h) */

/* Writes format, node id, hash of the log, zero counts and the log's position into new tables.
 * ONYM_OK or what LMDB reports. */
ONYM_MUST_USE enum onym_status onym_meta_create(const struct onym_tables *tables, MDB_txn *txn,
                                                const uint8_t node[ONYM_NODE_ID_LEN],
                                                enum onym_record_digest digest,
                                                const struct onym_position *start);

/* Writes format where an older one stands: the store now needs it. ONYM_OK, ONYM_CORRUPT or what
 * LMDB reports. */
ONYM_MUST_USE enum onym_status onym_meta_raise_format(const struct onym_tables *tables,
                                                      MDB_txn *txn, uint32_t format);

/* Each reads one name: ONYM_OK; ONYM_CORRUPT when it is missing or has another length; for the
 * checkpoint ONYM_NOT_FOUND when none was taken yet, for the begin when the log has its front;
 * ONYM_IO. */
ONYM_MUST_USE enum onym_status onym_meta_format(const struct onym_tables *tables, MDB_txn *txn,
                                                uint32_t *out);
ONYM_MUST_USE enum onym_status onym_meta_node(const struct onym_tables *tables, MDB_txn *txn,
                                              uint8_t out[ONYM_NODE_ID_LEN]);
ONYM_MUST_USE enum onym_status onym_meta_digest(const struct onym_tables *tables, MDB_txn *txn,
                                                enum onym_record_digest *out);
ONYM_MUST_USE enum onym_status onym_meta_counts(const struct onym_tables *tables, MDB_txn *txn,
                                                struct onym_counts *out);
ONYM_MUST_USE enum onym_status onym_meta_position(const struct onym_tables *tables, MDB_txn *txn,
                                                  struct onym_position *out);
ONYM_MUST_USE enum onym_status onym_meta_begin(const struct onym_tables *tables, MDB_txn *txn,
                                               struct onym_position *out);
ONYM_MUST_USE enum onym_status onym_meta_checkpoint(const struct onym_tables *tables, MDB_txn *txn,
                                                    struct onym_checkpoint *out);

/* Each writes one name: ONYM_OK or what LMDB reports. */
ONYM_MUST_USE enum onym_status onym_meta_put_counts(const struct onym_tables *tables, MDB_txn *txn,
                                                    const struct onym_counts *counts);
ONYM_MUST_USE enum onym_status onym_meta_put_position(const struct onym_tables *tables,
                                                      MDB_txn *txn,
                                                      const struct onym_position *position);
/* The format too, which programs without this do not read. */
ONYM_MUST_USE enum onym_status onym_meta_put_begin(const struct onym_tables *tables, MDB_txn *txn,
                                                   const struct onym_position *position);
ONYM_MUST_USE enum onym_status onym_meta_put_checkpoint(const struct onym_tables *tables,
                                                        MDB_txn *txn,
                                                        const struct onym_checkpoint *checkpoint);

#endif
