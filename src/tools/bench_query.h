/* Resolve requests of one packet and the check of what comes back, cheap enough for a client that
 * must outrun the server: no heap, one copy of 44 fixed bytes, a few stores.
 * Source: proto/handle.md sections 2, 3, 8, 14.1. */
#ifndef ONYM_TOOLS_BENCH_QUERY_H
#define ONYM_TOOLS_BENCH_QUERY_H

#include "tools/bench_names.h"

#define ONYM_BENCH_QUERY_TYPE_MAX 32U

/* Envelope and header of every request of a run: version 2.11, opcode 1, flags REC CA PO; and what
 * follows the name: the lists of indexes and types, and an empty credential. */
struct onym_bench_query_form {
    uint8_t front[ONYM_ENVELOPE_LEN + ONYM_HEADER_LEN];
    uint8_t tail[16 + 4 + ONYM_BENCH_QUERY_TYPE_MAX];
    uint32_t tail_len;
};
/* Asks for all public values. expiration: epoch seconds. */
void onym_bench_query_form_init(struct onym_bench_query_form *form, uint32_t expiration);
/* Asks for the public values with that index (0: any) or of that type (NULL: any; at most
 * ONYM_BENCH_QUERY_TYPE_MAX bytes). */
void onym_bench_query_form_select(struct onym_bench_query_form *form, uint32_t index,
                                  const char *type);

/* Writes the packet that asks for name (at most ONYM_BENCH_NAME_LEN_MAX bytes, less what was
 * selected); returns its length, at most ONYM_PACKET_LEN_MAX. */
size_t onym_bench_query_write(const struct onym_bench_query_form *form, onym_span name,
                              uint32_t request_id, uint8_t out[ONYM_PACKET_LEN_MAX]);

/* The reply to one request while its packets come in. */
struct onym_bench_reply {
    onym_span name; /* what was asked, borrowed; a reply must echo it byte for byte */
    uint32_t request_id;
    uint32_t message_len; /* of the first packet seen; 0 before */
    uint32_t data_len;    /* message bytes received */
    uint32_t packet_bytes;
    uint32_t code;     /* response code, 0 before the packet that holds it */
    uint32_t expected; /* response code that is right; 1 unless changed after init */
    uint32_t or_else;  /* another one; 0 = none */
    bool code_only;    /* a right code is enough: the reply need not repeat the name */
    uint64_t packets;  /* bit n: packet n was received */
};

enum onym_bench_verdict {
    ONYM_BENCH_MORE,  /* fine so far, packets are missing; a repeated packet is ignored */
    ONYM_BENCH_DONE,  /* whole, the expected response code, with code 1 the name and values */
    ONYM_BENCH_WRONG, /* another response code or name, no values, or lengths that contradict each
                         other */
    ONYM_BENCH_STRAY  /* not a packet of this request */
};

/* Code 1 is expected; change expected and or_else for others. */
void onym_bench_reply_init(struct onym_bench_reply *reply, onym_span name, uint32_t request_id);
/* Takes one datagram, or for TCP one envelope with its whole message (`whole`). */
enum onym_bench_verdict onym_bench_reply_feed(struct onym_bench_reply *reply, onym_span packet,
                                              bool whole);

#endif
