/* What is known of prefixes is what the store has, however many there are. */
#include "core/homed.h"
#include "store/change.h"
#include "support/temp_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PREFIXES 3000U /* more than there is room for */
#define HOMED    5U    /* every fifth of them */

struct fixture {
    struct temp_store store;
    struct onym_view *view;
    struct onym_homed homed;
};

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    temp_store_open(&f->store);
    assert_int_equal(onym_view_open(f->store.env, &f->view), ONYM_OK);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    onym_view_close(f->view);
    temp_store_close(&f->store);
    free(f);
    return 0;
}

static bool
covers(struct fixture *f, const char *folded)
{
    return onym_homed_prefix(&f->homed, f->view,
                             onym_span_of((const uint8_t *)folded, strcspn(folded, "/")));
}

static void
more_prefixes_than_there_is_room_for(void **state)
{
    struct fixture *f = *state;
    char name[32];

    for (unsigned i = 0; i < PREFIXES; i += HOMED) {
        (void)snprintf(name, sizeof name, "0.NA/88.1.%u", i);
        temp_store_home(&f->store, name);
    }
    assert_int_equal(onym_view_renew(f->view), ONYM_OK);
    for (unsigned turn = 0; turn < 3; turn++) {
        for (unsigned i = 0; i < PREFIXES; i++) {
            (void)snprintf(name, sizeof name, "88.1.%u/A/B", i);
            assert_int_equal(covers(f, name), i % HOMED == 0);
            (void)snprintf(name, sizeof name, "0.NA/88.1.%u", i);
            assert_int_equal(onym_homed_has(&f->homed, f->view, onym_span_text(name)),
                             i % HOMED == 0);
        }
    }
}

static void
the_length_that_is_kept_and_one_more(void **state)
{
    struct fixture *f = *state;
    char name[ONYM_HOMED_PREFIX_MAX + 16] = "0.NA/";

    for (size_t len = ONYM_HOMED_PREFIX_MAX; len <= ONYM_HOMED_PREFIX_MAX + 1; len++) {
        memset(name + 5, '7', len);
        name[5 + len] = '\0';
        temp_store_home(&f->store, name);
        assert_int_equal(onym_view_renew(f->view), ONYM_OK);
        name[5 + len] = '/';
        name[6 + len] = '\0';
        assert_true(covers(f, name + 5));
        assert_true(covers(f, name + 5));
    }
    assert_false(covers(f, "/no prefix"));
}

static void
a_change_is_seen_with_its_snapshot_and_other_commits_unsettle_nothing(void **state)
{
    struct fixture *f = *state;
    struct onym_value_list none = {0};

    assert_false(covers(f, "88.7/A"));
    temp_store_home(&f->store, "0.NA/88.7");
    assert_false(covers(f, "88.7/A")); /* the view was opened before */
    assert_int_equal(onym_view_renew(f->view), ONYM_OK);
    assert_true(covers(f, "88.7/A"));
    temp_store_put(&f->store, "88.7/A", none, none);
    assert_int_equal(onym_view_renew(f->view), ONYM_OK);
    assert_true(onym_marks_get_prefixes(onym_view_marks(f->view)) < onym_view_generation(f->view));
    assert_true(covers(f, "88.7/A"));
    assert_false(covers(f, "88.8/A"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(more_prefixes_than_there_is_room_for, setup, teardown),
        cmocka_unit_test_setup_teardown(the_length_that_is_kept_and_one_more, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_change_is_seen_with_its_snapshot_and_other_commits_unsettle_nothing, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
