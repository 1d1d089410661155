/* TLS of the node: the certificate from the settings, its reload and its end, and the listeners
 * that carry a protocol inside it. */
#ifndef ONYM_SERVER_SECURE_H
#define ONYM_SERVER_SECURE_H

#include "base/metrics.h"
#include "config/settings.h"
#include "net/tls.h"
#include "server/node.h"
#include "server/streams.h"

/* A certificate that ends sooner is reported, once a day. */
#define ONYM_SECURE_SOON_S 2592000U /* 30 days */

struct onym_secure; /* opaque; any thread may use it where nothing else is said */

/* Reads certificate and key as settings name them. ONYM_OK with *out, NULL when no certificate is
 * named (one log line then says that the TLS listeners stay closed). Statuses of
 * onym_tls_context_new with *fault. log outlives it. */
ONYM_MUST_USE enum onym_status onym_secure_open(const struct onym_settings *settings,
                                                struct onym_log *log, struct onym_secure **out,
                                                struct onym_fault *fault);

/* Reads the files of fresh; new handshakes use them at once. With an error everything stays as it
 * was. The main thread alone. Needs: secure was opened; for a node without TLS see
 * onym_secure_needs_restart. Statuses of onym_tls_context_reload with *fault. */
ONYM_MUST_USE enum onym_status onym_secure_reload(struct onym_secure *secure,
                                                  const struct onym_settings *fresh,
                                                  struct onym_fault *fault);

/* Whether fresh switches TLS on or off, which takes a restart. */
bool onym_secure_needs_restart(const struct onym_secure *secure, const struct onym_settings *fresh);

/* Ticket keys and the warning of an ending certificate; every few seconds, on the main thread. NULL
 * is fine. */
void onym_secure_tick(struct onym_secure *secure);

/* When the certificate in force ends, epoch seconds; 0 without one (NULL). */
uint64_t onym_secure_expiry_s(const struct onym_secure *secure);

/* The context for listeners of other protocols; lives as long as secure. */
struct onym_tls_context *onym_secure_context(const struct onym_secure *secure);

/* When no listener is left. NULL is fine. */
void onym_secure_close(struct onym_secure *secure);

/* ---- a TLS listener of one worker; the Handle protocol inside TLS ---- */

extern const struct onym_carrier onym_carrier_tls;

struct onym_secure_door {
    struct onym_tls *tls;        /* NULL: closed */
    enum onym_listener listener; /* whose figures they are */
    uint64_t reported;           /* failed handshakes that the log knows of */
    uint64_t report_after_ns;    /* monotonic */
};

/* Listens on the node's handle_tls and answers from streams. Nothing when it is not secure.
 * ONYM_OK; statuses of onym_tls_new and onym_tls_listen with *fault. */
ONYM_MUST_USE enum onym_status onym_secure_door_open(struct onym_secure_door *door, uv_loop_t *loop,
                                                     const struct onym_node *node,
                                                     struct onym_streams *streams,
                                                     struct onym_fault *fault);

/* Writes the ports that were bound into settings, for addresses with port 0. */
void onym_secure_door_ports(const struct onym_secure_door *door, struct onym_settings *settings);

/* Stores its figures in counters, and logs new failures of handshakes, at most every 10 s. */
void onym_secure_door_tick(struct onym_secure_door *door, struct onym_counters *counters,
                           struct onym_log *log);

/* Stops it, now: without waiting; free when the loop has run out. A closed door is fine. */
void onym_secure_door_stop(struct onym_secure_door *door, bool now);
void onym_secure_door_free(struct onym_secure_door *door);

#endif
