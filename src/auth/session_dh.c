/* Agreeing on a session key: H-13.3, H-13.4. */
#include "auth/evp_priv.h"
#include "auth/keys_priv.h"
#include "auth/session.h"
#include "onym/model/hs_pubkey.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/dh.h>
#include <stdlib.h>

#define BITS_LEAST 512U /* OpenSSL computes with nothing smaller */

struct onym_dh {
    EVP_PKEY *pkey;
    size_t group_len; /* bytes of p */
};

void
onym_dh_free(struct onym_dh *dh)
{
    if (dh != NULL) {
        EVP_PKEY_free(dh->pkey);
        free(dh);
    }
}

/* Takes pkey over; NULL is a failure of the call that should have made it. */
static enum onym_status
wrap(EVP_PKEY *pkey, struct onym_dh **out)
{
    struct onym_dh *dh = pkey != NULL ? calloc(1, sizeof *dh) : NULL;

    if (dh == NULL) {
        EVP_PKEY_free(pkey);
        return pkey != NULL ? ONYM_NO_MEMORY : onym_evp_failed(ONYM_SESSION_FAILED);
    }
    dh->pkey = pkey;
    dh->group_len = (size_t)(EVP_PKEY_get_bits(pkey) + 7) / 8;
    *out = dh;
    return ONYM_OK;
}

/* The fields of a DH_PUB_KEY without sign bytes. */
static enum onym_status
fields_of(onym_span data, struct onym_key_number out[3])
{
    struct onym_hs_pubkey k;

    if (onym_hs_pubkey_decode(data, &k) != ONYM_OK || k.kind != ONYM_KEY_DH) {
        return ONYM_SESSION_REQUEST_INVALID;
    }
    out[0] = (struct onym_key_number){OSSL_PKEY_PARAM_FFC_P, onym_key_unsigned(k.as.dh.p)};
    out[1] = (struct onym_key_number){OSSL_PKEY_PARAM_FFC_G, onym_key_unsigned(k.as.dh.g)};
    out[2] = (struct onym_key_number){OSSL_PKEY_PARAM_PUB_KEY, onym_key_unsigned(k.as.dh.y)};
    return ONYM_OK;
}

/* 2 <= number <= p - 2, where p is odd and all are without leading zeros. */
static bool
in_range(onym_span number, onym_span p)
{
    int order;

    if (number.len == 0 || number.len > p.len || (number.len == 1 && number.at[0] == 1)) {
        return false;
    }
    if (number.len < p.len) {
        return true;
    }
    order = memcmp(number.at, p.at, p.len - 1); /* p - 1 differs from p in the last byte only */
    return order < 0 || (order == 0 && number.at[p.len - 1] < p.at[p.len - 1] - 1);
}

static enum onym_status
check_group(const struct onym_key_number fields[3], unsigned bits_min)
{
    onym_span p = fields[0].bytes;
    unsigned bits = onym_key_number_bits(p);

    if (bits < (bits_min > BITS_LEAST ? bits_min : BITS_LEAST) || bits > ONYM_DH_BITS_MAX ||
        p.at[p.len - 1] % 2 == 0 || !in_range(fields[1].bytes, p) ||
        !in_range(fields[2].bytes, p)) {
        return ONYM_SESSION_FAILED;
    }
    return ONYM_OK;
}

static EVP_PKEY *
generate(EVP_PKEY *group)
{
    EVP_PKEY_CTX *context = group != NULL ? EVP_PKEY_CTX_new_from_pkey(NULL, group, NULL) : NULL;
    EVP_PKEY *pkey = NULL;

    if (context == NULL || EVP_PKEY_keygen_init(context) != 1 ||
        EVP_PKEY_generate(context, &pkey) != 1) {
        pkey = NULL;
    }
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(group);
    return pkey;
}

enum onym_status
onym_dh_answer(onym_span client_key, unsigned bits_min, struct onym_dh **out)
{
    struct onym_key_number fields[3];
    enum onym_status status = fields_of(client_key, fields);

    if (status == ONYM_OK) {
        status = check_group(fields, bits_min);
    }
    return status == ONYM_OK
               ? wrap(generate(onym_key_build("DH", EVP_PKEY_KEY_PARAMETERS, fields, 2)), out)
               : status;
}

enum onym_status
onym_dh_start(struct onym_dh **out)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
    char group[] = "modp_2048";
    OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group - 1),
        OSSL_PARAM_END};
    EVP_PKEY *parameters = NULL;

    if (context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &parameters, EVP_PKEY_KEY_PARAMETERS, params) != 1) {
        parameters = NULL;
    }
    EVP_PKEY_CTX_free(context);
    return wrap(generate(parameters), out);
}

/* g^x mod p, as bytes for a key; y has room for p.len. */
static bool
power(const struct onym_key_number fields[3], onym_span x, uint8_t *y)
{
    BN_CTX *context = BN_CTX_new();
    BIGNUM *p = BN_bin2bn(fields[0].bytes.at, (int)fields[0].bytes.len, NULL);
    BIGNUM *g = BN_bin2bn(fields[1].bytes.at, (int)fields[1].bytes.len, NULL);
    BIGNUM *exponent = BN_bin2bn(x.at, (int)x.len, NULL);
    BIGNUM *result = BN_new();
    bool good = context != NULL && p != NULL && g != NULL && exponent != NULL && result != NULL &&
                BN_mod_exp_mont_consttime(result, g, exponent, p, context, NULL) == 1 &&
                BN_bn2binpad(result, y, (int)fields[0].bytes.len) > 0;

    BN_free(result);
    BN_clear_free(exponent);
    BN_free(g);
    BN_free(p);
    BN_CTX_free(context);
    return good;
}

enum onym_status
onym_dh_fixed(onym_span group_key, onym_span number, struct onym_dh **out)
{
    struct onym_key_number fields[4];
    onym_span x = onym_key_unsigned(number);
    uint8_t y[ONYM_DH_BITS_MAX / 8];
    enum onym_status status = fields_of(group_key, fields);

    if (status == ONYM_OK) {
        status = check_group(fields, 0);
    }
    if (status != ONYM_OK) {
        return status;
    }
    if (!(x.len == 1 && x.at[0] == 1) && !in_range(x, fields[0].bytes)) {
        return ONYM_INVALID;
    }
    if (!power(fields, x, y)) {
        return onym_evp_failed(ONYM_CANNOT_AUTHENTICATE);
    }
    fields[2].bytes = onym_key_unsigned(onym_span_of(y, fields[0].bytes.len));
    fields[3] = (struct onym_key_number){OSSL_PKEY_PARAM_PRIV_KEY, x};
    return wrap(onym_key_build("DH", EVP_PKEY_KEYPAIR, fields, 4), out);
}

enum onym_status
onym_dh_public(const struct onym_dh *dh, uint8_t *out, size_t cap, size_t *len)
{
    uint8_t room[3][ONYM_DH_BITS_MAX / 8 + 1];
    struct onym_hs_pubkey k = {.kind = ONYM_KEY_DH};
    enum onym_status status = onym_key_number(dh->pkey, OSSL_PKEY_PARAM_PUB_KEY, room[0],
                                              sizeof room[0], &k.as.dh.y);

    if (status == ONYM_OK) {
        status = onym_key_number(dh->pkey, OSSL_PKEY_PARAM_FFC_P, room[1], sizeof room[1],
                                 &k.as.dh.p);
    }
    if (status == ONYM_OK) {
        status = onym_key_number(dh->pkey, OSSL_PKEY_PARAM_FFC_G, room[2], sizeof room[2],
                                 &k.as.dh.g);
    }
    return status == ONYM_OK ? onym_hs_pubkey_encode(&k, out, cap, len) : status;
}

/* The secret at the group's length. */
static enum onym_status
derive(const struct onym_dh *dh, EVP_PKEY *peer, uint8_t out[ONYM_DH_BITS_MAX / 8])
{
    EVP_PKEY_CTX *context = peer != NULL ? EVP_PKEY_CTX_new_from_pkey(NULL, dh->pkey, NULL) : NULL;
    size_t len = ONYM_DH_BITS_MAX / 8;
    /* set_peer compares the groups; the range of y has been checked */
    bool good = context != NULL && EVP_PKEY_derive_init(context) == 1 &&
                EVP_PKEY_CTX_set_dh_pad(context, 1) == 1 &&
                EVP_PKEY_derive_set_peer_ex(context, peer, 0) == 1 &&
                EVP_PKEY_derive(context, out, &len) == 1 && len == dh->group_len;

    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(peer);
    return good ? ONYM_OK : onym_evp_failed(ONYM_SESSION_FAILED);
}

enum onym_status
onym_dh_secret(const struct onym_dh *dh, onym_span peer_key, struct onym_session_secret *out)
{
    struct onym_key_number fields[3];
    uint8_t shared[ONYM_DH_BITS_MAX / 8] = {0};
    onym_span left;
    enum onym_status status = fields_of(peer_key, fields);

    if (status == ONYM_OK) {
        status = check_group(fields, 0);
    }
    if (status == ONYM_OK) {
        status = derive(dh, onym_key_build("DH", EVP_PKEY_PUBLIC_KEY, fields, 3), shared);
    }
    if (status != ONYM_OK) {
        return status;
    }
    left = onym_span_of(shared, dh->group_len);
    while (left.len > ONYM_DH_KEY_LEN && left.at[0] == 0) {
        left = onym_span_from(left, 1);
    }
    memcpy(out->bytes, left.at, ONYM_DH_KEY_LEN); /* the group has 64 bytes at least */
    OPENSSL_cleanse(shared, sizeof shared);
    return ONYM_OK;
}
