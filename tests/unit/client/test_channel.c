/* What carries the bytes of a client's connections in place of the socket. */
#include "onym/client.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define REASON "the other side is not who it should be"

/* Waits as often as it is told to, for writing and reading in turns, before it ends or is ready;
 * takes a byte at a time. */
struct pipe_of {
    struct onym_client_server server;
    int listener;
    unsigned waits;
    bool refuses;
    bool no_memory;
    bool answers; /* its reads have to write first, once all is written */
    bool mute;    /* its writes have to read first */
    unsigned opened, closed, written, read, tried;
    uint8_t sent[256];
};

static void *
pipe_open(void *of, int socket)
{
    struct pipe_of *p = of;

    (void)socket;
    p->opened += p->no_memory ? 0 : 1;
    return p->no_memory ? NULL : p;
}

static enum onym_channel_state
pipe_handshake(void *of)
{
    struct pipe_of *p = of;

    if (p->waits > 0) {
        p->waits--;
        return ONYM_CHANNEL_WRITE; /* a socket that is connected can be written at once */
    }
    return p->refuses ? ONYM_CHANNEL_ENDED : ONYM_CHANNEL_DONE;
}

/* The envelope has come, and as much behind it as it says. */
static bool
all_is_written(const struct pipe_of *p)
{
    return p->written > 20 && p->written == (unsigned)(p->sent[18] << 8 | p->sent[19]) + 20;
}

static enum onym_channel_state
pipe_read(void *of, void *out, size_t len, size_t *done)
{
    struct pipe_of *p = of;
    bool first = p->answers && p->read == 0 && all_is_written(p);

    (void)out;
    (void)len;
    *done = 0;
    p->read += first || p->read > 0;
    return first ? ONYM_CHANNEL_WRITE : ONYM_CHANNEL_READ;
}

static enum onym_channel_state
pipe_write(void *of, const void *bytes, size_t len, size_t *done)
{
    struct pipe_of *p = of;

    assert_true(len > 0 && p->written < sizeof p->sent);
    p->tried++;
    if (p->mute) {
        *done = 0;
        return ONYM_CHANNEL_READ;
    }
    if (p->written % 2 == 0 && p->waits < 1) {
        p->waits++;
        *done = 0;
        return ONYM_CHANNEL_WRITE;
    }
    p->waits = 0;
    memcpy(p->sent + p->written, bytes, 1);
    p->written++;
    *done = 1;
    return ONYM_CHANNEL_DONE;
}

static const char *
pipe_reason(void *of)
{
    (void)of;
    return REASON;
}

static void
pipe_close(void *of)
{
    ((struct pipe_of *)of)->closed++;
}

/* A server that takes connections and says nothing. */
static void
listen_for(struct pipe_of *p)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(0x7F000001)}};
    socklen_t len = sizeof at;

    p->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(p->listener >= 0);
    assert_int_equal(bind(p->listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(p->listener, 4), 0);
    assert_int_equal(getsockname(p->listener, (struct sockaddr *)&at, &len), 0);
    p->server = (struct onym_client_server){
        .address = {127, 0, 0, 1}, .port = ntohs(at.sin_port), .transport = ONYM_TRANSPORT_TCP};
}

static enum onym_status
ask(struct pipe_of *p, struct onym_client_result *result)
{
    struct onym_client_channel channel = {.of = p,
                                          .open = pipe_open,
                                          .handshake = pipe_handshake,
                                          .read = pipe_read,
                                          .write = pipe_write,
                                          .reason = pipe_reason,
                                          .close = pipe_close};
    struct onym_client_options options = {
        .servers = &p->server, .server_count = 1, .timeout_ms = 200, .channel = &channel};
    struct onym_client_query query = {.name = onym_span_text("88.1/a")};
    struct onym_client *client = NULL;
    enum onym_status status = onym_client_new(&options, &client);

    if (status == ONYM_OK) {
        channel.of = NULL; /* it was copied */
        status = onym_client_resolve(client, &query, result);
        onym_client_free(client);
    }
    return status;
}

static void
a_channel_carries_the_request(void **state)
{
    struct pipe_of p = {.waits = 3};
    struct onym_client_result result;

    (void)state;
    listen_for(&p);
    assert_int_equal(ask(&p, &result), ONYM_UNREACHABLE); /* nobody answers */
    assert_int_equal(result.outcome, ONYM_OUTCOME_UNKNOWN);
    assert_int_equal(p.opened, 1);
    assert_int_equal(p.closed, 1);
    assert_int_equal(p.sent[0], 2); /* the version */
    assert_true(all_is_written(&p));
    (void)close(p.listener);
}

/* A socket that can be written always can: who still waits for that, once it has been written, asks
 * at full speed. */
static void
a_read_that_wrote_waits_for_reading_again(void **state)
{
    struct pipe_of p = {.answers = true};
    struct onym_client_result result;

    (void)state;
    listen_for(&p);
    assert_int_equal(ask(&p, &result), ONYM_UNREACHABLE);
    assert_true(all_is_written(&p));
    assert_in_range(p.read, 2, 3); /* the step that finds the time over reads too */
    (void)close(p.listener);
}

static void
a_write_that_has_to_read_waits_for_that(void **state)
{
    struct pipe_of p = {.mute = true};
    struct onym_client_result result;

    (void)state;
    listen_for(&p);
    assert_int_equal(ask(&p, &result), ONYM_UNREACHABLE);
    assert_int_equal(p.written, 0);
    assert_in_range(p.tried, 1, 2);
    (void)close(p.listener);
}

static void
a_handshake_that_ends_says_why(void **state)
{
    struct pipe_of p = {.waits = 2, .refuses = true};
    struct onym_client_result result;

    (void)state;
    listen_for(&p);
    assert_int_equal(ask(&p, &result), ONYM_UNREACHABLE);
    assert_non_null(strstr(result.detail, REASON));
    assert_int_equal(p.written, 0);
    assert_int_equal(p.closed, p.opened);
    p.no_memory = true;
    assert_int_not_equal(ask(&p, &result), ONYM_OK);
    assert_int_equal(p.closed, p.opened);
    (void)close(p.listener);
}

static void
only_connections_have_channels(void **state)
{
    struct pipe_of p = {.server = {.address = {127, 0, 0, 1}, .port = 9}};
    struct onym_client_result result;

    (void)state;
    assert_int_equal(ask(&p, &result), ONYM_INVALID);
    p.server.transport = ONYM_TRANSPORT_UDP;
    assert_int_equal(ask(&p, &result), ONYM_INVALID);
    assert_int_equal(p.opened, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_channel_carries_the_request),
        cmocka_unit_test(a_read_that_wrote_waits_for_reading_again),
        cmocka_unit_test(a_write_that_has_to_read_waits_for_that),
        cmocka_unit_test(a_handshake_that_ends_says_why),
        cmocka_unit_test(only_connections_have_channels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
