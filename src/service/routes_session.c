/* /api/sessions: a client opens a session, signs its nonce, and from then on names the session
 * alone. Source: proto/handle-rest.md section 5.3. */
#include "auth/sign.h"
#include "onym/model/message.h"
#include "service/http_auth.h"
#include "service/http_job.h"
#include "service/routes_priv.h"
#include "wire/json_write.h"

#include <stdlib.h>

static void
nothing(struct onym_http_call *c, int status, enum onym_status outcome)
{
    c->status = status;
    c->outcome = outcome;
    c->type = NULL;
}

/* What the node says of a session: everything but the closing brace. */
static void
put_session_open(struct onym_http_call *c, const struct onym_http_session *s, int status,
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
    if (status == 201) {
        onym_http_put_header(c, "Location", onym_span_text("/api/sessions/this"));
    }
}

static void
put_session(struct onym_http_call *c, const struct onym_http_session *s, int status,
            enum onym_status outcome)
{
    put_session_open(c, s, status, outcome);
    onym_json_put(&c->body, "}");
}

/* ---- the node proves itself: its signature over the nonce and the client's own ---- */

struct proof {
    struct onym_http_job job;
    const struct onym_key *key;
    struct onym_http_session session;
    int http; /* status of the answer */
    enum onym_sign_hash hash;
    size_t cnonce_len, len;
    uint8_t cnonce[ONYM_HTTP_CNONCE_MAX];
    uint8_t signature[ONYM_SIGNATURE_LEN_MAX];
};

static void
release(struct onym_http_job *job)
{
    free(job);
}

static bool
sign(struct onym_http_job *job, const struct onym_view *view)
{
    struct proof *p = (struct proof *)(void *)job;
    onym_span parts[] = {onym_span_of(p->session.nonce, sizeof p->session.nonce),
                         onym_span_of(p->cnonce, p->cnonce_len)};
    struct onym_signed_data data = {.parts = parts, .count = 2};

    (void)view;
    p->hash = onym_sign_hash_for(p->key, ONYM_VERSION_OWN);
    job->status = onym_signature_make(p->key, p->hash, &data, p->signature, sizeof p->signature,
                                      &p->len);
    return false;
}

static void
answer(struct onym_http_call *c, struct onym_http_job *job)
{
    struct proof *p = (struct proof *)(void *)job;
    struct onym_writer *w = &c->body;

    put_session_open(c, &p->session, p->http, ONYM_OK);
    onym_json_put(w, ",\"serverAlg\":");
    onym_json_put(w, p->hash == ONYM_SIGN_SM3 ? "\"SM3\"" : "\"SHA256\"");
    onym_json_put(w, ",\"serverSignature\":");
    onym_json_put_base64(w, ONYM_BASE64_STANDARD, onym_span_of(p->signature, p->len));
    onym_json_put(w, "}");
}

/* A cnonce alone; with an id it is an answer, be its signature empty. */
static bool
asks_for_proof(const struct onym_http_credentials *given)
{
    return given->cnonce.len > 0 && given->handle.len == 0 && given->signature.len == 0;
}

/* Tells of the session, with the node's signature when the client asked for it. */
static enum onym_http_when
tell(struct onym_http_call *c, const struct onym_http_session *session, int http,
     const struct onym_http_credentials *given)
{
    struct proof *p;

    if (!asks_for_proof(given) || c->service->site_key == NULL) {
        put_session(c, session, http, ONYM_OK);
        return ONYM_HTTP_NOW;
    }
    p = calloc(1, sizeof *p);
    if (p == NULL) {
        onym_http_fail_text(c, ONYM_NO_MEMORY, 0, "");
        return ONYM_HTTP_NOW;
    }
    p->job = (struct onym_http_job){
        .proves = true, .step = sign, .answer = answer, .release = release};
    p->key = c->service->site_key;
    p->session = *session;
    p->http = http;
    p->cnonce_len = given->cnonce.len;
    memcpy(p->cnonce, given->cnonce.at, given->cnonce.len);
    return onym_http_work(c, &p->job);
}

/* ---- the resource ---- */

static enum onym_http_when
open_session(struct onym_http_call *c)
{
    const struct onym_http_backend *backend = c->service->backend;
    struct onym_http_credentials given;
    struct onym_http_session session;
    const char *why = "";
    enum onym_status status = onym_routes_read_credentials(c, &given, &why);

    if (status == ONYM_OK) {
        status = backend->session_open(backend->of, &c->connection->caller, &session);
    }
    if (status != ONYM_OK) {
        onym_http_fail_text(c, status, 0, why != NULL ? why : "");
        return ONYM_HTTP_NOW;
    }
    return tell(c, &session, 201, &given);
}

/* The session the request names, when it lives. */
static bool
find(struct onym_http_call *c, struct onym_http_credentials *given, struct onym_http_session *out)
{
    const struct onym_http_backend *backend = c->service->backend;

    return onym_routes_credentials(c, given) && given->scheme == ONYM_HTTP_HANDLE &&
           backend->session_find(backend->of, given->session, out);
}

static enum onym_http_when
prove(struct onym_http_call *c)
{
    struct onym_http_credentials given;
    struct onym_identity identity;
    struct onym_http_session session;
    enum onym_routes_step step = onym_routes_login(c, &identity);

    if (step == ONYM_ROUTES_LATER) {
        return ONYM_HTTP_LATER;
    }
    if (step == ONYM_ROUTES_ANSWERED) {
        if (c->status == 401 && find(c, &given, &session)) {
            put_session(c, &session, 401, c->outcome);
        }
        return ONYM_HTTP_NOW;
    }
    if (find(c, &given, &session)) {
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
    struct onym_http_credentials given;
    struct onym_http_session session;
    const char *why;

    if (!c->connection->caller.tls) {
        nothing(c, 403, ONYM_AUTH_NEEDED); /* on plain HTTP nobody gets a session */
    } else if (backend == NULL || backend->session_open == NULL) {
        onym_http_fail_text(c, ONYM_UNSUPPORTED, 0, "not served by this version of the node");
    } else if (r->name.len == 0 && r->method == ONYM_METHOD_POST) {
        return open_session(c);
    } else if (!onym_span_equal(r->name, onym_span_text("this"))) {
        onym_http_fail_text(c, ONYM_MALFORMED, 404,
                            "the session of a request is /api/sessions/this");
    } else if (!onym_http1_may_have(c->request, "authorization") &&
               onym_routes_read_credentials(c, &given, &why) == ONYM_MALFORMED) {
        onym_http_fail_text(c, ONYM_MALFORMED, 0, why);
    } else if (!find(c, &given, &session)) {
        nothing(c, 403, ONYM_SESSION_UNKNOWN);
    } else if (r->method == ONYM_METHOD_DELETE) {
        backend->session_end(backend->of, onym_span_of(session.id, sizeof session.id));
        nothing(c, 204, ONYM_OK);
    } else if (r->method == ONYM_METHOD_GET || asks_for_proof(&given)) {
        return tell(c, &session, 200, &given);
    } else {
        return prove(c);
    }
    return ONYM_HTTP_NOW;
}
