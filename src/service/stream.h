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
};

/* Answers every complete message at the front of bytes; returns how many bytes it used. */
size_t onym_stream_feed(struct onym_stream_service *service, struct onym_dialogue *dialogue,
                        onym_span bytes, uint32_t now_s, const struct onym_stream_sink *sink);

#endif
