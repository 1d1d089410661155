/* CSV: a header row, one identifier per row, and columns that are values. */
#include "tools/batch_rows_priv.h"

#include "onym/model/ident.h"
#include "tools/admin_text.h"
#include "tools/value_text.h"

#include <stdlib.h>

static const char *const name_titles[] = {"handle", "identifier", "id", "标识"};
/* What a file of failed rows has besides. */
static const char *const failed_titles[] = {"row", "code", "reason"};
#define ADDED 3U

static bool
one_of(onym_span title, const char *const *titles, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (onym_text_equal_nocase(title, onym_span_text(titles[i]))) {
            return true;
        }
    }
    return false;
}

/* Reads "1:URL". */
static bool
read_place(onym_span text, struct onym_batch_column *column)
{
    uint64_t index = 0;
    size_t at = 0;

    while (at < text.len && text.at[at] >= '0' && text.at[at] <= '9' && index <= INT32_MAX) {
        index = index * 10 + (uint64_t)(text.at[at++] - '0');
    }
    if (at == 0 || index == 0 || index > INT32_MAX || at + 1 >= text.len || text.at[at] != ':') {
        return false;
    }
    column->use = ONYM_COLUMN_VALUE;
    column->index = (uint32_t)index;
    column->type = onym_span_from(text, at + 1);
    return true;
}

/* Structures and secrets have no place in a spreadsheet. */
static bool
is_text_type(onym_span type)
{
    return !onym_text_equal_nocase(type, onym_span_text("HS_SECKEY")) &&
           !onym_text_equal_nocase(type, onym_span_text("HS_PUBKEY")) &&
           !onym_text_equal_nocase(type, onym_span_text("HS_VLIST")) && !onym_type_is_site(type);
}

/* One map of the command line, "column=index:TYPE". */
static enum onym_status
place_map(struct onym_batch_rows *rows, const char *map, const onym_span *titles,
          struct onym_fault *fault)
{
    const char *equals = strrchr(map, '=');
    onym_span title = onym_span_of(map, equals != NULL ? (size_t)(equals - map) : 0);
    struct onym_batch_column column = {.use = ONYM_COLUMN_IGNORED};

    if (equals == NULL || !read_place(onym_span_text(equals + 1), &column)) {
        return onym_fault_set(fault, ONYM_INVALID,
                              "--map %s: give COLUMN=INDEX:TYPE, for example serial=3:SERIAL_NO",
                              map);
    }
    for (size_t i = 0; i < rows->column_count; i++) {
        if (onym_text_equal_nocase(titles[i], title)) {
            rows->columns[i] = column;
            return ONYM_OK;
        }
    }
    return onym_fault_set(fault, ONYM_INVALID, "--map %s: %s has no column of that title", map,
                          rows->input.path);
}

static enum onym_status
place_titles(struct onym_batch_rows *rows, const onym_span *titles, struct onym_fault *fault)
{
    bool found = false;

    for (size_t i = 0; i < rows->column_count; i++) {
        struct onym_batch_column *column = &rows->columns[i];

        if (!found && one_of(titles[i], name_titles, 4)) {
            found = true;
            rows->name_column = i;
            column->use = ONYM_COLUMN_NAME;
        } else if (column->use == ONYM_COLUMN_IGNORED && rows->input.map_count == 0 &&
                   rows->input.mode != ONYM_BATCH_DELETE &&
                   !one_of(titles[i], failed_titles, ADDED) && !read_place(titles[i], column)) {
            return onym_fault_set(fault, ONYM_INVALID,
                                  "%s: column %zu \"%.*s\": which value is it? call it INDEX:TYPE, "
                                  "for example 3:SERIAL_NO, or give --map %.*s=INDEX:TYPE",
                                  rows->input.path, i + 1, (int)titles[i].len,
                                  (const char *)titles[i].at, (int)titles[i].len,
                                  (const char *)titles[i].at);
        }
        if (column->use == ONYM_COLUMN_VALUE && !is_text_type(column->type)) {
            return onym_fault_set(
                fault, ONYM_INVALID, "%s: column %zu: the data of %.*s is no text; use NDJSON",
                rows->input.path, i + 1, (int)column->type.len, (const char *)column->type.at);
        }
    }
    return found ? ONYM_OK
                 : onym_fault_set(fault, ONYM_INVALID,
                                  "%s: no column of identifiers; call it handle, identifier, id "
                                  "or 标识",
                                  rows->input.path);
}

static bool
is_number(onym_span text)
{
    size_t at = 0;

    while (at < text.len && text.at[at] >= '0' && text.at[at] <= '9') {
        at++;
    }
    return at == text.len;
}

/* How many fields of a record are its own, and not what a file of failed rows adds behind them. The
 * columns do not tell when a record has more or less than the header, or them in the wrong place.
 */
static size_t
own_fields(const struct onym_batch_rows *rows, const struct onym_csv_record *record)
{
    const onym_span *row = record->count > ADDED ? record->fields + record->count - ADDED : NULL;

    return rows->has_additions && row != NULL && row[0].len > 0 && row[1].len > 0 &&
                   is_number(row[0]) && is_number(row[1])
               ? record->count - ADDED
               : record->count;
}

/* Whether the record has a field for each column, and row and code are where the header has them. A
 * field that was missing and was put behind them would make a value of the row's number. */
static bool
has_columns(const struct onym_batch_rows *rows, const struct onym_csv_record *record)
{
    size_t at = rows->column_count - ADDED; /* used when there are so many */

    return record->count == rows->column_count &&
           (!rows->has_additions ||
            (is_number(record->fields[at]) && is_number(record->fields[at + 1])));
}

/* The fields as a line; fits: each in its column, so that those of a file of failed rows are left
 * out. */
static char *
join(const struct onym_batch_rows *rows, const onym_span *fields, size_t count, bool fits,
     size_t *len)
{
    bool head = rows->head == NULL;
    char *text = NULL;
    FILE *out = open_memstream(&text, len);
    bool first = true;

    if (out == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        if (fits && rows->columns[i].use == ONYM_COLUMN_IGNORED && rows->columns[i].index != 0) {
            continue;
        }
        if (!first) {
            (void)fputc(',', out);
        }
        onym_batch_put_field(out,
                             head && first && fields[i].len == 0 ? onym_span_text(" ") : fields[i]);
        first = false;
    }
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* The titles, kept as long as the rows. False: out of memory. */
static bool
keep_titles(struct onym_batch_rows *rows, const struct onym_csv_record *record, onym_span *titles)
{
    size_t len = 1;
    uint8_t *at;

    for (size_t i = 0; i < record->count; i++) {
        len += record->fields[i].len;
    }
    at = rows->titles = malloc(len);
    for (size_t i = 0; at != NULL && i < record->count; i++) {
        if (record->fields[i].len > 0) {
            memcpy(at, record->fields[i].at, record->fields[i].len);
        }
        titles[i] = onym_span_of(at, record->fields[i].len);
        at += record->fields[i].len;
    }
    return at != NULL;
}

/* Whether the last columns are what a file of failed rows adds, and no map takes one of them. */
static bool
has_additions(const struct onym_batch_rows *rows, const onym_span *titles)
{
    size_t from = rows->column_count - ADDED;
    bool has = rows->column_count > ADDED;

    for (size_t i = 0; has && i < ADDED; i++) {
        has = rows->columns[from + i].use == ONYM_COLUMN_IGNORED &&
              onym_text_equal_nocase(titles[from + i], onym_span_text(failed_titles[i]));
    }
    return has;
}

enum onym_status
onym_batch_csv_begin(struct onym_batch_rows *rows, struct onym_fault *fault)
{
    struct onym_csv_record record;
    struct onym_fault inner = {.status = ONYM_OK};
    enum onym_status status = onym_csv_in_next(rows->csv, &record, &inner);
    onym_span titles[ONYM_CSV_FIELDS_MAX] = {{NULL, 0}};

    if (status == ONYM_NOT_FOUND) {
        return onym_fault_set(fault, ONYM_INVALID, "%s is empty; expected a header row",
                              rows->input.path);
    }
    if (status != ONYM_OK) {
        return onym_fault_set(fault, status == ONYM_MALFORMED ? ONYM_INVALID : status, "%s:%s",
                              rows->input.path, inner.text);
    }
    if (!keep_titles(rows, &record, titles)) {
        return onym_fault_set(fault, ONYM_NO_MEMORY, "out of memory");
    }
    rows->column_count = record.count;
    for (size_t i = 0; i < record.count; i++) {
        /* marks the columns of failed rows for join */
        rows->columns[i].index = one_of(titles[i], failed_titles, ADDED) ? 1 : 0;
    }
    for (size_t i = 0; status == ONYM_OK && i < rows->input.map_count; i++) {
        status = place_map(rows, rows->input.maps[i], titles, fault);
    }
    if (status == ONYM_OK) {
        status = place_titles(rows, titles, fault);
    }
    if (status == ONYM_OK) {
        rows->has_additions = has_additions(rows, titles);
        rows->head = join(rows, titles, rows->column_count, true, &rows->head_len);
        if (rows->head == NULL) {
            status = onym_fault_set(fault, ONYM_NO_MEMORY, "out of memory");
        }
    }
    return status;
}

/* The text of an HS_ADMIN field becomes its structure, in *room, which moves on. */
static bool
take_admin(struct onym_batch_row *draft, size_t column, struct onym_value *v, uint8_t **room,
           size_t *cap)
{
    const char *why = onym_admin_text_read(v->data, *room, *cap, &v->data);

    if (why != NULL) {
        onym_batch_row_break(draft, ONYM_MALFORMED, "column %zu: %s", column + 1, why);
        return false;
    }
    *room += v->data.len;
    *cap -= v->data.len;
    return true;
}

static void
take_fields(struct onym_batch_rows *rows, const struct onym_csv_record *record,
            struct onym_batch_row *draft)
{
    uint8_t *room = rows->admins;
    size_t cap = sizeof rows->admins;

    if (record->count != rows->column_count) {
        size_t own = own_fields(rows, record);

        onym_batch_row_break(draft, ONYM_MALFORMED, "%zu fields; the header has %zu", own,
                             rows->column_count - (own < record->count ? ADDED : 0U));
        return;
    }
    if (!has_columns(rows, record)) {
        onym_batch_row_break(draft, ONYM_MALFORMED,
                             "row and code are no numbers; a field that was missing goes in front "
                             "of row, code and reason");
        return;
    }
    draft->name = record->fields[rows->name_column];
    draft->values = rows->values;
    for (size_t i = 0; i < record->count && draft->action != ONYM_ACTION_DELETE; i++) {
        const struct onym_batch_column *column = &rows->columns[i];

        if (column->use == ONYM_COLUMN_VALUE && record->fields[i].len > 0) {
            struct onym_value *v = &rows->values[draft->value_count++];

            *v = (struct onym_value){.index = column->index,
                                     .ttl = ONYM_TTL_DEFAULT,
                                     .permissions = ONYM_PERM_DEFAULT,
                                     .type = column->type,
                                     .data = record->fields[i]};
            if (onym_admin_text_is_type(v->type) && !take_admin(draft, i, v, &room, &cap)) {
                return;
            }
        }
    }
    if (draft->name.len == 0) {
        onym_batch_row_break(draft, ONYM_NAME_INVALID, "no identifier in column %zu",
                             rows->name_column + 1);
    }
}

/* The text of a record that cannot be cut into fields, without what a file of failed rows has put
 * behind it: two numbers and a reason, which is quoted when it must be. */
static onym_span
without_additions(onym_span text)
{
    size_t at = text.len;

    if (at > 0 && text.at[at - 1] == '"') {
        at--;
        while (at > 0 && (text.at[at - 1] != '"' || (at > 1 && text.at[at - 2] == '"'))) {
            at -= text.at[at - 1] == '"' ? 2U : 1U;
        }
        at -= at > 0 ? 1U : 0U;
    }
    while (at > 0 && text.at[at - 1] != ',') {
        at--;
    }
    for (int i = 0; i < 2 && at > 0; i++) {
        size_t end = --at;

        while (at > 0 && text.at[at - 1] >= '0' && text.at[at - 1] <= '9') {
            at--;
        }
        if (at == end || at == 0 || text.at[at - 1] != ',') {
            return text;
        }
    }
    return at > 0 ? onym_span_of(text.at, at - 1) : text;
}

enum onym_status
onym_batch_csv_next(struct onym_batch_rows *rows, struct onym_batch_row **out,
                    struct onym_fault *fault)
{
    struct onym_csv_record record;
    struct onym_fault inner = {.status = ONYM_OK};
    enum onym_status status = onym_csv_in_next(rows->csv, &record, &inner);
    struct onym_batch_row draft = {.number = record.number, .line = record.line};
    char *text = NULL;

    if (status == ONYM_NOT_FOUND) {
        return status;
    }
    onym_batch_row_of_mode(rows, &draft);
    if (status == ONYM_MALFORMED) {
        draft.text = rows->has_additions ? without_additions(record.text) : record.text;
        onym_batch_row_break(&draft, status, "%s", inner.text);
    } else if (status != ONYM_OK) {
        return onym_fault_set(fault, status, "%s:%s", rows->input.path, inner.text);
    } else {
        size_t len = 0;
        bool fits = has_columns(rows, &record);

        text = join(rows, record.fields, fits ? record.count : own_fields(rows, &record), fits,
                    &len);
        if (text == NULL) {
            return onym_fault_set(fault, ONYM_NO_MEMORY, "out of memory");
        }
        draft.text = onym_span_of(text, len);
        take_fields(rows, &record, &draft);
    }
    status = onym_batch_row_give(&draft, out, fault);
    free(text);
    return status;
}
