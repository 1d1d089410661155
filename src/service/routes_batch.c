/* POST /api/v1/identifiers:batch */
#include "service/http_language.h"
#include "service/http_priv.h"
#include "service/http_query.h"
#include "service/routes_priv.h"

/* The place of a word among `words`, which end with NULL; -1 when it is none of them. */
static int
word_of(onym_span word, const char *const *words)
{
    for (int i = 0; words[i] != NULL; i++) {
        if (onym_span_equal(word, onym_span_text(words[i]))) {
            return i;
        }
    }
    return -1;
}

/* False: *field is the parameter that cannot be read, is not known or comes twice. Passing over
 * what is not known would carry out a misspelt dry_run. */
static bool
read_options(onym_span query, struct onym_bulk_options *out, onym_span *field)
{
    static const char *const modes[] = {"create", "upsert", "replace", "delete", NULL};
    static const char *const results[] = {"failed", "all", "none", NULL};
    static const char *const errors[] = {"continue", "stop", NULL};
    static const char *const flags[] = {"false", "true", "", NULL};
    static const char *const names[] = {"mode", "results", "on_error", "dry_run", "pretty", NULL};
    static const char *const *const words[] = {modes, results, errors, flags, flags};
    int said[sizeof words / sizeof words[0]] = {0};
    unsigned seen = 0;
    onym_span value;

    while (onym_http_parameter(&query, field, &value)) {
        int which = word_of(*field, names);

        if (which < 0 || (seen & (1U << which)) != 0) {
            return false;
        }
        seen |= 1U << which;
        said[which] = word_of(value, words[which]);
        if (said[which] < 0) {
            return false;
        }
    }
    *out = (struct onym_bulk_options){.mode = (enum onym_bulk_mode)said[0],
                                      .results = (enum onym_bulk_results)said[1],
                                      .stop_on_error = said[2] > 0,
                                      .dry_run = said[3] > 0};
    return true;
}

static enum onym_http_when
refuse(struct onym_http_call *c, enum onym_status status, int http, onym_span field,
       const char *detail)
{
    onym_http_fail(
        c, &(struct onym_http_error){
               .status = status, .http = http, .field = field, .detail = onym_span_text(detail)});
    return ONYM_HTTP_NOW;
}

/* What is wrong with the request as such; NOW: an error was said. */
static enum onym_http_when
check(struct onym_http_call *c, bool streams, struct onym_bulk_options *options)
{
    const struct onym_http1_request *rq = c->request;
    onym_span field;
    const onym_span none = onym_span_of(NULL, 0);
    const char *wrong;
    size_t offset;

    if (!streams && !c->connection->keep) {
        return refuse(c, ONYM_MALFORMED, 415, none,
                      "rows come as application/x-ndjson, or as an array in application/json; "
                      "Content-Type says neither");
    }
    if (!read_options(rq->query, options, &field)) {
        return refuse(c, ONYM_MALFORMED, 0, field,
                      "mode is create, upsert, replace or delete; on_error continue or stop; "
                      "results failed, all or none; dry_run true or false; each once, and no "
                      "others");
    }
    if (onym_routes_no_conditions(c, none) != ONYM_ROUTES_ON ||
        onym_routes_no_key(c, "is not for batches: send the rows again, what is stored is "
                              "unchanged") != ONYM_ROUTES_ON) {
        return ONYM_HTTP_NOW;
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
        return refuse(c, ONYM_MALFORMED, 505, none, "a stream of rows needs HTTP/1.1");
    }
    return ONYM_HTTP_LATER;
}

enum onym_http_when
onym_routes_batch(struct onym_http_call *c)
{
    struct onym_identity identity = {.index = 0};
    struct onym_bulk_options options;
    bool streams = onym_routes_plan(c).streams;
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
    options.chinese = onym_http_prefers_chinese(c->request);
    status = onym_http_rows_start(c, &options, &identity);
    if (status != ONYM_OK) {
        return refuse(c, status, 0, onym_span_of(NULL, 0), "too many batches at once");
    }
    return ONYM_HTTP_LATER;
}
