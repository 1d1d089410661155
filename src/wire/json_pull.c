#include "wire/json_pull.h"

#include "wire/json_pull_priv.h"
#include "wire/json_scan.h"

#include <stdarg.h>
#include <stdio.h>

void
onym_json_open(struct onym_json *json, onym_span text, uint8_t *scratch, size_t cap,
               struct onym_json_error *error)
{
    const uint8_t *at = text.len > 0 ? text.at : (const uint8_t *)""; /* NULL has no end */

    json->start = at;
    json->at = at;
    json->end = at + text.len;
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
    /* at its end nothing more can be read, so the others need not look at `failed` */
    json->at = json->end;
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

bool COLD
onym_json_fail_colon(struct onym_json *json)
{
    return onym_json_fail(json, "column %zu: expected ':'", (size_t)(json->at - json->start) + 1);
}

static bool
is_space(uint8_t c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static const uint8_t *COLD
over_spaces(const uint8_t *p, const uint8_t *end)
{
    while (p < end && is_space(*p)) {
        p++;
    }
    return p;
}

/* The first byte that is no white space. Most texts have none. */
static inline const uint8_t *
over_space(const uint8_t *p, const uint8_t *end)
{
    return __builtin_expect(p<end && * p> ' ', 1) ? p : over_spaces(p, end);
}

enum onym_json_kind
onym_json_peek(struct onym_json *json)
{
    json->at = over_space(json->at, json->end);
    if (json->at == json->end) {
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

/* Whether the text goes on as that literal does: `not so` begins like null. */
static bool
spells(const struct onym_json *json, const char *literal)
{
    size_t len = strlen(literal);

    return (size_t)(json->end - json->at) >= len && memcmp(json->at, literal, len) == 0;
}

bool COLD
onym_json_fail_kind(struct onym_json *json, const char *expected)
{
    static const char *const found[] = {[ONYM_JSON_NONE] = "not a JSON value",
                                        [ONYM_JSON_OBJECT] = "an object",
                                        [ONYM_JSON_ARRAY] = "an array",
                                        [ONYM_JSON_STRING] = "a string",
                                        [ONYM_JSON_NUMBER] = "a number",
                                        [ONYM_JSON_BOOL] = "true or false",
                                        [ONYM_JSON_NULL] = "null"};
    enum onym_json_kind kind = onym_json_peek(json);

    if ((kind == ONYM_JSON_NULL && !spells(json, "null")) ||
        (kind == ONYM_JSON_BOOL && !spells(json, "true") && !spells(json, "false"))) {
        kind = ONYM_JSON_NONE;
    }
    if (spells(json, "\xEF\xBB\xBF")) { /* editors of Windows put it there, unseen */
        return onym_json_fail(json, "a byte order mark; expected %s", expected);
    }
    return json->at == json->end ? onym_json_fail(json, "the text ends; expected %s", expected)
                                 : onym_json_fail(json, "%s; expected %s", found[kind], expected);
}

bool
onym_json_end(struct onym_json *json)
{
    json->at = over_space(json->at, json->end);
    if (json->at < json->end) {
        return onym_json_fail(json, "more text behind the value; expected the end of the line");
    }
    return !json->failed;
}

bool
onym_json_enter(struct onym_json *json, char bracket, const char *expected)
{
    const uint8_t *p = over_space(json->at, json->end);
    struct onym_json_level *level;

    if (p == json->end || *p != (uint8_t)bracket) {
        json->at = p;
        return onym_json_fail_kind(json, expected);
    }
    if (json->depth == ONYM_JSON_DEPTH_MAX) {
        return onym_json_fail(json, "nested deeper than %u", ONYM_JSON_DEPTH_MAX);
    }
    json->at = p + 1;
    level = &json->level[json->depth++];
    level->member = NULL;
    level->index = UINT32_MAX;
    level->fresh = true;
    return true;
}

bool
onym_json_object(struct onym_json *json)
{
    return onym_json_enter(json, '{', "an object");
}

bool
onym_json_array(struct onym_json *json)
{
    return onym_json_enter(json, '[', "an array");
}

static const uint8_t *COLD
fail_next(struct onym_json *json, const uint8_t *p, char bracket)
{
    json->at = p;
    if (p == json->end) {
        (void)onym_json_fail(json, "the text ends; expected ',' or '%c'", bracket);
    } else {
        (void)onym_json_fail(json, "column %zu: expected ',' or '%c'",
                             (size_t)(p - json->start) + 1, bracket);
    }
    return NULL;
}

/* Where the next member or item begins, behind the ',' in front of it. NULL at the closing bracket,
 * which is left behind, or after a failure. */
static inline const uint8_t *
next(struct onym_json *json, char bracket)
{
    const uint8_t *p = over_space(json->at, json->end);

    if (__builtin_expect(p == json->end, 0)) {
        return fail_next(json, p, bracket);
    }
    if (*p == (uint8_t)bracket) {
        json->at = p + 1;
        json->depth--;
        return NULL;
    }
    if (json->level[json->depth - 1].fresh) {
        return p;
    }
    return *p == ',' ? over_space(p + 1, json->end) : fail_next(json, p, bracket);
}

bool
onym_json_item(struct onym_json *json)
{
    const uint8_t *p = next(json, ']');

    if (p == NULL) {
        return false;
    }
    json->at = p;
    json->level[json->depth - 1].fresh = false;
    json->level[json->depth - 1].index++;
    return true;
}

static inline bool
is_name(onym_span text, const struct onym_json_name *name)
{
    return text.len == name->len && onym_json_same(text.at, (const uint8_t *)name->text, text.len);
}

bool
onym_json_string(struct onym_json *json, onym_span *out)
{
    const uint8_t *end = json->end;
    const uint8_t *p = over_space(json->at, end);
    const uint8_t *start = p + 1;

    if (__builtin_expect(p == end || *p != '"', 0)) {
        json->at = p;
        return onym_json_fail_kind(json, "a string");
    }
    p = onym_json_plain_end(start, end);
    if (__builtin_expect(p < end && *p == '"', 1)) {
        *out = onym_span_of(start, (size_t)(p - start));
        json->at = p + 1;
        return true;
    }
    json->at = p;
    return p < end && *p == '\\' ? onym_json_copy_string(json, start, out)
                                 : onym_json_fail_string(json);
}

/* Behind the name, in quotes, when that is what stands at p; else NULL. */
static inline const uint8_t *
over_name(const uint8_t *p, const uint8_t *end, const struct onym_json_name *name)
{
    size_t len = name->len;

    return (size_t)(end - p) >= len + 2 && p[0] == '"' && p[len + 1] == '"' &&
                   onym_json_same(p + 1, (const uint8_t *)name->text, len)
               ? p + len + 2
               : NULL;
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
    return onym_json_fail(json, "unknown member \"%.*s\"; expected one of %s",
                          text.len < 40 ? (int)text.len : 40, (const char *)text.at, known);
}

/* Reads a name that is not the expected one; its position in names, or count after a failure. */
static unsigned __attribute__((noinline))
find_name(struct onym_json *json, const struct onym_json_name *names, unsigned count)
{
    onym_span text = {0};

    json->level[json->depth - 1].fresh = true; /* a complaint here is not about the last member */
    if (!onym_json_string(json, &text)) {
        return count;
    }
    for (unsigned at = 0; at < count; at++) {
        if (is_name(text, &names[at])) {
            return at;
        }
    }
    (void)fail_name(json, text, names, count);
    return count;
}

static int COLD
fail_member(struct onym_json *json, const char *problem)
{
    (void)onym_json_fail(json, "%s", problem);
    return -1;
}

int
onym_json_member(struct onym_json *json, const struct onym_json_name *names, unsigned count,
                 uint32_t *seen)
{
    const uint8_t *end = json->end;
    const uint8_t *p = next(json, '}');
    const uint8_t *behind = NULL;
    struct onym_json_level *level;
    unsigned at;

    if (p == NULL) {
        return -1;
    }
    level = &json->level[json->depth - 1];
    /* writers keep one order, so the next name is usually the one after the last */
    at = level->index + 1;
    if (at < count) {
        behind = over_name(p, end, &names[at]);
    }
    if (behind == NULL) {
        json->at = p;
        at = find_name(json, names, count);
        if (at == count) {
            return -1;
        }
        behind = json->at;
    }
    level->member = &names[at];
    level->index = at;
    level->fresh = false;
    p = over_space(behind, end);
    json->at = p;
    if (__builtin_expect((*seen & (1U << at)) != 0, 0)) {
        return fail_member(json, "comes twice");
    }
    *seen |= 1U << at;
    if (p == end || *p != ':') {
        (void)onym_json_fail_colon(json);
        return -1;
    }
    json->at = p + 1;
    return (int)at;
}

void
onym_json_go_to(struct onym_json *json, const struct onym_json_name *names, unsigned member,
                const uint8_t *value)
{
    struct onym_json_level *level = &json->level[json->depth - 1];

    level->member = &names[member];
    level->index = member;
    level->fresh = false;
    json->at = value;
}

bool
onym_json_any_member(struct onym_json *json)
{
    const uint8_t *p = next(json, '}');
    size_t scratch_len = json->scratch_len;
    onym_span text;

    if (p == NULL) {
        return false;
    }
    json->at = p;
    json->level[json->depth - 1].fresh = false;
    if (!onym_json_string(json, &text)) {
        return false;
    }
    json->scratch_len = scratch_len;
    json->at = over_space(json->at, json->end);
    if (json->at == json->end || *json->at != ':') {
        return onym_json_fail_colon(json);
    }
    json->at++;
    return true;
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
    const uint8_t *p = over_space(json->at, json->end);
    const uint8_t *digits;
    uint64_t v = 0;
    bool negative;

    json->at = p;
    negative = p < json->end && *p == '-';
    p += negative;
    digits = p;
    for (; p < json->end && (uint8_t)(*p - '0') < 10; p++) {
        v = v * 10 + (uint64_t)(*p - '0'); /* more than 18 digits are refused below */
    }
    if (p == digits) {
        return onym_json_fail_kind(json, "a whole number");
    }
    if (p - digits > 1 && *digits == '0') {
        return onym_json_fail(json, "a number that begins with 0; expected a whole number");
    }
    if (p < json->end && (*p == '.' || *p == 'e' || *p == 'E')) {
        return onym_json_fail(json, "a fraction or exponent; expected a whole number");
    }
    int64_t number = 0;

    if (p - digits <= 18) {
        number = negative ? -(int64_t)v : (int64_t)v;
    }
    if (p - digits > 18 || number < least || number > most) {
        return fail_range(json, p, least, most);
    }
    json->at = p;
    *out = number;
    return true;
}

bool
onym_json_literal(struct onym_json *json, const char *word)
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
        return onym_json_fail_kind(json, "true or false");
    }
    bool value = *json->at == 't';

    if (!onym_json_literal(json, value ? "true" : "false")) {
        return false;
    }
    *out = value;
    return true;
}

void
onym_json_seek(struct onym_json *json, const uint8_t *at)
{
    json->at = at;
}
