/* Where the Unix socket of local control is: for the daemon that makes it and the tools that look
 * for it. */
#ifndef ONYM_CONFIG_CONTROL_H
#define ONYM_CONFIG_CONTROL_H

#include "config/settings.h"
#include "onym/status.h"

/* Bytes of a socket's path, which the kernel limits, and a terminator. */
#define ONYM_CONTROL_PATH_MAX 108U

/* The path that listen.control means; empty when there is to be none. ONYM_OK; ONYM_INVALID: it is
 * longer than ONYM_CONTROL_PATH_MAX - 1 bytes, with storage.dir in front. */
ONYM_MUST_USE enum onym_status onym_control_path(const struct onym_settings *settings,
                                                 char out[ONYM_CONTROL_PATH_MAX]);

#endif
