/* Message digests through OpenSSL. A digester is prepared once, by one thread, and then computes
 * SHA-256 without touching the heap; for the others OpenSSL 3.0 allocates at each start. */
#ifndef ONYM_AUTH_DIGEST_H
#define ONYM_AUTH_DIGEST_H

#include "onym/span.h"
#include "onym/status.h"

enum onym_digest { ONYM_MD5, ONYM_SHA1, ONYM_SHA256, ONYM_SM3, ONYM_DIGESTS };
#define ONYM_DIGEST_BYTES_MAX 32U

struct onym_digester; /* opaque; one thread at a time */

/* ONYM_OK and *out (release with onym_digester_free), or ONYM_NO_MEMORY; ONYM_UNSUPPORTED when the
 * OpenSSL configuration forbids one of the algorithms. */
ONYM_MUST_USE enum onym_status onym_digester_new(struct onym_digester **out);
void onym_digester_free(struct onym_digester *digester); /* NULL is fine */

/* Digest of the parts one after the other into out; returns its length: 16, 20 or 32
 * bytes. */
size_t onym_digest(struct onym_digester *digester, enum onym_digest algorithm,
                   const onym_span *parts, size_t count, uint8_t out[ONYM_DIGEST_BYTES_MAX]);

/* For long inputs: start, add as often as wanted, finish. */
void onym_digest_start(struct onym_digester *digester, enum onym_digest algorithm);
void onym_digest_add(struct onym_digester *digester, onym_span bytes);
size_t onym_digest_finish(struct onym_digester *digester, uint8_t out[ONYM_DIGEST_BYTES_MAX]);

#endif
