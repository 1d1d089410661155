#include "store/meta.h"

#include "base/writer.h"
#include "store/lmdb_status.h"

#define COUNTS_LEN     16U
#define POSITION_LEN   (2U + 8U + ONYM_HASH_LEN)
#define CHECKPOINT_LEN (POSITION_LEN + ONYM_HASH_LEN)

static MDB_val
name_val(const char *name)
{
    onym_span text = onym_span_text(name);

    return (MDB_val){.mv_size = text.len, .mv_data = (void *)(uintptr_t)text.at};
}

/* The value called name, which must be len bytes; it lives as long as the transaction. */
static enum onym_status
get(const struct onym_tables *tables, MDB_txn *txn, const char *name, size_t len,
    const uint8_t **out)
{
    MDB_val key = name_val(name);
    MDB_val value;
    enum onym_status status = onym_lmdb_status(mdb_get(txn, tables->meta, &key, &value));

    if (status == ONYM_OK && value.mv_size != len) {
        return ONYM_CORRUPT;
    }
    if (status == ONYM_OK) {
        *out = value.mv_data;
    }
    return status;
}

/* The same for a name that every store has. */
static enum onym_status
get_own(const struct onym_tables *tables, MDB_txn *txn, const char *name, size_t len,
        const uint8_t **out)
{
    enum onym_status status = get(tables, txn, name, len, out);

    return status == ONYM_NOT_FOUND ? ONYM_CORRUPT : status;
}

static enum onym_status
put(const struct onym_tables *tables, MDB_txn *txn, const char *name, onym_span bytes)
{
    MDB_val key = name_val(name);
    MDB_val value = {.mv_size = bytes.len, .mv_data = (void *)(uintptr_t)bytes.at};

    return onym_lmdb_status(mdb_put(txn, tables->meta, &key, &value, 0));
}

static void
write_position(struct onym_writer *w, const struct onym_position *position)
{
    onym_writer_u16(w, position->stream);
    onym_writer_u64(w, position->sequence);
    onym_writer_bytes(w, onym_span_of(position->hash, ONYM_HASH_LEN));
}

static void
read_position(const uint8_t *at, struct onym_position *out)
{
    out->stream = onym_get_u16(at);
    out->sequence = onym_get_u64(at + 2);
    memcpy(out->hash, at + 10, ONYM_HASH_LEN);
}

static enum onym_status
put_format(const struct onym_tables *tables, MDB_txn *txn, uint32_t format)
{
    uint8_t bytes[4];

    onym_put_u32(bytes, format);
    return put(tables, txn, "format", onym_span_of(bytes, sizeof bytes));
}

static enum onym_status
put_digest(const struct onym_tables *tables, MDB_txn *txn, enum onym_record_digest digest)
{
    uint8_t byte = (uint8_t)digest;

    return put(tables, txn, "digest", onym_span_of(&byte, 1));
}

enum onym_status
onym_meta_create(const struct onym_tables *tables, MDB_txn *txn,
                 const uint8_t node[ONYM_NODE_ID_LEN], enum onym_record_digest digest,
                 const struct onym_position *start)
{
    static const struct onym_counts none;
    enum onym_status status = put_format(
        tables, txn, digest == ONYM_RECORD_SM3 ? ONYM_FORMAT_SM3 : ONYM_FORMAT_PACKED);

    if (status == ONYM_OK) {
        status = put(tables, txn, "node", onym_span_of(node, ONYM_NODE_ID_LEN));
    }
    if (status == ONYM_OK) {
        status = put_digest(tables, txn, digest);
    }
    if (status == ONYM_OK) {
        status = onym_meta_put_counts(tables, txn, &none);
    }
    if (status == ONYM_OK) {
        status = onym_meta_put_position(tables, txn, start);
    }
    return status;
}

enum onym_status
onym_meta_format(const struct onym_tables *tables, MDB_txn *txn, uint32_t *out)
{
    const uint8_t *at;
    enum onym_status status = get_own(tables, txn, "format", 4, &at);

    if (status == ONYM_OK) {
        *out = onym_get_u32(at);
    }
    return status;
}

enum onym_status
onym_meta_raise_format(const struct onym_tables *tables, MDB_txn *txn, uint32_t format)
{
    uint32_t stands;
    enum onym_status status = onym_meta_format(tables, txn, &stands);

    return status == ONYM_OK && stands < format ? put_format(tables, txn, format) : status;
}

enum onym_status
onym_meta_node(const struct onym_tables *tables, MDB_txn *txn, uint8_t out[ONYM_NODE_ID_LEN])
{
    const uint8_t *at;
    enum onym_status status = get_own(tables, txn, "node", ONYM_NODE_ID_LEN, &at);

    if (status == ONYM_OK) {
        memcpy(out, at, ONYM_NODE_ID_LEN);
    }
    return status;
}

enum onym_status
onym_meta_digest(const struct onym_tables *tables, MDB_txn *txn, enum onym_record_digest *out)
{
    const uint8_t *at;
    enum onym_status status = get(tables, txn, "digest", 1, &at);

    if (status == ONYM_NOT_FOUND) {
        *out = ONYM_RECORD_SHA256;
        return ONYM_OK;
    }
    if (status == ONYM_OK && *at != ONYM_RECORD_SHA256 && *at != ONYM_RECORD_SM3) {
        return ONYM_CORRUPT;
    }
    if (status == ONYM_OK) {
        *out = (enum onym_record_digest) * at;
    }
    return status;
}

enum onym_status
onym_meta_counts(const struct onym_tables *tables, MDB_txn *txn, struct onym_counts *out)
{
    const uint8_t *at;
    enum onym_status status = get_own(tables, txn, "counts", COUNTS_LEN, &at);

    if (status == ONYM_OK) {
        out->handles = onym_get_u64(at);
        out->prefixes = onym_get_u64(at + 8);
    }
    return status;
}

enum onym_status
onym_meta_position(const struct onym_tables *tables, MDB_txn *txn, struct onym_position *out)
{
    const uint8_t *at;
    enum onym_status status = get_own(tables, txn, "position", POSITION_LEN, &at);

    if (status == ONYM_OK) {
        read_position(at, out);
    }
    return status;
}

enum onym_status
onym_meta_begin(const struct onym_tables *tables, MDB_txn *txn, struct onym_position *out)
{
    const uint8_t *at;
    enum onym_status status = get(tables, txn, "begin", POSITION_LEN, &at);

    if (status == ONYM_OK) {
        read_position(at, out);
    }
    return status;
}

enum onym_status
onym_meta_checkpoint(const struct onym_tables *tables, MDB_txn *txn, struct onym_checkpoint *out)
{
    const uint8_t *at;
    enum onym_status status = get(tables, txn, "checkpoint", CHECKPOINT_LEN, &at);

    if (status == ONYM_OK) {
        read_position(at, &out->position);
        memcpy(out->fold, at + POSITION_LEN, ONYM_HASH_LEN);
    }
    return status;
}

enum onym_status
onym_meta_put_counts(const struct onym_tables *tables, MDB_txn *txn,
                     const struct onym_counts *counts)
{
    uint8_t bytes[COUNTS_LEN];

    onym_put_u64(bytes, counts->handles);
    onym_put_u64(bytes + 8, counts->prefixes);
    return put(tables, txn, "counts", onym_span_of(bytes, sizeof bytes));
}

static enum onym_status
put_position(const struct onym_tables *tables, MDB_txn *txn, const char *name,
             const struct onym_position *position)
{
    uint8_t bytes[POSITION_LEN];
    struct onym_writer w = onym_writer_over(bytes, sizeof bytes);

    write_position(&w, position);
    return put(tables, txn, name, onym_writer_written(&w));
}

enum onym_status
onym_meta_put_position(const struct onym_tables *tables, MDB_txn *txn,
                       const struct onym_position *position)
{
    return put_position(tables, txn, "position", position);
}

enum onym_status
onym_meta_put_begin(const struct onym_tables *tables, MDB_txn *txn,
                    const struct onym_position *position)
{
    enum onym_status status = put_format(tables, txn, ONYM_FORMAT_PRUNED);

    return status == ONYM_OK ? put_position(tables, txn, "begin", position) : status;
}

enum onym_status
onym_meta_put_checkpoint(const struct onym_tables *tables, MDB_txn *txn,
                         const struct onym_checkpoint *checkpoint)
{
    uint8_t bytes[CHECKPOINT_LEN];
    struct onym_writer w = onym_writer_over(bytes, sizeof bytes);

    write_position(&w, &checkpoint->position);
    onym_writer_bytes(&w, onym_span_of(checkpoint->fold, ONYM_HASH_LEN));
    return put(tables, txn, "checkpoint", onym_writer_written(&w));
}
