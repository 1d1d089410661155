#include "service/routes.h"

#include "base/utf8.h"
#include "service/http_jsonp.h"
#include "service/http_query.h"
#include "service/routes_priv.h"
#include "wire/json_write.h"

#define TUNNEL_TYPE "application/x-hdl-message"

#define GET    ONYM_METHOD_GET
#define PUT    ONYM_METHOD_PUT
#define POST   ONYM_METHOD_POST
#define DELETE ONYM_METHOD_DELETE

/* What every path of the table begins with. */
#define API     "/api/"
#define API_LEN (sizeof API - 1)

/* A path that ends in '/' takes more behind it, which is its name; others are whole. */
static const struct {
    const char *path;
    enum onym_route route;
    unsigned allowed;
} table[] = {
    {"/api/handles/", ONYM_ROUTE_HANDLE, GET | PUT | POST | DELETE},
    {"/api/handles", ONYM_ROUTE_HANDLES, GET},
    {"/api/site", ONYM_ROUTE_SITE, GET},
    {"/api/prefixes", ONYM_ROUTE_PREFIXES, GET},
    {"/api/prefixes/", ONYM_ROUTE_PREFIX, POST | DELETE},
    {"/api/sessions", ONYM_ROUTE_SESSIONS, POST},
    {"/api/sessions/", ONYM_ROUTE_SESSIONS, GET | PUT | POST | DELETE},
    {"/api/verifications/", ONYM_ROUTE_VERIFICATION, GET},
    {"/api/v1/identifiers/", ONYM_ROUTE_IDENTIFIER, GET | PUT | DELETE},
    {"/api/v1/identifiers", ONYM_ROUTE_IDENTIFIERS, GET | POST},
    {"/api/v1/identifiers:batch", ONYM_ROUTE_BATCH, POST},
    {"/api/v1/prefixes", ONYM_ROUTE_V1_PREFIXES, GET},
    {"/api/v1/prefixes/", ONYM_ROUTE_V1_PREFIX, PUT | DELETE},
    {"/api/v1/config:reload", ONYM_ROUTE_CONTROL, POST},
    {"/api/v1/tls:reload", ONYM_ROUTE_CONTROL, POST},
    {"/api/v1/log:level", ONYM_ROUTE_CONTROL, POST},
    {"/api/v1/tokens", ONYM_ROUTE_TOKENS, GET | POST},
    {"/api/v1/tokens/", ONYM_ROUTE_TOKENS, DELETE},
    {"/api/v1/status", ONYM_ROUTE_STATUS, GET},
    {"/api/v1/openapi.json", ONYM_ROUTE_CONTRACT, GET},
};

static bool
begins(onym_span text, const char *with)
{
    return onym_span_equal(onym_span_front(text, strlen(with)), onym_span_text(with));
}

static enum onym_method
method_of(onym_span method)
{
    static const struct {
        const char *name;
        enum onym_method method;
    } methods[] = {{"GET", GET},   {"HEAD", GET},      {"PUT", PUT},
                   {"POST", POST}, {"DELETE", DELETE}, {"OPTIONS", ONYM_METHOD_OPTIONS}};

    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (onym_span_equal(method, onym_span_text(methods[i].name))) {
            return methods[i].method;
        }
    }
    return ONYM_METHOD_OTHER;
}

#define HISTORY     "/history"
#define HISTORY_LEN (sizeof HISTORY - 1)

static bool
ends_in_history(onym_span name)
{
    return name.len > HISTORY_LEN &&
           onym_span_equal(onym_span_from(name, name.len - HISTORY_LEN), onym_span_text(HISTORY));
}

void
onym_routes_put_path(struct onym_writer *w, onym_span name)
{
    bool marked = ends_in_history(name);

    onym_json_put(w, "/api/v1/identifiers/");
    onym_http_encode(w, onym_span_front(name, name.len - (marked ? HISTORY_LEN : 0)));
    onym_json_put(w, marked ? "%2Fhistory" : "");
}

/* ".../{id}/history": only where what stands in front is a whole identifier, so that the
 * identifier "P/history" can be asked for. */
static void
part_history(struct onym_routed *r)
{
    onym_span id;

    if (!ends_in_history(r->name)) {
        return;
    }
    id = onym_span_front(r->name, r->name.len - HISTORY_LEN);
    for (size_t i = 0; i < id.len; i++) {
        if (id.at[i] == '/' ||
            (i + 3 <= id.len && onym_http1_is(onym_span_of(id.at + i, 3), "%2f"))) {
            r->route = ONYM_ROUTE_HISTORY;
            r->allowed = GET;
            r->name = id;
            return;
        }
    }
}

struct onym_routed
onym_routes_match(const struct onym_http1_request *rq)
{
    struct onym_routed r = {.route = ONYM_ROUTE_NONE, .method = method_of(rq->method)};
    onym_span behind = onym_span_from(rq->path, API_LEN);
    bool is_api = begins(rq->path, API) || onym_span_equal(rq->path, onym_span_text("/api"));

    r.mouth = begins(rq->path, "/api/v1/") ? ONYM_HTTP_V1
              : is_api                     ? ONYM_HTTP_FACADE
                                           : ONYM_HTTP_PLAIN;
    for (size_t i = 0; is_api && behind.len > 0 && i < sizeof table / sizeof table[0]; i++) {
        size_t len;
        bool open;

        if (behind.at[0] != (uint8_t)table[i].path[API_LEN]) {
            continue; /* nearly all rows end here, before they are measured and compared */
        }
        len = strlen(table[i].path);
        open = table[i].path[len - 1] == '/';
        if (open ? begins(rq->path, table[i].path)
                 : onym_span_equal(rq->path, onym_span_text(table[i].path))) {
            r.route = table[i].route;
            r.allowed = table[i].allowed;
            r.name = onym_span_from(rq->path, len);
            break;
        }
    }
    if (r.route == ONYM_ROUTE_IDENTIFIER) {
        part_history(&r);
    }
    if (r.name.len == 0 && (r.route == ONYM_ROUTE_HANDLE || r.route == ONYM_ROUTE_PREFIX)) {
        r.route = r.route == ONYM_ROUTE_HANDLE ? ONYM_ROUTE_HANDLES : ONYM_ROUTE_PREFIXES;
        r.allowed = GET;
    }
    return r;
}

/* The media type of the body, without parameters. */
bool
onym_routes_has_type(const struct onym_http1_request *rq, const char *type)
{
    onym_span fields = rq->fields;
    onym_span value;
    const uint8_t *end;
    size_t len;

    if (!onym_http1_may_have(rq, "content-type") ||
        !onym_http1_find(&fields, "content-type", &value)) {
        return false;
    }
    end = value.len > 0 ? memchr(value.at, ';', value.len) : NULL;
    len = end != NULL ? (size_t)(end - value.at) : value.len;
    while (len > 0 && (value.at[len - 1] == ' ' || value.at[len - 1] == '\t')) {
        len--;
    }
    return onym_http1_is(onym_span_front(value, len), type);
}

static bool
is_tunnel(const struct onym_http1_request *rq)
{
    return method_of(rq->method) == POST && onym_routes_has_type(rq, TUNNEL_TYPE);
}

struct onym_http_plan
onym_routes_plan(const struct onym_http_call *c)
{
    const struct onym_http1_request *rq = c->request;
    struct onym_routed r = c->routed;
    struct onym_http_plan plan = {.mouth = r.mouth, .body_max = ONYM_HTTP_BODY_MAX};
    bool sessions = r.route == ONYM_ROUTE_SESSIONS &&
                    (onym_routes_has_type(rq, "application/json") ||
                     onym_routes_has_type(rq, "application/x-www-form-urlencoded"));
    bool batch = r.route == ONYM_ROUTE_BATCH && r.method == POST;
    bool writes = r.route == ONYM_ROUTE_HANDLE || r.route == ONYM_ROUTE_IDENTIFIER ||
                  r.route == ONYM_ROUTE_IDENTIFIERS || r.route == ONYM_ROUTE_TOKENS ||
                  r.route == ONYM_ROUTE_CONTROL;

    if (is_tunnel(rq)) {
        return (struct onym_http_plan){.mouth = ONYM_HTTP_PLAIN,
                                       .keep = true,
                                       .no_continue = true,
                                       .body_max = ONYM_HTTP_MESSAGE_MAX};
    }
    if (writes && (r.allowed & r.method & (PUT | POST)) != 0) {
        plan.keep = true;
        plan.body_max = ONYM_HTTP_RECORD_MAX;
    } else if (batch && onym_routes_has_type(rq, "application/x-ndjson")) {
        plan.streams = true;
        plan.body_max = UINT64_MAX;
    } else if (sessions) {
        plan.keep = true;
        plan.body_max = ONYM_HTTP_CREDENTIALS_MAX;
    } else if (batch) {
        plan.keep = onym_routes_has_type(rq, "application/json");
    }
    return plan;
}

void
onym_routes_ahead(struct onym_http_service *s, const struct onym_routed *r, struct onym_ahead *out)
{
    bool reads = r->method == GET &&
                 (r->route == ONYM_ROUTE_IDENTIFIER || r->route == ONYM_ROUTE_HANDLE);
    onym_span name;

    out->len = 0;
    onym_arena_reset(s->arena);
    if (reads && onym_http_decode(r->name, s->arena, &name) == ONYM_OK &&
        onym_resolve_ahead(&s->answerer->resolver, name, out)) {
        onym_resolve_expect(&s->answerer->resolver, out);
    }
}

enum onym_routes_step
onym_routes_name(struct onym_http_call *c, onym_span raw, onym_span *name)
{
    enum onym_status status = onym_http_decode(raw, c->service->arena, name);
    const char *why = "the path has a % without two hexadecimal digits";

    if (status == ONYM_OK && name->len > ONYM_NAME_LEN_MAX) {
        status = ONYM_NAME_INVALID;
        why = "the identifier is longer than 2048 bytes";
    } else if (status == ONYM_OK && !onym_utf8_valid(*name)) {
        status = ONYM_NAME_INVALID;
        why = "the identifier is not UTF-8";
    }
    if (status == ONYM_OK) {
        return ONYM_ROUTES_ON;
    }
    onym_http_fail_text(c, status, 0, why);
    return ONYM_ROUTES_ANSWERED;
}

/* ---- what is refused ---- */

void
onym_routes_allow(struct onym_http_call *c, unsigned allowed)
{
    uint8_t text[64];
    struct onym_writer w = onym_writer_over(text, sizeof text);

    onym_writer_bytes(&w, onym_span_text((allowed & GET) != 0 ? "GET, HEAD, " : ""));
    onym_writer_bytes(&w, onym_span_text((allowed & POST) != 0 ? "POST, " : ""));
    onym_writer_bytes(&w, onym_span_text((allowed & PUT) != 0 ? "PUT, " : ""));
    onym_writer_bytes(&w, onym_span_text((allowed & DELETE) != 0 ? "DELETE, " : ""));
    onym_writer_bytes(&w, onym_span_text("OPTIONS"));
    onym_http_put_header(c, "Allow", onym_writer_written(&w));
}

/* "LEAD METHOD PATH" into text; cut when it is long. */
static onym_span
say(uint8_t *text, size_t cap, const char *lead, onym_span method, onym_span path)
{
    struct onym_writer w = onym_writer_over(text, cap);

    onym_writer_bytes(&w, onym_span_text(lead));
    onym_writer_bytes(&w, method);
    if (path.len > 0) {
        onym_writer_u8(&w, ' ');
        onym_writer_bytes(&w, onym_span_front(path, 200));
    }
    return onym_writer_written(&w);
}

static void
no_such_path(struct onym_http_call *c)
{
    uint8_t text[320];

    onym_http_fail(
        c, &(struct onym_http_error){.status = ONYM_MALFORMED,
                                     .http = 404,
                                     .detail = say(text, sizeof text, "Unknown HTTP API endpoint ",
                                                   c->request->method, c->request->path)});
}

static void
wrong_method(struct onym_http_call *c, unsigned allowed)
{
    uint8_t text[128];

    onym_routes_allow(c, allowed);
    onym_http_fail(
        c, &(struct onym_http_error){.status = ONYM_MALFORMED,
                                     .http = c->mouth == ONYM_HTTP_FACADE ? 501 : 405,
                                     .detail = say(text, sizeof text, "Unknown method ",
                                                   c->request->method, onym_span_of(NULL, 0))});
}

static enum onym_http_when
serve(struct onym_http_call *c, const struct onym_routed *r)
{
    switch (r->route) {
    case ONYM_ROUTE_HANDLE:
    case ONYM_ROUTE_IDENTIFIER:
        return r->method == GET ? onym_routes_read(c, r) : onym_routes_write(c, r);
    case ONYM_ROUTE_IDENTIFIERS:
        return r->method == POST ? onym_routes_write(c, r) : onym_routes_list(c, ONYM_KIND_HANDLE);
    case ONYM_ROUTE_HANDLES:
        return onym_routes_list(c, ONYM_KIND_HANDLE);
    case ONYM_ROUTE_PREFIXES:
    case ONYM_ROUTE_V1_PREFIXES:
        return onym_routes_list(c, ONYM_KIND_PREFIX);
    case ONYM_ROUTE_PREFIX:
    case ONYM_ROUTE_V1_PREFIX:
        return onym_routes_prefix(c, r);
    case ONYM_ROUTE_HISTORY:
        return onym_routes_history(c, r);
    case ONYM_ROUTE_BATCH:
        return onym_routes_batch(c);
    case ONYM_ROUTE_TOKENS:
        return onym_routes_tokens(c, r);
    case ONYM_ROUTE_CONTROL:
        return onym_routes_control(c);
    case ONYM_ROUTE_SITE:
        onym_routes_site(c);
        break;
    case ONYM_ROUTE_SESSIONS:
        return onym_routes_sessions(c, r);
    case ONYM_ROUTE_VERIFICATION:
        return onym_routes_verification(c, r);
    case ONYM_ROUTE_STATUS:
        onym_routes_status(c);
        break;
    case ONYM_ROUTE_CONTRACT:
        onym_routes_contract(c);
        break;
    case ONYM_ROUTE_NONE:
    default:
        no_such_path(c);
        break;
    }
    return ONYM_HTTP_NOW;
}

/* JSONP, where it is asked for. False: an error was said. */
static bool
take_callback(struct onym_http_call *c, const struct onym_routed *r)
{
    bool serves = c->service->jsonp && r->method == GET &&
                  (r->route == ONYM_ROUTE_HANDLE || r->route == ONYM_ROUTE_SITE);
    onym_span callback;

    if (!onym_http_find(c->request->query, "callback", &callback)) {
        return true;
    }
    if (!serves) {
        onym_http_fail_text(c, ONYM_MALFORMED, 0,
                            "callback: JSONP is served for GET /api/handles/{handle} and "
                            "/api/site, where http.jsonp says so; ask for JSON");
    } else if (!onym_http_callback_is_name(callback)) {
        onym_http_fail_text(c, ONYM_MALFORMED, 0,
                            "callback: not the name of a function; expected 1 to 128 of A-Z a-z "
                            "0-9 _ $ and '.', no digit or '.' in front");
    } else {
        c->callback = callback;
        return true;
    }
    return false;
}

enum onym_http_when
onym_routes_answer(struct onym_http_call *c)
{
    struct onym_routed r = c->routed;

    c->pretty = onym_http_flag(c->request->query, "pretty", false);
    if (is_tunnel(c->request)) {
        onym_routes_tunnel(c);
        return ONYM_HTTP_NOW;
    }
    if (r.mouth == ONYM_HTTP_PLAIN) {
        r.allowed = GET | POST;
    }
    if (r.method == ONYM_METHOD_OPTIONS) {
        onym_routes_options(c, r.allowed);
        return ONYM_HTTP_NOW;
    }
    if (r.mouth == ONYM_HTTP_PLAIN) {
        if (r.method == GET) {
            onym_routes_redirect(c);
        } else if (r.method == POST) {
            onym_http_fail_text(c, ONYM_MALFORMED, 415,
                                "a message of the Handle protocol is posted with Content-Type "
                                "application/x-hdl-message");
        } else {
            wrong_method(c, r.allowed);
        }
        return ONYM_HTTP_NOW;
    }
    if (r.route == ONYM_ROUTE_NONE) {
        no_such_path(c);
        return ONYM_HTTP_NOW;
    }
    if ((r.allowed & r.method) == 0) {
        wrong_method(c, r.allowed);
        return ONYM_HTTP_NOW;
    }
    return take_callback(c, &r) && onym_routes_parameters(c, &r) == ONYM_ROUTES_ON ? serve(c, &r)
                                                                                   : ONYM_HTTP_NOW;
}
