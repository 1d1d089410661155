/* The connections of one loop, with real sockets on loopback and a protocol of lines: each line is
 * echoed; "big\n" answers a mebibyte, "end\n" ends the connection, "hold\n" waits for the test. */
#include "net/tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
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
serve(const struct onym_tcp_limits *limits)
{
    static const struct onym_tcp_handlers handlers = {.bytes = on_bytes, .closed = on_closed};
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct fixture *f = calloc(1, sizeof *f);
    struct onym_fault fault = {0};

    assert_non_null(f);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    assert_int_equal(onym_tcp_new(&f->loop, &handlers, f, limits, &f->tcp), ONYM_OK);
    assert_int_equal(onym_tcp_listen(f->tcp, (const struct sockaddr *)&any, &fault), ONYM_OK);
    return f;
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

static int
dial(struct fixture *f)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(onym_tcp_port(f->tcp, 0))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
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
static size_t
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

static void
say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static const struct onym_tcp_limits roomy = {
    .connections = 100, .idle_ms = 600000, .kept_bytes = (size_t)64 << 20};

static void
torn_and_joined_lines_are_answered(void **state)
{
    struct fixture *f = serve(&roomy);
    int fd = dial(f);
    bool ended;

    (void)state;
    say(fd, "ab");
    turn(f, 5);
    say(fd, "c\nde\nf");
    assert_int_equal(receive(f, fd, 9, &ended), 9); /* ">abc\n>de\n" */
    say(fd, "\n");
    assert_int_equal(receive(f, fd, 3, &ended), 3);
    (void)close(fd);
    turn(f, 20);
    assert_int_equal(onym_tcp_stats(f->tcp)->closed[ONYM_TCP_BY_PEER], 1);
    assert_int_equal(f->closed, 1);
    end(f);
}

static void
one_connection_over_the_limit_is_closed(void **state)
{
    struct onym_tcp_limits limits = roomy;
    struct fixture *f;
    int fd[3];
    bool ended;

    (void)state;
    limits.connections = 2;
    f = serve(&limits);
    for (size_t i = 0; i < 3; i++) {
        fd[i] = dial(f);
        turn(f, 5);
    }
    assert_int_equal(receive(f, fd[2], 1, &ended), 0);
    assert_true(ended);
    say(fd[1], "x\n");
    assert_int_equal(receive(f, fd[1], 3, &ended), 3);
    assert_int_equal(onym_tcp_stats(f->tcp)->closed[ONYM_TCP_BY_REFUSAL], 1);
    assert_int_equal(onym_tcp_stats(f->tcp)->accepted, 2);
    for (size_t i = 0; i < 3; i++) {
        (void)close(fd[i]);
    }
    end(f);
}

static void
only_the_silent_connection_is_closed_for_idleness(void **state)
{
    struct onym_tcp_limits limits = roomy;
    struct fixture *f;
    int silent;
    int busy;
    bool ended;

    (void)state;
    limits.idle_ms = 1500;
    f = serve(&limits);
    silent = dial(f);
    busy = dial(f);
    say(silent, "never a whole line"); /* trickling bytes are no life */
    for (unsigned i = 0; i < 30; i++) {
        say(busy, "x\n");
        turn(f, 100);
    }
    assert_int_equal(receive(f, silent, 1, &ended), 0);
    assert_true(ended);
    assert_int_equal(onym_tcp_stats(f->tcp)->closed[ONYM_TCP_BY_IDLENESS], 1);
    assert_int_equal(onym_tcp_stats(f->tcp)->open, 1);
    (void)close(silent);
    (void)close(busy);
    end(f);
}

static void
a_peer_that_does_not_read_is_not_read_and_loses_nothing(void **state)
{
    struct fixture *f = serve(&roomy);
    int fd = dial(f);
    bool ended;

    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        say(fd, "big\n");
    }
    turn(f, 100);
    /* far from 40 MiB is queued: the rest of the requests waits unread */
    assert_true(onym_tcp_stats(f->tcp)->bytes_out < (size_t)20 << 20);
    assert_int_equal(receive(f, fd, 40 * BIG_BYTES, &ended), 40 * BIG_BYTES);
    say(fd, "x\n");
    assert_int_equal(receive(f, fd, 3, &ended), 3);
    (void)close(fd);
    end(f);
}

static void
kept_input_is_bounded_over_all_connections(void **state)
{
    static char part[60001];
    struct onym_tcp_limits limits = roomy;
    struct fixture *f;
    int fd[2];
    bool ended;

    (void)state;
    memset(part, 'x', 60000);
    limits.kept_bytes = 65536;
    f = serve(&limits);
    fd[0] = dial(f);
    say(fd[0], part); /* takes 64 KiB */
    turn(f, 30);
    assert_int_equal(onym_tcp_stats(f->tcp)->open, 1);
    fd[1] = dial(f);
    say(fd[1], "y"); /* not one more */
    turn(f, 30);
    assert_int_equal(receive(f, fd[1], 1, &ended), 0);
    assert_true(ended);
    assert_int_equal(onym_tcp_stats(f->tcp)->closed[ONYM_TCP_BY_LIMIT], 1);
    say(fd[0], "\n");
    assert_int_equal(receive(f, fd[0], 60002, &ended), 60002);
    (void)close(fd[0]);
    (void)close(fd[1]);
    end(f);
}

static void
the_last_answer_survives_input_that_is_still_coming(void **state)
{
    static char more[100001];
    struct fixture *f = serve(&roomy);
    int fd = dial(f);
    bool ended;

    (void)state;
    memset(more, 'x', 100000);
    say(fd, "x\nend\n");
    say(fd, more); /* unread at the close, this would turn into a reset */
    assert_int_equal(receive(f, fd, 100, &ended), 3);
    assert_true(ended);
    (void)close(fd);
    turn(f, 20);
    assert_int_equal(onym_tcp_stats(f->tcp)->closed[ONYM_TCP_BY_HANDLER], 1);
    end(f);
}

static void
a_graceful_stop_writes_what_is_queued(void **state)
{
    struct fixture *f = serve(&roomy);
    int fd = dial(f);
    bool ended;

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        say(fd, "big\n");
    }
    turn(f, 50);
    onym_tcp_stop(f->tcp);
    turn(f, 5);
    assert_true(receive(f, fd, 9 * BIG_BYTES, &ended) >= BIG_BYTES);
    assert_true(ended);
    (void)close(fd);
    end(f);
}

static void
a_held_connection_waits_and_keeps_its_order(void **state)
{
    struct fixture *f = serve(&roomy);
    int fd = dial(f);
    struct iovec part = {.iov_base = f->big, .iov_len = 5};
    bool ended;

    (void)state;
    say(fd, "a\nhold\nb\n");
    assert_int_equal(receive(f, fd, 3, &ended), 3); /* ">a\n" */
    say(fd, "c\n");
    turn(f, 20);
    assert_int_equal(receive(f, fd, 0, &ended), 0);
    assert_int_equal(onym_tcp_stats(f->tcp)->bytes_out, 3);
    onym_tcp_send(f->waiting, onym_span_of(NULL, 0), &part, 1);
    onym_tcp_flush(f->waiting);
    onym_tcp_release(f->waiting);
    assert_int_equal(receive(f, fd, 5 + 6, &ended), 5 + 6); /* the answer, ">b\n", ">c\n" */
    (void)close(fd);
    end(f);
}

static void
a_stop_waits_for_the_answer_of_a_held_connection(void **state)
{
    struct fixture *f = serve(&roomy);
    int fd = dial(f);
    struct iovec part = {.iov_base = f->big, .iov_len = 5};
    bool ended;

    (void)state;
    say(fd, "hold\n");
    turn(f, 20);
    onym_tcp_stop(f->tcp);
    turn(f, 5);
    onym_tcp_send(f->waiting, onym_span_of(NULL, 0), &part, 1);
    onym_tcp_flush(f->waiting);
    onym_tcp_release(f->waiting);
    assert_int_equal(receive(f, fd, 100, &ended), 5);
    assert_true(ended);
    (void)close(fd);
    turn(f, 5);
    end(f);
}

static void
a_taken_port_is_told_with_its_name(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    struct fixture *f = serve(&roomy);
    struct onym_fault fault = {0};
    int fd = socket(AF_INET, SOCK_STREAM, 0); /* without SO_REUSEPORT: nobody may join it */

    (void)state;
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    assert_int_equal(onym_tcp_listen(f->tcp, (const struct sockaddr *)&at, &fault), ONYM_IN_USE);
    assert_non_null(strstr(fault.text, "TCP 127.0.0.1:"));
    assert_non_null(strstr(fault.text, "listen:"));
    (void)close(fd);
    end(f);
}

/* A send may end the connection from inside, and its protocol then touches it for the request that
 * was answered: the ring of those that are open stays whole. */
static void
touching_what_has_closed_changes_nothing(void **state)
{
    struct onym_tcp_limits limits = {.connections = 10, .idle_ms = 60000, .kept_bytes = 65536};
    struct fixture *f = serve(&limits);
    int other = dial(f);
    int fd;

    (void)state;
    turn(f, 20);
    fd = dial(f);
    say(fd, "hold\n");
    for (unsigned i = 0; i < 5000 && f->waiting == NULL; i++) {
        turn(f, 1);
    }
    assert_non_null(f->waiting);
    assert_int_equal(onym_tcp_stats(f->tcp)->open, 2);
    onym_tcp_drop(f->waiting, ONYM_TCP_BY_ERROR);
    onym_tcp_touch(f->waiting);
    onym_tcp_stop(f->tcp); /* ends all that are in the ring */
    assert_int_equal(onym_tcp_stats(f->tcp)->open, 0);
    assert_int_equal(f->closed, 2);
    (void)close(fd);
    (void)close(other);
    end(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(torn_and_joined_lines_are_answered),
        cmocka_unit_test(one_connection_over_the_limit_is_closed),
        cmocka_unit_test(only_the_silent_connection_is_closed_for_idleness),
        cmocka_unit_test(a_peer_that_does_not_read_is_not_read_and_loses_nothing),
        cmocka_unit_test(kept_input_is_bounded_over_all_connections),
        cmocka_unit_test(the_last_answer_survives_input_that_is_still_coming),
        cmocka_unit_test(a_graceful_stop_writes_what_is_queued),
        cmocka_unit_test(a_held_connection_waits_and_keeps_its_order),
        cmocka_unit_test(a_stop_waits_for_the_answer_of_a_held_connection),
        cmocka_unit_test(a_taken_port_is_told_with_its_name),
        cmocka_unit_test(touching_what_has_closed_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
