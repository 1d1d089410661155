/* Challenge sessions of the HTTP API (proto/handle-rest.md section 5.3): one table for all workers
 * behind a lock, because the next request may come on another connection. Time is a parameter:
 * milliseconds of a clock that never steps back.
 *
 *   open -> waiting --take_nonce, prove--> proven --end, idle or old--> gone
 *              | 60 s                         (proving again is fine)
 *
 * An id is the place in the table and 128 random bits, 36 hexadecimal digits; it is as good as a
 * password and compared in constant time. A nonce is given out for one proof: taking it puts a
 * fresh one in its place, so that no answer counts twice, even at the same time.
 *
 * When all places of a kind are taken, the oldest of the same address (waiting) or the one of the
 * same user not used for longest (proven) goes, or else that of all: a flood has to push through
 * the whole table to hurt others. */
#ifndef ONYM_SERVER_HTTP_BACKEND_SESSIONS_H
#define ONYM_SERVER_HTTP_BACKEND_SESSIONS_H

#include "base/rng.h"
#include "service/http_backend.h"

#define ONYM_HTTP_SESSIONS_WAITING 4096U
#define ONYM_HTTP_SESSIONS_PROVEN  4096U
#define ONYM_HTTP_SESSION_WAIT_MS  UINT64_C(60000)
#define ONYM_HTTP_SESSION_LIFE_MS  UINT64_C(43200000) /* 12 h, used or not */
#define ONYM_HTTP_SESSION_PEER_MAX 16U

struct onym_http_sessions; /* opaque; any thread */

/* idle_ms: a proven session without a request ends. ONYM_OK and *out, ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_http_sessions_new(uint64_t idle_ms,
                                                      struct onym_http_sessions **out);
void onym_http_sessions_free(struct onym_http_sessions *table); /* NULL is fine */

/* A new session of the address (at most ONYM_HTTP_SESSION_PEER_MAX bytes). */
void onym_http_sessions_open(struct onym_http_sessions *table, onym_span peer, struct onym_rng *rng,
                             uint64_t now_ms, struct onym_http_session *out);

/* Whether a session of that id lives; *out is a copy of it. For a proven one this is a use. */
bool onym_http_sessions_find(struct onym_http_sessions *table, onym_span id, uint64_t now_ms,
                             struct onym_http_session *out);

/* The session's nonce, for the one proof that is about to be looked at. False: no such session. */
bool onym_http_sessions_take_nonce(struct onym_http_sessions *table, onym_span id,
                                   struct onym_rng *rng, uint64_t now_ms,
                                   uint8_t nonce[ONYM_HTTP_NONCE_LEN]);

/* From here on the session stands for who (handle of at most ONYM_NAME_LEN_MAX bytes), as long as
 * their key has this digest, which whoever finds the session looks at. ONYM_OK;
 * ONYM_SESSION_UNKNOWN: it has ended meanwhile; ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_http_sessions_prove(struct onym_http_sessions *table,
                                                        onym_span id,
                                                        const struct onym_principal *who,
                                                        const uint8_t key[ONYM_TOKEN_DIGEST_LEN],
                                                        uint64_t now_ms);

/* The session is over, if there is one of that id. */
void onym_http_sessions_end(struct onym_http_sessions *table, onym_span id, uint64_t now_ms);

#endif
