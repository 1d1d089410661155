/* listen.control: the HTTP API on a Unix socket, for operators on this machine. The first worker
 * alone has it. */
#ifndef ONYM_SERVER_WEB_CONTROL_H
#define ONYM_SERVER_WEB_CONTROL_H

#include "config/control.h"
#include "server/web.h"

#define ONYM_CONTROL_GROUP       "onym" /* whose members may give orders */
#define ONYM_CONTROL_CONNECTIONS 64U

/* Opens it, unless the settings want none. Where it cannot be opened and the setting is the
 * default, a line of the log says so and the node does without. ONYM_OK; statuses of
 * onym_local_bind, ONYM_NO_MEMORY, with *fault. */
ONYM_MUST_USE enum onym_status onym_web_control_open(struct onym_web *web,
                                                     const struct onym_web_parts *parts,
                                                     struct onym_fault *fault);

/* Says in *caller who is on the other side of a connection of it. */
void onym_web_control_caller(void *connection, struct onym_http_caller *caller);

/* Takes the socket away from its place, once its listener is closed. */
void onym_web_control_remove(struct onym_web *web);

#endif
