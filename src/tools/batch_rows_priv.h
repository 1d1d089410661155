/* The three formats behind batch_rows.h. */
#ifndef ONYM_TOOLS_BATCH_ROWS_PRIV_H
#define ONYM_TOOLS_BATCH_ROWS_PRIV_H

#include "tools/batch_rows.h"
#include "tools/csv_in.h"
#include "tools/store_input.h"
#include "wire/json_record.h"

/* A column of CSV: the identifier, a value, or left out. */
struct onym_batch_column {
    enum { ONYM_COLUMN_IGNORED, ONYM_COLUMN_NAME, ONYM_COLUMN_VALUE } use;
    uint32_t index;
    onym_span type; /* borrowed from a map, or from head */
};

/* Data of HS_ADMIN values in one row of CSV. */
#define ONYM_BATCH_ADMINS_MAX 8192U

struct onym_batch_rows {
    struct onym_batch_input input;
    enum onym_batch_format format;
    struct onym_line_input *lines; /* NDJSON, HANDLE */
    struct onym_csv_in *csv;
    struct onym_json_reader *json;
    struct onym_batch_column columns[ONYM_CSV_FIELDS_MAX];
    size_t column_count;
    size_t name_column;
    uint8_t *titles; /* bytes of the header's fields */
    char *head;      /* the header as a line, quoted where it must be */
    size_t head_len;
    bool has_additions; /* CSV: a file of failed rows; row, code and reason are its last columns */
    bool pushed_back;   /* HANDLE: the line last read comes again */
    onym_span pushed;
    uint8_t *text; /* HANDLE: the lines of the row being read */
    size_t text_len, text_cap;
    enum onym_action homing_action; /* HANDLE: of the prefixes that follow line by line, or 0 */
    bool warned_secret, warned_session;
    uint8_t admins[ONYM_BATCH_ADMINS_MAX]; /* CSV: data of the row's HS_ADMIN values */
    struct onym_value values[ONYM_VALUES_MAX];
    uint32_t indexes[ONYM_VALUES_MAX];
};

/* Reads the header and places the columns. */
ONYM_MUST_USE enum onym_status onym_batch_csv_begin(struct onym_batch_rows *rows,
                                                    struct onym_fault *fault);

/* Each reads a row; as onym_batch_rows_next, unchecked. */
ONYM_MUST_USE enum onym_status onym_batch_csv_next(struct onym_batch_rows *rows,
                                                   struct onym_batch_row **out,
                                                   struct onym_fault *fault);
ONYM_MUST_USE enum onym_status onym_batch_json_next(struct onym_batch_rows *rows,
                                                    struct onym_batch_row **out,
                                                    struct onym_fault *fault);
ONYM_MUST_USE enum onym_status onym_batch_handle_next(struct onym_batch_rows *rows,
                                                      struct onym_batch_row **out,
                                                      struct onym_fault *fault);

/* The action of a mode. */
void onym_batch_row_of_mode(const struct onym_batch_rows *rows, struct onym_batch_row *draft);
/* Whether a line begins with an operation of a batch file of the Handle tools. */
bool onym_batch_handle_begins(onym_span line);
/* Copies the draft: ONYM_OK and *out, or ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_batch_row_give(const struct onym_batch_row *draft,
                                                   struct onym_batch_row **out,
                                                   struct onym_fault *fault);

#endif
