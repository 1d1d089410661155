#include "service/admin.h"

#include "core/admins.h"
#include "service/session_priv.h"
#include "wire/admin.h"

#include <arpa/inet.h>
#include <stdlib.h>

struct onym_identity
onym_admin_identity(const struct onym_admin *admin, const struct onym_principal *who)
{
    return onym_admins_identity(admin->server_admins, who);
}

static enum onym_status
find_record(void *of, onym_span folded, struct onym_record *out)
{
    const struct onym_admin *admin = of;

    return onym_view_record(admin->answerer->resolver.view, ONYM_KIND_HANDLE, folded, out);
}

struct onym_record_source
onym_admin_records(const struct onym_admin *admin)
{
    return (struct onym_record_source){.record = find_record, .of = (void *)(uintptr_t)admin};
}

static onym_span
peer_text(onym_span peer, char out[INET6_ADDRSTRLEN])
{
    out[0] = '\0';
    (void)inet_ntop(peer.len == 4 ? AF_INET : AF_INET6, peer.at, out, INET6_ADDRSTRLEN);
    return onym_span_text(out);
}

/* ---- changes ---- */

static enum onym_status
read_operation(const struct onym_message *message, struct onym_operation *op)
{
    onym_span body = message->body;
    struct onym_admin_values values;
    struct onym_admin_indexes indexes;
    enum onym_status status;

    *op = (struct onym_operation){0};
    op->overwrite = (message->header.flags & ONYM_FLAG_OVERWRITE) != 0;
    op->mint = (message->header.flags & ONYM_FLAG_MINT) != 0;
    switch (message->header.opcode) {
    case ONYM_OP_CREATE:
    case ONYM_OP_ADD_VALUES:
    case ONYM_OP_MODIFY_VALUES:
        status = onym_admin_values_decode(&body, &values);
        if (status == ONYM_OK) {
            op->name = values.name;
            op->values = values.values;
        }
        op->action = message->header.opcode == ONYM_OP_CREATE       ? ONYM_ACTION_CREATE
                     : message->header.opcode == ONYM_OP_ADD_VALUES ? ONYM_ACTION_ADD
                                                                    : ONYM_ACTION_MODIFY;
        return status;
    case ONYM_OP_REMOVE_VALUES:
        status = onym_admin_indexes_decode(&body, &indexes);
        if (status == ONYM_OK) {
            op->name = indexes.name;
            op->indexes = indexes.indexes;
        }
        op->action = ONYM_ACTION_REMOVE;
        return status;
    case ONYM_OP_DELETE:
        op->action = ONYM_ACTION_DELETE;
        break;
    case ONYM_OP_HOME_PREFIX:
        op->action = ONYM_ACTION_HOME;
        break;
    case ONYM_OP_UNHOME_PREFIX:
        op->action = ONYM_ACTION_UNHOME;
        break;
    default:
        return ONYM_UNSUPPORTED;
    }
    op->mint = op->overwrite = false;
    return onym_admin_name_decode(&body, &op->name);
}

static enum onym_verdict
submit(struct onym_admin *admin, const struct onym_request *rq, struct onym_operation *op,
       const struct onym_principal *who, struct onym_admin_call *waiting)
{
    struct onym_identity identity = onym_admin_identity(admin, who);
    struct onym_admin_call *call = waiting;
    char address[INET6_ADDRSTRLEN];
    enum onym_status status;

    if (call == NULL) {
        onym_span bytes = onym_admin_request_bytes(&rq->message);

        call = onym_admin_call_new(admin, rq, bytes.len);
        if (call == NULL) {
            return onym_render_error(rq, ONYM_BUSY);
        }
        call->request = onym_admin_call_keep(call, bytes);
    }
    op->principal = *who;
    op->address = peer_text(rq->call->peer, address);
    op->now_ms = rq->call->now_ms;
    status = admin->backend.submit(admin->backend.of, call, op, &identity);
    if (status == ONYM_OK) {
        return ONYM_VERDICT_PENDING;
    }
    if (waiting == NULL) {
        onym_admin_call_free(call);
    }
    return onym_render_error(rq, status);
}

static enum onym_verdict
change(struct onym_admin *admin, const struct onym_request *rq, const struct onym_principal *who,
       struct onym_admin_call *waiting)
{
    struct onym_arena *arena = rq->call->arena;
    struct onym_op_fault fault = {0};
    struct onym_op_target target;
    struct onym_operation op;
    struct onym_record old;
    uint8_t minted[ONYM_MINTED_LEN];
    uint64_t chance[2];
    const struct onym_record *found = NULL;
    enum onym_status status = read_operation(&rq->message, &op);

    if (status != ONYM_OK) {
        return onym_render_error(rq, status);
    }
    if (op.mint) {
        chance[0] = onym_rng_u64(admin->rng);
        chance[1] = onym_rng_u64(admin->rng);
        onym_operation_mint((const uint8_t *)chance, minted);
        op.minted = onym_span_of(minted, sizeof minted);
    }
    if (op.action != ONYM_ACTION_HOME && op.action != ONYM_ACTION_UNHOME && op.name.len > 0 &&
        !onym_responsible(&admin->answerer->resolver, op.name)) {
        return onym_render_error(rq, ONYM_NOT_RESPONSIBLE);
    }
    status = onym_op_form(&op, &fault);
    if (status == ONYM_OK) {
        status = onym_op_target(&op, arena, &target);
    }
    if (status == ONYM_OK) {
        status = onym_resolve_stored(&admin->answerer->resolver, target.kind, target.folded, &old);
        found = status == ONYM_OK ? &old : NULL;
        status = status == ONYM_NOT_FOUND ? ONYM_OK : status;
    }
    if (status == ONYM_OK) {
        status = onym_op_before_auth(&op, found, arena, &fault);
    }
    if (status == ONYM_AUTH_NEEDED && who->handle.len == 0) {
        return onym_admin_challenge(admin, rq);
    }
    if (status != ONYM_OK && status != ONYM_AUTH_NEEDED) {
        return onym_render_error_text(rq, status, fault.why);
    }
    return submit(admin, rq, &op, who, waiting);
}

/* ---- private values ---- */

/* A resolution that selects private values, for somebody proven or for nobody. */
static enum onym_verdict
read_private(struct onym_admin *admin, const struct onym_request *rq,
             const struct onym_principal *who)
{
    struct onym_record_source records = onym_admin_records(admin);
    struct onym_identity identity = onym_admin_identity(admin, who);
    struct onym_resolution found;
    struct onym_query query;
    enum onym_status status = onym_query_decode(rq->message.body, &query);

    if (status == ONYM_OK) {
        query.no_referral = (rq->message.header.flags & ONYM_FLAG_NO_REFERRAL) != 0;
        status = onym_resolve(&admin->answerer->resolver, &query, rq->call->arena, &found);
    }
    if (status != ONYM_OK) {
        return onym_render_error(rq, status);
    }
    if (who->handle.len == 0) {
        return onym_admin_challenge(admin, rq);
    }
    for (size_t i = 0; i < found.closed.runs && status == ONYM_OK; i++) {
        status = onym_authz_read(&identity, &found.record, found.closed.run[i], &records, NULL);
    }
    if (status != ONYM_OK) {
        return onym_render_error(rq, status);
    }
    return onym_render_values(rq, ONYM_OK, query.name, &found.selection, &found.closed);
}

/* ---- who asks ---- */

/* Without the digest of the key. */
static struct onym_proven *
new_proven(const struct onym_principal *who)
{
    struct onym_proven *proven = malloc(sizeof *proven + who->handle.len);

    if (proven != NULL) {
        proven->index = who->index;
        proven->len = who->handle.len;
        memcpy(proven->handle, who->handle.at, who->handle.len);
    }
    return proven;
}

static enum onym_verdict
login(struct onym_admin *admin, const struct onym_request *rq, const struct onym_principal *who,
      const struct onym_admin_call *waiting)
{
    struct onym_dialogue *dialogue = rq->call->dialogue;
    onym_span body = rq->message.body;
    struct onym_key_login asked;
    struct onym_proven *proven;
    enum onym_status status = onym_key_login_decode(&body, &asked);

    if (status != ONYM_OK) {
        return onym_render_error(rq, status);
    }
    if (who->handle.len == 0) {
        return onym_admin_challenge(admin,
                                    rq); /* a success at once is a failure to these clients */
    }
    if (dialogue != NULL && waiting != NULL) {
        proven = new_proven(who);
        if (proven == NULL) {
            return onym_render_error(rq, ONYM_NO_MEMORY);
        }
        onym_token_key_digest(admin->answerer->digester, waiting->key[waiting->right_key],
                              proven->key);
        free(dialogue->proven);
        dialogue->proven = proven;
    }
    return onym_render_body(rq, ONYM_OK, 0, onym_span_of(NULL, 0));
}

enum onym_verdict
onym_admin_execute(struct onym_admin *admin, const struct onym_request *rq,
                   const struct onym_principal *who, struct onym_admin_call *waiting)
{
    switch (rq->message.header.opcode) {
    case ONYM_OP_RESOLVE:
        return read_private(admin, rq, who);
    case ONYM_OP_KEY_LOGIN:
        return login(admin, rq, who, waiting);
    case ONYM_OP_LIST_HANDLES:
    case ONYM_OP_LIST_PREFIXES:
        return who->handle.len == 0 ? onym_admin_challenge(admin, rq)
                                    : onym_admin_list(admin, rq, who);
    default:
        return change(admin, rq, who, waiting);
    }
}

/* Looks at the certificate of the connection, the first time that somebody has to be known. */
static void
look_at_certificate(const struct onym_admin *admin, const struct onym_answer_call *call)
{
    struct onym_dialogue *dialogue = call->dialogue;
    struct onym_admin_certified shown;
    struct onym_principal who;
    char address[INET6_ADDRSTRLEN];
    enum onym_status status;

    if (dialogue->certificate_seen || call->by != ONYM_BY_TLS || admin->backend.certified == NULL) {
        return;
    }
    dialogue->certificate_seen = true;
    status = admin->backend.certified(admin->backend.of, call->connection, call->peer, &shown);
    if (status != ONYM_OK && status != ONYM_AUTH_FAILED) {
        return;
    }
    who = (struct onym_principal){.handle = onym_span_of(shown.handle, shown.len),
                                  .index = shown.index};
    admin->backend.event(admin->backend.of, status == ONYM_OK, status, &who,
                         peer_text(call->peer, address), onym_span_of(NULL, 0));
    dialogue->proven = status == ONYM_OK ? new_proven(&who) : NULL;
    if (dialogue->proven != NULL) {
        memcpy(dialogue->proven->key, shown.key, sizeof shown.key);
    }
}

/* Who logged in on the connection or whom its certificate stands for, until the key that proved it
 * is gone or another. */
static struct onym_principal
proven_on(const struct onym_admin *admin, const struct onym_answer_call *call)
{
    struct onym_answerer *answerer = admin->answerer;
    struct onym_dialogue *dialogue = call->dialogue;
    struct onym_proven *proven = dialogue->proven;
    struct onym_principal who = {0};

    if (proven == NULL) {
        look_at_certificate(admin, call);
        proven = dialogue->proven;
    }
    if (proven == NULL) {
        return who;
    }
    who.handle = onym_span_of(proven->handle, proven->len);
    who.index = proven->index;
    if (onym_token_key_holds(&answerer->resolver, answerer->digester, &who, proven->key) !=
        ONYM_OK) {
        free(proven);
        dialogue->proven = NULL;
        who = (struct onym_principal){0};
    }
    return who;
}

/* Who the request is from: inside a session only the session tells. */
static struct onym_principal
asker(const struct onym_admin *admin, const struct onym_request *rq)
{
    const struct onym_session_use *session = rq->session;

    if (!rq->in_session) {
        return proven_on(admin, rq->call);
    }
    if (session == NULL || !session->proven) {
        return (struct onym_principal){0};
    }
    return (struct onym_principal){.handle = onym_span_of(session->user, session->user_len),
                                   .index = session->user_index};
}

enum onym_verdict
onym_admin_request(struct onym_admin *admin, const struct onym_request *rq)
{
    struct onym_principal who = {0};

    switch (rq->message.header.opcode) {
    case ONYM_OP_CHALLENGE_ANSWER:
        return onym_admin_answer(admin, rq);
    case ONYM_OP_VERIFY_ANSWER:
        return onym_admin_verify(admin, rq);
    case ONYM_OP_SESSION_SETUP:
        return onym_session_setup(admin, rq);
    case ONYM_OP_SESSION_KEY:
        return onym_render_error(rq, ONYM_SESSION_FAILED); /* belongs to modes not offered */
    case ONYM_OP_KEY_LOGIN:
        return onym_admin_execute(admin, rq, &who, NULL);
    default:
        who = asker(admin, rq);
        return onym_admin_execute(admin, rq, &who, NULL);
    }
}

/* ---- coming back ---- */

/* The request a call is about, to be answered under the envelope it waits with. */
static enum onym_status
restore(const struct onym_admin_call *c, const struct onym_answer_call *call,
        struct onym_reply *reply, struct onym_request *out)
{
    struct onym_envelope asked = {0};
    enum onym_status status = onym_envelope_decode(c->request, &asked);

    *out = (struct onym_request){
        .answerer = c->admin->answerer, .call = call, .reply = reply, .in_session = c->in_session};
    if (status == ONYM_OK) {
        status = onym_message_cut(&asked, onym_span_from(c->request, ONYM_ENVELOPE_LEN),
                                  &out->message);
    }
    out->message.envelope = c->envelope;
    out->message.envelope.message_len = asked.message_len;
    onym_render_begin(out);
    return status;
}

/* Tells the log of a login, or of a proof that was none. */
static void
note_proof(const struct onym_admin_call *c, const struct onym_request *rq)
{
    const struct onym_admin *admin = c->admin;
    bool login = rq->message.header.opcode == ONYM_OP_KEY_LOGIN;
    char address[INET6_ADDRSTRLEN];

    if (c->proof == ONYM_BUSY) {
        return; /* it was not looked at */
    }
    onym_admin_attempt(admin, c->by_key, c->proof);
    if (c->proof != ONYM_OK || login) {
        admin->backend.event(admin->backend.of, login, c->proof, &c->user,
                             peer_text(onym_span_of(c->peer, c->peer_len), address),
                             onym_span_of(NULL, 0));
    }
}

static enum onym_verdict
carry_on(struct onym_admin_call *waiting, const struct onym_request *rq)
{
    struct onym_admin *admin = waiting->admin;
    uint8_t key[ONYM_TOKEN_DIGEST_LEN];

    if (waiting->job == ONYM_JOB_AGREE) {
        return onym_session_opened(waiting, rq);
    }
    if (waiting->proof == ONYM_OK && waiting->job == ONYM_JOB_PROVE) {
        waiting->user.index = waiting->key_index[waiting->right_key]; /* H-11.7: 0 named none */
    }
    note_proof(waiting, rq);
    if (waiting->job == ONYM_JOB_VERIFY) {
        return onym_admin_verified(waiting, rq);
    }
    if (waiting->proof != ONYM_OK) {
        return onym_render_error(rq, waiting->proof);
    }
    if (rq->in_session) {
        onym_token_key_digest(admin->answerer->digester, waiting->key[waiting->right_key], key);
        (void)admin->sessions->prove(admin->sessions->of, rq->message.envelope.session_id,
                                     &waiting->user, key);
    }
    return onym_admin_execute(admin, rq, &waiting->user, waiting);
}

enum onym_verdict
onym_admin_proven(struct onym_admin_call *waiting, const struct onym_answer_call *call,
                  struct onym_reply *reply)
{
    struct onym_request rq;

    if (waiting->job == ONYM_JOB_SIGN) {
        onym_session_signed(waiting, reply);
        return ONYM_VERDICT_REPLY;
    }
    if (restore(waiting, call, reply, &rq) != ONYM_OK) {
        return onym_render_error(&rq, ONYM_ERROR);
    }
    return onym_session_leave(&rq, carry_on(waiting, &rq), waiting);
}

enum onym_verdict
onym_admin_committed(struct onym_admin_call *waiting, const struct onym_answer_call *call,
                     const struct onym_admin_result *result, struct onym_reply *reply)
{
    struct onym_request rq;
    uint8_t body[4 + ONYM_NAME_LEN_MAX];
    size_t len = 0;
    enum onym_verdict verdict;

    if (restore(waiting, call, reply, &rq) != ONYM_OK) {
        return onym_render_error(&rq, ONYM_ERROR);
    }
    if (result->status != ONYM_OK) {
        verdict = onym_render_error_text(&rq, result->status, result->why);
        return onym_session_leave(&rq, verdict, waiting);
    }
    if (rq.message.header.opcode == ONYM_OP_CREATE &&
        onym_admin_name_encode(result->name, body, sizeof body, &len) != ONYM_OK) {
        len = 0;
    }
    verdict = onym_render_body(&rq, ONYM_OK, result->replaced ? ONYM_FLAG_OVERWRITE : 0,
                               onym_span_of(body, len));
    return onym_session_leave(&rq, verdict, waiting);
}
