#include "service/answer.h"

#include "base/reader.h"
#include "service/admin.h"
#include "service/render_priv.h"

static void
note_damage(struct onym_answerer *answerer, onym_span name)
{
    answerer->damaged_len = name.len < sizeof answerer->damaged ? name.len
                                                                : sizeof answerer->damaged;
    memcpy(answerer->damaged, name.at, answerer->damaged_len);
}

/* Whether the sender may be asked to prove who it is before it gets private values: not where
 * administration is not offered, and not the client of 2.3 without flags that answers challenges
 * for its login only (section 18.2); these are left the public values. */
static bool
may_ask(const struct onym_request *rq)
{
    bool plain = rq->message.envelope.version == ONYM_VERSION(2, 3) &&
                 rq->message.header.flags == 0;

    return rq->call->admin != NULL && !(plain && rq->call->dialogue->proven == NULL);
}

static enum onym_verdict
resolve(const struct onym_request *rq)
{
    struct onym_resolution found;
    struct onym_query query;
    enum onym_status status = onym_query_decode(rq->message.body, &query);

    if (status != ONYM_OK) {
        return onym_render_error(rq, status);
    }
    query.public_only = (rq->message.header.flags & ONYM_FLAG_PUBLIC_ONLY) != 0;
    query.no_referral = (rq->message.header.flags & ONYM_FLAG_NO_REFERRAL) != 0;
    status = onym_resolve(&rq->answerer->resolver, &query, rq->call->arena, &found);
    if (status == ONYM_OK && found.closed.count > 0 && may_ask(rq)) {
        return onym_admin_request(rq->call->admin, rq->call, &rq->message, rq->reply);
    }
    if (status == ONYM_OK) {
        return found.selection.count > 0
                   ? onym_render_values(rq, status, query.name, &found.selection, NULL)
                   : onym_render_error(rq, ONYM_VALUE_NOT_FOUND);
    }
    if (status == ONYM_SERVICE_REFERRAL || status == ONYM_PREFIX_REFERRAL) {
        return onym_render_values(rq, status, found.referral, &found.selection, NULL);
    }
    if (status == ONYM_CORRUPT) {
        note_damage(rq->answerer, query.name);
    }
    return onym_render_error(rq, status);
}

/* Opcode 2: the raw HS_SITE structure is the whole body. */
static enum onym_verdict
site_info(const struct onym_request *rq)
{
    if (rq->call->dialogue != NULL) {
        rq->call->dialogue->announced_session = rq->message.envelope.session_id;
    }
    return onym_render_span(rq, rq->answerer->site);
}

/* Administration where it is not offered. The checks that come before "may you" are those of
 * section 15, so that a client learns first whether it asks the right server. */
static enum onym_verdict
not_here(const struct onym_request *rq)
{
    uint32_t opcode = rq->message.header.opcode;

    if (opcode == ONYM_OP_CHALLENGE_ANSWER || opcode == ONYM_OP_SESSION_END) {
        return onym_render_error(rq, ONYM_SESSION_UNKNOWN); /* none was ever opened */
    }
    if (opcode >= ONYM_OP_CREATE && opcode <= ONYM_OP_MODIFY_VALUES) {
        struct onym_reader r = onym_reader_over(rq->message.body);
        onym_span name = onym_reader_counted(&r, ONYM_NAME_LEN_MAX);

        if (r.status != ONYM_OK) {
            return onym_render_error(rq, r.status);
        }
        if (!onym_responsible(&rq->answerer->resolver, name)) {
            return onym_render_error(rq, ONYM_NOT_RESPONSIBLE);
        }
        if (opcode == ONYM_OP_MODIFY_VALUES && !onym_registered(&rq->answerer->resolver, name)) {
            return onym_render_error(rq, ONYM_NOT_FOUND);
        }
    }
    return onym_render_error(rq, ONYM_UNSUPPORTED);
}

/* A session nobody opened here, unless the connection announced it itself (section 18.1). */
static bool
unknown_session(const struct onym_request *rq)
{
    uint32_t id = rq->message.envelope.session_id;

    return id != 0 && rq->message.header.opcode != ONYM_OP_SITE_INFO &&
           rq->message.header.opcode != ONYM_OP_CHALLENGE_ANSWER &&
           (rq->call->dialogue == NULL || rq->call->dialogue->announced_session != id);
}

enum onym_verdict
onym_answer_error(struct onym_answerer *answerer, const struct onym_answer_call *call,
                  const struct onym_envelope *envelope, onym_span message, enum onym_status status,
                  struct onym_reply *reply)
{
    struct onym_request rq = {.answerer = answerer, .call = call, .reply = reply};

    rq.message.envelope = *envelope;
    rq.message.envelope.message_len = (uint32_t)message.len;
    onym_render_begin(&rq);
    if (onym_header_decode(message, &rq.message.header) == ONYM_OK) {
        if (call->by == ONYM_BY_UDP && rq.message.header.response_code != 0) {
            return ONYM_VERDICT_SILENT; /* a reply: answering it could go on for ever */
        }
        rq.message.header.flags &= ~ONYM_FLAG_REQUEST_DIGEST; /* its extent is not certain */
    } else if (call->by == ONYM_BY_UDP) {
        return ONYM_VERDICT_SILENT;
    }
    return onym_render_error(&rq, status);
}

enum onym_verdict
onym_answer(struct onym_answerer *answerer, const struct onym_answer_call *call,
            const struct onym_envelope *envelope, onym_span message, struct onym_reply *reply)
{
    struct onym_request rq = {.answerer = answerer, .call = call, .reply = reply};
    enum onym_status status = onym_message_cut(envelope, message, &rq.message);

    if (status != ONYM_OK) {
        bool sealed = (envelope->flags & ONYM_ENVELOPE_ENCRYPTED) != 0;

        return onym_answer_error(answerer, call, envelope, message,
                                 sealed ? ONYM_SESSION_UNKNOWN : status, reply);
    }
    if (rq.message.header.response_code != 0) {
        return onym_answer_error(answerer, call, envelope, message, ONYM_MALFORMED, reply);
    }
    onym_render_begin(&rq);
    if (unknown_session(&rq)) {
        return onym_render_error(&rq, ONYM_SESSION_UNKNOWN);
    }
    if (rq.message.header.opcode == ONYM_OP_RESOLVE) {
        return resolve(&rq);
    }
    if (rq.message.header.opcode == ONYM_OP_SITE_INFO) {
        return site_info(&rq);
    }
    return call->admin != NULL ? onym_admin_request(call->admin, call, &rq.message, reply)
                               : not_here(&rq);
}
