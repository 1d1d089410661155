#include "server/compose.h"

#include "base/clock.h"
#include "base/rng.h"
#include "keyring/keyring.h"
#include "server/admin.h"
#include "server/http_backend.h"
#include "server/ops.h"
#include "server/orders.h"
#include "server/proofs.h"
#include "server/secure.h"
#include "server/site.h"
#include "server/worker.h"

#include "version.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define READERS_PER_WORKER 2U
#define READERS_SPARE      62U
#define HOUSEKEEPING_MS    10000U
#define STOP_POLL_MS       20U

enum { SIGNAL_TERM, SIGNAL_INT, SIGNAL_HUP, SIGNAL_USR1, SIGNALS };

struct server {
    struct onym_node node;
    const struct onym_config_source *source;
    struct onym_settings configured; /* before counts and ports were filled in */
    uv_loop_t loop;
    uv_signal_t signal[SIGNALS];
    uv_timer_t housekeeping;
    uv_timer_t stop_poll;
    struct onym_worker *worker[ONYM_WORKERS_MAX];
    unsigned workers;
    struct onym_ops *ops;
    struct onym_orders *orders;
    uint64_t stop_deadline_ns; /* 0 = running */
    bool forced;
};

/* ---- stop ---- */

static void
close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

static void
stop_workers(struct server *s, bool now)
{
    for (unsigned i = 0; i < s->workers; i++) {
        onym_worker_stop(s->worker[i], now);
    }
}

/* Nothing is waited for any more but the proofs that are being computed. */
static void
force_stop(struct server *s)
{
    s->forced = true;
    onym_proofs_drop(s->node.proofs);
    stop_workers(s, true);
}

static void
on_stop_poll(uv_timer_t *timer)
{
    struct server *s = timer->data;
    bool all = true;

    for (unsigned i = 0; i < s->workers; i++) {
        all = all && onym_worker_ended(s->worker[i]);
    }
    if (!all && !s->forced && onym_clock_monotonic_ns() >= s->stop_deadline_ns) {
        ONYM_LOG(s->node.log, ONYM_LOG_WARNING, "server", "stop_forced",
                 "connections did not finish in time and are closed");
        force_stop(s);
    }
    if (all) {
        onym_ops_close(s->ops);
        onym_orders_close(s->orders);
        for (unsigned i = 0; i < SIGNALS; i++) {
            close_handle((uv_handle_t *)&s->signal[i], NULL);
        }
        close_handle((uv_handle_t *)&s->housekeeping, NULL);
        close_handle((uv_handle_t *)timer, NULL);
    }
}

static void
begin_stop(struct server *s)
{
    if (s->stop_deadline_ns != 0) {
        force_stop(s);
        return;
    }
    ONYM_LOG(s->node.log, ONYM_LOG_NOTICE, "server", "stopping", "the node stops");
    s->stop_deadline_ns = onym_clock_monotonic_ns() +
                          (uint64_t)s->node.settings.shutdown_ms * 1000000U;
    onym_ops_stopping(s->ops);
    stop_workers(s, false);
    (void)uv_timer_start(&s->stop_poll, on_stop_poll, 0, STOP_POLL_MS);
}

/* ---- signals ---- */

static void
log_summary(struct server *s)
{
    struct onym_metrics m;

    onym_ops_measure(s->ops, &m);
    ONYM_LOG(s->node.log, ONYM_LOG_NOTICE, "server", "summary", "state of the node",
             onym_log_u64("requests", onym_metrics_requests(&m)),
             onym_log_u64("connections", onym_metrics_connections(&m, ONYM_LISTENER_HANDLE_TCP)),
             onym_log_u64("identifiers", m.identifiers), onym_log_u64("prefixes", m.prefixes),
             onym_log_u64("map_used_bytes", m.map_used_bytes),
             onym_log_u64("resident_bytes", m.process.resident_bytes),
             onym_log_u64("log_dropped", m.log_dropped));
}

static void
on_signal(uv_signal_t *signal, int number)
{
    struct server *s = signal->data;

    if (number == SIGHUP) {
        (void)onym_orders_do(s->orders, &(struct onym_http_order){.kind = ONYM_HTTP_RELOAD});
    } else if (number == SIGUSR1) {
        log_summary(s);
    } else {
        begin_stop(s);
    }
}

/* ---- start ---- */

static void
on_housekeeping(uv_timer_t *timer)
{
    struct server *s = timer->data;
    unsigned freed = onym_env_reap_readers(s->node.env);

    onym_secure_tick(s->node.secure);
    if (freed > 0) {
        ONYM_LOG(s->node.log, ONYM_LOG_NOTICE, "store", "readers_reaped",
                 "reader slots of ended processes were freed", onym_log_u64("slots", freed));
    }
}

static unsigned
worker_count(const struct onym_settings *settings)
{
    long cores = settings->workers > 0 ? (long)settings->workers : sysconf(_SC_NPROCESSORS_ONLN);

    if (cores < 1) {
        return 1;
    }
    return cores > (long)ONYM_WORKERS_MAX ? ONYM_WORKERS_MAX : (unsigned)cores;
}

/* Every connection is a descriptor: take what the system lets us have. */
static void
raise_descriptor_limit(struct server *s)
{
    uint64_t wanted = (uint64_t)s->node.settings.tcp_connections + 256;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return;
    }
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur < wanted) {
        ONYM_LOG(s->node.log, ONYM_LOG_NOTICE, "server", "descriptor_limit",
                 "fewer open files are allowed than limits.tcp_connections needs; raise the limit",
                 onym_log_u64("allowed", limit.rlim_cur), onym_log_u64("wanted", wanted));
    }
}

static enum onym_record_digest
set_log_hash(const struct server *s)
{
    return s->node.settings.log_hash == ONYM_LOG_HASH_SM3 ? ONYM_RECORD_SM3 : ONYM_RECORD_SHA256;
}

static enum onym_status
open_store(struct server *s, struct onym_fault *fault)
{
    struct onym_env_options options = {
        .dir = s->node.settings.data_dir,
        .holder = "onymd",
        .map_size = s->node.settings.map_size,
        .seed = s->node.seed,
        .readers_max = s->node.settings.workers * READERS_PER_WORKER + READERS_SPARE,
        .create = true,
        .log_hash = set_log_hash(s)};

    return onym_env_open(&options, &s->node.env, fault);
}

static void
quiet_workers(void *of)
{
    struct server *s = of;

    for (unsigned i = 0; i < s->workers; i++) {
        onym_worker_quiet(s->worker[i]);
    }
}

static void
resume_workers(void *of)
{
    struct server *s = of;

    for (unsigned i = 0; i < s->workers; i++) {
        onym_worker_resume(s->worker[i]);
    }
}

static enum onym_status
open_changes(struct server *s, struct onym_fault *fault)
{
    struct onym_changes_options options = {.env = s->node.env,
                                           .log = s->node.log,
                                           .workers = s->node.settings.workers,
                                           .nice = s->node.settings.registration_nice,
                                           .seed = s->node.seed,
                                           .quiet = quiet_workers,
                                           .resume = resume_workers,
                                           .of = s};
    enum onym_status status = onym_changes_open(&options, &s->node.changes, fault);

    if (status != ONYM_OK) {
        return status;
    }
    status = onym_admin_desk_new(s->node.settings.workers, s->node.changes, &s->node.desk);
    if (status == ONYM_OK) {
        status = onym_http_desk_new(&s->node.settings, s->node.seed, &s->node.http_desk);
    }
    if (status == ONYM_OK) {
        status = onym_proofs_new(s->node.settings.workers, s->node.settings.registration_nice,
                                 s->node.seed, &s->node.proofs);
    }
    return status == ONYM_OK
               ? ONYM_OK
               : onym_fault_set(fault, status,
                                "no memory for challenges, sessions and their threads");
}

static enum onym_status
open_workers(struct server *s, struct onym_fault *fault)
{
    enum onym_status status = ONYM_OK;

    for (unsigned i = 0; i < s->node.settings.workers && status == ONYM_OK; i++) {
        status = onym_worker_new(&s->node, i, &s->worker[i], fault);
        if (status == ONYM_OK) {
            s->workers++;
        }
        if (status == ONYM_OK && i == 0) {
            /* with port 0 the first worker found the ports; the others join it there */
            onym_worker_ports(s->worker[0], &s->node.settings);
            status = onym_site_make(&s->node.settings, s->node.site_key, s->node.site,
                                    sizeof s->node.site, &s->node.site_len, fault);
            onym_worker_site(s->worker[0]);
        }
    }
    return status;
}

static enum onym_status
start_workers(struct server *s, struct onym_fault *fault)
{
    for (unsigned i = 0; i < s->workers; i++) {
        enum onym_status status = onym_worker_start(s->worker[i]);

        if (status != ONYM_OK) {
            return onym_fault_set(fault, status, "no thread for worker %u", i);
        }
    }
    return ONYM_OK;
}

static void
watch_signals(struct server *s)
{
    static const int number[SIGNALS] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};

    (void)signal(SIGPIPE, SIG_IGN);
    for (unsigned i = 0; i < SIGNALS; i++) {
        (void)uv_signal_init(&s->loop, &s->signal[i]);
        s->signal[i].data = s;
        (void)uv_signal_start(&s->signal[i], on_signal, number[i]);
    }
    (void)uv_timer_init(&s->loop, &s->housekeeping);
    (void)uv_timer_init(&s->loop, &s->stop_poll);
    s->housekeeping.data = s;
    s->stop_poll.data = s;
    (void)uv_timer_start(&s->housekeeping, on_housekeeping, HOUSEKEEPING_MS, HOUSEKEEPING_MS);
}

static void
log_listeners(const struct server *s, const char *listener, const struct onym_address_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        ONYM_LOG(s->node.log, ONYM_LOG_INFO, "server", "listening", "a listener is open",
                 onym_log_text("listener", listener),
                 onym_log_address("address", (const struct sockaddr *)&list->item[i].at));
    }
}

static void
log_ready(const struct server *s)
{
    struct onym_env_stat stat = {0};

    log_listeners(s, "handle_udp", &s->node.settings.handle_udp);
    log_listeners(s, "handle_tcp", &s->node.settings.handle_tcp);
    if (s->node.secure != NULL) {
        log_listeners(s, "handle_tls", &s->node.settings.handle_tls);
        log_listeners(s, "https", &s->node.settings.https);
    }
    log_listeners(s, "http", &s->node.settings.http);
    log_listeners(s, "ops", &s->node.settings.ops);
    if (onym_env_stat(s->node.env, &stat) == ONYM_OK && stat.log_hash != set_log_hash(s)) {
        ONYM_LOG(s->node.log, ONYM_LOG_NOTICE, "store", "log_hash_kept",
                 "the store keeps the log hash it was made with; storage.log_hash is for a new one",
                 onym_log_text("log_hash", onym_record_digest_name(stat.log_hash)),
                 onym_log_text("set", onym_record_digest_name(set_log_hash(s))));
    }
    ONYM_LOG(s->node.log, ONYM_LOG_NOTICE, "server", "ready", "the node answers",
             onym_log_text("node", s->node.settings.node_id),
             onym_log_text("version", ONYM_BUILD_VERSION), onym_log_text("revision", ONYM_REVISION),
             onym_log_u64("workers", s->workers), onym_log_text("dir", s->node.settings.data_dir),
             onym_log_u64("identifiers", stat.handles), onym_log_u64("prefixes", stat.prefixes));
}

static enum onym_status
open_all(struct server *s, struct onym_fault *fault)
{
    enum onym_status status = onym_keyring_site(&s->node.settings, &s->node.site_key, fault);

    if (status == ONYM_OK) {
        status = open_store(s, fault);
    }
    if (status == ONYM_OK) {
        status = open_changes(s, fault);
    }
    if (status == ONYM_OK) {
        status = onym_secure_open(&s->node.settings, s->node.log, &s->node.secure, fault);
    }
    if (status == ONYM_OK) {
        status = onym_orders_open(&s->loop, &s->node, s->source, &s->configured, &s->orders, fault);
        s->node.orders = s->orders;
    }
    if (status == ONYM_OK) {
        status = open_workers(s, fault);
    }
    if (status == ONYM_OK) {
        status = onym_ops_open(&s->loop, &s->node, s->worker, s->workers, &s->ops, fault);
    }
    if (status == ONYM_OK) {
        status = start_workers(s, fault);
    }
    return status;
}

/* Before other threads are started: they do as this one. */
static void
share_processors(struct server *s)
{
    if (s->node.settings.pin_workers != 0 &&
        !(onym_processors_share(s->node.settings.workers, &s->node.processors) &&
          onym_processors_keep_off(&s->node.processors))) {
        s->node.processors = (struct onym_processors){0};
        ONYM_LOG(s->node.log, ONYM_LOG_WARNING, "server", "workers_not_pinned",
                 "the system does not say or set which processors a thread uses; "
                 "node.pin_workers is without effect");
    }
}

enum onym_status
onym_serve(const struct onym_settings *settings, const struct onym_config_source *source,
           struct onym_log *log, struct onym_fault *fault)
{
    struct server *s = calloc(1, sizeof *s);
    struct onym_rng rng = onym_rng_system();
    enum onym_status status;

    if (s == NULL || uv_loop_init(&s->loop) != 0) {
        free(s);
        return onym_fault_set(fault, ONYM_NO_MEMORY, "no memory for the main loop");
    }
    s->source = source;
    s->configured = *settings;
    s->node.settings = *settings;
    s->node.settings.workers = worker_count(settings);
    s->node.log = log;
    s->node.seed = onym_rng_u64(&rng);
    s->node.started_epoch_ms = onym_clock_epoch_ms();
    s->node.site_serial = 1;
    raise_descriptor_limit(s);
    share_processors(s);
    watch_signals(s);
    status = open_all(s, fault);
    if (status == ONYM_OK) {
        log_ready(s);
        (void)uv_run(&s->loop, UV_RUN_DEFAULT);
        ONYM_LOG(log, ONYM_LOG_NOTICE, "server", "stopped", "the node has stopped");
    } else {
        stop_workers(s, true);
        onym_ops_close(s->ops);
        onym_orders_close(s->orders);
        uv_walk(&s->loop, close_handle, NULL);
        (void)uv_run(&s->loop, UV_RUN_DEFAULT);
    }
    if (s->node.changes != NULL) {
        onym_changes_stop(
            s->node.changes); /* commits what was taken, while its askers still live */
    }
    for (unsigned i = 0; i < s->workers; i++) {
        onym_worker_free(s->worker[i]);
    }
    onym_changes_close(s->node.changes);
    onym_proofs_free(s->node.proofs);
    onym_admin_desk_free(s->node.desk);
    onym_http_desk_free(s->node.http_desk);
    onym_ops_free(s->ops);
    onym_orders_free(s->orders);
    (void)uv_loop_close(&s->loop);
    onym_secure_close(s->node.secure);
    onym_env_close(s->node.env);
    onym_key_free(s->node.site_key);
    free(s);
    return status;
}
