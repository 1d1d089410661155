/* Many handshakes at once: a turn of the loop makes a few, and others have theirs meanwhile. */
#include "tls_play.h"

#include "net/tls_priv.h"

#define CLIENTS 40U

/* The first message of a client, and the connection it is sent on. */
static int
say_hello(struct play *p, SSL_CTX *context)
{
    SSL *ssl = SSL_new(context);
    BIO *in = BIO_new(BIO_s_mem());
    BIO *out = BIO_new(BIO_s_mem());
    int fd = play_dial(p);
    char *hello;
    long len;

    assert_true(ssl != NULL && in != NULL && out != NULL);
    SSL_set_bio(ssl, in, out);
    assert_true(SSL_connect(ssl) != 1);
    ERR_clear_error();
    len = BIO_get_mem_data(out, &hello);
    assert_int_equal(send(fd, hello, (size_t)len, 0), len);
    SSL_free(ssl);
    return fd;
}

static unsigned
answered(const int *fd)
{
    unsigned count = 0;

    for (unsigned i = 0; i < CLIENTS; i++) {
        char byte;

        count += recv(fd[i], &byte, 1, MSG_PEEK) == 1;
    }
    return count;
}

static void
a_turn_makes_a_few_steps_of_handshakes(void **state)
{
    struct play *p = play_new();
    SSL_CTX *client = play_client(p);
    unsigned before = 0;
    unsigned turns = 0;
    int fd[CLIENTS];

    (void)state;
    for (unsigned i = 0; i < CLIENTS; i++) {
        fd[i] = say_hello(p, client);
    }
    while (before < CLIENTS && turns < 1000) {
        unsigned now;

        (void)uv_run(&p->loop, UV_RUN_NOWAIT);
        now = answered(fd);
        assert_true(now - before <= ONYM_TLS_SHAKES_TURN);
        before = now;
        turns++;
    }
    assert_int_equal(before, CLIENTS);
    assert_true(turns >= CLIENTS / ONYM_TLS_SHAKES_TURN);
    for (unsigned i = 0; i < CLIENTS; i++) {
        (void)close(fd[i]);
    }
    SSL_CTX_free(client);
    play_end(p);
}

/* Those that wait are gone with the node, and with their peers. */
static void
who_waits_may_go(void **state)
{
    struct play *p = play_new();
    SSL_CTX *client = play_client(p);
    int fd[CLIENTS];

    (void)state;
    for (unsigned i = 0; i < CLIENTS; i++) {
        fd[i] = say_hello(p, client);
    }
    for (unsigned i = 0; i < 3; i++) {
        (void)uv_run(&p->loop, UV_RUN_NOWAIT);
    }
    assert_true(answered(fd) < CLIENTS);
    for (unsigned i = 0; i < CLIENTS / 2; i++) {
        struct linger abort = {.l_onoff = 1, .l_linger = 0};

        (void)setsockopt(fd[i], SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
        (void)close(fd[i]);
    }
    (void)uv_run(&p->loop, UV_RUN_NOWAIT);
    play_end(p); /* stops it and runs the loop to its end */
    for (unsigned i = CLIENTS / 2; i < CLIENTS; i++) {
        (void)close(fd[i]);
    }
    SSL_CTX_free(client);
}

static void
change_keys(struct play *p, SSL *ssl, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        if (SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) != 1 || SSL_do_handshake(ssl) != 1) {
            break; /* it was cut meanwhile */
        }
    }
    ERR_clear_error();
    play_turn(p, 5);
}

static void
who_changes_keys_all_the_time_is_cut(void **state)
{
    struct play *p = play_new();
    SSL_CTX *client = play_client(p);
    enum play_end ended;
    SSL *ssl;

    (void)state;
    assert_int_equal(SSL_CTX_set_min_proto_version(client, TLS1_3_VERSION), 1);
    ssl = play_connect(p, client, NULL);
    change_keys(p, ssl, ONYM_TLS_REKEYS_MAX / 16);
    play_say(ssl, "x\n");
    assert_int_equal(play_hear(p, ssl, 3, NULL, &ended), 3);
    change_keys(p, ssl, 500);
    assert_int_equal(play_hear(p, ssl, 1, NULL, &ended), 0);
    assert_int_equal(ended, PLAY_CUT);
    play_hang_up(p, ssl);
    SSL_CTX_free(client);
    play_end(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turn_makes_a_few_steps_of_handshakes),
        cmocka_unit_test(who_waits_may_go),
        cmocka_unit_test(who_changes_keys_all_the_time_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
