#include "store/fold.h"

#include "base/bytes.h"
#include "store/lmdb_status.h"

void
onym_fold_start(struct onym_digester *digester)
{
    onym_digest_start(digester, ONYM_SHA256);
}

void
onym_fold_add(struct onym_digester *digester, onym_span key, onym_span stored)
{
    uint8_t lens[6];

    onym_put_u16(lens, (uint16_t)key.len);
    onym_put_u32(lens + 2, (uint32_t)stored.len);
    onym_digest_add(digester, onym_span_of(lens, sizeof lens));
    onym_digest_add(digester, key);
    onym_digest_add(digester, stored);
}

void
onym_fold_finish(struct onym_digester *digester, uint8_t out[ONYM_HASH_LEN])
{
    (void)onym_digest_finish(digester, out);
}

enum onym_status
onym_fold_digest(const struct onym_tables *tables, MDB_txn *txn, struct onym_digester *digester,
                 uint8_t out[ONYM_HASH_LEN])
{
    MDB_cursor *cursor;
    MDB_val key;
    MDB_val stored;
    enum onym_status status = onym_lmdb_status(mdb_cursor_open(txn, tables->record, &cursor));

    if (status != ONYM_OK) {
        return status;
    }
    onym_fold_start(digester);
    for (;;) {
        status = onym_lmdb_status(mdb_cursor_get(cursor, &key, &stored, MDB_NEXT));
        if (status != ONYM_OK) {
            break;
        }
        onym_fold_add(digester, onym_span_of(key.mv_data, key.mv_size),
                      onym_span_of(stored.mv_data, stored.mv_size));
    }
    mdb_cursor_close(cursor);
    if (status != ONYM_NOT_FOUND) {
        return status;
    }
    onym_fold_finish(digester, out);
    return ONYM_OK;
}
