/* What is asked about listeners and connections: addresses, descriptors, counts. */
#include "net/address.h"
#include "net/tcp_priv.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

/* A peer that is silent is asked after the first, then at the second; the connection ends when it
 * has not answered so often. */
#define KEEP_ALIVE_S       300
#define KEEP_ALIVE_RETRY_S 1
#define KEEP_ALIVE_RETRIES 10

/* What every connection is to have, told to the listener: the kernel gives it to those it makes,
 * and each costs no call of its own. Refusals leave the kernel's defaults, which work too. */
static void
set_for_connections(int fd)
{
    const struct {
        int level, name, value;
    } options[] = {{IPPROTO_TCP, TCP_NODELAY, 1},
                   {SOL_SOCKET, SO_KEEPALIVE, 1},
                   {IPPROTO_TCP, TCP_KEEPIDLE, KEEP_ALIVE_S},
                   {IPPROTO_TCP, TCP_KEEPINTVL, KEEP_ALIVE_RETRY_S},
                   {IPPROTO_TCP, TCP_KEEPCNT, KEEP_ALIVE_RETRIES}};

    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        (void)setsockopt(fd, options[i].level, options[i].name, &options[i].value,
                         sizeof options[i].value);
    }
}

enum onym_status
onym_tcp_listen(struct onym_tcp *tcp, const struct sockaddr *address, struct onym_fault *fault)
{
    char name[ONYM_ADDRESS_TEXT_MAX + 4] = "TCP ";
    int fd = -1;
    enum onym_status status;

    if (tcp->listeners == ONYM_TCP_LISTENERS_MAX) {
        return onym_fault_set(fault, ONYM_INVALID, "more than %u TCP addresses to listen on",
                              ONYM_TCP_LISTENERS_MAX);
    }
    status = onym_address_bind(address, SOCK_STREAM, &fd, fault);
    if (status != ONYM_OK) {
        return status;
    }
    set_for_connections(fd);
    onym_address_text(address, name + 4);
    return onym_tcp_adopt(tcp, fd, name, fault);
}

int
onym_tcp_descriptor(const struct onym_tcp_connection *c)
{
    uv_os_fd_t fd = -1;

    return !c->closing && uv_fileno((const uv_handle_t *)&c->socket, &fd) == 0 ? fd : -1;
}

uint16_t
onym_tcp_port(const struct onym_tcp *tcp, size_t index)
{
    struct sockaddr_in6 bound = {0};
    int len = sizeof bound;

    if (index >= tcp->listeners ||
        uv_tcp_getsockname(tcp->listener[index], (struct sockaddr *)&bound, &len) != 0) {
        return 0;
    }
    return onym_address_port((const struct sockaddr *)&bound);
}

void
onym_tcp_peer(const struct onym_tcp_connection *c, struct sockaddr_storage *out)
{
    int len = sizeof *out;

    memset(out, 0, sizeof *out);
    (void)uv_tcp_getpeername(&c->socket, (struct sockaddr *)out, &len);
}

uint16_t
onym_tcp_source(struct onym_tcp_connection *c)
{
    struct sockaddr_storage peer;

    if (!c->has_source) {
        onym_tcp_peer(c, &peer);
        c->source = onym_kept_source(&c->tcp->kept, (const struct sockaddr *)&peer);
        c->has_source = true;
    }
    return c->source;
}

const struct onym_tcp_stats *
onym_tcp_stats(const struct onym_tcp *tcp)
{
    return &tcp->stats;
}
