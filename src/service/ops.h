/* The ops listener's answers: metrics and health over plain HTTP/1.1. Pure: bytes in, bytes out;
 * the server owns sockets, timers and what is reported.
 *
 *   GET, HEAD  /metrics  Prometheus text 0.0.4, or OpenMetrics 1.0 when Accept prefers it
 *   GET, HEAD  /livez    200 or 503: do the loops run
 *   GET, HEAD  /readyz   200 or 503: can the node resolve
 *
 * Health bodies are JSON: {"status":"ok"|"failed","checks":[{"name","ok","detail"}]}. `?verbose`
 * lists every check; without it only failed ones are listed. Everything else gets an RFC 9457
 * problem. A request with a body is refused (413): nothing here takes one.
 *
 * The server's loop for bytes that arrived:
 *
 *     do {
 *         verdict = onym_ops_feed(&c, &input, &source, now_s, &reply);
 *         if (verdict != ONYM_OPS_MORE) { send reply.bytes }
 *     } while (verdict == ONYM_OPS_REPLY && more of input);
 *
 * After ONYM_OPS_REPLY_CLOSE it sends, shuts its sending side, reads and drops what still comes
 * for a moment (else the peer may lose the answer to a reset), and closes. It closes a connection
 * that has not completed a request in its time, and does not read on while an answer is unsent, so
 * a connection costs at most its struct and one answer. */
#ifndef ONYM_SERVICE_OPS_H
#define ONYM_SERVICE_OPS_H

#include "base/metrics.h"
#include "wire/http1.h"

/* One check of /livez or /readyz. */
struct onym_ops_check {
    const char *name; /* stable snake_case, static */
    bool ok;
    char detail[160]; /* for people, NUL-terminated UTF-8; may be empty */
};
#define ONYM_OPS_CHECKS_MAX 16U

/* What the server tells. Called inside onym_ops_feed, on its thread, and only for the path asked
 * for. Pointers put into *out must live until onym_ops_feed returns. */
struct onym_ops_source {
    void *of; /* handed back to the functions */
    /* Fill up to ONYM_OPS_CHECKS_MAX checks and return how many; all ok (or none) = 200. */
    size_t (*live)(void *of, struct onym_ops_check *out);
    size_t (*ready)(void *of, struct onym_ops_check *out);
    void (*metrics)(void *of, struct onym_metrics *out);
};

/* One connection: under 17 KiB. The caller owns the memory. */
struct onym_ops_connection {
    struct onym_http1 http;
    bool ended; /* the last answer said Connection: close */
};

/* Room for any answer. */
#define ONYM_OPS_HEAD_MAX  ((size_t)512)
#define ONYM_OPS_REPLY_MAX (ONYM_METRICS_TEXT_MAX + ONYM_OPS_HEAD_MAX)

/* Where an answer goes. The buffer is the caller's and may serve many connections in turn. */
struct onym_ops_reply {
    uint8_t *buffer;
    size_t cap;      /* at least ONYM_OPS_REPLY_MAX */
    onym_span bytes; /* set: the answer, somewhere in buffer */
    int status;      /* set: its HTTP status, for onym_counters.http_requests[status / 100] */
};

enum onym_ops_verdict {
    ONYM_OPS_MORE,       /* all input taken, no answer yet */
    ONYM_OPS_REPLY,      /* send the answer, then feed what is left of input */
    ONYM_OPS_REPLY_CLOSE /* send the answer, then end the connection; input is dropped */
};

/* A connection that has sent nothing yet. */
void onym_ops_connection_init(struct onym_ops_connection *connection);

/* Takes bytes from the front of *input, at most one request. now_s: epoch seconds, for the Date
 * header. After ONYM_OPS_REPLY_CLOSE a further call takes everything and says ONYM_OPS_MORE. */
enum onym_ops_verdict onym_ops_feed(struct onym_ops_connection *connection, onym_span *input,
                                    const struct onym_ops_source *source, uint32_t now_s,
                                    struct onym_ops_reply *reply);

/* The format an Accept header list prefers: OpenMetrics when it is named with at least the quality
 * of text/plain (or what stands for it), else Prometheus text. fields: request.fields. */
enum onym_metrics_format onym_ops_metrics_format(onym_span fields);

#endif
