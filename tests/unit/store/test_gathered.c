/* Gathering: the digest is that of the bytes, however they are cut into pieces. */
#include "store/gathered.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define ROOM (3U * ONYM_GATHERED_MAX)

static uint8_t bytes[ROOM];

static void
check(struct onym_digester *digester, enum onym_digest algorithm, size_t len, size_t first,
      size_t step)
{
    static struct onym_gathered gathered;
    uint8_t want[ONYM_DIGEST_BYTES_MAX];
    uint8_t got[ONYM_DIGEST_BYTES_MAX];
    onym_span whole = onym_span_of(bytes, len);

    (void)onym_digest(digester, algorithm, &whole, 1, want);
    onym_gathered_start(&gathered, digester, algorithm);
    onym_gathered_add(&gathered, onym_span_front(whole, first));
    for (size_t at = first; at < len; at += step) {
        onym_gathered_add(&gathered, onym_span_front(onym_span_from(whole, at), step));
    }
    onym_gathered_finish(&gathered, got);
    assert_memory_equal(got, want, sizeof want);
}

static void
cuts_do_not_matter(void **state)
{
    static const size_t lens[] = {0,
                                  1,
                                  ONYM_GATHERED_MAX - 1,
                                  ONYM_GATHERED_MAX,
                                  ONYM_GATHERED_MAX + 1,
                                  2 * ONYM_GATHERED_MAX,
                                  ROOM};
    static const size_t steps[] = {1, 14, 63, 300, ONYM_GATHERED_MAX, ONYM_GATHERED_MAX + 1, ROOM};
    struct onym_digester *digester;

    (void)state;
    for (size_t i = 0; i < ROOM; i++) {
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    }
    assert_int_equal(onym_digester_new(&digester), ONYM_OK);
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        for (size_t k = 0; k < sizeof steps / sizeof steps[0]; k++) {
            check(digester, ONYM_SHA256, lens[i], 0, steps[k]);
            check(digester, ONYM_SM3, lens[i], lens[i] / 2, steps[k]);
        }
    }
    onym_digester_free(digester);
}

/* One that was given up leaves nothing behind. */
static void
a_new_start_forgets(void **state)
{
    static struct onym_gathered gathered;
    struct onym_digester *digester;
    uint8_t want[ONYM_DIGEST_BYTES_MAX];
    uint8_t got[ONYM_DIGEST_BYTES_MAX];
    onym_span whole = onym_span_of(bytes, 100);

    (void)state;
    assert_int_equal(onym_digester_new(&digester), ONYM_OK);
    (void)onym_digest(digester, ONYM_SHA256, &whole, 1, want);
    onym_gathered_start(&gathered, digester, ONYM_SHA256);
    onym_gathered_add(&gathered, onym_span_of(bytes, ROOM));
    onym_gathered_add(&gathered, onym_span_of(bytes, 10));
    onym_gathered_start(&gathered, digester, ONYM_SHA256);
    onym_gathered_add(&gathered, whole);
    onym_gathered_finish(&gathered, got);
    assert_memory_equal(got, want, sizeof want);
    onym_digester_free(digester);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_do_not_matter),
        cmocka_unit_test(a_new_start_forgets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
