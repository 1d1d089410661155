/* What a change hangs on besides its content: If-Match, If-None-Match, Idempotency-Key, and its
 * parameters. What cannot be followed is refused: a client that sends an empty If-Match or
 * dry_run=true believes itself safe. */
#include "service/entity_tag.h"
#include "service/http_query.h"
#include "service/routes_priv.h"

static enum onym_routes_step
refuse(struct onym_http_call *c, onym_span echo, onym_span field, const char *detail)
{
    onym_http_fail(c, &(struct onym_http_error){.status = ONYM_MALFORMED,
                                                .detail = onym_span_text(detail),
                                                .field = field,
                                                .handle = echo});
    return ONYM_ROUTES_ANSWERED;
}

static enum onym_routes_step
refuse_header(struct onym_http_call *c, onym_span echo, const char *header, const char *detail)
{
    return refuse(c, echo, onym_span_text(header), detail);
}

/* The header's value, empty when there is none; a line without a value, or a second one, is an
 * error. */
static enum onym_routes_step
only_header(struct onym_http_call *c, onym_span echo, const char *header, const char *name,
            onym_span *value)
{
    onym_span fields = c->request->fields;
    onym_span more;

    *value = onym_span_of(NULL, 0);
    if (!onym_http1_may_have(c->request, name) || !onym_http1_find(&fields, name, value)) {
        return ONYM_ROUTES_ON;
    }
    if (value->len == 0) {
        return refuse_header(c, echo, header, "is empty; give it a value or leave it out");
    }
    return onym_http1_find(&fields, name, &more)
               ? refuse_header(c, echo, header, "comes more than once")
               : ONYM_ROUTES_ON;
}

enum onym_routes_step
onym_routes_conditions(struct onym_http_call *c, struct onym_operation *op, onym_span echo)
{
    onym_span match, none = onym_span_of(NULL, 0);
    enum onym_routes_step step = only_header(c, echo, "If-Match", "if-match", &match);

    if (step == ONYM_ROUTES_ON) {
        step = only_header(c, echo, "If-None-Match", "if-none-match", &none);
    }
    if (step != ONYM_ROUTES_ON) {
        return step;
    }
    if (match.len > 0 && none.len > 0) {
        return refuse_header(c, echo, "If-Match", "and If-None-Match exclude each other");
    }
    if (none.len > 0) {
        if (!onym_span_equal(none, onym_span_text("*"))) {
            return refuse_header(c, echo, "If-None-Match", "expected * on a change");
        }
        op->expect = ONYM_EXPECT_ABSENT;
    } else if (onym_span_equal(match, onym_span_text("*"))) {
        op->expect = ONYM_EXPECT_PRESENT;
    } else if (match.len > 0) {
        if (!onym_entity_tag_read(match, &op->revision, &op->created_ms)) {
            return refuse_header(
                c, echo, "If-Match",
                "expected one ETag of this identifier, such as \"3-1764320523000\", or *");
        }
        op->expect = ONYM_EXPECT_REVISION;
    }
    return ONYM_ROUTES_ON;
}

enum onym_routes_step
onym_routes_once(struct onym_http_call *c, onym_span echo)
{
    onym_span query = c->request->query;
    onym_span name, value;
    enum onym_routes_step step = only_header(c, echo, "Idempotency-Key", "idempotency-key", &value);

    if (step == ONYM_ROUTES_ON && value.len > ONYM_HTTP_KEY_MAX) {
        step = refuse_header(c, echo, "Idempotency-Key", "is longer than 255 bytes");
    }
    while (step == ONYM_ROUTES_ON && c->mouth == ONYM_HTTP_V1 &&
           onym_http_parameter(&query, &name, &value)) {
        if (!onym_span_equal(name, onym_span_text("pretty"))) {
            step = refuse(c, echo, name, "is no parameter of a change; nothing was changed");
        }
    }
    return step;
}

static enum onym_routes_step
no_header(struct onym_http_call *c, onym_span echo, const char *header, const char *name,
          const char *why)
{
    onym_span fields = c->request->fields;
    onym_span value;

    return onym_http1_may_have(c->request, name) && onym_http1_find(&fields, name, &value)
               ? refuse_header(c, echo, header, why)
               : ONYM_ROUTES_ON;
}

enum onym_routes_step
onym_routes_no_conditions(struct onym_http_call *c, onym_span echo)
{
    static const char why[] = "is for single identifiers; nothing was changed";
    enum onym_routes_step step = no_header(c, echo, "If-Match", "if-match", why);

    return step == ONYM_ROUTES_ON ? no_header(c, echo, "If-None-Match", "if-none-match", why)
                                  : step;
}

enum onym_routes_step
onym_routes_no_key(struct onym_http_call *c, const char *why)
{
    return no_header(c, onym_span_of(NULL, 0), "Idempotency-Key", "idempotency-key", why);
}

enum onym_routes_step
onym_routes_bare(struct onym_http_call *c, const char *why_no_key)
{
    const onym_span nobody = onym_span_of(NULL, 0);
    enum onym_routes_step step = onym_routes_no_conditions(c, nobody);

    if (step == ONYM_ROUTES_ON) {
        step = onym_routes_no_key(c, why_no_key);
    }
    return step == ONYM_ROUTES_ON ? onym_routes_once(c, nobody) : step;
}
