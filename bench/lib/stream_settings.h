/* What a run of stream_load was asked for. */
#ifndef BENCH_LIB_STREAM_SETTINGS_H
#define BENCH_LIB_STREAM_SETTINGS_H

#include "lib/speech.h"

#include <netinet/in.h>

#define BENCH_STREAM_DEPTH_MAX       64U
#define BENCH_STREAM_CONNECTIONS_MAX 4096U

struct bench_stream_settings {
    struct sockaddr_in target;
    const char *names;
    enum bench_language language;
    uint64_t connections, depth, seed, milliseconds, count;
    uint64_t request_bytes, answer_bytes; /* of an echo */
    bool tls, resume, once, together, any_name;
};

/* Reads the command line. ONYM_OK; ONYM_NOT_FOUND when only --help was asked for, which is printed;
 * ONYM_INVALID with lines on stderr. */
ONYM_MUST_USE enum onym_status bench_stream_settings_read(int argc, char **argv,
                                                          struct bench_stream_settings *out);

#endif
