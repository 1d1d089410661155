#include "base/bytes.h"
#include "store/entry_pack.h"
#include "store/lmdb_status.h"
#include "store/oplog.h"

#include <stdlib.h>

#define KEY_LEN 10U

enum onym_status
onym_oplog_cursor_open(const struct onym_tables *tables, MDB_txn *txn,
                       struct onym_oplog_cursor *out)
{
    *out = (struct onym_oplog_cursor){0};
    return onym_lmdb_status(mdb_cursor_open(txn, tables->log, &out->at));
}

void
onym_oplog_cursor_close(struct onym_oplog_cursor *cursor)
{
    mdb_cursor_close(cursor->at);
    free(cursor->unpacked.at);
}

/* Takes the hash off the last entry of a group. */
static bool
cut_hash(onym_span *bytes)
{
    if (onym_entry_is_last(*bytes)) {
        if (bytes->len < ONYM_HASH_LEN) {
            return false;
        }
        bytes->len -= ONYM_HASH_LEN;
    }
    return true;
}

/* Looks the base of a packed entry up, unless it is the one that served last. */
static enum onym_status
find_base(struct onym_oplog_cursor *cursor, uint64_t sequence)
{
    uint8_t bytes[KEY_LEN] = {0};
    MDB_val key = {.mv_size = KEY_LEN, .mv_data = bytes};
    MDB_val value;
    enum onym_status status;

    if (cursor->base_sequence == sequence) {
        return ONYM_OK;
    }
    onym_put_u64(bytes + 2, sequence);
    status = onym_lmdb_status(
        mdb_get(mdb_cursor_txn(cursor->at), mdb_cursor_dbi(cursor->at), &key, &value));
    if (status == ONYM_OK) {
        cursor->base = onym_span_of(value.mv_data, value.mv_size);
        cursor->base_sequence = sequence;
        /* never the last of a group: its like stand in front of those that are packed */
        status = onym_entry_is_last(cursor->base) ? ONYM_CORRUPT : ONYM_OK;
    }
    return status == ONYM_NOT_FOUND ? ONYM_CORRUPT : status;
}

/* Reads the entry at sequence from what is stored of it. */
static enum onym_status
read_entry(struct onym_oplog_cursor *cursor, uint64_t sequence, onym_span stored,
           struct onym_entry *out)
{
    uint64_t distance = onym_entry_base(stored);
    size_t len = onym_entry_unpacked_len(stored);
    enum onym_status status;

    if (distance == 0) {
        return onym_entry_decode(stored, out);
    }
    if (len == 0 || distance >= sequence) {
        return ONYM_CORRUPT;
    }
    status = find_base(cursor, sequence - distance);
    if (status != ONYM_OK) {
        return status;
    }
    if (!onym_oplog_make_room(&cursor->unpacked, len)) {
        return ONYM_NO_MEMORY;
    }
    status = onym_entry_unpack(cursor->base, stored, cursor->unpacked.at);
    return status == ONYM_OK ? onym_entry_decode(onym_span_of(cursor->unpacked.at, len), out)
                             : status;
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
    return cut_hash(&bytes) ? read_entry(cursor, *sequence, bytes, out) : ONYM_CORRUPT;
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
