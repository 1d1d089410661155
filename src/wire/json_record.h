/* An identifier with its values as one line of JSON: what `onymctl load` reads and `onymctl dump`
 * writes.
 *
 *   {"handle": "88.9420.106/EN.P.1", "values": [{"index": 1, "type": "URL", "data": ...,
 *     "ttl": 86400, "timestamp": "2026-03-11T08:00:00Z", "permissions": "1110",
 *     "references": [{"handle": "...", "index": 1}]}, ...],
 *    "homed": false, "owner": "...", "revision": 3, "created": "...", "modified": "..."}
 *
 * The values have the shape of a Handle server's HTTP interface. Only handle and values, and of a
 * value index, type and data, must be there; a prefix that is homed without a record of its own has
 * "homed": true and no values. Order of members is free. permissions are all four
 * read: admin read, admin write, public read, public write; "*" stands for "1111".
 */
#ifndef ONYM_WIRE_JSON_RECORD_H
#define ONYM_WIRE_JSON_RECORD_H

#include "base/writer.h"
#include "onym/model/record.h"
#include "wire/json_pull.h"
#include "wire/json_time.h"

struct onym_json_record {
    onym_span name;
    onym_span owner;
    bool homed;           /* false only when the line says so */
    bool has_homed;       /* the line says it */
    bool has_values;      /* false: only the homing of a prefix */
    uint64_t revision;    /* 0 = not given */
    uint64_t created_ms;  /* 0 = not given */
    uint64_t modified_ms; /* 0 = not given */
    struct onym_value_list public_values;
    struct onym_value_list private_values;
};

struct onym_json_reader; /* opaque; the memory of reading; one thread at a time */

/* ONYM_OK and *out (release with onym_json_reader_free), or ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_json_reader_new(struct onym_json_reader **out);
void onym_json_reader_free(struct onym_json_reader *reader); /* NULL is fine */

/* Reads one line, without its end. now_s is the timestamp of values that have none. ONYM_OK: *out
 * borrows from line and reader until the next read. ONYM_MALFORMED: *error says which field, what
 * is wrong and what was expected. ONYM_NO_MEMORY. The name is at most ONYM_NAME_LEN_MAX bytes of
 * UTF-8; its grammar is the caller's to check. Values: at most ONYM_VALUES_MAX with different
 * indexes > 0, together at most ONYM_VALUES_LEN_MAX bytes. line.len <= ONYM_LINE_LEN_MAX. */
ONYM_MUST_USE enum onym_status onym_json_record_read(struct onym_json_reader *reader,
                                                     onym_span line, uint32_t now_s,
                                                     struct onym_json_record *out,
                                                     struct onym_json_error *error);

/* Writes one value as a JSON object. Data as "string" when it is text, as "admin", "vlist", "site"
 * or "key" when its type says so and the structure gives the same bytes back, else as "base64".
 * permissions only when they are not "1110". The timestamp 0 is left out unless all. times is one
 * for all values of a text. Overflow sticks in w. */
void onym_json_value_write(struct onym_writer *w, const struct onym_value *value, bool all,
                           struct onym_time_memo *times);

/* Writes the record as one line with its end, so that reading it gives the same record: with
 * timestamps, revision and times; "homed": false when homed is false and the name is that of a
 * prefix record. Overflow sticks in w. */
void onym_json_record_write(struct onym_writer *w, const struct onym_record *record, bool homed);

/* The same for a prefix that is homed here without a record of its own. */
void onym_json_prefix_write(struct onym_writer *w, const struct onym_record *record);

/* Whether a name begins with "0.NA/", without regard to case, and has more behind it. */
bool onym_json_is_prefix_record(onym_span name);

#endif
