#include "unit/net/tcp_play.h"

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
    int fd[3];
    bool ended;

    (void)state;
    memset(part, 'x', 60000);
    limits.kept_bytes = 131072;
    f = serve(&limits);
    fd[0] = dial(f);
    say(fd[0], part); /* takes 64 KiB, as much as is left */
    turn(f, 30);
    assert_int_equal(onym_tcp_stats(f->tcp)->open, 1);
    fd[1] = dial(f);
    say(fd[1], "y"); /* not one more */
    turn(f, 30);
    assert_int_equal(receive(f, fd[1], 1, &ended), 0);
    assert_true(ended);
    assert_int_equal(onym_tcp_stats(f->tcp)->closed[ONYM_TCP_BY_LIMIT], 1);
    fd[2] = dial_from(f, 2);
    say(fd[2], "from elsewhere");
    turn(f, 30);
    say(fd[2], "\n");
    assert_int_equal(receive(f, fd[2], 16, &ended), 16);
    say(fd[0], "\n");
    assert_int_equal(receive(f, fd[0], 60002, &ended), 60002);
    for (size_t i = 0; i < 3; i++) {
        (void)close(fd[i]);
    }
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
count_turn(uv_prepare_t *prepare)
{
    ++*(unsigned *)prepare->data;
}

static void
stop_loop(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

/* What waits unread, the peer's end too, does not keep the loop busy. */
static void
a_held_connection_lets_the_loop_sleep(void **state)
{
    struct fixture *f = serve(&roomy);
    int fd = dial(f);
    unsigned turns = 0;
    uv_prepare_t prepare;
    uv_timer_t timer;
    bool ended;

    (void)state;
    say(fd, "hold\n");
    turn(f, 20);
    assert_non_null(f->waiting);
    say(fd, "b\n");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    (void)uv_prepare_init(&f->loop, &prepare);
    prepare.data = &turns;
    (void)uv_prepare_start(&prepare, count_turn);
    (void)uv_timer_init(&f->loop, &timer);
    (void)uv_timer_start(&timer, stop_loop, 200, 0);
    (void)uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_in_range(turns, 1, 20);
    uv_close((uv_handle_t *)&prepare, NULL);
    uv_close((uv_handle_t *)&timer, NULL);
    onym_tcp_release(f->waiting);
    assert_int_equal(receive(f, fd, 3, &ended), 3); /* ">b\n" */
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

/* What is said after a stop by a peer that does not listen to it is read and dropped, so that no
 * reset destroys the answer; the stop does not wait for that peer's end. */
static void
a_stop_does_not_wait_for_a_peer_that_goes_on_sending(void **state)
{
    static const char noise[1000] = "x";
    struct fixture *f = serve(&roomy);
    int fd = dial(f);
    struct iovec part = {.iov_base = f->big, .iov_len = 5};
    uint64_t began;
    bool ended;

    (void)state;
    say(fd, "hold\n");
    turn(f, 20);
    onym_tcp_stop(f->tcp);
    onym_tcp_send(f->waiting, onym_span_of(NULL, 0), &part, 1);
    onym_tcp_flush(f->waiting);
    onym_tcp_release(f->waiting);
    began = uv_hrtime();
    while (f->closed == 0 && uv_hrtime() - began < 4000000000U) {
        (void)send(fd, noise, sizeof noise, MSG_NOSIGNAL);
        turn(f, 1);
    }
    assert_int_equal(f->closed, 1);
    assert_true(uv_hrtime() - began >= ONYM_TCP_STOP_LINGER_MS * UINT64_C(1000000) / 2);
    assert_int_equal(receive(f, fd, 5, &ended), 5);
    assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0); /* nothing keeps the loop */
    (void)close(fd);
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

/* Who sends more than a buffer holds is not read to its end before the loop looks at others. */
static void
a_turn_reads_one_buffer_of_a_connection(void **state)
{
    struct onym_tcp_limits limits = {.connections = 10, .idle_ms = 60000, .kept_bytes = 4 << 20};
    struct fixture *f = serve(&limits);
    const struct onym_tcp_stats *stats = onym_tcp_stats(f->tcp);
    static uint8_t much[3 * ONYM_TCP_READ_LEN];
    int other = dial(f);
    int fd = dial(f);
    size_t sent = 0;
    ssize_t n;

    (void)state;
    memset(much, 'x', sizeof much); /* no line: nothing is answered */
    turn(f, 20);
    assert_int_equal(stats->open, 2);
    for (unsigned i = 0; i < 1000 && sent < sizeof much; i++) {
        n = send(fd, much + sent, sizeof much - sent, 0);
        sent += n > 0 ? (size_t)n : 0;
    }
    assert_true(sent > 2 * ONYM_TCP_READ_LEN);
    say(other, "ab\n");
    (void)usleep(1000);
    (void)uv_run(&f->loop, UV_RUN_NOWAIT);
    assert_int_equal(stats->bytes_in, ONYM_TCP_READ_LEN + 3);
    (void)uv_run(&f->loop, UV_RUN_NOWAIT);
    assert_int_equal(stats->bytes_in, 2 * ONYM_TCP_READ_LEN + 3);
    turn(f, 5);
    assert_int_equal(stats->bytes_in, sent + 3);
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
        cmocka_unit_test(a_held_connection_lets_the_loop_sleep),
        cmocka_unit_test(a_stop_waits_for_the_answer_of_a_held_connection),
        cmocka_unit_test(a_stop_does_not_wait_for_a_peer_that_goes_on_sending),
        cmocka_unit_test(a_taken_port_is_told_with_its_name),
        cmocka_unit_test(a_turn_reads_one_buffer_of_a_connection),
        cmocka_unit_test(touching_what_has_closed_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
