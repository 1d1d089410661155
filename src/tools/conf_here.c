#include "tools/conf_here.h"

#include "base/fault.h"
#include "net/address.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MAX (ONYM_PATH_MAX + 128U)

static size_t
tell(const struct onym_conf_here *here, const char *key, const char *text)
{
    here->each(here->of, key, text);
    return 1;
}

/* Whoever has the store open holds the lock of this file (store/env.h). */
static bool
is_locked(const char *dir)
{
    char path[ONYM_PATH_MAX + 8];
    int fd;
    bool locked;

    (void)snprintf(path, sizeof path, "%s/lock", dir);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    locked = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (fd >= 0) {
        (void)close(fd);
    }
    return locked;
}

static size_t
check_directory(const struct onym_settings *settings, struct onym_conf_here *here)
{
    const char *dir = settings->data_dir;
    char text[TEXT_MAX];
    struct stat st;

    int error = stat(dir, &st) != 0 || access(dir, R_OK | W_OK | X_OK) != 0 ? errno : 0;

    if (error == ENOENT) {
        return 0; /* a start makes it */
    }
    if (error != 0 || !S_ISDIR(st.st_mode)) {
        (void)snprintf(text, sizeof text, "%s: cannot be used by this account: %s", dir,
                       strerror(error != 0 ? error : ENOTDIR));
        return tell(here, "storage.dir", text);
    }
    here->runs = is_locked(dir);
    return 0;
}

static size_t
check_list(const struct onym_conf_here *here, const char *key, const struct onym_address_list *list,
           int type)
{
    size_t found = 0;

    for (size_t i = 0; i < list->count; i++) {
        struct onym_fault fault = {.text = ""};
        int fd = -1;

        if (onym_address_bind((const struct sockaddr *)&list->item[i].at, type, &fd, &fault) !=
            ONYM_OK) {
            found += tell(here, key, fault.text);
        } else {
            (void)close(fd);
        }
    }
    return found;
}

size_t
onym_conf_here(const struct onym_settings *settings, struct onym_conf_here *here)
{
    bool tls = settings->tls_certificate[0] != '\0';
    size_t found = check_directory(settings, here);

    if (here->runs) {
        return found;
    }
    found += check_list(here, "listen.handle_udp", &settings->handle_udp, SOCK_DGRAM);
    found += check_list(here, "listen.handle_tcp", &settings->handle_tcp, SOCK_STREAM);
    found += check_list(here, "listen.http", &settings->http, SOCK_STREAM);
    found += check_list(here, "listen.ops", &settings->ops, SOCK_STREAM);
    if (tls) { /* without a certificate a start leaves them closed */
        found += check_list(here, "listen.handle_tls", &settings->handle_tls, SOCK_STREAM);
        found += check_list(here, "listen.https", &settings->https, SOCK_STREAM);
    }
    return found;
}
