#include "server/http_backend_sessions.h"

#include "base/bytes.h"
#include "base/hex.h"
#include "base/require.h"
#include "onym/model/ident.h"

#include <stdlib.h>
#include <uv.h>

#define PLACES     (ONYM_HTTP_SESSIONS_WAITING + ONYM_HTTP_SESSIONS_PROVEN)
#define SECRET_LEN 16U
#define NOWHERE    UINT16_MAX

_Static_assert(2 * (2 + SECRET_LEN) == ONYM_HTTP_SESSION_ID_LEN, "place and secret in digits");
_Static_assert(PLACES < NOWHERE, "a place is two bytes of an id");

/* Where a place is kept; the kinds' own order is by opening and by use, the oldest first. */
enum list { FREE, WAITING, PROVEN, LISTS };

struct place {
    enum list list;
    uint16_t older, newer;
    uint8_t secret[SECRET_LEN];
    uint8_t nonce[ONYM_HTTP_NONCE_LEN];
    uint8_t peer[ONYM_HTTP_SESSION_PEER_MAX];
    size_t peer_len;
    uint64_t opened_ms, used_ms;
    uint8_t key[ONYM_TOKEN_DIGEST_LEN];
    uint32_t index;
    size_t handle_len;
    uint8_t *handle; /* heap; PROVEN */
};

struct onym_http_sessions {
    uv_mutex_t lock;
    uint64_t idle_ms;
    uint16_t oldest[LISTS], newest[LISTS];
    uint32_t count[LISTS];
    struct place place[PLACES];
};

static void
unlink_place(struct onym_http_sessions *t, struct place *p)
{
    *(p->older != NOWHERE ? &t->place[p->older].newer : &t->oldest[p->list]) = p->newer;
    *(p->newer != NOWHERE ? &t->place[p->newer].older : &t->newest[p->list]) = p->older;
    t->count[p->list]--;
}

static void
link_newest(struct onym_http_sessions *t, struct place *p, enum list list)
{
    uint16_t at = (uint16_t)(p - t->place);

    p->list = list;
    p->newer = NOWHERE;
    p->older = t->newest[list];
    *(p->older != NOWHERE ? &t->place[p->older].newer : &t->oldest[list]) = at;
    t->newest[list] = at;
    t->count[list]++;
}

static void
forget(struct onym_http_sessions *t, struct place *p)
{
    unlink_place(t, p);
    free(p->handle);
    memset(p, 0, sizeof *p);
    link_newest(t, p, FREE);
}

enum onym_status
onym_http_sessions_new(uint64_t idle_ms, struct onym_http_sessions **out)
{
    struct onym_http_sessions *t = calloc(1, sizeof *t);

    if (t == NULL || uv_mutex_init(&t->lock) != 0) {
        free(t);
        return ONYM_NO_MEMORY;
    }
    t->idle_ms = idle_ms;
    for (size_t i = 0; i < LISTS; i++) {
        t->oldest[i] = t->newest[i] = NOWHERE;
    }
    for (size_t i = 0; i < PLACES; i++) {
        link_newest(t, &t->place[i], FREE);
    }
    *out = t;
    return ONYM_OK;
}

void
onym_http_sessions_free(struct onym_http_sessions *t)
{
    if (t == NULL) {
        return;
    }
    for (size_t i = 0; i < PLACES; i++) {
        free(t->place[i].handle);
    }
    uv_mutex_destroy(&t->lock);
    free(t);
}

static void
random_bytes(struct onym_rng *rng, uint8_t out[16])
{
    onym_put_u64(out, onym_rng_u64(rng));
    onym_put_u64(out + 8, onym_rng_u64(rng));
}

static bool
is_over(const struct onym_http_sessions *t, const struct place *p, uint64_t now_ms)
{
    if (p->list == WAITING) {
        return now_ms - p->opened_ms >= ONYM_HTTP_SESSION_WAIT_MS;
    }
    return now_ms - p->used_ms >= t->idle_ms || now_ms - p->opened_ms >= ONYM_HTTP_SESSION_LIFE_MS;
}

/* Those at the old end of their lists; an old but used one goes when it is asked for. */
static void
sweep(struct onym_http_sessions *t, uint64_t now_ms)
{
    for (enum list list = WAITING; list <= PROVEN; list++) {
        while (t->oldest[list] != NOWHERE && is_over(t, &t->place[t->oldest[list]], now_ms)) {
            forget(t, &t->place[t->oldest[list]]);
        }
    }
}

/* The living session of an id, or NULL. */
static struct place *
find(struct onym_http_sessions *t, onym_span id, uint64_t now_ms)
{
    uint8_t bytes[2 + SECRET_LEN];
    uint8_t differs = 0;
    struct place *p;
    size_t len;
    size_t at;

    if (onym_hex_decode(id, bytes, sizeof bytes, &len) != ONYM_OK || len != sizeof bytes) {
        return NULL;
    }
    at = (size_t)bytes[0] << 8 | bytes[1];
    if (at >= PLACES || t->place[at].list == FREE) {
        return NULL;
    }
    p = &t->place[at];
    for (size_t i = 0; i < SECRET_LEN; i++) {
        differs |= (uint8_t)(p->secret[i] ^ bytes[2 + i]);
    }
    if (differs != 0) {
        return NULL;
    }
    if (is_over(t, p, now_ms)) {
        forget(t, p);
        return NULL;
    }
    return p;
}

static void
copy_out(const struct onym_http_sessions *t, const struct place *p, struct onym_http_session *out)
{
    uint8_t bytes[2 + SECRET_LEN];
    char text[ONYM_HTTP_SESSION_ID_LEN + 1];
    size_t at = (size_t)(p - t->place);

    bytes[0] = (uint8_t)(at >> 8);
    bytes[1] = (uint8_t)at;
    memcpy(bytes + 2, p->secret, SECRET_LEN);
    onym_hex_encode(onym_span_of(bytes, sizeof bytes), text);
    memcpy(out->id, text, sizeof out->id);
    memcpy(out->nonce, p->nonce, sizeof out->nonce);
    out->proven = p->list == PROVEN;
    memcpy(out->key, p->key, sizeof out->key);
    out->index = p->index;
    out->handle_len = p->handle_len;
    if (p->handle_len > 0) {
        memcpy(out->handle, p->handle, p->handle_len);
    }
}

/* Makes room for one more in the list by the rule at the top of the header. */
static void
make_room(struct onym_http_sessions *t, enum list list, onym_span peer,
          const struct onym_principal *who)
{
    uint16_t at = t->oldest[list];
    static const uint32_t most[LISTS] = {
        [WAITING] = ONYM_HTTP_SESSIONS_WAITING, [PROVEN] = ONYM_HTTP_SESSIONS_PROVEN};

    if (t->count[list] < most[list]) {
        return;
    }
    for (; at != NOWHERE; at = t->place[at].newer) {
        const struct place *p = &t->place[at];

        if (who == NULL ? onym_span_equal(onym_span_of(p->peer, p->peer_len), peer)
                        : onym_ident_equal(onym_span_of(p->handle, p->handle_len), who->handle,
                                           ONYM_FOLD_ALL)) {
            break;
        }
    }
    forget(t, &t->place[at != NOWHERE ? at : t->oldest[list]]);
}

void
onym_http_sessions_open(struct onym_http_sessions *t, onym_span peer, struct onym_rng *rng,
                        uint64_t now_ms, struct onym_http_session *out)
{
    struct place *p;

    ONYM_REQUIRE(peer.len <= ONYM_HTTP_SESSION_PEER_MAX);
    uv_mutex_lock(&t->lock);
    sweep(t, now_ms);
    make_room(t, WAITING, peer, NULL);
    ONYM_REQUIRE(t->oldest[FREE] != NOWHERE);
    p = &t->place[t->oldest[FREE]];
    unlink_place(t, p);
    link_newest(t, p, WAITING);
    random_bytes(rng, p->secret);
    random_bytes(rng, p->nonce);
    memcpy(p->peer, peer.at, peer.len);
    p->peer_len = peer.len;
    p->opened_ms = p->used_ms = now_ms;
    copy_out(t, p, out);
    uv_mutex_unlock(&t->lock);
}

bool
onym_http_sessions_find(struct onym_http_sessions *t, onym_span id, uint64_t now_ms,
                        struct onym_http_session *out)
{
    struct place *p;

    uv_mutex_lock(&t->lock);
    p = find(t, id, now_ms);
    if (p != NULL && p->list == PROVEN) {
        p->used_ms = now_ms;
        unlink_place(t, p);
        link_newest(t, p, PROVEN);
    }
    if (p != NULL) {
        copy_out(t, p, out);
    }
    uv_mutex_unlock(&t->lock);
    return p != NULL;
}

bool
onym_http_sessions_take_nonce(struct onym_http_sessions *t, onym_span id, struct onym_rng *rng,
                              uint64_t now_ms, uint8_t nonce[ONYM_HTTP_NONCE_LEN])
{
    struct place *p;

    uv_mutex_lock(&t->lock);
    p = find(t, id, now_ms);
    if (p != NULL) {
        memcpy(nonce, p->nonce, ONYM_HTTP_NONCE_LEN);
        random_bytes(rng, p->nonce);
    }
    uv_mutex_unlock(&t->lock);
    return p != NULL;
}

enum onym_status
onym_http_sessions_prove(struct onym_http_sessions *t, onym_span id,
                         const struct onym_principal *who, const uint8_t key[ONYM_TOKEN_DIGEST_LEN],
                         uint64_t now_ms)
{
    uint8_t *handle = malloc(who->handle.len);
    enum onym_status status = ONYM_OK;
    struct place *p;

    ONYM_REQUIRE(who->handle.len > 0 && who->handle.len <= ONYM_NAME_LEN_MAX);
    if (handle == NULL) {
        return ONYM_NO_MEMORY;
    }
    memcpy(handle, who->handle.at, who->handle.len);
    uv_mutex_lock(&t->lock);
    p = find(t, id, now_ms);
    if (p == NULL) {
        status = ONYM_SESSION_UNKNOWN;
    } else {
        if (p->list == WAITING) {
            make_room(t, PROVEN, onym_span_of(NULL, 0), who);
        }
        unlink_place(t, p);
        link_newest(t, p, PROVEN);
        free(p->handle);
        p->handle = handle;
        p->handle_len = who->handle.len;
        p->index = who->index;
        memcpy(p->key, key, sizeof p->key);
        p->used_ms = now_ms;
        handle = NULL;
    }
    uv_mutex_unlock(&t->lock);
    free(handle);
    return status;
}

void
onym_http_sessions_end(struct onym_http_sessions *t, onym_span id, uint64_t now_ms)
{
    struct place *p;

    uv_mutex_lock(&t->lock);
    p = find(t, id, now_ms);
    if (p != NULL) {
        forget(t, p);
    }
    uv_mutex_unlock(&t->lock);
}
