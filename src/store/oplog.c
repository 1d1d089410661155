#include "store/oplog.h"

#include "base/reader.h"
#include "base/writer.h"
#include "store/entry_pack.h"
#include "store/lmdb_status.h"

#include <stdlib.h>

#define KEY_LEN 10U

enum onym_status
onym_oplog_start(const uint8_t node[ONYM_NODE_ID_LEN], enum onym_digest hash,
                 struct onym_position *out)
{
    static const uint8_t stream[2] = {0, 0};
    onym_span parts[3] = {onym_span_text("onym log 1"), onym_span_of(node, ONYM_NODE_ID_LEN),
                          onym_span_of(stream, sizeof stream)};
    struct onym_digester *digester;
    enum onym_status status = onym_digester_new(&digester);

    if (status == ONYM_OK) {
        *out = (struct onym_position){.stream = 0, .sequence = 0};
        (void)onym_digest(digester, hash, parts, 3, out->hash);
        onym_digester_free(digester);
    }
    return status;
}

/* Adds one entry to the hash of the group that is being read or written. */
static void
hash_entry(struct onym_gathered *digest, const uint8_t key[KEY_LEN], onym_span entry)
{
    uint8_t front[4 + KEY_LEN];

    onym_put_u32(front, (uint32_t)(KEY_LEN + entry.len));
    memcpy(front + 4, key, KEY_LEN);
    onym_gathered_add(digest, onym_span_of(front, sizeof front));
    onym_gathered_add(digest, entry);
}

static void
start_group(struct onym_gathered *digest, struct onym_digester *digester, enum onym_digest hash,
            const uint8_t previous[ONYM_HASH_LEN])
{
    onym_gathered_start(digest, digester, hash);
    onym_gathered_add(digest, onym_span_of(previous, ONYM_HASH_LEN));
}

static void
write_key(uint8_t key[KEY_LEN], uint16_t stream, uint64_t sequence)
{
    onym_put_u16(key, stream);
    onym_put_u64(key + 2, sequence);
}

void
onym_oplog_group_init(struct onym_oplog_group *group, struct onym_digester *digester,
                      enum onym_digest hash, const struct onym_position *position)
{
    *group = (struct onym_oplog_group){
        .position = *position, .sequence = position->sequence, .digester = digester, .hash = hash};
}

void
onym_oplog_group_deinit(struct onym_oplog_group *group)
{
    free(group->held.at);
    free(group->base.at);
    free(group->packed.at);
    *group = (struct onym_oplog_group){0};
}

bool
onym_oplog_make_room(struct onym_oplog_bytes *bytes, size_t need)
{
    if (need > bytes->cap) {
        uint8_t *grown = realloc(bytes->at, need);

        if (grown == NULL) {
            return false;
        }
        bytes->at = grown;
        bytes->cap = need;
    }
    return true;
}

static onym_span
span_of(const struct onym_oplog_bytes *bytes)
{
    return onym_span_of(bytes->at, bytes->len);
}

/* The held entry as it is stored. */
static enum onym_status
pack_held(struct onym_oplog_group *group, onym_span *stored)
{
    struct onym_oplog_bytes *packed = &group->packed;

    if (!onym_oplog_make_room(packed, group->held.len)) {
        return ONYM_NO_MEMORY;
    }
    *stored = span_of(&group->held);
    if (group->base_sequence > 0 &&
        onym_entry_pack(span_of(&group->base), group->sequence - group->base_sequence, *stored,
                        packed->at, &packed->len) == ONYM_OK) {
        *stored = span_of(packed);
    }
    return ONYM_OK;
}

/* Writes the held entry, with the group's hash behind it when there is one. */
static enum onym_status
write_held(struct onym_oplog_group *group, const struct onym_tables *tables, MDB_txn *txn,
           bool is_last)
{
    uint8_t key[KEY_LEN];
    MDB_val at = {.mv_size = KEY_LEN, .mv_data = key};
    MDB_val value;
    onym_span stored;
    enum onym_status status = pack_held(group, &stored);

    if (status != ONYM_OK) {
        return status;
    }
    value.mv_size = stored.len + (is_last ? ONYM_HASH_LEN : 0);
    write_key(key, group->position.stream, group->sequence);
    hash_entry(&group->digest, key, stored);
    /* the log only grows at its end, and appending fills its pages */
    status = group->end != NULL ? ONYM_OK
                                : onym_lmdb_status(mdb_cursor_open(txn, tables->log, &group->end));
    if (status == ONYM_OK) {
        status = onym_lmdb_status(
            mdb_cursor_put(group->end, &at, &value, MDB_APPEND | MDB_RESERVE));
    }
    if (status != ONYM_OK) {
        return status;
    }
    memcpy(value.mv_data, stored.at, stored.len);
    if (is_last) {
        onym_gathered_finish(&group->digest, group->position.hash);
        group->position.sequence = group->sequence;
        memcpy((uint8_t *)value.mv_data + stored.len, group->position.hash, ONYM_HASH_LEN);
    }
    if (stored.at == group->held.at) {
        struct onym_oplog_bytes written = group->held;

        group->held = group->base;
        group->base = written;
        group->base_sequence = group->sequence;
    }
    return ONYM_OK;
}

/* Puts entry into the place of the one held. */
static enum onym_status
hold(struct onym_oplog_group *group, const struct onym_entry *entry)
{
    struct onym_oplog_bytes *held = &group->held;

    return onym_oplog_make_room(held, onym_entry_len(entry))
               ? onym_entry_encode(entry, held->at, held->cap, &held->len)
               : ONYM_NO_MEMORY;
}

enum onym_status
onym_oplog_group_append(struct onym_oplog_group *group, const struct onym_tables *tables,
                        MDB_txn *txn, const struct onym_entry *entry)
{
    enum onym_status status = onym_entry_check(entry);

    if (status == ONYM_OK && group->is_open) {
        status = write_held(group, tables, txn, false);
    } else if (status == ONYM_OK) {
        start_group(&group->digest, group->digester, group->hash, group->position.hash);
        group->base_sequence = 0;
        group->is_open = true;
    }
    if (status == ONYM_OK) {
        group->sequence++;
        status = hold(group, entry);
    }
    return status;
}

enum onym_status
onym_oplog_group_end(struct onym_oplog_group *group, const struct onym_tables *tables, MDB_txn *txn)
{
    enum onym_status status;

    if (!group->is_open) {
        return ONYM_OK;
    }
    onym_entry_mark_last(group->held.at);
    status = write_held(group, tables, txn, true);
    if (status == ONYM_OK) {
        group->is_open = false;
        status = onym_meta_put_position(tables, txn, &group->position);
    }
    return status;
}

enum onym_status
onym_oplog_append_load(const struct onym_tables *tables, MDB_txn *txn, uint64_t now_ms,
                       const struct onym_load_operation *load, struct onym_position *position)
{
    struct onym_entry entry = {.what = ONYM_ENTRY_LOAD, .time_ms = now_ms, .load = *load};
    struct onym_oplog_group group = {0};
    struct onym_digester *digester = NULL;
    enum onym_record_digest digest;
    enum onym_status status = onym_meta_digest(tables, txn, &digest);

    if (status == ONYM_OK) {
        status = onym_digester_new(&digester);
    }
    if (status == ONYM_OK) {
        onym_oplog_group_init(&group, digester, onym_oplog_hash(digest), position);
        status = onym_oplog_group_append(&group, tables, txn, &entry);
    }
    if (status == ONYM_OK) {
        status = onym_oplog_group_end(&group, tables, txn);
    }
    if (status == ONYM_OK) {
        *position = group.position;
    }
    onym_oplog_group_deinit(&group);
    onym_digester_free(digester);
    return status;
}

/* What the walk over the log has seen. */
struct walk {
    struct onym_digester *digester; /* owned */
    struct onym_gathered digest;
    struct onym_position last; /* of the last whole group */
    uint64_t sequence;         /* of the last entry */
    bool in_group;
    onym_span base; /* the last entry of the group that stands as it is, at base_sequence */
    uint64_t base_sequence;
    struct onym_oplog_bytes unpacked; /* owned */
    bool checkpoint_met;
    bool has_checkpoint;
    struct onym_checkpoint checkpoint;
    struct onym_oplog_report report;
    onym_oplog_fn *each;
    void *of;
};

static enum onym_status
bad(struct onym_fault *fault, uint64_t sequence, const char *why)
{
    return onym_fault_set(fault, ONYM_CORRUPT, "log entry %llu: %s", (unsigned long long)sequence,
                          why);
}

/* The checkpoint may lie where the walk has come to. */
static void
meet_checkpoint(struct walk *walk)
{
    const struct onym_position *last = &walk->last;

    if (walk->has_checkpoint && walk->checkpoint.position.sequence == last->sequence) {
        walk->checkpoint_met = memcmp(walk->checkpoint.position.hash, last->hash, ONYM_HASH_LEN) ==
                               0;
    }
}

static enum onym_status
end_group(struct walk *walk, const uint8_t stored[ONYM_HASH_LEN], struct onym_fault *fault)
{
    struct onym_position *last = &walk->last;

    onym_gathered_finish(&walk->digest, last->hash);
    last->sequence = walk->sequence;
    walk->in_group = false;
    walk->report.groups++;
    if (memcmp(last->hash, stored, ONYM_HASH_LEN) != 0) {
        return bad(fault, walk->sequence, "the hash of its group does not follow from the log");
    }
    meet_checkpoint(walk);
    return ONYM_OK;
}

/* The entry in the bytes that are stored. */
static enum onym_status
unpack(struct walk *walk, onym_span stored, onym_span *entry)
{
    uint64_t distance = onym_entry_base(stored);
    size_t len = onym_entry_unpacked_len(stored);

    *entry = stored;
    if (distance == 0) {
        walk->base = stored;
        walk->base_sequence = walk->sequence;
        return ONYM_OK;
    }
    if (len == 0 || walk->base_sequence == 0 || walk->base_sequence + distance != walk->sequence) {
        return ONYM_CORRUPT;
    }
    if (!onym_oplog_make_room(&walk->unpacked, len)) {
        return ONYM_NO_MEMORY;
    }
    *entry = onym_span_of(walk->unpacked.at, len);
    return onym_entry_unpack(walk->base, stored, walk->unpacked.at);
}

static enum onym_status
visit(struct walk *walk, onym_span key, onym_span value, struct onym_fault *fault)
{
    struct onym_reader r = onym_reader_over(key);
    uint16_t stream = onym_reader_u16(&r);
    uint64_t sequence = onym_reader_u64(&r);
    bool ends = onym_entry_is_last(value);
    onym_span bytes = value;
    onym_span plain;
    struct onym_entry entry;
    enum onym_status status;

    if (key.len != KEY_LEN || stream != 0 || sequence != walk->sequence + 1) {
        return bad(fault, walk->sequence + 1, "missing");
    }
    walk->sequence = sequence;
    walk->report.entries++;
    if (ends && value.len >= ONYM_HASH_LEN) {
        bytes.len -= ONYM_HASH_LEN;
    }
    if (!walk->in_group) {
        start_group(&walk->digest, walk->digester, onym_oplog_hash(walk->report.digest),
                    walk->last.hash);
        walk->in_group = true;
        walk->base_sequence = 0;
    }
    status = unpack(walk, bytes, &plain);
    if (status == ONYM_NO_MEMORY) {
        return onym_fault_set(fault, status, "log: out of memory");
    }
    if (status != ONYM_OK || onym_entry_decode(plain, &entry) != ONYM_OK) {
        return bad(fault, sequence, "not an entry of this format");
    }
    hash_entry(&walk->digest, key.at, bytes);
    if (walk->each != NULL) {
        walk->each(walk->of, sequence, &entry);
    }
    return ends ? end_group(walk, bytes.at + bytes.len, fault) : ONYM_OK;
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

/* Where the walk begins, and what it must meet. */
static enum onym_status
start_walk(const struct onym_tables *tables, MDB_txn *txn, struct walk *walk,
           struct onym_position *end)
{
    uint8_t node[ONYM_NODE_ID_LEN];
    enum onym_status status = onym_meta_node(tables, txn, node);

    if (status == ONYM_OK) {
        status = onym_meta_position(tables, txn, end);
    }
    if (status == ONYM_OK) {
        status = onym_meta_checkpoint(tables, txn, &walk->checkpoint);
        walk->has_checkpoint = status == ONYM_OK;
        status = status == ONYM_NOT_FOUND ? ONYM_OK : status;
    }
    if (status == ONYM_OK) {
        status = onym_meta_digest(tables, txn, &walk->report.digest);
    }
    if (status == ONYM_OK) {
        status = onym_meta_begin(tables, txn, &walk->last);
        status = status == ONYM_NOT_FOUND
                     ? onym_oplog_start(node, onym_oplog_hash(walk->report.digest), &walk->last)
                     : status;
    }
    walk->sequence = walk->last.sequence;
    walk->report.begin = walk->last;
    meet_checkpoint(walk);
    return status == ONYM_OK ? onym_digester_new(&walk->digester) : status;
}

enum onym_status
onym_oplog_walk(const struct onym_tables *tables, MDB_txn *txn, onym_oplog_fn *each, void *of,
                struct onym_oplog_report *out, struct onym_fault *fault)
{
    struct walk walk = {.each = each, .of = of};
    struct onym_position end;
    enum onym_status status = start_walk(tables, txn, &walk, &end);

    if (status != ONYM_OK) {
        return onym_fault_set(fault, status,
                              "meta: node id, hash, position or checkpoint cannot be read");
    }
    status = visit_all(tables, txn, &walk, fault);
    onym_digester_free(walk.digester);
    free(walk.unpacked.at);
    if (status == ONYM_OK) {
        status = check_end(&walk, &end, fault);
    }
    if (status == ONYM_OK) {
        walk.report.end = end;
        *out = walk.report;
    }
    return status;
}

enum onym_status
onym_oplog_verify(const struct onym_tables *tables, MDB_txn *txn, struct onym_oplog_report *out,
                  struct onym_fault *fault)
{
    return onym_oplog_walk(tables, txn, NULL, NULL, out, fault);
}
