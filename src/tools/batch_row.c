#include "tools/batch_row.h"

#include "onym/model/ident.h"
#include "tools/id_change_print.h"

#include <stdarg.h>
#include <stdlib.h>

/* ---- one piece of memory ---- */

struct onym_batch_row *
onym_batch_row_new(const struct onym_batch_row *draft)
{
    size_t bytes = draft->name.len + draft->text.len + draft->secret.len + draft->key_file.len;
    size_t values_len = draft->value_count * sizeof *draft->values;
    size_t indexes_len = draft->index_count * sizeof *draft->indexes;
    struct onym_batch_row *row;
    uint8_t *at;

    for (size_t i = 0; i < draft->value_count; i++) {
        const struct onym_value *v = &draft->values[i];

        bytes += v->type.len + v->data.len + v->references.raw.len;
    }
    /* a row is a multiple of its alignment, and so are values behind it */
    row = malloc(sizeof *row + values_len + indexes_len + bytes);
    if (row == NULL) {
        return NULL;
    }
    *row = *draft;
    row->values = (struct onym_value *)(void *)(row + 1);
    row->indexes = (uint32_t *)(void *)((uint8_t *)(row + 1) + values_len);
    at = (uint8_t *)(row + 1) + values_len + indexes_len;
#define KEEP(span)                                                                                 \
    do {                                                                                           \
        if ((span).len > 0) {                                                                      \
            memcpy(at, (span).at, (span).len);                                                     \
        }                                                                                          \
        (span).at = at;                                                                            \
        at += (span).len;                                                                          \
    } while (0)
    KEEP(row->name);
    KEEP(row->text);
    KEEP(row->secret);
    KEEP(row->key_file);
    for (size_t i = 0; i < draft->value_count; i++) {
        row->values[i] = draft->values[i];
        row->values[i].raw = onym_span_of(NULL, 0);
        KEEP(row->values[i].type);
        KEEP(row->values[i].data);
        KEEP(row->values[i].references.raw);
    }
#undef KEEP
    for (size_t i = 0; i < draft->index_count; i++) {
        row->indexes[i] = draft->indexes[i];
    }
    return row;
}

void
onym_batch_row_free(struct onym_batch_row *row)
{
    if (row != NULL && row->kind == ONYM_BATCH_IDENTITY) {
        explicit_bzero((void *)(uintptr_t)row->secret.at, row->secret.len);
        explicit_bzero((void *)(uintptr_t)row->text.at, row->text.len);
    }
    free(row);
}

/* ---- what is wrong ---- */

void
onym_batch_row_break(struct onym_batch_row *row, enum onym_status status, const char *format, ...)
{
    va_list arguments;

    row->kind = ONYM_BATCH_BROKEN;
    row->status = status;
    va_start(arguments, format);
    (void)vsnprintf(row->why, sizeof row->why, format, arguments);
    va_end(arguments);
}

static int
by_index(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;

    return left < right ? -1 : left > right;
}

static void
check_values(struct onym_batch_row *row)
{
    uint32_t index[ONYM_VALUES_MAX];
    size_t bytes = 0;

    if (row->value_count > ONYM_VALUES_MAX) {
        onym_batch_row_break(row, ONYM_VALUE_INVALID, "%zu values; a record has room for %u",
                             row->value_count, ONYM_VALUES_MAX);
        return;
    }
    for (size_t i = 0; i < row->value_count; i++) {
        index[i] = row->values[i].index;
        bytes += onym_value_len(&row->values[i]);
        if (index[i] == 0 || index[i] > INT32_MAX) {
            onym_batch_row_break(row, ONYM_VALUE_INVALID, "the index %u; expected 1 to %d",
                                 (unsigned)index[i], INT32_MAX);
            return;
        }
        if (row->values[i].type.len == 0 || row->values[i].type.len > ONYM_TYPE_LEN_MAX) {
            onym_batch_row_break(row, ONYM_VALUE_INVALID,
                                 "value %u: a type of %zu bytes; expected 1 to %u",
                                 (unsigned)index[i], row->values[i].type.len, ONYM_TYPE_LEN_MAX);
            return;
        }
    }
    qsort(index, row->value_count, sizeof index[0], by_index);
    for (size_t i = 1; i < row->value_count; i++) {
        if (index[i] == index[i - 1]) {
            onym_batch_row_break(row, ONYM_VALUE_EXISTS, "two values have the index %u",
                                 (unsigned)index[i]);
            return;
        }
    }
    if (bytes > ONYM_VALUES_LEN_MAX) {
        onym_batch_row_break(row, ONYM_VALUE_INVALID,
                             "%zu bytes of values; a record has room "
                             "for %u",
                             bytes, ONYM_VALUES_LEN_MAX);
    }
}

void
onym_batch_row_check(struct onym_batch_row *row)
{
    const char *why = NULL;

    if (row->kind != ONYM_BATCH_CHANGE) {
        return;
    }
    if (onym_ident_check(row->name, &why) != ONYM_OK) {
        onym_batch_row_break(row, ONYM_NAME_INVALID, "no identifier: %s", why);
    } else if (row->value_count == 0 &&
               (row->action == ONYM_ACTION_ADD || row->action == ONYM_ACTION_MODIFY)) {
        onym_batch_row_break(row, ONYM_VALUE_INVALID, "no values; expected lines of them");
    } else {
        check_values(row);
    }
}

/* ---- failed rows ---- */

void
onym_batch_put_field(FILE *out, onym_span text)
{
    bool quote = text.len > 0 && (text.at[0] == ' ' || text.at[text.len - 1] == ' ');

    for (size_t i = 0; i < text.len && !quote; i++) {
        quote = text.at[i] == ',' || text.at[i] == '"' || text.at[i] == '\n' || text.at[i] == '\r';
    }
    if (!quote) {
        (void)fwrite(text.at, 1, text.len, out);
        return;
    }
    (void)fputc('"', out);
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '"') {
            (void)fputc('"', out);
        }
        (void)fputc(text.at[i], out);
    }
    (void)fputc('"', out);
}

/* The line without its last brace and what stands behind it; empty when it is no object. */
static onym_span
open_object(onym_span line)
{
    while (line.len > 0 && strchr(" \t\r", line.at[line.len - 1]) != NULL) {
        line.len--;
    }
    if (line.len < 3 || line.at[0] != '{' || line.at[line.len - 1] != '}') {
        return onym_span_of(NULL, 0);
    }
    line.len--;
    return line;
}

void
onym_batch_row_put_failed(FILE *out, enum onym_batch_format format,
                          const struct onym_batch_row *row, uint32_t code, onym_span reason)
{
    onym_span object = format == ONYM_BATCH_NDJSON ? open_object(row->text) : row->text;

    if (format == ONYM_BATCH_HANDLE) {
        (void)fprintf(out, "# row %llu, code %u: %.*s\n", (unsigned long long)row->number,
                      (unsigned)code, (int)reason.len, (const char *)reason.at);
        (void)fwrite(row->text.at, 1, row->text.len, out);
        (void)fputs("\n\n", out);
    } else if (format == ONYM_BATCH_CSV) {
        (void)fwrite(row->text.at, 1, row->text.len, out);
        (void)fprintf(out, ",%llu,%u,", (unsigned long long)row->number, (unsigned)code);
        onym_batch_put_field(out, reason);
        (void)fputc('\n', out);
    } else if (object.len > 0) {
        (void)fwrite(object.at, 1, object.len, out);
        (void)fprintf(out, ",\"row\":%llu,\"code\":%u,\"reason\":", (unsigned long long)row->number,
                      (unsigned)code);
        onym_told_json_string(out, reason);
        (void)fputs("}\n", out);
    } else { /* what is no object stays as it is: its place is told on the terminal */
        (void)fwrite(row->text.at, 1, row->text.len, out);
        (void)fputc('\n', out);
    }
}
