/* A UDP socket that closes while its peer goes on sending. */
#include "net/udp.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

#define ENOUGH (16 * ONYM_UDP_TURN) /* datagrams, after which the peer gives up */

struct flood {
    int peer;
    unsigned came;
};

/* 64 datagrams. */
static void
send_burst(const struct flood *flood)
{
    static const uint8_t bytes[64] = {0};

    (void)send(flood->peer, bytes, sizeof bytes, 0);
}

/* For each datagram that came two more are sent. */
static void
on_batch(void *user, struct onym_udp *udp, const struct onym_udp_in *in, size_t count)
{
    struct flood *flood = user;

    (void)udp;
    (void)in;
    flood->came += (unsigned)count;
    for (size_t i = 0; i < count && flood->came < ENOUGH; i += 32) {
        send_burst(flood);
    }
}

static void
who_sends_on_does_not_keep_it_open(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct flood flood = {0};
    struct onym_fault fault = {0};
    struct onym_udp *udp;
    const int one = 1;
    uv_loop_t loop;

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(
        onym_udp_open(&loop, (const struct sockaddr *)&at, on_batch, &flood, &udp, &fault),
        ONYM_OK);
    at.sin_port = htons(onym_udp_port(udp));
    flood.peer = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(flood.peer, (const struct sockaddr *)&at, sizeof at), 0);
    if (setsockopt(flood.peer, SOL_UDP, UDP_SEGMENT, &one, sizeof one) != 0) {
        print_message("not run: this kernel does not cut messages\n");
        skip();
    }
    send_burst(&flood);
    onym_udp_close(udp);
    /* a turn, and what had been read with the last of it: 128 messages of 64 at most */
    assert_true(flood.came >= 64);
    assert_true(flood.came <= ONYM_UDP_TURN + 128 * 64);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(close(flood.peer), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_sends_on_does_not_keep_it_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
