/* Orders to the running node: read the configuration again, the certificate alone, another log
 * level. They are carried out on the main thread, whoever gives them: a signal, or an operator over
 * the HTTP API, whose thread waits. */
#ifndef ONYM_SERVER_ORDERS_H
#define ONYM_SERVER_ORDERS_H

#include "config/load.h"
#include "server/node.h"
#include "service/http_backend.h"

#include <uv.h>

struct onym_orders; /* opaque */

/* configured: the settings as they were read at the start. All outlive it. On the main thread.
 * ONYM_OK and *out; ONYM_NO_MEMORY, ONYM_IO with *fault. */
ONYM_MUST_USE enum onym_status onym_orders_open(uv_loop_t *loop, const struct onym_node *node,
                                                const struct onym_config_source *source,
                                                const struct onym_settings *configured,
                                                struct onym_orders **out, struct onym_fault *fault);

/* On the main thread, at once. What comes of it is logged; order.tell may be NULL. ONYM_OK;
 * ONYM_INVALID: nothing was changed; ONYM_NO_MEMORY. */
enum onym_status onym_orders_do(struct onym_orders *orders, const struct onym_http_order *order);

/* The same on any other thread, which waits; ONYM_BUSY: the node is ending. */
enum onym_status onym_orders_ask(struct onym_orders *orders, const struct onym_http_order *order);

/* When no other thread can ask any more; on the main thread. Free when the loop has run out. NULL
 * is fine. */
void onym_orders_close(struct onym_orders *orders);
void onym_orders_free(struct onym_orders *orders);

#endif
