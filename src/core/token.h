/* An access token as it is registered: the digest of its secret, whom it stands for, what for and
 * until when. It is the one value of a record of kind token, whose name is the token's id. Pure.
 *
 *   token as text   "onym_" id "_" secret: 32 hexadecimal digits and 43 of base64url
 *   the value       type ONYM_TOKEN, readable by nobody; data: u1 version 1, u8 ends (epoch ms), 32
 *                   bytes SHA-256 of the secret's text, 32 bytes SHA-256 of the key's data or
 *                   zeros, u4 index and u2 length and handle of the identity, u1 length and text
 *                   of the scopes, the label to the end
 *
 * The first half of the id is made of the identity, so that the tokens of one lie together. */
#ifndef ONYM_CORE_TOKEN_H
#define ONYM_CORE_TOKEN_H

#include "auth/digest.h"
#include "core/scope.h"
#include "onym/model/operation.h"
#include "onym/model/record.h"

#define ONYM_TOKEN_ID_LEN       32U
#define ONYM_TOKEN_ID_FRONT     16U /* of the identity */
#define ONYM_TOKEN_SECRET_BYTES 32U
#define ONYM_TOKEN_SECRET_LEN   43U
#define ONYM_TOKEN_FRONT        "onym_"
#define ONYM_TOKEN_TEXT_LEN     (5U + ONYM_TOKEN_ID_LEN + 1U + ONYM_TOKEN_SECRET_LEN)
#define ONYM_TOKEN_LABEL_MAX    100U
#define ONYM_TOKEN_DIGEST_LEN   32U
#define ONYM_TOKENS_MAX         64U /* of an identity, those that have expired not counted */
/* Bytes that always hold the value. */
#define ONYM_TOKEN_VALUE_MAX 4096U

struct onym_token {
    struct onym_principal who;
    struct onym_scope scope;
    uint64_t ends_ms; /* epoch; from then on it is of no use */
    onym_span label;  /* UTF-8, for people; may be empty */
    uint8_t secret[ONYM_TOKEN_DIGEST_LEN];
    bool is_operator;                   /* the local operator's, who has no key: key is zeros */
    uint8_t key[ONYM_TOKEN_DIGEST_LEN]; /* of the key that who had when it was issued */
};

/* Cuts a token's text. False: it has another form. Spans borrow. */
bool onym_token_cut(onym_span text, onym_span *id, onym_span *secret);

/* Whether id has the form of one. */
bool onym_token_is_id(onym_span id);

/* What the ids of an identity's tokens begin with. */
void onym_token_id_front(struct onym_digester *digester, const struct onym_principal *who,
                         char out[ONYM_TOKEN_ID_FRONT]);

/* Writes the value of token to out (cap >= ONYM_TOKEN_VALUE_MAX suffices). ONYM_OK and *values;
 * ONYM_INVALID a part over its limit; ONYM_NO_SPACE. */
ONYM_MUST_USE enum onym_status onym_token_write(const struct onym_token *token, uint8_t *out,
                                                size_t cap, struct onym_value_list *values);

/* Reads the values of a token's record. Spans borrow. ONYM_OK, or ONYM_CORRUPT. */
ONYM_MUST_USE enum onym_status onym_token_read(struct onym_value_list values,
                                               struct onym_token *out);

#endif
