#include "tools/socket_connect.h"

#include "tools/command.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

int
onym_socket_connect(const char *path, uint32_t timeout_ms, int *out, struct onym_fault *fault)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval limit = {.tv_sec = (time_t)(timeout_ms / 1000),
                            .tv_usec = (suseconds_t)(timeout_ms % 1000) * 1000};
    char text[128];
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int code;

    memcpy(address.sun_path, path, strlen(path));
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
        connect(fd, (const struct sockaddr *)&address, sizeof address) == 0) {
        *out = fd;
        return ONYM_EXIT_DONE;
    }
    if (errno == EACCES || errno == EPERM) {
        (void)onym_fault_set(fault, ONYM_NO_PERMISSION,
                             "%s: root, the node's own account and members of the group onym may "
                             "give orders there",
                             path);
        code = ONYM_EXIT_AUTH;
    } else {
        (void)onym_fault_set(fault, ONYM_UNREACHABLE, "%s: no node listens there (%s); start it",
                             path, strerror_r(errno, text, sizeof text));
        code = ONYM_EXIT_UNREACHABLE;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return code;
}
