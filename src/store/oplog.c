#include "store/oplog.h"

#include "auth/digest.h"
#include "base/reader.h"
#include "base/writer.h"
#include "store/lmdb_status.h"

#define KEY_LEN        10U
#define HEAD_LEN       9U
#define LOAD_LEN       (HEAD_LEN + 16U + ONYM_HASH_LEN) /* without group hash */
#define VERSION        1U
#define FLAG_GROUP_END 1U

enum onym_status
onym_oplog_start(const uint8_t node[ONYM_NODE_ID_LEN], struct onym_position *out)
{
    static const uint8_t stream[2] = {0, 0};
    onym_span parts[3] = {onym_span_text("onym log 1"), onym_span_of(node, ONYM_NODE_ID_LEN),
                          onym_span_of(stream, sizeof stream)};
    struct onym_digester *digester;
    enum onym_status status = onym_digester_new(&digester);

    if (status == ONYM_OK) {
        *out = (struct onym_position){.stream = 0, .sequence = 0};
        (void)onym_digest(digester, ONYM_SHA256, parts, 3, out->hash);
        onym_digester_free(digester);
    }
    return status;
}

/* Adds one entry to the hash of the group that is being read or written. */
static void
hash_entry(struct onym_digester *digester, onym_span key, onym_span entry)
{
    uint8_t len[4];

    onym_put_u32(len, (uint32_t)(key.len + entry.len));
    onym_digest_add(digester, onym_span_of(len, sizeof len));
    onym_digest_add(digester, key);
    onym_digest_add(digester, entry);
}

static void
start_group(struct onym_digester *digester, const uint8_t previous[ONYM_HASH_LEN])
{
    onym_digest_start(digester, ONYM_SHA256);
    onym_digest_add(digester, onym_span_of(previous, ONYM_HASH_LEN));
}

static void
write_key(uint8_t key[KEY_LEN], uint16_t stream, uint64_t sequence)
{
    onym_put_u16(key, stream);
    onym_put_u64(key + 2, sequence);
}

enum onym_status
onym_oplog_append_load(const struct onym_tables *tables, MDB_txn *txn, uint64_t now_ms,
                       const struct onym_load_operation *load, struct onym_position *position)
{
    uint8_t key[KEY_LEN];
    uint8_t entry[LOAD_LEN + ONYM_HASH_LEN];
    struct onym_writer w = onym_writer_over(entry, sizeof entry);
    struct onym_position next = {.stream = position->stream, .sequence = position->sequence + 1};
    struct onym_digester *digester;
    enum onym_status status = onym_digester_new(&digester);

    if (status != ONYM_OK) {
        return status;
    }
    write_key(key, next.stream, next.sequence);
    onym_writer_u8(&w, VERSION);
    onym_writer_u8(&w, ONYM_OPERATION_LOAD);
    onym_writer_u8(&w, FLAG_GROUP_END);
    onym_writer_u16(&w, (uint16_t)(now_ms >> 32));
    onym_writer_u32(&w, (uint32_t)now_ms);
    onym_writer_u64(&w, load->rows);
    onym_writer_u64(&w, load->replaced);
    onym_writer_bytes(&w, onym_span_of(load->input, ONYM_HASH_LEN));
    start_group(digester, position->hash);
    hash_entry(digester, onym_span_of(key, KEY_LEN), onym_writer_written(&w));
    (void)onym_digest_finish(digester, next.hash);
    onym_digester_free(digester);
    onym_writer_bytes(&w, onym_span_of(next.hash, ONYM_HASH_LEN));

    MDB_val at = {.mv_size = KEY_LEN, .mv_data = key};
    MDB_val value = {.mv_size = w.len, .mv_data = entry};

    status = onym_lmdb_status(mdb_put(txn, tables->log, &at, &value, MDB_NOOVERWRITE));
    if (status == ONYM_OK) {
        status = onym_meta_put_position(tables, txn, &next);
    }
    if (status == ONYM_OK) {
        *position = next;
    }
    return status;
}

/* What the walk over the log has seen. */
struct walk {
    struct onym_digester *digester;
    struct onym_position last; /* of the last whole group */
    uint64_t sequence;         /* of the last entry */
    bool in_group;
    bool checkpoint_met;
    bool has_checkpoint;
    struct onym_checkpoint checkpoint;
    struct onym_oplog_report report;
};

static enum onym_status
bad(struct onym_fault *fault, uint64_t sequence, const char *why)
{
    return onym_fault_set(fault, ONYM_CORRUPT, "log entry %llu: %s", (unsigned long long)sequence,
                          why);
}

/* Whether the entry, without a group's hash, is one this program writes. */
static bool
well_formed(onym_span entry)
{
    return entry.len == LOAD_LEN && entry.at[0] == VERSION && entry.at[1] == ONYM_OPERATION_LOAD &&
           (entry.at[2] & ~FLAG_GROUP_END) == 0;
}

static enum onym_status
end_group(struct walk *walk, const uint8_t stored[ONYM_HASH_LEN], struct onym_fault *fault)
{
    struct onym_position *last = &walk->last;

    (void)onym_digest_finish(walk->digester, last->hash);
    last->sequence = walk->sequence;
    walk->in_group = false;
    walk->report.groups++;
    if (memcmp(last->hash, stored, ONYM_HASH_LEN) != 0) {
        return bad(fault, walk->sequence, "the hash of its group does not follow from the log");
    }
    if (walk->has_checkpoint && walk->checkpoint.position.sequence == last->sequence) {
        walk->checkpoint_met = memcmp(walk->checkpoint.position.hash, last->hash, ONYM_HASH_LEN) ==
                               0;
    }
    return ONYM_OK;
}

static enum onym_status
visit(struct walk *walk, onym_span key, onym_span value, struct onym_fault *fault)
{
    struct onym_reader r = onym_reader_over(key);
    uint16_t stream = onym_reader_u16(&r);
    uint64_t sequence = onym_reader_u64(&r);
    bool ends = value.len >= HEAD_LEN && (value.at[2] & FLAG_GROUP_END) != 0;
    onym_span entry = value;

    if (key.len != KEY_LEN || stream != 0 || sequence != walk->sequence + 1) {
        return bad(fault, walk->sequence + 1, "missing");
    }
    walk->sequence = sequence;
    walk->report.entries++;
    if (ends && value.len >= ONYM_HASH_LEN) {
        entry.len -= ONYM_HASH_LEN;
    }
    if (!well_formed(entry)) {
        return bad(fault, sequence, "not an entry of this format");
    }
    if (!walk->in_group) {
        start_group(walk->digester, walk->last.hash);
        walk->in_group = true;
    }
    hash_entry(walk->digester, key, entry);
    return ends ? end_group(walk, entry.at + entry.len, fault) : ONYM_OK;
}

static enum onym_status
visit_all(const struct onym_tables *tables, MDB_txn *txn, struct walk *walk,
          struct onym_fault *fault)
{
    MDB_cursor *cursor;
    MDB_val key;
    MDB_val value;
    enum onym_status status = onym_lmdb_status(mdb_cursor_open(txn, tables->log, &cursor));

    if (status != ONYM_OK) {
        return onym_fault_set(fault, status, "log: cannot be read");
    }
    do {
        status = onym_lmdb_status(mdb_cursor_get(cursor, &key, &value, MDB_NEXT));
        if (status == ONYM_OK) {
            status = visit(walk, onym_span_of(key.mv_data, key.mv_size),
                           onym_span_of(value.mv_data, value.mv_size), fault);
        } else if (status != ONYM_NOT_FOUND) {
            (void)onym_fault_set(fault, status, "log: cannot be read: %s",
                                 onym_status_text(status));
        }
    } while (status == ONYM_OK);
    mdb_cursor_close(cursor);
    return status == ONYM_NOT_FOUND ? ONYM_OK : status;
}

static enum onym_status
check_end(const struct walk *walk, const struct onym_position *end, struct onym_fault *fault)
{
    if (walk->in_group) {
        return bad(fault, walk->sequence, "its group has no end");
    }
    if (end->sequence != walk->last.sequence ||
        memcmp(end->hash, walk->last.hash, ONYM_HASH_LEN) != 0) {
        return bad(fault, walk->sequence, "the log ends elsewhere than the store's position says");
    }
    if (walk->has_checkpoint && !walk->checkpoint_met) {
        return bad(fault, walk->checkpoint.position.sequence,
                   "the checkpoint does not lie on the log");
    }
    return ONYM_OK;
}

enum onym_status
onym_oplog_verify(const struct onym_tables *tables, MDB_txn *txn, struct onym_oplog_report *out,
                  struct onym_fault *fault)
{
    struct walk walk = {0};
    struct onym_position end;
    uint8_t node[ONYM_NODE_ID_LEN];
    enum onym_status status = onym_meta_node(tables, txn, node);

    if (status == ONYM_OK) {
        status = onym_meta_position(tables, txn, &end);
    }
    if (status == ONYM_OK) {
        status = onym_meta_checkpoint(tables, txn, &walk.checkpoint);
        walk.has_checkpoint = status == ONYM_OK;
        status = status == ONYM_NOT_FOUND ? ONYM_OK : status;
    }
    if (status == ONYM_OK) {
        status = onym_oplog_start(node, &walk.last);
    }
    if (status == ONYM_OK) {
        status = onym_digester_new(&walk.digester);
    }
    if (status != ONYM_OK) {
        return onym_fault_set(fault, status,
                              "meta: node id, position or checkpoint cannot be read");
    }
    status = visit_all(tables, txn, &walk, fault);
    onym_digester_free(walk.digester);
    if (status == ONYM_OK) {
        status = check_end(&walk, &end, fault);
    }
    if (status == ONYM_OK) {
        *out = walk.report;
    }
    return status;
}
