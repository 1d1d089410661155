#include "auth/keys.h"
#include "auth/secret.h"
#include "service/session_priv.h"

onym_span
onym_admin_request_bytes(const struct onym_message *message)
{
    /* the envelope lies in front of the message in every stream */
    return onym_span_of(message->digested.at - ONYM_ENVELOPE_LEN,
                        ONYM_ENVELOPE_LEN + message->envelope.message_len);
}

enum onym_verdict
onym_admin_challenge(struct onym_admin *admin, const struct onym_request *rq)
{
    struct onym_dialogue *dialogue = rq->call->dialogue;
    uint32_t session = rq->message.envelope.session_id;
    uint16_t version = rq->reply->envelope.version;
    uint8_t digest[ONYM_DIGEST_BYTES_MAX];
    uint8_t nonce[ONYM_CHALLENGE_NONCE_LEN];
    uint8_t body[64];
    uint8_t code = onym_render_digest(rq, digest);
    struct onym_challenge_ask ask = {.peer = rq->call->peer,
                                     .request = onym_admin_request_bytes(&rq->message),
                                     .digest = onym_span_of(digest, onym_digest_code_len(code)),
                                     .digest_code = code,
                                     .version = version,
                                     .session_id = rq->in_session ? session : 0};
    struct onym_challenge challenge = {.nonce = onym_span_of(nonce, sizeof nonce),
                                       .digest = ask.digest};
    uint32_t id;
    size_t len;
    enum onym_status status = admin->backend.challenge_add(admin->backend.of, &ask, &id, nonce);

    if (status != ONYM_OK) {
        return onym_render_error(rq, ONYM_BUSY);
    }
    if (onym_challenge_encode(&challenge, version, body, sizeof body, &len) != ONYM_OK) {
        return onym_render_error(rq, ONYM_ERROR);
    }
    if (!rq->in_session && session != 0 && session == dialogue->announced_session) {
        dialogue->challenge_id = id; /* the answer comes under the announced id */
    } else {                         /* in a session that is the session's */
        rq->reply->envelope.session_id = id;
    }
    return onym_render_body(rq, ONYM_AUTH_NEEDED,
                            version >= ONYM_VERSION(2, 1) ? ONYM_FLAG_REQUEST_DIGEST : 0,
                            onym_span_of(body, len));
}

/* The user's key values of the wanted type, or the one at an index. */
struct keys {
    size_t count;
    size_t len; /* bytes together */
    onym_span at[ONYM_ADMIN_KEYS_MAX];
    uint32_t index[ONYM_ADMIN_KEYS_MAX];
};

static enum onym_status
find_keys(const struct onym_record *record, bool by_key, uint32_t index, struct keys *out)
{
    onym_span type = onym_span_text(by_key ? "HS_PUBKEY" : "HS_SECKEY");
    struct onym_value_list lists[2] = {record->public_values, record->private_values};
    struct onym_value v;

    *out = (struct keys){0};
    for (size_t i = 0; i < 2; i++) {
        while (onym_value_next(&lists[i].raw, &v)) {
            bool fits = onym_text_equal_nocase(v.type, type);

            if (index != 0 && v.index == index && !fits) {
                return ONYM_CREDENTIAL_INVALID;
            }
            if (fits && (index == 0 || v.index == index) && v.data.len > 0 &&
                v.data.len <= ONYM_KEY_PEM_LEN_MAX && out->count < ONYM_ADMIN_KEYS_MAX) {
                out->index[out->count] = v.index;
                out->at[out->count++] = v.data;
                out->len += v.data.len;
            }
        }
    }
    return out->count > 0 ? ONYM_OK : ONYM_CREDENTIAL_INVALID;
}

/* Copies them into the call. */
static void
keep_keys(struct onym_admin_call *call, const struct keys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        call->key_index[call->keys] = keys->index[i];
        call->key[call->keys++] = onym_admin_call_keep(call, keys->at[i]);
    }
}

/* The user's record: only users whose prefix lives here can be checked. */
static enum onym_status
user_record(struct onym_admin *admin, onym_span user, struct onym_record *out)
{
    struct onym_resolver *resolver = &admin->answerer->resolver;
    uint8_t folded[ONYM_PREFIX_NAME_LEN_MAX];
    enum onym_status status;

    if (!onym_responsible(resolver, user)) {
        return ONYM_CANNOT_AUTHENTICATE;
    }
    status = onym_view_record(resolver->view, ONYM_KIND_HANDLE,
                              onym_op_fold(user, folded, sizeof folded), out);
    return status == ONYM_NOT_FOUND ? ONYM_CREDENTIAL_INVALID : status;
}

/* rq's message lies in pending: an error is rendered before pending goes. */
static enum onym_verdict
refuse(const struct onym_request *rq, enum onym_status status, struct onym_pending *pending)
{
    enum onym_verdict verdict = onym_render_error(rq, status);

    onym_pending_free(pending);
    return verdict;
}

void
onym_admin_attempt(const struct onym_admin *admin, bool by_key, enum onym_status status)
{
    if (admin->backend.attempt != NULL) {
        admin->backend.attempt(admin->backend.of, by_key, status);
    }
}

static enum onym_verdict
start_proof(struct onym_admin *admin, const struct onym_request *rq,
            const struct onym_challenge_answer *answer, struct onym_pending *pending)
{
    bool by_key = onym_text_equal_nocase(answer->type, onym_span_text("HS_PUBKEY"));
    struct onym_record record;
    struct keys keys;
    enum onym_status status = user_record(admin, answer->user, &record);
    enum onym_verdict verdict;
    struct onym_admin_call *call;

    if (status == ONYM_OK) {
        status = find_keys(&record, by_key, answer->index, &keys);
    }
    if (status != ONYM_OK) {
        onym_admin_attempt(admin, by_key, status);
        return refuse(rq, status, pending);
    }
    call = onym_admin_call_new(admin, rq, answer->user.len + answer->answer.len + keys.len);
    if (call == NULL) {
        return refuse(rq, ONYM_BUSY, pending);
    }
    call->pending = pending;
    call->request = pending->request;
    call->by_key = by_key;
    call->user.handle = onym_admin_call_keep(call, answer->user);
    call->user.index = answer->index;
    call->answer = onym_admin_call_keep(call, answer->answer);
    call->about = (struct onym_challenged){
        .nonce = onym_span_of(pending->nonce, sizeof pending->nonce),
        .digest = onym_span_of(pending->digest, pending->digest_len),
        .user = call->user.handle,
        .version = pending->version};
    keep_keys(call, &keys);
    status = admin->backend.prove(admin->backend.of, call);
    if (status == ONYM_OK) {
        return ONYM_VERDICT_PENDING;
    }
    verdict = onym_render_error(rq, status);
    onym_admin_call_free(call); /* with pending, in which rq's message lies */
    return verdict;
}

enum onym_verdict
onym_admin_answer(struct onym_admin *admin, const struct onym_request *rq)
{
    struct onym_dialogue *dialogue = rq->call->dialogue;
    uint32_t id = rq->message.envelope.session_id;
    onym_span body = rq->message.body;
    struct onym_request about = *rq;
    struct onym_challenge_answer answer;
    struct onym_pending *pending;
    struct onym_envelope asked;
    enum onym_status status = onym_challenge_answer_decode(&body, &answer);

    if (status != ONYM_OK) {
        return onym_render_error(rq, status);
    }
    if (!rq->in_session && id != 0 && id == dialogue->announced_session) {
        id = dialogue->challenge_id;
        dialogue->challenge_id = 0;
    }
    status = admin->backend.challenge_take(admin->backend.of, id, rq->call->peer, &pending);
    if (status != ONYM_OK) {
        return onym_render_error(rq, status);
    }
    /* from here on replies carry the opcode and digest of the operation, the id of the answer */
    if (onym_envelope_decode(pending->request, &asked) != ONYM_OK ||
        onym_message_cut(&asked, onym_span_from(pending->request, ONYM_ENVELOPE_LEN),
                         &about.message) != ONYM_OK) {
        onym_pending_free(pending);
        return onym_render_error(rq, ONYM_ERROR);
    }
    about.message.envelope = rq->message.envelope;
    about.message.envelope.message_len = asked.message_len;
    if (!rq->in_session && rq->message.envelope.session_id != dialogue->announced_session) {
        about.message.envelope.session_id = 0; /* what follows stands outside sessions */
    }
    onym_render_begin(&about);
    if (!onym_text_equal_nocase(answer.type, onym_span_text("HS_PUBKEY")) &&
        !onym_text_equal_nocase(answer.type, onym_span_text("HS_SECKEY"))) {
        return refuse(&about, ONYM_CREDENTIAL_INVALID, pending);
    }
    return start_proof(admin, &about, &answer, pending);
}

/* ---- for another server ---- */

enum onym_verdict
onym_admin_verify(struct onym_admin *admin, const struct onym_request *rq)
{
    static const uint8_t wrong[1] = {0};
    onym_span request = onym_admin_request_bytes(&rq->message);
    onym_span body = rq->message.body;
    struct onym_verify_request asked;
    struct onym_record record;
    struct keys keys;
    struct onym_admin_call *call;
    enum onym_status status = onym_verify_request_decode(&body, &asked);

    if (status == ONYM_OK && !onym_responsible(&admin->answerer->resolver, asked.user)) {
        status = ONYM_NOT_RESPONSIBLE;
    }
    if (status == ONYM_OK) {
        status = user_record(admin, asked.user, &record);
    }
    if (status == ONYM_CREDENTIAL_INVALID) { /* nobody of that name: nothing can be right */
        return onym_render_body(rq, ONYM_OK, 0, onym_span_of(wrong, sizeof wrong));
    }
    if (status != ONYM_OK) {
        return onym_render_error(rq, status);
    }
    if (find_keys(&record, false, asked.index, &keys) != ONYM_OK) {
        return onym_render_body(rq, ONYM_OK, 0, onym_span_of(wrong, sizeof wrong));
    }
    call = onym_admin_call_new(admin, rq, request.len + asked.user.len + keys.len);
    if (call == NULL) {
        return onym_render_error(rq, ONYM_BUSY);
    }
    call->job = ONYM_JOB_VERIFY;
    call->request = onym_admin_call_keep(call, request);
    call->user.handle = onym_admin_call_keep(call, asked.user);
    call->user.index = asked.index;
    keep_keys(call, &keys);
    status = admin->backend.prove(admin->backend.of, call);
    if (status == ONYM_OK) {
        return ONYM_VERDICT_PENDING;
    }
    onym_admin_call_free(call);
    return onym_render_error(rq, status);
}

enum onym_verdict
onym_admin_verified(struct onym_admin_call *waiting, const struct onym_request *rq)
{
    uint8_t body[1];
    size_t len = 0;

    if (waiting->proof == ONYM_NO_MEMORY || waiting->proof == ONYM_BUSY ||
        waiting->proof == ONYM_CANNOT_AUTHENTICATE ||
        onym_verify_reply_encode(waiting->proof == ONYM_OK, body, sizeof body, &len) != ONYM_OK) {
        return onym_render_error(rq, waiting->proof);
    }
    return onym_render_body(rq, ONYM_OK, 0, onym_span_of(body, len));
}

/* ---- off the loop ---- */

static void
prove(struct onym_admin_call *call)
{
    enum onym_status status = ONYM_CREDENTIAL_INVALID;

    for (size_t i = 0; i < call->keys && status != ONYM_OK; i++) {
        struct onym_key *key = NULL;

        call->right_key = i;
        if (!call->by_key) {
            status = onym_secret_answer_verify(call->key[i], &call->about, call->answer,
                                               &call->admin->policy);
            continue;
        }
        status = onym_key_from_hs_pubkey(call->key[i], &key);
        if (status == ONYM_OK) {
            status = onym_pubkey_answer_verify(key, &call->about, call->answer,
                                               &call->admin->policy);
        }
        onym_key_free(key);
    }
    call->proof = status;
}

/* The body was decoded before: it is cut again in the call's own copy. */
static void
verify(struct onym_admin_call *call)
{
    struct onym_verify_request asked;
    struct onym_envelope envelope;
    struct onym_message message;
    onym_span body;

    call->proof = onym_envelope_decode(call->request, &envelope);
    if (call->proof == ONYM_OK) {
        call->proof = onym_message_cut(&envelope, onym_span_from(call->request, ONYM_ENVELOPE_LEN),
                                       &message);
    }
    if (call->proof == ONYM_OK) {
        body = message.body;
        call->proof = onym_verify_request_decode(&body, &asked);
    }
    if (call->proof == ONYM_OK) {
        call->answer = asked.answer;
        call->about = (struct onym_challenged){.nonce = asked.nonce,
                                               .digest = asked.digest,
                                               .user = asked.user,
                                               .version = envelope.version};
        prove(call);
    }
}

void
onym_admin_prove(struct onym_admin_call *call)
{
    switch (call->job) {
    case ONYM_JOB_PROVE:
        prove(call);
        break;
    case ONYM_JOB_VERIFY:
        verify(call);
        break;
    case ONYM_JOB_AGREE:
        onym_session_agree(call);
        break;
    case ONYM_JOB_SIGN:
        onym_session_sign(call);
        break;
    }
}

void
onym_admin_prove_not(struct onym_admin_call *call)
{
    call->proof = ONYM_BUSY;
    if (call->job == ONYM_JOB_SIGN) {
        onym_session_sign_not(call);
    }
}
