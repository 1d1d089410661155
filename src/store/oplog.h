/* The ordered log: every change is an entry, and the records are what folding the log gives. The
 * only operation so far is a bulk load, which names its input by count and digest and leaves a
 * checkpoint, because its rows are not in the log.
 *
 *   key    u2 stream (0 = a single node), u8 sequence from 1
 *   value  u1 version 1, u1 operation, u1 flags (1 = last of its group), u6 time (epoch ms), body,
 *          and on the last of a group 32 bytes group hash
 *   load   u8 rows of the input, u8 rows that replaced a record, 32 bytes SHA-256 of the input
 *
 * Group hash = SHA-256 of the previous group's hash and, for each entry of the group, u4 length,
 * key and value without hash. Before the first group stands SHA-256("onym log 1", node id, stream).
 */
#ifndef ONYM_STORE_OPLOG_H
#define ONYM_STORE_OPLOG_H

#include "store/meta.h"

enum onym_operation { ONYM_OPERATION_LOAD = 1 };

struct onym_load_operation {
    uint64_t rows;
    uint64_t replaced;
    uint8_t input[ONYM_HASH_LEN];
};

/* Where the empty log of stream 0 of this node begins. ONYM_OK, ONYM_NO_MEMORY or
 * ONYM_UNSUPPORTED (no SHA-256). */
ONYM_MUST_USE enum onym_status onym_oplog_start(const uint8_t node[ONYM_NODE_ID_LEN],
                                                struct onym_position *out);

/* Appends a load as a group of its own behind *position and moves *position onto it; also writes it
 * to meta. ONYM_OK or what LMDB reports. */
ONYM_MUST_USE enum onym_status onym_oplog_append_load(const struct onym_tables *tables,
                                                      MDB_txn *txn, uint64_t now_ms,
                                                      const struct onym_load_operation *load,
                                                      struct onym_position *position);

struct onym_oplog_report {
    uint64_t entries;
    uint64_t groups;
};

/* Walks the whole log: sequence without gaps, entries well formed, every group's hash, the end
 * equal to meta's position, and the checkpoint on it. ONYM_OK; ONYM_CORRUPT with *fault naming the
 * first entry that does not hold; ONYM_IO, ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_oplog_verify(const struct onym_tables *tables, MDB_txn *txn,
                                                 struct onym_oplog_report *out,
                                                 struct onym_fault *fault);

#endif
