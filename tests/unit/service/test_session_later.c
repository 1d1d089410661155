/* Replies that wait for another thread: signatures, setups, and what is waited for in a session. */
#include "core/token_check.h"
#include "unit/service/session_play.h"
#include "wire/admin.h"

/* ---- signatures ---- */

static void
use_key(struct stage *s)
{
    assert_int_equal(onym_key_generate(ONYM_FAMILY_RSA, 2048, &s->key), ONYM_OK);
    s->admin.site_key = s->key;
}

/* The other thread, and the way back. */
static enum onym_verdict
come_back(struct stage *s)
{
    struct onym_answer_call call = call_of(s);
    struct onym_admin_call *done = s->handed;
    enum onym_verdict verdict;

    assert_non_null(done);
    s->handed = NULL;
    onym_admin_prove(done);
    verdict = onym_admin_proven(done, &call, &s->reply);
    return verdict;
}

static void
a_signature_is_made_elsewhere(void **state)
{
    struct stage *s = *state;
    struct onym_admin_call *call;
    struct onym_message m;

    use_key(s);
    make_resolve(s->f, "88.1.2/big", FLAGS_USUAL | ONYM_FLAG_CERTIFY, ONYM_VERSION_OWN);
    assert_int_equal(answer(s), ONYM_VERDICT_PENDING);
    call = s->handed;
    assert_ptr_equal(onym_admin_connection(call), s);
    assert_int_equal(come_back(s), ONYM_VERDICT_REPLY);
    m = message_of(s);
    assert_int_equal(m.header.response_code, 1);
    assert_int_not_equal(m.header.flags & ONYM_FLAG_CERTIFY, 0);
    assert_int_equal(proof_of(s, &m).counter, 0);
    onym_admin_call_free(call);
    assert_null(s->dialogue.waiting);
}

static void
what_cannot_be_signed_goes_out_as_it_is(void **state)
{
    struct stage *s = *state;
    struct onym_answer_call call;

    /* no key */
    make_resolve(s->f, "88.1.2/A", FLAGS_USUAL | ONYM_FLAG_CERTIFY, ONYM_VERSION_OWN);
    assert_int_equal(answer(s), ONYM_VERDICT_REPLY);
    assert_int_equal(message_of(s).credential.len, 0);
    use_key(s);
    /* no thread */
    s->take = ONYM_BUSY;
    assert_int_equal(answer(s), ONYM_VERDICT_REPLY);
    assert_int_equal(message_of(s).header.flags & ONYM_FLAG_CERTIFY, 0);
    assert_null(s->dialogue.waiting);
    s->take = ONYM_OK;
    /* one call too many */
    s->admin.calls = ONYM_ADMIN_CALLS_MAX;
    assert_int_equal(answer(s), ONYM_VERDICT_REPLY);
    assert_int_equal(message_of(s).header.response_code, 1);
    s->admin.calls = ONYM_ADMIN_CALLS_MAX - 1;
    assert_int_equal(answer(s), ONYM_VERDICT_PENDING);
    onym_admin_call_free(s->handed);
    s->admin.calls = 0;
    /* no room for the signature, and just enough */
    call = call_of(s);
    call.admin = NULL;
    assert_int_equal(answer_with(s, &call), ONYM_VERDICT_REPLY);
    call.admin = &s->admin;
    call.reply_len_max = s->reply.envelope.message_len + 64 + ONYM_SIGNATURE_LEN_MAX - 1;
    onym_arena_reset(&s->f->arena);
    assert_int_equal(answer_with(s, &call), ONYM_VERDICT_REPLY);
    call.reply_len_max++;
    onym_arena_reset(&s->f->arena);
    assert_int_equal(answer_with(s, &call), ONYM_VERDICT_PENDING);
    onym_admin_call_free(s->handed);
}

static void
a_key_that_fails_leaves_the_reply_unsigned(void **state)
{
    struct stage *s = *state;
    uint8_t data[ONYM_KEY_HS_PUBKEY_LEN_MAX];
    struct onym_key *public_half = NULL;
    struct onym_admin_call *call;
    size_t len;

    use_key(s);
    assert_int_equal(onym_key_to_hs_pubkey(s->key, data, sizeof data, &len), ONYM_OK);
    assert_int_equal(onym_key_from_hs_pubkey(onym_span_of(data, len), &public_half), ONYM_OK);
    s->admin.site_key = public_half;
    make_resolve(s->f, "88.1.2/A", FLAGS_USUAL | ONYM_FLAG_CERTIFY, ONYM_VERSION_OWN);
    assert_int_equal(answer(s), ONYM_VERDICT_PENDING);
    call = s->handed;
    assert_int_equal(come_back(s), ONYM_VERDICT_REPLY);
    assert_int_equal(message_of(s).header.flags & ONYM_FLAG_CERTIFY, 0);
    assert_int_equal(message_of(s).credential.len, 0);
    onym_admin_call_free(call);
    onym_key_free(public_half);
}

static void
a_connection_may_close_while_its_reply_is_signed(void **state)
{
    struct stage *s = *state;

    use_key(s);
    make_resolve(s->f, "88.1.2/A", FLAGS_USUAL | ONYM_FLAG_CERTIFY, ONYM_VERSION_OWN);
    assert_int_equal(answer(s), ONYM_VERDICT_PENDING);
    onym_dialogue_end(&s->dialogue);
    onym_admin_prove(s->handed);
    assert_null(onym_admin_connection(s->handed));
    onym_admin_call_free(s->handed);
}

/* ---- setup ---- */

static void
make_setup(struct stage *s, const struct onym_dh *dh, uint32_t flags)
{
    uint8_t half[ONYM_DH_DATA_MAX];
    uint8_t body[sizeof half + 64];
    struct onym_session_setup ask = {.mode = ONYM_SESSION_DIFFIE_HELLMAN,
                                     .timeout_s = 60,
                                     .identity_index = ONYM_SESSION_NO_INDEX};
    size_t len;

    assert_int_equal(onym_dh_public(dh, half, sizeof half, &len), ONYM_OK);
    ask.public_key = onym_span_of(half, len);
    assert_int_equal(onym_session_setup_encode(&ask, body, sizeof body, &len), ONYM_OK);
    make(s->f, ONYM_OP_SESSION_SETUP, flags, ONYM_VERSION_OWN, 0, onym_span_of(body, len));
}

static void
a_setup_agrees_first_and_is_signed_then(void **state)
{
    struct stage *s = *state;
    struct onym_session_reply told;
    struct onym_session_key key;
    struct onym_session_use use;
    struct onym_session_secret secret;
    struct onym_admin_call *call;
    struct onym_dh *dh = NULL;
    struct onym_message m;
    onym_span body;

    use_key(s);
    assert_int_equal(onym_dh_start(&dh), ONYM_OK);
    make_setup(s, dh, FLAGS_USUAL | ONYM_FLAG_CERTIFY);
    assert_int_equal(answer(s), ONYM_VERDICT_PENDING);
    assert_int_equal(onym_sessions_count(s->table), 1);
    call = s->handed;
    assert_int_equal(come_back(s), ONYM_VERDICT_PENDING);
    assert_ptr_equal(s->handed, call);
    assert_int_equal(onym_sessions_count(s->table), 2);
    assert_int_equal(come_back(s), ONYM_VERDICT_REPLY);
    assert_int_equal(s->hands, 2);
    m = message_of(s);
    assert_int_equal(m.header.response_code, 1);
    assert_true(onym_span_equal(proof_of(s, &m).type, onym_span_text("HS_SIGNED")));
    body = m.body;
    assert_int_equal(onym_session_reply_decode(&body, &told), ONYM_OK);
    assert_int_equal(told.mode, ONYM_SESSION_DIFFIE_HELLMAN);
    assert_int_equal(onym_session_key_cut(told.data, ONYM_VERSION_OWN, &key), ONYM_OK);
    assert_int_equal(key.cipher, ONYM_CIPHER_AES);
    assert_int_equal(onym_dh_secret(dh, key.key, &secret), ONYM_OK);
    assert_int_equal(onym_sessions_find(s->table, s->reply.envelope.session_id, NOW_S + 60, &use),
                     ONYM_OK);
    assert_memory_equal(use.secret.bytes, secret.bytes, sizeof secret.bytes);
    assert_int_equal(onym_sessions_find(s->table, s->reply.envelope.session_id, NOW_S + 61, &use),
                     ONYM_SESSION_UNKNOWN);
    onym_admin_call_free(call);
    onym_dh_free(dh);
}

static void
a_setup_that_nobody_can_work_on_is_too_busy(void **state)
{
    struct stage *s = *state;
    struct onym_dh *dh = NULL;

    assert_int_equal(onym_dh_start(&dh), ONYM_OK);
    make_setup(s, dh, FLAGS_USUAL);
    s->take = ONYM_BUSY;
    assert_int_equal(answer(s), ONYM_VERDICT_REPLY);
    assert_int_equal(message_of(s).header.response_code, 3);
    s->admin.calls = ONYM_ADMIN_CALLS_MAX;
    assert_int_equal(answer(s), ONYM_VERDICT_REPLY);
    assert_int_equal(message_of(s).header.response_code, 3);
    s->admin.calls = 0;
    onym_dh_free(dh);
}

/* Asks for agreements from an address until one is refused, and keeps them. */
static uint32_t
agree_all(struct stage *s, onym_span address, struct onym_admin_call **kept, uint32_t count)
{
    uint32_t before = count;
    struct onym_answer_call from = call_of(s);

    from.peer = address;
    while (answer_with(s, &from) == ONYM_VERDICT_PENDING) {
        kept[count++] = s->handed;
        onym_arena_reset(from.arena);
    }
    assert_int_equal(message_of(s).header.response_code, 3);
    assert_int_equal(s->admin.agreements, count);
    return count - before;
}

/* A network gets what it leaves over for others, so nobody gets all. */
static void
agreements_at_once_are_shared_by_networks(void **state)
{
    static const uint8_t v4[2][4] = {{192, 0, 2, 1}, {192, 0, 2, 2}};
    static const uint8_t v6[2][16] = {{0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 1},
                                      {0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 2}};
    struct onym_admin_call *kept[ONYM_ADMIN_AGREEMENTS_MAX];
    struct stage *s = *state;
    struct onym_dh *dh = NULL;
    uint32_t count;

    assert_int_equal(onym_dh_start(&dh), ONYM_OK);
    make_setup(s, dh, FLAGS_USUAL);
    count = agree_all(s, onym_span_of(v4[0], 4), kept, 0);
    assert_int_equal(count, ONYM_ADMIN_AGREEMENTS_MAX / 2);
    count += agree_all(s, onym_span_of(v4[1], 4), kept, count);
    assert_int_equal(count, ONYM_ADMIN_AGREEMENTS_MAX * 3 / 4);
    count += agree_all(s, onym_span_of(v6[0], 16), kept, count);
    assert_int_equal(agree_all(s, onym_span_of(v6[1], 16), kept, count), 0);
    for (uint8_t i = 0; i < 100; i++) {
        const uint8_t another[4] = {198, 51, 100, i};

        count += agree_all(s, onym_span_of(another, 4), kept, count);
    }
    assert_int_equal(count, ONYM_ADMIN_AGREEMENTS_MAX); /* and not one more */
    for (uint32_t i = 0; i < count; i++) {
        onym_admin_call_free(kept[(i * 7) % count]);
    }
    assert_int_equal(s->admin.agreements, 0);
    onym_dh_free(dh);
}

static void
agreements_that_are_over_do_not_count(void **state)
{
    struct stage *s = *state;
    struct onym_dh *dh = NULL;
    struct onym_admin_call *call;

    assert_int_equal(onym_dh_start(&dh), ONYM_OK);
    make_setup(s, dh, FLAGS_USUAL);
    assert_int_equal(answer(s), ONYM_VERDICT_PENDING);
    assert_int_equal(s->admin.agreements, 1);
    call = s->handed;
    assert_int_equal(come_back(s), ONYM_VERDICT_REPLY);
    assert_int_equal(s->admin.agreements, 0);
    onym_admin_call_free(call);
    /* nor does one whose connection closes meanwhile count on */
    assert_int_equal(answer(s), ONYM_VERDICT_PENDING);
    onym_admin_prove(s->handed);
    onym_admin_call_free(s->handed);
    assert_int_equal(s->admin.agreements, 0);
    s->take = ONYM_BUSY;
    assert_int_equal(answer(s), ONYM_VERDICT_REPLY);
    assert_int_equal(s->admin.agreements, 0);
    onym_dh_free(dh);
}

/* ---- what waits while its session ends ---- */

static void
note_event(void *of, bool login, enum onym_status status, const struct onym_principal *principal,
           onym_span address, onym_span name)
{
    struct stage *s = of;

    (void)name;
    assert_false(login);
    assert_int_equal(status, ONYM_AUTH_FAILED);
    assert_int_equal(principal->index, 300);
    assert_true(onym_span_equal(address, onym_span_text("192.0.2.1")));
    s->events++;
}

/* A request that waits for another thread: opcode 201 with a wrong answer. */
static void
start_waiting(struct stage *s, uint32_t flags)
{
    static const uint8_t wrong[21] = {2};
    struct onym_verify_request ask = {.user = onym_span_text("88.1.2/A"),
                                      .index = 300,
                                      .nonce = onym_span_text("nonce"),
                                      .digest_code = ONYM_DIGEST_SHA256,
                                      .digest = onym_span_text("0123456789abcdef0123456789abcdef"),
                                      .answer = onym_span_of(wrong, sizeof wrong)};
    uint8_t body[128];
    size_t len;

    s->admin.backend.event = note_event;
    assert_int_equal(onym_verify_request_encode(&ask, body, sizeof body, &len), ONYM_OK);
    make(s->f, ONYM_OP_VERIFY_ANSWER, flags, ONYM_VERSION_OWN, s->id, onym_span_of(body, len));
    seal_request(s);
    assert_int_equal(answer(s), ONYM_VERDICT_PENDING);
}

static void
a_reply_that_waited_is_sealed(void **state)
{
    struct stage *s = *state;
    struct onym_admin_call *call;
    struct onym_message m;

    start_waiting(s, FLAGS_USUAL | ONYM_FLAG_ENCRYPT);
    call = s->handed;
    assert_int_equal(come_back(s), ONYM_VERDICT_REPLY);
    assert_int_equal(s->events, 1);
    m = message_of(s);
    (void)proof_of(s, &m);
    assert_int_equal(m.header.response_code, 1);
    assert_int_equal(m.body.len, 1);
    assert_int_equal(m.body.at[0], 0);
    assert_int_not_equal(s->reply.envelope.flags & ONYM_ENVELOPE_ENCRYPTED, 0);
    onym_admin_call_free(call);
}

static void
what_was_done_is_said_when_the_session_is_gone(void **state)
{
    struct stage *s = *state;
    struct onym_admin_call *call;

    start_waiting(s, FLAGS_USUAL);
    call = s->handed;
    onym_sessions_end(s->table, s->id);
    assert_int_equal(come_back(s), ONYM_VERDICT_REPLY);
    assert_int_equal(message_of(s).header.response_code, 1);
    assert_int_equal(message_of(s).credential.len, 0);
    onym_admin_call_free(call);
}

static void
what_asked_to_be_encrypted_is_not_said_when_the_session_is_gone(void **state)
{
    struct stage *s = *state;
    struct onym_admin_call *call;

    start_waiting(s, FLAGS_USUAL | ONYM_FLAG_ENCRYPT);
    call = s->handed;
    onym_sessions_end(s->table, s->id);
    assert_int_equal(come_back(s), ONYM_VERDICT_REPLY);
    assert_int_equal(message_of(s).header.response_code, 500);
    onym_admin_call_free(call);
}

/* ---- a list whose session ends between two parts ---- */

#define NAMES (2U * ONYM_ADMIN_LIST_PART)

/* A session in which somebody who may list was proven; the first part of a list is answered. */
static void
begin_list(struct stage *s, uint32_t flags)
{
    const struct onym_principal who = {.handle = onym_span_text("88.1.2/A"), .index = 300};
    static const uint8_t peer[4] = {192, 0, 2, 1};
    const struct onym_session_ask ask = {
        .secret = &s->secret, .peer = onym_span_of(peer, sizeof peer), .identity = who};
    uint8_t key[ONYM_TOKEN_DIGEST_LEN];
    uint8_t body[64];
    size_t len;

    for (unsigned i = 0; i < NAMES; i++) {
        char name[32];

        (void)snprintf(name, sizeof name, "88.1.2/L.%u", i);
        temp_store_put(&s->f->store, name, (struct onym_value_list){0},
                       (struct onym_value_list){0});
    }
    assert_int_equal(onym_view_renew(s->f->view), ONYM_OK);
    s->admin.server_admins = onym_span_text("300:88.1.2/A");
    assert_int_equal(onym_token_key(&s->f->answerer.resolver, s->f->answerer.digester, &who, key),
                     ONYM_OK);
    assert_int_equal(onym_sessions_add(s->table, &ask, NOW_S, &s->rng, &s->id), ONYM_OK);
    assert_true(onym_sessions_prove(s->table, s->id, &who, key));
    assert_int_equal(onym_admin_name_encode(onym_span_text("0.NA/88.1.2"), body, sizeof body, &len),
                     ONYM_OK);
    make(s->f, ONYM_OP_LIST_HANDLES, flags, ONYM_VERSION_OWN, s->id, onym_span_of(body, len));
    seal_request(s);
    assert_int_equal(answer(s), ONYM_VERDICT_REPLY);
    assert_non_null(s->dialogue.listing);
}

static struct onym_message
next_part(struct stage *s)
{
    struct onym_answer_call call = call_of(s);

    assert_int_equal(onym_admin_list_next(&s->admin, &call, &s->reply), ONYM_VERDICT_REPLY);
    return message_of(s);
}

static void
a_list_ends_with_its_session(void **state)
{
    static const uint32_t flags[] = {FLAGS_USUAL, FLAGS_USUAL | ONYM_FLAG_ENCRYPT};
    struct stage *s = *state;

    for (size_t i = 0; i < 2; i++) {
        struct onym_message m;

        begin_list(s, flags[i]);
        m = next_part(s);
        (void)proof_of(s, &m);
        assert_int_equal(m.header.response_code, 1);
        assert_non_null(s->dialogue.listing); /* two names are left: of 88.1.2/A and 88.1.2/big */
        onym_sessions_end(s->table, s->id);
        m = next_part(s);
        assert_int_equal(m.header.response_code, 500);
        assert_int_equal(m.header.flags & ONYM_FLAG_CONTINUOUS, 0);
        assert_null(s->dialogue.listing); /* said once, not for every part that was left */
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_setup, stage_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_signature_is_made_elsewhere),
        TEST(what_cannot_be_signed_goes_out_as_it_is),
        TEST(a_key_that_fails_leaves_the_reply_unsigned),
        TEST(a_connection_may_close_while_its_reply_is_signed),
        TEST(a_setup_agrees_first_and_is_signed_then),
        TEST(a_setup_that_nobody_can_work_on_is_too_busy),
        TEST(agreements_at_once_are_shared_by_networks),
        TEST(agreements_that_are_over_do_not_count),
        TEST(a_reply_that_waited_is_sealed),
        TEST(what_was_done_is_said_when_the_session_is_gone),
        TEST(what_asked_to_be_encrypted_is_not_said_when_the_session_is_gone),
        TEST(a_list_ends_with_its_session),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
