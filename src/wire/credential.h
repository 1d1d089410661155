/* The credential section behind a message's body: a signature or a MAC over the message, kept apart
 * from the arithmetic that makes it. Source: proto/handle.md section 12.
 *
 *   u1 version | u1 reserved | u2 options | str signer | u4 counter | str type |
 *   u4 length of the rest | str hash name | str signature
 */
#ifndef ONYM_WIRE_CREDENTIAL_H
#define ONYM_WIRE_CREDENTIAL_H

#include "wire/header.h"

struct onym_credential {
    uint8_t version; /* 0 from every writer seen, as are the next three; all are kept */
    uint8_t reserved;
    uint16_t options;
    onym_span signer;    /* empty */
    uint32_t counter;    /* session counter; 0 outside sessions */
    onym_span type;      /* "HS_SIGNED" or "HS_MAC" */
    onym_span hash_name; /* "SHA-256", "SHA1", "HMAC-SHA256", or one byte in old versions */
    onym_span signature;
};

/* Decodes the bytes of a credential field (onym_message.credential, not empty). Spans borrow from
 * it. ONYM_OK, or ONYM_MALFORMED with *out unchanged: short, bytes behind, a length of the rest
 * that is not the rest's. */
ONYM_MUST_USE enum onym_status onym_credential_decode(onym_span field, struct onym_credential *out);

/* Writes the bytes of the field without its own length. ONYM_OK and *len set, or ONYM_NO_SPACE. */
ONYM_MUST_USE enum onym_status onym_credential_encode(const struct onym_credential *credential,
                                                      uint8_t *out, size_t cap, size_t *len);

#endif
