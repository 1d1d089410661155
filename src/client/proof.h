/* Who a client is and what proves it: a shared secret or a private key, kept from one question to
 * the next and wiped when it is let go. Source: proto/handle.md section 11. */
#ifndef ONYM_CLIENT_PROOF_H
#define ONYM_CLIENT_PROOF_H

#include "auth/sign.h"
#include "base/rng.h"
#include "onym/client.h"

/* Holds the body of every answer: type, handle, index and the longest proof. */
#define ONYM_PROOF_BODY_MAX (ONYM_NAME_LEN_MAX + ONYM_SIGNATURE_LEN_MAX + 512U)

struct onym_proof; /* opaque */

/* Takes an identity in. Statuses and *why as onym_client_identify has them; *out (release with
 * onym_proof_free) changes on success only. */
ONYM_MUST_USE enum onym_status onym_proof_new(const struct onym_client_identity *identity,
                                              struct onym_proof **out, const char **why);
void onym_proof_free(struct onym_proof *proof); /* NULL is fine; wipes */

/* Writes the body of opcode 200 that answers a challenge; about->user is filled in here. Computes
 * for as long as the key needs. ONYM_OK and *len set; ONYM_NO_SPACE below ONYM_PROOF_BODY_MAX;
 * ONYM_NO_MEMORY; ONYM_INVALID or ONYM_CANNOT_AUTHENTICATE: the key cannot answer in that version,
 * or OpenSSL's configuration forbids it. */
ONYM_MUST_USE enum onym_status onym_proof_answer(const struct onym_proof *proof,
                                                 struct onym_challenged about, struct onym_rng *rng,
                                                 uint8_t *out, size_t cap, size_t *len);

#endif
