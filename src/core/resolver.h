/* An identifier and what is wanted of it -> its values, or where to ask next.
 * Source: proto/handle.md section 15 (order of checks) and section 8 (referrals). */
#ifndef ONYM_CORE_RESOLVER_H
#define ONYM_CORE_RESOLVER_H

#include "core/cache.h"
#include "core/homed.h"
#include "core/select.h"
#include "onym/model/ident.h"

/* How many parent prefixes are asked for a delegation; national prefixes have three parts. */
#define ONYM_DELEGATION_LEVELS_MAX 8U

/* One per worker; lives as long as its view. About 34 KiB. */
struct onym_resolver {
    const struct onym_view *view; /* borrowed; the caller renews it per batch */
    struct onym_cache cache;      /* the zero struct: every record comes from the view */
    struct onym_homed homed;
    uint8_t key[1 + ONYM_PREFIX_NAME_LEN_MAX]; /* scratch of the running call: the record's key */
    uint8_t prefix[ONYM_PREFIX_NAME_LEN_MAX];
};

struct onym_resolution {
    struct onym_selection selection; /* ONYM_OK and the referrals: values anyone may read */
    struct onym_selection closed; /* ONYM_OK, without public_only: selected private values. Who may
                                     have them is the caller's to decide (core/authz.h) */
    struct onym_record record;    /* ONYM_OK: the record they are of; its owner and private values
                                     only with closed not empty */
    onym_span referral;           /* the prefix record a referral comes from; else empty.
                                     Borrowed from the arena */
};

/* Answers one query. Spans borrow from the arena or live as long as the view's snapshot.
 * ONYM_OK: selection or closed has at least one value. ONYM_NOT_FOUND: prefix served here, no such
 * identifier, or an empty name. ONYM_VALUE_NOT_FOUND: nothing selected that may be shown.
 * ONYM_NOT_RESPONSIBLE: not homed and nothing known, or a referral would be due and the query
 * forbids it. ONYM_SERVICE_REFERRAL, ONYM_PREFIX_REFERRAL: selection holds the site values.
 * ONYM_MALFORMED: too many wanted items. ONYM_NO_SPACE, ONYM_CORRUPT, ONYM_IO.
 * With public_only, values without the public-read bit are not selected. */
enum onym_status onym_resolve(struct onym_resolver *resolver, const struct onym_query *query,
                              struct onym_arena *arena, struct onym_resolution *out);

/* For a batch of queries whose answers are wanted together: asks the memory for what the answers
 * will need, so that its delays overlap. Changes no answer. First ahead for all names, then
 * prefetch for all, then fetch for those for whom prefetch said false: their records are not in the
 * cache. Then onym_resolve_known with what ahead made of the query's name: it does not fold, hash
 * and search the store again. What ahead made is good as long as the view is not renewed. */
#define ONYM_AHEAD_NAME_LEN_MAX 120U /* of longer names nothing is kept */
#define ONYM_AHEAD_MAX          ONYM_MULTI_GET_MAX

struct onym_ahead {
    uint64_t hash;
    onym_span found;                              /* in the store, by gather */
    uint64_t snapshot;                            /* of the view, then */
    uint16_t len;                                 /* of the folded name; 0 = nothing is known */
    uint16_t prefix_len;                          /* of what is in front of its first '/' */
    uint8_t key[1 + 5 + ONYM_AHEAD_NAME_LEN_MAX]; /* the record's */
};

/* False: nothing can be known of this name; *out is empty and good for onym_resolve_known. */
bool onym_resolve_ahead(const struct onym_resolver *resolver, onym_span name,
                        struct onym_ahead *out);
/* The first step of gather, which it also takes itself, for a name whose others come later. */
void onym_resolve_expect(const struct onym_resolver *resolver, const struct onym_ahead *ahead);
/* count <= ONYM_AHEAD_MAX */
void onym_resolve_gather(const struct onym_resolver *resolver, struct onym_ahead *const *ahead,
                         size_t count);

/* onym_resolve; ahead may be NULL. */
enum onym_status onym_resolve_known(struct onym_resolver *resolver, const struct onym_query *query,
                                    const struct onym_ahead *ahead, struct onym_arena *arena,
                                    struct onym_resolution *out);

/* Puts a record of kind handle that the view shows into the cache, ahead of any query for it,
 * unless it would push another out, and its name into bloom (of onym_view_bloom, or NULL). False
 * when there is no cache, or it is full and bloom is NULL: the rest need not be shown. */
bool onym_resolve_keep(struct onym_resolver *resolver, const struct onym_record *record,
                       struct onym_bloom *bloom);

/* onym_view_record of the resolver's view, but for names of which its Bloom filter knows that they
 * are not there: for those nothing is read. Most names that are registered are new, and the page of
 * a large store where one would stand may have to come from the disk, which a loop that answers
 * others must not wait for (docs/decisions/0195). folded: at most ONYM_PREFIX_NAME_LEN_MAX bytes.
 */
ONYM_MUST_USE enum onym_status onym_resolve_stored(const struct onym_resolver *resolver,
                                                   enum onym_kind kind, onym_span folded,
                                                   struct onym_record *out);

/* Whether this node serves the prefix of `name`, the first check of every operation. */
bool onym_responsible(struct onym_resolver *resolver, onym_span name);

/* Whether `name` is registered here, whatever its values. */
bool onym_registered(struct onym_resolver *resolver, onym_span name);

#endif
