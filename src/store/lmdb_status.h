/* LMDB's return codes in our words. For store/ alone. */
#ifndef ONYM_STORE_LMDB_STATUS_H
#define ONYM_STORE_LMDB_STATUS_H

#include "base/fault.h"

/* 0 -> ONYM_OK, MDB_NOTFOUND -> ONYM_NOT_FOUND, a full map or disk -> ONYM_FULL, damaged pages ->
 * ONYM_CORRUPT, all reader slots taken -> ONYM_BUSY, no memory or address space ->
 * ONYM_NO_MEMORY, a file of another LMDB version -> ONYM_UNSUPPORTED, anything else -> ONYM_IO. */
ONYM_MUST_USE enum onym_status onym_lmdb_status(int rc);

/* The same, with *fault (may be NULL) saying "path: what LMDB reports; what to do about it". */
enum onym_status onym_lmdb_fault(struct onym_fault *fault, const char *path, int rc);

#endif
