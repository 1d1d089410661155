/* The two transports of the HTTP API: what joins them to its connections, from the start of a
 * worker to its end. */
#include "server/streams.h"
#include "server/web_control.h"
#include "server/web_priv.h"

#include "version.h"

#include <stdlib.h>

#define KEPT_BYTES ((size_t)64 << 20)

static size_t
on_tls_bytes(void *user, struct onym_tls_connection *connection, onym_span bytes)
{
    return onym_web_bytes(user, connection, bytes);
}

static void
on_tls_closed(void *user, struct onym_tls_connection *connection)
{
    onym_web_closed(user, connection);
}

static size_t
on_tcp_bytes(void *user, struct onym_tcp_connection *connection, onym_span bytes)
{
    return onym_web_bytes(user, connection, bytes);
}

static void
on_tcp_closed(void *user, struct onym_tcp_connection *connection)
{
    onym_web_closed(user, connection);
}

static struct onym_tcp_limits
limits_of(const struct onym_node *node)
{
    const struct onym_settings *settings = &node->settings;
    unsigned workers = settings->workers > 0 ? settings->workers : 1;

    return (struct onym_tcp_limits){.connections = (settings->http_connections + workers - 1) /
                                                   workers,
                                    .idle_ms = ONYM_WEB_IDLE_MS,
                                    .kept_bytes = KEPT_BYTES,
                                    .seed = node->seed};
}

static enum onym_status
open_https(struct onym_web *web, const struct onym_web_parts *parts, struct onym_fault *fault)
{
    static const struct onym_tls_handlers handlers = {.bytes = on_tls_bytes,
                                                      .closed = on_tls_closed};
    const struct onym_settings *settings = &parts->node->settings;
    struct onym_tcp_limits limits = limits_of(parts->node);
    enum onym_status status;

    web->secure.listener = ONYM_LISTENER_HTTPS;
    if (parts->node->secure == NULL || settings->https.count == 0) {
        return ONYM_OK;
    }
    status = onym_tls_new(parts->loop, &handlers, &web->https, &limits,
                          onym_secure_context(parts->node->secure), &web->secure.tls);
    if (status != ONYM_OK) {
        return onym_fault_set(fault, status, "no memory for a worker's HTTPS connections");
    }
    for (size_t i = 0; i < settings->https.count && status == ONYM_OK; i++) {
        status = onym_tls_listen(web->secure.tls,
                                 (const struct sockaddr *)&settings->https.item[i].at, fault);
    }
    return status;
}

static enum onym_status
open_http(struct onym_web *web, const struct onym_web_parts *parts, struct onym_fault *fault)
{
    static const struct onym_tcp_handlers handlers = {
        .bytes = on_tcp_bytes, .closed = on_tcp_closed, .keeps_input = true};
    const struct onym_settings *settings = &parts->node->settings;
    struct onym_tcp_limits limits = limits_of(parts->node);
    enum onym_status status;

    if (settings->http.count == 0) {
        return ONYM_OK;
    }
    status = onym_tcp_new(parts->loop, &handlers, &web->http, &limits, &web->tcp);
    if (status != ONYM_OK) {
        return onym_fault_set(fault, status, "no memory for a worker's HTTP connections");
    }
    for (size_t i = 0; i < settings->http.count && status == ONYM_OK; i++) {
        status = onym_tcp_listen(web->tcp, (const struct sockaddr *)&settings->http.item[i].at,
                                 fault);
    }
    return status;
}

enum onym_status
onym_web_open(struct onym_web *web, const struct onym_web_parts *parts, struct onym_fault *fault)
{
    enum onym_status status;

    web->answerer = parts->answerer;
    web->counters = parts->counters;
    web->rng = onym_rng_system();
    /* asking the kernel for each request would cost as much as parsing it */
    web->ids = onym_rng_seeded(onym_rng_u64(&web->rng));
    web->https = (struct onym_web_door){.web = web,
                                        .carrier = &onym_carrier_tls,
                                        .by = ONYM_BY_HTTPS,
                                        .listener = ONYM_LISTENER_HTTPS};
    web->http = (struct onym_web_door){.web = web,
                                       .carrier = &onym_carrier_tcp,
                                       .by = ONYM_BY_HTTP,
                                       .listener = ONYM_LISTENER_HTTP};
    onym_http_post_init(&web->post, parts->node, parts->answerer, parts->counters, parts->worker);
    onym_http_jobs_init(&web->post, parts->loop);
    onym_http_post_open_rows(&web->post, parts->loop);
    onym_web_answer_with(web);
    web->reply.cap = ONYM_HTTP_REPLY_MAX;
    web->reply.buffer = malloc(web->reply.cap);
    if (web->reply.buffer == NULL || onym_http_service_init(&web->service) != ONYM_OK) {
        return onym_fault_set(fault, ONYM_NO_MEMORY, "no memory for the HTTP API of a worker");
    }
    web->service.answerer = parts->answerer;
    web->service.arena = parts->arena;
    web->service.rng = &web->rng;
    web->service.ids = &web->ids;
    web->service.backend = &web->post.backend;
    web->service.version = ONYM_BUILD_VERSION;
    web->service.site_key = parts->node->site_key;
    web->service.jsonp = parts->node->settings.http_jsonp != 0;
    web->service.bodies.seed = onym_rng_u64(&web->rng);
    status = open_https(web, parts, fault);
    if (status == ONYM_OK) {
        status = open_http(web, parts, fault);
    }
    return status == ONYM_OK ? onym_web_control_open(web, parts, fault) : status;
}

bool
onym_web_idle(const struct onym_web *web)
{
    return onym_http_post_idle(&web->post);
}

void
onym_web_free(struct onym_web *web)
{
    onym_secure_door_free(&web->secure);
    onym_tcp_free(web->tcp);
    onym_tcp_free(web->local);
    onym_web_control_remove(web);
    web->tcp = web->local = NULL;
    onym_http_jobs_deinit(&web->post.jobs);
    onym_http_service_deinit(&web->service);
    free(web->spare);
    free(web->reply.buffer);
    web->spare = NULL;
    web->reply.buffer = NULL;
}
