/* Keys of people and of this node, over OpenSSL. What a peer sends is bounded before OpenSSL sees
 * it: integers by length, PEM texts by size; RSA 1024-8192 bits with an exponent of at most 64
 * bits, DSA 1024-3072 bits, the curves P-256, P-384, P-521 and SM2. Sources: proto/handle.md H-10.4
 * (HS_PUBKEY), H-11.6, H-11.8, H-12.4.
 *
 * Functions here and in the other headers of auth/ that compute with OpenSSL may also return
 * ONYM_NO_MEMORY, and ONYM_CANNOT_AUTHENTICATE when OpenSSL's configuration forbids an algorithm.
 *
 * A key does not change after it was made and may be used by several threads at once. Keys live on
 * the heap and what is computed with them takes from 0.05 to several milliseconds: none of this
 * belongs on a loop's time. */
#ifndef ONYM_AUTH_KEYS_H
#define ONYM_AUTH_KEYS_H

#include "onym/span.h"
#include "onym/status.h"

enum onym_key_family { ONYM_FAMILY_RSA, ONYM_FAMILY_DSA, ONYM_FAMILY_EC, ONYM_FAMILY_SM2 };

#define ONYM_KEY_RSA_BITS_MIN      1024U
#define ONYM_KEY_RSA_BITS_MAX      8192U
#define ONYM_KEY_EXPONENT_BITS_MAX 64U
#define ONYM_KEY_DSA_BITS_MIN      1024U
#define ONYM_KEY_DSA_BITS_MAX      3072U
#define ONYM_KEY_PEM_LEN_MAX       16384U /* bytes of a PEM text, public or private */
#define ONYM_KEY_HS_PUBKEY_LEN_MAX 2048U  /* holds the HS_PUBKEY data of every key accepted */
#define ONYM_FINGERPRINT_LEN       32U

struct onym_key; /* opaque */

/* "RSA", "DSA", "EC", "SM2". Static. */
const char *onym_key_family_name(enum onym_key_family family);

/* The public key in the data of an HS_PUBKEY value: RSA_PUB_KEY, DSA_PUB_KEY, SM2_PUB_KEY with a
 * PEM text, or a PEM text alone. Integers are read without sign: writers forget the sign byte.
 * ONYM_OK and *out, to be freed with onym_key_free. ONYM_CREDENTIAL_INVALID: no HS_PUBKEY, a type
 * that cannot verify signatures (DH_PUB_KEY is for sessions; SM9), a size outside the bounds above,
 * another curve, a text that is not a public key or not of the kind its type promises.
 * ONYM_NO_MEMORY. *out changes on success only. */
ONYM_MUST_USE enum onym_status onym_key_from_hs_pubkey(onym_span data, struct onym_key **out);

/* The private key in the bytes of a PEM file (PKCS#8, or the older forms of RSA, DSA and EC keys).
 * ONYM_OK and *out. ONYM_INVALID for a file that holds no usable private key: *why (may be NULL
 * when not wanted) then points to a static English text that says what is wrong and what to do,
 * also for passphrase-protected keys. ONYM_NO_MEMORY. *out changes on success only. */
ONYM_MUST_USE enum onym_status onym_key_from_private_pem(onym_span file, struct onym_key **out,
                                                         const char **why);

/* A fresh pair. bits: RSA 2048 to 8192 in steps of 256, EC 256, 384 or 521, SM2 256; others are
 * ONYM_INVALID, DSA is ONYM_UNSUPPORTED (nobody should start with it today). Randomness comes from
 * OpenSSL's own generator. RSA takes from a tenth of a second to minutes. ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_key_generate(enum onym_key_family family, unsigned bits,
                                                 struct onym_key **out);

void onym_key_free(struct onym_key *key); /* NULL is fine; private parts are wiped */

/* What kind of key it is, how many bits it has, and whether its private half is there. */
enum onym_key_family onym_key_family(const struct onym_key *key);
unsigned onym_key_bits(const struct onym_key *key);
bool onym_key_is_private(const struct onym_key *key);

/* The public half as HS_PUBKEY data: RSA_PUB_KEY and DSA_PUB_KEY with sign bytes where they are
 * needed, SM2_PUB_KEY with a PEM text, EC as a PEM text alone. ONYM_OK and *len set, ONYM_NO_SPACE,
 * or ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_key_to_hs_pubkey(const struct onym_key *key, uint8_t *out,
                                                     size_t cap, size_t *len);

/* The public half as a PEM text ("BEGIN PUBLIC KEY"), and the pair as an unencrypted PKCS#8 PEM
 * text ("BEGIN PRIVATE KEY"; ONYM_INVALID when the key has no private half). No NUL at the end.
 * ONYM_OK and *len set, ONYM_NO_SPACE, or ONYM_NO_MEMORY. The caller wipes a private text. */
ONYM_MUST_USE enum onym_status onym_key_to_public_pem(const struct onym_key *key, uint8_t *out,
                                                      size_t cap, size_t *len);
ONYM_MUST_USE enum onym_status onym_key_to_private_pem(const struct onym_key *key, uint8_t *out,
                                                       size_t cap, size_t *len);

/* SHA-256 of the DER form of the public half (SubjectPublicKeyInfo): what a client certificate is
 * recognised by. ONYM_OK or ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_key_fingerprint(const struct onym_key *key,
                                                    uint8_t out[ONYM_FINGERPRINT_LEN]);

#endif
