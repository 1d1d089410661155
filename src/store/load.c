#include "store/load.h"

#include "base/require.h"
#include "onym/model/ident.h"
#include "store/lmdb_status.h"
#include "store/load_priv.h"
#include "store/record_v1.h"

#include <stdlib.h>

#define PROGRESS_ROWS 16384U /* rows between two calls of progress */

/* Whether the store holds nothing yet, so that a new file may take its place. */
static enum onym_status
is_empty(struct onym_env *env, bool *out, struct onym_fault *fault)
{
    struct onym_position position = {0};
    MDB_stat records;
    MDB_txn *txn;
    enum onym_status status;
    int rc = mdb_txn_begin(env->tables.mdb, NULL, MDB_RDONLY, &txn);

    if (rc != 0) {
        return onym_lmdb_fault(fault, env->data_path, rc);
    }
    rc = mdb_stat(txn, env->tables.record, &records);
    status = rc == 0 ? onym_meta_position(&env->tables, txn, &position) : onym_lmdb_status(rc);
    mdb_txn_abort(txn);
    if (status != ONYM_OK) {
        return onym_fault_set(fault, status, "%s: %s", env->data_path, onym_status_text(status));
    }
    *out = records.ms_entries == 0 && position.sequence == 0;
    return ONYM_OK;
}

enum onym_status
onym_load_open(struct onym_env *env, const struct onym_load_options *options,
               struct onym_load **out, struct onym_fault *fault)
{
    struct onym_load *load = calloc(1, sizeof *load);
    enum onym_status status;

    if (load == NULL) {
        return onym_fault_set(fault, ONYM_NO_MEMORY, "load: out of memory");
    }
    load->env = env;
    load->options = *options;
    status = onym_digester_new(&load->digester);
    if (status != ONYM_OK) {
        (void)onym_fault_set(fault, status, "load: SHA-256 is not available");
    }
    if (status == ONYM_OK) {
        status = is_empty(env, &load->fresh, fault);
    }
    if (status == ONYM_OK) {
        status = onym_sorter_new(options->memory != 0 ? options->memory
                                                      : ONYM_SORTER_MEMORY_DEFAULT,
                                 env->dir, &load->sorter, fault);
    }
    if (status != ONYM_OK) {
        onym_load_close(load);
        return status;
    }
    load->result.fresh = load->fresh;
    *out = load;
    return ONYM_OK;
}

void
onym_load_close(struct onym_load *load)
{
    if (load != NULL) {
        onym_sorter_free(load->sorter);
        onym_digester_free(load->digester);
        free(load);
    }
}

static enum onym_status
too_large(struct onym_fault *fault)
{
    return onym_fault_set(fault, ONYM_INVALID,
                          "a record over a limit: %u values of %u bytes together, owner %u bytes",
                          ONYM_VALUES_MAX, ONYM_VALUES_LEN_MAX, ONYM_OWNER_LEN_MAX);
}

/* Gives one record to the sorter, in the form it will be stored in. */
static enum onym_status
add_record(struct onym_load *load, onym_span key, const struct onym_record *record, uint64_t line,
           struct onym_fault *fault)
{
    struct onym_sorter_row row = {
        .key = key, .data = {.len = onym_record_v1_len(record)}, .line = line};
    enum onym_status status;
    uint8_t *at;
    size_t len;

    if (row.data.len > ONYM_SORTER_ROW_MAX - ONYM_SORTER_KEY_MAX - 64) {
        return too_large(fault);
    }
    status = onym_sorter_add(load->sorter, &row, &at, fault);
    if (status != ONYM_OK) {
        return status;
    }
    load->sorted_rows++;
    status = onym_record_v1_encode(key, record, at, row.data.len, &len);
    return status == ONYM_INVALID ? too_large(fault) : status;
}

/* The row of kind prefix that goes with a prefix record: it homes, or takes the homing away. */
static enum onym_status
add_prefix(struct onym_load *load, onym_span folded, const struct onym_record *record, bool homed,
           uint64_t line, struct onym_fault *fault)
{
    struct onym_record prefix = *record;
    uint8_t bytes[ONYM_KEY_LEN_MAX];
    onym_span key = onym_record_key(ONYM_KIND_PREFIX, folded, load->digester, bytes);

    if (!homed) {
        struct onym_sorter_row row = {.key = key, .line = line, .mark = true};
        uint8_t *at;

        load->sorted_rows++;
        return onym_sorter_add(load->sorter, &row, &at, fault);
    }
    load->result.prefixes++;
    prefix.name = folded;
    prefix.owner = onym_span_of(NULL, 0);
    prefix.public_values = (struct onym_value_list){0};
    prefix.private_values = (struct onym_value_list){0};
    return add_record(load, key, &prefix, line, fault);
}

static bool
is_prefix_record(onym_span folded)
{
    return folded.len > 5 && memcmp(folded.at, "0.NA/", 5) == 0;
}

/* Not inlined: in its callers it comes behind so many complaints that gcc takes it for rare and
 * stops optimising it. */
__attribute__((noinline)) enum onym_status
onym_load_add(struct onym_load *load, const struct onym_load_row *row, struct onym_fault *fault)
{
    struct onym_record record = *row->record;
    uint8_t folded_bytes[ONYM_NAME_LEN_MAX];
    uint8_t key_bytes[ONYM_KEY_LEN_MAX];
    onym_span folded;
    enum onym_status status = ONYM_OK;

    ONYM_REQUIRE(record.name.len > 0 && record.name.len <= ONYM_NAME_LEN_MAX);
    onym_ident_upper(record.name, folded_bytes);
    folded = onym_span_of(folded_bytes, record.name.len);
    record.state = ONYM_STATE_ACTIVE;
    record.revision = record.revision != 0 ? record.revision : 1;
    record.created_ms = record.created_ms != 0 ? record.created_ms : load->options.now_ms;
    record.modified_ms = record.modified_ms != 0 ? record.modified_ms : load->options.now_ms;
    if (!row->only_homing) {
        onym_span key = onym_record_key(ONYM_KIND_HANDLE, folded, load->digester, key_bytes);

        status = add_record(load, key, &record, row->line, fault);
    }
    if (status == ONYM_OK && is_prefix_record(folded)) {
        status = add_prefix(load, folded, &record, row->homed, row->line, fault);
    }
    load->result.rows++;
    return status;
}

/* Both lines of a name that is there twice; of one that is there more often, the first two. Reads
 * on, because equal keys come in any order. */
static void
name_double(const struct onym_load_stream *stream, struct onym_sorter_row *row,
            struct onym_load_double *out, struct onym_fault *fault)
{
    onym_span key = onym_span_of(stream->last_key, stream->last_key_len);
    struct onym_record record = {0};
    uint64_t first = stream->last_line;
    uint64_t second = UINT64_MAX;

    *out = (struct onym_load_double){0};
    if (onym_record_v1_decode(row->key, row->data, &record) == ONYM_OK &&
        record.name.len <= sizeof out->name) {
        memcpy(out->name, record.name.at, record.name.len);
        out->name_len = record.name.len;
    }
    do {
        if (row->line < first) {
            second = first;
            first = row->line;
        } else if (row->line < second) {
            second = row->line;
        }
    } while (onym_sorter_next(stream->load->sorter, row, fault) == ONYM_OK &&
             onym_span_equal(row->key, key));
    out->first_line = first;
    out->second_line = second;
}

enum onym_status
onym_load_next(struct onym_load_stream *stream, struct onym_sorter_row *row,
               struct onym_load_double *twice, struct onym_fault *fault)
{
    struct onym_load *load = stream->load;
    enum onym_status status = onym_sorter_next(load->sorter, row, fault);

    if (status != ONYM_OK) {
        return status;
    }
    if (onym_span_equal(row->key, onym_span_of(stream->last_key, stream->last_key_len))) {
        name_double(stream, row, twice, fault);
        return onym_fault_set(fault, ONYM_EXISTS, "the same identifier on two lines");
    }
    memcpy(stream->last_key, row->key.at, row->key.len);
    stream->last_key_len = row->key.len;
    stream->last_line = row->line;
    if (++stream->rows % PROGRESS_ROWS == 0 && load->options.progress != NULL) {
        load->options.progress(load->options.arg, stream->rows, load->sorted_rows);
    }
    return ONYM_OK;
}

enum onym_status
onym_load_finish(struct onym_load *load, const uint8_t input[16], struct onym_load_result *result,
                 struct onym_load_double *twice, struct onym_fault *fault)
{
    enum onym_status status = onym_sorter_start(load->sorter, fault);

    *twice = (struct onym_load_double){0};
    if (status == ONYM_OK) {
        status = load->fresh ? onym_load_fresh(load, input, twice, fault)
                             : onym_load_merge(load, input, twice, fault);
    }
    if (status == ONYM_OK) {
        load->result.runs = onym_sorter_runs(load->sorter);
        *result = load->result;
    }
    return status;
}
