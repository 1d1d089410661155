#include "tools/csv_in.h"

#include "base/utf8.h"
#include "onym/model/limits.h"
#include "tools/csv_text.h"

#include <stdlib.h>

enum state { FIELD_START, PLAIN, QUOTED, QUOTE_SEEN };

struct onym_csv_in {
    struct onym_csv_text text;
    bool over;     /* what follows cannot be told apart */
    bool has_mark; /* in front of its text */
    uint64_t number;
    uint8_t *record; /* fields of the present record one after the other */
    size_t record_len, record_cap;
    size_t ends[ONYM_CSV_FIELDS_MAX];
    size_t count;
    onym_span fields[ONYM_CSV_FIELDS_MAX];
};

enum onym_status
onym_csv_in_open(const char *path, const char *encoding, struct onym_csv_in **out,
                 struct onym_fault *fault)
{
    struct onym_csv_in *in = calloc(1, sizeof *in);
    enum onym_status status;

    if (in == NULL) {
        return onym_fault_set(fault, ONYM_NO_MEMORY, "%s: out of memory", path);
    }
    in->record_cap = 4096;
    in->record = malloc(in->record_cap);
    status = onym_csv_text_open(&in->text, path, encoding, fault);
    if (status == ONYM_OK && in->record == NULL) {
        status = onym_fault_set(fault, ONYM_NO_MEMORY, "%s: out of memory", path);
    }
    if (status != ONYM_OK) {
        onym_csv_in_close(in);
        return status;
    }
    *out = in;
    return ONYM_OK;
}

void
onym_csv_in_close(struct onym_csv_in *in)
{
    if (in != NULL) {
        onym_csv_text_close(&in->text);
        free(in->record);
        free(in);
    }
}

static int
peek(struct onym_csv_in *in)
{
    return onym_csv_text_peek(&in->text);
}

static void
pass(struct onym_csv_in *in)
{
    onym_csv_text_pass(&in->text);
}

/* ---- records ---- */

static bool
keep(struct onym_csv_in *in, uint8_t byte)
{
    if (in->record_len == in->record_cap) {
        size_t cap = in->record_cap * 2;
        uint8_t *grown = cap > in->record_cap && cap <= ONYM_LINE_LEN_MAX ? realloc(in->record, cap)
                                                                          : NULL;

        if (grown == NULL) {
            return false;
        }
        in->record = grown;
        in->record_cap *= 2;
    }
    in->record[in->record_len++] = byte;
    return true;
}

struct where {
    uint64_t line, column;
};

static enum onym_status
broken(struct onym_csv_in *in, enum onym_status status, struct where at, const char *problem,
       struct onym_fault *fault)
{
    int byte;

    in->over = status == ONYM_INVALID;
    while (!in->over && (byte = peek(in)) >= 0) {
        pass(in);
        if (byte == '\n') {
            break;
        }
    }
    return onym_fault_set(fault, status, "%llu:%llu: %s", (unsigned long long)at.line,
                          (unsigned long long)at.column, problem);
}

/* What a byte means in a state: NULL, and *next and whether it is kept or ends the field; or what
 * is wrong with it. */
static const char *
judge(int byte, enum state state, enum state *next, bool *kept)
{
    *kept = true;
    *next = state;
    if (byte == 0) {
        return "a NUL byte; is the file UTF-16? then name it with --encoding";
    }
    switch (state) {
    case FIELD_START:
    case PLAIN:
        if (byte == '"') {
            *kept = false;
            *next = QUOTED;
            return state == PLAIN ? "a quotation mark inside a field without them; write the field "
                                    "as \"...\" and the mark twice"
                                  : NULL;
        }
        *next = PLAIN;
        return NULL;
    case QUOTED:
        if (byte == '"') {
            *kept = false;
            *next = QUOTE_SEEN;
        }
        return NULL;
    case QUOTE_SEEN:
    default:
        if (byte != '"') {
            return "text behind a closing quotation mark; expected a comma or the end of the line";
        }
        *next = QUOTED;
        return NULL;
    }
}

/* Whether a carriage return stands before a line feed: then it is passed. */
static bool
line_end(struct onym_csv_in *in, int byte)
{
    if (byte == '\r') {
        uint64_t column = in->text.column;

        pass(in);
        if (peek(in) != '\n' && peek(in) != ONYM_CSV_AT_END) {
            in->text.column = column;
            return false;
        }
    }
    if (peek(in) == '\n') {
        pass(in);
    }
    return true;
}

static enum onym_status
read_record(struct onym_csv_in *in, struct onym_fault *fault)
{
    enum state state = FIELD_START;
    struct where opened = {in->text.line, in->text.column};

    in->record_len = 0;
    in->count = 0;
    for (;;) {
        int byte = peek(in);
        struct where here = {in->text.line, in->text.column};
        enum state next;
        const char *problem;
        bool kept;

        if (byte == ONYM_CSV_READ_FAILED) {
            return onym_csv_text_fault(&in->text, "read", fault);
        }
        if (byte == ONYM_CSV_AT_END && state == QUOTED) {
            return broken(in, ONYM_INVALID, opened, "a quoted field that begins here never ends",
                          fault);
        }
        if (state != QUOTED &&
            (byte == ',' || byte == '\n' || byte == '\r' || byte == ONYM_CSV_AT_END)) {
            if (in->count == ONYM_CSV_FIELDS_MAX) {
                return broken(in, ONYM_MALFORMED, here, "more than 1024 fields", fault);
            }
            in->ends[in->count++] = in->record_len;
            state = FIELD_START;
            if (byte == ',') {
                pass(in);
                continue;
            }
            return line_end(in, byte) ? ONYM_OK
                                      : broken(in, ONYM_MALFORMED, here,
                                               "a carriage return without a line feed", fault);
        }
        problem = judge(byte, state, &next, &kept);
        if (problem != NULL) {
            return broken(in, ONYM_MALFORMED, here, problem, fault);
        }
        if (state == FIELD_START) {
            opened = here;
        }
        if (kept && !keep(in, (uint8_t)byte)) {
            return broken(in, ONYM_INVALID, opened,
                          "a record of more than 2097152 bytes; is a quotation mark missing?",
                          fault);
        }
        pass(in);
        state = next;
    }
}

static enum onym_status
give_fields(struct onym_csv_in *in, struct onym_csv_record *out, struct onym_fault *fault)
{
    size_t from = 0;

    for (size_t i = 0; i < in->count; i++) {
        in->fields[i] = onym_span_of(in->record + from, in->ends[i] - from);
        from = in->ends[i];
        if (!onym_utf8_valid(in->fields[i])) {
            return onym_fault_set(fault, ONYM_MALFORMED, "%llu: field %zu is not %s",
                                  (unsigned long long)out->line, i + 1, in->text.encoding);
        }
    }
    out->fields = in->fields;
    out->count = in->count;
    return ONYM_OK;
}

/* A byte order mark that came through the conversion, or stood in front of UTF-8. */
static void
skip_mark(struct onym_csv_in *in)
{
    if (in->number == 0 && peek(in) >= 0 && in->text.end - in->text.start >= 3 &&
        memcmp(in->text.text + in->text.start, "\xEF\xBB\xBF", 3) == 0) {
        in->text.start += 3;
        in->has_mark = true;
    }
}

/* A record that is broken and has its end, as it stands in the file. */
static onym_span
text_of(const struct onym_csv_in *in)
{
    onym_span text = onym_span_of(in->text.kept, in->text.kept_len);

    if (!in->text.is_kept || !onym_utf8_valid(text) || memchr(text.at, '\0', text.len) != NULL) {
        return onym_span_of(NULL, 0);
    }
    for (const char *end = "\n\r"; *end != '\0'; end++) {
        text.len -= text.len > 0 && text.at[text.len - 1] == (uint8_t)*end ? 1U : 0U;
    }
    return text;
}

enum onym_status
onym_csv_in_next(struct onym_csv_in *in, struct onym_csv_record *out, struct onym_fault *fault)
{
    enum onym_status status;

    *out = (struct onym_csv_record){.count = 0};
    skip_mark(in);
    do {
        int byte = in->over ? ONYM_CSV_AT_END : peek(in);

        if (byte == ONYM_CSV_AT_END) {
            return ONYM_NOT_FOUND;
        }
        onym_csv_text_mark(&in->text);
        out->number = ++in->number;
        out->line = in->text.line;
        status = read_record(in, fault);
    } while (status == ONYM_OK && in->count == 1 && in->record_len == 0);
    if (status == ONYM_MALFORMED) {
        out->text = text_of(in);
    }
    return status == ONYM_OK ? give_fields(in, out, fault) : status;
}

bool
onym_csv_in_is_marked(const struct onym_csv_in *in)
{
    return in->has_mark || in->text.convert != (iconv_t)-1;
}

const char *
onym_csv_in_encoding(const struct onym_csv_in *in)
{
    return in->text.encoding;
}

uint64_t
onym_csv_in_done(const struct onym_csv_in *in)
{
    return in->text.done;
}
