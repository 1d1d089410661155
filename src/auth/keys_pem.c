/* Keys as PEM texts, and fresh ones. */
#include "auth/evp_priv.h"
#include "auth/keys.h"
#include "auth/keys_priv.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>

static bool
holds(onym_span text, const char *word)
{
    return text.len > 0 && memmem(text.at, text.len, word, strlen(word)) != NULL;
}

/* ---- public ---- */

/* The base64 between the armour lines of a public key. Not OpenSSL's reader of PEM: that one has
 * opinions on the length of lines, and writers of the texts in records do not share them. */
static bool
armoured(onym_span text, onym_span *inside)
{
    static const char begin[] = "-----BEGIN PUBLIC KEY-----";
    static const char end[] = "-----END PUBLIC KEY-----";
    const uint8_t *from = text.len > 0 ? memmem(text.at, text.len, begin, sizeof begin - 1) : NULL;
    const uint8_t *to;
    size_t left;

    if (from == NULL) {
        return false;
    }
    from += sizeof begin - 1;
    left = text.len - (size_t)(from - text.at);
    to = memmem(from, left, end, sizeof end - 1);
    if (to == NULL) {
        return false;
    }
    *inside = onym_span_of(from, (size_t)(to - from));
    return true;
}

/* out holds at least 3/4 of the text and some bytes more. */
static bool
from_base64(onym_span text, uint8_t *out, size_t *len)
{
    EVP_ENCODE_CTX *context = EVP_ENCODE_CTX_new();
    int part = 0;
    int rest = 0;
    bool good = context != NULL;

    if (good) {
        EVP_DecodeInit(context);
        good = EVP_DecodeUpdate(context, out, &part, text.at, (int)text.len) >= 0 &&
               EVP_DecodeFinal(context, out + part, &rest) == 1;
        *len = (size_t)part + (size_t)rest;
    }
    EVP_ENCODE_CTX_free(context);
    return good;
}

enum onym_status
onym_key_from_public_pem(onym_span text, struct onym_key **out)
{
    onym_span base64;
    uint8_t *der;
    const unsigned char *cursor;
    size_t len = 0;
    EVP_PKEY *pkey = NULL;

    if (text.len > ONYM_KEY_PEM_LEN_MAX || !armoured(text, &base64)) {
        return ONYM_CREDENTIAL_INVALID;
    }
    der = malloc(ONYM_KEY_PEM_LEN_MAX);
    if (der == NULL) {
        return ONYM_NO_MEMORY;
    }
    cursor = der;
    if (from_base64(base64, der, &len) && len > 0) {
        pkey = d2i_PUBKEY(NULL, &cursor, (long)len);
        if (cursor != der + len) { /* nothing may stand behind the key */
            EVP_PKEY_free(pkey);
            pkey = NULL;
        }
    }
    free(der);
    return pkey != NULL ? onym_key_wrap(pkey, false, out)
                        : onym_evp_failed(ONYM_CREDENTIAL_INVALID);
}

/* ---- private ---- */

/* What a person did wrong, as far as the text itself tells; NULL when it looks like a key. */
static const char *
wrong_file(onym_span file)
{
    if (file.len > ONYM_KEY_PEM_LEN_MAX) {
        return "the file is larger than 16384 bytes, more than a private key takes; name a PEM "
               "file that holds the key alone";
    }
    if (holds(file, "-----BEGIN ENCRYPTED PRIVATE KEY-----") ||
        holds(file, "Proc-Type: 4,ENCRYPTED")) {
        return "the private key is protected by a passphrase, which a service cannot ask for; "
               "write it without one: openssl pkey -in OLD -out NEW";
    }
    if (holds(file, "PRIVATE KEY-----")) {
        return NULL;
    }
    if (holds(file, "-----BEGIN CERTIFICATE-----")) {
        return "the file holds a certificate and no private key; name the file of its key";
    }
    if (holds(file, "-----BEGIN PUBLIC KEY-----")) {
        return "the file holds a public key; name the file of the private key";
    }
    return "the file holds no private key in PEM form (a line \"-----BEGIN PRIVATE KEY-----\" is "
           "missing)";
}

static int
no_passphrase(char *buffer, int size, int writing, void *of)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)of;
    return -1;
}

enum onym_status
onym_key_from_private_pem(onym_span file, struct onym_key **out, const char **why)
{
    const char *reason = wrong_file(file);
    enum onym_status status = ONYM_INVALID;
    BIO *bio = NULL;
    EVP_PKEY *pkey = NULL;

    if (reason == NULL) {
        bio = BIO_new_mem_buf(file.at, (int)file.len);
        pkey = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
        BIO_free(bio);
        if (pkey == NULL) {
            reason = "the private key in the file is damaged or of a form that is not known";
            status = onym_evp_failed(ONYM_INVALID);
        } else {
            status = onym_key_wrap(pkey, true, out);
        }
    }
    if (status == ONYM_CREDENTIAL_INVALID) {
        reason = "the private key is not of a kind or size this node uses: RSA of 1024 to 8192 "
                 "bits, DSA of 1024 to 3072, EC on P-256, P-384 or P-521, or SM2";
        status = ONYM_INVALID;
    }
    if (status == ONYM_INVALID && why != NULL) {
        *why = reason;
    }
    return status;
}

/* ---- fresh ones ---- */

static EVP_PKEY *
generate(enum onym_key_family family, unsigned bits)
{
    if (family == ONYM_FAMILY_RSA) {
        return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
    }
    if (family == ONYM_FAMILY_SM2) {
        return EVP_PKEY_Q_keygen(NULL, NULL, "SM2");
    }
    return EVP_PKEY_Q_keygen(NULL, NULL, "EC",
                             bits == 256   ? "P-256"
                             : bits == 384 ? "P-384"
                                           : "P-521");
}

enum onym_status
onym_key_generate(enum onym_key_family family, unsigned bits, struct onym_key **out)
{
    bool known = false;
    EVP_PKEY *pkey;

    switch (family) {
    case ONYM_FAMILY_RSA:
        known = bits >= 2048 && bits <= ONYM_KEY_RSA_BITS_MAX && bits % 256 == 0;
        break;
    case ONYM_FAMILY_DSA:
        return ONYM_UNSUPPORTED;
    case ONYM_FAMILY_EC:
        known = bits == 256 || bits == 384 || bits == 521;
        break;
    case ONYM_FAMILY_SM2:
        known = bits == 256;
        break;
    }
    if (!known) {
        return ONYM_INVALID;
    }
    pkey = generate(family, bits);
    return pkey != NULL ? onym_key_wrap(pkey, true, out)
                        : onym_evp_failed(ONYM_CANNOT_AUTHENTICATE);
}

/* ---- writing ---- */

static enum onym_status
take_text(BIO *bio, bool written, uint8_t *out, size_t cap, size_t *len)
{
    char *text = NULL;
    long text_len = written ? BIO_get_mem_data(bio, &text) : 0;
    enum onym_status status = ONYM_OK;

    if (text_len <= 0) {
        status = onym_evp_failed(ONYM_CANNOT_AUTHENTICATE);
    } else if ((size_t)text_len > cap) {
        status = ONYM_NO_SPACE;
    } else {
        memcpy(out, text, (size_t)text_len);
        *len = (size_t)text_len;
    }
    BIO_free(bio);
    return status;
}

enum onym_status
onym_key_to_public_pem(const struct onym_key *key, uint8_t *out, size_t cap, size_t *len)
{
    BIO *bio = BIO_new(BIO_s_mem());
    bool written = bio != NULL && PEM_write_bio_PUBKEY(bio, key->pkey) == 1;

    return take_text(bio, written, out, cap, len);
}

enum onym_status
onym_key_to_private_pem(const struct onym_key *key, uint8_t *out, size_t cap, size_t *len)
{
    BIO *bio;
    bool written;

    if (!key->is_private) {
        return ONYM_INVALID;
    }
    bio = BIO_new(BIO_s_secmem()); /* wiped when freed */
    written = bio != NULL &&
              PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL) == 1;
    return take_text(bio, written, out, cap, len);
}
