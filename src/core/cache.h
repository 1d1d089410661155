/* Hot records in front of the store: what anyone may read of them, in memory of one worker.
 *
 *   index   buckets of one cache line, 8 slots: 16 bits of the hash and a place in the ring
 *   ring    entries one behind the other; the newest overwrites the oldest
 *
 * A place is the count of bytes ever appended before it, so whether its entry is still there is a
 * subtraction. An entry that is used while it is among the oldest is appended again when others
 * push: nearly the least recently used goes first, without a list. Nothing is allocated.
 *
 * Whether an entry is current says store/marks.h: an answer from here is the one the view would
 * give. Spans of an entry live like those of the view: as long as its snapshot. For that, entries
 * about to be overwritten are not found any more, and one snapshot appends no more than that
 * distance. One thread at a time. */
#ifndef ONYM_CORE_CACHE_H
#define ONYM_CORE_CACHE_H

#include "base/metrics.h"
#include "onym/model/record.h"

#define ONYM_CACHE_SIZE_MIN ((size_t)64 << 10)
/* Longer names are not kept: the store shortens their keys, and marks and its Bloom filter are of
 * keys. */
#define ONYM_CACHE_NAME_LEN_MAX 509U
#define ONYM_CACHE_SLOTS        8U

struct onym_cache_bucket {
    _Alignas(64) uint64_t slot[ONYM_CACHE_SLOTS]; /* 0 = empty */
};

/* The zero struct is a cache that is off. */
struct onym_cache {
    struct onym_cache_bucket *bucket;
    uint32_t buckets;
    uint32_t taken; /* slots that are not empty */
    uint8_t *ring;
    uint64_t size;    /* bytes of the ring */
    uint64_t guard;   /* what is closer than this to being overwritten is not found */
    uint64_t head;    /* where the next entry goes; starts at size, so that 0 is no place */
    uint64_t head_at; /* head in the ring: head % size */
    uint64_t credit;  /* bytes that may be appended again: so many were appended anew */
    uint64_t snapshot, snapshot_head;
    uint64_t lookups[ONYM_LOOKUP_COUNT];
};

/* What a look-up is about: one name as one snapshot shows it. */
struct onym_cache_key {
    uint64_t hash;     /* of onym_marks_hash */
    uint64_t snapshot; /* of onym_view_snapshot */
    onym_span name;    /* folded, at most ONYM_CACHE_NAME_LEN_MAX bytes */
};

/* Lays the cache out in len zeroed bytes (ONYM_CACHE_SIZE_MIN at least), aligned to a cache line,
 * which stay the caller's. Pages are touched as entries come. */
void onym_cache_init(struct onym_cache *cache, void *memory, size_t len);

/* Forgets everything: when the store was opened anew. */
void onym_cache_clear(struct onym_cache *cache);

/* Looks for an entry made of a generation not below `changed`. True: *out has all of the record but
 * its owner and, of the private values, more than their count. */
bool onym_cache_get(struct onym_cache *cache, const struct onym_cache_key *key, uint64_t changed,
                    struct onym_record *out);

/* Keeps a copy of what onym_cache_get gives of record, which a view of `generation` showed, in the
 * place of an older one. Does nothing when it is too long, its revision has more than 32 bits or a
 * time more than 48, or this snapshot has appended enough. */
void onym_cache_put(struct onym_cache *cache, const struct onym_cache_key *key, uint64_t generation,
                    const struct onym_record *record);

/* Whether there is an entry, current or not. */
bool onym_cache_has(const struct onym_cache *cache, const struct onym_cache_key *key);
/* Whether the index has a place for one without taking that of another. */
bool onym_cache_has_slot(const struct onym_cache *cache, const struct onym_cache_key *key);

/* Whether from now on entries go for others to come. */
bool onym_cache_is_full(const struct onym_cache *cache);
/* Bytes of memory that are used: index and entries. */
uint64_t onym_cache_used(const struct onym_cache *cache);

/* Asks the memory for what a look-up of hash will need: first the bucket, then, once it is there,
 * the entry. False: there is none. */
void onym_cache_prefetch_bucket(const struct onym_cache *cache, uint64_t hash);
bool onym_cache_prefetch_entry(const struct onym_cache *cache, uint64_t hash);

#endif
