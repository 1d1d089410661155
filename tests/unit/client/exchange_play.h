/* A hand-driven exchange for tests: time stands still until a test moves it, replies are made with
 * the encoders of wire/. */
#ifndef ONYM_TESTS_EXCHANGE_PLAY_H
#define ONYM_TESTS_EXCHANGE_PLAY_H

#include "auth/digest.h"
#include "client/exchange.h"
#include "wire/resolve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define EPOCH_S 1800000000U
#define NAME    "88.300.15907/part-1"

struct play {
    struct onym_client_server servers[ONYM_CLIENT_SERVERS_MAX];
    struct onym_client_options options;
    struct onym_exchange *x;
    struct onym_moment now;
    struct onym_envelope asked; /* of the last SEND */
    uint8_t reply[ONYM_ENVELOPE_LEN + ONYM_MESSAGE_LEN_MAX];
    size_t reply_len;
};

static inline void
play_begin(struct play *p, size_t servers, enum onym_transport transport, uint32_t flags)
{
    struct onym_query query = {.name = onym_span_text(NAME)};

    memset(p, 0, offsetof(struct play, reply)); /* not the 256 KiB of it, thousands of times */
    p->reply_len = 0;
    p->now = (struct onym_moment){.ms = 1000000, .epoch_s = EPOCH_S};
    for (size_t i = 0; i < servers; i++) {
        p->servers[i] = (struct onym_client_server){.port = 2641, .transport = transport};
    }
    p->options = (struct onym_client_options){.servers = p->servers,
                                              .server_count = servers,
                                              .timeout_ms = 20000,
                                              .connect_timeout_ms = 3000,
                                              .reply_timeout_ms = 5000,
                                              .version = ONYM_VERSION_OWN,
                                              .suggested = ONYM_VERSION_OWN};
    assert_int_equal(onym_exchange_new(&p->options, onym_rng_seeded(7), &p->x), ONYM_OK);
    onym_exchange_start(p->x, &query, flags, p->now);
}

static inline void
play_end(struct play *p)
{
    onym_exchange_free(p->x);
}

static inline struct onym_wish
play_expect(struct play *p, enum onym_want want)
{
    struct onym_wish wish = onym_exchange_next(p->x, p->now);

    assert_int_equal(wish.want, want);
    if (want == ONYM_WANT_SEND) {
        assert_int_equal(onym_envelope_decode(wish.bytes, &p->asked), ONYM_OK);
    }
    return wish;
}

/* OPEN, opened, one SEND, then waiting. */
static inline struct onym_wish
play_ask(struct play *p, size_t server, enum onym_transport transport)
{
    struct onym_wish wish = play_expect(p, ONYM_WANT_OPEN);

    assert_int_equal(wish.server, server);
    assert_int_equal(wish.transport, transport);
    onym_exchange_opened(p->x, p->now);
    (void)play_expect(p, ONYM_WANT_SEND);
    return play_expect(p, ONYM_WANT_WAIT);
}

/* What a reply is made of; zero means an ordinary success. */
struct reply_plan {
    uint32_t code;       /* 0 = 1 */
    uint32_t opcode_add; /* added to the opcode of resolution */
    uint32_t flags;
    uint32_t request_id_add;
    int64_t expires_in; /* seconds; 0 = 12 h */
    onym_span body;     /* empty: made from values */
    struct onym_value_list values;
    uint8_t envelope_flags;
    onym_span credential;
};

static inline onym_span
play_reply(struct play *p, struct reply_plan plan)
{
    static uint8_t body[ONYM_MESSAGE_LEN_MAX];
    struct onym_resolve_reply reply = {.name = onym_span_text(NAME), .values = plan.values};
    struct onym_message m = {
        .envelope = {.version = ONYM_VERSION_OWN,
                     .suggested = ONYM_VERSION_OWN,
                     .flags = plan.envelope_flags,
                     .request_id = p->asked.request_id + plan.request_id_add},
        .header = {.opcode = ONYM_OP_RESOLVE + plan.opcode_add,
                   .response_code = plan.code != 0 ? plan.code : 1,
                   .flags = plan.flags,
                   .site_serial = 5,
                   .expiration = (uint32_t)((int64_t)p->now.epoch_s +
                                            (plan.expires_in != 0 ? plan.expires_in : 43200))},
        .has_credential = true,
        .credential = plan.credential,
    };
    size_t len = 0;

    m.body = plan.body;
    if (plan.body.at == NULL) {
        assert_int_equal(onym_resolve_reply_encode(&reply, body, sizeof body, &len), ONYM_OK);
        m.body = onym_span_of(body, len);
    }
    assert_int_equal(onym_message_encode(&m, p->reply, sizeof p->reply, &p->reply_len), ONYM_OK);
    return onym_span_of(p->reply, p->reply_len);
}

/* Writes one value into out and gives it as a list. */
static inline struct onym_value_list
play_value(uint8_t *out, size_t cap, uint32_t index, size_t data_len)
{
    static uint8_t data[300000];
    struct onym_value v = {.index = index,
                           .timestamp = EPOCH_S,
                           .ttl = 86400,
                           .permissions = ONYM_PERM_DEFAULT,
                           .type = onym_span_text("URL"),
                           .data = onym_span_of(data, data_len)};
    size_t len = 0;

    for (size_t i = 0; i < data_len; i++) {
        data[i] = (uint8_t)(i * 7 + index);
    }
    assert_int_equal(onym_value_encode(&v, out, cap, &len), ONYM_OK);
    return (struct onym_value_list){.raw = onym_span_of(out, len), .count = 1};
}

/* Packet `sequence` of the reply made last, into out (ONYM_PACKET_LEN_MAX bytes). */
static inline onym_span
play_fragment(const struct play *p, uint32_t sequence, uint8_t *out)
{
    struct onym_envelope e;
    struct onym_packet packet;

    assert_int_equal(onym_envelope_decode(onym_span_of(p->reply, p->reply_len), &e), ONYM_OK);
    onym_packet_at(&e, e.message_len, sequence, &packet);
    packet.envelope[2] &= 0xDFU; /* servers leave the fragment flag out */
    memcpy(out, packet.envelope, ONYM_ENVELOPE_LEN);
    memcpy(out + ONYM_ENVELOPE_LEN, p->reply + ONYM_ENVELOPE_LEN + packet.offset, packet.data_len);
    return onym_span_of(out, ONYM_ENVELOPE_LEN + packet.data_len);
}

static inline const struct onym_client_result *
play_result(struct play *p)
{
    (void)play_expect(p, ONYM_WANT_END);
    return onym_exchange_result(p->x);
}

#endif
