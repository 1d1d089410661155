#include "judge.h"

#include "onym/model/ident.h"
#include "store/change.h"
#include "store/check.h"
#include "store/env_priv.h"
#include "store/oplog.h"

#include <stdlib.h>
#include <string.h>

#define MAP_SIZE ((size_t)1 << 30)
#define NONE     UINT32_MAX

struct judge {
    const struct judge_facts *facts;
    struct onym_env *env;
    struct onym_view *view;
    struct onym_check_report report;
    struct judge_found found;
    struct onym_fault *fault;
    uint8_t *logged; /* per operation: how often */
    uint32_t *last;  /* per name: the last operation on it in the log, or NONE */
    bool is_foreign; /* an entry of the log that is none of ours */
    struct onym_fault damage;
};

static void
on_damage(void *arg, onym_span name, const char *why)
{
    struct judge *j = arg;

    (void)onym_fault_set(&j->damage, ONYM_CORRUPT, "%.*s: %s", (int)name.len, (const char *)name.at,
                         why);
}

/* Opens the store and reads all of it. */
static enum onym_status
open_and_check(struct judge *j, const char *dir)
{
    struct onym_env_options options = {
        .dir = dir, .holder = "crash_replay", .map_size = MAP_SIZE, .create = true};
    struct onym_check_options check = {.damaged = on_damage, .arg = j};
    enum onym_status status = onym_env_open(&options, &j->env, j->fault);

    if (status != ONYM_OK) {
        return status;
    }
    status = onym_view_open(j->env, &j->view);
    if (status != ONYM_OK) {
        return onym_fault_set(j->fault, status, "no view: %s", onym_status_text(status));
    }
    status = onym_store_check(j->view, &check, &j->report, j->fault);
    if (status == ONYM_OK && !onym_check_is_good(&j->report)) {
        status = onym_fault_set(
            j->fault, ONYM_CORRUPT, "check: %llu damaged (%s), counts %d, log %d %s, fold %d",
            (unsigned long long)j->report.damaged, j->damage.text, j->report.counts_good,
            j->report.log_good, j->report.log_problem, j->report.fold_good);
    }
    return status;
}

static void
note_entry(void *of, uint64_t sequence, const struct onym_entry *entry)
{
    struct judge *j = of;
    uint32_t i = plan_id_number(entry->id);

    (void)sequence;
    if (entry->what == ONYM_ACTION_HOME) {
        return;
    }
    if (i >= j->facts->submitted || plan_name_number(entry->name) != j->facts->operation[i].name) {
        j->is_foreign = true;
        return;
    }
    j->found.operations++;
    j->logged[i] = j->logged[i] == 0 ? 1 : 2;
    j->last[j->facts->operation[i].name] = i;
}

static enum onym_status
read_log(struct judge *j)
{
    struct onym_oplog_report report;
    MDB_txn *txn;
    enum onym_status status;

    if (mdb_txn_begin(j->env->tables.mdb, NULL, MDB_RDONLY, &txn) != 0) {
        return onym_fault_set(j->fault, ONYM_IO, "no transaction for the log");
    }
    status = onym_oplog_walk(&j->env->tables, txn, note_entry, j, &report, j->fault);
    mdb_txn_abort(txn);
    if (status == ONYM_OK && j->is_foreign) {
        return onym_fault_set(j->fault, ONYM_CORRUPT, "the log has what nobody asked for");
    }
    for (uint32_t i = 0; i < j->facts->count && status == ONYM_OK; i++) {
        if (j->logged[i] > 1) {
            status = onym_fault_set(j->fault, ONYM_CORRUPT, "operation %u is there twice",
                                    (unsigned)i);
        } else if (j->facts->is_acknowledged[i] && j->logged[i] == 0) {
            status = onym_fault_set(j->fault, ONYM_CORRUPT,
                                    "operation %u was acknowledged and is lost", (unsigned)i);
        }
    }
    return status;
}

static bool
same_values(struct onym_value_list a, struct onym_value_list b)
{
    struct onym_value x;
    struct onym_value y;

    if (a.count != b.count) {
        return false;
    }
    for (uint32_t i = 0; i < a.count; i++) {
        if (!onym_value_next(&a.raw, &x) || !onym_value_next(&b.raw, &y) || x.index != y.index ||
            x.permissions != y.permissions || x.ttl != y.ttl || !onym_span_equal(x.type, y.type) ||
            !onym_span_equal(x.data, y.data)) {
            return false;
        }
    }
    return true;
}

/* The record of a name is what the last operation on it in the log made. */
static enum onym_status
judge_name(struct judge *j, uint32_t name)
{
    const struct judge_facts *facts = j->facts;
    uint8_t folded[PLAN_NAME_MAX];
    uint8_t bytes[PLAN_VALUES_MAX];
    char text[PLAN_NAME_MAX];
    struct onym_record record;
    uint32_t last = j->last[name];
    bool is_wanted = last != NONE && !facts->operation[last].is_delete;
    enum onym_status status;

    plan_name(name, text);
    onym_ident_upper(onym_span_text(text), folded);
    status = onym_view_record(j->view, ONYM_KIND_HANDLE, onym_span_of(folded, strlen(text)),
                              &record);
    if (status == ONYM_OK) {
        j->found.records++;
    }
    if (status != ONYM_OK && status != ONYM_NOT_FOUND) {
        return onym_fault_set(j->fault, status, "%s: %s", text, onym_status_text(status));
    }
    if ((status == ONYM_OK) != is_wanted) {
        return onym_fault_set(j->fault, ONYM_CORRUPT, "%s: log and record disagree", text);
    }
    if (is_wanted && !same_values(record.public_values, plan_values(facts->seed, last, bytes))) {
        return onym_fault_set(j->fault, ONYM_CORRUPT, "%s: not the content of operation %u", text,
                              (unsigned)last);
    }
    return ONYM_OK;
}

static enum onym_status
judge_names(struct judge *j)
{
    uint32_t names = 0;
    enum onym_status status = ONYM_OK;

    for (uint32_t i = 0; i < j->facts->count; i++) {
        names = j->facts->operation[i].name >= names ? j->facts->operation[i].name + 1 : names;
    }
    for (uint32_t name = 0; name < names && status == ONYM_OK; name++) {
        status = judge_name(j, name);
    }
    if (status == ONYM_OK && j->found.records != j->report.handles) {
        status = onym_fault_set(j->fault, ONYM_CORRUPT, "%llu records, of which %u are ours",
                                (unsigned long long)j->report.handles, (unsigned)j->found.records);
    }
    return status;
}

/* A commit that changes nothing but has to be written. */
static enum onym_status
commit_once(struct judge *j)
{
    struct onym_change *change;
    enum onym_status status;

    onym_view_close(j->view);
    j->view = NULL;
    status = onym_change_begin(j->env, &change, j->fault);
    return status == ONYM_OK ? onym_change_commit(change, j->fault) : status;
}

enum onym_status
judge_operations(const char *dir, const struct judge_facts *facts, struct judge_found *found,
                 struct onym_fault *fault)
{
    struct judge j = {.facts = facts, .fault = fault};
    enum onym_status status = ONYM_NO_MEMORY;

    j.logged = calloc(facts->count + 1, sizeof *j.logged);
    j.last = malloc((facts->count + 1) * sizeof *j.last);
    if (j.logged != NULL && j.last != NULL) {
        memset(j.last, 0xFF, (facts->count + 1) * sizeof *j.last);
        status = open_and_check(&j, dir);
    }
    if (status == ONYM_OK) {
        status = read_log(&j);
    }
    if (status == ONYM_OK) {
        status = judge_names(&j);
    }
    if (status == ONYM_OK) {
        status = commit_once(&j);
    }
    onym_view_close(j.view);
    onym_env_close(j.env);
    free(j.last);
    free(j.logged);
    *found = j.found;
    return status;
}

enum onym_status
judge_load(const char *dir, uint64_t rows, bool is_acknowledged, struct judge_found *found,
           struct onym_fault *fault)
{
    struct judge j = {.fault = fault};
    enum onym_status status = open_and_check(&j, dir);

    if (status == ONYM_OK && j.report.handles != 0 && j.report.handles != rows) {
        status = onym_fault_set(fault, ONYM_CORRUPT, "%llu of %llu rows are there",
                                (unsigned long long)j.report.handles, (unsigned long long)rows);
    } else if (status == ONYM_OK && is_acknowledged && j.report.handles != rows) {
        status = onym_fault_set(fault, ONYM_CORRUPT, "the load was acknowledged and is lost");
    } else if (status == ONYM_OK && j.report.handles == rows && !j.report.has_checkpoint) {
        status = onym_fault_set(fault, ONYM_CORRUPT, "the rows are there without a checkpoint");
    }
    if (status == ONYM_OK) {
        status = commit_once(&j);
    }
    onym_view_close(j.view);
    onym_env_close(j.env);
    *found = (struct judge_found){.records = (uint32_t)j.report.handles};
    return status;
}
