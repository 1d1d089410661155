/* The floor of UDP on a machine: answers every datagram with a fixed number of bytes, 64 at a time
 * (recvmmsg, sendmmsg), and does nothing else. The request id of the request (bytes 8 to 11) is
 * copied, so that a client can match. Anything a server costs above this is its own work. */
#ifndef BENCH_LIB_UDP_ECHO_H
#define BENCH_LIB_UDP_ECHO_H

#include <stdbool.h>
#include <stddef.h>

#define BENCH_UDP_ECHO_BYTES_MIN   12U
#define BENCH_UDP_ECHO_PACKETS_MAX 4U
#define BENCH_UDP_ECHO_BYTES_MAX   (BENCH_UDP_ECHO_PACKETS_MAX * 512U)

struct bench_udp_echo;

/* Answers of answer_bytes in all, in packets of 512 bytes and one with the rest, which is made at
 * least BENCH_UDP_ECHO_BYTES_MIN. The caller frees it. NULL without memory. */
struct bench_udp_echo *bench_udp_echo_new(int fd, size_t answer_bytes);

/* Takes a batch and answers it. wait: blocks until there is one. The number of requests answered;
 * 0 when there were none; -1 when the socket failed. */
int bench_udp_echo_turn(struct bench_udp_echo *echo, bool wait);

#endif
