/* One value in JSON, member by member: {"index", "type", "data"} and, if wanted, "ttl",
 * "timestamp", "permissions" and "references". Between the files of wire/json_*. */
#ifndef ONYM_WIRE_JSON_VALUE_H
#define ONYM_WIRE_JSON_VALUE_H

#include "onym/model/value.h"
#include "wire/json_pull.h"

enum onym_json_value_member {
    ONYM_JSON_VALUE_INDEX,
    ONYM_JSON_VALUE_TYPE,
    ONYM_JSON_VALUE_DATA,
    ONYM_JSON_VALUE_TTL,
    ONYM_JSON_VALUE_TIMESTAMP,
    ONYM_JSON_VALUE_PERMISSIONS,
    ONYM_JSON_VALUE_REFERENCES,
    ONYM_JSON_VALUE_MEMBERS
};

/* The front of a list of names for onym_json_member, so that others may follow. */
#define ONYM_JSON_VALUE_NAMES                                                                      \
    [ONYM_JSON_VALUE_INDEX] = ONYM_JSON_NAME("index"),                                             \
    [ONYM_JSON_VALUE_TYPE] = ONYM_JSON_NAME("type"),                                               \
    [ONYM_JSON_VALUE_DATA] = ONYM_JSON_NAME("data"),                                               \
    [ONYM_JSON_VALUE_TTL] = ONYM_JSON_NAME("ttl"),                                                 \
    [ONYM_JSON_VALUE_TIMESTAMP] = ONYM_JSON_NAME("timestamp"),                                     \
    [ONYM_JSON_VALUE_PERMISSIONS] = ONYM_JSON_NAME("permissions"),                                 \
    [ONYM_JSON_VALUE_REFERENCES] = ONYM_JSON_NAME("references")

struct onym_json_value_rules {
    int64_t index_min; /* negative numbers become what the reference's i4 makes of them */
    bool stamped;      /* the timestamp counts; else it may be anything and means nothing */
};

/* Takes the front of a value, in which nothing was read yet, as programs write it: "index", "type"
 * and the name of "data", without spaces and escapes. True: the data is to be read, by
 * onym_json_data. False, and nothing has happened: members are to be read one by one. Either way
 * onym_json_member gives those that follow. names begins with ONYM_JSON_VALUE_NAMES. */
bool onym_json_value_begin(struct onym_json *json, const struct onym_json_name *names,
                           struct onym_value *value, uint32_t *seen);

/* Reads the value of a member into value. */
bool onym_json_value_member(struct onym_json *json, int member,
                            const struct onym_json_value_rules *rules, struct onym_value *value);

/* Whether nothing needed is missing in seen, as onym_json_member left it. */
bool onym_json_value_whole(struct onym_json *json, uint32_t seen);

/* A time of RFC 3339 up to most_ms, in epoch milliseconds. */
bool onym_json_time(struct onym_json *json, uint64_t most_ms, uint64_t *out);

#endif
