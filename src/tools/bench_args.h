/* The command line of onymbench: what a load is to be, checked, with clear errors. */
#ifndef ONYM_TOOLS_BENCH_ARGS_H
#define ONYM_TOOLS_BENCH_ARGS_H

#include "tools/bench_settings.h"

#include <getopt.h>

/* Where results go, and what is not part of the load. */
struct onym_bench_output {
    const char *json;   /* FILE, "-" = standard output, NULL = none */
    const char *report; /* HTML file or NULL */
    const char *ops;    /* HOST:PORT of the server's metrics, or NULL */
    bool quiet;         /* no line for each second */
};

struct onym_bench_args {
    struct onym_bench_settings settings;
    struct onym_bench_output output;
    bool allowed_away; /* the server need not be this machine */
    bool has_records;  /* --records was given */
    bool has_idle, has_timeout;
    uint64_t rows;       /* of batches; 0 = not given */
    bool has_fixed_load; /* what a workload itself decides was given */
    const char *as, *secret_file;
    uint64_t https_port, beside_rate, import_rows; /* of workloads; 0 = not given */
    /* given by the user, so that a workload does not set them */
    bool has_duration, has_rate, has_arrivals, has_connections, has_window;
};

/* What the options mean when nothing is said. */
struct onym_bench_args onym_bench_args_default(void);

/* Takes the options of argv (argv[0] is the verb) and leaves optind at the first other word.
 * ONYM_EXIT_DONE, or ONYM_EXIT_USAGE after saying on stderr what is wrong. Strings are borrowed. */
int onym_bench_args_options(int argc, char **argv, struct onym_bench_args *out);

/* Settles what follows from the options: the server's address (which may be looked up), defaults of
 * the transport, limits of one against another. ONYM_EXIT_DONE; ONYM_EXIT_USAGE,
 * ONYM_EXIT_UNREACHABLE for a host that is not found, ONYM_EXIT_REFUSED for a server elsewhere that
 * nobody vouched for; all said on stderr. */
int onym_bench_args_settle(const char *server, struct onym_bench_args *args);

/* "50000", "50k", "1.5M" within [min, max]; "500ms", "10s", "2m", "1h", or seconds, to
 * milliseconds. False for anything else. */
bool onym_bench_args_number(const char *text, double min, double max, double *out);
bool onym_bench_args_duration(const char *text, uint64_t min_ms, uint64_t max_ms, uint64_t *out);

/* HOST[:PORT] as a socket address; default_port 0: a port must be there. host, if not NULL, gets
 * what stands in front of the port, without brackets. ONYM_OK, ONYM_INVALID, ONYM_UNREACHABLE (name
 * not found), with *fault. */
ONYM_MUST_USE enum onym_status onym_bench_args_server(const char *text, uint16_t default_port,
                                                      struct sockaddr_storage *out, socklen_t *len,
                                                      char host[256], struct onym_fault *fault);

/* Puts another port, in host order, into an IPv4 or IPv6 address. */
void onym_bench_args_port(struct sockaddr_storage *address, uint16_t port);

/* "udp" and so on. Static. */
const char *onym_bench_transport_name(enum onym_bench_transport transport);

/* Says on stderr what onym_option_next did not understand, with the nearest option;
 * ONYM_EXIT_USAGE. */
int onym_bench_args_unknown(const char *verb, const struct option *options, char **argv);
/* Prints "onymbench VERB: text" to stderr and returns ONYM_EXIT_USAGE. */
__attribute__((format(printf, 2, 3))) int onym_bench_usage(const char *verb, const char *format,
                                                           ...);

#endif
