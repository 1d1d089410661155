#include "base/bytes.h"
#include "unit/client/exchange_play.h"

#define ID 77U

static struct onym_gather gather; /* NOLINT: a quarter of a megabyte, too much for a stack */

/* A datagram of a message of message_len bytes whose byte i is i * 31. */
static onym_span
datagram(uint8_t *out, uint32_t message_len, uint32_t sequence, uint32_t id)
{
    struct onym_envelope e = {.version = ONYM_VERSION_OWN, .request_id = id};
    struct onym_packet packet;

    onym_packet_at(&e, message_len, sequence, &packet);
    memcpy(out, packet.envelope, ONYM_ENVELOPE_LEN);
    for (size_t i = 0; i < packet.data_len; i++) {
        out[ONYM_ENVELOPE_LEN + i] = (uint8_t)((packet.offset + i) * 31);
    }
    return onym_span_of(out, ONYM_ENVELOPE_LEN + packet.data_len);
}

static void
check_message(uint32_t len)
{
    onym_span m = onym_gather_message(&gather);

    assert_int_equal(m.len, len);
    for (size_t i = 0; i < m.len; i++) {
        assert_int_equal(m.at[i], (uint8_t)(i * 31));
    }
}

static void
every_order_of_five_fragments_gives_the_message(void **state)
{
    uint8_t out[ONYM_PACKET_LEN_MAX];
    const uint32_t len = 4 * 492 + 100;

    (void)state;
    for (uint32_t code = 0; code < 120; code++) {
        uint32_t left[5] = {0, 1, 2, 3, 4};
        uint32_t count = 5;

        onym_gather_reset(&gather);
        for (uint32_t rest = code; count > 0; count--) {
            uint32_t pick = rest % count;
            onym_span d = datagram(out, len, left[pick], ID);

            rest /= count;
            left[pick] = left[count - 1];
            assert_int_equal(onym_gather_datagram(&gather, d, ID),
                             count == 1 ? ONYM_GATHERED_WHOLE : ONYM_GATHERED_MORE);
            if (count > 1) { /* each one twice */
                assert_int_equal(onym_gather_datagram(&gather, d, ID), ONYM_GATHERED_MORE);
            }
        }
        check_message(len);
        assert_int_equal(gather.packets, 9);
    }
}

static void
one_packet_holds_492_bytes_and_no_more(void **state)
{
    uint8_t out[ONYM_PACKET_LEN_MAX];

    (void)state;
    onym_gather_reset(&gather);
    assert_int_equal(onym_gather_datagram(&gather, datagram(out, 492, 0, ID), ID),
                     ONYM_GATHERED_WHOLE);
    check_message(492);
    onym_gather_reset(&gather);
    assert_int_equal(onym_gather_datagram(&gather, datagram(out, 493, 0, ID), ID),
                     ONYM_GATHERED_MORE);
    assert_int_equal(onym_gather_datagram(&gather, datagram(out, 493, 1, ID), ID),
                     ONYM_GATHERED_WHOLE);
    check_message(493);
}

static void
the_longest_message_fits_and_one_byte_more_is_ignored(void **state)
{
    uint8_t out[ONYM_PACKET_LEN_MAX];
    enum onym_gathered last = ONYM_GATHERED_MORE;
    onym_span d;

    (void)state;
    onym_gather_reset(&gather);
    for (uint32_t i = 0; i < ONYM_FRAGMENTS_MAX; i++) {
        assert_int_equal(last, ONYM_GATHERED_MORE);
        last = onym_gather_datagram(&gather, datagram(out, ONYM_MESSAGE_LEN_MAX, i, ID), ID);
    }
    assert_int_equal(last, ONYM_GATHERED_WHOLE);
    check_message(ONYM_MESSAGE_LEN_MAX);
    onym_gather_reset(&gather);
    d = datagram(out, ONYM_MESSAGE_LEN_MAX, 0, ID);
    onym_put_u32(out + 16, ONYM_MESSAGE_LEN_MAX + 1);
    assert_int_equal(onym_gather_datagram(&gather, d, ID), ONYM_GATHERED_MORE);
    assert_false(gather.started);
}

static void
datagrams_that_do_not_fit_are_ignored(void **state)
{
    uint8_t out[ONYM_PACKET_LEN_MAX + 1] = {0};
    onym_span d;

    (void)state;
    onym_gather_reset(&gather);
    d = datagram(out, 1000, 0, ID);
    for (size_t len = 0; len < d.len; len++) {
        (void)onym_gather_datagram(&gather, onym_span_front(d, len), ID);
        assert_false(gather.started);
    }
    d.len += 1; /* a byte too many for a fragment */
    (void)onym_gather_datagram(&gather, d, ID);
    assert_false(gather.started);
    (void)onym_gather_datagram(&gather, datagram(out, 1000, 0, ID + 1), ID);
    assert_false(gather.started);
    (void)onym_gather_datagram(&gather, datagram(out, ONYM_HEADER_LEN - 1, 0, ID), ID);
    assert_false(gather.started);
    d = datagram(out, 1000, 2, ID);
    onym_put_u32(out + 12, 3); /* past the end */
    (void)onym_gather_datagram(&gather, d, ID);
    onym_put_u32(out + 12, 0xFFFFFFFF);
    (void)onym_gather_datagram(&gather, d, ID);
    assert_false(gather.started);
}

static void
a_datagram_larger_than_a_packet_may_hold_the_whole_message(void **state)
{
    uint8_t out[ONYM_ENVELOPE_LEN + 1400];
    struct onym_envelope e = {.version = ONYM_VERSION_OWN, .request_id = ID, .message_len = 1390};

    (void)state;
    onym_envelope_encode(&e, out);
    for (size_t i = 0; i < 1400; i++) {
        out[ONYM_ENVELOPE_LEN + i] = (uint8_t)(i * 31);
    }
    onym_gather_reset(&gather);
    assert_int_equal(onym_gather_datagram(&gather, onym_span_of(out, sizeof out), ID),
                     ONYM_GATHERED_WHOLE);
    check_message(1390);
}

static void
another_length_begins_a_new_message(void **state)
{
    uint8_t out[ONYM_PACKET_LEN_MAX];

    (void)state;
    onym_gather_reset(&gather);
    (void)onym_gather_datagram(&gather, datagram(out, 600, 0, ID), ID);
    (void)onym_gather_datagram(&gather, datagram(out, 700, 1, ID), ID);
    assert_int_equal(onym_gather_datagram(&gather, datagram(out, 600, 1, ID), ID),
                     ONYM_GATHERED_MORE);
    assert_int_equal(onym_gather_datagram(&gather, datagram(out, 600, 0, ID), ID),
                     ONYM_GATHERED_WHOLE);
    check_message(600);
}

static size_t
stream_message(uint8_t *out, uint32_t len, uint8_t flags, uint32_t sequence)
{
    struct onym_envelope e = {.version = ONYM_VERSION_OWN,
                              .flags = flags,
                              .request_id = ID,
                              .sequence = sequence,
                              .message_len = len};

    onym_envelope_encode(&e, out);
    for (size_t i = 0; i < len && len <= ONYM_MESSAGE_LEN_MAX; i++) {
        out[ONYM_ENVELOPE_LEN + i] = (uint8_t)(i * 31);
    }
    return ONYM_ENVELOPE_LEN + len;
}

static void
a_stream_is_read_however_it_is_cut(void **state)
{
    uint8_t out[2 * (ONYM_ENVELOPE_LEN + 60)];
    size_t first = stream_message(out, 60, 0, 0);
    size_t all = first + stream_message(out + first, 50, 0, 0);

    (void)state;
    for (size_t cut = 0; cut <= all; cut++) {
        onym_span pieces[2] = {onym_span_of(out, cut), onym_span_of(out + cut, all - cut)};
        uint32_t whole = 0;

        onym_gather_reset(&gather);
        for (size_t i = 0; i < 2; i++) {
            while (pieces[i].len > 0) {
                if (onym_gather_stream(&gather, &pieces[i]) == ONYM_GATHERED_WHOLE) {
                    check_message(whole++ == 0 ? 60 : 50);
                }
            }
        }
        assert_int_equal(whole, 2);
    }
}

static enum onym_gathered
offer(uint32_t len, uint8_t flags, uint32_t sequence)
{
    static uint8_t out[ONYM_ENVELOPE_LEN + ONYM_MESSAGE_LEN_MAX];
    onym_span bytes;

    (void)stream_message(out, len, flags, sequence);
    bytes = onym_span_of(out, sizeof out);
    onym_gather_reset(&gather);
    return onym_gather_stream(&gather, &bytes);
}

static void
a_stream_of_too_long_or_cut_messages_is_refused(void **state)
{
    (void)state;
    assert_int_equal(offer(ONYM_MESSAGE_LEN_MAX, 0, 0), ONYM_GATHERED_WHOLE);
    assert_int_equal(offer(ONYM_MESSAGE_LEN_MAX + 1, 0, 0), ONYM_GATHERED_REFUSED);
    assert_int_equal(offer(0xFFFFFFFF, 0, 0), ONYM_GATHERED_REFUSED);
    assert_int_equal(offer(ONYM_HEADER_LEN, 0, 0), ONYM_GATHERED_WHOLE);
    assert_int_equal(offer(ONYM_HEADER_LEN - 1, 0, 0), ONYM_GATHERED_REFUSED);
    assert_int_equal(offer(100, ONYM_ENVELOPE_TRUNCATED, 0), ONYM_GATHERED_REFUSED);
    assert_int_equal(offer(100, 0, 1), ONYM_GATHERED_REFUSED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_order_of_five_fragments_gives_the_message),
        cmocka_unit_test(one_packet_holds_492_bytes_and_no_more),
        cmocka_unit_test(the_longest_message_fits_and_one_byte_more_is_ignored),
        cmocka_unit_test(datagrams_that_do_not_fit_are_ignored),
        cmocka_unit_test(a_datagram_larger_than_a_packet_may_hold_the_whole_message),
        cmocka_unit_test(another_length_begins_a_new_message),
        cmocka_unit_test(a_stream_is_read_however_it_is_cut),
        cmocka_unit_test(a_stream_of_too_long_or_cut_messages_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
