/* TCP listeners and connections of one loop. Understands no protocol: bytes go to a handler that
 * says how many it used; the rest is kept until more arrive. Idle connections cost their two small
 * structures and nothing else.
 *
 *   read -> handlers.bytes(all unused bytes) -> onym_tcp_send() ... -> one gathered write
 *
 * Reads of one turn of the loop may be handed over together (tcp_turn.c).
 */
#ifndef ONYM_NET_TCP_H
#define ONYM_NET_TCP_H

#include "base/fault.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <uv.h>

#define ONYM_TCP_READ_LEN       17408U /* bytes of one read at most: a record of TLS fits */
#define ONYM_TCP_TURN_READS     64U    /* reads that wait for each other at most */
#define ONYM_TCP_TURN_BYTES     8192U  /* nor do they wait with more than this */
#define ONYM_TCP_GATHER_MAX     512U   /* pieces of one gathered write */
#define ONYM_TCP_FRONT_LEN      32U
#define ONYM_TCP_COPY_MAX       1024U /* bytes of a part that is copied instead of borrowed */
#define ONYM_TCP_ROOM_MAX       8192U
#define ONYM_TCP_GATHER_BYTES   (256U << 10) /* a gathered write goes out beyond this */
#define ONYM_TCP_LINGER_MS      2000U        /* for the peer's end after ours */
#define ONYM_TCP_STOP_LINGER_MS 1000U        /* the same while the node stops */
#define ONYM_TCP_STATE_LEN      80U          /* bytes a protocol may keep in each connection */
/* A peer that does not read: above the first the connection is not read any more, below the second
 * it is again. */
#define ONYM_TCP_QUEUE_HIGH (1U << 20)
#define ONYM_TCP_QUEUE_LOW  (256U << 10)

struct onym_tcp;            /* what the connections of one loop and one protocol share */
struct onym_tcp_connection; /* opaque */

/* What was read from one connection. */
struct onym_tcp_read {
    struct onym_tcp_connection *connection;
    onym_span bytes;
};

struct onym_tcp_handlers {
    /* A connection was accepted; may be NULL. */
    void (*opened)(void *user, struct onym_tcp_connection *connection);
    /* Bytes not used so far; returns how many it used. All that it left comes again with the next
     * bytes, or when a congested connection is free again. */
    size_t (*bytes)(void *user, struct onym_tcp_connection *connection, onym_span bytes);
    /* The connection is about to go; may be NULL. Sends and releases nothing: another connection
     * may be handled just then. */
    void (*closed)(void *user, struct onym_tcp_connection *connection);
    /* The handler keeps input of its own: when a congested or held connection is free again, bytes
     * is called even if that is nothing but the empty span. */
    bool keeps_input;
    /* What one turn of the loop reads is handed over at its end. Otherwise every read is handed
     * over at once. */
    bool in_turns;
    /* Short answers to what a turn has read are written when all of it was handed over; worth it
     * where an answer takes much of the protocol's own code. */
    bool answers_wait;
    /* For protocols in turns that answer faster when they know what comes next; may be NULL:
     * turn_begins shows what was read, bytes is called for each, then turn_ends. What it is called
     * with may differ: behind bytes that were kept, or not at all when a connection has gone
     * meanwhile. */
    void (*turn_begins)(void *user, const struct onym_tcp_read *reads, size_t count);
    void (*turn_ends)(void *user, size_t count);
};

struct onym_tcp_limits {
    uint32_t connections; /* open at once; one more is accepted and closed */
    uint32_t idle_ms;     /* since the last complete request, then closed */
    size_t kept_bytes;    /* unused input and unsent output of all connections together, shared as
                             net/kept.h says; a connection that would exceed it is closed */
    uint64_t seed;        /* for that sharing */
};

/* Why a connection ended. */
enum onym_tcp_cause {
    ONYM_TCP_BY_PEER,     /* the peer closed it */
    ONYM_TCP_BY_HANDLER,  /* onym_tcp_finish */
    ONYM_TCP_BY_IDLENESS, /* limits.idle_ms */
    ONYM_TCP_BY_ERROR,    /* the operating system reports one */
    ONYM_TCP_BY_LIMIT,    /* limits.kept_bytes, or its address's share of it */
    ONYM_TCP_BY_STOP,
    ONYM_TCP_BY_REFUSAL, /* limits.connections; never counted as accepted */
    ONYM_TCP_CAUSES
};

struct onym_tcp_stats {
    uint64_t open, accepted, bytes_in, bytes_out;
    uint64_t closed[ONYM_TCP_CAUSES];
};

/* Needs: loop lives longer. ONYM_OK and *out, ONYM_NO_MEMORY, ONYM_IO. */
ONYM_MUST_USE enum onym_status onym_tcp_new(uv_loop_t *loop,
                                            const struct onym_tcp_handlers *handlers, void *user,
                                            const struct onym_tcp_limits *limits,
                                            struct onym_tcp **out);

/* Listens with SO_REUSEPORT. May be called several times. Statuses of onym_address_bind. */
ONYM_MUST_USE enum onym_status onym_tcp_listen(struct onym_tcp *tcp, const struct sockaddr *address,
                                               struct onym_fault *fault);

/* Listens on a socket that is bound already, and closes it with the listener, or at once when it
 * fails; name is for the message. */
ONYM_MUST_USE enum onym_status onym_tcp_adopt(struct onym_tcp *tcp, int fd, const char *name,
                                              struct onym_fault *fault);

/* The port of listener number `index`, in the order of onym_tcp_listen; 0 when there is none. */
uint16_t onym_tcp_port(const struct onym_tcp *tcp, size_t index);

/* Adds front (at most ONYM_TCP_FRONT_LEN bytes, copied) and parts (borrowed until onym_tcp_flush or
 * the return of the bytes handler) to the gathered write. From inside the bytes handler only. */
void onym_tcp_send(struct onym_tcp_connection *connection, onym_span front,
                   const struct iovec *parts, size_t count);

/* Room in the gathered write for len bytes (at most ONYM_TCP_ROOM_MAX) that the caller writes
 * before anything else is sent there; never NULL. As onym_tcp_send otherwise, without a second
 * copy. */
uint8_t *onym_tcp_room(struct onym_tcp_connection *connection, size_t len);

/* Writes what is gathered, so that borrowed parts may be reused. What is copied as a whole waits
 * for the end of the turn, if answers wait. */
void onym_tcp_flush(struct onym_tcp_connection *connection);

/* True when the peer does not take its answers: the handler should return and leave the rest. */
bool onym_tcp_congested(const struct onym_tcp_connection *connection);

/* The answer to what was read is being worked on elsewhere: nothing further is handed to the
 * handler until onym_tcp_release, which may be called from any turn of the loop and hands over what
 * came meanwhile. A held connection is congested. Between the two, onym_tcp_send and
 * onym_tcp_flush may be called together from outside the handler. */
void onym_tcp_hold(struct onym_tcp_connection *connection);
void onym_tcp_release(struct onym_tcp_connection *connection);

/* Counts as life of the connection: a complete request was read. Nothing once it has closed, which
 * a send may have done. */
void onym_tcp_touch(struct onym_tcp_connection *connection);

/* Uses no more input; ends the connection when everything queued has been written, and waits
 * ONYM_TCP_LINGER_MS at most for the peer's end. */
void onym_tcp_finish(struct onym_tcp_connection *connection);

/* As onym_tcp_finish, where the protocol says that the peer sends no more: its end is not waited
 * for, and the connection counts as ended by it. */
void onym_tcp_peer_ended(struct onym_tcp_connection *connection);

/* Closes it now, without waiting for what is queued; for deadlines of the protocol. The closed
 * handler is called from inside, the connection itself goes in a later turn of the loop. */
void onym_tcp_drop(struct onym_tcp_connection *connection, enum onym_tcp_cause cause);

/* The peer's address into out; all zero when it is gone. */
void onym_tcp_peer(const struct onym_tcp_connection *connection, struct sockaddr_storage *out);

/* The source of what the connection keeps: net/kept.h. */
uint16_t onym_tcp_source(struct onym_tcp_connection *connection);

/* Its descriptor, borrowed; -1 when it is gone. */
int onym_tcp_descriptor(const struct onym_tcp_connection *connection);

/* ONYM_TCP_STATE_LEN bytes of the protocol, zero at first. */
void *onym_tcp_state(struct onym_tcp_connection *connection);

/* Its figures so far, borrowed: they change as the loop runs, whose thread alone reads them. */
const struct onym_tcp_stats *onym_tcp_stats(const struct onym_tcp *tcp);

/* Hands over, and has answered, what this turn of the loop has read so far. */
void onym_tcp_turn(struct onym_tcp *tcp);

/* Stops accepting and closes connections: idle ones at once, others when their queue is written,
 * held ones after their release; the last bytes of those two reach a peer that still sends, whose
 * end is waited for ONYM_TCP_STOP_LINGER_MS at most. */
void onym_tcp_stop(struct onym_tcp *tcp);
/* Closes everything now. */
void onym_tcp_abort(struct onym_tcp *tcp);
/* Frees tcp itself: after stop or abort, when the loop has run out. NULL is fine. */
void onym_tcp_free(struct onym_tcp *tcp);

#endif
