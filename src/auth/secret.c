#include "auth/secret.h"

#include "auth/evp_priv.h"
#include "base/hex.h"
#include "base/reader.h"
#include "base/require.h"
#include "base/writer.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#define VERSION_2_1 0x0201U
#define VERSION_2_7 0x0207U

/* How a form computes. */
static const struct form {
    enum onym_secret_form form;
    const char *digest;
    bool hmac; /* under the secret; else digest of secret | data | secret */
    size_t mac_len;
} forms[] = {
    {ONYM_SECRET_BARE_MD5, "MD5", false, 16},  {ONYM_SECRET_MD5, "MD5", false, 16},
    {ONYM_SECRET_SHA1, "SHA1", false, 20},     {ONYM_SECRET_SHA256, "SHA256", false, 32},
    {ONYM_SECRET_HMAC_SHA1, "SHA1", true, 20}, {ONYM_SECRET_HMAC_SHA256, "SHA256", true, 32},
    {ONYM_SECRET_PBKDF2, "SHA1", true, 20},
};

static const struct form *
form_of(unsigned code)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if ((unsigned)forms[i].form == code) {
            return &forms[i];
        }
    }
    return NULL;
}

static bool
allowed(enum onym_secret_form form, const struct onym_auth_policy *policy)
{
    switch (form) {
    case ONYM_SECRET_BARE_MD5:
    case ONYM_SECRET_MD5:
        return policy->allow_md5;
    case ONYM_SECRET_SHA1:
        return policy->allow_sha1;
    case ONYM_SECRET_SHA256:
    case ONYM_SECRET_HMAC_SHA1:
    case ONYM_SECRET_HMAC_SHA256:
    case ONYM_SECRET_PBKDF2:
        break;
    }
    return true;
}

/* Looked at before anything is computed: rounds cost time, and the peer names their number. */
static bool
bounded(const struct onym_secret_answer *a)
{
    return a->form != ONYM_SECRET_PBKDF2 ||
           (a->iterations >= 1 && a->iterations <= ONYM_SECRET_ITERATIONS_MAX &&
            a->key_bits >= ONYM_SECRET_KEY_BITS_MIN && a->key_bits <= ONYM_SECRET_KEY_BITS_MAX &&
            a->key_bits % 8 == 0 && a->salt.len <= ONYM_SECRET_SALT_LEN_MAX);
}

enum onym_status
onym_secret_answer_decode(onym_span answer, uint16_t version, struct onym_secret_answer *out)
{
    struct onym_reader r = onym_reader_over(answer);
    struct onym_secret_answer a = {.form = ONYM_SECRET_BARE_MD5};
    const struct form *form = form_of(ONYM_SECRET_BARE_MD5);

    if (version >= VERSION_2_1) {
        uint8_t code = onym_reader_u8(&r);

        form = code != 0 ? form_of(code) : NULL;
        if (r.status == ONYM_OK && form == NULL) {
            return ONYM_CREDENTIAL_INVALID;
        }
    }
    if (form != NULL) {
        a.form = form->form;
    }
    if (a.form == ONYM_SECRET_PBKDF2) {
        a.salt = onym_reader_counted(&r, r.left.len);
        a.iterations = onym_reader_u32(&r);
        a.key_bits = onym_reader_u32(&r);
        a.mac = onym_reader_counted(&r, ONYM_SECRET_MAC_LEN_MAX);
    } else {
        a.mac = onym_reader_bytes(&r, r.left.len);
    }
    if (r.left.len > 0 || form == NULL || a.mac.len != form->mac_len) {
        onym_reader_fail(&r, ONYM_MALFORMED);
    }
    if (r.status == ONYM_OK && !bounded(&a)) {
        return ONYM_CREDENTIAL_INVALID;
    }

    if (r.status == ONYM_OK) {
        *out = a;
    }
    return r.status;
}

/* K', H-11.5: the reference reads the secret's bytes as Latin-1 and writes them as UTF-8. */
static size_t
latin1_to_utf8(onym_span secret, uint8_t out[2 * ONYM_SECRET_LEN_MAX])
{
    size_t len = 0;

    for (size_t i = 0; i < secret.len; i++) {
        uint8_t c = secret.at[i];

        if (c < 0x80) {
            out[len++] = c;
        } else {
            out[len++] = (uint8_t)(0xC0U | c >> 6);
            out[len++] = (uint8_t)(0x80U | (c & 0x3FU));
        }
    }
    return len;
}

static enum onym_status
derive(onym_span secret, const struct onym_secret_answer *how,
       uint8_t out[ONYM_SECRET_KEY_BITS_MAX / 8])
{
    uint8_t again[2 * ONYM_SECRET_LEN_MAX];
    size_t len = latin1_to_utf8(secret, again);
    int done = PKCS5_PBKDF2_HMAC(
        (const char *)again, (int)len, how->salt.len > 0 ? how->salt.at : (const uint8_t *)"",
        (int)how->salt.len, (int)how->iterations, EVP_sha1(), (int)(how->key_bits / 8), out);

    OPENSSL_cleanse(again, sizeof again);
    return done == 1 ? ONYM_OK : onym_evp_failed(ONYM_CANNOT_AUTHENTICATE);
}

static enum onym_status
mac_of(onym_span secret, const struct onym_challenged *about, const struct onym_secret_answer *how,
       uint8_t out[ONYM_EVP_DIGEST_MAX], size_t *len)
{
    const struct form *form = form_of((unsigned)how->form);
    const onym_span parts[] = {secret, about->nonce, about->digest, secret};
    uint8_t derived[ONYM_SECRET_KEY_BITS_MAX / 8];
    onym_span key = secret;
    enum onym_status status = ONYM_OK;

    ONYM_REQUIRE(form != NULL);
    if (secret.len == 0 || secret.len > ONYM_SECRET_LEN_MAX) {
        return ONYM_CREDENTIAL_INVALID;
    }
    if (!form->hmac) {
        return onym_evp_digest(form->digest, parts, 4, out, len);
    }
    if (how->form == ONYM_SECRET_PBKDF2) {
        status = derive(secret, how, derived);
        key = onym_span_of(derived, how->key_bits / 8);
    }
    if (status == ONYM_OK) {
        status = onym_evp_hmac(form->digest, key, parts + 1, 2, out, len);
    }
    OPENSSL_cleanse(derived, sizeof derived);
    return status;
}

enum onym_status
onym_secret_answer_verify(onym_span secret, const struct onym_challenged *about, onym_span answer,
                          const struct onym_auth_policy *policy)
{
    struct onym_secret_answer a;
    uint8_t mac[ONYM_EVP_DIGEST_MAX];
    size_t len = 0;
    enum onym_status status = onym_secret_answer_decode(answer, about->version, &a);

    if (status == ONYM_OK && !allowed(a.form, policy)) {
        status = ONYM_CREDENTIAL_INVALID;
    }
    if (status == ONYM_OK) {
        status = mac_of(secret, about, &a, mac, &len);
    }
    if (status == ONYM_OK && !onym_evp_equal(a.mac, onym_span_of(mac, len))) {
        status = ONYM_AUTH_FAILED;
    }
    return status;
}

enum onym_status
onym_secret_answer_compute(onym_span secret, const struct onym_challenged *about,
                           const struct onym_secret_answer *how, uint8_t *out, size_t cap,
                           size_t *len)
{
    struct onym_writer w = onym_writer_over(out, cap);
    uint8_t mac[ONYM_EVP_DIGEST_MAX];
    size_t mac_len = 0;
    enum onym_status status;

    if (form_of((unsigned)how->form) == NULL || !bounded(how)) {
        return ONYM_INVALID;
    }
    status = mac_of(secret, about, how, mac, &mac_len);
    if (status != ONYM_OK) {
        return status;
    }
    if (how->form != ONYM_SECRET_BARE_MD5) {
        onym_writer_u8(&w, (uint8_t)how->form);
    }
    if (how->form == ONYM_SECRET_PBKDF2) {
        onym_writer_counted(&w, how->salt);
        onym_writer_u32(&w, how->iterations);
        onym_writer_u32(&w, how->key_bits);
        onym_writer_u32(&w, (uint32_t)mac_len);
    }
    onym_writer_bytes(&w, onym_span_of(mac, mac_len));

    if (w.status == ONYM_OK) {
        *len = w.len;
    }
    return w.status;
}

enum onym_status
onym_secret_answer_make(onym_span secret, const struct onym_challenged *about, struct onym_rng *rng,
                        uint8_t *out, size_t cap, size_t *len)
{
    uint8_t salt[ONYM_SECRET_SALT_LEN_USUAL];
    struct onym_secret_answer how = {.form = ONYM_SECRET_BARE_MD5};

    if (about->version >= VERSION_2_7) {
        onym_put_u64(salt, onym_rng_u64(rng));
        onym_put_u64(salt + 8, onym_rng_u64(rng));
        how.form = ONYM_SECRET_PBKDF2;
        how.salt = onym_span_of(salt, sizeof salt);
        how.iterations = ONYM_SECRET_ITERATIONS_USUAL;
        how.key_bits = ONYM_SECRET_KEY_BITS_USUAL;
    } else if (about->version >= VERSION_2_1) {
        how.form = ONYM_SECRET_SHA1;
    }
    return onym_secret_answer_compute(secret, about, &how, out, cap, len);
}

enum onym_status
onym_secret_hashed(onym_span secret, char out[ONYM_SECRET_HASHED_LEN])
{
    uint8_t digest[ONYM_EVP_DIGEST_MAX];
    char hex[2 * ONYM_EVP_DIGEST_MAX + 1];
    size_t len = 0;
    enum onym_status status = onym_evp_digest("SHA1", &secret, 1, digest, &len);

    if (status == ONYM_OK) {
        onym_hex_encode(onym_span_of(digest, len), hex);
        memcpy(out, hex, ONYM_SECRET_HASHED_LEN);
        OPENSSL_cleanse(hex, sizeof hex);
    }
    return status;
}
