/* The operators' listener: metrics and health over plain HTTP, on the main thread's loop. */
#ifndef ONYM_SERVER_OPS_H
#define ONYM_SERVER_OPS_H

#include "server/node.h"
#include "server/worker.h"

#include <uv.h>

struct onym_ops; /* opaque */

/* Listens on settings.ops (nothing when empty) and reports of node and its workers; all outlive it.
 * ONYM_OK and *out; statuses of onym_address_bind, ONYM_NO_MEMORY, with *fault. */
ONYM_MUST_USE enum onym_status onym_ops_open(uv_loop_t *loop, const struct onym_node *node,
                                             struct onym_worker *const *workers, size_t count,
                                             struct onym_ops **out, struct onym_fault *fault);

/* From here on /readyz says that the node stops. */
void onym_ops_stopping(struct onym_ops *ops);

/* Closes the listener; free after the loop has run out. NULL is fine for both. */
void onym_ops_close(struct onym_ops *ops);
void onym_ops_free(struct onym_ops *ops);

/* Fills *out with what a scrape would show now; pointers live until the next call. */
void onym_ops_measure(struct onym_ops *ops, struct onym_metrics *out);

#endif
