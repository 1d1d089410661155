#include "store/redo.h"

#include "base/hash.h"
#include "base/reader.h"
#include "base/writer.h"
#include "store/lmdb_status.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define MAGIC      "onymredo"
#define MAGIC_LEN  8U
#define SUM_END    (MAGIC_LEN + 8U) /* the checksum is over what is behind it */
#define FRONT_LEN  (SUM_END + 4U + 2U + 8U + ONYM_HASH_LEN)
#define PUT_FRONT  8U
#define DONE_PUT   1U
#define DONE_DEL   2U
#define BLOCK      4096U /* whole ones are written, so that nothing is read for it */
#define SLOT_NAME  "redo"
#define SLOTS      "onym redo slots"
#define PAGE_FRONT 16U                  /* of LMDB, in front of a value in pages of its own */
#define SLOTS_AT   (BLOCK - PAGE_FRONT) /* in the value: the slots begin on a block */
#define VALUE_LEN  (SLOTS_AT + 2 * ONYM_REDO_SLOT)

enum onym_status
onym_redo_init(struct onym_redo *redo)
{
    *redo = (struct onym_redo){.puts = calloc(1, ONYM_REDO_SLOT)};
    return redo->puts != NULL ? ONYM_OK : ONYM_NO_MEMORY;
}

void
onym_redo_deinit(struct onym_redo *redo)
{
    free(redo->puts);
    *redo = (struct onym_redo){0};
}

void
onym_redo_start(struct onym_redo *redo)
{
    redo->len = FRONT_LEN;
    redo->is_whole = true;
    redo->is_written = false;
}

/* ---- what is done ---- */

static void
add(struct onym_redo *redo, enum onym_redo_table table, uint8_t done, onym_span key,
    onym_span value)
{
    struct onym_writer w;

    if (redo == NULL || !redo->is_whole) {
        return;
    }
    w = onym_writer_over(redo->puts + redo->len, ONYM_REDO_SLOT - redo->len);
    onym_writer_u8(&w, (uint8_t)table);
    onym_writer_u8(&w, done);
    onym_writer_u16(&w, (uint16_t)key.len);
    onym_writer_u32(&w, (uint32_t)value.len);
    onym_writer_bytes(&w, key);
    onym_writer_bytes(&w, value);
    redo->is_whole = w.status == ONYM_OK;
    redo->len += redo->is_whole ? w.len : 0;
}

void
onym_redo_put(struct onym_redo *redo, enum onym_redo_table table, onym_span key, onym_span value)
{
    add(redo, table, DONE_PUT, key, value);
}

void
onym_redo_delete(struct onym_redo *redo, enum onym_redo_table table, onym_span key)
{
    add(redo, table, DONE_DEL, key, onym_span_of(NULL, 0));
}

/* ---- the slots ---- */

static MDB_val
slot_name(void)
{
    onym_span name = onym_span_text(SLOT_NAME);

    return (MDB_val){.mv_size = name.len, .mv_data = (void *)(uintptr_t)name.at};
}

enum onym_status
onym_redo_make(const struct onym_redo *redo, const struct onym_tables *tables, MDB_txn *txn)
{
    MDB_val key = slot_name();
    MDB_val value = {.mv_size = VALUE_LEN};
    MDB_val found;
    enum onym_status status;

    if (redo->at[0] != 0 || mdb_get(txn, tables->meta, &key, &found) == 0) {
        return ONYM_OK;
    }
    status = onym_lmdb_status(mdb_put(txn, tables->meta, &key, &value, MDB_RESERVE));
    if (status == ONYM_OK) {
        memset(value.mv_data, 0, value.mv_size);
        memcpy(value.mv_data, SLOTS, sizeof SLOTS);
        status = onym_meta_raise_format(tables, txn, ONYM_FORMAT_REDO);
    }
    return status;
}

/* The value with the slots in the map. It stays there as long as the map: nobody puts it again.
 * ONYM_OK, ONYM_NOT_FOUND the store has none, ONYM_CORRUPT, ONYM_IO. */
static enum onym_status
find_value(const struct onym_tables *tables, const uint8_t **out)
{
    MDB_val key = slot_name();
    MDB_val value = {0};
    MDB_txn *txn;
    enum onym_status status = onym_lmdb_status(mdb_txn_begin(tables->mdb, NULL, MDB_RDONLY, &txn));

    if (status != ONYM_OK) {
        return status;
    }
    status = onym_lmdb_status(mdb_get(txn, tables->meta, &key, &value));
    mdb_txn_abort(txn);
    *out = value.mv_data;
    return status == ONYM_OK && value.mv_size != VALUE_LEN ? ONYM_CORRUPT : status;
}

/* Where a value in pages of its own lies in the file, from the number that LMDB writes in front of
 * the first one; 0 when the file does not have it there. */
static uint64_t
place_of(const struct onym_tables *tables, const uint8_t *value)
{
    const uint8_t *page = value - PAGE_FRONT;
    uint8_t in_file[2 * PAGE_FRONT];
    mdb_filehandle_t fd;
    MDB_stat stat;
    size_t number;
    off_t place;

    memcpy(&number, page, sizeof number);
    if (mdb_env_get_fd(tables->mdb, &fd) != 0 || mdb_env_stat(tables->mdb, &stat) != 0 ||
        number > INT64_MAX / stat.ms_psize) {
        return 0;
    }
    place = (off_t)(number * stat.ms_psize);
    return pread(fd, in_file, sizeof in_file, place) == sizeof in_file &&
                   memcmp(in_file, page, sizeof in_file) == 0
               ? (uint64_t)place
               : 0;
}

enum onym_status
onym_redo_find(struct onym_redo *redo, const struct onym_tables *tables)
{
    const uint8_t *value;
    enum onym_status status = find_value(tables, &value);
    uint64_t place = status == ONYM_OK ? place_of(tables, value) : 0;

    redo->at[0] = place > 0 ? place + PAGE_FRONT + SLOTS_AT : 0;
    redo->at[1] = place > 0 ? redo->at[0] + ONYM_REDO_SLOT : 0;
    return status == ONYM_NOT_FOUND ? ONYM_OK : status;
}

/* Writes the first len bytes of redo->puts into the slot whose turn it is. 0 or errno. */
static int
write_slot(const struct onym_redo *redo, const struct onym_tables *tables, size_t len)
{
    mdb_filehandle_t fd;
    size_t whole = (len + BLOCK - 1) / BLOCK * BLOCK;
    ssize_t written;

    if (mdb_env_get_fd(tables->mdb, &fd) != 0) {
        return EBADF;
    }
    written = pwrite(fd, redo->puts, whole, (off_t)redo->at[redo->turn]);
    return written == (ssize_t)whole ? 0 : written < 0 ? errno : EIO;
}

int
onym_redo_write(struct onym_redo *redo, const struct onym_tables *tables,
                const struct onym_position *before, bool *is_down)
{
    struct onym_writer w = onym_writer_over(redo->puts, FRONT_LEN);

    *is_down = redo->at[0] != 0 && redo->is_whole;
    if (!*is_down) {
        return 0;
    }
    onym_writer_bytes(&w, onym_span_text(MAGIC));
    onym_writer_u64(&w, 0);
    onym_writer_u32(&w, (uint32_t)(redo->len - FRONT_LEN));
    onym_writer_u16(&w, before->stream);
    onym_writer_u64(&w, before->sequence);
    onym_writer_bytes(&w, onym_span_of(before->hash, ONYM_HASH_LEN));
    onym_put_u64(redo->puts + MAGIC_LEN,
                 onym_hash64(onym_span_of(redo->puts + SUM_END, redo->len - SUM_END), 0));
    redo->is_written = true; /* part of it may be, also when this fails */
    return write_slot(redo, tables, redo->len);
}

void
onym_redo_keep(struct onym_redo *redo)
{
    redo->turn ^= redo->is_written ? 1U : 0U;
    redo->is_written = false;
}

enum onym_status
onym_redo_forget(struct onym_redo *redo, const struct onym_tables *tables)
{
    mdb_filehandle_t fd;

    if (!redo->is_written) {
        return ONYM_OK;
    }
    memset(redo->puts, 0, FRONT_LEN);
    if (write_slot(redo, tables, FRONT_LEN) != 0 || mdb_env_get_fd(tables->mdb, &fd) != 0 ||
        fdatasync(fd) != 0) {
        return ONYM_IO;
    }
    redo->is_written = false;
    return ONYM_OK;
}

/* ---- doing it again ---- */

/* The puts of a slot that came behind `end`, or an empty span. */
static onym_span
puts_behind(const uint8_t *slot, const struct onym_position *end)
{
    struct onym_reader r = onym_reader_over(onym_span_of(slot, FRONT_LEN));
    onym_span magic = onym_reader_bytes(&r, MAGIC_LEN);
    uint64_t sum = onym_reader_u64(&r);
    uint32_t len = onym_reader_u32(&r);
    uint16_t stream = onym_reader_u16(&r);
    uint64_t sequence = onym_reader_u64(&r);
    onym_span hash = onym_reader_bytes(&r, ONYM_HASH_LEN);

    if (!onym_span_equal(magic, onym_span_text(MAGIC)) || len > ONYM_REDO_SLOT - FRONT_LEN ||
        sum != onym_hash64(onym_span_of(slot + SUM_END, FRONT_LEN - SUM_END + len), 0) ||
        stream != end->stream || sequence != end->sequence ||
        !onym_span_equal(hash, onym_span_of(end->hash, ONYM_HASH_LEN))) {
        return onym_span_of(NULL, 0);
    }
    return onym_span_of(slot + FRONT_LEN, len);
}

static bool
table_of(const struct onym_tables *tables, uint8_t number, MDB_dbi *out)
{
    switch ((enum onym_redo_table)number) {
    case ONYM_REDO_RECORD:
        *out = tables->record;
        return true;
    case ONYM_REDO_LOG:
        *out = tables->log;
        return true;
    case ONYM_REDO_META:
        *out = tables->meta;
        return true;
    case ONYM_REDO_OUTCOME:
        *out = tables->outcome;
        return true;
    case ONYM_REDO_NAMES:
        *out = tables->names;
        return true;
    }
    return false;
}

/* Does the put at the front of *r. */
static enum onym_status
do_one(const struct onym_tables *tables, MDB_txn *txn, struct onym_reader *r)
{
    uint8_t number = onym_reader_u8(r);
    uint8_t done = onym_reader_u8(r);
    size_t key_len = onym_reader_u16(r);
    size_t value_len = onym_reader_u32(r);
    onym_span name = onym_reader_bytes(r, key_len);
    onym_span bytes = onym_reader_bytes(r, value_len);
    MDB_val key = {.mv_size = name.len, .mv_data = (void *)(uintptr_t)name.at};
    MDB_val value = {.mv_size = bytes.len, .mv_data = (void *)(uintptr_t)bytes.at};
    MDB_dbi table;
    int rc;

    if (r->status != ONYM_OK || !table_of(tables, number, &table)) {
        return ONYM_CORRUPT;
    }
    if (done == DONE_PUT) {
        return onym_lmdb_status(mdb_put(txn, table, &key, &value, 0));
    }
    rc = mdb_del(txn, table, &key, NULL);
    return rc == MDB_NOTFOUND ? ONYM_OK : onym_lmdb_status(rc);
}

static enum onym_status
do_all(const struct onym_tables *tables, onym_span puts)
{
    struct onym_reader r = onym_reader_over(puts);
    MDB_txn *txn;
    enum onym_status status;

    if (puts.len == 0) {
        return ONYM_OK;
    }
    status = onym_lmdb_status(mdb_txn_begin(tables->mdb, NULL, 0, &txn));
    if (status != ONYM_OK) {
        return status;
    }
    while (r.left.len > 0 && status == ONYM_OK) {
        status = do_one(tables, txn, &r);
    }
    if (status != ONYM_OK) {
        mdb_txn_abort(txn);
        return status;
    }
    return onym_lmdb_status(mdb_txn_commit(txn));
}

static enum onym_status
read_end(const struct onym_tables *tables, struct onym_position *end)
{
    MDB_txn *txn;
    enum onym_status status = onym_lmdb_status(mdb_txn_begin(tables->mdb, NULL, MDB_RDONLY, &txn));

    if (status == ONYM_OK) {
        status = onym_meta_position(tables, txn, end);
        mdb_txn_abort(txn);
    }
    return status;
}

enum onym_status
onym_redo_replay(struct onym_redo *redo, const struct onym_tables *tables)
{
    const uint8_t *value = NULL;
    struct onym_position end;
    enum onym_status status = find_value(tables, &value);

    redo->turn = 0;
    redo->is_written = false;
    if (status != ONYM_OK) {
        return status == ONYM_NOT_FOUND ? ONYM_OK : status;
    }
    /* which of the two is the earlier one is not known */
    for (unsigned k = 0; k < 3 && status == ONYM_OK; k++) {
        status = read_end(tables, &end);
        if (status == ONYM_OK) {
            status = do_all(tables, puts_behind(value + SLOTS_AT + k % 2 * ONYM_REDO_SLOT, &end));
        }
    }
    /* a process before this one may have left its meta page to a slot that is written over next */
    return status == ONYM_OK ? onym_lmdb_status(mdb_env_sync(tables->mdb, 1)) : status;
}
