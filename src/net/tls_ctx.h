/* What TLS listeners of one process share: certificate, key, trust in clients, ticket keys, and the
 * pinned profile (docs/tls.md): TLS 1.2 and 1.3, ECDHE on X25519 and P-256, AEAD ciphers only, no
 * compression, no renegotiation, no early data. Any thread may use a context; a reload puts a new
 * OpenSSL context in its place, handshakes that begin afterwards use it, connections go on with
 * theirs. */
#ifndef ONYM_NET_TLS_CTX_H
#define ONYM_NET_TLS_CTX_H

#include "base/fault.h"
#include "base/rng.h"

#define ONYM_TLS_FILE_MAX       262144U /* bytes of one PEM file */
#define ONYM_TLS_CLIENT_CAS_MAX 64U     /* certificates in the client CA file */
#define ONYM_TLS_CHAIN_MAX      8U      /* certificates in the certificate file */
#define ONYM_TLS_PEER_CHAIN_MAX 16384U  /* bytes of the certificates a client may send */
/* A ticket key encrypts for one period and is accepted for one more; tickets live one period. */
#define ONYM_TLS_TICKET_PERIOD_S 3600U

enum onym_tls_clients {
    ONYM_TLS_CLIENTS_OFF,      /* clients are not asked for a certificate */
    ONYM_TLS_CLIENTS_OPTIONAL, /* any certificate is taken, whoever issued it; it is marked as
                                  trusted only when the client CA file leads to it */
    ONYM_TLS_CLIENTS_REQUIRED  /* only certificates that the client CA file leads to */
};

struct onym_tls_files {
    const char *certificate; /* PEM: the node's certificate, then intermediate ones */
    const char *key;         /* PEM: its private key; the file must be for its owner only */
    const char *client_ca;   /* PEM: authorities of client certificates; "" = none */
    enum onym_tls_clients clients;
};

struct onym_tls_context; /* opaque */
struct ssl_ctx_st;       /* OpenSSL's SSL_CTX */

/* Reads the files and makes a context whose first ticket keys are in force from now_s (epoch
 * seconds) on. ONYM_OK and *out; else *fault is one line that names the file and says what to do:
 * ONYM_INVALID (unreadable, not PEM, too large, encrypted key, key file open to others, key of
 * another certificate, required clients without an authority), ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_tls_context_new(const struct onym_tls_files *files,
                                                    struct onym_rng rng, uint32_t now_s,
                                                    struct onym_tls_context **out,
                                                    struct onym_fault *fault);

/* Reads the files again; on success new handshakes use them at once, else nothing changes. Ticket
 * keys stay, but tickets of clients end with a change of what clients have to show. Statuses of
 * onym_tls_context_new. */
ONYM_MUST_USE enum onym_status onym_tls_context_reload(struct onym_tls_context *context,
                                                       const struct onym_tls_files *files,
                                                       struct onym_fault *fault);

/* Reads the files as the two above do, and reports all that is wrong and not the first fault alone:
 * how many there are, none when the two would succeed, in the front of faults. */
#define ONYM_TLS_FAULTS_MAX 3U
size_t onym_tls_files_check(const struct onym_tls_files *files,
                            struct onym_fault faults[ONYM_TLS_FAULTS_MAX]);

/* Makes a new ticket key when the current one is a period old: call it every few seconds. */
void onym_tls_context_tick(struct onym_tls_context *context, uint32_t now_s);

/* The certificate in force ends at (epoch seconds). */
uint64_t onym_tls_context_expiry_s(struct onym_tls_context *context);

/* The OpenSSL context in force, with a reference that the caller gives back with SSL_CTX_free.
 * For net/tls*.c. */
struct ssl_ctx_st *onym_tls_context_take(struct onym_tls_context *context);

/* When no listener uses it any more. NULL is fine. */
void onym_tls_context_free(struct onym_tls_context *context);

#endif
