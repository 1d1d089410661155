/* Connections of the Handle protocol, whatever carries them: joins net/tcp or net/tls to
 * service/stream, and brings answers that come later back to their connection. One per worker. */
#ifndef ONYM_SERVER_STREAMS_H
#define ONYM_SERVER_STREAMS_H

#include "service/admin.h"
#include "service/stream.h"

#include <sys/socket.h>
#include <sys/uio.h>

struct onym_tcp_read;

/* The functions of a transport, each given one of its connections. */
struct onym_carrier {
    enum onym_by by; /* what its requests are counted as */
    void (*send)(void *connection, onym_span front, const struct iovec *parts, size_t count);
    uint8_t *(*room)(void *connection, size_t len); /* NULL: none, see service/stream.h */
    void (*flush)(void *connection);
    bool (*congested)(void *connection);
    void (*touch)(void *connection);
    void (*finish)(void *connection);
    void (*hold)(void *connection);
    void (*release)(void *connection);
    void (*peer)(void *connection, struct sockaddr_storage *out);
    void *(*state)(void *connection); /* at least sizeof(struct onym_stream_state), zero at first */
};

struct onym_stream_state {
    struct onym_dialogue dialogue; /* first: a dialogue leads to its state */
    const struct onym_carrier *carrier;
    uint8_t peer_len;
    uint8_t peer[16];
};

struct onym_streams {
    struct onym_view *view;
    struct onym_answerer *answerer;
    struct onym_counters *counters;
    struct onym_arena *arena;
    struct onym_admin *admin; /* NULL: not offered */
    /* What is read at once is answered from one snapshot of the store, and at one time. */
    struct onym_stream_turn {
        bool begun;
        bool has_view;
        uint64_t began_ns;
        uint64_t now_ms;
    } turn;
    struct onym_stream_batch batch;
};

/* For the transport's bytes handler: answers what is complete, returns how much was used. */
size_t onym_streams_bytes(struct onym_streams *streams, const struct onym_carrier *carrier,
                          void *connection, onym_span bytes);
/* For the handlers of plain TCP of these names: several calls of onym_streams_bytes. */
void onym_streams_turn_begins(struct onym_streams *streams, const struct onym_tcp_read *reads,
                              size_t count);
void onym_streams_turn_ends(struct onym_streams *streams, size_t count);
/* For its closed handler. */
void onym_streams_closed(const struct onym_carrier *carrier, void *connection);

/* The two ways an answer comes back; on the worker's loop. The call is freed when it is over. */
void onym_streams_proven(struct onym_streams *streams, struct onym_admin_call *call);
void onym_streams_committed(struct onym_streams *streams, struct onym_admin_call *call,
                            const struct onym_admin_result *result);

/* parts as iovecs; the kernel only reads them. out holds count. */
size_t onym_streams_iovecs(const onym_span *parts, size_t count, struct iovec *out);

/* Plain TCP. */
extern const struct onym_carrier onym_carrier_tcp;

#endif
