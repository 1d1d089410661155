/* A connection of a load client that never blocks, with or without TLS. Server certificates are not
 * checked: what is measured is not who answers. */
#ifndef BENCH_LIB_STREAM_H
#define BENCH_LIB_STREAM_H

#include "onym/span.h"

#include <netinet/in.h>
#include <openssl/ssl.h>

struct bench_stream {
    int fd;
    SSL *ssl;        /* NULL: plain */
    bool handshaken; /* always without TLS */
};

enum bench_io {
    BENCH_IO_DONE,  /* some bytes moved */
    BENCH_IO_READ,  /* goes on when the descriptor is readable */
    BENCH_IO_WRITE, /* goes on when it is writable */
    BENCH_IO_CLOSED /* the peer closed, or it failed */
};

/* A context for TLS 1.3 clients that remembers the latest session in *latest (initially NULL, freed
 * by the caller); NULL when OpenSSL does not. */
SSL_CTX *bench_stream_context(SSL_SESSION **latest);

/* Begins to connect to target, from 127.0.1.(1 + source) when source is below 250, else from where
 * the system likes. With a context TLS follows, resuming the session if one is given. False with
 * one line on stderr; close in any case. */
bool bench_stream_open(struct bench_stream *stream, const struct sockaddr_in *target,
                       unsigned source, SSL_CTX *context, const SSL_SESSION *session);
void bench_stream_close(struct bench_stream *stream);

/* While held, less than a segment is not sent, for 200 ms at most. */
void bench_stream_hold(const struct bench_stream *stream, bool held);

/* Goes on with the handshake. */
enum bench_io bench_stream_handshake(struct bench_stream *stream);
/* *len: room on entry, bytes that were moved when BENCH_IO_DONE. */
enum bench_io bench_stream_read(struct bench_stream *stream, uint8_t *at, size_t *len);
enum bench_io bench_stream_write(struct bench_stream *stream, onym_span bytes, size_t *len);

#endif
