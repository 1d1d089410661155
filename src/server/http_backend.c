#include "server/http_backend.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/require.h"
#include "base/writer.h"
#include "core/admins.h"
#include "core/token_check.h"
#include "server/http_backend_priv.h"
#include "server/orders.h"
#include "wire/json_base64.h"

#include <stdio.h>
#include <stdlib.h>

static uint64_t
now_ms(void)
{
    return onym_clock_monotonic_ns() / 1000000U;
}

/* ---- telling ---- */

static struct onym_identity
identity_of(const struct onym_http_post *post, const struct onym_principal *who)
{
    return onym_admins_identity(onym_span_text(post->node->settings.server_admins), who);
}

static onym_span
write_challenge(struct onym_http_post *post, const struct onym_http_session *session)
{
    char nonce[2 * ONYM_HTTP_NONCE_LEN];
    int len;

    onym_base64_encode(ONYM_BASE64_STANDARD, onym_span_of(session->nonce, sizeof session->nonce),
                       nonce);
    len = snprintf(
        post->challenge, sizeof post->challenge, "Handle sessionId=\"%.*s\", nonce=\"%.*s\"",
        (int)sizeof session->id, session->id,
        (int)onym_base64_encoded_len(ONYM_BASE64_STANDARD, sizeof session->nonce), nonce);
    ONYM_REQUIRE(len > 0 && (size_t)len < sizeof post->challenge);
    return onym_span_of(post->challenge, (size_t)len);
}

/* What a caller is told to sign: the session it named, when that lives, or a new one. */
static onym_span
challenge_for(struct onym_http_post *post, onym_span peer, onym_span id)
{
    struct onym_http_sessions *sessions = post->node->http_desk->sessions;
    struct onym_http_session session;

    if (id.len == 0 || !onym_http_sessions_find(sessions, id, now_ms(), &session)) {
        onym_http_sessions_open(sessions, peer, &post->rng, now_ms(), &session);
    }
    return write_challenge(post, &session);
}

static void
remember(struct onym_http_post *post, const struct onym_http_attempt *a, onym_span address,
         enum onym_status status)
{
    struct onym_change_event event = {.event = ONYM_EVENT_LOGIN,
                                      .status = status,
                                      .principal = a->who.handle,
                                      .principal_index = a->who.index,
                                      .address = address,
                                      .now_ms = onym_clock_epoch_ms()};

    onym_changes_event(post->node->changes, &event);
}

static void
count_login(struct onym_http_post *post, enum onym_login method, enum onym_login_result result)
{
    onym_counter_add(&post->counters->logins[method][result], 1);
}

/* Ends an attempt that failed: counted, remembered and told. */
static void
fail_login(struct onym_http_post *post, const struct onym_http_attempt *a, onym_span address,
           enum onym_status status, struct onym_http_login *out)
{
    bool ours = onym_status_http(status) != 401; /* a damaged record is nobody's failed login */

    out->status = status;
    count_login(post, a->method, ONYM_LOGIN_WAS_FAILED);
    if (!ours) {
        onym_http_count_failure(post->node->http_desk, a);
        remember(post, a, address, status);
    }
}

/* ---- the callbacks ---- */

static size_t
challenge(void *of, const struct onym_http_caller *caller, char *out, size_t cap)
{
    struct onym_http_post *post = of;
    const struct onym_http_seat *seat = onym_http_seat_of(caller);
    onym_span text = challenge_for(post, onym_span_of(seat->peer, seat->peer_len),
                                   onym_span_of(NULL, 0));

    ONYM_REQUIRE(text.len <= cap);
    memcpy(out, text.at, text.len);
    return text.len;
}

static void
do_prove(struct onym_proof_job *job)
{
    onym_http_proof_check(onym_http_wait_of(job)->proof);
}

/* The outcome of a proof, for the session that asked for it too. */
static void
settle(struct onym_http_wait *w, struct onym_http_login *out)
{
    onym_span address = onym_span_of(w->address, w->address_len);
    struct onym_http_post *post = w->post;
    struct onym_http_desk *desk = post->node->http_desk;
    struct onym_principal who = {.handle = w->proof->claim.who.handle, .index = w->proof->index};
    struct onym_http_attempt a = {.peer = onym_span_of(w->peer, w->peer_len),
                                  .who = w->proof->claim.who,
                                  .method = w->method};
    enum onym_status status = w->proof->status;
    onym_span id = onym_span_of(w->session, w->session_len);

    if (w->precounted) {
        onym_http_forgive(desk, &a);
    }
    if (status == ONYM_OK && id.len > 0) {
        uint8_t digest[ONYM_DIGEST_BYTES_MAX];
        onym_span key = onym_http_proof_key(w->proof);

        (void)onym_digest(post->answerer->digester, ONYM_SHA256, &key, 1, digest);
        status = onym_http_sessions_prove(desk->sessions, id, &who, digest, now_ms());
    }
    if (status != ONYM_OK) {
        fail_login(post, &a, address, status, out);
        out->challenge = challenge_for(post, a.peer, id);
        return;
    }
    if (id.len > 0) {
        remember(post, &(struct onym_http_attempt){.who = who}, address, ONYM_OK);
    }
    count_login(post, w->method, ONYM_LOGIN_WAS_OK);
    out->status = ONYM_OK;
    out->identity = identity_of(post, &who);
}

static void
after_prove(struct onym_proof_job *job)
{
    struct onym_http_wait *w = onym_http_wait_of(job);
    struct onym_http_post *post = w->post;
    struct onym_http_login login = {.status = ONYM_ERROR};
    struct onym_http_seat *seat = onym_http_wait_over(w);

    if (job->dropped) {
        w->proof->status = ONYM_BUSY; /* it was not looked at */
    }
    settle(w, &login);
    if (seat != NULL) {
        post->login_done(post->of, seat, &login);
    }
    onym_http_wait_free(w);
}

/* Hands a claim to another thread. ONYM_OK: after_prove follows. */
static enum onym_status
start_proof(struct onym_http_post *post, const struct onym_http_caller *caller,
            const struct onym_http_claim *claim, onym_span session)
{
    struct onym_http_proof *proof;
    struct onym_http_wait *w;
    enum onym_status status = onym_http_proof_new(claim, &post->policy, &post->answerer->resolver,
                                                  &proof);

    if (status != ONYM_OK) {
        return status;
    }
    w = onym_http_wait_new(post, caller);
    if (w == NULL) {
        free(proof);
        return ONYM_BUSY;
    }
    w->proof = proof;
    w->job = (struct onym_proof_job){
        .run = do_prove, .done = after_prove, .worker = post->worker, .peer_len = w->peer_len};
    memcpy(w->job.peer, w->peer, sizeof w->job.peer);
    w->method = ONYM_LOGIN_CERTIFICATE;
    if (claim->kind != ONYM_HTTP_PROOF_CERTIFICATE) {
        struct onym_http_attempt a = {.peer = onym_span_of(w->peer, w->peer_len),
                                      .who = claim->who};

        /* many at once could else be started before the first is known to be wrong */
        onym_http_count_failure(post->node->http_desk, &a);
        w->method = ONYM_LOGIN_SESSION;
        w->precounted = true;
        w->session_len = (uint8_t)session.len;
        if (session.len > 0) {
            memcpy(w->session, session.at, session.len);
        }
    }
    if (onym_proofs_start(post->node->proofs, &w->job) != ONYM_OK) {
        (void)onym_http_wait_over(w);
        onym_http_wait_free(w);
        return ONYM_BUSY;
    }
    return ONYM_OK;
}

/* The session of an id, when it lives; a proven one ends with the key it was proven with. */
static bool
find_session(struct onym_http_post *post, onym_span id, struct onym_http_session *out)
{
    struct onym_http_sessions *sessions = post->node->http_desk->sessions;
    struct onym_principal who;
    enum onym_status status;

    if (!onym_http_sessions_find(sessions, id, now_ms(), out)) {
        return false;
    }
    if (!out->proven) {
        return true;
    }
    who = (struct onym_principal){.handle = onym_span_of(out->handle, out->handle_len),
                                  .index = out->index};
    status = onym_token_key_holds(&post->answerer->resolver, post->answerer->digester, &who,
                                  out->key);
    if (status == ONYM_OK) {
        return true;
    }
    if (onym_status_http(status) == 401) { /* else the store is at fault */
        onym_http_sessions_end(sessions, id, now_ms());
    }
    return false;
}

/* A session that is named without an answer: proven before, or not. */
static void
use_session(struct onym_http_post *post, const struct onym_http_caller *caller, onym_span id,
            struct onym_http_login *out)
{
    const struct onym_http_seat *seat = onym_http_seat_of(caller);
    struct onym_http_session *found = &post->found;
    struct onym_principal who;

    if (!find_session(post, id, found)) {
        out->status = ONYM_SESSION_UNKNOWN;
    } else if (!found->proven) {
        out->status = ONYM_AUTH_NEEDED;
    } else {
        who = (struct onym_principal){.handle = onym_span_of(found->handle, found->handle_len),
                                      .index = found->index};
        out->status = ONYM_OK;
        out->identity = identity_of(post, &who);
        return;
    }
    out->challenge = challenge_for(post, onym_span_of(seat->peer, seat->peer_len), id);
}

/* Starts to look at the answer to a session's nonce. ONYM_OK: after_prove follows. */
static enum onym_status
prove_session(struct onym_http_post *post, const struct onym_http_caller *caller,
              const struct onym_http_credentials *given)
{
    uint8_t answer[ONYM_HTTP_ANSWER_MAX];
    uint8_t nonce[ONYM_HTTP_NONCE_LEN];
    struct onym_http_claim claim;
    enum onym_status status = onym_http_claim_read(given, answer, &claim);

    if (status == ONYM_OK &&
        !onym_http_sessions_take_nonce(post->node->http_desk->sessions, given->session, &post->rng,
                                       now_ms(), nonce)) {
        status = ONYM_SESSION_UNKNOWN;
    }
    if (status == ONYM_OK) {
        claim.nonce = onym_span_of(nonce, sizeof nonce);
        status = start_proof(post, caller, &claim, given->session);
    }
    return status;
}

/* Somebody's answer to somebody else's nonce. ONYM_OK: after_prove follows. */
static enum onym_status
verify(struct onym_http_post *post, const struct onym_http_caller *caller,
       const struct onym_http_credentials *given)
{
    uint8_t answer[ONYM_HTTP_ANSWER_MAX];
    struct onym_http_claim claim;
    enum onym_status status = onym_http_claim_read(given, answer, &claim);

    claim.nonce = given->nonce;
    return status == ONYM_OK ? start_proof(post, caller, &claim, onym_span_of(NULL, 0)) : status;
}

static enum onym_status
prove_certificate(struct onym_http_post *post, const struct onym_http_caller *caller,
                  const struct onym_principal *who)
{
    struct onym_http_claim claim = {
        .kind = ONYM_HTTP_PROOF_CERTIFICATE, .who = *who, .key = caller->client_key};

    return start_proof(post, caller, &claim, onym_span_of(NULL, 0));
}

static enum onym_status
check_password(struct onym_http_post *post, struct onym_http_attempt *a, onym_span password,
               struct onym_http_login *out)
{
    uint32_t index;
    enum onym_status status = onym_http_password_check(
        &post->answerer->resolver, post->answerer->digester, &a->who, password, &index);

    if (status == ONYM_OK) {
        a->who.index = index;
        count_login(post, a->method, ONYM_LOGIN_WAS_OK);
        out->status = ONYM_OK;
        out->identity = identity_of(post, &a->who);
    }
    return status;
}

/* A token stands for somebody with the rights they have now, within its scopes. */
static enum onym_status
check_token(struct onym_http_post *post, struct onym_http_attempt *a, onym_span text,
            struct onym_http_login *out)
{
    struct onym_token token;
    enum onym_status status = onym_token_check(&post->answerer->resolver, post->answerer->digester,
                                               text, onym_clock_epoch_ms(), &token, &out->why);

    if (status != ONYM_OK) {
        return status;
    }
    a->who = token.who;
    count_login(post, a->method, ONYM_LOGIN_WAS_OK);
    out->status = ONYM_OK;
    out->identity = identity_of(post, &token.who);
    out->identity.is_server_admin |= token.is_operator;
    out->identity.scope = token.scope;
    return ONYM_OK;
}

/* Who the certificate of the connection names. */
static enum onym_status
read_certificate(const struct onym_http_caller *caller, uint8_t memory[ONYM_HTTP_ANSWER_MAX],
                 struct onym_principal *out)
{
    struct onym_tls_peer peer;

    if (caller->client_key.len == 0) {
        return ONYM_CREDENTIAL_INVALID; /* none was shown */
    }
    onym_tls_peer_of(onym_http_seat_of(caller)->tls, &peer);
    return onym_http_subject_read(onym_span_text(peer.subject), memory, out);
}

static enum onym_login
method_of(enum onym_http_scheme scheme)
{
    return scheme == ONYM_HTTP_BASIC          ? ONYM_LOGIN_BASIC
           : scheme == ONYM_HTTP_HANDLE       ? ONYM_LOGIN_SESSION
           : scheme == ONYM_HTTP_VERIFICATION ? ONYM_LOGIN_SESSION
           : scheme == ONYM_HTTP_CERTIFICATE  ? ONYM_LOGIN_CERTIFICATE
                                              : ONYM_LOGIN_BEARER;
}

static enum onym_http_when
authenticate(void *of, const struct onym_http_caller *caller,
             const struct onym_http_credentials *given, struct onym_http_login *out)
{
    struct onym_http_post *post = of;
    const struct onym_http_seat *seat = onym_http_seat_of(caller);
    struct onym_http_attempt a = {.peer = onym_span_of(seat->peer, seat->peer_len),
                                  .who = {.handle = given->handle, .index = given->index},
                                  .method = method_of(given->scheme)};
    uint8_t memory[ONYM_HTTP_ANSWER_MAX];
    enum onym_status status = ONYM_OK;

    if (given->scheme == ONYM_HTTP_HANDLE && given->signature.len == 0) {
        use_session(post, caller, given->session, out);
        return ONYM_HTTP_NOW;
    }
    if (given->scheme == ONYM_HTTP_CERTIFICATE) {
        status = read_certificate(caller, memory, &a.who);
    }
    if (!onym_http_may_try(post->node->http_desk, &a)) {
        count_login(post, a.method, ONYM_LOGIN_WAS_LIMITED);
        out->status = ONYM_BUSY;
        out->limited = true;
        return ONYM_HTTP_NOW;
    }
    if (given->scheme == ONYM_HTTP_BASIC) {
        status = check_password(post, &a, given->secret, out);
    } else if (given->scheme == ONYM_HTTP_HANDLE) {
        status = prove_session(post, caller, given);
    } else if (given->scheme == ONYM_HTTP_VERIFICATION) {
        status = verify(post, caller, given);
    } else if (given->scheme == ONYM_HTTP_CERTIFICATE && status == ONYM_OK) {
        status = prove_certificate(post, caller, &a.who);
    } else if (given->scheme == ONYM_HTTP_BEARER) {
        status = check_token(post, &a, given->secret, out);
    }
    if (status == ONYM_OK) {
        return given->scheme == ONYM_HTTP_BASIC || given->scheme == ONYM_HTTP_BEARER
                   ? ONYM_HTTP_NOW
                   : ONYM_HTTP_LATER;
    }
    if (given->unasked &&
        (status == ONYM_CREDENTIAL_INVALID || status == ONYM_CANNOT_AUTHENTICATE)) {
        out->status = status; /* it names nobody here: it was not shown for us */
        return ONYM_HTTP_NOW;
    }
    fail_login(post, &a, caller->address, status, out);
    out->challenge = given->scheme == ONYM_HTTP_BEARER
                         ? onym_span_text("Bearer realm=\"onym\"")
                         : challenge_for(post, a.peer, given->session);
    return ONYM_HTTP_NOW;
}

static enum onym_status
carry_out(void *of, const struct onym_http_order *order)
{
    struct onym_http_post *post = of;

    return onym_orders_ask(post->node->orders, order);
}

/* ---- sessions as a resource ---- */

static enum onym_status
session_open(void *of, const struct onym_http_caller *caller, struct onym_http_session *out)
{
    struct onym_http_post *post = of;
    const struct onym_http_seat *seat = onym_http_seat_of(caller);

    onym_http_sessions_open(post->node->http_desk->sessions,
                            onym_span_of(seat->peer, seat->peer_len), &post->rng, now_ms(), out);
    return ONYM_OK;
}

static bool
session_find(void *of, onym_span id, struct onym_http_session *out)
{
    return find_session(of, id, out);
}

static void
session_end(void *of, onym_span id)
{
    struct onym_http_post *post = of;

    onym_http_sessions_end(post->node->http_desk->sessions, id, now_ms());
}

void
onym_http_post_init(struct onym_http_post *post, const struct onym_node *node,
                    struct onym_answerer *answerer, struct onym_counters *counters, unsigned worker)
{
    *post = (struct onym_http_post){.backend = {.of = post,
                                                .authenticate = authenticate,
                                                .challenge = challenge,
                                                .submit = onym_http_submit,
                                                .work = onym_http_job_take,
                                                .submit_row = onym_http_submit_row,
                                                .rows_begin = onym_http_rows_begin,
                                                .rows_end = onym_http_rows_end,
                                                .rows_window = onym_http_rows_window,
                                                .rows_left = &post->rows_left,
                                                .rows_again = onym_http_rows_again,
                                                .carry_out = carry_out,
                                                .session_open = session_open,
                                                .session_find = session_find,
                                                .session_end = session_end},
                                    .node = node,
                                    .answerer = answerer,
                                    .counters = counters,
                                    .worker = worker,
                                    .rows_left = ONYM_HTTP_ROWS_TURN,
                                    .policy = {.allow_sha1 = node->settings.allow_sha1 != 0,
                                               .allow_md5 = node->settings.allow_md5 != 0},
                                    .rng = onym_rng_system()};
}
