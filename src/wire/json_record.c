#include "wire/json_record.h"

#include "wire/json_data.h"
#include "wire/json_value.h"

#include <stdlib.h>

struct onym_json_reader {
    uint8_t *scratch;
    size_t scratch_cap;
    uint32_t now_s;
    uint32_t count;
    bool ascending; /* the indexes so far, so no two are equal */
    size_t values_len;
    struct onym_value values[ONYM_VALUES_MAX];
    uint32_t indexes[ONYM_VALUES_MAX];
    uint8_t bytes[ONYM_VALUES_LEN_MAX]; /* the values' byte form, public ones in front */
};

enum onym_status
onym_json_reader_new(struct onym_json_reader **out)
{
    struct onym_json_reader *reader = malloc(sizeof *reader);

    if (reader == NULL) {
        return ONYM_NO_MEMORY;
    }
    reader->scratch = NULL;
    reader->scratch_cap = 0;
    *out = reader;
    return ONYM_OK;
}

void
onym_json_reader_free(struct onym_json_reader *reader)
{
    if (reader != NULL) {
        free(reader->scratch);
        free(reader);
    }
}

static bool
read_value(struct onym_json *json, struct onym_value *value)
{
    static const struct onym_json_name names[] = {ONYM_JSON_VALUE_NAMES};
    static const struct onym_json_value_rules rules = {.index_min = 1, .stamped = true};
    uint32_t seen = 0;
    int member;

    if (!onym_json_object(json) ||
        (onym_json_value_begin(json, names, value, &seen) && !onym_json_data(json, &value->data))) {
        return false;
    }
    while ((member = onym_json_member(json, names, ONYM_JSON_VALUE_MEMBERS, &seen)) >= 0) {
        if (!onym_json_value_member(json, member, &rules, value)) {
            return false;
        }
    }
    return !json->failed && onym_json_value_whole(json, seen);
}

static int
compare_indexes(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

/* Only for lists whose indexes do not ascend; the others have no doubles. */
static bool
check_indexes(struct onym_json *json, struct onym_json_reader *reader)
{
    for (uint32_t i = 0; i < reader->count; i++) {
        reader->indexes[i] = reader->values[i].index;
    }
    qsort(reader->indexes, reader->count, sizeof reader->indexes[0], compare_indexes);
    for (uint32_t i = 1; i < reader->count; i++) {
        if (reader->indexes[i] == reader->indexes[i - 1]) {
            return onym_json_fail(json, "index %u comes twice; expected every index once",
                                  (unsigned)reader->indexes[i]);
        }
    }
    return true;
}

static bool
read_values(struct onym_json *json, struct onym_json_reader *reader)
{
    uint32_t last = 0;

    if (!onym_json_array(json)) {
        return false;
    }
    while (onym_json_item(json)) {
        struct onym_value *value = &reader->values[reader->count];

        if (reader->count == ONYM_VALUES_MAX) {
            return onym_json_fail(json, "too many values; expected at most %u", ONYM_VALUES_MAX);
        }
        *value = (struct onym_value){
            .timestamp = reader->now_s, .ttl = ONYM_TTL_DEFAULT, .permissions = ONYM_PERM_DEFAULT};
        if (!read_value(json, value)) {
            return false;
        }
        reader->values_len += onym_value_len(value);
        if (reader->values_len > ONYM_VALUES_LEN_MAX) {
            return onym_json_fail(json, "too much data; expected at most %u bytes of values",
                                  ONYM_VALUES_LEN_MAX);
        }
        reader->ascending = reader->ascending && value->index > last;
        last = value->index;
        reader->count++;
    }
    return !json->failed && (reader->ascending || check_indexes(json, reader));
}

/* The byte form of the values with (or without) public read, behind used bytes of the others. */
static struct onym_value_list
encode_values(struct onym_json_reader *reader, bool is_public, size_t *used)
{
    struct onym_value_list list = {.raw = onym_span_of(reader->bytes + *used, 0)};
    size_t len = 0;

    for (uint32_t i = 0; i < reader->count; i++) {
        const struct onym_value *value = &reader->values[i];

        if (((value->permissions & ONYM_PERM_PUBLIC_READ) != 0) != is_public) {
            continue;
        }
        if (onym_value_encode(value, reader->bytes + *used, sizeof reader->bytes - *used, &len) ==
            ONYM_OK) {
            list.raw.len += len;
            list.count++;
            *used += len;
        }
    }
    return list;
}

enum {
    RECORD_HANDLE,
    RECORD_VALUES,
    RECORD_HOMED,
    RECORD_OWNER,
    RECORD_REVISION,
    RECORD_CREATED,
    RECORD_MODIFIED
};

static bool
read_record_member(struct onym_json *json, int member, struct onym_json_reader *reader,
                   struct onym_json_record *record)
{
    int64_t number = 0;

    switch (member) {
    case RECORD_HANDLE:
        return onym_json_handle(json, &record->name);
    case RECORD_VALUES:
        record->has_values = true;
        return read_values(json, reader);
    case RECORD_HOMED:
        record->has_homed = true;
        return onym_json_bool(json, &record->homed);
    case RECORD_OWNER:
        if (!onym_json_string(json, &record->owner)) {
            return false;
        }
        return record->owner.len <= ONYM_OWNER_LEN_MAX ||
               onym_json_fail(json, "%zu bytes; expected at most %u", record->owner.len,
                              ONYM_OWNER_LEN_MAX);
    case RECORD_REVISION:
        (void)onym_json_integer(json, 1, (int64_t)ONYM_REVISION_MAX, &number);
        record->revision = (uint64_t)number;
        return !json->failed;
    case RECORD_CREATED:
        return onym_json_time(json, UINT64_MAX, &record->created_ms);
    default:
        return onym_json_time(json, UINT64_MAX, &record->modified_ms);
    }
}

static bool
is_homing(const struct onym_json_record *record)
{
    return record->has_homed && record->homed && onym_json_is_prefix_record(record->name);
}

static bool
read_record(struct onym_json *json, struct onym_json_reader *reader,
            struct onym_json_record *record)
{
    static const struct onym_json_name names[] = {[RECORD_HANDLE] = ONYM_JSON_NAME("handle"),
                                                  [RECORD_VALUES] = ONYM_JSON_NAME("values"),
                                                  [RECORD_HOMED] = ONYM_JSON_NAME("homed"),
                                                  [RECORD_OWNER] = ONYM_JSON_NAME("owner"),
                                                  [RECORD_REVISION] = ONYM_JSON_NAME("revision"),
                                                  [RECORD_CREATED] = ONYM_JSON_NAME("created"),
                                                  [RECORD_MODIFIED] = ONYM_JSON_NAME("modified")};
    uint32_t seen = 0;
    int member;

    if (!onym_json_object(json)) {
        return false;
    }
    while ((member = onym_json_member(json, names, 7, &seen)) >= 0) {
        if (!read_record_member(json, member, reader, record)) {
            return false;
        }
    }
    if (!json->failed && ((seen & 1) == 0 || !(record->has_values || is_homing(record)))) {
        return onym_json_fail(json, "a member is missing; expected \"handle\" and \"values\"");
    }
    if (!json->failed && record->has_homed && !onym_json_is_prefix_record(record->name)) {
        return onym_json_fail(json, "\"homed\" with %.*s; expected it with 0.NA/<prefix> only",
                              record->name.len < 80 ? (int)record->name.len : 80,
                              (const char *)record->name.at);
    }
    return onym_json_end(json);
}

enum onym_status
onym_json_record_read(struct onym_json_reader *reader, onym_span line, uint32_t now_s,
                      struct onym_json_record *out, struct onym_json_error *error)
{
    struct onym_json_record record = {.homed = true};
    struct onym_json json;
    size_t used = 0;

    if (ONYM_JSON_SCRATCH_LEN(line.len) > reader->scratch_cap) {
        size_t cap = ONYM_JSON_SCRATCH_LEN(line.len) * 2;
        uint8_t *grown = realloc(reader->scratch, cap);

        if (grown == NULL) {
            return ONYM_NO_MEMORY;
        }
        reader->scratch = grown;
        reader->scratch_cap = cap;
    }
    reader->now_s = now_s;
    reader->count = 0;
    reader->ascending = true;
    reader->values_len = 0;
    onym_json_open(&json, line, reader->scratch, reader->scratch_cap, error);
    if (!read_record(&json, reader, &record)) {
        return ONYM_MALFORMED;
    }
    record.public_values = encode_values(reader, true, &used);
    record.private_values = encode_values(reader, false, &used);
    *out = record;
    return ONYM_OK;
}
