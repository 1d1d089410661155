/* Errands with a server that answers: what is sent, proven, and made of replies. */
#include "unit/client/errand_play.h"

static void
a_change_is_proven_and_done(void **state)
{
    struct onym_auth_policy policy = ONYM_AUTH_POLICY_DEFAULT;
    struct onym_challenge_answer answer;
    struct onym_challenged about = {.version = ONYM_VERSION_OWN};
    struct play p;
    onym_span body;
    uint32_t first_id;

    (void)state;
    play_begin(&p, 1, ONYM_OP_DELETE, true);
    (void)play_ask(&p, 0);
    assert_int_equal(p.asked.header.opcode, ONYM_OP_DELETE);
    assert_int_equal(p.asked.header.response_code, 0);
    assert_int_equal(p.asked.header.expiration, EPOCH_S + 43200);
    assert_int_equal(p.asked.envelope.session_id, 0);
    assert_true(p.asked.envelope.request_id > 0 && p.asked.envelope.request_id < 0x80000000U);
    assert_int_equal(p.asked.credential.len, 0);
    first_id = p.asked.envelope.request_id;
    play_challenge(&p);
    (void)play_expect(&p, ONYM_WANT_SEND);
    assert_int_equal(p.asked.header.opcode, ONYM_OP_CHALLENGE_ANSWER);
    assert_int_equal(p.asked.envelope.session_id, CHALLENGE_ID);
    assert_int_not_equal(p.asked.envelope.request_id, first_id);
    body = p.asked.body;
    assert_int_equal(onym_challenge_answer_decode(&body, &answer), ONYM_OK);
    assert_true(onym_span_equal(answer.type, onym_span_text("HS_SECKEY")));
    assert_true(onym_span_equal(answer.user, onym_span_text(USER)));
    assert_int_equal(answer.index, 301);
    about.nonce = onym_span_from(play_nonce(16), 4);
    about.digest = onym_span_of(p.first_digest, 32);
    assert_int_equal(
        onym_secret_answer_verify(onym_span_text(SECRET), &about, answer.answer, &policy), ONYM_OK);
    onym_errand_sent(p.x, p.now);
    (void)play_expect(&p, ONYM_WANT_WAIT);
    play_reply(&p, (struct reply_plan){0});
    assert_int_equal(play_result(&p)->sent, 2);
    assert_int_equal(play_result(&p)->code, 1);
    play_ends(&p, ONYM_OUTCOME_DONE, ONYM_OK);
}

static void
a_private_key_proves_too(void **state)
{
    struct onym_auth_policy policy = ONYM_AUTH_POLICY_DEFAULT;
    struct onym_client_identity identity = {.handle = onym_span_text(USER), .index = 300};
    struct onym_challenged about = {.version = ONYM_VERSION_OWN, .user = onym_span_text(USER)};
    static const enum onym_key_family families[] = {ONYM_FAMILY_EC, ONYM_FAMILY_SM2};
    struct onym_challenge_answer answer;
    uint8_t pem[ONYM_KEY_PEM_LEN_MAX];
    size_t pem_len = 0;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct onym_key *key = NULL;
        struct play p;
        onym_span body;

        assert_int_equal(onym_key_generate(families[i], 256, &key), ONYM_OK);
        assert_int_equal(onym_key_to_private_pem(key, pem, sizeof pem, &pem_len), ONYM_OK);
        identity.private_key = onym_span_of(pem, pem_len);
        play_begin(&p, 1, ONYM_OP_DELETE, false);
        assert_int_equal(onym_proof_new(&identity, &p.proof, NULL), ONYM_OK);
        onym_errand_identify(p.x, p.proof);
        play_answer(&p);
        body = p.asked.body;
        assert_int_equal(onym_challenge_answer_decode(&body, &answer), ONYM_OK);
        assert_true(onym_span_equal(answer.type, onym_span_text("HS_PUBKEY")));
        about.nonce = onym_span_from(play_nonce(16), 4);
        about.digest = onym_span_of(p.first_digest, 32);
        assert_int_equal(onym_pubkey_answer_verify(key, &about, answer.answer, &policy), ONYM_OK);
        onym_key_free(key);
        play_end(&p);
    }
}

static void
the_same_answer_goes_over_a_new_connection_when_the_server_closed_the_first(void **state)
{
    struct play p;
    uint8_t answer[ONYM_ENVELOPE_LEN + 64];

    (void)state;
    play_begin(&p, 2, ONYM_OP_DELETE, true);
    (void)play_ask(&p, 0);
    play_challenge(&p);
    onym_errand_lost(p.x, "closed", false, p.now);
    play_send(&p, 0);
    assert_int_equal(p.asked.header.opcode, ONYM_OP_CHALLENGE_ANSWER);
    assert_int_equal(p.asked.envelope.session_id, CHALLENGE_ID);
    memcpy(answer, p.sent, sizeof answer);
    onym_errand_sent(p.x, p.now);
    (void)play_expect(&p, ONYM_WANT_WAIT);
    assert_memory_equal(answer, p.sent, sizeof answer);
    play_reply(&p, (struct reply_plan){0});
    play_ends(&p, ONYM_OUTCOME_DONE, ONYM_OK);
}

static void
the_servers_verdict_is_the_result(void **state)
{
    static const struct {
        uint32_t code;
        enum onym_status status;
    } verdicts[] = {{400, ONYM_NO_PERMISSION},
                    {403, ONYM_AUTH_FAILED},
                    {404, ONYM_CREDENTIAL_INVALID},
                    {405, ONYM_CHALLENGE_TIMEOUT},
                    {500, ONYM_SESSION_UNKNOWN},
                    {101, ONYM_EXISTS},
                    {3, ONYM_BUSY},
                    {402, ONYM_AUTH_NEEDED},
                    {301, ONYM_NOT_RESPONSIBLE},
                    {4711, ONYM_ERROR}};

    (void)state;
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++) {
        struct play p;

        play_begin(&p, 1, ONYM_OP_CREATE, true);
        play_answer(&p);
        play_reply(&p, (struct reply_plan){.code = verdicts[i].code,
                                           .body = onym_span_of("\0\0\0\2no", 6)});
        assert_int_equal(play_result(&p)->code, verdicts[i].code);
        if (verdicts[i].code != 402) {
            assert_true(onym_span_equal(play_result(&p)->text, onym_span_text("no")));
        }
        play_ends(&p, ONYM_OUTCOME_DONE, verdicts[i].status);
        /* and before any challenge */
        if (verdicts[i].code != 402) {
            play_begin(&p, 2, ONYM_OP_CREATE, true);
            (void)play_ask(&p, 0);
            play_reply(&p, (struct reply_plan){.code = verdicts[i].code,
                                               .body = onym_span_of("\0\0\0\0", 4)});
            assert_int_equal(play_result(&p)->sent, 1);
            play_ends(&p, ONYM_OUTCOME_DONE, verdicts[i].status);
        }
    }
}

static void
a_server_that_does_not_know_says_so(void **state)
{
    struct play p;
    uint8_t body[128];
    struct onym_writer w = onym_writer_over(body, sizeof body);

    (void)state;
    onym_writer_counted(&w, onym_span_text(onym_status_text(ONYM_UNCERTAIN)));
    play_begin(&p, 1, ONYM_OP_CREATE, true);
    play_answer(&p);
    play_reply(&p, (struct reply_plan){.code = 3, .body = onym_writer_written(&w)});
    play_ends(&p, ONYM_OUTCOME_UNKNOWN, ONYM_UNCERTAIN);
}

static void
without_an_identity_a_challenge_is_only_told(void **state)
{
    struct play p;

    (void)state;
    play_begin(&p, 1, ONYM_OP_DELETE, false);
    (void)play_ask(&p, 0);
    play_challenge(&p);
    assert_true(onym_errand_challenge(p.x)->seen);
    assert_false(onym_errand_challenge(p.x)->answered);
    assert_int_equal(onym_errand_challenge(p.x)->id, CHALLENGE_ID);
    assert_int_equal(play_result(&p)->sent, 1);
    play_ends(&p, ONYM_OUTCOME_DONE, ONYM_AUTH_NEEDED);
}

static void
what_was_created_and_replaced_is_told(void **state)
{
    struct play p;
    uint8_t body[64];
    size_t len;

    (void)state;
    assert_int_equal(onym_admin_name_encode(onym_span_text("88.1/minted"), body, sizeof body, &len),
                     ONYM_OK);
    play_begin(&p, 1, ONYM_OP_CREATE, true);
    play_answer(&p);
    play_reply(&p,
               (struct reply_plan){.flags = ONYM_FLAG_OVERWRITE, .body = onym_span_of(body, len)});
    assert_true(onym_span_equal(play_result(&p)->name, onym_span_text("88.1/minted")));
    assert_true(play_result(&p)->replaced);
    play_ends(&p, ONYM_OUTCOME_DONE, ONYM_OK);
    /* an empty body is success as well */
    play_begin(&p, 1, ONYM_OP_CREATE, true);
    play_answer(&p);
    play_reply(&p, (struct reply_plan){.opcode = ONYM_OP_CHALLENGE_ANSWER, .no_digest = true});
    assert_int_equal(play_result(&p)->name.len, 0);
    assert_false(play_result(&p)->replaced);
    play_ends(&p, ONYM_OUTCOME_DONE, ONYM_OK);
}

static onym_span
names_body(uint8_t *room, size_t cap, unsigned from, unsigned count)
{
    struct onym_writer w = onym_writer_over(room, cap);
    char name[32];

    onym_writer_u32(&w, count);
    for (unsigned i = 0; i < count; i++) {
        (void)snprintf(name, sizeof name, "88.1/n%u", from + i);
        onym_writer_counted(&w, onym_span_text(name));
    }
    assert_int_equal(w.status, ONYM_OK);
    return onym_writer_written(&w);
}

static void
a_list_comes_in_parts_each_with_its_own_time(void **state)
{
    struct play p;
    uint8_t room[4096];

    (void)state;
    play_begin(&p, 1, ONYM_OP_LIST_HANDLES, true);
    play_answer(&p);
    for (unsigned part = 0; part < 10; part++) {
        play_reply(&p, (struct reply_plan){.flags = ONYM_FLAG_CONTINUOUS,
                                           .body = names_body(room, sizeof room, part * 50, 50)});
        assert_int_equal(p.named, (part + 1) * 50);
        p.now.ms += 4999; /* all together longer than the time-out of 20 s */
        (void)play_expect(&p, ONYM_WANT_WAIT);
    }
    play_reply(&p, (struct reply_plan){.body = names_body(room, sizeof room, 500, 3)});
    assert_int_equal(play_result(&p)->listed, 503);
    assert_string_equal(p.last_name, "88.1/n502");
    play_ends(&p, ONYM_OUTCOME_DONE, ONYM_OK);
}

static void
a_list_ends_where_its_reader_wants(void **state)
{
    struct play p;
    uint8_t room[4096];

    (void)state;
    play_begin(&p, 1, ONYM_OP_LIST_PREFIXES, true);
    p.stop_after = 7;
    play_answer(&p);
    play_reply(&p, (struct reply_plan){.flags = ONYM_FLAG_CONTINUOUS,
                                       .body = names_body(room, sizeof room, 0, 50)});
    assert_int_equal(p.named, 7);
    assert_int_equal(play_result(&p)->listed, 7);
    play_ends(&p, ONYM_OUTCOME_DONE, ONYM_OK);
}

static onym_span
values_body(uint8_t *room, size_t cap, uint32_t index)
{
    struct onym_value v = {.index = index, .type = onym_span_text("URL")};
    struct onym_writer w = onym_writer_over(room, cap);
    size_t len = 0;

    onym_writer_counted(&w, onym_span_text(NAME));
    onym_writer_u32(&w, 1);
    assert_int_equal(onym_value_encode(&v, w.at + w.len, w.cap - w.len, &len), ONYM_OK);
    return onym_span_of(w.at, w.len + len);
}

static void
values_in_parts_are_put_together(void **state)
{
    struct play p;
    struct onym_value v;
    onym_span cursor;
    uint8_t room[256];
    uint32_t expected = 0;

    (void)state;
    play_begin(&p, 1, ONYM_OP_RESOLVE, true);
    play_answer(&p);
    for (uint32_t i = 1; i <= 3; i++) {
        play_reply(&p, (struct reply_plan){.flags = i < 3 ? ONYM_FLAG_CONTINUOUS : 0,
                                           .body = values_body(room, sizeof room, i)});
    }
    assert_int_equal(play_result(&p)->values.count, 3);
    cursor = play_result(&p)->values.raw;
    while (onym_value_next(&cursor, &v)) {
        assert_int_equal(v.index, ++expected);
    }
    assert_int_equal(expected, 3);
    play_ends(&p, ONYM_OUTCOME_DONE, ONYM_OK);
}

static void
a_referral_tells_where_to_ask(void **state)
{
    struct play p;
    uint8_t room[256];

    (void)state;
    play_begin(&p, 1, ONYM_OP_DELETE, true);
    (void)play_ask(&p, 0);
    play_reply(&p, (struct reply_plan){.code = 302, .body = values_body(room, sizeof room, 9)});
    assert_int_equal(play_result(&p)->values.count, 1);
    play_ends(&p, ONYM_OUTCOME_DONE, ONYM_SERVICE_REFERRAL);
}

static void
old_challenges_are_answered_in_their_own_form(void **state)
{
    struct onym_challenge_answer answer;
    struct play p;
    uint8_t md5[ONYM_DIGEST_BYTES_MAX];
    uint8_t room[64];
    struct onym_writer w = onym_writer_over(room, sizeof room);
    onym_span body;

    (void)state;
    play_begin(&p, 1, ONYM_OP_DELETE, true);
    (void)play_ask(&p, 0);
    /* 2.0: nonce and MD5 digest in the body, the answer 16 bytes without a code */
    (void)onym_digest(p.digester, ONYM_MD5, &p.asked.digested, 1, md5);
    onym_writer_counted(&w, onym_span_from(play_nonce(16), 4));
    onym_writer_counted(&w, onym_span_of(md5, 16));
    play_reply(&p, (struct reply_plan){.code = 402,
                                       .session_id = CHALLENGE_ID,
                                       .version = ONYM_VERSION(2, 0),
                                       .no_digest = true,
                                       .body = onym_writer_written(&w)});
    (void)play_expect(&p, ONYM_WANT_SEND);
    body = p.asked.body;
    assert_int_equal(onym_challenge_answer_decode(&body, &answer), ONYM_OK);
    assert_int_equal(answer.answer.len, 16);
    play_end(&p);
    /* 2.7: PBKDF2; 2.6: SHA-1. The version is the lower of version and suggested version, and the
     * suggested one is 2.11 here */
    for (uint16_t minor = 6; minor <= 7; minor++) {
        play_begin(&p, 1, ONYM_OP_DELETE, true);
        (void)play_ask(&p, 0);
        play_reply(&p, (struct reply_plan){.code = 402,
                                           .session_id = CHALLENGE_ID,
                                           .version = ONYM_VERSION(2, minor),
                                           .body = play_nonce(16)});
        (void)play_expect(&p, ONYM_WANT_SEND);
        body = p.asked.body;
        assert_int_equal(onym_challenge_answer_decode(&body, &answer), ONYM_OK);
        assert_int_equal(answer.answer.at[0], minor == 6 ? ONYM_SECRET_SHA1 : ONYM_SECRET_PBKDF2);
        play_end(&p);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_is_proven_and_done),
        cmocka_unit_test(a_private_key_proves_too),
        cmocka_unit_test(
            the_same_answer_goes_over_a_new_connection_when_the_server_closed_the_first),
        cmocka_unit_test(the_servers_verdict_is_the_result),
        cmocka_unit_test(a_server_that_does_not_know_says_so),
        cmocka_unit_test(without_an_identity_a_challenge_is_only_told),
        cmocka_unit_test(what_was_created_and_replaced_is_told),
        cmocka_unit_test(a_list_comes_in_parts_each_with_its_own_time),
        cmocka_unit_test(a_list_ends_where_its_reader_wants),
        cmocka_unit_test(values_in_parts_are_put_together),
        cmocka_unit_test(a_referral_tells_where_to_ask),
        cmocka_unit_test(old_challenges_are_answered_in_their_own_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
