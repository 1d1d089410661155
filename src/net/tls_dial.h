/* TLS connections of a client that drives many of them itself: on descriptors that do not block,
 * without a loop. For load tools; the node's own connections are net/tls.h. */
#ifndef ONYM_NET_TLS_DIAL_H
#define ONYM_NET_TLS_DIAL_H

#include "base/fault.h"

#include <sys/types.h>

struct onym_tls_dialer; /* what connections of one thread to one server share; opaque */
struct onym_tls_dial;   /* one connection; opaque */

enum onym_tls_dial_state {
    ONYM_TLS_DIAL_DONE,
    ONYM_TLS_DIAL_READ,  /* again when the descriptor can be read */
    ONYM_TLS_DIAL_WRITE, /* again when it can be written */
    ONYM_TLS_DIAL_ENDED  /* the peer has closed, or it broke */
};

/* host: what the certificate must be for when authorities, a PEM file, is not NULL. Without
 * authorities any certificate is taken. ONYM_OK and *out; ONYM_INVALID, ONYM_NO_MEMORY with
 * *fault. */
ONYM_MUST_USE enum onym_status onym_tls_dialer_new(const char *host, const char *authorities,
                                                   struct onym_tls_dialer **out,
                                                   struct onym_fault *fault);
/* What its connections show when the server asks: a certificate and its key, PEM files. ONYM_OK;
 * statuses of onym_tls_pem_pair with *fault. */
ONYM_MUST_USE enum onym_status onym_tls_dialer_certify(struct onym_tls_dialer *dialer,
                                                       const char *certificate, const char *key,
                                                       struct onym_fault *fault);
void onym_tls_dialer_free(struct onym_tls_dialer *dialer); /* NULL is fine */

/* A connection over a connected descriptor, which stays the caller's. NULL: no memory. */
struct onym_tls_dial *onym_tls_dial_new(struct onym_tls_dialer *dialer, int fd);
void onym_tls_dial_free(struct onym_tls_dial *dial); /* says goodbye; NULL is fine */

/* Goes on with the handshake. */
enum onym_tls_dial_state onym_tls_dial_handshake(struct onym_tls_dial *dial);
/* Reads or writes at most len bytes; *done is how many. After READ or WRITE a write has to be
 * repeated with the same bytes in front; they may have moved. */
enum onym_tls_dial_state onym_tls_dial_read(struct onym_tls_dial *dial, void *out, size_t len,
                                            size_t *done);
enum onym_tls_dial_state onym_tls_dial_write(struct onym_tls_dial *dial, const void *bytes,
                                             size_t len, size_t *done);

/* Why the handshake or the connection ended: static text, "" when nobody knows. */
const char *onym_tls_dial_reason(const struct onym_tls_dial *dial);
/* Whether it ended because the server refused our certificate, or wants one: nothing that was
 * written was taken. */
bool onym_tls_dial_is_refused(const struct onym_tls_dial *dial);

#endif
