/* A UDP socket of our own under uv_poll: drain with recvmmsg, hand over the batch, send the answers
 * with sendmmsg. Datagrams that came together are cut here (net/udp_in). Answers that go to one
 * peer leave as messages that the kernel cuts (UDP_SEGMENT), where it can; for that, a longer
 * packet may overtake a shorter one. Understands no protocol. (libuv's own UDP handles cost a third
 * more here.) */
#ifndef ONYM_NET_UDP_H
#define ONYM_NET_UDP_H

#include "base/fault.h"
#include "net/udp_out.h"

#include <sys/socket.h>
#include <uv.h>

#define ONYM_UDP_BATCH  128U  /* datagrams handed over together, at most */
#define ONYM_UDP_TURN   1024U /* datagrams before the loop looks at everything else */
#define ONYM_UDP_IN_LEN 512U  /* bytes of a datagram taken; longer ones are marked */

struct onym_udp; /* opaque; belongs to one loop */

struct onym_udp_in {
    onym_span data; /* lives until the batch function returns */
    bool too_long;  /* the datagram was longer than ONYM_UDP_IN_LEN */
    const struct sockaddr *peer;
};

/* Called once per batch, on the loop's thread. Answers go out through onym_udp_send. It
 * does not close udp. */
typedef void onym_udp_batch_fn(void *user, struct onym_udp *udp, const struct onym_udp_in *in,
                               size_t count);

/* Opens a socket with SO_REUSEPORT on address (port 0: any), non-blocking, 4 MiB buffers when the
 * kernel allows, and starts reading. Release with onym_udp_close.
 * ONYM_OK and *out; ONYM_IN_USE the port is taken; ONYM_NO_PERMISSION; ONYM_NO_MEMORY; ONYM_IO —
 * each with *fault saying what and what to do. */
ONYM_MUST_USE enum onym_status onym_udp_open(uv_loop_t *loop, const struct sockaddr *address,
                                             onym_udp_batch_fn *batch, void *user,
                                             struct onym_udp **out, struct onym_fault *fault);

/* Queues a copy of one packet to the peer of `to`, from inside the batch function: front and the
 * parts, ONYM_UDP_OUT_LEN bytes at most. Sends what is queued first when the queue is full; what is
 * left in it goes out with onym_udp_flush, or when the batch function returns. */
void onym_udp_send(struct onym_udp *udp, const struct onym_udp_in *to, onym_span front,
                   const onym_span *parts, size_t count);
void onym_udp_flush(struct onym_udp *udp);

/* Packets the kernel did not take, since open. */
uint64_t onym_udp_send_failures(const struct onym_udp *udp);

/* The bound port. */
uint16_t onym_udp_port(const struct onym_udp *udp);

/* Answers what already arrived, stops reading and frees udp once the loop has run. NULL is fine. */
void onym_udp_close(struct onym_udp *udp);

#endif
