#include "service/render_priv.h"
#include "unit/service/fixture.h"

static void
public_values_come_back_with_the_name_as_asked(void **state)
{
    struct fixture *f = *state;
    struct onym_resolve_reply reply;
    struct onym_message m;

    make_resolve(f, "88.1.2/a", FLAGS_USUAL, ONYM_VERSION(2, 11));
    m = tcp_answer(f);
    assert_int_equal(m.header.response_code, 1);
    assert_int_equal(m.header.opcode, 1);
    assert_int_equal(m.header.flags, ONYM_FLAG_AUTHORITATIVE | FLAGS_USUAL);
    assert_int_equal(onym_resolve_reply_decode(m.body, &reply), ONYM_OK);
    assert_true(onym_span_equal(reply.name, onym_span_text("88.1.2/a")));
    assert_int_equal(reply.values.count, 2);
    assert_true(m.has_credential);
    assert_int_equal(m.credential.len, 0);
}

static void
private_values_stay_here_even_when_po_is_clear(void **state)
{
    struct fixture *f = *state;
    struct onym_resolve_reply reply;

    make_resolve(f, "88.1.2/A", 0, ONYM_VERSION(2, 3));
    assert_int_equal(onym_resolve_reply_decode(tcp_answer(f).body, &reply), ONYM_OK);
    assert_int_equal(reply.values.count, 2);
}

static void
a_digest_is_of_the_kind_the_version_wants(void **state)
{
    static const struct {
        uint16_t version;
        uint8_t code;
        size_t len;
    } kinds[] = {{ONYM_VERSION(2, 0), 0, 0},
                 {ONYM_VERSION(2, 1), ONYM_DIGEST_SHA1, 20},
                 {ONYM_VERSION(2, 6), ONYM_DIGEST_SHA1, 20},
                 {ONYM_VERSION(2, 7), ONYM_DIGEST_SHA256, 32},
                 {ONYM_VERSION(2, 11), ONYM_DIGEST_SHA256, 32}};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct onym_message m;
        uint8_t code;
        uint8_t expected[ONYM_DIGEST_BYTES_MAX];
        onym_span digest;
        onym_span rest;
        onym_span asked;

        make_resolve(f, "88.1.2/none", FLAGS_USUAL | ONYM_FLAG_REQUEST_DIGEST, kinds[i].version);
        m = tcp_answer(f);
        assert_int_equal(m.header.response_code, 100);
        assert_int_equal(onym_reply_digest_decode(&m, &code, &digest, &rest), ONYM_OK);
        assert_int_equal(code, kinds[i].code);
        assert_int_equal(digest.len, kinds[i].len);
        if (code != 0) {
            asked = onym_span_of(f->request + 20, f->request_len - 20 - 4);
            (void)onym_digest(f->answerer.digester, code == 2 ? ONYM_SHA1 : ONYM_SHA256, &asked, 1,
                              expected);
            assert_memory_equal(digest.at, expected, digest.len);
        }
    }
}

/* The response code of an error as a client of that version sees it. */
static uint32_t
code_told(struct fixture *f, uint16_t version, enum onym_status status)
{
    struct onym_answer_call call = {.by = ONYM_BY_TCP, .now_s = NOW_S, .arena = &f->arena};
    struct onym_reply reply;
    struct onym_request rq = {.answerer = &f->answerer,
                              .call = &call,
                              .message = {.envelope = {.version = version, .suggested = version}},
                              .reply = &reply};
    struct onym_header header;

    onym_arena_reset(&f->arena);
    onym_render_begin(&rq);
    assert_int_equal(onym_render_error(&rq, status), ONYM_VERDICT_REPLY);
    assert_int_equal(onym_header_decode(reply.part[0], &header), ONYM_OK);
    return header.response_code;
}

static void
two_codes_have_other_numbers_for_old_clients(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(code_told(f, ONYM_VERSION(2, 4), ONYM_READ_ONLY), 303);
    assert_int_equal(code_told(f, ONYM_VERSION(2, 5), ONYM_READ_ONLY), 7);
    assert_int_equal(code_told(f, ONYM_VERSION(2, 4), ONYM_VALUE_INVALID), 201);
    assert_int_equal(code_told(f, ONYM_VERSION(2, 5), ONYM_VALUE_INVALID), 202);
    assert_int_equal(code_told(f, ONYM_VERSION(2, 0), ONYM_NOT_FOUND), 100);
}

static void
the_reply_speaks_the_version_of_the_client(void **state)
{
    struct fixture *f = *state;

    make_resolve(f, "88.1.2/A", FLAGS_USUAL, ONYM_VERSION(2, 3));
    assert_int_equal(tcp_answer(f).envelope.version, ONYM_VERSION(2, 3));
    make_resolve(f, "88.1.2/A", FLAGS_USUAL, ONYM_VERSION(3, 0));
    assert_int_equal(tcp_answer(f).envelope.version, ONYM_VERSION(2, 11));
    assert_int_equal(tcp_answer(f).envelope.suggested, ONYM_VERSION(2, 11));
}

static void
unknown_flags_and_claims_are_not_copied(void **state)
{
    struct fixture *f = *state;

    make_resolve(f, "88.1.2/A",
                 FLAGS_USUAL | 0x7 | ONYM_FLAG_CERTIFY | ONYM_FLAG_CONTINUOUS | ONYM_FLAG_OVERWRITE,
                 ONYM_VERSION(2, 11));
    assert_int_equal(tcp_answer(f).header.flags, ONYM_FLAG_AUTHORITATIVE | FLAGS_USUAL);
}

static void
errors_carry_their_code(void **state)
{
    static const struct {
        uint32_t opcode, code;
        const char *body; /* as a counted string */
    } cases[] = {{777, 5, "88.1.2/A"},   {0, 5, "/"},          {105, 4, "0.NA/88.1.2"},
                 {100, 301, "99.9/new"}, {100, 4, "88.1.2/n"}, {104, 100, "88.1.2/none"},
                 {104, 4, "88.1.2/A"},   {200, 500, "x"},      {401, 500, "/"},
                 {1001, 5, "/"},         {1002, 5, "/"},       {2001, 5, "88.1.2/A"},
                 {1, 4, "only a name"}};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t body[64] = {0};
        size_t len = strlen(cases[i].body);
        struct onym_message m;

        body[3] = (uint8_t)len;
        memcpy(body + 4, cases[i].body, len);
        make(f, cases[i].opcode, FLAGS_USUAL, ONYM_VERSION(2, 11), 0, onym_span_of(body, 4 + len));
        m = tcp_answer(f);
        assert_int_equal(m.header.response_code, cases[i].code);
        assert_int_equal(m.header.opcode, cases[i].opcode);
    }
}

static void
a_session_is_unknown_unless_the_connection_announced_it(void **state)
{
    struct fixture *f = *state;
    struct onym_dialogue dialogue = {0};
    uint8_t slash[5] = {0, 0, 0, 1, '/'};
    uint8_t resolve[4096];
    size_t resolve_len;

    make_resolve(f, "88.1.2/A", FLAGS_USUAL, ONYM_VERSION(2, 10));
    onym_put_u32(f->request + 4, 10001);
    memcpy(resolve, f->request, f->request_len);
    resolve_len = f->request_len;
    (void)by_tcp(f, &dialogue, onym_span_of(resolve, resolve_len));
    assert_int_equal(code_in(f), 500);

    make(f, ONYM_OP_SITE_INFO, FLAGS_USUAL, ONYM_VERSION(2, 10), 10001, onym_span_of(slash, 5));
    (void)by_tcp(f, &dialogue, onym_span_of(f->request, f->request_len));
    assert_int_equal(code_in(f), 1);
    assert_memory_equal(f->out + 44, "raw site bytes", 14);
    (void)by_tcp(f, &dialogue, onym_span_of(resolve, resolve_len));
    assert_int_equal(code_in(f), 1);
}

/* ---- TCP ---- */

static void
pipelined_requests_are_answered_in_order_however_torn(void **state)
{
    struct fixture *f = *state;
    struct onym_dialogue dialogue = {0};
    uint8_t three[3 * 4096];
    size_t len = 0;

    for (uint32_t i = 0; i < 3; i++) {
        make_resolve(f, i == 1 ? "88.1.2/none" : "88.1.2/A", FLAGS_USUAL, ONYM_VERSION(2, 11));
        onym_put_u32(f->request + 8, 100 + i);
        memcpy(three + len, f->request, f->request_len);
        len += f->request_len;
    }
    for (size_t cut = 0; cut <= len; cut++) {
        size_t used = by_tcp(f, &dialogue, onym_span_of(three, cut));
        unsigned before = f->packets;

        assert_true(used <= cut);
        (void)by_tcp(f, &dialogue, onym_span_of(three + used, len - used));
        assert_int_equal(before + f->packets, 3);
    }
    (void)by_tcp(f, &dialogue, onym_span_of(three, len));
    assert_int_equal(onym_get_u32(f->out + 8), 100);
}

static void
what_cannot_be_cut_is_answered_4_and_ends_the_connection(void **state)
{
    struct fixture *f = *state;
    struct onym_dialogue dialogue = {0};

    make_resolve(f, "88.1.2/A", FLAGS_USUAL, ONYM_VERSION(2, 11));
    onym_put_u32(f->request + 16, ONYM_MESSAGE_LEN_MAX + 1);
    assert_int_equal(by_tcp(f, &dialogue, onym_span_of(f->request, f->request_len)),
                     f->request_len);
    assert_int_equal(code_in(f), 4);
    assert_int_equal(onym_get_u32(f->out + 8), 77);
    assert_true(f->finished);
}

static void
an_undecodable_message_is_answered_4_and_the_connection_goes_on(void **state)
{
    struct fixture *f = *state;
    struct onym_dialogue dialogue = {0};
    uint8_t junk[30] = {2, 11, 2, 11, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 10};

    assert_int_equal(by_tcp(f, &dialogue, onym_span_of(junk, sizeof junk)), sizeof junk);
    assert_int_equal(code_in(f), 4);
    assert_int_equal(onym_get_u32(f->out + 8), 9);
    assert_false(f->finished);
}

int
main(void)
{
#define WITH_NODE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_NODE(public_values_come_back_with_the_name_as_asked),
        WITH_NODE(private_values_stay_here_even_when_po_is_clear),
        WITH_NODE(a_digest_is_of_the_kind_the_version_wants),
        WITH_NODE(two_codes_have_other_numbers_for_old_clients),
        WITH_NODE(the_reply_speaks_the_version_of_the_client),
        WITH_NODE(unknown_flags_and_claims_are_not_copied),
        WITH_NODE(errors_carry_their_code),
        WITH_NODE(a_session_is_unknown_unless_the_connection_announced_it),
        WITH_NODE(pipelined_requests_are_answered_in_order_however_torn),
        WITH_NODE(what_cannot_be_cut_is_answered_4_and_ends_the_connection),
        WITH_NODE(an_undecodable_message_is_answered_4_and_the_connection_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
