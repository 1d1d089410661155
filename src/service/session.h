/* Sessions of the Handle protocol: who holds which key, what was seen of it, and what a message
 * inside one must carry. The table is pure: one thread at a time (server/ keeps one per worker
 * behind a lock), time and randomness are arguments. Sources: proto/handle.md H-13.1, H-13.5 to
 * H-13.7; docs/decisions/0110.
 *
 *   setup (400) -> onym_sessions_add -> id
 *   request     -> find: key and identity -> MAC right -> accept: counter new, clock set back
 *   reply       -> reply: key and the next counter of ours
 *   answer (200) that was right -> prove: from now on the MAC stands for the identity, until the
 *                                  key it was proven with is gone or another (decision 0170)
 *
 * When the table is full the session goes that was used longest ago, first one whose identity was
 * never proven: a flood of setups pushes out its own. Clients whose session is gone are told 500
 * and open another. */
#ifndef ONYM_SERVICE_SESSION_H
#define ONYM_SERVICE_SESSION_H

#include "auth/policy.h"
#include "auth/session.h"
#include "base/rng.h"
#include "core/token.h"
#include "onym/model/limits.h"
#include "onym/model/operation.h"

#define ONYM_SESSION_IDLE_S   86400U /* the longest a session may stay unused; H-13.7 */
#define ONYM_SESSION_PEER_MAX 16U    /* bytes of an address */

struct onym_session_limits {
    uint32_t capacity; /* sessions in the table, 1 to 65536; a look goes over all of them */
    uint32_t per_peer; /* opened from one address and not proven, 1 to capacity */
    uint32_t worker;   /* named by the ids, < ONYM_ID_WORKERS_MAX */
};

struct onym_sessions; /* opaque */

/* ONYM_OK and *out; ONYM_INVALID for limits outside what stands above; ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_sessions_new(const struct onym_session_limits *limits,
                                                 struct onym_sessions **out);
void onym_sessions_free(struct onym_sessions *table); /* NULL is fine; keys are wiped */

/* What a setup asks for. */
struct onym_session_ask {
    const struct onym_session_secret *secret; /* copied */
    struct onym_principal identity; /* who the client says it is; handle empty = nobody; copied */
    uint32_t timeout_s; /* idle time asked for; 0 and more than ONYM_SESSION_IDLE_S are that */
    onym_span peer;     /* address bytes, 4 or 16 */
};

/* A new session, nobody proven. ONYM_OK and *id, which carries ONYM_ID_SESSION_BIT; ONYM_INVALID: a
 * handle over ONYM_NAME_LEN_MAX, a peer of another length; ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_sessions_add(struct onym_sessions *table,
                                                 const struct onym_session_ask *ask, uint32_t now_s,
                                                 struct onym_rng *rng, uint32_t *id);

/* A session as it stands, copied out of the table. Wipe it with onym_session_secret_wipe. */
struct onym_session_use {
    struct onym_session_secret secret;
    bool proven;         /* user and index are who holds the key */
    uint32_t user_index; /* proven only, as what follows */
    size_t user_len;
    uint8_t user[ONYM_NAME_LEN_MAX];
    uint8_t key[ONYM_TOKEN_DIGEST_LEN]; /* digest of the key they were proven with */
};

/* Looks a session up; nothing changes but that an idle one is forgotten. ONYM_OK and *out;
 * ONYM_SESSION_UNKNOWN: never given, ended, pushed out or idle too long. */
ONYM_MUST_USE enum onym_status onym_sessions_find(struct onym_sessions *table, uint32_t id,
                                                  uint32_t now_s, struct onym_session_use *out);

/* Takes note of a message whose MAC was right: the session is in use again. ONYM_OK;
 * ONYM_SESSION_REJECTED: the counter was seen (H-13.5); ONYM_SESSION_UNKNOWN. */
ONYM_MUST_USE enum onym_status onym_sessions_accept(struct onym_sessions *table, uint32_t id,
                                                    uint32_t counter, uint32_t now_s);

/* What a reply is sealed with: the key, and our own next counter, because a client refuses one it
 * has seen and a list has several replies to one request. ONYM_OK; ONYM_SESSION_UNKNOWN. */
ONYM_MUST_USE enum onym_status onym_sessions_reply(struct onym_sessions *table, uint32_t id,
                                                   struct onym_session_secret *secret,
                                                   uint32_t *counter);

/* Somebody answered a challenge of this session: who, with the index of the key that was right. It
 * stands for them from now on if they are who the setup named, by that index or by index 0, any
 * key; otherwise (another one, or a setup without identity) nothing changes: what they asked is
 * done for them, and the next request is challenged again. key: the digest of that key. Returns
 * whether it stands. */
bool onym_sessions_prove(struct onym_sessions *table, uint32_t id, const struct onym_principal *who,
                         const uint8_t key[ONYM_TOKEN_DIGEST_LEN]);

/* Ends a session; unknown ids are fine. */
void onym_sessions_end(struct onym_sessions *table, uint32_t id);

uint32_t onym_sessions_count(const struct onym_sessions *table); /* idle ones included */

/* The same, as a connection reaches the tables of all workers: by the worker in the id, under its
 * lock, and with the time of a clock that nobody sets. */
struct onym_session_access {
    void *of;
    struct onym_auth_policy policy;
    unsigned dh_bits_min; /* of the groups of clients */
    enum onym_status (*add)(void *of, const struct onym_session_ask *ask, uint32_t *id);
    enum onym_status (*find)(void *of, uint32_t id, struct onym_session_use *out);
    enum onym_status (*accept)(void *of, uint32_t id, uint32_t counter);
    enum onym_status (*reply)(void *of, uint32_t id, struct onym_session_secret *secret,
                              uint32_t *counter);
    bool (*prove)(void *of, uint32_t id, const struct onym_principal *who,
                  const uint8_t key[ONYM_TOKEN_DIGEST_LEN]);
    void (*end)(void *of, uint32_t id);
};

#endif
