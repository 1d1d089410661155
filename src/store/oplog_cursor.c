#include "base/bytes.h"
#include "store/lmdb_status.h"
#include "store/oplog.h"

#define KEY_LEN 10U

enum onym_status
onym_oplog_cursor_open(const struct onym_tables *tables, MDB_txn *txn,
                       struct onym_oplog_cursor *out)
{
    return onym_lmdb_status(mdb_cursor_open(txn, tables->log, &out->at));
}

void
onym_oplog_cursor_close(struct onym_oplog_cursor *cursor)
{
    mdb_cursor_close(cursor->at);
}

static enum onym_status
move(struct onym_oplog_cursor *cursor, MDB_val *key, MDB_cursor_op how, uint64_t *sequence,
     struct onym_entry *out)
{
    MDB_val value;
    onym_span bytes;
    enum onym_status status = onym_lmdb_status(mdb_cursor_get(cursor->at, key, &value, how));

    if (status != ONYM_OK) {
        return status;
    }
    if (key->mv_size != KEY_LEN || onym_get_u16(key->mv_data) != 0) {
        return ONYM_NOT_FOUND; /* of another stream */
    }
    *sequence = onym_get_u64((const uint8_t *)key->mv_data + 2);
    bytes = onym_span_of(value.mv_data, value.mv_size);
    if (onym_entry_is_last(bytes)) {
        if (bytes.len < ONYM_HASH_LEN) {
            return ONYM_CORRUPT;
        }
        bytes.len -= ONYM_HASH_LEN;
    }
    return onym_entry_decode(bytes, out);
}

enum onym_status
onym_oplog_cursor_seek(struct onym_oplog_cursor *cursor, uint64_t from, uint64_t *sequence,
                       struct onym_entry *out)
{
    uint8_t bytes[KEY_LEN] = {0};
    MDB_val key = {.mv_size = KEY_LEN, .mv_data = bytes};

    onym_put_u64(bytes + 2, from);
    return move(cursor, &key, MDB_SET_RANGE, sequence, out);
}

enum onym_status
onym_oplog_cursor_next(struct onym_oplog_cursor *cursor, uint64_t *sequence, struct onym_entry *out)
{
    return move(cursor, &(MDB_val){0}, MDB_NEXT, sequence, out);
}

enum onym_status
onym_oplog_cursor_prev(struct onym_oplog_cursor *cursor, uint64_t *sequence, struct onym_entry *out)
{
    return move(cursor, &(MDB_val){0}, MDB_PREV, sequence, out);
}

enum onym_status
onym_oplog_cursor_end(struct onym_oplog_cursor *cursor, uint64_t *sequence)
{
    struct onym_entry entry;
    enum onym_status status = move(cursor, &(MDB_val){0}, MDB_LAST, sequence, &entry);

    *sequence = status == ONYM_NOT_FOUND ? 0 : *sequence;
    return status == ONYM_NOT_FOUND || status == ONYM_CORRUPT ? ONYM_OK : status;
}
