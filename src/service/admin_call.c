#include "service/admin_priv.h"

#include <stdlib.h>

#define NETWORK_LEN 8U

struct onym_admin_call *
onym_admin_call_new(struct onym_admin *admin, const struct onym_request *rq, size_t cap)
{
    const struct onym_answer_call *call = rq->call;
    struct onym_admin_call *c;

    if (admin->calls >= ONYM_ADMIN_CALLS_MAX) {
        return NULL;
    }
    c = calloc(1, sizeof *c + cap);
    if (c == NULL) {
        return NULL;
    }
    c->admin = admin;
    c->connection = call->connection;
    c->dialogue = call->dialogue;
    c->envelope = rq->message.envelope;
    c->in_session = rq->in_session;
    c->cap = cap;
    c->peer_len = call->peer.len < sizeof c->peer ? call->peer.len : sizeof c->peer;
    memcpy(c->peer, call->peer.at, c->peer_len);
    call->dialogue->waiting = c;
    admin->calls++;
    return c;
}

onym_span
onym_admin_call_keep(struct onym_admin_call *call, onym_span bytes)
{
    uint8_t *at = call->bytes + call->used;

    if (bytes.len == 0 || bytes.len > call->cap - call->used) {
        return onym_span_of(NULL, 0);
    }
    memcpy(at, bytes.at, bytes.len);
    call->used += bytes.len;
    return onym_span_of(at, bytes.len);
}

void
onym_admin_call_drop_extra(struct onym_admin_call *call)
{
    free(call->extra);
    call->extra = NULL;
    call->extra_len = call->extra_cap = 0;
}

/* Whoever has one address of a /64 has all of it. */
static onym_span
network_of(const struct onym_admin_call *call)
{
    return onym_span_of(call->peer, call->peer_len < NETWORK_LEN ? call->peer_len : NETWORK_LEN);
}

bool
onym_admin_call_agree(struct onym_admin_call *call)
{
    struct onym_admin *admin = call->admin;
    uint32_t own = 0;

    for (uint32_t i = 0; i < admin->agreements; i++) {
        own += onym_span_equal(network_of(admin->agreeing[i]), network_of(call));
    }
    if (own >= ONYM_ADMIN_AGREEMENTS_MAX - admin->agreements) {
        return false;
    }
    admin->agreeing[admin->agreements++] = call;
    call->job = ONYM_JOB_AGREE;
    return true;
}

void
onym_admin_call_agreed(struct onym_admin_call *call)
{
    struct onym_admin *admin = call->admin;
    uint32_t place = 0;

    if (call->job != ONYM_JOB_AGREE) {
        return;
    }
    while (admin->agreeing[place] != call) {
        place++;
    }
    admin->agreeing[place] = admin->agreeing[--admin->agreements];
    call->job = ONYM_JOB_PROVE;
}

onym_span
onym_admin_peer(const struct onym_admin_call *call)
{
    return onym_span_of(call->peer, call->peer_len);
}

bool
onym_admin_attempt_of(const struct onym_admin_call *call, struct onym_admin_attempt *out)
{
    *out = (struct onym_admin_attempt){
        .who = call->user, .by_key = call->by_key, .right = call->proof == ONYM_OK};
    return call->job == ONYM_JOB_PROVE || call->job == ONYM_JOB_VERIFY;
}

void *
onym_admin_connection(const struct onym_admin_call *call)
{
    return call->connection;
}

struct onym_dialogue *
onym_admin_dialogue(const struct onym_admin_call *call)
{
    return call->dialogue;
}

void
onym_admin_call_free(struct onym_admin_call *call)
{
    if (call == NULL) {
        return;
    }
    if (call->dialogue != NULL) {
        call->dialogue->waiting = NULL;
    }
    onym_admin_call_agreed(call);
    call->admin->calls--;
    onym_pending_free(call->pending);
    onym_admin_call_drop_extra(call);
    onym_session_secret_wipe(&call->secret);
    free(call);
}

void
onym_dialogue_end(struct onym_dialogue *dialogue)
{
    if (dialogue->waiting != NULL) {
        dialogue->waiting->connection = NULL;
        dialogue->waiting->dialogue = NULL;
        dialogue->waiting = NULL;
    }
    free(dialogue->proven);
    free(dialogue->listing);
    dialogue->proven = NULL;
    dialogue->listing = NULL;
}
