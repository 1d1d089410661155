#include "unit/service/fixture.h"

static void
a_large_answer_comes_in_packets_up_to_the_cap(void **state)
{
    struct fixture *f = *state;
    size_t message_len;

    make_resolve(f, "88.1.2/big", FLAGS_USUAL, ONYM_VERSION(2, 11));
    by_udp_from(f, onym_span_of(f->request, f->request_len), false, 1, 64);
    assert_int_equal(code_in(f), 1);
    message_len = onym_get_u32(f->out + 16);
    assert_int_equal(f->packets, (message_len + 491) / 492);
    assert_int_equal(f->out_len, message_len + f->packets * 20U);
    assert_int_equal(f->out[2] & 0x20, 0x20);

    by_udp_from(f, onym_span_of(f->request, f->request_len), false, 1, f->packets);
    assert_int_equal(code_in(f), 1); /* exactly the cap */
    by_udp_from(f, onym_span_of(f->request, f->request_len), false, 1, f->packets - 1);
    assert_int_equal(code_in(f), 3); /* one less */
    assert_int_equal(f->packets, 1);
    assert_true(f->out_len <= f->request_len);
}

static void
packets_join_to_the_answer_of_tcp(void **state)
{
    struct fixture *f = *state;
    uint8_t joined[65536];
    size_t len = 0;

    make_resolve(f, "88.1.2/big", FLAGS_USUAL, ONYM_VERSION(2, 11));
    by_udp_from(f, onym_span_of(f->request, f->request_len), false, 1, 64);
    for (size_t at = 0; at < f->out_len;) {
        size_t data = f->out_len - at > 512 ? 492 : f->out_len - at - 20;

        memcpy(joined + len, f->out + at + 20, data);
        len += data;
        at += 20 + data;
    }
    (void)tcp_answer(f);
    assert_int_equal(len, f->out_len - 20);
    assert_memory_equal(joined, f->out + 20, len);
}

static void
runts_replies_and_broken_envelopes_meet_silence(void **state)
{
    struct fixture *f = *state;

    make_resolve(f, "88.1.2/A", FLAGS_USUAL, ONYM_VERSION(2, 11));
    for (size_t len = 0; len < f->request_len; len++) {
        by_udp_from(f, onym_span_of(f->request, len), false, 1, 16);
        assert_int_equal(f->packets, 0);
    }
    assert_int_equal(f->counters.udp_dropped[ONYM_DROP_RUNT], 44);
    by_udp_from(f, onym_span_of(f->request, f->request_len), true, 1, 16);
    assert_int_equal(f->packets, 0);
    assert_int_equal(f->counters.udp_dropped[ONYM_DROP_OVERSIZE], 1);
    onym_put_u32(f->request + 24, 1); /* a response code: this is a reply */
    by_udp(f);
    assert_int_equal(f->packets, 0);
    assert_int_equal(f->counters.udp_dropped[ONYM_DROP_NOT_A_REQUEST], 1);
}

static void
a_valid_envelope_around_a_broken_body_is_answered_without_gain(void **state)
{
    struct fixture *f = *state;

    make_resolve(f, "88.1.2/A", FLAGS_USUAL, ONYM_VERSION(2, 11));
    onym_put_u32(f->request + 44, 0xFFFFFFFF);
    by_udp(f);
    assert_int_equal(code_in(f), 4);
    assert_true(f->out_len <= f->request_len);
    /* the shortest that has an envelope and a header: no answer fits into its size */
    make(f, 777, FLAGS_USUAL, ONYM_VERSION(2, 11), 0, onym_span_of(NULL, 0));
    by_udp(f);
    assert_int_equal(f->packets, 0);
}

static void
over_the_limit_one_busy_answer_then_silence(void **state)
{
    struct fixture *f = *state;
    unsigned answered = 0;
    unsigned busy = 0;

    onym_admit_init(&f->admit, 1, 1);
    make_resolve(f, "88.1.2/A", FLAGS_USUAL, ONYM_VERSION(2, 11));
    for (unsigned i = 0; i < 100; i++) {
        by_udp(f);
        if (f->packets > 0) {
            answered += code_in(f) == 1;
            busy += code_in(f) == 3;
            assert_true(code_in(f) == 1 || f->out_len <= f->request_len);
        }
    }
    assert_int_equal(answered, 16);
    assert_int_equal(busy, 1);
    assert_int_equal(f->counters.udp_dropped[ONYM_DROP_RATE_LIMITED], 83);
}

static void
requests_are_counted_by_transport_and_code(void **state)
{
    struct fixture *f = *state;

    make_resolve(f, "88.1.2/A", FLAGS_USUAL, ONYM_VERSION(2, 11));
    by_udp(f);
    (void)tcp_answer(f);
    (void)tcp_answer(f);
    make_resolve(f, "99.9/A", FLAGS_USUAL, ONYM_VERSION(2, 11));
    by_udp(f);
    assert_int_equal(f->counters.requests[ONYM_BY_UDP][ONYM_OK], 1);
    assert_int_equal(f->counters.requests[ONYM_BY_TCP][ONYM_OK], 2);
    assert_int_equal(f->counters.requests[ONYM_BY_UDP][ONYM_NOT_RESPONSIBLE], 1);
}

int
main(void)
{
#define WITH_NODE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_NODE(a_large_answer_comes_in_packets_up_to_the_cap),
        WITH_NODE(packets_join_to_the_answer_of_tcp),
        WITH_NODE(runts_replies_and_broken_envelopes_meet_silence),
        WITH_NODE(a_valid_envelope_around_a_broken_body_is_answered_without_gain),
        WITH_NODE(over_the_limit_one_busy_answer_then_silence),
        WITH_NODE(requests_are_counted_by_transport_and_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
