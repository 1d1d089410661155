#include "store/check.h"

#include "onym/model/ident.h"
#include "store/fold.h"
#include "store/lmdb_status.h"
#include "store/oplog.h"
#include "store/record_v1.h"
#include "store/view_priv.h"

#include <stdio.h>
#include <stdlib.h>

#define PROGRESS_RECORDS 16384U

struct check {
    const struct onym_view *view;
    const struct onym_check_options *options;
    struct onym_digester *digester; /* of the fold; keys go through the view's own */
    struct onym_fold_digest fold;
    struct onym_check_report report;
    uint32_t indexes[ONYM_VALUES_MAX];
};

static int
compare_indexes(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static const char *
why_not_values(struct check *check, const struct onym_record *record)
{
    const struct onym_value_list *lists[2] = {&record->public_values, &record->private_values};
    uint32_t count = 0;

    if (onym_value_list_check(*lists[0]) != ONYM_OK ||
        onym_value_list_check(*lists[1]) != ONYM_OK ||
        lists[0]->count + lists[1]->count > ONYM_VALUES_MAX) {
        return "a value that does not decode";
    }
    for (unsigned part = 0; part < 2; part++) {
        onym_span cursor = lists[part]->raw;
        struct onym_value value;

        while (onym_value_next(&cursor, &value)) {
            if (((value.permissions & ONYM_PERM_PUBLIC_READ) != 0) != (part == 0)) {
                return "a value on the wrong side of public and private";
            }
            check->indexes[count++] = value.index;
        }
    }
    qsort(check->indexes, count, sizeof check->indexes[0], compare_indexes);
    for (uint32_t i = 0; i < count; i++) {
        if (check->indexes[i] == 0 || (i > 0 && check->indexes[i] == check->indexes[i - 1])) {
            return "an index that is 0 or there twice";
        }
    }
    check->report.values += count;
    return NULL;
}

static const char *
why_not(struct check *check, onym_span key, onym_span stored, struct onym_record *record)
{
    uint8_t folded[ONYM_PREFIX_NAME_LEN_MAX];
    uint8_t expected[ONYM_KEY_LEN_MAX];

    if (onym_record_v1_decode(key, stored, record) != ONYM_OK) {
        return "the checksum or form is wrong";
    }
    if (record->name.len > sizeof folded) {
        return "a name over its limit";
    }
    onym_ident_upper(record->name, folded);
    if (!onym_span_equal(key, onym_record_key((enum onym_kind)key.at[0],
                                              onym_span_of(folded, record->name.len),
                                              check->view->digester, expected))) {
        return "it lies under another key than its name's";
    }
    if (key.at[0] == ONYM_KIND_HANDLE) {
        check->report.handles++;
        return why_not_values(check, record);
    }
    if (key.at[0] == ONYM_KIND_PREFIX) {
        check->report.prefixes++;
        return record->public_values.count + record->private_values.count == 0
                   ? NULL
                   : "a homed prefix with values";
    }
    if (key.at[0] == ONYM_KIND_TOKEN) {
        return why_not_values(check, record);
    }
    return "of no known kind";
}

static void
visit(struct check *check, onym_span key, onym_span stored)
{
    struct onym_record record = {.name = onym_span_from(key, 1)};
    const char *why = why_not(check, key, stored, &record);

    check->report.bytes += key.len + stored.len;
    onym_fold_add(&check->fold, key, stored);
    if (why != NULL) {
        check->report.damaged++;
        check->options->damaged(check->options->arg, record.name, why);
    }
}

static enum onym_status
visit_all(struct check *check)
{
    const struct onym_check_options *options = check->options;
    MDB_cursor *cursor;
    MDB_stat stat;
    MDB_val key;
    MDB_val stored;
    uint64_t seen = 0;
    int rc = mdb_stat(check->view->txn, check->view->tables->record, &stat);

    if (rc == 0) {
        rc = mdb_cursor_open(check->view->txn, check->view->tables->record, &cursor);
    }
    if (rc != 0) {
        return onym_lmdb_status(rc);
    }
    onym_fold_start(&check->fold, check->digester);
    while ((rc = mdb_cursor_get(cursor, &key, &stored, MDB_NEXT)) == 0) {
        visit(check, onym_span_of(key.mv_data, key.mv_size),
              onym_span_of(stored.mv_data, stored.mv_size));
        if (++seen % PROGRESS_RECORDS == 0 && options->progress != NULL) {
            options->progress(options->arg, seen, stat.ms_entries);
        }
    }
    mdb_cursor_close(cursor);
    onym_fold_finish(&check->fold, check->report.fold);
    return rc == MDB_NOTFOUND ? ONYM_OK : onym_lmdb_status(rc);
}

/* Whether the records are those of the checkpoint. It speaks of them only while no operation came
 * after it. */
static bool
matches(const struct check *check, const struct onym_checkpoint *checkpoint)
{
    struct onym_position end;

    return onym_meta_position(check->view->tables, check->view->txn, &end) == ONYM_OK &&
           (end.sequence != checkpoint->position.sequence ||
            memcmp(checkpoint->fold, check->report.fold, sizeof check->report.fold) == 0);
}

/* What meta and log say, against what was found. */
static enum onym_status
compare_meta(struct check *check)
{
    const struct onym_tables *tables = check->view->tables;
    MDB_txn *txn = check->view->txn;
    struct onym_check_report *report = &check->report;
    struct onym_counts counts;
    struct onym_checkpoint checkpoint;
    struct onym_oplog_report log = {0};
    struct onym_fault fault = {0};
    enum onym_status status = onym_meta_counts(tables, txn, &counts);

    report->counts_good = status == ONYM_OK && counts.handles == report->handles &&
                          counts.prefixes == report->prefixes;
    status = onym_meta_checkpoint(tables, txn, &checkpoint);
    report->has_checkpoint = status == ONYM_OK;
    report->fold_good = status == ONYM_NOT_FOUND ||
                        (status == ONYM_OK && matches(check, &checkpoint));
    status = onym_oplog_verify(tables, txn, &log, &fault);
    if (status != ONYM_OK && status != ONYM_CORRUPT) {
        return status;
    }
    report->log_good = onym_meta_digest(tables, txn, &report->log_hash) == ONYM_OK &&
                       status == ONYM_OK;
    report->log_entries = log.entries;
    report->log_groups = log.groups;
    (void)snprintf(report->log_problem, sizeof report->log_problem, "%.159s", fault.text);
    return onym_meta_node(tables, txn, report->node) == ONYM_IO ? ONYM_IO : ONYM_OK;
}

enum onym_status
onym_store_check(const struct onym_view *view, const struct onym_check_options *options,
                 struct onym_check_report *out, struct onym_fault *fault)
{
    struct check *check = calloc(1, sizeof *check);
    enum onym_status status = ONYM_NO_MEMORY;

    if (check != NULL) {
        check->view = view;
        check->options = options;
        status = onym_digester_new(&check->digester);
    }
    if (status == ONYM_OK) {
        status = visit_all(check);
    }
    if (status == ONYM_OK) {
        status = compare_meta(check);
    }
    if (status == ONYM_OK) {
        *out = check->report;
    } else {
        (void)onym_fault_set(fault, status, "the store's tables cannot be read: %s",
                             onym_status_text(status));
    }
    if (check != NULL) {
        onym_digester_free(check->digester);
        free(check);
    }
    return status;
}
