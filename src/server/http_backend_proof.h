/* What somebody on the HTTP API claims, the keys registered for them, and whether one fits the
 * other. Keys are copied out of the store on the worker's loop; checking touches nothing but the
 * proof itself, so it runs on any thread. Source: proto/handle-rest.md section 5. */
#ifndef ONYM_SERVER_HTTP_BACKEND_PROOF_H
#define ONYM_SERVER_HTTP_BACKEND_PROOF_H

#include "auth/digest.h"
#include "auth/policy.h"
#include "core/resolver.h"
#include "service/http_backend.h"

/* Keys tried when no index is named. */
#define ONYM_HTTP_PROOF_KEYS 8U
#define ONYM_HTTP_KEY_LEN    32U /* SHA-256 of a public key */
#define ONYM_HTTP_ANSWER_MAX 2048U

enum onym_http_proof_kind {
    ONYM_HTTP_PROOF_SECRET,     /* a digest or MAC over nonce | cnonce, with an HS_SECKEY */
    ONYM_HTTP_PROOF_SIGNATURE,  /* a signature over nonce | cnonce, with an HS_PUBKEY */
    ONYM_HTTP_PROOF_CERTIFICATE /* TLS has shown that the peer holds this key: is it an HS_PUBKEY?
                                 */
};

/* One claim. Spans are the caller's. */
struct onym_http_claim {
    enum onym_http_proof_kind kind;
    struct onym_principal who; /* index 0: any key of that handle */
    onym_span nonce, cnonce;
    onym_span answer; /* as auth/secret.h or auth/sign.h want it: onym_http_claim_read */
    onym_span key;    /* CERTIFICATE: ONYM_HTTP_KEY_LEN bytes */
};

struct onym_http_proof {
    struct onym_http_claim claim;
    struct onym_auth_policy policy;
    size_t keys;
    struct {
        uint32_t index;
        onym_span data;
    } key[ONYM_HTTP_PROOF_KEYS];
    /* the outcome */
    enum onym_status status;
    uint32_t index; /* of the key that fits */
    size_t used, cap;
    uint8_t bytes[]; /* what the spans above borrow from */
};

/* Reads the challenge answer in credentials of scheme ONYM_HTTP_HANDLE into *out, with the answer
 * in memory. ONYM_OK; ONYM_CREDENTIAL_INVALID: a type that is neither HS_SECKEY nor HS_PUBKEY, an
 * algorithm nobody knows, a part missing or over its limit. */
ONYM_MUST_USE enum onym_status onym_http_claim_read(const struct onym_http_credentials *given,
                                                    uint8_t memory[ONYM_HTTP_ANSWER_MAX],
                                                    struct onym_http_claim *out);

/* Who a certificate's subject (RFC 2253, as net/tls.h gives it) says it is: UID, else CN, else O,
 * as `index:handle`, or a handle alone in CN and O. The handle lies in memory. ONYM_OK or
 * ONYM_CREDENTIAL_INVALID. */
ONYM_MUST_USE enum onym_status onym_http_subject_read(onym_span subject,
                                                      uint8_t memory[ONYM_HTTP_ANSWER_MAX],
                                                      struct onym_principal *out);

/* Copies the claim and the keys it can be checked with: values of type HS_SECKEY or HS_PUBKEY of
 * the user's record. ONYM_OK and *out (free); ONYM_CANNOT_AUTHENTICATE: that user is not registered
 * here; ONYM_CREDENTIAL_INVALID: no such key; what the store reports; ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_http_proof_new(const struct onym_http_claim *claim,
                                                   const struct onym_auth_policy *policy,
                                                   struct onym_resolver *resolver,
                                                   struct onym_http_proof **out);

/* Sets status and index. Any thread. */
void onym_http_proof_check(struct onym_http_proof *proof);

/* The data of the key that fitted; status is ONYM_OK. Borrows from proof. */
onym_span onym_http_proof_key(const struct onym_http_proof *proof);

/* Checks a password against the HS_SECKEY values of the user, at once: the value is the password,
 * or the digits of its SHA-1. *index is the one that fits. ONYM_OK; ONYM_AUTH_FAILED; statuses of
 * onym_http_proof_new. */
ONYM_MUST_USE enum onym_status onym_http_password_check(struct onym_resolver *resolver,
                                                        struct onym_digester *digester,
                                                        const struct onym_principal *who,
                                                        onym_span password, uint32_t *index);

#endif
