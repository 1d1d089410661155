/* Messages in sessions, through the same door as any other. */
#include "unit/service/session_play.h"

static void
a_reply_carries_the_mac_and_a_counter(void **state)
{
    struct stage *s = *state;

    for (uint32_t i = 1; i <= 3; i++) {
        struct onym_message m;

        make_sealed(s, "88.1.2/A", FLAGS_USUAL);
        assert_int_equal(answer(s), ONYM_VERDICT_REPLY);
        m = message_of(s);
        assert_int_equal(m.header.response_code, 1);
        assert_int_equal(proof_of(s, &m).counter, i);
        assert_int_equal(m.header.flags & ONYM_FLAG_CERTIFY, 0);
    }
}

static void
a_large_reply_is_sealed_and_encrypted(void **state)
{
    struct stage *s = *state;
    struct onym_resolve_reply found;
    struct onym_message m;

    make_sealed(s, "88.1.2/big", FLAGS_USUAL | ONYM_FLAG_ENCRYPT | ONYM_FLAG_CERTIFY);
    assert_int_equal(answer(s), ONYM_VERDICT_REPLY);
    assert_int_not_equal(s->reply.envelope.flags & ONYM_ENVELOPE_ENCRYPTED, 0);
    m = message_of(s);
    (void)proof_of(s, &m);
    assert_int_not_equal(m.header.flags & ONYM_FLAG_CERTIFY, 0);
    assert_int_equal(onym_resolve_reply_decode(m.body, &found), ONYM_OK);
    assert_int_equal(found.values.count, BIG_VALUES);
}

static void
a_sealed_reply_over_the_limit_is_too_busy(void **state)
{
    struct stage *s = *state;
    struct onym_answer_call call;
    size_t len;

    make_sealed(s, "88.1.2/big", FLAGS_USUAL);
    assert_int_equal(answer(s), ONYM_VERDICT_REPLY);
    len = s->reply.envelope.message_len;
    for (size_t max = len; max <= len + 128; max += 64) { /* the seal's room is 128 with cipher */
        struct onym_message m;

        make_sealed(s, "88.1.2/big", FLAGS_USUAL);
        call = call_of(s);
        call.reply_len_max = max;
        assert_int_equal(answer_with(s, &call), ONYM_VERDICT_REPLY);
        m = message_of(s);
        (void)proof_of(s, &m);
        assert_true(m.header.response_code == 3 || m.header.response_code == 1);
        assert_true(s->reply.envelope.message_len <= max);
        if (max == len + 128) {
            assert_int_equal(m.header.response_code, 1);
        }
    }
    make_sealed(s, "88.1.2/big", FLAGS_USUAL);
    call = call_of(s);
    call.reply_len_max = len - 80; /* the plain reply would not fit either */
    assert_int_equal(answer_with(s, &call), ONYM_VERDICT_REPLY);
    assert_int_equal(message_of(s).header.response_code, 3);
}

static void
an_arena_without_room_is_too_busy(void **state)
{
    struct stage *s = *state;
    struct onym_answer_call call;

    make_sealed(s, "88.1.2/big", FLAGS_USUAL | ONYM_FLAG_ENCRYPT);
    call = call_of(s);
    s->f->arena.cap = 4096;
    assert_int_equal(answer_with(s, &call), ONYM_VERDICT_REPLY);
    assert_int_equal(message_of(s).header.response_code, 3);
    make_sealed(s, "88.1.2/big", FLAGS_USUAL);
    call = call_of(s);
    assert_int_equal(answer_with(s, &call), ONYM_VERDICT_REPLY);
    assert_int_equal(message_of(s).header.response_code, 3);
    s->f->arena.cap = sizeof s->f->memory;
}

/* What the MAC covers or is: not the session id (another session, or none), envelope flags,
 * sequence and length, nor the credential's constant fields and the case of its names. */
static bool
is_covered(size_t byte, size_t covered_end, size_t end)
{
    size_t counter_at = covered_end + 4 + 8;

    if (byte < covered_end) {
        return byte != 2 && (byte < 4 || byte >= 8) && (byte < 12 || byte >= 20);
    }
    return (byte >= counter_at && byte < counter_at + 4) || byte >= end - 32;
}

static void
every_changed_bit_of_a_request_is_rejected(void **state)
{
    struct stage *s = *state;
    uint8_t good[MAC_MESSAGE_MAX];
    size_t len;
    size_t covered_end;

    make_sealed(s, "88.1.2/A", FLAGS_USUAL);
    len = s->f->request_len;
    assert_true(len <= sizeof good);
    memcpy(good, s->f->request, len);
    covered_end = ONYM_ENVELOPE_LEN + ONYM_HEADER_LEN + onym_get_u32(good + 40);
    for (size_t bit = 0; bit < 8 * len; bit++) {
        struct onym_header h;

        if (!is_covered(bit / 8, covered_end, len)) {
            continue;
        }
        memcpy(s->f->request, good, len);
        s->f->request[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(answer(s), ONYM_VERDICT_REPLY);
        assert_int_equal(onym_header_decode(s->reply.part[0], &h), ONYM_OK);
        /* a changed body length or response code is refused before the MAC is looked at */
        assert_true(h.response_code == 505 || h.response_code == 4);
        assert_int_equal(s->reply.envelope.flags, 0);
    }
    memcpy(s->f->request, good, len);
    assert_int_equal(answer(s), ONYM_VERDICT_REPLY);
    assert_int_equal(message_of(s).header.response_code, 1); /* nothing moved the window */
}

static void
the_session_s_last_reply_is_sealed(void **state)
{
    struct stage *s = *state;
    uint8_t body[] = {0, 0, 0, 1, '/'};
    struct onym_message m;

    make(s->f, ONYM_OP_SESSION_END, FLAGS_USUAL, ONYM_VERSION_OWN, s->id,
         onym_span_of(body, sizeof body));
    seal_request(s);
    assert_int_equal(answer(s), ONYM_VERDICT_REPLY);
    m = message_of(s);
    assert_int_equal(m.header.response_code, 1);
    (void)proof_of(s, &m);
    assert_int_equal(onym_sessions_count(s->table), 0);
}

static void
without_administration_sessions_still_read(void **state)
{
    struct stage *s = *state;
    struct onym_answer_call call;
    struct onym_message m;

    make_sealed(s, "88.1.2/A", 0); /* private values too, but nobody is asked over UDP */
    call = call_of(s);
    call.by = ONYM_BY_UDP;
    call.admin = NULL;
    call.dialogue = NULL;
    assert_int_equal(answer_with(s, &call), ONYM_VERDICT_REPLY);
    m = message_of(s);
    assert_int_equal(m.header.response_code, 1);
    (void)proof_of(s, &m);
    assert_int_equal(s->reply.envelope.flags, 0);
}

static void
an_announced_id_is_no_session(void **state)
{
    struct stage *s = *state;

    make(s->f, ONYM_OP_SITE_INFO, FLAGS_USUAL, ONYM_VERSION_OWN, 10001, onym_span_of(NULL, 0));
    assert_int_equal(answer(s), ONYM_VERDICT_REPLY);
    assert_int_equal(s->dialogue.announced_session, 10001);
    make_resolve(s->f, "88.1.2/A", FLAGS_USUAL, ONYM_VERSION_OWN);
    onym_put_u32(s->f->request + 4, 10001);
    assert_int_equal(answer(s), ONYM_VERDICT_REPLY);
    assert_int_equal(message_of(s).header.response_code, 1);
    /* nor does get-site-info inside a session announce one */
    make(s->f, ONYM_OP_SITE_INFO, FLAGS_USUAL, ONYM_VERSION_OWN, s->id, onym_span_of(NULL, 0));
    seal_request(s);
    assert_int_equal(answer(s), ONYM_VERDICT_REPLY);
    assert_int_equal(s->reply.status, ONYM_OK);
    assert_int_equal(s->dialogue.announced_session, 10001);
}

/* Encrypts the message of the request in the fixture. */
static void
encrypt_request(struct stage *s)
{
    uint8_t cipher[MAC_MESSAGE_MAX];
    onym_span plain = onym_span_of(s->f->request + ONYM_ENVELOPE_LEN,
                                   s->f->request_len - ONYM_ENVELOPE_LEN);
    size_t len = ONYM_SESSION_CIPHER_LEN(plain.len);

    assert_true(len <= sizeof cipher && ONYM_ENVELOPE_LEN + len <= sizeof s->f->request);
    assert_int_equal(
        onym_session_encrypt(&s->secret, ONYM_VERSION_OWN, &s->rng, plain, cipher, sizeof cipher),
        ONYM_OK);
    memcpy(s->f->request + ONYM_ENVELOPE_LEN, cipher, len);
    s->f->request[2] |= ONYM_ENVELOPE_ENCRYPTED;
    onym_put_u32(s->f->request + 16, (uint32_t)len);
    s->f->request_len = ONYM_ENVELOPE_LEN + len;
}

static void
an_encrypted_request_is_answered(void **state)
{
    struct stage *s = *state;
    struct onym_message m;

    make_sealed(s, "88.1.2/A", FLAGS_USUAL);
    encrypt_request(s);
    assert_int_equal(answer(s), ONYM_VERDICT_REPLY);
    m = message_of(s);
    assert_int_equal(m.header.response_code, 1);
    (void)proof_of(s, &m);
    s->f->request[ONYM_ENVELOPE_LEN] ^= 1;
    assert_int_equal(answer(s), ONYM_VERDICT_REPLY);
    assert_int_equal(message_of(s).header.response_code, 505);
}

/* What comes decrypted is a request: a reply that somebody sends back is not answered as one. */
static void
an_encrypted_reply_is_no_request(void **state)
{
    struct stage *s = *state;
    uint8_t body[] = {0, 0, 0, 0};

    make(s->f, ONYM_OP_RESOLVE, FLAGS_USUAL, ONYM_VERSION_OWN, s->id,
         onym_span_of(body, sizeof body));
    onym_put_u32(s->f->request + ONYM_ENVELOPE_LEN + 4, 1); /* the response code */
    seal_request(s);
    encrypt_request(s);
    assert_int_equal(answer(s), ONYM_VERDICT_REPLY);
    assert_int_equal(message_of(s).header.response_code, 505);
}

static enum onym_status
find_of_a_worker(void *of, uint32_t id, struct onym_session_use *out)
{
    assert_true(onym_id_worker(id) < ONYM_ID_WORKERS_MAX); /* there is a table of it */
    return access_find(of, id, out);
}

static void
an_id_of_no_worker_is_not_looked_for(void **state)
{
    struct stage *s = *state;

    s->access.find = find_of_a_worker;
    for (uint32_t worker = ONYM_ID_WORKERS_MAX; worker <= 255; worker++) {
        s->id = worker << ONYM_ID_WORKER_SHIFT | ONYM_ID_SESSION_BIT | 1;
        make_sealed(s, "88.1.2/A", FLAGS_USUAL);
        assert_int_equal(answer(s), ONYM_VERDICT_REPLY);
        assert_int_equal(s->reply.status, ONYM_SESSION_UNKNOWN);
        encrypt_request(s);
        assert_int_equal(answer(s), ONYM_VERDICT_REPLY);
        assert_int_equal(s->reply.status, ONYM_SESSION_UNKNOWN);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_setup, stage_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_reply_carries_the_mac_and_a_counter),
        TEST(a_large_reply_is_sealed_and_encrypted),
        TEST(a_sealed_reply_over_the_limit_is_too_busy),
        TEST(an_arena_without_room_is_too_busy),
        TEST(every_changed_bit_of_a_request_is_rejected),
        TEST(the_session_s_last_reply_is_sealed),
        TEST(without_administration_sessions_still_read),
        TEST(an_announced_id_is_no_session),
        TEST(an_encrypted_request_is_answered),
        TEST(an_encrypted_reply_is_no_request),
        TEST(an_id_of_no_worker_is_not_looked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
