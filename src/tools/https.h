/* One request at a time to the HTTP API of a node, over TLS; blocking. */
#ifndef ONYM_TOOLS_HTTPS_H
#define ONYM_TOOLS_HTTPS_H

#include "tools/command.h"
#include "tools/host_port.h"

#include <stddef.h>
#include <stdint.h>

#define ONYM_HTTPS_AUTHORIZATION_MAX 8192U

struct onym_https {
    const char *what; /* the command, for messages */
    char host[ONYM_HOST_MAX];
    char port[8];
    const char *authorities; /* PEM file that must lead to the certificate */
    uint32_t timeout_ms;     /* of each wait */
    char authorization[ONYM_HTTPS_AUTHORIZATION_MAX]; /* header value; empty: none */
};

struct onym_https_reply {
    int status;
    const char *body;
    size_t len;
    char *memory; /* release with free */
};

/* Asks for what may be asked again. ONYM_EXIT_DONE and *out, whatever the status is; or after a
 * line on stderr ONYM_EXIT_UNREACHABLE, ONYM_EXIT_USAGE (the authorities), ONYM_EXIT_SERVER (what
 * answers is no such server, or not the one the authorities stand for). */
int onym_https_ask(const struct onym_https *https, const char *method, const char *target,
                   struct onym_https_reply *out);

/* For what may change something, with a body of JSON, at most 4096 bytes; NULL: none. The same, and
 * ONYM_EXIT_UNKNOWN: it was sent, by another method than GET, and no answer came. */
int onym_https_send(const struct onym_https *https, const char *method, const char *target,
                    const char *body, struct onym_https_reply *out);

#endif
