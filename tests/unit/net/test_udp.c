/* Answers of a UDP socket: what arrives and from where, when the kernel cuts messages into packets
 * and when it refuses to. Which packets leave together: test_udp_out. */
#include "net/udp.h"

#include "base/bytes.h"
#include "net/address.h"
#include "net/udp_in.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define PEERS      3U
#define WANTED_MAX 200U

struct fixture {
    uv_loop_t loop;
    struct onym_udp *udp;
    int peer[PEERS];
    unsigned came, too_long, empty; /* datagrams */
    size_t batch_max;
    struct {
        uint16_t count;
        uint16_t len[WANTED_MAX];
        uint8_t fill[WANTED_MAX];
    } wanted[PEERS];
};

/* A request is a list of lengths (u2): one packet of each comes back, filled with its number. */
static void
on_batch(void *user, struct onym_udp *udp, const struct onym_udp_in *in, size_t count)
{
    struct fixture *f = user;
    uint8_t fill[ONYM_UDP_OUT_LEN];

    f->came += (unsigned)count;
    f->batch_max = count > f->batch_max ? count : f->batch_max;
    for (size_t i = 0; i < count; i++) {
        if (in[i].too_long) {
            assert_int_equal(in[i].data.len, ONYM_UDP_IN_LEN);
            f->too_long++;
            continue;
        }
        f->empty += in[i].data.len == 0;
        for (size_t k = 0; k + 2 <= in[i].data.len; k += 2) {
            size_t len = onym_get_u16(in[i].data.at + k);
            uint8_t front = (uint8_t)(k / 2);
            onym_span parts[2] = {onym_span_of(fill, len / 2),
                                  onym_span_of(fill + len / 2, len - 1 - len / 2)};

            memset(fill, front, sizeof fill);
            onym_udp_send(udp, &in[i], onym_span_of(&front, 1), parts, 2);
        }
    }
}

static void
open_on(struct fixture *f, const char *any)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    struct onym_fault fault = {0};

    assert_int_equal(inet_pton(AF_INET, any, &at.sin_addr), 1);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    assert_int_equal(
        onym_udp_open(&f->loop, (const struct sockaddr *)&at, on_batch, f, &f->udp, &fault),
        ONYM_OK);
    for (unsigned i = 0; i < PEERS; i++) {
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(onym_udp_port(f->udp))};
        struct timeval limit = {.tv_sec = 5};

        assert_int_equal(inet_pton(AF_INET, i == 2 ? "127.0.0.2" : "127.0.0.1", &to.sin_addr), 1);
        if (strcmp(any, "127.0.0.1") == 0) {
            to.sin_addr = at.sin_addr;
        }
        f->peer[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        assert_true(f->peer[i] >= 0);
        assert_int_equal(setsockopt(f->peer[i], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
        /* connected: an answer from another address than the one asked never arrives */
        assert_int_equal(connect(f->peer[i], (const struct sockaddr *)&to, sizeof to), 0);
    }
}

static int
setup(void **state)
{
    *state = calloc(1, sizeof(struct fixture));
    assert_non_null(*state);
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    onym_udp_close(f->udp);
    assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    for (unsigned i = 0; i < PEERS; i++) {
        assert_int_equal(close(f->peer[i]), 0);
    }
    free(f);
    return 0;
}

static void
ask(struct fixture *f, unsigned peer, const uint16_t *lens, size_t count)
{
    uint8_t request[ONYM_UDP_IN_LEN];

    for (size_t i = 0; i < count; i++) {
        uint16_t wanted = f->wanted[peer].count++;

        onym_put_u16(request + 2 * i, lens[i]);
        assert_true(wanted < WANTED_MAX);
        f->wanted[peer].len[wanted] = lens[i];
        f->wanted[peer].fill[wanted] = (uint8_t)i;
    }
    assert_int_equal(send(f->peer[peer], request, 2 * count, 0), (ssize_t)(2 * count));
}

/* What the peer asked for comes, each once, in any order. */
static void
expect_all(struct fixture *f, unsigned peer)
{
    uint8_t got[2 * ONYM_UDP_OUT_LEN];

    while (f->wanted[peer].count > 0) {
        ssize_t len = recv(f->peer[peer], got, sizeof got, 0);
        uint16_t last = --f->wanted[peer].count;
        uint16_t i = 0;

        assert_true(len > 0);
        while (i < last && (f->wanted[peer].len[i] != len || f->wanted[peer].fill[i] != got[0])) {
            i++;
        }
        assert_int_equal(f->wanted[peer].len[i], len);
        for (ssize_t k = 0; k < len; k++) {
            assert_int_equal(got[k], f->wanted[peer].fill[i]);
        }
        f->wanted[peer].len[i] = f->wanted[peer].len[last];
        f->wanted[peer].fill[i] = f->wanted[peer].fill[last];
    }
    assert_int_equal(recv(f->peer[peer], got, sizeof got, MSG_DONTWAIT), -1);
}

static void
answer(struct fixture *f)
{
    assert_true(uv_run(&f->loop, UV_RUN_ONCE) != 0);
}

#define COUNT(lens) (sizeof(lens) / sizeof((lens)[0]))

static void
ask_all_kinds(struct fixture *f)
{
    static const uint16_t mixed[] = {512, 512, 200, 512, 512, 512, 1, 1, 2, 300, 300, 299, 300};
    static const uint16_t two[] = {512, 44};
    static const uint16_t one[] = {350};
    uint16_t many[150]; /* more than are queued */

    for (size_t i = 0; i < COUNT(many); i++) {
        many[i] = 512;
    }
    for (unsigned round = 0; round < 3; round++) {
        ask(f, 0, mixed, COUNT(mixed));
        ask(f, 0, two, COUNT(two));
        ask(f, 1, one, COUNT(one));
        ask(f, 2, one, COUNT(one));
        ask(f, 2, two, COUNT(two));
        ask(f, 1, many, COUNT(many));
        answer(f);
        for (unsigned peer = 0; peer < PEERS; peer++) {
            expect_all(f, peer);
        }
    }
    assert_int_equal(onym_udp_send_failures(f->udp), 0);
}

static void
packets_arrive_one_by_one(void **state)
{
    open_on(*state, "127.0.0.1");
    ask_all_kinds(*state);
}

static void
answers_leave_from_the_address_that_was_asked(void **state)
{
    open_on(*state, "0.0.0.0");
    ask_all_kinds(*state);
}

static void
find_descriptor(uv_handle_t *handle, void *arg)
{
    if (handle->type == UV_POLL) { /* of which the loop has one */
        assert_int_equal(uv_fileno(handle, arg), 0);
    }
}

static int
descriptor(struct fixture *f)
{
    uv_os_fd_t fd = -1;

    uv_walk(&f->loop, find_descriptor, &fd);
    return fd;
}

static void
where_the_kernel_cuts_no_messages_packets_go_alone(void **state)
{
    const int on = 1;

    open_on(*state, "0.0.0.0");
    /* without checksums the kernel refuses to cut */
    assert_int_equal(setsockopt(descriptor(*state), SOL_SOCKET, SO_NO_CHECK, &on, sizeof on), 0);
    ask_all_kinds(*state);
}

/* Has the peer receive what leaves as one message in one piece, where the kernel can. */
static void
show_messages(const struct fixture *f, unsigned peer)
{
    const int on = 1;

    if (setsockopt(f->peer[peer], SOL_UDP, UDP_GRO, &on, sizeof on) != 0) {
        print_message("not run: this kernel does not show what left as one message\n");
        skip();
    }
}

static void
neighbours_of_one_peer_leave_as_one_message(void **state)
{
    static const uint16_t lens[] = {100, 100, 100, 40};
    struct fixture *f = *state;
    uint8_t got[1000];

    open_on(f, "127.0.0.1");
    show_messages(f, 0);
    ask(f, 0, lens, COUNT(lens));
    answer(f);
    assert_int_equal(recv(f->peer[0], got, sizeof got, 0), 340);
    for (size_t i = 0; i < 340; i++) {
        assert_int_equal(got[i], (uint8_t)(i / 100));
    }
}

static void
requests_of_one_peer_are_answered_together_though_others_lie_between(void **state)
{
    static const uint16_t lens[] = {100, 100, 90};
    struct fixture *f = *state;
    uint8_t got[1000];

    open_on(f, "0.0.0.0");
    show_messages(f, 0);
    for (size_t i = 0; i < COUNT(lens); i++) {
        ask(f, 0, &lens[i], 1);
        ask(f, 1, &lens[i], 1);
        ask(f, 2, &lens[i], 1);
    }
    answer(f);
    assert_int_equal(recv(f->peer[0], got, sizeof got, 0), 290);
    assert_int_equal(recv(f->peer[0], got, sizeof got, MSG_DONTWAIT), -1);
    expect_all(f, 1);
    expect_all(f, 2);
}

/* One peer asks two addresses of ours: the answers must not leave together. */
static void
one_peer_is_answered_from_each_address_it_asked(void **state)
{
    static const uint8_t request[] = {0, 100};
    struct fixture *f = *state;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    unsigned seen = 0;

    open_on(f, "0.0.0.0");
    for (unsigned i = 0; i < 4; i++) {
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(onym_udp_port(f->udp))};

        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK + i % 2);
        assert_int_equal(sendto(fd, request, 2, 0, (const struct sockaddr *)&to, sizeof to), 2);
    }
    answer(f);
    for (unsigned i = 0; i < 4; i++) {
        uint8_t got[1000];
        struct sockaddr_in from;
        socklen_t len = sizeof from;

        assert_int_equal(recvfrom(fd, got, sizeof got, 0, (struct sockaddr *)&from, &len), 100);
        seen += ntohl(from.sin_addr.s_addr) == INADDR_LOOPBACK ? 1U : 16U;
    }
    assert_int_equal(seen, 2 + 32);
    assert_int_equal(close(fd), 0);
}

/* As many flows as a batch has datagrams, and more. */
static void
many_peers_get_their_own_answers(void **state)
{
    struct fixture *f = *state;
    int fd[2 * ONYM_UDP_BATCH];
    struct sockaddr_in to = {.sin_family = AF_INET};
    uint8_t got[1000];

    open_on(f, "127.0.0.1");
    to.sin_port = htons(onym_udp_port(f->udp));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (unsigned i = 0; i < COUNT(fd); i++) {
        fd[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        assert_true(fd[i] >= 0);
        assert_int_equal(connect(fd[i], (const struct sockaddr *)&to, sizeof to), 0);
    }
    for (unsigned i = 0; i < 2 * COUNT(fd); i++) { /* each twice */
        uint8_t request[2];

        onym_put_u16(request, (uint16_t)(100 + i % COUNT(fd)));
        assert_int_equal(send(fd[i % COUNT(fd)], request, 2, 0), 2);
    }
    answer(f);
    for (unsigned i = 0; i < 2 * COUNT(fd); i++) {
        assert_int_equal(recv(fd[i % COUNT(fd)], got, sizeof got, MSG_DONTWAIT),
                         100 + i % COUNT(fd));
    }
    for (unsigned i = 0; i < COUNT(fd); i++) {
        assert_int_equal(close(fd[i]), 0);
    }
}

/* Sends a message that leaves as datagrams of so many bytes. */
static void
send_joined(const struct fixture *f, unsigned peer, const uint8_t *bytes, size_t len,
            uint16_t segment)
{
    const int cut = segment;
    const int whole = 0;

    if (setsockopt(f->peer[peer], SOL_UDP, UDP_SEGMENT, &cut, sizeof cut) != 0) {
        print_message("not run: this kernel does not cut messages\n");
        skip();
    }
    assert_int_equal(send(f->peer[peer], bytes, len, 0), (ssize_t)len);
    assert_int_equal(setsockopt(f->peer[peer], SOL_UDP, UDP_SEGMENT, &whole, sizeof whole), 0);
}

/* As one message, the last request half as long. */
static void
ask_joined(struct fixture *f, unsigned peer, unsigned count, uint16_t first, uint16_t second)
{
    uint8_t bytes[64 * 4];

    for (unsigned i = 0; i < count; i++) {
        for (unsigned k = 0; k < (i + 1 < count ? 2U : 1U); k++) {
            uint16_t wanted = f->wanted[peer].count++;

            assert_true(wanted < WANTED_MAX);
            onym_put_u16(bytes + 4 * i + 2 * k, k == 0 ? first : second);
            f->wanted[peer].len[wanted] = k == 0 ? first : second;
            f->wanted[peer].fill[wanted] = (uint8_t)k;
        }
    }
    send_joined(f, peer, bytes, 4 * (size_t)count - 2, 4);
}

static void
ask_joined_from_all(struct fixture *f)
{
    for (unsigned round = 0; round < 3; round++) {
        static const uint16_t one[] = {350};

        ask_joined(f, 0, 64, 100, 300);
        ask(f, 1, one, COUNT(one));
        ask_joined(f, 2, 64, 350, 350);
        ask_joined(f, 1, 2, 40, 41);
        ask_joined(f, 0, 33, 9, 512);
        ask(f, 2, one, COUNT(one));
        answer(f);
        for (unsigned peer = 0; peer < PEERS; peer++) {
            expect_all(f, peer);
        }
    }
    assert_int_equal(onym_udp_send_failures(f->udp), 0);
    assert_true(f->batch_max <= ONYM_UDP_BATCH);
}

static void
datagrams_that_come_together_are_answered_each(void **state)
{
    open_on(*state, "127.0.0.1");
    ask_joined_from_all(*state);
}

static void
those_that_come_together_are_answered_from_the_address_that_was_asked(void **state)
{
    open_on(*state, "0.0.0.0");
    ask_joined_from_all(*state);
}

static void
a_datagram_among_others_is_as_long_as_one_alone(void **state)
{
    static const struct {
        uint16_t segment;
        unsigned count;
    } cases[] = {{512, 0}, {513, 1}, {600, 1}, {1023, 64}, {65507, 1}};
    static uint8_t bytes[65507];
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = i % 2; /* asks for packets of length 1 */
    }
    open_on(f, "127.0.0.1");
    assert_int_equal(send(f->peer[0], bytes, 0, 0), 0);
    answer(f);
    assert_int_equal(f->empty, 1);
    for (size_t i = 0; i < COUNT(cases); i++) {
        unsigned count = cases[i].count > 0 ? cases[i].count : 1;

        f->too_long = 0;
        if (count == 1) {
            assert_int_equal(send(f->peer[0], bytes, cases[i].segment, 0), cases[i].segment);
        } else {
            send_joined(f, 0, bytes, (size_t)cases[i].segment * count, cases[i].segment);
        }
        answer(f);
        assert_int_equal(f->too_long, cases[i].count);
    }
}

/* A request of one byte asks for nothing. */
static void
more_than_a_turn_comes_in_turns(void **state)
{
    static const uint8_t requests[64] = {0};
    const unsigned all = 2 * ONYM_UDP_TURN + 64;
    struct fixture *f = *state;
    int gro = 0;
    socklen_t len = sizeof gro;

    open_on(f, "127.0.0.1");
    if (getsockopt(descriptor(f), SOL_UDP, UDP_GRO, &gro, &len) != 0 || gro == 0) {
        print_message("not run: with this kernel all of it cannot wait at the socket\n");
        skip();
    }
    for (unsigned i = 0; i < all / 64; i++) {
        send_joined(f, i % 2, requests, sizeof requests, 1);
    }
    answer(f);
    assert_int_equal(f->came, ONYM_UDP_TURN);
    answer(f);
    assert_int_equal(f->came, 2 * ONYM_UDP_TURN);
    (void)uv_run(&f->loop, UV_RUN_NOWAIT);
    assert_int_equal(f->came, all);
    assert_int_equal(f->batch_max, ONYM_UDP_BATCH);
    for (unsigned i = 0; i < all / 64; i++) {
        send_joined(f, i % 2, requests, sizeof requests, 1);
    }
    onym_udp_close(f->udp); /* what waits is answered before */
    f->udp = NULL;
    assert_int_equal(f->came, 2 * all);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(packets_arrive_one_by_one),
        TEST(answers_leave_from_the_address_that_was_asked),
        TEST(where_the_kernel_cuts_no_messages_packets_go_alone),
        TEST(neighbours_of_one_peer_leave_as_one_message),
        TEST(requests_of_one_peer_are_answered_together_though_others_lie_between),
        TEST(one_peer_is_answered_from_each_address_it_asked),
        TEST(datagrams_that_come_together_are_answered_each),
        TEST(those_that_come_together_are_answered_from_the_address_that_was_asked),
        TEST(a_datagram_among_others_is_as_long_as_one_alone),
        TEST(more_than_a_turn_comes_in_turns),
        TEST(many_peers_get_their_own_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
