#include "service/proven.h"

#include "service/routes_priv.h"

void
onym_proven_note(struct onym_http_call *c, const struct onym_identity *identity,
                 struct onym_proven *out)
{
    struct onym_principal who = {.handle = identity->handle, .index = identity->index};
    struct onym_answerer *answerer = c->service->answerer;
    struct onym_http_credentials given;

    *out = (struct onym_proven){.forever = c->connection->caller.local, .looked_ms = c->now_ms};
    if (out->forever) {
        return;
    }
    out->by_token = onym_routes_credentials(c, &given) && given.scheme == ONYM_HTTP_BEARER &&
                    given.secret.len == sizeof out->token;
    if (out->by_token) {
        memcpy(out->token, given.secret.at, sizeof out->token);
    } else if (onym_token_key(&answerer->resolver, answerer->digester, &who, out->key) != ONYM_OK) {
        memset(out->key, 0, sizeof out->key); /* gone already: the first look finds that */
    }
}

enum onym_status
onym_proven_look(struct onym_proven *p, struct onym_http_service *s,
                 const struct onym_identity *identity, uint64_t now_ms, const char **why)
{
    struct onym_principal who = {.handle = identity->handle, .index = identity->index};
    struct onym_token token;
    enum onym_status status;

    *why = NULL;
    if (p->forever || now_ms - p->looked_ms < ONYM_PROVEN_LOOK_MS) {
        return ONYM_OK;
    }
    if (p->by_token) {
        status = onym_token_check(&s->answerer->resolver, s->answerer->digester,
                                  onym_span_of(p->token, sizeof p->token), now_ms, &token, why);
    } else {
        *why = "the key of who asked is gone or was changed";
        status = onym_token_key_holds(&s->answerer->resolver, s->answerer->digester, &who, p->key);
    }
    if (status == ONYM_OK) {
        p->looked_ms = now_ms;
        *why = NULL;
    } else if (onym_status_http(status) == 401) {
        status = ONYM_CREDENTIAL_INVALID;
    }
    return status;
}
