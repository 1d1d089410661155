/* Bodies of resolution (opcode 1), site information (opcode 2), errors and referrals, and the
 * request digest in front of reply bodies. Source: proto/handle.md sections 6, 7, 8. */
#ifndef ONYM_WIRE_RESOLVE_H
#define ONYM_WIRE_RESOLVE_H

#include "onym/model/message.h"
#include "wire/header.h"

/* Digest algorithm codes of section 7. */
enum onym_digest_code { ONYM_DIGEST_MD5 = 1, ONYM_DIGEST_SHA1 = 2, ONYM_DIGEST_SHA256 = 3 };
#define ONYM_DIGEST_LEN_MAX 32U

/* Bytes of a digest with that code; 0 for an unknown code. */
size_t onym_digest_code_len(uint8_t code);

/* H, list<u4> indexes, list<str> types; trailing bytes are ignored: deployed clients send them.
 * Reads name, indexes and types; the flags belong to the header. ONYM_OK or ONYM_MALFORMED. */
ONYM_MUST_USE enum onym_status onym_query_decode(onym_span body, struct onym_query *out);
/* Writes the body. ONYM_OK or ONYM_NO_SPACE. */
ONYM_MUST_USE enum onym_status onym_query_encode(const struct onym_query *query, uint8_t *out,
                                                 size_t cap, size_t *len);

/* Takes [u1 code, digest] from the front of a reply body when flags have RD and version >= 2.1.
 * digest is empty when there is none. ONYM_OK or ONYM_MALFORMED (unknown code, short). */
ONYM_MUST_USE enum onym_status onym_reply_digest_decode(const struct onym_message *reply,
                                                        uint8_t *code, onym_span *digest,
                                                        onym_span *rest);

/* The success reply of opcode 1 after any digest: H, list<value>. The list is checked. */
struct onym_resolve_reply {
    onym_span name; /* as requested */
    struct onym_value_list values;
};
ONYM_MUST_USE enum onym_status onym_resolve_reply_decode(onym_span body,
                                                         struct onym_resolve_reply *out);
ONYM_MUST_USE enum onym_status onym_resolve_reply_encode(const struct onym_resolve_reply *reply,
                                                         uint8_t *out, size_t cap, size_t *len);

/* A reply 302 or 303 after any digest: H (may be empty) [, list<value>]. */
struct onym_referral_reply {
    onym_span name;
    bool has_values; /* false: the list is absent, not merely empty */
    struct onym_value_list values;
};
ONYM_MUST_USE enum onym_status onym_referral_reply_decode(onym_span body,
                                                          struct onym_referral_reply *out);
ONYM_MUST_USE enum onym_status onym_referral_reply_encode(const struct onym_referral_reply *reply,
                                                          uint8_t *out, size_t cap, size_t *len);

/* Every other code's body after any digest: str text, may be empty. */
ONYM_MUST_USE enum onym_status onym_error_reply_decode(onym_span body, onym_span *text);

#endif
