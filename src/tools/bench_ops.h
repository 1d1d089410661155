/* What a node's metrics page (its ops listener) says of its process, to report what an answer costs
 * the server. Blocking. */
#ifndef ONYM_TOOLS_BENCH_OPS_H
#define ONYM_TOOLS_BENCH_OPS_H

#include "base/fault.h"

struct onym_bench_ops {
    double cpu_s;          /* user and system time of the process */
    double resident_bytes; /* memory it holds */
    char version[32], revision[48];
};

/* Asks HOST:PORT for /metrics. ONYM_OK; ONYM_INVALID for an address that is none, ONYM_UNREACHABLE
 * when nobody answers within 2 s, ONYM_MALFORMED for another page; with *fault. */
ONYM_MUST_USE enum onym_status onym_bench_ops_read(const char *address, struct onym_bench_ops *out,
                                                   struct onym_fault *fault);

/* Reads the page's text. False when a figure is not there. Pure. */
bool onym_bench_ops_parse(const char *page, struct onym_bench_ops *out);

#endif
