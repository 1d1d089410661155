/* Puts a reply together: fragments of datagrams in any order, or a byte stream cut anywhere.
 * Source: proto/handle.md 2, 14.1, 14.2. Pure and bounded: one message of at most
 * ONYM_MESSAGE_LEN_MAX bytes at a time, nothing allocated.
 *
 * Apart from wire/frame.h, which serves a node: there fragments must carry the flag and belong to
 * many peers, here servers leave the flag out and only one request is under way. */
#ifndef ONYM_CLIENT_GATHER_H
#define ONYM_CLIENT_GATHER_H

#include "wire/frame.h"

struct onym_gather {
    struct onym_envelope envelope;   /* of the message under way */
    bool started;                    /* envelope is set */
    size_t got;                      /* message bytes gathered */
    uint32_t packets;                /* datagrams counted into this message */
    uint8_t head[ONYM_ENVELOPE_LEN]; /* stream: the envelope so far */
    size_t head_len;
    uint8_t have[(ONYM_FRAGMENTS_MAX + 7U) / 8U]; /* datagrams: one bit per fragment */
    uint8_t message[ONYM_MESSAGE_LEN_MAX];
};

enum onym_gathered {
    ONYM_GATHERED_MORE,   /* took it, or ignored it; the message is not whole */
    ONYM_GATHERED_WHOLE,  /* envelope and onym_gather_message stand until the next call */
    ONYM_GATHERED_REFUSED /* stream only: a length over the limit or below a header, or a fragment;
                             the stream cannot be read on */
};

/* Forgets everything. Must be called before the first use. */
void onym_gather_reset(struct onym_gather *g);

/* One datagram. Ignored: shorter than an envelope, another request id, a length over
 * ONYM_MESSAGE_LEN_MAX or below a header, a sequence number past the end, a payload that is not its
 * fragment's size (one that holds the whole message is fine whatever its size), a duplicate. A
 * datagram whose length or version differ from the message under way begins a new one. */
enum onym_gathered onym_gather_datagram(struct onym_gather *g, onym_span datagram,
                                        uint32_t request_id);

/* Takes bytes of a stream from the front of *bytes until a message is whole or none are left. */
enum onym_gathered onym_gather_stream(struct onym_gather *g, onym_span *bytes);

/* The whole message after ONYM_GATHERED_WHOLE. */
onym_span onym_gather_message(const struct onym_gather *g);

#endif
