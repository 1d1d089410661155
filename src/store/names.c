#include "store/names.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "onym/model/ident.h"
#include "store/lmdb_status.h"
#include "store/oplog.h"

#define BITS (ONYM_NAMES_BYTES * 8U)
#define SEED 0x6E616D6573ULL

_Static_assert(ONYM_NAMES_BYTES == 2 * 4096 - 16, "two pages of LMDB with their header");

struct onym_names_probe
onym_names_probe(onym_span folded)
{
    struct onym_names_probe probe;
    uint64_t hash = onym_hash64(folded, SEED);
    uint32_t at = (uint32_t)hash;
    uint32_t step = (uint32_t)(hash >> 32) | 1U;

    for (size_t i = 0; i < ONYM_NAMES_PROBES; i++) {
        probe.bit[i] = (uint32_t)(((uint64_t)at * BITS) >> 32);
        at += step;
    }
    return probe;
}

static void
set(struct onym_names *names, onym_span name)
{
    uint8_t folded[ONYM_PREFIX_NAME_LEN_MAX];
    struct onym_names_probe probe;

    if (name.len == 0 || name.len > sizeof folded) {
        return;
    }
    onym_ident_upper(name, folded);
    probe = onym_names_probe(onym_span_of(folded, name.len));
    for (size_t i = 0; i < ONYM_NAMES_PROBES; i++) {
        names->bits[probe.bit[i] / 8] |= (uint8_t)(1U << (probe.bit[i] % 8));
    }
}

static void
clear(struct onym_names *names, uint64_t sequence)
{
    memset(names, 0, sizeof *names);
    names->sequence = sequence;
}

/* Takes in the entries of the log behind first up to and with last. */
static enum onym_status
read_log(struct onym_names *names, const struct onym_tables *tables, MDB_txn *txn, uint64_t first,
         uint64_t last)
{
    struct onym_oplog_cursor cursor;
    struct onym_entry entry;
    enum onym_status status = onym_oplog_cursor_open(tables, txn, &cursor);
    uint64_t sequence = 0;

    clear(names, first);
    if (status == ONYM_OK) {
        status = first < last ? onym_oplog_cursor_seek(&cursor, first + 1, &sequence, &entry)
                              : ONYM_OK;
        while (status == ONYM_OK && first < last) {
            if (sequence != ++first) {
                status = ONYM_NOT_FOUND;
                break;
            }
            set(names, entry.name);
            if (first < last) {
                status = onym_oplog_cursor_next(&cursor, &sequence, &entry);
            }
        }
        onym_oplog_cursor_close(&cursor);
    }
    names->sequence = last;
    return status;
}

static enum onym_status
put(const struct onym_names *names, const struct onym_tables *tables, MDB_txn *txn,
    uint64_t segment)
{
    uint8_t key[8];
    MDB_val at = {.mv_size = sizeof key, .mv_data = key};
    MDB_val value = {.mv_size = ONYM_NAMES_BYTES, .mv_data = (void *)(uintptr_t)names->bits};

    onym_put_u64(key, segment);
    return onym_lmdb_status(mdb_put(txn, tables->names, &at, &value, 0));
}

enum onym_status
onym_names_add(struct onym_names *names, const struct onym_tables *tables, MDB_txn *txn,
               uint64_t sequence, onym_span name)
{
    uint64_t first = (sequence - 1) / ONYM_NAMES_SEGMENT * ONYM_NAMES_SEGMENT;
    enum onym_status status = ONYM_OK;

    if (sequence == first + 1) {
        clear(names, first);
    } else if (names->sequence + 1 != sequence) {
        status = read_log(names, tables, txn, first, sequence - 1);
        if (status == ONYM_NOT_FOUND || status == ONYM_CORRUPT) {
            /* the segment gets no filter that could deny what it holds */
            memset(names->bits, 0xFF, sizeof names->bits);
            status = ONYM_OK;
        }
    }
    set(names, name);
    names->sequence = sequence;
    return status == ONYM_OK && sequence == first + ONYM_NAMES_SEGMENT
               ? put(names, tables, txn, first / ONYM_NAMES_SEGMENT)
               : status;
}

bool
onym_names_may_hold(const struct onym_tables *tables, MDB_txn *txn, uint64_t segment,
                    const struct onym_names_probe *probe)
{
    uint8_t key[8];
    MDB_val at = {.mv_size = sizeof key, .mv_data = key};
    MDB_val value;
    const uint8_t *bits;

    onym_put_u64(key, segment);
    if (mdb_get(txn, tables->names, &at, &value) != 0 || value.mv_size != ONYM_NAMES_BYTES) {
        return true;
    }
    bits = value.mv_data;
    for (size_t i = 0; i < ONYM_NAMES_PROBES; i++) {
        if ((bits[probe->bit[i] / 8] >> (probe->bit[i] % 8) & 1) == 0) {
            return false;
        }
    }
    return true;
}

enum onym_status
onym_names_make(const struct onym_tables *tables, MDB_txn *txn, uint64_t segment)
{
    struct onym_names names;
    uint64_t first = segment * ONYM_NAMES_SEGMENT;
    enum onym_status status = read_log(&names, tables, txn, first, first + ONYM_NAMES_SEGMENT);

    return status == ONYM_OK ? put(&names, tables, txn, segment) : status;
}
