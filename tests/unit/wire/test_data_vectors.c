/* Every golden value and datum of a special type: any part of it and any flipped bit of it is
 * refused, or survives being decoded, encoded and decoded again. */
#include "support/roundtrip.h"
#include "support/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the four above and below it in place */
#include <cmocka.h>
#include <stdlib.h>

static const struct {
    const char *kind;
    enum roundtrip (*check)(onym_span bytes);
    size_t tail; /* bytes at the end that may be missing */
} kinds[] = {
    {"value", roundtrip_value, 0},         {"HS_ADMIN", roundtrip_hs_admin, 2},
    {"HS_SITE", roundtrip_hs_site, 0},     {"HS_VLIST", roundtrip_hs_vlist, 0},
    {"HS_PUBKEY", roundtrip_hs_pubkey, 0}, {"key", roundtrip_hs_pubkey, 4},
};

#define KINDS (sizeof kinds / sizeof kinds[0])

static enum roundtrip
check(size_t kind, onym_span bytes)
{
    return kinds[kind].check(bytes);
}

static size_t
kind_of(const struct test_vector *vector)
{
    size_t kind = 0;

    while (strcmp(kinds[kind].kind, vector->kind) != 0) {
        kind++;
        assert_true(kind < KINDS);
    }
    return kind;
}

static void
visit_all(void (*visit)(const struct test_vector *vector, void *context))
{
    for (size_t i = 0; i < KINDS; i++) {
        const char *one[] = {kinds[i].kind, NULL};

        assert_true(test_vectors_each(one, visit, NULL) > 0);
    }
}

static void
expect_same(const struct test_vector *vector, void *context)
{
    (void)context;
    if (check(kind_of(vector), vector->bytes) != ROUNDTRIP_SAME) {
        fail_msg("%s", vector->name);
    }
}

static void
vectors_of_data_survive_a_round_trip(void **state)
{
    (void)state;
    visit_all(expect_same);
}

static void
flip_each_bit(const struct test_vector *vector, void *context)
{
    uint8_t *bytes = malloc(vector->bytes.len);

    (void)context;
    assert_non_null(bytes);
    memcpy(bytes, vector->bytes.at, vector->bytes.len);
    for (size_t i = 0; i < vector->bytes.len * 8; i++) {
        bytes[i / 8] ^= (uint8_t)(1U << (i % 8));
        if (check(kind_of(vector), onym_span_of(bytes, vector->bytes.len)) == ROUNDTRIP_DIFFERENT) {
            fail_msg("%s: bit %zu", vector->name, i);
        }
        bytes[i / 8] ^= (uint8_t)(1U << (i % 8));
    }
    free(bytes);
}

static void
vectors_of_data_with_a_flipped_bit_are_refused_or_survive(void **state)
{
    (void)state;
    visit_all(flip_each_bit);
}

/* Only the bytes that mean nothing may be missing, and only together. */
static void
cut_short(const struct test_vector *vector, void *context)
{
    size_t kind = kind_of(vector);

    (void)context;
    for (size_t len = 0; len < vector->bytes.len; len++) {
        bool may = kinds[kind].tail > 0 && len + kinds[kind].tail == vector->bytes.len;

        if (check(kind, onym_span_front(vector->bytes, len)) != ROUNDTRIP_REFUSED && !may) {
            fail_msg("%s: accepted after %zu bytes", vector->name, len);
        }
    }
}

static void
vectors_of_data_cut_short_are_refused(void **state)
{
    (void)state;
    visit_all(cut_short);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_of_data_survive_a_round_trip),
        cmocka_unit_test(vectors_of_data_with_a_flipped_bit_are_refused_or_survive),
        cmocka_unit_test(vectors_of_data_cut_short_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
