/* The parameters of reading under /api/v1. One that is not known, or says two things, is refused:
 * who writes limt=5 does not want the whole page. The Handle JSON interface passes over such
 * (proto/handle-rest.md section 2): clients of its other servers send what only those know. */
#include "service/http_query.h"
#include "service/routes_priv.h"

#define COUNT_MAX  5U
#define DETAIL_MAX 192U

enum kind { VALUE, FLAG, LIST };

/* As in proto/openapi.yaml, which a test compares. */
static const struct parameter {
    const char *name;
    enum kind kind;
} known[][COUNT_MAX] = {
    [ONYM_ROUTE_IDENTIFIER] = {{"index", LIST},
                               {"type", LIST},
                               {"publicOnly", FLAG},
                               {"doNotRefer", FLAG},
                               {"pretty", FLAG}},
    [ONYM_ROUTE_HISTORY] = {{"limit", VALUE}, {"cursor", VALUE}, {"pretty", FLAG}},
    [ONYM_ROUTE_IDENTIFIERS] =
        {{"prefix", VALUE}, {"limit", VALUE}, {"cursor", VALUE}, {"count", FLAG}, {"pretty", FLAG}},
    [ONYM_ROUTE_V1_PREFIXES] = {{"limit", VALUE},
                                {"cursor", VALUE},
                                {"count", FLAG},
                                {"pretty", FLAG}},
    [ONYM_ROUTE_TOKENS] = {{"limit", VALUE}, {"cursor", VALUE}, {"pretty", FLAG}},
    [ONYM_ROUTE_STATUS] = {{"pretty", FLAG}},
    [ONYM_ROUTE_CONTRACT] = {{"pretty", FLAG}},
};

/* Its place among names, or COUNT_MAX. */
static size_t
find(const struct parameter *names, onym_span name)
{
    size_t i = 0;

    while (i < COUNT_MAX &&
           (names[i].name == NULL || !onym_span_equal(name, onym_span_text(names[i].name)))) {
        i++;
    }
    return i;
}

static enum onym_routes_step
refuse(struct onym_http_call *c, onym_span name, onym_span detail)
{
    onym_http_fail(
        c, &(struct onym_http_error){.status = ONYM_MALFORMED, .detail = detail, .field = name});
    return ONYM_ROUTES_ANSWERED;
}

static enum onym_routes_step
refuse_unknown(struct onym_http_call *c, const struct parameter *names, onym_span name)
{
    uint8_t detail[DETAIL_MAX];
    struct onym_writer w = onym_writer_over(detail, sizeof detail);

    onym_writer_bytes(&w, onym_span_text("is no parameter here; expected "));
    for (size_t i = 0; i < COUNT_MAX && names[i].name != NULL; i++) {
        bool last = i + 1 == COUNT_MAX || names[i + 1].name == NULL;

        onym_writer_bytes(&w, onym_span_text(i == 0 ? "" : last ? " or " : ", "));
        onym_writer_bytes(&w, onym_span_text(names[i].name));
    }
    return refuse(c, name, onym_writer_written(&w));
}

static bool
is_flag(onym_span value)
{
    return value.len == 0 || onym_http1_is(value, "true") || onym_http1_is(value, "false");
}

enum onym_routes_step
onym_routes_parameters(struct onym_http_call *c, const struct onym_routed *r)
{
    const struct parameter *names = known[r->route];
    onym_span query = c->request->query;
    onym_span name, value;
    unsigned seen = 0; /* a bit for each of names */

    if (query.len == 0 || r->mouth != ONYM_HTTP_V1 || r->method != ONYM_METHOD_GET) {
        return ONYM_ROUTES_ON;
    }
    while (onym_http_parameter(&query, &name, &value)) {
        size_t at = find(names, name);

        if (at == COUNT_MAX) {
            return refuse_unknown(c, names, name);
        }
        if ((seen & 1U << at) != 0 && names[at].kind != LIST) {
            return refuse(c, name, onym_span_text("comes more than once"));
        }
        if (names[at].kind == FLAG && !is_flag(value)) {
            return refuse(c, name, onym_span_text("expected true or false"));
        }
        seen |= 1U << at;
    }
    return ONYM_ROUTES_ON;
}
