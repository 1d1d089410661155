/* What stands under the credential of a message, and its making and checking: HS_SIGNED with a
 * private key, HS_MAC with the key of a session. wire/credential.h holds the frame around it.
 * Source: proto/handle.md H-12.2 to H-12.5.
 *
 *   2.8 and later | major, minor, suggested major and minor, u4 session id, u4 request id,
 *                 | u4 counter, header, body
 *   2.7           | the same without the suggested version
 *   2.5, 2.6      | written at a wrong offset by the reference: ONYM_UNSUPPORTED, send unsigned
 *   below 2.5     | header, body
 */
#ifndef ONYM_AUTH_SEAL_H
#define ONYM_AUTH_SEAL_H

#include "auth/sign.h"

struct onym_sealed {
    uint16_t version;   /* of the message, major * 256 + minor */
    uint16_t suggested; /* as it stands in the envelope */
    uint32_t session_id;
    uint32_t request_id;
    uint32_t counter;  /* of the session; 0 outside */
    onym_span covered; /* header and body: onym_message.digested */
};

/* What goes into the credential frame. */
struct onym_seal {
    const char *type;    /* "HS_SIGNED" or "HS_MAC"; static */
    onym_span hash_name; /* static */
    uint8_t signature[ONYM_SIGNATURE_LEN_MAX];
    size_t signature_len;
};

#define ONYM_SEAL_MAC_KEY_LEN_MAX 64U

/* The bytes in front of header and body. ONYM_OK and *len set (0 below 2.5), or ONYM_UNSUPPORTED.
 */
#define ONYM_SEAL_FRONT_LEN_MAX 16U
ONYM_MUST_USE enum onym_status onym_seal_front(const struct onym_sealed *message,
                                               uint8_t out[ONYM_SEAL_FRONT_LEN_MAX], size_t *len);

/* Signs as version and key ask (SHA-256 from 2.7 on, SHA-1 before). ONYM_UNSUPPORTED: versions 2.5
 * and 2.6; otherwise the statuses of onym_signature_make. */
ONYM_MUST_USE enum onym_status onym_seal_sign(const struct onym_key *key,
                                              const struct onym_sealed *message,
                                              struct onym_seal *out);
/* Checks an HS_SIGNED of a peer. user: the signer's handle (SM2), may be empty. ONYM_OK;
 * ONYM_UNSUPPORTED; ONYM_CREDENTIAL_INVALID, ONYM_AUTH_FAILED, ONYM_NO_MEMORY as in auth/sign.h. */
struct onym_seal_claim {
    onym_span hash_name;
    onym_span signature;
    onym_span user;
};
ONYM_MUST_USE enum onym_status onym_seal_verify(const struct onym_key *key,
                                                const struct onym_sealed *message,
                                                const struct onym_seal_claim *claim,
                                                const struct onym_auth_policy *policy);

/* MACs with the whole session key: HMAC-SHA256 from 2.7 on, SHA-1(K | header | body | K) below 2.5.
 * ONYM_OK, ONYM_UNSUPPORTED (2.5, 2.6), ONYM_INVALID (key empty or over ONYM_SEAL_MAC_KEY_LEN_MAX),
 * ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status
onym_seal_mac(onym_span session_key, const struct onym_sealed *message, struct onym_seal *out);
/* Checks an HS_MAC, in constant time. ONYM_OK; ONYM_SESSION_REJECTED: wrong, or a name that does
 * not belong to the version, or a form that policy forbids; ONYM_UNSUPPORTED; ONYM_NO_MEMORY. Only
 * a MAC that is right may move the session's replay window (auth/session.h). */
ONYM_MUST_USE enum onym_status onym_seal_mac_check(onym_span session_key,
                                                   const struct onym_sealed *message,
                                                   const struct onym_seal_claim *claim,
                                                   const struct onym_auth_policy *policy);

#endif
