#include "store/scan.h"

#include "store/lmdb_status.h"
#include "store/record_v1.h"
#include "store/view_priv.h"

#include <stdlib.h>

_Static_assert(ONYM_SCAN_PLACE_MAX == ONYM_KEY_LEN_MAX, "a place is a key");

struct onym_scan {
    MDB_cursor *cursor;
    enum onym_kind kind;
    MDB_cursor_op step; /* MDB_SET_RANGE until the first record is read */
    bool behind;        /* start itself is not wanted */
    size_t start_len;
    uint8_t start[ONYM_KEY_LEN_MAX];
};

enum onym_status
onym_scan_open(const struct onym_view *view, enum onym_kind kind, onym_span from,
               struct onym_scan **out)
{
    struct onym_scan *scan = calloc(1, sizeof *scan);
    enum onym_status status;

    if (scan == NULL) {
        return ONYM_NO_MEMORY;
    }
    scan->kind = kind;
    scan->step = MDB_SET_RANGE;
    scan->start_len = onym_record_key(kind, from, view->digester, scan->start).len;
    status = onym_lmdb_status(mdb_cursor_open(view->txn, view->tables->record, &scan->cursor));
    if (status != ONYM_OK) {
        free(scan);
        return status;
    }
    *out = scan;
    return ONYM_OK;
}

enum onym_status
onym_scan_next(struct onym_scan *scan, struct onym_record *out)
{
    MDB_val key = {.mv_size = scan->start_len, .mv_data = scan->start};
    MDB_val stored;
    enum onym_status status = onym_lmdb_status(
        mdb_cursor_get(scan->cursor, &key, &stored, scan->step));

    scan->step = MDB_NEXT;
    if (status != ONYM_OK) {
        return status;
    }

    onym_span name = onym_span_of(key.mv_data, key.mv_size);

    if (name.len == 0 || name.at[0] != (uint8_t)scan->kind) {
        return ONYM_NOT_FOUND;
    }
    status = onym_record_v1_decode(name, onym_span_of(stored.mv_data, stored.mv_size), out);
    if (status == ONYM_CORRUPT) {
        *out = (struct onym_record){.name = onym_span_from(name, 1)};
    }
    return status;
}

enum onym_status
onym_scan_resume(const struct onym_view *view, enum onym_kind kind, onym_span stem,
                 const struct onym_scan_place *place, struct onym_scan **out)
{
    enum onym_status status = stem.len <= ONYM_SCAN_STEM_MAX ? ONYM_OK : ONYM_INVALID;
    struct onym_scan *scan;

    if (status == ONYM_OK) {
        status = onym_scan_open(view, kind, stem, &scan);
    }
    if (status == ONYM_OK) {
        if (place->len > 0) {
            memcpy(scan->start, place->key, place->len);
            scan->start_len = place->len;
            scan->behind = true;
        }
        *out = scan;
    }
    return status;
}

/* Moves onto the next record of the kind whose name begins with stem. */
static enum onym_status
step_to(struct onym_scan *scan, onym_span stem, MDB_val *key, MDB_val *stored)
{
    enum onym_status status;
    bool again;

    do {
        bool first = scan->step == MDB_SET_RANGE;

        *key = (MDB_val){.mv_size = scan->start_len, .mv_data = scan->start};
        status = onym_lmdb_status(mdb_cursor_get(scan->cursor, key, stored, scan->step));
        scan->step = MDB_NEXT;
        again = status == ONYM_OK && first && scan->behind && key->mv_size == scan->start_len &&
                memcmp(key->mv_data, scan->start, scan->start_len) == 0;
    } while (again);
    if (status == ONYM_OK) {
        onym_span bytes = onym_span_of(key->mv_data, key->mv_size);

        if (bytes.len == 0 || bytes.at[0] != (uint8_t)scan->kind ||
            !onym_span_equal(onym_span_front(onym_span_from(bytes, 1), stem.len), stem)) {
            status = ONYM_NOT_FOUND;
        }
    }
    return status;
}

static void
keep_place(struct onym_scan_place *place, const MDB_val *key)
{
    place->len = (uint16_t)key->mv_size;
    memcpy(place->key, key->mv_data, key->mv_size);
}

enum onym_status
onym_scan_take(struct onym_scan *scan, onym_span stem, struct onym_scan_place *place,
               struct onym_record *out)
{
    MDB_val key;
    MDB_val stored;
    enum onym_status status = step_to(scan, stem, &key, &stored);

    if (status != ONYM_OK) {
        return status;
    }
    keep_place(place, &key);
    return onym_record_v1_decode(onym_span_of(key.mv_data, key.mv_size),
                                 onym_span_of(stored.mv_data, stored.mv_size), out);
}

enum onym_status
onym_scan_pass(struct onym_scan *scan, onym_span stem, uint64_t limit,
               struct onym_scan_place *place, uint64_t *count)
{
    enum onym_status status = ONYM_OK;
    MDB_val key = {0};
    MDB_val passed = {0};
    MDB_val stored;

    for (*count = 0; *count < limit && status == ONYM_OK;) {
        status = step_to(scan, stem, &key, &stored);
        if (status == ONYM_OK) {
            passed = key;
            ++*count;
        }
    }
    if (passed.mv_size > 0) {
        keep_place(place, &passed);
    }
    return status;
}

void
onym_scan_close(struct onym_scan *scan)
{
    if (scan != NULL) {
        mdb_cursor_close(scan->cursor);
        free(scan);
    }
}
