/* The JSON body of a request that carries values, in the shapes the Handle HTTP interface takes
 * (proto/handle-rest.md section 3):
 *
 *   [value, ...]      {"values": [value, ...], "handle": H}      value
 *
 * A value is {"index", "type", "data"} and, if wanted, "ttl", "permissions", "references" and
 * "timestamp", whose value does not count. Members that only answers have ("responseCode",
 * "message", "revision", "created", "modified") are taken and mean nothing, so that an answer can
 * be sent back. Any other member is an error. */
#ifndef ONYM_WIRE_JSON_IN_H
#define ONYM_WIRE_JSON_IN_H

#include "onym/model/value.h"
#include "wire/json_pull.h"

enum onym_json_shape { ONYM_JSON_SHAPE_ARRAY, ONYM_JSON_SHAPE_RECORD, ONYM_JSON_SHAPE_VALUE };

struct onym_json_body {
    enum onym_json_shape shape;
    bool has_handle;
    onym_span handle;
    /* In the order sent. An index that is not 1 to 2^31 - 1, or twice, is left for onym_op_form to
     * refuse: -1 becomes 0xFFFFFFFF. */
    struct onym_value_list values;
};

struct onym_json_in; /* opaque; the memory of reading; one thread at a time */

/* ONYM_OK and *out (release with onym_json_in_free), or ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_json_in_new(struct onym_json_in **out);
void onym_json_in_free(struct onym_json_in *in); /* NULL is fine */

/* Reads text (at most ONYM_LINE_LEN_MAX bytes). now_s is the timestamp of the values. ONYM_OK: *out
 * borrows from text and in until the next read. ONYM_MALFORMED, or ONYM_VALUE_INVALID for more than
 * ONYM_VALUES_MAX values or ONYM_VALUES_LEN_MAX bytes of them: *error says where and what.
 * ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_json_in_read(struct onym_json_in *in, onym_span text,
                                                 uint32_t now_s, struct onym_json_body *out,
                                                 struct onym_json_error *error);

/* The same for a row that names a handle and needs no values: {} is a record too. */
ONYM_MUST_USE enum onym_status onym_json_in_read_handle(struct onym_json_in *in, onym_span text,
                                                        uint32_t now_s, struct onym_json_body *out,
                                                        struct onym_json_error *error);

/* Gives back the memory of the last read but a little. */
void onym_json_in_trim(struct onym_json_in *in);

#endif
