#include "core/resolver.h"
#include "support/temp_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct fixture {
    struct temp_store store;
    struct onym_view *view;
    struct onym_resolver resolver;
    uint8_t memory[65536];
    struct onym_arena arena;
    struct onym_resolution found;
};

static const struct onym_value_list none;

static void
put(struct fixture *f, const char *name, const char *type, const char *data, uint8_t permissions)
{
    uint8_t bytes[512];
    struct onym_value_list list = {0};
    bool open = (permissions & ONYM_PERM_PUBLIC_READ) != 0;

    temp_value_add(&list, bytes, sizeof bytes, 1, type, data, permissions);
    temp_store_put(&f->store, name, open ? list : none, open ? none : list);
}

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    temp_store_open(&f->store);
    temp_store_home(&f->store, "0.NA/88.9420.106");
    temp_store_home(&f->store, "0.NA/88.9420");
    put(f, "88.9420.106/en.P.1", "URL", "x", ONYM_PERM_DEFAULT);
    put(f, "88.9420.106/private", "HS_SECKEY", "s", ONYM_PERM_ADMIN_READ);
    put(f, "0.NA/88.9420.106", "HS_SITE", "site", ONYM_PERM_DEFAULT);
    put(f, "0.NA/88.9420.130", "HS_SITE", "elsewhere", ONYM_PERM_DEFAULT);
    put(f, "0.NA/88.9420.131", "HS_SERV", "0.SERV/131", ONYM_PERM_DEFAULT);
    put(f, "0.NA/88.9420.132", "HS_SITE", "hidden", ONYM_PERM_ADMIN_READ);
    put(f, "0.NA/88.9420", "HS_SITE.PREFIX", "below", ONYM_PERM_DEFAULT);
    put(f, "88.1000.1/orphan", "URL", "x", ONYM_PERM_DEFAULT);
    assert_int_equal(onym_view_open(f->store.env, &f->view), ONYM_OK);
    f->resolver.view = f->view;
    f->arena = (struct onym_arena){.at = f->memory, .cap = sizeof f->memory};
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

static enum onym_status
ask(struct fixture *f, const char *name)
{
    struct onym_query query = {.name = onym_span_text(name), .public_only = true};

    onym_arena_reset(&f->arena);
    return onym_resolve(&f->resolver, &query, &f->arena, &f->found);
}

static void
a_name_is_found_whatever_its_ascii_case(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(ask(f, "88.9420.106/EN.P.1"), ONYM_OK);
    assert_int_equal(ask(f, "88.9420.106/EN.p.1"), ONYM_OK);
    assert_int_equal(f->found.selection.count, 1);
    assert_int_equal(ask(f, "88.9420.106/EN.P.2"), ONYM_NOT_FOUND);
    assert_int_equal(ask(f, ""), ONYM_NOT_FOUND);
}

static void
private_values_are_withheld(void **state)
{
    assert_int_equal(ask(*state, "88.9420.106/private"), ONYM_VALUE_NOT_FOUND);
}

static void
a_prefix_that_is_not_homed_is_not_served(void **state)
{
    struct fixture *f = *state;

    /* the record is in the store; its prefix was never homed */
    assert_int_equal(ask(f, "88.1000.1/orphan"), ONYM_NOT_RESPONSIBLE);
    assert_int_equal(ask(f, "88.1000.1/none"), ONYM_NOT_RESPONSIBLE);
    assert_int_equal(ask(f, "/x"), ONYM_NOT_RESPONSIBLE);
}

/* What is remembered of the last prefix serves no other one. */
static void
a_prefix_is_not_taken_for_one_that_begins_alike(void **state)
{
    struct fixture *f = *state;

    for (unsigned round = 0; round < 2; round++) {
        assert_int_equal(ask(f, "88.1000.1/orphan"), ONYM_NOT_RESPONSIBLE);
        assert_int_equal(ask(f, "88.9420.106/en.P.1"), ONYM_OK);
        assert_int_equal(ask(f, "88.9420.106/en.P.1/more"), ONYM_NOT_FOUND);
        assert_int_equal(ask(f, "88.1000.1/88.9420.106/x"), ONYM_NOT_RESPONSIBLE);
        assert_int_equal(ask(f, "88.1000.1/88.9420.106/x"), ONYM_NOT_RESPONSIBLE);
        assert_int_equal(ask(f, "88.9420.106/en.P.1"), ONYM_OK);
        assert_int_equal(ask(f, "88.9420.1060/x"), ONYM_PREFIX_REFERRAL);
        assert_int_equal(ask(f, "88.9420.106/en.P.1"), ONYM_OK);
        assert_int_equal(ask(f, "88.9420.10/x"), ONYM_PREFIX_REFERRAL);
        assert_int_equal(ask(f, "88.9420/x"), ONYM_NOT_FOUND);
    }
}

static void
prefix_records_answer_with_and_without_the_front(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(ask(f, "0.NA/88.9420.106"), ONYM_OK);
    assert_int_equal(ask(f, "0.na/88.9420.106"), ONYM_OK);
    assert_int_equal(ask(f, "88.9420.106"), ONYM_OK);
    /* not homed, but the record itself is here */
    assert_int_equal(ask(f, "0.NA/88.9420.130"), ONYM_OK);
    /* whoever homes 88.9420 knows all that is below it */
    assert_int_equal(ask(f, "0.NA/88.9420.777"), ONYM_NOT_FOUND);
    assert_int_equal(ask(f, "0.NA/88.1000"), ONYM_NOT_RESPONSIBLE);
}

static void
an_enterprise_with_its_own_server_is_referred_to(void **state)
{
    struct fixture *f = *state;
    struct onym_query query = {.name = onym_span_text("88.9420.130/x"), .no_referral = true};

    assert_int_equal(ask(f, "88.9420.130/x"), ONYM_SERVICE_REFERRAL);
    assert_int_equal(f->found.selection.count, 1);
    assert_true(onym_span_equal(f->found.referral, onym_span_text("0.NA/88.9420.130")));
    assert_int_equal(ask(f, "88.9420.131/x"), ONYM_SERVICE_REFERRAL);
    assert_int_equal(onym_resolve(&f->resolver, &query, &f->arena, &f->found),
                     ONYM_NOT_RESPONSIBLE);
}

static void
the_nearest_homed_prefix_delegates(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(ask(f, "88.9420.555/x"), ONYM_PREFIX_REFERRAL);
    assert_true(onym_span_equal(f->found.referral, onym_span_text("0.NA/88.9420")));
    assert_int_equal(ask(f, "88.9420.132/x"), ONYM_PREFIX_REFERRAL); /* its own site is private */
    /* 88.9420.106 is nearer and does not delegate */
    assert_int_equal(ask(f, "88.9420.106.7/x"), ONYM_NOT_RESPONSIBLE);
}

static void
delegation_is_looked_for_so_many_levels_up(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(ask(f, "88.9420.1.2.3.4.5.6.7.8/x"), ONYM_PREFIX_REFERRAL);   /* 8 up */
    assert_int_equal(ask(f, "88.9420.1.2.3.4.5.6.7.8.9/x"), ONYM_NOT_RESPONSIBLE); /* 9 up */
}

static void
the_status_record_is_reserved(void **state)
{
    assert_int_equal(ask(*state, "0.SITE/status"), ONYM_VALUE_NOT_FOUND);
}

static void
names_at_the_limit_and_past_it(void **state)
{
    struct fixture *f = *state;
    uint8_t name[ONYM_NAME_LEN_MAX + 1] = {0};
    struct onym_query query = {.name = onym_span_of(name, ONYM_NAME_LEN_MAX)};

    memset(name, 'x', sizeof name);
    memcpy(name, "88.9420.106/", 12);
    assert_int_equal(onym_resolve(&f->resolver, &query, &f->arena, &f->found), ONYM_NOT_FOUND);
    memset(name, 'x', sizeof name); /* no slash: the longest folded name */
    assert_int_equal(onym_resolve(&f->resolver, &query, &f->arena, &f->found),
                     ONYM_NOT_RESPONSIBLE);
    query.name.len += 1;
    assert_int_equal(onym_resolve(&f->resolver, &query, &f->arena, &f->found), ONYM_NOT_FOUND);
}

static void
a_change_of_the_homed_prefixes_is_seen_with_the_next_snapshot(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(ask(f, "88.1000.1/orphan"), ONYM_NOT_RESPONSIBLE);
    onym_view_release(f->view);
    temp_store_home(&f->store, "0.NA/88.1000.1");
    assert_int_equal(onym_view_renew(f->view), ONYM_OK);
    assert_int_equal(ask(f, "88.1000.1/orphan"), ONYM_OK);
}

int
main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_STORE(a_name_is_found_whatever_its_ascii_case),
        WITH_STORE(private_values_are_withheld),
        WITH_STORE(a_prefix_that_is_not_homed_is_not_served),
        WITH_STORE(a_prefix_is_not_taken_for_one_that_begins_alike),
        WITH_STORE(prefix_records_answer_with_and_without_the_front),
        WITH_STORE(an_enterprise_with_its_own_server_is_referred_to),
        WITH_STORE(the_nearest_homed_prefix_delegates),
        WITH_STORE(delegation_is_looked_for_so_many_levels_up),
        WITH_STORE(the_status_record_is_reserved),
        WITH_STORE(names_at_the_limit_and_past_it),
        WITH_STORE(a_change_of_the_homed_prefixes_is_seen_with_the_next_snapshot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
