/* What a load is: where to, how, how much, for how long. Filled from the command line or by a named
 * workload, read by everything else. */
#ifndef ONYM_TOOLS_BENCH_SETTINGS_H
#define ONYM_TOOLS_BENCH_SETTINGS_H

#include "tools/bench_request.h"

#include <sys/socket.h>

#define ONYM_BENCH_WINDOW_MAX      4096U
#define ONYM_BENCH_CONNECTIONS_MAX 60000U
#define ONYM_BENCH_THREADS_MAX     64U
#define ONYM_BENCH_SLOTS_MAX       262144U /* requests under way, all connections together */
#define ONYM_BENCH_RATE_MAX        100000000.0
#define ONYM_BENCH_DURATION_MAX_MS 86400000U
#define ONYM_BENCH_TIMEOUT_MAX_MS  60000U

struct onym_bench_settings {
    const char *name;   /* of the run, for reports */
    const char *server; /* as written */
    struct sockaddr_storage target, source;
    socklen_t target_len, source_len; /* source_len 0: the system chooses */
    char host[256];                   /* of the server, without port */
    enum onym_bench_transport transport;
    double rate; /* requests a second, all threads together; 0: a closed loop */
    bool fixed;  /* equal gaps; else as of many independent clients (Poisson) */
    uint64_t window, connections, threads, idle;
    bool new_connections; /* one for each request */
    const char *mix_text;
    struct onym_bench_mix mix;
    const char *names_file; /* NULL: the data set of onym-generate below */
    uint64_t records, data_seed;
    double theta; /* 0: names are equally likely */
    uint64_t warm_up_ms, duration_ms, timeout_ms;
    uint64_t seed;           /* of what is asked, and when */
    const char *authorities; /* PEM file to check the server's certificate with, or NULL */
    struct onym_bench_identity identity; /* who changes records */
    uint64_t rows;                       /* of each batch; 0 = the mix has none */
};

#endif
