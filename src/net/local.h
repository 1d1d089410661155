/* A Unix socket to listen on, and who is on the other side of one. */
#ifndef ONYM_NET_LOCAL_H
#define ONYM_NET_LOCAL_H

#include "base/fault.h"
#include "onym/status.h"

#include <stdbool.h>
#include <stdint.h>

/* Makes a socket at path, for its owner and group alone (0660), the group being `group` where the
 * system has one of that name and lets us give it. One that nobody listens on any more is replaced.
 * ONYM_OK with *fd, bound and not listening yet. With *fault: ONYM_INVALID a path over 107 bytes;
 * ONYM_IN_USE another process listens there; ONYM_EXISTS something else than a socket is there;
 * ONYM_IO. */
ONYM_MUST_USE enum onym_status onym_local_bind(const char *path, const char *group, int *fd,
                                               struct onym_fault *fault);

struct onym_local_peer {
    uint32_t user, process;
    bool trusted; /* root, our own account, or of the group */
};

/* Who connected, as the kernel knows. False: fd is no Unix socket. */
bool onym_local_peer(int fd, const char *group, struct onym_local_peer *out);

#endif
