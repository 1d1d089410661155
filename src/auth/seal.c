#include "auth/seal.h"

#include "auth/evp_priv.h"
#include "base/writer.h"

#include <openssl/crypto.h>

#define VERSION_2_5 0x0205U
#define VERSION_2_7 0x0207U
#define VERSION_2_8 0x0208U

static const char hmac_name[] = "HMAC-SHA256";
static const uint8_t sha1_code = 2;

enum onym_status
onym_seal_front(const struct onym_sealed *message, uint8_t out[ONYM_SEAL_FRONT_LEN_MAX],
                size_t *len)
{
    struct onym_writer w = onym_writer_over(out, ONYM_SEAL_FRONT_LEN_MAX);

    if (message->version >= VERSION_2_5 && message->version < VERSION_2_7) {
        return ONYM_UNSUPPORTED;
    }
    if (message->version >= VERSION_2_7) {
        onym_writer_u16(&w, message->version);
        if (message->version >= VERSION_2_8) {
            onym_writer_u16(&w, message->suggested);
        }
        onym_writer_u32(&w, message->session_id);
        onym_writer_u32(&w, message->request_id);
        onym_writer_u32(&w, message->counter);
    }
    *len = w.len;
    return w.status;
}

enum onym_status
onym_seal_sign(const struct onym_key *key, const struct onym_sealed *message, struct onym_seal *out)
{
    uint8_t front[ONYM_SEAL_FRONT_LEN_MAX];
    size_t front_len = 0;
    enum onym_sign_hash hash = onym_sign_hash_for(key, message->version);
    enum onym_status status = onym_seal_front(message, front, &front_len);
    const onym_span parts[] = {onym_span_of(front, front_len), message->covered};
    const struct onym_signed_data data = {.parts = parts, .count = 2};

    if (status == ONYM_OK) {
        status = onym_signature_make(key, hash, &data, out->signature, sizeof out->signature,
                                     &out->signature_len);
    }
    if (status == ONYM_OK) {
        out->type = "HS_SIGNED";
        out->hash_name = onym_span_text(onym_sign_hash_name(hash));
    }
    return status;
}

enum onym_status
onym_seal_verify(const struct onym_key *key, const struct onym_sealed *message,
                 const struct onym_seal_claim *claim, const struct onym_auth_policy *policy)
{
    uint8_t front[ONYM_SEAL_FRONT_LEN_MAX];
    size_t front_len = 0;
    enum onym_sign_hash hash;
    enum onym_status status = onym_seal_front(message, front, &front_len);
    const onym_span parts[] = {onym_span_of(front, front_len), message->covered};
    const struct onym_signed_data data = {.parts = parts, .count = 2, .user = claim->user};

    if (status == ONYM_OK) {
        status = onym_sign_hash_named(claim->hash_name, policy, &hash);
    }
    return status == ONYM_OK ? onym_signature_verify(key, hash, &data, claim->signature) : status;
}

/* From 2.7 on HMAC over front, header and body; below 2.5 the digest of K | header | body | K. */
static enum onym_status
mac_of(onym_span key, const struct onym_sealed *message, enum onym_sign_hash old_hash,
       uint8_t out[ONYM_EVP_DIGEST_MAX], size_t *len)
{
    uint8_t front[ONYM_SEAL_FRONT_LEN_MAX];
    size_t front_len = 0;
    enum onym_status status = onym_seal_front(message, front, &front_len);
    const onym_span parts[] = {onym_span_of(front, front_len), message->covered};
    const onym_span old[] = {key, message->covered, key};

    if (status != ONYM_OK) {
        return status;
    }
    if (message->version >= VERSION_2_7) {
        return onym_evp_hmac("SHA256", key, parts, 2, out, len);
    }
    return onym_evp_digest(old_hash == ONYM_SIGN_MD5    ? "MD5"
                           : old_hash == ONYM_SIGN_SHA1 ? "SHA1"
                                                        : "SHA256",
                           old, 3, out, len);
}

static bool
key_fits(onym_span key)
{
    return key.len > 0 && key.len <= ONYM_SEAL_MAC_KEY_LEN_MAX;
}

enum onym_status
onym_seal_mac(onym_span session_key, const struct onym_sealed *message, struct onym_seal *out)
{
    uint8_t mac[ONYM_EVP_DIGEST_MAX];
    size_t len = 0;
    enum onym_status status = key_fits(session_key)
                                  ? mac_of(session_key, message, ONYM_SIGN_SHA1, mac, &len)
                                  : ONYM_INVALID;

    if (status == ONYM_OK) {
        out->type = "HS_MAC";
        out->hash_name = message->version >= VERSION_2_7 ? onym_span_text(hmac_name)
                                                         : onym_span_of(&sha1_code, 1);
        memcpy(out->signature, mac, len);
        out->signature_len = len;
    }
    return status;
}

/* Whether the name is one that MACs of the version carry; *old_hash for versions below 2.5. */
static bool
name_fits(const struct onym_sealed *message, onym_span name, const struct onym_auth_policy *policy,
          enum onym_sign_hash *old_hash)
{
    char plain[ONYM_SIGN_NAME_LEN_MAX];

    if (message->version >= VERSION_2_7) {
        return onym_evp_plain_name(name, plain, sizeof plain) && strcmp(plain, "hmacsha256") == 0;
    }
    return onym_sign_hash_named(name, policy, old_hash) == ONYM_OK && *old_hash != ONYM_SIGN_SM3;
}

enum onym_status
onym_seal_mac_check(onym_span session_key, const struct onym_sealed *message,
                    const struct onym_seal_claim *claim, const struct onym_auth_policy *policy)
{
    uint8_t mac[ONYM_EVP_DIGEST_MAX];
    size_t len = 0;
    enum onym_sign_hash old_hash = ONYM_SIGN_SHA1;
    enum onym_status status;

    if (message->version >= VERSION_2_5 && message->version < VERSION_2_7) {
        return ONYM_UNSUPPORTED;
    }
    if (!key_fits(session_key) || !name_fits(message, claim->hash_name, policy, &old_hash)) {
        return ONYM_SESSION_REJECTED;
    }
    status = mac_of(session_key, message, old_hash, mac, &len);
    if (status == ONYM_OK && !onym_evp_equal(claim->signature, onym_span_of(mac, len))) {
        status = ONYM_SESSION_REJECTED;
    }
    OPENSSL_cleanse(mac, sizeof mac);
    return status;
}
