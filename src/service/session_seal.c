/* The way out: MAC and encryption inside a session, the node's signature outside. A reply is
 * gathered into one block first, because all of them cover the whole message. */
#include "auth/seal.h"
#include "base/bytes.h"
#include "base/writer.h"
#include "service/session_priv.h"
#include "wire/credential.h"

#include <stdlib.h>

/* The credential field around a signature of ONYM_SIGNATURE_LEN_MAX bytes. */
#define CREDENTIAL_MAX (64U + ONYM_SIGNATURE_LEN_MAX)
/* The same around a MAC, and what encryption adds. */
#define MAC_ROOM    96U
#define CIPHER_ROOM 32U
#define EMPTY_LEN   4U

/* Header and body, as they stand, and the flags that go with the seal. */
static struct onym_writer
gather(const struct onym_request *rq, uint8_t *at, size_t cap)
{
    const struct onym_reply *reply = rq->reply;
    struct onym_writer w = onym_writer_over(at, cap);

    for (size_t i = 0; i + 1 < reply->parts; i++) { /* the last one is the empty credential */
        onym_writer_bytes(&w, reply->part[i]);
    }
    if (w.status == ONYM_OK) {
        onym_put_u32(at + 8, onym_get_u32(at + 8) | (rq->message.header.flags & ONYM_FLAG_CERTIFY));
    }
    return w;
}

static void
put_credential(struct onym_writer *w, const struct onym_seal *seal, uint32_t counter)
{
    struct onym_credential credential = {
        .counter = counter,
        .type = onym_span_text(seal->type),
        .hash_name = seal->hash_name,
        .signature = onym_span_of(seal->signature, seal->signature_len)};
    uint8_t field[CREDENTIAL_MAX];
    size_t len = 0;

    if (onym_credential_encode(&credential, field, sizeof field, &len) != ONYM_OK) {
        w->status = ONYM_NO_SPACE;
        return;
    }
    onym_writer_counted(w, onym_span_of(field, len));
}

static void
one_part(struct onym_reply *reply, onym_span message)
{
    reply->part[0] = message;
    reply->parts = 1;
    reply->envelope.message_len = (uint32_t)message.len;
}

/* ---- inside a session ---- */

static enum onym_status
put_mac(const struct onym_request *rq, const struct onym_session_secret *secret, uint32_t counter,
        struct onym_writer *w)
{
    const struct onym_envelope *e = &rq->reply->envelope;
    struct onym_sealed sealed = {.version = e->version,
                                 .suggested = e->suggested,
                                 .session_id = e->session_id,
                                 .request_id = e->request_id,
                                 .counter = counter,
                                 .covered = onym_writer_written(w)};
    struct onym_seal seal;
    enum onym_status status = onym_seal_mac(onym_span_of(secret->bytes, sizeof secret->bytes),
                                            &sealed, &seal);

    if (status == ONYM_UNSUPPORTED) { /* asked for an answer in 2.5 or 2.6: H-12.3 */
        onym_writer_u32(w, 0);
        return w->status;
    }
    if (status == ONYM_OK) {
        put_credential(w, &seal, counter);
        status = w->status;
    }
    return status;
}

/* H-13.6 */
static bool
must_encrypt(const struct onym_request *rq)
{
    return (rq->message.header.flags & ONYM_FLAG_ENCRYPT) != 0 ||
           (rq->reply->closed && rq->reply->envelope.version >= ONYM_VERSION(2, 8));
}

/* Puts the whole message into the arena. The plain text of an encrypted one stays on the heap: two
 * copies of the largest message would not fit. */
static enum onym_status
seal_with(const struct onym_request *rq, const struct onym_session_secret *secret, uint32_t counter)
{
    size_t plain_cap = rq->reply->envelope.message_len + MAC_ROOM;
    bool encrypt = must_encrypt(rq);
    uint8_t *plain = encrypt ? malloc(plain_cap) : onym_arena_take(rq->call->arena, plain_cap);
    struct onym_writer w;
    uint8_t *out;
    enum onym_status status = plain != NULL ? ONYM_OK : ONYM_BUSY;

    if (status == ONYM_OK) {
        w = gather(rq, plain, plain_cap);
        status = w.status == ONYM_OK ? put_mac(rq, secret, counter, &w) : w.status;
    }
    if (status == ONYM_OK && !encrypt) {
        one_part(rq->reply, onym_writer_written(&w));
    }
    if (status == ONYM_OK && encrypt) {
        struct onym_rng rng = onym_rng_system();
        size_t cap = ONYM_SESSION_CIPHER_LEN(w.len);

        out = onym_arena_take(rq->call->arena, cap);
        status = out == NULL ? ONYM_BUSY
                             : onym_session_encrypt(secret, rq->reply->envelope.version, &rng,
                                                    onym_writer_written(&w), out, cap);
        if (status == ONYM_OK) {
            one_part(rq->reply, onym_span_of(out, cap));
            rq->reply->envelope.flags |= ONYM_ENVELOPE_ENCRYPTED;
        }
    }
    if (encrypt) {
        free(plain);
    }
    return status;
}

/* What may only be said to who still has the session. */
static bool
needs_session(const struct onym_request *rq)
{
    return must_encrypt(rq) || rq->message.header.opcode == ONYM_OP_LIST_HANDLES ||
           rq->message.header.opcode == ONYM_OP_LIST_PREFIXES;
}

static enum onym_verdict
seal_in_session(const struct onym_request *rq)
{
    const struct onym_session_access *sessions = rq->call->sessions;
    struct onym_session_secret secret;
    uint32_t counter = 0;
    enum onym_status status = sessions->reply(sessions->of, rq->message.envelope.session_id,
                                              &secret, &counter);

    if (status != ONYM_OK) {
        /* it ended while the request waited: what was done is still said; private values, and the
         * rest of a list, are not */
        return needs_session(rq) ? onym_render_error(rq, status) : ONYM_VERDICT_REPLY;
    }
    if (rq->reply->envelope.message_len + MAC_ROOM + CIPHER_ROOM > rq->call->reply_len_max &&
        onym_render_error(rq, ONYM_BUSY) != ONYM_VERDICT_REPLY) {
        onym_session_secret_wipe(&secret);
        return ONYM_VERDICT_SILENT;
    }
    status = seal_with(rq, &secret, counter);
    onym_session_secret_wipe(&secret);
    return status == ONYM_OK ? ONYM_VERDICT_REPLY : onym_render_error(rq, status);
}

/* ---- outside ---- */

static bool
can_sign(const struct onym_request *rq)
{
    uint16_t version = rq->reply->envelope.version;

    return (rq->message.header.flags & ONYM_FLAG_CERTIFY) != 0 && rq->call->admin != NULL &&
           rq->call->admin->site_key != NULL &&
           (version < ONYM_VERSION(2, 5) || version >= ONYM_VERSION(2, 7)) &&
           rq->reply->envelope.message_len + CREDENTIAL_MAX <= rq->call->reply_len_max;
}

/* Hands the reply to another thread, or sends it unsigned where that cannot be: what it says may
 * have happened already and must not be lost behind an error. */
static enum onym_verdict
start_signature(const struct onym_request *rq, struct onym_admin_call *waiting)
{
    struct onym_admin *admin = rq->call->admin;
    size_t cap = rq->reply->envelope.message_len + CREDENTIAL_MAX;
    struct onym_admin_call *call = waiting != NULL ? waiting : onym_admin_call_new(admin, rq, 0);
    struct onym_writer w;

    if (call == NULL) {
        return ONYM_VERDICT_REPLY;
    }
    onym_admin_call_drop_extra(call);
    call->extra = malloc(cap);
    if (call->extra != NULL) {
        w = gather(rq, call->extra, cap);
        call->job = ONYM_JOB_SIGN;
        call->extra_len = w.len;
        call->extra_cap = cap;
        call->reply = rq->reply->envelope;
        call->status = rq->reply->status;
        if (w.status == ONYM_OK && admin->backend.prove(admin->backend.of, call) == ONYM_OK) {
            return ONYM_VERDICT_PENDING;
        }
    }
    if (waiting == NULL) {
        onym_admin_call_free(call);
    }
    return ONYM_VERDICT_REPLY;
}

/* Better unsigned than silent. */
void
onym_session_sign_not(struct onym_admin_call *call)
{
    struct onym_writer w = onym_writer_over(call->extra, call->extra_cap);

    w.len = call->extra_len;
    onym_put_u32(call->extra + 8, onym_get_u32(call->extra + 8) & ~ONYM_FLAG_CERTIFY);
    onym_writer_u32(&w, 0);
    call->extra_len = w.len;
}

void
onym_session_sign(struct onym_admin_call *call)
{
    struct onym_writer w = onym_writer_over(call->extra, call->extra_cap);
    struct onym_sealed sealed = {.version = call->reply.version,
                                 .suggested = call->reply.suggested,
                                 .session_id = call->reply.session_id,
                                 .request_id = call->reply.request_id,
                                 .covered = onym_span_of(call->extra, call->extra_len)};
    struct onym_seal seal;

    w.len = call->extra_len;
    if (onym_seal_sign(call->admin->site_key, &sealed, &seal) == ONYM_OK) {
        put_credential(&w, &seal, 0);
    } else {
        w.status = ONYM_ERROR;
    }
    if (w.status != ONYM_OK) {
        onym_session_sign_not(call);
        return;
    }
    call->extra_len = w.len;
}

void
onym_session_signed(const struct onym_admin_call *call, struct onym_reply *reply)
{
    reply->envelope = call->reply;
    reply->status = call->status;
    reply->closed = false;
    one_part(reply, onym_span_of(call->extra, call->extra_len));
}

enum onym_verdict
onym_session_leave(const struct onym_request *rq, enum onym_verdict verdict,
                   struct onym_admin_call *waiting)
{
    if (verdict != ONYM_VERDICT_REPLY) {
        return verdict;
    }
    /* the reply to a setup carries the id of the new session, whose key the client cannot have
     * yet: it is signed with the node's key and never encrypted */
    if (rq->in_session && rq->message.header.opcode != ONYM_OP_SESSION_SETUP) {
        return seal_in_session(rq);
    }
    return can_sign(rq) ? start_signature(rq, waiting) : verdict;
}
