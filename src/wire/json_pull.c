#include "wire/json_pull.h"

#include "wire/json_pull_priv.h"
#include "wire/json_scan.h"

#include <stdarg.h>
#include <stdio.h>

void
onym_json_open(struct onym_json *json, onym_span text, uint8_t *scratch, size_t cap,
               struct onym_json_error *error)
{
    json->start = text.at;
    json->at = text.at;
    json->end = text.at + text.len;
    json->scratch = scratch;
    json->scratch_len = 0;
    json->scratch_cap = cap;
    json->error = error;
    json->failed = false;
    json->depth = 0;
}

/* Complaints stay out of the functions that complain: their buffers would cost each call. */
#define COLD __attribute__((cold, noinline))

/* Where the reader stands, as "values[2].data.value". */
static void
write_path(const struct onym_json *json, char *out, size_t cap)
{
    size_t len = 0;

    out[0] = '\0';
    for (unsigned i = 0; i < json->depth && len < cap; i++) {
        const struct onym_json_level *level = &json->level[i];
        int n = 0;

        if (level->fresh) {
            continue;
        }
        if (level->member != NULL) {
            n = snprintf(out + len, cap - len, "%s%s", len > 0 ? "." : "", level->member->text);
        } else {
            n = snprintf(out + len, cap - len, "[%u]", (unsigned)level->index);
        }
        len += (size_t)n;
    }
}

bool
onym_json_fail(struct onym_json *json, const char *format, ...)
{
    va_list args;

    if (!json->failed) {
        json->failed = true;
        json->error->offset = (size_t)(json->at - json->start);
        write_path(json, json->error->field, sizeof json->error->field);
        va_start(args, format);
        (void)vsnprintf(json->error->problem, sizeof json->error->problem, format, args);
        va_end(args);
    }
    return false;
}

uint8_t *
onym_json_take(struct onym_json *json, size_t len)
{
    uint8_t *at = json->scratch + json->scratch_len;

    if (len > json->scratch_cap - json->scratch_len) {
        (void)onym_json_fail(json, "too long");
        return NULL;
    }
    json->scratch_len += len;
    return at;
}

static bool COLD
fail_colon(struct onym_json *json)
{
    return onym_json_fail(json, "column %zu: expected ':'", (size_t)(json->at - json->start) + 1);
}

static inline void
skip_space(struct onym_json *json)
{
    while (json->at < json->end && *json->at <= ' ' &&
           (*json->at == ' ' || *json->at == '\n' || *json->at == '\t' || *json->at == '\r')) {
        json->at++;
    }
}

enum onym_json_kind
onym_json_peek(struct onym_json *json)
{
    skip_space(json);
    if (json->failed || json->at == json->end) {
        return ONYM_JSON_NONE;
    }
    switch (*json->at) {
    case '{':
        return ONYM_JSON_OBJECT;
    case '[':
        return ONYM_JSON_ARRAY;
    case '"':
        return ONYM_JSON_STRING;
    case 't':
    case 'f':
        return ONYM_JSON_BOOL;
    case 'n':
        return ONYM_JSON_NULL;
    default:
        return *json->at == '-' || (*json->at >= '0' && *json->at <= '9') ? ONYM_JSON_NUMBER
                                                                          : ONYM_JSON_NONE;
    }
}

static bool COLD
fail_kind(struct onym_json *json, const char *expected)
{
    static const char *const found[] = {[ONYM_JSON_NONE] = "not a JSON value",
                                        [ONYM_JSON_OBJECT] = "an object",
                                        [ONYM_JSON_ARRAY] = "an array",
                                        [ONYM_JSON_STRING] = "a string",
                                        [ONYM_JSON_NUMBER] = "a number",
                                        [ONYM_JSON_BOOL] = "true or false",
                                        [ONYM_JSON_NULL] = "null"};
    enum onym_json_kind kind = onym_json_peek(json);

    return json->at == json->end ? onym_json_fail(json, "the text ends; expected %s", expected)
                                 : onym_json_fail(json, "%s; expected %s", found[kind], expected);
}

bool
onym_json_end(struct onym_json *json)
{
    skip_space(json);
    if (!json->failed && json->at < json->end) {
        return onym_json_fail(json, "more text behind the value; expected the end of the line");
    }
    return !json->failed;
}

static bool
enter(struct onym_json *json, char bracket, const char *expected)
{
    skip_space(json);
    if (json->failed || json->at == json->end || *json->at != (uint8_t)bracket) {
        return fail_kind(json, expected);
    }
    if (json->depth == ONYM_JSON_DEPTH_MAX) {
        return onym_json_fail(json, "nested deeper than %u", ONYM_JSON_DEPTH_MAX);
    }
    json->at++;
    json->level[json->depth++] = (struct onym_json_level){.fresh = true, .index = UINT32_MAX};
    return true;
}

bool
onym_json_object(struct onym_json *json)
{
    return enter(json, '{', "an object");
}

bool
onym_json_array(struct onym_json *json)
{
    return enter(json, '[', "an array");
}

/* Moves over the ',' before the next member or item. False at the closing bracket or a failure. */
static inline bool
next(struct onym_json *json, char bracket)
{
    struct onym_json_level *level;

    if (json->failed) {
        return false;
    }
    level = &json->level[json->depth - 1];
    skip_space(json);
    if (json->at < json->end && *json->at == (uint8_t)bracket) {
        json->at++;
        json->depth--;
        return false;
    }
    if (level->fresh) {
        return true;
    }
    if (json->at == json->end) {
        return onym_json_fail(json, "the text ends; expected ',' or '%c'", bracket);
    }
    if (*json->at != ',') {
        return onym_json_fail(json, "column %zu: expected ',' or '%c'",
                              (size_t)(json->at - json->start) + 1, bracket);
    }
    json->at++;
    return true;
}

bool
onym_json_item(struct onym_json *json)
{
    if (!next(json, ']')) {
        return false;
    }
    json->level[json->depth - 1].fresh = false;
    json->level[json->depth - 1].index++;
    return true;
}

static inline bool
is_name(onym_span text, const struct onym_json_name *name)
{
    return text.len == name->len && onym_json_same(text.at, (const uint8_t *)name->text, text.len);
}

static inline bool
read_string(struct onym_json *json, onym_span *out)
{
    const uint8_t *start;

    skip_space(json);
    if (__builtin_expect(json->failed || json->at == json->end || *json->at != '"', 0)) {
        return fail_kind(json, "a string");
    }
    start = json->at + 1;
    json->at = onym_json_plain_end(start, json->end);
    if (__builtin_expect(json->at < json->end && *json->at == '"', 1)) {
        *out = onym_span_of(start, (size_t)(json->at - start));
        json->at++;
        return true;
    }
    return json->at < json->end && *json->at == '\\' ? onym_json_copy_string(json, start, out)
                                                     : onym_json_fail_string(json);
}

bool
onym_json_string(struct onym_json *json, onym_span *out)
{
    return read_string(json, out);
}

/* Moves over the name, in quotes, when it is what stands next. */
static inline bool
take_name(struct onym_json *json, const struct onym_json_name *name)
{
    const uint8_t *p;

    skip_space(json);
    p = json->at;
    if ((size_t)(json->end - p) < name->len + 2 || p[0] != '"' || p[name->len + 1] != '"' ||
        !onym_json_same(p + 1, (const uint8_t *)name->text, name->len)) {
        return false;
    }
    json->at = p + name->len + 2;
    return true;
}

static bool COLD
fail_name(struct onym_json *json, onym_span text, const struct onym_json_name *names,
          unsigned count)
{
    char known[160] = "";
    size_t len = 0;

    for (unsigned i = 0; i < count && len < sizeof known; i++) {
        len += (size_t)snprintf(known + len, sizeof known - len, "%s%s", i > 0 ? ", " : "",
                                names[i].text);
    }
    json->level[json->depth - 1].fresh = true; /* the path ends above the unknown member */
    return onym_json_fail(json, "unknown member \"%.*s\"; expected one of %s",
                          text.len < 40 ? (int)text.len : 40, (const char *)text.at, known);
}

int
onym_json_member(struct onym_json *json, const struct onym_json_name *names, unsigned count,
                 uint32_t *seen)
{
    struct onym_json_level *level;
    onym_span text;
    unsigned at;

    if (!next(json, '}')) {
        return -1;
    }
    level = &json->level[json->depth - 1];
    /* writers keep one order, so the next name is usually the one after the last */
    at = level->index + 1;
    if (at >= count || !take_name(json, &names[at])) {
        if (!read_string(json, &text)) {
            return -1;
        }
        for (at = 0; at < count && !is_name(text, &names[at]); at++) {
        }
        if (at == count) {
            (void)fail_name(json, text, names, count);
            return -1;
        }
    }
    level->member = &names[at];
    level->index = at;
    level->fresh = false;
    if ((*seen & (1U << at)) != 0) {
        (void)onym_json_fail(json, "comes twice");
        return -1;
    }
    *seen |= 1U << at;
    skip_space(json);
    if (json->at == json->end || *json->at != ':') {
        (void)fail_colon(json);
        return -1;
    }
    json->at++;
    return (int)at;
}

static bool COLD
fail_range(struct onym_json *json, const uint8_t *end, int64_t least, int64_t most)
{
    int len = end - json->at < 24 ? (int)(end - json->at) : 24;

    return onym_json_fail(json, "%.*s; expected %lld to %lld", len, (const char *)json->at,
                          (long long)least, (long long)most);
}

bool
onym_json_integer(struct onym_json *json, int64_t least, int64_t most, int64_t *out)
{
    const uint8_t *p;
    bool negative;
    uint64_t v = 0;
    int digits = 0;

    if (onym_json_peek(json) != ONYM_JSON_NUMBER) {
        return fail_kind(json, "a whole number");
    }
    p = json->at;
    negative = *p == '-';
    p += negative;
    for (; p < json->end && *p >= '0' && *p <= '9'; p++) {
        /* 18 digits fit; a nineteenth is over every bound this program knows */
        if (digits++ < 18) {
            v = v * 10 + (uint64_t)(*p - '0');
        }
    }
    if (digits == 0 || (digits > 1 && p[-digits] == '0')) {
        return onym_json_fail(json, "not a number; expected a whole number");
    }
    if (p < json->end && (*p == '.' || *p == 'e' || *p == 'E')) {
        return onym_json_fail(json, "a fraction or exponent; expected a whole number");
    }
    int64_t number = negative ? -(int64_t)v : (int64_t)v;

    if (digits > 18 || number < least || number > most) {
        return fail_range(json, p, least, most);
    }
    json->at = p;
    *out = number;
    return true;
}

static bool
literal(struct onym_json *json, const char *word)
{
    size_t len = strlen(word);

    if ((size_t)(json->end - json->at) < len || memcmp(json->at, word, len) != 0) {
        return onym_json_fail(json, "not a JSON value; expected %s", word);
    }
    json->at += len;
    return true;
}

bool
onym_json_bool(struct onym_json *json, bool *out)
{
    if (onym_json_peek(json) != ONYM_JSON_BOOL) {
        return fail_kind(json, "true or false");
    }
    bool value = *json->at == 't';

    if (!literal(json, value ? "true" : "false")) {
        return false;
    }
    *out = value;
    return true;
}

/* A number of any form, for skipping. */
static bool
skip_number(struct onym_json *json)
{
    const uint8_t *p = json->at + (*json->at == '-');
    const uint8_t *digits = p;

    while (p < json->end && *p >= '0' && *p <= '9') {
        p++;
    }
    if (p == digits || (p > digits + 1 && *digits == '0')) {
        return onym_json_fail(json, "not a number");
    }
    if (p < json->end && *p == '.') {
        digits = ++p;
        while (p < json->end && *p >= '0' && *p <= '9') {
            p++;
        }
        if (p == digits) {
            return onym_json_fail(json, "not a number");
        }
    }
    if (p < json->end && (*p == 'e' || *p == 'E')) {
        p++;
        p += p < json->end && (*p == '+' || *p == '-');
        digits = p;
        while (p < json->end && *p >= '0' && *p <= '9') {
            p++;
        }
        if (p == digits) {
            return onym_json_fail(json, "not a number");
        }
    }
    json->at = p;
    return true;
}

static bool
skip_scalar(struct onym_json *json)
{
    size_t scratch_len = json->scratch_len;
    onym_span text;
    bool flag;

    switch (onym_json_peek(json)) {
    case ONYM_JSON_STRING:
        if (!onym_json_string(json, &text)) {
            return false;
        }
        json->scratch_len = scratch_len;
        return true;
    case ONYM_JSON_NUMBER:
        return skip_number(json);
    case ONYM_JSON_BOOL:
        return onym_json_bool(json, &flag);
    case ONYM_JSON_NULL:
        return literal(json, "null");
    case ONYM_JSON_OBJECT:
    case ONYM_JSON_ARRAY:
    case ONYM_JSON_NONE:
    default:
        return fail_kind(json, "a value");
    }
}

/* The name and ':' of a member whose name does not matter. */
static bool
skip_name(struct onym_json *json)
{
    onym_span text;
    size_t scratch_len = json->scratch_len;

    if (!onym_json_string(json, &text)) {
        return false;
    }
    json->scratch_len = scratch_len;
    skip_space(json);
    if (json->at == json->end || *json->at != ':') {
        return fail_colon(json);
    }
    json->at++;
    return true;
}

bool
onym_json_skip(struct onym_json *json)
{
    static const struct onym_json_name any = ONYM_JSON_NAME("*");
    unsigned floor = json->depth;
    bool value_next = true; /* a value is due, not a ',' or a bracket */

    while (!json->failed && (value_next || json->depth > floor)) {
        if (value_next) {
            enum onym_json_kind kind = onym_json_peek(json);

            if (kind == ONYM_JSON_OBJECT || kind == ONYM_JSON_ARRAY) {
                (void)enter(json, (char)*json->at, "a value");
                if (!json->failed && kind == ONYM_JSON_OBJECT) {
                    json->level[json->depth - 1].member = &any;
                }
            } else {
                (void)skip_scalar(json);
            }
            value_next = false;
        } else if (json->level[json->depth - 1].member != NULL) {
            if (next(json, '}')) {
                json->level[json->depth - 1].fresh = false;
                value_next = skip_name(json);
            }
        } else {
            value_next = onym_json_item(json);
        }
    }
    return !json->failed;
}

void
onym_json_seek(struct onym_json *json, const uint8_t *at)
{
    json->at = at;
}
