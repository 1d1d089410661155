/* Any message body as one tagged union: which of the families applies follows from opcode, response
 * code and version. A server or client that knows what it waits for calls the families directly;
 * this is for programs that must understand every message: the vector runner, dumps, fuzzing.
 * Source: proto/handle.md sections 2 (what depends on the version), 7, 8. */
#ifndef ONYM_WIRE_BODY_H
#define ONYM_WIRE_BODY_H

#include "onym/model/hs_site.h"
#include "wire/admin.h"
#include "wire/replicate.h"
#include "wire/resolve.h"
#include "wire/session.h"

enum onym_body_kind {
    ONYM_BODY_EMPTY,   /* most success replies */
    ONYM_BODY_NAME,    /* requests with a handle only; reply to 100 (may be empty: EMPTY) */
    ONYM_BODY_QUERY,   /* requests 1, 2000 */
    ONYM_BODY_VALUES,  /* requests 100, 102, 104 */
    ONYM_BODY_INDEXES, /* request 103 */
    ONYM_BODY_CHALLENGE_ANSWER, /* request 200 */
    ONYM_BODY_VERIFY,           /* request 201 */
    ONYM_BODY_SESSION_SETUP,    /* request 400 */
    ONYM_BODY_SESSION_EXCHANGE, /* request 402 */
    ONYM_BODY_LOG_REQUEST,      /* request 1001 */
    ONYM_BODY_DUMP_REQUEST,     /* request 1002 */
    ONYM_BODY_KEY_LOGIN,        /* request 2001 */
    ONYM_BODY_RESOLVED,         /* reply to 1 */
    ONYM_BODY_SITE,             /* reply to 2 */
    ONYM_BODY_NAMES,            /* replies to 105, 302 */
    ONYM_BODY_VERIFIED,         /* reply to 201 */
    ONYM_BODY_SESSION_REPLY,    /* reply to 400 */
    ONYM_BODY_NEXT_TXN_ID,      /* reply to 1000 */
    ONYM_BODY_LOG_REPLY,        /* reply to 1001 */
    ONYM_BODY_CHALLENGE,        /* reply 402 */
    ONYM_BODY_REFERRAL,         /* replies 302, 303 */
    ONYM_BODY_ERROR,            /* every other code */
    ONYM_BODY_KINDS
};

struct onym_body {
    enum onym_body_kind kind;
    uint8_t digest_code; /* replies: enum onym_digest_code; 0 = no digest in front */
    onym_span digest;
    onym_span trailing; /* set by decode: ignored bytes behind; encode does not write them */
    union {
        onym_span name;
        struct onym_query query; /* the two flags are not part of the body and stay false */
        struct onym_admin_values values;
        struct onym_admin_indexes indexes;
        struct onym_challenge_answer answer;
        struct onym_verify_request verify;
        struct onym_session_setup setup;
        onym_span session_key;
        struct onym_log_request log;
        struct onym_dump_request dump;
        struct onym_key_login login;
        struct onym_resolve_reply resolved;
        struct onym_hs_site site;
        struct onym_text_list names;
        bool valid;
        struct onym_session_reply session;
        uint64_t next_txn_id;
        bool keep_alive;
        struct onym_challenge challenge;
        struct onym_referral_reply referral;
        onym_span error_text;
    } as;
};

/* Short name of a kind, for example "query". Static. */
const char *onym_body_kind_name(enum onym_body_kind kind);

/* The kind a message's body has: a request when response_code is 0. A success reply to an opcode of
 * section 5 whose reply is not known (200, 2000) counts as EMPTY. False for a request or a success
 * reply of an unknown opcode. */
bool onym_body_kind_of(const struct onym_header *header, enum onym_body_kind *kind);

/* Decodes the body of a message that was cut out. Spans borrow from it. ONYM_OK; ONYM_UNSUPPORTED:
 * unknown opcode, unknown session mode, unknown site format; ONYM_MALFORMED otherwise. *out changes
 * on success only. */
ONYM_MUST_USE enum onym_status onym_body_decode(const struct onym_message *message,
                                                struct onym_body *out);

/* Writes the body, a digest in front when digest_code is not 0 (version >= 2.1 only; else
 * ONYM_INVALID), the unused bytes of sessions included. ONYM_OK and *len set, ONYM_NO_SPACE, or
 * ONYM_INVALID for a body that the version cannot carry. */
ONYM_MUST_USE enum onym_status onym_body_encode(const struct onym_body *body, uint16_t version,
                                                uint8_t *out, size_t cap, size_t *len);

#endif
