#include "auth/challenge.h"

#include "base/bytes.h"
#include "base/require.h"

#include <stdlib.h>

#define RANDOM_BITS 0x007FFFFFU

struct slot {
    struct onym_pending *pending; /* NULL: free */
    uint64_t order;               /* older ones have smaller numbers */
    uint64_t added_ms;
    uint32_t id;
    uint8_t peer_len;
    uint8_t peer[ONYM_CHALLENGE_PEER_LEN_MAX];
};

struct onym_challenges {
    struct onym_challenge_limits limits;
    uint64_t order;
    size_t bytes;
    uint32_t count;
    struct slot slots[];
};

/* The block behind an onym_pending; the request's bytes follow it. */
struct block {
    struct onym_pending pending; /* first, so that its address is the block's */
    uint8_t request[];
};

uint32_t
onym_id_fresh(struct onym_rng *rng, uint32_t worker, uint32_t kind)
{
    uint32_t low = (uint32_t)onym_rng_below(rng, RANDOM_BITS) + 1;

    ONYM_REQUIRE(worker < ONYM_ID_WORKERS_MAX && (kind == 0 || kind == ONYM_ID_SESSION_BIT));
    return worker << ONYM_ID_WORKER_SHIFT | kind | low;
}

enum onym_status
onym_challenges_new(const struct onym_challenge_limits *limits, struct onym_challenges **out)
{
    struct onym_challenges *table;

    if (limits->capacity < 1 || limits->capacity > ONYM_CHALLENGES_MAX || limits->per_peer < 1 ||
        limits->per_peer > limits->capacity || limits->bytes < ONYM_CHALLENGE_REQUEST_MAX ||
        limits->life_ms < 1 || limits->worker >= ONYM_ID_WORKERS_MAX) {
        return ONYM_INVALID;
    }
    table = calloc(1, sizeof *table + limits->capacity * sizeof table->slots[0]);
    if (table == NULL) {
        return ONYM_NO_MEMORY;
    }
    table->limits = *limits;
    *out = table;
    return ONYM_OK;
}

void
onym_pending_free(struct onym_pending *pending)
{
    free(pending);
}

/* The slot is free afterwards; its block is the caller's. */
static struct onym_pending *
empty(struct onym_challenges *table, struct slot *slot)
{
    struct onym_pending *pending = slot->pending;

    table->bytes -= pending->request.len;
    table->count--;
    slot->pending = NULL;
    return pending;
}

static void
drop(struct onym_challenges *table, struct slot *slot)
{
    onym_pending_free(empty(table, slot));
}

void
onym_challenges_free(struct onym_challenges *table)
{
    if (table == NULL) {
        return;
    }
    for (uint32_t i = 0; i < table->limits.capacity; i++) {
        onym_pending_free(table->slots[i].pending);
    }
    free(table);
}

uint32_t
onym_challenges_count(const struct onym_challenges *table)
{
    return table->count;
}

size_t
onym_challenges_bytes(const struct onym_challenges *table)
{
    return table->bytes;
}

static uint64_t
age_of(const struct slot *slot, uint64_t now_ms)
{
    return now_ms > slot->added_ms ? now_ms - slot->added_ms : 0;
}

void
onym_challenges_sweep(struct onym_challenges *table, uint64_t now_ms)
{
    for (uint32_t i = 0; i < table->limits.capacity; i++) {
        struct slot *slot = &table->slots[i];

        if (slot->pending != NULL && age_of(slot, now_ms) > 2ULL * table->limits.life_ms) {
            drop(table, slot);
        }
    }
}

static bool
is_from(const struct slot *slot, onym_span peer)
{
    return onym_span_equal(onym_span_of(slot->peer, slot->peer_len), peer);
}

/* The slot of an id and an address; an empty address means any. NULL when there is none. */
static struct slot *
find(struct onym_challenges *table, uint32_t id, onym_span peer)
{
    for (uint32_t i = 0; i < table->limits.capacity; i++) {
        struct slot *slot = &table->slots[i];

        if (slot->pending != NULL && slot->id == id && (peer.len == 0 || is_from(slot, peer))) {
            return slot;
        }
    }
    return NULL;
}

/* What a walk over the table tells. */
struct survey {
    struct slot *vacant;
    struct slot *oldest;
    struct slot *oldest_of_peer;
    uint32_t of_peer;
};

static struct survey
look(struct onym_challenges *table, onym_span peer)
{
    struct survey s = {0};

    for (uint32_t i = 0; i < table->limits.capacity; i++) {
        struct slot *slot = &table->slots[i];

        if (slot->pending == NULL) {
            s.vacant = slot;
            continue;
        }
        if (s.oldest == NULL || slot->order < s.oldest->order) {
            s.oldest = slot;
        }
        if (is_from(slot, peer)) {
            s.of_peer++;
            if (s.oldest_of_peer == NULL || slot->order < s.oldest_of_peer->order) {
                s.oldest_of_peer = slot;
            }
        }
    }
    return s;
}

/* A free slot within all limits, pushing out what must go. */
static struct slot *
make_room(struct onym_challenges *table, onym_span peer, size_t bytes)
{
    for (;;) { /* every turn takes one challenge out, and an empty table has room */
        struct survey s = look(table, peer);

        if (s.vacant != NULL && s.of_peer < table->limits.per_peer &&
            bytes <= table->limits.bytes - table->bytes) {
            return s.vacant;
        }
        ONYM_REQUIRE(s.oldest != NULL);
        drop(table, s.oldest_of_peer != NULL ? s.oldest_of_peer : s.oldest);
    }
}

static uint32_t
unused_id(struct onym_challenges *table, struct onym_rng *rng)
{
    uint32_t id = onym_id_fresh(rng, table->limits.worker, 0);

    while (find(table, id, onym_span_of(NULL, 0)) != NULL) { /* few of eight million are taken */
        id = (id & RANDOM_BITS) == RANDOM_BITS ? id - RANDOM_BITS + 1 : id + 1;
    }
    return id;
}

static bool
is_whole(const struct onym_challenge_ask *ask)
{
    return (ask->peer.len == 4 || ask->peer.len == 16) &&
           ask->request.len <= ONYM_CHALLENGE_REQUEST_MAX &&
           (ask->digest.len == 16 || ask->digest.len == 20 || ask->digest.len == 32) &&
           (ask->session_id == 0 || (ask->session_id & ONYM_ID_SESSION_BIT) != 0);
}

static struct block *
block_of(const struct onym_challenge_ask *ask, struct onym_rng *rng)
{
    struct block *block = calloc(1, sizeof *block + ask->request.len);

    if (block != NULL) {
        struct onym_pending *p = &block->pending;

        p->version = ask->version;
        p->digest_code = ask->digest_code;
        p->digest_len = (uint8_t)ask->digest.len;
        memcpy(p->digest, ask->digest.at, ask->digest.len);
        onym_put_u64(p->nonce, onym_rng_u64(rng));
        onym_put_u64(p->nonce + 8, onym_rng_u64(rng));
        if (ask->request.len > 0) {
            memcpy(block->request, ask->request.at, ask->request.len);
        }
        p->request = onym_span_of(block->request, ask->request.len);
    }
    return block;
}

enum onym_status
onym_challenges_add(struct onym_challenges *table, const struct onym_challenge_ask *ask,
                    uint64_t now_ms, struct onym_rng *rng, const struct onym_pending **out)
{
    struct block *block;
    struct slot *slot;

    if (!is_whole(ask)) {
        return ONYM_INVALID;
    }
    block = block_of(ask, rng);
    if (block == NULL) {
        return ONYM_NO_MEMORY;
    }
    onym_challenges_sweep(table, now_ms);
    slot = ask->session_id != 0 ? find(table, ask->session_id, ask->peer) : NULL;
    if (slot != NULL) {
        drop(table, slot);
    }
    slot = make_room(table, ask->peer, ask->request.len);
    block->pending.id = ask->session_id != 0 ? ask->session_id : unused_id(table, rng);
    slot->id = block->pending.id;
    slot->pending = &block->pending;
    slot->order = table->order++;
    slot->added_ms = now_ms;
    slot->peer_len = (uint8_t)ask->peer.len;
    memcpy(slot->peer, ask->peer.at, ask->peer.len);
    table->count++;
    table->bytes += ask->request.len;
    *out = slot->pending;
    return ONYM_OK;
}

enum onym_status
onym_challenges_take(struct onym_challenges *table, uint32_t id, onym_span peer, uint64_t now_ms,
                     struct onym_pending **out)
{
    struct slot *slot = peer.len > 0 ? find(table, id, peer) : NULL;

    if (slot == NULL) {
        return ONYM_SESSION_UNKNOWN;
    }
    if (age_of(slot, now_ms) > table->limits.life_ms) {
        drop(table, slot);
        return ONYM_CHALLENGE_TIMEOUT;
    }
    *out = empty(table, slot);
    return ONYM_OK;
}
