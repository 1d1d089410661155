/* Paths -> what answers them. service/http.c cuts requests out of the stream and brings them here.
 *
 *   /api/v1/...         proto/openapi.yaml; errors are problems of RFC 9457
 *   /api/...            the Handle JSON interface, proto/handle-rest.md
 *   POST anything with Content-Type application/x-hdl-message: the tunnel, proto/handle.md 14.3
 *   GET anything else   a redirect to /api/handles/...
 */
#ifndef ONYM_SERVICE_ROUTES_H
#define ONYM_SERVICE_ROUTES_H

#include "service/http_call.h"

/* What is to be done with a request's body. */
struct onym_http_plan {
    enum onym_http_mouth mouth;
    bool keep;        /* the answer needs its bytes */
    bool streams;     /* it is answered while it comes (service/http_rows.c) */
    bool no_continue; /* nothing may be sent before the answer */
    uint64_t body_max;
};

/* By the head alone (call->routed and the header lines), before any of the body is taken. */
struct onym_http_plan onym_routes_plan(const struct onym_http_call *call);

/* For a request that is WHOLE and not judged: asks the memory for what a look-up of routed's name
 * will need. *out is for call->ahead, and empty when this is none. Resets the arena. */
void onym_routes_ahead(struct onym_http_service *service, const struct onym_routed *routed,
                       struct onym_ahead *out);

/* Answers call (call->content is the body). ONYM_HTTP_NOW: the answer is in call. ONYM_HTTP_LATER:
 * the backend works, and the connection's stage says at what; after a login call again with
 * call->login set. */
enum onym_http_when onym_routes_answer(struct onym_http_call *call);

/* Answers a request whose change the backend has finished. */
void onym_routes_changed(struct onym_http_call *call, const struct onym_http_result *result);

#endif
