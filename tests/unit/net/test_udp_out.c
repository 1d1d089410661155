/* Packets put together to messages: which ones, in which order, and where they end. */
#include "net/udp_out.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int
setup(void **state)
{
    struct onym_udp_out *out = calloc(1, sizeof *out);

    assert_non_null(out);
    out->joins = true;
    *state = out;
    return 0;
}

static int
teardown(void **state)
{
    free(*state);
    return 0;
}

/* A packet of len bytes, all of them its number. */
static void
add(struct onym_udp_out *out, uint16_t flow, size_t len)
{
    uint8_t bytes[ONYM_UDP_OUT_LEN] = {0};
    onym_span parts[2] = {onym_span_of(bytes, 1), onym_span_of(bytes, len - 2)};

    memset(bytes, out->packets, sizeof bytes);
    onym_udp_out_add(out, flow, onym_span_of(bytes, 1), parts, 2);
}

/* The message is of a flow and has these packets, which are of these lengths. */
static void
expect(struct onym_udp_out *out, size_t number, uint16_t flow, size_t count, const uint8_t *packet,
       const uint16_t *len)
{
    struct iovec part[ONYM_UDP_OUT_MAX];
    struct onym_udp_message *m = &out->message[number];
    uint8_t bytes[ONYM_UDP_OUT_MAX * ONYM_UDP_OUT_LEN];
    size_t parts = onym_udp_out_parts(out, m, part);
    size_t all = 0;
    size_t at = 0;

    assert_true(number < out->messages);
    assert_int_equal(m->flow, flow);
    assert_int_equal(m->count, count);
    assert_in_range(parts, 1, count);
    for (size_t i = 0; i < parts; i++) {
        memcpy(bytes + all, part[i].iov_base, part[i].iov_len);
        all += part[i].iov_len;
    }
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(i + 1 < count ? m->segment : len[i], len[i]); /* the kernel cuts there */
        for (size_t k = 0; k < len[i]; k++) {
            assert_int_equal(bytes[at++], packet[i]);
        }
    }
    assert_int_equal(at, all);
}

#define EXPECT(out, number, flow, packets, ...)                                                    \
    expect(out, number, flow, sizeof((uint16_t[]){__VA_ARGS__}) / sizeof(uint16_t),                \
           (const uint8_t *)(packets), (const uint16_t[]){__VA_ARGS__})

static void
packets_of_a_flow_are_joined_though_others_lie_between(void **state)
{
    struct onym_udp_out *out = *state;

    add(out, 5, 100);
    add(out, 0, 100);
    add(out, 5, 100);
    add(out, 127, 100);
    add(out, 0, 100);
    add(out, 5, 100);
    assert_int_equal(out->messages, 3);
    EXPECT(out, 0, 5, "\0\2\5", 100, 100, 100);
    EXPECT(out, 1, 0, "\1\4", 100, 100);
    EXPECT(out, 2, 127, "\3", 100);
}

static void
a_shorter_packet_ends_its_message(void **state)
{
    struct onym_udp_out *out = *state;

    add(out, 0, 512);
    add(out, 0, 512);
    add(out, 0, 20);
    add(out, 0, 20);
    add(out, 0, 19);
    add(out, 0, 512);
    assert_int_equal(out->messages, 3);
    EXPECT(out, 0, 0, "\0\1\2", 512, 512, 20);
    EXPECT(out, 1, 0, "\3\4", 20, 19);
    EXPECT(out, 2, 0, "\5", 512);
}

static void
of_two_the_longer_goes_first(void **state)
{
    struct onym_udp_out *out = *state;

    add(out, 0, 300);
    add(out, 1, 300);
    add(out, 0, 301);
    add(out, 0, 20); /* 300 is the last of its message */
    add(out, 1, 300);
    add(out, 1, 301); /* would not go behind two of 300, and not in front of them */
    assert_int_equal(out->messages, 4);
    EXPECT(out, 0, 0, "\2\0", 301, 300);
    EXPECT(out, 1, 1, "\1\4", 300, 300);
    EXPECT(out, 2, 0, "\3", 20);
    EXPECT(out, 3, 1, "\5", 301);
}

static void
neighbours_are_one_part(void **state)
{
    struct onym_udp_out *out = *state;
    struct iovec part[ONYM_UDP_OUT_MAX];

    add(out, 0, 512);
    add(out, 0, 512);
    add(out, 1, 512);
    add(out, 0, 44);
    assert_int_equal(onym_udp_out_parts(out, &out->message[0], part), 2);
    assert_int_equal(part[0].iov_len, 1024);
    assert_int_equal(part[1].iov_len, 44);
}

static void
a_message_has_so_many_packets_and_no_more(void **state)
{
    struct onym_udp_out *out = *state;

    for (size_t i = 0; i < ONYM_UDP_OUT_MAX; i++) {
        add(out, 0, ONYM_UDP_OUT_LEN);
        assert_int_equal(out->messages, 1 + i / ONYM_UDP_JOIN_MAX);
    }
    assert_int_equal(out->message[0].count, ONYM_UDP_JOIN_MAX);
    assert_int_equal(out->message[1].count, ONYM_UDP_OUT_MAX - ONYM_UDP_JOIN_MAX);
    onym_udp_out_clear(out);
    for (uint16_t i = 0; i < ONYM_UDP_OUT_MAX; i++) { /* as many messages as packets */
        add(out, i, ONYM_UDP_OUT_LEN);
    }
    assert_int_equal(out->messages, ONYM_UDP_OUT_MAX);
}

static void
split_packets_are_alone_and_stay_so(void **state)
{
    struct onym_udp_out *out = *state;

    add(out, 0, 100);
    add(out, 1, 100);
    add(out, 1, 100);
    add(out, 2, 100);
    add(out, 1, 50);
    add(out, 2, 200);
    onym_udp_out_split(out, 1); /* the first one has been sent */
    assert_int_equal(out->messages, 6);
    EXPECT(out, 1, 1, "\1", 100);
    EXPECT(out, 2, 1, "\2", 100);
    EXPECT(out, 3, 1, "\4", 50);
    EXPECT(out, 4, 2, "\5", 200);
    EXPECT(out, 5, 2, "\3", 100);
    onym_udp_out_clear(out);
    add(out, 0, 100);
    add(out, 0, 100);
    assert_int_equal(out->messages, 2);
}

static void
what_was_cleared_takes_nothing_in(void **state)
{
    struct onym_udp_out *out = *state;

    add(out, 3, 100);
    onym_udp_out_clear(out);
    add(out, 4, 100);
    add(out, 3, 100);
    assert_int_equal(out->messages, 2);
    EXPECT(out, 0, 4, "\0", 100);
    EXPECT(out, 1, 3, "\1", 100);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(packets_of_a_flow_are_joined_though_others_lie_between,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_shorter_packet_ends_its_message, setup, teardown),
        cmocka_unit_test_setup_teardown(of_two_the_longer_goes_first, setup, teardown),
        cmocka_unit_test_setup_teardown(neighbours_are_one_part, setup, teardown),
        cmocka_unit_test_setup_teardown(a_message_has_so_many_packets_and_no_more, setup, teardown),
        cmocka_unit_test_setup_teardown(split_packets_are_alone_and_stay_so, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_cleared_takes_nothing_in, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
