/* The way into a session: decryption, MAC, counter. */
#include "auth/challenge.h"
#include "auth/seal.h"
#include "core/token_check.h"
#include "service/session_priv.h"
#include "wire/credential.h"

/* Whether an id is one of ours to give. The ids that the pointer SDK counts up from 10001 and
 * announces on its connections are not (H-18.1), nor are those of challenges. */
static bool
names_session(uint32_t id)
{
    return (id & ONYM_ID_SESSION_BIT) != 0 && onym_id_worker(id) < ONYM_ID_WORKERS_MAX;
}

static enum onym_status
check_mac(const struct onym_request *rq, const struct onym_session_use *use, uint32_t *counter)
{
    const struct onym_envelope *e = &rq->message.envelope;
    struct onym_credential credential;
    struct onym_sealed sealed = {.version = e->version,
                                 .suggested = e->suggested,
                                 .session_id = e->session_id,
                                 .request_id = e->request_id,
                                 .covered = rq->message.digested};
    struct onym_seal_claim claim;
    enum onym_status status;

    if (onym_credential_decode(rq->message.credential, &credential) != ONYM_OK ||
        !onym_text_equal_nocase(credential.type, onym_span_text("HS_MAC"))) {
        return ONYM_SESSION_REJECTED;
    }
    sealed.counter = *counter = credential.counter;
    claim = (struct onym_seal_claim){.hash_name = credential.hash_name,
                                     .signature = credential.signature};
    status = onym_seal_mac_check(onym_span_of(use->secret.bytes, sizeof use->secret.bytes), &sealed,
                                 &claim, &rq->call->sessions->policy);
    return status == ONYM_UNSUPPORTED ? ONYM_SESSION_REJECTED : status;
}

/* Whether the session still stands for who was proven. Once their key is gone or another it is
 * over; while the store cannot tell, it only waits. */
static enum onym_status
check_key(const struct onym_request *rq, const struct onym_session_use *use)
{
    const struct onym_session_access *sessions = rq->call->sessions;
    struct onym_principal who = {.handle = onym_span_of(use->user, use->user_len),
                                 .index = use->user_index};
    enum onym_status status = ONYM_OK;

    if (use->proven) {
        status = onym_token_key_holds(&rq->answerer->resolver, rq->answerer->digester, &who,
                                      use->key);
    }
    if (status == ONYM_CREDENTIAL_INVALID || status == ONYM_CANNOT_AUTHENTICATE) {
        sessions->end(sessions->of, rq->message.envelope.session_id);
        status = ONYM_SESSION_UNKNOWN;
    }
    return status;
}

enum onym_status
onym_session_enter(struct onym_request *rq, struct onym_session_use *use)
{
    const struct onym_session_access *sessions = rq->call->sessions;
    const struct onym_dialogue *dialogue = rq->call->dialogue;
    uint32_t id = rq->message.envelope.session_id;
    uint32_t opcode = rq->message.header.opcode;
    uint32_t counter = 0;
    enum onym_status status;

    if (id == 0 || (dialogue != NULL && dialogue->announced_session == id)) {
        return ONYM_OK;
    }
    if (sessions == NULL || !names_session(id)) {
        /* the id of a challenge, or the announcement of a connection */
        return opcode == ONYM_OP_CHALLENGE_ANSWER || opcode == ONYM_OP_SITE_INFO
                   ? ONYM_OK
                   : ONYM_SESSION_UNKNOWN;
    }
    status = sessions->find(sessions->of, id, use);
    if (status != ONYM_OK) {
        return status;
    }
    if (opcode != ONYM_OP_CHALLENGE_ANSWER) {
        status = check_mac(rq, use, &counter);
        if (status == ONYM_OK) {
            status = sessions->accept(sessions->of, id, counter);
        }
        if (status == ONYM_OK) {
            status = check_key(rq, use);
        }
    }
    if (status != ONYM_OK) {
        onym_session_secret_wipe(&use->secret);
        return status;
    }
    rq->in_session = true;
    rq->session = use;
    return ONYM_OK;
}

enum onym_status
onym_session_unseal(struct onym_request *rq, const struct onym_envelope *envelope, onym_span cipher)
{
    const struct onym_session_access *sessions = rq->call->sessions;
    struct onym_envelope plain = *envelope;
    struct onym_session_use use;
    uint8_t *out;
    size_t len = 0;
    enum onym_status status;

    if (sessions == NULL || !names_session(envelope->session_id)) {
        return ONYM_SESSION_UNKNOWN;
    }
    status = sessions->find(sessions->of, envelope->session_id, &use);
    if (status != ONYM_OK) {
        return status;
    }
    out = onym_arena_take(rq->call->arena, ONYM_ENVELOPE_LEN + cipher.len);
    status = out == NULL ? ONYM_BUSY
                         : onym_session_decrypt(&use.secret, envelope->version, cipher,
                                                out + ONYM_ENVELOPE_LEN, cipher.len, &len);
    onym_session_secret_wipe(&use.secret);
    if (status == ONYM_BUSY || status == ONYM_NO_MEMORY) {
        return status;
    }
    plain.flags &= (uint8_t)~ONYM_ENVELOPE_ENCRYPTED;
    plain.message_len = (uint32_t)len;
    if (status != ONYM_OK ||
        onym_message_cut(&plain, onym_span_of(out + ONYM_ENVELOPE_LEN, len), &rq->message) !=
            ONYM_OK ||
        rq->message.header.response_code != 0) {
        return ONYM_SESSION_REJECTED;
    }
    onym_envelope_encode(&plain, out); /* a challenge remembers both */
    return ONYM_OK;
}
