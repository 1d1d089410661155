#include "service/http.h"

#include "base/hex.h"
#include "base/require.h"
#include "service/http_job.h"
#include "service/http_priv.h"
#include "service/http_query.h"
#include "service/routes.h"

#include <stdlib.h>

_Static_assert(sizeof(struct onym_http_connection) <= (size_t)18 * 1024, "what http.h promises");

#define BODY_FIRST ((size_t)4096)

enum onym_status
onym_http_service_init(struct onym_http_service *s)
{
    memset(s, 0, sizeof *s);
    return onym_json_in_new(&s->json);
}

void
onym_http_service_deinit(struct onym_http_service *s)
{
    onym_json_in_free(s->json);
    s->json = NULL;
}

void
onym_http_connection_init(struct onym_http_connection *c, const struct onym_http_caller *caller)
{
    onym_http1_init(&c->head);
    memset((uint8_t *)c + sizeof c->head, 0, sizeof *c - sizeof c->head);
    c->caller = *caller;
    c->stage = ONYM_HTTP_IDLE;
}

static void
drop_body(struct onym_http_connection *c, struct onym_http_service *s)
{
    free(c->held);
    onym_body_room_give(&s->bodies, c->source, c->held_cap);
    c->held = NULL;
    c->held_len = 0;
    c->held_cap = 0;
    c->body_len = 0;
}

void
onym_http_connection_deinit(struct onym_http_connection *c, struct onym_http_service *s)
{
    onym_http_rows_drop(c, s);
    drop_body(c, s);
    c->stage = ONYM_HTTP_ENDED;
}

struct onym_http_progress
onym_http_progress(const struct onym_http_connection *c)
{
    bool sized = c->stage == ONYM_HTTP_BODY && c->head.request.body == ONYM_HTTP1_SIZED_BODY;

    return (struct onym_http_progress){
        .stage = c->stage, .taken = c->taken, .body_left = sized ? c->body.left : 0};
}

/* ---- request ids ---- */

static bool
is_id(onym_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t b = text.at[i];

        if (!(b >= '0' && b <= '9') && !(b >= 'A' && b <= 'Z') && !(b >= 'a' && b <= 'z') &&
            b != '.' && b != '_' && b != '-') {
            return false;
        }
    }
    return text.len > 0 && text.len <= ONYM_HTTP_ID_MAX;
}

static void
name_request(struct onym_http_connection *c, struct onym_http_service *s, bool readable)
{
    const struct onym_http1_request *rq = &c->head.request;
    onym_span fields = readable && onym_http1_may_have(rq, "x-request-id") ? rq->fields
                                                                           : onym_span_of(NULL, 0);
    uint8_t chance[8];
    char hex[2 * sizeof chance + 1];
    onym_span value;

    while (onym_http1_find(&fields, "x-request-id", &value)) {
        if (is_id(value)) {
            memcpy(c->id, value.at, value.len);
            c->id_len = (uint8_t)value.len;
            return;
        }
    }
    onym_put_u64(chance, onym_rng_u64(s->ids));
    onym_hex_encode(onym_span_of(chance, sizeof chance), hex);
    c->id_len = sizeof hex - 1;
    memcpy(c->id, hex, c->id_len);
}

/* W3C trace context: version 00, lower case. */
static bool
is_trace(onym_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t b = text.at[i];
        bool dash = i == 2 || i == 35 || i == 52;

        if (dash ? b != '-' : !((b >= '0' && b <= '9') || (b >= 'a' && b <= 'f'))) {
            return false;
        }
    }
    return text.len == 55 && text.at[0] == '0' && text.at[1] == '0';
}

/* ---- answers ---- */

static struct onym_http_plan
begin(struct onym_http_call *call, struct onym_http_connection *c, struct onym_http_service *s,
      const struct onym_routed *routed, uint64_t now_ms, struct onym_http_reply *reply)
{
    struct onym_http_plan plan;
    onym_span trace;

    onym_http_call_begin(call, c, s, &c->head.request, now_ms, reply);
    call->routed = *routed;
    plan = onym_routes_plan(call);
    call->mouth = plan.mouth;
    call->content = onym_span_of(c->held, c->held_len);
    trace = onym_http_header(call, "traceparent");
    if (is_trace(trace)) {
        onym_http_put_header(call, "traceparent", trace);
    }
    return plan;
}

struct onym_http_plan
onym_http_begin(struct onym_http_call *call, struct onym_http_connection *c,
                struct onym_http_service *s, uint64_t now_ms, struct onym_http_reply *reply)
{
    struct onym_routed routed = onym_routes_match(&c->head.request);

    return begin(call, c, s, &routed, now_ms, reply);
}

enum onym_http_verdict
onym_http_next(struct onym_http_connection *c, struct onym_http_service *s, bool close)
{
    drop_body(c, s);
    onym_json_in_trim(s->json);
    onym_http1_init(&c->head);
    c->taken = 0;
    c->stage = close ? ONYM_HTTP_ENDED : ONYM_HTTP_IDLE;
    return close ? ONYM_HTTP_CLOSE : ONYM_HTTP_REPLY;
}

static enum onym_http_verdict
conclude(struct onym_http_call *call)
{
    onym_http_finish(call);
    return onym_http_next(call->connection, call->service, call->close);
}

static bool
waits(const struct onym_http_connection *c)
{
    return c->stage == ONYM_HTTP_LOGIN || c->stage == ONYM_HTTP_CHANGE ||
           c->stage == ONYM_HTTP_WORK;
}

static enum onym_http_verdict
answer(struct onym_http_call *call)
{
    if (onym_routes_answer(call) == ONYM_HTTP_LATER) {
        struct onym_http_connection *c = call->connection;

        if (c->stage == ONYM_HTTP_ROWS) {
            return onym_http_rows_turn(c, call->service, call->now_ms, call->reply);
        }
        ONYM_REQUIRE(waits(c));
        return ONYM_HTTP_PENDING;
    }
    return conclude(call);
}

/* The stream cannot be followed any further, or is not worth it. */
static enum onym_http_verdict
turn_away(struct onym_http_call *call, enum onym_status status, int http, const char *why)
{
    call->close = true;
    onym_http_fail_text(call, status, http, why);
    return conclude(call);
}

/* ---- input ---- */

/* Whether the body would have to be unpacked. */
static bool
is_coded(const struct onym_http1_request *rq)
{
    onym_span fields = rq->fields;
    onym_span value;

    if (rq->body == ONYM_HTTP1_NO_BODY || !onym_http1_may_have(rq, "content-encoding")) {
        return false;
    }
    while (onym_http1_find(&fields, "content-encoding", &value)) {
        if (!onym_http1_is(value, "identity")) {
            return true;
        }
    }
    return false;
}

static enum onym_http_verdict
head_ready(struct onym_http_connection *c, struct onym_http_service *s,
           const struct onym_routed *routed, struct onym_ahead *ahead, uint64_t now_ms,
           struct onym_http_reply *reply)
{
    const struct onym_http1_request *rq = &c->head.request;
    struct onym_http_plan plan;
    struct onym_http_call call;
    onym_span expect;

    onym_resolve_gather(&s->answerer->resolver, &ahead, ahead->len > 0);
    name_request(c, s, true);
    plan = begin(&call, c, s, routed, now_ms, reply);
    call.ahead = ahead;
    c->keep = plan.keep;
    if (plan.keep || plan.streams) {
        c->source = onym_body_source(&s->bodies, c->caller.address);
    }
    c->body_max = plan.body_max;
    c->stage = ONYM_HTTP_BODY;
    onym_http1_body_init(&c->body, rq);
    if (rq->body == ONYM_HTTP1_SIZED_BODY && rq->body_len > c->body_max) {
        return turn_away(&call, ONYM_MALFORMED, 413, "the body is longer than this path takes");
    }
    if (is_coded(rq)) {
        onym_http_put_header(&call, "Accept-Encoding", onym_span_text("identity"));
        return turn_away(&call, ONYM_MALFORMED, 415,
                         "the body has a Content-Encoding; send it as "
                         "it is");
    }
    /* RFC 9110 10.1.1: not one of HTTP/1.0 */
    expect = rq->is_1_0 ? onym_span_of(NULL, 0) : onym_http_header(&call, "expect");
    if (expect.len > 0 && !onym_http1_is(expect, "100-continue")) {
        return turn_away(&call, ONYM_MALFORMED, 417, "only 100-continue can be expected here");
    }
    c->told_continue = expect.len == 0 || plan.no_continue;
    return plan.streams || rq->body == ONYM_HTTP1_NO_BODY ? answer(&call) : ONYM_HTTP_MORE;
}

/* Memory grows with what has come, never with what was announced. */
static enum onym_status
keep_bytes(struct onym_http_connection *c, struct onym_http_service *s, onym_span data)
{
    if (data.len > c->held_cap - c->held_len) {
        size_t cap = c->held_cap > 0 ? c->held_cap : BODY_FIRST;
        uint8_t *grown;

        while (cap - c->held_len < data.len) {
            cap *= 2;
        }
        if (!onym_body_room_take(&s->bodies, c->source, cap - c->held_cap)) {
            return ONYM_BUSY;
        }
        grown = realloc(c->held, cap);
        if (grown == NULL) {
            onym_body_room_give(&s->bodies, c->source, cap - c->held_cap);
            return ONYM_NO_MEMORY;
        }
        c->held = grown;
        c->held_cap = cap;
    }
    if (data.len > 0) {
        memcpy(c->held + c->held_len, data.at, data.len);
        c->held_len += data.len;
    }
    return ONYM_OK;
}

enum onym_http_verdict
onym_http_say_continue(struct onym_http_connection *c, struct onym_http_reply *reply)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

    c->told_continue = true;
    memcpy(reply->buffer, text, sizeof text - 1);
    reply->bytes = onym_span_of(reply->buffer, sizeof text - 1);
    reply->status = 100;
    reply->outcome = ONYM_OK;
    reply->is_resolution = false;
    return ONYM_HTTP_REPLY;
}

static enum onym_http_verdict
body_comes(struct onym_http_connection *c, struct onym_http_service *s, onym_span *input,
           uint64_t now_ms, struct onym_http_reply *reply)
{
    enum onym_http1_step step;
    struct onym_http_call call;

    do {
        enum onym_status status = ONYM_OK;
        onym_span data;

        step = onym_http1_body_feed(&c->body, input, &data);
        c->body_len += data.len;
        if (step != ONYM_HTTP1_REFUSED && c->body_len <= c->body_max) {
            status = c->keep ? keep_bytes(c, s, data) : ONYM_OK;
            if (status == ONYM_OK && step == ONYM_HTTP1_MORE) {
                continue;
            }
        }
        (void)onym_http_begin(&call, c, s, now_ms, reply);
        if (step == ONYM_HTTP1_REFUSED) {
            return turn_away(&call, ONYM_MALFORMED, c->body.refusal.status, c->body.refusal.reason);
        }
        if (c->body_len > c->body_max) {
            return turn_away(&call, ONYM_MALFORMED, 413, "the body is longer than this path takes");
        }
        return status == ONYM_OK ? answer(&call)
                                 : turn_away(&call, status, 0, "too many large requests at once");
    } while (input->len > 0);
    if (!c->told_continue && c->body_len == 0) {
        return onym_http_say_continue(c, reply);
    }
    c->told_continue = true;
    return ONYM_HTTP_MORE;
}

static enum onym_http_verdict
take(struct onym_http_connection *c, struct onym_http_service *s, onym_span *input, uint64_t now_ms,
     struct onym_http_reply *reply)
{
    struct onym_http_call call;
    struct onym_routed routed;
    struct onym_ahead ahead;
    enum onym_http1_step step;
    enum onym_http_verdict verdict;

    if (c->stage == ONYM_HTTP_BODY) {
        return body_comes(c, s, input, now_ms, reply);
    }
    if (c->stage == ONYM_HTTP_ROWS) {
        return onym_http_rows_feed(c, s, input, now_ms, reply);
    }
    step = onym_http1_take(&c->head, input);
    if (step == ONYM_HTTP1_WHOLE) {
        routed = onym_routes_match(&c->head.request);
        onym_routes_ahead(s, &routed, &ahead);
        step = onym_http1_judge(&c->head);
    }
    if (step == ONYM_HTTP1_MORE) {
        c->stage = c->head.len > 0 || c->head.skipped_line ? ONYM_HTTP_HEAD : ONYM_HTTP_IDLE;
        return ONYM_HTTP_MORE;
    }
    if (step == ONYM_HTTP1_REFUSED) {
        struct onym_http1_refusal refusal = c->head.refusal;

        name_request(c, s, false);
        onym_http_call_begin(&call, c, s, NULL, now_ms, reply);
        return turn_away(&call, ONYM_MALFORMED, refusal.status, refusal.reason);
    }
    verdict = head_ready(c, s, &routed, &ahead, now_ms, reply);
    if (verdict != ONYM_HTTP_MORE) {
        return verdict;
    }
    return c->stage == ONYM_HTTP_ROWS ? onym_http_rows_feed(c, s, input, now_ms, reply)
                                      : body_comes(c, s, input, now_ms, reply);
}

enum onym_http_verdict
onym_http_feed(struct onym_http_connection *c, struct onym_http_service *s, onym_span *input,
               uint64_t now_ms, struct onym_http_reply *reply)
{
    size_t before = input->len;
    enum onym_http_verdict verdict;

    if (waits(c)) {
        return ONYM_HTTP_PENDING;
    }
    if (c->stage == ONYM_HTTP_ENDED) {
        *input = onym_span_of(NULL, 0);
        return ONYM_HTTP_MORE;
    }
    verdict = take(c, s, input, now_ms, reply);
    if (verdict == ONYM_HTTP_CLOSE) {
        *input = onym_span_of(NULL, 0);
    }
    if (c->stage != ONYM_HTTP_IDLE && c->stage != ONYM_HTTP_ENDED) {
        c->taken += before - input->len;
    }
    return verdict;
}

enum onym_http_verdict
onym_http_login_done(struct onym_http_connection *c, struct onym_http_service *s,
                     const struct onym_http_login *login, uint64_t now_ms,
                     struct onym_http_reply *reply)
{
    struct onym_http_call call;

    ONYM_REQUIRE(c->stage == ONYM_HTTP_LOGIN);
    (void)onym_http_begin(&call, c, s, now_ms, reply);
    call.login = login;
    return answer(&call);
}

enum onym_http_verdict
onym_http_change_done(struct onym_http_connection *c, struct onym_http_service *s,
                      const struct onym_http_result *result, uint64_t now_ms,
                      struct onym_http_reply *reply)
{
    struct onym_http_call call;

    ONYM_REQUIRE(c->stage == ONYM_HTTP_CHANGE);
    (void)onym_http_begin(&call, c, s, now_ms, reply);
    onym_routes_changed(&call, result);
    return conclude(&call);
}

enum onym_http_when
onym_http_work(struct onym_http_call *call, struct onym_http_job *job)
{
    const struct onym_http_backend *backend = call->service->backend;
    enum onym_status status = backend->work(backend->of, &call->connection->caller, job);

    if (status == ONYM_OK) {
        call->connection->stage = ONYM_HTTP_WORK;
        return ONYM_HTTP_LATER;
    }
    job->release(job);
    onym_http_fail_text(call, status, 0, "too many requests of this kind at once");
    return ONYM_HTTP_NOW;
}

enum onym_http_verdict
onym_http_job_done(struct onym_http_connection *c, struct onym_http_service *s,
                   struct onym_http_job *job, uint64_t now_ms, struct onym_http_reply *reply)
{
    struct onym_http_call call;

    ONYM_REQUIRE(c->stage == ONYM_HTTP_WORK);
    onym_http_begin(&call, c, s, now_ms, reply);
    call.pretty = onym_http_flag(call.request->query, "pretty", false);
    if (job->status == ONYM_OK) {
        job->answer(&call, job);
    } else {
        onym_http_fail_text(&call, job->status, 0, "");
    }
    return conclude(&call);
}
