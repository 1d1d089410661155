/* The digest of the fold: one SHA-256, whatever the hash of the log is, over all records in key
 * order, of each u1 kind, u4 length and the stored record without its checksum. The rest of the key
 * follows from the name, which is in the record, and the checksum from both. Two stores with the
 * same digest hold the same records to the last bit. */
#ifndef ONYM_STORE_FOLD_H
#define ONYM_STORE_FOLD_H

#include "store/gathered.h"
#include "store/meta.h"

/* The digest on its way. */
struct onym_fold_digest {
    struct onym_gathered records;
};

/* Starts, takes one record in key order, and ends. */
void onym_fold_start(struct onym_fold_digest *fold, struct onym_digester *digester);
void onym_fold_add(struct onym_fold_digest *fold, onym_span key, onym_span stored);
void onym_fold_finish(struct onym_fold_digest *fold, uint8_t out[ONYM_HASH_LEN]);

/* The digest of all records that txn sees. ONYM_OK or what LMDB reports. */
ONYM_MUST_USE enum onym_status onym_fold_digest(const struct onym_tables *tables, MDB_txn *txn,
                                                struct onym_digester *digester,
                                                uint8_t out[ONYM_HASH_LEN]);

#endif
