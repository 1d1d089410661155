#include "auth/sign.h"

#include "auth/evp_priv.h"
#include "auth/keys_priv.h"
#include "base/reader.h"
#include "base/writer.h"

#include <openssl/evp.h>

#define VERSION_2_7  0x0207U
#define VERSION_2_11 0x020BU

/* As messages spell it, as OpenSSL does, without punctuation, and the one-byte code. */
static const struct {
    const char *name;
    const char *method;
    const char *plain;
    uint8_t code; /* 0: none */
} hashes[] = {
    [ONYM_SIGN_MD5] = {.name = "MD5", .method = "MD5", .plain = "md5", .code = 1},
    [ONYM_SIGN_SHA1] = {.name = "SHA1", .method = "SHA1", .plain = "sha1", .code = 2},
    [ONYM_SIGN_SHA256] = {.name = "SHA-256", .method = "SHA256", .plain = "sha256", .code = 3},
    [ONYM_SIGN_SM3] = {.name = "SM3", .method = "SM3", .plain = "sm3", .code = 0},
};
#define HASHES (sizeof hashes / sizeof hashes[0])

const char *
onym_sign_hash_name(enum onym_sign_hash hash)
{
    return hashes[hash].name;
}

enum onym_status
onym_sign_hash_named(onym_span name, const struct onym_auth_policy *policy,
                     enum onym_sign_hash *out)
{
    char plain[ONYM_SIGN_NAME_LEN_MAX + 1] = "";
    bool code = name.len == 1 && name.at[0] != 0;

    if (!code && !onym_evp_plain_name(name, plain, sizeof plain)) {
        return ONYM_CREDENTIAL_INVALID;
    }
    for (size_t i = 0; i < HASHES; i++) {
        if (code ? hashes[i].code == name.at[0] : strcmp(hashes[i].plain, plain) == 0) {
            if ((i == ONYM_SIGN_MD5 && !policy->allow_md5) ||
                (i == ONYM_SIGN_SHA1 && !policy->allow_sha1)) {
                return ONYM_CREDENTIAL_INVALID;
            }
            *out = (enum onym_sign_hash)i;
            return ONYM_OK;
        }
    }
    return ONYM_CREDENTIAL_INVALID;
}

enum onym_sign_hash
onym_sign_hash_for(const struct onym_key *key, uint16_t version)
{
    if (key->family == ONYM_FAMILY_SM2) {
        return ONYM_SIGN_SM3;
    }
    return version >= (key->family == ONYM_FAMILY_DSA ? VERSION_2_11 : VERSION_2_7)
               ? ONYM_SIGN_SHA256
               : ONYM_SIGN_SHA1;
}

static bool
suits(const struct onym_key *key, enum onym_sign_hash hash, const struct onym_signed_data *data)
{
    if (key->family == ONYM_FAMILY_SM2) {
        return hash == ONYM_SIGN_SM3 && data->user.len <= ONYM_SIGN_USER_LEN_MAX;
    }
    return hash == ONYM_SIGN_SHA1 || hash == ONYM_SIGN_SHA256 ||
           (hash == ONYM_SIGN_MD5 && key->family == ONYM_FAMILY_RSA);
}

typedef int start_function(EVP_MD_CTX *context, EVP_PKEY_CTX **of, const char *method,
                           OSSL_LIB_CTX *library, const char *properties, EVP_PKEY *pkey,
                           const OSSL_PARAM params[]);

/* A context ready for the data; NULL when OpenSSL does not make one. */
static EVP_MD_CTX *
begin(const struct onym_key *key, enum onym_sign_hash hash, onym_span user, start_function *start)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *inner = NULL; /* belongs to context */
    bool good = context != NULL &&
                start(context, &inner, hashes[hash].method, NULL, NULL, key->pkey, NULL) == 1;

    if (good && key->family == ONYM_FAMILY_SM2) {
        good = EVP_PKEY_CTX_set1_id(inner, user.len > 0 ? user.at : (const uint8_t *)"",
                                    (int)user.len) == 1;
    }
    if (!good) {
        EVP_MD_CTX_free(context);
        return NULL;
    }
    return context;
}

static enum onym_status
verify_over(const struct onym_key *key, enum onym_sign_hash hash,
            const struct onym_signed_data *data, onym_span signature)
{
    EVP_MD_CTX *context = begin(key, hash, data->user, EVP_DigestVerifyInit_ex);
    bool good = context != NULL;
    bool right = false;

    for (size_t i = 0; good && i < data->count; i++) {
        good = EVP_DigestVerifyUpdate(context, data->parts[i].at, data->parts[i].len) == 1;
    }
    if (good) {
        right = signature.len > 0 &&
                EVP_DigestVerifyFinal(context, signature.at, signature.len) == 1;
    }
    EVP_MD_CTX_free(context);
    if (right) {
        return ONYM_OK;
    }
    return onym_evp_failed(good ? ONYM_AUTH_FAILED : ONYM_CANNOT_AUTHENTICATE);
}

/* SM2 over the digest of the data instead of the data. */
static enum onym_status
digest_first(const struct onym_signed_data *data, uint8_t digest[ONYM_EVP_DIGEST_MAX],
             onym_span *part)
{
    size_t len = 0;
    enum onym_status status = onym_evp_digest("SM3", data->parts, data->count, digest, &len);

    *part = onym_span_of(digest, len);
    return status;
}

enum onym_status
onym_signature_verify(const struct onym_key *key, enum onym_sign_hash hash,
                      const struct onym_signed_data *data, onym_span signature)
{
    uint8_t digest[ONYM_EVP_DIGEST_MAX];
    onym_span part;
    enum onym_status status;

    if (!suits(key, hash, data)) {
        return ONYM_CREDENTIAL_INVALID;
    }
    status = verify_over(key, hash, data, signature);
    if (status == ONYM_AUTH_FAILED && key->family == ONYM_FAMILY_SM2) {
        status = digest_first(data, digest, &part);
        if (status == ONYM_OK) {
            status = verify_over(
                key, hash,
                &(struct onym_signed_data){.parts = &part, .count = 1, .user = data->user},
                signature);
        }
    }
    return status;
}

static enum onym_status
sign_over(const struct onym_key *key, enum onym_sign_hash hash, const struct onym_signed_data *data,
          uint8_t *out, size_t *len)
{
    EVP_MD_CTX *context = begin(key, hash, data->user, EVP_DigestSignInit_ex);
    bool good = context != NULL;

    for (size_t i = 0; good && i < data->count; i++) {
        good = EVP_DigestSignUpdate(context, data->parts[i].at, data->parts[i].len) == 1;
    }
    good = good && EVP_DigestSignFinal(context, out, len) == 1;
    EVP_MD_CTX_free(context);
    return good ? ONYM_OK : onym_evp_failed(ONYM_CANNOT_AUTHENTICATE);
}

enum onym_status
onym_signature_make(const struct onym_key *key, enum onym_sign_hash hash,
                    const struct onym_signed_data *data, uint8_t *out, size_t cap, size_t *len)
{
    uint8_t signature[ONYM_SIGNATURE_LEN_MAX];
    size_t signature_len = sizeof signature;
    uint8_t digest[ONYM_EVP_DIGEST_MAX];
    struct onym_signed_data over = *data;
    onym_span part;
    enum onym_status status = ONYM_OK;

    if (!key->is_private || !suits(key, hash, data)) {
        return ONYM_INVALID;
    }
    if (key->family == ONYM_FAMILY_SM2) {
        status = digest_first(data, digest, &part);
        over.parts = &part;
        over.count = 1;
    }
    if (status == ONYM_OK) {
        status = sign_over(key, hash, &over, signature, &signature_len);
    }
    if (status == ONYM_OK && signature_len > cap) {
        status = ONYM_NO_SPACE;
    }
    if (status == ONYM_OK) {
        memcpy(out, signature, signature_len);
        *len = signature_len;
    }
    return status;
}

/* ---- answers to challenges ---- */

enum onym_status
onym_pubkey_answer_decode(onym_span answer, struct onym_pubkey_answer *out)
{
    struct onym_reader r = onym_reader_over(answer);
    struct onym_pubkey_answer a;

    a.hash_name = onym_reader_counted(&r, ONYM_SIGN_NAME_LEN_MAX);
    a.signature = onym_reader_counted(&r, ONYM_SIGNATURE_LEN_MAX);
    if (r.left.len > 0) {
        onym_reader_fail(&r, ONYM_MALFORMED);
    }

    if (r.status == ONYM_OK) {
        *out = a;
    }
    return r.status;
}

enum onym_status
onym_pubkey_answer_verify(const struct onym_key *key, const struct onym_challenged *about,
                          onym_span answer, const struct onym_auth_policy *policy)
{
    const onym_span parts[] = {about->nonce, about->digest};
    const struct onym_signed_data data = {.parts = parts, .count = 2, .user = about->user};
    struct onym_pubkey_answer a;
    enum onym_sign_hash hash;
    enum onym_status status = onym_pubkey_answer_decode(answer, &a);

    if (status == ONYM_OK) {
        status = onym_sign_hash_named(a.hash_name, policy, &hash);
    }
    return status == ONYM_OK ? onym_signature_verify(key, hash, &data, a.signature) : status;
}

enum onym_status
onym_pubkey_answer_make(const struct onym_key *key, const struct onym_challenged *about,
                        uint8_t *out, size_t cap, size_t *len)
{
    const onym_span parts[] = {about->nonce, about->digest};
    const struct onym_signed_data data = {.parts = parts, .count = 2, .user = about->user};
    enum onym_sign_hash hash = onym_sign_hash_for(key, about->version);
    uint8_t signature[ONYM_SIGNATURE_LEN_MAX];
    size_t signature_len = 0;
    struct onym_writer w = onym_writer_over(out, cap);
    enum onym_status status = onym_signature_make(key, hash, &data, signature, sizeof signature,
                                                  &signature_len);

    if (status != ONYM_OK) {
        return status;
    }
    onym_writer_counted(&w, onym_span_text(onym_sign_hash_name(hash)));
    onym_writer_counted(&w, onym_span_of(signature, signature_len));

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}
