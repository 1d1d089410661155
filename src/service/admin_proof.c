#include "auth/keys.h"
#include "auth/secret.h"
#include "service/admin_priv.h"

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
                                     .version = version};
    struct onym_challenge challenge = {.nonce = onym_span_of(nonce, sizeof nonce),
                                       .digest = ask.digest};
    uint32_t id;
    size_t len;
    enum onym_status status = admin->backend.challenge_add(admin->backend.of, &ask,
                                                           rq->call->now_ms, &id, nonce);

    if (status != ONYM_OK) {
        return onym_render_error(rq, ONYM_BUSY);
    }
    if (onym_challenge_encode(&challenge, version, body, sizeof body, &len) != ONYM_OK) {
        return onym_render_error(rq, ONYM_ERROR);
    }
    if (session != 0 && session == dialogue->announced_session) {
        dialogue->challenge_id = id; /* the answer comes under the announced id */
    } else {
        rq->reply->envelope.session_id = id;
    }
    return onym_render_body(rq, ONYM_AUTH_NEEDED,
                            version >= ONYM_VERSION(2, 1) ? ONYM_FLAG_REQUEST_DIGEST : 0,
                            onym_span_of(body, len));
}

/* Copies the user's key values of the wanted type into the call. */
static enum onym_status
keep_keys(struct onym_admin_call *call, const struct onym_record *record, uint32_t index)
{
    const char *type = call->by_key ? "HS_PUBKEY" : "HS_SECKEY";
    struct onym_value_list lists[2] = {record->public_values, record->private_values};
    struct onym_value v;

    for (size_t i = 0; i < 2; i++) {
        while (onym_value_next(&lists[i].raw, &v)) {
            bool fits = onym_text_equal_nocase(v.type, onym_span_text(type));

            if (index != 0 && v.index == index && !fits) {
                return ONYM_CREDENTIAL_INVALID;
            }
            if (fits && (index == 0 || v.index == index) && call->keys < ONYM_ADMIN_KEYS_MAX) {
                onym_span kept = onym_admin_call_keep(call, v.data);

                if (kept.len > 0) {
                    call->key[call->keys++] = kept;
                }
            }
        }
    }
    return call->keys > 0 ? ONYM_OK : ONYM_CREDENTIAL_INVALID;
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

static enum onym_verdict
start_proof(struct onym_admin *admin, const struct onym_request *rq,
            const struct onym_challenge_answer *answer, struct onym_pending *pending)
{
    struct onym_record record;
    enum onym_status status = user_record(admin, answer->user, &record);
    size_t room = answer->user.len + answer->answer.len +
                  (size_t)ONYM_ADMIN_KEYS_MAX * ONYM_KEY_PEM_LEN_MAX;
    struct onym_admin_call *call;

    if (status == ONYM_OK) {
        call = onym_admin_call_new(admin, rq->call, &rq->message.envelope, room);
        status = call != NULL ? ONYM_OK : ONYM_BUSY;
    }
    if (status != ONYM_OK) {
        onym_pending_free(pending);
        return onym_render_error(rq, status);
    }
    call->pending = pending;
    call->request = pending->request;
    call->by_key = onym_text_equal_nocase(answer->type, onym_span_text("HS_PUBKEY"));
    call->user.handle = onym_admin_call_keep(call, answer->user);
    call->user.index = answer->index;
    call->answer = onym_admin_call_keep(call, answer->answer);
    status = keep_keys(call, &record, answer->index);
    if (status == ONYM_OK) {
        status = admin->backend.prove(admin->backend.of, call);
    }
    if (status != ONYM_OK) {
        onym_admin_call_free(call);
        return onym_render_error(rq, status);
    }
    return ONYM_VERDICT_PENDING;
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
    if (id != 0 && id == dialogue->announced_session) {
        id = dialogue->challenge_id;
        dialogue->challenge_id = 0;
    } else {
        about.message.envelope.session_id = 0; /* replies after it stand outside sessions */
    }
    status = admin->backend.challenge_take(admin->backend.of, id, rq->call->peer, rq->call->now_ms,
                                           &pending);
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
    if (rq->message.envelope.session_id != dialogue->announced_session) {
        about.message.envelope.session_id = 0;
    }
    onym_render_begin(&about);
    if (!onym_text_equal_nocase(answer.type, onym_span_text("HS_PUBKEY")) &&
        !onym_text_equal_nocase(answer.type, onym_span_text("HS_SECKEY"))) {
        onym_pending_free(pending);
        return onym_render_error(&about, ONYM_CREDENTIAL_INVALID);
    }
    return start_proof(admin, &about, &answer, pending);
}

void
onym_admin_prove(struct onym_admin_call *call)
{
    const struct onym_pending *p = call->pending;
    struct onym_challenged about = {.nonce = onym_span_of(p->nonce, sizeof p->nonce),
                                    .digest = onym_span_of(p->digest, p->digest_len),
                                    .user = call->user.handle,
                                    .version = p->version};
    enum onym_status status = ONYM_CREDENTIAL_INVALID;

    for (size_t i = 0; i < call->keys && status != ONYM_OK; i++) {
        struct onym_key *key = NULL;

        if (!call->by_key) {
            status = onym_secret_answer_verify(call->key[i], &about, call->answer,
                                               &call->admin->policy);
            continue;
        }
        status = onym_key_from_hs_pubkey(call->key[i], &key);
        if (status == ONYM_OK) {
            status = onym_pubkey_answer_verify(key, &about, call->answer, &call->admin->policy);
        }
        onym_key_free(key);
    }
    call->proof = status;
}
