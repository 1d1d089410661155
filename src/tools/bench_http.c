#include "tools/bench_http.h"

#include <strings.h>

#define VERSION    "HTTP/1.1 "
#define STATUS_LEN (sizeof VERSION - 1 + 3)

/* The value of a header field inside head, without blanks around it; empty when it is not there. */
static onym_span
field(onym_span head, const char *name)
{
    size_t len = strlen(name);
    size_t at = 0;

    while (at < head.len) {
        const uint8_t *end = memchr(head.at + at, '\n', head.len - at);
        size_t stop = end != NULL ? (size_t)(end - head.at) : head.len;

        if (stop - at > len && head.at[at + len] == ':' &&
            strncasecmp((const char *)head.at + at, name, len) == 0) {
            at += len + 1;
            while (at < stop && head.at[at] == ' ') {
                at++;
            }
            while (stop > at && (head.at[stop - 1] == '\r' || head.at[stop - 1] == ' ')) {
                stop--;
            }
            return onym_span_of(head.at + at, stop - at);
        }
        at = stop + 1;
    }
    return onym_span_of(NULL, 0);
}

/* Digits only, at least one; false for anything else and past max. */
static bool
number(onym_span text, uint32_t max, uint32_t *out)
{
    uint32_t value = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9' || value > max / 10) {
            return false;
        }
        value = value * 10 + (uint32_t)(text.at[i] - '0');
    }
    *out = value;
    return text.len > 0 && value <= max;
}

enum onym_bench_http_step
onym_bench_http_cut(onym_span stream, struct onym_bench_http *out, size_t *need)
{
    const uint8_t *end = memmem(
        stream.at, stream.len < ONYM_BENCH_HTTP_HEAD_MAX ? stream.len : ONYM_BENCH_HTTP_HEAD_MAX,
        "\r\n\r\n", 4);
    uint32_t length = 0;
    onym_span head;

    *need = stream.len + 1;
    if (end == NULL) {
        return stream.len < ONYM_BENCH_HTTP_HEAD_MAX ? ONYM_BENCH_HTTP_MORE : ONYM_BENCH_HTTP_BAD;
    }
    head = onym_span_of(stream.at, (size_t)(end - stream.at) + 2);
    if (head.len < STATUS_LEN || memcmp(head.at, VERSION, sizeof VERSION - 1) != 0 ||
        !number(onym_span_of(head.at + sizeof VERSION - 1, 3), 599, &out->status)) {
        return ONYM_BENCH_HTTP_BAD;
    }
    if (out->status != 204 && out->status != 304 &&
        !number(field(head, "Content-Length"), ONYM_BENCH_HTTP_BODY_MAX, &length)) {
        return ONYM_BENCH_HTTP_BAD;
    }
    out->used = head.len + 2 + length;
    if (stream.len < out->used) {
        *need = out->used;
        return ONYM_BENCH_HTTP_MORE;
    }
    out->closes = onym_span_equal(field(head, "Connection"), onym_span_text("close"));
    out->body = onym_span_of(stream.at + head.len + 2, length);
    return ONYM_BENCH_HTTP_WHOLE;
}

/* Takes text off the front of *rest. */
static bool
skip(onym_span *rest, onym_span text)
{
    bool there = rest->len >= text.len && memcmp(rest->at, text.at, text.len) == 0;

    if (there) {
        *rest = onym_span_from(*rest, text.len);
    }
    return there;
}

/* Whether JSON writes the name as it is. */
static bool
plain(onym_span name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.at[i] < ' ' || name.at[i] == '"' || name.at[i] == '\\' || name.at[i] >= 0x7F) {
            return false;
        }
    }
    return true;
}

enum onym_bench_verdict
onym_bench_http_judge(const struct onym_bench_http *answer, struct onym_bench_reply *reply)
{
    onym_span rest = answer->body;
    size_t digits = 0;

    reply->code = ONYM_BENCH_HTTP_CODE + answer->status;
    if (skip(&rest, onym_span_text("{\"responseCode\":"))) {
        while (digits < rest.len && rest.at[digits] >= '0' && rest.at[digits] <= '9') {
            digits++;
        }
        (void)number(onym_span_front(rest, digits), ONYM_BENCH_HTTP_CODE - 1, &reply->code);
        rest = onym_span_from(rest, digits);
    }
    if (reply->code != reply->expected && (reply->or_else == 0 || reply->code != reply->or_else)) {
        return ONYM_BENCH_WRONG;
    }
    if (reply->code != 1 || reply->code_only || !plain(reply->name)) {
        return ONYM_BENCH_DONE;
    }
    return skip(&rest, onym_span_text(",\"handle\":\"")) && skip(&rest, reply->name) &&
                   skip(&rest, onym_span_text("\",\"values\":[{"))
               ? ONYM_BENCH_DONE
               : ONYM_BENCH_WRONG;
}
