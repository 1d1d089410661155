#include "store/fold.h"

#include "base/bytes.h"
#include "store/lmdb_status.h"

#define HEAD_LEN     5U /* kind and length in front of each record */
#define CHECKSUM_LEN 8U

void
onym_fold_start(struct onym_fold_digest *fold, struct onym_digester *digester)
{
    onym_gathered_start(&fold->records, digester, ONYM_SHA256);
}

void
onym_fold_add(struct onym_fold_digest *fold, onym_span key, onym_span stored)
{
    onym_span body = onym_span_from(stored, CHECKSUM_LEN);
    uint8_t head[HEAD_LEN];

    head[0] = key.at[0];
    onym_put_u32(head + 1, (uint32_t)body.len);
    onym_gathered_add(&fold->records, onym_span_of(head, sizeof head));
    onym_gathered_add(&fold->records, body);
}

void
onym_fold_finish(struct onym_fold_digest *fold, uint8_t out[ONYM_HASH_LEN])
{
    onym_gathered_finish(&fold->records, out);
}

enum onym_status
onym_fold_digest(const struct onym_tables *tables, MDB_txn *txn, struct onym_digester *digester,
                 uint8_t out[ONYM_HASH_LEN])
{
    struct onym_fold_digest fold;
    MDB_cursor *cursor;
    MDB_val key;
    MDB_val stored;
    enum onym_status status = onym_lmdb_status(mdb_cursor_open(txn, tables->record, &cursor));

    if (status != ONYM_OK) {
        return status;
    }
    onym_fold_start(&fold, digester);
    for (;;) {
        status = onym_lmdb_status(mdb_cursor_get(cursor, &key, &stored, MDB_NEXT));
        if (status != ONYM_OK) {
            break;
        }
        onym_fold_add(&fold, onym_span_of(key.mv_data, key.mv_size),
                      onym_span_of(stored.mv_data, stored.mv_size));
    }
    mdb_cursor_close(cursor);
    if (status != ONYM_NOT_FOUND) {
        return status;
    }
    onym_fold_finish(&fold, out);
    return ONYM_OK;
}
