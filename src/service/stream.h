/* A TCP connection of the resolve protocol: messages out of a byte stream however it is torn,
 * answers in the order of the requests. Source: proto/handle.md section 14.2. */
#ifndef ONYM_SERVICE_STREAM_H
#define ONYM_SERVICE_STREAM_H

#include "base/metrics.h"
#include "service/answer.h"
#include "wire/frame.h"

/* Messages whose answers are fetched together. */
#define ONYM_STREAM_BATCH_MAX 64U
/* Up to this length a reply is copied into the sink's room. */
#define ONYM_STREAM_ROOM_MAX 4096U

/* Messages that are about to be fed, of one read or of several; the last of each may be none or not
 * whole. */
struct onym_stream_batch {
    size_t count;
    size_t next;
    bool fetched;
    struct onym_stream_message {
        const uint8_t *at; /* its envelope */
        struct onym_frame frame;
        struct onym_ahead ahead; /* when fetched */
    } message[ONYM_STREAM_BATCH_MAX];
};

/* One per worker. */
struct onym_stream_service {
    struct onym_answerer *answerer;
    struct onym_counters *counters;
    struct onym_arena *arena;
    enum onym_by by;          /* what its requests are counted as */
    struct onym_admin *admin; /* NULL: administration is not offered here */
    struct onym_stream_batch *batch;
};

/* One connection. */
struct onym_stream_peer {
    struct onym_dialogue *dialogue;
    void *connection;  /* for the transport, when a reply comes later */
    onym_span address; /* 4 or 16 bytes */
};

/* What a connection can do; of is handed back. */
struct onym_stream_sink {
    void *of;
    /* Takes one message: envelope and count parts, borrowed until flush. */
    void (*send)(void *of, onym_span envelope, const onym_span *parts, size_t count);
    /* Room for len bytes (at most ONYM_STREAM_ROOM_MAX) that are written before the next call, and
     * sent as if by send; NULL: the sink has none, and is given all by send. */
    uint8_t *(*room)(void *of, size_t len);
    void (*flush)(void *of);     /* afterwards the arena may be reused */
    bool (*congested)(void *of); /* the peer does not read: take no further request */
    void (*touch)(void *of);     /* a complete request was read */
    void (*finish)(void *of);    /* close once everything is written */
    void (*hold)(void *of);      /* the reply comes later: hand over nothing before it */
};

/* Cuts off the messages at the front of bytes, behind those the batch has, as far as it has room.
 */
void onym_stream_cut(struct onym_stream_batch *batch, onym_span bytes);
/* Starts fetching what the answers to all of them will need, so that they wait for memory together.
 * Good as long as the view is not renewed. */
void onym_stream_fetch(const struct onym_stream_service *service);

/* Answers every complete message at the front of bytes; returns how many bytes it used. Where an
 * answer comes later it holds the connection: the transport sends that answer with
 * onym_stream_send and releases the connection, which feeds it again, if only with no bytes.
 * Needs: the batch is empty, or begins with messages of bytes, or with others that are fed later or
 * never. What was cut off bytes is gone from it afterwards. */
size_t onym_stream_feed(struct onym_stream_service *service, const struct onym_stream_peer *peer,
                        onym_span bytes, uint64_t now_ms, const struct onym_stream_sink *sink);

/* What a request of this connection is answered with at that time. */
struct onym_answer_call onym_stream_call(const struct onym_stream_service *service,
                                         const struct onym_stream_peer *peer, uint64_t now_ms);

/* Sends one reply and counts it, whatever its length. */
void onym_stream_send(struct onym_stream_service *service, const struct onym_reply *reply,
                      const struct onym_stream_sink *sink);

#endif
