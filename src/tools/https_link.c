#include "tools/https_link.h"

#include "tools/server_name.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MS 5000

struct onym_https_link {
    struct onym_https_target target;
    struct onym_https https;
    struct onym_tls_dialer *dialer;
    struct onym_tls_dial *dial;
    int fd;
};

static int
find_server(struct onym_https_link *l)
{
    struct onym_server_name name = {.host = ""};
    int code = onym_server_name_read(l->target.what, l->target.url, &name);

    (void)snprintf(l->https.host, sizeof l->https.host, "%s", name.host);
    (void)snprintf(l->https.port, sizeof l->https.port, "%s", name.port);
    return code == ONYM_EXIT_DONE
               ? onym_server_authorities(l->target.what, l->target.identity.authorities,
                                         &l->https.authorities)
               : code;
}

int
onym_https_link_new(const struct onym_https_target *target, struct onym_https_link **out)
{
    struct onym_https_link *l = calloc(1, sizeof *l);
    struct onym_fault fault = {.status = ONYM_OK};
    int code;

    if (l == NULL) {
        (void)fprintf(stderr, "onymctl %s: out of memory\n", target->what);
        return ONYM_EXIT_SERVER;
    }
    l->target = *target;
    l->fd = -1;
    l->https.what = target->what;
    l->https.timeout_ms = WAIT_MS;
    code = find_server(l);
    if (code == ONYM_EXIT_DONE) {
        code = onym_https_certify(&target->identity, &l->https);
    }
    if (code == ONYM_EXIT_DONE && onym_https_dialer_new(&l->https, &l->dialer, &fault) != ONYM_OK) {
        (void)fprintf(stderr, "onymctl %s: %s\n", target->what, fault.text);
        code = ONYM_EXIT_USAGE;
    }
    if (code != ONYM_EXIT_DONE) {
        onym_https_link_free(l);
        return code;
    }
    *out = l;
    return ONYM_EXIT_DONE;
}

void
onym_https_link_free(struct onym_https_link *l)
{
    if (l != NULL) {
        onym_https_link_down(l);
        onym_tls_dialer_free(l->dialer);
        explicit_bzero(l, sizeof *l);
        free(l);
    }
}

static enum onym_status
connect_to(struct onym_https_link *l, struct onym_fault *fault)
{
    int on = 1;
    enum onym_status status = onym_https_connect(&l->https, l->dialer, &l->fd, &l->dial, fault);

    if (status == ONYM_OK) {
        (void)setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        status = fcntl(l->fd, F_SETFL, O_NONBLOCK) == 0
                     ? ONYM_OK
                     : onym_fault_set(fault, ONYM_IO, "%s", strerror(errno));
    }
    return status;
}

int
onym_https_link_up(struct onym_https_link *l, struct onym_fault *fault)
{
    int code;

    onym_https_link_down(l);
    if (connect_to(l, fault) != ONYM_OK) {
        onym_https_link_down(l);
        return ONYM_EXIT_UNREACHABLE;
    }
    /* a session does not outlive its node, so a key answers anew */
    l->https.fault = fault;
    code = onym_https_login(&l->target.identity, &l->https);
    l->https.fault = NULL;
    if (code != ONYM_EXIT_DONE) {
        onym_https_link_down(l); /* the login tells why */
    }
    return code;
}

void
onym_https_link_down(struct onym_https_link *l)
{
    onym_tls_dial_free(l->dial);
    l->dial = NULL;
    if (l->fd >= 0) {
        (void)close(l->fd);
    }
    l->fd = -1;
}

int
onym_https_link_fd(const struct onym_https_link *l)
{
    return l->fd;
}

struct onym_tls_dial *
onym_https_link_dial(struct onym_https_link *l)
{
    return l->dial;
}

bool
onym_https_link_is_refused(const struct onym_https_link *l, char *why, size_t cap)
{
    if (l->dial == NULL || !onym_tls_dial_is_refused(l->dial)) {
        return false;
    }
    (void)snprintf(why, cap, "%s port %s: %s%s", l->https.host, l->https.port,
                   onym_tls_dial_reason(l->dial),
                   l->https.certificate == NULL ? ": --cert FILE and its --key FILE" : "");
    return true;
}

const struct onym_https *
onym_https_link_to(const struct onym_https_link *l)
{
    return &l->https;
}
