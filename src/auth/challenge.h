/* Challenges that wait for an answer: one table per worker, of a size fixed at start. Time and
 * randomness are parameters. Source: proto/handle.md H-11.1, H-11.2.
 *
 * An id is positive in 31 bits and says where it belongs:
 *
 *   bit 31 | 30 ... 24 | 23                       | 22 ... 0
 *   0      | worker    | 0 challenge, 1 session   | random, not all 0
 *
 * so that a worker can hand on what arrived at the wrong one, and a challenge is never taken for a
 * session. Ids are no secret and need not be: an answer counts only from the address that was
 * challenged (ports change: the reference client answers on a new connection), and it must prove a
 * key over a nonce that only this address was told.
 *
 * When the table is full (number of challenges, or bytes remembered), the oldest of the same
 * address goes, or else the oldest of all: honest clients answer within moments, so a flood of
 * questions has to push through the whole table within that time to hurt one. */
#ifndef ONYM_AUTH_CHALLENGE_H
#define ONYM_AUTH_CHALLENGE_H

#include "base/rng.h"
#include "onym/model/limits.h"
#include "onym/span.h"
#include "onym/status.h"

#define ONYM_ID_WORKER_SHIFT 24U
#define ONYM_ID_WORKERS_MAX  128U
#define ONYM_ID_SESSION_BIT  0x00800000U

/* The worker an id names; 128 and more for ids we never give. */
static inline uint32_t
onym_id_worker(uint32_t id)
{
    return id >> ONYM_ID_WORKER_SHIFT;
}

/* A fresh id; kind is 0 or ONYM_ID_SESSION_BIT. worker < ONYM_ID_WORKERS_MAX. */
uint32_t onym_id_fresh(struct onym_rng *rng, uint32_t worker, uint32_t kind);

#define ONYM_CHALLENGE_NONCE_LEN      16U
#define ONYM_CHALLENGE_DIGEST_LEN_MAX 32U
#define ONYM_CHALLENGE_PEER_LEN_MAX   16U
#define ONYM_CHALLENGE_REQUEST_MAX    (ONYM_ENVELOPE_LEN + ONYM_MESSAGE_LEN_MAX)
#define ONYM_CHALLENGES_MAX           4096U /* a look goes over all of them */
#define ONYM_CHALLENGE_LIFE_MS        60000U

struct onym_challenge_limits {
    uint32_t capacity; /* challenges in the table, 1 to 65536 */
    uint32_t per_peer; /* of one address, 1 to capacity */
    size_t bytes;      /* remembered requests together, at least ONYM_CHALLENGE_REQUEST_MAX */
    uint32_t life_ms;  /* from question to answer */
    uint32_t worker;   /* < ONYM_ID_WORKERS_MAX */
};

/* A challenge on its own: what was asked and what the answer must cover. A self-contained block
 * that may go to another thread. */
struct onym_pending {
    uint32_t id;
    uint16_t version; /* lower of version and suggested version of the challenge */
    uint8_t nonce[ONYM_CHALLENGE_NONCE_LEN];
    uint8_t digest_code; /* 1 MD5, 2 SHA-1, 3 SHA-256 */
    uint8_t digest_len;
    uint8_t digest[ONYM_CHALLENGE_DIGEST_LEN_MAX];
    onym_span request; /* the remembered message, envelope included; belongs to the block */
};

/* What to remember. */
struct onym_challenge_ask {
    onym_span peer;    /* address bytes, 4 or 16, no port */
    onym_span request; /* copied */
    onym_span digest;  /* 16, 20 or 32 bytes, copied */
    uint8_t digest_code;
    uint16_t version;
    uint32_t session_id; /* inside a session its id, under which the answer comes; else 0 */
};

struct onym_challenges; /* opaque; one thread */

/* ONYM_OK and *out; ONYM_INVALID for limits outside what stands above; ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_challenges_new(const struct onym_challenge_limits *limits,
                                                   struct onym_challenges **out);
void onym_challenges_free(struct onym_challenges *table); /* NULL is fine; with all in it */

/* Remembers a request under a fresh id and nonce, or under its session's id, where it takes the
 * place of one that waits there from the same address. ONYM_OK and *out: a view that dies with the
 * next call on the table. ONYM_INVALID: a field outside its bounds (request over
 * ONYM_CHALLENGE_REQUEST_MAX, peer or digest of another length, session_id without
 * ONYM_ID_SESSION_BIT). ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_challenges_add(struct onym_challenges *table,
                                                   const struct onym_challenge_ask *ask,
                                                   uint64_t now_ms, struct onym_rng *rng,
                                                   const struct onym_pending **out);

/* The first answer takes the challenge out. ONYM_OK and *out, now the caller's (onym_pending_free).
 * ONYM_SESSION_UNKNOWN: never given, taken already, pushed out, or given to another address (which
 * keeps it). ONYM_CHALLENGE_TIMEOUT: older than life_ms, and gone now. */
ONYM_MUST_USE enum onym_status onym_challenges_take(struct onym_challenges *table, uint32_t id,
                                                    onym_span peer, uint64_t now_ms,
                                                    struct onym_pending **out);
void onym_pending_free(struct onym_pending *pending); /* NULL is fine */

/* Forgets what is older than twice life_ms: until then a late answer is told that it is late.
 * onym_challenges_add does it too; a quiet worker calls it from time to time. */
void onym_challenges_sweep(struct onym_challenges *table, uint64_t now_ms);

/* How many wait, and how many bytes they hold. */
uint32_t onym_challenges_count(const struct onym_challenges *table);
size_t onym_challenges_bytes(const struct onym_challenges *table);

#endif
