/* The inside of a key, for the files of auth/. */
#ifndef ONYM_AUTH_KEYS_PRIV_H
#define ONYM_AUTH_KEYS_PRIV_H

#include "auth/keys.h"

#include <openssl/evp.h>

struct onym_key {
    EVP_PKEY *pkey; /* owned */
    enum onym_key_family family;
    unsigned bits;
    bool is_private;
};

/* Judges a key OpenSSL has read and takes it over, also when it is refused. ONYM_OK,
 * ONYM_CREDENTIAL_INVALID for a kind or size we do not use, ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_key_wrap(EVP_PKEY *pkey, bool is_private,
                                             struct onym_key **out);

/* The public key in a PEM text, wherever in it the armour begins. Statuses of
 * onym_key_from_hs_pubkey. */
ONYM_MUST_USE enum onym_status onym_key_from_public_pem(onym_span text, struct onym_key **out);

/* One integer of a key. */
struct onym_key_number {
    const char *name; /* OSSL_PKEY_PARAM_... */
    onym_span bytes;  /* big-endian, no sign */
};
/* A key of the type from its integers; NULL when OpenSSL does not take them. selection:
 * EVP_PKEY_PUBLIC_KEY and the like. */
EVP_PKEY *onym_key_build(const char *type, int selection, const struct onym_key_number *numbers,
                         size_t count);

/* Writes an integer of the key big-endian with a zero byte in front when its top bit is set, as
 * HS_PUBKEY wants it. NO_SPACE when it takes more than cap, NO_MEMORY when OpenSSL fails. */
ONYM_MUST_USE enum onym_status onym_key_number(const EVP_PKEY *pkey, const char *name, uint8_t *out,
                                               size_t cap, onym_span *number);

/* Without leading zero bytes. */
onym_span onym_key_unsigned(onym_span integer);
unsigned onym_key_number_bits(onym_span integer);

#endif
