#include "core/token_check.h"

#include "core/op.h"
#include "onym/model/ident.h"
#include "store/view.h"

static bool
is_key(const struct onym_value *value, uint32_t index)
{
    return value->index == index && value->data.len > 0 &&
           (onym_text_equal_nocase(value->type, onym_span_text("HS_SECKEY")) ||
            onym_text_equal_nocase(value->type, onym_span_text("HS_PUBKEY")));
}

static bool
same_digest(const uint8_t *a, const uint8_t *b)
{
    uint8_t differs = 0;

    for (size_t i = 0; i < ONYM_TOKEN_DIGEST_LEN; i++) {
        differs |= (uint8_t)(a[i] ^ b[i]);
    }
    return differs == 0;
}

void
onym_token_key_digest(struct onym_digester *digester, onym_span key,
                      uint8_t out[ONYM_TOKEN_DIGEST_LEN])
{
    uint8_t digest[ONYM_DIGEST_BYTES_MAX];

    (void)onym_digest(digester, ONYM_SHA256, &key, 1, digest);
    memcpy(out, digest, ONYM_TOKEN_DIGEST_LEN);
}

/* A key of who's whose digest is `wanted`, at who's index or, when that is 0, at any; NULL: the one
 * at the index. *out is its digest. */
static enum onym_status
find_key(struct onym_resolver *resolver, struct onym_digester *digester,
         const struct onym_principal *who, const uint8_t *wanted,
         uint8_t out[ONYM_TOKEN_DIGEST_LEN])
{
    bool at_any = wanted != NULL && who->index == 0;
    uint8_t folded[ONYM_PREFIX_NAME_LEN_MAX];
    struct onym_value_list lists[2];
    struct onym_record record;
    struct onym_value value;
    enum onym_status status = ONYM_CANNOT_AUTHENTICATE;

    if (who->handle.len > 0 && who->handle.len <= ONYM_NAME_LEN_MAX &&
        onym_responsible(resolver, who->handle)) {
        status = onym_view_record(resolver->view, ONYM_KIND_HANDLE,
                                  onym_op_fold(who->handle, folded, sizeof folded), &record);
    }
    if (status != ONYM_OK) {
        return status == ONYM_NOT_FOUND ? ONYM_CANNOT_AUTHENTICATE : status;
    }
    lists[0] = record.public_values;
    lists[1] = record.private_values;
    for (size_t i = 0; i < 2; i++) {
        while (onym_value_next(&lists[i].raw, &value)) {
            if (!is_key(&value, at_any ? value.index : who->index)) {
                continue;
            }
            onym_token_key_digest(digester, value.data, out);
            if (wanted == NULL || same_digest(out, wanted)) {
                return ONYM_OK;
            }
        }
    }
    return ONYM_CREDENTIAL_INVALID;
}

enum onym_status
onym_token_key(struct onym_resolver *resolver, struct onym_digester *digester,
               const struct onym_principal *who, uint8_t out[ONYM_TOKEN_DIGEST_LEN])
{
    return find_key(resolver, digester, who, NULL, out);
}

enum onym_status
onym_token_key_holds(struct onym_resolver *resolver, struct onym_digester *digester,
                     const struct onym_principal *who, const uint8_t key[ONYM_TOKEN_DIGEST_LEN])
{
    uint8_t digest[ONYM_TOKEN_DIGEST_LEN];

    return find_key(resolver, digester, who, key, digest);
}

/* The local operator has no key that could be lost. */
static enum onym_status
check_key(struct onym_resolver *resolver, struct onym_digester *digester,
          const struct onym_token *token)
{
    if (token->is_operator) {
        return onym_span_equal(token->who.handle, onym_span_text(ONYM_OPERATOR_NAME))
                   ? ONYM_OK
                   : ONYM_CREDENTIAL_INVALID;
    }
    return onym_token_key_holds(resolver, digester, &token->who, token->key);
}

enum onym_status
onym_token_check(struct onym_resolver *resolver, struct onym_digester *digester, onym_span text,
                 uint64_t now_ms, struct onym_token *out, const char **why)
{
    uint8_t folded[ONYM_TOKEN_ID_LEN];
    uint8_t digest[ONYM_DIGEST_BYTES_MAX];
    struct onym_record record;
    onym_span id;
    onym_span secret;
    enum onym_status status = ONYM_NOT_FOUND;

    *why = "no token of this node, or it was revoked";
    if (onym_token_cut(text, &id, &secret)) {
        onym_ident_upper(id, folded);
        status = onym_view_record(resolver->view, ONYM_KIND_TOKEN,
                                  onym_span_of(folded, sizeof folded), &record);
    }
    if (status != ONYM_OK) {
        return status == ONYM_NOT_FOUND ? ONYM_CREDENTIAL_INVALID : status;
    }
    status = onym_token_read(record.private_values, out);
    if (status != ONYM_OK) {
        return status;
    }
    (void)onym_digest(digester, ONYM_SHA256, &secret, 1, digest);
    if (!same_digest(digest, out->secret)) {
        return ONYM_AUTH_FAILED; /* with the words for one that is not there */
    }
    if (now_ms >= out->ends_ms) {
        *why = "the token has expired";
        return ONYM_SESSION_UNKNOWN;
    }
    *why = "the key the token was issued with is gone or was changed";
    return check_key(resolver, digester, out);
}
