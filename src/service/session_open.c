/* Opcode 400: a session by Diffie-Hellman with AES; docs/decisions/0110. */
#include "service/session_priv.h"

#include <stdlib.h>

static const char only_dh[] = "only sessions by Diffie-Hellman with AES are offered, at versions "
                              "2.4, 2.7 and later; or answer challenges, or use TLS";

/* H-13.3 (below 2.4 is DES), H-12.3 (no MAC at 2.5 and 2.6), and a MAC of SHA-1 must be allowed. */
static bool
version_fits(const struct onym_session_access *sessions, uint16_t version)
{
    return version >= ONYM_VERSION(2, 7) ||
           (version == ONYM_VERSION(2, 4) && sessions->policy.allow_sha1);
}

enum onym_verdict
onym_session_setup(struct onym_admin *admin, const struct onym_request *rq)
{
    const struct onym_session_access *sessions = rq->call->sessions;
    onym_span request = onym_admin_request_bytes(&rq->message);
    onym_span body = rq->message.body;
    struct onym_session_setup setup = {0};
    struct onym_admin_call *call;
    enum onym_status status = onym_session_setup_decode(&body, &setup);

    if (status == ONYM_MALFORMED) {
        return onym_render_error(rq, ONYM_SESSION_REQUEST_INVALID);
    }
    if (status != ONYM_OK || setup.mode != ONYM_SESSION_DIFFIE_HELLMAN || sessions == NULL ||
        !version_fits(sessions, rq->reply->envelope.version)) {
        return onym_render_error_text(rq, ONYM_SESSION_FAILED, only_dh);
    }
    call = onym_admin_call_new(admin, rq, request.len);
    if (call == NULL || !onym_admin_call_agree(call)) {
        onym_admin_call_free(call);
        return onym_render_error(rq, ONYM_BUSY);
    }
    call->request = onym_admin_call_keep(call, request);
    call->extra = malloc(ONYM_DH_DATA_MAX);
    call->extra_cap = ONYM_DH_DATA_MAX;
    /* the key was cut out of the message; the same place in the copy of it lives on */
    call->answer = onym_span_of(call->request.at + (setup.public_key.at - request.at),
                                setup.public_key.len);
    status = call->extra == NULL ? ONYM_BUSY : admin->backend.prove(admin->backend.of, call);
    if (status != ONYM_OK) {
        onym_admin_call_free(call);
        return onym_render_error(rq, status);
    }
    return ONYM_VERDICT_PENDING;
}

void
onym_session_agree(struct onym_admin_call *call)
{
    struct onym_dh *dh = NULL;
    enum onym_status status = onym_dh_answer(call->answer, call->admin->sessions->dh_bits_min, &dh);

    if (status == ONYM_OK) {
        status = onym_dh_public(dh, call->extra, call->extra_cap, &call->extra_len);
    }
    if (status == ONYM_OK) {
        status = onym_dh_secret(dh, call->answer, &call->secret);
    }
    onym_dh_free(dh);
    call->proof = status;
}

enum onym_verdict
onym_session_opened(struct onym_admin_call *waiting, const struct onym_request *rq)
{
    const struct onym_session_access *sessions = waiting->admin->sessions;
    struct onym_session_key key = {.cipher = ONYM_CIPHER_AES,
                                   .key = onym_span_of(waiting->extra, waiting->extra_len)};
    struct onym_session_reply reply = {.mode = ONYM_SESSION_DIFFIE_HELLMAN};
    uint8_t data[4 + ONYM_DH_DATA_MAX];
    uint8_t body[sizeof data + 16];
    onym_span asked = rq->message.body;
    struct onym_session_setup setup;
    struct onym_session_ask ask = {.secret = &waiting->secret,
                                   .peer = onym_span_of(waiting->peer, waiting->peer_len)};
    size_t len = 0;
    uint32_t id = 0;
    enum onym_status status = waiting->proof;

    onym_admin_call_agreed(waiting);
    if (status == ONYM_SESSION_FAILED) {
        return onym_render_error_text(rq, status,
                                      "the Diffie-Hellman group is smaller than auth.dh_bits_min, "
                                      "over 4096 bits, or no group, or the key is none of it");
    }
    if (status == ONYM_OK) {
        status = onym_session_setup_decode(&asked, &setup);
    }
    if (status == ONYM_OK) {
        ask.identity = (struct onym_principal){.handle = setup.identity,
                                               .index = setup.identity_index};
        ask.timeout_s = setup.timeout_s;
        status = onym_session_key_join(&key, rq->reply->envelope.version, data, sizeof data, &len);
    }
    if (status == ONYM_OK) {
        reply.data = onym_span_of(data, len);
        status = onym_session_reply_encode(&reply, body, sizeof body, &len);
    }
    if (status == ONYM_OK) {
        status = sessions->add(sessions->of, &ask, &id);
    }
    onym_session_secret_wipe(&waiting->secret);
    if (status != ONYM_OK) {
        return onym_render_error(rq, status);
    }
    rq->reply->envelope.session_id = id;
    return onym_render_body(rq, ONYM_OK, 0, onym_span_of(body, len));
}
