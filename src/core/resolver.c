#include "core/resolver.h"

#include "core/referral.h"
#include "onym/model/record.h"

/* The folded name: "0.NA/" goes in front of a name without '/' (proto/handle.md section 15). */
static onym_span
fold(struct onym_resolver *r, onym_span name)
{
    uint8_t *folded = r->key + 1;
    size_t front = 0;

    if (memchr(name.at, '/', name.len) == NULL) {
        memcpy(folded, "0.NA/", 5);
        front = 5;
    }
    onym_ident_upper(name, folded + front);
    return onym_span_of(folded, front + name.len);
}

/* ---- the cache in front of the view ---- */

/* Whether the record of a name that fold gave can be in the cache, and what it is found by. */
static bool
cache_key(struct onym_resolver *r, onym_span folded, struct onym_cache_key *out)
{
    if (r->cache.buckets == 0 || folded.len > ONYM_CACHE_NAME_LEN_MAX) {
        return false;
    }
    r->key[0] = ONYM_KIND_HANDLE;
    *out = (struct onym_cache_key){
        .hash = onym_marks_hash(onym_view_marks(r->view), onym_span_of(r->key, 1 + folded.len)),
        .snapshot = onym_view_snapshot(r->view),
        .name = folded};
    return true;
}

/* What a query needs of the record: from the cache without the private values, when they are not
 * wanted. */
static enum onym_status
find_record(struct onym_resolver *r, onym_span folded, const struct onym_query *query,
            struct onym_record *out)
{
    struct onym_cache_key key;
    bool keeps = cache_key(r, folded, &key);
    bool has = keeps && onym_cache_get(&r->cache, &key,
                                       onym_marks_get(onym_view_marks(r->view), key.hash), out);
    enum onym_status status;

    if (has && (query->public_only || out->private_values.count == 0)) {
        return ONYM_OK;
    }
    status = onym_view_record(r->view, ONYM_KIND_HANDLE, folded, out);
    if (status == ONYM_OK && keeps && !has) {
        onym_cache_put(&r->cache, &key, onym_view_generation(r->view), out);
    }
    return status;
}

uint64_t
onym_resolve_hint(struct onym_resolver *r, onym_span name)
{
    struct onym_cache_key key;

    if (name.len == 0 || name.len > ONYM_NAME_LEN_MAX || !cache_key(r, fold(r, name), &key)) {
        return 0;
    }
    onym_cache_prefetch_bucket(&r->cache, key.hash);
    __builtin_prefetch(onym_marks_place(onym_view_marks(r->view), key.hash));
    return key.hash;
}

void
onym_resolve_prefetch(const struct onym_resolver *r, uint64_t hint)
{
    if (hint != 0) {
        onym_cache_prefetch_entry(&r->cache, hint);
    }
}

bool
onym_resolve_keep(struct onym_resolver *r, const struct onym_record *record)
{
    struct onym_cache_key key;

    if (r->cache.buckets == 0 || onym_cache_is_full(&r->cache)) {
        return false;
    }
    if (cache_key(r, fold(r, record->name), &key) && !onym_cache_has(&r->cache, &key) &&
        onym_cache_has_slot(&r->cache, &key)) {
        onym_cache_put(&r->cache, &key, onym_view_generation(r->view), record);
    }
    return true;
}

/* ---- whose it is ---- */

static bool
is_prefix_record(onym_span folded)
{
    return folded.len > 5 && memcmp(folded.at, "0.NA/", 5) == 0;
}

/* A prefix record is ours when its prefix or one above it is homed here; whoever homes a prefix
 * also answers for the prefixes derived from it. */
static bool
prefix_record_is_ours(struct onym_resolver *r, onym_span folded)
{
    onym_span prefix = onym_span_from(folded, 5);

    for (unsigned level = 0; level < ONYM_DELEGATION_LEVELS_MAX && prefix.len > 0; level++) {
        if (onym_homed_has(&r->homed, r->view, onym_span_of(folded.at, 5 + prefix.len))) {
            return true;
        }
        prefix = onym_prefix_parent(prefix);
    }
    return onym_homed_has(&r->homed, r->view, onym_span_text("0.NA/0.NA"));
}

static bool
is_ours(struct onym_resolver *r, onym_span folded)
{
    if (is_prefix_record(folded)) {
        return prefix_record_is_ours(r, folded) || onym_view_has(r->view, ONYM_KIND_HANDLE, folded);
    }
    return onym_homed_covers(&r->homed, r->view, folded);
}

bool
onym_responsible(struct onym_resolver *r, onym_span name)
{
    return name.len > 0 && is_ours(r, fold(r, name));
}

bool
onym_registered(struct onym_resolver *r, onym_span name)
{
    return name.len > 0 && onym_view_has(r->view, ONYM_KIND_HANDLE, fold(r, name));
}

enum onym_status
onym_resolve(struct onym_resolver *r, const struct onym_query *query, struct onym_arena *arena,
             struct onym_resolution *out)
{
    onym_span folded;
    enum onym_status status;

    out->referral = onym_span_of(NULL, 0);
    out->closed.count = 0;
    out->closed.runs = 0;
    out->closed.len = 0;
    if (query->name.len == 0 || query->name.len > ONYM_NAME_LEN_MAX) {
        return ONYM_NOT_FOUND;
    }
    folded = fold(r, query->name);
    if (onym_span_equal(folded, onym_span_text("0.SITE/STATUS"))) {
        return ONYM_VALUE_NOT_FOUND; /* a reserved record; strangers see nothing of it */
    }
    if (!is_ours(r, folded)) {
        return query->no_referral ? ONYM_NOT_RESPONSIBLE : onym_refer(r, folded, arena, out);
    }
    status = find_record(r, folded, query, &out->record);
    if (status != ONYM_OK) {
        return status;
    }
    status = onym_select(query, out->record.public_values, arena, &out->selection);
    if (status == ONYM_OK && !query->public_only && out->record.private_values.count > 0) {
        status = onym_select(query, out->record.private_values, arena, &out->closed);
    }
    if (status == ONYM_OK && out->selection.count + out->closed.count == 0) {
        return ONYM_VALUE_NOT_FOUND;
    }
    return status;
}
