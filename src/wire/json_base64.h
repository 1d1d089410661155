/* Base64 of RFC 4648 as JSON carries it: the standard alphabet with padding for `base64` data, the
 * URL alphabet without padding for the numbers of a JWK. Strict: no white space, no other
 * characters, the unused bits of the last character zero. */
#ifndef ONYM_WIRE_JSON_BASE64_H
#define ONYM_WIRE_JSON_BASE64_H

#include "onym/span.h"
#include "onym/status.h"

enum onym_base64 { ONYM_BASE64_STANDARD, ONYM_BASE64_URL };

/* Characters that len bytes become. */
size_t onym_base64_encoded_len(enum onym_base64 kind, size_t len);

/* Writes onym_base64_encoded_len(kind, bytes.len) characters to out, no terminator. */
void onym_base64_encode(enum onym_base64 kind, onym_span bytes, char *out);

/* Reads text into out, which must hold 3 * (text.len / 4) + 2 bytes. ONYM_OK and *len set, or
 * ONYM_MALFORMED. */
ONYM_MUST_USE enum onym_status onym_base64_decode(enum onym_base64 kind, onym_span text,
                                                  uint8_t *out, size_t *len);

#endif
