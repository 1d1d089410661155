/* The head of an HTTP/1.1 request (RFC 9112), fed in pieces however torn. Pure; no body is read
 * here, only how long it is.
 *
 * Two readers look at every head. A guard of ours takes it byte by byte and refuses what deployed
 * parsers disagree about, since such disagreement is how requests are smuggled: CR or LF alone,
 * folded lines, blanks before the colon, control bytes, Host missing or repeated, both or repeated
 * length headers. What passes is given to llhttp 8.1 in one piece. llhttp on its own takes a CR
 * alone after an empty value and at the end of the head, an LF alone after the request line,
 * folded lines, blanks before the colon and any number of Hosts (tests/unit/wire/test_http1.c pins
 * it). Both must agree on where the head ends. Since the guard goes byte by byte (but for whole
 * lines of which it would let every byte through) and llhttp sees whole heads only, no way of
 * cutting the input changes the result.
 */
#ifndef ONYM_WIRE_HTTP1_H
#define ONYM_WIRE_HTTP1_H

#include "onym/span.h"

#define ONYM_HTTP1_HEAD_MAX   16384U /* bytes from the method to the empty line, both included */
#define ONYM_HTTP1_TARGET_MAX 8192U
#define ONYM_HTTP1_METHOD_MAX 32U

enum onym_http1_step {
    ONYM_HTTP1_MORE,   /* the head is not complete */
    ONYM_HTTP1_WHOLE,  /* it is, and not judged yet */
    ONYM_HTTP1_READY,  /* request is filled */
    ONYM_HTTP1_REFUSED /* refusal is filled; the stream cannot be followed any further */
};

enum onym_http1_body { ONYM_HTTP1_NO_BODY, ONYM_HTTP1_SIZED_BODY, ONYM_HTTP1_CHUNKED_BODY };

/* A request head. Spans point into the parser and die with the next call that takes it. */
struct onym_http1_request {
    onym_span method; /* as sent; methods are case-sensitive */
    onym_span target; /* as sent */
    onym_span path;   /* of origin and absolute form, not decoded, starts with '/'; or "*" */
    onym_span query;  /* after the '?', not decoded */
    onym_span fields; /* the header lines, for onym_http1_field */
    uint64_t names;   /* of the header lines, for onym_http1_may_have */
    bool keep_alive;  /* the peer wants the connection to stay (version and Connection) */
    bool is_1_0;      /* HTTP/1.0, whose answers cannot be chunked */
    enum onym_http1_body body;
    uint64_t body_len; /* of a sized body, > 0 */
};

struct onym_http1_refusal {
    int status;         /* HTTP status to answer with */
    const char *reason; /* static English text for the answer's detail */
};

/* One connection's parser. The caller owns the memory. */
struct onym_http1 {
    struct onym_http1_request request; /* after ONYM_HTTP1_READY */
    struct onym_http1_refusal refusal; /* after ONYM_HTTP1_REFUSED */
    uint32_t len;                      /* bytes of head in use */
    uint32_t target_at, version_at;    /* where they start in head; 0 = not reached */
    uint32_t fields_at;
    uint8_t state;
    bool skipped_line;
    bool target_good;
    uint8_t head[ONYM_HTTP1_HEAD_MAX];
};

/* Ready for the first or the next request of a connection. */
void onym_http1_init(struct onym_http1 *parser);

/* Takes bytes from the front of *input and moves it past them. READY leaves in *input what follows
 * the head (a body, the next request); MORE leaves nothing. After READY or REFUSED the parser takes
 * no more until onym_http1_init.
 *
 * Refusals: 400 grammar, the guard's list above, body length not clear (RFC 9112 6.3); 414 target
 * over ONYM_HTTP1_TARGET_MAX; 431 head over ONYM_HTTP1_HEAD_MAX; 501 unknown method, CONNECT,
 * transfer coding other than chunked alone; 505 not HTTP/1.0 or 1.1. One empty line in front of
 * the request is skipped (RFC 9112 2.2). Bytes above 0x7F are let through in target and values:
 * deployed clients send UTF-8 identifiers unescaped. */
enum onym_http1_step onym_http1_feed(struct onym_http1 *parser, onym_span *input);

/* onym_http1_feed in two steps, so that what a request will need can be asked for meanwhile. take
 * gives WHOLE in place of READY: method, target, path and query of the request are filled and may
 * be no good yet. Then judge gives READY or REFUSED. */
enum onym_http1_step onym_http1_take(struct onym_http1 *parser, onym_span *input);
enum onym_http1_step onym_http1_judge(struct onym_http1 *parser);

/* Takes the first header line from *fields (start with request.fields). False at the end. The value
 * has no blanks around it. A name may come more than once. */
bool onym_http1_field(onym_span *fields, onym_span *name, onym_span *value);

/* The next header line with that name, given in lower case; moves *fields behind it. False, and
 * nothing is left, when there is none. value as above. */
bool onym_http1_find(onym_span *fields, const char *name, onym_span *value);

/* A bit for a name, of a few that share it. */
static inline uint64_t
onym_http1_name_bit(onym_span name)
{
    return UINT64_C(1) << ((name.len * 5 + (name.at[0] | 0x20U)) & 63U);
}

/* False when no header line has that name, given in lower case; true tells nothing. */
static inline bool
onym_http1_may_have(const struct onym_http1_request *request, const char *name)
{
    return (request->names & onym_http1_name_bit(onym_span_text(name))) != 0;
}

/* Whether text equals word, ASCII letters of either case being equal. */
bool onym_http1_is(onym_span text, const char *word);

#endif
