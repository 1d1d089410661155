/* POST /api/v1/identifiers:batch */
#include "service/http_priv.h"
#include "service/http_query.h"
#include "service/routes_priv.h"

/* The word of a parameter among `words`, which end with NULL; the first one without it; -1 for any
 * other word. */
static int
word_of(onym_span query, const char *name, const char *const *words)
{
    onym_span value;

    if (!onym_http_find(query, name, &value)) {
        return 0;
    }
    for (int i = 0; words[i] != NULL; i++) {
        if (onym_span_equal(value, onym_span_text(words[i]))) {
            return i;
        }
    }
    return -1;
}

/* NULL, or the parameter that cannot be read. */
static const char *
read_options(onym_span query, struct onym_bulk_options *out)
{
    static const char *const modes[] = {"create", "upsert", "replace", "delete", NULL};
    static const char *const results[] = {"failed", "all", "none", NULL};
    static const char *const errors[] = {"continue", "stop", NULL};
    static const char *const flags[] = {"false", "true", "", NULL};
    int mode = word_of(query, "mode", modes);
    int result = word_of(query, "results", results);
    int error = word_of(query, "on_error", errors);
    int dry = word_of(query, "dry_run", flags);

    *out = (struct onym_bulk_options){.mode = (enum onym_bulk_mode)mode,
                                      .results = (enum onym_bulk_results)result,
                                      .stop_on_error = error > 0,
                                      .dry_run = dry > 0};
    return mode < 0     ? "mode"
           : result < 0 ? "results"
           : error < 0  ? "on_error"
           : dry < 0    ? "dry_run"
                        : NULL;
}

static enum onym_http_when
refuse(struct onym_http_call *c, enum onym_status status, int http, const char *field,
       const char *detail)
{
    onym_http_fail(c, &(struct onym_http_error){.status = status,
                                                .http = http,
                                                .field = onym_span_text(field),
                                                .detail = onym_span_text(detail)});
    return ONYM_HTTP_NOW;
}

/* What is wrong with the request as such; NOW: an error was said. */
static enum onym_http_when
check(struct onym_http_call *c, bool streams, struct onym_bulk_options *options)
{
    const struct onym_http1_request *rq = c->request;
    const char *field = read_options(rq->query, options);
    const char *wrong;
    size_t offset;

    if (!streams && !c->connection->keep) {
        return refuse(c, ONYM_MALFORMED, 415, "",
                      "rows come as application/x-ndjson, or as an array in application/json; "
                      "Content-Type says neither");
    }
    if (field != NULL) {
        return refuse(c, ONYM_MALFORMED, 0, field,
                      "mode is create, upsert, replace or delete; on_error continue or stop; "
                      "results failed, all or none; dry_run true or false");
    }
    if (onym_http_header(c, "idempotency-key").len > 0) {
        return refuse(c, ONYM_MALFORMED, 0, "Idempotency-Key",
                      "is not for batches: send the rows again, what is stored is unchanged");
    }
    if (c->connection->keep) {
        wrong = onym_bulk_array_check(c->content, &offset);
        if (wrong != NULL) {
            onym_http_fail(c, &(struct onym_http_error){.status = ONYM_MALFORMED,
                                                        .detail = onym_span_text(wrong),
                                                        .has_position = true,
                                                        .position = offset});
            return ONYM_HTTP_NOW;
        }
    } else if (rq->is_1_0) {
        return refuse(c, ONYM_MALFORMED, 505, "", "a stream of rows needs HTTP/1.1");
    }
    return ONYM_HTTP_LATER;
}

enum onym_http_when
onym_routes_batch(struct onym_http_call *c)
{
    struct onym_identity identity = {.index = 0};
    struct onym_bulk_options options;
    bool streams = onym_routes_plan(c->request).streams;
    enum onym_routes_step step = onym_routes_login(c, &identity);
    enum onym_status status;

    c->close = c->close || streams; /* what comes of the body would be taken for a request */
    if (step != ONYM_ROUTES_ON) {
        return step == ONYM_ROUTES_LATER ? ONYM_HTTP_LATER : ONYM_HTTP_NOW;
    }
    if (check(c, streams, &options) == ONYM_HTTP_NOW) {
        return ONYM_HTTP_NOW;
    }
    if (identity.handle.len == 0) {
        onym_routes_need_login(c, onym_span_of(NULL, 0));
        return ONYM_HTTP_NOW;
    }
    status = onym_http_rows_start(c, &options, &identity);
    if (status != ONYM_OK) {
        return refuse(c, status, 0, "", "too many batches at once");
    }
    return ONYM_HTTP_LATER;
}
