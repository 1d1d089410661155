/* Between the files of service/routes*. */
#ifndef ONYM_SERVICE_ROUTES_PRIV_H
#define ONYM_SERVICE_ROUTES_PRIV_H

#include "service/routes.h"

/* What a step of answering came to. */
enum onym_routes_step {
    ONYM_ROUTES_ON,       /* go on */
    ONYM_ROUTES_ANSWERED, /* an error was said */
    ONYM_ROUTES_LATER     /* the backend works */
};

/* Proves who asks, when the connection and the node can: *identity is empty for a request without
 * credentials, and always on plain HTTP or without a backend. */
enum onym_routes_step onym_routes_login(struct onym_http_call *call,
                                        struct onym_identity *identity);

/* 402: over TLS with a backend 401 and how to prove oneself, else 403. */
void onym_routes_need_login(struct onym_http_call *call, onym_span handle);

/* Whether that is the media type of the body; and what is said when it ought to be JSON. */
bool onym_routes_has_type(const struct onym_http1_request *request, const char *type);
#define ONYM_ROUTES_NOT_JSON "the body is not application/json, or its Content-Type does not say so"

/* The request's credentials, not checked: of the header; on the session resource, without one, of
 * the body or the query. Statuses of onym_http_auth_read. */
ONYM_MUST_USE enum onym_status onym_routes_read_credentials(struct onym_http_call *call,
                                                            struct onym_http_credentials *out,
                                                            const char **why);

/* The request's credentials, not checked. False: there are none, or they cannot be read. */
bool onym_routes_credentials(struct onym_http_call *call, struct onym_http_credentials *out);

/* Decodes the name of the path: valid UTF-8 of 1 to ONYM_NAME_LEN_MAX bytes, or an error is said.
 */
enum onym_routes_step onym_routes_name(struct onym_http_call *call, onym_span raw, onym_span *name);

/* The path of an identifier under /api/v1, such that it leads back to it. */
void onym_routes_put_path(struct onym_writer *w, onym_span name);

/* Records for core/authz.h out of the view. */
struct onym_record_source onym_routes_source(struct onym_http_call *call);

/* Writes name, which ends in a quote, the time as text, and a quote. */
void onym_routes_put_time(struct onym_writer *w, const char *name, uint64_t epoch_ms);

/* Whether every parameter of a GET under /api/v1 is one of that path, comes once where it has one
 * value, and a flag is true or false; or an error is said. */
enum onym_routes_step onym_routes_parameters(struct onym_http_call *call,
                                             const struct onym_routed *routed);

/* GET of a record, both mouths. */
enum onym_http_when onym_routes_read(struct onym_http_call *call, const struct onym_routed *routed);

/* PUT, POST and DELETE of a record, both mouths. */
enum onym_http_when onym_routes_write(struct onym_http_call *call,
                                      const struct onym_routed *routed);

/* If-Match and If-None-Match of a change of a record, both mouths, in op->expect and what goes with
 * it; or an error is said. */
enum onym_routes_step onym_routes_conditions(struct onym_http_call *call, struct onym_operation *op,
                                             onym_span echo);

/* Whether the writer may have the change: no bad Idempotency-Key and, under /api/v1, no parameter
 * that would be passed over; or an error is said. */
enum onym_routes_step onym_routes_once(struct onym_http_call *call, onym_span echo);

/* For changes that follow none of these, so that nobody believes himself safe; or an error is said.
 * No If-Match and no If-None-Match; no Idempotency-Key, with the reason; neither
 * these nor, under /api/v1, a parameter but pretty. */
enum onym_routes_step onym_routes_no_conditions(struct onym_http_call *call, onym_span echo);
enum onym_routes_step onym_routes_no_key(struct onym_http_call *call, const char *why);
enum onym_routes_step onym_routes_bare(struct onym_http_call *call, const char *why_no_key);

/* Hands an operation whose form is checked to the writer; echo is the identifier as asked for.
 * Answers at once over plain HTTP and for what onym_routes_once refuses. */
enum onym_http_when onym_routes_submit(struct onym_http_call *call, struct onym_operation *op,
                                       const struct onym_identity *identity, onym_span echo);

/* The list of that kind, both mouths: identifiers under a prefix, or homed prefixes. */
enum onym_http_when onym_routes_list(struct onym_http_call *call, enum onym_kind kind);

/* What happened to an identifier. */
enum onym_http_when onym_routes_history(struct onym_http_call *call,
                                        const struct onym_routed *routed);

/* Homes a prefix or lets it go, both mouths; and what is said when it was done. */
enum onym_http_when onym_routes_prefix(struct onym_http_call *call,
                                       const struct onym_routed *routed);
void onym_routes_prefix_done(struct onym_http_call *call, const struct onym_http_result *result,
                             onym_span name);
/* POST of many records. LATER with the stage ROWS when it has begun. */
enum onym_http_when onym_routes_batch(struct onym_http_call *call);

/* POST of a message. */
void onym_routes_tunnel(struct onym_http_call *call);

/* The paths that need no record. */
void onym_routes_site(struct onym_http_call *call);
void onym_routes_status(struct onym_http_call *call);
void onym_routes_contract(struct onym_http_call *call);
void onym_routes_redirect(struct onym_http_call *call);
void onym_routes_options(struct onym_http_call *call, unsigned allowed);
enum onym_http_when onym_routes_verification(struct onym_http_call *call,
                                             const struct onym_routed *routed);

/* /api/sessions[/this]. */
enum onym_http_when onym_routes_sessions(struct onym_http_call *call,
                                         const struct onym_routed *routed);

/* Link: the request's own target with another cursor. */
void onym_routes_link(struct onym_http_call *call, onym_span cursor);

/* /api/v1/tokens[/{id}], and the answer once it is done. */
enum onym_http_when onym_routes_tokens(struct onym_http_call *call,
                                       const struct onym_routed *routed);
void onym_routes_token_changed(struct onym_http_call *call, const struct onym_routed *routed,
                               const struct onym_http_result *result);

/* What an operator tells the running node. */
enum onym_http_when onym_routes_control(struct onym_http_call *call);

/* Says what is wrong with a body of JSON. */
enum onym_routes_step onym_routes_json_error(struct onym_http_call *call, enum onym_status status,
                                             const struct onym_json_error *error);

/* Sets Allow. */
void onym_routes_allow(struct onym_http_call *call, unsigned allowed);

#endif
