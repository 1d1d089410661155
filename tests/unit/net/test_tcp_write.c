/* What a connection sends, and how its socket is set. */
#include "unit/net/tcp_play.h"

/* Says all of text and reads its answers, as many bytes as cap, both at once. */
static size_t
converse(struct fixture *f, int fd, onym_span text, uint8_t *answer, size_t cap)
{
    size_t got = 0;

    for (unsigned i = 0; i < 5000 && got < cap; i++) {
        ssize_t said = text.len > 0 ? send(fd, text.at, text.len, MSG_NOSIGNAL) : 0;
        ssize_t n = recv(fd, answer + got, cap - got, 0);

        text = said > 0 ? onym_span_from(text, (size_t)said) : text;
        got += n > 0 ? (size_t)n : 0;
        turn(f, n > 0 ? 0 : 1);
    }
    return got;
}

/* Short ones are copied, long ones borrowed; the room for both is used up several times. */
static void
answers_of_every_length_arrive_whole_and_in_order(void **state)
{
    static const size_t lengths[] = {
        1, 2, ONYM_TCP_COPY_MAX - 1, ONYM_TCP_COPY_MAX, ONYM_TCP_COPY_MAX + 1, 3000};
    size_t cap = (size_t)1 << 20;
    uint8_t *asked = calloc(1, cap);
    uint8_t *expected = calloc(1, cap);
    uint8_t *answer = calloc(1, cap);
    struct fixture *f = serve(&roomy);
    size_t len = 0;
    size_t out = 0;
    int fd = dial(f);

    (void)state;
    for (unsigned i = 0; i < 40240; i++) {
        size_t line = i < 240 ? lengths[i % 6] : 1;

        memset(asked + len, 'a' + (int)(i % 26), line);
        asked[len + line - 1] = '\n';
        expected[out] = '>';
        memcpy(expected + out + 1, asked + len, line);
        len += line;
        out += line + 1;
    }
    assert_int_equal(converse(f, fd, onym_span_of(asked, len), answer, out), out);
    assert_memory_equal(answer, expected, out);
    assert_int_equal(onym_tcp_stats(f->tcp)->bytes_out, out);
    (void)close(fd);
    end(f);
    free(asked);
    free(expected);
    free(answer);
}

/* The kernel hands these on from the listener to every connection. */
static void
connections_send_at_once_and_notice_lost_peers(void **state)
{
    static const int options[][3] = {{IPPROTO_TCP, TCP_NODELAY, 1},
                                     {SOL_SOCKET, SO_KEEPALIVE, 1},
                                     {IPPROTO_TCP, TCP_KEEPIDLE, 300}};
    struct fixture *f = serve(&roomy);
    int fd = dial(f);
    uv_os_fd_t served;

    (void)state;
    turn(f, 20);
    assert_int_equal(onym_tcp_stats(f->tcp)->open, 1);
    assert_int_equal(uv_fileno((uv_handle_t *)&f->tcp->newest->socket, &served), 0);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        int value = 0;
        socklen_t len = sizeof value;

        assert_int_equal(getsockopt(served, options[i][0], options[i][1], &value, &len), 0);
        assert_int_equal(value, options[i][2]);
    }
    (void)close(fd);
    end(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_of_every_length_arrive_whole_and_in_order),
        cmocka_unit_test(connections_send_at_once_and_notice_lost_peers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
