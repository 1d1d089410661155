#include "base/bytes.h"
#include "service/answer.h"
#include "service/datagram.h"
#include "service/stream.h"
#include "support/temp_store.h"
#include "wire/resolve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW_S       1700000000U
#define FLAGS_USUAL (ONYM_FLAG_RECURSE | ONYM_FLAG_CACHE_AUTH | ONYM_FLAG_PUBLIC_ONLY)
#define BIG_VALUES  40U

struct fixture {
    struct temp_store store;
    struct onym_view *view;
    struct onym_answerer answerer;
    struct onym_admit admit;
    struct onym_counters counters;
    struct onym_arena arena;
    uint8_t memory[1 << 20];
    uint8_t request[4096];
    size_t request_len;
    uint8_t out[1 << 20]; /* the answer as a client receives it, envelopes included */
    size_t out_len;
    unsigned packets;
    bool finished;
};

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    uint8_t bytes[32768];
    struct onym_value_list list = {0};
    struct onym_value_list big = {0};
    struct onym_value_list closed = {0};

    assert_non_null(f);
    temp_store_open(&f->store);
    temp_store_home(&f->store, "0.NA/88.1.2");
    temp_value_add(&list, bytes, sizeof bytes, 1, "URL", "https://example.cn/1", ONYM_PERM_DEFAULT);
    temp_value_add(&list, bytes, sizeof bytes, 2, "DESC", "曲轴", ONYM_PERM_DEFAULT);
    temp_value_add(&closed, bytes + 8192, 1024, 300, "HS_SECKEY", "s", ONYM_PERM_ADMIN_READ);
    temp_store_put(&f->store, "88.1.2/A", list, closed);
    for (uint32_t i = 1; i <= BIG_VALUES; i++) {
        char text[256];

        (void)snprintf(text, sizeof text, "%0200u", i);
        temp_value_add(&big, bytes + 10000, 20000, i, i % 2 != 0 ? "ODD" : "EVEN", text,
                       ONYM_PERM_DEFAULT);
    }
    temp_store_put(&f->store, "88.1.2/big", big, (struct onym_value_list){0});
    assert_int_equal(onym_view_open(f->store.env, &f->view), ONYM_OK);
    assert_int_equal(onym_digester_new(&f->answerer.digester), ONYM_OK);
    f->answerer.resolver.view = f->view;
    f->answerer.site = onym_span_text("raw site bytes");
    f->answerer.site_serial = 7;
    f->arena = (struct onym_arena){.at = f->memory, .cap = sizeof f->memory};
    onym_admit_init(&f->admit, 1, 0);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    onym_view_close(f->view);
    onym_digester_free(f->answerer.digester);
    temp_store_close(&f->store);
    free(f);
    return 0;
}

/* ---- making requests ---- */

static void
make(struct fixture *f, uint32_t opcode, uint32_t flags, uint16_t version, uint32_t session,
     onym_span body)
{
    struct onym_message m = {.envelope = {.version = version,
                                          .suggested = version,
                                          .session_id = session,
                                          .request_id = 77},
                             .header = {.opcode = opcode,
                                        .flags = flags,
                                        .site_serial = 0xFFFF,
                                        .recursion = 3,
                                        .expiration = 1},
                             .body = body,
                             .has_credential = true};

    assert_int_equal(onym_message_encode(&m, f->request, sizeof f->request, &f->request_len),
                     ONYM_OK);
}

static void
make_resolve(struct fixture *f, const char *name, uint32_t flags, uint16_t version)
{
    struct onym_query query = {.name = onym_span_text(name)};
    uint8_t body[3000];
    size_t len;

    assert_int_equal(onym_query_encode(&query, body, sizeof body, &len), ONYM_OK);
    make(f, ONYM_OP_RESOLVE, flags, version, 0, onym_span_of(body, len));
}

/* ---- the two mouths ---- */

static void
collect(void *of, onym_span envelope, const onym_span *parts, size_t count)
{
    struct fixture *f = of;

    memcpy(f->out + f->out_len, envelope.at, envelope.len);
    f->out_len += envelope.len;
    for (size_t i = 0; i < count; i++) {
        memcpy(f->out + f->out_len, parts[i].at, parts[i].len);
        f->out_len += parts[i].len;
    }
    f->packets++;
}

static void
nothing(void *of)
{
    (void)of;
}

static bool
never(void *of)
{
    (void)of;
    return false;
}

static void
finish(void *of)
{
    struct fixture *f = of;

    f->finished = true;
}

static size_t
by_tcp(struct fixture *f, struct onym_dialogue *dialogue, onym_span bytes)
{
    struct onym_stream_service service = {
        .answerer = &f->answerer, .counters = &f->counters, .arena = &f->arena};
    struct onym_stream_sink sink = {.of = f,
                                    .send = collect,
                                    .flush = nothing,
                                    .congested = never,
                                    .touch = nothing,
                                    .finish = finish};

    f->out_len = 0;
    f->packets = 0;
    f->finished = false;
    onym_arena_reset(&f->arena);
    return onym_stream_feed(&service, dialogue, bytes, NOW_S, &sink);
}

static struct onym_message
tcp_answer(struct fixture *f)
{
    struct onym_dialogue dialogue = {0};
    struct onym_envelope envelope;
    struct onym_message m = {0};

    assert_int_equal(by_tcp(f, &dialogue, onym_span_of(f->request, f->request_len)),
                     f->request_len);
    assert_int_equal(f->packets, 1);
    assert_int_equal(onym_envelope_decode(onym_span_of(f->out, f->out_len), &envelope), ONYM_OK);
    assert_int_equal(onym_message_cut(&envelope, onym_span_of(f->out + 20, f->out_len - 20), &m),
                     ONYM_OK);
    assert_int_equal(m.envelope.request_id, 77);
    assert_int_equal(m.header.expiration, NOW_S + ONYM_REPLY_LIFETIME_S);
    assert_int_equal(m.header.site_serial, 7);
    assert_int_equal(m.header.recursion, 3);
    return m;
}

static void
by_udp_from(struct fixture *f, onym_span data, bool too_long, uint8_t host, uint32_t packets_max)
{
    uint8_t address[4] = {192, 0, 2, host};
    struct onym_datagram_service service = {.answerer = &f->answerer,
                                            .admit = &f->admit,
                                            .counters = &f->counters,
                                            .reply_packets = packets_max};
    struct onym_datagram in = {
        .data = data, .too_long = too_long, .address = onym_span_of(address, 4), .port = 9};
    struct onym_moment now = {.epoch_s = NOW_S, .monotonic_ns = 5000000000U};
    void *memory = malloc(onym_reassembly_size(4, 65536));

    assert_non_null(memory);
    service.reassembly = onym_reassembly_init(memory, 4, 65536);
    f->out_len = 0;
    f->packets = 0;
    onym_arena_reset(&f->arena);
    onym_datagram_answer(&service, &in, now, &f->arena, collect, f);
    free(memory);
}

static void
by_udp(struct fixture *f)
{
    by_udp_from(f, onym_span_of(f->request, f->request_len), false, 1, 16);
}

static uint32_t
code_in(const struct fixture *f)
{
    struct onym_header header;

    assert_true(f->packets > 0);
    assert_int_equal(onym_header_decode(onym_span_of(f->out + 20, f->out_len - 20), &header),
                     ONYM_OK);
    return header.response_code;
}

/* ---- resolve ---- */

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
    } cases[] = {{777, 5, "88.1.2/A"},   {0, 5, "/"},          {105, 5, "0.NA/88.1.2"},
                 {100, 301, "99.9/new"}, {100, 5, "88.1.2/n"}, {104, 100, "88.1.2/none"},
                 {104, 5, "88.1.2/A"},   {200, 500, "x"},      {401, 500, "/"},
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

/* ---- UDP ---- */

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
        WITH_NODE(public_values_come_back_with_the_name_as_asked),
        WITH_NODE(private_values_stay_here_even_when_po_is_clear),
        WITH_NODE(a_digest_is_of_the_kind_the_version_wants),
        WITH_NODE(the_reply_speaks_the_version_of_the_client),
        WITH_NODE(unknown_flags_and_claims_are_not_copied),
        WITH_NODE(errors_carry_their_code),
        WITH_NODE(a_session_is_unknown_unless_the_connection_announced_it),
        WITH_NODE(pipelined_requests_are_answered_in_order_however_torn),
        WITH_NODE(what_cannot_be_cut_is_answered_4_and_ends_the_connection),
        WITH_NODE(an_undecodable_message_is_answered_4_and_the_connection_goes_on),
        WITH_NODE(a_large_answer_comes_in_packets_up_to_the_cap),
        WITH_NODE(packets_join_to_the_answer_of_tcp),
        WITH_NODE(runts_replies_and_broken_envelopes_meet_silence),
        WITH_NODE(a_valid_envelope_around_a_broken_body_is_answered_without_gain),
        WITH_NODE(over_the_limit_one_busy_answer_then_silence),
        WITH_NODE(requests_are_counted_by_transport_and_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
