#include "lib/args.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum onym_status
bench_args_number(const char *option, const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    char *end = NULL;

    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || text[0] < '0' || text[0] > '9' || *end != '\0' || value < min ||
        value > max) {
        fprintf(stderr, "%s %s: expected a number from %" PRIu64 " to %" PRIu64 "\n", option, text,
                min, max);
        return ONYM_INVALID;
    }
    *out = value;
    return ONYM_OK;
}

enum onym_status
bench_args_address(const char *option, const char *text, struct sockaddr_in *out)
{
    char host[INET_ADDRSTRLEN];
    const char *colon = strrchr(text, ':');
    size_t len = colon != NULL ? (size_t)(colon - text) : 0;
    struct sockaddr_in address = {.sin_family = AF_INET};
    uint64_t port;

    if (len == 0 || len >= sizeof host) {
        fprintf(stderr, "%s %s: expected ADDRESS:PORT, for example 127.0.0.1:2641\n", option, text);
        return ONYM_INVALID;
    }
    memcpy(host, text, len);
    host[len] = '\0';
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1) {
        fprintf(stderr, "%s %s: %s is not an IPv4 address\n", option, text, host);
        return ONYM_INVALID;
    }
    if (bench_args_number(option, colon + 1, 1, UINT16_MAX, &port) != ONYM_OK) {
        return ONYM_INVALID;
    }
    address.sin_port = htons((uint16_t)port);
    *out = address;
    return ONYM_OK;
}

int
bench_udp_socket(const struct sockaddr_in *address, bool local)
{
    const int bytes = 4 << 20;
    const struct sockaddr *at = (const struct sockaddr *)address;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        perror("socket");
        return -1;
    }
    /* the default of 208 KiB holds about 270 small packets; a smaller limit is not an error */
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    int failed = local ? bind(fd, at, sizeof *address) : connect(fd, at, sizeof *address);
    if (failed != 0) {
        fprintf(stderr, "%s port %u: %s\n", local ? "bind" : "connect", ntohs(address->sin_port),
                strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}
