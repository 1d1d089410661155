#include "store/outcome.h"

#include "base/hash.h"
#include "base/reader.h"
#include "base/writer.h"
#include "onym/model/ident.h"
#include "onym/model/value.h"
#include "store/lmdb_status.h"
#include "store/outcome_priv.h"

#define VERSION        2U
#define VERSION_1      1U /* without created_ms */
#define MARK_UNCHANGED 1U
#define MARK_REPLACED  2U
#define STATUS_LEN_MAX 64U
#define VALUE_LEN_MAX                                                                              \
    (1U + 1U + 6U + 8U + 6U + 6U + 8U + 1U + STATUS_LEN_MAX + 2U + ONYM_PREFIX_NAME_LEN_MAX)

static uint64_t
hash_number(uint64_t number, uint64_t seed)
{
    uint8_t bytes[8];

    onym_put_u64(bytes, number);
    return onym_hash64(onym_span_of(bytes, sizeof bytes), seed);
}

/* One principal, however it is spelled. */
static uint64_t
hash_principal(const struct onym_principal *who, uint64_t seed)
{
    uint8_t folded[ONYM_NAME_LEN_MAX];
    onym_span handle = onym_span_front(who->handle, sizeof folded);

    onym_ident_upper(handle, folded);
    return onym_hash64(onym_span_of(folded, handle.len), seed ^ who->index);
}

uint64_t
onym_outcome_asked(const struct onym_operation *op)
{
    uint64_t marks = (uint64_t)op->action | ((uint64_t)op->expect << 8) |
                     ((uint64_t)op->overwrite << 16) | ((uint64_t)op->mint << 17);
    uint64_t hash = hash_number(marks, op->revision);
    onym_span cursor = op->values.raw;
    struct onym_value value;

    hash = op->created_ms != 0 ? hash_number(op->created_ms, hash) : hash;
    hash = onym_hash64(op->name, hash);
    hash = hash_principal(&op->principal, hash);
    hash = onym_hash64(op->indexes.raw, hash);
    while (onym_value_next(&cursor, &value)) {
        /* without the timestamp behind the index: the node sets it */
        hash = onym_hash64(onym_span_front(value.raw, 4), hash);
        hash = onym_hash64(onym_span_from(value.raw, 8), hash);
    }
    return hash;
}

static MDB_val
id_val(const uint8_t id[ONYM_OPERATION_ID_LEN])
{
    return (MDB_val){.mv_size = ONYM_OPERATION_ID_LEN, .mv_data = (void *)(uintptr_t)id};
}

/* Statuses are stored by name: their numbers are those of one build. */
static enum onym_status
status_of(onym_span name, enum onym_status *out)
{
    for (unsigned i = 0; i < ONYM_STATUS_COUNT; i++) {
        if (onym_span_equal(name, onym_span_text(onym_status_name((enum onym_status)i)))) {
            *out = (enum onym_status)i;
            return ONYM_OK;
        }
    }
    return ONYM_CORRUPT;
}

static enum onym_status
decode(onym_span stored, struct onym_outcome *out)
{
    struct onym_reader r = onym_reader_over(stored);
    struct onym_outcome o = {0};
    uint8_t version = onym_reader_u8(&r);
    uint8_t marks = onym_reader_u8(&r);
    onym_span status;

    o.unchanged = (marks & MARK_UNCHANGED) != 0;
    o.replaced = (marks & MARK_REPLACED) != 0;
    o.time_ms = onym_reader_u48(&r);
    o.sequence = onym_reader_u64(&r);
    o.revision = onym_reader_u48(&r);
    o.created_ms = version == VERSION_1 ? 0 : onym_reader_u48(&r);
    o.asked = onym_reader_u64(&r);
    status = onym_reader_bytes(&r, onym_reader_u8(&r));
    o.name = onym_reader_bytes(&r, onym_reader_u16(&r));
    if (r.status != ONYM_OK || r.left.len != 0 || (version != VERSION && version != VERSION_1) ||
        status_of(status, &o.status) != ONYM_OK) {
        return ONYM_CORRUPT;
    }
    *out = o;
    return ONYM_OK;
}

enum onym_status
onym_outcome_get(const struct onym_tables *tables, MDB_txn *txn,
                 const uint8_t id[ONYM_OPERATION_ID_LEN], struct onym_outcome *out)
{
    MDB_val key = id_val(id);
    MDB_val value;
    enum onym_status status = onym_lmdb_status(mdb_get(txn, tables->outcome, &key, &value));

    return status == ONYM_OK ? decode(onym_span_of(value.mv_data, value.mv_size), out) : status;
}

enum onym_status
onym_outcome_put(const struct onym_tables *tables, MDB_txn *txn,
                 const uint8_t id[ONYM_OPERATION_ID_LEN], const struct onym_outcome *o)
{
    uint8_t bytes[VALUE_LEN_MAX];
    struct onym_writer w = onym_writer_over(bytes, sizeof bytes);
    onym_span status = onym_span_text(onym_status_name(o->status));
    MDB_val key = id_val(id);
    MDB_val value;
    int rc;

    onym_writer_u8(&w, VERSION);
    onym_writer_u8(
        &w, (uint8_t)((o->unchanged ? MARK_UNCHANGED : 0U) | (o->replaced ? MARK_REPLACED : 0U)));
    onym_writer_u48(&w, o->time_ms);
    onym_writer_u64(&w, o->sequence);
    onym_writer_u48(&w, o->revision);
    onym_writer_u48(&w, o->created_ms);
    onym_writer_u64(&w, o->asked);
    onym_writer_u8(&w, (uint8_t)status.len);
    onym_writer_bytes(&w, status);
    onym_writer_u16(&w, (uint16_t)o->name.len);
    onym_writer_bytes(&w, o->name);
    if (w.status != ONYM_OK) {
        return w.status;
    }
    value = (MDB_val){.mv_size = w.len, .mv_data = bytes};
    rc = mdb_put(txn, tables->outcome, &key, &value, MDB_NOOVERWRITE);
    return rc == MDB_KEYEXIST ? ONYM_EXISTS : onym_lmdb_status(rc);
}

/* Whether the cursor's outcome may go. One that does not decode answers nobody any more. */
static bool
is_old(const MDB_val *value, uint64_t now_ms)
{
    struct onym_outcome o;

    return decode(onym_span_of(value->mv_data, value->mv_size), &o) != ONYM_OK ||
           now_ms >= o.time_ms + ONYM_OUTCOME_KEPT_MS;
}

static int
prune(MDB_cursor *cursor, uint64_t now_ms, uint32_t steps, struct onym_outcome_place *place,
      uint32_t *removed)
{
    MDB_val key = id_val(place->next);
    MDB_val value;
    int rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);

    for (uint32_t i = 0; i < steps && rc == 0; i++) {
        if (is_old(&value, now_ms)) {
            rc = mdb_cursor_del(cursor, 0);
            ++*removed;
        }
        if (rc == 0) {
            rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
        }
    }
    if (rc == 0 && key.mv_size == sizeof place->next) {
        memcpy(place->next, key.mv_data, sizeof place->next);
    } else {
        memset(place->next, 0, sizeof place->next);
    }
    return rc == MDB_NOTFOUND ? 0 : rc;
}

enum onym_status
onym_outcome_prune(const struct onym_tables *tables, MDB_txn *txn, uint64_t now_ms, uint32_t steps,
                   struct onym_outcome_place *place, uint32_t *removed)
{
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(txn, tables->outcome, &cursor);

    *removed = 0;
    if (rc == 0) {
        rc = prune(cursor, now_ms, steps, place, removed);
        mdb_cursor_close(cursor);
    }
    return onym_lmdb_status(rc);
}
