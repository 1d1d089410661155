/* Replies of the Handle protocol, put together from a request and a verdict. For service/ alone. */
#ifndef ONYM_SERVICE_RENDER_PRIV_H
#define ONYM_SERVICE_RENDER_PRIV_H

#include "service/answer.h"
#include "wire/resolve.h"

/* One request while it is answered. */
struct onym_request {
    struct onym_answerer *answerer;
    const struct onym_answer_call *call;
    struct onym_message message;
    struct onym_reply *reply; /* its envelope is set by onym_render_begin */
    bool in_session;          /* its session id names a session, not a challenge or a connection */
    const struct onym_session_use *session; /* that session, while a MACed request is answered */
};

/* Sets the reply's envelope from the request's. */
void onym_render_begin(const struct onym_request *rq);

/* An error with its usual text, or with one of its own (why may be NULL). Over UDP the text is left
 * out when it would make the reply larger than the request, and the whole reply when even that is
 * not enough and nobody needs the answer. */
enum onym_verdict onym_render_error(const struct onym_request *rq, enum onym_status status);
enum onym_verdict onym_render_error_text(const struct onym_request *rq, enum onym_status status,
                                         const char *why);

/* Name and values: the answer to a resolution, or a referral. closed may be NULL. */
enum onym_verdict onym_render_values(const struct onym_request *rq, enum onym_status status,
                                     onym_span name, const struct onym_selection *open,
                                     const struct onym_selection *closed);

/* A body of these bytes (copied; may be empty); flags come on top of those that are repeated. */
enum onym_verdict onym_render_body(const struct onym_request *rq, enum onym_status status,
                                   uint32_t flags, onym_span body);

/* A success whose body is one borrowed span. */
enum onym_verdict onym_render_span(const struct onym_request *rq, onym_span body);

/* The digest of the request as a reply of this version carries it (proto/handle.md section 7).
 * Returns the algorithm's code; ONYM_DIGEST_MD5 for versions before 2.1. */
uint8_t onym_render_digest(const struct onym_request *rq, uint8_t out[ONYM_DIGEST_BYTES_MAX]);

#endif
