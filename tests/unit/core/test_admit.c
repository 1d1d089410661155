#include "core/admit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define SECOND 1000000000U

static const uint8_t one[4] = {192, 0, 2, 1};
static const uint8_t neighbour[4] = {192, 0, 2, 200};
static const uint8_t other[4] = {192, 0, 3, 1};

static onym_span
v4(const uint8_t *address)
{
    return onym_span_of(address, 4);
}

static struct onym_admit *
fresh(uint32_t per_second)
{
    struct onym_admit *admit = malloc(sizeof *admit);

    assert_non_null(admit);
    onym_admit_init(admit, 42, per_second);
    return admit;
}

static unsigned
answered(struct onym_admit *admit, onym_span address, unsigned asks, uint64_t now)
{
    unsigned count = 0;

    for (unsigned i = 0; i < asks; i++) {
        count += onym_admit_ask(admit, address, now) == ONYM_ADMIT_ANSWER;
    }
    return count;
}

static void
a_network_shares_one_bucket(void **state)
{
    struct onym_admit *admit = fresh(1000); /* burst 100 */

    (void)state;
    assert_int_equal(answered(admit, v4(one), 60, SECOND), 60);
    assert_int_equal(answered(admit, v4(neighbour), 60, SECOND), 40);
    assert_int_equal(answered(admit, v4(other), 60, SECOND), 60);
    free(admit);
}

static void
the_bucket_fills_with_time_and_no_further_than_its_burst(void **state)
{
    struct onym_admit *admit = fresh(1000);

    (void)state;
    assert_int_equal(answered(admit, v4(one), 200, SECOND), 100);
    assert_int_equal(answered(admit, v4(one), 200, SECOND + SECOND / 100), 10);
    assert_int_equal(answered(admit, v4(one), 2000, 3 * (uint64_t)SECOND), 100);
    free(admit);
}

static void
busy_is_told_once_a_second(void **state)
{
    struct onym_admit *admit = fresh(1); /* burst is never below 16 */

    (void)state;
    assert_int_equal(answered(admit, v4(one), 16, SECOND), 16);
    assert_int_equal(onym_admit_ask(admit, v4(one), SECOND), ONYM_ADMIT_BUSY);
    assert_int_equal(onym_admit_ask(admit, v4(one), SECOND), ONYM_ADMIT_DROP);
    assert_int_equal(onym_admit_ask(admit, v4(one), 2 * (uint64_t)SECOND - 1), ONYM_ADMIT_DROP);
    onym_admit_charge(admit, v4(one), 5);
    assert_int_equal(onym_admit_ask(admit, v4(one), 2 * (uint64_t)SECOND), ONYM_ADMIT_BUSY);
    free(admit);
}

static void
further_packets_are_charged(void **state)
{
    struct onym_admit *admit = fresh(1000);

    (void)state;
    assert_int_equal(answered(admit, v4(one), 1, SECOND), 1);
    onym_admit_charge(admit, v4(one), 90);
    assert_int_equal(answered(admit, v4(one), 100, SECOND), 9);
    free(admit);
}

static void
exempt_networks_and_no_limit_always_pass(void **state)
{
    static const uint8_t net[4] = {192, 0, 2, 128};
    static const uint8_t v6_net[16] = {0x20, 0x01, 0x0d, 0xb8};
    static const uint8_t v6_in[16] = {0x20, 0x01, 0x0d, 0xb8, 9, 9};
    static const uint8_t v6_out[16] = {0x20, 0x01, 0x0d, 0xb9};
    struct onym_admit *admit = fresh(1);

    (void)state;
    onym_admit_exempt(admit, v4(net), 25);
    onym_admit_exempt(admit, onym_span_of(v6_net, 16), 32);
    assert_int_equal(answered(admit, v4(neighbour), 1000, SECOND), 1000); /* .200 is in .128/25 */
    assert_int_equal(answered(admit, v4(one), 1000, SECOND), 16);
    assert_int_equal(answered(admit, onym_span_of(v6_in, 16), 1000, SECOND), 1000);
    assert_int_equal(answered(admit, onym_span_of(v6_out, 16), 1000, SECOND), 16);
    onym_admit_init(admit, 42, 0);
    assert_int_equal(answered(admit, v4(one), 1000, SECOND), 1000);
    free(admit);
}

static void
an_ipv6_network_is_64_bits(void **state)
{
    uint8_t a[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 1, 1};
    uint8_t b[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 1, 2};
    uint8_t c[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 2, 1};
    struct onym_admit *admit = fresh(1);

    (void)state;
    assert_int_equal(answered(admit, onym_span_of(a, 16), 16, SECOND), 16);
    assert_int_equal(answered(admit, onym_span_of(b, 16), 16, SECOND), 0);
    assert_int_equal(answered(admit, onym_span_of(c, 16), 16, SECOND), 16);
    free(admit);
}

static void
many_networks_take_no_more_memory(void **state)
{
    struct onym_admit *admit = fresh(1000);

    (void)state;
    for (uint32_t i = 0; i < 100000; i++) {
        uint8_t address[4] = {(uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 1};

        assert_int_equal(onym_admit_ask(admit, v4(address), SECOND + i), ONYM_ADMIT_ANSWER);
    }
    free(admit);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_network_shares_one_bucket),
        cmocka_unit_test(the_bucket_fills_with_time_and_no_further_than_its_burst),
        cmocka_unit_test(busy_is_told_once_a_second),
        cmocka_unit_test(further_packets_are_charged),
        cmocka_unit_test(exempt_networks_and_no_limit_always_pass),
        cmocka_unit_test(an_ipv6_network_is_64_bits),
        cmocka_unit_test(many_networks_take_no_more_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
