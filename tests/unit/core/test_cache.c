#include "core/cache.h"

#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define SIZE ((size_t)1 << 20)

struct fixture {
    struct onym_cache cache;
    void *memory;
    uint64_t snapshot;
    char name[ONYM_CACHE_NAME_LEN_MAX + 2];
    uint8_t values[SIZE];
};

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    f->memory = aligned_alloc(64, SIZE);
    assert_non_null(f->memory);
    memset(f->memory, 0, SIZE);
    onym_cache_init(&f->cache, f->memory, SIZE);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    free(f->memory);
    free(f);
    return 0;
}

static struct onym_cache_key
key_of(const struct fixture *f, const char *name)
{
    onym_span text = onym_span_text(name);

    return (struct onym_cache_key){
        .hash = onym_hash64(text, 7), .snapshot = f->snapshot, .name = text};
}

static struct onym_cache_key
numbered(struct fixture *f, unsigned number)
{
    (void)snprintf(f->name, sizeof f->name, "88.1.2/%u", number);
    return key_of(f, f->name);
}

static void
put(struct fixture *f, const struct onym_cache_key *key, uint64_t generation, uint8_t fill,
    size_t len)
{
    struct onym_record record = {.name = key->name,
                                 .public_values = {.raw = onym_span_of(f->values, len), .count = 3},
                                 .private_values = {.count = fill}};

    memset(f->values, fill, len);
    onym_cache_put(&f->cache, key, generation, &record);
}

static bool
holds(struct fixture *f, const struct onym_cache_key *key, uint64_t changed, uint8_t fill,
      size_t len)
{
    struct onym_record found;

    if (!onym_cache_get(&f->cache, key, changed, &found)) {
        return false;
    }
    assert_int_equal(found.public_values.count, 3);
    assert_int_equal(found.private_values.count, fill);
    assert_int_equal(found.public_values.raw.len, len);
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(found.public_values.raw.at[i], fill);
    }
    return true;
}

static void
what_was_put_is_found_by_its_whole_name(void **state)
{
    struct fixture *f = *state;
    struct onym_cache_key one = key_of(f, "88.1.2/A");
    struct onym_cache_key other = {.hash = one.hash, .name = onym_span_text("88.1.2/B")};
    struct onym_cache_key longer = {.hash = one.hash, .name = onym_span_text("88.1.2/AA")};

    put(f, &one, 5, 1, 100);
    put(f, &longer, 5, 2, 0);
    assert_true(holds(f, &one, 5, 1, 100));
    assert_true(holds(f, &longer, 0, 2, 0));
    assert_false(holds(f, &other, 0, 1, 100)); /* the same hash */
    assert_int_equal(f->cache.lookups[ONYM_LOOKUP_HIT], 2);
    assert_int_equal(f->cache.lookups[ONYM_LOOKUP_MISS], 1);
    onym_cache_clear(&f->cache);
    assert_false(holds(f, &one, 0, 1, 100));
}

static void
a_record_is_found_with_its_spelling_and_its_own_fields(void **state)
{
    struct fixture *f = *state;
    struct onym_cache_key key = key_of(f, "88.1.2/SPELLED-AS-REGISTERED");
    const uint64_t time_max = (UINT64_C(1) << 48) - 1;
    struct onym_record record = {.name = onym_span_text("88.1.2/spelled-As-Registered"),
                                 .revision = UINT32_MAX - 1,
                                 .created_ms = time_max - 1,
                                 .modified_ms = time_max};
    struct onym_record found;

    onym_cache_put(&f->cache, &key, 1, &record);
    assert_true(onym_cache_get(&f->cache, &key, 1, &found));
    assert_true(onym_span_equal(found.name, record.name));
    assert_int_equal(found.state, ONYM_STATE_ACTIVE);
    assert_true(found.revision == record.revision);
    assert_true(found.created_ms == record.created_ms);
    assert_true(found.modified_ms == record.modified_ms);

    onym_cache_clear(&f->cache);
    record.revision += 2;
    onym_cache_put(&f->cache, &key, 1, &record);
    assert_false(onym_cache_has(&f->cache, &key));
    record.revision--;
    record.created_ms = time_max + 1;
    onym_cache_put(&f->cache, &key, 1, &record);
    assert_false(onym_cache_has(&f->cache, &key));
    record.created_ms = 0;
    record.modified_ms++;
    onym_cache_put(&f->cache, &key, 1, &record);
    assert_false(onym_cache_has(&f->cache, &key));
    record.modified_ms--;
    onym_cache_put(&f->cache, &key, 1, &record);
    assert_true(onym_cache_get(&f->cache, &key, 1, &found));
    assert_true(found.revision == UINT32_MAX);
    assert_true(found.modified_ms == time_max);
}

static void
what_was_changed_since_is_stale(void **state)
{
    struct fixture *f = *state;
    struct onym_cache_key key = key_of(f, "88.1.2/A");

    put(f, &key, 5, 1, 100);
    assert_false(holds(f, &key, 6, 1, 100));
    assert_int_equal(f->cache.lookups[ONYM_LOOKUP_STALE], 1);
    put(f, &key, 6, 2, 50); /* takes the older one's slot */
    assert_true(holds(f, &key, 6, 2, 50));
    assert_false(holds(f, &key, UINT64_MAX, 2, 50));
}

static void
names_and_records_that_are_too_long_are_not_kept(void **state)
{
    struct fixture *f = *state;
    struct onym_cache_key key;
    size_t longest = f->cache.guard / 8 / 8 * 8 - 32 - 1; /* header, and a name of one byte */

    memset(f->name, 'N', ONYM_CACHE_NAME_LEN_MAX);
    key = key_of(f, f->name);
    put(f, &key, 1, 1, 10);
    assert_true(holds(f, &key, 1, 1, 10));
    f->name[ONYM_CACHE_NAME_LEN_MAX] = 'N';
    key = key_of(f, f->name);
    put(f, &key, 1, 1, 10);
    assert_false(onym_cache_has(&f->cache, &key));
    key = key_of(f, "L");
    put(f, &key, 1, 1, longest);
    assert_true(holds(f, &key, 1, 1, longest));
    onym_cache_clear(&f->cache);
    put(f, &key, 1, 1, longest + 1);
    assert_false(onym_cache_has(&f->cache, &key));
}

static void
the_newest_are_found_and_the_oldest_overwritten(void **state)
{
    struct fixture *f = *state;
    const unsigned fits = SIZE / 2 / 400; /* half of what there is room for */
    struct onym_cache_key key;

    for (unsigned i = 0; i < 20000; i++) {
        f->snapshot = i;
        key = numbered(f, i);
        put(f, &key, 1, (uint8_t)i, 300 + i % 64);
        assert_true(holds(f, &key, 1, (uint8_t)i, 300 + i % 64));
    }
    for (unsigned i = 20000 - fits; i < 20000; i++) {
        key = numbered(f, i);
        assert_true(holds(f, &key, 1, (uint8_t)i, 300 + i % 64));
    }
    for (unsigned i = 0; i < 10000; i++) {
        key = numbered(f, i);
        assert_false(holds(f, &key, 1, (uint8_t)i, 300 + i % 64));
    }
    assert_true(onym_cache_is_full(&f->cache));
    assert_true(onym_cache_used(&f->cache) <= SIZE);
}

static void
a_span_lives_as_long_as_its_snapshot(void **state)
{
    struct fixture *f = *state;
    struct onym_cache_key key;
    struct onym_record oldest = {0};
    unsigned first = 0;
    uint64_t head;

    for (unsigned i = 0; i < 10000; i++) {
        f->snapshot = i;
        key = numbered(f, i);
        put(f, &key, 1, 1, 300);
    }
    f->snapshot = 20000;
    for (key = numbered(f, first); !onym_cache_get(&f->cache, &key, 1, &oldest);
         key = numbered(f, ++first)) {
    }
    f->cache.credit = 0; /* so that it is not moved to safety */
    assert_true(onym_cache_get(&f->cache, &key, 1, &oldest));
    head = f->cache.head;
    for (unsigned i = 10000; i < 20000; i++) { /* one snapshot, and more than the whole ring */
        key = numbered(f, i);
        put(f, &key, 1, 9, 300);
    }
    assert_true(f->cache.head - head <= f->cache.guard);
    assert_true(f->cache.head - head > f->cache.guard / 2);
    for (size_t i = 0; i < 300; i++) {
        assert_int_equal(oldest.public_values.raw.at[i], 1);
    }
    f->snapshot++;
    key = numbered(f, 30000);
    put(f, &key, 1, 9, 300);
    assert_true(holds(f, &key, 1, 9, 300));
}

/* A seventh of the cache is asked for again and again, while others go through. */
static void
what_is_used_stays(void **state)
{
    struct fixture *f = *state;
    struct onym_cache_key key;
    unsigned missed = 0;

    for (unsigned i = 0; i < 20000; i++) {
        f->snapshot++;
        key = numbered(f, i);
        put(f, &key, 1, 1, 300);
        for (unsigned k = 0; i % 100 == 99 && k < 500; k++) {
            f->snapshot++;
            key = numbered(f, k);
            if (!holds(f, &key, 1, 1, 300)) {
                put(f, &key, 1, 1, 300);
                missed++;
            }
        }
    }
    /* of 100 000: the first in first out of a ring alone would lose each name some ten times */
    assert_in_range(missed, 400, 1000);
}

static void
what_fits_is_not_moved(void **state)
{
    struct fixture *f = *state;
    struct onym_cache_key key;
    unsigned found = 0;
    uint64_t head;

    for (unsigned i = 0; f->cache.head < f->cache.size * 15 / 8; i++) {
        f->snapshot = i;
        key = numbered(f, i);
        put(f, &key, 1, 1, 300);
    }
    head = f->cache.head;
    for (unsigned i = 0; i < 100; i++) {
        key = numbered(f, i);
        found += holds(f, &key, 1, 1, 300);
    }
    assert_true(found > 70); /* a full bucket of the index has lost its oldest */
    assert_int_equal(f->cache.head, head);
}

static void
a_cache_of_the_least_size_works(void **state)
{
    struct fixture *f = *state;
    struct onym_cache_key key;

    onym_cache_init(&f->cache, f->memory, ONYM_CACHE_SIZE_MIN);
    for (unsigned i = 0; i < 5000; i++) {
        f->snapshot = i;
        key = numbered(f, i);
        onym_cache_prefetch_bucket(&f->cache, key.hash);
        onym_cache_prefetch_entry(&f->cache, key.hash);
        put(f, &key, 1, 1, 300);
        assert_true(holds(f, &key, 1, 1, 300));
    }
    assert_true(onym_cache_used(&f->cache) <= ONYM_CACHE_SIZE_MIN);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_put_is_found_by_its_whole_name, setup, teardown),
        cmocka_unit_test_setup_teardown(a_record_is_found_with_its_spelling_and_its_own_fields,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_changed_since_is_stale, setup, teardown),
        cmocka_unit_test_setup_teardown(names_and_records_that_are_too_long_are_not_kept, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_newest_are_found_and_the_oldest_overwritten, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_span_lives_as_long_as_its_snapshot, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_used_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(what_fits_is_not_moved, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cache_of_the_least_size_works, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
