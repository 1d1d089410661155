#include "auth/keys.h"

#include "auth/evp_priv.h"
#include "auth/keys_priv.h"
#include "base/require.h"
#include "onym/model/hs_pubkey.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <stdlib.h>

const char *
onym_key_family_name(enum onym_key_family family)
{
    static const char *const names[] = {
        [ONYM_FAMILY_RSA] = "RSA",
        [ONYM_FAMILY_DSA] = "DSA",
        [ONYM_FAMILY_EC] = "EC",
        [ONYM_FAMILY_SM2] = "SM2",
    };

    return names[family];
}

onym_span
onym_key_unsigned(onym_span integer)
{
    while (integer.len > 0 && integer.at[0] == 0) {
        integer = onym_span_from(integer, 1);
    }
    return integer;
}

unsigned
onym_key_number_bits(onym_span integer)
{
    onym_span plain = onym_key_unsigned(integer);

    if (plain.len == 0 || plain.len > ONYM_KEY_PEM_LEN_MAX) {
        return plain.len == 0 ? 0 : 8U * ONYM_KEY_PEM_LEN_MAX;
    }
    return (unsigned)(8 * plain.len) - (unsigned)(__builtin_clz(plain.at[0]) - 24);
}

EVP_PKEY *
onym_key_build(const char *type, int selection, const struct onym_key_number *numbers, size_t count)
{
    enum { NUMBERS_MAX = 5 };
    BIGNUM *big[NUMBERS_MAX] = {NULL};
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *pkey = NULL;
    bool good = build != NULL && context != NULL;

    ONYM_REQUIRE(count <= NUMBERS_MAX);
    for (size_t i = 0; good && i < count; i++) {
        big[i] = BN_bin2bn(numbers[i].bytes.at, (int)numbers[i].bytes.len, NULL);
        good = big[i] != NULL && OSSL_PARAM_BLD_push_BN(build, numbers[i].name, big[i]) == 1;
    }
    if (good) {
        params = OSSL_PARAM_BLD_to_param(build);
    }
    if (params == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &pkey, selection, params) != 1) {
        pkey = NULL;
    }
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(context);
    for (size_t i = 0; i < count; i++) {
        BN_clear_free(big[i]);
    }
    return pkey;
}

/* ---- judging ---- */

/* The bits of an integer of the key, 0 when it has none of that name; *odd tells the last bit. */
static unsigned
bits_of(const EVP_PKEY *pkey, const char *name, bool *odd)
{
    BIGNUM *number = NULL;
    unsigned bits = 0;

    if (EVP_PKEY_get_bn_param(pkey, name, &number) == 1) {
        bits = (unsigned)BN_num_bits(number);
        *odd = BN_is_odd(number) != 0;
    }
    BN_clear_free(number);
    return bits;
}

static bool
rsa_fits(const EVP_PKEY *pkey, unsigned *bits)
{
    bool odd_n = false;
    bool odd_e = false;
    unsigned e = bits_of(pkey, OSSL_PKEY_PARAM_RSA_E, &odd_e);

    *bits = bits_of(pkey, OSSL_PKEY_PARAM_RSA_N, &odd_n);
    return *bits >= ONYM_KEY_RSA_BITS_MIN && *bits <= ONYM_KEY_RSA_BITS_MAX && odd_n && odd_e &&
           e >= 2 && e <= ONYM_KEY_EXPONENT_BITS_MAX;
}

/* Whether the named integer lies in 2 to top - 1. */
static bool
in_group(const EVP_PKEY *pkey, const char *name, const BIGNUM *top)
{
    BIGNUM *number = NULL;
    bool inside = EVP_PKEY_get_bn_param(pkey, name, &number) == 1 && !BN_is_zero(number) &&
                  !BN_is_one(number) && BN_cmp(number, top) < 0;

    BN_clear_free(number);
    return inside;
}

static bool
dsa_fits(const EVP_PKEY *pkey, unsigned *bits)
{
    bool odd_p = false;
    bool odd_q = false;
    unsigned q = bits_of(pkey, OSSL_PKEY_PARAM_FFC_Q, &odd_q);
    BIGNUM *p = NULL;
    bool fits;

    *bits = bits_of(pkey, OSSL_PKEY_PARAM_FFC_P, &odd_p);
    fits = *bits >= ONYM_KEY_DSA_BITS_MIN && *bits <= ONYM_KEY_DSA_BITS_MAX && odd_p && odd_q &&
           (q == 160 || q == 224 || q == 256) &&
           EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_FFC_P, &p) == 1 &&
           in_group(pkey, OSSL_PKEY_PARAM_FFC_G, p) && in_group(pkey, OSSL_PKEY_PARAM_PUB_KEY, p);
    BN_free(p);
    return fits;
}

/* EC keys on the three curves everybody has, and on SM2's. The quick check refuses the point at
 * infinity, with which any signature could be made to fit. */
static bool
curve_fits(EVP_PKEY *pkey, bool sm2)
{
    static const char *const curves[] = {"prime256v1", "secp384r1", "secp521r1"};
    char name[32];
    size_t len = 0;
    bool known = sm2;
    EVP_PKEY_CTX *context;

    if (!sm2 && EVP_PKEY_get_group_name(pkey, name, sizeof name, &len) == 1) {
        for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
            known = known || strcmp(name, curves[i]) == 0;
        }
    }
    if (!known) {
        return false;
    }
    context = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    known = context != NULL && EVP_PKEY_public_check_quick(context) == 1;
    EVP_PKEY_CTX_free(context);
    return known;
}

static bool
fits(EVP_PKEY *pkey, enum onym_key_family *family, unsigned *bits)
{
    *bits = (unsigned)EVP_PKEY_get_bits(pkey);
    if (EVP_PKEY_is_a(pkey, "RSA") == 1) {
        *family = ONYM_FAMILY_RSA;
        return rsa_fits(pkey, bits);
    }
    if (EVP_PKEY_is_a(pkey, "DSA") == 1) {
        *family = ONYM_FAMILY_DSA;
        return dsa_fits(pkey, bits);
    }
    if (EVP_PKEY_is_a(pkey, "SM2") == 1) {
        *family = ONYM_FAMILY_SM2;
        return curve_fits(pkey, true);
    }
    *family = ONYM_FAMILY_EC;
    return EVP_PKEY_is_a(pkey, "EC") == 1 && curve_fits(pkey, false);
}

enum onym_status
onym_key_wrap(EVP_PKEY *pkey, bool is_private, struct onym_key **out)
{
    struct onym_key *key = calloc(1, sizeof *key);

    if (key == NULL) {
        EVP_PKEY_free(pkey);
        return ONYM_NO_MEMORY;
    }
    key->pkey = pkey;
    key->is_private = is_private;
    if (!fits(pkey, &key->family, &key->bits)) {
        onym_key_free(key);
        return onym_evp_failed(ONYM_CREDENTIAL_INVALID);
    }
    ERR_clear_error(); /* OpenSSL tries decoders in turn and keeps their complaints */
    *out = key;
    return ONYM_OK;
}

void
onym_key_free(struct onym_key *key)
{
    if (key != NULL) {
        EVP_PKEY_free(key->pkey);
        free(key);
    }
}

enum onym_key_family
onym_key_family(const struct onym_key *key)
{
    return key->family;
}

unsigned
onym_key_bits(const struct onym_key *key)
{
    return key->bits;
}

bool
onym_key_is_private(const struct onym_key *key)
{
    return key->is_private;
}

/* ---- HS_PUBKEY ---- */

static enum onym_status
from_numbers(const char *type, const struct onym_key_number *numbers, size_t count,
             unsigned bits_max, struct onym_key **out)
{
    EVP_PKEY *pkey;

    for (size_t i = 0; i < count; i++) { /* before OpenSSL does anything with them */
        if (onym_key_number_bits(numbers[i].bytes) > bits_max) {
            return ONYM_CREDENTIAL_INVALID;
        }
    }
    pkey = onym_key_build(type, EVP_PKEY_PUBLIC_KEY, numbers, count);
    return pkey != NULL ? onym_key_wrap(pkey, false, out)
                        : onym_evp_failed(ONYM_CREDENTIAL_INVALID);
}

static enum onym_status
from_sm2(onym_span text, struct onym_key **out)
{
    struct onym_key *key = NULL;
    enum onym_status status = onym_key_from_public_pem(text, &key);

    if (status == ONYM_OK && key->family != ONYM_FAMILY_SM2) {
        onym_key_free(key);
        return ONYM_CREDENTIAL_INVALID;
    }
    if (status == ONYM_OK) {
        *out = key;
    }
    return status;
}

enum onym_status
onym_key_from_hs_pubkey(onym_span data, struct onym_key **out)
{
    struct onym_hs_pubkey k;

    if (onym_hs_pubkey_decode(data, &k) != ONYM_OK) {
        return ONYM_CREDENTIAL_INVALID;
    }
    switch (k.kind) {
    case ONYM_KEY_RSA: {
        const struct onym_key_number numbers[] = {
            {OSSL_PKEY_PARAM_RSA_E, onym_key_unsigned(k.as.rsa.exponent)},
            {OSSL_PKEY_PARAM_RSA_N, onym_key_unsigned(k.as.rsa.modulus)}};

        return from_numbers("RSA", numbers, 2, ONYM_KEY_RSA_BITS_MAX, out);
    }
    case ONYM_KEY_DSA: {
        const struct onym_key_number numbers[] = {
            {OSSL_PKEY_PARAM_FFC_Q, onym_key_unsigned(k.as.dsa.q)},
            {OSSL_PKEY_PARAM_FFC_P, onym_key_unsigned(k.as.dsa.p)},
            {OSSL_PKEY_PARAM_FFC_G, onym_key_unsigned(k.as.dsa.g)},
            {OSSL_PKEY_PARAM_PUB_KEY, onym_key_unsigned(k.as.dsa.y)}};

        return from_numbers("DSA", numbers, 4, ONYM_KEY_DSA_BITS_MAX, out);
    }
    case ONYM_KEY_SM2:
        return from_sm2(k.as.text, out);
    case ONYM_KEY_PEM:
        return onym_key_from_public_pem(k.as.text, out);
    case ONYM_KEY_DH:
    case ONYM_KEY_SM9:
        break;
    }
    return ONYM_CREDENTIAL_INVALID;
}

enum onym_status
onym_key_number(const EVP_PKEY *pkey, const char *name, uint8_t *out, size_t cap, onym_span *number)
{
    BIGNUM *big = NULL;
    size_t len;

    if (EVP_PKEY_get_bn_param(pkey, name, &big) != 1) {
        return onym_evp_failed(ONYM_CANNOT_AUTHENTICATE);
    }
    len = (size_t)BN_num_bits(big) / 8 + 1; /* one bit more than it has: the sign */
    if (len > cap) {
        BN_clear_free(big);
        return ONYM_NO_SPACE;
    }
    (void)BN_bn2binpad(big, out, (int)len);
    BN_clear_free(big);
    *number = onym_span_of(out, len);
    return ONYM_OK;
}

enum onym_status
onym_key_to_hs_pubkey(const struct onym_key *key, uint8_t *out, size_t cap, size_t *len)
{
    uint8_t room[4][ONYM_KEY_RSA_BITS_MAX / 8 + 1];
    struct onym_hs_pubkey k = {.kind = ONYM_KEY_RSA};
    const struct {
        const char *name;
        onym_span *to;
    } rsa[] = {{OSSL_PKEY_PARAM_RSA_E, &k.as.rsa.exponent},
               {OSSL_PKEY_PARAM_RSA_N, &k.as.rsa.modulus}},
      dsa[] = {{OSSL_PKEY_PARAM_FFC_Q, &k.as.dsa.q},
               {OSSL_PKEY_PARAM_FFC_P, &k.as.dsa.p},
               {OSSL_PKEY_PARAM_FFC_G, &k.as.dsa.g},
               {OSSL_PKEY_PARAM_PUB_KEY, &k.as.dsa.y}};
    enum onym_status status = ONYM_OK;

    if (key->family == ONYM_FAMILY_RSA) {
        for (size_t i = 0; status == ONYM_OK && i < 2; i++) {
            status = onym_key_number(key->pkey, rsa[i].name, room[i], sizeof room[i], rsa[i].to);
        }
    } else if (key->family == ONYM_FAMILY_DSA) {
        k.kind = ONYM_KEY_DSA;
        for (size_t i = 0; status == ONYM_OK && i < 4; i++) {
            status = onym_key_number(key->pkey, dsa[i].name, room[i], sizeof room[i], dsa[i].to);
        }
    } else {
        size_t text_len = 0;

        k.kind = key->family == ONYM_FAMILY_SM2 ? ONYM_KEY_SM2 : ONYM_KEY_PEM;
        status = onym_key_to_public_pem(key, room[0], sizeof room[0], &text_len);
        k.as.text = onym_span_of(room[0], text_len);
    }
    return status == ONYM_OK ? onym_hs_pubkey_encode(&k, out, cap, len) : status;
}

enum onym_status
onym_key_fingerprint(const struct onym_key *key, uint8_t out[ONYM_FINGERPRINT_LEN])
{
    unsigned char *der = NULL;
    int der_len = i2d_PUBKEY(key->pkey, &der);
    uint8_t digest[ONYM_EVP_DIGEST_MAX];
    size_t len = 0;
    onym_span part = onym_span_of(der, der_len > 0 ? (size_t)der_len : 0);
    enum onym_status status = der_len > 0 ? onym_evp_digest("SHA256", &part, 1, digest, &len)
                                          : ONYM_NO_MEMORY;

    OPENSSL_free(der);
    if (status == ONYM_OK) {
        memcpy(out, digest, ONYM_FINGERPRINT_LEN);
        return ONYM_OK;
    }
    return onym_evp_failed(status);
}
