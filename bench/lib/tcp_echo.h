/* The floor of TCP under libuv: answers every so many bytes with so many others. All answers to
 * what one read brought go out in one uv_try_write; what the socket does not take is sent by
 * uv_write, and nothing is read meanwhile. */
#ifndef BENCH_LIB_TCP_ECHO_H
#define BENCH_LIB_TCP_ECHO_H

#include <netinet/in.h>
#include <stddef.h>

#define BENCH_TCP_ECHO_REQUEST_MAX 4096U
#define BENCH_TCP_ECHO_ANSWER_MAX  16384U

/* Serves until a signal ends the process; returns 1 with a line on stderr when it cannot. Sizes:
 * 12 up to the limits above. */
int bench_tcp_echo_serve(const struct sockaddr_in *address, size_t request_bytes,
                         size_t answer_bytes);

#endif
