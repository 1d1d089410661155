/* The socket behind one leg of an exchange: opened without waiting, watched through an epoll
 * descriptor that stays the same while sockets come and go. */
#ifndef ONYM_CLIENT_LINK_H
#define ONYM_CLIENT_LINK_H

#include "onym/client.h"

struct onym_link {
    int watch;  /* epoll descriptor, readable when the socket has something to say */
    int socket; /* -1 = none */
    enum onym_transport transport;
    const struct onym_client_channel *channels; /* what TCP connections are made of, or NULL */
    void *channel;                              /* over the socket, once that is connected */
    bool connecting;                            /* TCP: the connection is not made yet */
    onym_span unsent;                           /* TCP: what is left of the request; borrowed */
    /* what receiving and sending wait for, and what is watched: events of epoll */
    uint32_t receiving, sending, watched;
    const char *fault; /* static; why the last call failed */
    bool fault_is_local;
};

enum onym_link_state {
    ONYM_LINK_READY, /* done; for receive: *len bytes are there */
    ONYM_LINK_WAIT,  /* nothing to do before the descriptor is readable */
    ONYM_LINK_BROKEN /* fault says why; close it */
};

/* ONYM_OK, or ONYM_IO: no descriptor left. */
ONYM_MUST_USE enum onym_status onym_link_init(struct onym_link *link);
/* Closes everything; a link that never was initialised to more than {.watch = -1, .socket = -1} is
 * fine. */
void onym_link_deinit(struct onym_link *link);

/* Closes what is open and opens a socket to the server. Every socket is new: its port is chosen
 * afresh, which is half of what keeps a stranger from guessing an answer. READY for UDP, READY or
 * WAIT for TCP, BROKEN. */
enum onym_link_state onym_link_open(struct onym_link *link, const struct onym_client_server *server,
                                    enum onym_transport transport);
void onym_link_close(struct onym_link *link); /* nothing open is fine */

/* After WAIT from open: READY when the connection stands. */
enum onym_link_state onym_link_connected(struct onym_link *link);

/* Sends a datagram, or the front of a stream; the rest is kept in `unsent`. WAIT: call
 * onym_link_flush later. bytes must live until sent or closed. A datagram the machine has no room
 * for counts as sent and lost. */
enum onym_link_state onym_link_send(struct onym_link *link, onym_span bytes);
enum onym_link_state onym_link_flush(struct onym_link *link);

/* Reads a datagram or a piece of the stream. BROKEN also when a stream has ended. */
enum onym_link_state onym_link_receive(struct onym_link *link, uint8_t *out, size_t cap,
                                       size_t *len);

#endif
