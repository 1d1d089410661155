#include "lib/speech.h"

#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ID_AT 8U

enum onym_status
bench_speech_language(const char *text, enum bench_language *out)
{
    static const char *const languages[] = {"handle", "redis", "http", "echo"};

    for (unsigned i = 0; i < sizeof languages / sizeof *languages; i++) {
        if (strcmp(text, languages[i]) == 0) {
            *out = (enum bench_language)i;
            return ONYM_OK;
        }
    }
    fprintf(stderr, "--protocol %s: expected handle, redis, http or echo\n", text);
    return ONYM_INVALID;
}

/* The name in a path: what is not unreserved is escaped. */
static size_t
put_path(uint8_t *out, onym_span name)
{
    static const char digits[] = "0123456789ABCDEF";
    uint8_t *at = out;

    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.at[i];
        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
            c == '-' || c == '.' || c == '_') {
            *at++ = c;
        } else {
            *at++ = '%';
            *at++ = (uint8_t)digits[c >> 4];
            *at++ = (uint8_t)digits[c & 15];
        }
    }
    return (size_t)(at - out);
}

static size_t
put_text(uint8_t *out, const char *text)
{
    size_t len = strlen(text);

    memcpy(out, text, len);
    return len;
}

size_t
bench_speech_ask(const struct bench_speech *speech, onym_span name, uint32_t id,
                 uint8_t out[BENCH_SPEECH_REQUEST_MAX])
{
    char front[64];
    size_t len = 0;

    switch (speech->language) {
    case BENCH_REDIS:
        (void)snprintf(front, sizeof front, "*2\r\n$3\r\nGET\r\n$%zu\r\n", name.len);
        len = put_text(out, front);
        memcpy(out + len, name.at, name.len);
        len += name.len;
        return len + put_text(out + len, "\r\n");
    case BENCH_HTTP:
        len = put_text(out, "GET /api/v1/identifiers/");
        len += put_path(out + len, name);
        return len + put_text(out + len, " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    case BENCH_ECHO:
        memset(out, 0, speech->request_bytes);
        onym_put_u32(out + ID_AT, id);
        return speech->request_bytes;
    case BENCH_HANDLE:
    default:
        return onym_bench_query_write(&speech->form, name, id, out);
    }
}

static size_t
hear_handle(onym_span in, onym_span name, uint32_t id, bool *right, uint32_t *code)
{
    struct onym_bench_reply reply;

    if (in.len < ONYM_ENVELOPE_LEN) {
        return 0;
    }
    size_t len = ONYM_ENVELOPE_LEN + onym_get_u32(in.at + 16);
    if (len > BENCH_SPEECH_ANSWER_MAX) {
        return in.len;
    }
    if (in.len < len) {
        return 0;
    }
    onym_bench_reply_init(&reply, name, id);
    *right = onym_bench_reply_feed(&reply, onym_span_of(in.at, len), true) == ONYM_BENCH_DONE;
    *code = reply.code;
    return len;
}

/* A decimal number in front of a line end, which is looked for in `in`; false when there is none.
 * *after: behind the line end. */
static bool
number_line(onym_span in, size_t from, size_t *number, size_t *after)
{
    *number = 0;
    for (size_t i = from; i < in.len && i < from + 8; i++) {
        if (in.at[i] == '\r') {
            *after = i + 2;
            return i > from;
        }
        *number = *number * 10 + (size_t)(in.at[i] - '0') % 10;
    }
    return false;
}

static size_t
hear_redis(onym_span in, onym_span name, bool *right)
{
    size_t value_len, at;

    if (in.len > 1 && (in.at[0] != '$' || in.at[1] < '0' || in.at[1] > '9')) {
        return in.len; /* an error, or no such key */
    }
    if (!number_line(in, 1, &value_len, &at)) {
        return in.len > 10 ? in.len : 0;
    }
    size_t len = at + value_len + 2;
    if (len > BENCH_SPEECH_ANSWER_MAX) {
        return in.len;
    }
    if (in.len < len) {
        return 0;
    }
    *right = value_len >= name.len && memcmp(in.at + at, name.at, name.len) == 0;
    return len;
}

/* Where the number of the field Content-Length stands in a head; 0: there is no such field. */
static size_t
length_field(onym_span head)
{
    static const char field[] = "\nContent-Length: ";

    for (size_t at = 0; at + sizeof field - 1 < head.len; at++) {
        if (head.at[at] == '\n' &&
            strncasecmp((const char *)head.at + at, field, sizeof field - 1) == 0) {
            return at + sizeof field - 1;
        }
    }
    return 0;
}

static size_t
hear_http(const struct bench_speech *speech, onym_span in, onym_span name, bool *right,
          uint32_t *code)
{
    size_t body_len, after;
    const uint8_t *end = memmem(in.at, in.len, "\r\n\r\n", 4);

    if (end == NULL) {
        return in.len >= BENCH_SPEECH_ANSWER_MAX ? in.len : 0;
    }
    size_t head_len = (size_t)(end - in.at) + 4;
    size_t at = length_field(onym_span_of(in.at, head_len));
    *code = head_len > 12 ? (uint32_t)strtoul((const char *)in.at + 9, NULL, 10) : 0;
    if (at == 0 || !number_line(in, at, &body_len, &after) ||
        head_len + body_len > BENCH_SPEECH_ANSWER_MAX) {
        return in.len;
    }
    if (in.len < head_len + body_len) {
        return 0;
    }
    *right = *code == 200 &&
             (speech->any_name || memmem(in.at + head_len, body_len, name.at, name.len) != NULL);
    return head_len + body_len;
}

size_t
bench_speech_hear(const struct bench_speech *speech, onym_span in, onym_span name, uint32_t id,
                  bool *right, uint32_t *code)
{
    *right = false;
    *code = 0;
    switch (speech->language) {
    case BENCH_REDIS:
        return hear_redis(in, name, right);
    case BENCH_HTTP:
        return hear_http(speech, in, name, right, code);
    case BENCH_ECHO:
        if (in.len < speech->answer_bytes) {
            return 0;
        }
        *right = onym_get_u32(in.at + ID_AT) == id;
        return speech->answer_bytes;
    case BENCH_HANDLE:
    default:
        return hear_handle(in, name, id, right, code);
    }
}
