/* Looking at certificates from outside: in files, and at a listener as a client meets it. Blocking;
 * for tools, never on a loop. */
#ifndef ONYM_NET_TLS_PROBE_H
#define ONYM_NET_TLS_PROBE_H

#include "base/fault.h"
#include "net/tls_cert.h"

/* The first certificate of a PEM file. ONYM_OK; ONYM_INVALID, ONYM_NO_MEMORY with *fault. */
ONYM_MUST_USE enum onym_status
onym_tls_probe_file(const char *path, struct onym_tls_certificate *out, struct onym_fault *fault);

/* Whether the first certificate of the file is for host, a name or an address. False also when the
 * file cannot be read. */
bool onym_tls_probe_covers(const char *path, const char *host);

/* Whether the first certificate of path is signed by the first one of authority. False also when a
 * file cannot be read. */
bool onym_tls_probe_issued_by(const char *path, const char *authority);

/* A connected descriptor that blocks, each time for timeout_ms at most. ONYM_OK and *out, the
 * caller's to close; ONYM_UNREACHABLE with *fault. */
ONYM_MUST_USE enum onym_status onym_tls_probe_reach(const char *host, const char *port,
                                                    uint32_t timeout_ms, int *out,
                                                    struct onym_fault *fault);

struct onym_tls_session_found {
    struct onym_tls_certificate certificate;
    char version[16]; /* "TLSv1.3" */
    char cipher[48];
    char group[24];        /* of the key exchange; empty when OpenSSL does not tell */
    bool checked;          /* authorities were given */
    bool verified;         /* they lead to the certificate, and it is for this host */
    const char *complaint; /* when not verified; static */
};

/* Shakes hands with host (a name or an address) and port. authorities: a PEM file or NULL.
 * timeout_ms bounds the connection and each wait after it. ONYM_OK also for a certificate that is
 * not verified; ONYM_UNREACHABLE when nothing answers there, ONYM_ERROR when what answers does not
 * speak TLS as this program does, ONYM_INVALID for the authorities; all with *fault. */
ONYM_MUST_USE enum onym_status onym_tls_probe_connect(const char *host, const char *port,
                                                      const char *authorities, uint32_t timeout_ms,
                                                      struct onym_tls_session_found *out,
                                                      struct onym_fault *fault);

#endif
