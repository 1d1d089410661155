#include "lib/stream.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOURCES 250U

/* The latest session is kept for the connections that follow. */
static int
on_session(SSL *ssl, SSL_SESSION *session)
{
    SSL_SESSION **latest = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

    SSL_SESSION_free(*latest);
    *latest = session;
    return 1; /* the reference is ours */
}

/* Who answers is not measured, and a client slower than the server lets the server sleep. */
static int
on_certificate(X509_STORE_CTX *store, void *arg)
{
    (void)store;
    (void)arg;
    return 1;
}

SSL_CTX *
bench_stream_context(SSL_SESSION **latest)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    if (context != NULL && SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1) {
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(context, on_session);
        SSL_CTX_set_cert_verify_callback(context, on_certificate, NULL);
        SSL_CTX_set_app_data(context, latest);
        return context;
    }
    SSL_CTX_free(context);
    fprintf(stderr, "OpenSSL makes no client of TLS 1.3\n");
    return NULL;
}

static bool
begin_connect(int fd, const struct sockaddr_in *target, unsigned source)
{
    const int on = 1;
    struct sockaddr_in from = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(0x7F000101U + source)};

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    /* the port is chosen with the target known: then all of them serve for each source */
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (source < SOURCES && bind(fd, (struct sockaddr *)&from, sizeof from) != 0) {
        return false;
    }
    return connect(fd, (const struct sockaddr *)target, sizeof *target) == 0 ||
           errno == EINPROGRESS;
}

/* Offers a copy of the session: OpenSSL uses each once, and many connections begin with one. */
static bool
offer_session(SSL *ssl, const SSL_SESSION *session)
{
    SSL_SESSION *copy = SSL_SESSION_dup(session);
    bool set = copy != NULL && SSL_set_session(ssl, copy) == 1;

    SSL_SESSION_free(copy);
    return set;
}

bool
bench_stream_open(struct bench_stream *s, const struct sockaddr_in *target, unsigned source,
                  SSL_CTX *context, const SSL_SESSION *session)
{
    *s = (struct bench_stream){.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
                               .handshaken = context == NULL};
    if (s->fd < 0 || !begin_connect(s->fd, target, source)) {
        fprintf(stderr, "connect to port %u: %s\n", ntohs(target->sin_port), strerror(errno));
        return false;
    }
    if (context != NULL) {
        s->ssl = SSL_new(context);
        if (s->ssl == NULL || SSL_set_fd(s->ssl, s->fd) != 1 ||
            (session != NULL && !offer_session(s->ssl, session))) {
            fprintf(stderr, "OpenSSL makes no connection\n");
            return false;
        }
        SSL_set_connect_state(s->ssl);
        SSL_set_mode(s->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    }
    return true;
}

void
bench_stream_close(struct bench_stream *s)
{
    if (s->ssl != NULL) {
        SSL_set_quiet_shutdown(s->ssl, 1); /* a session is not spoilt by how its connection ends */
        (void)SSL_shutdown(s->ssl);
        SSL_free(s->ssl);
    }
    if (s->fd >= 0) {
        (void)close(s->fd);
    }
    *s = (struct bench_stream){.fd = -1};
}

void
bench_stream_hold(const struct bench_stream *s, bool held)
{
    const int on = held;

    (void)setsockopt(s->fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
}

static enum bench_io
verdict_of(const SSL *ssl, int returned)
{
    switch (SSL_get_error(ssl, returned)) {
    case SSL_ERROR_WANT_READ:
        return BENCH_IO_READ;
    case SSL_ERROR_WANT_WRITE:
        return BENCH_IO_WRITE;
    default:
        return BENCH_IO_CLOSED;
    }
}

enum bench_io
bench_stream_handshake(struct bench_stream *s)
{
    int done = s->handshaken ? 1 : SSL_do_handshake(s->ssl);

    s->handshaken = done == 1;
    return done == 1 ? BENCH_IO_DONE : verdict_of(s->ssl, done);
}

enum bench_io
bench_stream_read(struct bench_stream *s, uint8_t *at, size_t *len)
{
    if (s->ssl != NULL) {
        int done = SSL_read_ex(s->ssl, at, *len, len);
        return done == 1 ? BENCH_IO_DONE : verdict_of(s->ssl, done);
    }
    ssize_t got = recv(s->fd, at, *len, 0);
    if (got > 0) {
        *len = (size_t)got;
        return BENCH_IO_DONE;
    }
    return got < 0 && (errno == EAGAIN || errno == EINTR) ? BENCH_IO_READ : BENCH_IO_CLOSED;
}

enum bench_io
bench_stream_write(struct bench_stream *s, onym_span bytes, size_t *len)
{
    if (s->ssl != NULL) {
        int done = SSL_write_ex(s->ssl, bytes.at, bytes.len, len);
        return done == 1 ? BENCH_IO_DONE : verdict_of(s->ssl, done);
    }
    ssize_t put = send(s->fd, bytes.at, bytes.len, MSG_NOSIGNAL);
    if (put >= 0) {
        *len = (size_t)put;
        return BENCH_IO_DONE;
    }
    return errno == EAGAIN || errno == EINTR || errno == ENOTCONN ? BENCH_IO_WRITE
                                                                  : BENCH_IO_CLOSED;
}
