/* A hand-driven errand for tests: time stands still until a test moves it. The server's side is
 * played with the encoders of wire/ and the verifiers of auth/. */
#ifndef ONYM_TESTS_ERRAND_PLAY_H
#define ONYM_TESTS_ERRAND_PLAY_H

#include "auth/secret.h"
#include "client/errand.h"
#include "wire/admin.h"
#include "wire/resolve.h"
#include "wire/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define EPOCH_S      1800000000U
#define NAME         "88.300.15907/part-1"
#define USER         "0.NA/88.300.15907"
#define SECRET       "s3cret-pass"
#define CHALLENGE_ID 77U

struct play {
    struct onym_client_server servers[ONYM_CLIENT_SERVERS_MAX];
    struct onym_client_options options;
    struct onym_errand *x;
    struct onym_proof *proof;
    struct onym_moment now;
    struct onym_message asked; /* the last SEND, taken apart */
    uint8_t sent[ONYM_ENVELOPE_LEN + ONYM_MESSAGE_LEN_MAX];
    uint8_t first_digest[ONYM_DIGEST_BYTES_MAX]; /* SHA-256 of the first request */
    struct onym_digester *digester;
    uint8_t reply[ONYM_ENVELOPE_LEN + ONYM_MESSAGE_LEN_MAX];
    size_t reply_len;
    uint32_t opcode;
    size_t named;
    size_t stop_after; /* names; 0 = never */
    char last_name[64];
};

static inline bool
play_name(void *of, onym_span name)
{
    struct play *p = of;

    p->named++;
    assert_true(name.len < sizeof p->last_name);
    memcpy(p->last_name, name.at, name.len);
    p->last_name[name.len] = '\0';
    return p->stop_after == 0 || p->named < p->stop_after;
}

/* Begins with `servers` servers of a transport and an opcode; with_proof: the secret above. */
static inline void
play_begin(struct play *p, size_t servers, uint32_t opcode, bool with_proof)
{
    struct onym_client_identity identity = {
        .handle = onym_span_text(USER), .index = 301, .secret = onym_span_text(SECRET)};
    struct onym_errand_order order = {
        .opcode = opcode, .flags = ONYM_FLAG_REQUEST_DIGEST, .each = play_name, .of = p};
    struct onym_writer w;

    *p = (struct play){.now = {.ms = 1000000, .epoch_s = EPOCH_S}, .opcode = opcode};
    for (size_t i = 0; i < servers; i++) {
        p->servers[i] = (struct onym_client_server){.port = 2641};
    }
    p->options = (struct onym_client_options){.servers = p->servers,
                                              .server_count = servers,
                                              .timeout_ms = 20000,
                                              .connect_timeout_ms = 3000,
                                              .reply_timeout_ms = 5000,
                                              .version = ONYM_VERSION_OWN,
                                              .suggested = ONYM_VERSION_OWN};
    assert_int_equal(onym_digester_new(&p->digester), ONYM_OK);
    assert_int_equal(onym_errand_new(&p->options, onym_rng_seeded(7), &p->x), ONYM_OK);
    if (with_proof) {
        assert_int_equal(onym_proof_new(&identity, &p->proof, NULL), ONYM_OK);
        onym_errand_identify(p->x, p->proof);
    }
    w = onym_errand_draft(p->x);
    onym_writer_counted(&w, onym_span_text(NAME));
    if (opcode == ONYM_OP_CREATE || opcode == ONYM_OP_RESOLVE) {
        onym_writer_u32(&w, 0);
    }
    if (opcode == ONYM_OP_RESOLVE) {
        onym_writer_u32(&w, 0);
    }
    order.draft = w.status;
    order.body_len = w.len;
    onym_errand_start(p->x, &order, p->now);
}

static inline void
play_end(struct play *p)
{
    onym_errand_free(p->x);
    onym_proof_free(p->proof);
    onym_digester_free(p->digester);
}

static inline struct onym_wish
play_expect(struct play *p, enum onym_want want)
{
    struct onym_wish wish = onym_errand_next(p->x, p->now);
    struct onym_envelope envelope;

    assert_int_equal(wish.want, want);
    if (want == ONYM_WANT_SEND) {
        assert_true(wish.bytes.len <= sizeof p->sent);
        memcpy(p->sent, wish.bytes.at, wish.bytes.len);
        assert_int_equal(onym_envelope_decode(wish.bytes, &envelope), ONYM_OK);
        assert_int_equal(onym_message_cut(&envelope,
                                          onym_span_of(p->sent + ONYM_ENVELOPE_LEN,
                                                       wish.bytes.len - ONYM_ENVELOPE_LEN),
                                          &p->asked),
                         ONYM_OK);
        if (p->asked.header.opcode != ONYM_OP_CHALLENGE_ANSWER) {
            (void)onym_digest(p->digester, ONYM_SHA256, &p->asked.digested, 1, p->first_digest);
        }
    }
    return wish;
}

/* OPEN of that server, opened, SEND; not yet all gone. */
static inline void
play_send(struct play *p, size_t server)
{
    struct onym_wish wish = play_expect(p, ONYM_WANT_OPEN);

    assert_int_equal(wish.server, server);
    assert_int_equal(wish.transport, ONYM_TRANSPORT_TCP);
    onym_errand_opened(p->x, p->now);
    (void)play_expect(p, ONYM_WANT_SEND);
}

/* The same, all gone, waiting. */
static inline struct onym_wish
play_ask(struct play *p, size_t server)
{
    play_send(p, server);
    onym_errand_sent(p->x, p->now);
    return play_expect(p, ONYM_WANT_WAIT);
}

/* What a reply is made of; zero means an ordinary success without a body. */
struct reply_plan {
    uint32_t code;   /* 0 = 1 */
    uint32_t opcode; /* 0 = that of the order */
    uint32_t flags;
    uint32_t request_id_add;
    uint32_t session_id;
    int64_t expires_in; /* seconds; 0 = 12 h */
    onym_span body;
    bool no_digest;
    bool wrong_digest;
    uint16_t version; /* 0 = 2.11 */
};

/* Feeds one reply to the errand. */
static inline void
play_reply(struct play *p, struct reply_plan plan)
{
    static uint8_t body[ONYM_MESSAGE_LEN_MAX];
    struct onym_writer w = onym_writer_over(body, sizeof body);
    struct onym_message m = {
        .envelope = {.version = plan.version != 0 ? plan.version : ONYM_VERSION_OWN,
                     .suggested = ONYM_VERSION_OWN,
                     .session_id = plan.session_id,
                     .request_id = p->asked.envelope.request_id + plan.request_id_add},
        .header = {.opcode = plan.opcode != 0 ? plan.opcode : p->opcode,
                   .response_code = plan.code != 0 ? plan.code : 1,
                   .flags = plan.flags | (plan.no_digest ? 0 : ONYM_FLAG_REQUEST_DIGEST),
                   .expiration = (uint32_t)((int64_t)p->now.epoch_s +
                                            (plan.expires_in != 0 ? plan.expires_in : 43200))},
        .has_credential = true};

    if (!plan.no_digest) {
        onym_writer_u8(&w, ONYM_DIGEST_SHA256);
        onym_writer_bytes(&w, onym_span_of(p->first_digest, 32));
        body[1] ^= plan.wrong_digest ? 1U : 0U;
    }
    onym_writer_bytes(&w, plan.body);
    m.body = onym_writer_written(&w);
    assert_int_equal(onym_message_encode(&m, p->reply, sizeof p->reply, &p->reply_len), ONYM_OK);
    onym_errand_stream(p->x, onym_span_of(p->reply, p->reply_len), p->now);
}

/* The body of a challenge: a nonce of len bytes. */
static inline onym_span
play_nonce(size_t len)
{
    static uint8_t body[4 + 256];

    assert_true(len <= 256);
    memset(body, 0xA5, sizeof body);
    onym_put_u32(body, (uint32_t)len);
    return onym_span_of(body, 4 + len);
}

static inline void
play_challenge(struct play *p)
{
    play_reply(
        p, (struct reply_plan){.code = 402, .session_id = CHALLENGE_ID, .body = play_nonce(16)});
}

/* Asks, is challenged, sends the answer over the same connection, waits. */
static inline void
play_answer(struct play *p)
{
    (void)play_ask(p, 0);
    play_challenge(p);
    (void)play_expect(p, ONYM_WANT_SEND);
    assert_int_equal(p->asked.header.opcode, ONYM_OP_CHALLENGE_ANSWER);
    onym_errand_sent(p->x, p->now);
    (void)play_expect(p, ONYM_WANT_WAIT);
}

static inline const struct onym_client_result *
play_result(struct play *p)
{
    (void)play_expect(p, ONYM_WANT_END);
    return onym_errand_result(p->x);
}

static inline void
play_ends(struct play *p, enum onym_outcome outcome, enum onym_status status)
{
    const struct onym_client_result *r = play_result(p);

    assert_int_equal(r->outcome, outcome);
    assert_int_equal(r->status, status);
    assert_non_null(r->detail);
    play_end(p);
}

#endif
