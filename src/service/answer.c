#include "service/answer.h"

#include "base/reader.h"
#include "base/writer.h"
#include "wire/resolve.h"

/* Flags of a request that a reply repeats. Not repeated: CT, because a reply that is not signed
 * must not claim to be certified; CN and OVERWRITE, which say something of the reply itself. */
#define FLAGS_COPIED                                                                               \
    (ONYM_FLAGS_KNOWN &                                                                            \
     ~(ONYM_FLAG_AUTHORITATIVE | ONYM_FLAG_CERTIFY | ONYM_FLAG_CONTINUOUS | ONYM_FLAG_OVERWRITE))
#define DIGEST_FIELD_MAX (1U + ONYM_DIGEST_LEN_MAX)
/* Header, digest, referral or name, count. */
#define FRONT_MAX (ONYM_HEADER_LEN + DIGEST_FIELD_MAX + 4U + ONYM_PREFIX_NAME_LEN_MAX + 4U)

static const uint8_t empty_credential[4];

/* One request while it is answered. */
struct request {
    struct onym_answerer *answerer;
    const struct onym_answer_call *call;
    struct onym_message message;
    struct onym_reply *reply;
};

static struct onym_envelope
reply_envelope(const struct onym_envelope *request)
{
    uint16_t version = onym_version_for_reply(request);

    return (struct onym_envelope){.version = version,
                                  .suggested = ONYM_VERSION_OWN,
                                  .session_id = request->session_id,
                                  .request_id = request->request_id};
}

/* Two codes have other numbers for old clients (proto/handle.md section 2). */
static uint32_t
code_for(enum onym_status status, uint16_t version)
{
    uint32_t code = onym_status_wire(status);

    if (version < ONYM_VERSION(2, 5)) {
        if (code == 7) {
            return 303;
        }
        if (code == 202) {
            return 201;
        }
    }
    return code;
}

/* The request digest in front of the body, when it was asked for (section 7). */
static void
write_digest(const struct request *rq, struct onym_writer *w)
{
    uint16_t version = rq->reply->envelope.version;
    bool modern = version >= ONYM_VERSION(2, 7);
    uint8_t digest[ONYM_DIGEST_BYTES_MAX];
    size_t len;

    if ((rq->message.header.flags & ONYM_FLAG_REQUEST_DIGEST) == 0 ||
        version < ONYM_VERSION(2, 1)) {
        return;
    }
    len = onym_digest(rq->answerer->digester, modern ? ONYM_SHA256 : ONYM_SHA1,
                      &rq->message.digested, 1, digest);
    onym_writer_u8(w, modern ? ONYM_DIGEST_SHA256 : ONYM_DIGEST_SHA1);
    onym_writer_bytes(w, onym_span_of(digest, len));
}

static void
begin(const struct request *rq, struct onym_writer *w)
{
    (void)onym_writer_take(w, ONYM_HEADER_LEN); /* filled by finish, when the length is known */
    write_digest(rq, w);
}

/* Writes the header into the front block, joins front, runs and credential, sums up. */
static enum onym_verdict
finish(const struct request *rq, enum onym_status status, struct onym_writer *front,
       const struct onym_selection *selection)
{
    const struct onym_header *asked = &rq->message.header;
    struct onym_reply *reply = rq->reply;
    size_t runs = selection != NULL ? selection->runs : 0;
    size_t body_len = front->len - ONYM_HEADER_LEN + (selection != NULL ? selection->len : 0);
    struct onym_header header = {
        .opcode = asked->opcode,
        .response_code = code_for(status, reply->envelope.version),
        .flags = ONYM_FLAG_AUTHORITATIVE | (asked->flags & FLAGS_COPIED),
        .site_serial = rq->answerer->site_serial,
        .recursion = asked->recursion,
        .expiration = rq->call->now_s + ONYM_REPLY_LIFETIME_S,
        .body_len = (uint32_t)body_len,
    };

    onym_header_encode(&header, front->at);
    onym_arena_trim(rq->call->arena, front->at + front->len);
    reply->status = status;
    reply->part[0] = onym_writer_written(front);
    for (size_t i = 0; i < runs; i++) {
        reply->part[i + 1] = selection->run[i];
    }
    reply->part[runs + 1] = onym_span_of(empty_credential, sizeof empty_credential);
    reply->parts = runs + 2;
    reply->envelope.message_len = (uint32_t)(ONYM_HEADER_LEN + body_len + sizeof empty_credential);
    return ONYM_VERDICT_REPLY;
}

static struct onym_writer
front_block(struct onym_arena *arena, size_t cap)
{
    return onym_writer_over(onym_arena_take(arena, cap), cap);
}

/* An error reply. Over UDP its text is left out when it would make the reply larger than the
 * request, and the whole reply when even that is not enough and nobody needs the answer. */
static enum onym_verdict
say_error(const struct request *rq, enum onym_status status)
{
    bool udp = rq->call->by == ONYM_BY_UDP;
    /* the reference server sends no text with these either */
    bool terse = status == ONYM_NOT_FOUND || status == ONYM_VALUE_NOT_FOUND;
    onym_span text = onym_span_text(terse ? "" : onym_status_text(status));
    size_t asked_len = rq->message.envelope.message_len;
    struct onym_writer w = front_block(rq->call->arena, FRONT_MAX);
    size_t bare;

    if (w.at == NULL) {
        return udp ? ONYM_VERDICT_SILENT : ONYM_VERDICT_CLOSE;
    }
    begin(rq, &w);
    bare = w.len + 4 + sizeof empty_credential;
    if (udp && bare + text.len > asked_len) {
        text.len = 0;
    }
    if (udp && bare > asked_len && !terse && status != ONYM_NOT_RESPONSIBLE) {
        return ONYM_VERDICT_SILENT;
    }
    onym_writer_counted(&w, text);
    return finish(rq, status, &w, NULL);
}

static enum onym_verdict
say_values(const struct request *rq, enum onym_status status, onym_span name,
           const struct onym_selection *selection)
{
    struct onym_writer w = front_block(rq->call->arena,
                                       ONYM_HEADER_LEN + DIGEST_FIELD_MAX + 4U + name.len + 4U);

    if (w.at == NULL) {
        return say_error(rq, ONYM_BUSY);
    }
    begin(rq, &w);
    onym_writer_counted(&w, name);
    onym_writer_u32(&w, selection->count);
    if (w.len + selection->len + sizeof empty_credential > rq->call->reply_len_max) {
        return say_error(rq, ONYM_BUSY);
    }
    return finish(rq, status, &w, selection);
}

static void
note_damage(struct onym_answerer *answerer, onym_span name)
{
    answerer->damaged_len = name.len < sizeof answerer->damaged ? name.len
                                                                : sizeof answerer->damaged;
    memcpy(answerer->damaged, name.at, answerer->damaged_len);
}

static enum onym_verdict
resolve(const struct request *rq)
{
    struct onym_resolution found;
    struct onym_query query;
    enum onym_status status = onym_query_decode(rq->message.body, &query);

    if (status != ONYM_OK) {
        return say_error(rq, status);
    }
    query.public_only = (rq->message.header.flags & ONYM_FLAG_PUBLIC_ONLY) != 0;
    query.no_referral = (rq->message.header.flags & ONYM_FLAG_NO_REFERRAL) != 0;
    status = onym_resolve(&rq->answerer->resolver, &query, rq->call->arena, &found);
    if (status == ONYM_OK) {
        return say_values(rq, status, query.name, &found.selection);
    }
    if (status == ONYM_SERVICE_REFERRAL || status == ONYM_PREFIX_REFERRAL) {
        return say_values(rq, status, found.referral, &found.selection);
    }
    if (status == ONYM_CORRUPT) {
        note_damage(rq->answerer, query.name);
    }
    return say_error(rq, status);
}

/* Opcode 2: the raw HS_SITE structure is the whole body. */
static enum onym_verdict
site_info(const struct request *rq)
{
    struct onym_selection site = {
        .count = 1, .len = rq->answerer->site.len, .runs = 1, .run = {rq->answerer->site}};
    struct onym_writer w = front_block(rq->call->arena, ONYM_HEADER_LEN + DIGEST_FIELD_MAX);

    if (rq->call->dialogue != NULL) {
        rq->call->dialogue->announced_session = rq->message.envelope.session_id;
    }
    if (w.at == NULL) {
        return say_error(rq, ONYM_BUSY);
    }
    begin(rq, &w);
    return finish(rq, ONYM_OK, &w, &site);
}

/* Operations this node does not take. The checks that come before "may you" are those of
 * proto/handle.md section 15, so that a client learns first whether it asks the right server. */
static enum onym_verdict
not_taken(const struct request *rq)
{
    uint32_t opcode = rq->message.header.opcode;

    if (opcode == ONYM_OP_CHALLENGE_ANSWER || opcode == ONYM_OP_SESSION_END) {
        return say_error(rq, ONYM_SESSION_UNKNOWN); /* none was ever opened */
    }
    if (opcode >= ONYM_OP_CREATE && opcode <= ONYM_OP_MODIFY_VALUES) {
        struct onym_reader r = onym_reader_over(rq->message.body);
        onym_span name = onym_reader_counted(&r, ONYM_NAME_LEN_MAX);

        if (r.status != ONYM_OK) {
            return say_error(rq, r.status);
        }
        if (!onym_responsible(&rq->answerer->resolver, name)) {
            return say_error(rq, ONYM_NOT_RESPONSIBLE);
        }
        if (opcode == ONYM_OP_MODIFY_VALUES && !onym_registered(&rq->answerer->resolver, name)) {
            return say_error(rq, ONYM_NOT_FOUND);
        }
    }
    return say_error(rq, ONYM_UNSUPPORTED);
}

/* A session nobody opened here, unless the connection announced it itself (section 18.1). */
static bool
unknown_session(const struct request *rq)
{
    uint32_t id = rq->message.envelope.session_id;

    return id != 0 && rq->message.header.opcode != ONYM_OP_SITE_INFO &&
           (rq->call->dialogue == NULL || rq->call->dialogue->announced_session != id);
}

enum onym_verdict
onym_answer_error(struct onym_answerer *answerer, const struct onym_answer_call *call,
                  const struct onym_envelope *envelope, onym_span message, enum onym_status status,
                  struct onym_reply *reply)
{
    struct request rq = {.answerer = answerer, .call = call, .reply = reply};

    rq.message.envelope = *envelope;
    rq.message.envelope.message_len = (uint32_t)message.len;
    reply->envelope = reply_envelope(envelope);
    if (onym_header_decode(message, &rq.message.header) == ONYM_OK) {
        if (call->by == ONYM_BY_UDP && rq.message.header.response_code != 0) {
            return ONYM_VERDICT_SILENT; /* a reply: answering it could go on for ever */
        }
        rq.message.header.flags &= ~ONYM_FLAG_REQUEST_DIGEST; /* its extent is not certain */
    } else if (call->by == ONYM_BY_UDP) {
        return ONYM_VERDICT_SILENT;
    }
    return say_error(&rq, status);
}

enum onym_verdict
onym_answer(struct onym_answerer *answerer, const struct onym_answer_call *call,
            const struct onym_envelope *envelope, onym_span message, struct onym_reply *reply)
{
    struct request rq = {.answerer = answerer, .call = call, .reply = reply};
    enum onym_status status = onym_message_cut(envelope, message, &rq.message);

    if (status != ONYM_OK) {
        bool sealed = (envelope->flags & ONYM_ENVELOPE_ENCRYPTED) != 0;

        return onym_answer_error(answerer, call, envelope, message,
                                 sealed ? ONYM_SESSION_UNKNOWN : status, reply);
    }
    if (rq.message.header.response_code != 0) {
        return onym_answer_error(answerer, call, envelope, message, ONYM_MALFORMED, reply);
    }
    reply->envelope = reply_envelope(envelope);
    if (unknown_session(&rq)) {
        return say_error(&rq, ONYM_SESSION_UNKNOWN);
    }
    if (rq.message.header.opcode == ONYM_OP_RESOLVE) {
        return resolve(&rq);
    }
    if (rq.message.header.opcode == ONYM_OP_SITE_INFO) {
        return site_info(&rq);
    }
    return not_taken(&rq);
}
