/* What the asker of a long request was proven with, looked at again while the request lasts: a key
 * that is changed or a token that is revoked must not go on by a connection that was open before.
 * A copy of its own, borrowing nothing. */
#ifndef ONYM_SERVICE_PROVEN_H
#define ONYM_SERVICE_PROVEN_H

#include "core/token_check.h"
#include "service/http_call.h"

/* How often it is worth a look. */
#define ONYM_PROVEN_LOOK_MS 1000U

struct onym_proven {
    bool forever;       /* the local operator, whom the kernel named */
    bool by_token;      /* token is its text; else key is the digest of the asker's key */
    uint64_t looked_ms; /* when it last held */
    uint8_t key[ONYM_TOKEN_DIGEST_LEN];
    uint8_t token[ONYM_TOKEN_TEXT_LEN];
};

/* Notes what call's credentials are, which were just found to prove identity. */
void onym_proven_note(struct onym_http_call *call, const struct onym_identity *identity,
                      struct onym_proven *out);

/* Whether it still holds; looks at most every ONYM_PROVEN_LOOK_MS. ONYM_OK; otherwise *why (static
 * text): ONYM_CREDENTIAL_INVALID the token was revoked or has expired, or the key is gone or
 * another; what the store reports. */
ONYM_MUST_USE enum onym_status onym_proven_look(struct onym_proven *proven,
                                                struct onym_http_service *service,
                                                const struct onym_identity *identity,
                                                uint64_t now_ms, const char **why);

#endif
