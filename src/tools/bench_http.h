/* Answers of the JSON interface as a load client reads them: where one ends, what it says. Only
 * what this node sends is understood: a Content-Length in every answer. Pure; nothing is copied. */
#ifndef ONYM_TOOLS_BENCH_HTTP_H
#define ONYM_TOOLS_BENCH_HTTP_H

#include "tools/bench_query.h"

#define ONYM_BENCH_HTTP_HEAD_MAX 8192U
#define ONYM_BENCH_HTTP_BODY_MAX (8U << 20)
/* Codes of answers that carry none of the Handle protocol: this and the HTTP status. */
#define ONYM_BENCH_HTTP_CODE 1000U

struct onym_bench_http {
    size_t used; /* bytes of head and body */
    uint32_t status;
    bool closes; /* Connection: close */
    onym_span body;
};

enum onym_bench_http_step { ONYM_BENCH_HTTP_MORE, ONYM_BENCH_HTTP_WHOLE, ONYM_BENCH_HTTP_BAD };

/* Cuts an answer off the front of a stream. MORE: *need bytes from the front are needed at least.
 * BAD: what follows cannot be found any more. */
enum onym_bench_http_step onym_bench_http_cut(onym_span stream, struct onym_bench_http *out,
                                              size_t *need);

/* Judges an answer of /api/handles against what reply expects and sets reply->code: the response
 * code, or ONYM_BENCH_HTTP_CODE and the status. DONE or WRONG. */
enum onym_bench_verdict onym_bench_http_judge(const struct onym_bench_http *answer,
                                              struct onym_bench_reply *reply);

#endif
