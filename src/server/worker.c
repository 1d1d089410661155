#include "server/worker.h"

#include "base/clock.h"
#include "base/process.h"
#include "net/address.h"
#include "net/tcp.h"
#include "server/admin.h"
#include "server/damaged.h"
#include "server/packets.h"
#include "server/secure.h"
#include "server/stats.h"
#include "server/streams.h"
#include "server/warm.h"
#include "server/web.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ARENA_BYTES      ((size_t)1 << 20)
#define TCP_KEPT_BYTES   ((size_t)64 << 20)
#define REOPEN_PAUSE_MS  100U
#define STOPPING_TICK_MS 5U

struct onym_worker {
    const struct onym_node *node;
    unsigned index;
    uv_loop_t loop;
    uv_async_t stop_signal;
    uv_async_t quiet_signal;
    uv_timer_t tick;
    uv_mutex_t quiet_lock; /* over ended and quiet_asked */
    uv_sem_t quiet, resume;
    bool quiet_asked;
    uv_thread_t thread;
    bool loop_ready, started, stopping;
    bool quieted;       /* of the thread that asked for quiet */
    int stop_asked;     /* atomic: 0 no, 1 gracefully, 2 now */
    int ended;          /* atomic */
    uint64_t ticked_ns; /* atomic */
    struct onym_view *view;
    struct onym_answerer answerer;
    struct onym_warm warm; /* fills the resolver's cache */
    struct onym_packets packets;
    struct onym_streams streams;
    struct onym_admin_post admin;
    struct onym_arena arena;
    struct onym_counters counters;
    struct onym_tcp *tcp;
    struct onym_secure_door door; /* the same protocol inside TLS */
    struct onym_web web;
};

/* ---- TCP ---- */

static size_t
on_bytes(void *user, struct onym_tcp_connection *connection, onym_span bytes)
{
    struct onym_worker *w = user;

    return onym_streams_bytes(&w->streams, &onym_carrier_tcp, connection, bytes);
}

static void
on_turn_begins(void *user, const struct onym_tcp_read *reads, size_t count)
{
    struct onym_worker *w = user;

    onym_streams_turn_begins(&w->streams, reads, count);
}

static void
on_turn_ends(void *user, size_t count)
{
    struct onym_worker *w = user;

    onym_streams_turn_ends(&w->streams, count);
}

static void
on_closed(void *user, struct onym_tcp_connection *connection)
{
    (void)user;
    onym_streams_closed(&onym_carrier_tcp, connection);
}

/* ---- life ---- */

static void let_go_when_idle(struct onym_worker *w);

static void
copy_stats(struct onym_worker *w)
{
    struct onym_counters *c = &w->counters;

    __atomic_store_n(&c->udp_dropped[ONYM_DROP_SEND_FAILED],
                     onym_packets_send_failures(&w->packets), __ATOMIC_RELAXED);
    if (w->tcp != NULL) { /* a start that fails runs the loop once without it */
        onym_stats_copy(onym_tcp_stats(w->tcp), c, ONYM_LISTENER_HANDLE_TCP);
    }
    onym_warm_count(&w->warm, c);
    onym_secure_door_tick(&w->door, c, w->node->log);
    onym_web_tick(&w->web, w->node->log);
}

static void
on_tick(uv_timer_t *timer)
{
    struct onym_worker *w = timer->data;

    __atomic_store_n(&w->ticked_ns, onym_clock_monotonic_ns(), __ATOMIC_RELAXED);
    copy_stats(w);
    onym_damaged_report(&w->answerer, w->counters.corrupt_records, w->node->log);
    let_go_when_idle(w);
}

static void
close_sockets(struct onym_worker *w, bool now)
{
    onym_packets_close(&w->packets);
    if (w->tcp != NULL && now) {
        onym_tcp_abort(w->tcp);
    } else if (w->tcp != NULL) {
        onym_tcp_stop(w->tcp);
    }
    onym_secure_door_stop(&w->door, now);
    onym_web_stop(&w->web, now);
}

/* ---- keeping still while the store is opened anew ---- */

static enum onym_status
open_view(struct onym_worker *w)
{
    enum onym_status status = onym_view_open(w->node->env, &w->view);

    if (status == ONYM_OK) {
        onym_view_release(w->view);
        w->answerer.resolver.view = w->view;
        w->streams.view = w->view;
        w->packets.view = w->view;
        w->warm.view = w->view;
        w->web.view = w->view;
    }
    return status;
}

static void
on_quiet(uv_async_t *async)
{
    struct onym_worker *w = async->data;

    uv_mutex_lock(&w->quiet_lock);
    if (!w->quiet_asked) {
        uv_mutex_unlock(&w->quiet_lock);
        return;
    }
    w->quiet_asked = false;
    uv_mutex_unlock(&w->quiet_lock);
    onym_http_jobs_quiet(&w->web.post.jobs);
    onym_view_close(w->view);
    w->view = NULL;
    uv_sem_post(&w->quiet);
    uv_sem_wait(&w->resume);
    while (open_view(w) != ONYM_OK) {
        /* the store was just opened by the writer: only memory can be short */
        uv_sleep(REOPEN_PAUSE_MS);
    }
    /* generations may be given out again: nothing known of one is good any more */
    memset(&w->answerer.resolver.homed, 0, sizeof w->answerer.resolver.homed);
    onym_http_jobs_resume(&w->web.post.jobs);
    onym_warm_again(&w->warm);
}

void
onym_worker_quiet(struct onym_worker *w)
{
    bool wait;

    uv_mutex_lock(&w->quiet_lock);
    wait = w->started && !onym_worker_ended(w);
    w->quiet_asked = wait;
    uv_mutex_unlock(&w->quiet_lock);
    if (wait) {
        (void)uv_async_send(&w->quiet_signal);
        uv_sem_wait(&w->quiet);
    } else if (w->view != NULL) {
        onym_view_close(w->view);
        w->view = NULL;
    }
    w->quieted = wait;
}

void
onym_worker_resume(struct onym_worker *w)
{
    if (w->quieted) {
        w->quieted = false;
        uv_sem_post(&w->resume);
    }
}

/* After a stop the loop lives on until every request that waits for a proof or a commit has its
 * answer. */
static void
let_go_when_idle(struct onym_worker *w)
{
    if (w->stopping && onym_admin_post_idle(&w->admin) && onym_web_idle(&w->web) &&
        !uv_is_closing((uv_handle_t *)&w->tick)) {
        onym_admin_post_close(&w->admin);
        uv_close((uv_handle_t *)&w->tick, NULL);
        uv_unref((uv_handle_t *)&w->quiet_signal);
        /* the signal itself stays open for a second, harder stop, but keeps the loop no longer */
        uv_unref((uv_handle_t *)&w->stop_signal);
    }
}

static void
on_stop(uv_async_t *async)
{
    struct onym_worker *w = async->data;
    bool now = __atomic_load_n(&w->stop_asked, __ATOMIC_ACQUIRE) == 2;

    copy_stats(w);
    onym_warm_stop(&w->warm);
    close_sockets(w, now);
    w->stopping = true;
    if (!uv_is_closing((uv_handle_t *)&w->tick)) {
        (void)uv_timer_start(&w->tick, on_tick, 0, STOPPING_TICK_MS);
    }
}

static void
run(void *arg)
{
    struct onym_worker *w = arg;
    char name[ONYM_THREAD_NAME_LEN_MAX + 1];
    bool asked;

    (void)snprintf(name, sizeof name, "worker-%u", w->index);
    onym_process_name_thread(name);
    if (!onym_processors_pin(&w->node->processors, w->index)) {
        ONYM_LOG(w->node->log, ONYM_LOG_WARNING, "net", "worker_not_pinned",
                 "the system does not let a worker stay on one processor; node.pin_workers",
                 onym_log_u64("worker", w->index));
    }
    (void)uv_run(&w->loop, UV_RUN_DEFAULT);
    uv_mutex_lock(&w->quiet_lock);
    onym_http_jobs_deinit(&w->web.post.jobs);
    onym_view_close(w->view);
    w->view = NULL;
    asked = w->quiet_asked;
    w->quiet_asked = false;
    __atomic_store_n(&w->ended, 1, __ATOMIC_RELEASE);
    uv_mutex_unlock(&w->quiet_lock);
    if (asked) {
        uv_sem_post(&w->quiet); /* it was asked too late to be heard by the loop */
    }
}

static enum onym_status
open_sockets(struct onym_worker *w, struct onym_fault *fault)
{
    const struct onym_settings *settings = &w->node->settings;
    unsigned workers = settings->workers > 0 ? settings->workers : 1;
    static const struct onym_tcp_handlers handlers = {.bytes = on_bytes,
                                                      .closed = on_closed,
                                                      .keeps_input = true,
                                                      .in_turns = true,
                                                      .turn_begins = on_turn_begins,
                                                      .turn_ends = on_turn_ends};
    struct onym_tcp_limits limits = {.connections = (settings->tcp_connections + workers - 1) /
                                                    workers,
                                     .idle_ms = settings->tcp_idle_s * 1000U,
                                     .kept_bytes = TCP_KEPT_BYTES,
                                     .seed = w->node->seed};
    enum onym_status status = onym_tcp_new(&w->loop, &handlers, w, &limits, &w->tcp);

    if (status != ONYM_OK) {
        return onym_fault_set(fault, status, "no memory for a worker's connections");
    }
    for (size_t i = 0; i < settings->handle_tcp.count && status == ONYM_OK; i++) {
        status = onym_tcp_listen(w->tcp, (const struct sockaddr *)&settings->handle_tcp.item[i].at,
                                 fault);
    }
    if (status == ONYM_OK) {
        status = onym_packets_listen(&w->packets, &w->loop, settings, fault);
    }
    if (status == ONYM_OK) {
        status = onym_secure_door_open(&w->door, &w->loop, w->node, &w->streams, fault);
    }
    if (status == ONYM_OK) {
        struct onym_web_parts parts = {.node = w->node,
                                       .answerer = &w->answerer,
                                       .counters = &w->counters,
                                       .arena = &w->arena,
                                       .loop = &w->loop,
                                       .worker = w->index};

        status = onym_web_open(&w->web, &parts, fault);
    }
    return status;
}

void
onym_worker_site(struct onym_worker *w)
{
    w->answerer.site = onym_span_of(w->node->site, w->node->site_len);
    w->answerer.site_serial = w->node->site_serial;
}

/* Whether reading all of the store leaves half of the machine's memory to what is asked for. */
static bool
is_small(struct onym_env *env)
{
    struct onym_env_stat stat;
    size_t memory = (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);

    return onym_env_stat(env, &stat) == ONYM_OK && stat.map_used <= memory / 2;
}

static enum onym_status
prepare(struct onym_worker *w, struct onym_fault *fault)
{
    const struct onym_settings *settings = &w->node->settings;
    enum onym_status status;

    w->arena.at = malloc(ARENA_BYTES);
    w->arena.cap = ARENA_BYTES;
    if (w->arena.at == NULL || onym_packets_init(&w->packets, settings, w->node->seed, &w->answerer,
                                                 &w->arena, &w->counters) != ONYM_OK) {
        return onym_fault_set(fault, ONYM_NO_MEMORY, "no memory for worker %u", w->index);
    }
    status = open_view(w);
    if (status != ONYM_OK) {
        return onym_fault_set(fault, status, "worker %u cannot read the store: %s", w->index,
                              onym_status_text(status));
    }
    status = onym_digester_new(&w->answerer.digester);
    if (status != ONYM_OK) {
        return onym_fault_set(fault, status,
                              "OpenSSL offers no MD5, SHA-1 or SHA-256; check its configuration");
    }
    onym_worker_site(w);
    w->streams = (struct onym_streams){
        .view = w->view, .answerer = &w->answerer, .counters = &w->counters, .arena = &w->arena};
    status = onym_warm_open(&w->warm, &w->loop, &w->answerer.resolver, w->node->log,
                            settings->cache_size / (settings->workers > 0 ? settings->workers : 1),
                            w->index == 0 && is_small(w->node->env));
    if (status != ONYM_OK) {
        return onym_fault_set(fault, status, "the event loop of worker %u takes no handle",
                              w->index);
    }
    status = onym_admin_post_open(&w->admin, w->node, &w->streams, &w->loop, w->index);
    if (status != ONYM_OK) {
        return onym_fault_set(fault, status, "worker %u cannot take answers of the writer: %s",
                              w->index, onym_status_text(status));
    }
    w->admin.odd_results = onym_web_committed;
    w->admin.odd_of = &w->web;
    w->packets.service.sessions = &w->admin.sessions;
    return ONYM_OK;
}

enum onym_status
onym_worker_new(const struct onym_node *node, unsigned index, struct onym_worker **out,
                struct onym_fault *fault)
{
    struct onym_worker *w = aligned_alloc(64, (sizeof *w + 63U) & ~(size_t)63U);
    enum onym_status status;

    if (w == NULL) {
        return onym_fault_set(fault, ONYM_NO_MEMORY, "no memory for worker %u", index);
    }
    memset(w, 0, sizeof *w);
    w->node = node;
    w->index = index;
    if (uv_loop_init(&w->loop) != 0) {
        free(w);
        return onym_fault_set(fault, ONYM_IO, "no event loop for worker %u", index);
    }
    w->loop_ready = true;
    if (uv_mutex_init(&w->quiet_lock) != 0 || uv_sem_init(&w->quiet, 0) != 0 ||
        uv_sem_init(&w->resume, 0) != 0 ||
        uv_async_init(&w->loop, &w->quiet_signal, on_quiet) != 0 ||
        uv_async_init(&w->loop, &w->stop_signal, on_stop) != 0 ||
        uv_timer_init(&w->loop, &w->tick) != 0) {
        status = onym_fault_set(fault, ONYM_IO, "the event loop of worker %u takes no timer",
                                index);
        goto failed;
    }
    w->stop_signal.data = w;
    w->quiet_signal.data = w;
    w->tick.data = w;
    (void)uv_timer_start(&w->tick, on_tick, 0, ONYM_WORKER_TICK_MS);
    status = prepare(w, fault);
    if (status == ONYM_OK) {
        status = open_sockets(w, fault);
    }
    if (status == ONYM_OK) {
        *out = w;
        return ONYM_OK;
    }
failed:
    onym_worker_free(w);
    return status;
}

void
onym_worker_ports(const struct onym_worker *w, struct onym_settings *settings)
{
    onym_packets_ports(&w->packets, settings);
    for (size_t i = 0; i < settings->handle_tcp.count; i++) {
        onym_address_set_port((struct sockaddr *)&settings->handle_tcp.item[i].at,
                              onym_tcp_port(w->tcp, i));
    }
    onym_secure_door_ports(&w->door, settings);
    onym_web_ports(&w->web, settings);
}

enum onym_status
onym_worker_start(struct onym_worker *w)
{
    __atomic_store_n(&w->ticked_ns, onym_clock_monotonic_ns(), __ATOMIC_RELAXED);
    w->started = uv_thread_create(&w->thread, run, w) == 0;
    return w->started ? ONYM_OK : ONYM_NO_MEMORY;
}

void
onym_worker_stop(struct onym_worker *w, bool now)
{
    __atomic_store_n(&w->stop_asked, now ? 2 : 1, __ATOMIC_RELEASE);
    (void)uv_async_send(&w->stop_signal);
}

static void
close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

void
onym_worker_free(struct onym_worker *w)
{
    if (w == NULL) {
        return;
    }
    if (w->started) {
        (void)uv_thread_join(&w->thread);
    }
    if (w->loop_ready) {
        onym_warm_stop(&w->warm);
        if (w->admin.desk != NULL) {
            onym_admin_post_close(&w->admin);
        }
        close_sockets(w, true);
        (void)uv_run(&w->loop, UV_RUN_NOWAIT);
        uv_walk(&w->loop, close_handle, NULL);
        (void)uv_run(&w->loop, UV_RUN_DEFAULT);
        (void)uv_loop_close(&w->loop);
    }
    onym_tcp_free(w->tcp);
    onym_secure_door_free(&w->door);
    onym_web_free(&w->web);
    onym_view_close(w->view);
    onym_digester_free(w->answerer.digester);
    onym_packets_deinit(&w->packets);
    onym_warm_free(&w->warm);
    free(w->arena.at);
    free(w);
}

bool
onym_worker_ended(const struct onym_worker *w)
{
    return __atomic_load_n(&w->ended, __ATOMIC_ACQUIRE) != 0;
}

const struct onym_counters *
onym_worker_counters(const struct onym_worker *w)
{
    return &w->counters;
}

uint64_t
onym_worker_ticked_ns(const struct onym_worker *w)
{
    return __atomic_load_n(&w->ticked_ns, __ATOMIC_RELAXED);
}
