/* The parameters of reading under /api/v1. One that is not known is refused: who writes limt=5 does
 * not want the whole page. The Handle JSON interface passes over such (proto/handle-rest.md section
 * 2): clients of its other servers send what only those know. */
#include "service/http_query.h"
#include "service/routes_priv.h"

#define COUNT_MAX  5U
#define DETAIL_MAX 192U

/* As in proto/openapi.yaml, which a test compares. */
static const char *const known[][COUNT_MAX] = {
    [ONYM_ROUTE_IDENTIFIER] = {"index", "type", "publicOnly", "doNotRefer", "pretty"},
    [ONYM_ROUTE_HISTORY] = {"limit", "cursor", "pretty"},
    [ONYM_ROUTE_IDENTIFIERS] = {"prefix", "limit", "cursor", "count", "pretty"},
    [ONYM_ROUTE_V1_PREFIXES] = {"limit", "cursor", "count", "pretty"},
    [ONYM_ROUTE_TOKENS] = {"limit", "cursor", "pretty"},
    [ONYM_ROUTE_STATUS] = {"pretty"},
    [ONYM_ROUTE_CONTRACT] = {"pretty"},
};

static bool
is_known(const char *const *names, onym_span name)
{
    for (size_t i = 0; i < COUNT_MAX && names[i] != NULL; i++) {
        if (onym_span_equal(name, onym_span_text(names[i]))) {
            return true;
        }
    }
    return false;
}

static void
refuse(struct onym_http_call *c, const char *const *names, onym_span name)
{
    uint8_t detail[DETAIL_MAX];
    struct onym_writer w = onym_writer_over(detail, sizeof detail);

    onym_writer_bytes(&w, onym_span_text("is no parameter here; expected "));
    for (size_t i = 0; i < COUNT_MAX && names[i] != NULL; i++) {
        bool last = i + 1 == COUNT_MAX || names[i + 1] == NULL;

        onym_writer_bytes(&w, onym_span_text(i == 0 ? "" : last ? " or " : ", "));
        onym_writer_bytes(&w, onym_span_text(names[i]));
    }
    onym_http_fail(c, &(struct onym_http_error){.status = ONYM_MALFORMED,
                                                .detail = onym_writer_written(&w),
                                                .field = name});
}

enum onym_routes_step
onym_routes_parameters(struct onym_http_call *c, const struct onym_routed *r)
{
    onym_span query = c->request->query;
    onym_span name, value;

    if (query.len == 0 || r->mouth != ONYM_HTTP_V1 || r->method != ONYM_METHOD_GET) {
        return ONYM_ROUTES_ON;
    }
    while (onym_http_parameter(&query, &name, &value)) {
        if (!is_known(known[r->route], name)) {
            refuse(c, known[r->route], name);
            return ONYM_ROUTES_ANSWERED;
        }
    }
    return ONYM_ROUTES_ON;
}
