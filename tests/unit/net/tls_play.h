/* A TLS server of net/ with a protocol of lines, and OpenSSL's client, on one loop and one thread.
 * Lines: each is echoed with ">" in front; "big\n" answers a mebibyte, "end\n" ends the connection,
 * "hold\n" waits for the test. */
#ifndef ONYM_TEST_TLS_PLAY_H
#define ONYM_TEST_TLS_PLAY_H

#include "net/tls.h"
#include "net/tls_make.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define PLAY_BIG_BYTES ((size_t)1 << 20)
#define PLAY_NOW_S     1800000000U
#define PLAY_ROOMY                                                                                 \
    {                                                                                              \
        .connections = 1000, .idle_ms = 600000, .kept_bytes = (size_t)64 << 20                     \
    }

struct play {
    char dir[128];
    char file[8][160]; /* PLAY_CA ... */
    struct onym_tls_context *context;
    uv_loop_t loop;
    struct onym_tls *tls;
    struct onym_tls_connection *last;    /* that sent a line */
    struct onym_tls_connection *waiting; /* held */
    unsigned closed;
    uint8_t big[PLAY_BIG_BYTES];
};

enum { PLAY_CA, PLAY_CA_KEY, PLAY_CERT, PLAY_KEY, PLAY_CERT_2, PLAY_KEY_2, PLAY_CLIENT, PLAY_ANY };

static inline void
play_write(const char *path, const uint8_t *bytes, size_t len, unsigned mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, (mode_t)mode);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    assert_int_equal(fchmod(fd, (mode_t)mode), 0);
    assert_int_equal(close(fd), 0);
}

static inline void
play_write_pair(struct play *p, int certificate, int key, struct onym_tls_pair *pair)
{
    play_write(p->file[certificate], pair->certificate, pair->certificate_len, 0600);
    play_write(p->file[key], pair->key, pair->key_len, 0600);
    onym_tls_pair_drop(pair);
}

/* A directory with an authority and two server pairs. */
static inline struct play *
play_files(void)
{
    static const char *const hosts[] = {"localhost", "127.0.0.1", "::1"};
    static const char *const names[] = {"ca.crt",       "ca.key",       "server.crt", "server.key",
                                        "server-2.crt", "server-2.key", "client.pem", "any"};
    struct play *p = calloc(1, sizeof *p);
    struct onym_tls_request request = {.name = "test authority",
                                       .days = 30,
                                       .now_s = (uint64_t)1 << 31, /* long ago when this fails */
                                       .rng = onym_rng_system()};
    struct onym_tls_pair pair;
    struct onym_fault fault;
    const char *tmp = getenv("TMPDIR");
    struct timespec now;

    assert_non_null(p);
    (void)snprintf(p->dir, sizeof p->dir, "%s/onym-tls-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(p->dir));
    for (size_t i = 0; i < 8; i++) {
        (void)snprintf(p->file[i], sizeof p->file[i], "%s/%s", p->dir, names[i]);
    }
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &now), 0);
    request.now_s = (uint64_t)now.tv_sec;
    assert_int_equal(onym_tls_make_authority(&request, &pair, &fault), ONYM_OK);
    play_write_pair(p, PLAY_CA, PLAY_CA_KEY, &pair);
    request.hosts = hosts;
    request.host_count = 3;
    for (int i = 0; i < 2; i++) {
        request.name = i == 0 ? "first" : "second";
        assert_int_equal(
            onym_tls_make_server(&request, p->file[PLAY_CA], p->file[PLAY_CA_KEY], &pair, &fault),
            ONYM_OK);
        play_write_pair(p, i == 0 ? PLAY_CERT : PLAY_CERT_2, i == 0 ? PLAY_KEY : PLAY_KEY_2, &pair);
    }
    return p;
}

static inline struct onym_tls_files
play_first(const struct play *p)
{
    return (struct onym_tls_files){.certificate = p->file[PLAY_CERT],
                                   .key = p->file[PLAY_KEY],
                                   .client_ca = "",
                                   .clients = ONYM_TLS_CLIENTS_OFF};
}

static inline size_t
play_bytes(void *user, struct onym_tls_connection *connection, onym_span bytes)
{
    struct play *p = user;
    size_t used = 0;

    while (!onym_tls_congested(connection)) {
        onym_span left = onym_span_from(bytes, used);
        const uint8_t *end = left.len > 0 ? memchr(left.at, '\n', left.len) : NULL;
        struct iovec part = {.iov_base = p->big, .iov_len = PLAY_BIG_BYTES};
        size_t len;

        if (end == NULL) {
            break;
        }
        len = (size_t)(end - left.at) + 1;
        used += len;
        p->last = connection;
        onym_tls_touch(connection);
        if (len == 4 && memcmp(left.at, "end\n", 4) == 0) {
            onym_tls_finish(connection);
        } else if (len == 5 && memcmp(left.at, "hold\n", 5) == 0) {
            p->waiting = connection;
            onym_tls_hold(connection);
        } else if (len == 4 && memcmp(left.at, "big\n", 4) == 0) {
            onym_tls_send(connection, onym_span_of(NULL, 0), &part, 1);
        } else {
            part = (struct iovec){.iov_base = (void *)(uintptr_t)left.at, .iov_len = len};
            onym_tls_send(connection, onym_span_text(">"), &part, 1);
        }
    }
    return used;
}

static inline void
play_closed(void *user, struct onym_tls_connection *connection)
{
    struct play *p = user;

    p->last = p->last == connection ? NULL : p->last;
    p->waiting = p->waiting == connection ? NULL : p->waiting;
    p->closed++;
}

static inline void
play_serve(struct play *p, const struct onym_tls_files *files, const struct onym_tcp_limits *limits)
{
    static const struct onym_tls_handlers handlers = {.bytes = play_bytes, .closed = play_closed};
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct onym_fault fault = {0};

    assert_int_equal(
        onym_tls_context_new(files, onym_rng_system(), PLAY_NOW_S, &p->context, &fault), ONYM_OK);
    assert_int_equal(uv_loop_init(&p->loop), 0);
    assert_int_equal(onym_tls_new(&p->loop, &handlers, p, limits, p->context, &p->tls), ONYM_OK);
    assert_int_equal(onym_tls_listen(p->tls, (const struct sockaddr *)&any, &fault), ONYM_OK);
}

static inline struct play *
play_new(void)
{
    static const struct onym_tcp_limits roomy = PLAY_ROOMY;
    struct play *p = play_files();
    struct onym_tls_files files = play_first(p);

    play_serve(p, &files, &roomy);
    return p;
}

static inline void
play_end(struct play *p)
{
    if (p->tls != NULL) {
        onym_tls_abort(p->tls);
        (void)uv_run(&p->loop, UV_RUN_DEFAULT);
        assert_int_equal(onym_tls_tcp_stats(p->tls)->open, 0);
        onym_tls_free(p->tls);
        assert_int_equal(uv_loop_close(&p->loop), 0);
    }
    onym_tls_context_free(p->context);
    for (size_t i = 0; i < 8; i++) {
        (void)unlink(p->file[i]);
    }
    assert_int_equal(rmdir(p->dir), 0);
    free(p);
}

static inline void
play_turn(struct play *p, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        (void)uv_run(&p->loop, UV_RUN_NOWAIT);
        if (times > 1) {
            (void)usleep(1000);
        }
    }
}

static inline int
play_dial(struct play *p)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(onym_tls_port(p->tls, 0))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int on = 1;

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), 0);
    return fd;
}

/* What a client may do: everything OpenSSL can, unless a test narrows it. */
static inline SSL_CTX *
play_client(const struct play *p)
{
    SSL_CTX *client = SSL_CTX_new(TLS_client_method());

    assert_non_null(client);
    SSL_CTX_set_security_level(client, 0);
    assert_int_equal(SSL_CTX_set_min_proto_version(client, 0), 1);
    assert_int_equal(SSL_CTX_set_cipher_list(client, "ALL:COMPLEMENTOFALL"), 1);
    assert_int_equal(SSL_CTX_load_verify_file(client, p->file[PLAY_CA]), 1);
    SSL_CTX_set_verify(client, SSL_VERIFY_PEER, NULL);
    return client;
}

/* A connection whose handshake is done, or NULL when the server or the client refused. */
static inline SSL *
play_connect(struct play *p, SSL_CTX *client, SSL_SESSION *session)
{
    SSL *ssl = SSL_new(client);
    int done = 0;

    assert_non_null(ssl);
    assert_int_equal(SSL_set_fd(ssl, play_dial(p)), 1);
    if (session != NULL) {
        assert_int_equal(SSL_set_session(ssl, session), 1);
    }
    for (unsigned i = 0; i < 5000 && done != 1; i++) {
        ERR_clear_error();
        done = SSL_connect(ssl);
        if (done != 1 && SSL_get_error(ssl, done) != SSL_ERROR_WANT_READ) {
            break;
        }
        play_turn(p, 1);
    }
    if (done != 1) {
        (void)close(SSL_get_fd(ssl));
        SSL_free(ssl);
        return NULL;
    }
    play_turn(p, 3);
    return ssl;
}

static inline void
play_hang_up(struct play *p, SSL *ssl)
{
    (void)SSL_shutdown(ssl);
    (void)close(SSL_get_fd(ssl));
    SSL_free(ssl);
    play_turn(p, 10);
}

static inline void
play_say(SSL *ssl, const char *text)
{
    assert_int_equal(SSL_write(ssl, text, (int)strlen(text)), (int)strlen(text));
}

/* Reads until want bytes came, the end, or about 5 s. Returns what came; *ended tells of
 * close_notify, a plain end or an alert. The last bytes are in play_heard. */
enum play_end { PLAY_OPEN, PLAY_NOTIFIED, PLAY_CUT };
static inline size_t
play_hear(struct play *p, SSL *ssl, size_t want, char *out, enum play_end *ended)
{
    static char buffer[65536];
    size_t got = 0;

    *ended = PLAY_OPEN;
    for (unsigned i = 0; i < 5000 && got < want && *ended == PLAY_OPEN; i++) {
        size_t room = want - got < sizeof buffer ? want - got : sizeof buffer;
        int n;

        ERR_clear_error();
        n = SSL_read(ssl, buffer, (int)room);
        if (n > 0) {
            if (out != NULL) {
                memcpy(out + got, buffer, (size_t)n);
            }
            got += (size_t)n;
        } else if (SSL_get_error(ssl, n) == SSL_ERROR_ZERO_RETURN) {
            *ended = PLAY_NOTIFIED;
        } else if (SSL_get_error(ssl, n) != SSL_ERROR_WANT_READ) {
            *ended = PLAY_CUT;
        } else {
            play_turn(p, 2);
        }
    }
    return got;
}

/* Says text and expects answer. */
static inline void
play_talk(struct play *p, SSL *ssl, const char *text, const char *answer)
{
    char heard[256] = "";
    enum play_end ended;

    play_say(ssl, text);
    assert_int_equal(play_hear(p, ssl, strlen(answer), heard, &ended), strlen(answer));
    assert_memory_equal(heard, answer, strlen(answer));
}

#endif
