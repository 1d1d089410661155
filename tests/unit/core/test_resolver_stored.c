/* Whether a name is stored is told as the store has it, and new names are not looked for there. */
#include "core/resolver.h"
#include "support/temp_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
put(struct temp_store *store, const char *name)
{
    uint8_t bytes[128];
    struct onym_value_list open = {0};

    temp_value_add(&open, bytes, sizeof bytes, 1, "URL", "x", ONYM_PERM_DEFAULT);
    temp_store_put(store, name, open, (struct onym_value_list){0});
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
    char name[ONYM_CACHE_NAME_LEN_MAX + 2] = "88.1.2/";

    temp_store_home(store, "0.NA/88.1.2");
    put(store, "88.1.2/THERE");
    (void)memset(name + 7, 'L', sizeof name - 8);
    put(store, name); /* one byte more than the filter is asked for */
    assert_int_equal(onym_view_open(store->env, &view), ONYM_OK);
    resolver.view = view;
    for (unsigned complete = 0; complete < 2; complete++) {
        assert_true(is_stored(&resolver, ONYM_KIND_HANDLE, "88.1.2/THERE"));
        assert_true(is_stored(&resolver, ONYM_KIND_HANDLE, name));
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
    char name[ONYM_CACHE_NAME_LEN_MAX + 2] = "88.1.2/";
    onym_span longest = {.at = (const uint8_t *)name, .len = ONYM_CACHE_NAME_LEN_MAX};

    (void)memset(name + 7, 'L', sizeof name - 8);
    put(store, name);
    name[ONYM_CACHE_NAME_LEN_MAX] = '\0';
    put(store, name);
    name[ONYM_CACHE_NAME_LEN_MAX] = 'L';
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_says_what_the_view_says, temp_store_set_up,
                                        temp_store_tear_down),
        cmocka_unit_test_setup_teardown(what_the_filter_does_not_know_is_not_asked_of_the_store,
                                        temp_store_set_up, temp_store_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
