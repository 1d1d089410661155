/* The node's Unix socket, from the side of onymctl. */
#ifndef ONYM_TOOLS_SOCKET_CONNECT_H
#define ONYM_TOOLS_SOCKET_CONNECT_H

#include "base/fault.h"

/* Connects; each read and write after it waits for timeout_ms at most. path has at most
 * ONYM_CONTROL_PATH_MAX - 1 bytes. ONYM_EXIT_DONE and *out (to be closed); ONYM_EXIT_AUTH: the
 * socket may not be used; ONYM_EXIT_UNREACHABLE; *fault says. */
int onym_socket_connect(const char *path, uint32_t timeout_ms, int *out, struct onym_fault *fault);

#endif
