/* Arena, status list, randomness and hash. */
#include "base/arena.h"
#include "base/hash.h"
#include "base/rng.h"
#include "onym/status.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the four above and below it in place */
#include <cmocka.h>
#include <string.h>

static void
arena_gives_to_its_last_byte_and_not_one_more(void **state)
{
    _Alignas(8) uint8_t memory[64];
    struct onym_arena arena = {.at = memory, .cap = sizeof memory};

    (void)state;
    assert_ptr_equal(onym_arena_take(&arena, 64), memory);
    assert_null(onym_arena_take(&arena, 1));
    assert_non_null(onym_arena_take(&arena, 0));
    onym_arena_reset(&arena);
    assert_null(onym_arena_take(&arena, 65));
    assert_null(onym_arena_take(&arena, SIZE_MAX));
    assert_ptr_equal(onym_arena_take(&arena, 1), memory);
    assert_ptr_equal(onym_arena_take(&arena, 1), memory + 8); /* 8-aligned */
    assert_null(onym_arena_take(&arena, 49));
    assert_ptr_equal(onym_arena_take(&arena, 48), memory + 16);
}

static void
arena_whose_end_is_not_aligned_does_not_step_past_it(void **state)
{
    _Alignas(8) uint8_t memory[13];
    struct onym_arena arena = {.at = memory, .cap = sizeof memory};

    (void)state;
    assert_non_null(onym_arena_take(&arena, 9));
    assert_null(onym_arena_take(&arena, 0)); /* the next multiple of 8 is 16 */
    assert_int_equal(arena.used, 9);
}

static void
status_list_is_consistent(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ONYM_STATUS_COUNT; i++) {
        enum onym_status status = (enum onym_status)i;
        int http = onym_status_http(status);
        int facade = onym_status_http_facade(status);

        assert_true(strlen(onym_status_name(status)) > 0);
        assert_true(strlen(onym_status_text(status)) > 0);
        assert_true(http >= 200 && http < 600);
        assert_true(facade >= 200 && facade < 600);
        for (unsigned j = 0; j < i; j++) {
            assert_string_not_equal(onym_status_name(status),
                                    onym_status_name((enum onym_status)j));
        }
    }
}

static void
status_of_a_wire_code_is_the_first_with_that_code(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ONYM_STATUS_COUNT; i++) {
        uint32_t wire = onym_status_wire((enum onym_status)i);
        enum onym_status first = onym_status_from_wire(wire);

        assert_true((unsigned)first <= i);
        assert_int_equal(onym_status_wire(first), wire);
    }
    assert_int_equal(onym_status_from_wire(0), ONYM_ERROR);
    assert_int_equal(onym_status_from_wire(99), ONYM_ERROR);
    assert_int_equal(onym_status_from_wire(UINT32_MAX), ONYM_ERROR);
    assert_int_equal(onym_status_from_wire(1), ONYM_OK);
    assert_int_equal(onym_status_from_wire(303), ONYM_PREFIX_REFERRAL);
}

static void
status_out_of_the_list_counts_as_error(void **state)
{
    (void)state;
    assert_string_equal(onym_status_name(ONYM_STATUS_COUNT), "ERROR");
    assert_int_equal(onym_status_wire((enum onym_status)0xFFFF), 2);
}

static void
rng_seeded_is_splitmix64(void **state)
{
    struct onym_rng rng = onym_rng_seeded(1234567);
    struct onym_rng same = onym_rng_seeded(1234567);
    struct onym_rng other = onym_rng_seeded(1234568);

    (void)state;
    /* the sequence published with the algorithm for this seed */
    assert_true(onym_rng_u64(&rng) == UINT64_C(6457827717110365317));
    assert_true(onym_rng_u64(&rng) == UINT64_C(3203168211198807973));
    assert_true(onym_rng_u64(&rng) == UINT64_C(9817491932198370423));
    assert_true(onym_rng_u64(&same) == UINT64_C(6457827717110365317));
    assert_true(onym_rng_u64(&other) != UINT64_C(6457827717110365317));
}

static void
rng_below_reaches_all_numbers_and_not_the_bound(void **state)
{
    struct onym_rng rng = onym_rng_seeded(7);
    unsigned seen[10] = {0};

    (void)state;
    for (int i = 0; i < 10000; i++) {
        uint64_t n = onym_rng_below(&rng, 10);

        assert_true(n < 10);
        seen[n]++;
    }
    for (size_t i = 0; i < 10; i++) {
        assert_in_range(seen[i], 800, 1200);
    }
    assert_int_equal(onym_rng_below(&rng, 1), 0);
}

static void
rng_system_does_not_repeat_itself(void **state)
{
    struct onym_rng one = onym_rng_system();
    struct onym_rng two = onym_rng_system();

    (void)state;
    assert_true(onym_rng_u64(&one) != onym_rng_u64(&two));
}

static void
hash_has_the_published_values(void **state)
{
    (void)state;
    /* XXH3_64bits of the empty input, seed 0: a constant of the format */
    assert_true(onym_hash64(onym_span_of("", 0), 0) == UINT64_C(0x2D06800538D394C2));
    assert_true(onym_hash64(onym_span_text("a"), 0) != onym_hash64(onym_span_text("b"), 0));
    assert_true(onym_hash64(onym_span_text("a"), 0) != onym_hash64(onym_span_text("a"), 1));
    assert_true(onym_hash64(onym_span_text("a"), 0) == onym_hash64(onym_span_text("a"), 0));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_gives_to_its_last_byte_and_not_one_more),
        cmocka_unit_test(arena_whose_end_is_not_aligned_does_not_step_past_it),
        cmocka_unit_test(status_list_is_consistent),
        cmocka_unit_test(status_of_a_wire_code_is_the_first_with_that_code),
        cmocka_unit_test(status_out_of_the_list_counts_as_error),
        cmocka_unit_test(rng_seeded_is_splitmix64),
        cmocka_unit_test(rng_below_reaches_all_numbers_and_not_the_bound),
        cmocka_unit_test(rng_system_does_not_repeat_itself),
        cmocka_unit_test(hash_has_the_published_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
