/* For src/service/admin*.c alone. */
#ifndef ONYM_SERVICE_ADMIN_PRIV_H
#define ONYM_SERVICE_ADMIN_PRIV_H

#include "service/admin.h"
#include "service/render_priv.h"
#include "wire/session.h"

/* Somebody who logged in on a connection. */
struct onym_proven {
    uint32_t index;
    size_t len;
    uint8_t handle[];
};

/* A request that waits: one block, freed with onym_admin_call_free. */
struct onym_admin_call {
    struct onym_admin *admin;
    void *connection;               /* NULL once it has closed */
    struct onym_dialogue *dialogue; /* NULL once it has closed */
    struct onym_pending *pending;   /* the challenge that was answered; owned, may be NULL */
    struct onym_envelope envelope;  /* of the message the reply goes to */
    onym_span request;      /* the operation's message, envelope included; in pending or bytes */
    bool by_key;            /* HS_PUBKEY, else HS_SECKEY */
    enum onym_status proof; /* set by onym_admin_prove */
    struct onym_principal user; /* who answered; in bytes */
    onym_span answer;           /* in bytes */
    size_t keys;
    onym_span key[ONYM_ADMIN_KEYS_MAX]; /* the user's key values, in bytes */
    uint8_t peer[16];
    size_t peer_len;
    size_t used, cap; /* of bytes */
    uint8_t bytes[];
};

/* The identity a principal stands for: server administrators are configured. */
struct onym_identity onym_admin_identity(const struct onym_admin *admin,
                                         const struct onym_principal *who);

/* A call with room for `cap` copied bytes, waiting for its connection; NULL when
 * ONYM_ADMIN_CALLS_MAX wait already or memory is short. */
struct onym_admin_call *onym_admin_call_new(struct onym_admin *admin,
                                            const struct onym_answer_call *call,
                                            const struct onym_envelope *envelope, size_t cap);
/* Copies bytes into the call. */
onym_span onym_admin_call_keep(struct onym_admin_call *call, onym_span bytes);

/* The whole message of a request, envelope included. */
onym_span onym_admin_request_bytes(const struct onym_message *message);

/* Asks rq's sender to prove who it is (402). */
enum onym_verdict onym_admin_challenge(struct onym_admin *admin, const struct onym_request *rq);

/* Takes the answer to a challenge (opcode 200) and starts to check it. */
enum onym_verdict onym_admin_answer(struct onym_admin *admin, const struct onym_request *rq);

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
