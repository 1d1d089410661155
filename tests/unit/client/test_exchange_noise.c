/* Whatever a server sends, a question ends in its time, inside its memory, and a list of values
 * that is handed out decodes. Meant to run under the sanitizers too. */
#include "unit/client/exchange_play.h"

/* Delivers bytes and plays the clock to the end of the question. */
static enum onym_status
play_out(struct play *p, enum onym_transport transport, onym_span (*spoil)(struct play *, uint64_t),
         uint64_t choice)
{
    const struct onym_client_result *r = NULL;
    enum onym_status status;
    uint32_t values = 0;
    struct onym_value v;
    onym_span cursor;

    play_begin(p, 1, transport, (choice & 1) != 0 ? ONYM_FLAG_REQUEST_DIGEST : 0);
    (void)play_ask(p, 0, transport);
    if (transport == ONYM_TRANSPORT_UDP) {
        onym_exchange_datagram(p->x, spoil(p, choice), p->now);
    } else {
        onym_exchange_stream(p->x, spoil(p, choice), p->now);
    }
    for (int i = 0; r == NULL; i++) {
        struct onym_wish wish = onym_exchange_next(p->x, p->now);

        assert_true(i < 50);
        if (wish.want == ONYM_WANT_END) {
            r = onym_exchange_result(p->x);
        } else if (wish.want == ONYM_WANT_WAIT) {
            assert_true(wish.deadline_ms > p->now.ms);
            p->now.ms = wish.deadline_ms;
        }
    }
    assert_true(p->now.ms <= 1020000);
    cursor = r->values.raw;
    while (onym_value_next(&cursor, &v)) {
        values++;
    }
    assert_int_equal(cursor.len, 0);
    assert_int_equal(values, r->values.count);
    status = r->status;
    play_end(p);
    return status;
}

static onym_span
two_values(struct play *p)
{
    static uint8_t bytes[200];
    struct onym_value_list first = play_value(bytes, sizeof bytes, 1, 20);
    struct onym_value_list second = play_value(bytes + first.raw.len, sizeof bytes - first.raw.len,
                                               2, 20);

    first.raw.len += second.raw.len;
    first.count = 2;
    return play_reply(p, (struct reply_plan){.values = first});
}

static onym_span
flipped(struct play *p, uint64_t bit)
{
    onym_span reply = two_values(p);

    p->reply[bit / 8] ^= (uint8_t)(1U << (bit % 8));
    return reply;
}

static onym_span
cut(struct play *p, uint64_t len)
{
    return onym_span_front(two_values(p), len);
}

/* Random bytes behind an envelope that is ours, half of the time with a plausible header too. */
static onym_span
noise(struct play *p, uint64_t seed)
{
    struct onym_rng rng = onym_rng_seeded(seed);
    size_t len = 20 + onym_rng_below(&rng, 600);
    size_t from = (seed & 2) != 0 ? 20 : 44;
    struct onym_envelope e = {.version = ONYM_VERSION_OWN,
                              .request_id = p->asked.request_id,
                              .message_len = (uint32_t)(len - 20)};

    (void)two_values(p);
    onym_envelope_encode(&e, p->reply);
    for (size_t i = from; i < len; i++) {
        p->reply[i] = (uint8_t)onym_rng_u64(&rng);
    }
    return onym_span_of(p->reply, len);
}

static void
every_flipped_bit_and_every_prefix(void **state)
{
    static const enum onym_transport transports[] = {ONYM_TRANSPORT_UDP, ONYM_TRANSPORT_TCP};
    struct play *p = malloc(sizeof *p);
    size_t len;

    (void)state;
    assert_non_null(p);
    play_begin(p, 1, ONYM_TRANSPORT_UDP, 0);
    len = two_values(p).len;
    play_end(p);
    for (size_t t = 0; t < 2; t++) {
        for (uint64_t bit = 0; bit < len * 8; bit += 2) { /* even: no request digest asked for */
            (void)play_out(p, transports[t], flipped, bit);
        }
        for (uint64_t bit = 1; bit < len * 8; bit += 2) {
            assert_int_not_equal(play_out(p, transports[t], flipped, bit), ONYM_OK);
        }
        for (uint64_t front = 0; front < len; front++) {
            assert_int_not_equal(play_out(p, transports[t], cut, front), ONYM_OK);
        }
        assert_int_equal(play_out(p, transports[t], cut, len + len % 2), ONYM_OK);
    }
    free(p);
}

static void
random_bytes(void **state)
{
    struct play *p = malloc(sizeof *p);

    (void)state;
    assert_non_null(p);
    for (uint64_t seed = 0; seed < 5000; seed++) {
        (void)play_out(p, (seed & 4) != 0 ? ONYM_TRANSPORT_UDP : ONYM_TRANSPORT_TCP, noise, seed);
    }
    free(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_flipped_bit_and_every_prefix),
        cmocka_unit_test(random_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
