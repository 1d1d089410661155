/* A TCP connection of the resolve protocol: messages out of a byte stream however it is torn,
 * answers in the order of the requests. Source: proto/handle.md section 14.2. */
#ifndef ONYM_SERVICE_STREAM_H
#define ONYM_SERVICE_STREAM_H

#include "base/metrics.h"
#include "service/answer.h"

/* One per worker. */
struct onym_stream_service {
    struct onym_answerer *answerer;
    struct onym_counters *counters;
    struct onym_arena *arena;
    enum onym_by by;          /* what its requests are counted as */
    struct onym_admin *admin; /* NULL: administration is not offered here */
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
    void (*flush)(void *of);     /* afterwards the arena may be reused */
    bool (*congested)(void *of); /* the peer does not read: take no further request */
    void (*touch)(void *of);     /* a complete request was read */
    void (*finish)(void *of);    /* close once everything is written */
    void (*hold)(void *of);      /* the reply comes later: hand over nothing before it */
};

/* Answers every complete message at the front of bytes; returns how many bytes it used. Where an
 * answer comes later it holds the connection: the transport sends that answer with
 * onym_stream_send and releases the connection, which feeds it again, if only with no bytes. */
size_t onym_stream_feed(struct onym_stream_service *service, const struct onym_stream_peer *peer,
                        onym_span bytes, uint64_t now_ms, const struct onym_stream_sink *sink);

/* What a request of this connection is answered with at that time. */
struct onym_answer_call onym_stream_call(const struct onym_stream_service *service,
                                         const struct onym_stream_peer *peer, uint64_t now_ms);

/* Sends one reply and counts it. */
void onym_stream_send(struct onym_stream_service *service, const struct onym_reply *reply,
                      const struct onym_stream_sink *sink);

#endif
