/* Request bodies of replication, opcodes 1001 and 1002, and the short replies of 1000 and 1001.
 * The streams behind the replies are not messages and are not here.
 * Source: proto/handle.md section 8, 17.2, 17.3.
 *
 * Every decode moves *body past what it read and leaves the rest there: bytes behind are ignored.
 * Spans borrow from *body. Statuses: ONYM_OK, or ONYM_MALFORMED with *body and *out unchanged.
 * Every encode gives ONYM_OK and sets *len, or ONYM_NO_SPACE. */
#ifndef ONYM_WIRE_REPLICATE_H
#define ONYM_WIRE_REPLICATE_H

#include "wire/header.h"

/* Request 1001. Two forms: one position, or the positions of every source as JSON text. The second
 * exists from version 2.9 on, which tells them apart by a byte in front (0, 1; others are
 * ONYM_MALFORMED); encode gives ONYM_INVALID for JSON in an older version. */
struct onym_log_request {
    bool by_source;         /* states instead of last_id and last_query_ms */
    uint64_t last_id;       /* i8 as found */
    uint64_t last_query_ms; /* i8 as found, epoch milliseconds */
    onym_span states;       /* JSON text, not checked here */
    uint8_t hash_option;    /* which part of the identifiers the receiver serves (section 16) */
    uint32_t servers;
    uint32_t server;
};
ONYM_MUST_USE enum onym_status onym_log_request_decode(onym_span *body, uint16_t version,
                                                       struct onym_log_request *out);
ONYM_MUST_USE enum onym_status onym_log_request_encode(const struct onym_log_request *request,
                                                       uint16_t version, uint8_t *out, size_t cap,
                                                       size_t *len);

/* Request 1002. */
struct onym_dump_request {
    uint8_t hash_option;
    uint32_t servers;
    uint32_t server;
    bool has_start; /* start and start_kind are there */
    onym_span start;
    uint32_t start_kind;
};
ONYM_MUST_USE enum onym_status onym_dump_request_decode(onym_span *body,
                                                        struct onym_dump_request *out);
ONYM_MUST_USE enum onym_status onym_dump_request_encode(const struct onym_dump_request *request,
                                                        uint8_t *out, size_t cap, size_t *len);

/* Reply to 1000: the next transaction id. */
ONYM_MUST_USE enum onym_status onym_next_txn_id_decode(onym_span *body, uint64_t *out);
ONYM_MUST_USE enum onym_status onym_next_txn_id_encode(uint64_t id, uint8_t *out, size_t cap,
                                                       size_t *len);

/* Reply to 1001: u1, bit 0 = the connection stays open; other bits are ignored and written as 0. */
ONYM_MUST_USE enum onym_status onym_log_reply_decode(onym_span *body, bool *keep_alive);
ONYM_MUST_USE enum onym_status onym_log_reply_encode(bool keep_alive, uint8_t *out, size_t cap,
                                                     size_t *len);

#endif
