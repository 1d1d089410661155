/* One request at a time to the HTTP API of a node, over TLS or its Unix socket; blocking. */
#ifndef ONYM_TOOLS_HTTPS_H
#define ONYM_TOOLS_HTTPS_H

#include "base/fault.h"
#include "tools/command.h"
#include "tools/host_port.h"

#include <stddef.h>
#include <stdint.h>

#define ONYM_HTTPS_AUTHORIZATION_MAX 8192U

struct onym_https {
    const char *what; /* the command, for messages */
    char host[ONYM_HOST_MAX];
    char port[8];
    const char *socket;            /* path of the node's Unix socket, instead of all that */
    const char *authorities;       /* PEM file that must lead to the certificate */
    const char *certificate, *key; /* PEM files of our own, or NULL */
    uint32_t timeout_ms;           /* of each wait */
    struct onym_fault *fault;      /* gets what is wrong with a request; NULL: said on stderr */
    char authorization[ONYM_HTTPS_AUTHORIZATION_MAX]; /* header value; empty: none */
};

struct onym_https_reply {
    int status;
    const char *body;
    size_t len;
    char *memory; /* release with free */
};

struct onym_tls_dialer;
struct onym_tls_dial;

/* What connections to it are made of. ONYM_OK and *out (onym_tls_dialer_free); statuses of
 * onym_tls_dialer_new and onym_tls_dialer_certify with *fault. */
ONYM_MUST_USE enum onym_status onym_https_dialer_new(const struct onym_https *https,
                                                     struct onym_tls_dialer **out,
                                                     struct onym_fault *fault);

/* Connects and shakes hands; each step waits for timeout_ms at most, and so does what is read and
 * written behind it. ONYM_OK, *fd (to be closed) and *dial (onym_tls_dial_free, in front of that);
 * with *fault ONYM_UNREACHABLE: nothing answers; ONYM_ERROR: what answers is no such server, or not
 * the one the authorities stand for; ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_https_connect(const struct onym_https *https,
                                                  struct onym_tls_dialer *dialer, int *fd,
                                                  struct onym_tls_dial **dial,
                                                  struct onym_fault *fault);

/* Asks for what may be asked again. ONYM_EXIT_DONE and *out, whatever the status is; or after a
 * line on stderr ONYM_EXIT_UNREACHABLE, ONYM_EXIT_USAGE (the authorities), ONYM_EXIT_AUTH (the
 * socket may not be used), ONYM_EXIT_SERVER (what
 * answers is no such server, or not the one the authorities stand for). */
int onym_https_ask(const struct onym_https *https, const char *method, const char *target,
                   struct onym_https_reply *out);

/* For what may change something, with a body of JSON, or NULL. The same, and
 * ONYM_EXIT_UNKNOWN: it was sent, by another method than GET, and no answer came. */
int onym_https_send(const struct onym_https *https, const char *method, const char *target,
                    const char *body, struct onym_https_reply *out);

#endif
