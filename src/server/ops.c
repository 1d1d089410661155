#include "server/ops.h"

#include "base/clock.h"
#include "net/tcp.h"
#include "server/changes.h"
#include "server/secure.h"
#include "server/stats.h"
#include "service/ops.h"

#include "version.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define CONNECTIONS_MAX 64U
#define IDLE_MS         10000U
#define KEPT_BYTES      ((size_t)4 << 20)
/* A loop that has not turned for this long is taken for stuck. */
#define STUCK_NS 10000000000U

struct onym_ops {
    const struct onym_node *node;
    struct onym_worker *const *workers;
    size_t worker_count;
    struct onym_tcp *tcp;
    bool stopping;
    struct onym_counters counters; /* of this listener */
    const struct onym_counters *all[ONYM_WORKERS_MAX + 1];
    uint8_t reply[ONYM_OPS_REPLY_MAX];
};

static size_t
live(void *of, struct onym_ops_check *out)
{
    const struct onym_ops *ops = of;
    uint64_t now = onym_clock_monotonic_ns();

    out->name = "loops";
    out->ok = true;
    for (size_t i = 0; i < ops->worker_count; i++) {
        uint64_t ticked = onym_worker_ticked_ns(ops->workers[i]);

        if (now > ticked && now - ticked > STUCK_NS) {
            out->ok = false;
            (void)snprintf(out->detail, sizeof out->detail,
                           "worker %zu has not turned for %" PRIu64 " s", i,
                           (now - ticked) / 1000000000U);
            return 1;
        }
    }
    (void)snprintf(out->detail, sizeof out->detail, "%zu workers turn", ops->worker_count);
    return 1;
}

static size_t
ready(void *of, struct onym_ops_check *out)
{
    const struct onym_ops *ops = of;
    struct onym_env_stat stat;

    out[0] = (struct onym_ops_check){.name = "running", .ok = !ops->stopping};
    (void)snprintf(out[0].detail, sizeof out[0].detail, "%s",
                   ops->stopping ? "the node is stopping" : "");
    out[1] = (struct onym_ops_check){.name = "store"};
    out[1].ok = onym_env_stat(ops->node->env, &stat) == ONYM_OK;
    if (out[1].ok) {
        (void)snprintf(out[1].detail, sizeof out[1].detail,
                       "%" PRIu64 " identifiers, %" PRIu64 " prefixes", stat.handles,
                       stat.prefixes);
    } else {
        (void)snprintf(out[1].detail, sizeof out[1].detail, "the store does not answer");
    }
    return 2 + live(of, out + 2);
}

void
onym_ops_measure(struct onym_ops *ops, struct onym_metrics *out)
{
    struct onym_env_stat stat;

    *out = (struct onym_metrics){.workers = ops->all,
                                 .worker_count = ops->worker_count + 1,
                                 .log_dropped = onym_log_dropped(ops->node->log),
                                 .start_epoch_ms = ops->node->started_epoch_ms,
                                 .version = ONYM_BUILD_VERSION,
                                 .revision = ONYM_REVISION};
    out->certificate_expiry_s[ONYM_LISTENER_HANDLE_TLS] = onym_secure_expiry_s(ops->node->secure);
    if (ops->node->settings.https.count > 0) {
        out->certificate_expiry_s[ONYM_LISTENER_HTTPS] = onym_secure_expiry_s(ops->node->secure);
    }
    if (ops->node->changes != NULL) {
        out->changes = onym_changes_counters(ops->node->changes);
    }
    out->has_store = onym_env_stat(ops->node->env, &stat) == ONYM_OK;
    if (out->has_store) {
        out->identifiers = stat.handles;
        out->prefixes = stat.prefixes;
        out->map_used_bytes = stat.map_used;
        out->map_size_bytes = stat.map_size;
    }
    if (ops->tcp != NULL) {
        onym_stats_copy(onym_tcp_stats(ops->tcp), &ops->counters, ONYM_LISTENER_OPS);
    }
    onym_process_sample(&out->process);
}

static void
measure(void *of, struct onym_metrics *out)
{
    onym_ops_measure(of, out);
}

/* The connection's HTTP state is larger than what a connection keeps, so it hangs from it. */
static struct onym_ops_connection **
state_of(struct onym_tcp_connection *connection)
{
    return onym_tcp_state(connection);
}

static size_t
on_bytes(void *user, struct onym_tcp_connection *connection, onym_span bytes)
{
    struct onym_ops *ops = user;
    struct onym_ops_connection **http = state_of(connection);
    struct onym_ops_source source = {.of = ops, .live = live, .ready = ready, .metrics = measure};
    enum onym_ops_verdict verdict;
    size_t given = bytes.len;

    if (*http == NULL) {
        *http = malloc(sizeof **http);
        if (*http == NULL) {
            onym_tcp_finish(connection);
            return given;
        }
        onym_ops_connection_init(*http);
    }
    do { /* a torn request is kept by its connection, so all bytes are used */
        struct onym_ops_reply reply = {.buffer = ops->reply, .cap = sizeof ops->reply};

        if (onym_tcp_congested(connection)) {
            break;
        }
        verdict = onym_ops_feed(*http, &bytes, &source, onym_clock_epoch_s(), &reply);
        if (verdict != ONYM_OPS_MORE) {
            struct iovec part = {.iov_base = ops->reply + (reply.bytes.at - ops->reply),
                                 .iov_len = reply.bytes.len};

            onym_tcp_send(connection, onym_span_of(NULL, 0), &part, 1);
            onym_tcp_flush(connection); /* the next answer uses the same buffer */
            onym_tcp_touch(connection);
            onym_counter_add(&ops->counters.http_requests[ONYM_LISTENER_OPS][reply.status / 100],
                             1);
        }
        if (verdict == ONYM_OPS_REPLY_CLOSE) {
            onym_tcp_finish(connection);
            bytes.len = 0;
        }
    } while (verdict == ONYM_OPS_REPLY && bytes.len > 0);
    return given - bytes.len;
}

static void
on_closed(void *user, struct onym_tcp_connection *connection)
{
    (void)user;
    free(*state_of(connection));
}

enum onym_status
onym_ops_open(uv_loop_t *loop, const struct onym_node *node, struct onym_worker *const *workers,
              size_t count, struct onym_ops **out, struct onym_fault *fault)
{
    static const struct onym_tcp_handlers handlers = {.bytes = on_bytes, .closed = on_closed};
    const struct onym_tcp_limits limits = {.connections = CONNECTIONS_MAX,
                                           .idle_ms = IDLE_MS,
                                           .kept_bytes = KEPT_BYTES,
                                           .seed = node->seed};
    struct onym_ops *ops = aligned_alloc(64, (sizeof *ops + 63U) & ~(size_t)63U);
    enum onym_status status = ONYM_OK;

    if (ops == NULL) {
        return onym_fault_set(fault, ONYM_NO_MEMORY, "no memory for the operators' listener");
    }
    memset(ops, 0, sizeof *ops);
    ops->node = node;
    ops->workers = workers;
    ops->worker_count = count;
    for (size_t i = 0; i < count; i++) {
        ops->all[i] = onym_worker_counters(workers[i]);
    }
    ops->all[count] = &ops->counters;
    *out = ops;
    if (node->settings.ops.count > 0) {
        status = onym_tcp_new(loop, &handlers, ops, &limits, &ops->tcp);
        if (status != ONYM_OK) {
            return onym_fault_set(fault, status, "no memory for the operators' listener");
        }
    }
    for (size_t i = 0; i < node->settings.ops.count && status == ONYM_OK; i++) {
        status = onym_tcp_listen(ops->tcp, (const struct sockaddr *)&node->settings.ops.item[i].at,
                                 fault);
    }
    return status;
}

void
onym_ops_stopping(struct onym_ops *ops)
{
    if (ops != NULL) {
        ops->stopping = true;
    }
}

void
onym_ops_close(struct onym_ops *ops)
{
    if (ops != NULL && ops->tcp != NULL) {
        onym_tcp_stop(ops->tcp);
    }
}

void
onym_ops_free(struct onym_ops *ops)
{
    if (ops != NULL) {
        onym_tcp_free(ops->tcp);
        free(ops);
    }
}
