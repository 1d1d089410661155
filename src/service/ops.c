#include "service/ops.h"

#include "base/require.h"
#include "base/utf8.h"
#include "base/writer.h"
#include "wire/json_time.h"

#include <stdio.h>

_Static_assert(sizeof(struct onym_ops_connection) <= (size_t)17 * 1024, "what ops.h promises");

#define JSON_TYPE    "application/json"
#define PROBLEM_TYPE "application/problem+json"

static const struct {
    int status;
    const char *title; /* RFC 9110 15 and the registry of status codes */
    const char *slug;  /* of the problem's type */
} statuses[] = {
    {200, "OK", NULL},
    {400, "Bad Request", "bad-request"},
    {404, "Not Found", "not-found"},
    {405, "Method Not Allowed", "method-not-allowed"},
    {413, "Content Too Large", "content-too-large"},
    {414, "URI Too Long", "uri-too-long"},
    {431, "Request Header Fields Too Large", "header-fields-too-large"},
    {500, "Internal Server Error", "internal-error"},
    {501, "Not Implemented", "not-implemented"},
    {503, "Service Unavailable", NULL},
    {505, "HTTP Version Not Supported", "http-version-not-supported"},
};

/* One answer in the making. The body is written first, ONYM_OPS_HEAD_MAX into the buffer; the head
 * is put right in front of it once the length is known. */
struct answer {
    struct onym_ops_reply *reply;
    struct onym_writer body;
    const char *type;
    uint32_t now_s;
    int status;
    bool allow; /* tell which methods there are */
    bool no_body;
    bool close;
};

static size_t
status_row(int status)
{
    size_t i = 0;

    while (statuses[i].status != status) {
        i++;
        ONYM_REQUIRE(i < sizeof statuses / sizeof statuses[0]);
    }
    return i;
}

static void
put(struct onym_writer *w, const char *text)
{
    onym_writer_bytes(w, onym_span_text(text));
}

/* A JSON string. What is not UTF-8 becomes U+FFFD. */
static void
put_json(struct onym_writer *w, onym_span text)
{
    put(w, "\"");
    while (text.len > 0) {
        onym_span rest = text;
        uint32_t c = 0;
        char escape[8];

        if (!onym_utf8_next(&rest, &c)) {
            put(w, "\\ufffd");
            text = onym_span_from(text, 1);
            continue;
        }
        if (c == '"' || c == '\\') {
            put(w, "\\");
        }
        if (c < 0x20 || c == 0x7F) {
            (void)snprintf(escape, sizeof escape, "\\u%04x", (unsigned)c);
            put(w, escape);
        } else {
            onym_writer_bytes(w, onym_span_front(text, text.len - rest.len));
        }
        text = rest;
    }
    put(w, "\"");
}

/* RFC 9457. instance may be empty: not known. */
static void
problem(struct answer *a, int status, const char *detail, onym_span instance)
{
    size_t row = status_row(status);
    char number[16];

    ONYM_REQUIRE(statuses[row].slug != NULL);
    a->status = status;
    a->type = PROBLEM_TYPE;
    a->body.len = 0;
    a->body.status = ONYM_OK;
    put(&a->body, "{\"type\":\"/problems/");
    put(&a->body, statuses[row].slug);
    put(&a->body, "\",\"title\":");
    put_json(&a->body, onym_span_text(statuses[row].title));
    (void)snprintf(number, sizeof number, "%d", status);
    put(&a->body, ",\"status\":");
    put(&a->body, number);
    put(&a->body, ",\"detail\":");
    put_json(&a->body, onym_span_text(detail));
    if (instance.len > 0) {
        put(&a->body, ",\"instance\":");
        put_json(&a->body, instance);
    }
    put(&a->body, "}\n");
}

/* Whether the query has `verbose`, alone or with a value. */
static bool
wants_verbose(onym_span query)
{
    while (query.len > 0) {
        const uint8_t *end = memchr(query.at, '&', query.len);
        onym_span item = end != NULL ? onym_span_front(query, (size_t)(end - query.at)) : query;
        const uint8_t *equals = item.len > 0 ? memchr(item.at, '=', item.len) : NULL;
        onym_span name = equals != NULL ? onym_span_front(item, (size_t)(equals - item.at)) : item;

        if (onym_span_equal(name, onym_span_text("verbose"))) {
            return true;
        }
        query = onym_span_from(query, item.len + 1);
    }
    return false;
}

static void
health(struct answer *a, size_t (*ask)(void *of, struct onym_ops_check *out), void *of,
       bool verbose)
{
    struct onym_ops_check check[ONYM_OPS_CHECKS_MAX];
    struct onym_writer *w = &a->body;
    size_t count = ask(of, check);
    bool ok = true;
    bool any = false;

    ONYM_REQUIRE(count <= ONYM_OPS_CHECKS_MAX);
    for (size_t i = 0; i < count; i++) {
        ok = ok && check[i].ok;
    }
    a->status = ok ? 200 : 503;
    a->type = JSON_TYPE;
    put(w, ok ? "{\"status\":\"ok\"" : "{\"status\":\"failed\"");
    for (size_t i = 0; i < count; i++) {
        if (!verbose && check[i].ok) {
            continue;
        }
        put(w, any ? ",{\"name\":" : ",\"checks\":[{\"name\":");
        put_json(w, onym_span_text(check[i].name));
        put(w, check[i].ok ? ",\"ok\":true,\"detail\":" : ",\"ok\":false,\"detail\":");
        put_json(w,
                 onym_span_of(check[i].detail, strnlen(check[i].detail, sizeof check[i].detail)));
        put(w, "}");
        any = true;
    }
    put(w, any ? "]}\n" : "}\n");
}

static void
metrics(struct answer *a, const struct onym_ops_source *source, onym_span fields)
{
    enum onym_metrics_format format = onym_ops_metrics_format(fields);
    struct onym_metrics values = {.version = "", .revision = ""};

    source->metrics(source->of, &values);
    a->status = 200;
    a->type = onym_metrics_media_type(format);
    if (onym_metrics_render(&values, format, a->body.at, a->body.cap, &a->body.len) != ONYM_OK) {
        problem(a, 500, "the metrics do not fit the answer", onym_span_of(NULL, 0));
    }
}

static void
route(struct answer *a, const struct onym_http1_request *rq, const struct onym_ops_source *source)
{
    bool is_metrics = onym_span_equal(rq->path, onym_span_text("/metrics"));
    bool is_live = onym_span_equal(rq->path, onym_span_text("/livez"));
    bool is_ready = onym_span_equal(rq->path, onym_span_text("/readyz"));
    bool is_all = onym_span_equal(rq->path, onym_span_text("*"));
    bool is_get = onym_span_equal(rq->method, onym_span_text("GET"));

    a->no_body = onym_span_equal(rq->method, onym_span_text("HEAD"));
    if (rq->body != ONYM_HTTP1_NO_BODY) {
        a->close = true; /* the body stays unread, so what follows cannot be told apart */
        problem(a, 413, "a request to this listener has no body", rq->target);
    } else if (!is_metrics && !is_live && !is_ready && !is_all) {
        problem(a, 404, "this listener has /metrics, /livez and /readyz", rq->target);
    } else if ((!is_get && !a->no_body) || is_all) {
        a->allow = true;
        problem(a, 405, "this listener answers GET and HEAD", rq->target);
    } else if (is_metrics) {
        metrics(a, source, rq->fields);
    } else {
        health(a, is_live ? source->live : source->ready, source->of, wants_verbose(rq->query));
    }
}

static enum onym_ops_verdict
finish(struct answer *a)
{
    uint8_t head[ONYM_OPS_HEAD_MAX];
    struct onym_writer w = onym_writer_over(head, sizeof head);
    char text[64];

    ONYM_REQUIRE(a->body.status == ONYM_OK); /* the buffer has room for every body */
    (void)snprintf(text, sizeof text, "HTTP/1.1 %d ", a->status);
    put(&w, text);
    put(&w, statuses[status_row(a->status)].title);
    put(&w, "\r\n");
    onym_time_http(a->now_s, text);
    put(&w, "Date: ");
    onym_writer_bytes(&w, onym_span_of(text, ONYM_TIME_HTTP_LEN));
    put(&w, "\r\nContent-Type: ");
    put(&w, a->type);
    (void)snprintf(text, sizeof text, "\r\nContent-Length: %zu\r\n", a->body.len);
    put(&w, text);
    put(&w, a->allow ? "Allow: GET, HEAD\r\n" : "");
    put(&w, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
    put(&w, a->close ? "Connection: close\r\n\r\n" : "Connection: keep-alive\r\n\r\n");
    ONYM_REQUIRE(w.status == ONYM_OK);
    memcpy(a->body.at - w.len, head, w.len);
    a->reply->bytes = onym_span_of(a->body.at - w.len, w.len + (a->no_body ? 0 : a->body.len));
    a->reply->status = a->status;
    return a->close ? ONYM_OPS_REPLY_CLOSE : ONYM_OPS_REPLY;
}

void
onym_ops_connection_init(struct onym_ops_connection *c)
{
    onym_http1_init(&c->http);
    c->ended = false;
}

enum onym_ops_verdict
onym_ops_feed(struct onym_ops_connection *c, onym_span *input, const struct onym_ops_source *source,
              uint32_t now_s, struct onym_ops_reply *reply)
{
    enum onym_http1_step step;
    struct answer a = {.reply = reply, .now_s = now_s};

    ONYM_REQUIRE(reply->cap >= ONYM_OPS_REPLY_MAX);
    a.body = onym_writer_over(reply->buffer + ONYM_OPS_HEAD_MAX, reply->cap - ONYM_OPS_HEAD_MAX);
    if (c->ended) {
        *input = onym_span_of(NULL, 0);
        return ONYM_OPS_MORE;
    }
    step = onym_http1_feed(&c->http, input);
    if (step == ONYM_HTTP1_MORE) {
        return ONYM_OPS_MORE;
    }
    if (step == ONYM_HTTP1_READY) {
        a.close = !c->http.request.keep_alive;
        route(&a, &c->http.request, source);
    } else {
        a.close = true;
        problem(&a, c->http.refusal.status, c->http.refusal.reason, onym_span_of(NULL, 0));
    }
    if (a.close) {
        c->ended = true;
        *input = onym_span_of(NULL, 0);
    }
    onym_http1_init(&c->http);
    return finish(&a);
}

/* A weight in thousandths (RFC 9110 12.4.2); what is not one counts as 0, "not acceptable". */
static unsigned
weight(onym_span text)
{
    unsigned value = 0;
    unsigned scale = 1000;

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];

        if (i == 1 ? c != '.' : (c < '0' || c > '9')) {
            return 0;
        }
        if (i != 1) {
            value += scale * (unsigned)(c - '0');
            scale /= 10;
        }
    }
    return text.len > 0 && text.len <= 5 && value <= 1000 ? value : 0;
}

/* Cuts text at the first `mark`; the part in front without blanks around it. */
static onym_span
cut(onym_span *text, char mark)
{
    const uint8_t *end = text->len > 0 ? memchr(text->at, mark, text->len) : NULL;
    onym_span part = end != NULL ? onym_span_front(*text, (size_t)(end - text->at)) : *text;

    *text = onym_span_from(*text, part.len + 1);
    while (part.len > 0 && (part.at[0] == ' ' || part.at[0] == '\t')) {
        part = onym_span_from(part, 1);
    }
    while (part.len > 0 && (part.at[part.len - 1] == ' ' || part.at[part.len - 1] == '\t')) {
        part.len--;
    }
    return part;
}

struct preference {
    int open;  /* weight of OpenMetrics 1.0; -1 = not named */
    int plain; /* of text/plain */
    int any;   /* of the ranges that hold text/plain */
};

static void
weigh(onym_span range, struct preference *out)
{
    onym_span type = cut(&range, ';');
    int q = 1000;
    bool version_ok = true;
    int *which = NULL;

    while (range.len > 0) {
        onym_span value = cut(&range, ';');
        onym_span name = cut(&value, '=');

        if (onym_http1_is(name, "q")) {
            q = (int)weight(value);
        } else if (onym_http1_is(name, "version")) {
            version_ok = onym_http1_is(value, "1.0.0") || onym_http1_is(value, "1.0");
        }
    }
    if (onym_http1_is(type, "application/openmetrics-text")) {
        which = version_ok ? &out->open : NULL;
    } else if (onym_http1_is(type, "text/plain")) {
        which = &out->plain;
    } else if (onym_http1_is(type, "text/*") || onym_http1_is(type, "*/*")) {
        which = &out->any;
    }
    if (which != NULL && q > *which) {
        *which = q;
    }
}

enum onym_metrics_format
onym_ops_metrics_format(onym_span fields)
{
    struct preference p = {.open = -1, .plain = -1, .any = -1};
    onym_span value;

    while (onym_http1_find(&fields, "accept", &value)) {
        while (value.len > 0) {
            weigh(cut(&value, ','), &p);
        }
    }
    p.plain = p.plain >= 0 ? p.plain : p.any;
    return p.open > 0 && p.open >= p.plain ? ONYM_METRICS_OPENMETRICS : ONYM_METRICS_PROMETHEUS;
}
