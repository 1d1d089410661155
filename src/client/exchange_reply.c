#include "client/exchange_priv.h"

#include "wire/resolve.h"

void
onym_exchange_refuse(struct onym_exchange *x, const char *detail)
{
    onym_exchange_remember(x, RANK_REPLY, ONYM_OUTCOME_FAILED, ONYM_MALFORMED, detail);
    onym_exchange_next_leg(x);
}

/* Whether the digest in front of a reply is that of our request (proto/handle.md 7). */
static bool
digest_is_ours(struct onym_exchange *x, uint8_t code, onym_span digest)
{
    static const enum onym_digest method[] = {[ONYM_DIGEST_MD5] = ONYM_MD5,
                                              [ONYM_DIGEST_SHA1] = ONYM_SHA1,
                                              [ONYM_DIGEST_SHA256] = ONYM_SHA256};
    /* header and body, without envelope and the four bytes of the empty credential */
    onym_span covered = onym_span_of(x->request + ONYM_ENVELOPE_LEN,
                                     x->q.request_len - ONYM_ENVELOPE_LEN - 4);
    uint8_t expected[ONYM_DIGEST_BYTES_MAX];
    size_t len;

    if (code < ONYM_DIGEST_MD5 || code > ONYM_DIGEST_SHA256) {
        return false;
    }
    len = onym_digest(x->digester, method[code], &covered, 1, expected);
    return onym_span_equal(digest, onym_span_of(expected, len));
}

static void
describe(const struct onym_exchange *x, const struct onym_message *m, struct onym_client_result *r)
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
        .transport = onym_exchange_transport(x),
        .server = onym_exchange_server(x),
        .packets = x->q.packets,
        .bytes = x->q.bytes,
    };
    r->detail = onym_status_text(r->status);
}

/* Appends the values of one part. False when the parts together pass a limit. */
static bool
collect(struct onym_exchange *x, struct onym_value_list values)
{
    if (values.raw.len > sizeof x->parts - x->q.parts_len ||
        values.count > ONYM_VALUES_MAX - x->q.parts_count) {
        return false;
    }
    if (values.raw.len > 0) {
        memcpy(x->parts + x->q.parts_len, values.raw.at, values.raw.len);
    }
    x->q.parts_len += values.raw.len;
    x->q.parts_count += values.count;
    return true;
}

/* A success reply, or one part of it. */
static void
take_values(struct onym_exchange *x, const struct onym_message *m, onym_span body)
{
    struct onym_client_result r;
    struct onym_resolve_reply reply;
    bool more = (m->header.flags & ONYM_FLAG_CONTINUOUS) != 0;

    if (m->header.opcode != ONYM_OP_RESOLVE || onym_resolve_reply_decode(body, &reply) != ONYM_OK) {
        onym_exchange_refuse(x, "the reply does not decode");
        return;
    }
    if (more && !onym_exchange_over_tcp(x)) {
        onym_exchange_refuse(x, "a reply in parts came over UDP, where parts cannot be told apart");
        return;
    }
    describe(x, m, &r);
    r.name = reply.name;
    r.values = reply.values;
    if (more || x->q.parts_count > 0) {
        if (!collect(x, reply.values)) {
            onym_exchange_refuse(x, "the parts of the reply together are over a limit");
            return;
        }
        r.values = (struct onym_value_list){.raw = onym_span_of(x->parts, x->q.parts_len),
                                            .count = x->q.parts_count};
    }
    if (!more) {
        onym_exchange_end(x, &r);
    }
}

static void
take_referral(struct onym_exchange *x, const struct onym_message *m, onym_span body)
{
    struct onym_client_result r;
    struct onym_referral_reply reply;

    if (onym_referral_reply_decode(body, &reply) != ONYM_OK) {
        onym_exchange_refuse(x, "the referral does not decode");
        return;
    }
    describe(x, m, &r);
    r.name = reply.name;
    r.values = reply.values;
    onym_exchange_end(x, &r);
}

static void
take_error(struct onym_exchange *x, const struct onym_message *m, onym_span body)
{
    struct onym_client_result r;

    describe(x, m, &r);
    /* "busy" is worth another way: over UDP it also stands for an answer too large */
    if (r.status == ONYM_BUSY && onym_exchange_has_next_leg(x)) {
        x->q.rank = RANK_REPLY;
        x->q.fallback = r;
        onym_exchange_next_leg(x);
        return;
    }
    /* the body of a challenge is a nonce; some servers leave even the empty text out */
    if (r.status == ONYM_AUTH_NEEDED || onym_error_reply_decode(body, &r.text) != ONYM_OK) {
        r.text = onym_span_of(NULL, 0);
    }
    onym_exchange_end(x, &r);
}

/* Judges the whole message that gather holds. */
void
onym_exchange_judge(struct onym_exchange *x, struct onym_moment now)
{
    struct onym_message m;
    uint8_t code = 0;
    onym_span digest;
    onym_span body;
    enum onym_status status = onym_message_cut(&x->gather.envelope, onym_gather_message(&x->gather),
                                               &m);

    if (status == ONYM_UNSUPPORTED) {
        onym_exchange_refuse(x, "the reply is encrypted or compressed");
    } else if (status != ONYM_OK ||
               onym_reply_digest_decode(&m, &code, &digest, &body) != ONYM_OK) {
        onym_exchange_refuse(x, "the reply does not decode");
    } else if (m.header.expiration < now.epoch_s) {
        onym_exchange_refuse(
            x, "the reply has expired: compare the clocks of this machine and the server");
    } else if (x->q.wants_digest && !digest_is_ours(x, code, digest)) {
        onym_exchange_refuse(x, "the reply does not prove that it belongs to this request");
    } else if (m.header.response_code == 1) {
        take_values(x, &m, body);
    } else if (m.header.response_code == 302 || m.header.response_code == 303) {
        take_referral(x, &m, body);
    } else {
        take_error(x, &m, body);
    }
}
