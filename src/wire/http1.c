#include "wire/http1.h"

#include "wire/http1_lines.h"

#include <llhttp.h>
#include <stddef.h>

/* Where the guard onym_http1_stands. */
enum guard_state {
    START,       /* in front of the request line */
    START_LF,    /* after the CR of a skipped empty line */
    METHOD,      /* request line, first word */
    TARGET,      /* second word */
    VERSION,     /* third word */
    LINE_LF,     /* after the CR of the request line or of a header line */
    FIELD_START, /* first byte of a line */
    NAME,
    VALUE,
    END_LF, /* after the CR of the empty line */
    DONE    /* WHOLE or REFUSED was said */
};

#define VERSION_LEN 8U /* "HTTP/1.1" */

void
onym_http1_init(struct onym_http1 *p)
{
    /* head keeps its old bytes: only len of them mean anything */
    memset(p, 0, offsetof(struct onym_http1, head));
    p->state = START;
}

static enum onym_http1_step
refuse(struct onym_http1 *p, int status, const char *reason)
{
    p->state = DONE;
    p->refusal = (struct onym_http1_refusal){.status = status, .reason = reason};
    return ONYM_HTTP1_REFUSED;
}

/* RFC 9112 2.2: a lone CR or LF is never a line end here. */
static enum onym_http1_step
guard_line_end(struct onym_http1 *p, uint8_t c)
{
    switch ((enum guard_state)p->state) {
    case START_LF:
    case LINE_LF:
    case END_LF:
        return c == '\n' ? ONYM_HTTP1_MORE : refuse(p, 400, "a CR without LF after it");
    case START:
    case METHOD:
    case TARGET:
    case VERSION:
    case FIELD_START:
    case NAME:
    case VALUE:
    case DONE:
    default:
        if (c == '\n') {
            return refuse(p, 400, "a line ends in LF alone, CR LF expected");
        }
        if (!onym_http1_is_value(c) && c != '\r') {
            return refuse(p, 400, "a control byte; is this plain HTTP?");
        }
        return ONYM_HTTP1_MORE;
    }
}

static enum onym_http1_step
guard_method(struct onym_http1 *p, uint8_t c)
{
    if (c == ' ' && p->len > 0) {
        p->state = TARGET;
        p->target_at = p->len + 1;
        return ONYM_HTTP1_MORE;
    }
    if (!onym_http1_is_token(c)) {
        return refuse(p, 400, "the request line does not start with a method");
    }
    p->state = METHOD;
    return p->len < ONYM_HTTP1_METHOD_MAX ? ONYM_HTTP1_MORE
                                          : refuse(p, 501, "the method is not known here");
}

static enum onym_http1_step
guard_target(struct onym_http1 *p, uint8_t c)
{
    uint32_t len = p->len - p->target_at;

    if (c == ' ' && len > 0) {
        p->state = VERSION;
        p->version_at = p->len + 1;
        return ONYM_HTTP1_MORE;
    }
    if (!onym_http1_is_target(c)) {
        return refuse(p, 400, "the request line is not METHOD TARGET HTTP/1.1");
    }
    return len < ONYM_HTTP1_TARGET_MAX ? ONYM_HTTP1_MORE
                                       : refuse(p, 414, "the target is longer than 8192 bytes");
}

static enum onym_http1_step
guard_version(struct onym_http1 *p, uint8_t c)
{
    static const char form[] = "HTTP/0.0"; /* 0: any digit */
    uint32_t len = p->len - p->version_at;

    if (c == '\r' && len == VERSION_LEN) {
        p->state = LINE_LF;
        p->fields_at = p->len + 2;
        return ONYM_HTTP1_MORE;
    }
    if (len < VERSION_LEN && (form[len] == '0' ? c >= '0' && c <= '9' : c == (uint8_t)form[len])) {
        return ONYM_HTTP1_MORE;
    }
    return refuse(p, 400, "the request line is not METHOD TARGET HTTP/1.1");
}

static enum onym_http1_step
guard_field_start(struct onym_http1 *p, uint8_t c)
{
    if (c == '\r') {
        p->state = END_LF;
        return ONYM_HTTP1_MORE;
    }
    if (c == ' ' || c == '\t') {
        return refuse(p, 400, "a folded header line; put the value on one line");
    }
    p->state = NAME;
    return onym_http1_is_token(c) ? ONYM_HTTP1_MORE
                                  : refuse(p, 400, "a header line without a name");
}

static enum onym_http1_step
guard_name(struct onym_http1 *p, uint8_t c)
{
    if (c == ':') {
        p->state = VALUE;
        return ONYM_HTTP1_MORE;
    }
    return onym_http1_is_token(c)
               ? ONYM_HTTP1_MORE
               : refuse(p, 400, "a header name has a blank or another bad character");
}

/* Looks at one byte that is not in the head yet. */
static enum onym_http1_step
guard(struct onym_http1 *p, uint8_t c)
{
    enum onym_http1_step step = guard_line_end(p, c);

    if (step != ONYM_HTTP1_MORE) {
        return step;
    }
    switch ((enum guard_state)p->state) {
    case START:
        if (c == '\r' && !p->skipped_line) {
            p->state = START_LF;
            return ONYM_HTTP1_MORE;
        }
        return guard_method(p, c);
    case START_LF:
        p->skipped_line = true;
        p->state = START;
        return ONYM_HTTP1_MORE;
    case METHOD:
        return guard_method(p, c);
    case TARGET:
        return guard_target(p, c);
    case VERSION:
        return guard_version(p, c);
    case LINE_LF:
        p->state = FIELD_START;
        return ONYM_HTTP1_MORE;
    case FIELD_START:
        return guard_field_start(p, c);
    case NAME:
        return guard_name(p, c);
    case VALUE:
        p->state = c == '\r' ? LINE_LF : VALUE;
        return ONYM_HTTP1_MORE;
    case END_LF:
        p->state = DONE;
        return ONYM_HTTP1_WHOLE;
    case DONE:
    default:
        return refuse(p, 400, "the connection was ended");
    }
}

/* RFC 9112 3.2: what may stand in Host, a bit for each byte: visible ASCII but /?#@\"<>,{}|^`. Not
 * a full grammar, but nothing that could be taken for another part of a URI. */
static bool
host_valid(onym_span host)
{
    static const uint64_t bits[4] = {0x2FFF6FF200000000, 0x47FFFFFEAFFFFFFE};

    for (size_t i = 0; i < host.len; i++) {
        uint8_t c = host.at[i];

        if ((bits[c / 64] >> (c % 64) & 1) == 0) {
            return false;
        }
    }
    return true;
}

/* RFC 9112 3.2, 6.1, 6.3: one Host, and at most one statement of the body's length. */
static enum onym_http1_step
check_fields(struct onym_http1 *p, bool old)
{
    onym_span fields = p->request.fields;
    onym_span name;
    onym_span value;
    unsigned hosts = 0;
    unsigned lengths = 0;
    unsigned codings = 0;

    while (onym_http1_field(&fields, &name, &value)) {
        p->request.names |= onym_http1_name_bit(name);
        if (name.len == 4 && onym_http1_is(name, "host")) {
            hosts++;
            if (!host_valid(value)) {
                return refuse(p, 400, "the Host header is not a host and port");
            }
        } else if (name.len == 14 && onym_http1_is(name, "content-length")) {
            lengths++;
        } else if (name.len == 17 && onym_http1_is(name, "transfer-encoding")) {
            codings++;
            if (!onym_http1_is(value, "chunked")) {
                return refuse(p, 501, "a transfer coding other than chunked");
            }
        }
    }
    if (hosts > 1 || (hosts == 0 && !old)) {
        return refuse(p, 400, "exactly one Host header is needed");
    }
    if (lengths + codings > 1 || (codings > 0 && old)) {
        return refuse(p, 400, "the length of the body is not clear");
    }
    return ONYM_HTTP1_MORE;
}

/* RFC 9112 3.2: origin, absolute and asterisk form. */
static bool
split_target(struct onym_http1_request *rq)
{
    onym_span rest = rq->target;
    const uint8_t *mark;

    if (onym_span_equal(rest, onym_span_text("*"))) {
        rq->path = rest;
        return onym_span_equal(rq->method, onym_span_text("OPTIONS"));
    }
    if (rest.at[0] != '/') {
        size_t scheme = onym_http1_is(onym_span_front(rest, 7), "http://")    ? 7
                        : onym_http1_is(onym_span_front(rest, 8), "https://") ? 8
                                                                              : 0;

        onym_span authority = onym_span_from(rest, scheme);
        size_t len = 0;

        while (len < authority.len && authority.at[len] != '/' && authority.at[len] != '?') {
            len++;
        }
        if (scheme == 0 || len == 0 || !host_valid(onym_span_front(authority, len))) {
            return false;
        }
        rest = onym_span_from(authority, len);
    }
    mark = rest.len > 0 ? memchr(rest.at, '?', rest.len) : NULL;
    rq->path = mark != NULL ? onym_span_front(rest, (size_t)(mark - rest.at)) : rest;
    rq->query = mark != NULL ? onym_span_from(rest, rq->path.len + 1) : onym_span_of(NULL, 0);
    if (rq->path.len == 0) {
        rq->path = onym_span_text("/");
    }
    return true;
}

/* Stops llhttp where the head ends, with its flags still set. */
static int
stop_here(llhttp_t *parser)
{
    struct onym_http1_request *rq = parser->data;

    rq->keep_alive = llhttp_should_keep_alive(parser) != 0;
    if ((parser->flags & F_CHUNKED) != 0) {
        rq->body = ONYM_HTTP1_CHUNKED_BODY;
    } else if (parser->content_length > 0) {
        rq->body = ONYM_HTTP1_SIZED_BODY;
        rq->body_len = parser->content_length;
    }
    return HPE_PAUSED;
}

static enum onym_http1_step
second_reader(struct onym_http1 *p)
{
    static const llhttp_settings_t settings = {.on_headers_complete = stop_here};
    llhttp_t parser;
    const char *head = (const char *)p->head;
    enum llhttp_errno error;

    llhttp_init(&parser, HTTP_REQUEST, &settings);
    parser.data = &p->request;
    error = llhttp_execute(&parser, head, p->len);
    if (error == HPE_INVALID_METHOD) {
        return refuse(p, 501, "the method is not known here");
    }
    if (error != HPE_PAUSED) {
        return refuse(p, 400, "the request head breaks the grammar of HTTP/1.1");
    }
    /* both readers must mean the same end */
    if (llhttp_get_error_pos(&parser) != head + p->len) {
        return refuse(p, 400, "the end of the request head is not clear");
    }
    if (parser.method == HTTP_CONNECT) {
        return refuse(p, 501, "CONNECT is not served");
    }
    return ONYM_HTTP1_READY;
}

/* The guard has seen a whole head. */
static void
part(struct onym_http1 *p)
{
    struct onym_http1_request *rq = &p->request;

    rq->method = onym_span_of(p->head, p->target_at - 1);
    rq->target = onym_span_of(p->head + p->target_at, p->version_at - 1 - p->target_at);
    rq->fields = onym_span_of(p->head + p->fields_at, p->len - p->fields_at - 2);
    p->target_good = split_target(rq);
}

enum onym_http1_step
onym_http1_judge(struct onym_http1 *p)
{
    onym_span version = onym_span_of(p->head + p->version_at, VERSION_LEN);
    bool old = onym_span_equal(version, onym_span_text("HTTP/1.0"));
    enum onym_http1_step step;

    p->request.is_1_0 = old;
    if (!old && !onym_span_equal(version, onym_span_text("HTTP/1.1"))) {
        return refuse(p, 505, "HTTP/1.1 or 1.0 is spoken here");
    }
    step = check_fields(p, old);
    if (step != ONYM_HTTP1_MORE) {
        return step;
    }
    step = second_reader(p);
    if (step != ONYM_HTTP1_READY) {
        return step;
    }
    return p->target_good ? ONYM_HTTP1_READY
                          : refuse(p, 400, "the target is neither a path nor an http URI");
}

/* Bytes of the request line at the front of text, if it is one of HTTP/1.1 that the guard would
 * let through; then its parts are noted. Else 0. */
static size_t
request_line(struct onym_http1 *p, onym_span text)
{
    size_t method = onym_http1_run_of_token(onym_span_front(text, ONYM_HTTP1_METHOD_MAX));
    size_t target = onym_http1_run_of_target(
        onym_span_front(onym_span_from(text, method + 1), ONYM_HTTP1_TARGET_MAX));
    size_t version_at = method + 1 + target + 1;

    if (method == 0 || target == 0 || !onym_http1_stands(text, method, " ") ||
        !onym_http1_stands(text, version_at - 1, " HTTP/1.1\r\n")) {
        return 0;
    }
    p->target_at = (uint32_t)method + 1;
    p->version_at = (uint32_t)version_at;
    p->fields_at = p->version_at + VERSION_LEN + 2;
    p->state = FIELD_START;
    return p->fields_at;
}

/* How many bytes at the front of input the guard would let through: whole lines, which is most of a
 * head, or what is there of a long one. At every limit it is 0, and the guard speaks. */
static size_t
unremarkable(struct onym_http1 *p, onym_span input)
{
    size_t len = 0;
    size_t line = 0;

    input = onym_span_front(input, ONYM_HTTP1_HEAD_MAX - p->len);
    if (p->state == TARGET) {
        return onym_http1_run_of_target(
            onym_span_front(input, ONYM_HTTP1_TARGET_MAX - (p->len - p->target_at)));
    }
    if (p->state == VALUE) {
        return onym_http1_run_of_value(input);
    }
    if (p->state == START) {
        len = request_line(p, input);
    }
    if (p->state == FIELD_START) {
        while ((line = onym_http1_field_line(onym_span_from(input, len))) > 0) {
            len += line;
        }
    }
    return len;
}

enum onym_http1_step
onym_http1_take(struct onym_http1 *p, onym_span *input)
{
    while (input->len > 0) {
        size_t run = unremarkable(p, *input);
        enum onym_http1_step step;
        uint8_t c;
        bool before;

        if (run > 0) {
            memcpy(p->head + p->len, input->at, run);
            p->len += (uint32_t)run;
            *input = onym_span_from(*input, run);
            continue;
        }
        c = input->at[0];
        before = p->state == START_LF || (p->state == START && c == '\r');
        step = guard(p, c);
        *input = onym_span_from(*input, 1);
        if (step == ONYM_HTTP1_REFUSED) {
            return step;
        }
        if (before) {
            continue; /* the skipped empty line is no part of the head */
        }
        if (p->len == ONYM_HTTP1_HEAD_MAX) {
            return refuse(p, 431, "the request head is longer than 16384 bytes");
        }
        p->head[p->len++] = c;
        if (step == ONYM_HTTP1_WHOLE) {
            part(p);
            return step;
        }
    }
    return ONYM_HTTP1_MORE;
}

enum onym_http1_step
onym_http1_feed(struct onym_http1 *p, onym_span *input)
{
    enum onym_http1_step step = onym_http1_take(p, input);

    return step == ONYM_HTTP1_WHOLE ? onym_http1_judge(p) : step;
}
