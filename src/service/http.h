/* One connection of the HTTP interface: bytes in, answers out, in order. Pure: sockets, TLS and
 * timers are the server's. Paths and their handlers: service/routes.h. Contract:
 * proto/openapi.yaml, proto/handle-rest.md; the message tunnel: proto/handle.md 14.3.
 *
 * The server's loop for plain bytes that arrived (input is what it holds unread of the connection):
 *
 *     do {
 *         verdict = onym_http_feed(&c, &service, &input, now_ms, &reply);
 *         if (verdict == REPLY || verdict == CLOSE) { send reply.bytes }
 *     } while (verdict == REPLY && input.len > 0);
 *
 *   MORE     all input taken; nothing to send
 *   REPLY    send the answer; then feed what is left
 *   PENDING  the backend works: read no more from the peer and keep what is left of input until
 *            onym_http_login_done, onym_http_change_done or onym_http_job_done was called, which
 *            give a verdict too; after REPLY go on feeding
 *   CLOSE    send the answer, shut the sending side, read and drop what still comes for a moment
 *            (else the peer may lose the answer to a reset), close
 *
 * The server renews the view before each call and sends reply.bytes, or copies them, before the
 * next call of any connection of that worker. It closes connections that take too long with the
 * help of onym_http_progress, and does not read on while an answer is unsent. A connection costs
 * its struct (under 18 KiB) and, while a body arrives, memory for that. */
#ifndef ONYM_SERVICE_HTTP_H
#define ONYM_SERVICE_HTTP_H

#include "base/rng.h"
#include "core/token.h"
#include "service/answer.h"
#include "service/body_room.h"
#include "service/http_backend.h"
#include "wire/http1_body.h"
#include "wire/json_in.h"
#include "wire/json_time.h"

/* Bytes of a request's body: of any; of one that carries a record (nothing larger can hold a valid
 * one); of a tunnelled message. */
#define ONYM_HTTP_BODY_MAX    8388608U
#define ONYM_HTTP_RECORD_MAX  ONYM_LINE_LEN_MAX
#define ONYM_HTTP_MESSAGE_MAX (ONYM_ENVELOPE_LEN + ONYM_MESSAGE_LEN_MAX)
/* Room for the head of any answer, and for the largest answer with it. */
#define ONYM_HTTP_HEAD_MAX  ((size_t)32 * 1024)
#define ONYM_HTTP_REPLY_MAX ((size_t)8 * 1024 * 1024)
/* Bytes the arena must hold at least; its memory is aligned like malloc's. */
#define ONYM_HTTP_ARENA_MIN ((size_t)1 << 20)
#define ONYM_HTTP_ID_MAX    64U /* bytes of a request id */

/* One per worker. Everything is borrowed but json, the count and the date. */
struct onym_http_service {
    struct onym_answerer *answerer;          /* its resolver's view is renewed before each call */
    struct onym_arena *arena;                /* each call begins with a reset */
    struct onym_rng *rng;                    /* minted suffixes, tokens */
    struct onym_rng *ids;                    /* request ids, which are no secret */
    const struct onym_http_backend *backend; /* NULL: nobody can prove anything, nothing is
                                                changed: 403 where that would be needed */
    const char *version;                     /* of this build */
    const struct onym_key *site_key;         /* signs what clients of sessions ask; or NULL */
    bool jsonp;                   /* whether pages of other sites may fetch what anyone may read */
    struct onym_body_room bodies; /* max and seed may be set; beyond the room 503 */
    struct onym_json_in *json;
    uint64_t date_s; /* what date tells, once it is made */
    char date[ONYM_TIME_HTTP_LEN];
};

/* Makes what the service owns; the borrowed members are the caller's to set. ONYM_OK or
 * ONYM_NO_MEMORY. Deinit after the last connection's. */
ONYM_MUST_USE enum onym_status onym_http_service_init(struct onym_http_service *service);
void onym_http_service_deinit(struct onym_http_service *service);

enum onym_http_stage {
    ONYM_HTTP_IDLE,   /* between requests */
    ONYM_HTTP_HEAD,   /* a request has begun */
    ONYM_HTTP_BODY,   /* its body comes */
    ONYM_HTTP_LOGIN,  /* waits for onym_http_login_done */
    ONYM_HTTP_CHANGE, /* waits for onym_http_change_done */
    ONYM_HTTP_WORK,   /* waits for onym_http_job_done */
    ONYM_HTTP_ROWS,   /* many changes: the body comes, rows are under way, results go out */
    ONYM_HTTP_ENDED   /* CLOSE was said; input is dropped */
};

/* One connection. The caller owns the memory. */
struct onym_http_connection {
    struct onym_http1 head; /* keeps the request until it is answered */
    struct onym_http1_content body;
    struct onym_http_caller caller;
    struct onym_dialogue dialogue; /* of the message tunnel */
    enum onym_http_stage stage;
    bool keep;          /* the body's bytes, not only their number */
    bool told_continue; /* or the peer did not ask for it */
    uint32_t source;    /* of the caller, in the room for bodies */
    uint8_t *held;      /* heap; the body so far */
    size_t held_len, held_cap;
    uint64_t body_len; /* bytes of body taken, kept or not */
    uint64_t body_max;
    uint64_t taken;              /* bytes of this request taken, head and body */
    struct onym_http_rows *rows; /* heap; of the stage ROWS */
    uint8_t id_len;
    char id[ONYM_HTTP_ID_MAX];          /* of the request */
    char secret[ONYM_TOKEN_SECRET_LEN]; /* of a token that is being registered; else zeros */
};

/* caller's spans must live as long as the connection. */
void onym_http_connection_init(struct onym_http_connection *connection,
                               const struct onym_http_caller *caller);
/* Gives a held body back. What the backend still works on is finished without us; its answer must
 * not be brought here any more. */
void onym_http_connection_deinit(struct onym_http_connection *connection,
                                 struct onym_http_service *service);

/* Where an answer goes. The buffer is the caller's and serves all connections of a worker. */
struct onym_http_reply {
    uint8_t *buffer;
    size_t cap;               /* ONYM_HTTP_REPLY_MAX; only what answers need is ever touched */
    onym_span bytes;          /* set: the answer, somewhere in buffer */
    int status;               /* set: its HTTP status; 100: more of this request's answer follows */
    enum onym_status outcome; /* set: what it says in our own list */
    bool is_resolution;       /* set: a look-up, for the counters */
    onym_span request_id;     /* set: for the log; borrowed from the connection */
};

enum onym_http_verdict { ONYM_HTTP_MORE, ONYM_HTTP_REPLY, ONYM_HTTP_PENDING, ONYM_HTTP_CLOSE };

/* Takes bytes from the front of *input, of at most one request. */
enum onym_http_verdict onym_http_feed(struct onym_http_connection *connection,
                                      struct onym_http_service *service, onym_span *input,
                                      uint64_t now_ms, struct onym_http_reply *reply);

/* Brings what the backend answered later. The connection is in the stage that waits for it. Never
 * MORE. */
enum onym_http_verdict onym_http_login_done(struct onym_http_connection *connection,
                                            struct onym_http_service *service,
                                            const struct onym_http_login *login, uint64_t now_ms,
                                            struct onym_http_reply *reply);
enum onym_http_verdict onym_http_change_done(struct onym_http_connection *connection,
                                             struct onym_http_service *service,
                                             const struct onym_http_result *result, uint64_t now_ms,
                                             struct onym_http_reply *reply);

/* The job stays the server's, to free. */
enum onym_http_verdict onym_http_job_done(struct onym_http_connection *connection,
                                          struct onym_http_service *service,
                                          struct onym_http_job *job, uint64_t now_ms,
                                          struct onym_http_reply *reply);

/* ---- many changes in one request (stage ROWS) ----
 *
 * REPLY with reply.status 100 is a part of the answer. While rows are under way their results come
 * in with onym_http_row_done, which sends nothing; once after one or many of them, and now and then
 * while a PENDING connection waits though nothing of it is under way, the server calls
 * onym_http_rows_turn until it says something other than that REPLY:
 *
 *   MORE     feed it, also with no bytes at all
 *   PENDING  wait for results, or for room
 *   REPLY, CLOSE  as of onym_http_feed: the answer is complete
 *
 * The server does not feed and does not call turn while the peer takes no answers. */
void onym_http_row_done(struct onym_http_connection *connection, uint64_t row,
                        const struct onym_http_result *result);
enum onym_http_verdict onym_http_rows_turn(struct onym_http_connection *connection,
                                           struct onym_http_service *service, uint64_t now_ms,
                                           struct onym_http_reply *reply);
/* The node stops: no further row is started. turn follows. */
void onym_http_rows_stop(struct onym_http_connection *connection);

/* How far the peer is: a timer that sees `taken` unchanged, or too little of it in the time a
 * request may take, closes the connection. */
struct onym_http_progress {
    enum onym_http_stage stage;
    uint64_t taken;     /* bytes of the request taken */
    uint64_t body_left; /* still announced; 0 when not known */
};
struct onym_http_progress onym_http_progress(const struct onym_http_connection *connection);

#endif
