/* What the HTTP interface asks of the rest of the node, as callbacks that server/ fills: who is
 * asking, and to carry out a change. Both may answer at once or later; nothing here waits.
 *
 * Everything a callback is given is borrowed for the call: what it needs longer it copies. A later
 * answer is brought back on the connection's own thread with onym_http_login_done or
 * onym_http_change_done (service/http.h). */
#ifndef ONYM_SERVICE_HTTP_BACKEND_H
#define ONYM_SERVICE_HTTP_BACKEND_H

#include "base/log.h"
#include "core/authz.h"
#include "core/token.h"
#include "onym/model/operation.h"
#include "service/http_auth.h"

/* About the connection, told by the server when it is made; lives as long as the connection. */
struct onym_http_caller {
    bool tls;             /* false: plain HTTP; credentials are ignored, nothing is changed */
    bool local;           /* an operator on this machine, whom the kernel has named: no credentials
                             are needed or looked at. tls is true too */
    uint32_t user;        /* local: the number of the operator's account */
    onym_span address;    /* of the peer, as text */
    onym_span client_key; /* SHA-256 of the client certificate's public key; empty without one */
    uint64_t ticket;      /* the server's own; comes back unread in the callbacks */
};

enum onym_http_when {
    ONYM_HTTP_NOW,  /* *out is filled */
    ONYM_HTTP_LATER /* onym_http_..._done follows exactly once, unless the connection ends first */
};

/* Who was proven. */
struct onym_http_login {
    enum onym_status status; /* ONYM_OK: identity is proven. ONYM_AUTH_FAILED and the other statuses
                                of credentials: 401 without a body. Others as they are, ONYM_BUSY
                                for example */
    struct onym_identity identity;
    bool limited;    /* status is ONYM_BUSY since too many proofs failed before: 429 */
    const char *why; /* of a token that was refused: static English text; else NULL */
    /* What WWW-Authenticate is to say besides Basic, for example
     * `Handle sessionId="...", nonce="..."`; empty: nothing. Also taken when status is ONYM_OK, for
     * the case that the identity does not suffice. No control bytes, at most 512. */
    onym_span challenge;
};

/* A change whose form is checked (onym_op_form, and onym_op_before_auth against what this node
 * sees). operation.principal and operation.id are for the backend to fill: id from
 * idempotency_key when there is one, else new. */
struct onym_http_change {
    const struct onym_operation *operation;
    const struct onym_identity *identity; /* handle empty: nobody is proven, and the operation
                                             passed onym_op_before_auth without needing anybody */
    onym_span idempotency_key; /* as sent, at most ONYM_HTTP_KEY_MAX bytes; often empty */
    onym_span request_id;
};
#define ONYM_HTTP_KEY_MAX 255U

struct onym_http_result {
    enum onym_status status; /* ONYM_OK, or why nothing was changed, or ONYM_UNCERTAIN */
    bool unchanged;          /* ONYM_OK: it was so already */
    bool replaced;           /* ONYM_OK: took the place of something */
    uint64_t revision;       /* of the record now; 0: there is none */
    uint64_t created_ms;     /* of the same; 0 also when nobody knows any more */
    uint64_t sequence;       /* in the log; 0: it made no entry */
    onym_span name;          /* registered spelling; the minted name */
    onym_span why;           /* short English text; may be empty */
    bool key_reused;         /* ONYM_INVALID: the idempotency key came with another request: 422 */
};

/* A challenge session (proto/handle-rest.md section 5.3), copied. */
#define ONYM_HTTP_SESSION_ID_LEN 36U
#define ONYM_HTTP_NONCE_LEN      16U
struct onym_http_session {
    char id[ONYM_HTTP_SESSION_ID_LEN]; /* no NUL */
    uint8_t nonce[ONYM_HTTP_NONCE_LEN];
    bool proven; /* and by whom, with which key: */
    uint8_t key[ONYM_TOKEN_DIGEST_LEN];
    uint32_t index;
    size_t handle_len;
    uint8_t handle[ONYM_NAME_LEN_MAX];
};

struct onym_http_job; /* service/http_job.h */

/* What an operator tells the running node. */
enum onym_http_order_kind { ONYM_HTTP_RELOAD, ONYM_HTTP_RELOAD_TLS, ONYM_HTTP_LOG_LEVEL };

struct onym_http_order {
    enum onym_http_order_kind kind;
    enum onym_log_level level; /* LOG_LEVEL: */
    uint32_t seconds;          /* and for how long; 0: until the next reload or start */
    /* Told what comes of it, from the thread that carries it out while who ordered waits; may be
     * NULL. restart: text is a key that takes effect at the next start only; else an error. */
    void (*tell)(void *of, bool restart, const char *text);
    void *of;
};

/* Members are never NULL but for the sessions, which are so together when there are none. */
struct onym_http_backend {
    void *of;
    /* Checks credentials that came with a request over TLS. credentials->kind is never NONE. */
    enum onym_http_when (*authenticate)(void *of, const struct onym_http_caller *caller,
                                        const struct onym_http_credentials *credentials,
                                        struct onym_http_login *out);
    /* What a caller without credentials is told about how to prove who it is: fills the text for
     * WWW-Authenticate (as onym_http_login.challenge) into out and returns its length. */
    size_t (*challenge)(void *of, const struct onym_http_caller *caller, char *out, size_t cap);
    enum onym_http_when (*submit)(void *of, const struct onym_http_caller *caller,
                                  const struct onym_http_change *change,
                                  struct onym_http_result *out);
    /* Takes a job to work at on other threads; answered with onym_http_job_done. ONYM_OK: it is the
     * backend's. ONYM_BUSY: too many of them wait; it stays the caller's. */
    enum onym_status (*work)(void *of, const struct onym_http_caller *caller,
                             struct onym_http_job *job);
    /* One of many changes of the same request, of which many are under way at once.
     * ONYM_HTTP_LATER: onym_http_row_done follows with `row`. ONYM_HTTP_NOW: *out; ONYM_BUSY: it
     * will be brought again with the next onym_http_rows_turn. */
    enum onym_http_when (*submit_row)(void *of, const struct onym_http_caller *caller, uint64_t row,
                                      const struct onym_operation *operation,
                                      const struct onym_identity *identity,
                                      struct onym_http_result *out);
    /* A request with many changes begins, for which ONYM_OK or ONYM_BUSY, and is over. */
    enum onym_status (*rows_begin)(void *of, const struct onym_http_caller *caller);
    void (*rows_end)(void *of, const struct onym_http_caller *caller);
    /* Rows one such request may have under way now; at least 1. */
    uint32_t (*rows_window)(void *of);
    /* Rows of all such requests that may be worked on before the server looks at everything else it
     * serves. When it is 0 and a request has more, rows_again leads to an onym_http_rows_turn of it
     * when it is not. NULL: no such limit. */
    uint32_t *rows_left;
    void (*rows_again)(void *of, const struct onym_http_caller *caller);
    /* Carries out an order and waits for it: never on a loop. ONYM_OK; ONYM_INVALID nothing was
     * changed; ONYM_BUSY, ONYM_NO_MEMORY. NULL: this node takes none. */
    enum onym_status (*carry_out)(void *of, const struct onym_http_order *order);
    /* The session resource. Proofs of sessions come through authenticate; each uses its nonce up.
     * open: ONYM_OK and *out, or ONYM_BUSY. find: whether it lives; with *out. */
    enum onym_status (*session_open)(void *of, const struct onym_http_caller *caller,
                                     struct onym_http_session *out);
    bool (*session_find)(void *of, onym_span id, struct onym_http_session *out);
    void (*session_end)(void *of, onym_span id);
};

#endif
