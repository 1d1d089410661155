#include "base/writer.h"
#include "service/render_priv.h"

/* Flags of a request that a reply repeats. Not repeated: CT, which is set where the reply is signed
 * (session_seal.c), because one that is not must not claim to be certified; CN and OVERWRITE, which
 * say something of the reply itself. */
#define FLAGS_COPIED                                                                               \
    (ONYM_FLAGS_KNOWN &                                                                            \
     ~(ONYM_FLAG_AUTHORITATIVE | ONYM_FLAG_CERTIFY | ONYM_FLAG_CONTINUOUS | ONYM_FLAG_OVERWRITE))
#define DIGEST_FIELD_MAX (1U + ONYM_DIGEST_LEN_MAX)
/* Header, digest, referral or name, count. */
#define FRONT_MAX (ONYM_HEADER_LEN + DIGEST_FIELD_MAX + 4U + ONYM_PREFIX_NAME_LEN_MAX + 4U)

static const uint8_t empty_credential[4];

void
onym_render_begin(const struct onym_request *rq)
{
    const struct onym_envelope *asked = &rq->message.envelope;

    rq->reply->envelope = (struct onym_envelope){.version = onym_version_for_reply(asked),
                                                 .suggested = ONYM_VERSION_OWN,
                                                 .session_id = asked->session_id,
                                                 .request_id = asked->request_id};
    rq->reply->closed = false;
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

uint8_t
onym_render_digest(const struct onym_request *rq, uint8_t out[ONYM_DIGEST_BYTES_MAX])
{
    static const struct {
        enum onym_digest algorithm;
        uint8_t code;
    } kinds[] = {{ONYM_MD5, ONYM_DIGEST_MD5},
                 {ONYM_SHA1, ONYM_DIGEST_SHA1},
                 {ONYM_SHA256, ONYM_DIGEST_SHA256}};
    uint16_t version = rq->reply->envelope.version;
    unsigned kind = version < ONYM_VERSION(2, 1) ? 0 : version < ONYM_VERSION(2, 7) ? 1 : 2;

    (void)onym_digest(rq->answerer->digester, kinds[kind].algorithm, &rq->message.digested, 1, out);
    return kinds[kind].code;
}

static struct onym_writer
front_block(const struct onym_request *rq, size_t cap, uint32_t flags)
{
    struct onym_writer w = onym_writer_over(onym_arena_take(rq->call->arena, cap), cap);
    uint8_t digest[ONYM_DIGEST_BYTES_MAX];

    if (w.at == NULL) {
        return w;
    }
    (void)onym_writer_take(&w, ONYM_HEADER_LEN); /* filled by finish, when the length is known */
    if (((rq->message.header.flags | flags) & ONYM_FLAG_REQUEST_DIGEST) != 0 &&
        rq->reply->envelope.version >= ONYM_VERSION(2, 1)) {
        uint8_t code = onym_render_digest(rq, digest);

        onym_writer_u8(&w, code);
        onym_writer_bytes(&w, onym_span_of(digest, onym_digest_code_len(code)));
    }
    return w;
}

static size_t
add_runs(struct onym_reply *reply, const struct onym_selection *selection)
{
    size_t len = 0;

    for (size_t i = 0; selection != NULL && i < selection->runs; i++) {
        reply->part[reply->parts++] = selection->run[i];
        len += selection->run[i].len;
    }
    return len;
}

/* Writes the header into the front block, joins front, runs and credential, sums up. */
static enum onym_verdict
finish(const struct onym_request *rq, enum onym_status status, uint32_t flags,
       struct onym_writer *front, const struct onym_selection *open,
       const struct onym_selection *closed)
{
    const struct onym_header *asked = &rq->message.header;
    struct onym_reply *reply = rq->reply;
    struct onym_header header = {
        .opcode = asked->opcode,
        .response_code = code_for(status, reply->envelope.version),
        .flags = ONYM_FLAG_AUTHORITATIVE | (asked->flags & FLAGS_COPIED) | flags,
        .site_serial = rq->answerer->site_serial,
        .recursion = asked->recursion,
        .expiration = rq->call->now_s + ONYM_REPLY_LIFETIME_S,
    };
    size_t body_len = front->len - ONYM_HEADER_LEN;

    onym_arena_trim(rq->call->arena, front->at + front->len);
    reply->status = status;
    reply->part[0] = onym_writer_written(front);
    reply->parts = 1;
    body_len += add_runs(reply, open);
    body_len += add_runs(reply, closed);
    reply->part[reply->parts++] = onym_span_of(empty_credential, sizeof empty_credential);
    header.body_len = (uint32_t)body_len;
    onym_header_encode(&header, front->at);
    reply->envelope.message_len = (uint32_t)(ONYM_HEADER_LEN + body_len + sizeof empty_credential);
    return ONYM_VERDICT_REPLY;
}

enum onym_verdict
onym_render_error_text(const struct onym_request *rq, enum onym_status status, const char *why)
{
    bool udp = rq->call->by == ONYM_BY_UDP;
    /* the reference server sends no text with these either */
    bool terse = status == ONYM_NOT_FOUND || status == ONYM_VALUE_NOT_FOUND;
    onym_span text = onym_span_text(why != NULL ? why : terse ? "" : onym_status_text(status));
    size_t asked_len = rq->message.envelope.message_len;
    struct onym_writer w = front_block(rq, FRONT_MAX, 0);
    size_t bare;

    if (w.at == NULL) {
        return udp ? ONYM_VERDICT_SILENT : ONYM_VERDICT_CLOSE;
    }
    bare = w.len + 4 + sizeof empty_credential;
    if (udp && bare + text.len > asked_len) {
        text.len = 0;
    }
    if (udp && bare > asked_len && !terse && status != ONYM_NOT_RESPONSIBLE) {
        return ONYM_VERDICT_SILENT;
    }
    onym_writer_counted(&w, text);
    return finish(rq, status, 0, &w, NULL, NULL);
}

enum onym_verdict
onym_render_error(const struct onym_request *rq, enum onym_status status)
{
    return onym_render_error_text(rq, status, NULL);
}

enum onym_verdict
onym_render_values(const struct onym_request *rq, enum onym_status status, onym_span name,
                   const struct onym_selection *open, const struct onym_selection *closed)
{
    struct onym_writer w = front_block(rq, ONYM_HEADER_LEN + DIGEST_FIELD_MAX + 4U + name.len + 4U,
                                       0);
    size_t len = open->len + (closed != NULL ? closed->len : 0);

    if (w.at == NULL) {
        return onym_render_error(rq, ONYM_BUSY);
    }
    onym_writer_counted(&w, name);
    onym_writer_u32(&w, open->count + (closed != NULL ? closed->count : 0));
    if (w.len + len + sizeof empty_credential > rq->call->reply_len_max) {
        return onym_render_error(rq, ONYM_BUSY);
    }
    rq->reply->closed = closed != NULL && closed->count > 0;
    return finish(rq, status, 0, &w, open, closed);
}

enum onym_verdict
onym_render_body(const struct onym_request *rq, enum onym_status status, uint32_t flags,
                 onym_span body)
{
    struct onym_writer w = front_block(rq, ONYM_HEADER_LEN + DIGEST_FIELD_MAX + body.len, flags);

    if (w.at == NULL) {
        return onym_render_error(rq, ONYM_BUSY);
    }
    onym_writer_bytes(&w, body);
    return finish(rq, status, flags, &w, NULL, NULL);
}

enum onym_verdict
onym_render_span(const struct onym_request *rq, onym_span body)
{
    struct onym_selection one = {.count = 1, .len = body.len, .runs = 1, .run = {body}};
    struct onym_writer w = front_block(rq, ONYM_HEADER_LEN + DIGEST_FIELD_MAX, 0);

    if (w.at == NULL) {
        return onym_render_error(rq, ONYM_BUSY);
    }
    return finish(rq, ONYM_OK, 0, &w, &one, NULL);
}
