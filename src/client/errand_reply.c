#include "client/errand_priv.h"

#include "wire/admin.h"
#include "wire/resolve.h"
#include "wire/session.h"

#define BODY_AT (ONYM_ENVELOPE_LEN + ONYM_HEADER_LEN)

static const char clocks[] = "the reply has expired: compare the clocks of this machine and the "
                             "server";

/* The digest in front of a reply (empty when there is none), and by which method. */
struct given_digest {
    uint8_t code;
    onym_span bytes;
};

void
onym_errand_refuse(struct onym_errand *x, const char *detail)
{
    if (onym_errand_is_change(x)) {
        onym_errand_fail(x, ONYM_OUTCOME_UNKNOWN, ONYM_UNCERTAIN, detail);
    } else {
        onym_errand_fail(x, ONYM_OUTCOME_FAILED, ONYM_MALFORMED, detail);
    }
}

/* A challenge that is not answered: nothing can have happened behind it. */
static void
leave_unanswered(struct onym_errand *x, const char *detail)
{
    onym_errand_fail(x, ONYM_OUTCOME_FAILED, ONYM_MALFORMED, detail);
}

/* Whether a digest is that of a message of ours, which ends with an empty credential
 * (proto/handle.md 7: header and body, without envelope and credential). */
static bool
is_digest_of(struct onym_errand *x, onym_span message, struct given_digest given)
{
    static const enum onym_digest method[] = {[ONYM_DIGEST_MD5] = ONYM_MD5,
                                              [ONYM_DIGEST_SHA1] = ONYM_SHA1,
                                              [ONYM_DIGEST_SHA256] = ONYM_SHA256};
    onym_span covered = onym_span_of(message.at + ONYM_ENVELOPE_LEN,
                                     message.len - ONYM_ENVELOPE_LEN - 4);
    uint8_t expected[ONYM_DIGEST_BYTES_MAX];
    size_t len;

    if (given.code < ONYM_DIGEST_MD5 || given.code > ONYM_DIGEST_SHA256) {
        return false;
    }
    len = onym_digest(x->digester, method[given.code], &covered, 1, expected);
    return onym_span_equal(given.bytes, onym_span_of(expected, len));
}

/* The reply to an answer carries the digest of the original request, but an error about the answer
 * itself may carry the answer's (proto/handle.md 11.1). */
static bool
digest_is_ours(struct onym_errand *x, struct given_digest given)
{
    return is_digest_of(x, onym_span_of(x->request, x->r.request_len), given) ||
           (x->r.answering && is_digest_of(x, onym_span_of(x->answer, x->r.answer_len), given));
}

/* ---- the challenge ---- */

static uint16_t
challenge_version(const struct onym_envelope *e)
{
    uint16_t suggested = e->suggested >> 8 != 0 ? e->suggested : e->version;

    return suggested < e->version ? suggested : e->version;
}

/* Copies what a challenge says. False when it does not decode, or proves nothing about what was
 * asked. */
static bool
read_challenge(struct onym_errand *x, const struct onym_message *m, struct given_digest given,
               onym_span body)
{
    struct onym_errand_challenge *c = &x->r.challenge;
    struct onym_challenge challenge;

    if (onym_challenge_decode(&body, m->envelope.version, &challenge) != ONYM_OK ||
        challenge.nonce.len < ONYM_ERRAND_NONCE_MIN ||
        challenge.nonce.len > ONYM_ERRAND_NONCE_MAX || m->envelope.session_id == 0) {
        leave_unanswered(x, "the server's challenge does not decode; it was not answered");
        return false;
    }
    if (m->envelope.version < ONYM_VERSION(2, 1)) {
        given = (struct given_digest){.code = ONYM_DIGEST_MD5, .bytes = challenge.digest};
    }
    if (!is_digest_of(x, onym_span_of(x->request, x->r.request_len), given)) {
        leave_unanswered(x, "the server's challenge is about another request than the one sent; "
                            "it was not answered");
        return false;
    }
    c->seen = true;
    c->id = m->envelope.session_id;
    c->version = challenge_version(&m->envelope);
    c->digest_code = given.code;
    c->digest_len = (uint8_t)given.bytes.len;
    c->nonce_len = (uint8_t)challenge.nonce.len;
    memcpy(c->digest, given.bytes.at, given.bytes.len);
    memcpy(c->nonce, challenge.nonce.at, challenge.nonce.len);
    return true;
}

/* Computes the answer and makes it what is sent next. */
static void
answer_challenge(struct onym_errand *x, struct onym_moment now)
{
    const struct onym_errand_challenge *c = &x->r.challenge;
    struct onym_challenged about = {.nonce = onym_span_of(c->nonce, c->nonce_len),
                                    .digest = onym_span_of(c->digest, c->digest_len),
                                    .version = c->version};
    struct onym_errand_frame frame;
    size_t len = 0;
    enum onym_status status = onym_proof_answer(x->proof, about, &x->rng, x->answer + BODY_AT,
                                                ONYM_PROOF_BODY_MAX, &len);

    if (status == ONYM_NO_MEMORY) {
        onym_errand_fail(x, ONYM_OUTCOME_FAILED, ONYM_NO_MEMORY, "out of memory");
        return;
    }
    if (status != ONYM_OK) {
        onym_errand_fail(x, ONYM_OUTCOME_FAILED, ONYM_CANNOT_AUTHENTICATE,
                         "this key cannot answer the server's challenge; it was not answered");
        return;
    }
    frame = (struct onym_errand_frame){.opcode = ONYM_OP_CHALLENGE_ANSWER,
                                       .flags = x->r.order.flags,
                                       .session_id = c->id,
                                       .body_len = len};
    x->r.answer_len = onym_errand_write(x, x->answer, &frame, now);
    x->r.answering = true;
    x->r.bytes = 0;
    x->r.packets = 0;
    x->r.state = ERRAND_READY;
}

/* ---- replies ---- */

static void
describe(const struct onym_errand *x, const struct onym_message *m, struct onym_client_result *r)
{
    *r = (struct onym_client_result){
        .outcome = ONYM_OUTCOME_DONE,
        .status = onym_status_from_wire(m->header.response_code),
        .code = m->header.response_code,
        .authoritative = (m->header.flags & ONYM_FLAG_AUTHORITATIVE) != 0,
        .is_signed = m->credential.len > 0,
        .reply_flags = m->header.flags,
        .version = m->envelope.version,
        .site_serial = m->header.site_serial,
        .expiration = m->header.expiration,
        .transport = ONYM_TRANSPORT_TCP,
        .server = x->r.server,
        .packets = x->r.packets,
        .bytes = x->r.bytes,
    };
    r->detail = onym_status_text(r->status);
}

/* Hands out the names of one part. */
static void
take_names(struct onym_errand *x, onym_span body, bool more, struct onym_client_result *r,
           struct onym_moment now)
{
    struct onym_text_list names;
    onym_span name;

    if (onym_admin_names_decode(&body, &names) != ONYM_OK) {
        onym_errand_refuse(x, "the reply does not decode");
        return;
    }
    while (onym_text_next(&names.raw, &name)) {
        x->r.listed++;
        if (x->r.order.each != NULL && !x->r.order.each(x->r.order.of, name)) {
            more = false;
            break;
        }
    }
    if (more) {
        x->r.end_ms = now.ms + x->options.timeout_ms;
    } else {
        onym_errand_end(x, r);
    }
}

/* Takes the values of one part of a resolution; several are put together. */
static void
take_values(struct onym_errand *x, onym_span body, bool more, struct onym_client_result *r)
{
    struct onym_resolve_reply reply;

    if (onym_resolve_reply_decode(body, &reply) != ONYM_OK) {
        onym_errand_refuse(x, "the reply does not decode");
        return;
    }
    r->name = reply.name;
    r->values = reply.values;
    if (more || x->r.parts_count > 0) {
        if (reply.values.raw.len > sizeof x->parts - x->r.parts_len ||
            reply.values.count > ONYM_VALUES_MAX - x->r.parts_count) {
            onym_errand_refuse(x, "the parts of the reply together are over a limit");
            return;
        }
        if (reply.values.raw.len > 0) {
            memcpy(x->parts + x->r.parts_len, reply.values.raw.at, reply.values.raw.len);
        }
        x->r.parts_len += reply.values.raw.len;
        x->r.parts_count += reply.values.count;
        r->values = (struct onym_value_list){.raw = onym_span_of(x->parts, x->r.parts_len),
                                             .count = x->r.parts_count};
    }
    if (!more) {
        onym_errand_end(x, r);
    }
}

static void
take_success(struct onym_errand *x, const struct onym_message *m, onym_span body,
             struct onym_moment now)
{
    bool more = (m->header.flags & ONYM_FLAG_CONTINUOUS) != 0;
    struct onym_client_result r;
    onym_span created;

    if (m->header.opcode != x->r.order.opcode &&
        !(x->r.answering && m->header.opcode == ONYM_OP_CHALLENGE_ANSWER)) {
        onym_errand_refuse(x, "the reply is to another kind of request");
        return;
    }
    describe(x, m, &r);
    switch (x->r.order.opcode) {
    case ONYM_OP_RESOLVE:
        take_values(x, body, more, &r);
        return;
    case ONYM_OP_LIST_HANDLES:
    case ONYM_OP_LIST_PREFIXES:
        take_names(x, body, more, &r, now);
        return;
    case ONYM_OP_CREATE:
        /* some servers leave even the name out (proto/handle.md 8) */
        if (onym_admin_name_decode(&body, &created) == ONYM_OK) {
            r.name = created;
        }
        break;
    default:
        break;
    }
    r.replaced = onym_errand_is_change(x) && (m->header.flags & ONYM_FLAG_OVERWRITE) != 0;
    onym_errand_end(x, &r);
}

static void
take_error(struct onym_errand *x, const struct onym_message *m, onym_span body)
{
    struct onym_client_result r;
    struct onym_referral_reply referral;

    describe(x, m, &r);
    if (r.status == ONYM_SERVICE_REFERRAL || r.status == ONYM_PREFIX_REFERRAL) {
        if (onym_referral_reply_decode(body, &referral) == ONYM_OK) {
            r.name = referral.name;
            r.values = referral.values;
        }
    } else if (r.status == ONYM_AUTH_NEEDED || onym_error_reply_decode(body, &r.text) != ONYM_OK) {
        r.text = onym_span_of(NULL, 0); /* a nonce, or not even the empty text */
    }
    /* the protocol has no code for an outcome that the server itself does not know: a node says
     * "busy" with this text */
    if (onym_errand_is_change(x) && r.status == ONYM_BUSY &&
        onym_span_equal(r.text, onym_span_text(onym_status_text(ONYM_UNCERTAIN)))) {
        r.outcome = ONYM_OUTCOME_UNKNOWN;
        r.status = ONYM_UNCERTAIN;
        r.detail = "the server does not know whether its disk has taken the change";
    }
    onym_errand_end(x, &r);
}

void
onym_errand_judge(struct onym_errand *x, struct onym_moment now)
{
    struct onym_message m;
    struct given_digest given = {.code = 0};
    onym_span body;
    enum onym_status status = onym_message_cut(&x->gather.envelope, onym_gather_message(&x->gather),
                                               &m);
    bool asked = false;

    if (status == ONYM_UNSUPPORTED) {
        onym_errand_refuse(x, "the reply is encrypted or compressed");
        return;
    }
    if (status != ONYM_OK ||
        onym_reply_digest_decode(&m, &given.code, &given.bytes, &body) != ONYM_OK) {
        onym_errand_refuse(x, "the reply does not decode");
        return;
    }
    asked = m.header.response_code == 402 && !x->r.answering;
    if (m.header.expiration < now.epoch_s) {
        if (asked) {
            leave_unanswered(x, clocks);
        } else {
            onym_errand_refuse(x, clocks);
        }
    } else if (asked) {
        if (!read_challenge(x, &m, given, body)) {
            return;
        }
        if (x->proof != NULL) {
            answer_challenge(x, now);
        } else {
            take_error(x, &m, body);
        }
    } else if (given.bytes.len > 0 && !digest_is_ours(x, given)) {
        onym_errand_refuse(x, "the reply does not prove that it belongs to this request");
    } else if (m.header.response_code == 1) {
        take_success(x, &m, body, now);
    } else {
        take_error(x, &m, body);
    }
}
