/* The bytes of a request of a kind, in the form its transport takes, and what its answer must be.
 * Pure, without heap.
 *
 *   kind       Handle                               HTTP                        right codes
 *   resolve    all public values                    GET /api/handles/NAME       1
 *   miss       the same of a name that is not there the same                    100
 *   malformed  a name longer than its message       an index that is no number  4
 *   refused    a private value, without proof       the same                    402, 200
 *   route      the record of a prefix               the same                    1
 *   register   create, on a connection logged in    PUT with overwrite=false    1
 *   update     modify a value of such a record      PUT of all its values       1
 *   batch                                           POST to the batch endpoint  HTTP status 200
 */
#ifndef ONYM_TOOLS_BENCH_REQUEST_H
#define ONYM_TOOLS_BENCH_REQUEST_H

#include "tools/bench_change.h"
#include "tools/bench_mix.h"
#include "tools/bench_query.h"

#define ONYM_BENCH_REQUEST_MAX 4096U                          /* bytes of a request */
#define ONYM_BENCH_ROWS_MAX    2000U                          /* records of a batch */
#define ONYM_BENCH_ROW_MAX     (ONYM_BENCH_CHANGE_MAX + 256U) /* bytes of each */
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
    const struct onym_bench_identity *identity; /* who changes records; borrowed */
    struct onym_bench_query_form query, whole;  /* public values; a private one, which is refused */
    char tail[512];                             /* of an HTTP request, from the version on */
    char basic[1600];                           /* who asks, of those that change records */
    bool closes;                                /* each HTTP request ends its connection */
};

/* host: for the Host field, at most 300 bytes; expiration: epoch seconds; identity: who changes
 * records, or NULL; borrowed. */
void onym_bench_form_init(struct onym_bench_form *form, enum onym_bench_transport transport,
                          const char *host, bool closes, uint32_t expiration,
                          const struct onym_bench_identity *identity);

/* One request. */
struct onym_bench_ask {
    enum onym_bench_kind kind;
    onym_span name; /* at most ONYM_BENCH_NAME_LEN_MAX bytes */
    uint32_t request_id;
    uint32_t session; /* of a connection that is logged in */
    uint64_t note;    /* of a change: what its changing value says */
    uint32_t thread; /* of a batch: whose records they are, the number of the first, and how many */
    uint64_t number;
    uint32_t rows;
};

/* Bytes that any request of a load may take whose batches have so many rows (0: it has none). */
static inline size_t
onym_bench_request_max(uint64_t rows)
{
    return ONYM_BENCH_REQUEST_MAX + (size_t)rows * ONYM_BENCH_ROW_MAX;
}

/* Writes the request and makes *reply ready for its answer (which borrows the name). out holds
 * onym_bench_request_max() bytes. The length. */
size_t onym_bench_request_write(const struct onym_bench_form *form,
                                const struct onym_bench_ask *ask, struct onym_bench_reply *reply,
                                uint8_t *out);

#endif
