/* What is received over UDP from a real socket, and which messages are of one flow. */
#include "net/udp_in.h"

#include <netinet/udp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct onym_udp_received in;
    int fd, peer[2];
};

/* A wildcard socket that is told where datagrams went to, and takes joined ones. */
static int
setup(void **state)
{
    static struct fixture f;
    struct sockaddr_in6 at = {.sin6_family = AF_INET6};
    socklen_t len = sizeof at;
    const int on = 1;

    memset(&f, 0, sizeof f);
    *state = &f;
    assert_int_equal(onym_udp_received_init(&f.in), ONYM_OK);
    f.fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(f.fd, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(f.fd, (struct sockaddr *)&at, &len), 0);
    assert_int_equal(setsockopt(f.fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on), 0);
    at.sin6_addr = in6addr_loopback;
    for (unsigned i = 0; i < 2; i++) {
        f.peer[i] = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(f.peer[i], (const struct sockaddr *)&at, sizeof at), 0);
    }
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    onym_udp_received_deinit(&f->in);
    return close(f->fd) + close(f->peer[0]) + close(f->peer[1]);
}

static void
say(const struct fixture *f, unsigned peer, const char *text, int segment)
{
    assert_int_equal(setsockopt(f->peer[peer], SOL_UDP, UDP_SEGMENT, &segment, sizeof segment), 0);
    assert_int_equal(send(f->peer[peer], text, strlen(text), 0), (ssize_t)strlen(text));
}

static void
expect(const struct fixture *f, size_t message, const char *const *datagrams)
{
    onym_span rest = onym_udp_whole(&f->in, message);

    for (size_t i = 0; datagrams[i] != NULL; i++) {
        onym_span next = onym_udp_next(&f->in, message, &rest);

        assert_int_equal(next.len, strlen(datagrams[i]));
        assert_memory_equal(next.at, datagrams[i], next.len);
    }
    assert_int_equal(rest.len, 0);
}

#define DATAGRAMS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void
messages_are_cut_and_told_apart_by_peer(void **state)
{
    struct fixture *f = *state;
    const int on = 1;

    if (setsockopt(f->fd, SOL_UDP, UDP_GRO, &on, sizeof on) != 0) {
        print_message("not run: this kernel does not leave datagrams together\n");
        skip();
    }
    assert_int_equal(onym_udp_receive(&f->in, f->fd), 0);
    say(f, 0, "abcabcab", 3);
    say(f, 1, "abc", 0);
    say(f, 0, "", 0);
    assert_int_equal(onym_udp_receive(&f->in, f->fd), 3);
    assert_true(f->in.joined);
    expect(f, 0, DATAGRAMS("abc", "abc", "ab"));
    expect(f, 1, DATAGRAMS("abc"));
    expect(f, 2, DATAGRAMS(""));
    assert_int_equal(f->in.flow[0], 0);
    assert_int_equal(f->in.flow[1], 1);
    assert_int_equal(f->in.flow[2], 0);

    /* where a joined message was, one datagram, and another of the same peer behind it */
    say(f, 0, "d", 0);
    say(f, 0, "ef", 0);
    assert_int_equal(onym_udp_receive(&f->in, f->fd), 2);
    assert_false(f->in.joined);
    expect(f, 0, DATAGRAMS("d"));
    expect(f, 1, DATAGRAMS("ef"));
    assert_int_equal(f->in.flow[1], 0);
    assert_int_equal(onym_udp_receive(&f->in, f->fd), 0);
    assert_int_equal(f->in.count, 0);
}

/* As with a kernel that knows nothing of it. */
static void
a_socket_that_was_not_asked_gets_single_datagrams(void **state)
{
    struct fixture *f = *state;

    say(f, 0, "abcabcab", 3);
    say(f, 1, "x", 0);
    assert_int_equal(onym_udp_receive(&f->in, f->fd), 4);
    assert_false(f->in.joined);
    expect(f, 0, DATAGRAMS("abc"));
    expect(f, 2, DATAGRAMS("ab"));
    expect(f, 3, DATAGRAMS("x"));
    assert_int_equal(f->in.flow[2], 0);
    assert_int_equal(f->in.flow[3], 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(messages_are_cut_and_told_apart_by_peer, setup, teardown),
        cmocka_unit_test_setup_teardown(a_socket_that_was_not_asked_gets_single_datagrams, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
