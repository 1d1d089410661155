/* NDJSON: a record a line, as `onymctl load` takes and `onymctl dump` writes them. */
#include "tools/batch_rows_priv.h"

#include "base/clock.h"
#include "wire/json_data.h"

#include <stdlib.h>

static size_t
skip_spaces(onym_span line, size_t at)
{
    while (at < line.len && (line.at[at] == ' ' || line.at[at] == '\t' || line.at[at] == '\r')) {
        at++;
    }
    return at;
}

/* Passes the bytes of word and the spaces around it; 0 when it does not stand there. */
static size_t
skip_word(onym_span line, size_t at, const char *word)
{
    size_t len = strlen(word);

    at = skip_spaces(line, at);
    return line.len - at >= len && memcmp(line.at + at, word, len) == 0
               ? skip_spaces(line, at + len)
               : 0;
}

/* Whether a comma begins `,"row":N,"code":N,"reason":"..."}` at the end of the line. */
static bool
is_addition(onym_span line, size_t at)
{
    static const char *const words[] = {",", "\"row\"", ":",          ",", "\"code\"",
                                        ":", ",",       "\"reason\"", ":", "\""};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        at = skip_word(line, at, words[i]);
        if (at == 0) {
            return false;
        }
        if (i == 2 || i == 5) {
            size_t from = at;

            while (at < line.len && line.at[at] >= '0' && line.at[at] <= '9') {
                at++;
            }
            if (at == from) {
                return false;
            }
        }
    }
    while (at < line.len && line.at[at] != '"') {
        at += line.at[at] == '\\' ? 2U : 1U;
    }
    return at < line.len && skip_word(line, at + 1, "}") == line.len;
}

/* Where what a file of failed rows adds begins; the length of the line when there is none. The
 * reason is the last string, so the last such comma outside of it is ours; a reason never holds a
 * bare quotation mark. */
static size_t
addition(onym_span line)
{
    for (size_t at = line.len; at-- > 0;) {
        if (line.at[at] == ',' && is_addition(line, at)) {
            return at;
        }
    }
    return line.len;
}

/* The name alone: whatever else the record says does not matter to its end. */
static enum onym_status
read_name(onym_span line, uint8_t *scratch, onym_span *name, struct onym_json_error *error)
{
    static const struct onym_json_name names[] = {
        ONYM_JSON_NAME("handle"),  ONYM_JSON_NAME("values"),   ONYM_JSON_NAME("homed"),
        ONYM_JSON_NAME("owner"),   ONYM_JSON_NAME("revision"), ONYM_JSON_NAME("created"),
        ONYM_JSON_NAME("modified")};
    struct onym_json json;
    uint32_t seen = 0;
    int member;
    bool good;

    onym_json_open(&json, line, scratch, ONYM_JSON_SCRATCH_LEN(line.len), error);
    good = onym_json_object(&json);
    while (good && (member = onym_json_member(&json, names, 7, &seen)) >= 0) {
        good = member == 0 ? onym_json_handle(&json, name) : onym_json_skip(&json);
    }
    if (good && !json.failed && (seen & 1) == 0) {
        (void)onym_json_fail(&json, "a member is missing; expected \"handle\"");
    }
    return good && !json.failed && onym_json_end(&json) ? ONYM_OK : ONYM_MALFORMED;
}

static void
take_values(struct onym_batch_rows *rows, struct onym_batch_row *draft, struct onym_value_list list)
{
    onym_span cursor = list.raw;

    while (draft->value_count < ONYM_VALUES_MAX &&
           onym_value_next(&cursor, &rows->values[draft->value_count])) {
        draft->value_count++;
    }
}

static enum onym_status
read_row(struct onym_batch_rows *rows, onym_span line, struct onym_batch_row *draft,
         struct onym_json_error *error)
{
    struct onym_json_record record;
    enum onym_status status = onym_json_record_read(rows->json, line, onym_clock_epoch_s(), &record,
                                                    error);

    if (status == ONYM_OK) {
        draft->name = record.name;
        draft->values = rows->values;
        take_values(rows, draft, record.public_values);
        take_values(rows, draft, record.private_values);
        if (!record.has_values) {
            draft->action = ONYM_ACTION_HOME;
        }
    }
    return status;
}

enum onym_status
onym_batch_json_next(struct onym_batch_rows *rows, struct onym_batch_row **out,
                     struct onym_fault *fault)
{
    struct onym_json_error error = {.offset = 0};
    struct onym_batch_row draft = {.kind = ONYM_BATCH_CHANGE};
    enum onym_status status;
    onym_span line = {NULL, 0};
    uint8_t *whole = NULL;
    uint8_t *scratch = NULL;

    do {
        status = onym_line_input_next(rows->lines, &line, fault);
    } while (status == ONYM_OK && (line.len == 0 || (line.len == 1 && line.at[0] == '\r')));
    if (status != ONYM_OK) {
        return status;
    }
    draft.number = draft.line = onym_line_input_number(rows->lines);
    onym_batch_row_of_mode(rows, &draft);
    if (addition(line) < line.len) {
        whole = malloc(addition(line) + 1);
        if (whole == NULL) {
            return onym_fault_set(fault, ONYM_NO_MEMORY, "out of memory");
        }
        line.len = addition(line);
        memcpy(whole, line.at, line.len);
        whole[line.len++] = '}';
        line.at = whole;
    }
    draft.text = line;
    if (draft.action == ONYM_ACTION_DELETE) {
        scratch = malloc(ONYM_JSON_SCRATCH_LEN(line.len));
        status = scratch != NULL ? read_name(line, scratch, &draft.name, &error) : ONYM_NO_MEMORY;
    } else {
        status = read_row(rows, line, &draft, &error);
    }
    if (status != ONYM_OK && status != ONYM_NO_MEMORY) {
        onym_batch_row_break(&draft, ONYM_MALFORMED, "%llu:%zu: %s%s%s",
                             (unsigned long long)draft.line, error.offset + 1, error.field,
                             error.field[0] != '\0' ? ": " : "", error.problem);
    }
    status = status == ONYM_NO_MEMORY ? onym_fault_set(fault, status, "out of memory")
                                      : onym_batch_row_give(&draft, out, fault);
    free(scratch);
    free(whole);
    return status;
}
