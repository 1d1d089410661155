#include "client/link.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum onym_status
onym_link_init(struct onym_link *link)
{
    *link = (struct onym_link){.watch = epoll_create1(EPOLL_CLOEXEC), .socket = -1};
    return link->watch >= 0 ? ONYM_OK : ONYM_IO;
}

void
onym_link_deinit(struct onym_link *link)
{
    onym_link_close(link);
    if (link->watch >= 0) {
        (void)close(link->watch);
        link->watch = -1;
    }
}

void
onym_link_close(struct onym_link *link)
{
    if (link->channel != NULL) {
        link->channels->close(link->channel);
        link->channel = NULL;
    }
    if (link->socket >= 0) {
        /* closing takes it out of the epoll set: no copy of the descriptor exists */
        (void)close(link->socket);
        link->socket = -1;
    }
    link->connecting = false;
    link->unsent = onym_span_of(NULL, 0);
    link->receiving = EPOLLIN;
    link->sending = 0;
}

static enum onym_link_state
broken(struct onym_link *link, int error)
{
    link->fault_is_local = false;
    switch (error) {
    case ECONNREFUSED:
        link->fault = "the server's machine refuses the port: nothing listens there";
        break;
    case ECONNRESET:
    case EPIPE:
        link->fault = "the server broke the connection";
        break;
    case ETIMEDOUT:
        link->fault = "no answer in time";
        break;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
        link->fault = "no route to the server";
        break;
    case EACCES:
    case EPERM:
        link->fault = "this machine's rules forbid sending there";
        link->fault_is_local = true;
        break;
    default:
        link->fault = "this machine could not use a socket";
        link->fault_is_local = true;
        break;
    }
    return ONYM_LINK_BROKEN;
}

static enum onym_link_state
failed(struct onym_link *link, const char *fault, bool is_local)
{
    link->fault = fault;
    link->fault_is_local = is_local;
    return ONYM_LINK_BROKEN;
}

static socklen_t
fill_address(const struct onym_client_server *server, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (server->is_v6) {
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
                                   .sin6_port = htons(server->port),
                                   .sin6_scope_id = server->scope_id};
        memcpy(&in6.sin6_addr, server->address, 16);
        memcpy(out, &in6, sizeof in6);
        return sizeof in6;
    }
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(server->port)};
    memcpy(&in.sin_addr, server->address, 4);
    memcpy(out, &in, sizeof in);
    return sizeof in;
}

static bool
watch(struct onym_link *link, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events};

    link->watched = events;
    return epoll_ctl(link->watch, operation, link->socket, &event) == 0;
}

/* Each of the two may go on when the other may not, and what neither waits for any more must not
 * be watched: a socket that can be written always can. */
static bool
watch_both(struct onym_link *link)
{
    uint32_t events = link->receiving | link->sending;

    return events == link->watched || watch(link, EPOLL_CTL_MOD, events);
}

enum onym_link_state
onym_link_open(struct onym_link *link, const struct onym_client_server *server,
               enum onym_transport transport)
{
    struct sockaddr_storage address;
    socklen_t len = fill_address(server, &address);
    bool tcp = transport == ONYM_TRANSPORT_TCP;
    int one = 1;

    onym_link_close(link);
    link->transport = transport;
    link->socket = socket(server->is_v6 ? AF_INET6 : AF_INET,
                          (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (link->socket < 0) {
        return broken(link, errno);
    }
    if (tcp) {
        (void)setsockopt(link->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    }
    /* a connected datagram socket takes datagrams of this server alone, and hears of a refused
     * port */
    if (connect(link->socket, (const struct sockaddr *)&address, len) == 0) {
        if (!tcp || link->channels == NULL) {
            return watch(link, EPOLL_CTL_ADD, EPOLLIN) ? ONYM_LINK_READY : broken(link, errno);
        }
        errno = EINPROGRESS; /* the channel's handshake is to come */
    }
    if (tcp && errno == EINPROGRESS) {
        link->connecting = true;
        return watch(link, EPOLL_CTL_ADD, EPOLLOUT) ? ONYM_LINK_WAIT : broken(link, errno);
    }
    return broken(link, errno);
}

static uint32_t
events_of(enum onym_channel_state state)
{
    return state == ONYM_CHANNEL_WRITE ? EPOLLOUT : EPOLLIN;
}

static enum onym_link_state
channel_ended(struct onym_link *link, const char *otherwise)
{
    const char *reason = link->channels->reason(link->channel);

    return failed(link, reason[0] != '\0' ? reason : otherwise, false);
}

static enum onym_link_state
shake_hands(struct onym_link *link)
{
    enum onym_channel_state state;

    if (link->channel == NULL) {
        link->channel = link->channels->open(link->channels->of, link->socket);
    }
    if (link->channel == NULL) {
        return failed(link, "out of memory", true);
    }
    state = link->channels->handshake(link->channel);
    if (state == ONYM_CHANNEL_ENDED) {
        return channel_ended(link, "the TLS handshake failed");
    }
    link->receiving = events_of(state);
    if (!watch_both(link)) {
        return broken(link, errno);
    }
    link->connecting = state != ONYM_CHANNEL_DONE;
    return link->connecting ? ONYM_LINK_WAIT : ONYM_LINK_READY;
}

enum onym_link_state
onym_link_connected(struct onym_link *link)
{
    struct epoll_event event;
    int error = 0;
    socklen_t len = sizeof error;

    if (epoll_wait(link->watch, &event, 1, 0) != 1) {
        return ONYM_LINK_WAIT;
    }
    if (getsockopt(link->socket, SOL_SOCKET, SO_ERROR, &error, &len) != 0) {
        error = errno;
    }
    if (error != 0) {
        return broken(link, error);
    }
    if (link->channels != NULL) {
        return shake_hands(link);
    }
    link->connecting = false;
    return watch_both(link) ? ONYM_LINK_READY : broken(link, errno);
}

static bool
would_wait(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/* A piece of what is unsent. DONE: *done bytes went out. ENDED: of a bare socket errno says why. */
static enum onym_channel_state
write_some(struct onym_link *link, size_t *done)
{
    ssize_t n;

    if (link->channel != NULL) {
        return link->channels->write(link->channel, link->unsent.at, link->unsent.len, done);
    }
    n = send(link->socket, link->unsent.at, link->unsent.len, MSG_NOSIGNAL);
    *done = n > 0 ? (size_t)n : 0;
    return n >= 0 ? ONYM_CHANNEL_DONE : would_wait(errno) ? ONYM_CHANNEL_WRITE : ONYM_CHANNEL_ENDED;
}

enum onym_link_state
onym_link_flush(struct onym_link *link)
{
    link->sending = 0;
    while (link->unsent.len > 0 && link->sending == 0) {
        size_t done = 0;
        enum onym_channel_state state = write_some(link, &done);

        if (state == ONYM_CHANNEL_ENDED) {
            return link->channel == NULL ? broken(link, errno)
                                         : channel_ended(link, "the server broke the connection");
        }
        if (state == ONYM_CHANNEL_DONE) {
            link->unsent = onym_span_from(link->unsent, done);
        } else {
            link->sending = events_of(state);
        }
    }
    if (!watch_both(link)) {
        return broken(link, errno);
    }
    return link->sending == 0 ? ONYM_LINK_READY : ONYM_LINK_WAIT;
}

enum onym_link_state
onym_link_send(struct onym_link *link, onym_span bytes)
{
    if (link->transport == ONYM_TRANSPORT_TCP) {
        link->unsent = bytes;
        return onym_link_flush(link);
    }
    if (send(link->socket, bytes.at, bytes.len, MSG_NOSIGNAL) < 0 && !would_wait(errno) &&
        errno != ENOBUFS) {
        return broken(link, errno);
    }
    return ONYM_LINK_READY;
}

static const char early[] = "the server closed the connection before the whole reply had come";

static enum onym_link_state
receive_channel(struct onym_link *link, uint8_t *out, size_t cap, size_t *len)
{
    enum onym_channel_state state = link->channels->read(link->channel, out, cap, len);

    if (state == ONYM_CHANNEL_ENDED) {
        return channel_ended(link, early);
    }
    link->receiving = events_of(state);
    if (!watch_both(link)) {
        return broken(link, errno);
    }
    return state == ONYM_CHANNEL_DONE ? ONYM_LINK_READY : ONYM_LINK_WAIT;
}

enum onym_link_state
onym_link_receive(struct onym_link *link, uint8_t *out, size_t cap, size_t *len)
{
    ssize_t n;

    if (link->channel != NULL) {
        return receive_channel(link, out, cap, len);
    }
    n = recv(link->socket, out, cap, 0);
    if (n < 0 && would_wait(errno)) {
        return ONYM_LINK_WAIT;
    }
    if (n < 0) {
        return broken(link, errno);
    }
    if (n == 0 && link->transport == ONYM_TRANSPORT_TCP) {
        return failed(link, early, false);
    }
    *len = (size_t)n;
    return ONYM_LINK_READY;
}
