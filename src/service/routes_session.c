/* /api/sessions: a client opens a session, signs its nonce, and from then on names the session
 * alone. Source: proto/handle-rest.md section 5.3. */
#include "service/routes_priv.h"
#include "wire/json_write.h"

static void
nothing(struct onym_http_call *c, int status, enum onym_status outcome)
{
    c->status = status;
    c->outcome = outcome;
    c->type = NULL;
}

static void
put_session(struct onym_http_call *c, const struct onym_http_session *s, int status,
            enum onym_status outcome)
{
    struct onym_writer *w = &c->body;

    onym_http_json(c, status, outcome);
    onym_json_put(w, "{\"sessionId\":");
    onym_json_put_string(w, onym_span_of(s->id, sizeof s->id));
    onym_json_put(w, ",\"nonce\":");
    onym_json_put_base64(w, ONYM_BASE64_STANDARD, onym_span_of(s->nonce, sizeof s->nonce));
    if (outcome != ONYM_OK) {
        onym_json_put(w, ",\"error\":\"Identity not verified\"");
    } else if (s->proven) {
        uint8_t memory[ONYM_NAME_LEN_MAX + 16];
        struct onym_writer id = onym_writer_over(memory, sizeof memory);

        onym_json_put_u64(&id, s->index);
        onym_json_put(&id, ":");
        onym_writer_bytes(&id, onym_span_of(s->handle, s->handle_len));
        onym_json_put(w, ",\"authenticated\":true,\"id\":");
        onym_json_put_string(w, onym_writer_written(&id));
    }
    onym_json_put(w, "}");
}

static void
open_session(struct onym_http_call *c)
{
    const struct onym_http_backend *backend = c->service->backend;
    struct onym_http_session session;
    enum onym_status status = backend->session_open(backend->of, &c->connection->caller, &session);

    if (status != ONYM_OK) {
        onym_http_fail_text(c, status, 0, "");
        return;
    }
    put_session(c, &session, 201, ONYM_OK);
    onym_http_put_header(c, "Location", onym_span_text("/api/sessions/this"));
}

/* The session the request names, when it lives. */
static bool
find(struct onym_http_call *c, struct onym_http_session *out)
{
    const struct onym_http_backend *backend = c->service->backend;
    struct onym_http_credentials credentials;

    return onym_routes_credentials(c, &credentials) && credentials.scheme == ONYM_HTTP_HANDLE &&
           backend->session_find(backend->of, credentials.session, out);
}

static enum onym_http_when
prove(struct onym_http_call *c)
{
    struct onym_identity identity;
    struct onym_http_session session;
    enum onym_routes_step step = onym_routes_login(c, &identity);

    if (step == ONYM_ROUTES_LATER) {
        return ONYM_HTTP_LATER;
    }
    if (step == ONYM_ROUTES_ANSWERED) {
        if (c->status == 401 && find(c, &session)) {
            put_session(c, &session, 401, c->outcome);
        }
        return ONYM_HTTP_NOW;
    }
    if (find(c, &session)) {
        put_session(c, &session, 200, ONYM_OK);
    } else {
        nothing(c, 403, ONYM_SESSION_UNKNOWN); /* it ended while the proof was looked at */
    }
    return ONYM_HTTP_NOW;
}

enum onym_http_when
onym_routes_sessions(struct onym_http_call *c, const struct onym_routed *r)
{
    const struct onym_http_backend *backend = c->service->backend;
    struct onym_http_session session;

    if (!c->connection->caller.tls) {
        nothing(c, 403, ONYM_AUTH_NEEDED); /* on plain HTTP nobody gets a session */
    } else if (backend == NULL || backend->session_open == NULL) {
        onym_http_fail_text(c, ONYM_UNSUPPORTED, 0, "not served by this version of the node");
    } else if (r->name.len == 0 && r->method == ONYM_METHOD_POST) {
        open_session(c);
    } else if (!onym_span_equal(r->name, onym_span_text("this"))) {
        onym_http_fail_text(c, ONYM_MALFORMED, 404,
                            "the session of a request is /api/sessions/this");
    } else if (!find(c, &session)) {
        nothing(c, 403, ONYM_SESSION_UNKNOWN);
    } else if (r->method == ONYM_METHOD_DELETE) {
        backend->session_end(backend->of, onym_span_of(session.id, sizeof session.id));
        nothing(c, 204, ONYM_OK);
    } else if (r->method == ONYM_METHOD_GET) {
        put_session(c, &session, 200, ONYM_OK);
    } else {
        return prove(c);
    }
    return ONYM_HTTP_NOW;
}
