/* Errands when connections, time or replies fail: what is failed, what is unknown, and that nothing
 * is sent twice. */
#include "unit/client/errand_play.h"

static void
a_server_that_cannot_be_reached_gives_way_to_the_next(void **state)
{
    struct play p;

    (void)state;
    play_begin(&p, 3, ONYM_OP_CREATE, true);
    (void)play_expect(&p, ONYM_WANT_OPEN);
    onym_errand_lost(p.x, "refused", false, p.now); /* refused at once */
    p.now.ms = play_expect(&p, ONYM_WANT_OPEN).server == 1
                   ? play_expect(&p, ONYM_WANT_WAIT).deadline_ms
                   : 0;
    assert_int_equal(p.now.ms, 1003000); /* the second is silent */
    (void)play_ask(&p, 2);
    play_challenge(&p);
    (void)play_expect(&p, ONYM_WANT_SEND);
    onym_errand_sent(p.x, p.now);
    play_reply(&p, (struct reply_plan){0});
    assert_int_equal(play_result(&p)->server, 2);
    play_ends(&p, ONYM_OUTCOME_DONE, ONYM_OK);
}

static void
what_was_never_sent_has_failed(void **state)
{
    struct play p;

    (void)state;
    play_begin(&p, 2, ONYM_OP_CREATE, true);
    for (unsigned i = 0; i < 2; i++) {
        (void)play_expect(&p, ONYM_WANT_OPEN);
        onym_errand_lost(p.x, "refused", false, p.now);
    }
    assert_int_equal(play_result(&p)->sent, 0);
    assert_string_equal(play_result(&p)->detail, "refused");
    play_ends(&p, ONYM_OUTCOME_FAILED, ONYM_UNREACHABLE);
}

static void
a_fault_of_this_machine_is_told_only_when_nothing_else_is_known(void **state)
{
    struct play p;

    (void)state;
    play_begin(&p, 1, ONYM_OP_CREATE, true);
    (void)play_expect(&p, ONYM_WANT_OPEN);
    onym_errand_lost(p.x, "no socket", true, p.now);
    play_ends(&p, ONYM_OUTCOME_FAILED, ONYM_IO);

    play_begin(&p, 2, ONYM_OP_CREATE, true);
    (void)play_expect(&p, ONYM_WANT_OPEN);
    onym_errand_lost(p.x, "refused", false, p.now);
    (void)play_expect(&p, ONYM_WANT_OPEN);
    onym_errand_lost(p.x, "no socket", true, p.now);
    play_ends(&p, ONYM_OUTCOME_FAILED, ONYM_UNREACHABLE);

    play_begin(&p, 2, ONYM_OP_CREATE, true);
    (void)play_expect(&p, ONYM_WANT_OPEN);
    onym_errand_lost(p.x, "no socket", true, p.now);
    (void)play_expect(&p, ONYM_WANT_OPEN);
    onym_errand_lost(p.x, "refused", false, p.now);
    assert_string_equal(play_result(&p)->detail, "refused");
    play_ends(&p, ONYM_OUTCOME_FAILED, ONYM_UNREACHABLE);
}

static void
a_request_partly_sent_cannot_have_arrived(void **state)
{
    struct play p;

    (void)state;
    play_begin(&p, 2, ONYM_OP_CREATE, true);
    play_send(&p, 0);
    onym_errand_lost(p.x, "reset", false, p.now);
    play_send(&p, 1);
    p.now.ms = play_expect(&p, ONYM_WANT_WAIT).deadline_ms;
    play_ends(&p, ONYM_OUTCOME_FAILED, ONYM_UNREACHABLE);
}

static void
a_change_sent_and_lost_is_unknown_and_asked_of_nobody_else(void **state)
{
    static const uint32_t changes[] = {
        ONYM_OP_CREATE,        ONYM_OP_DELETE,      ONYM_OP_ADD_VALUES,   ONYM_OP_REMOVE_VALUES,
        ONYM_OP_MODIFY_VALUES, ONYM_OP_HOME_PREFIX, ONYM_OP_UNHOME_PREFIX};

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct play p;

        play_begin(&p, 2, changes[i], true);
        (void)play_ask(&p, 0);
        onym_errand_lost(p.x, "closed", false, p.now);
        assert_int_equal(play_result(&p)->sent, 1);
        play_ends(&p, ONYM_OUTCOME_UNKNOWN, ONYM_UNCERTAIN);

        play_begin(&p, 2, changes[i], true);
        p.now.ms = play_ask(&p, 0).deadline_ms;
        assert_int_equal(p.now.ms, 1005000);
        play_ends(&p, ONYM_OUTCOME_UNKNOWN, ONYM_UNCERTAIN);
    }
}

static void
an_answer_sent_and_lost_is_unknown_for_a_change(void **state)
{
    struct play p;

    (void)state;
    play_begin(&p, 2, ONYM_OP_CREATE, true);
    play_answer(&p);
    onym_errand_lost(p.x, "closed", false, p.now);
    assert_int_equal(play_result(&p)->sent, 2);
    play_ends(&p, ONYM_OUTCOME_UNKNOWN, ONYM_UNCERTAIN);

    play_begin(&p, 2, ONYM_OP_CREATE, true);
    play_answer(&p);
    p.now.ms += 5000;
    play_ends(&p, ONYM_OUTCOME_UNKNOWN, ONYM_UNCERTAIN);

    /* a fault of this machine changes nothing about it */
    play_begin(&p, 1, ONYM_OP_CREATE, true);
    play_answer(&p);
    onym_errand_lost(p.x, "no socket", true, p.now);
    play_ends(&p, ONYM_OUTCOME_UNKNOWN, ONYM_UNCERTAIN);
}

static void
between_challenge_and_answer_nothing_has_happened(void **state)
{
    struct play p;

    (void)state;
    /* the new connection for the answer is refused */
    play_begin(&p, 2, ONYM_OP_CREATE, true);
    (void)play_ask(&p, 0);
    play_challenge(&p);
    onym_errand_lost(p.x, "closed", false, p.now);
    assert_int_equal(play_expect(&p, ONYM_WANT_OPEN).server, 0);
    onym_errand_lost(p.x, "refused", false, p.now);
    assert_string_equal(play_result(&p)->detail, "refused");
    play_ends(&p, ONYM_OUTCOME_FAILED, ONYM_UNREACHABLE);

    /* it is never made */
    play_begin(&p, 2, ONYM_OP_CREATE, true);
    (void)play_ask(&p, 0);
    play_challenge(&p);
    onym_errand_lost(p.x, "closed", false, p.now);
    (void)play_expect(&p, ONYM_WANT_OPEN);
    p.now.ms = play_expect(&p, ONYM_WANT_WAIT).deadline_ms;
    play_ends(&p, ONYM_OUTCOME_FAILED, ONYM_UNREACHABLE);

    /* the answer goes out in part only */
    play_begin(&p, 2, ONYM_OP_CREATE, true);
    (void)play_ask(&p, 0);
    play_challenge(&p);
    (void)play_expect(&p, ONYM_WANT_SEND);
    onym_errand_lost(p.x, "reset", false, p.now);
    play_ends(&p, ONYM_OUTCOME_FAILED, ONYM_UNREACHABLE);
}

static void
the_whole_errand_ends_in_time(void **state)
{
    struct play p;

    (void)state;
    play_begin(&p, 1, ONYM_OP_CREATE, true);
    (void)play_ask(&p, 0);
    for (unsigned i = 0; i < 4; i++) { /* bytes of another reply keep the connection alive */
        p.now.ms += 4900;
        play_reply(&p, (struct reply_plan){.request_id_add = 1});
        (void)play_expect(&p, ONYM_WANT_WAIT);
    }
    p.now.ms = 1019999;
    assert_int_equal(play_expect(&p, ONYM_WANT_WAIT).deadline_ms, 1020000);
    p.now.ms = 1020000;
    play_ends(&p, ONYM_OUTCOME_UNKNOWN, ONYM_UNCERTAIN);

    play_begin(&p, 16, ONYM_OP_CREATE, true);
    for (unsigned i = 0; i < 6; i++) {
        (void)play_expect(&p, ONYM_WANT_OPEN);
        p.now.ms = play_expect(&p, ONYM_WANT_WAIT).deadline_ms;
    }
    (void)play_expect(&p, ONYM_WANT_OPEN);
    p.now.ms = play_expect(&p, ONYM_WANT_WAIT).deadline_ms;
    assert_int_equal(p.now.ms, 1020000);
    play_ends(&p, ONYM_OUTCOME_FAILED, ONYM_UNREACHABLE);
}

static void
reads_go_on_to_the_next_server_and_are_never_uncertain(void **state)
{
    struct play p;

    (void)state;
    play_begin(&p, 2, ONYM_OP_RESOLVE, true);
    (void)play_ask(&p, 0);
    onym_errand_lost(p.x, "closed", false, p.now);
    p.now.ms = play_ask(&p, 1).deadline_ms;
    play_ends(&p, ONYM_OUTCOME_UNKNOWN, ONYM_UNREACHABLE);

    play_begin(&p, 1, ONYM_OP_LIST_HANDLES, true);
    play_answer(&p);
    onym_errand_lost(p.x, "closed", false, p.now);
    play_ends(&p, ONYM_OUTCOME_UNKNOWN, ONYM_UNREACHABLE);
}

static void
a_list_that_breaks_off_is_not_begun_again(void **state)
{
    static const uint8_t part[] = {0, 0, 0, 1, 0, 0, 0, 3, 'a', '/', 'b'};
    struct play p;

    (void)state;
    play_begin(&p, 2, ONYM_OP_LIST_HANDLES, true);
    (void)play_ask(&p, 0);
    play_reply(&p, (struct reply_plan){.flags = ONYM_FLAG_CONTINUOUS,
                                       .body = onym_span_of(part, sizeof part)});
    onym_errand_lost(p.x, "closed", false, p.now);
    assert_int_equal(play_result(&p)->listed, 1);
    play_ends(&p, ONYM_OUTCOME_UNKNOWN, ONYM_UNREACHABLE);
}

/* ---- replies not to be believed ---- */

static void
a_challenge_about_another_request_is_not_answered(void **state)
{
    static const struct reply_plan plans[] = {
        {.code = 402, .session_id = CHALLENGE_ID, .wrong_digest = true},
        {.code = 402, .session_id = CHALLENGE_ID, .no_digest = true},
        {.code = 402, .session_id = CHALLENGE_ID, .expires_in = -1},
        {.code = 402, .session_id = 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        struct reply_plan plan = plans[i];
        struct play p;

        plan.body = play_nonce(16);
        play_begin(&p, 2, ONYM_OP_CREATE, true);
        (void)play_ask(&p, 0);
        play_reply(&p, plan);
        assert_int_equal(play_result(&p)->sent, 1);
        assert_false(onym_errand_challenge(p.x)->answered);
        play_ends(&p, ONYM_OUTCOME_FAILED, ONYM_MALFORMED);
    }
}

static void
a_nonce_has_8_to_64_bytes(void **state)
{
    static const struct {
        size_t len;
        bool fine;
    } lens[] = {{0, false}, {7, false}, {8, true}, {16, true}, {64, true}, {65, false}};

    (void)state;
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        struct play p;

        play_begin(&p, 1, ONYM_OP_CREATE, true);
        (void)play_ask(&p, 0);
        play_reply(&p, (struct reply_plan){.code = 402,
                                           .session_id = CHALLENGE_ID,
                                           .body = play_nonce(lens[i].len)});
        if (lens[i].fine) {
            (void)play_expect(&p, ONYM_WANT_SEND);
            play_end(&p);
        } else {
            play_ends(&p, ONYM_OUTCOME_FAILED, ONYM_MALFORMED);
        }
    }
}

static void
a_reply_that_cannot_be_believed_leaves_a_change_unknown(void **state)
{
    static const struct reply_plan plans[] = {
        {.wrong_digest = true},
        {.expires_in = -1},
        {.opcode = ONYM_OP_DELETE},
        {.code = 101, .wrong_digest = true, .body = {NULL, 0}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        struct play p;

        play_begin(&p, 2, ONYM_OP_CREATE, true);
        play_answer(&p);
        play_reply(&p, plans[i]);
        assert_int_equal(play_result(&p)->sent, 2);
        play_ends(&p, ONYM_OUTCOME_UNKNOWN, ONYM_UNCERTAIN);
    }
}

static void
bytes_that_are_no_message_leave_a_change_unknown_and_fail_a_read(void **state)
{
    static const uint8_t noise[ONYM_ENVELOPE_LEN] = {2, 11, 2, 11, [16] = 0xFF, 0xFF, 0xFF, 0xFF};
    struct play p;

    (void)state;
    play_begin(&p, 1, ONYM_OP_CREATE, true);
    play_answer(&p);
    onym_errand_stream(p.x, onym_span_of(noise, sizeof noise), p.now);
    play_ends(&p, ONYM_OUTCOME_UNKNOWN, ONYM_UNCERTAIN);

    play_begin(&p, 1, ONYM_OP_LIST_HANDLES, true);
    play_answer(&p);
    onym_errand_stream(p.x, onym_span_of(noise, sizeof noise), p.now);
    play_ends(&p, ONYM_OUTCOME_FAILED, ONYM_MALFORMED);

    play_begin(&p, 1, ONYM_OP_LIST_HANDLES, true);
    play_answer(&p);
    play_reply(&p, (struct reply_plan){.body = onym_span_of("\0\0\0\5", 4)});
    play_ends(&p, ONYM_OUTCOME_FAILED, ONYM_MALFORMED);
}

static void
replies_to_other_requests_are_passed_over(void **state)
{
    struct play p;

    (void)state;
    play_begin(&p, 1, ONYM_OP_CREATE, true);
    play_answer(&p);
    play_reply(&p, (struct reply_plan){.request_id_add = 1, .code = 400});
    (void)play_expect(&p, ONYM_WANT_WAIT);
    play_reply(&p, (struct reply_plan){0});
    play_ends(&p, ONYM_OUTCOME_DONE, ONYM_OK);
}

static void
a_reply_cut_anywhere_is_understood(void **state)
{
    struct play p;
    uint8_t whole[512];
    size_t len;

    (void)state;
    play_begin(&p, 1, ONYM_OP_CREATE, true);
    play_answer(&p);
    /* fed under another id first, only to have it made */
    play_reply(&p, (struct reply_plan){.request_id_add = 1});
    len = p.reply_len;
    assert_true(len <= sizeof whole);
    memcpy(whole, p.reply, len);
    onym_put_u32(whole + 8, p.asked.envelope.request_id);
    for (size_t i = 0; i < len; i++) {
        (void)play_expect(&p, ONYM_WANT_WAIT);
        onym_errand_stream(p.x, onym_span_of(whole + i, 1), p.now);
    }
    play_ends(&p, ONYM_OUTCOME_DONE, ONYM_OK);
}

static void
a_server_for_udp_alone_cannot_be_asked(void **state)
{
    struct play p;
    struct onym_errand_order order = {.opcode = ONYM_OP_DELETE};

    (void)state;
    play_begin(&p, 2, ONYM_OP_DELETE, true);
    onym_errand_free(p.x);
    p.servers[0].transport = p.servers[1].transport = ONYM_TRANSPORT_UDP;
    assert_int_equal(onym_errand_new(&p.options, onym_rng_seeded(7), &p.x), ONYM_OK);
    onym_errand_start(p.x, &order, p.now);
    assert_int_equal(play_result(&p)->status, ONYM_INVALID);
    onym_errand_free(p.x);
    p.servers[1].transport = ONYM_TRANSPORT_TCP;
    assert_int_equal(onym_errand_new(&p.options, onym_rng_seeded(7), &p.x), ONYM_OK);
    onym_errand_start(p.x, &order, p.now);
    assert_int_equal(play_expect(&p, ONYM_WANT_OPEN).server, 1);
    play_end(&p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_that_cannot_be_reached_gives_way_to_the_next),
        cmocka_unit_test(what_was_never_sent_has_failed),
        cmocka_unit_test(a_fault_of_this_machine_is_told_only_when_nothing_else_is_known),
        cmocka_unit_test(a_request_partly_sent_cannot_have_arrived),
        cmocka_unit_test(a_change_sent_and_lost_is_unknown_and_asked_of_nobody_else),
        cmocka_unit_test(an_answer_sent_and_lost_is_unknown_for_a_change),
        cmocka_unit_test(between_challenge_and_answer_nothing_has_happened),
        cmocka_unit_test(the_whole_errand_ends_in_time),
        cmocka_unit_test(reads_go_on_to_the_next_server_and_are_never_uncertain),
        cmocka_unit_test(a_list_that_breaks_off_is_not_begun_again),
        cmocka_unit_test(a_challenge_about_another_request_is_not_answered),
        cmocka_unit_test(a_nonce_has_8_to_64_bytes),
        cmocka_unit_test(a_reply_that_cannot_be_believed_leaves_a_change_unknown),
        cmocka_unit_test(bytes_that_are_no_message_leave_a_change_unknown_and_fail_a_read),
        cmocka_unit_test(replies_to_other_requests_are_passed_over),
        cmocka_unit_test(a_reply_cut_anywhere_is_understood),
        cmocka_unit_test(a_server_for_udp_alone_cannot_be_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
