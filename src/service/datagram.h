/* One UDP packet -> the packets of its answer, or silence. Decides what may be answered at all:
 * the node must be no amplifier for forged sources. Source: proto/handle.md section 14.1. */
#ifndef ONYM_SERVICE_DATAGRAM_H
#define ONYM_SERVICE_DATAGRAM_H

#include "base/metrics.h"
#include "core/admit.h"
#include "service/answer.h"
#include "wire/frame.h"

/* Requests in fragments that one worker waits for, and their greatest length. */
#define ONYM_REASSEMBLY_SLOTS   64U
#define ONYM_REASSEMBLY_LEN_MAX 65536U
/* Spans of one outgoing packet: every part of a reply may have a share in it. */
#define ONYM_PACKET_PARTS_MAX ONYM_REPLY_PARTS_MAX

/* One per worker. Everything is borrowed from the worker. */
struct onym_datagram_service {
    struct onym_answerer *answerer;
    struct onym_admit *admit;
    struct onym_reassembly *reassembly;
    struct onym_counters *counters;
    uint32_t reply_packets;                     /* of one answer; a larger one becomes "too busy" */
    const struct onym_session_access *sessions; /* of the node; NULL: none are known */
};

struct onym_datagram {
    onym_span data;    /* envelope and message bytes */
    bool too_long;     /* it was longer than what was taken */
    onym_span address; /* of the sender, 4 or 16 bytes in network order */
    uint16_t port;
    const struct onym_ahead *ahead; /* what onym_datagram_ahead made of data; NULL: nothing */
};

/* Takes one packet to the sender: an envelope and count parts, valid as long as arena and view. */
typedef void onym_packet_fn(void *of, onym_span envelope, const onym_span *parts, size_t count);

struct onym_moment {
    uint32_t epoch_s;
    uint64_t monotonic_ns;
};

/* For a batch of datagrams: onym_resolve_ahead for the name that data seems to ask for. */
bool onym_datagram_ahead(const struct onym_datagram_service *service, onym_span data,
                         struct onym_ahead *out);

/* Answers one datagram through send; counts what it drops. */
void onym_datagram_answer(struct onym_datagram_service *service, const struct onym_datagram *in,
                          struct onym_moment now, struct onym_arena *arena, onym_packet_fn *send,
                          void *of);

#endif
