/* Memory that connections share: what an address may have of it. */
#include "net/kept.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static uint16_t
source_of(const struct onym_kept *kept, const char *text)
{
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    struct sockaddr_in v4 = {.sin_family = AF_INET};

    if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) {
        return onym_kept_source(kept, (const struct sockaddr *)&v6);
    }
    assert_int_equal(inet_pton(AF_INET, text, &v4.sin_addr), 1);
    return onym_kept_source(kept, (const struct sockaddr *)&v4);
}

static void
addresses_are_sources(void **state)
{
    struct onym_kept *kept = calloc(1, sizeof *kept);
    struct sockaddr local = {.sa_family = AF_UNIX};
    unsigned differ = 0;

    (void)state;
    assert_non_null(kept);
    assert_int_equal(onym_kept_source(kept, &local), 0);
    assert_int_equal(source_of(kept, "192.0.2.1"), source_of(kept, "::ffff:192.0.2.1"));
    assert_int_equal(source_of(kept, "2001:db8::1"), source_of(kept, "2001:db8::ffff:0:1"));
    assert_int_not_equal(source_of(kept, "192.0.2.1"), source_of(kept, "192.0.2.2"));
    assert_int_not_equal(source_of(kept, "2001:db8::1"), source_of(kept, "2001:db8:0:1::1"));
    for (uint64_t seed = 0; seed < 64; seed++) { /* who shares with whom is drawn */
        kept->seed = seed;
        assert_in_range(source_of(kept, "192.0.2.1"), 1, ONYM_KEPT_SOURCES - 1);
        differ += source_of(kept, "192.0.2.1") != source_of(kept, "192.0.2.77");
    }
    assert_true(differ > 48);
    free(kept);
}

static void
a_source_has_as_much_as_is_left(void **state)
{
    struct onym_kept *kept = calloc(1, sizeof *kept);

    (void)state;
    assert_non_null(kept);
    kept->max = 1000;
    assert_true(onym_kept_take(kept, 1, 500));
    assert_false(onym_kept_take(kept, 1, 1));
    assert_true(onym_kept_take(kept, 2, 250));
    assert_false(onym_kept_take(kept, 2, 1));
    assert_true(onym_kept_take(kept, 3, 125));
    assert_false(onym_kept_take(kept, 3, SIZE_MAX));
    assert_true(onym_kept_take(kept, 0, 125)); /* nothing bounds this one but what there is */
    assert_false(onym_kept_take(kept, 0, 1));
    assert_false(onym_kept_take(kept, 4, 1));
    onym_kept_give(kept, 1, 500);
    assert_true(onym_kept_take(kept, 4, 250));
    assert_true(onym_kept_take(kept, 1, 125));
    assert_false(onym_kept_take(kept, 1, 1));
    assert_int_equal(kept->used, 875);
    free(kept);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_sources),
        cmocka_unit_test(a_source_has_as_much_as_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
