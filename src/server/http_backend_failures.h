/* How many failed logins one source may have: a small table of budgets that fill again with time,
 * shared by all workers behind a lock. A source is whatever the caller names: an address, or an
 * address with the user it claims to be. Sources that meet in one place push out the one that was
 * quiet longest, so a flood from many addresses makes the table forget, never grow. Time is a
 * parameter. */
#ifndef ONYM_SERVER_HTTP_BACKEND_FAILURES_H
#define ONYM_SERVER_HTTP_BACKEND_FAILURES_H

#include "onym/span.h"
#include "onym/status.h"

#define ONYM_HTTP_FAILURE_SETS 1024U
#define ONYM_HTTP_FAILURE_WAYS 4U
/* A budget is a minute's, all of it at once or spread. */
#define ONYM_HTTP_FAILURE_WINDOW_US UINT64_C(60000000)

struct onym_http_failures; /* opaque; any thread */

/* seed: random, so that places cannot be aimed at. ONYM_OK and *out, ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_http_failures_new(uint64_t seed,
                                                      struct onym_http_failures **out);
void onym_http_failures_free(struct onym_http_failures *failures); /* NULL is fine */

/* A source: its bytes, and how many failures a minute it may have (at least 1). */
struct onym_http_source {
    onym_span bytes;
    uint32_t per_minute;
};

/* Whether the source has budget left for one failure. now_us: a clock that never steps back. */
bool onym_http_failures_may(struct onym_http_failures *failures,
                            const struct onym_http_source *source, uint64_t now_us);

/* Takes one failure from the budget, which never goes below nothing. */
void onym_http_failures_count(struct onym_http_failures *failures,
                              const struct onym_http_source *source, uint64_t now_us);

/* Gives one back: what was counted beforehand turned out right. */
void onym_http_failures_forgive(struct onym_http_failures *failures,
                                const struct onym_http_source *source, uint64_t now_us);

#endif
