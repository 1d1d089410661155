#define OPENSSL_SUPPRESS_DEPRECATED /* SHA256_Init and its like, docs/decisions/0179 */
#include "auth/digest.h"

#include "base/require.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>

struct onym_digester {
    EVP_MD *method[ONYM_DIGESTS];
    EVP_MD_CTX *context[ONYM_DIGESTS]; /* one each: switching methods would free and allocate */
    SHA256_CTX sha256; /* instead of its context, which is there to be refused by configuration */
    enum onym_digest running;
};

enum onym_status
onym_digester_new(struct onym_digester **out)
{
    static const char *const name[ONYM_DIGESTS] = {"MD5", "SHA1", "SHA256", "SM3"};
    struct onym_digester *d = calloc(1, sizeof *d);

    if (d == NULL) {
        return ONYM_NO_MEMORY;
    }
    for (unsigned i = 0; i < ONYM_DIGESTS; i++) {
        d->method[i] = EVP_MD_fetch(NULL, name[i], NULL);
        d->context[i] = EVP_MD_CTX_new();
        if (d->method[i] == NULL || d->context[i] == NULL ||
            EVP_DigestInit_ex2(d->context[i], d->method[i], NULL) != 1) {
            onym_digester_free(d);
            return ONYM_UNSUPPORTED;
        }
    }
    *out = d;
    return ONYM_OK;
}

void
onym_digester_free(struct onym_digester *d)
{
    if (d == NULL) {
        return;
    }
    for (unsigned i = 0; i < ONYM_DIGESTS; i++) {
        EVP_MD_CTX_free(d->context[i]);
        EVP_MD_free(d->method[i]);
    }
    free(d);
}

void
onym_digest_start(struct onym_digester *d, enum onym_digest algorithm)
{
    d->running = algorithm;
    if (algorithm == ONYM_SHA256) {
        ONYM_REQUIRE(SHA256_Init(&d->sha256) == 1);
        return;
    }
    ONYM_REQUIRE(EVP_DigestInit_ex2(d->context[algorithm], NULL, NULL) == 1);
}

void
onym_digest_add(struct onym_digester *d, onym_span bytes)
{
    if (d->running == ONYM_SHA256) {
        ONYM_REQUIRE(SHA256_Update(&d->sha256, bytes.at, bytes.len) == 1);
        return;
    }
    ONYM_REQUIRE(EVP_DigestUpdate(d->context[d->running], bytes.at, bytes.len) == 1);
}

size_t
onym_digest_finish(struct onym_digester *d, uint8_t out[ONYM_DIGEST_BYTES_MAX])
{
    unsigned len = 0;

    if (d->running == ONYM_SHA256) {
        ONYM_REQUIRE(SHA256_Final(out, &d->sha256) == 1);
        return SHA256_DIGEST_LENGTH;
    }
    ONYM_REQUIRE(EVP_DigestFinal_ex(d->context[d->running], out, &len) == 1);
    return len;
}

size_t
onym_digest(struct onym_digester *d, enum onym_digest algorithm, const onym_span *parts,
            size_t count, uint8_t out[ONYM_DIGEST_BYTES_MAX])
{
    onym_digest_start(d, algorithm);
    for (size_t i = 0; i < count; i++) {
        onym_digest_add(d, parts[i]);
    }
    return onym_digest_finish(d, out);
}
