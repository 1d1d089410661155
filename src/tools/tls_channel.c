#include "tools/tls_channel.h"

#include <signal.h>

static enum onym_channel_state
state_of(enum onym_tls_dial_state state)
{
    switch (state) {
    case ONYM_TLS_DIAL_DONE:
        return ONYM_CHANNEL_DONE;
    case ONYM_TLS_DIAL_READ:
        return ONYM_CHANNEL_READ;
    case ONYM_TLS_DIAL_WRITE:
        return ONYM_CHANNEL_WRITE;
    case ONYM_TLS_DIAL_ENDED:
    default:
        return ONYM_CHANNEL_ENDED;
    }
}

/* Writing to a peer that is gone is an error here; for standard output it stays a signal. */
static void
hold_back(struct sigaction *before)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    (void)sigaction(SIGPIPE, &ignore, before);
}

static void
let_go(const struct sigaction *before)
{
    (void)sigaction(SIGPIPE, before, NULL);
}

static void *
channel_open(void *of, int socket)
{
    return onym_tls_dial_new(of, socket);
}

static enum onym_channel_state
channel_handshake(void *channel)
{
    struct sigaction before;
    enum onym_channel_state state;

    hold_back(&before);
    state = state_of(onym_tls_dial_handshake(channel));
    let_go(&before);
    return state;
}

static enum onym_channel_state
channel_read(void *channel, void *out, size_t len, size_t *done)
{
    struct sigaction before;
    enum onym_channel_state state;

    hold_back(&before); /* a read may have to answer */
    state = state_of(onym_tls_dial_read(channel, out, len, done));
    let_go(&before);
    return state;
}

static enum onym_channel_state
channel_write(void *channel, const void *bytes, size_t len, size_t *done)
{
    struct sigaction before;
    enum onym_channel_state state;

    hold_back(&before);
    state = state_of(onym_tls_dial_write(channel, bytes, len, done));
    let_go(&before);
    return state;
}

static const char *
channel_reason(void *channel)
{
    return onym_tls_dial_reason(channel);
}

static void
channel_close(void *channel)
{
    struct sigaction before;

    hold_back(&before);
    onym_tls_dial_free(channel);
    let_go(&before);
}

struct onym_client_channel
onym_tls_channel(struct onym_tls_dialer *dialer)
{
    return (struct onym_client_channel){.of = dialer,
                                        .open = channel_open,
                                        .handshake = channel_handshake,
                                        .read = channel_read,
                                        .write = channel_write,
                                        .reason = channel_reason,
                                        .close = channel_close};
}
