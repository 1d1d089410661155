#include "server/secure.h"

#include "base/clock.h"
#include "keyring/keyring.h"
#include "net/address.h"
#include "server/stats.h"

#include <stdlib.h>

#define DAY_S          86400U
#define KEPT_BYTES     ((size_t)64 << 20) /* of one worker, ciphertext and plain text each */
#define REPORT_EACH_NS UINT64_C(10000000000)

_Static_assert((int)ONYM_TLS_RESULTS == (int)ONYM_HANDSHAKE_COUNT &&
                   (int)ONYM_TLS_RESUMED == (int)ONYM_HANDSHAKE_RESUMED &&
                   (int)ONYM_TLS_EXPIRED == (int)ONYM_HANDSHAKE_EXPIRED &&
                   (int)ONYM_TLS_VERSIONS == (int)ONYM_TLS_VERSION_COUNT,
               "what net counts is what the metrics show");

struct onym_secure {
    struct onym_tls_context *context;
    struct onym_log *log;
    uint32_t warn_after_s; /* epoch */
};

enum onym_status
onym_secure_open(const struct onym_settings *settings, struct onym_log *log,
                 struct onym_secure **out, struct onym_fault *fault)
{
    struct onym_tls_files files;
    struct onym_secure *secure;
    enum onym_status status;

    *out = NULL;
    if (!onym_keyring_tls(settings, &files)) {
        if (settings->handle_tls.count > 0 || settings->https.count > 0) {
            ONYM_LOG(log, ONYM_LOG_NOTICE, "tls", "tls_off",
                     "without a certificate the TLS listeners stay closed; onymctl init makes one",
                     onym_log_text("key", "tls.certificate_file"));
        }
        return ONYM_OK;
    }
    secure = calloc(1, sizeof *secure);
    if (secure == NULL) {
        return onym_fault_set(fault, ONYM_NO_MEMORY, "no memory for TLS");
    }
    secure->log = log;
    status = onym_tls_context_new(&files, onym_rng_system(), onym_clock_epoch_s(), &secure->context,
                                  fault);
    if (status != ONYM_OK) {
        free(secure);
        return status;
    }
    onym_secure_tick(secure);
    *out = secure;
    return ONYM_OK;
}

enum onym_status
onym_secure_reload(struct onym_secure *secure, const struct onym_settings *fresh,
                   struct onym_fault *fault)
{
    struct onym_tls_files files;
    enum onym_status status;

    (void)onym_keyring_tls(fresh, &files);
    status = onym_tls_context_reload(secure->context, &files, fault);
    if (status == ONYM_OK) {
        secure->warn_after_s = 0;
        onym_secure_tick(secure);
    }
    return status;
}

bool
onym_secure_needs_restart(const struct onym_secure *secure, const struct onym_settings *fresh)
{
    struct onym_tls_files files;

    return (secure != NULL) != onym_keyring_tls(fresh, &files);
}

void
onym_secure_tick(struct onym_secure *secure)
{
    uint32_t now_s = onym_clock_epoch_s();
    uint64_t expiry_s;

    if (secure == NULL) {
        return;
    }
    onym_tls_context_tick(secure->context, now_s);
    expiry_s = onym_tls_context_expiry_s(secure->context);
    if (now_s < secure->warn_after_s || expiry_s > (uint64_t)now_s + ONYM_SECURE_SOON_S) {
        return;
    }
    secure->warn_after_s = now_s + DAY_S;
    if (expiry_s <= now_s) {
        ONYM_LOG(secure->log, ONYM_LOG_ERROR, "tls", "certificate_ended",
                 "the certificate has ended and clients refuse it; renew it and reload",
                 onym_log_u64("ended_s_ago", now_s - expiry_s));
    } else {
        ONYM_LOG(secure->log, ONYM_LOG_WARNING, "tls", "certificate_ends",
                 "the certificate ends soon; renew it and reload",
                 onym_log_u64("days_left", (expiry_s - now_s) / DAY_S));
    }
}

uint64_t
onym_secure_expiry_s(const struct onym_secure *secure)
{
    return secure != NULL ? onym_tls_context_expiry_s(secure->context) : 0;
}

struct onym_tls_context *
onym_secure_context(const struct onym_secure *secure)
{
    return secure->context;
}

void
onym_secure_close(struct onym_secure *secure)
{
    if (secure != NULL) {
        onym_tls_context_free(secure->context);
        free(secure);
    }
}

/* ---- the Handle protocol ---- */

static void
tls_send(void *c, onym_span front, const struct iovec *parts, size_t count)
{
    onym_tls_send(c, front, parts, count);
}

static void
tls_flush(void *c)
{
    onym_tls_flush(c);
}

static bool
tls_congested(void *c)
{
    return onym_tls_congested(c);
}

static void
tls_touch(void *c)
{
    onym_tls_touch(c);
}

static void
tls_finish(void *c)
{
    onym_tls_finish(c);
}

static void
tls_hold(void *c)
{
    onym_tls_hold(c);
}

static void
tls_release(void *c)
{
    onym_tls_release(c);
}

static void
tls_peer(void *c, struct sockaddr_storage *out)
{
    onym_tls_address_of(c, out);
}

static void *
tls_state(void *c)
{
    return onym_tls_state(c);
}

const struct onym_carrier onym_carrier_tls = {.by = ONYM_BY_TLS,
                                              .send = tls_send,
                                              .flush = tls_flush,
                                              .congested = tls_congested,
                                              .touch = tls_touch,
                                              .finish = tls_finish,
                                              .hold = tls_hold,
                                              .release = tls_release,
                                              .peer = tls_peer,
                                              .state = tls_state};

static size_t
on_bytes(void *user, struct onym_tls_connection *connection, onym_span bytes)
{
    return onym_streams_bytes(user, &onym_carrier_tls, connection, bytes);
}

static void
on_closed(void *user, struct onym_tls_connection *connection)
{
    (void)user;
    onym_streams_closed(&onym_carrier_tls, connection);
}

enum onym_status
onym_secure_door_open(struct onym_secure_door *door, uv_loop_t *loop, const struct onym_node *node,
                      struct onym_streams *streams, struct onym_fault *fault)
{
    const struct onym_settings *settings = &node->settings;
    const struct onym_secure *secure = node->secure;
    static const struct onym_tls_handlers handlers = {.bytes = on_bytes, .closed = on_closed};
    unsigned workers = settings->workers > 0 ? settings->workers : 1;
    struct onym_tcp_limits limits = {.connections = (settings->tls_connections + workers - 1) /
                                                    workers,
                                     .idle_ms = settings->tcp_idle_s * 1000U,
                                     .kept_bytes = KEPT_BYTES,
                                     .seed = node->seed};
    enum onym_status status;

    door->listener = ONYM_LISTENER_HANDLE_TLS;
    if (secure == NULL || settings->handle_tls.count == 0) {
        return ONYM_OK;
    }
    status = onym_tls_new(loop, &handlers, streams, &limits, secure->context, &door->tls);
    if (status != ONYM_OK) {
        return onym_fault_set(fault, status, "no memory for a worker's TLS connections");
    }
    for (size_t i = 0; i < settings->handle_tls.count && status == ONYM_OK; i++) {
        status = onym_tls_listen(door->tls,
                                 (const struct sockaddr *)&settings->handle_tls.item[i].at, fault);
    }
    return status;
}

void
onym_secure_door_ports(const struct onym_secure_door *door, struct onym_settings *settings)
{
    for (size_t i = 0; door->tls != NULL && i < settings->handle_tls.count; i++) {
        onym_address_set_port((struct sockaddr *)&settings->handle_tls.item[i].at,
                              onym_tls_port(door->tls, i));
    }
}

static void
report_failures(struct onym_secure_door *door, const struct onym_tls_stats *stats,
                struct onym_log *log)
{
    uint64_t failed = stats->handshakes[ONYM_TLS_FAILED] + stats->handshakes[ONYM_TLS_EXPIRED];
    uint64_t now_ns = onym_clock_monotonic_ns();

    if (failed == door->reported || now_ns < door->report_after_ns) {
        return;
    }
    ONYM_LOG(log, ONYM_LOG_INFO, "tls", "handshakes_failed", "TLS handshakes did not succeed",
             onym_log_u64("count", failed - door->reported),
             onym_log_text("last", stats->last_failure));
    door->reported = failed;
    door->report_after_ns = now_ns + REPORT_EACH_NS;
}

void
onym_secure_door_tick(struct onym_secure_door *door, struct onym_counters *counters,
                      struct onym_log *log)
{
    const struct onym_tls_stats *stats;

    if (door->tls == NULL) {
        return;
    }
    stats = onym_tls_stats(door->tls);
    onym_stats_copy(onym_tls_tcp_stats(door->tls), counters, door->listener);
    for (size_t i = 0; i < ONYM_HANDSHAKE_COUNT; i++) {
        __atomic_store_n(&counters->handshakes[door->listener][i], stats->handshakes[i],
                         __ATOMIC_RELAXED);
    }
    for (size_t i = 0; i < ONYM_TLS_VERSION_COUNT; i++) {
        __atomic_store_n(&counters->tls_versions[door->listener][i], stats->versions[i],
                         __ATOMIC_RELAXED);
    }
    report_failures(door, stats, log);
}

void
onym_secure_door_stop(struct onym_secure_door *door, bool now)
{
    if (door->tls != NULL && now) {
        onym_tls_abort(door->tls);
    } else if (door->tls != NULL) {
        onym_tls_stop(door->tls);
    }
}

void
onym_secure_door_free(struct onym_secure_door *door)
{
    onym_tls_free(door->tls);
    door->tls = NULL;
}
