/* One request of the Handle protocol -> one reply. The same function serves UDP and TCP; it knows
 * no sockets, and gets the time as a parameter. Sources: proto/handle.md sections 2-8, 14, 15, 18.
 */
#ifndef ONYM_SERVICE_ANSWER_H
#define ONYM_SERVICE_ANSWER_H

#include "auth/digest.h"
#include "base/metrics.h"
#include "core/resolver.h"
#include "service/reply.h"

/* Replies expire this long after they were made; clients refuse expired ones (section 3). */
#define ONYM_REPLY_LIFETIME_S 43200U

/* One per worker. */
struct onym_answerer {
    struct onym_resolver resolver;
    struct onym_digester *digester; /* owned by the worker */
    onym_span site; /* this node's HS_SITE in byte form; lives as long as the node */
    uint16_t site_serial;
    /* The last damaged record met, for the log: name as asked for, cut to this length. */
    size_t damaged_len; /* 0 = none since it was last reported */
    uint8_t damaged[256];
};

/* What one connection has said before; zero at its start. UDP has none. */
struct onym_admin;
struct onym_admin_call;
struct onym_proven;
struct onym_listing;
struct onym_session_access;

struct onym_dialogue {
    /* The session id a CAICT client announced with its first get-site-info (section 18.1): its
     * later requests carry the id and must not be answered "session unknown". 0 = none. */
    uint32_t announced_session;
    uint32_t challenge_id; /* of the challenge that was asked under that session; 0 = none */
    bool certificate_seen; /* a certificate of this connection was looked at */
    struct onym_proven
        *proven; /* who logged in on this connection, or its certificate says; owned */
    struct onym_admin_call *waiting; /* the request this connection waits for; not owned */
    struct onym_listing *listing;    /* a list that has further parts; owned */
};

struct onym_answer_call {
    enum onym_by by;
    struct onym_dialogue *dialogue; /* NULL on UDP */
    uint32_t now_s;                 /* epoch seconds */
    struct onym_arena *arena;       /* for the reply's front block and scattered values */
    size_t reply_len_max;           /* message bytes; a larger reply becomes "too busy" */
    /* For administration; NULL and empty where it is not offered. */
    struct onym_admin *admin;
    void *connection;
    onym_span peer;  /* address bytes, 4 or 16 */
    uint64_t now_ms; /* epoch milliseconds */
    /* The sessions of the node; NULL where none are known. */
    const struct onym_session_access *sessions;
    /* What onym_answer_ahead made of these very bytes; NULL: nothing. */
    const struct onym_ahead *ahead;
};

/* Answers the complete message that follows `envelope`, plain or encrypted in a session.
 * ONYM_VERDICT_REPLY with *reply filled; ONYM_VERDICT_PENDING where administration answers later or
 * the reply has to be signed first; ONYM_VERDICT_SILENT for what must not be answered over UDP:
 * undecodable envelopes, messages that are replies themselves, errors that would be larger than the
 * request (but "not found", "nothing selected" and "not responsible" are answers: with the digest
 * that was asked for they may be 33 bytes larger than a short request).
 * ONYM_VERDICT_CLOSE when the arena has no room for an error reply either.
 * Nothing is kept of the message after the call but spans in *reply. */
enum onym_verdict onym_answer(struct onym_answerer *answerer, const struct onym_answer_call *call,
                              const struct onym_envelope *envelope, onym_span message,
                              struct onym_reply *reply);

/* onym_resolve_ahead for the name that message seems to ask for. */
bool onym_answer_ahead(const struct onym_answerer *answerer, onym_span message,
                       struct onym_ahead *out);

/* An error for a message that could not be cut or was not let in: code and request id only. */
enum onym_verdict onym_answer_error(struct onym_answerer *answerer,
                                    const struct onym_answer_call *call,
                                    const struct onym_envelope *envelope, onym_span message,
                                    enum onym_status status, struct onym_reply *reply);

#endif
