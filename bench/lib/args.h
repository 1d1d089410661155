/* Arguments of the bench programs: numbers with a range, loopback sockets, one way to complain. */
#ifndef BENCH_LIB_ARGS_H
#define BENCH_LIB_ARGS_H

#include "onym/span.h"
#include "onym/status.h"

#include <netinet/in.h>

/* A decimal number within [min, max]. ONYM_OK and *out, or one line on stderr naming the option
 * and its range and ONYM_INVALID. */
ONYM_MUST_USE enum onym_status bench_args_number(const char *option, const char *text, uint64_t min,
                                                 uint64_t max, uint64_t *out);

/* "127.0.0.1:2641". ONYM_OK, or one line on stderr and ONYM_INVALID. */
ONYM_MUST_USE enum onym_status bench_args_address(const char *option, const char *text,
                                                  struct sockaddr_in *out);

/* A UDP socket with buffers of 4 MiB (or what the kernel allows), connected to peer or, when
 * `local`, bound to it. The descriptor, which the caller closes, or -1 and one line on stderr. */
ONYM_MUST_USE int bench_udp_socket(const struct sockaddr_in *address, bool local);

#endif
