#include "service/bulk.h"

#include "core/op.h"
#include "service/bulk_priv.h"

#include <stdio.h>
#include <stdlib.h>

#define BUFFER_FIRST ((size_t)4096)

void
onym_bulk_init(struct onym_bulk *b, const struct onym_bulk_options *options,
               const struct onym_bulk_host *host, const struct onym_principal *principal,
               onym_span address)
{
    memset(b, 0, sizeof *b);
    b->options = *options;
    b->host = *host;
    b->principal = *principal;
    b->address = address;
    b->window = 1;
    b->broken = ONYM_OK;
}

void
onym_bulk_drop(struct onym_bulk *b, struct onym_bulk_buffer *buffer)
{
    free(buffer->at);
    onym_body_room_give(b->host.room, b->host.source, buffer->cap);
    *buffer = (struct onym_bulk_buffer){.at = NULL};
}

void
onym_bulk_deinit(struct onym_bulk *b)
{
    onym_bulk_drop(b, &b->in);
    onym_bulk_drop(b, &b->out);
}

bool
onym_bulk_room(struct onym_bulk *b, struct onym_bulk_buffer *buffer, size_t more)
{
    size_t cap = buffer->cap > 0 ? buffer->cap : BUFFER_FIRST;
    uint8_t *grown;

    while (cap - buffer->len < more) {
        cap *= 2;
    }
    if (cap == buffer->cap) {
        return true;
    }
    if (b->told) { /* what ends the answer is short, and has its room in any case */
        onym_body_room_add(b->host.room, b->host.source, cap - buffer->cap);
    } else if (!onym_body_room_take(b->host.room, b->host.source, cap - buffer->cap)) {
        onym_bulk_break(b, ONYM_BUSY, "too many large requests at once");
        return false;
    }
    grown = realloc(buffer->at, cap);
    if (grown == NULL) {
        onym_body_room_give(b->host.room, b->host.source, cap - buffer->cap);
        onym_bulk_break(b, ONYM_BUSY, "too many large requests at once");
        return false;
    }
    buffer->at = grown;
    buffer->cap = cap;
    return true;
}

void
onym_bulk_break(struct onym_bulk *b, enum onym_status status, const char *why)
{
    if (b->broken == ONYM_OK) {
        b->broken = status;
        b->why = why;
    }
}

bool
onym_bulk_done_reading(const struct onym_bulk *b)
{
    return b->broken != ONYM_OK || b->stopped_at != 0 ||
           (b->ended && b->in.len == 0 && b->array.len == 0);
}

bool
onym_bulk_out_of_turn(const struct onym_bulk *b)
{
    return b->host.turn != NULL && *b->host.turn == 0 && !onym_bulk_done_reading(b);
}

/* An array's results leave when all of them are there: its rows do not wait for that. */
static bool
is_full(const struct onym_bulk *b)
{
    return b->array.len == 0 && b->out.len > ONYM_BULK_OUT_HIGH;
}

bool
onym_bulk_blocked(const struct onym_bulk *b)
{
    return b->busy || b->flying >= b->window || is_full(b) || onym_bulk_out_of_turn(b);
}

static bool
may_start(const struct onym_bulk *b)
{
    return !onym_bulk_blocked(b) && !onym_bulk_done_reading(b);
}

/* ---- one row ---- */

static void
refuse(struct onym_bulk *b, onym_span id, enum onym_status status, onym_span field,
       const char *detail)
{
    struct onym_http_result result = {.status = status, .why = onym_span_text(detail)};

    onym_bulk_tell(b, b->line, id, field, &result);
}

/* Reads a row into op, whose spans borrow from the reader and text. False: told as failed. */
static bool
read_row(struct onym_bulk *b, onym_span text, struct onym_operation *op)
{
    struct onym_json_error error = {.offset = 0};
    struct onym_json_body body = {.has_handle = false};
    bool deletes = b->options.mode == ONYM_BULK_DELETE;
    uint32_t now_s = (uint32_t)(op->now_ms / 1000);
    enum onym_status status = deletes ? onym_json_in_read_handle(b->host.json, text, now_s, &body,
                                                                 &error)
                                      : onym_json_in_read(b->host.json, text, now_s, &body, &error);
    char detail[sizeof error.problem + 64];

    if (status != ONYM_OK) {
        (void)snprintf(detail, sizeof detail, "%s, at byte %zu of the row",
                       status == ONYM_NO_MEMORY ? onym_status_text(status) : error.problem,
                       error.offset);
        refuse(b, onym_span_of(NULL, 0), status,
               onym_span_of(error.field, strnlen(error.field, sizeof error.field)), detail);
        return false;
    }
    if (!deletes && body.shape != ONYM_JSON_SHAPE_RECORD) {
        refuse(b, body.handle, ONYM_MALFORMED, onym_span_text("values"),
               "a member is missing; expected {\"handle\": \"...\", \"values\": [...]}");
        return false;
    }
    if (!body.has_handle) {
        refuse(b, onym_span_of(NULL, 0), ONYM_MALFORMED, onym_span_text("handle"),
               "a member is missing; expected the identifier of the row");
        return false;
    }
    op->name = body.handle;
    op->values = deletes ? (struct onym_value_list){.count = 0} : body.values;
    return true;
}

static void
fill(const struct onym_bulk *b, struct onym_operation *op)
{
    switch (b->options.mode) {
    case ONYM_BULK_DELETE:
        op->action = ONYM_ACTION_DELETE;
        return;
    case ONYM_BULK_REPLACE:
        op->expect = ONYM_EXPECT_PRESENT;
        break;
    case ONYM_BULK_CREATE:
        op->expect = ONYM_EXPECT_SAME;
        break;
    case ONYM_BULK_UPSERT:
    default:
        break;
    }
    op->action = ONYM_ACTION_CREATE;
    op->overwrite = true;
}

static bool
is_name(enum onym_status status)
{
    return status == ONYM_NAME_INVALID || status == ONYM_NOT_FOUND;
}

/* A row whose form is good goes to the host. */
static void
start(struct onym_bulk *b, const struct onym_operation *op)
{
    struct onym_http_result result = {.status = ONYM_ERROR};

    b->flying++;
    if (b->host.change(b->host.of, b->line, op, &result) == ONYM_HTTP_LATER) {
        return;
    }
    if (result.status == ONYM_BUSY) {
        b->flying--;
        b->busy = true;
        return;
    }
    if (result.name.len == 0) {
        result.name = op->name;
    }
    onym_bulk_settle(b, b->line, &result);
}

static bool
is_blank(onym_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] != ' ' && text.at[i] != '\t' && text.at[i] != '\r' && text.at[i] != '\n') {
            return false;
        }
    }
    return true;
}

/* Starts the next row. Afterwards `busy` says that it was kept and is to be brought again. */
static void
work_row(struct onym_bulk *b, onym_span text, uint64_t now_ms)
{
    struct onym_operation op = {.principal = b->principal, .address = b->address, .now_ms = now_ms};
    struct onym_op_fault fault = {.why = NULL};
    enum onym_status status;
    char detail[ONYM_OP_SAID_MAX];

    if (b->host.turn != NULL) {
        (*b->host.turn)--;
    }
    b->line++;
    b->rows++;
    if (text.len > ONYM_LINE_LEN_MAX) {
        onym_bulk_too_long(b);
        return;
    }
    if (!read_row(b, text, &op)) {
        return;
    }
    fill(b, &op);
    status = onym_op_form(&op, &fault);
    if (status == ONYM_OK) {
        start(b, &op);
        if (b->busy) {
            b->line--;
            b->rows--;
        }
        return;
    }
    refuse(b, op.name, status, onym_span_text(is_name(status) ? "handle" : "values"),
           onym_op_said(fault.why, fault.index, detail));
}

void
onym_bulk_too_long(struct onym_bulk *b)
{
    refuse(b, onym_span_of(NULL, 0), ONYM_MALFORMED, onym_span_of(NULL, 0),
           "the row is longer than 2097152 bytes");
}

void
onym_bulk_line(struct onym_bulk *b, onym_span text, uint64_t now_ms)
{
    static const uint8_t mark[] = {0xEF, 0xBB, 0xBF};

    if (b->line == 0 && text.len >= sizeof mark && memcmp(text.at, mark, sizeof mark) == 0) {
        text = onym_span_from(text, sizeof mark); /* some editors begin UTF-8 so */
    }
    if (is_blank(text)) {
        b->line++;
    } else {
        work_row(b, text, now_ms);
    }
}

/* ---- arrays ---- */

/* Bytes up to the comma or bracket behind the item at the front, strings and nesting considered;
 * text.len when there is none. */
static size_t
item_len(onym_span text)
{
    size_t depth = 0;
    bool quoted = false;

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];

        if (quoted) {
            i += c == '\\';
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (depth == 0 && (c == ',' || c == ']')) {
            return i;
        } else if (c == '}' || c == ']') {
            depth -= depth > 0;
        }
    }
    return text.len;
}

/* Moves *text to the first item; false when it is no array. */
static bool
open_array(onym_span *text)
{
    while (text->len > 0 && is_blank(onym_span_front(*text, 1))) {
        *text = onym_span_from(*text, 1);
    }
    if (text->len == 0 || text->at[0] != '[') {
        return false;
    }
    *text = onym_span_from(*text, 1);
    return true;
}

const char *
onym_bulk_array_check(onym_span text, size_t *offset)
{
    onym_span rest = text;
    size_t items = 0;

    *offset = 0;
    if (!open_array(&rest)) {
        return "expected an array of rows";
    }
    for (;;) {
        size_t len = item_len(rest);

        *offset = text.len - rest.len;
        if (len >= rest.len) {
            return "the array does not end";
        }
        if (++items > ONYM_BULK_ARRAY_MAX) {
            return "more than 2000 rows; send them as application/x-ndjson";
        }
        if (rest.at[len] == ']') {
            rest = onym_span_from(rest, len + 1);
            break;
        }
        rest = onym_span_from(rest, len + 1);
    }
    *offset = text.len - rest.len;
    return is_blank(rest) ? NULL : "something follows the array";
}

/* The array's text loses its front, item by item, and is empty at the end. */
static void
work_array(struct onym_bulk *b, uint64_t now_ms)
{
    while (b->array.len > 0 && may_start(b)) {
        size_t len = item_len(b->array);
        bool last = len == b->array.len || b->array.at[len] == ']';

        if (!(last && b->line == 0 && is_blank(onym_span_front(b->array, len)))) {
            work_row(b, onym_span_front(b->array, len), now_ms);
        }
        if (!b->busy) {
            b->array = last ? onym_span_of(NULL, 0) : onym_span_from(b->array, len + 1);
        }
    }
}

void
onym_bulk_take_array(struct onym_bulk *b, onym_span text, uint64_t now_ms)
{
    b->ended = true;
    if (open_array(&text)) {
        b->array = text;
        work_array(b, now_ms);
    }
}

/* ---- lines ---- */

/* Works on the lines that are kept. The last one has no end when the input has come to its own. */
static void
work_kept(struct onym_bulk *b, uint64_t now_ms)
{
    while (b->worked < b->in.len && may_start(b)) {
        onym_span rest = onym_span_of(b->in.at + b->worked, b->in.len - b->worked);
        const uint8_t *end = rest.len > b->scanned
                                 ? memchr(rest.at + b->scanned, '\n', rest.len - b->scanned)
                                 : NULL;
        size_t len = end != NULL ? (size_t)(end - rest.at) : rest.len;

        if (end == NULL && !b->ended) {
            b->scanned = rest.len;
            break;
        }
        onym_bulk_line(b, onym_span_front(rest, len), now_ms);
        if (!b->busy) {
            b->worked += len + (end != NULL);
            b->scanned = 0;
        }
    }
    if (b->in.len - b->worked > ONYM_LINE_LEN_MAX && b->scanned == b->in.len - b->worked) {
        b->line++;
        b->rows++;
        onym_bulk_too_long(b);
        b->skipping = true;
        b->worked = b->in.len;
        b->scanned = 0;
    }
    if (b->worked == b->in.len) {
        b->worked = b->in.len = 0;
        if (b->in.cap > BUFFER_FIRST) {
            onym_bulk_drop(b, &b->in);
        }
    }
}

static void
keep(struct onym_bulk *b, onym_span data)
{
    if (b->worked > 0) {
        b->in.len -= b->worked;
        memmove(b->in.at, b->in.at + b->worked, b->in.len);
        b->worked = 0;
    }
    if (data.len > 0 && onym_bulk_room(b, &b->in, data.len)) {
        memcpy(b->in.at + b->in.len, data.at, data.len);
        b->in.len += data.len;
    }
}

/* The front of data up to and with its first line end; all of it without one. */
static onym_span
first_line(onym_span data)
{
    const uint8_t *end = data.len > 0 ? memchr(data.at, '\n', data.len) : NULL;

    return end != NULL ? onym_span_front(data, (size_t)(end - data.at) + 1) : data;
}

void
onym_bulk_take(struct onym_bulk *b, onym_span data, uint64_t now_ms)
{
    while (data.len > 0 && !onym_bulk_done_reading(b)) {
        onym_span line = first_line(data);
        bool whole = line.at[line.len - 1] == '\n';

        if (b->skipping) {
            b->skipping = !whole;
        } else if (!may_start(b)) {
            keep(b, data);
            return;
        } else if (b->in.len > 0 || !whole) {
            keep(b, line);
            work_kept(b, now_ms);
        } else {
            onym_bulk_line(b, onym_span_front(line, line.len - 1), now_ms);
            if (b->busy) {
                continue; /* and keep it */
            }
        }
        data = onym_span_from(data, line.len);
    }
}

void
onym_bulk_end(struct onym_bulk *b, uint64_t now_ms)
{
    b->ended = true;
    work_kept(b, now_ms);
}

void
onym_bulk_go_on(struct onym_bulk *b, uint64_t now_ms)
{
    b->busy = false;
    work_array(b, now_ms);
    work_kept(b, now_ms);
}
