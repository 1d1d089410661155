#include "core/cache.h"

#include "base/prefetch.h"
#include "onym/model/ident.h"

#define INDEX_SHARE   24U /* of the memory is the index: room for entries of 190 bytes and more */
#define GUARD_SHARE   16U /* of the ring */
#define LONGEST_SHARE 8U  /* of the guard: the longest entry */
#define CREDIT_FACTOR 4U
#define UNIT          8U /* entries begin at multiples of this */
#define PLACE_BITS    48U
#define NOWHERE       UINT64_MAX /* no snapshot */
#define LINE          64U
#define LINES_AHEAD   7U /* of an entry that are prefetched */

#define TIME_MAX ((UINT64_C(1) << 48) - 1)

/* In front of the name, as it was registered, and the values. */
struct entry {
    uint64_t generation : 48;
    uint64_t name_len : 16;
    uint32_t values_len;
    uint16_t public_count;
    uint16_t private_count;
    uint64_t created_ms : 48;
    uint64_t revision_low : 16;
    uint64_t modified_ms : 48;
    uint64_t revision_high : 16;
};

_Static_assert(sizeof(struct entry) == 32, "no padding");
_Static_assert(sizeof(struct onym_cache_bucket) == LINE, "a bucket is a cache line");

void
onym_cache_init(struct onym_cache *cache, void *memory, size_t len)
{
    uint32_t buckets = (uint32_t)(len / INDEX_SHARE / sizeof(struct onym_cache_bucket));
    size_t index = buckets * sizeof(struct onym_cache_bucket);

    *cache = (struct onym_cache){.bucket = memory,
                                 .buckets = buckets,
                                 .ring = (uint8_t *)memory + index,
                                 .size = (len - index) & ~(uint64_t)(UNIT - 1)};
    cache->guard = cache->size / GUARD_SHARE;
    cache->head = cache->size;
    cache->snapshot = NOWHERE;
}

void
onym_cache_clear(struct onym_cache *cache)
{
    if (cache->buckets > 0) {
        memset(cache->bucket, 0, cache->buckets * sizeof *cache->bucket);
        cache->taken = 0;
        cache->head = cache->size;
        cache->head_at = 0;
        cache->credit = 0;
        cache->snapshot = NOWHERE;
    }
}

static struct onym_cache_bucket *
bucket_of(const struct onym_cache *cache, uint64_t hash)
{
    return &cache->bucket[((hash >> 32) * cache->buckets) >> 32];
}

/* The other end of the hash than the bucket's. */
static uint64_t
slot_for(uint64_t hash, uint64_t place)
{
    return hash << PLACE_BITS | place / UNIT;
}

static bool
may_be(uint64_t slot, uint64_t hash)
{
    return slot != 0 && ((slot ^ hash << PLACE_BITS) >> PLACE_BITS) == 0;
}

static uint64_t
place_in(uint64_t slot)
{
    return (slot & ((UINT64_C(1) << PLACE_BITS) - 1)) * UNIT;
}

static bool
is_there(const struct onym_cache *cache, uint64_t place)
{
    return cache->head - place <= cache->size - cache->guard;
}

/* The entry at a place not further behind the head than the ring is long. */
static struct entry *
entry_at(const struct onym_cache *cache, uint64_t place)
{
    uint64_t age = cache->head - place;
    uint64_t at = cache->head_at >= age ? cache->head_at - age : cache->head_at + cache->size - age;

    return (struct entry *)(void *)(cache->ring + at);
}

static uint8_t *
name_of(struct entry *e)
{
    return (uint8_t *)(e + 1);
}

static uint64_t
entry_len(size_t name_len, size_t values_len)
{
    return (sizeof(struct entry) + name_len + values_len + UNIT - 1) & ~(uint64_t)(UNIT - 1);
}

/* The slot of the entry for key; NULL when there is none. */
static uint64_t *
find(const struct onym_cache *cache, const struct onym_cache_key *key)
{
    struct onym_cache_bucket *bucket = bucket_of(cache, key->hash);

    for (unsigned i = 0; i < ONYM_CACHE_SLOTS; i++) {
        uint64_t slot = bucket->slot[i];

        if (may_be(slot, key->hash) && is_there(cache, place_in(slot))) {
            struct entry *e = entry_at(cache, place_in(slot));

            if (onym_ident_folds_to(onym_span_of(name_of(e), e->name_len), key->name)) {
                return &bucket->slot[i];
            }
        }
    }
    return NULL;
}

/* Room for an entry of len bytes, not across the ring's end; NULL when this snapshot has had what
 * keeps its spans alive, or none that long is kept. */
static struct entry *
append(struct onym_cache *cache, uint64_t snapshot, uint64_t len, uint64_t *place)
{
    uint64_t left = cache->size - cache->head_at;
    uint64_t start = cache->head + (left < len ? left : 0);

    if (cache->snapshot != snapshot) {
        cache->snapshot = snapshot;
        cache->snapshot_head = cache->head;
    }
    if (len > cache->guard / LONGEST_SHARE || start + len - cache->snapshot_head > cache->guard) {
        return NULL;
    }
    *place = start;
    cache->head_at = (left < len ? 0 : cache->head_at) + len;
    cache->head = start + len;
    return entry_at(cache, start);
}

/* An entry in use gets behind the newest, when what it stands among is being overwritten. */
static struct entry *
keep_longer(struct onym_cache *cache, uint64_t snapshot, uint64_t *slot, struct entry *e)
{
    uint64_t age = cache->head - place_in(*slot);
    uint64_t len = entry_len(e->name_len, e->values_len);
    struct entry *copy;
    uint64_t place;

    if (age < cache->size / 4 * 3 || cache->credit < len) {
        return e;
    }
    copy = append(cache, snapshot, len, &place);
    if (copy == NULL) {
        return e;
    }
    memcpy(copy, e, len);
    cache->credit -= len;
    *slot = slot_for(*slot >> PLACE_BITS, place);
    return copy;
}

bool
onym_cache_get(struct onym_cache *cache, const struct onym_cache_key *key, uint64_t changed,
               struct onym_record *out)
{
    uint64_t *slot = find(cache, key);
    struct entry *e;

    if (slot == NULL) {
        cache->lookups[ONYM_LOOKUP_MISS]++;
        return false;
    }
    e = entry_at(cache, place_in(*slot));
    if (e->generation < changed) {
        cache->lookups[ONYM_LOOKUP_STALE]++;
        return false;
    }
    cache->lookups[ONYM_LOOKUP_HIT]++;
    e = keep_longer(cache, key->snapshot, slot, e);
    *out = (struct onym_record){
        .name = onym_span_of(name_of(e), e->name_len),
        .state = ONYM_STATE_ACTIVE,
        .revision = (uint64_t)e->revision_high << 16 | e->revision_low,
        .created_ms = e->created_ms,
        .modified_ms = e->modified_ms,
        .public_values = {.raw = onym_span_of(name_of(e) + e->name_len, e->values_len),
                          .count = e->public_count},
        .private_values = {.count = e->private_count}};
    return true;
}

/* The slot a new entry takes: that of an older one for the same key, or an unused one, or that of
 * the oldest. */
static uint64_t *
slot_to_take(const struct onym_cache *cache, const struct onym_cache_key *key)
{
    struct onym_cache_bucket *bucket = bucket_of(cache, key->hash);
    uint64_t *oldest = find(cache, key);

    if (oldest != NULL) {
        return oldest;
    }
    oldest = &bucket->slot[0];
    for (unsigned i = 1; i < ONYM_CACHE_SLOTS; i++) {
        if (place_in(bucket->slot[i]) < place_in(*oldest)) { /* an empty one is older than any */
            oldest = &bucket->slot[i];
        }
    }
    return oldest;
}

/* Whether an entry has room for what the record is; all have, but for damage and the year 10000. */
static bool
fits(const struct onym_cache_key *key, const struct onym_record *record)
{
    return key->name.len <= ONYM_CACHE_NAME_LEN_MAX && record->name.len == key->name.len &&
           record->revision <= UINT32_MAX && record->created_ms <= TIME_MAX &&
           record->modified_ms <= TIME_MAX;
}

void
onym_cache_put(struct onym_cache *cache, const struct onym_cache_key *key, uint64_t generation,
               const struct onym_record *record)
{
    onym_span values = record->public_values.raw;
    uint64_t len = entry_len(key->name.len, values.len);
    struct entry *e;
    uint64_t place;
    uint64_t *slot;

    if (cache->buckets == 0 || !fits(key, record)) {
        return;
    }
    e = append(cache, key->snapshot, len, &place);
    if (e == NULL) {
        return;
    }
    *e = (struct entry){.generation = generation & ((UINT64_C(1) << 48) - 1),
                        .name_len = (uint16_t)key->name.len,
                        .values_len = (uint32_t)values.len,
                        .public_count = (uint16_t)record->public_values.count,
                        .private_count = (uint16_t)record->private_values.count,
                        .created_ms = record->created_ms & TIME_MAX,
                        .revision_low = record->revision & UINT16_MAX,
                        .modified_ms = record->modified_ms & TIME_MAX,
                        .revision_high = record->revision >> 16 & UINT16_MAX};
    memcpy(name_of(e), record->name.at, key->name.len);
    if (values.len > 0) {
        memcpy(name_of(e) + key->name.len, values.at, values.len);
    }
    slot = slot_to_take(cache, key);
    cache->taken += *slot == 0;
    *slot = slot_for(key->hash, place);
    if (onym_cache_is_full(cache)) {
        cache->credit += CREDIT_FACTOR * len;
        cache->credit = cache->credit < cache->guard ? cache->credit : cache->guard;
    }
}

bool
onym_cache_has(const struct onym_cache *cache, const struct onym_cache_key *key)
{
    return find(cache, key) != NULL;
}

bool
onym_cache_has_slot(const struct onym_cache *cache, const struct onym_cache_key *key)
{
    uint64_t oldest = *slot_to_take(cache, key);

    return oldest == 0 || !is_there(cache, place_in(oldest));
}

bool
onym_cache_is_full(const struct onym_cache *cache)
{
    return cache->head - cache->size >= cache->size - cache->guard ||
           cache->taken >= cache->buckets * (ONYM_CACHE_SLOTS - 1);
}

uint64_t
onym_cache_used(const struct onym_cache *cache)
{
    uint64_t appended = cache->head - cache->size;

    return cache->buckets * sizeof *cache->bucket +
           (appended < cache->size ? appended : cache->size);
}

void
onym_cache_prefetch_bucket(const struct onym_cache *cache, uint64_t hash)
{
    onym_prefetch(bucket_of(cache, hash));
}

bool
onym_cache_prefetch_entry(const struct onym_cache *cache, uint64_t hash)
{
    const struct onym_cache_bucket *bucket = bucket_of(cache, hash);

    for (unsigned i = 0; i < ONYM_CACHE_SLOTS; i++) {
        uint64_t slot = bucket->slot[i];

        if (may_be(slot, hash) && is_there(cache, place_in(slot))) {
            const uint8_t *at = (const uint8_t *)entry_at(cache, place_in(slot));

            for (unsigned line = 0; line < LINES_AHEAD; line++) {
                onym_prefetch(at + line * LINE);
            }
            return true; /* that it is another's with the same bits is rare */
        }
    }
    return false;
}
