/* Streams torn anywhere, fragments in any order, packets of a reply: each limit on both sides. */
#include "wire/frame.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the four above and below it in place */
#include <cmocka.h>
#include <stdlib.h>

/* Writes an envelope for len bytes of message at out. */
static void
put_envelope(uint8_t *out, uint32_t len, uint32_t request_id, uint8_t flags)
{
    struct onym_envelope e = {.version = ONYM_VERSION(2, 11),
                              .request_id = request_id,
                              .message_len = len,
                              .flags = flags};

    onym_envelope_encode(&e, out);
}

static void
frame_asks_for_an_envelope_first_and_then_for_the_message(void **state)
{
    uint8_t stream[ONYM_ENVELOPE_LEN + 10] = {0};
    struct onym_frame frame;

    (void)state;
    put_envelope(stream, 10, 7, 0);
    for (size_t len = 0; len < sizeof stream; len++) {
        frame = onym_frame_cut(onym_span_of(stream, len));
        assert_int_equal(frame.verdict, ONYM_FRAME_MORE);
        assert_int_equal(frame.need, len < ONYM_ENVELOPE_LEN ? ONYM_ENVELOPE_LEN : sizeof stream);
    }
    frame = onym_frame_cut(onym_span_of(stream, sizeof stream));
    assert_int_equal(frame.verdict, ONYM_FRAME_MESSAGE);
    assert_int_equal(frame.used, sizeof stream);
    assert_int_equal(frame.message.len, 10);
    assert_ptr_equal(frame.message.at, stream + ONYM_ENVELOPE_LEN);
    assert_int_equal(frame.envelope.request_id, 7);
}

static void
frame_finds_every_message_of_a_stream_however_torn(void **state)
{
    uint8_t stream[4096];
    size_t len = 0;
    struct onym_rng rng = onym_rng_seeded(41);

    (void)state;
    for (uint32_t i = 1; i <= 20; i++) {
        uint32_t message_len = (uint32_t)onym_rng_below(&rng, 150);

        put_envelope(stream + len, message_len, i, 0);
        memset(stream + len + ONYM_ENVELOPE_LEN, (int)i, message_len);
        len += ONYM_ENVELOPE_LEN + message_len;
    }
    for (int round = 0; round < 50; round++) {
        size_t start = 0;
        size_t received = 0;
        uint32_t next = 1;

        while (start < len) {
            struct onym_frame frame = onym_frame_cut(
                onym_span_of(stream + start, received - start));

            if (frame.verdict == ONYM_FRAME_MORE) {
                size_t piece = 1 + (size_t)onym_rng_below(&rng, 90);

                assert_true(start + frame.need > received);
                received = received + piece < len ? received + piece : len;
                continue;
            }
            assert_int_equal(frame.verdict, ONYM_FRAME_MESSAGE);
            assert_int_equal(frame.envelope.request_id, next);
            assert_true(frame.message.len == 0 || frame.message.at[0] == next);
            next++;
            start += frame.used;
        }
        assert_int_equal(next, 21);
    }
}

static void
frame_takes_the_longest_message_and_refuses_one_byte_more(void **state)
{
    uint8_t stream[ONYM_ENVELOPE_LEN];
    struct onym_frame frame;

    (void)state;
    put_envelope(stream, ONYM_MESSAGE_LEN_MAX, 5, 0);
    frame = onym_frame_cut(onym_span_of(stream, sizeof stream));
    assert_int_equal(frame.verdict, ONYM_FRAME_MORE);
    assert_int_equal(frame.need, ONYM_ENVELOPE_LEN + ONYM_MESSAGE_LEN_MAX);
    put_envelope(stream, ONYM_MESSAGE_LEN_MAX + 1, 5, 0);
    frame = onym_frame_cut(onym_span_of(stream, sizeof stream));
    assert_int_equal(frame.verdict, ONYM_FRAME_REFUSE);
    assert_int_equal(frame.envelope.request_id, 5);
    assert_non_null(frame.why);
    put_envelope(stream, UINT32_MAX, 5, 0);
    assert_int_equal(onym_frame_cut(onym_span_of(stream, sizeof stream)).verdict,
                     ONYM_FRAME_REFUSE);
}

static void
frame_refuses_a_fragment_on_a_stream(void **state)
{
    uint8_t stream[ONYM_ENVELOPE_LEN];
    struct onym_frame frame;

    (void)state;
    put_envelope(stream, 30, 6, ONYM_ENVELOPE_TRUNCATED);
    frame = onym_frame_cut(onym_span_of(stream, sizeof stream));
    assert_int_equal(frame.verdict, ONYM_FRAME_REFUSE);
    assert_int_equal(frame.envelope.request_id, 6);
}

/* ---- fragments ---- */

#define MESSAGE_MAX 5000U

struct packets {
    uint32_t count;
    uint8_t message[MESSAGE_MAX + 1];
    uint8_t at[12][ONYM_PACKET_LEN_MAX];
    size_t len[12];
};

static onym_span
packet(const struct packets *p, uint32_t i)
{
    return onym_span_of(p->at[i], p->len[i]);
}

static void
make(struct packets *p, uint32_t message_len, uint32_t request_id)
{
    struct onym_envelope e = {
        .version = ONYM_VERSION(2, 11), .request_id = request_id, .session_id = 3};

    p->count = onym_packets_count(message_len);
    assert_true(p->count <= 12);
    for (size_t i = 0; i < message_len; i++) {
        p->message[i] = (uint8_t)(i * 7 + request_id);
    }
    for (uint32_t i = 0; i < p->count; i++) {
        struct onym_packet cut;

        onym_packet_at(&e, message_len, i, &cut);
        memcpy(p->at[i], cut.envelope, ONYM_ENVELOPE_LEN);
        p->at[i][2] |= ONYM_ENVELOPE_TRUNCATED; /* also when it is the only one */
        memcpy(p->at[i] + ONYM_ENVELOPE_LEN, p->message + cut.offset, cut.data_len);
        p->len[i] = ONYM_ENVELOPE_LEN + cut.data_len;
    }
}

struct bench {
    void *memory;
    struct onym_reassembly *r;
    struct onym_envelope envelope;
    onym_span message;
};

static void
bench_open(struct bench *b, uint32_t slots)
{
    b->memory = malloc(onym_reassembly_size(slots, MESSAGE_MAX));
    assert_non_null(b->memory);
    b->r = onym_reassembly_init(b->memory, slots, MESSAGE_MAX);
}

static enum onym_reassembly_verdict
add(struct bench *b, const char *peer, onym_span bytes, uint64_t now_ms)
{
    return onym_reassembly_add(b->r, onym_span_text(peer), bytes, now_ms, &b->envelope,
                               &b->message);
}

static void
fragments_make_a_message_in_any_order(void **state)
{
    struct packets p;
    struct bench b;
    struct onym_rng rng = onym_rng_seeded(42);

    (void)state;
    bench_open(&b, 4);
    for (int round = 0; round < 200; round++) {
        uint32_t len = 1 + (uint32_t)onym_rng_below(&rng, MESSAGE_MAX);
        uint32_t order[12];

        make(&p, len, (uint32_t)round + 1);
        for (uint32_t i = 0; i < p.count; i++) {
            uint32_t j = (uint32_t)onym_rng_below(&rng, i + 1);

            order[i] = order[j];
            order[j] = i;
        }
        for (uint32_t i = 0; i < p.count; i++) {
            enum onym_reassembly_verdict verdict = add(&b, "peer", packet(&p, order[i]), 1);

            if (i + 1 < p.count) {
                assert_int_equal(verdict, ONYM_FRAGMENT_KEPT);
                assert_int_equal(add(&b, "peer", packet(&p, order[i]), 1), ONYM_FRAGMENT_DUPLICATE);
            } else {
                assert_int_equal(verdict, ONYM_FRAGMENT_COMPLETE);
            }
        }
        assert_int_equal(b.message.len, len);
        assert_memory_equal(b.message.at, p.message, len);
        assert_int_equal(b.envelope.flags, 0);
        assert_int_equal(b.envelope.sequence, 0);
        assert_int_equal(b.envelope.message_len, len);
        assert_int_equal(b.envelope.session_id, 3);
        assert_int_equal(onym_reassembly_waiting(b.r, 1), 0);
    }
    free(b.memory);
}

static void
fragments_of_different_peers_or_requests_do_not_mix(void **state)
{
    struct packets one;
    struct packets two;
    struct bench b;

    (void)state;
    bench_open(&b, 4);
    make(&one, 600, 1);
    make(&two, 600, 2);
    assert_int_equal(add(&b, "a", packet(&one, 0), 1), ONYM_FRAGMENT_KEPT);
    assert_int_equal(add(&b, "b", packet(&one, 1), 1), ONYM_FRAGMENT_KEPT);
    assert_int_equal(add(&b, "a", packet(&two, 1), 1), ONYM_FRAGMENT_KEPT);
    assert_int_equal(add(&b, "aa", packet(&one, 1), 1), ONYM_FRAGMENT_KEPT);
    assert_int_equal(add(&b, "a", packet(&one, 1), 1), ONYM_FRAGMENT_COMPLETE);
    assert_memory_equal(b.message.at, one.message, 600);
    assert_int_equal(add(&b, "a", packet(&two, 0), 1), ONYM_FRAGMENT_COMPLETE);
    assert_memory_equal(b.message.at, two.message, 600);
    free(b.memory);
}

static void
fragments_must_be_flagged_full_and_within_the_message(void **state)
{
    struct packets p;
    struct bench b;

    (void)state;
    bench_open(&b, 2);
    make(&p, 2 * ONYM_PACKET_DATA_MAX + 1, 1);
    assert_int_equal(p.count, 3);
    for (uint32_t i = 0; i < 3; i++) { /* one byte less, one more */
        assert_int_equal(add(&b, "p", onym_span_of(p.at[i], p.len[i] - 1), 1), ONYM_FRAGMENT_BAD);
    }
    assert_int_equal(add(&b, "p", onym_span_of(p.at[2], p.len[2] + 1), 1), ONYM_FRAGMENT_BAD);
    assert_int_equal(add(&b, "p", onym_span_of(p.at[0], ONYM_ENVELOPE_LEN - 1), 1),
                     ONYM_FRAGMENT_BAD);
    p.at[0][2] &= (uint8_t)~ONYM_ENVELOPE_TRUNCATED;
    assert_int_equal(add(&b, "p", packet(&p, 0), 1), ONYM_FRAGMENT_BAD);
    onym_span past = packet(&p, 1);
    p.at[1][15] = 3; /* sequence 3 of 0..2 */
    assert_int_equal(add(&b, "p", past, 1), ONYM_FRAGMENT_BAD);
    p.at[1][12] = 0xFF;
    assert_int_equal(add(&b, "p", past, 1), ONYM_FRAGMENT_BAD);
    assert_int_equal(onym_reassembly_waiting(b.r, 1), 0);
    free(b.memory);
}

static void
fragments_of_the_longest_message_are_taken_and_one_byte_more_is_not(void **state)
{
    struct packets p;
    struct bench b;

    (void)state;
    bench_open(&b, 1);
    make(&p, MESSAGE_MAX, 1);
    for (uint32_t i = 0; i < p.count; i++) {
        assert_int_equal(add(&b, "p", packet(&p, i), 1),
                         i + 1 < p.count ? ONYM_FRAGMENT_KEPT : ONYM_FRAGMENT_COMPLETE);
    }
    make(&p, MESSAGE_MAX + 1, 2);
    assert_int_equal(add(&b, "p", packet(&p, 0), 1), ONYM_FRAGMENT_BAD);
    make(&p, 600, 3);
    memset(p.at[0] + 16, 0, 4);
    assert_int_equal(add(&b, "p", onym_span_of(p.at[0], ONYM_ENVELOPE_LEN), 1), ONYM_FRAGMENT_BAD);
    free(b.memory);
}

static void
fragments_that_disagree_with_the_first_are_dropped(void **state)
{
    static const uint8_t places[] = {0, 1, 3, 7}; /* version, suggested, session */
    struct packets p;
    struct packets longer;
    struct bench b;

    (void)state;
    bench_open(&b, 2);
    make(&p, 600, 1);
    make(&longer, 601, 1);
    assert_int_equal(add(&b, "p", packet(&p, 0), 1), ONYM_FRAGMENT_KEPT);
    assert_int_equal(add(&b, "p", packet(&longer, 1), 1), ONYM_FRAGMENT_BAD);
    for (size_t i = 0; i < sizeof places; i++) {
        p.at[1][places[i]] ^= 1;
        assert_int_equal(add(&b, "p", packet(&p, 1), 1), ONYM_FRAGMENT_BAD);
        p.at[1][places[i]] ^= 1;
    }
    assert_int_equal(add(&b, "p", packet(&p, 1), 1), ONYM_FRAGMENT_COMPLETE);
    free(b.memory);
}

static void
fragments_expire_after_five_seconds(void **state)
{
    struct packets p;
    struct bench b;

    (void)state;
    bench_open(&b, 2);
    make(&p, 600, 1);
    assert_int_equal(add(&b, "p", packet(&p, 0), 1000), ONYM_FRAGMENT_KEPT);
    assert_int_equal(onym_reassembly_waiting(b.r, 5999), 1);
    assert_int_equal(onym_reassembly_waiting(b.r, 6000), 0);
    assert_int_equal(add(&b, "p", packet(&p, 1), 5999), ONYM_FRAGMENT_COMPLETE);
    assert_int_equal(add(&b, "p", packet(&p, 0), 1000), ONYM_FRAGMENT_KEPT);
    assert_int_equal(add(&b, "p", packet(&p, 1), 6000), ONYM_FRAGMENT_KEPT);
    assert_int_equal(add(&b, "p", packet(&p, 0), 6001), ONYM_FRAGMENT_COMPLETE);
    free(b.memory);
}

static void
fragments_push_out_the_oldest_request_when_slots_are_gone(void **state)
{
    struct packets p[4];
    struct bench b;

    (void)state;
    bench_open(&b, 3);
    for (uint32_t i = 0; i < 4; i++) {
        make(&p[i], 600, i + 1);
    }
    assert_int_equal(add(&b, "p", packet(&p[1], 0), 20), ONYM_FRAGMENT_KEPT);
    assert_int_equal(add(&b, "p", packet(&p[0], 0), 10), ONYM_FRAGMENT_KEPT);
    assert_int_equal(add(&b, "p", packet(&p[2], 0), 30), ONYM_FRAGMENT_KEPT);
    assert_int_equal(onym_reassembly_waiting(b.r, 30), 3);
    assert_int_equal(add(&b, "p", packet(&p[3], 0), 40), ONYM_FRAGMENT_KEPT); /* takes p[0]'s */
    assert_int_equal(onym_reassembly_waiting(b.r, 40), 3);
    for (uint32_t i = 1; i < 4; i++) {
        assert_int_equal(add(&b, "p", packet(&p[i], 1), 50), ONYM_FRAGMENT_COMPLETE);
        assert_memory_equal(b.message.at, p[i].message, 600);
    }
    assert_int_equal(add(&b, "p", packet(&p[0], 1), 60), ONYM_FRAGMENT_KEPT);
    free(b.memory);
}

/* ---- packets ---- */

static void
packets_are_full_but_the_last_and_flagged_when_several(void **state)
{
    static const struct {
        size_t len;
        uint32_t count;
        size_t last;
    } cases[] = {{0, 1, 0},   {1, 1, 1},     {491, 1, 491}, {492, 1, 492},
                 {493, 2, 1}, {984, 2, 492}, {985, 3, 1},   {ONYM_MESSAGE_LEN_MAX, 533, 400}};
    struct onym_envelope e = {.version = ONYM_VERSION_OWN, .flags = ONYM_ENVELOPE_TRUNCATED};

    (void)state;
    assert_int_equal(ONYM_FRAGMENTS_MAX, 533);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t sum = 0;

        assert_int_equal(onym_packets_count(cases[i].len), cases[i].count);
        for (uint32_t n = 0; n < cases[i].count; n++) {
            struct onym_packet cut;
            struct onym_envelope found;

            onym_packet_at(&e, cases[i].len, n, &cut);
            assert_int_equal(onym_envelope_decode(onym_span_of(cut.envelope, 20), &found), ONYM_OK);
            assert_int_equal(found.sequence, n);
            assert_int_equal(found.message_len, cases[i].len);
            assert_int_equal(found.flags, cases[i].count > 1 ? ONYM_ENVELOPE_TRUNCATED : 0);
            assert_int_equal(cut.offset, sum);
            assert_int_equal(cut.data_len,
                             n + 1 < cases[i].count ? ONYM_PACKET_DATA_MAX : cases[i].last);
            sum += cut.data_len;
        }
        assert_int_equal(sum, cases[i].len);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frame_asks_for_an_envelope_first_and_then_for_the_message),
        cmocka_unit_test(frame_finds_every_message_of_a_stream_however_torn),
        cmocka_unit_test(frame_takes_the_longest_message_and_refuses_one_byte_more),
        cmocka_unit_test(frame_refuses_a_fragment_on_a_stream),
        cmocka_unit_test(fragments_make_a_message_in_any_order),
        cmocka_unit_test(fragments_of_different_peers_or_requests_do_not_mix),
        cmocka_unit_test(fragments_must_be_flagged_full_and_within_the_message),
        cmocka_unit_test(fragments_of_the_longest_message_are_taken_and_one_byte_more_is_not),
        cmocka_unit_test(fragments_that_disagree_with_the_first_are_dropped),
        cmocka_unit_test(fragments_expire_after_five_seconds),
        cmocka_unit_test(fragments_push_out_the_oldest_request_when_slots_are_gone),
        cmocka_unit_test(packets_are_full_but_the_last_and_flagged_when_several),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
