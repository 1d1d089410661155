#include "store/view.h"

#include "store/lmdb_status.h"
#include "store/record_v1.h"
#include "store/view_priv.h"

#include <stdlib.h>

_Static_assert(ONYM_VIEW_WHOLE_NAME_LEN_MAX + 2 == ONYM_KEY_LEN_MAX, "see onym_record_key");

/* The root moves with each commit. */
static void
see_generation(struct onym_view *view)
{
    uint64_t generation = mdb_txn_id(view->txn);

    if (generation != view->generation) {
        view->generation = generation;
        view->tree = onym_lmdb_tree_find(&view->tables->map, view->txn, view->tables->main,
                                         ONYM_TABLE_RECORD, view->tables->record);
    }
}

enum onym_status
onym_view_open(struct onym_env *env, struct onym_view **out)
{
    struct onym_view *view = calloc(1, sizeof *view);
    enum onym_status status;

    if (view == NULL) {
        return ONYM_NO_MEMORY;
    }
    status = onym_digester_new(&view->digester);
    if (status == ONYM_OK) {
        status = onym_lmdb_status(mdb_txn_begin(env->tables.mdb, NULL, MDB_RDONLY, &view->txn));
    }
    if (status != ONYM_OK) {
        onym_digester_free(view->digester);
        free(view);
        return status;
    }
    view->tables = &env->tables;
    view->marks = env->marks;
    view->bloom = env->bloom;
    view->live = true;
    see_generation(view);
    *out = view;
    return ONYM_OK;
}

void
onym_view_close(struct onym_view *view)
{
    if (view == NULL) {
        return;
    }
    mdb_txn_abort(view->txn);
    onym_digester_free(view->digester);
    free(view);
}

void
onym_view_release(struct onym_view *view)
{
    if (view->live) {
        mdb_txn_reset(view->txn);
        view->live = false;
    }
}

enum onym_status
onym_view_renew(struct onym_view *view)
{
    onym_view_release(view);
    if (mdb_txn_renew(view->txn) != 0) {
        return ONYM_IO;
    }
    /* marks are read after the snapshot was chosen: see store/marks.h */
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    view->live = true;
    see_generation(view);
    view->snapshot++;
    return ONYM_OK;
}

uint64_t
onym_view_generation(const struct onym_view *view)
{
    return view->generation;
}

uint64_t
onym_view_snapshot(const struct onym_view *view)
{
    return view->snapshot;
}

const struct onym_marks *
onym_view_marks(const struct onym_view *view)
{
    return view->marks;
}

struct onym_bloom *
onym_view_bloom(const struct onym_view *view)
{
    return view->bloom;
}

/* The stored bytes under a name; key_out must hold the key until they are decoded. */
static enum onym_status
find(const struct onym_view *view, enum onym_kind kind, onym_span folded,
     uint8_t key_out[ONYM_KEY_LEN_MAX], MDB_val *key, MDB_val *stored)
{
    onym_span bytes = onym_record_key(kind, folded, view->digester, key_out);

    *key = (MDB_val){.mv_size = bytes.len, .mv_data = key_out};
    return onym_lmdb_status(mdb_get(view->txn, view->tables->record, key, stored));
}

enum onym_status
onym_view_record(const struct onym_view *view, enum onym_kind kind, onym_span folded,
                 struct onym_record *out)
{
    uint8_t key_bytes[ONYM_KEY_LEN_MAX];
    MDB_val key;
    MDB_val stored;
    enum onym_status status = find(view, kind, folded, key_bytes, &key, &stored);

    if (status != ONYM_OK) {
        return status;
    }
    return onym_record_v1_decode(onym_span_of(key.mv_data, key.mv_size),
                                 onym_span_of(stored.mv_data, stored.mv_size), out);
}

void
onym_view_multi_get(const struct onym_view *view, struct onym_multi_get *items, size_t count)
{
    onym_multi_get(&view->tree, items, count);
}

enum onym_status
onym_view_found(onym_span key, onym_span value, struct onym_record *out)
{
    return onym_record_v1_decode(key, value, out);
}

bool
onym_view_has(const struct onym_view *view, enum onym_kind kind, onym_span folded)
{
    uint8_t key_bytes[ONYM_KEY_LEN_MAX];
    MDB_val key;
    MDB_val stored;

    return find(view, kind, folded, key_bytes, &key, &stored) == ONYM_OK;
}
