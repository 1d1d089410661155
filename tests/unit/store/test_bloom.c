/* No key that was added is ever called absent, and few others are taken for present. */
#include "store/bloom.h"

#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static uint64_t
hash_of(uint64_t key)
{
    return onym_hash64(onym_span_of((const uint8_t *)&key, sizeof key), 5);
}

/* Of 100,000 keys that were not added, how many are taken for present. */
static uint32_t
taken_for_present(const struct onym_bloom *bloom)
{
    uint32_t count = 0;

    for (uint64_t key = 0; key < 100000; key++) {
        count += onym_bloom_may_have(bloom, hash_of(UINT64_MAX - key));
    }
    return count;
}

static void
every_key_is_found_and_few_others(void **state)
{
    struct onym_bloom *bloom = onym_bloom_new(0);

    (void)state;
    assert_non_null(bloom);
    assert_int_equal(taken_for_present(bloom), 100000); /* nothing is certain yet */
    onym_bloom_complete(bloom);
    assert_int_equal(taken_for_present(bloom), 0);
    for (uint64_t key = 0; key < ONYM_BLOOM_KEYS_MIN; key++) {
        onym_bloom_add(bloom, hash_of(key));
    }
    for (uint64_t key = 0; key < ONYM_BLOOM_KEYS_MIN; key++) {
        if (!onym_bloom_may_have(bloom, hash_of(key))) {
            fail_msg("key %ju was added and is called absent", (uintmax_t)key);
        }
    }
    assert_in_range(taken_for_present(bloom), 100, 400);
    onym_bloom_free(bloom);
}

static void
without_a_filter_anything_may_be_there(void **state)
{
    (void)state;
    onym_bloom_add(NULL, 1);
    onym_bloom_complete(NULL);
    assert_true(onym_bloom_may_have(NULL, 1));
    onym_bloom_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_is_found_and_few_others),
        cmocka_unit_test(without_a_filter_anything_may_be_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
