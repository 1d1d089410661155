/* What one system call receives over UDP: messages, and the datagrams in them. The kernel leaves
 * datagrams of one length that came from one peer in a row together (UDP_GRO, since Linux 5.0): as
 * who sent them on this machine did, or as the network card or the kernel's own reading found them.
 * It delivers them at the price of one. Belongs to net/udp. */
#ifndef ONYM_NET_UDP_IN_H
#define ONYM_NET_UDP_IN_H

#include "onym/span.h"
#include "onym/status.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/uio.h>

#ifndef UDP_GRO /* in an older C library */
#define UDP_GRO 104
#endif

#define ONYM_UDP_MESSAGES        128U /* of a system call */
#define ONYM_UDP_MESSAGES_JOINED 16U  /* behind one with messages of many datagrams */
#define ONYM_UDP_MESSAGE_LEN     65535U
#define ONYM_UDP_CONTROL_LEN     (CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct in6_pktinfo)))

struct onym_udp_received {
    struct mmsghdr head[ONYM_UDP_MESSAGES]; /* msg_control: where it came to, for the answers */
    struct iovec part[ONYM_UDP_MESSAGES];
    struct sockaddr_in6 peer[ONYM_UDP_MESSAGES]; /* holds IPv4 too */
    _Alignas(struct cmsghdr) uint8_t control[ONYM_UDP_MESSAGES][ONYM_UDP_CONTROL_LEN];
    size_t segment[ONYM_UDP_MESSAGES]; /* length of its datagrams but the last, SIZE_MAX: one */
    uint16_t flow[ONYM_UDP_MESSAGES];  /* the first message that came the same way */
    size_t count;                      /* messages that are here */
    bool joined;    /* some of them are many datagrams: the next system call takes fewer */
    uint8_t *bytes; /* owned; untouched pages of it take no memory */
};

/* Makes room in the zero struct; release with onym_udp_received_deinit. ONYM_OK; ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_udp_received_init(struct onym_udp_received *in);
void onym_udp_received_deinit(struct onym_udp_received *in);

/* Takes what waits at the socket fd, recvmmsg(2) without waiting, and finds out which messages came
 * the same way: from one peer to one address of ours. What was received before is gone. Returns the
 * number of messages, 0 when there are none. */
size_t onym_udp_receive(struct onym_udp_received *in, int fd);

/* The next datagram of message number `message` (below in->count): cuts it from *rest, which begins
 * as the whole message (onym_udp_whole). A message of length 0 has one of length 0. */
onym_span onym_udp_whole(const struct onym_udp_received *in, size_t message);
onym_span onym_udp_next(const struct onym_udp_received *in, size_t message, onym_span *rest);

#endif
