#include "store/scan.h"

#include "store/lmdb_status.h"
#include "store/record_v1.h"
#include "store/view_priv.h"

#include <stdlib.h>

struct onym_scan {
    MDB_cursor *cursor;
    enum onym_kind kind;
    MDB_cursor_op step; /* MDB_SET_RANGE until the first record is read */
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

void
onym_scan_close(struct onym_scan *scan)
{
    if (scan != NULL) {
        mdb_cursor_close(scan->cursor);
        free(scan);
    }
}
