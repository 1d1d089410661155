/* When names last changed, for whoever keeps copies of records in front of the store.
 *
 * A table of fixed size: a key's hash picks its mark, and many keys share one. A mark holds the
 * generation (onym_view_generation) of the last commit that put or removed a record under one of
 * its keys in the place of another. It is set inside the transaction, so before that commit can be
 * seen by anyone. Hence, for a copy made from a view of generation G and used while a view of
 * generation V >= G is open: when its mark is not above G, no commit up to V changed the record,
 * and the copy is what that view would show. A mark may be too high (a neighbour changed, a
 * transaction was taken back), which costs a look-up, and is never too low.
 *
 * A record made where there was none sets no mark: do not keep copies of absence; of that tells
 * store/bloom.h. The records of prefixes have a mark more, all in common, which is set by new ones
 * too: what is known of prefixes, absence included, stays good until any of them changes.
 * One writer, the thread with the transaction; any number of readers. */
#ifndef ONYM_STORE_MARKS_H
#define ONYM_STORE_MARKS_H

#include "base/hash.h"

#define ONYM_MARKS (1U << 17)

struct onym_marks {
    uint64_t seed; /* random: which keys share a mark must not be foreseeable */
    uint64_t mark[ONYM_MARKS];
    uint64_t prefixes;
};

/* Of a record's key: the kind's byte and the folded name. */
static inline uint64_t
onym_marks_hash(const struct onym_marks *marks, onym_span key)
{
    return onym_hash64(key, marks->seed);
}

static inline const uint64_t *
onym_marks_place(const struct onym_marks *marks, uint64_t hash)
{
    return &marks->mark[(hash >> 16) % ONYM_MARKS];
}

static inline uint64_t
onym_marks_get(const struct onym_marks *marks, uint64_t hash)
{
    return __atomic_load_n(onym_marks_place(marks, hash), __ATOMIC_ACQUIRE);
}

static inline void
onym_marks_set(struct onym_marks *marks, uint64_t hash, uint64_t generation)
{
    __atomic_store_n(&marks->mark[(hash >> 16) % ONYM_MARKS], generation, __ATOMIC_RELEASE);
}

static inline uint64_t
onym_marks_get_prefixes(const struct onym_marks *marks)
{
    return __atomic_load_n(&marks->prefixes, __ATOMIC_ACQUIRE);
}

static inline void
onym_marks_set_prefixes(struct onym_marks *marks, uint64_t generation)
{
    __atomic_store_n(&marks->prefixes, generation, __ATOMIC_RELEASE);
}

#endif
