#include "unit/client/exchange_play.h"

static struct onym_client_result
answer_over(enum onym_transport transport, uint32_t flags, struct reply_plan plan)
{
    struct play *p = malloc(sizeof *p);
    struct onym_client_result result;
    onym_span reply;

    assert_non_null(p);
    play_begin(p, 1, transport, flags);
    (void)play_ask(p, 0, transport);
    reply = play_reply(p, plan);
    if (transport == ONYM_TRANSPORT_UDP) {
        onym_exchange_datagram(p->x, reply, p->now);
    } else {
        onym_exchange_stream(p->x, reply, p->now);
    }
    result = *play_result(p);
    /* the spans die with the exchange */
    result.name = result.text = result.values.raw = onym_span_of(NULL, 0);
    play_end(p);
    free(p);
    return result;
}

static void
a_success_is_described(void **state)
{
    static const uint8_t credential[] = {1, 2, 3};
    uint8_t bytes[200];
    struct onym_value_list values = play_value(bytes, sizeof bytes, 3, 10);
    struct play p;
    const struct onym_client_result *r;

    (void)state;
    play_begin(&p, 1, ONYM_TRANSPORT_UDP, 0);
    (void)play_ask(&p, 0, ONYM_TRANSPORT_UDP);
    onym_exchange_datagram(
        p.x,
        play_reply(&p, (struct reply_plan){.flags = ONYM_FLAG_AUTHORITATIVE,
                                           .values = values,
                                           .credential = onym_span_of(credential, 3)}),
        p.now);
    r = play_result(&p);
    assert_int_equal(r->outcome, ONYM_OUTCOME_DONE);
    assert_int_equal(r->status, ONYM_OK);
    assert_int_equal(r->code, 1);
    assert_true(onym_span_equal(r->name, onym_span_text(NAME)));
    assert_int_equal(r->values.count, 1);
    assert_true(onym_span_equal(r->values.raw, values.raw));
    assert_true(r->authoritative);
    assert_true(r->is_signed);
    assert_int_equal(r->site_serial, 5);
    assert_int_equal(r->expiration, EPOCH_S + 43200);
    assert_int_equal(r->packets, 1);
    assert_int_equal(r->bytes, p.reply_len);
    assert_int_equal(r->version, ONYM_VERSION_OWN);
    play_end(&p);
}

static void
replies_to_others_are_ignored(void **state)
{
    struct play p;

    (void)state;
    play_begin(&p, 1, ONYM_TRANSPORT_UDP, 0);
    (void)play_ask(&p, 0, ONYM_TRANSPORT_UDP);
    onym_exchange_datagram(p.x, play_reply(&p, (struct reply_plan){.request_id_add = 1}), p.now);
    (void)play_expect(&p, ONYM_WANT_WAIT);
    onym_exchange_datagram(p.x, onym_span_of("short", 5), p.now);
    (void)play_expect(&p, ONYM_WANT_WAIT);
    onym_exchange_datagram(p.x, play_reply(&p, (struct reply_plan){.code = 100}), p.now);
    assert_int_equal(play_result(&p)->status, ONYM_NOT_FOUND);
    play_end(&p);

    play_begin(&p, 1, ONYM_TRANSPORT_TCP, 0);
    (void)play_ask(&p, 0, ONYM_TRANSPORT_TCP);
    onym_exchange_stream(p.x, play_reply(&p, (struct reply_plan){.request_id_add = 1}), p.now);
    (void)play_expect(&p, ONYM_WANT_WAIT);
    onym_exchange_stream(p.x, play_reply(&p, (struct reply_plan){.code = 200}), p.now);
    assert_int_equal(play_result(&p)->status, ONYM_VALUE_NOT_FOUND);
    play_end(&p);
}

static void
expired_replies_are_refused_from_the_first_second(void **state)
{
    struct onym_client_result r;
    struct play p;

    (void)state;
    r = answer_over(ONYM_TRANSPORT_UDP, 0, (struct reply_plan){.expires_in = -1});
    assert_int_equal(r.status, ONYM_MALFORMED);
    assert_int_equal(r.outcome, ONYM_OUTCOME_FAILED);
    assert_non_null(strstr(r.detail, "expired"));
    r = answer_over(ONYM_TRANSPORT_TCP, 0, (struct reply_plan){.expires_in = -1});
    assert_int_equal(r.status, ONYM_MALFORMED);

    /* in this very second it still holds */
    play_begin(&p, 1, ONYM_TRANSPORT_UDP, 0);
    (void)play_ask(&p, 0, ONYM_TRANSPORT_UDP);
    (void)play_reply(&p, (struct reply_plan){.expires_in = 1});
    p.now.epoch_s += 1;
    onym_exchange_datagram(p.x, onym_span_of(p.reply, p.reply_len), p.now);
    assert_int_equal(play_result(&p)->status, ONYM_OK);
    play_end(&p);
}

static void
a_repeat_forgets_the_fragments_before_it(void **state)
{
    uint8_t bytes[1100];
    uint8_t packet[ONYM_PACKET_LEN_MAX];
    struct play p;

    (void)state;
    play_begin(&p, 1, ONYM_TRANSPORT_UDP, 0);
    p.now.ms = play_ask(&p, 0, ONYM_TRANSPORT_UDP).deadline_ms;
    (void)play_reply(&p, (struct reply_plan){.values = play_value(bytes, sizeof bytes, 1, 600)});
    p.now.ms--;
    onym_exchange_datagram(p.x, play_fragment(&p, 0, packet), p.now);
    p.now.ms++;
    (void)play_expect(&p, ONYM_WANT_SEND);
    onym_exchange_datagram(p.x, play_fragment(&p, 1, packet), p.now);
    (void)play_expect(&p, ONYM_WANT_WAIT);
    onym_exchange_datagram(p.x, play_fragment(&p, 0, packet), p.now);
    assert_int_equal(play_result(&p)->status, ONYM_OK);
    assert_int_equal(play_result(&p)->packets, 2);
    play_end(&p);
}

static void
a_refused_reply_over_udp_goes_to_tcp(void **state)
{
    struct play p;

    (void)state;
    play_begin(&p, 1, ONYM_TRANSPORT_ANY, 0);
    (void)play_ask(&p, 0, ONYM_TRANSPORT_UDP);
    onym_exchange_datagram(p.x, play_reply(&p, (struct reply_plan){.expires_in = -1}), p.now);
    (void)play_ask(&p, 0, ONYM_TRANSPORT_TCP);
    onym_exchange_stream(p.x, play_reply(&p, (struct reply_plan){0}), p.now);
    assert_int_equal(play_result(&p)->status, ONYM_OK);
    assert_int_equal(play_result(&p)->transport, ONYM_TRANSPORT_TCP);
    play_end(&p);
}

static void
busy_over_udp_goes_to_tcp_and_counts_when_alone(void **state)
{
    struct play p;

    (void)state;
    play_begin(&p, 1, ONYM_TRANSPORT_ANY, 0);
    (void)play_ask(&p, 0, ONYM_TRANSPORT_UDP);
    onym_exchange_datagram(p.x, play_reply(&p, (struct reply_plan){.code = 3}), p.now);
    assert_int_equal(play_expect(&p, ONYM_WANT_OPEN).transport, ONYM_TRANSPORT_TCP);
    onym_exchange_lost(p.x, "refused", false, p.now);
    assert_int_equal(play_result(&p)->status, ONYM_BUSY);
    assert_int_equal(play_result(&p)->code, 3);
    assert_int_equal(play_result(&p)->outcome, ONYM_OUTCOME_DONE);
    play_end(&p);
    assert_int_equal(answer_over(ONYM_TRANSPORT_UDP, 0, (struct reply_plan){.code = 3}).status,
                     ONYM_BUSY);
}

static void
every_code_of_the_list_comes_through(void **state)
{
#define WIRE(name, wire, http, facade, text) wire,
    static const uint32_t codes[] = {ONYM_STATUS_MAP(WIRE)};
#undef WIRE
    static const uint8_t text[] = {0, 0, 0, 2, 'n', 'o'};

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct onym_client_result r;

        if (codes[i] == 1 || codes[i] == 302 || codes[i] == 303) {
            continue;
        }
        r = answer_over(ONYM_TRANSPORT_TCP, 0,
                        (struct reply_plan){.code = codes[i], .body = onym_span_of(text, 6)});
        assert_int_equal(r.code, codes[i]);
        assert_int_equal(r.status, onym_status_from_wire(codes[i]));
        assert_int_equal(r.outcome, ONYM_OUTCOME_DONE);
    }
    assert_int_equal(answer_over(ONYM_TRANSPORT_UDP, 0, (struct reply_plan){.code = 777}).status,
                     ONYM_ERROR);
}

static void
the_error_text_is_handed_on(void **state)
{
    static const uint8_t text[] = {0, 0, 0, 2, 'n', 'o'};
    struct play p;

    (void)state;
    play_begin(&p, 1, ONYM_TRANSPORT_UDP, 0);
    (void)play_ask(&p, 0, ONYM_TRANSPORT_UDP);
    onym_exchange_datagram(
        p.x, play_reply(&p, (struct reply_plan){.code = 2, .body = onym_span_of(text, 6)}), p.now);
    assert_true(onym_span_equal(play_result(&p)->text, onym_span_text("no")));
    play_end(&p);
}

static void
referrals_carry_their_values(void **state)
{
    uint8_t bytes[100];
    uint8_t body[200];
    struct onym_referral_reply referral = {.name = onym_span_text("0.NA/88.300"),
                                           .has_values = true,
                                           .values = play_value(bytes, sizeof bytes, 2, 5)};
    struct play p;
    size_t len = 0;

    (void)state;
    for (uint32_t code = 302; code <= 303; code++) {
        assert_int_equal(onym_referral_reply_encode(&referral, body, sizeof body, &len), ONYM_OK);
        play_begin(&p, 1, ONYM_TRANSPORT_UDP, 0);
        (void)play_ask(&p, 0, ONYM_TRANSPORT_UDP);
        onym_exchange_datagram(
            p.x, play_reply(&p, (struct reply_plan){.code = code, .body = onym_span_of(body, len)}),
            p.now);
        assert_int_equal(play_result(&p)->status,
                         code == 302 ? ONYM_SERVICE_REFERRAL : ONYM_PREFIX_REFERRAL);
        assert_true(onym_span_equal(play_result(&p)->name, referral.name));
        assert_int_equal(play_result(&p)->values.count, 1);
        play_end(&p);
        assert_int_equal(
            answer_over(ONYM_TRANSPORT_UDP, 0,
                        (struct reply_plan){.code = code, .body = onym_span_of(body, len - 1)})
                .status,
            ONYM_MALFORMED);
    }
}

/* The digest of the request that play_ask sends with these flags. */
static onym_span
request_digest(struct play *p, enum onym_digest method, uint8_t code, uint8_t *body)
{
    struct onym_digester *d = NULL;
    struct onym_wish wish;
    onym_span covered;
    size_t len;

    (void)play_expect(p, ONYM_WANT_OPEN);
    onym_exchange_opened(p->x, p->now);
    wish = play_expect(p, ONYM_WANT_SEND);
    covered = onym_span_of(wish.bytes.at + ONYM_ENVELOPE_LEN,
                           wish.bytes.len - ONYM_ENVELOPE_LEN - 4);
    assert_int_equal(onym_digester_new(&d), ONYM_OK);
    body[0] = code;
    len = 1 + onym_digest(d, method, &covered, 1, body + 1);
    onym_digester_free(d);
    memset(body + len, 0, 4); /* H */
    body[len + 3] = 1;
    body[len + 4] = 'x';
    memset(body + len + 5, 0, 4); /* no values */
    return onym_span_of(body, len + 9);
}

static void
a_request_digest_must_be_right(void **state)
{
    static const enum onym_digest method[] = {ONYM_MD5, ONYM_SHA1, ONYM_SHA256};
    uint8_t body[64];
    struct play p;

    (void)state;
    for (uint8_t i = 0; i < 3; i++) {
        for (int broken = 0; broken < 2; broken++) {
            struct reply_plan plan = {.flags = ONYM_FLAG_REQUEST_DIGEST};

            play_begin(&p, 1, ONYM_TRANSPORT_UDP, ONYM_FLAG_REQUEST_DIGEST);
            plan.body = request_digest(&p, method[i], (uint8_t)(i + 1), body);
            body[5] ^= (uint8_t)broken;
            onym_exchange_datagram(p.x, play_reply(&p, plan), p.now);
            assert_int_equal(play_result(&p)->status, broken == 0 ? ONYM_OK : ONYM_MALFORMED);
            play_end(&p);
        }
    }
    /* asked for and left out */
    assert_int_equal(
        answer_over(ONYM_TRANSPORT_UDP, ONYM_FLAG_REQUEST_DIGEST, (struct reply_plan){0}).status,
        ONYM_MALFORMED);
}

static void
replies_that_do_not_decode_are_refused(void **state)
{
    static const uint8_t body[] = {0, 0, 0, 9, 'x'};
    static const struct reply_plan plans[] = {
        {.body = {body, sizeof body}},
        {.opcode_add = 1},
        {.envelope_flags = ONYM_ENVELOPE_ENCRYPTED},
        {.envelope_flags = ONYM_ENVELOPE_COMPRESSED},
        {.flags = ONYM_FLAG_REQUEST_DIGEST, .body = {body, sizeof body}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        struct onym_client_result r = answer_over(ONYM_TRANSPORT_UDP, 0, plans[i]);

        assert_int_equal(r.status, ONYM_MALFORMED);
        assert_int_equal(r.outcome, ONYM_OUTCOME_FAILED);
        assert_int_equal(answer_over(ONYM_TRANSPORT_TCP, 0, plans[i]).status, ONYM_MALFORMED);
    }
}

static void
parts_over_tcp_become_one_list(void **state)
{
    uint8_t bytes[3][100];
    struct play p;
    const struct onym_client_result *r;
    onym_span cursor;
    struct onym_value v;

    (void)state;
    play_begin(&p, 1, ONYM_TRANSPORT_TCP, 0);
    (void)play_ask(&p, 0, ONYM_TRANSPORT_TCP);
    for (uint32_t i = 0; i < 3; i++) {
        onym_span reply = play_reply(
            &p, (struct reply_plan){.flags = i < 2 ? ONYM_FLAG_CONTINUOUS : 0,
                                    .values = play_value(bytes[i], 100, i + 1, 5)});

        (void)play_expect(&p, ONYM_WANT_WAIT);
        for (size_t at = 0; at < reply.len; at++) {
            onym_exchange_stream(p.x, onym_span_front(onym_span_from(reply, at), 1), p.now);
        }
    }
    r = play_result(&p);
    assert_int_equal(r->status, ONYM_OK);
    assert_int_equal(r->values.count, 3);
    assert_int_equal(r->packets, 3);
    cursor = r->values.raw;
    for (uint32_t i = 1; i <= 3; i++) {
        assert_true(onym_value_next(&cursor, &v));
        assert_int_equal(v.index, i);
    }
    assert_false(onym_value_next(&cursor, &v));
    play_end(&p);
}

static void
parts_over_udp_are_asked_for_again_over_tcp(void **state)
{
    struct play p;

    (void)state;
    play_begin(&p, 1, ONYM_TRANSPORT_ANY, 0);
    (void)play_ask(&p, 0, ONYM_TRANSPORT_UDP);
    onym_exchange_datagram(p.x, play_reply(&p, (struct reply_plan){.flags = ONYM_FLAG_CONTINUOUS}),
                           p.now);
    assert_int_equal(play_expect(&p, ONYM_WANT_OPEN).transport, ONYM_TRANSPORT_TCP);
    play_end(&p);
}

/* Sends values of data_len bytes in parts until `parts` are sent, the last without CN. */
static enum onym_status
send_parts(uint32_t parts, size_t data_len)
{
    static uint8_t bytes[300100];
    struct play *p = malloc(sizeof *p);
    enum onym_status status;

    assert_non_null(p);
    play_begin(p, 1, ONYM_TRANSPORT_TCP, 0);
    (void)play_ask(p, 0, ONYM_TRANSPORT_TCP);
    for (uint32_t i = 0; i < parts; i++) {
        onym_exchange_stream(
            p->x,
            play_reply(
                p, (struct reply_plan){.flags = i + 1 < parts ? ONYM_FLAG_CONTINUOUS : 0,
                                       .values = play_value(bytes, sizeof bytes, i + 1, data_len)}),
            p->now);
    }
    status = play_result(p)->status;
    play_end(p);
    free(p);
    return status;
}

static void
parts_are_bounded_together(void **state)
{
    (void)state;
    /* a value takes 29 bytes and its data */
    assert_int_equal(send_parts(8, 131072 - 29), ONYM_OK); /* 8 x 128 KiB is the limit exactly */
    assert_int_equal(send_parts(9, 131072 - 29), ONYM_MALFORMED);
    assert_int_equal(send_parts(ONYM_VALUES_MAX, 1), ONYM_OK);
    assert_int_equal(send_parts(ONYM_VALUES_MAX + 1, 1), ONYM_MALFORMED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_success_is_described),
        cmocka_unit_test(replies_to_others_are_ignored),
        cmocka_unit_test(expired_replies_are_refused_from_the_first_second),
        cmocka_unit_test(a_repeat_forgets_the_fragments_before_it),
        cmocka_unit_test(a_refused_reply_over_udp_goes_to_tcp),
        cmocka_unit_test(busy_over_udp_goes_to_tcp_and_counts_when_alone),
        cmocka_unit_test(every_code_of_the_list_comes_through),
        cmocka_unit_test(the_error_text_is_handed_on),
        cmocka_unit_test(referrals_carry_their_values),
        cmocka_unit_test(a_request_digest_must_be_right),
        cmocka_unit_test(replies_that_do_not_decode_are_refused),
        cmocka_unit_test(parts_over_tcp_become_one_list),
        cmocka_unit_test(parts_over_udp_are_asked_for_again_over_tcp),
        cmocka_unit_test(parts_are_bounded_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
