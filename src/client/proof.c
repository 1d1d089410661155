#include "client/proof.h"

#include "auth/secret.h"
#include "wire/session.h"

#include <stdlib.h>

_Static_assert(ONYM_CLIENT_SECRET_LEN_MAX == ONYM_SECRET_LEN_MAX, "public and internal limit");
_Static_assert(ONYM_CLIENT_KEY_LEN_MAX == ONYM_KEY_PEM_LEN_MAX, "public and internal limit");

struct onym_proof {
    struct onym_key *key; /* NULL: a secret */
    uint32_t index;
    size_t handle_len;
    size_t secret_len;
    uint8_t handle[ONYM_NAME_LEN_MAX];
    uint8_t secret[ONYM_SECRET_LEN_MAX];
};

/* What is wrong with an identity before its key is looked at; NULL when nothing is. */
static const char *
fault_of(const struct onym_client_identity *identity)
{
    if (identity->handle.len == 0 || identity->handle.len > ONYM_NAME_LEN_MAX) {
        return "the handle of an identity has 1 to 2048 bytes";
    }
    if ((identity->secret.len == 0) == (identity->private_key.len == 0)) {
        return "an identity needs either a secret or a private key";
    }
    if (identity->secret.len > ONYM_SECRET_LEN_MAX) {
        return "a secret has at most 1024 bytes";
    }
    if (identity->private_key.len > ONYM_KEY_PEM_LEN_MAX) {
        return "a private key file has at most 16384 bytes";
    }
    return NULL;
}

enum onym_status
onym_proof_new(const struct onym_client_identity *identity, struct onym_proof **out,
               const char **why)
{
    const char *fault = fault_of(identity);
    struct onym_proof *proof;
    enum onym_status status = ONYM_OK;

    if (fault != NULL) {
        if (why != NULL) {
            *why = fault;
        }
        return ONYM_INVALID;
    }
    proof = calloc(1, sizeof *proof);
    if (proof == NULL) {
        return ONYM_NO_MEMORY;
    }
    proof->index = identity->index;
    proof->handle_len = identity->handle.len;
    memcpy(proof->handle, identity->handle.at, identity->handle.len);
    if (identity->secret.len > 0) {
        proof->secret_len = identity->secret.len;
        memcpy(proof->secret, identity->secret.at, identity->secret.len);
    } else {
        status = onym_key_from_private_pem(identity->private_key, &proof->key, why);
    }
    if (status != ONYM_OK) {
        onym_proof_free(proof);
        return status;
    }
    *out = proof;
    return ONYM_OK;
}

void
onym_proof_free(struct onym_proof *proof)
{
    if (proof != NULL) {
        onym_key_free(proof->key);
        explicit_bzero(proof, sizeof *proof);
        free(proof);
    }
}

enum onym_status
onym_proof_answer(const struct onym_proof *proof, struct onym_challenged about,
                  struct onym_rng *rng, uint8_t *out, size_t cap, size_t *len)
{
    uint8_t bytes[ONYM_SIGNATURE_LEN_MAX + 64U];
    struct onym_challenge_answer answer = {
        .user = onym_span_of(proof->handle, proof->handle_len),
        .index = proof->index,
    };
    size_t bytes_len = 0;
    enum onym_status status;

    about.user = answer.user;
    if (proof->key != NULL) {
        answer.type = onym_span_text("HS_PUBKEY");
        status = onym_pubkey_answer_make(proof->key, &about, bytes, sizeof bytes, &bytes_len);
    } else {
        answer.type = onym_span_text("HS_SECKEY");
        status = onym_secret_answer_make(onym_span_of(proof->secret, proof->secret_len), &about,
                                         rng, bytes, sizeof bytes, &bytes_len);
    }
    if (status != ONYM_OK) {
        return status;
    }
    answer.answer = onym_span_of(bytes, bytes_len);
    return onym_challenge_answer_encode(&answer, out, cap, len);
}
