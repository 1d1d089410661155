/* Packets to one peer, those of one length as one message that the kernel cuts (UDP_SEGMENT): a
 * client that pays for each packet by itself is slower than a server that does not. */
#ifndef BENCH_LIB_UDP_JOIN_H
#define BENCH_LIB_UDP_JOIN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define BENCH_UDP_JOIN_MAX 64U /* packets at a time; every kernel with UDP_SEGMENT cuts as many */

/* Ancillary data of a message: the length of its packets. */
struct bench_udp_cut {
    _Alignas(struct cmsghdr) uint8_t bytes[CMSG_SPACE(sizeof(uint16_t))];
};

/* Whether the kernel of this UDP socket cuts messages. */
bool bench_udp_join_works(int fd);

/* Orders count packets (BENCH_UDP_JOIN_MAX at most) by length, the longest first, those of one
 * length as they came, and makes messages of them: sets parts and ancillary data in out and writes
 * into cut, both count long. The messages borrow packets and cut. Returns how many there are. */
unsigned bench_udp_join(struct iovec *packets, unsigned count, struct mmsghdr *out,
                        struct bench_udp_cut *cut);

#endif
