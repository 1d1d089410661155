/* The stage ROWS of a connection: a request that carries many changes, and its answer. */
#include "base/require.h"
#include "service/bulk.h"
#include "service/http_priv.h"
#include "service/proven.h"
#include "wire/json_write.h"

#include <stdio.h>
#include <stdlib.h>

/* Bytes of results in one part of an answer. */
#define PART_MAX ((size_t)1 << 20)
/* The least while rows go on from turn to turn. */
#define PART_MIN ((size_t)64 << 10)

struct onym_http_rows {
    struct onym_bulk bulk;
    struct onym_http_connection *connection;
    struct onym_http_service *service;
    struct onym_identity identity; /* of everything below */
    struct onym_proven proven;
    bool array;
    bool body_over; /* all of the request was taken */
    bool head_sent;
    uint8_t handle[]; /* the identity's */
};

/* ---- what the bulk needs ---- */

static enum onym_http_when
change(void *of, uint64_t row, const struct onym_operation *op, struct onym_http_result *out)
{
    struct onym_http_rows *r = of;
    const struct onym_http_backend *backend = r->service->backend;

    if (r->bulk.options.dry_run) {
        onym_bulk_foresee(r->service, op, &r->identity, out);
        return ONYM_HTTP_NOW;
    }
    return backend->submit_row(backend->of, &r->connection->caller, row, op, &r->identity, out);
}

enum onym_status
onym_http_rows_start(struct onym_http_call *call, const struct onym_bulk_options *options,
                     const struct onym_identity *identity)
{
    struct onym_http_connection *c = call->connection;
    struct onym_http_service *s = call->service;
    struct onym_http_rows *r = malloc(sizeof *r + identity->handle.len);
    struct onym_bulk_host host = {.of = r,
                                  .change = change,
                                  .json = s->json,
                                  .room = &s->bodies,
                                  .source = c->source,
                                  .turn = s->backend->rows_left};
    struct onym_principal principal;
    enum onym_status status;

    if (r == NULL) {
        return ONYM_NO_MEMORY;
    }
    status = s->backend->rows_begin(s->backend->of, &c->caller);
    if (status != ONYM_OK) {
        free(r);
        return status;
    }
    *r = (struct onym_http_rows){.connection = c, .service = s, .identity = *identity};
    memcpy(r->handle, identity->handle.at, identity->handle.len);
    r->identity.handle = onym_span_of(r->handle, identity->handle.len);
    onym_proven_note(call, identity, &r->proven);
    principal = (struct onym_principal){.handle = r->identity.handle, .index = identity->index};
    r->array = c->keep;
    r->body_over = c->keep;
    onym_bulk_init(&r->bulk, options, &host, &principal, c->caller.address);
    c->rows = r;
    c->stage = ONYM_HTTP_ROWS;
    r->bulk.window = s->backend->rows_window(s->backend->of);
    if (r->array) {
        onym_bulk_take_array(&r->bulk, call->content, call->now_ms);
    }
    return ONYM_OK;
}

void
onym_http_rows_drop(struct onym_http_connection *c, struct onym_http_service *s)
{
    if (c->rows != NULL) {
        s->backend->rows_end(s->backend->of, &c->caller);
        onym_bulk_deinit(&c->rows->bulk);
        free(c->rows);
        c->rows = NULL;
    }
}

void
onym_http_row_done(struct onym_http_connection *c, uint64_t row,
                   const struct onym_http_result *result)
{
    ONYM_REQUIRE(c->stage == ONYM_HTTP_ROWS);
    onym_bulk_settle(&c->rows->bulk, row, result);
}

void
onym_http_rows_stop(struct onym_http_connection *c)
{
    ONYM_REQUIRE(c->stage == ONYM_HTTP_ROWS);
    onym_bulk_break(&c->rows->bulk, ONYM_READ_ONLY, "the node stops; send the same rows again");
}

/* ---- the answer ---- */

static enum onym_http_verdict
over(struct onym_http_connection *c, bool must_close)
{
    struct onym_http_service *s = c->rows->service;
    bool close = must_close || !c->rows->body_over || !c->head.request.keep_alive;

    onym_http_rows_drop(c, s);
    return onym_http_next(c, s, close);
}

/* The lines of bulk->out: all results as items, and the members of the last line. */
static void
cut_lines(struct onym_bulk *b, onym_span *results, onym_span *members)
{
    size_t last = b->out.len > 0 ? b->out.len - 1 : 0;

    *results = *members = onym_span_of(NULL, 0);
    while (last > 0 && b->out.at[last - 1] != '\n') {
        last--;
    }
    for (size_t i = 0; i < last; i++) {
        b->out.at[i] = b->out.at[i] == '\n' ? ',' : b->out.at[i];
    }
    if (b->out.len > 0) {
        *results = onym_span_of(b->out.at, last > 0 ? last - 1 : 0);
        *members = onym_span_of(b->out.at + last + 1, b->out.len - last - 2);
    }
}

static void
put_array(struct onym_writer *w, onym_span results, onym_span members)
{
    onym_json_put(w, "{\"results\":[");
    onym_writer_bytes(w, results);
    onym_json_put(w, "],");
    onym_writer_bytes(w, members);
}

/* What is said when the results are longer than an answer may be: everything else. */
static void
put_array_without_results(struct onym_writer *w, const struct onym_bulk *b, onym_span members)
{
    static const char good[] = "\"complete\":true}";
    static const char why[] =
        "the rows were worked on, but their results are longer than one answer; "
        "send rows as application/x-ndjson";
    uint8_t room[ONYM_PROBLEM_DETAIL_MAX];

    if (b->broken != ONYM_OK) {
        put_array(w, onym_span_of(NULL, 0), members);
        return;
    }
    put_array(w, onym_span_of(NULL, 0), onym_span_front(members, members.len - (sizeof good - 1)));
    onym_json_put(w, "\"code\":");
    onym_json_put_u64(w, onym_status_wire(ONYM_NO_SPACE));
    onym_json_put(w, ",\"name\":\"NO_SPACE\",\"detail\":");
    onym_json_put_string(w, onym_problem_detail(onym_span_text(why), "", b->options.chinese, room));
    onym_json_put(w, ",\"complete\":false}");
}

static void
put_language(struct onym_http_call *call, const struct onym_bulk *b)
{
    onym_http_put_header(call, "Content-Language",
                         onym_span_text(b->options.chinese ? "zh-CN" : "en"));
    onym_http_put_header(call, "Vary", onym_span_text("Accept-Language"));
}

/* An array's results as one object. */
static enum onym_http_verdict
answer_array(struct onym_http_connection *c, uint64_t now_ms, struct onym_http_reply *reply)
{
    struct onym_bulk *b = &c->rows->bulk;
    bool good = b->broken == ONYM_OK && b->ends[ONYM_BULK_ROW_FAILED] == 0;
    struct onym_http_call call;
    onym_span results, members;

    cut_lines(b, &results, &members);
    (void)onym_http_begin(&call, c, c->rows->service, now_ms, reply);
    onym_http_json(&call, good ? 200 : 207, ONYM_OK);
    put_language(&call, b);
    if (members.len == 0) { /* there was no memory for a line */
        members = onym_span_text("\"complete\":false}");
    }
    put_array(&call.body, results, members);
    if (call.body.status != ONYM_OK) {
        onym_http_json(&call, 207, ONYM_OK);
        put_array_without_results(&call.body, b, members);
    }
    call.close = call.close || !c->head.request.keep_alive;
    onym_http_finish(&call);
    return over(c, call.close);
}

static void
put_chunk(struct onym_writer *w, onym_span bytes)
{
    char size[24];

    (void)snprintf(size, sizeof size, "%zx\r\n", bytes.len);
    onym_json_put(w, size);
    onym_writer_bytes(w, bytes);
    onym_json_put(w, "\r\n");
}

/* Up to PART_MAX bytes of results as a chunk, behind the head when it is the first. */
static enum onym_http_verdict
send_part(struct onym_http_connection *c, bool finished, uint64_t now_ms,
          struct onym_http_reply *reply)
{
    struct onym_http_rows *r = c->rows;
    struct onym_bulk_buffer *out = &r->bulk.out;
    size_t len = out->len < PART_MAX ? out->len : PART_MAX;
    bool last = finished && len == out->len;
    bool close = !r->body_over || r->bulk.broken != ONYM_OK;
    struct onym_http_call call;

    (void)onym_http_begin(&call, c, r->service, now_ms, reply);
    onym_http_json(&call, 200, ONYM_OK);
    call.type = "application/x-ndjson";
    call.chunked = true;
    call.close = call.close || (last && close);
    if (len > 0) {
        put_chunk(&call.body, onym_span_of(out->at, len));
    }
    if (last) {
        onym_json_put(&call.body, "0\r\n\r\n");
    }
    if (r->head_sent) {
        reply->bytes = onym_writer_written(&call.body);
        reply->outcome = ONYM_OK;
    } else {
        put_language(&call, &r->bulk);
        onym_http_finish(&call);
    }
    r->head_sent = true;
    out->len -= len;
    if (out->len > 0) {
        memmove(out->at, out->at + len, out->len);
    }
    reply->status = last ? 200 : 100;
    return last ? over(c, close) : ONYM_HTTP_REPLY;
}

/* What there is to send or to wait for. */
static enum onym_http_verdict
outcome(struct onym_http_connection *c, uint64_t now_ms, struct onym_http_reply *reply)
{
    const struct onym_http_backend *backend = c->rows->service->backend;
    struct onym_bulk *b = &c->rows->bulk;
    bool finished = onym_bulk_finish(b);
    bool more = onym_bulk_out_of_turn(b); /* the next turn comes at once */

    if (c->rows->array && finished) {
        return answer_array(c, now_ms, reply);
    }
    if (!c->rows->array && (finished || b->out.len >= (more ? PART_MIN : 1))) {
        return send_part(c, finished, now_ms, reply);
    }
    if (more) {
        backend->rows_again(backend->of, &c->caller);
    }
    return onym_bulk_blocked(b) || onym_bulk_done_reading(b) ? ONYM_HTTP_PENDING : ONYM_HTTP_MORE;
}

/* Works on what is kept, as long as who asks still may. */
static void
go_on(struct onym_http_connection *c, struct onym_http_service *s, uint64_t now_ms)
{
    struct onym_http_rows *r = c->rows;
    const char *why;
    enum onym_status status = onym_proven_look(&r->proven, s, &r->identity, now_ms, &why);

    if (status != ONYM_OK) {
        onym_bulk_break(&r->bulk, status, why != NULL ? why : "");
    }
    r->bulk.window = s->backend->rows_window(s->backend->of);
    onym_bulk_go_on(&r->bulk, now_ms);
}

enum onym_http_verdict
onym_http_rows_turn(struct onym_http_connection *c, struct onym_http_service *s, uint64_t now_ms,
                    struct onym_http_reply *reply)
{
    ONYM_REQUIRE(c->stage == ONYM_HTTP_ROWS);
    if (c->rows->array) {
        go_on(c, s, now_ms); /* no input comes that would lead to rows_feed */
    } else {
        c->rows->bulk.busy = false;
        c->rows->bulk.window = s->backend->rows_window(s->backend->of);
    }
    return outcome(c, now_ms, reply);
}

/* ---- input ---- */

static void
take_body(struct onym_http_connection *c, onym_span *input, uint64_t now_ms)
{
    struct onym_http_rows *r = c->rows;
    enum onym_http1_step step = ONYM_HTTP1_MORE;

    do {
        onym_span data;

        step = onym_http1_body_feed(&c->body, input, &data);
        c->body_len += data.len;
        if (step != ONYM_HTTP1_REFUSED) {
            onym_bulk_take(&r->bulk, data, now_ms);
        }
    } while (step == ONYM_HTTP1_MORE && input->len > 0 && !onym_bulk_blocked(&r->bulk) &&
             !onym_bulk_done_reading(&r->bulk));
    if (step == ONYM_HTTP1_READY) {
        r->body_over = true;
        onym_bulk_end(&r->bulk, now_ms);
    } else if (step == ONYM_HTTP1_REFUSED) {
        onym_bulk_break(&r->bulk, ONYM_MALFORMED, c->body.refusal.reason);
    }
}

enum onym_http_verdict
onym_http_rows_feed(struct onym_http_connection *c, struct onym_http_service *s, onym_span *input,
                    uint64_t now_ms, struct onym_http_reply *reply)
{
    struct onym_http_rows *r = c->rows;
    struct onym_bulk *b = &r->bulk;

    if (!c->told_continue) {
        return onym_http_say_continue(c, reply);
    }
    go_on(c, s, now_ms);
    if (!r->body_over && !onym_bulk_blocked(b) && !onym_bulk_done_reading(b)) {
        take_body(c, input, now_ms);
    }
    if (!r->body_over && onym_bulk_done_reading(b)) {
        *input = onym_span_of(NULL, 0); /* the connection ends behind the answer */
    }
    return outcome(c, now_ms, reply);
}
