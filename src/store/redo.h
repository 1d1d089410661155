/* One barrier for a commit instead of two. LMDB writes the pages of a transaction, a barrier, the
 * meta page that makes them the store, and another barrier. A small transaction writes down first
 * what it does, into the same file: then the one barrier behind the pages makes that durable too,
 * and the meta page may reach the disk when it likes. After a power cut the store is that of the
 * transaction or, when its meta page was lost, that of the one before, and opening it does again
 * what is written down.
 *
 *   meta "redo"   a value in pages of its own, which LMDB never moves: two slots of
 *                 ONYM_REDO_SLOT bytes on a page's boundary, written in turns in their place
 *   slot          8 bytes "onymredo", u8 XXH3 of what follows, u4 length of the puts,
 *                 u2 stream, u8 sequence, 32 bytes hash: the end of the log before them
 *   puts          u1 table (enum onym_redo_table), u1 1 put or 2 delete, u2 length of the key,
 *                 u4 of the value, key, value; in the order they were done
 *
 * A slot is done again when the log ends where it says and its checksum holds, and then the other
 * one likewise. Two slots, because the meta page before the last is durable only with the barrier
 * of the last. Only transactions with log entries are written down, so that none fits twice. */
#ifndef ONYM_STORE_REDO_H
#define ONYM_STORE_REDO_H

#include "store/meta.h"

#define ONYM_REDO_SLOT ((size_t)128 << 10) /* larger transactions have LMDB's two barriers */

/* What is stored; numbers do not change. */
enum onym_redo_table {
    ONYM_REDO_RECORD = 1,
    ONYM_REDO_LOG = 2,
    ONYM_REDO_META = 3,
    ONYM_REDO_OUTCOME = 4,
    ONYM_REDO_NAMES = 5
};

/* ONYM_OK (onym_redo_deinit) or ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_redo_init(struct onym_redo *redo);
void onym_redo_deinit(struct onym_redo *redo); /* the zero struct is fine */

/* At the start of a transaction: nothing was done yet. */
void onym_redo_start(struct onym_redo *redo);

/* After a put or delete that succeeded. With NULL nothing is written down. */
void onym_redo_put(struct onym_redo *redo, enum onym_redo_table table, onym_span key,
                   onym_span value);
void onym_redo_delete(struct onym_redo *redo, enum onym_redo_table table, onym_span key);

/* Makes the slots inside txn and raises the format, when the store has none. ONYM_OK or what LMDB
 * reports. */
ONYM_MUST_USE enum onym_status onym_redo_make(const struct onym_redo *redo,
                                              const struct onym_tables *tables, MDB_txn *txn);

/* Finds the slots of a store, when it has some. ONYM_OK, ONYM_IO, ONYM_CORRUPT. */
ONYM_MUST_USE enum onym_status onym_redo_find(struct onym_redo *redo,
                                              const struct onym_tables *tables);

/* Writes the slot of a transaction that came behind `before`, which becomes durable with the next
 * sync of the file. 0 and *is_down: whether it was; what is not whole in there needs the barriers
 * of LMDB. Else errno: the file takes no bytes, and the transaction is to be taken back. */
int onym_redo_write(struct onym_redo *redo, const struct onym_tables *tables,
                    const struct onym_position *before, bool *is_down);

/* The transaction is committed: its slot stays until the one after the next. */
void onym_redo_keep(struct onym_redo *redo);

/* The transaction was taken back: its slot is never done again, durably. ONYM_OK, also when it had
 * none; ONYM_IO: nobody knows. */
ONYM_MUST_USE enum onym_status onym_redo_forget(struct onym_redo *redo,
                                                const struct onym_tables *tables);

/* Does again what the file has of transactions whose meta page is not there, and makes all of it
 * durable. On opening, after onym_redo_find. ONYM_OK or what LMDB reports. */
ONYM_MUST_USE enum onym_status onym_redo_replay(struct onym_redo *redo,
                                                const struct onym_tables *tables);

#endif
