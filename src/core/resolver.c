#include "core/resolver.h"

#include "base/prefetch.h"
#include "core/referral.h"
#include "onym/model/record.h"

#define FRONT     "0.NA/"
#define FRONT_LEN (sizeof FRONT - 1)

_Static_assert(ONYM_CACHE_NAME_LEN_MAX == ONYM_VIEW_WHOLE_NAME_LEN_MAX,
               "what is hashed here is the key that the store hashes");

/* Writes the key of a name's record: the kind and the folded name, which is returned. "0.NA/" goes
 * in front of a name without '/' (proto/handle.md section 15). *prefix_len: of what is in front of
 * the first '/' then. */
static onym_span
fold_at(onym_span name, uint8_t *key, size_t *prefix_len)
{
    const uint8_t *slash = memchr(name.at, '/', name.len);
    uint8_t *folded = key + 1;
    size_t front = 0;

    key[0] = ONYM_KIND_HANDLE;
    if (slash == NULL) {
        memcpy(folded, FRONT, FRONT_LEN);
        front = FRONT_LEN;
    }
    *prefix_len = slash != NULL ? (size_t)(slash - name.at) : FRONT_LEN - 1;
    onym_ident_upper(name, folded + front);
    return onym_span_of(folded, front + name.len);
}

static onym_span
fold(onym_span name, uint8_t *key)
{
    size_t prefix_len;

    return fold_at(name, key, &prefix_len);
}

/* ---- the cache in front of the view ---- */

/* The key of a name that fold gave. */
static onym_span
key_of(onym_span folded)
{
    return onym_span_of(folded.at - 1, 1 + folded.len);
}

static uint64_t
hash_of(const struct onym_resolver *r, onym_span folded)
{
    return onym_marks_hash(onym_view_marks(r->view), key_of(folded));
}

/* Whether the record of a name that fold gave can be in the cache, and what it is found by. */
static bool
cache_key(struct onym_resolver *r, onym_span folded, const struct onym_ahead *ahead,
          struct onym_cache_key *out)
{
    if (r->cache.buckets == 0 || folded.len > ONYM_CACHE_NAME_LEN_MAX) {
        return false;
    }
    *out = (struct onym_cache_key){.hash = ahead != NULL ? ahead->hash : hash_of(r, folded),
                                   .snapshot = onym_view_snapshot(r->view),
                                   .name = folded};
    return true;
}

/* Is onym_view_record, also when it was found ahead. */
static enum onym_status
read_record(const struct onym_resolver *r, onym_span folded, const struct onym_ahead *ahead,
            struct onym_record *out)
{
    if (ahead != NULL && ahead->found.at != NULL &&
        ahead->snapshot == onym_view_snapshot(r->view)) {
        return onym_view_found(key_of(folded), ahead->found, out);
    }
    return onym_view_record(r->view, ONYM_KIND_HANDLE, folded, out);
}

/* What a query needs of the record: from the cache without the private values, when they are not
 * wanted. */
static enum onym_status
find_record(struct onym_resolver *r, onym_span folded, const struct onym_query *query,
            const struct onym_ahead *ahead, struct onym_record *out)
{
    struct onym_cache_key key;
    bool keeps = cache_key(r, folded, ahead, &key);
    bool has = keeps && onym_cache_get(&r->cache, &key,
                                       onym_marks_get(onym_view_marks(r->view), key.hash), out);
    enum onym_status status;

    if (has && (query->public_only || out->private_values.count == 0)) {
        return ONYM_OK;
    }
    if (keeps && !has && !onym_bloom_may_have(onym_view_bloom(r->view), key.hash)) {
        r->cache.lookups[ONYM_LOOKUP_ABSENT]++;
        return ONYM_NOT_FOUND;
    }
    status = read_record(r, folded, ahead, out);
    if (status == ONYM_OK && keeps && !has) {
        onym_cache_put(&r->cache, &key, onym_view_generation(r->view), out);
    }
    return status;
}

enum onym_status
onym_resolve_stored(const struct onym_resolver *r, enum onym_kind kind, onym_span folded,
                    struct onym_record *out)
{
    uint8_t key[1 + ONYM_CACHE_NAME_LEN_MAX];

    if (kind == ONYM_KIND_HANDLE && folded.len <= ONYM_CACHE_NAME_LEN_MAX) {
        key[0] = ONYM_KIND_HANDLE;
        memcpy(key + 1, folded.at, folded.len);
        if (!onym_bloom_may_have(onym_view_bloom(r->view),
                                 hash_of(r, onym_span_of(key + 1, folded.len)))) {
            return ONYM_NOT_FOUND;
        }
    }
    return onym_view_record(r->view, kind, folded, out);
}

bool
onym_resolve_ahead(const struct onym_resolver *r, onym_span name, struct onym_ahead *out)
{
    size_t prefix_len;

    out->len = 0;
    out->found.at = NULL;
    if (name.len == 0 || name.len > ONYM_AHEAD_NAME_LEN_MAX) {
        return false;
    }
    out->len = (uint16_t)fold_at(name, out->key, &prefix_len).len;
    out->prefix_len = (uint16_t)prefix_len;
    if (r->cache.buckets > 0) {
        out->hash = hash_of(r, onym_span_of(out->key + 1, out->len));
    }
    return true;
}

void
onym_resolve_expect(const struct onym_resolver *r, const struct onym_ahead *ahead)
{
    if (r->cache.buckets > 0) {
        onym_cache_prefetch_bucket(&r->cache, ahead->hash);
        onym_prefetch(onym_marks_place(onym_view_marks(r->view), ahead->hash));
    }
}

/* Searches the store for those the Bloom filter does not know to be absent. */
static void
search(const struct onym_resolver *r, struct onym_ahead *const *ahead, size_t count)
{
    struct onym_multi_get item[ONYM_AHEAD_MAX];
    struct onym_ahead *of[ONYM_AHEAD_MAX];
    size_t items = 0;

    for (size_t i = 0; i < count; i++) {
        struct onym_ahead *a = ahead[i];

        if (r->cache.buckets == 0 || onym_bloom_may_have(onym_view_bloom(r->view), a->hash)) {
            item[items].key = onym_span_of(a->key, 1U + a->len);
            of[items++] = a;
        }
    }
    if (items < 2) {
        return;
    }
    onym_view_multi_get(r->view, item, items);
    for (size_t i = 0; i < items; i++) {
        of[i]->found = item[i].value;
        of[i]->snapshot = onym_view_snapshot(r->view);
    }
}

/* Each step is a loop of its own over all names: the shorter a loop is, the more of its waits for
 * memory the processor has under way at a time. */
void
onym_resolve_gather(const struct onym_resolver *r, struct onym_ahead *const *ahead, size_t count)
{
    struct onym_ahead *missing[ONYM_AHEAD_MAX];
    bool has_cache = r->cache.buckets > 0;
    size_t left = 0;

    for (size_t i = 0; i < count; i++) {
        onym_resolve_expect(r, ahead[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (!has_cache || !onym_cache_prefetch_entry(&r->cache, ahead[i]->hash)) {
            missing[left++] = ahead[i];
        }
    }
    for (size_t i = 0; i < left && has_cache; i++) {
        onym_bloom_prefetch(onym_view_bloom(r->view), missing[i]->hash);
    }
    if (left > 1) { /* alone there is nobody to wait together with */
        search(r, missing, left);
    }
}

bool
onym_resolve_keep(struct onym_resolver *r, const struct onym_record *record,
                  struct onym_bloom *bloom)
{
    bool full = onym_cache_is_full(&r->cache);
    struct onym_cache_key key;

    if (r->cache.buckets == 0 || (full && bloom == NULL)) {
        return false;
    }
    if (cache_key(r, fold(record->name, r->key), NULL, &key)) { /* nobody asks bloom for others */
        onym_bloom_add(bloom, key.hash);
        if (!full && !onym_cache_has(&r->cache, &key) && onym_cache_has_slot(&r->cache, &key)) {
            onym_cache_put(&r->cache, &key, onym_view_generation(r->view), record);
        }
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
is_ours(struct onym_resolver *r, onym_span folded, size_t prefix_len)
{
    if (is_prefix_record(folded)) {
        return prefix_record_is_ours(r, folded) || onym_view_has(r->view, ONYM_KIND_HANDLE, folded);
    }
    return onym_homed_prefix(&r->homed, r->view, onym_span_front(folded, prefix_len));
}

bool
onym_responsible(struct onym_resolver *r, onym_span name)
{
    size_t prefix_len;
    onym_span folded;

    if (name.len == 0) {
        return false;
    }
    folded = fold_at(name, r->key, &prefix_len);
    return is_ours(r, folded, prefix_len);
}

bool
onym_registered(struct onym_resolver *r, onym_span name)
{
    return name.len > 0 && onym_view_has(r->view, ONYM_KIND_HANDLE, fold(name, r->key));
}

enum onym_status
onym_resolve(struct onym_resolver *r, const struct onym_query *query, struct onym_arena *arena,
             struct onym_resolution *out)
{
    return onym_resolve_known(r, query, NULL, arena, out);
}

enum onym_status
onym_resolve_known(struct onym_resolver *r, const struct onym_query *query,
                   const struct onym_ahead *ahead, struct onym_arena *arena,
                   struct onym_resolution *out)
{
    size_t prefix_len;
    onym_span folded;
    enum onym_status status;

    out->referral = onym_span_of(NULL, 0);
    out->closed.count = 0;
    out->closed.runs = 0;
    out->closed.len = 0;
    if (query->name.len == 0 || query->name.len > ONYM_NAME_LEN_MAX) {
        return ONYM_NOT_FOUND;
    }
    ahead = ahead != NULL && ahead->len > 0 ? ahead : NULL;
    if (ahead != NULL) {
        folded = onym_span_of(ahead->key + 1, ahead->len);
        prefix_len = ahead->prefix_len;
    } else {
        folded = fold_at(query->name, r->key, &prefix_len);
    }
    if (onym_span_equal(folded, onym_span_text("0.SITE/STATUS"))) {
        return ONYM_VALUE_NOT_FOUND; /* a reserved record; strangers see nothing of it */
    }
    if (!is_ours(r, folded, prefix_len)) {
        return query->no_referral ? ONYM_NOT_RESPONSIBLE : onym_refer(r, folded, arena, out);
    }
    status = find_record(r, folded, query, ahead, &out->record);
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
