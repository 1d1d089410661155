#include "service/session.h"

#include "auth/challenge.h"
#include "onym/model/ident.h"

#include <stdlib.h>

#define CAPACITY_MAX 65536U
#define RANDOM_BITS  0x007FFFFFU

struct slot {
    uint32_t used_s;
    uint32_t idle_s;
    uint32_t sent;  /* counter of the last reply */
    uint64_t order; /* of the last use: seconds are too coarse to say who was first */
    bool proven;
    uint8_t peer_len;
    uint8_t peer[ONYM_SESSION_PEER_MAX];
    struct onym_replay_window window;
    struct onym_session_secret secret;
    uint8_t key[ONYM_TOKEN_DIGEST_LEN]; /* once it is proven */
    uint32_t index; /* as the setup named it, 0 = any key; once proven, of that key */
    size_t handle_len;
    uint8_t *handle; /* owned; NULL = nobody */
};

struct onym_sessions {
    struct onym_session_limits limits;
    uint32_t count;
    uint64_t order;
    uint32_t *ids; /* of the slots, 0 = free; apart from them, because every message looks here */
    struct slot slots[];
};

enum onym_status
onym_sessions_new(const struct onym_session_limits *limits, struct onym_sessions **out)
{
    struct onym_sessions *table;

    if (limits->capacity < 1 || limits->capacity > CAPACITY_MAX || limits->per_peer < 1 ||
        limits->per_peer > limits->capacity || limits->worker >= ONYM_ID_WORKERS_MAX) {
        return ONYM_INVALID;
    }
    table = calloc(1,
                   sizeof *table + limits->capacity * (sizeof table->slots[0] + sizeof(uint32_t)));
    if (table == NULL) {
        return ONYM_NO_MEMORY;
    }
    table->limits = *limits;
    table->ids = (uint32_t *)(void *)&table->slots[limits->capacity];
    *out = table;
    return ONYM_OK;
}

static void
drop(struct onym_sessions *table, struct slot *slot)
{
    onym_session_secret_wipe(&slot->secret);
    free(slot->handle);
    *slot = (struct slot){0};
    table->ids[slot - table->slots] = 0;
    table->count--;
}

void
onym_sessions_free(struct onym_sessions *table)
{
    if (table == NULL) {
        return;
    }
    for (uint32_t i = 0; i < table->limits.capacity; i++) {
        if (table->ids[i] != 0) {
            drop(table, &table->slots[i]);
        }
    }
    free(table);
}

uint32_t
onym_sessions_count(const struct onym_sessions *table)
{
    return table->count;
}

static struct slot *
find(struct onym_sessions *table, uint32_t id)
{
    for (uint32_t i = 0; id != 0 && i < table->limits.capacity; i++) {
        if (table->ids[i] == id) {
            return &table->slots[i];
        }
    }
    return NULL;
}

static bool
is_idle(const struct slot *slot, uint32_t now_s)
{
    return now_s > slot->used_s && now_s - slot->used_s > slot->idle_s;
}

/* The one that is there and in use. */
static struct slot *
live(struct onym_sessions *table, uint32_t id, uint32_t now_s)
{
    struct slot *slot = find(table, id);

    if (slot != NULL && is_idle(slot, now_s)) {
        drop(table, slot);
        return NULL;
    }
    return slot;
}

/* What a walk over the table tells. */
struct survey {
    struct slot *vacant;
    struct slot *goes;         /* of all: unproven before proven, then the one used longest ago */
    struct slot *goes_of_peer; /* of the unproven of this address */
    uint32_t of_peer;
};

static struct survey
look(struct onym_sessions *table, onym_span peer, uint32_t now_s)
{
    struct survey s = {0};

    for (uint32_t i = 0; i < table->limits.capacity; i++) {
        struct slot *slot = &table->slots[i];

        if (table->ids[i] != 0 && is_idle(slot, now_s)) {
            drop(table, slot);
        }
        if (table->ids[i] == 0) {
            s.vacant = slot;
            continue;
        }
        if (s.goes == NULL || slot->proven < s.goes->proven ||
            (slot->proven == s.goes->proven && slot->order < s.goes->order)) {
            s.goes = slot;
        }
        if (!slot->proven && onym_span_equal(onym_span_of(slot->peer, slot->peer_len), peer)) {
            s.of_peer++;
            if (s.goes_of_peer == NULL || slot->order < s.goes_of_peer->order) {
                s.goes_of_peer = slot;
            }
        }
    }
    return s;
}

/* A free slot within all limits, pushing out what must go. */
static struct slot *
make_room(struct onym_sessions *table, onym_span peer, uint32_t now_s)
{
    struct survey s = look(table, peer, now_s);
    struct slot *goes = s.of_peer >= table->limits.per_peer ? s.goes_of_peer
                        : s.vacant == NULL                  ? s.goes
                                                            : NULL;

    if (goes != NULL) {
        drop(table, goes);
        return goes;
    }
    return s.vacant;
}

enum onym_status
onym_sessions_add(struct onym_sessions *table, const struct onym_session_ask *ask, uint32_t now_s,
                  struct onym_rng *rng, uint32_t *id)
{
    uint8_t *handle = NULL;
    struct slot *slot;
    uint32_t fresh;

    if (ask->identity.handle.len > ONYM_NAME_LEN_MAX ||
        (ask->peer.len != 4 && ask->peer.len != 16)) {
        return ONYM_INVALID;
    }
    if (ask->identity.handle.len > 0) {
        handle = malloc(ask->identity.handle.len);
        if (handle == NULL) {
            return ONYM_NO_MEMORY;
        }
        memcpy(handle, ask->identity.handle.at, ask->identity.handle.len);
    }
    slot = make_room(table, ask->peer, now_s);
    fresh = onym_id_fresh(rng, table->limits.worker, ONYM_ID_SESSION_BIT);
    while (find(table, fresh) != NULL) { /* few of eight million are taken */
        fresh = (fresh & RANDOM_BITS) == RANDOM_BITS ? fresh - RANDOM_BITS + 1 : fresh + 1;
    }
    *slot = (struct slot){.used_s = now_s,
                          .idle_s = ask->timeout_s == 0 || ask->timeout_s > ONYM_SESSION_IDLE_S
                                        ? ONYM_SESSION_IDLE_S
                                        : ask->timeout_s,
                          .order = table->order++,
                          .peer_len = (uint8_t)ask->peer.len,
                          .secret = *ask->secret,
                          .index = ask->identity.index,
                          .handle_len = ask->identity.handle.len,
                          .handle = handle};
    memcpy(slot->peer, ask->peer.at, ask->peer.len);
    table->ids[slot - table->slots] = fresh;
    table->count++;
    *id = fresh;
    return ONYM_OK;
}

enum onym_status
onym_sessions_find(struct onym_sessions *table, uint32_t id, uint32_t now_s,
                   struct onym_session_use *out)
{
    const struct slot *slot = live(table, id, now_s);

    if (slot == NULL) {
        return ONYM_SESSION_UNKNOWN;
    }
    out->secret = slot->secret;
    out->proven = slot->proven;
    out->user_index = slot->index;
    out->user_len = 0;
    if (slot->proven) {
        out->user_len = slot->handle_len;
        memcpy(out->user, slot->handle, slot->handle_len);
        memcpy(out->key, slot->key, sizeof out->key);
    }
    return ONYM_OK;
}

enum onym_status
onym_sessions_accept(struct onym_sessions *table, uint32_t id, uint32_t counter, uint32_t now_s)
{
    struct slot *slot = live(table, id, now_s);
    enum onym_status status;

    if (slot == NULL) {
        return ONYM_SESSION_UNKNOWN;
    }
    status = onym_replay_accept(&slot->window, counter);
    if (status == ONYM_OK) {
        slot->used_s = now_s;
        slot->order = table->order++;
    }
    return status;
}

enum onym_status
onym_sessions_reply(struct onym_sessions *table, uint32_t id, struct onym_session_secret *secret,
                    uint32_t *counter)
{
    struct slot *slot = find(table, id);

    if (slot == NULL) {
        return ONYM_SESSION_UNKNOWN;
    }
    *secret = slot->secret;
    *counter = ++slot->sent;
    return ONYM_OK;
}

bool
onym_sessions_prove(struct onym_sessions *table, uint32_t id, const struct onym_principal *who,
                    const uint8_t key[ONYM_TOKEN_DIGEST_LEN])
{
    struct slot *slot = find(table, id);

    if (slot == NULL || slot->handle == NULL || (slot->index != 0 && slot->index != who->index) ||
        !onym_ident_equal(onym_span_of(slot->handle, slot->handle_len), who->handle,
                          ONYM_FOLD_PREFIX)) {
        return false;
    }
    slot->proven = true;
    slot->index = who->index;
    memcpy(slot->key, key, sizeof slot->key);
    return true;
}

void
onym_sessions_end(struct onym_sessions *table, uint32_t id)
{
    struct slot *slot = find(table, id);

    if (slot != NULL) {
        drop(table, slot);
    }
}
