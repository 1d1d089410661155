/* What the files of store/ share about a view. For store/ alone. */
#ifndef ONYM_STORE_VIEW_PRIV_H
#define ONYM_STORE_VIEW_PRIV_H

#include "auth/digest.h"
#include "store/env_priv.h"
#include "store/view.h"

struct onym_view {
    const struct onym_tables *tables;
    const struct onym_marks *marks;
    struct onym_bloom *bloom;
    MDB_txn *txn;
    struct onym_digester *digester; /* for keys of long names, so that look-ups take no heap */
    bool live;                      /* has a snapshot now */
    uint64_t generation;
    uint64_t snapshot;
    struct onym_lmdb_tree tree; /* of records, in this generation */
};

#endif
