/* What a session and a request for a signature add to answering: before the request is looked at
 * (enter), and after its reply is made (leave). For service/ alone.
 * Source: proto/handle.md sections 12 and 13. */
#ifndef ONYM_SERVICE_SESSION_PRIV_H
#define ONYM_SERVICE_SESSION_PRIV_H

#include "service/admin_priv.h"
#include "service/session.h"

/* Finds the session that rq's message names and checks its MAC and counter. ONYM_OK: rq->in_session
 * says whether there is one, and *use is then filled (the caller wipes it) and rq->session points
 * to it. ONYM_SESSION_UNKNOWN; ONYM_SESSION_REJECTED: no MAC, a wrong one, or a counter that was
 * seen. Answers to challenges carry no MAC (H-13.5): for them only the session must be there. */
ONYM_MUST_USE enum onym_status onym_session_enter(struct onym_request *rq,
                                                  struct onym_session_use *use);

/* Decrypts the message behind an envelope marked encrypted and cuts it into rq->message; the bytes
 * lie in the arena, envelope included. ONYM_OK; ONYM_SESSION_UNKNOWN; ONYM_SESSION_REJECTED:
 * whatever is wrong with the bytes, so that nobody learns which paddings fit; ONYM_BUSY. */
ONYM_MUST_USE enum onym_status onym_session_unseal(struct onym_request *rq,
                                                   const struct onym_envelope *envelope,
                                                   onym_span cipher);

/* Seals a reply that is ready: inside a session with its MAC and, where it must be, encrypted;
 * outside, where the request had CT, with the node's key, which takes another thread: the verdict
 * is PENDING then. waiting: the call the reply ends, or NULL. A reply that cannot be signed (no
 * key, versions 2.5 and 2.6, no call left) goes out as it is, without CT. */
enum onym_verdict onym_session_leave(const struct onym_request *rq, enum onym_verdict verdict,
                                     struct onym_admin_call *waiting);

/* Opcode 400: starts to agree on a key; when that is done onym_session_opened answers. */
enum onym_verdict onym_session_setup(struct onym_admin *admin, const struct onym_request *rq);
enum onym_verdict onym_session_opened(struct onym_admin_call *waiting,
                                      const struct onym_request *rq);

/* Off the loop: the key agreement and the signature of a call. Both touch nothing but the call. */
void onym_session_agree(struct onym_admin_call *call);
void onym_session_sign(struct onym_admin_call *call);
/* Instead of the signature. */
void onym_session_sign_not(struct onym_admin_call *call);

/* The reply of a call whose signature is made; its bytes are the call's. */
void onym_session_signed(const struct onym_admin_call *call, struct onym_reply *reply);

#endif
