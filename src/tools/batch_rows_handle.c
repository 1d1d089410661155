/* Batch files of the Handle tools: an operation with its identifier on a line, values on the lines
 * behind it, an empty line in between.
 *
 *   CREATE 88.300.15907/part-1
 *   100 HS_ADMIN 86400 1110 ADMIN 300:111111111111:0.NA/88.300.15907
 *   1 URL 86400 1110 UTF8 https://example.cn/p1
 *
 *   REMOVE 2,3:88.300.15907/part-1
 */
#include "tools/batch_rows_priv.h"

#include "tools/batch_words.h"

#include <stdlib.h>

enum verb { VERB_HOME = 100, VERB_UNHOME, VERB_AUTHENTICATE, VERB_SESSION };

static const struct {
    const char *word;
    int verb; /* enum onym_action or enum verb */
} verbs[] = {{"CREATE", ONYM_ACTION_CREATE}, {"ADD", ONYM_ACTION_ADD},
             {"REMOVE", ONYM_ACTION_REMOVE}, {"MODIFY", ONYM_ACTION_MODIFY},
             {"DELETE", ONYM_ACTION_DELETE}, {"HOME", VERB_HOME},
             {"UNHOME", VERB_UNHOME},        {"AUTHENTICATE", VERB_AUTHENTICATE},
             {"SESSIONSETUP", VERB_SESSION}};

/* ---- words ---- */

/* 0 when the line begins with no operation. */
static int
verb_of(onym_span line, onym_span *rest)
{
    line = onym_batch_trim(line);
    if (line.len == 0) {
        return 0;
    }
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        size_t len = strlen(verbs[i].word);

        if (line.len >= len && strncasecmp((const char *)line.at, verbs[i].word, len) == 0 &&
            (line.len == len || line.at[len] == ' ' || line.at[len] == '\t')) {
            *rest = onym_batch_trim(onym_span_from(line, len));
            return verbs[i].verb;
        }
    }
    return 0;
}

bool
onym_batch_handle_begins(onym_span line)
{
    onym_span rest;

    return verb_of(line, &rest) != 0;
}

/* ---- lines ---- */

static bool
is_comment(onym_span line)
{
    return line.len > 0 && line.at[0] == '#';
}

/* The next line, trimmed, comment or not; one that was pushed back comes again. */
static enum onym_status
next_line(struct onym_batch_rows *rows, onym_span *line, struct onym_fault *fault)
{
    enum onym_status status;

    if (rows->pushed_back) {
        rows->pushed_back = false;
        *line = rows->pushed;
        return ONYM_OK;
    }
    status = onym_line_input_next(rows->lines, line, fault);
    if (status == ONYM_OK && !is_comment(*line)) {
        *line = onym_batch_trim(*line);
    }
    return status;
}

/* Copies a line behind the row's other lines; *at is where it went (an offset: text may move). */
static bool
keep_line(struct onym_batch_rows *rows, onym_span line, size_t *at)
{
    size_t need = rows->text_len + line.len + 1;

    if (need > 2U * ONYM_LINE_LEN_MAX) {
        return false;
    }
    if (need > rows->text_cap) {
        size_t cap = need * 2 + 4096;
        uint8_t *grown = realloc(rows->text, cap);

        if (grown == NULL) {
            return false;
        }
        rows->text = grown;
        rows->text_cap = cap;
    }
    if (rows->text_len > 0) {
        rows->text[rows->text_len++] = '\n';
    }
    *at = rows->text_len;
    if (line.len > 0) {
        memcpy(rows->text + rows->text_len, line.at, line.len);
    }
    rows->text_len += line.len;
    return true;
}

static enum onym_status
next_without_comments(struct onym_batch_rows *rows, onym_span *line, struct onym_fault *fault)
{
    enum onym_status status;

    do {
        status = next_line(rows, line, fault);
    } while (status == ONYM_OK && is_comment(*line));
    return status;
}

/* All lines of a row, comments too, up to the empty one, the end or the next operation, into
 * rows->text. */
static enum onym_status
gather(struct onym_batch_rows *rows, struct onym_fault *fault)
{
    enum onym_status status;
    onym_span line;
    size_t at;

    while ((status = next_line(rows, &line, fault)) == ONYM_OK && line.len > 0) {
        if (onym_batch_handle_begins(line)) {
            rows->pushed_back = true;
            rows->pushed = line;
            return ONYM_OK;
        }
        if (!keep_line(rows, line, &at)) {
            return onym_fault_set(fault, ONYM_INVALID,
                                  "%s:%llu: an operation of more than %u bytes", rows->input.path,
                                  (unsigned long long)onym_line_input_number(rows->lines),
                                  2U * ONYM_LINE_LEN_MAX);
        }
    }
    return status == ONYM_NOT_FOUND ? ONYM_OK : status;
}

/* ---- values ---- */

/* Data of ADMIN values is written behind the text, so there is room for it. */
static void
read_values(struct onym_batch_rows *rows, onym_span lines, uint8_t *room, size_t cap,
            struct onym_batch_row *draft)
{
    uint64_t at = draft->line;

    draft->values = rows->values;
    while (lines.len > 0) {
        onym_span line = onym_batch_cut(&lines, '\n');
        struct onym_value *v = &rows->values[draft->value_count];
        const char *why;

        at++;
        if (is_comment(line)) {
            continue;
        }
        why = draft->value_count == ONYM_VALUES_MAX ? "more than 2048 values"
                                                    : onym_batch_read_value(line, room, cap, v);
        if (why != NULL) {
            onym_batch_row_break(draft, ONYM_MALFORMED, "%llu:1: %s", (unsigned long long)at, why);
            return;
        }
        if (v->data.at == room) {
            room += v->data.len;
            cap -= v->data.len;
        }
        draft->value_count++;
    }
}

/* "1,2,3:HANDLE" */
static void
read_removal(struct onym_batch_rows *rows, onym_span text, struct onym_batch_row *draft)
{
    onym_span rest = text;
    onym_span list = onym_batch_cut(&rest, ':');

    draft->name = rest;
    draft->indexes = rows->indexes;
    while (list.len > 0) {
        if (draft->index_count == ONYM_VALUES_MAX ||
            !onym_batch_number(onym_batch_cut(&list, ','), &rows->indexes[draft->index_count]) ||
            rows->indexes[draft->index_count++] == 0) {
            draft->index_count = 0;
            break;
        }
    }
    if (draft->index_count == 0) {
        onym_batch_row_break(draft, ONYM_MALFORMED,
                             "%llu:1: expected REMOVE INDEX,INDEX:HANDLE, for example REMOVE "
                             "2,3:88.300.15907/part-1",
                             (unsigned long long)draft->line);
    }
}

/* The line behind AUTHENTICATE. */
static onym_span
cut_proof(onym_span *lines)
{
    onym_span line;

    do {
        line = onym_batch_cut(lines, '\n');
    } while (is_comment(line));
    return line;
}

/* "SECKEY:300:0.NA/88.1" and a line with the secret, or PUBKEY and a line with the key's file. */
static void
read_identity(struct onym_batch_rows *rows, onym_span text, onym_span lines,
              struct onym_batch_row *draft)
{
    onym_span rest = text;
    onym_span kind = onym_batch_cut(&rest, ':');
    onym_span index = onym_batch_cut(&rest, ':');
    onym_span proof = cut_proof(&lines);
    bool is_secret = onym_span_equal(kind, onym_span_text("SECKEY"));
    onym_span passphrase = proof;

    draft->kind = ONYM_BATCH_IDENTITY;
    draft->name = rest;
    draft->indexes = rows->indexes;
    draft->index_count = 1;
    if (is_secret && !rows->warned_secret) {
        rows->warned_secret = true;
        (void)fprintf(stderr,
                      "onymctl batch: %s:%llu: a secret stands in the file; whoever reads the file "
                      "may act with it\n",
                      rows->input.path, (unsigned long long)draft->line);
    }
    if (is_secret) {
        draft->secret = proof;
    } else {
        draft->key_file = onym_batch_cut(&passphrase, '|');
    }
    if ((!is_secret && !onym_span_equal(kind, onym_span_text("PUBKEY"))) ||
        !onym_batch_number(index, &rows->indexes[0]) || rest.len == 0 || proof.len == 0) {
        onym_batch_row_break(draft, ONYM_MALFORMED,
                             "%llu:1: expected AUTHENTICATE SECKEY:INDEX:HANDLE or "
                             "PUBKEY:INDEX:HANDLE and on the next line the secret, or the file "
                             "of the key",
                             (unsigned long long)draft->line);
    } else if (!is_secret && passphrase.len > 0) {
        onym_batch_row_break(draft, ONYM_MALFORMED,
                             "%llu:1: keys with a passphrase are not read; store the key without "
                             "one, readable by you alone",
                             (unsigned long long)draft->line + 1);
    }
}

/* ---- operations ---- */

static bool
is_prefix_record(onym_span text)
{
    return text.len > 5 && strncasecmp((const char *)text.at, "0.NA/", 5) == 0;
}

static enum onym_status
skip_session(struct onym_batch_rows *rows, struct onym_fault *fault)
{
    if (!rows->warned_session) {
        rows->warned_session = true;
        (void)fprintf(stderr,
                      "onymctl batch: %s:%llu: SESSIONSETUP is passed over: each change is proven "
                      "by itself\n",
                      rows->input.path, (unsigned long long)onym_line_input_number(rows->lines));
    }
    return gather(rows, fault);
}

/* HOME of a prefix, which may be written without 0.NA/. */
static void
name_prefix(const struct onym_batch_rows *rows, onym_span line, char *text, size_t cap,
            struct onym_batch_row *draft)
{
    const char *verb = rows->homing_action == ONYM_ACTION_HOME ? "HOME " : "UNHOME ";
    int len = snprintf(text, cap, "%s%s%.*s", verb, is_prefix_record(line) ? "" : "0.NA/",
                       (int)line.len, (const char *)line.at);

    draft->action = rows->homing_action;
    draft->text = onym_span_of(text, (size_t)len);
    draft->name = onym_span_from(draft->text, strlen(verb));
}

/* A line that is no operation: a prefix of HOME, or an error. */
static enum onym_status
stray(struct onym_batch_rows *rows, onym_span line, struct onym_batch_row **out,
      struct onym_fault *fault)
{
    uint64_t at = onym_line_input_number(rows->lines);
    struct onym_batch_row draft = {.number = at, .line = at, .name = line, .text = line};
    char text[ONYM_NAME_LEN_MAX + 16];

    if (rows->homing_action == 0) {
        onym_batch_row_break(&draft, ONYM_MALFORMED,
                             "%llu:1: expected CREATE, ADD, REMOVE, MODIFY, DELETE, HOME, UNHOME, "
                             "AUTHENTICATE or SESSIONSETUP",
                             (unsigned long long)at);
    } else if (line.len <= ONYM_NAME_LEN_MAX) { /* a longer one is refused as a name */
        name_prefix(rows, line, text, sizeof text, &draft);
    }
    return onym_batch_row_give(&draft, out, fault);
}

/* Behind an address: without a prefix the operation is broken. ONYM_NOT_FOUND: there is one. */
static enum onym_status
expect_prefix(struct onym_batch_rows *rows, onym_span line, struct onym_batch_row **out,
              struct onym_fault *fault)
{
    uint64_t at = onym_line_input_number(rows->lines);
    struct onym_batch_row draft = {.number = at, .line = at};
    enum onym_status status;
    onym_span next;
    size_t kept;

    if (!keep_line(rows, line, &kept)) {
        return onym_fault_set(fault, ONYM_NO_MEMORY, "out of memory");
    }
    status = next_without_comments(rows, &next, fault);
    if (status == ONYM_OK) {
        rows->pushed_back = true;
        rows->pushed = next;
        if (next.len > 0 && !onym_batch_handle_begins(next)) {
            return ONYM_NOT_FOUND;
        }
    } else if (status != ONYM_NOT_FOUND) {
        return status;
    }
    draft.text = onym_span_of(rows->text, rows->text_len);
    draft.name = draft.text;
    onym_batch_row_break(&draft, ONYM_MALFORMED,
                         "%llu:1: expected HOME 0.NA/PREFIX, or prefixes on the lines behind the "
                         "address",
                         (unsigned long long)at);
    return onym_batch_row_give(&draft, out, fault);
}

/* HOME 0.NA/P, or HOME ADDRESS:PORT:PROTOCOL with a prefix a line behind it: the address is that
 * of the server, which --server names. ONYM_NOT_FOUND: the rows are in the lines behind. */
static enum onym_status
begin_homing(struct onym_batch_rows *rows, int verb, onym_span line, onym_span rest,
             struct onym_batch_row **out, struct onym_fault *fault)
{
    rows->homing_action = verb == VERB_HOME ? ONYM_ACTION_HOME : ONYM_ACTION_UNHOME;
    if (rest.len > 0 && (is_prefix_record(rest) || memchr(rest.at, ':', rest.len) == NULL)) {
        return stray(rows, rest, out, fault);
    }
    return expect_prefix(rows, line, out, fault);
}

static enum onym_status
read_operation(struct onym_batch_rows *rows, int verb, struct onym_batch_row **out,
               struct onym_fault *fault)
{
    uint64_t at = onym_line_input_number(rows->lines);
    struct onym_batch_row draft = {.number = at, .line = at};
    enum onym_status status = gather(rows, fault);
    onym_span lines = onym_span_of(rows->text, rows->text_len);
    onym_span first = onym_batch_cut(&lines, '\n');
    uint8_t *room;
    onym_span rest = {NULL, 0};

    if (status != ONYM_OK) {
        return status;
    }
    (void)verb_of(first, &rest);
    draft.text = onym_span_of(rows->text, rows->text_len);
    draft.name = rest;
    draft.action = verb < VERB_HOME ? (enum onym_action)verb : ONYM_ACTION_CREATE;
    draft.overwrite = draft.action == ONYM_ACTION_CREATE && rows->input.mode == ONYM_BATCH_UPSERT;
    /* an HS_ADMIN structure is shorter than the words that tell of it and 32 bytes */
    room = malloc(rows->text_len + (size_t)32 * (lines.len / 16 + 1));
    if (room == NULL) {
        return onym_fault_set(fault, ONYM_NO_MEMORY, "out of memory");
    }
    if (verb == VERB_AUTHENTICATE) {
        read_identity(rows, rest, lines, &draft);
    } else if (verb == ONYM_ACTION_REMOVE) {
        read_removal(rows, rest, &draft);
    } else if (verb != ONYM_ACTION_DELETE) {
        read_values(rows, lines, room, rows->text_len + (size_t)32 * (lines.len / 16 + 1), &draft);
    }
    status = onym_batch_row_give(&draft, out, fault);
    free(room);
    return status;
}

enum onym_status
onym_batch_handle_next(struct onym_batch_rows *rows, struct onym_batch_row **out,
                       struct onym_fault *fault)
{
    for (;;) {
        onym_span line;
        onym_span rest;
        size_t at;
        enum onym_status status = next_without_comments(rows, &line, fault);
        int verb;

        if (status != ONYM_OK) {
            return status;
        }
        if (line.len == 0) {
            rows->homing_action = 0;
            continue;
        }
        verb = verb_of(line, &rest);
        if (verb == 0) {
            return stray(rows, line, out, fault);
        }
        rows->homing_action = 0;
        rows->text_len = 0;
        if (verb == VERB_HOME || verb == VERB_UNHOME) {
            status = begin_homing(rows, verb, line, rest, out, fault);
            if (status != ONYM_NOT_FOUND) {
                return status;
            }
        } else if (verb == VERB_SESSION) {
            status = skip_session(rows, fault);
            if (status != ONYM_OK) {
                return status;
            }
        } else {
            return keep_line(rows, line, &at)
                       ? read_operation(rows, verb, out, fault)
                       : onym_fault_set(fault, ONYM_NO_MEMORY, "out of memory");
        }
    }
}
