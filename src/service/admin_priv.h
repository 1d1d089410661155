/* For src/service/admin*.c alone. */
#ifndef ONYM_SERVICE_ADMIN_PRIV_H
#define ONYM_SERVICE_ADMIN_PRIV_H

#include "auth/sign.h"
#include "core/token_check.h"
#include "service/admin.h"
#include "service/render_priv.h"
#include "wire/session.h"

/* Somebody who logged in on a connection. */
struct onym_proven {
    uint8_t key[ONYM_TOKEN_DIGEST_LEN]; /* digest of the key they were proven with */
    uint32_t index;
    size_t len;
    uint8_t handle[];
};

/* What another thread does for a call. */
enum onym_job {
    ONYM_JOB_PROVE,  /* check the answer to our challenge */
    ONYM_JOB_VERIFY, /* check an answer for another server (201) */
    ONYM_JOB_AGREE,  /* agree on the key of a session (400) */
    ONYM_JOB_SIGN    /* sign the reply; after this the call is over */
};

/* A request that waits: freed with onym_admin_call_free. */
struct onym_admin_call {
    struct onym_admin *admin;
    void *connection;               /* NULL once it has closed */
    struct onym_dialogue *dialogue; /* NULL once it has closed */
    struct onym_pending *pending;   /* the challenge that was answered; owned, may be NULL */
    struct onym_envelope envelope;  /* of the message the reply goes to */
    onym_span request; /* the operation's message, envelope included; in pending or bytes */
    bool in_session;   /* the request's session id names a session */
    enum onym_job job;
    bool by_key;                  /* HS_PUBKEY, else HS_SECKEY */
    enum onym_status proof;       /* set by onym_admin_prove; what came of the job */
    struct onym_principal user;   /* who answered; in bytes */
    struct onym_challenged about; /* what the answer must cover; in pending or request */
    onym_span answer;             /* AGREE: the client's key; in bytes */
    /* AGREE: our half; SIGN: the reply's message, then with its credential. Owned. */
    uint8_t *extra;
    size_t extra_len, extra_cap;
    struct onym_session_secret secret; /* AGREE */
    struct onym_envelope reply;        /* SIGN: the reply's, and what it says */
    enum onym_status status;
    size_t keys;
    size_t right_key;                   /* proof ONYM_OK: the one of them that it was */
    onym_span key[ONYM_ADMIN_KEYS_MAX]; /* the user's key values, in bytes */
    uint32_t key_index[ONYM_ADMIN_KEYS_MAX];
    uint8_t peer[16];
    size_t peer_len;
    size_t used, cap; /* of bytes */
    uint8_t bytes[];
};

/* The identity a principal stands for: server administrators are configured. */
struct onym_identity onym_admin_identity(const struct onym_admin *admin,
                                         const struct onym_principal *who);

/* A call with room for `cap` copied bytes, waiting for rq's connection; NULL when
 * ONYM_ADMIN_CALLS_MAX wait already or memory is short. */
struct onym_admin_call *onym_admin_call_new(struct onym_admin *admin, const struct onym_request *rq,
                                            size_t cap);
/* Frees call->extra. */
void onym_admin_call_drop_extra(struct onym_admin_call *call);
/* Makes the call an agreement. False: its network, or everybody, has as many as it may. */
bool onym_admin_call_agree(struct onym_admin_call *call);
/* The call's agreement, if it is one, is over. */
void onym_admin_call_agreed(struct onym_admin_call *call);
/* Copies bytes into the call. */
onym_span onym_admin_call_keep(struct onym_admin_call *call, onym_span bytes);

/* The whole message of a request, envelope included. */
onym_span onym_admin_request_bytes(const struct onym_message *message);

/* Answers a request that is neither a resolution of public values nor get-site-info; its reply's
 * envelope is begun. Needs all fields of the call that are for administration. The verdicts of
 * onym_answer; replies are not sealed yet. */
enum onym_verdict onym_admin_request(struct onym_admin *admin, const struct onym_request *rq);

/* Asks rq's sender to prove who it is (402). */
enum onym_verdict onym_admin_challenge(struct onym_admin *admin, const struct onym_request *rq);

/* Counts an answer to a challenge whose proof ended with status. */
void onym_admin_attempt(const struct onym_admin *admin, bool by_key, enum onym_status status);

/* Takes the answer to a challenge (opcode 200) and starts to check it. */
enum onym_verdict onym_admin_answer(struct onym_admin *admin, const struct onym_request *rq);

/* Opcode 201: checks an answer for another server; onym_admin_verified replies when it is done. */
enum onym_verdict onym_admin_verify(struct onym_admin *admin, const struct onym_request *rq);
enum onym_verdict onym_admin_verified(struct onym_admin_call *waiting,
                                      const struct onym_request *rq);

/* Carries out a request for somebody proven, or for nobody (who->handle empty), which asks for a
 * challenge where one is due. waiting: the call that waited for the proof, or NULL. Where it is
 * handed on to the writer the verdict is PENDING and the call belongs to the writer's answer;
 * otherwise it stays the caller's. */
enum onym_verdict onym_admin_execute(struct onym_admin *admin, const struct onym_request *rq,
                                     const struct onym_principal *who,
                                     struct onym_admin_call *waiting);

/* Records of the worker's view for questions of rights. */
struct onym_record_source onym_admin_records(const struct onym_admin *admin);

/* Opcodes 105 and 302, once allowed: the first part of the list; further parts follow through
 * onym_admin_list_next while dialogue->listing is set. */
enum onym_verdict onym_admin_list(struct onym_admin *admin, const struct onym_request *rq,
                                  const struct onym_principal *who);

#endif
