/* What the files of auth/ share over OpenSSL. */
#ifndef ONYM_AUTH_EVP_PRIV_H
#define ONYM_AUTH_EVP_PRIV_H

#include "onym/span.h"
#include "onym/status.h"

#define ONYM_EVP_DIGEST_MAX 64U

/* The status of a failed OpenSSL call: ONYM_NO_MEMORY when that was the reason, else `otherwise`.
 * Empties the thread's error queue, so that nothing of it shows up in somebody else's failure. */
enum onym_status onym_evp_failed(enum onym_status otherwise);

/* Digest of the parts one after the other. ONYM_OK and *len set, ONYM_NO_MEMORY, or
 * ONYM_CANNOT_AUTHENTICATE: OpenSSL has no such algorithm or its configuration forbids it. */
ONYM_MUST_USE enum onym_status onym_evp_digest(const char *name, const onym_span *parts,
                                               size_t count, uint8_t out[ONYM_EVP_DIGEST_MAX],
                                               size_t *len);
/* HMAC of the parts under key (not empty), with the digest of that name. Statuses as above. */
ONYM_MUST_USE enum onym_status onym_evp_hmac(const char *name, onym_span key,
                                             const onym_span *parts, size_t count,
                                             uint8_t out[ONYM_EVP_DIGEST_MAX], size_t *len);

/* Whether both are equal, in a time that depends on their length only. */
bool onym_evp_equal(onym_span a, onym_span b);

/* Letters and digits of name in lower case: "HMAC-SHA256" gives "hmacsha256". False when more than
 * cap - 1 of them. */
bool onym_evp_plain_name(onym_span name, char *out, size_t cap);

#endif
