/* Administration over the Handle protocol: challenge and answer, login, sessions, and the
 * operations that change records. One struct onym_admin per worker; no sockets, no threads: what
 * must not run on the loop (proofs, key agreements, signatures) and what must be decided elsewhere
 * (changes) goes out through callbacks and comes back later. Sources: proto/handle.md sections 8,
 * 11, 12, 13, 15, 18.
 *
 *   request -> onym_answer -> REPLY (error, challenge, answer)
 *                          -> PENDING, by prove() or submit()
 *   prove done  -> onym_admin_proven    -> REPLY, or PENDING by submit() or by prove() again
 *   commit done -> onym_admin_committed -> REPLY, or PENDING by prove()
 */
#ifndef ONYM_SERVICE_ADMIN_H
#define ONYM_SERVICE_ADMIN_H

#include "auth/challenge.h"
#include "auth/keys.h"
#include "auth/policy.h"
#include "core/authz.h"
#include "service/answer.h"
#include "service/session.h"

/* Requests of one worker that wait at once; one more is told "too busy". */
#define ONYM_ADMIN_CALLS_MAX 4096U
/* Of these, agreements on a session's key. A stranger may ask for one, and the largest groups cost
 * some 40 ms each: more of them would keep proofs waiting for seconds. A network (IPv6: a /64) gets
 * no more of them than are left over for others, so half of them when it is alone. */
#define ONYM_ADMIN_AGREEMENTS_MAX 64U
/* Keys tried for an answer that names index 0, "any key of this user". */
#define ONYM_ADMIN_KEYS_MAX 8U
/* Handles in one part of a list (section 8). */
#define ONYM_ADMIN_LIST_PART 50U

struct onym_admin_call; /* a request that waits; opaque to the transport */

/* What happened to a change, as the writer reports it. */
struct onym_admin_result {
    enum onym_status status;
    bool replaced;
    onym_span name;  /* of a created identifier */
    const char *why; /* when refused: static text or NULL */
};

/* Whom the client's certificate on a connection names, with the index and the digest of the key. */
struct onym_admin_certified {
    uint32_t index;
    size_t len;
    uint8_t handle[ONYM_NAME_LEN_MAX];
    uint8_t key[ONYM_TOKEN_DIGEST_LEN];
};

/* What the server offers. */
struct onym_admin_backend {
    void *of;
    /* Challenges of all workers, found by the id (auth/challenge.h). How long they last is measured
     * there, by a clock that nobody sets. */
    enum onym_status (*challenge_add)(void *of, const struct onym_challenge_ask *ask, uint32_t *id,
                                      uint8_t nonce[ONYM_CHALLENGE_NONCE_LEN]);
    enum onym_status (*challenge_take)(void *of, uint32_t id, onym_span peer,
                                       struct onym_pending **out);
    /* Runs onym_admin_prove(call) on another thread, then onym_admin_proven on this one. ONYM_OK,
     * or ONYM_BUSY and nothing follows. A call may be handed over again from within proven and
     * committed. */
    enum onym_status (*prove)(void *of, struct onym_admin_call *call);
    /* Hands a copy of op to the writer; later onym_admin_committed on this thread. ONYM_OK, or a
     * status and nothing follows. */
    enum onym_status (*submit)(void *of, struct onym_admin_call *call, struct onym_operation *op,
                               const struct onym_identity *who);
    /* Remembers a login or a refusal in the log; never waits. */
    void (*event)(void *of, bool login, enum onym_status status,
                  const struct onym_principal *principal, onym_span address, onym_span name);
    /* Counts an answer to a challenge: by a key pair or by a secret, and what came of it. May be
     * NULL. */
    void (*attempt)(void *of, bool by_key, enum onym_status status);
    /* Asked once for a connection inside TLS, when somebody has to be known. ONYM_OK and *out: the
     * certificate the client showed names that handle and its key is one of it. ONYM_AUTH_FAILED:
     * it names the handle and index in *out and its key is none of it. Otherwise it is nobody's.
     * May be NULL. */
    enum onym_status (*certified)(void *of, const void *connection, onym_span peer,
                                  struct onym_admin_certified *out);
};

struct onym_admin {
    struct onym_answerer *answerer;
    struct onym_admin_backend backend;
    struct onym_auth_policy policy;
    struct onym_rng *rng;                       /* for minted names */
    const struct onym_session_access *sessions; /* of all workers */
    const struct onym_key *site_key;            /* signs replies; NULL: they go out unsigned */
    onym_span server_admins; /* "300:0.NA/P" entries separated by spaces; may be empty */
    uint32_t calls;          /* waiting now */
    uint32_t agreements;     /* of these, the first so many below */
    const struct onym_admin_call *agreeing[ONYM_ADMIN_AGREEMENTS_MAX];
};

/* Off the loop: the arithmetic a call waits for. Touches nothing but the call, and reads keys. */
void onym_admin_prove(struct onym_admin_call *call);

/* In its place, on any thread: nothing is computed and the call ends with ONYM_BUSY. A reply that
 * waits to be signed goes out unsigned, since what it tells has happened. */
void onym_admin_prove_not(struct onym_admin_call *call);

/* What a call waits for to be proven, for a count of wrong answers: whose answer it is, and after
 * onym_admin_prove whether it was right. False: nobody's (an agreement, a signature). Borrowed. */
struct onym_admin_attempt {
    struct onym_principal who;
    bool by_key;
    bool right;
};
bool onym_admin_attempt_of(const struct onym_admin_call *call, struct onym_admin_attempt *out);

/* The address bytes of who asked; borrowed from the call. */
onym_span onym_admin_peer(const struct onym_admin_call *call);

/* Back on the loop. ONYM_VERDICT_PENDING: one of the two follows again. Otherwise the call is over:
 * send the reply (REPLY), whose bytes may be the call's, to onym_admin_connection and free the
 * call. */
enum onym_verdict onym_admin_proven(struct onym_admin_call *waiting,
                                    const struct onym_answer_call *call, struct onym_reply *reply);
enum onym_verdict onym_admin_committed(struct onym_admin_call *waiting,
                                       const struct onym_answer_call *call,
                                       const struct onym_admin_result *result,
                                       struct onym_reply *reply);

/* The next part of a list, while dialogue->listing is set after a reply. */
enum onym_verdict onym_admin_list_next(struct onym_admin *admin,
                                       const struct onym_answer_call *call,
                                       struct onym_reply *reply);

/* The connection a call belongs to; NULL when it has closed meanwhile. */
void *onym_admin_connection(const struct onym_admin_call *call);
/* Its dialogue, while the connection is open. */
struct onym_dialogue *onym_admin_dialogue(const struct onym_admin_call *call);
void onym_admin_call_free(struct onym_admin_call *call);

/* The connection ends: its identity is forgotten, and a call that waits loses its connection but
 * still comes to its end. */
void onym_dialogue_end(struct onym_dialogue *dialogue);

#endif
