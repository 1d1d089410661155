#include "base/log_line.h"

#include "base/utf8.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <time.h>

/* Room kept free for the longest ending: ..."} and the mark of a cut line. */
#define TAIL_ROOM 24U

/* One escaped character, number or address; "[IPv6]:port" is the longest. */
#define PIECE_MAX 64U

struct line {
    char *at;
    size_t len;
    bool json;
    bool cut; /* something did not fit; nothing but the ending may follow */
};

/* Appends a piece whole or not at all. */
static void
piece(struct line *l, const char *text, size_t len)
{
    if (l->cut || l->len + len > ONYM_LOG_BODY_MAX - TAIL_ROOM) {
        l->cut = true;
        return;
    }
    memcpy(l->at + l->len, text, len);
    l->len += len;
}

static void
text(struct line *l, const char *t)
{
    piece(l, t, strlen(t));
}

/* The ending of a value or line, for which room was kept. */
static void
tail(struct line *l, const char *t)
{
    size_t len = strlen(t);

    memcpy(l->at + l->len, t, len);
    l->len += len;
}

/* Characters that move the cursor or turn the direction of a terminal's line. */
static bool
is_unsafe(uint32_t cp)
{
    return cp < 0x20 || (cp >= 0x7F && cp < 0xA0) || cp == 0x061C || cp == 0x200E || cp == 0x200F ||
           (cp >= 0x2028 && cp <= 0x202E) || (cp >= 0x2066 && cp <= 0x2069) || cp == 0xFEFF;
}

static size_t
escape(uint32_t cp, char out[PIECE_MAX])
{
    static const char letter[] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r', ['"'] = '"'};
    int len;

    if (cp == '\\' || (cp < sizeof letter && letter[cp] != 0)) {
        out[0] = '\\';
        out[1] = cp == '\\' ? '\\' : letter[cp];
        return 2;
    }
    len = snprintf(out, PIECE_MAX, "\\u%04" PRIx32, cp);
    return (size_t)len;
}

/* How many bytes from the front need no escape: nearly all of them, nearly always. */
static size_t
plain_run(onym_span value)
{
    size_t n = 0;

    while (n < value.len && value.at[n] >= 0x20 && value.at[n] < 0x7F && value.at[n] != '"' &&
           value.at[n] != '\\') {
        n++;
    }
    return n;
}

/* Appends what fits of bytes that may be cut anywhere. */
static void
run(struct line *l, const uint8_t *at, size_t len)
{
    const size_t end = ONYM_LOG_BODY_MAX - TAIL_ROOM;
    size_t room = l->len < end ? end - l->len : 0;

    if (len > room) {
        len = room;
        l->cut = true;
    }
    memcpy(l->at + l->len, at, len);
    l->len += len;
}

/* The inside of a quoted value. */
static void
escaped(struct line *l, onym_span value)
{
    while (value.len > 0 && !l->cut) {
        size_t plain = plain_run(value);
        const uint8_t *at = value.at;
        char unit[PIECE_MAX];
        uint32_t cp;

        if (plain > 0) {
            run(l, at, plain);
            value = onym_span_from(value, plain);
        } else if (!onym_utf8_next(&value, &cp)) {
            int len = l->json ? snprintf(unit, sizeof unit, "\xEF\xBF\xBD")
                              : snprintf(unit, sizeof unit, "\\x%02x", at[0]);
            piece(l, unit, (size_t)len);
            value = onym_span_from(value, 1);
        } else if (cp == '"' || cp == '\\' || is_unsafe(cp)) {
            piece(l, unit, escape(cp, unit));
        } else {
            piece(l, (const char *)at, (size_t)(value.at - at));
        }
    }
}

/* Whether text format may show the value without quotes. */
static bool
is_bare(onym_span value)
{
    uint32_t cp;

    if (value.len == 0) {
        return false;
    }
    while (value.len > 0) {
        if (!onym_utf8_next(&value, &cp) || cp == ' ' || cp == '"' || cp == '=' || cp == '\\' ||
            is_unsafe(cp)) {
            return false;
        }
    }
    return true;
}

static void
bytes_value(struct line *l, onym_span value)
{
    bool quoted = l->json || !is_bare(value);

    if (quoted) {
        text(l, "\"");
    }
    if (l->cut) {
        return;
    }
    escaped(l, value);
    if (l->cut) {
        tail(l, "...");
    }
    if (quoted) {
        tail(l, "\"");
    }
}

static void
address_value(struct line *l, const struct sockaddr *address)
{
    char host[INET6_ADDRSTRLEN] = "";
    char shown[PIECE_MAX] = "unknown";

    if (address != NULL && address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        (void)inet_ntop(AF_INET, &in.sin_addr, host, sizeof host);
        (void)snprintf(shown, sizeof shown, "%s:%u", host, ntohs(in.sin_port));
    } else if (address != NULL && address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        (void)inet_ntop(AF_INET6, &in6.sin6_addr, host, sizeof host);
        (void)snprintf(shown, sizeof shown, "[%s]:%u", host, ntohs(in6.sin6_port));
    }
    if (l->json) {
        text(l, "\"");
    }
    text(l, shown);
    if (l->json) {
        text(l, "\"");
    }
}

static void
number_value(struct line *l, const struct onym_log_field *field)
{
    char digits[PIECE_MAX];

    if (field->kind == ONYM_LOG_FIELD_I64) {
        (void)snprintf(digits, sizeof digits, "%" PRId64, field->as.i64);
    } else {
        (void)snprintf(digits, sizeof digits, "%" PRIu64, field->as.u64);
    }
    text(l, digits);
}

static void
field_key(struct line *l, const char *key)
{
    text(l, l->json ? ",\"" : " ");
    text(l, key);
    text(l, l->json ? "\":" : "=");
}

/* A text value may be shown in part; everything else is shown whole or left out. */
static void
put_field(struct line *l, const struct onym_log_field *field)
{
    size_t start = l->len;

    field_key(l, field->key);
    if (l->cut) {
        l->len = start;
        return;
    }
    if (field->kind == ONYM_LOG_FIELD_BYTES) {
        size_t value = l->len;
        bytes_value(l, field->as.bytes);
        if (l->cut && l->len == value) {
            l->len = start;
        }
        return;
    }
    if (field->kind == ONYM_LOG_FIELD_ADDRESS) {
        address_value(l, field->as.address);
    } else if (field->kind == ONYM_LOG_FIELD_BOOL) {
        text(l, field->as.u64 != 0 ? "true" : "false");
    } else {
        number_value(l, field);
    }
    if (l->cut) {
        l->len = start;
    }
}

const char *
onym_log_level_name(enum onym_log_level level)
{
    static const char *const names[] = {"error", "warning", "notice", "info", "debug"};

    return (unsigned)level < sizeof names / sizeof names[0] ? names[level] : "error";
}

static void
json_head(struct line *l, const struct onym_log_body *body)
{
    text(l, "\"level\":\"");
    text(l, onym_log_level_name(body->level));
    text(l, "\"");
    put_field(l, &(struct onym_log_field){.kind = ONYM_LOG_FIELD_BYTES,
                                          .key = "component",
                                          .as.bytes = onym_span_text(body->component)});
    put_field(l, &(struct onym_log_field){.kind = ONYM_LOG_FIELD_BYTES,
                                          .key = "event",
                                          .as.bytes = onym_span_text(body->event)});
    put_field(l, &(struct onym_log_field){.kind = ONYM_LOG_FIELD_BYTES,
                                          .key = "msg",
                                          .as.bytes = onym_span_text(body->msg)});
}

static void
text_head(struct line *l, const struct onym_log_body *body)
{
    static const char *const colors[] = {"\033[1;31m", "\033[33m", "\033[36m", "\033[32m",
                                         "\033[2m"};
    const char *name = onym_log_level_name(body->level);

    if (body->color) {
        text(l, colors[body->level]);
    }
    text(l, name);
    if (body->color) {
        text(l, "\033[0m");
    }
    /* levels line up so that the eye finds the component */
    piece(l, "        ", strlen("warning ") - strlen(name));
    text(l, body->component);
    text(l, ": ");
    escaped(l, onym_span_text(body->msg));
    put_field(l, &(struct onym_log_field){.kind = ONYM_LOG_FIELD_BYTES,
                                          .key = "event",
                                          .as.bytes = onym_span_text(body->event)});
}

size_t
onym_log_line_body(const struct onym_log_body *body, char out[ONYM_LOG_BODY_MAX])
{
    struct line l = {.at = out, .json = body->json};

    if (body->json) {
        json_head(&l, body);
    } else {
        text_head(&l, body);
    }
    for (const struct onym_log_field *f = body->fields; f->kind != ONYM_LOG_FIELD_END && !l.cut;
         f++) {
        put_field(&l, f);
    }
    if (l.cut) {
        tail(&l, body->json ? ",\"cut\":true" : " cut=true");
    }
    if (body->json) {
        tail(&l, "}");
    }
    return l.len;
}

size_t
onym_log_line_time(bool json, uint64_t epoch_ms, char out[ONYM_LOG_TIME_MAX])
{
    time_t s = (time_t)(epoch_ms / 1000U);
    unsigned ms = (unsigned)(epoch_ms % 1000U);
    struct tm tm;
    char seconds[ONYM_LOG_TIME_MAX] = "";
    char offset[8] = "";
    int len;

    if (json) {
        (void)gmtime_r(&s, &tm);
        (void)strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &tm);
        len = snprintf(out, ONYM_LOG_TIME_MAX, "{\"ts\":\"%.19s.%03uZ\",", seconds, ms);
    } else {
        (void)localtime_r(&s, &tm);
        (void)strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &tm);
        (void)strftime(offset, sizeof offset, "%z", &tm);
        len = snprintf(out, ONYM_LOG_TIME_MAX, "%.19s.%03u%.3s:%.2s ", seconds, ms, offset,
                       offset + 3);
    }
    return (size_t)len;
}
