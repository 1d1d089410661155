#include "onym/client.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

/* The longest host name DNS knows, and room for an address with its interface. */
#define HOST_LEN_MAX 253U

struct host_port {
    char host[HOST_LEN_MAX + 1U];
    uint16_t port;
};

static bool
read_port(const char *text, uint16_t *out)
{
    uint32_t port = 0;

    for (size_t i = 0; text[i] != '\0'; i++) {
        if (text[i] < '0' || text[i] > '9' || i >= 5) {
            return false;
        }
        port = port * 10 + (uint32_t)(text[i] - '0');
    }
    if (port == 0 || port > 65535) {
        return false;
    }
    *out = (uint16_t)port;
    return true;
}

/* Cuts HOST, HOST:PORT, [HOST], [HOST]:PORT, and an IPv6 address without brackets or port. */
static bool
split(const char *text, struct host_port *out)
{
    const char *host = text;
    const char *end = strchr(text, ':');
    const char *port = NULL;
    size_t len;

    if (text[0] == '[') {
        host = text + 1;
        end = strchr(host, ']');
        if (end == NULL || (end[1] != '\0' && end[1] != ':')) {
            return false;
        }
        port = end[1] == ':' ? end + 2 : NULL;
    } else if (end != NULL && strchr(end + 1, ':') == NULL) {
        port = end + 1;
    } else {
        end = text + strlen(text);
    }
    len = (size_t)(end - host);
    if (len == 0 || len > HOST_LEN_MAX) {
        return false;
    }
    memcpy(out->host, host, len);
    out->host[len] = '\0';
    out->port = ONYM_CLIENT_PORT;
    return port == NULL || read_port(port, &out->port);
}

static bool
read_address(const struct host_port *from, struct onym_client_server *out)
{
    struct onym_client_server server = {.port = from->port};
    char host[HOST_LEN_MAX + 1U];
    char *zone;

    if (inet_pton(AF_INET, from->host, server.address) == 1) {
        *out = server;
        return true;
    }
    memcpy(host, from->host, sizeof host);
    zone = strchr(host, '%');
    if (zone != NULL) {
        *zone = '\0';
        server.scope_id = if_nametoindex(zone + 1);
        if (server.scope_id == 0) {
            return false;
        }
    }
    server.is_v6 = true;
    if (inet_pton(AF_INET6, host, server.address) != 1) {
        return false;
    }
    *out = server;
    return true;
}

enum onym_status
onym_client_server_parse(const char *text, struct onym_client_server *out)
{
    struct host_port cut;

    return split(text, &cut) && read_address(&cut, out) ? ONYM_OK : ONYM_INVALID;
}

static bool
from_sockaddr(const struct addrinfo *info, uint16_t port, struct onym_client_server *out)
{
    struct onym_client_server server = {.port = port};

    if (info->ai_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, info->ai_addr, sizeof in);
        memcpy(server.address, &in.sin_addr, 4);
    } else if (info->ai_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, info->ai_addr, sizeof in6);
        memcpy(server.address, &in6.sin6_addr, 16);
        server.is_v6 = true;
        server.scope_id = in6.sin6_scope_id;
    } else {
        return false;
    }
    *out = server;
    return true;
}

enum onym_status
onym_client_server_lookup(const char *text, struct onym_client_server *out, size_t cap,
                          size_t *count)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
    struct addrinfo *found = NULL;
    struct host_port cut;
    size_t n = 0;

    if (cap == 0 || !split(text, &cut)) {
        return ONYM_INVALID;
    }
    if (read_address(&cut, out)) {
        *count = 1;
        return ONYM_OK;
    }
    if (strpbrk(cut.host, ":% /") != NULL) {
        return ONYM_INVALID;
    }
    if (getaddrinfo(cut.host, NULL, &hints, &found) != 0) {
        return ONYM_UNREACHABLE;
    }
    for (const struct addrinfo *i = found; i != NULL && n < cap; i = i->ai_next) {
        n += from_sockaddr(i, cut.port, &out[n]) ? 1U : 0U;
    }
    freeaddrinfo(found);
    if (n == 0) {
        return ONYM_UNREACHABLE;
    }
    *count = n;
    return ONYM_OK;
}

void
onym_client_server_format(const struct onym_client_server *server, char *out)
{
    char address[INET6_ADDRSTRLEN] = "";

    (void)inet_ntop(server->is_v6 ? AF_INET6 : AF_INET, server->address, address, sizeof address);
    if (server->scope_id != 0) {
        (void)snprintf(out, ONYM_CLIENT_SERVER_TEXT, "[%s%%%u]:%u", address,
                       (unsigned)server->scope_id, (unsigned)server->port);
    } else {
        (void)snprintf(out, ONYM_CLIENT_SERVER_TEXT, server->is_v6 ? "[%s]:%u" : "%s:%u", address,
                       (unsigned)server->port);
    }
}
