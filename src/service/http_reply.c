#include "base/require.h"
#include "service/http_call.h"
#include "service/http_jsonp.h"
#include "service/http_language.h"
#include "wire/json_time.h"
#include "wire/json_write.h"

#define EXTRA_MAX ((size_t)28 * 1024) /* a Location of three times the longest target fits */

void
onym_http_call_begin(struct onym_http_call *c, struct onym_http_connection *connection,
                     struct onym_http_service *service, const struct onym_http1_request *request,
                     uint64_t now_ms, struct onym_http_reply *reply)
{
    uint8_t *extra;

    ONYM_REQUIRE(reply->cap >= ONYM_HTTP_REPLY_MAX);
    ONYM_REQUIRE(service->arena->cap >= ONYM_HTTP_ARENA_MIN);
    onym_arena_reset(service->arena);
    extra = onym_arena_take(service->arena, EXTRA_MAX);
    *c = (struct onym_http_call){.connection = connection,
                                 .service = service,
                                 .request = request,
                                 .reply = reply,
                                 .now_ms = now_ms};
    c->body = onym_writer_over(reply->buffer + ONYM_HTTP_HEAD_MAX, reply->cap - ONYM_HTTP_HEAD_MAX);
    c->extra = onym_writer_over(extra, EXTRA_MAX);
    c->close = request == NULL || !request->keep_alive;
    c->head = request != NULL && onym_span_equal(request->method, onym_span_text("HEAD"));
    reply->outcome = ONYM_OK;
    reply->is_resolution = false;
    reply->request_id = onym_span_of(connection->id, connection->id_len);
}

void
onym_http_put_header(struct onym_http_call *c, const char *name, onym_span value)
{
    onym_json_put(&c->extra, name);
    onym_json_put(&c->extra, ": ");
    onym_writer_bytes(&c->extra, value);
    onym_json_put(&c->extra, "\r\n");
}

void
onym_http_json(struct onym_http_call *c, int status, enum onym_status outcome)
{
    c->body.len = 0;
    c->body.status = ONYM_OK;
    c->status = status;
    c->outcome = outcome;
    c->type = c->mouth == ONYM_HTTP_FACADE ? "application/json;charset=utf-8" : "application/json";
}

static void
facade_error(struct onym_http_call *c, const struct onym_http_error *e)
{
    struct onym_writer *w = &c->body;
    onym_span text = e->detail.len > 0 ? e->detail : onym_span_text(onym_status_text(e->status));
    /* the reference server says no more with these */
    bool terse = e->detail.len == 0 &&
                 (e->status == ONYM_NOT_FOUND || e->status == ONYM_VALUE_NOT_FOUND ||
                  e->status == ONYM_NO_PERMISSION || e->status == ONYM_AUTH_NEEDED);

    onym_http_json(c, e->http != 0 ? e->http : onym_status_http_facade(e->status), e->status);
    onym_json_put(w, "{\"responseCode\":");
    onym_json_put_u64(w, onym_status_wire(e->status));
    if (!terse) {
        onym_json_put(w, ",\"message\":");
        if (e->field.len > 0) {
            uint8_t text_of_field[512];
            struct onym_writer joined = onym_writer_over(text_of_field, sizeof text_of_field);

            onym_writer_bytes(&joined, e->field);
            onym_json_put(&joined, ": ");
            onym_writer_bytes(&joined, text);
            text = joined.status == ONYM_OK ? onym_writer_written(&joined) : text;
            onym_json_put_string(w, text);
        } else {
            onym_json_put_string(w, text);
        }
    }
    if (e->handle.len > 0) {
        onym_json_put(w, ",\"handle\":");
        onym_json_put_string(w, e->handle);
    }
    onym_json_put(w, "}");
}

void
onym_http_fail(struct onym_http_call *c, const struct onym_http_error *e)
{
    struct onym_problem p = {.status = e->status,
                             .http = e->http,
                             .detail = e->detail,
                             .field = e->field,
                             .has_position = e->has_position,
                             .position = e->position,
                             .request_id = onym_span_of(c->connection->id, c->connection->id_len)};

    if (c->mouth == ONYM_HTTP_FACADE) {
        facade_error(c, e);
    } else {
        bool chinese = c->request != NULL && onym_http_prefers_chinese(c->request);

        p.instance = c->request != NULL ? c->request->target : onym_span_of(NULL, 0);
        onym_http_json(c, onym_problem_http(&p), e->status);
        c->type = "application/problem+json";
        onym_json_put(&c->body, "{");
        onym_problem_write(&c->body, &p, chinese);
        if (e->errors.len > 0) {
            onym_json_put(&c->body, ",\"errors\":[");
            onym_writer_bytes(&c->body, e->errors);
            onym_json_put(&c->body, "]");
        }
        onym_json_put(&c->body, "}");
        onym_http_put_header(c, "Content-Language", onym_span_text(chinese ? "zh-CN" : "en"));
        onym_http_put_header(c, "Vary", onym_span_text("Accept-Language"));
    }
    if (c->status == 503 || c->status == 429) {
        onym_http_put_header(c, "Retry-After", onym_span_text("1"));
    }
}

void
onym_http_fail_text(struct onym_http_call *c, enum onym_status status, int http, const char *detail)
{
    onym_http_fail(c, &(struct onym_http_error){
                          .status = status, .http = http, .detail = onym_span_text(detail)});
}

/* ---- indented JSON ---- */

struct indent {
    struct onym_writer *w; /* NULL: only count */
    size_t len;
    unsigned depth;
};

static void
put_byte(struct indent *i, uint8_t c)
{
    i->len++;
    if (i->w != NULL) {
        onym_writer_u8(i->w, c);
    }
}

static void
new_line(struct indent *i)
{
    put_byte(i, '\n');
    for (unsigned n = 0; n < i->depth * 2; n++) {
        put_byte(i, ' ');
    }
}

/* Two blanks a level, as the reference server does. text is compact JSON of our own. */
static void
indent(struct indent *i, onym_span text)
{
    bool quoted = false;

    for (size_t n = 0; n < text.len; n++) {
        uint8_t c = text.at[n];
        uint8_t next = n + 1 < text.len ? text.at[n + 1] : 0;

        if (quoted) {
            put_byte(i, c);
            if (c == '\\') {
                put_byte(i, next);
                n++;
            }
            quoted = c != '"';
        } else if ((c == '{' && next == '}') || (c == '[' && next == ']')) {
            put_byte(i, c);
            put_byte(i, next);
            n++;
        } else if (c == '}' || c == ']') {
            i->depth--;
            new_line(i);
            put_byte(i, c);
        } else {
            put_byte(i, c);
            quoted = c == '"';
            if (c == '{' || c == '[') {
                i->depth++;
                new_line(i);
            } else if (c == ',') {
                new_line(i);
            } else if (c == ':') {
                put_byte(i, ' ');
            }
        }
    }
}

/* A wish: an answer that does not fit twice stays as it is. */
static void
make_pretty(struct onym_http_call *c)
{
    struct onym_writer *w = &c->body;
    struct indent counted = {.w = NULL};
    struct indent written = {.w = w};
    size_t len = w->len;
    uint8_t *compact = w->at + w->cap - len;

    indent(&counted, onym_writer_written(w));
    if (counted.len > w->cap - len) {
        return;
    }
    memmove(compact, w->at, len);
    w->len = 0;
    indent(&written, onym_span_of(compact, len));
}

/* ---- head ---- */

/* The date as a header line has it, made once a second. */
static const char *
date_of(const struct onym_http_call *c)
{
    struct onym_http_service *s = c->service;
    uint64_t now_s = c->now_ms / 1000;

    if (s->date[0] == '\0' || s->date_s != now_s) {
        s->date_s = now_s;
        onym_time_http(now_s, s->date);
    }
    return s->date;
}

/* RFC 9110 8.6: 204 and 304 have no body and no length of one. */
static void
put_head(struct onym_http_call *c, struct onym_writer *w)
{
    onym_json_put(w, "HTTP/1.1 ");
    onym_json_put_u64(w, (uint64_t)c->status);
    onym_json_put(w, " ");
    onym_json_put(w, onym_http_reason(c->status));
    onym_json_put(w, "\r\nDate: ");
    onym_writer_bytes(w, onym_span_of(date_of(c), ONYM_TIME_HTTP_LEN));
    onym_json_put(w, "\r\n");
    if (c->type != NULL) {
        onym_json_put(w, "Content-Type: ");
        onym_json_put(w, c->type);
        onym_json_put(w, "\r\n");
    }
    if (c->chunked) {
        onym_json_put(w, "Transfer-Encoding: chunked\r\n");
    } else if (c->status != 204 && c->status != 304) {
        onym_json_put(w, "Content-Length: ");
        onym_json_put_u64(w, c->body.len);
        onym_json_put(w, "\r\n");
    }
    onym_writer_bytes(w, onym_writer_written(&c->extra));
    if (c->connection->id_len > 0) {
        onym_json_put(w, "X-Request-Id: ");
        onym_writer_bytes(w, onym_span_of(c->connection->id, c->connection->id_len));
        onym_json_put(w, "\r\n");
    }
    onym_json_put(w, c->may_keep ? "Cache-Control: no-cache\r\n" : "Cache-Control: no-store\r\n");
    onym_json_put(w, "X-Content-Type-Options: nosniff\r\n"
                     "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
                     "Referrer-Policy: no-referrer\r\n");
    onym_json_put(w, c->close ? "Connection: close\r\n\r\n" : "Connection: keep-alive\r\n\r\n");
}

static void
too_large(struct onym_http_call *c)
{
    c->extra.len = 0;
    c->extra.status = ONYM_OK;
    onym_http_fail_text(c, ONYM_NO_SPACE, 0,
                        "the answer is too large; ask for some of its values with index or type");
}

/* What does not fit in its function is an error without one. */
static void
wrap(struct onym_http_call *c)
{
    onym_http_callback_wrap(&c->body, c->callback);
    if (c->body.status == ONYM_OK) {
        c->type = "application/javascript;charset=utf-8";
    } else {
        too_large(c);
    }
}

void
onym_http_finish(struct onym_http_call *c)
{
    uint8_t *head_memory;
    struct onym_writer head;

    if (c->body.status != ONYM_OK || c->extra.status != ONYM_OK) {
        too_large(c);
    }
    if (c->type == NULL) {
        c->body.len = 0;
    }
    if (c->pretty && c->type != NULL && strstr(c->type, "json") != NULL) {
        make_pretty(c);
    }
    if (c->callback.len > 0 && c->type != NULL) {
        wrap(c);
    }
    head_memory = onym_arena_take(c->service->arena, ONYM_HTTP_HEAD_MAX);
    if (head_memory == NULL) {
        onym_arena_reset(c->service->arena); /* all it held is in the body; extra lies in front */
        (void)onym_arena_take(c->service->arena, EXTRA_MAX);
        head_memory = onym_arena_take(c->service->arena, ONYM_HTTP_HEAD_MAX);
    }
    ONYM_REQUIRE(head_memory != NULL);
    head = onym_writer_over(head_memory, ONYM_HTTP_HEAD_MAX);
    put_head(c, &head);
    ONYM_REQUIRE(head.status == ONYM_OK);
    memcpy(c->body.at - head.len, head.at, head.len);
    c->reply->bytes = onym_span_of(c->body.at - head.len, head.len + (c->head ? 0 : c->body.len));
    c->reply->status = c->status;
    c->reply->outcome = c->outcome;
}
