/* What strangers send to be authenticated with: keys, answers, credentials, session halves, cipher
 * texts; chosen by the first byte. Whatever the bytes: nothing is read or written outside, nothing
 * costs more than its bounds allow, what is accepted comes back the same, and nobody is believed.
 */
#include "auth/seal.h"
#include "auth/secret.h"
#include "auth/session.h"
#include "base/require.h"
#include "wire/credential.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct onym_auth_policy everything = {.allow_sha1 = true, .allow_md5 = true};

/* A public key whose private half no input can hold. */
static const char pem[] = "-----BEGIN PUBLIC KEY-----\n"
                          "MFkwEwYHKoZIzj0CAQYIKoEcz1UBgi0DQgAECfnfMR5UIaFQ3X0WHkvFxnIXn60Y\n"
                          "M/wHa7CP81bzUCDM6kkM4md1pS3G6nGMwapgCu0F+/NeCEpmMvYHLamtEw==\n"
                          "-----END PUBLIC KEY-----\n";

static struct onym_key *
known_key(void)
{
    struct onym_key *key = NULL;

    ONYM_REQUIRE(onym_key_from_hs_pubkey(onym_span_text(pem), &key) == ONYM_OK);
    return key;
}

static void
same_key(struct onym_key *key)
{
    uint8_t data[ONYM_KEY_HS_PUBKEY_LEN_MAX];
    uint8_t a[ONYM_FINGERPRINT_LEN];
    uint8_t b[ONYM_FINGERPRINT_LEN];
    size_t len = 0;
    struct onym_key *again = NULL;

    ONYM_REQUIRE(onym_key_to_hs_pubkey(key, data, sizeof data, &len) == ONYM_OK);
    ONYM_REQUIRE(onym_key_from_hs_pubkey(onym_span_of(data, len), &again) == ONYM_OK);
    ONYM_REQUIRE(onym_key_fingerprint(key, a) == ONYM_OK);
    ONYM_REQUIRE(onym_key_fingerprint(again, b) == ONYM_OK);
    ONYM_REQUIRE(memcmp(a, b, sizeof a) == 0);
    onym_key_free(again);
}

static void
public_key(onym_span data)
{
    struct onym_key *key = NULL;
    enum onym_status status = onym_key_from_hs_pubkey(data, &key);

    ONYM_REQUIRE(status == ONYM_OK || status == ONYM_CREDENTIAL_INVALID);
    if (status == ONYM_OK) {
        const onym_span part = onym_span_text("data");
        const struct onym_signed_data over = {.parts = &part, .count = 1};

        same_key(key);
        /* a key of the input's choice may be weak, so any verdict will do */
        (void)(onym_signature_verify(key, ONYM_SIGN_SHA256, &over, part) == ONYM_OK);
    }
    onym_key_free(key);
}

static void
private_key(onym_span data)
{
    struct onym_key *key = NULL;
    const char *why = NULL;
    enum onym_status status = onym_key_from_private_pem(data, &key, &why);

    ONYM_REQUIRE(status == ONYM_OK || (status == ONYM_INVALID && why != NULL));
    if (status == ONYM_OK) {
        same_key(key);
    }
    onym_key_free(key);
}

static void
pubkey_answer(onym_span data)
{
    const struct onym_challenged about = {.nonce = onym_span_text("0123456789abcdef"),
                                          .digest = onym_span_text("0123456789abcdef0123"),
                                          .user = onym_span_text("0.NA/88.1"),
                                          .version = 0x020B};
    struct onym_key *key = known_key();

    ONYM_REQUIRE(onym_pubkey_answer_verify(key, &about, data, &everything) != ONYM_OK);
    onym_key_free(key);
}

static void
secret_answer(onym_span data)
{
    const onym_span secret = onym_span_text("a secret nobody sends");
    struct onym_challenged about = {.nonce = onym_span_text("0123456789abcdef"),
                                    .digest = onym_span_text("0123456789abcdef0123"),
                                    .version = data.len > 0 ? 0x0200U + data.at[0] % 12U : 0};
    onym_span answer = onym_span_from(data, 1);
    struct onym_secret_answer a;
    uint8_t right[ONYM_SECRET_ANSWER_LEN_MAX];
    size_t len = 0;

    if (onym_secret_answer_decode(answer, about.version, &a) != ONYM_OK ||
        a.iterations > 100) { /* more are slow and say nothing new */
        return;
    }
    ONYM_REQUIRE(onym_secret_answer_verify(secret, &about, answer, &everything) ==
                 ONYM_AUTH_FAILED);
    ONYM_REQUIRE(onym_secret_answer_compute(secret, &about, &a, right, sizeof right, &len) ==
                 ONYM_OK);
    ONYM_REQUIRE(len == answer.len);
    ONYM_REQUIRE(onym_secret_answer_verify(secret, &about, onym_span_of(right, len), &everything) ==
                 ONYM_OK);
}

static void
credential(onym_span data)
{
    const onym_span session_key = onym_span_text("0123456789abcdef0123456789abcdef");
    struct onym_sealed sealed = {.version = data.len > 0 ? 0x0200U + data.at[0] % 12U : 0,
                                 .covered = onym_span_text("header and body")};
    struct onym_credential c;
    struct onym_seal_claim claim;
    struct onym_key *key;

    if (onym_credential_decode(onym_span_from(data, 1), &c) != ONYM_OK) {
        return;
    }
    sealed.counter = c.counter;
    claim = (struct onym_seal_claim){.hash_name = c.hash_name, .signature = c.signature};
    ONYM_REQUIRE(onym_seal_mac_check(session_key, &sealed, &claim, &everything) != ONYM_OK);
    key = known_key();
    ONYM_REQUIRE(onym_seal_verify(key, &sealed, &claim, &everything) != ONYM_OK);
    onym_key_free(key);
}

static void
session_half(onym_span data)
{
    struct onym_session_secret secret;
    struct onym_dh *dh = NULL;
    uint8_t out[ONYM_DH_DATA_MAX];
    size_t len = 0;
    enum onym_status status = onym_dh_answer(data, 0, &dh);

    ONYM_REQUIRE(status == ONYM_OK || status == ONYM_SESSION_FAILED ||
                 status == ONYM_SESSION_REQUEST_INVALID);
    if (status == ONYM_OK) {
        ONYM_REQUIRE(onym_dh_public(dh, out, sizeof out, &len) == ONYM_OK);
        (void)(onym_dh_secret(dh, data, &secret) == ONYM_OK);
    }
    onym_dh_free(dh);
}

static void
cipher_text(onym_span data)
{
    const struct onym_session_secret secret = {{1, 2, 3}};
    uint8_t *out = malloc(data.len + 1);
    size_t len = 0;
    enum onym_status status;

    ONYM_REQUIRE(out != NULL);
    status = onym_session_decrypt(&secret, 0x020B, data, out, data.len, &len);
    ONYM_REQUIRE(status == ONYM_SESSION_REJECTED || (status == ONYM_OK && len < data.len));
    free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(onym_span) = {public_key,    private_key, pubkey_answer,
                                                 secret_answer, credential,  session_half,
                                                 cipher_text};

    if (size > 0) {
        targets[data[0] % 7](onym_span_from(onym_span_of(data, size), 1));
    }
    return 0;
}
