/* TLS connections with real sockets and OpenSSL's client. */
#include "unit/net/tls_play.h"

static void
lines_torn_and_joined_are_answered_in_both_versions(void **state)
{
    struct play *p = play_new();

    (void)state;
    for (int i = 0; i < ONYM_TLS_VERSIONS; i++) {
        int version = i == ONYM_TLS_1_2 ? TLS1_2_VERSION : TLS1_3_VERSION;
        SSL_CTX *client = play_client(p);
        SSL *ssl;

        assert_int_equal(SSL_CTX_set_min_proto_version(client, version), 1);
        assert_int_equal(SSL_CTX_set_max_proto_version(client, version), 1);
        ssl = play_connect(p, client, NULL);
        assert_non_null(ssl);
        play_say(ssl, "ab");
        play_turn(p, 5);
        play_talk(p, ssl, "c\nde\nf", ">abc\n>de\n");
        play_talk(p, ssl, "\n", ">f\n");
        play_hang_up(p, ssl);
        SSL_CTX_free(client);
        assert_int_equal(onym_tls_stats(p->tls)->versions[i], 1);
    }
    assert_int_equal(onym_tls_stats(p->tls)->handshakes[ONYM_TLS_FULL], 2);
    assert_int_equal(p->closed, 2);
    play_end(p);
}

/* Relays what the client encrypted in pieces of `step` bytes. */
static void
records_may_be_torn_anywhere(void **state)
{
    struct play *p = play_new();
    SSL_CTX *client = play_client(p);

    (void)state;
    for (size_t step = 1; step < 40; step += 6) {
        SSL *ssl = SSL_new(client);
        BIO *in = BIO_new(BIO_s_mem());
        BIO *out = BIO_new(BIO_s_mem());
        int fd = play_dial(p);
        bool asked = false;
        char heard[16] = "";

        SSL_set_bio(ssl, in, out);
        SSL_set_connect_state(ssl);
        for (unsigned turn = 0; turn < 20000 && heard[0] == '\0'; turn++) {
            char piece[16384];
            ssize_t n;

            if (SSL_do_handshake(ssl) == 1 && !asked) {
                play_say(ssl, "torn\n");
                asked = true;
            }
            n = BIO_read(out, piece, (int)step);
            if (n > 0) {
                assert_int_equal(send(fd, piece, (size_t)n, MSG_NOSIGNAL), n);
            }
            play_turn(p, 1);
            n = recv(fd, piece, sizeof piece, 0);
            assert_true(n > 0 || (n < 0 && errno == EAGAIN));
            if (n > 0) {
                assert_int_equal(BIO_write(in, piece, (int)n), n);
            }
            if (asked) {
                ERR_clear_error();
                (void)SSL_read(ssl, heard, sizeof heard - 1);
            }
        }
        assert_string_equal(heard, ">torn\n");
        SSL_free(ssl);
        (void)close(fd);
    }
    SSL_CTX_free(client);
    play_end(p);
}

static void
a_peer_that_does_not_read_is_not_read_and_loses_nothing(void **state)
{
    struct play *p = play_new();
    SSL_CTX *client = play_client(p);
    SSL *ssl = play_connect(p, client, NULL);
    char lines[40 * 4 + 1] = "";
    enum play_end ended;

    (void)state;
    for (size_t i = 0; i < 40; i++) {
        memcpy(lines + 4 * i, "big\n", 4);
    }
    play_say(ssl, lines); /* in one record: what the handler leaves is plain already */
    play_turn(p, 100);
    assert_true(onym_tls_tcp_stats(p->tls)->bytes_out < (size_t)20 << 20);
    assert_int_equal(play_hear(p, ssl, 40 * PLAY_BIG_BYTES, NULL, &ended), 40 * PLAY_BIG_BYTES);
    play_talk(p, ssl, "x\n", ">x\n");
    play_hang_up(p, ssl);
    SSL_CTX_free(client);
    play_end(p);
}

static void
a_held_connection_is_given_nothing_until_its_release(void **state)
{
    struct play *p = play_new();
    SSL_CTX *client = play_client(p);
    SSL *ssl = play_connect(p, client, NULL);
    struct iovec answer = {.iov_base = (void *)(uintptr_t) "done\n", .iov_len = 5};
    char heard[16] = "";
    enum play_end ended;

    (void)state;
    play_say(ssl, "hold\nx\n"); /* the second line waits as plain text */
    play_turn(p, 20);
    play_say(ssl, "y\n"); /* and this one as a record */
    play_turn(p, 20);
    assert_int_equal(SSL_read(ssl, heard, sizeof heard), -1);
    assert_non_null(p->waiting);
    onym_tls_send(p->waiting, onym_span_of(NULL, 0), &answer, 1);
    onym_tls_flush(p->waiting);
    onym_tls_release(p->waiting);
    assert_int_equal(play_hear(p, ssl, 11, heard, &ended), 11);
    assert_memory_equal(heard, "done\n>x\n>y\n", 11);
    play_hang_up(p, ssl);
    SSL_CTX_free(client);
    play_end(p);
}

static void
a_connection_that_goes_while_held_can_still_be_answered(void **state)
{
    struct play *p = play_new();
    SSL_CTX *client = play_client(p);
    SSL *ssl = play_connect(p, client, NULL);
    struct onym_tls_connection *held;
    struct iovec answer = {.iov_base = p->big, .iov_len = PLAY_BIG_BYTES};
    struct linger reset = {.l_onoff = 1};

    (void)state;
    play_say(ssl, "hold\n");
    play_turn(p, 20);
    held = p->waiting;
    assert_non_null(held);
    assert_int_equal(setsockopt(SSL_get_fd(ssl), SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
    (void)close(SSL_get_fd(ssl)); /* a reset: the write below fails inside */
    onym_tls_send(held, onym_span_of(NULL, 0), &answer, 1);
    onym_tls_flush(held);
    onym_tls_release(held);
    SSL_free(ssl);
    play_turn(p, 20);
    assert_int_equal(onym_tls_tcp_stats(p->tls)->open, 0);
    assert_int_equal(p->closed, 1);
    SSL_CTX_free(client);
    play_end(p);
}

static void
both_sides_can_end_with_close_notify(void **state)
{
    struct play *p = play_new();
    SSL_CTX *client = play_client(p);
    SSL *ssl = play_connect(p, client, NULL);
    enum play_end ended;
    char heard[16];

    (void)state;
    play_say(ssl, "x\nend\nnever\n");
    assert_int_equal(play_hear(p, ssl, 100, NULL, &ended), 3);
    assert_int_equal(ended, PLAY_NOTIFIED);
    play_hang_up(p, ssl);
    assert_int_equal(onym_tls_tcp_stats(p->tls)->closed[ONYM_TCP_BY_HANDLER], 1);

    ssl = play_connect(p, client, NULL);
    play_say(ssl, "last\n");
    assert_int_equal(SSL_shutdown(ssl), 0); /* ours is out, theirs is not in */
    assert_int_equal(play_hear(p, ssl, 100, heard, &ended), 6);
    assert_int_equal(ended, PLAY_NOTIFIED);
    play_hang_up(p, ssl);
    assert_int_equal(onym_tls_tcp_stats(p->tls)->open, 0);
    assert_int_equal(onym_tls_tcp_stats(p->tls)->closed[ONYM_TCP_BY_PEER], 1);
    SSL_CTX_free(client);
    play_end(p);
}

static void
on_stop(uv_async_t *async)
{
    struct play *p = async->data;

    onym_tls_stop(p->tls);
    uv_close((uv_handle_t *)async, NULL);
}

/* Both come in one turn of the loop, whose reads are handed over at its end. */
static void
a_stop_answers_what_was_read_before_it(void **state)
{
    struct play *p = play_new();
    SSL_CTX *client = play_client(p);
    SSL *ssl = play_connect(p, client, NULL);
    char heard[8];
    enum play_end ended;
    uv_async_t stop = {.data = p};

    (void)state;
    assert_non_null(ssl);
    assert_int_equal(uv_async_init(&p->loop, &stop, on_stop), 0);
    play_say(ssl, "a\n");
    assert_int_equal(uv_async_send(&stop), 0);
    play_turn(p, 1);
    assert_int_equal(play_hear(p, ssl, sizeof heard, heard, &ended), 3);
    assert_memory_equal(heard, ">a\n", 3);
    assert_int_equal(ended, PLAY_NOTIFIED);
    play_hang_up(p, ssl);
    SSL_CTX_free(client);
    play_end(p);
}

static void
a_graceful_stop_says_goodbye(void **state)
{
    struct play *p = play_new();
    SSL_CTX *client = play_client(p);
    SSL *idle = play_connect(p, client, NULL);
    SSL *held = play_connect(p, client, NULL);
    struct iovec answer = {.iov_base = (void *)(uintptr_t) "late\n", .iov_len = 5};
    char heard[16] = "";
    enum play_end ended;

    (void)state;
    play_say(held, "hold\n");
    play_turn(p, 20);
    onym_tls_stop(p->tls);
    play_turn(p, 5);
    assert_int_equal(play_hear(p, idle, 1, NULL, &ended), 0);
    assert_int_equal(ended, PLAY_NOTIFIED);
    assert_non_null(p->waiting);
    onym_tls_send(p->waiting, onym_span_of(NULL, 0), &answer, 1);
    onym_tls_flush(p->waiting);
    onym_tls_release(p->waiting);
    assert_int_equal(play_hear(p, held, 100, heard, &ended), 5);
    assert_memory_equal(heard, "late\n", 5);
    assert_int_equal(ended, PLAY_NOTIFIED);
    play_hang_up(p, idle);
    play_hang_up(p, held);
    SSL_CTX_free(client);
    play_end(p);
}

static void
waiting_plain_text_is_bounded_over_all_connections(void **state)
{
    struct onym_tcp_limits limits = PLAY_ROOMY;
    struct play *p = play_files();
    struct onym_tls_files files = play_first(p);
    SSL_CTX *client = play_client(p);
    static char part[60001];
    enum play_end ended;
    SSL *first;
    SSL *second;

    (void)state;
    limits.kept_bytes = 131072;
    play_serve(p, &files, &limits);
    memset(part, 'x', 60000);
    first = play_connect(p, client, NULL);
    second = play_connect(p, client, NULL);
    play_say(first, part); /* takes 64 KiB, as much as is left for others */
    play_turn(p, 30);
    assert_int_equal(onym_tls_tcp_stats(p->tls)->open, 2);
    play_say(second, "y"); /* not one more */
    play_turn(p, 30);
    assert_int_equal(play_hear(p, second, 1, NULL, &ended), 0);
    assert_int_equal(ended, PLAY_CUT);
    assert_int_equal(onym_tls_tcp_stats(p->tls)->closed[ONYM_TCP_BY_LIMIT], 1);
    play_say(first, "\n");
    assert_int_equal(play_hear(p, first, 60002, NULL, &ended), 60002);
    play_hang_up(p, first);
    play_hang_up(p, second);
    SSL_CTX_free(client);
    play_end(p);
}

static void
what_is_no_tls_is_refused_at_once(void **state)
{
    struct play *p = play_new();
    static const char *const starts[] = {"GET / HTTP/1.1\r\n\r\n", "\x02\x0b\x02\x0b\x00\x00",
                                         "\x16\x03\x01\xff\xff\x01"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        int fd = play_dial(p);
        char heard[64];
        ssize_t n = -1;

        assert_true(send(fd, starts[i], i == 0 ? 18 : 6, MSG_NOSIGNAL) > 0);
        for (unsigned turn = 0; turn < 2000 && n < 0; turn++) {
            play_turn(p, 2);
            n = recv(fd, heard, sizeof heard, 0);
        }
        assert_true(n >= 0); /* an alert or the end */
        (void)close(fd);
        play_turn(p, 10);
        assert_int_equal(onym_tls_stats(p->tls)->handshakes[ONYM_TLS_FAILED], i + 1);
    }
    assert_non_null(onym_tls_stats(p->tls)->last_failure);
    assert_int_equal(onym_tls_tcp_stats(p->tls)->open, 0);
    assert_int_equal(p->closed, 0); /* the protocol never heard of them */
    play_end(p);
}

/* 500 connections stop in the middle of their handshake or before it; others are served meanwhile,
 * and after the deadline nothing of them is left. */
static void
handshakes_that_never_end_cost_others_nothing(void **state)
{
    static int fd[500];
    struct play *p = play_new();
    SSL_CTX *client = play_client(p);
    SSL *half;
    SSL *good;
    enum play_end ended;

    (void)state;
    for (size_t i = 0; i < 500; i++) {
        fd[i] = play_dial(p);
        if (i % 2 == 0) { /* the client's first flight, and nothing after it */
            half = SSL_new(client);
            assert_int_equal(SSL_set_fd(half, fd[i]), 1);
            assert_int_equal(SSL_connect(half), -1);
            SSL_free(half);
        }
        play_turn(p, 1);
    }
    play_turn(p, 50);
    assert_int_equal(onym_tls_tcp_stats(p->tls)->open, 500);
    good = play_connect(p, client, NULL);
    assert_non_null(good);
    play_talk(p, good, "x\n", ">x\n");
    for (unsigned i = 0; i < 400 && onym_tls_tcp_stats(p->tls)->open > 1; i++) {
        play_turn(p, 50);
    }
    assert_int_equal(onym_tls_tcp_stats(p->tls)->open, 1);
    assert_int_equal(onym_tls_stats(p->tls)->handshakes[ONYM_TLS_EXPIRED], 500);
    assert_int_equal(onym_tls_tcp_stats(p->tls)->closed[ONYM_TCP_BY_IDLENESS], 500);
    play_talk(p, good, "y\n", ">y\n");
    assert_int_equal(play_hear(p, good, 0, NULL, &ended), 0);
    for (size_t i = 0; i < 500; i++) {
        (void)close(fd[i]);
    }
    play_hang_up(p, good);
    SSL_CTX_free(client);
    play_end(p);
}

/* A protocol that learns from a send that its peer is gone has no reason to flush. */
static void
what_was_for_one_that_went_goes_to_nobody_else(void **state)
{
    struct play *p = play_new();
    SSL_CTX *client = play_client(p);
    SSL *ssl = play_connect(p, client, NULL);
    struct iovec part = {.iov_base = p->big, .iov_len = PLAY_BIG_BYTES - 100};
    struct linger reset = {.l_onoff = 1};

    (void)state;
    play_say(ssl, "hold\n");
    for (unsigned i = 0; i < 5000 && p->waiting == NULL; i++) {
        play_turn(p, 1);
    }
    assert_non_null(p->waiting);
    assert_int_equal(
        setsockopt(SSL_get_fd(ssl), SOL_SOCKET, SO_LINGER, &reset, (socklen_t)sizeof reset), 0);
    (void)close(SSL_get_fd(ssl));
    SSL_free(ssl);
    onym_tls_send(p->waiting, onym_span_of(NULL, 0), &part, 1);
    assert_int_equal(p->closed, 1);
    ssl = play_connect(p, client, NULL);
    assert_non_null(ssl);
    play_talk(p, ssl, "x\n", ">x\n");
    play_hang_up(p, ssl);
    SSL_CTX_free(client);
    play_end(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_torn_and_joined_are_answered_in_both_versions),
        cmocka_unit_test(records_may_be_torn_anywhere),
        cmocka_unit_test(a_peer_that_does_not_read_is_not_read_and_loses_nothing),
        cmocka_unit_test(a_held_connection_is_given_nothing_until_its_release),
        cmocka_unit_test(a_connection_that_goes_while_held_can_still_be_answered),
        cmocka_unit_test(both_sides_can_end_with_close_notify),
        cmocka_unit_test(a_graceful_stop_says_goodbye),
        cmocka_unit_test(a_stop_answers_what_was_read_before_it),
        cmocka_unit_test(waiting_plain_text_is_bounded_over_all_connections),
        cmocka_unit_test(what_is_no_tls_is_refused_at_once),
        cmocka_unit_test(handshakes_that_never_end_cost_others_nothing),
        cmocka_unit_test(what_was_for_one_that_went_goes_to_nobody_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
