/* The table `outcome` inside a transaction. For store/ alone. */
#ifndef ONYM_STORE_OUTCOME_PRIV_H
#define ONYM_STORE_OUTCOME_PRIV_H

#include "store/env_priv.h"
#include "store/outcome.h"

/* ONYM_OK with spans into the map; ONYM_NOT_FOUND; ONYM_CORRUPT; ONYM_IO. */
ONYM_MUST_USE enum onym_status onym_outcome_get(const struct onym_tables *tables, MDB_txn *txn,
                                                const uint8_t id[ONYM_OPERATION_ID_LEN],
                                                struct onym_outcome *out);

/* Writes outcome under id, which has none. ONYM_OK, ONYM_EXISTS, or what LMDB reports. */
ONYM_MUST_USE enum onym_status onym_outcome_put(const struct onym_tables *tables, MDB_txn *txn,
                                                const uint8_t id[ONYM_OPERATION_ID_LEN],
                                                const struct onym_outcome *outcome);

/* Looks at up to `steps` outcomes from *place on, around the end of the table, and removes those
 * that are too old at now_ms. *removed counts them. ONYM_OK or what LMDB reports. */
ONYM_MUST_USE enum onym_status onym_outcome_prune(const struct onym_tables *tables, MDB_txn *txn,
                                                  uint64_t now_ms, uint32_t steps,
                                                  struct onym_outcome_place *place,
                                                  uint32_t *removed);

#endif
