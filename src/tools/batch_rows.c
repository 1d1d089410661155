#include "tools/batch_rows_priv.h"

#include <stdlib.h>

void
onym_batch_row_of_mode(const struct onym_batch_rows *rows, struct onym_batch_row *draft)
{
    draft->action = rows->input.mode == ONYM_BATCH_DELETE ? ONYM_ACTION_DELETE : ONYM_ACTION_CREATE;
    draft->overwrite = rows->input.mode == ONYM_BATCH_UPSERT;
}

enum onym_status
onym_batch_row_give(const struct onym_batch_row *draft, struct onym_batch_row **out,
                    struct onym_fault *fault)
{
    *out = onym_batch_row_new(draft);
    return *out != NULL ? ONYM_OK : onym_fault_set(fault, ONYM_NO_MEMORY, "out of memory");
}

/* ---- which format ---- */

/* By the ending, seen through ".failed"; AUTO when it says nothing. */
static enum onym_batch_format
format_by_ending(const char *path)
{
    static const struct {
        const char *ending;
        enum onym_batch_format format;
    } endings[] = {{".csv", ONYM_BATCH_CSV},
                   {".ndjson", ONYM_BATCH_NDJSON},
                   {".jsonl", ONYM_BATCH_NDJSON},
                   {".json", ONYM_BATCH_NDJSON}};
    size_t len = strlen(path);

    while (len > 7 && strncmp(path + len - 7, ".failed", 7) == 0) {
        len -= 7;
    }
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        size_t ending_len = strlen(endings[i].ending);

        if (len > ending_len &&
            strncasecmp(path + len - ending_len, endings[i].ending, ending_len) == 0) {
            return endings[i].format;
        }
    }
    return ONYM_BATCH_AUTO;
}

/* By the first line with something in it. */
static enum onym_status
format_by_content(const char *path, enum onym_batch_format *format, struct onym_fault *fault)
{
    struct onym_line_input *lines = NULL;
    enum onym_status status = onym_line_input_open(path, &lines, fault);
    onym_span line = {NULL, 0};

    while (status == ONYM_OK && (line.len == 0 || line.at[0] == '#' || line.at[0] == '\r')) {
        status = onym_line_input_next(lines, &line, fault);
    }
    *format = status != ONYM_OK                ? ONYM_BATCH_CSV
              : line.at[0] == '{'              ? ONYM_BATCH_NDJSON
              : onym_batch_handle_begins(line) ? ONYM_BATCH_HANDLE
                                               : ONYM_BATCH_CSV;
    onym_line_input_close(lines);
    /* what cannot be read as lines may still be a CSV in another encoding */
    return status == ONYM_NOT_FOUND || status == ONYM_INVALID ? ONYM_OK : status;
}

/* ---- all three ---- */

enum onym_status
onym_batch_rows_open(const struct onym_batch_input *input, struct onym_batch_rows **out,
                     struct onym_fault *fault)
{
    struct onym_batch_rows *rows = calloc(1, sizeof *rows);
    enum onym_status status = ONYM_OK;

    if (rows == NULL) {
        return onym_fault_set(fault, ONYM_NO_MEMORY, "out of memory");
    }
    rows->input = *input;
    rows->format = input->format != ONYM_BATCH_AUTO ? input->format : format_by_ending(input->path);
    if (rows->format == ONYM_BATCH_AUTO) {
        status = format_by_content(input->path, &rows->format, fault);
    }
    if (status == ONYM_OK && rows->format == ONYM_BATCH_CSV) {
        status = onym_csv_in_open(input->path, input->encoding, &rows->csv, fault);
        if (status == ONYM_OK) {
            status = onym_batch_csv_begin(rows, fault);
        }
    } else if (status == ONYM_OK && (input->encoding != NULL || input->map_count > 0)) {
        status = onym_fault_set(fault, ONYM_INVALID,
                                "%s is no CSV: --encoding and --map are for CSV; --format csv "
                                "says that it is one",
                                input->path);
    } else if (status == ONYM_OK) {
        status = onym_line_input_open(input->path, &rows->lines, fault);
    }
    if (status == ONYM_OK && onym_json_reader_new(&rows->json) != ONYM_OK) {
        status = onym_fault_set(fault, ONYM_NO_MEMORY, "out of memory");
    }
    if (status != ONYM_OK) {
        onym_batch_rows_close(rows);
        return status;
    }
    *out = rows;
    return ONYM_OK;
}

void
onym_batch_rows_close(struct onym_batch_rows *rows)
{
    if (rows != NULL) {
        onym_csv_in_close(rows->csv);
        onym_line_input_close(rows->lines);
        onym_json_reader_free(rows->json);
        if (rows->text != NULL) {
            explicit_bzero(rows->text, rows->text_cap);
        }
        free(rows->text);
        free(rows->titles);
        free(rows->head);
        free(rows);
    }
}

enum onym_status
onym_batch_rows_next(struct onym_batch_rows *rows, struct onym_batch_row **out,
                     struct onym_fault *fault)
{
    enum onym_status status = rows->format == ONYM_BATCH_CSV ? onym_batch_csv_next(rows, out, fault)
                              : rows->format == ONYM_BATCH_NDJSON
                                  ? onym_batch_json_next(rows, out, fault)
                                  : onym_batch_handle_next(rows, out, fault);

    if (status == ONYM_OK) {
        onym_batch_row_check(*out);
    }
    return status;
}

enum onym_batch_format
onym_batch_rows_format(const struct onym_batch_rows *rows)
{
    return rows->format;
}

const char *
onym_batch_rows_encoding(const struct onym_batch_rows *rows)
{
    return rows->csv != NULL ? onym_csv_in_encoding(rows->csv) : NULL;
}

uint64_t
onym_batch_rows_done(const struct onym_batch_rows *rows)
{
    return rows->csv != NULL ? onym_csv_in_done(rows->csv) : onym_line_input_done(rows->lines);
}

void
onym_batch_rows_put_head(const struct onym_batch_rows *rows, FILE *out)
{
    if (rows->format == ONYM_BATCH_CSV) {
        /* spreadsheets take what bears no mark for the encoding of their country */
        (void)fputs(onym_csv_in_is_marked(rows->csv) ? "\xEF\xBB\xBF" : "", out);
        (void)fwrite(rows->head, 1, rows->head_len, out);
        (void)fputs(",row,code,reason\n", out);
    }
}
