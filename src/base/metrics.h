/* The node's counters and their text form for Prometheus. docs/metrics.md lists every name; a test
 * holds the two together.
 *
 * Each worker owns one struct onym_counters and is its only writer; whoever answers a scrape reads
 * all of them while they change. An increment is one load, add and store without a lock:
 *
 *     onym_counter_add(&c->requests[ONYM_BY_UDP][status], 1);
 *
 * so a scrape may see one request counted and its bytes not yet. Counters only grow and start at 0
 * with the process. */
#ifndef ONYM_BASE_METRICS_H
#define ONYM_BASE_METRICS_H

#include "base/histogram.h"
#include "base/process.h"
#include "onym/span.h"
#include "onym/status.h"

/* How a request arrived. Label `transport`. */
enum onym_by { ONYM_BY_UDP, ONYM_BY_TCP, ONYM_BY_TLS, ONYM_BY_HTTPS, ONYM_BY_HTTP, ONYM_BY_COUNT };

/* Who listens. Label `listener`, named as in the configuration's `listen` section. */
#define ONYM_LISTENER_MAP(X)                                                                       \
    X(HANDLE_UDP, "handle_udp")                                                                    \
    X(HANDLE_TCP, "handle_tcp")                                                                    \
    X(HANDLE_TLS, "handle_tls")                                                                    \
    X(HTTPS, "https")                                                                              \
    X(HTTP, "http")                                                                                \
    X(CONTROL, "control")                                                                          \
    X(OPS, "ops")

/* What came of looking into the cache in front of the store. Label `result` of
 * onym_cache_lookups_total, in the order of enum onym_cache_result. */
#define ONYM_LOOKUP_MAP(X)                                                                         \
    X(HIT, "hit")                                                                                  \
    X(MISS, "miss")                                                                                \
    X(STALE, "stale")                                                                              \
    X(ABSENT, "absent")

/* Why a datagram, or a fragment waiting for others, was dropped without an answer. Label `reason`
 * of onym_udp_dropped_total. */
#define ONYM_DROP_MAP(X)                                                                           \
    X(RUNT, "runt")                         /* shorter than envelope and header */                 \
    X(OVERSIZE, "oversize")                 /* longer than a packet may be */                      \
    X(UNDECODABLE, "undecodable")           /* envelope and length do not fit together */          \
    X(NOT_A_REQUEST, "not_a_request")       /* a reply; answering would start a loop */            \
    X(FRAGMENT_INVALID, "fragment_invalid") /* contradicts its siblings or its length */           \
    X(FRAGMENT_EXPIRED, "fragment_expired") /* its siblings did not come in time */                \
    X(FRAGMENT_LIMIT, "fragment_limit")     /* no room to wait for siblings */                     \
    X(RATE_LIMITED, "rate_limited")         /* over the source's limit, past the busy answer */    \
    X(SEND_FAILED, "send_failed")           /* the answer was ready and the kernel refused it */

/* Why an open connection ended. Label `reason` of onym_connections_closed_total. */
#define ONYM_CLOSE_MAP(X)                                                                          \
    X(PEER, "peer")         /* the other side closed it */                                         \
    X(DONE, "done")         /* answered, and the peer did not ask to keep it */                    \
    X(IDLE, "idle")         /* nothing came, or too slowly */                                      \
    X(PROTOCOL, "protocol") /* sent what cannot be understood */                                   \
    X(ERROR, "error")       /* the operating system reports an error */                            \
    X(LIMIT, "limit")       /* reads too slowly, or another bound of one connection */             \
    X(SHUTDOWN, "shutdown") /* the node stops */

/* How a TLS handshake ended. Label `result` of onym_tls_handshakes_total. */
#define ONYM_HANDSHAKE_MAP(X)                                                                      \
    X(FULL, "full")       /* done, with a key exchange and the node's signature */                 \
    X(RESUMED, "resumed") /* done, from a ticket */                                                \
    X(FAILED, "failed")   /* refused by one side, or the peer left */                              \
    X(EXPIRED, "expired") /* not done in time */

/* Of the handshakes that were done. Label `version` of onym_tls_connections_total. */
#define ONYM_TLS_VERSION_MAP(X)                                                                    \
    X(1_2, "1.2")                                                                                  \
    X(1_3, "1.3")

/* How somebody proves who it is. Label `method` of onym_auth_attempts_total. The first four come
 * with requests of the HTTP API, the others answer a challenge of the Handle protocol. */
#define ONYM_LOGIN_MAP(X)                                                                          \
    X(BASIC, "basic")                                                                              \
    X(SESSION, "session")                                                                          \
    X(CERTIFICATE, "certificate")                                                                  \
    X(BEARER, "bearer")                                                                            \
    X(SECRET, "secret")                                                                            \
    X(PUBLIC_KEY, "public_key")

/* How that ended. Label `result`. */
#define ONYM_LOGIN_RESULT_MAP(X)                                                                   \
    X(OK, "ok")                                                                                    \
    X(FAILED, "failed")                                                                            \
    X(LIMITED, "limited") /* not looked at: too many failures from there */

/* What was to be done to a record. Label `op` of onym_register_operations_total. */
#define ONYM_REGISTER_MAP(X)                                                                       \
    X(CREATE, "create")                                                                            \
    X(DELETE, "delete")                                                                            \
    X(ADD, "add_values")                                                                           \
    X(REMOVE, "remove_values")                                                                     \
    X(MODIFY, "modify_values")                                                                     \
    X(HOME, "home_prefix")                                                                         \
    X(UNHOME, "unhome_prefix")                                                                     \
    X(ISSUE, "issue_token")                                                                        \
    X(REVOKE, "revoke_token")

/* How that ended. Label `result`. */
#define ONYM_REGISTERED_MAP(X)                                                                     \
    X(DONE, "done")           /* durable, and there is a new revision */                           \
    X(UNCHANGED, "unchanged") /* it was so already, or this is a first answer told again */        \
    X(REFUSED, "refused")     /* what was asked for cannot be */                                   \
    X(DENIED, "denied")       /* who asked may not */                                              \
    X(BUSY, "busy")           /* too much waits, or too much from there */                         \
    X(FAILED, "failed")       /* the node could not: disk, memory, damage, read-only */            \
    X(UNKNOWN, "unknown")     /* nobody knows whether it happened */

#define ONYM_METRIC_ENUM_LISTENER(name, label) ONYM_LISTENER_##name,
#define ONYM_METRIC_ENUM_DROP(name, label)     ONYM_DROP_##name,
#define ONYM_METRIC_ENUM_CLOSE(name, label)    ONYM_CLOSE_##name,
#define ONYM_METRIC_ENUM_SHAKE(name, label)    ONYM_HANDSHAKE_##name,
#define ONYM_METRIC_ENUM_TLS(name, label)      ONYM_TLS_VERSION_##name,
#define ONYM_METRIC_ENUM_LOGIN(name, label)    ONYM_LOGIN_##name,
#define ONYM_METRIC_ENUM_RESULT(name, label)   ONYM_LOGIN_WAS_##name,
enum onym_listener { ONYM_LISTENER_MAP(ONYM_METRIC_ENUM_LISTENER) ONYM_LISTENER_COUNT };
enum onym_drop { ONYM_DROP_MAP(ONYM_METRIC_ENUM_DROP) ONYM_DROP_COUNT };
enum onym_close { ONYM_CLOSE_MAP(ONYM_METRIC_ENUM_CLOSE) ONYM_CLOSE_COUNT };
#define ONYM_METRIC_ENUM_LOOKUP(name, label) ONYM_LOOKUP_##name,
enum onym_lookup { ONYM_LOOKUP_MAP(ONYM_METRIC_ENUM_LOOKUP) ONYM_LOOKUP_COUNT };
#undef ONYM_METRIC_ENUM_LOOKUP
#undef ONYM_METRIC_ENUM_LISTENER
#undef ONYM_METRIC_ENUM_DROP
enum onym_handshake { ONYM_HANDSHAKE_MAP(ONYM_METRIC_ENUM_SHAKE) ONYM_HANDSHAKE_COUNT };
enum onym_tls_label { ONYM_TLS_VERSION_MAP(ONYM_METRIC_ENUM_TLS) ONYM_TLS_VERSION_COUNT };
enum onym_login { ONYM_LOGIN_MAP(ONYM_METRIC_ENUM_LOGIN) ONYM_LOGIN_COUNT };
enum onym_login_result { ONYM_LOGIN_RESULT_MAP(ONYM_METRIC_ENUM_RESULT) ONYM_LOGIN_RESULTS };
#undef ONYM_METRIC_ENUM_LOGIN
#undef ONYM_METRIC_ENUM_RESULT
#define ONYM_METRIC_ENUM_OP(name, label)   ONYM_REGISTER_##name,
#define ONYM_METRIC_ENUM_DONE(name, label) ONYM_REGISTERED_##name,
enum onym_register { ONYM_REGISTER_MAP(ONYM_METRIC_ENUM_OP) ONYM_REGISTER_OPS };
enum onym_registered { ONYM_REGISTERED_MAP(ONYM_METRIC_ENUM_DONE) ONYM_REGISTERED_RESULTS };
#undef ONYM_METRIC_ENUM_OP
#undef ONYM_METRIC_ENUM_DONE
#undef ONYM_METRIC_ENUM_CLOSE
#undef ONYM_METRIC_ENUM_SHAKE
#undef ONYM_METRIC_ENUM_TLS

/* One worker's counters. All zero is the start. Aligned so that two workers share no line. */
struct onym_counters {
    /* Requests of the resolve protocol by the status of their answer; statuses with the same wire
     * code are shown as one. */
    _Alignas(64) uint64_t requests[ONYM_BY_COUNT][ONYM_STATUS_COUNT];
    uint64_t udp_dropped[ONYM_DROP_COUNT];
    uint64_t
        rate_limited[ONYM_LISTENER_COUNT];  /* requests over a limit, answered busy or dropped */
    uint64_t accepted[ONYM_LISTENER_COUNT]; /* connections taken */
    uint64_t refused[ONYM_LISTENER_COUNT];  /* connections closed at once: over the limit */
    uint64_t closed[ONYM_LISTENER_COUNT][ONYM_CLOSE_COUNT]; /* of the accepted ones */
    uint64_t bytes_in[ONYM_LISTENER_COUNT];                 /* payload, without IP and UDP/TCP */
    uint64_t bytes_out[ONYM_LISTENER_COUNT];
    uint64_t handshakes[ONYM_LISTENER_COUNT][ONYM_HANDSHAKE_COUNT]; /* of listeners with TLS */
    uint64_t tls_versions[ONYM_LISTENER_COUNT][ONYM_TLS_VERSION_COUNT];
    uint64_t http_requests[ONYM_LISTENER_COUNT][6]; /* by first digit of the status */
    uint64_t logins[ONYM_LOGIN_COUNT][ONYM_LOGIN_RESULTS];
    uint64_t corrupt_records; /* look-ups that met a damaged record */
    uint64_t store_errors;    /* look-ups the store could not do */
    uint64_t cache_lookups[ONYM_LOOKUP_COUNT];
    uint64_t cache_bytes; /* of memory the cache uses */
    /* Time from reading a request to handing its answer to the kernel, nanoseconds. A batch is
     * timed once and recorded for each of its requests. */
    struct onym_histogram resolve_ns[ONYM_BY_COUNT];
};

/* What the one thread that changes records counts; written under its lock or by it alone. */
struct onym_change_counters {
    uint64_t operations[ONYM_REGISTER_OPS][ONYM_REGISTERED_RESULTS];
    /* From beginning a group of changes until it is durable, nanoseconds; of groups that became so.
     * What waits in front of it is not in it. */
    struct onym_histogram commit_ns;
};

/* What a scrape shows. Everything is borrowed for the call. */
struct onym_metrics {
    const struct onym_counters *const *workers; /* worker_count of them */
    size_t worker_count;
    const struct onym_change_counters *changes; /* NULL: no changes are taken and nothing shown */
    bool has_store;                             /* false: the next four are not shown */
    uint64_t identifiers;
    uint64_t prefixes;
    uint64_t map_used_bytes;
    uint64_t map_size_bytes;
    /* When the certificate of a listener ends, epoch seconds; 0 = the listener has none. */
    uint64_t certificate_expiry_s[ONYM_LISTENER_COUNT];
    uint64_t log_dropped; /* lines */
    struct onym_process_sample process;
    uint64_t start_epoch_ms; /* when the process started, taken once so that it never moves */
    const char *version;     /* build */
    const char *revision;
};

enum onym_metrics_format {
    ONYM_METRICS_PROMETHEUS, /* text exposition format 0.0.4 */
    ONYM_METRICS_OPENMETRICS /* OpenMetrics 1.0, ends with "# EOF" */
};

/* Enough for every row this build can show, version and revision up to 64 bytes each. */
#define ONYM_METRICS_TEXT_MAX ((size_t)64 * 1024)

/* The media type of a format, for Content-Type. Static. */
const char *onym_metrics_media_type(enum onym_metrics_format format);

/* Writes the text to out (cap bytes), *len its length. A code whose count is 0 is left out; every
 * transport, listener and reason always appears. ONYM_OK, or ONYM_NO_SPACE when cap is too small
 * (*len unchanged, contents of out undefined). */
ONYM_MUST_USE enum onym_status onym_metrics_render(const struct onym_metrics *metrics,
                                                   enum onym_metrics_format format, uint8_t *out,
                                                   size_t cap, size_t *len);

/* One line for people and for a service manager's status: requests so far, connections open. */
uint64_t onym_metrics_requests(const struct onym_metrics *metrics);
uint64_t onym_metrics_connections(const struct onym_metrics *metrics, enum onym_listener listener);

#endif
