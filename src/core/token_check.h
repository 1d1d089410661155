/* Whom an access token stands for, now. */
#ifndef ONYM_CORE_TOKEN_CHECK_H
#define ONYM_CORE_TOKEN_CHECK_H

#include "core/resolver.h"
#include "core/token.h"

/* The name an operator on the node's own machine goes by; no identifier, so nobody else has it. */
#define ONYM_OPERATOR_NAME "unix"

/* The digest of the key that who has now, an HS_SECKEY or HS_PUBKEY of who's record at that index,
 * into out. ONYM_OK; ONYM_CREDENTIAL_INVALID: no such key; ONYM_CANNOT_AUTHENTICATE: not registered
 * here; what the store reports. */
ONYM_MUST_USE enum onym_status onym_token_key(struct onym_resolver *resolver,
                                              struct onym_digester *digester,
                                              const struct onym_principal *who,
                                              uint8_t out[ONYM_TOKEN_DIGEST_LEN]);

/* The digest of a key's data, as above. */
void onym_token_key_digest(struct onym_digester *digester, onym_span key,
                           uint8_t out[ONYM_TOKEN_DIGEST_LEN]);

/* Whether the key with that digest is still one of who's: at that index, or at any when it is 0.
 * ONYM_OK; otherwise statuses of onym_token_key. */
ONYM_MUST_USE enum onym_status onym_token_key_holds(struct onym_resolver *resolver,
                                                    struct onym_digester *digester,
                                                    const struct onym_principal *who,
                                                    const uint8_t key[ONYM_TOKEN_DIGEST_LEN]);

/* Checks a token as it was sent. Secrets are compared by their digests and in constant time.
 * ONYM_OK: *out is the token, its spans the view's. Otherwise *why (static text) says what is
 * wrong: ONYM_CREDENTIAL_INVALID no token, or its key is gone or another; ONYM_AUTH_FAILED another
 * secret; ONYM_SESSION_UNKNOWN expired; what the store reports. */
ONYM_MUST_USE enum onym_status onym_token_check(struct onym_resolver *resolver,
                                                struct onym_digester *digester, onym_span text,
                                                uint64_t now_ms, struct onym_token *out,
                                                const char **why);

#endif
