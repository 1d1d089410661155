/* HS_PUBKEY: a public key. Source: proto/handle.md 10.4.
 *
 *   str key type | u2 0 | fields of the type
 *
 * RSA keys end with four zero bytes that mean nothing; they are written, and their absence is
 * accepted. Some national tools store a plain PEM text instead of this structure. */
#ifndef ONYM_MODEL_HS_PUBKEY_H
#define ONYM_MODEL_HS_PUBKEY_H

#include "onym/model/limits.h"
#include "onym/span.h"
#include "onym/status.h"

enum onym_key_kind {
    ONYM_KEY_RSA, /* "RSA_PUB_KEY": exponent, modulus, four zero bytes */
    ONYM_KEY_DSA, /* "DSA_PUB_KEY": q, p, g, y */
    ONYM_KEY_DH,  /* "DH_PUB_KEY": y, p, g; session setup only */
    ONYM_KEY_SM2, /* "SM2_PUB_KEY": one PEM text */
    ONYM_KEY_SM9, /* "SM9_PUB_KEY": one PEM text */
    ONYM_KEY_PEM  /* the data is the PEM text itself, "-----BEGIN PUBLIC KEY-----..." */
};

/* Integers are big-endian two's complement as found, with a sign byte where the writer put one. */
struct onym_hs_pubkey {
    enum onym_key_kind kind;
    union {
        struct {
            onym_span exponent;
            onym_span modulus;
            bool no_tail; /* set by decode: the four zero bytes were left out; encode ignores it */
        } rsa;
        struct {
            onym_span q;
            onym_span p;
            onym_span g;
            onym_span y;
        } dsa;
        struct {
            onym_span y;
            onym_span p;
            onym_span g;
        } dh;
        onym_span text; /* SM2, SM9, PEM; not checked */
    } as;
};

/* The name in the structure, for example "RSA_PUB_KEY"; "PEM" for plain texts. Static. */
const char *onym_key_kind_name(enum onym_key_kind kind);

/* Decodes the data of an HS_PUBKEY value; the spans borrow from it. ONYM_OK; ONYM_UNSUPPORTED for
 * a well-formed front with another key type; ONYM_MALFORMED: short, the u2 not zero, an empty
 * integer, other bytes behind. *out changes on success only. */
ONYM_MUST_USE enum onym_status onym_hs_pubkey_decode(onym_span data, struct onym_hs_pubkey *out);

/* Writes the data, RSA with its four zero bytes. ONYM_OK and *len set, or ONYM_NO_SPACE. */
ONYM_MUST_USE enum onym_status onym_hs_pubkey_encode(const struct onym_hs_pubkey *key, uint8_t *out,
                                                     size_t cap, size_t *len);

#endif
