/* A node's answering functions with sessions and a key, and somebody who seals requests and opens
 * replies. What another thread would do is done by the test, when it likes. For the tests of this
 * folder; each is one program, so everything is static. */
#ifndef ONYM_TESTS_UNIT_SERVICE_SESSION_PLAY_H
#define ONYM_TESTS_UNIT_SERVICE_SESSION_PLAY_H

#include "auth/seal.h"
#include "service/admin.h"
#include "unit/service/fixture.h"
#include "wire/credential.h"
#include "wire/session.h"

#define MAC_MESSAGE_MAX 4096U

struct stage {
    struct fixture *f;
    struct onym_sessions *table;
    struct onym_session_access access;
    struct onym_admin admin;
    struct onym_dialogue dialogue;
    struct onym_rng rng;
    struct onym_session_secret secret;
    uint32_t id;
    uint32_t counter;
    struct onym_admin_call *handed; /* to another thread */
    unsigned hands;
    unsigned events;       /* denied attempts the log was told of */
    enum onym_status take; /* what handing over says */
    struct onym_reply reply;
    struct onym_key *key;
};

__attribute__((unused)) static enum onym_status
access_add(void *of, const struct onym_session_ask *ask, uint32_t *id)
{
    struct stage *s = of;

    return onym_sessions_add(s->table, ask, NOW_S, &s->rng, id);
}

__attribute__((unused)) static enum onym_status
access_find(void *of, uint32_t id, struct onym_session_use *out)
{
    struct stage *s = of;

    return onym_sessions_find(s->table, id, NOW_S, out);
}

__attribute__((unused)) static enum onym_status
access_accept(void *of, uint32_t id, uint32_t counter)
{
    struct stage *s = of;

    return onym_sessions_accept(s->table, id, counter, NOW_S);
}

__attribute__((unused)) static enum onym_status
access_reply(void *of, uint32_t id, struct onym_session_secret *secret, uint32_t *counter)
{
    struct stage *s = of;

    return onym_sessions_reply(s->table, id, secret, counter);
}

__attribute__((unused)) static bool
access_prove(void *of, uint32_t id, const struct onym_principal *who,
             const uint8_t key[ONYM_TOKEN_DIGEST_LEN])
{
    struct stage *s = of;

    return onym_sessions_prove(s->table, id, who, key);
}

__attribute__((unused)) static void
access_end(void *of, uint32_t id)
{
    struct stage *s = of;

    onym_sessions_end(s->table, id);
}

__attribute__((unused)) static enum onym_status
hand_over(void *of, struct onym_admin_call *call)
{
    struct stage *s = of;

    if (s->take == ONYM_OK) {
        s->handed = call;
        s->hands++;
    }
    return s->take;
}

__attribute__((unused)) static int
stage_setup(void **state)
{
    static const struct onym_session_limits limits = {.capacity = 4, .per_peer = 4};
    struct stage *s = calloc(1, sizeof *s);
    uint8_t peer[4] = {192, 0, 2, 1};
    struct onym_session_ask ask = {.secret = &s->secret, .peer = onym_span_of(peer, sizeof peer)};

    assert_non_null(s);
    assert_int_equal(setup((void **)&s->f), 0);
    s->rng = onym_rng_seeded(1);
    memset(s->secret.bytes, 0x77, sizeof s->secret.bytes);
    assert_int_equal(onym_sessions_new(&limits, &s->table), ONYM_OK);
    assert_int_equal(onym_sessions_add(s->table, &ask, NOW_S, &s->rng, &s->id), ONYM_OK);
    s->access = (struct onym_session_access){.of = s,
                                             .policy = ONYM_AUTH_POLICY_DEFAULT,
                                             .dh_bits_min = 1024,
                                             .add = access_add,
                                             .find = access_find,
                                             .accept = access_accept,
                                             .reply = access_reply,
                                             .prove = access_prove,
                                             .end = access_end};
    s->admin = (struct onym_admin){.answerer = &s->f->answerer,
                                   .backend = {.of = s, .prove = hand_over},
                                   .policy = ONYM_AUTH_POLICY_DEFAULT,
                                   .rng = &s->rng,
                                   .sessions = &s->access};
    *state = s;
    return 0;
}

__attribute__((unused)) static int
stage_teardown(void **state)
{
    struct stage *s = *state;

    onym_dialogue_end(&s->dialogue);
    assert_int_equal(s->admin.calls, 0);
    onym_sessions_free(s->table);
    onym_key_free(s->key);
    assert_int_equal(teardown((void **)&s->f), 0);
    free(s);
    return 0;
}

__attribute__((unused)) static struct onym_answer_call
call_of(struct stage *s)
{
    static const uint8_t address[4] = {192, 0, 2, 1};

    onym_arena_reset(&s->f->arena);
    return (struct onym_answer_call){.by = ONYM_BY_TCP,
                                     .dialogue = &s->dialogue,
                                     .now_s = NOW_S,
                                     .arena = &s->f->arena,
                                     .reply_len_max = ONYM_MESSAGE_LEN_MAX,
                                     .admin = &s->admin,
                                     .connection = s,
                                     .peer = onym_span_of(address, sizeof address),
                                     .sessions = &s->access};
}

__attribute__((unused)) static enum onym_verdict
answer_with(struct stage *s, const struct onym_answer_call *call)
{
    struct onym_envelope envelope;

    memset(&s->reply, 0, sizeof s->reply);
    assert_int_equal(
        onym_envelope_decode(onym_span_of(s->f->request, s->f->request_len), &envelope), ONYM_OK);
    return onym_answer(
        &s->f->answerer, call, &envelope,
        onym_span_of(s->f->request + ONYM_ENVELOPE_LEN, s->f->request_len - ONYM_ENVELOPE_LEN),
        &s->reply);
}

__attribute__((unused)) static enum onym_verdict
answer(struct stage *s)
{
    struct onym_answer_call call = call_of(s);

    return answer_with(s, &call);
}

/* Puts the MAC of the session onto the request in the fixture. */
__attribute__((unused)) static void
seal_request(struct stage *s)
{
    struct onym_envelope e;
    struct onym_message m;
    struct onym_sealed sealed;
    struct onym_seal seal;
    struct onym_credential credential;
    uint8_t field[512];
    size_t len;
    onym_span bytes = onym_span_of(s->f->request, s->f->request_len);

    assert_int_equal(onym_envelope_decode(bytes, &e), ONYM_OK);
    assert_int_equal(onym_message_cut(&e, onym_span_from(bytes, ONYM_ENVELOPE_LEN), &m), ONYM_OK);
    sealed = (struct onym_sealed){.version = e.version,
                                  .suggested = e.suggested,
                                  .session_id = e.session_id,
                                  .request_id = e.request_id,
                                  .counter = ++s->counter,
                                  .covered = m.digested};
    assert_int_equal(
        onym_seal_mac(onym_span_of(s->secret.bytes, sizeof s->secret.bytes), &sealed, &seal),
        ONYM_OK);
    credential = (struct onym_credential){
        .counter = s->counter,
        .type = onym_span_text(seal.type),
        .hash_name = seal.hash_name,
        .signature = onym_span_of(seal.signature, seal.signature_len)};
    assert_int_equal(onym_credential_encode(&credential, field, sizeof field, &len), ONYM_OK);
    onym_put_u32(s->f->request + s->f->request_len - 4, (uint32_t)len);
    memcpy(s->f->request + s->f->request_len, field, len);
    s->f->request_len += len;
    onym_put_u32(s->f->request + 16, (uint32_t)(s->f->request_len - ONYM_ENVELOPE_LEN));
}

__attribute__((unused)) static void
make_sealed(struct stage *s, const char *name, uint32_t flags)
{
    struct onym_query query = {.name = onym_span_text(name)};
    uint8_t body[3000];
    size_t len;

    assert_int_equal(onym_query_encode(&query, body, sizeof body, &len), ONYM_OK);
    make(s->f, ONYM_OP_RESOLVE, flags, ONYM_VERSION_OWN, s->id, onym_span_of(body, len));
    seal_request(s);
}

/* The reply as a client sees it; decrypts with the session's key. */
__attribute__((unused)) static struct onym_message
message_of(struct stage *s)
{
    static uint8_t plain[ONYM_MESSAGE_LEN_MAX];
    struct onym_envelope e = s->reply.envelope;
    struct onym_message m = {0};
    size_t at = 0;
    size_t len = 0;

    for (size_t i = 0; i < s->reply.parts; i++) {
        memcpy(s->f->out + at, s->reply.part[i].at, s->reply.part[i].len);
        at += s->reply.part[i].len;
    }
    assert_int_equal(at, e.message_len);
    if ((e.flags & ONYM_ENVELOPE_ENCRYPTED) != 0) {
        assert_int_equal(onym_session_decrypt(&s->secret, e.version, onym_span_of(s->f->out, at),
                                              plain, sizeof plain, &len),
                         ONYM_OK);
        e.flags = 0;
        e.message_len = (uint32_t)len;
        assert_int_equal(onym_message_cut(&e, onym_span_of(plain, len), &m), ONYM_OK);
    } else {
        assert_int_equal(onym_message_cut(&e, onym_span_of(s->f->out, at), &m), ONYM_OK);
    }
    return m;
}

/* Its credential, with the MAC or signature checked. */
__attribute__((unused)) static struct onym_credential
proof_of(struct stage *s, const struct onym_message *m)
{
    struct onym_credential c;
    struct onym_auth_policy policy = ONYM_AUTH_POLICY_DEFAULT;
    struct onym_sealed sealed = {.version = s->reply.envelope.version,
                                 .suggested = s->reply.envelope.suggested,
                                 .session_id = s->reply.envelope.session_id,
                                 .request_id = s->reply.envelope.request_id,
                                 .covered = m->digested};
    struct onym_seal_claim claim;

    assert_int_equal(onym_credential_decode(m->credential, &c), ONYM_OK);
    sealed.counter = c.counter;
    claim = (struct onym_seal_claim){.hash_name = c.hash_name, .signature = c.signature};
    if (onym_span_equal(c.type, onym_span_text("HS_MAC"))) {
        assert_int_equal(onym_seal_mac_check(onym_span_of(s->secret.bytes, sizeof s->secret.bytes),
                                             &sealed, &claim, &policy),
                         ONYM_OK);
    } else {
        assert_int_equal(onym_seal_verify(s->key, &sealed, &claim, &policy), ONYM_OK);
    }
    return c;
}

#endif
