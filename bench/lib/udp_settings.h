/* What a run of udp_load was asked for. */
#ifndef BENCH_LIB_UDP_SETTINGS_H
#define BENCH_LIB_UDP_SETTINGS_H

#include "onym/span.h"
#include "onym/status.h"

#include <netinet/in.h>
#include <stdbool.h>

#define BENCH_UDP_WINDOW_MAX 4096U /* request ids keep 12 bits for the slot */
#define BENCH_UDP_PEERS_MAX  250U  /* addresses 127.0.1.1 and up */

enum bench_udp_protocol { BENCH_UDP_HANDLE, BENCH_UDP_DNS, BENCH_UDP_ECHO };

struct bench_udp_settings {
    struct sockaddr_in target;
    const char *names;
    const char *type; /* only values of that type; NULL: all */
    enum bench_udp_protocol protocol;
    uint64_t index; /* only the value with that index; 0: all */
    uint64_t window, seed, milliseconds, count, retry_ms;
    uint64_t peers;                    /* source addresses; 1: a connected socket */
    uint64_t echo_packets;             /* to a reply of the echo */
    uint64_t rate;                     /* requests a second; 0: closed loop */
    bool patient;                      /* sleeps until a packet comes */
    bool join;                         /* requests of one length leave as one message */
    uint64_t progress_ms;              /* a line of answers so far that often; 0: none */
    uint64_t theta;                    /* of Zipf's law, in thousandths; 0: all names alike */
    uint64_t miss, refused, malformed; /* of hundred requests */
};

/* Reads the command line. ONYM_OK; ONYM_NOT_FOUND when only --help was asked for, which is printed;
 * ONYM_INVALID with lines on stderr. */
ONYM_MUST_USE enum onym_status bench_udp_settings_read(int argc, char **argv,
                                                       struct bench_udp_settings *out);

#endif
