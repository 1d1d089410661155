#include "unit/client/exchange_play.h"

static void
udp_waits_500_1000_1500_ms_then_tcp(void **state)
{
    static const uint64_t wait_ms[] = {500, 1000, 1500};
    struct play p;
    struct onym_wish wish;
    uint32_t first_id;

    (void)state;
    play_begin(&p, 1, ONYM_TRANSPORT_ANY, 0);
    wish = play_ask(&p, 0, ONYM_TRANSPORT_UDP);
    first_id = p.asked.request_id;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(wish.deadline_ms - p.now.ms, wait_ms[i]);
        p.now.ms = wish.deadline_ms - 1;
        assert_int_equal(play_expect(&p, ONYM_WANT_WAIT).deadline_ms, wish.deadline_ms);
        p.now.ms = wish.deadline_ms;
        if (i < 2) {
            (void)play_expect(&p, ONYM_WANT_SEND);
            assert_int_equal(p.asked.request_id, first_id);
            wish = play_expect(&p, ONYM_WANT_WAIT);
        }
    }
    wish = play_ask(&p, 0, ONYM_TRANSPORT_TCP);
    assert_int_equal(wish.deadline_ms - p.now.ms, 5000);
    p.now.ms = wish.deadline_ms;
    assert_int_equal(play_result(&p)->status, ONYM_UNREACHABLE);
    assert_int_equal(play_result(&p)->outcome, ONYM_OUTCOME_UNKNOWN);
    assert_int_equal(play_result(&p)->sent, 4);
    assert_int_equal(play_result(&p)->code, 0);
    play_end(&p);
}

static void
an_answer_to_an_earlier_attempt_counts(void **state)
{
    struct play p;

    (void)state;
    play_begin(&p, 1, ONYM_TRANSPORT_UDP, 0);
    p.now.ms = play_ask(&p, 0, ONYM_TRANSPORT_UDP).deadline_ms;
    (void)play_reply(&p, (struct reply_plan){0});
    (void)play_expect(&p, ONYM_WANT_SEND);
    onym_exchange_datagram(p.x, onym_span_of(p.reply, p.reply_len), p.now);
    assert_int_equal(play_result(&p)->status, ONYM_OK);
    assert_int_equal(play_result(&p)->sent, 2);
    play_end(&p);
}

static void
udp_only_gives_up_after_three_seconds(void **state)
{
    struct play p;
    struct onym_wish wish;

    (void)state;
    play_begin(&p, 1, ONYM_TRANSPORT_UDP, 0);
    (void)play_ask(&p, 0, ONYM_TRANSPORT_UDP);
    p.now.ms = 1000500;
    (void)play_expect(&p, ONYM_WANT_SEND);
    p.now.ms = 1001500;
    (void)play_expect(&p, ONYM_WANT_SEND);
    wish = play_expect(&p, ONYM_WANT_WAIT);
    assert_int_equal(wish.deadline_ms, 1003000);
    p.now.ms = 1003000;
    assert_int_equal(play_result(&p)->status, ONYM_UNREACHABLE);
    play_end(&p);
}

static void
the_whole_question_ends_in_time_whatever_the_legs_do(void **state)
{
    struct play p;
    struct onym_wish wish;

    (void)state;
    play_begin(&p, 16, ONYM_TRANSPORT_TCP, 0);
    for (size_t i = 0; i < 6; i++) {
        (void)play_expect(&p, ONYM_WANT_OPEN);
        wish = play_expect(&p, ONYM_WANT_WAIT);
        assert_int_equal(wish.deadline_ms - p.now.ms, 3000);
        p.now.ms = wish.deadline_ms;
    }
    (void)play_expect(&p, ONYM_WANT_OPEN);
    wish = play_expect(&p, ONYM_WANT_WAIT);
    assert_int_equal(wish.deadline_ms, 1020000);
    p.now.ms = 1019999;
    (void)play_expect(&p, ONYM_WANT_WAIT);
    p.now.ms = 1020000;
    assert_int_equal(play_result(&p)->status, ONYM_UNREACHABLE);
    assert_int_equal(play_result(&p)->sent, 0);
    play_end(&p);
}

static void
a_refused_port_goes_on_at_once(void **state)
{
    struct play p;

    (void)state;
    play_begin(&p, 2, ONYM_TRANSPORT_ANY, 0);
    (void)play_ask(&p, 0, ONYM_TRANSPORT_UDP);
    onym_exchange_lost(p.x, "refused", false, p.now);
    assert_int_equal(play_expect(&p, ONYM_WANT_OPEN).transport, ONYM_TRANSPORT_TCP);
    onym_exchange_lost(p.x, "refused", false, p.now);
    (void)play_ask(&p, 1, ONYM_TRANSPORT_UDP);
    (void)play_reply(&p, (struct reply_plan){0});
    onym_exchange_datagram(p.x, onym_span_of(p.reply, p.reply_len), p.now);
    assert_int_equal(play_result(&p)->status, ONYM_OK);
    assert_int_equal(play_result(&p)->server, 1);
    play_end(&p);
}

static void
a_fault_of_this_machine_is_told_only_when_nothing_else_is_known(void **state)
{
    struct play p;

    (void)state;
    play_begin(&p, 1, ONYM_TRANSPORT_UDP, 0);
    (void)play_expect(&p, ONYM_WANT_OPEN);
    onym_exchange_lost(p.x, "no socket", true, p.now);
    assert_int_equal(play_result(&p)->status, ONYM_IO);
    assert_int_equal(play_result(&p)->outcome, ONYM_OUTCOME_FAILED);
    assert_string_equal(play_result(&p)->detail, "no socket");
    play_end(&p);

    play_begin(&p, 1, ONYM_TRANSPORT_ANY, 0);
    (void)play_ask(&p, 0, ONYM_TRANSPORT_UDP);
    onym_exchange_lost(p.x, "refused", false, p.now);
    (void)play_expect(&p, ONYM_WANT_OPEN);
    onym_exchange_lost(p.x, "no socket", true, p.now);
    assert_int_equal(play_result(&p)->status, ONYM_UNREACHABLE);
    play_end(&p);
}

static void
the_request_is_that_of_the_reference_client(void **state)
{
    struct play p;
    struct onym_wish wish;
    struct onym_message m;
    struct onym_query q;

    (void)state;
    play_begin(&p, 1, ONYM_TRANSPORT_UDP,
               ONYM_FLAG_RECURSE | ONYM_FLAG_CACHE_AUTH | ONYM_FLAG_PUBLIC_ONLY);
    (void)play_expect(&p, ONYM_WANT_OPEN);
    onym_exchange_opened(p.x, p.now);
    wish = play_expect(&p, ONYM_WANT_SEND);
    assert_int_equal(p.asked.version, ONYM_VERSION(2, 11));
    assert_int_equal(p.asked.suggested, ONYM_VERSION(2, 11));
    assert_int_equal(p.asked.flags, 0);
    assert_int_equal(p.asked.sequence, 0);
    assert_int_equal(p.asked.session_id, 0);
    assert_true(p.asked.request_id > 0 && p.asked.request_id <= 0x7FFFFFFF);
    assert_int_equal(onym_message_cut(&p.asked, onym_span_from(wish.bytes, 20), &m), ONYM_OK);
    assert_int_equal(m.header.opcode, ONYM_OP_RESOLVE);
    assert_int_equal(m.header.response_code, 0);
    assert_int_equal(m.header.flags, 0x19000000);
    assert_int_equal(m.header.site_serial, 0xFFFF);
    assert_int_equal(m.header.expiration, EPOCH_S + 43200);
    assert_true(m.has_credential);
    assert_int_equal(m.credential.len, 0);
    assert_int_equal(onym_query_decode(m.body, &q), ONYM_OK);
    assert_true(onym_span_equal(q.name, onym_span_text(NAME)));
    assert_int_equal(q.indexes.count, 0);
    assert_int_equal(q.types.count, 0);
    play_end(&p);
}

static void
a_long_request_is_cut_into_flagged_packets_and_repeated_whole(void **state)
{
    static uint8_t indexes[4 * ONYM_CLIENT_SELECT_MAX];
    struct onym_query query = {
        .name = onym_span_text(NAME),
        .indexes = {.raw = onym_span_of(indexes, sizeof indexes), .count = ONYM_CLIENT_SELECT_MAX}};
    struct play p;
    uint32_t packets = 0;

    (void)state;
    play_begin(&p, 1, ONYM_TRANSPORT_UDP, 0);
    onym_exchange_start(p.x, &query, 0, p.now);
    (void)play_expect(&p, ONYM_WANT_OPEN);
    onym_exchange_opened(p.x, p.now);
    for (int attempt = 0; attempt < 2; attempt++) {
        size_t sum = 0;

        do {
            struct onym_wish wish = play_expect(&p, ONYM_WANT_SEND);

            assert_int_equal(p.asked.sequence, packets % 17);
            assert_int_equal(p.asked.flags, ONYM_ENVELOPE_TRUNCATED);
            sum += wish.bytes.len - ONYM_ENVELOPE_LEN;
            packets++;
        } while (sum < p.asked.message_len);
        assert_int_equal(sum, p.asked.message_len);
        p.now.ms = play_expect(&p, ONYM_WANT_WAIT).deadline_ms;
    }
    assert_int_equal(packets, 34);
    play_end(&p);
}

static void
limits_of_a_query(void **state)
{
    static uint8_t name[ONYM_NAME_LEN_MAX + 1];
    static uint8_t indexes[4 * (ONYM_CLIENT_SELECT_MAX + 1)];
    struct onym_query query = {.name = onym_span_of(name, ONYM_NAME_LEN_MAX)};
    struct play p;

    (void)state;
    memset(name, 'x', sizeof name);
    play_begin(&p, 1, ONYM_TRANSPORT_UDP, 0);
    onym_exchange_start(p.x, &query, 0, p.now);
    (void)play_expect(&p, ONYM_WANT_OPEN);
    query.name.len = ONYM_NAME_LEN_MAX + 1;
    onym_exchange_start(p.x, &query, 0, p.now);
    assert_int_equal(play_result(&p)->status, ONYM_INVALID);
    assert_int_equal(play_result(&p)->outcome, ONYM_OUTCOME_FAILED);
    query.name.len = 0;
    onym_exchange_start(p.x, &query, 0, p.now);
    assert_int_equal(play_result(&p)->status, ONYM_INVALID);
    query.name.len = 1;
    onym_exchange_start(p.x, &query, 0, p.now);
    (void)play_expect(&p, ONYM_WANT_OPEN);
    query.indexes.raw = onym_span_of(indexes, 4 * ONYM_CLIENT_SELECT_MAX);
    query.indexes.count = ONYM_CLIENT_SELECT_MAX;
    onym_exchange_start(p.x, &query, 0, p.now);
    (void)play_expect(&p, ONYM_WANT_OPEN);
    query.indexes.raw.len += 4;
    query.indexes.count += 1;
    onym_exchange_start(p.x, &query, 0, p.now);
    assert_int_equal(play_result(&p)->status, ONYM_INVALID);
    play_end(&p);
}

static void
tcp_waits_for_silence_not_for_the_whole(void **state)
{
    struct play p;
    onym_span reply;

    (void)state;
    play_begin(&p, 1, ONYM_TRANSPORT_TCP, 0);
    (void)play_ask(&p, 0, ONYM_TRANSPORT_TCP);
    reply = play_reply(&p, (struct reply_plan){0});
    p.now.ms += 4999;
    onym_exchange_stream(p.x, onym_span_front(reply, 10), p.now);
    p.now.ms += 4999;
    (void)play_expect(&p, ONYM_WANT_WAIT);
    onym_exchange_stream(p.x, onym_span_from(reply, 10), p.now);
    assert_int_equal(play_result(&p)->status, ONYM_OK);
    play_end(&p);
}

static void
a_connection_cut_short_is_no_answer(void **state)
{
    struct play p;
    onym_span reply;

    (void)state;
    play_begin(&p, 1, ONYM_TRANSPORT_TCP, 0);
    (void)play_ask(&p, 0, ONYM_TRANSPORT_TCP);
    reply = play_reply(&p, (struct reply_plan){0});
    onym_exchange_stream(p.x, onym_span_front(reply, reply.len - 1), p.now);
    (void)play_expect(&p, ONYM_WANT_WAIT);
    onym_exchange_lost(p.x, "closed", false, p.now);
    assert_int_equal(play_result(&p)->status, ONYM_UNREACHABLE);
    assert_string_equal(play_result(&p)->detail, "closed");
    play_end(&p);
}

static void
input_outside_a_wait_changes_nothing(void **state)
{
    struct play p;
    onym_span reply;

    (void)state;
    play_begin(&p, 1, ONYM_TRANSPORT_UDP, 0);
    p.asked.request_id = 1;
    reply = play_reply(&p, (struct reply_plan){0});
    onym_exchange_datagram(p.x, reply, p.now);
    onym_exchange_stream(p.x, reply, p.now);
    (void)play_ask(&p, 0, ONYM_TRANSPORT_UDP);
    onym_exchange_stream(p.x, play_reply(&p, (struct reply_plan){0}), p.now);
    (void)play_expect(&p, ONYM_WANT_WAIT);
    onym_exchange_datagram(p.x, play_reply(&p, (struct reply_plan){0}), p.now);
    assert_int_equal(play_result(&p)->status, ONYM_OK);
    onym_exchange_lost(p.x, "late", false, p.now);
    onym_exchange_datagram(p.x, reply, p.now);
    assert_int_equal(play_result(&p)->status, ONYM_OK);
    play_end(&p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(udp_waits_500_1000_1500_ms_then_tcp),
        cmocka_unit_test(an_answer_to_an_earlier_attempt_counts),
        cmocka_unit_test(udp_only_gives_up_after_three_seconds),
        cmocka_unit_test(the_whole_question_ends_in_time_whatever_the_legs_do),
        cmocka_unit_test(a_refused_port_goes_on_at_once),
        cmocka_unit_test(a_fault_of_this_machine_is_told_only_when_nothing_else_is_known),
        cmocka_unit_test(the_request_is_that_of_the_reference_client),
        cmocka_unit_test(a_long_request_is_cut_into_flagged_packets_and_repeated_whole),
        cmocka_unit_test(limits_of_a_query),
        cmocka_unit_test(tcp_waits_for_silence_not_for_the_whole),
        cmocka_unit_test(a_connection_cut_short_is_no_answer),
        cmocka_unit_test(input_outside_a_wait_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
