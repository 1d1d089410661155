#include "net/local.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define GROUP_BYTES (64U << 10) /* of one line, members and all */
#define GROUPS_MAX  256U

/* The number of a group; false: there is none of that name. The file is read and no name service is
 * asked: those wait for networks, and glibc's may abort the process when memory is short. */
static bool
find_group(const char *name, gid_t *out)
{
    char memory[GROUP_BYTES];
    struct group entry;
    struct group *found = NULL;
    FILE *file = fopen("/etc/group", "re");

    while (file != NULL && fgetgrent_r(file, &entry, memory, sizeof memory, &found) == 0 &&
           strcmp(found->gr_name, name) != 0) {
        found = NULL;
    }
    if (found != NULL) {
        *out = found->gr_gid;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return found != NULL;
}

/* Whether somebody takes connections at the address. */
static bool
is_alive(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool alive = fd >= 0 && (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ||
                             errno == EAGAIN);

    if (fd >= 0) {
        (void)close(fd);
    }
    return alive;
}

/* Takes away what an ended process left. */
static enum onym_status
make_way(const struct sockaddr_un *address, struct onym_fault *fault)
{
    struct stat there;

    if (lstat(address->sun_path, &there) != 0) {
        return ONYM_OK;
    }
    if (!S_ISSOCK(there.st_mode)) {
        return onym_fault_set(fault, ONYM_EXISTS,
                              "%s is there and is no socket; set listen.control to another path",
                              address->sun_path);
    }
    if (is_alive(address)) {
        return onym_fault_set(fault, ONYM_IN_USE,
                              "%s is in use by another process; set listen.control to another path",
                              address->sun_path);
    }
    (void)unlink(address->sun_path);
    return ONYM_OK;
}

enum onym_status
onym_local_bind(const char *path, const char *group, int *out, struct onym_fault *fault)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    gid_t gid;
    int fd;
    enum onym_status status;

    if (strlen(path) >= sizeof address.sun_path) {
        return onym_fault_set(fault, ONYM_INVALID, "%.40s...: longer than %zu bytes", path,
                              sizeof address.sun_path - 1);
    }
    memcpy(address.sun_path, path, strlen(path));
    status = make_way(&address, fault);
    if (status != ONYM_OK) {
        return status;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* nobody can connect before it listens, so the rights are in time */
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        chmod(path, S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP) != 0) {
        int error = errno;

        if (fd >= 0) {
            (void)close(fd);
        }
        return onym_fault_set(fault, ONYM_IO, "%s: %s; set listen.control to another path", path,
                              strerror(error));
    }
    if (find_group(group, &gid)) {
        (void)!chown(path, (uid_t)-1, gid); /* only a member or root can */
    }
    *out = fd;
    return ONYM_OK;
}

static bool
is_member(int fd, gid_t primary, const char *group)
{
    gid_t groups[GROUPS_MAX];
    socklen_t len = sizeof groups;
    gid_t gid;

    if (!find_group(group, &gid)) {
        return false;
    }
    if (primary == gid) {
        return true;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) != 0) {
        return false;
    }
    for (size_t i = 0; i < len / sizeof groups[0]; i++) {
        if (groups[i] == gid) {
            return true;
        }
    }
    return false;
}

bool
onym_local_peer(int fd, const char *group, struct onym_local_peer *out)
{
    struct ucred peer;
    socklen_t len = sizeof peer;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0 || len != sizeof peer) {
        return false;
    }
    *out = (struct onym_local_peer){.user = peer.uid,
                                    .process = (uint32_t)peer.pid,
                                    .trusted = peer.uid == 0 || peer.uid == geteuid() ||
                                               is_member(fd, peer.gid, group)};
    return true;
}
