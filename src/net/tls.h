/* TLS listeners and connections of one loop, on top of net/tcp.h and of the same shape: a protocol
 * gets plain bytes and says how many it used, and what it sends leaves encrypted in one gathered
 * write. Only whole records reach OpenSSL, so that torn ones wait in the bounded memory of
 * net/tcp and an idle connection holds no record buffer.
 *
 *   tcp bytes -> whole records -> OpenSSL -> handlers.bytes(all unused plain bytes)
 *   onym_tls_send() ... -> records of up to 16 KiB -> OpenSSL -> one gathered write
 */
#ifndef ONYM_NET_TLS_H
#define ONYM_NET_TLS_H

#include "net/tcp.h"
#include "net/tls_ctx.h"

#define ONYM_TLS_HANDSHAKE_MS 10000U /* from the connection's beginning; then it is closed */

struct onym_tls;            /* what the TLS connections of one loop and one protocol share */
struct onym_tls_connection; /* opaque */

struct onym_tls_handlers {
    /* Plain bytes not used so far; returns how many it used. All that it left comes again with the
     * next bytes, or when a congested connection is free again. */
    size_t (*bytes)(void *user, struct onym_tls_connection *connection, onym_span bytes);
    /* A connection whose handshake was done is about to go; may be NULL. */
    void (*closed)(void *user, struct onym_tls_connection *connection);
};

enum onym_tls_result {
    ONYM_TLS_FULL,    /* handshakes with a new key exchange and the node's signature */
    ONYM_TLS_RESUMED, /* from a ticket */
    ONYM_TLS_FAILED,  /* not TLS, not the profile, a certificate refused, or the peer left */
    ONYM_TLS_EXPIRED, /* not done within ONYM_TLS_HANDSHAKE_MS */
    ONYM_TLS_RESULTS
};

enum onym_tls_version { ONYM_TLS_1_2, ONYM_TLS_1_3, ONYM_TLS_VERSIONS };

struct onym_tls_stats {
    uint64_t handshakes[ONYM_TLS_RESULTS];
    uint64_t versions[ONYM_TLS_VERSIONS]; /* of handshakes that were done */
    const char *last_failure; /* in OpenSSL's words, static; NULL = none, or none given */
};

#define ONYM_TLS_SUBJECT_MAX 256U
#define ONYM_TLS_NAMES_MAX   512U

/* What a client showed in its handshake. It proved that it holds the key; who it is follows only
 * from a trusted certificate, or from knowing the key. */
struct onym_tls_peer {
    bool present;           /* it sent a certificate; otherwise nothing below is set */
    bool trusted;           /* the client CA file leads to it, and it is valid for a client */
    uint8_t key_sha256[32]; /* of the public key as SubjectPublicKeyInfo */
    char subject[ONYM_TLS_SUBJECT_MAX]; /* RFC 2253, escaped to ASCII; cut names end with "..." */
    char names[ONYM_TLS_NAMES_MAX];     /* "DNS:a, IP:192.0.2.1, URI:b", likewise */
};

/* limits as of onym_tcp_new; kept_bytes bounds ciphertext and plain text apart. context outlives
 * it. ONYM_OK and *out, ONYM_NO_MEMORY, ONYM_IO. */
ONYM_MUST_USE enum onym_status onym_tls_new(uv_loop_t *loop,
                                            const struct onym_tls_handlers *handlers, void *user,
                                            const struct onym_tcp_limits *limits,
                                            struct onym_tls_context *context,
                                            struct onym_tls **out);

/* As onym_tcp_listen, onym_tcp_port. */
ONYM_MUST_USE enum onym_status onym_tls_listen(struct onym_tls *tls, const struct sockaddr *address,
                                               struct onym_fault *fault);
uint16_t onym_tls_port(const struct onym_tls *tls, size_t index);

/* Adds front and parts to what is written; they are borrowed for the call alone. From inside the
 * bytes handler only. */
void onym_tls_send(struct onym_tls_connection *connection, onym_span front,
                   const struct iovec *parts, size_t count);

/* Encrypts and writes what was sent so far. */
void onym_tls_flush(struct onym_tls_connection *connection);

/* True when the peer does not take its answers: the handler should return and leave the rest. */
bool onym_tls_congested(const struct onym_tls_connection *connection);

/* As onym_tcp_hold and onym_tcp_release: nothing is handed to the handler between the two, and
 * onym_tls_send, onym_tls_flush and onym_tls_finish may be called from outside of it. */
void onym_tls_hold(struct onym_tls_connection *connection);
void onym_tls_release(struct onym_tls_connection *connection);

/* Counts as life of the connection: a complete request was read. */
void onym_tls_touch(struct onym_tls_connection *connection);

/* Uses no more input; ends the connection with close_notify when everything is written. From inside
 * the bytes handler only. */
void onym_tls_finish(struct onym_tls_connection *connection);

/* The peer's address into out; all zero when it is gone. */
void onym_tls_address_of(const struct onym_tls_connection *connection,
                         struct sockaddr_storage *out);

/* ONYM_TCP_STATE_LEN bytes of the protocol, zero at first. */
void *onym_tls_state(struct onym_tls_connection *connection);

/* Who the client is, read from its certificate. *out is zero when it showed none. */
void onym_tls_peer_of(const struct onym_tls_connection *connection, struct onym_tls_peer *out);

/* Its figures so far, borrowed: they change as the loop runs, whose thread alone reads them. */
const struct onym_tls_stats *onym_tls_stats(const struct onym_tls *tls);
/* Of the connections below; bytes are ciphertext. */
const struct onym_tcp_stats *onym_tls_tcp_stats(const struct onym_tls *tls);

/* Stops accepting and closes connections, with close_notify: idle ones at once, others when their
 * queue is written. */
void onym_tls_stop(struct onym_tls *tls);
/* Closes everything now. */
void onym_tls_abort(struct onym_tls *tls);
/* Frees tls itself: after stop or abort, when the loop has run out. NULL is fine. */
void onym_tls_free(struct onym_tls *tls);

#endif
