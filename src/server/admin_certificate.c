#include "server/admin_certificate.h"

#include "core/token_check.h"
#include "net/tls.h"
#include "server/http_backend_desk.h"

#include <stdlib.h>

static void
count(struct onym_admin_post *post, enum onym_login_result result)
{
    onym_counter_add(&post->streams->counters->logins[ONYM_LOGIN_CERTIFICATE][result], 1);
}

/* Keys are compared here, on the loop: once for a connection, and for less than its handshake. */
static enum onym_status
compare(struct onym_admin_post *post, const struct onym_http_claim *claim,
        struct onym_admin_certified *out)
{
    struct onym_answerer *answerer = post->admin.answerer;
    struct onym_http_proof *proof = NULL;
    enum onym_status status = onym_http_proof_new(claim, &post->admin.policy, &answerer->resolver,
                                                  &proof);

    if (status != ONYM_OK) {
        return status;
    }
    onym_http_proof_check(proof);
    status = proof->status;
    if (status == ONYM_OK) {
        out->index = proof->index;
        onym_token_key_digest(answerer->digester, onym_http_proof_key(proof), out->key);
    }
    free(proof);
    return status;
}

enum onym_status
onym_admin_certified(void *of, const void *connection, onym_span peer,
                     struct onym_admin_certified *out)
{
    struct onym_admin_post *post = of;
    struct onym_http_claim claim = {.kind = ONYM_HTTP_PROOF_CERTIFICATE};
    struct onym_http_attempt attempt = {.peer = peer};
    struct onym_tls_peer client;
    enum onym_status status;

    onym_tls_peer_of(connection, &client);
    if (!client.present || onym_http_subject_read(onym_span_text(client.subject), out->handle,
                                                  &claim.who) != ONYM_OK) {
        return ONYM_CREDENTIAL_INVALID;
    }
    out->index = claim.who.index;
    out->len = claim.who.handle.len;
    memmove(out->handle, claim.who.handle.at, out->len);
    claim.who.handle = onym_span_of(out->handle, out->len);
    claim.key = onym_span_of(client.key_sha256, sizeof client.key_sha256);
    attempt.who = claim.who;
    if (!onym_http_may_try(post->logins, &attempt)) {
        count(post, ONYM_LOGIN_WAS_LIMITED);
        return ONYM_BUSY;
    }
    status = compare(post, &claim, out);
    if (status == ONYM_AUTH_FAILED) {
        onym_http_count_failure(post->logins, &attempt);
        count(post, ONYM_LOGIN_WAS_FAILED);
    } else if (status == ONYM_OK) {
        count(post, ONYM_LOGIN_WAS_OK);
    }
    return status;
}
