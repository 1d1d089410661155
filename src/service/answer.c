#include "service/answer.h"

#include "base/reader.h"
#include "service/session_priv.h"

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

/* Inlined although it is called from two places: the one without session is what this node does all
 * day, and a call would cost it a fiftieth of its instructions. */
__attribute__((always_inline)) static inline enum onym_verdict
resolve(const struct onym_request *rq, const struct onym_ahead *ahead)
{
    struct onym_resolution found;
    struct onym_query query;
    enum onym_status status = onym_query_decode(rq->message.body, &query);

    if (status != ONYM_OK) {
        return onym_render_error(rq, status);
    }
    /* who is not asked for proof gets the public values, as if nothing else had been wanted */
    query.public_only = (rq->message.header.flags & ONYM_FLAG_PUBLIC_ONLY) != 0 || !may_ask(rq);
    query.no_referral = (rq->message.header.flags & ONYM_FLAG_NO_REFERRAL) != 0;
    status = onym_resolve_known(&rq->answerer->resolver, &query, ahead, rq->call->arena, &found);
    if (status == ONYM_OK && found.closed.count > 0) {
        return onym_admin_request(rq->call->admin, rq);
    }
    if (status == ONYM_OK) {
        return onym_render_values(rq, status, query.name, &found.selection, NULL);
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
    if (rq->call->dialogue != NULL && !rq->in_session) {
        rq->call->dialogue->announced_session = rq->message.envelope.session_id;
    }
    return onym_render_span(rq, rq->answerer->site);
}

static bool
is_administration(uint32_t opcode)
{
    return (opcode >= ONYM_OP_CREATE && opcode <= ONYM_OP_LIST_HANDLES) ||
           (opcode >= ONYM_OP_HOME_PREFIX && opcode <= ONYM_OP_LIST_PREFIXES);
}

/* Administration where it is not offered: H-5.1. The checks that come before "may you" are those of
 * section 15, so that a client learns first whether it asks the right server. */
static enum onym_verdict
not_here(const struct onym_request *rq)
{
    uint32_t opcode = rq->message.header.opcode;

    if (opcode == ONYM_OP_CHALLENGE_ANSWER) {
        return onym_render_error(rq, ONYM_SESSION_UNKNOWN); /* nobody was challenged here */
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
    return is_administration(opcode)
               ? onym_render_error_text(rq, ONYM_MALFORMED, "no administration here")
               : onym_render_error(rq, ONYM_UNSUPPORTED);
}

/* Every opcode but resolution. */
static enum onym_verdict
answer_other(const struct onym_request *rq)
{
    switch (rq->message.header.opcode) {
    case ONYM_OP_SITE_INFO:
        return site_info(rq);
    case ONYM_OP_SESSION_END:
        return rq->in_session ? onym_render_body(rq, ONYM_OK, 0, onym_span_of(NULL, 0))
                              : onym_render_error(rq, ONYM_SESSION_UNKNOWN);
    default:
        return rq->call->admin != NULL ? onym_admin_request(rq->call->admin, rq) : not_here(rq);
    }
}

/* A request under a session id, or with CT. Kept out of onym_answer: the copy of a session is of
 * no use to the others, and takes two kilobytes of stack. */
__attribute__((noinline)) static enum onym_verdict
answer_sealed(struct onym_request *rq)
{
    struct onym_session_use use;
    enum onym_status status = onym_session_enter(rq, &use);
    enum onym_verdict verdict;

    if (status != ONYM_OK) {
        return onym_render_error(rq, status); /* not sealed: there is no session to do it with */
    }
    verdict = rq->message.header.opcode == ONYM_OP_RESOLVE ? resolve(rq, NULL) : answer_other(rq);
    verdict = onym_session_leave(rq, verdict, NULL);
    if (rq->in_session) {
        onym_session_secret_wipe(&use.secret);
        if (rq->message.header.opcode == ONYM_OP_SESSION_END) { /* its last reply is made */
            rq->call->sessions->end(rq->call->sessions->of, rq->message.envelope.session_id);
        }
    }
    return verdict;
}

static enum onym_verdict
answer_encrypted(struct onym_request *rq, const struct onym_envelope *envelope, onym_span message)
{
    enum onym_status status = onym_session_unseal(rq, envelope, message);

    if (status != ONYM_OK) { /* of the header nothing is known */
        rq->message = (struct onym_message){.envelope = *envelope};
        rq->message.envelope.message_len = (uint32_t)message.len;
        onym_render_begin(rq);
        return onym_render_error(rq, status);
    }
    onym_render_begin(rq);
    return answer_sealed(rq);
}

bool
onym_answer_ahead(const struct onym_answerer *answerer, onym_span message, struct onym_ahead *out)
{
    struct onym_reader r = onym_reader_over(message);
    uint32_t opcode = onym_reader_u32(&r);
    onym_span name;

    (void)onym_reader_bytes(&r, ONYM_HEADER_LEN - 4);
    name = onym_reader_counted(&r, ONYM_NAME_LEN_MAX);
    if (r.status != ONYM_OK || opcode != ONYM_OP_RESOLVE) {
        name.len = 0;
    }
    return onym_resolve_ahead(&answerer->resolver, name, out);
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
        return (envelope->flags & ONYM_ENVELOPE_ENCRYPTED) != 0
                   ? answer_encrypted(&rq, envelope, message)
                   : onym_answer_error(answerer, call, envelope, message, status, reply);
    }
    if (rq.message.header.response_code != 0) {
        return onym_answer_error(answerer, call, envelope, message, ONYM_MALFORMED, reply);
    }
    onym_render_begin(&rq);
    if (rq.message.envelope.session_id != 0 || (rq.message.header.flags & ONYM_FLAG_CERTIFY) != 0) {
        return answer_sealed(&rq);
    }
    return rq.message.header.opcode == ONYM_OP_RESOLVE ? resolve(&rq, call->ahead)
                                                       : answer_other(&rq);
}
