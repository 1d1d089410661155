/* One worker = one thread = one libuv loop = its own sockets, arena, view, counters and limits.
 * Workers share nothing but the map and the node's read-only settings. */
#ifndef ONYM_SERVER_WORKER_H
#define ONYM_SERVER_WORKER_H

#include "base/metrics.h"
#include "server/node.h"

struct onym_worker; /* opaque */

/* Prepares worker number `index`: opens its view and its sockets on the node's addresses, without
 * starting it, so that a taken port or missing memory stops the start-up with *fault.
 * ONYM_OK and *out; statuses of onym_address_bind, onym_view_open, ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_worker_new(const struct onym_node *node, unsigned index,
                                               struct onym_worker **out, struct onym_fault *fault);

/* Writes the ports that were bound into settings, for listeners configured with port 0. */
void onym_worker_ports(const struct onym_worker *worker, struct onym_settings *settings);

/* Takes over node->site, once it is made; before the start. */
void onym_worker_site(struct onym_worker *worker);

/* Starts the thread. ONYM_OK, ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_worker_start(struct onym_worker *worker);

/* Asks it to answer what has arrived, close its sockets and end; now: without waiting for queued
 * answers. Any thread. */
void onym_worker_stop(struct onym_worker *worker, bool now);

/* Closes the worker's view and keeps its loop still until onym_worker_resume; returns when that is
 * so. For the one thread that opens the store anew after a failed sync. */
void onym_worker_quiet(struct onym_worker *worker);
void onym_worker_resume(struct onym_worker *worker);

/* Waits for the thread's end (when started) and frees everything. NULL is fine. */
void onym_worker_free(struct onym_worker *worker);

/* Whether the thread has ended by itself after a stop. */
bool onym_worker_ended(const struct onym_worker *worker);

/* Any thread; written by the worker alone. */
const struct onym_counters *onym_worker_counters(const struct onym_worker *worker);

/* When its loop last turned, onym_clock_monotonic_ns(); refreshed every ONYM_WORKER_TICK_MS. */
#define ONYM_WORKER_TICK_MS 500U
uint64_t onym_worker_ticked_ns(const struct onym_worker *worker);

#endif
