/* One request while it is answered, and the ways to answer it. Between service/http.c, which owns
 * the connection, and the routes, which know what is asked. */
#ifndef ONYM_SERVICE_HTTP_CALL_H
#define ONYM_SERVICE_HTTP_CALL_H

#include "service/http.h"
#include "service/problem.h"
#include "service/route.h"
#include "wire/json_time.h"

struct onym_http_call {
    struct onym_http_connection *connection;
    struct onym_http_service *service;
    const struct onym_http1_request *request;
    struct onym_http_reply *reply;
    uint64_t now_ms;
    onym_span content; /* the body, when its plan kept it */
    struct onym_routed routed;
    enum onym_http_mouth mouth;
    const struct onym_ahead *ahead; /* of the name that is looked up, or NULL */
    bool pretty;
    onym_span callback;                  /* JSONP: the answer is a call of it; empty: it is not */
    struct onym_time_memo times;         /* of the body */
    const struct onym_http_login *login; /* NULL: not asked for yet, or not needed */
    /* the answer */
    struct onym_writer body;  /* into the reply's buffer, ONYM_HTTP_HEAD_MAX behind its front */
    struct onym_writer extra; /* header lines beside the usual ones */
    const char *type;         /* of the body; NULL: there is no body */
    int status;
    enum onym_status outcome;
    bool close;    /* end the connection behind it */
    bool chunked;  /* the body is what it will be in chunks, and more may follow */
    bool head;     /* HEAD: length and no body */
    bool may_keep; /* a cache may keep it after asking again (ETag) */
};

/* Begins an answer for the connection's request (or for none: request NULL). Resets the arena. */
void onym_http_call_begin(struct onym_http_call *call, struct onym_http_connection *connection,
                          struct onym_http_service *service,
                          const struct onym_http1_request *request, uint64_t now_ms,
                          struct onym_http_reply *reply);

/* Adds a header line. value has no control bytes. */
void onym_http_put_header(struct onym_http_call *call, const char *name, onym_span value);

/* A header line of the request, its name in lower case; empty when there is none. The first of
 * several. */
static inline onym_span
onym_http_header(const struct onym_http_call *call, const char *name)
{
    onym_span value = onym_span_of(NULL, 0);

    if (call->request != NULL && onym_http1_may_have(call->request, name)) {
        onym_span fields = call->request->fields;

        if (onym_http1_find(&fields, name, &value)) {
            return value;
        }
    }
    return onym_span_of(NULL, 0);
}

/* Starts the body over. JSON follows (written to call->body). */
void onym_http_json(struct onym_http_call *call, int status, enum onym_status outcome);

/* An error, in the form of the call's mouth: a problem, or {"responseCode", "message", "handle"}.
 * detail is English and may be empty; handle may be empty: not known. The status of HTTP is the
 * mouth's column for `status`; http overrides it unless 0. */
struct onym_http_error {
    enum onym_status status;
    int http;
    onym_span detail;
    onym_span handle;
    onym_span field;
    onym_span errors; /* further errors as JSON strings with commas between; often empty */
    bool has_position;
    size_t position;
};
void onym_http_fail(struct onym_http_call *call, const struct onym_http_error *error);
/* The same with a status and a text. */
void onym_http_fail_text(struct onym_http_call *call, enum onym_status status, int http,
                         const char *detail);

/* Puts head and body together; the answer is in call->reply. */
void onym_http_finish(struct onym_http_call *call);

#endif
