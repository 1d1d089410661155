/* Signatures over bytes: made and checked with one key and one hash. RSA is PKCS#1 v1.5; DSA, EC
 * and SM2 signatures are DER. Sources: proto/handle.md H-11.4, H-11.6, H-12.4.
 *
 *   key | hashes
 *   RSA | MD5, SHA-1, SHA-256
 *   DSA | SHA-1, SHA-256
 *   EC  | SHA-1, SHA-256
 *   SM2 | SM3
 *
 * SM2 binds a user id, the bytes of the signer's handle. The one library known to sign so hands the
 * SM3 digest of the data to SM2, which hashes again; the standard hands over the data itself. We
 * write the first and accept both (docs/decisions/0070). */
#ifndef ONYM_AUTH_SIGN_H
#define ONYM_AUTH_SIGN_H

#include "auth/keys.h"
#include "auth/policy.h"

enum onym_sign_hash { ONYM_SIGN_MD5, ONYM_SIGN_SHA1, ONYM_SIGN_SHA256, ONYM_SIGN_SM3 };

#define ONYM_SIGNATURE_LEN_MAX 1024U /* bytes; RSA with 8192 bits */
#define ONYM_SIGN_USER_LEN_MAX 2048U /* bytes of an SM2 user id */
#define ONYM_SIGN_NAME_LEN_MAX 16U

/* The hash a name in a message means: "SHA-256", "SHA1", "MD5", "SM3" without regard to case and
 * punctuation, or one byte 1, 2, 3. ONYM_OK; ONYM_CREDENTIAL_INVALID for a name that is none of
 * them and for a hash that policy forbids. */
ONYM_MUST_USE enum onym_status onym_sign_hash_named(onym_span name,
                                                    const struct onym_auth_policy *policy,
                                                    enum onym_sign_hash *out);
/* How a hash is written: "MD5", "SHA1", "SHA-256", "SM3". Static. */
const char *onym_sign_hash_name(enum onym_sign_hash hash);

/* The hash a key signs with in a message of that version (major * 256 + minor): SHA-256 from 2.7
 * on (DSA from 2.11), SHA-1 before; SM3 for SM2. */
enum onym_sign_hash onym_sign_hash_for(const struct onym_key *key, uint16_t version);

/* What is signed: parts one after the other. */
struct onym_signed_data {
    const onym_span *parts;
    size_t count;
    onym_span user; /* SM2 only: the signer's handle, at most ONYM_SIGN_USER_LEN_MAX bytes */
};

/* ONYM_OK: the signature is right. ONYM_AUTH_FAILED: it is not, in whatever way.
 * ONYM_CREDENTIAL_INVALID: this key does not sign with this hash, or the user id is too long.
 * ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_signature_verify(const struct onym_key *key,
                                                     enum onym_sign_hash hash,
                                                     const struct onym_signed_data *data,
                                                     onym_span signature);

/* Signs with the private half. ONYM_OK and *len set; ONYM_INVALID: no private half, or the key does
 * not sign with this hash, or the user id is too long; ONYM_NO_SPACE (ONYM_SIGNATURE_LEN_MAX is
 * always enough); ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_signature_make(const struct onym_key *key,
                                                   enum onym_sign_hash hash,
                                                   const struct onym_signed_data *data,
                                                   uint8_t *out, size_t cap, size_t *len);

/* ---- HS_PUBKEY answers to a challenge: str hash name, str signature over nonce | digest ---- */

/* What an answer is about. */
struct onym_challenged {
    onym_span nonce;
    onym_span digest; /* of the request, without the algorithm's code */
    onym_span user;   /* the handle that answers (SM2) */
    uint16_t version; /* lower of version and suggested version of the challenge */
};

struct onym_pubkey_answer {
    onym_span hash_name;
    onym_span signature;
};

/* Spans borrow from answer. ONYM_OK, or ONYM_MALFORMED: a length past the end, a name over
 * ONYM_SIGN_NAME_LEN_MAX or a signature over ONYM_SIGNATURE_LEN_MAX bytes, bytes behind. */
ONYM_MUST_USE enum onym_status onym_pubkey_answer_decode(onym_span answer,
                                                         struct onym_pubkey_answer *out);

/* ONYM_OK: the holder of key answered this challenge. ONYM_MALFORMED, ONYM_CREDENTIAL_INVALID and
 * ONYM_AUTH_FAILED as above; ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_pubkey_answer_verify(const struct onym_key *key,
                                                         const struct onym_challenged *about,
                                                         onym_span answer,
                                                         const struct onym_auth_policy *policy);

/* Answers as a client of about->version does. Statuses of onym_signature_make. */
ONYM_MUST_USE enum onym_status onym_pubkey_answer_make(const struct onym_key *key,
                                                       const struct onym_challenged *about,
                                                       uint8_t *out, size_t cap, size_t *len);

#endif
