/* Packets that wait to be sent over UDP, put together to messages that the kernel cuts again
 * (UDP_SEGMENT). A message has packets of one flow, all of one length but the last, which may be
 * shorter. Does no I/O; belongs to net/udp. */
#ifndef ONYM_NET_UDP_OUT_H
#define ONYM_NET_UDP_OUT_H

#include "onym/span.h"

#include <sys/uio.h>

#define ONYM_UDP_OUT_MAX  128U /* packets that wait */
#define ONYM_UDP_OUT_LEN  512U /* bytes of a packet */
#define ONYM_UDP_JOIN_MAX 64U  /* packets of a message: more the kernel did not cut before 6.9 */

struct onym_udp_message {
    uint16_t flow;
    uint16_t first, last; /* packets */
    uint16_t count;
    uint16_t segment; /* the length of all packets but the last */
};

/* The zero struct is empty, and joins nothing. */
struct onym_udp_out {
    bool joins;
    uint16_t packets, messages;
    uint32_t len; /* of data */
    struct {
        uint32_t at; /* in data */
        uint16_t len;
        uint16_t next; /* of the same message */
    } packet[ONYM_UDP_OUT_MAX];
    struct onym_udp_message message[ONYM_UDP_OUT_MAX];
    uint16_t open[ONYM_UDP_OUT_MAX]; /* of each flow: 1 + its message that may grow, or 0 */
    uint8_t data[ONYM_UDP_OUT_MAX * ONYM_UDP_OUT_LEN];
};

/* Copies front and the parts, ONYM_UDP_OUT_LEN bytes at most together, as one packet of a flow
 * (below ONYM_UDP_OUT_MAX). There is room: out->packets < ONYM_UDP_OUT_MAX. A longer packet of a
 * flow may overtake a shorter one, so that both leave together; others keep their order. */
void onym_udp_out_add(struct onym_udp_out *out, uint16_t flow, onym_span front,
                      const onym_span *parts, size_t count);

/* Writes where the bytes of a message lie, message->count parts at most; returns how many. */
size_t onym_udp_out_parts(struct onym_udp_out *out, const struct onym_udp_message *message,
                          struct iovec *part);

/* From message number `from` on, makes each packet a message of its own; nothing is joined any
 * more. */
void onym_udp_out_split(struct onym_udp_out *out, size_t from);

/* Forgets all packets. */
void onym_udp_out_clear(struct onym_udp_out *out);

#endif
