#include "auth/evp_priv.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

enum onym_status
onym_evp_failed(enum onym_status otherwise)
{
    unsigned long code = ERR_peek_last_error();

    ERR_clear_error();
    return code != 0 && ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE ? ONYM_NO_MEMORY : otherwise;
}

enum onym_status
onym_evp_digest(const char *name, const onym_span *parts, size_t count,
                uint8_t out[ONYM_EVP_DIGEST_MAX], size_t *len)
{
    EVP_MD *method = EVP_MD_fetch(NULL, name, NULL);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned written = 0;
    bool good = method != NULL && context != NULL && EVP_DigestInit_ex2(context, method, NULL) == 1;

    for (size_t i = 0; good && i < count; i++) {
        good = EVP_DigestUpdate(context, parts[i].at, parts[i].len) == 1;
    }
    good = good && EVP_DigestFinal_ex(context, out, &written) == 1;
    EVP_MD_CTX_free(context);
    EVP_MD_free(method);
    if (!good) {
        return onym_evp_failed(ONYM_CANNOT_AUTHENTICATE);
    }
    *len = written;
    return ONYM_OK;
}

enum onym_status
onym_evp_hmac(const char *name, onym_span key, const onym_span *parts, size_t count,
              uint8_t out[ONYM_EVP_DIGEST_MAX], size_t *len)
{
    EVP_MAC *method = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = method != NULL ? EVP_MAC_CTX_new(method) : NULL;
    char digest[16] = {0};
    OSSL_PARAM params[] = {OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                           OSSL_PARAM_END};
    size_t written = 0;
    bool good;

    params[0].data_size = strnlen(name, sizeof digest - 1);
    memcpy(digest, name, params[0].data_size); /* the interface wants no const text */
    good = context != NULL && EVP_MAC_init(context, key.at, key.len, params) == 1;
    for (size_t i = 0; good && i < count; i++) {
        good = EVP_MAC_update(context, parts[i].at, parts[i].len) == 1;
    }
    good = good && EVP_MAC_final(context, out, &written, ONYM_EVP_DIGEST_MAX) == 1;
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(method);
    if (!good) {
        return onym_evp_failed(ONYM_CANNOT_AUTHENTICATE);
    }
    *len = written;
    return ONYM_OK;
}

bool
onym_evp_equal(onym_span a, onym_span b)
{
    return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.at, b.at, a.len) == 0);
}

bool
onym_evp_plain_name(onym_span name, char *out, size_t cap)
{
    size_t len = 0;

    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.at[i];
        bool upper = c >= 'A' && c <= 'Z';

        if (!upper && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9')) {
            continue;
        }
        if (len + 1 >= cap) {
            return false;
        }
        out[len++] = (char)(upper ? c + 32 : c);
    }
    out[len] = '\0';
    return true;
}
