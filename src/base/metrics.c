#include "base/metrics.h"

#include "base/metrics_priv.h"
#include "base/require.h"

#include <inttypes.h>
#include <stdio.h>

#define METRIC_LABEL(name, label) label,
static const char *const listener_label[] = {ONYM_LISTENER_MAP(METRIC_LABEL)};
static const char *const drop_label[] = {ONYM_DROP_MAP(METRIC_LABEL)};
static const char *const lookup_label[] = {ONYM_LOOKUP_MAP(METRIC_LABEL)};
static const char *const close_label[] = {ONYM_CLOSE_MAP(METRIC_LABEL)};
static const char *const handshake_label[] = {ONYM_HANDSHAKE_MAP(METRIC_LABEL)};
static const char *const version_label[] = {ONYM_TLS_VERSION_MAP(METRIC_LABEL)};
static const char *const login_label[] = {ONYM_LOGIN_MAP(METRIC_LABEL)};
static const char *const login_result_label[] = {ONYM_LOGIN_RESULT_MAP(METRIC_LABEL)};
static const char *const register_label[] = {ONYM_REGISTER_MAP(METRIC_LABEL)};
static const char *const registered_label[] = {ONYM_REGISTERED_MAP(METRIC_LABEL)};
#undef METRIC_LABEL
static const char *const transport_label[ONYM_BY_COUNT] = {[ONYM_BY_UDP] = "udp",
                                                           [ONYM_BY_TCP] = "tcp",
                                                           [ONYM_BY_TLS] = "tls",
                                                           [ONYM_BY_HTTPS] = "https",
                                                           [ONYM_BY_HTTP] = "http"};
static const enum onym_listener tls_listener[] = {ONYM_LISTENER_HANDLE_TLS, ONYM_LISTENER_HTTPS};
static const enum onym_listener http_listener[] = {ONYM_LISTENER_HTTPS, ONYM_LISTENER_HTTP,
                                                   ONYM_LISTENER_OPS};
#define TLS_LISTENERS (sizeof tls_listener / sizeof tls_listener[0])

/* Bucket bounds in nanoseconds and, as OpenMetrics wants them written, in seconds. */
static const uint64_t bound_ns[] = {1000,      2500,      5000,      10000,      25000,
                                    50000,     100000,    250000,    500000,     1000000,
                                    2500000,   5000000,   10000000,  25000000,   50000000,
                                    100000000, 250000000, 500000000, 1000000000, 2500000000};
static const char *const bound_text[] = {"1e-06",  "2.5e-06", "5e-06",   "1e-05",  "2.5e-05",
                                         "5e-05",  "0.0001",  "0.00025", "0.0005", "0.001",
                                         "0.0025", "0.005",   "0.01",    "0.025",  "0.05",
                                         "0.1",    "0.25",    "0.5",     "1.0",    "2.5"};
#define BOUNDS (sizeof bound_ns / sizeof bound_ns[0])
_Static_assert(BOUNDS == sizeof bound_text / sizeof bound_text[0], "a text for every bound");

/* One counter over all workers: the index-th of the array that starts at offset. */
static uint64_t
sum(const struct onym_metrics *m, size_t offset, size_t index)
{
    uint64_t total = 0;

    for (size_t i = 0; i < m->worker_count; i++) {
        const uint8_t *block = (const uint8_t *)m->workers[i] + offset;

        total += onym_counter_get((const uint64_t *)(const void *)block + index);
    }
    return total;
}
#define SUM(m, field, index) sum(m, offsetof(struct onym_counters, field), index)

static uint64_t
sum_closed(const struct onym_metrics *m, enum onym_listener listener, size_t reason)
{
    return SUM(m, closed, (size_t)listener * ONYM_CLOSE_COUNT + reason);
}

static uint64_t
sum_requests(const struct onym_metrics *m, size_t by, size_t status)
{
    return SUM(m, requests, by * ONYM_STATUS_COUNT + status);
}

uint64_t
onym_metrics_requests(const struct onym_metrics *metrics)
{
    uint64_t total = 0;

    for (size_t i = 0; i < (size_t)ONYM_BY_COUNT * ONYM_STATUS_COUNT; i++) {
        total += SUM(metrics, requests, i);
    }
    return total;
}

uint64_t
onym_metrics_connections(const struct onym_metrics *metrics, enum onym_listener listener)
{
    uint64_t closed = 0;
    uint64_t accepted;

    /* the ends first: one that comes in between must not make the difference negative */
    for (size_t i = 0; i < ONYM_CLOSE_COUNT; i++) {
        closed += sum_closed(metrics, listener, i);
    }
    accepted = SUM(metrics, accepted, (size_t)listener);
    return accepted > closed ? accepted - closed : 0;
}

static void
render_requests(struct onym_page *p)
{
    onym_page_family(p, ONYM_FAMILY_COUNTER, "onym_resolve_requests", NULL,
                     "Answered requests of the Handle protocol by the response code told.");
    for (size_t by = 0; by < ONYM_BY_COUNT; by++) {
        for (size_t first = 0; first < ONYM_STATUS_COUNT; first++) {
            uint32_t wire = onym_status_wire((enum onym_status)first);
            uint64_t count = 0;
            char code[16];

            if (onym_status_from_wire(wire) != (enum onym_status)first) {
                continue; /* shown with the first status of its code */
            }
            for (size_t i = first; i < ONYM_STATUS_COUNT; i++) {
                if (onym_status_wire((enum onym_status)i) == wire) {
                    count += sum_requests(p->metrics, by, i);
                }
            }
            if (count > 0 || first == ONYM_OK) {
                (void)snprintf(code, sizeof code, "%" PRIu32, wire);
                onym_page_sample(p, "onym_resolve_requests_total",
                                 (const struct onym_page_label[2]){
                                     {"transport", transport_label[by]}, {"code", code}},
                                 count, 0);
            }
        }
    }
}

static void
render_durations(struct onym_page *p)
{
    static const char name[] = "onym_resolve_duration_seconds";

    onym_page_family(p, ONYM_FAMILY_HISTOGRAM, name, "seconds",
                     "From reading a request to handing its answer to the kernel.");
    for (size_t by = 0; by < ONYM_BY_COUNT; by++) {
        const struct onym_page_label transport = {"transport", transport_label[by]};
        uint64_t at_most[BOUNDS] = {0};
        uint64_t count = 0;
        uint64_t total_ns = 0;

        for (size_t i = 0; i < p->metrics->worker_count; i++) {
            const struct onym_histogram *h = &p->metrics->workers[i]->resolve_ns[by];

            count += onym_histogram_cumulate(h, bound_ns, BOUNDS, at_most);
            total_ns += onym_counter_get(&h->sum);
        }
        for (size_t i = 0; i <= BOUNDS; i++) {
            onym_page_sample(p, "onym_resolve_duration_seconds_bucket",
                             (const struct onym_page_label[2]){
                                 transport, {"le", i < BOUNDS ? bound_text[i] : "+Inf"}},
                             i < BOUNDS ? at_most[i] : count, 0);
        }
        onym_page_sample(p, "onym_resolve_duration_seconds_sum",
                         (const struct onym_page_label[2]){transport, {NULL, NULL}}, total_ns, 9);
        onym_page_sample(p, "onym_resolve_duration_seconds_count",
                         (const struct onym_page_label[2]){transport, {NULL, NULL}}, count, 0);
    }
}

/* A counter by listener. UDP has no connections: `from` is the first listener shown. */
static void
render_listeners(struct onym_page *p, const char *name, const char *unit, const char *help,
                 size_t offset, size_t from)
{
    char sample_name[64];
    int len = snprintf(sample_name, sizeof sample_name, "%s_total", name);

    ONYM_REQUIRE(len > 0 && (size_t)len < sizeof sample_name);
    onym_page_family(p, ONYM_FAMILY_COUNTER, name, unit, help);
    for (size_t i = from; i < ONYM_LISTENER_COUNT; i++) {
        onym_page_sample1(p, sample_name, "listener", listener_label[i],
                          sum(p->metrics, offset, i));
    }
}

static void
render_traffic(struct onym_page *p)
{
    onym_page_family(p, ONYM_FAMILY_COUNTER, "onym_udp_dropped", NULL,
                     "Datagrams and fragments left without an answer.");
    for (size_t i = 0; i < ONYM_DROP_COUNT; i++) {
        onym_page_sample1(p, "onym_udp_dropped_total", "reason", drop_label[i],
                          SUM(p->metrics, udp_dropped, i));
    }
    render_listeners(p, "onym_rate_limited", NULL,
                     "Requests over a limit, answered with busy or dropped.",
                     offsetof(struct onym_counters, rate_limited), 0);
    render_listeners(p, "onym_received_bytes", "bytes",
                     "Payload bytes received, without transport headers.",
                     offsetof(struct onym_counters, bytes_in), 0);
    render_listeners(p, "onym_sent_bytes", "bytes",
                     "Payload bytes handed to the kernel, without transport headers.",
                     offsetof(struct onym_counters, bytes_out), 0);
}

static void
render_connections(struct onym_page *p)
{
    const size_t first = ONYM_LISTENER_HANDLE_TCP;

    onym_page_family(p, ONYM_FAMILY_GAUGE, "onym_connections", NULL, "Connections open now.");
    for (size_t i = first; i < ONYM_LISTENER_COUNT; i++) {
        onym_page_sample1(p, "onym_connections", "listener", listener_label[i],
                          onym_metrics_connections(p->metrics, (enum onym_listener)i));
    }
    render_listeners(p, "onym_connections_accepted", NULL, "Connections accepted.",
                     offsetof(struct onym_counters, accepted), first);
    render_listeners(p, "onym_connections_refused", NULL,
                     "Connections closed at once because the limit of open ones was reached.",
                     offsetof(struct onym_counters, refused), first);
    onym_page_family(p, ONYM_FAMILY_COUNTER, "onym_connections_closed", NULL,
                     "Accepted connections ended, by reason.");
    for (size_t i = first; i < ONYM_LISTENER_COUNT; i++) {
        for (size_t reason = 0; reason < ONYM_CLOSE_COUNT; reason++) {
            onym_page_sample(p, "onym_connections_closed_total",
                             (const struct onym_page_label[2]){{"listener", listener_label[i]},
                                                               {"reason", close_label[reason]}},
                             sum_closed(p->metrics, (enum onym_listener)i, reason), 0);
        }
    }
    onym_page_family(p, ONYM_FAMILY_COUNTER, "onym_http_requests", NULL,
                     "HTTP requests answered, by listener and class of status.");
    for (size_t i = 0; i < sizeof http_listener / sizeof http_listener[0]; i++) {
        for (size_t hundred = 2; hundred <= 5; hundred++) {
            const char text[] = {(char)('0' + hundred), 'x', 'x', '\0'};

            onym_page_sample(p, "onym_http_requests_total",
                             (const struct onym_page_label[2]){
                                 {"listener", listener_label[http_listener[i]]}, {"class", text}},
                             SUM(p->metrics, http_requests, (size_t)http_listener[i] * 6 + hundred),
                             0);
        }
    }
}

static void
render_logins(struct onym_page *p)
{
    onym_page_family(p, ONYM_FAMILY_COUNTER, "onym_auth_attempts", NULL,
                     "Credentials shown to the node, by how that ended.");
    for (size_t i = 0; i < ONYM_LOGIN_COUNT; i++) {
        for (size_t k = 0; k < ONYM_LOGIN_RESULTS; k++) {
            onym_page_sample(p, "onym_auth_attempts_total",
                             (const struct onym_page_label[2]){{"method", login_label[i]},
                                                               {"result", login_result_label[k]}},
                             SUM(p->metrics, logins, i * ONYM_LOGIN_RESULTS + k), 0);
        }
    }
}

static void
render_commits(struct onym_page *p, const struct onym_histogram *h)
{
    uint64_t at_most[BOUNDS] = {0};
    uint64_t count = onym_histogram_cumulate(h, bound_ns, BOUNDS, at_most);

    onym_page_family(p, ONYM_FAMILY_HISTOGRAM, "onym_commit_duration_seconds", "seconds",
                     "Deciding, writing and syncing one group of changes.");
    for (size_t i = 0; i <= BOUNDS; i++) {
        onym_page_sample1(p, "onym_commit_duration_seconds_bucket", "le",
                          i < BOUNDS ? bound_text[i] : "+Inf", i < BOUNDS ? at_most[i] : count);
    }
    onym_page_sample0(p, "onym_commit_duration_seconds_sum", onym_counter_get(&h->sum), 9);
    onym_page_sample0(p, "onym_commit_duration_seconds_count", count, 0);
}

static void
render_changes(struct onym_page *p)
{
    const struct onym_change_counters *c = p->metrics->changes;

    if (c == NULL) {
        return;
    }
    onym_page_family(p, ONYM_FAMILY_COUNTER, "onym_register_operations", NULL,
                     "Operations that were to change a record, by how they ended.");
    for (size_t op = 0; op < ONYM_REGISTER_OPS; op++) {
        for (size_t i = 0; i < ONYM_REGISTERED_RESULTS; i++) {
            onym_page_sample(p, "onym_register_operations_total",
                             (const struct onym_page_label[2]){{"op", register_label[op]},
                                                               {"result", registered_label[i]}},
                             onym_counter_get(&c->operations[op][i]), 0);
        }
    }
    render_commits(p, &c->commit_ns);
}

/* One row for each TLS listener and label: counters lie at offset, `count` for each listener. */
static void
render_tls_counter(struct onym_page *p, const char *sample_name, const char *label,
                   const char *const *values, size_t count, size_t offset)
{
    for (size_t i = 0; i < TLS_LISTENERS; i++) {
        for (size_t v = 0; v < count; v++) {
            onym_page_sample(p, sample_name,
                             (const struct onym_page_label[2]){
                                 {"listener", listener_label[tls_listener[i]]}, {label, values[v]}},
                             sum(p->metrics, offset, (size_t)tls_listener[i] * count + v), 0);
        }
    }
}

static void
render_tls(struct onym_page *p)
{
    bool any = false;

    onym_page_family(p, ONYM_FAMILY_COUNTER, "onym_tls_handshakes", NULL,
                     "TLS handshakes ended, by result.");
    render_tls_counter(p, "onym_tls_handshakes_total", "result", handshake_label,
                       ONYM_HANDSHAKE_COUNT, offsetof(struct onym_counters, handshakes));
    onym_page_family(p, ONYM_FAMILY_COUNTER, "onym_tls_connections", NULL,
                     "TLS connections whose handshake was done, by version.");
    render_tls_counter(p, "onym_tls_connections_total", "version", version_label,
                       ONYM_TLS_VERSION_COUNT, offsetof(struct onym_counters, tls_versions));
    for (size_t i = 0; i < TLS_LISTENERS; i++) {
        any = any || p->metrics->certificate_expiry_s[tls_listener[i]] > 0;
    }
    if (!any) {
        return;
    }
    onym_page_family(p, ONYM_FAMILY_GAUGE, "onym_tls_certificate_expiry_timestamp_seconds",
                     "seconds", "When the certificate in use ends, seconds since 1970-01-01 UTC.");
    for (size_t i = 0; i < TLS_LISTENERS; i++) {
        uint64_t ends_s = p->metrics->certificate_expiry_s[tls_listener[i]];

        if (ends_s > 0) {
            onym_page_sample1(p, "onym_tls_certificate_expiry_timestamp_seconds", "listener",
                              listener_label[tls_listener[i]], ends_s);
        }
    }
}

static void
render_cache(struct onym_page *p)
{
    onym_page_family(p, ONYM_FAMILY_COUNTER, "onym_cache_lookups", NULL,
                     "Records looked for in the cache, by what was found.");
    for (size_t i = 0; i < ONYM_LOOKUP_COUNT; i++) {
        onym_page_sample1(p, "onym_cache_lookups_total", "result", lookup_label[i],
                          SUM(p->metrics, cache_lookups, i));
    }
    onym_page_family(p, ONYM_FAMILY_GAUGE, "onym_cache_used_bytes", "bytes",
                     "Bytes of memory the cache of records uses.");
    onym_page_sample0(p, "onym_cache_used_bytes", SUM(p->metrics, cache_bytes, 0), 0);
}

static void
render_store(struct onym_page *p)
{
    const struct onym_metrics *m = p->metrics;

    onym_page_family(p, ONYM_FAMILY_COUNTER, "onym_corrupt_records", NULL,
                     "Look-ups that met a damaged record, which is never served.");
    onym_page_sample0(p, "onym_corrupt_records_total", SUM(m, corrupt_records, 0), 0);
    onym_page_family(p, ONYM_FAMILY_COUNTER, "onym_store_errors", NULL,
                     "Look-ups the store could not do.");
    onym_page_sample0(p, "onym_store_errors_total", SUM(m, store_errors, 0), 0);
    render_cache(p);
    if (!m->has_store) {
        return;
    }
    onym_page_family(p, ONYM_FAMILY_GAUGE, "onym_identifiers", NULL,
                     "Identifiers registered on this node.");
    onym_page_sample0(p, "onym_identifiers", m->identifiers, 0);
    onym_page_family(p, ONYM_FAMILY_GAUGE, "onym_prefixes", NULL, "Prefixes served by this node.");
    onym_page_sample0(p, "onym_prefixes", m->prefixes, 0);
    onym_page_family(p, ONYM_FAMILY_GAUGE, "onym_storage_used_bytes", "bytes",
                     "Bytes of the store's map in use.");
    onym_page_sample0(p, "onym_storage_used_bytes", m->map_used_bytes, 0);
    if (m->map_size_bytes > 0) {
        double ratio = (double)m->map_used_bytes / (double)m->map_size_bytes;

        onym_page_family(p, ONYM_FAMILY_GAUGE, "onym_storage_map_used_ratio", "ratio",
                         "Part of the store's map in use; at 1 nothing more can be stored.");
        onym_page_sample0(p, "onym_storage_map_used_ratio", (uint64_t)(ratio * 1e9), 9);
    }
}

static void
render_process(struct onym_page *p)
{
    const struct onym_metrics *m = p->metrics;

    onym_page_family(p, ONYM_FAMILY_COUNTER, "onym_log_dropped", NULL,
                     "Log lines dropped because the log was slow.");
    onym_page_sample0(p, "onym_log_dropped_total", m->log_dropped, 0);
    onym_page_family(p, ONYM_FAMILY_INFO, "onym_build", NULL,
                     "The running program; the value is always 1.");
    onym_page_sample(
        p, "onym_build_info",
        (const struct onym_page_label[2]){{"version", m->version}, {"revision", m->revision}}, 1,
        0);
    onym_page_family(p, ONYM_FAMILY_COUNTER, "process_cpu_seconds", "seconds",
                     "User and system time of all threads.");
    onym_page_sample0(p, "process_cpu_seconds_total", m->process.cpu_us, 6);
    if (m->process.resident_bytes > 0) {
        onym_page_family(p, ONYM_FAMILY_GAUGE, "process_resident_memory_bytes", "bytes",
                         "Resident memory, mapped pages of the store included.");
        onym_page_sample0(p, "process_resident_memory_bytes", m->process.resident_bytes, 0);
    }
    if (m->process.open_fds > 0) {
        onym_page_family(p, ONYM_FAMILY_GAUGE, "process_open_fds", NULL, "Open file descriptors.");
        onym_page_sample0(p, "process_open_fds", m->process.open_fds, 0);
    }
    onym_page_family(p, ONYM_FAMILY_GAUGE, "process_max_fds", NULL,
                     "The soft limit of open file descriptors.");
    if (m->process.max_fds == UINT64_MAX) {
        onym_page_put(p, "process_max_fds +Inf\n");
    } else {
        onym_page_sample0(p, "process_max_fds", m->process.max_fds, 0);
    }
    if (m->start_epoch_ms > 0) {
        onym_page_family(p, ONYM_FAMILY_GAUGE, "process_start_time_seconds", "seconds",
                         "When the process started, seconds since 1970-01-01 UTC.");
        onym_page_sample0(p, "process_start_time_seconds", m->start_epoch_ms, 3);
    }
}

const char *
onym_metrics_media_type(enum onym_metrics_format format)
{
    return format == ONYM_METRICS_OPENMETRICS
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}

enum onym_status
onym_metrics_render(const struct onym_metrics *metrics, enum onym_metrics_format format,
                    uint8_t *out, size_t cap, size_t *len)
{
    struct onym_page p = {.metrics = metrics, .format = format, .w = onym_writer_over(out, cap)};

    render_requests(&p);
    render_durations(&p);
    render_traffic(&p);
    render_connections(&p);
    render_logins(&p);
    render_tls(&p);
    render_changes(&p);
    render_store(&p);
    render_process(&p);
    if (format == ONYM_METRICS_OPENMETRICS) {
        onym_page_put(&p, "# EOF\n");
    }
    if (p.w.status == ONYM_OK) {
        *len = p.w.len;
    }
    return p.w.status;
}
