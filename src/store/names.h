/* Which names the log speaks of, so that the history of one name need not read all of it: for each
 * ONYM_NAMES_SEGMENT entries a Bloom filter of their names, 16 bits for each entry.
 *
 *   table names   key u8 number of the segment (entry s is in segment (s - 1) / 4096), big-endian
 *                 value ONYM_NAMES_BYTES, put by the transaction that completes the segment
 *
 * A filter says "not here" or "perhaps". The segment at the end has none yet, nor have those an
 * older program wrote: they are read. So the table can be lost and made again, and nothing but time
 * depends on it. */
#ifndef ONYM_STORE_NAMES_H
#define ONYM_STORE_NAMES_H

#include "store/entry.h"
#include "store/env_priv.h"

#define ONYM_NAMES_SEGMENT 4096U

/* Bits of the filter a name sets and is looked for by; folded is its upper-cased form. */
#define ONYM_NAMES_PROBES 8U
struct onym_names_probe {
    uint32_t bit[ONYM_NAMES_PROBES];
};
struct onym_names_probe onym_names_probe(onym_span folded);

/* Takes in the entry that was just appended under sequence (name may be empty), and puts the filter
 * when its segment is complete. Goes on from the entry before, or reads the segment's beginning out
 * of the log: after a start, an abort, or entries that came another way. ONYM_OK or what LMDB
 * reports. */
ONYM_MUST_USE enum onym_status onym_names_add(struct onym_names *names,
                                              const struct onym_tables *tables, MDB_txn *txn,
                                              uint64_t sequence, onym_span name);

/* Whether an entry of the segment may have that name. True when there is no filter. */
bool onym_names_may_hold(const struct onym_tables *tables, MDB_txn *txn, uint64_t segment,
                         const struct onym_names_probe *probe);

/* Makes the filter of one complete segment from the log. ONYM_OK; ONYM_NOT_FOUND: the log does not
 * have all of it; ONYM_CORRUPT: an entry cannot be read; what LMDB reports. */
ONYM_MUST_USE enum onym_status onym_names_make(const struct onym_tables *tables, MDB_txn *txn,
                                               uint64_t segment);

#endif
