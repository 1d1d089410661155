/* The connections of one loop, with real sockets on loopback and a protocol of lines: each line is
 * echoed; "big\n" answers a mebibyte, "end\n" ends the connection, "hold\n" waits for the test. For
 * the tests of this folder; each is one program, so everything is static. */
#ifndef ONYM_TESTS_UNIT_NET_TCP_PLAY_H
#define ONYM_TESTS_UNIT_NET_TCP_PLAY_H

#include "net/tcp_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define BIG_BYTES ((size_t)1 << 20)

struct fixture {
    uv_loop_t loop;
    struct onym_tcp_connection *waiting; /* held by the line "hold" */
    struct onym_tcp *tcp;
    unsigned closed;
    uint8_t big[BIG_BYTES];
};

static size_t
on_bytes(void *user, struct onym_tcp_connection *connection, onym_span bytes)
{
    struct fixture *f = user;
    size_t used = 0;

    while (!onym_tcp_congested(connection)) {
        onym_span left = onym_span_from(bytes, used);
        const uint8_t *end = left.len > 0 ? memchr(left.at, '\n', left.len) : NULL;
        size_t len;
        struct iovec part;

        if (end == NULL) {
            break;
        }
        len = (size_t)(end - left.at) + 1;
        used += len;
        onym_tcp_touch(connection);
        if (len == 4 && memcmp(left.at, "end\n", 4) == 0) {
            onym_tcp_finish(connection);
            return used;
        }
        if (len == 5 && memcmp(left.at, "hold\n", 5) == 0) {
            f->waiting = connection;
            onym_tcp_hold(connection);
            continue;
        }
        part = (struct iovec){.iov_base = f->big, .iov_len = BIG_BYTES};
        if (len == 4 && memcmp(left.at, "big\n", 4) == 0) {
            onym_tcp_send(connection, onym_span_of(NULL, 0), &part, 1);
        } else {
            part = (struct iovec){.iov_base = (void *)(uintptr_t)left.at, .iov_len = len};
            onym_tcp_send(connection, onym_span_text(">"), &part, 1);
        }
    }
    return used;
}

static void
on_closed(void *user, struct onym_tcp_connection *connection)
{
    struct fixture *f = user;

    (void)connection;
    f->closed++;
}

static struct fixture *
serve_with(const struct onym_tcp_limits *limits, const struct onym_tcp_handlers *handlers)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct fixture *f = calloc(1, sizeof *f);
    struct onym_fault fault = {0};

    assert_non_null(f);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    assert_int_equal(onym_tcp_new(&f->loop, handlers, f, limits, &f->tcp), ONYM_OK);
    assert_int_equal(onym_tcp_listen(f->tcp, (const struct sockaddr *)&any, &fault), ONYM_OK);
    return f;
}

__attribute__((unused)) static struct fixture *
serve(const struct onym_tcp_limits *limits)
{
    static const struct onym_tcp_handlers handlers = {.bytes = on_bytes, .closed = on_closed};

    return serve_with(limits, &handlers);
}

static void
end(struct fixture *f)
{
    onym_tcp_abort(f->tcp);
    (void)uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(onym_tcp_stats(f->tcp)->open, 0);
    onym_tcp_free(f->tcp);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    free(f);
}

/* From 127.0.0.`last`. */
static int
dial_from(struct fixture *f, uint8_t last)
{
    struct sockaddr_in from = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl((INADDR_LOOPBACK & ~0xFFU) | last)};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(onym_tcp_port(f->tcp, 0))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&from, sizeof from), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static int
dial(struct fixture *f)
{
    return dial_from(f, 1);
}

static void
turn(struct fixture *f, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        (void)uv_run(&f->loop, UV_RUN_NOWAIT);
        (void)usleep(1000);
    }
}

/* Reads until want bytes came, the end (returns what came) or about 5 s. */
__attribute__((unused)) static size_t
receive(struct fixture *f, int fd, size_t want, bool *ended)
{
    static uint8_t buffer[65536];
    size_t got = 0;

    *ended = false;
    for (unsigned i = 0; i < 5000 && got < want && !*ended; i++) {
        ssize_t n = recv(fd, buffer, sizeof buffer, 0);

        if (n > 0) {
            got += (size_t)n;
        } else if (n == 0 || errno != EAGAIN) {
            *ended = true;
        } else {
            turn(f, 1);
        }
    }
    return got;
}

__attribute__((unused)) static void
say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static const struct onym_tcp_limits roomy = {
    .connections = 100, .idle_ms = 600000, .kept_bytes = (size_t)64 << 20};

#endif
