/* The HTTP API of one worker: joins net/tls (listen.https) and net/tcp (listen.http) to
 * service/http, and brings what the backend answers later back to its connection.
 *
 * A connection that is idle costs its transport and a small link; the machine of some 18 KiB that
 * reads requests hangs from it while one is going on. Nothing is closed by a timer of its own: the
 * transport ends what shows no life for ONYM_WEB_IDLE_MS, and life is the beginning of a request,
 * each ONYM_WEB_PACE bytes of its body, and its answer. */
#ifndef ONYM_SERVER_WEB_H
#define ONYM_SERVER_WEB_H

#include "config/control.h"
#include "server/http_backend.h"
#include "server/secure.h"

#define ONYM_WEB_IDLE_MS 75000U
#define ONYM_WEB_PACE    65536U

struct onym_web;

/* One of the two listeners. */
struct onym_web_door {
    struct onym_web *web;
    const struct onym_carrier *carrier;
    enum onym_by by;
    enum onym_listener listener;
};

struct onym_web {
    struct onym_view *view; /* set again by the worker whenever the store was opened anew */
    struct onym_answerer *answerer;
    struct onym_counters *counters;
    struct onym_http_service service;
    struct onym_http_post post;
    struct onym_http_reply reply;
    struct onym_rng rng, ids;
    struct onym_web_door https, http, control;
    struct onym_secure_door secure; /* listen.https */
    struct onym_tcp *tcp;           /* listen.http; NULL: closed */
    struct onym_tcp *local;         /* listen.control, of the first worker; NULL: closed */
    char control_path[ONYM_CONTROL_PATH_MAX]; /* of the socket; empty: there is none */
    struct onym_http_connection *spare;
};

/* What it is made of; all borrowed. */
struct onym_web_parts {
    const struct onym_node *node;
    struct onym_answerer *answerer;
    struct onym_counters *counters;
    struct onym_arena
        *arena; /* at least ONYM_HTTP_ARENA_MIN; shared with the worker's other work */
    uv_loop_t *loop;
    unsigned worker;
};

/* Opens both listeners where the settings name addresses, listen.https only with a certificate. An
 * unopened struct of zeros is fine for all other functions. ONYM_OK; ONYM_NO_MEMORY, statuses of
 * onym_tcp_listen, with *fault. */
ONYM_MUST_USE enum onym_status
onym_web_open(struct onym_web *web, const struct onym_web_parts *parts, struct onym_fault *fault);

/* Writes the ports that were bound into settings, for addresses with port 0. */
void onym_web_ports(const struct onym_web *web, struct onym_settings *settings);

/* Stores its figures and logs failed handshakes; every tick of the worker. */
void onym_web_tick(struct onym_web *web, struct onym_log *log);

/* A result of the writer whose ticket has an odd id (server/admin.h); `of` is the struct onym_web.
 */
void onym_web_committed(void *of, const struct onym_change_result *result);

/* Whether nothing waits for a proof or a commit. */
bool onym_web_idle(const struct onym_web *web);

/* Stops the listeners and connections, now: without waiting for answers that are due; free when the
 * loop has run out. */
void onym_web_stop(struct onym_web *web, bool now);
void onym_web_free(struct onym_web *web);

#endif
