/* The bytes of a request of a kind, in the form its transport takes, and what its answer must be.
 * Pure, without heap.
 *
 *   kind       Handle                                   HTTP                             right
 * codes resolve    all public values                        GET /api/handles/NAME            1 miss
 * the same of a name that is not there     the same                         100 malformed  a name
 * longer than its body              an index that is no number       4 refused    a private value,
 * without proof           the same with publicOnly=false   402, 200 route      the record of a
 * prefix                   the same                         1 register   create, over a connection
 * logged in      PUT, If-None-Match: *            1 update     replace the value of such a record
 * PUT                              1
 */
#ifndef ONYM_TOOLS_BENCH_REQUEST_H
#define ONYM_TOOLS_BENCH_REQUEST_H

#include "tools/bench_mix.h"
#include "tools/bench_query.h"

#define ONYM_BENCH_REQUEST_MAX 4096U /* bytes of any request */
/* A value of nearly all records of onym-generate that only its owner may read. */
#define ONYM_BENCH_PRIVATE_INDEX 2011U

enum onym_bench_transport {
    ONYM_BENCH_UDP,
    ONYM_BENCH_TCP,
    ONYM_BENCH_TLS, /* Handle messages over TLS */
    ONYM_BENCH_HTTP,
    ONYM_BENCH_HTTPS,
    ONYM_BENCH_TRANSPORTS
};

static inline bool
onym_bench_transport_http(enum onym_bench_transport transport)
{
    return transport == ONYM_BENCH_HTTP || transport == ONYM_BENCH_HTTPS;
}

static inline bool
onym_bench_transport_tls(enum onym_bench_transport transport)
{
    return transport == ONYM_BENCH_TLS || transport == ONYM_BENCH_HTTPS;
}

/* What all requests of a load have in common. */
struct onym_bench_form {
    enum onym_bench_transport transport;
    struct onym_bench_query_form query, whole; /* public values; a private one, which is refused */
    char tail[512];                            /* of an HTTP request, from the version on */
    bool closes;                               /* each HTTP request ends its connection */
};

/* host: for the Host field, at most 300 bytes; expiration: epoch seconds. */
void onym_bench_form_init(struct onym_bench_form *form, enum onym_bench_transport transport,
                          const char *host, bool closes, uint32_t expiration);

/* Writes a request for name, at most ONYM_BENCH_NAME_LEN_MAX bytes, and makes *reply ready for its
 * answer (which borrows name). The length. */
size_t onym_bench_request_write(const struct onym_bench_form *form, enum onym_bench_kind kind,
                                onym_span name, uint32_t request_id, struct onym_bench_reply *reply,
                                uint8_t out[ONYM_BENCH_REQUEST_MAX]);

#endif
