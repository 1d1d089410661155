#include "core/token_check.h"
#include "service/http_auth_form.h"
#include "service/http_query.h"
#include "service/http_sender.h"
#include "service/routes_priv.h"
#include "wire/json_write.h"

#define CHALLENGE_MAX 512U
#define BASIC         "Basic realm=\"handle\""
/* The same for every login that fails: it tells nothing of what is registered. */
#define BASIC_HINT                                                                                 \
    "Identity not verified; the user name is INDEX:HANDLE of an HS_SECKEY value, percent-encoded " \
    "as in 301%3A0.NA/88.300.15907, and the password its secret"

static bool
can_login(const struct onym_http_call *c)
{
    return c->connection->caller.tls && c->service->backend != NULL;
}

/* Two headers, as the reference server sends them: the session, and Basic. */
static void
put_challenge(struct onym_http_call *c, onym_span challenge, const char *error)
{
    uint8_t memory[CHALLENGE_MAX + 128];
    struct onym_writer w = onym_writer_over(memory, sizeof memory);
    onym_span first = challenge.len > 0 ? challenge : onym_span_text(BASIC);

    onym_writer_bytes(&w, first);
    if (error != NULL) {
        onym_json_put(&w, ", error=\"");
        onym_json_put(&w, error);
        onym_json_put(&w, "\"");
    }
    onym_http_put_header(c, "WWW-Authenticate",
                         w.status == ONYM_OK ? onym_writer_written(&w) : onym_span_text(BASIC));
    if (challenge.len > 0 && error == NULL) {
        onym_http_put_header(c, "WWW-Authenticate", onym_span_text(BASIC));
    }
}

/* How to prove oneself, for who has shown a certificate and is nobody all the same too. */
static const char *
what_to_do(const struct onym_http_call *c)
{
    if (!can_login(c)) {
        return "prove who you are, over HTTPS";
    }
    if (c->connection->caller.client_key.len == 0) {
        return "prove who you are";
    }
    if (!onym_http_certificate_counts(c->request)) {
        return "prove who you are; in a request of a web page, a form or a proxy a client "
               "certificate counts only with Authorization: Handle clientCert=\"true\"";
    }
    return c->login != NULL && c->login->status != ONYM_OK
               ? "prove who you are; the subject of the client certificate names no INDEX:HANDLE "
                 "here whose HS_PUBKEY value is its key"
               : "prove who you are";
}

void
onym_routes_need_login(struct onym_http_call *c, onym_span handle)
{
    char text[CHALLENGE_MAX];
    bool can = can_login(c);
    const char *detail = c->mouth == ONYM_HTTP_FACADE ? "" : what_to_do(c);

    if (can) {
        size_t len = c->service->backend->challenge(c->service->backend->of, &c->connection->caller,
                                                    text, sizeof text);

        put_challenge(c, onym_span_of(text, len), NULL);
    }
    onym_http_fail(c, &(struct onym_http_error){.status = ONYM_AUTH_NEEDED,
                                                .http = can ? 0 : 403,
                                                .detail = onym_span_text(detail),
                                                .handle = handle});
}

/* Credentials that fail stop a request before it is looked at (proto/handle-rest.md section 4). */
static enum onym_routes_step
login_failed(struct onym_http_call *c, enum onym_status status, onym_span challenge,
             const char *why, const char *detail)
{
    if (onym_status_http(status) != 401) {
        bool limited = c->login != NULL && c->login->limited;

        onym_http_fail_text(c, status, limited ? 429 : 0,
                            limited ? "too many failed logins from this address" : "");
        return ONYM_ROUTES_ANSWERED;
    }
    put_challenge(c, challenge, why);
    if (c->mouth == ONYM_HTTP_FACADE) {
        c->status = 401;
        c->outcome = status;
        c->type = NULL;
    } else {
        onym_http_fail_text(c, status, 0, detail);
    }
    return ONYM_ROUTES_ANSWERED;
}

/* What a token must be for, by what is asked. Whether it is for this identifier is decided with the
 * other rights (core/authz.h). */
static const char *
scope_needed(struct onym_http_call *c, unsigned *bits)
{
    struct onym_routed r = c->routed;

    if (r.route == ONYM_ROUTE_TOKENS || (r.route == ONYM_ROUTE_V1_PREFIX) ||
        r.route == ONYM_ROUTE_PREFIX) {
        *bits = ONYM_SCOPE_ADMIN;
        return "admin";
    }
    if (r.route == ONYM_ROUTE_CONTROL) {
        *bits = ONYM_SCOPE_OPERATE;
        return "operate";
    }
    if (r.method == ONYM_METHOD_GET) {
        bool one = r.route == ONYM_ROUTE_IDENTIFIER || r.route == ONYM_ROUTE_HANDLE;

        *bits = ONYM_SCOPE_READ | (one ? ONYM_SCOPE_REGISTER : 0U);
        return "read";
    }
    *bits = ONYM_SCOPE_REGISTER;
    return "register:PREFIX";
}

static enum onym_routes_step
check_scope(struct onym_http_call *c, const struct onym_identity *identity)
{
    uint8_t memory[128];
    struct onym_writer w = onym_writer_over(memory, sizeof memory);
    unsigned bits = 0;
    const char *name = scope_needed(c, &bits);

    if (onym_scope_has(&identity->scope, bits)) {
        return ONYM_ROUTES_ON;
    }
    onym_json_put(&w, "Bearer realm=\"onym\", error=\"insufficient_scope\", scope=\"");
    onym_json_put(&w, name);
    onym_json_put(&w, "\"");
    onym_http_put_header(c, "WWW-Authenticate", onym_writer_written(&w));
    onym_http_fail_text(c, ONYM_NO_PERMISSION, 0, "outside the scopes of the token");
    return ONYM_ROUTES_ANSWERED;
}

enum onym_status
onym_routes_read_credentials(struct onym_http_call *c, struct onym_http_credentials *out,
                             const char **why)
{
    struct onym_arena *arena = c->service->arena;
    enum onym_status status = onym_http_auth_read(c->request->fields, arena, out, why);

    if (status != ONYM_OK || out->scheme != ONYM_HTTP_NO_CREDENTIALS ||
        c->routed.route != ONYM_ROUTE_SESSIONS) {
        return status;
    }
    if (c->content.len == 0) {
        return onym_http_auth_read_form(c->request->query, arena, out, why);
    }
    return onym_routes_has_type(c->request, "application/json")
               ? onym_http_auth_read_json(c->content, arena, out, why)
               : onym_http_auth_read_form(c->content, arena, out, why);
}

bool
onym_routes_credentials(struct onym_http_call *c, struct onym_http_credentials *out)
{
    const char *why;

    return onym_routes_read_credentials(c, out, &why) == ONYM_OK &&
           out->scheme != ONYM_HTTP_NO_CREDENTIALS;
}

/* Reading an identifier asks for nobody but where private values are wanted: a client that shows
 * its certificate everywhere reads what everybody may, and is not refused what it may not. */
static bool
needs_somebody(const struct onym_http_call *c)
{
    bool reads = c->routed.method == ONYM_METHOD_GET &&
                 (c->routed.route == ONYM_ROUTE_IDENTIFIER || c->routed.route == ONYM_ROUTE_HANDLE);

    return !reads || !onym_http_flag(c->request->query, "publicOnly", true);
}

/* What the request has to show. ON: credentials, or none. */
static enum onym_routes_step
gather_credentials(struct onym_http_call *c, struct onym_http_credentials *out)
{
    bool is_session = c->routed.route == ONYM_ROUTE_SESSIONS;
    enum onym_status status = ONYM_OK;
    const char *why;

    out->scheme = ONYM_HTTP_NO_CREDENTIALS; /* and nothing else of it is looked at */
    if (onym_http1_may_have(c->request, "authorization") || is_session) {
        status = onym_routes_read_credentials(c, out, &why);
    }
    if (status != ONYM_OK) {
        return login_failed(c, status == ONYM_MALFORMED ? ONYM_AUTH_FAILED : status,
                            onym_span_of(NULL, 0), why, why);
    }
    if (out->scheme == ONYM_HTTP_NO_CREDENTIALS && c->connection->caller.client_key.len > 0 &&
        !is_session && needs_somebody(c) && onym_http_certificate_counts(c->request)) {
        *out = (struct onym_http_credentials){.scheme = ONYM_HTTP_CERTIFICATE, .unasked = true};
    }
    return ONYM_ROUTES_ON;
}

/* Asks the backend, once. ON: c->login is its answer. */
static enum onym_routes_step
prove(struct onym_http_call *c, const struct onym_http_credentials *credentials)
{
    const struct onym_http_backend *backend = c->service->backend;
    struct onym_http_login *login;

    if (c->login != NULL) {
        return ONYM_ROUTES_ON;
    }
    login = onym_arena_take(c->service->arena, sizeof *login);
    if (login == NULL) {
        return login_failed(c, ONYM_NO_SPACE, onym_span_of(NULL, 0), "", "");
    }
    memset(login, 0, sizeof *login);
    if (backend->authenticate(backend->of, &c->connection->caller, credentials, login) ==
        ONYM_HTTP_LATER) {
        c->connection->stage = ONYM_HTTP_LOGIN;
        return ONYM_ROUTES_LATER;
    }
    c->login = login;
    return ONYM_ROUTES_ON;
}

static enum onym_routes_step
refuse_login(struct onym_http_call *c, const struct onym_http_credentials *credentials)
{
    const char *usual = "Identity not verified";
    const char *detail = credentials->scheme == ONYM_HTTP_BASIC ? BASIC_HINT : usual;

    return c->login->why != NULL
               ? login_failed(c, c->login->status, c->login->challenge, "invalid_token",
                              c->login->why)
               : login_failed(c, c->login->status, c->login->challenge, usual, detail);
}

enum onym_routes_step
onym_routes_login(struct onym_http_call *c, struct onym_identity *identity)
{
    struct onym_http_credentials credentials;
    enum onym_routes_step step;

    *identity = (struct onym_identity){.index = 0};
    if (!can_login(c) || c->callback.len > 0) { /* service/http_jsonp.h says why */
        return ONYM_ROUTES_ON;
    }
    if (c->connection->caller.local) {
        *identity = (struct onym_identity){.handle = onym_span_text(ONYM_OPERATOR_NAME),
                                           .index = c->connection->caller.user,
                                           .is_server_admin = true};
        return ONYM_ROUTES_ON;
    }
    step = gather_credentials(c, &credentials);
    if (step != ONYM_ROUTES_ON || credentials.scheme == ONYM_HTTP_NO_CREDENTIALS) {
        return step;
    }
    if (credentials.scheme == ONYM_HTTP_BASIC && c->routed.method == ONYM_METHOD_POST &&
        onym_http_from_other_site(c->request)) {
        onym_http_fail_text(c, ONYM_NO_PERMISSION, 0,
                            "a page of another site sent it, with the password that the browser "
                            "keeps");
        return ONYM_ROUTES_ANSWERED;
    }
    step = prove(c, &credentials);
    if (step != ONYM_ROUTES_ON) {
        return step;
    }
    if (c->login->status != ONYM_OK) {
        /* a certificate may be shown for other reasons: its holder is then a stranger */
        return credentials.unasked && onym_status_http(c->login->status) == 401
                   ? ONYM_ROUTES_ON
                   : refuse_login(c, &credentials);
    }
    *identity = c->login->identity;
    return check_scope(c, identity);
}

static enum onym_status
find_record(void *of, onym_span folded, struct onym_record *out)
{
    return onym_view_record(of, ONYM_KIND_HANDLE, folded, out);
}

struct onym_record_source
onym_routes_source(struct onym_http_call *c)
{
    /* the view is only read through it */
    const struct onym_view *view = c->service->answerer->resolver.view;

    return (struct onym_record_source){.record = find_record, .of = (void *)(uintptr_t)view};
}
