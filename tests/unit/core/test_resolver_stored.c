/* Whether a name is stored is told as the store has it, and new names are not looked for there. */
#include "core/resolver.h"
#include "support/temp_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LONGEST 512U

/* A name of so many bytes. */
static const char *
name_of(size_t len)
{
    static char name[LONGEST + 1] = "88.1.2/";

    assert_in_range(len, 8, LONGEST);
    (void)memset(name + 7, 'L', len - 7);
    name[len] = '\0';
    return name;
}

static void
put_data(struct temp_store *store, const char *name, const char *data)
{
    uint8_t bytes[128];
    struct onym_value_list open = {0};

    temp_value_add(&open, bytes, sizeof bytes, 1, "URL", data, ONYM_PERM_DEFAULT);
    temp_store_put(store, name, open, (struct onym_value_list){0});
}

static void
put(struct temp_store *store, const char *name)
{
    put_data(store, name, "x");
}

/* Whether the record is stored; and that it is the one the view has. */
static bool
is_stored(const struct onym_resolver *resolver, enum onym_kind kind, const char *folded)
{
    onym_span name = onym_span_text(folded);
    struct onym_record seen;
    struct onym_record there;
    enum onym_status status = onym_resolve_stored(resolver, kind, name, &seen);

    assert_int_equal(status, onym_view_record(resolver->view, kind, name, &there));
    if (status == ONYM_OK) {
        assert_ptr_equal(seen.name.at, there.name.at);
        assert_int_equal(seen.public_values.count, there.public_values.count);
    }
    return status == ONYM_OK;
}

static void
it_says_what_the_view_says(void **state)
{
    struct temp_store *store = *state;
    struct onym_resolver resolver = {0};
    struct onym_view *view;

    temp_store_home(store, "0.NA/88.1.2");
    put(store, "88.1.2/THERE");
    for (size_t len = 508; len <= LONGEST; len++) { /* some have shortened keys */
        put(store, name_of(len));
    }
    assert_int_equal(onym_view_open(store->env, &view), ONYM_OK);
    resolver.view = view;
    for (unsigned complete = 0; complete < 2; complete++) {
        assert_true(is_stored(&resolver, ONYM_KIND_HANDLE, "88.1.2/THERE"));
        for (size_t len = 508; len <= LONGEST; len++) {
            assert_true(is_stored(&resolver, ONYM_KIND_HANDLE, name_of(len)));
        }
        assert_true(is_stored(&resolver, ONYM_KIND_PREFIX, "0.NA/88.1.2"));
        assert_false(is_stored(&resolver, ONYM_KIND_HANDLE, "88.1.2/NEW"));
        assert_false(is_stored(&resolver, ONYM_KIND_PREFIX, "0.NA/88.1.3"));
        onym_bloom_complete(onym_view_bloom(view)); /* what was put is in it */
    }
    onym_view_close(view);
}

/* A filter that is called complete before names were put into it shows who is asked. */
static void
what_the_filter_does_not_know_is_not_asked_of_the_store(void **state)
{
    struct temp_store *store = *state;
    struct onym_resolver resolver = {0};
    struct onym_view *view;
    struct onym_record seen;
    onym_span longest;

    put(store, name_of(ONYM_CACHE_NAME_LEN_MAX));
    put(store, name_of(ONYM_CACHE_NAME_LEN_MAX + 1));
    longest = onym_span_of((const uint8_t *)name_of(ONYM_CACHE_NAME_LEN_MAX + 1),
                           ONYM_CACHE_NAME_LEN_MAX);
    temp_store_home(store, "0.NA/88.1.2");
    temp_store_reopen(store);
    assert_int_equal(onym_view_open(store->env, &view), ONYM_OK);
    resolver.view = view;
    assert_int_equal(onym_resolve_stored(&resolver, ONYM_KIND_HANDLE, longest, &seen), ONYM_OK);
    onym_bloom_complete(onym_view_bloom(view));
    assert_int_equal(onym_resolve_stored(&resolver, ONYM_KIND_HANDLE, longest, &seen),
                     ONYM_NOT_FOUND);
    longest.len++; /* nothing is known of longer ones, nor of prefixes */
    assert_int_equal(onym_resolve_stored(&resolver, ONYM_KIND_HANDLE, longest, &seen), ONYM_OK);
    assert_int_equal(
        onym_resolve_stored(&resolver, ONYM_KIND_PREFIX, onym_span_text("0.NA/88.1.2"), &seen),
        ONYM_OK);
    onym_view_close(view);
}

/* Resolution too: with a cache and a complete filter, when a name is new and when it has changed.
 */
static void
names_about_as_long_as_keys_are_found_and_fresh(void **state)
{
    struct temp_store *store = *state;
    struct onym_resolver resolver = {0};
    struct onym_view *view;
    void *memory = aligned_alloc(64, ONYM_CACHE_SIZE_MIN);
    uint8_t scratch[8192];

    assert_non_null(memory);
    memset(memory, 0, ONYM_CACHE_SIZE_MIN);
    temp_store_home(store, "0.NA/88.1.2");
    assert_int_equal(onym_view_open(store->env, &view), ONYM_OK);
    resolver.view = view;
    onym_cache_init(&resolver.cache, memory, ONYM_CACHE_SIZE_MIN);
    onym_bloom_complete(onym_view_bloom(view));
    for (size_t len = 508; len <= LONGEST; len++) {
        for (unsigned times = 0; times < 2; times++) {
            const char *data = times == 0 ? "old" : "new";
            struct onym_arena arena = {.at = scratch, .cap = sizeof scratch};
            struct onym_resolution found;
            struct onym_query query = {.name = onym_span_text(name_of(len)), .public_only = true};

            put_data(store, name_of(len), data);
            assert_int_equal(onym_view_renew(view), ONYM_OK);
            for (unsigned asked = 0; asked < 2; asked++) { /* from the store, from the cache */
                assert_int_equal(onym_resolve(&resolver, &query, &arena, &found), ONYM_OK);
                assert_int_equal(found.selection.runs, 1);
                assert_non_null(
                    memmem(found.selection.run[0].at, found.selection.run[0].len, data, 3));
            }
        }
    }
    onym_view_close(view);
    free(memory);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_says_what_the_view_says, temp_store_set_up,
                                        temp_store_tear_down),
        cmocka_unit_test_setup_teardown(names_about_as_long_as_keys_are_found_and_fresh,
                                        temp_store_set_up, temp_store_tear_down),
        cmocka_unit_test_setup_teardown(what_the_filter_does_not_know_is_not_asked_of_the_store,
                                        temp_store_set_up, temp_store_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
