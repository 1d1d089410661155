/* A resolver with a cache answers as one without, whatever happens to the store. */
#include "core/resolver.h"
#include "store/change.h"
#include "support/temp_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NAMES      40U
#define CACHE_SIZE ONYM_CACHE_SIZE_MIN

struct side {
    struct onym_view *view;
    struct onym_resolver resolver;
    uint8_t memory[65536];
    struct onym_arena arena;
    struct onym_resolution found;
};

struct fixture {
    struct temp_store store;
    void *memory;
    struct side cached, bare, ahead; /* the last: without a cache, and found in the store ahead */
    uint64_t random;
};

static void
open_side(struct fixture *f, struct side *side)
{
    assert_int_equal(onym_view_open(f->store.env, &side->view), ONYM_OK);
    side->resolver.view = side->view;
    side->arena = (struct onym_arena){.at = side->memory, .cap = sizeof side->memory};
}

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    temp_store_open(&f->store);
    temp_store_home(&f->store, "0.NA/88.1.2");
    f->random = 88172645463325252U;
    f->memory = aligned_alloc(64, CACHE_SIZE);
    assert_non_null(f->memory);
    memset(f->memory, 0, CACHE_SIZE);
    open_side(f, &f->cached);
    open_side(f, &f->bare);
    open_side(f, &f->ahead);
    onym_cache_init(&f->cached.resolver.cache, f->memory, CACHE_SIZE);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    onym_view_close(f->cached.view);
    onym_view_close(f->bare.view);
    onym_view_close(f->ahead.view);
    temp_store_close(&f->store);
    free(f->memory);
    free(f);
    return 0;
}

static uint32_t
below(struct fixture *f, uint32_t bound)
{
    f->random ^= f->random << 13;
    f->random ^= f->random >> 7;
    f->random ^= f->random << 17;
    return (uint32_t)(f->random >> 32) % bound;
}

static void
put(struct fixture *f, const char *name, const char *data, bool has_private)
{
    uint8_t bytes[512];
    uint8_t closed_bytes[512];
    struct onym_value_list open = {0};
    struct onym_value_list closed = {0};

    temp_value_add(&open, bytes, sizeof bytes, 1, "URL", data, ONYM_PERM_DEFAULT);
    temp_value_add(&open, bytes, sizeof bytes, 2, "NOTE", "the second", ONYM_PERM_DEFAULT);
    if (has_private) {
        temp_value_add(&closed, closed_bytes, sizeof closed_bytes, 3, "COST", data,
                       ONYM_PERM_ADMIN_READ);
    }
    temp_store_put(&f->store, name, open, closed);
}

static void
erase(struct fixture *f, const char *folded, enum onym_kind kind)
{
    uint8_t bytes[ONYM_CHANGE_KEY_LEN_MAX];
    struct onym_fault fault = {0};
    struct onym_change *change;
    enum onym_status status;

    assert_int_equal(onym_change_begin(f->store.env, &change, &fault), ONYM_OK);
    status = onym_change_remove(change,
                                onym_change_key(change, kind, onym_span_text(folded), bytes));
    assert_true(status == ONYM_OK || status == ONYM_NOT_FOUND);
    assert_int_equal(onym_change_commit(change, &fault), ONYM_OK);
}

static enum onym_status
ask(struct side *side, const struct onym_query *query)
{
    onym_arena_reset(&side->arena);
    return onym_resolve(&side->resolver, query, &side->arena, &side->found);
}

/* As one of two whose answers are wanted together. */
static enum onym_status
ask_ahead(struct side *side, const struct onym_query *query)
{
    struct onym_ahead ahead[2];
    struct onym_ahead *asked[2] = {&ahead[1], &ahead[0]};
    bool known;

    onym_arena_reset(&side->arena);
    assert_true(onym_resolve_ahead(&side->resolver, onym_span_text("88.1.2/n0"), &ahead[1]));
    known = onym_resolve_ahead(&side->resolver, query->name, &ahead[0]);
    onym_resolve_gather(&side->resolver, asked, known ? 2 : 1);
    return onym_resolve_known(&side->resolver, query, &ahead[0], &side->arena, &side->found);
}

static void
expect_same_selection(const struct onym_selection *a, const struct onym_selection *b)
{
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->runs, b->runs);
    for (size_t i = 0; i < a->runs; i++) {
        assert_int_equal(a->run[i].len, b->run[i].len);
        assert_memory_equal(a->run[i].at, b->run[i].at, a->run[i].len);
    }
}

static void
expect_same_answer(struct side *side, const struct onym_query *query, enum onym_status status,
                   const struct onym_resolution *expected)
{
    assert_int_equal(ask_ahead(side, query), status);
    if (status == ONYM_OK) {
        expect_same_selection(&side->found.selection, &expected->selection);
        expect_same_selection(&side->found.closed, &expected->closed);
        assert_int_equal(side->found.record.revision, expected->record.revision);
        assert_int_equal(side->found.record.created_ms, expected->record.created_ms);
        assert_int_equal(side->found.record.modified_ms, expected->record.modified_ms);
        assert_true(onym_span_equal(side->found.record.name, expected->record.name));
    }
}

static void
expect_same(struct fixture *f, const struct onym_query *query)
{
    enum onym_status status = ask(&f->bare, query);

    expect_same_answer(&f->cached, query, status, &f->bare.found);
    expect_same_answer(&f->ahead, query, status, &f->bare.found);
}

static void
renew(struct fixture *f)
{
    assert_int_equal(onym_view_renew(f->cached.view), ONYM_OK);
    assert_int_equal(onym_view_renew(f->bare.view), ONYM_OK);
    assert_int_equal(onym_view_renew(f->ahead.view), ONYM_OK);
}

static uint64_t
looked(const struct fixture *f, enum onym_lookup result)
{
    return f->cached.resolver.cache.lookups[result];
}

static void
change_something(struct fixture *f, const char *name)
{
    static const char *const data[] = {"one", "two", "a third one that is longer"};

    switch (below(f, 8)) {
    case 0:
        erase(f, name, ONYM_KIND_HANDLE);
        break;
    case 1:
        erase(f, "0.NA/88.1.2", ONYM_KIND_PREFIX);
        break;
    case 2:
    case 3:
        temp_store_home(&f->store, "0.NA/88.1.2");
        break;
    default:
        put(f, name, data[below(f, 3)], below(f, 3) == 0);
        break;
    }
}

static void
a_cached_resolver_answers_as_a_bare_one(void **state)
{
    struct fixture *f = *state;
    static const uint8_t second[] = {0, 0, 0, 2};
    char name[32];
    char asked[32];

    for (unsigned i = 0; i < 6000; i++) {
        struct onym_query query = {.public_only = below(f, 2) == 0, .no_referral = true};

        (void)snprintf(name, sizeof name, "88.1.2/N%u", below(f, NAMES));
        (void)snprintf(asked, sizeof asked, "88.1.2/n%u", below(f, NAMES));
        query.name = onym_span_text(asked);
        if (below(f, 3) == 0) {
            query.indexes = (struct onym_u32_list){.raw = onym_span_of(second, 4), .count = 1};
        }
        if (below(f, 16) == 0) {
            change_something(f, name); /* the views still show what was */
            expect_same(f, &query);
            renew(f);
        }
        expect_same(f, &query);
    }
    assert_true(looked(f, ONYM_LOOKUP_HIT) > 1000);
    assert_true(looked(f, ONYM_LOOKUP_STALE) > 50);
    assert_true(looked(f, ONYM_LOOKUP_MISS) > 50);
}

static void
what_was_found_ahead_is_forgotten_with_its_snapshot(void **state)
{
    struct fixture *f = *state;
    struct onym_query query = {.name = onym_span_text("88.1.2/A"), .public_only = true};
    struct onym_ahead ahead[2];
    struct onym_ahead *both[2] = {&ahead[0], &ahead[1]};
    struct side *side = &f->ahead;

    put(f, "88.1.2/A", "old", false);
    renew(f);
    for (size_t i = 0; i < 2; i++) {
        assert_true(onym_resolve_ahead(&side->resolver, query.name, &ahead[i]));
    }
    onym_resolve_gather(&side->resolver, both, 2);
    assert_non_null(ahead[0].found.at);
    put(f, "88.1.2/A", "new", false);
    for (unsigned round = 0; round < 2; round++) {
        assert_int_equal(ask(&f->bare, &query), ONYM_OK);
        assert_int_equal(
            onym_resolve_known(&side->resolver, &query, &ahead[0], &side->arena, &side->found),
            ONYM_OK);
        expect_same_selection(&side->found.selection, &f->bare.found.selection);
        renew(f);
    }
}

static void
absence_is_told_without_the_store(void **state)
{
    struct fixture *f = *state;
    struct onym_query query = {.name = onym_span_text("88.1.2/new"), .public_only = true};

    expect_same(f, &query); /* not yet complete: the store is asked */
    assert_int_equal(looked(f, ONYM_LOOKUP_ABSENT), 0);
    onym_bloom_complete(onym_view_bloom(f->cached.view));
    expect_same(f, &query);
    assert_int_equal(looked(f, ONYM_LOOKUP_ABSENT), 1);
    put(f, "88.1.2/New", "now it is there", false);
    expect_same(f, &query); /* the view does not show it yet */
    renew(f);
    expect_same(f, &query);
    erase(f, "88.1.2/NEW", ONYM_KIND_HANDLE);
    renew(f);
    expect_same(f, &query);
    assert_int_equal(looked(f, ONYM_LOOKUP_ABSENT), 1);
}

static void
with_all_names_known_a_cached_resolver_answers_as_a_bare_one(void **state)
{
    struct fixture *f = *state;

    onym_bloom_complete(onym_view_bloom(f->cached.view));
    a_cached_resolver_answers_as_a_bare_one(state);
    assert_true(looked(f, ONYM_LOOKUP_ABSENT) > 10);
}

static void
names_are_noted_when_the_cache_is_full(void **state)
{
    struct fixture *f = *state;
    struct onym_bloom *bloom = onym_bloom_new(0);
    uint64_t hash = onym_marks_hash(onym_view_marks(f->cached.view),
                                    onym_span_text("h88.1.2/LAST"));
    struct onym_record record = {.name = onym_span_text("88.1.2/Last")};

    assert_non_null(bloom);
    onym_bloom_complete(bloom);
    f->cached.resolver.cache.head = 4 * f->cached.resolver.cache.size;
    assert_true(onym_cache_is_full(&f->cached.resolver.cache));
    assert_false(onym_resolve_keep(&f->cached.resolver, &record, NULL));
    assert_false(onym_bloom_may_have(bloom, hash));
    assert_true(onym_resolve_keep(&f->cached.resolver, &record, bloom));
    assert_true(onym_bloom_may_have(bloom, hash));
    onym_bloom_free(bloom);
}

static void
an_older_snapshot_fills_nothing_that_outlives_a_change(void **state)
{
    struct fixture *f = *state;
    struct onym_query query = {.name = onym_span_text("88.1.2/A"), .public_only = true};

    put(f, "88.1.2/A", "old", false);
    renew(f);
    put(f, "88.1.2/A", "new", false); /* durable and marked; the views were made before */
    expect_same(f, &query);           /* old, read from the store and put into the cache */
    expect_same(f, &query);
    assert_int_equal(looked(f, ONYM_LOOKUP_HIT), 0);
    renew(f);
    expect_same(f, &query);
    expect_same(f, &query);
    assert_int_equal(looked(f, ONYM_LOOKUP_HIT), 1);
}

static void
a_transaction_that_is_taken_back_changes_no_answer(void **state)
{
    struct fixture *f = *state;
    struct onym_query query = {.name = onym_span_text("88.1.2/A"), .public_only = true};
    uint8_t bytes[ONYM_CHANGE_KEY_LEN_MAX];
    struct onym_fault fault = {0};
    struct onym_change *change;

    put(f, "88.1.2/A", "kept", false);
    renew(f);
    expect_same(f, &query);
    assert_int_equal(onym_change_begin(f->store.env, &change, &fault), ONYM_OK);
    assert_int_equal(onym_change_remove(change, onym_change_key(change, ONYM_KIND_HANDLE,
                                                                onym_span_text("88.1.2/A"), bytes)),
                     ONYM_OK);
    expect_same(f, &query);
    onym_change_abort(change);
    renew(f);
    expect_same(f, &query);
    put(f, "88.1.2/B", "another commit", false);
    renew(f);
    expect_same(f, &query); /* fills again */
    expect_same(f, &query);
    assert_true(looked(f, ONYM_LOOKUP_HIT) > 0);
}

static void
a_new_record_does_not_unsettle_its_neighbours(void **state)
{
    struct fixture *f = *state;
    struct onym_query query = {.name = onym_span_text("88.1.2/A"), .public_only = true};
    char name[32];

    put(f, "88.1.2/A", "one", false);
    renew(f);
    expect_same(f, &query);
    for (unsigned i = 0; i < 50; i++) {
        (void)snprintf(name, sizeof name, "88.1.2/N%u", i);
        put(f, name, "new", false);
    }
    renew(f);
    for (size_t i = 0; i < ONYM_MARKS; i++) {
        uint64_t hash = (uint64_t)i << 16;

        assert_int_equal(onym_marks_get(onym_view_marks(f->cached.view), hash), 0);
    }
    expect_same(f, &query);
    assert_int_equal(looked(f, ONYM_LOOKUP_HIT), 1);
}

static void
records_are_kept_ahead_until_the_cache_is_full(void **state)
{
    struct fixture *f = *state;
    struct onym_query query = {.name = onym_span_text("88.1.2/ahead"), .public_only = true};
    struct onym_record record;
    unsigned kept = 0;
    char name[32];

    put(f, "88.1.2/Ahead", "one", false);
    renew(f);
    assert_int_equal(
        onym_view_record(f->cached.view, ONYM_KIND_HANDLE, onym_span_text("88.1.2/AHEAD"), &record),
        ONYM_OK);
    assert_true(onym_resolve_keep(&f->cached.resolver, &record, NULL));
    expect_same(f, &query);
    assert_int_equal(looked(f, ONYM_LOOKUP_HIT), 1);
    do { /* other names, the same values */
        (void)snprintf(name, sizeof name, "88.1.2/K%u", kept);
        record.name = onym_span_text(name);
        renew(f);
    } while (onym_resolve_keep(&f->cached.resolver, &record, NULL) && kept++ < 10000);
    assert_in_range(kept, 200, 1000);
    expect_same(f, &query); /* nothing was pushed out */
    assert_int_equal(looked(f, ONYM_LOOKUP_HIT), 2);
    assert_false(onym_resolve_keep(&f->bare.resolver, &record, NULL)); /* has none */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_cached_resolver_answers_as_a_bare_one, setup, teardown),
        cmocka_unit_test_setup_teardown(an_older_snapshot_fills_nothing_that_outlives_a_change,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_transaction_that_is_taken_back_changes_no_answer, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_new_record_does_not_unsettle_its_neighbours, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_was_found_ahead_is_forgotten_with_its_snapshot, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(absence_is_told_without_the_store, setup, teardown),
        cmocka_unit_test_setup_teardown(
            with_all_names_known_a_cached_resolver_answers_as_a_bare_one, setup, teardown),
        cmocka_unit_test_setup_teardown(names_are_noted_when_the_cache_is_full, setup, teardown),
        cmocka_unit_test_setup_teardown(records_are_kept_ahead_until_the_cache_is_full, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
