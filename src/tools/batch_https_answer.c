#include "tools/batch_https_answer.h"

#include "wire/http1_body.h"
#include "wire/json_pull.h"

#include <stdio.h>
#include <stdlib.h>

#define HEAD_MAX  16384U
#define LINES_MAX ((size_t)1 << 20)
#define READ_MAX  ((size_t)64 << 10)
#define WORDS     5U

struct onym_batch_answer {
    bool dry_run;
    bool is_body, is_over, is_broken;
    int status;
    size_t head_len;
    char head[HEAD_MAX];
    struct onym_http1_content content;
    size_t at, len; /* of lines */
    uint8_t lines[LINES_MAX];
    uint8_t scratch[ONYM_JSON_SCRATCH_LEN(32768)];
    char detail[256];
};

struct onym_batch_answer *
onym_batch_answer_new(void)
{
    return malloc(sizeof(struct onym_batch_answer));
}

void
onym_batch_answer_free(struct onym_batch_answer *a)
{
    free(a);
}

void
onym_batch_answer_begin(struct onym_batch_answer *a)
{
    a->is_body = a->is_over = a->is_broken = false;
    a->status = 0;
    a->head_len = a->at = a->len = 0;
    a->detail[0] = '\0';
}

/* ---- bytes ---- */

/* The head is complete: what follows? */
static bool
begin_body(struct onym_batch_answer *a)
{
    struct onym_http1_request as = {.body = ONYM_HTTP1_NO_BODY};
    const char *length = strcasestr(a->head, "\r\nContent-Length:");

    if (sscanf(a->head, "HTTP/1.1 %3d", &a->status) != 1) {
        return false;
    }
    if (a->status == 100) {
        a->head_len = 0;
        return true;
    }
    if (strcasestr(a->head, "\r\nTransfer-Encoding: chunked\r\n") != NULL) {
        as.body = ONYM_HTTP1_CHUNKED_BODY;
    } else if (length != NULL) {
        as.body_len = strtoull(length + 17, NULL, 10);
        as.body = as.body_len > 0 ? ONYM_HTTP1_SIZED_BODY : ONYM_HTTP1_NO_BODY;
    }
    onym_http1_body_init(&a->content, &as);
    a->is_body = true;
    a->is_over = as.body == ONYM_HTTP1_NO_BODY;
    return true;
}

static bool
take(struct onym_batch_answer *a, onym_span text)
{
    while (text.len > 0 && !a->is_body) {
        if (a->head_len == HEAD_MAX - 1) {
            return false;
        }
        a->head[a->head_len++] = (char)text.at[0];
        text = onym_span_from(text, 1);
        a->head[a->head_len] = '\0';
        if (a->head_len >= 4 && memcmp(a->head + a->head_len - 4, "\r\n\r\n", 4) == 0 &&
            !begin_body(a)) {
            return false;
        }
    }
    while (text.len > 0 && !a->is_over) {
        onym_span data;
        enum onym_http1_step step = onym_http1_body_feed(&a->content, &text, &data);

        if (step == ONYM_HTTP1_REFUSED || data.len > LINES_MAX - a->len) {
            return false;
        }
        if (data.len > 0) {
            memcpy(a->lines + a->len, data.at, data.len);
            a->len += data.len;
        }
        a->is_over = step == ONYM_HTTP1_READY;
    }
    return text.len == 0;
}

bool
onym_batch_answer_read(struct onym_batch_answer *a, struct onym_tls_dial *dial, bool dry_run)
{
    uint8_t bytes[READ_MAX];

    a->dry_run = dry_run;
    if (a->at > 0) {
        a->len -= a->at;
        memmove(a->lines, a->lines + a->at, a->len);
        a->at = 0;
    }
    while (!a->is_broken && LINES_MAX - a->len >= READ_MAX) {
        size_t done = 0;
        enum onym_tls_dial_state state = onym_tls_dial_read(dial, bytes, sizeof bytes, &done);

        a->is_broken = done > 0 && !take(a, onym_span_of(bytes, done));
        if (state != ONYM_TLS_DIAL_DONE) {
            return state != ONYM_TLS_DIAL_ENDED;
        }
    }
    return true;
}

/* ---- lines ---- */

enum { ROW, ID, STATUS, REV, CODE, NAME, FIELD, DETAIL, SUMMARY, MEMBERS };

struct line {
    bool is_end;
    int64_t row, code;
    onym_span status, name, field, detail;
};

static bool
read_member(struct onym_json *json, int member, struct line *out)
{
    onym_span id;

    switch (member) {
    case ROW:
        return onym_json_integer(json, 1, INT64_MAX, &out->row);
    case CODE:
        return onym_json_integer(json, 0, UINT32_MAX, &out->code);
    case ID:
        return onym_json_string(json, &id);
    case STATUS:
        return onym_json_string(json, &out->status);
    case NAME:
        return onym_json_string(json, &out->name);
    case FIELD:
        return onym_json_string(json, &out->field);
    case DETAIL:
        return onym_json_string(json, &out->detail);
    case SUMMARY:
        out->is_end = true;
        return onym_json_skip(json);
    case REV:
    default:
        return onym_json_skip(json);
    }
}

static bool
read_line(struct onym_batch_answer *a, onym_span text, struct line *out)
{
    static const struct onym_json_name names[] = {
        [ROW] = ONYM_JSON_NAME("row"),         [ID] = ONYM_JSON_NAME("id"),
        [STATUS] = ONYM_JSON_NAME("status"),   [REV] = ONYM_JSON_NAME("rev"),
        [CODE] = ONYM_JSON_NAME("code"),       [NAME] = ONYM_JSON_NAME("name"),
        [FIELD] = ONYM_JSON_NAME("field"),     [DETAIL] = ONYM_JSON_NAME("detail"),
        [SUMMARY] = ONYM_JSON_NAME("summary"),
    };
    struct onym_json_error error;
    struct onym_json json;
    uint32_t seen = 0;
    int member;

    *out = (struct line){.row = 0};
    onym_json_open(&json, text, a->scratch, sizeof a->scratch, &error);
    if (!onym_json_object(&json)) {
        return false;
    }
    while (!out->is_end && (member = onym_json_member(&json, names, MEMBERS, &seen)) >= 0) {
        if (!read_member(&json, member, out)) {
            return false;
        }
    }
    return !json.failed;
}

static const char *
verdict_of(onym_span status, bool dry_run)
{
    static const char *const words[WORDS][2] = {{"created", "would create"},
                                                {"replaced", "would replace"},
                                                {"unchanged", "unchanged"},
                                                {"deleted", "would delete"},
                                                {"failed", "would fail"}};

    for (size_t i = 0; i < WORDS; i++) {
        if (onym_span_equal(status, onym_span_text(words[i][0]))) {
            return words[i][dry_run];
        }
    }
    return NULL;
}

static bool
is_passing(onym_span name)
{
    static const char *const names[] = {"BUSY", "FULL", "NO_MEMORY"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (onym_span_equal(name, onym_span_text(names[i]))) {
            return true;
        }
    }
    return false;
}

static bool
judge(const struct onym_batch_answer *a, const struct line *line, struct onym_batch_verdict *out)
{
    *out = (struct onym_batch_verdict){
        .row = (uint64_t)line->row,
        .verdict = verdict_of(line->status, a->dry_run),
        .failed = onym_span_equal(line->status, onym_span_text("failed")),
        .missing = onym_span_equal(line->name, onym_span_text("NOT_FOUND")),
        .passing = is_passing(line->name),
        .code = (uint32_t)line->code};
    (void)snprintf(out->reason, sizeof out->reason, "%.*s%s%.*s", (int)line->field.len,
                   (const char *)line->field.at, line->field.len > 0 ? ": " : "",
                   (int)line->detail.len, (const char *)line->detail.at);
    return out->verdict != NULL && line->row > 0;
}

/* The detail of a problem; the status line when there is none. */
static void
read_problem(struct onym_batch_answer *a)
{
    static const char key[] = "\"detail\":";
    const uint8_t *at = memmem(a->lines, a->len, key, sizeof key - 1);
    struct onym_json_error error;
    struct onym_json json;
    onym_span text = onym_span_of(a->head, strcspn(a->head, "\r"));

    if (at != NULL) {
        at += sizeof key - 1;
        onym_json_open(&json, onym_span_of(at, (size_t)(a->lines + a->len - at)), a->scratch,
                       sizeof a->scratch, &error);
        (void)onym_json_string(&json, &text);
    }
    (void)snprintf(a->detail, sizeof a->detail, "%.*s", (int)text.len, (const char *)text.at);
}

enum onym_batch_heard
onym_batch_answer_next(struct onym_batch_answer *a, struct onym_batch_verdict *out)
{
    onym_span rest = onym_span_of(a->lines + a->at, a->len - a->at);
    const uint8_t *end = rest.len > 0 ? memchr(rest.at, '\n', rest.len) : NULL;
    struct line line;

    if (a->is_broken) {
        return ONYM_BATCH_HEARD_BROKEN;
    }
    if (a->is_body && a->status != 200) {
        if (!a->is_over) {
            return ONYM_BATCH_HEARD_NOTHING;
        }
        read_problem(a);
        return ONYM_BATCH_HEARD_PROBLEM;
    }
    if (end == NULL) {
        return a->is_over ? ONYM_BATCH_HEARD_END : ONYM_BATCH_HEARD_NOTHING;
    }
    a->at += (size_t)(end - rest.at) + 1;
    if (!read_line(a, onym_span_front(rest, (size_t)(end - rest.at)), &line)) {
        return ONYM_BATCH_HEARD_BROKEN;
    }
    if (line.is_end) {
        return ONYM_BATCH_HEARD_END;
    }
    return judge(a, &line, out) ? ONYM_BATCH_HEARD_ROW : ONYM_BATCH_HEARD_BROKEN;
}

const char *
onym_batch_answer_problem(const struct onym_batch_answer *a, int *status)
{
    *status = a->status;
    return a->detail;
}
