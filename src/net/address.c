#include "net/address.h"

#include "base/bytes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

/* The structures are read through copies: sockaddr is a view of several types. */
static struct sockaddr_in
as_v4(const struct sockaddr *address)
{
    struct sockaddr_in v4;

    memcpy(&v4, address, sizeof v4);
    return v4;
}

static struct sockaddr_in6
as_v6(const struct sockaddr *address)
{
    struct sockaddr_in6 v6;

    memcpy(&v6, address, sizeof v6);
    return v6;
}

void
onym_address_text(const struct sockaddr *address, char out[ONYM_ADDRESS_TEXT_MAX])
{
    char host[INET6_ADDRSTRLEN] = "?";

    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4 = as_v4(address);

        (void)inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host);
        (void)snprintf(out, ONYM_ADDRESS_TEXT_MAX, "%s:%u", host, ntohs(v4.sin_port));
    } else {
        struct sockaddr_in6 v6 = as_v6(address);

        (void)inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof host);
        (void)snprintf(out, ONYM_ADDRESS_TEXT_MAX, "[%s]:%u", host, ntohs(v6.sin6_port));
    }
}

/* Bytes of the address structure, by family. */
static socklen_t
structure_len(const struct sockaddr *address)
{
    return address->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

uint16_t
onym_address_port(const struct sockaddr *address)
{
    return address->sa_family == AF_INET ? ntohs(as_v4(address).sin_port)
                                         : ntohs(as_v6(address).sin6_port);
}

void
onym_address_set_port(struct sockaddr *address, uint16_t port)
{
    /* the port sits at the same place for both families */
    onym_put_u16((uint8_t *)address + offsetof(struct sockaddr_in, sin_port), port);
}

onym_span
onym_address_bytes(const struct sockaddr *address)
{
    const uint8_t *at = (const uint8_t *)address;

    if (address->sa_family == AF_INET) {
        return onym_span_of(at + offsetof(struct sockaddr_in, sin_addr), 4);
    }
    at += offsetof(struct sockaddr_in6, sin6_addr);
    if (memcmp(at, "\0\0\0\0\0\0\0\0\0\0\xFF\xFF", 12) == 0) {
        return onym_span_of(at + 12, 4);
    }
    return onym_span_of(at, 16);
}

bool
onym_address_is_any(const struct sockaddr *address)
{
    static const uint8_t zero[16];
    onym_span bytes = onym_address_bytes(address);

    return memcmp(bytes.at, zero, bytes.len) == 0;
}

static enum onym_status
bind_fault(const struct sockaddr *address, int type, int error, struct onym_fault *fault)
{
    const char *transport = type == SOCK_DGRAM ? "UDP" : "TCP";
    char text[ONYM_ADDRESS_TEXT_MAX];

    onym_address_text(address, text);
    if (error == EADDRINUSE) {
        return onym_fault_set(
            fault, ONYM_IN_USE,
            "%s %s is taken by another program; stop it (ss -lnp shows it) or set "
            "another port under listen:",
            transport, text);
    }
    if (error == EACCES) {
        return onym_fault_set(fault, ONYM_NO_PERMISSION,
                              "%s %s may not be opened by this user; use a port from 1024 up",
                              transport, text);
    }
    if (error == EADDRNOTAVAIL) {
        return onym_fault_set(fault, ONYM_IO,
                              "%s %s is not an address of this machine; set one of its own "
                              "(ip address shows them) under listen:",
                              transport, text);
    }
    return onym_fault_set(fault, ONYM_IO, "%s %s cannot be opened: %s", transport, text,
                          strerror(error));
}

enum onym_status
onym_address_bind(const struct sockaddr *address, int type, int *fd, struct onym_fault *fault)
{
    const int on = 1;
    int s = socket(address->sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (s < 0) {
        return bind_fault(address, type, errno, fault);
    }
    if ((type == SOCK_STREAM && setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) ||
        setsockopt(s, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0 ||
        (address->sa_family == AF_INET6 &&
         setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) ||
        bind(s, address, structure_len(address)) != 0) {
        int error = errno;

        (void)close(s);
        return bind_fault(address, type, error, fault);
    }
    *fd = s;
    return ONYM_OK;
}
