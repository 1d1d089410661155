/* Bodies of administration: opcodes 100-105 and 300-302, and the many requests that carry a handle
 * and nothing else. Source: proto/handle.md section 8.
 *
 * Every decode moves *body past what it read and leaves the rest there: bytes behind a request are
 * ignored, because deployed clients send them. Spans borrow from *body. Statuses: ONYM_OK, or
 * ONYM_MALFORMED with *body and *out unchanged: a length past the end, a handle over
 * ONYM_NAME_LEN_MAX, a list over its limit. Every encode gives ONYM_OK and sets *len, or
 * ONYM_NO_SPACE. */
#ifndef ONYM_WIRE_ADMIN_H
#define ONYM_WIRE_ADMIN_H

#include "onym/model/message.h"

/* H alone: requests 2, 101, 105, 300, 301, 302, 401, 1000, 1003 ("/" where no handle is meant) and
 * the success reply of 100. */
ONYM_MUST_USE enum onym_status onym_admin_name_decode(onym_span *body, onym_span *out);
ONYM_MUST_USE enum onym_status onym_admin_name_encode(onym_span name, uint8_t *out, size_t cap,
                                                      size_t *len);

/* H, list<value>: requests 100, 102, 104. */
struct onym_admin_values {
    onym_span name;
    struct onym_value_list values;
};
ONYM_MUST_USE enum onym_status onym_admin_values_decode(onym_span *body,
                                                        struct onym_admin_values *out);
ONYM_MUST_USE enum onym_status onym_admin_values_encode(const struct onym_admin_values *values,
                                                        uint8_t *out, size_t cap, size_t *len);

/* H, list<u4>: request 103. */
struct onym_admin_indexes {
    onym_span name;
    struct onym_u32_list indexes;
};
ONYM_MUST_USE enum onym_status onym_admin_indexes_decode(onym_span *body,
                                                         struct onym_admin_indexes *out);
ONYM_MUST_USE enum onym_status onym_admin_indexes_encode(const struct onym_admin_indexes *indexes,
                                                         uint8_t *out, size_t cap, size_t *len);

/* list<str>: one part of the replies to 105 and 302. All parts but the last carry
 * ONYM_FLAG_CONTINUOUS; clients without a callback read only the first. */
ONYM_MUST_USE enum onym_status onym_admin_names_decode(onym_span *body, struct onym_text_list *out);
ONYM_MUST_USE enum onym_status onym_admin_names_encode(const struct onym_text_list *names,
                                                       uint8_t *out, size_t cap, size_t *len);
/* Handles the reference server puts into one part. */
#define ONYM_NAMES_PER_REPLY 50U

#endif
