/* What a request's method and path ask for. */
#ifndef ONYM_SERVICE_ROUTE_H
#define ONYM_SERVICE_ROUTE_H

#include "wire/http1.h"

/* Whose rules a path follows: how errors look, and which column of the status list counts. */
enum onym_http_mouth {
    ONYM_HTTP_PLAIN,  /* no interface of its own: redirects, the tunnel */
    ONYM_HTTP_FACADE, /* /api/...: proto/handle-rest.md */
    ONYM_HTTP_V1      /* /api/v1/...: proto/openapi.yaml */
};

enum onym_route {
    ONYM_ROUTE_NONE,
    ONYM_ROUTE_HANDLE,       /* /api/handles/{handle} */
    ONYM_ROUTE_HANDLES,      /* /api/handles */
    ONYM_ROUTE_SITE,         /* /api/site */
    ONYM_ROUTE_PREFIXES,     /* /api/prefixes */
    ONYM_ROUTE_PREFIX,       /* /api/prefixes/{prefix} */
    ONYM_ROUTE_SESSIONS,     /* /api/sessions[/this] */
    ONYM_ROUTE_VERIFICATION, /* /api/verifications/{index:handle} */
    ONYM_ROUTE_IDENTIFIER,   /* /api/v1/identifiers/{id} */
    ONYM_ROUTE_HISTORY,      /* /api/v1/identifiers/{id}/history */
    ONYM_ROUTE_IDENTIFIERS,  /* /api/v1/identifiers */
    ONYM_ROUTE_BATCH,        /* /api/v1/identifiers:batch */
    ONYM_ROUTE_V1_PREFIXES,  /* /api/v1/prefixes */
    ONYM_ROUTE_V1_PREFIX,    /* /api/v1/prefixes/{prefix} */
    ONYM_ROUTE_TOKENS,       /* /api/v1/tokens[/{id}] */
    ONYM_ROUTE_CONTROL,      /* /api/v1/config:reload, tls:reload, log:level */
    ONYM_ROUTE_STATUS,       /* /api/v1/status */
    ONYM_ROUTE_CONTRACT      /* /api/v1/openapi.json */
};

enum onym_method {
    ONYM_METHOD_GET = 1, /* and HEAD */
    ONYM_METHOD_PUT = 2,
    ONYM_METHOD_POST = 4,
    ONYM_METHOD_DELETE = 8,
    ONYM_METHOD_OPTIONS = 16,
    ONYM_METHOD_OTHER = 32
};

struct onym_routed {
    enum onym_route route;
    enum onym_http_mouth mouth;
    unsigned allowed; /* enum onym_method bits */
    enum onym_method method;
    onym_span name; /* the variable part of the path, not decoded */
};

/* Pure; by method and path alone. */
struct onym_routed onym_routes_match(const struct onym_http1_request *rq);

#endif
