#include "service/session.h"

#include "auth/challenge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW_S 1700000000U

static const uint8_t some_key[ONYM_TOKEN_DIGEST_LEN] = {7, 7, 7};

struct fixture {
    struct onym_sessions *table;
    struct onym_rng rng;
    struct onym_session_secret secret;
};

static void
open_table(struct fixture *f, uint32_t capacity, uint32_t per_peer)
{
    struct onym_session_limits limits = {.capacity = capacity, .per_peer = per_peer, .worker = 5};

    onym_sessions_free(f->table);
    f->table = NULL;
    assert_int_equal(onym_sessions_new(&limits, &f->table), ONYM_OK);
}

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    f->rng = onym_rng_seeded(7);
    memset(f->secret.bytes, 0x5A, sizeof f->secret.bytes);
    open_table(f, 8, 8);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    onym_sessions_free(f->table);
    free(f);
    return 0;
}

static struct onym_principal
who(const char *handle, uint32_t index)
{
    return (struct onym_principal){.handle = onym_span_text(handle), .index = index};
}

static uint32_t
add_at(struct fixture *f, uint8_t host, uint32_t timeout_s, uint32_t now_s)
{
    uint8_t peer[4] = {192, 0, 2, host};
    struct onym_session_ask ask = {.secret = &f->secret,
                                   .identity = who("0.NA/88.1", 300),
                                   .timeout_s = timeout_s,
                                   .peer = onym_span_of(peer, sizeof peer)};
    uint32_t id = 0;

    assert_int_equal(onym_sessions_add(f->table, &ask, now_s, &f->rng, &id), ONYM_OK);
    return id;
}

static uint32_t
add(struct fixture *f, uint8_t host)
{
    return add_at(f, host, 0, NOW_S);
}

static enum onym_status
find_at(struct fixture *f, uint32_t id, uint32_t now_s)
{
    struct onym_session_use use;

    return onym_sessions_find(f->table, id, now_s, &use);
}

static void
an_id_names_worker_and_kind(void **state)
{
    struct fixture *f = *state;
    uint32_t id = add(f, 1);

    assert_int_equal(onym_id_worker(id), 5);
    assert_int_not_equal(id & ONYM_ID_SESSION_BIT, 0);
    assert_int_equal(onym_sessions_count(f->table), 1);
}

static void
ids_differ_even_when_chance_repeats(void **state)
{
    struct fixture *f = *state;
    uint32_t first = add(f, 1);
    uint32_t second;

    f->rng = onym_rng_seeded(7);
    second = add(f, 1);
    assert_int_not_equal(first, second);
    assert_int_not_equal(second & ONYM_ID_SESSION_BIT, 0);
    assert_int_equal(onym_id_worker(second), 5);
    assert_int_equal(find_at(f, first, NOW_S), ONYM_OK);
}

static void
a_session_is_found_with_its_key_and_without_identity(void **state)
{
    struct fixture *f = *state;
    uint32_t id = add(f, 1);
    struct onym_session_use use = {.user_len = 9};

    assert_int_equal(onym_sessions_find(f->table, id, NOW_S, &use), ONYM_OK);
    assert_memory_equal(use.secret.bytes, f->secret.bytes, sizeof f->secret.bytes);
    assert_false(use.proven);
    assert_int_equal(use.user_len, 0);
    assert_int_equal(find_at(f, id ^ 1U, NOW_S), ONYM_SESSION_UNKNOWN);
    assert_int_equal(find_at(f, 0, NOW_S), ONYM_SESSION_UNKNOWN);
}

static void
only_who_the_setup_named_can_be_proven(void **state)
{
    struct fixture *f = *state;
    uint32_t id = add(f, 1);
    struct onym_session_use use;
    struct onym_principal other_index = who("0.NA/88.1", 301);
    struct onym_principal other = who("0.NA/88.2", 300);
    struct onym_principal same = who("0.na/88.1", 300); /* a prefix folds */

    assert_false(onym_sessions_prove(f->table, id, &other_index, some_key));
    assert_false(onym_sessions_prove(f->table, id, &other, some_key));
    assert_false(onym_sessions_prove(f->table, id ^ 1U, &same, some_key));
    assert_int_equal(onym_sessions_find(f->table, id, NOW_S, &use), ONYM_OK);
    assert_false(use.proven);
    assert_true(onym_sessions_prove(f->table, id, &same, some_key));
    assert_int_equal(onym_sessions_find(f->table, id, NOW_S, &use), ONYM_OK);
    assert_true(use.proven);
    assert_memory_equal(use.key, some_key, sizeof use.key);
    assert_int_equal(use.user_index, 300);
    assert_true(onym_span_equal(onym_span_of(use.user, use.user_len), onym_span_text("0.NA/88.1")));
}

static void
a_setup_without_identity_is_never_proven(void **state)
{
    struct fixture *f = *state;
    uint8_t peer[16] = {1};
    struct onym_session_ask ask = {.secret = &f->secret,
                                   .identity = {.index = 0xFFFFFFFFU},
                                   .peer = onym_span_of(peer, sizeof peer)};
    struct onym_principal nobody = {.index = 0xFFFFFFFFU};
    struct onym_principal somebody = who("0.NA/88.1", 300);
    uint32_t id;

    assert_int_equal(onym_sessions_add(f->table, &ask, NOW_S, &f->rng, &id), ONYM_OK);
    assert_false(onym_sessions_prove(f->table, id, &nobody, some_key));
    assert_false(onym_sessions_prove(f->table, id, &somebody, some_key));
}

static void
a_setup_that_names_any_key_stands_on_the_one_that_was_right(void **state)
{
    struct fixture *f = *state;
    uint8_t peer[16] = {1};
    struct onym_session_ask ask = {.secret = &f->secret,
                                   .identity = who("0.NA/88.1", 0),
                                   .peer = onym_span_of(peer, sizeof peer)};
    struct onym_principal other = who("0.NA/88.2", 301);
    struct onym_principal right = who("0.NA/88.1", 301);
    struct onym_principal another = who("0.NA/88.1", 302);
    struct onym_session_use use;
    uint32_t id;

    assert_int_equal(onym_sessions_add(f->table, &ask, NOW_S, &f->rng, &id), ONYM_OK);
    assert_false(onym_sessions_prove(f->table, id, &other, some_key));
    assert_true(onym_sessions_prove(f->table, id, &right, some_key));
    assert_false(onym_sessions_prove(f->table, id, &another, some_key));
    assert_int_equal(onym_sessions_find(f->table, id, NOW_S, &use), ONYM_OK);
    assert_true(use.proven);
    assert_int_equal(use.user_index, 301);
}

static void
counters_count_once(void **state)
{
    struct fixture *f = *state;
    uint32_t id = add(f, 1);
    uint32_t other = add(f, 1);

    assert_int_equal(onym_sessions_accept(f->table, id, 1, NOW_S), ONYM_OK);
    assert_int_equal(onym_sessions_accept(f->table, id, 1, NOW_S), ONYM_SESSION_REJECTED);
    assert_int_equal(onym_sessions_accept(f->table, other, 1, NOW_S), ONYM_OK);
    assert_int_equal(onym_sessions_accept(f->table, id, 0, NOW_S), ONYM_SESSION_REJECTED);
    assert_int_equal(onym_sessions_accept(f->table, id ^ 1U, 2, NOW_S), ONYM_SESSION_UNKNOWN);
}

static void
replies_have_counters_of_their_own(void **state)
{
    struct fixture *f = *state;
    uint32_t id = add(f, 1);
    struct onym_session_secret secret;
    uint32_t counter;

    for (uint32_t want = 1; want <= 3; want++) {
        assert_int_equal(onym_sessions_reply(f->table, id, &secret, &counter), ONYM_OK);
        assert_int_equal(counter, want);
        assert_memory_equal(secret.bytes, f->secret.bytes, sizeof secret.bytes);
    }
    assert_int_equal(onym_sessions_reply(f->table, id ^ 1U, &secret, &counter),
                     ONYM_SESSION_UNKNOWN);
}

static void
idle_sessions_end_at_the_time_they_asked_for(void **state)
{
    struct fixture *f = *state;
    uint32_t id = add_at(f, 1, 60, NOW_S);

    assert_int_equal(find_at(f, id, NOW_S - 100), ONYM_OK); /* a clock that was set back */
    assert_int_equal(find_at(f, id, NOW_S + 60), ONYM_OK);
    assert_int_equal(onym_sessions_accept(f->table, id, 1, NOW_S + 60), ONYM_OK);
    assert_int_equal(find_at(f, id, NOW_S + 120), ONYM_OK);
    assert_int_equal(onym_sessions_accept(f->table, id, 1, NOW_S + 120), ONYM_SESSION_REJECTED);
    /* looking, and a message that was rejected, are no use of it */
    assert_int_equal(find_at(f, id, NOW_S + 121), ONYM_SESSION_UNKNOWN);
    assert_int_equal(onym_sessions_count(f->table), 0);
}

static void
nobody_gets_more_than_a_day(void **state)
{
    static const uint32_t asked[] = {0, ONYM_SESSION_IDLE_S, ONYM_SESSION_IDLE_S + 1, 0xFFFFFFFFU};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        uint32_t id = add_at(f, 1, asked[i], NOW_S);

        assert_int_equal(find_at(f, id, NOW_S + ONYM_SESSION_IDLE_S), ONYM_OK);
        assert_int_equal(find_at(f, id, NOW_S + ONYM_SESSION_IDLE_S + 1), ONYM_SESSION_UNKNOWN);
    }
}

static void
the_end_is_the_end(void **state)
{
    struct fixture *f = *state;
    uint32_t id = add(f, 1);

    onym_sessions_end(f->table, id);
    onym_sessions_end(f->table, id);
    assert_int_equal(find_at(f, id, NOW_S), ONYM_SESSION_UNKNOWN);
    assert_int_equal(onym_sessions_count(f->table), 0);
}

static void
a_full_table_loses_the_unproven_used_longest_ago(void **state)
{
    struct fixture *f = *state;
    struct onym_principal owner = who("0.NA/88.1", 300);
    uint32_t id[9];

    for (uint8_t i = 0; i < 8; i++) {
        id[i] = add(f, (uint8_t)(i + 1));
    }
    assert_int_equal(onym_sessions_count(f->table), 8);
    /* wherever the walk over the table begins */
    assert_true(onym_sessions_prove(f->table, id[0], &owner, some_key));
    assert_true(onym_sessions_prove(f->table, id[7], &owner, some_key));
    assert_int_equal(onym_sessions_accept(f->table, id[1], 1, NOW_S), ONYM_OK);
    id[8] = add(f, 9); /* one past the capacity */
    assert_int_equal(onym_sessions_count(f->table), 8);
    for (size_t i = 0; i < 9; i++) {
        assert_int_equal(find_at(f, id[i], NOW_S), i == 2 ? ONYM_SESSION_UNKNOWN : ONYM_OK);
    }
}

static void
when_all_are_proven_the_oldest_goes(void **state)
{
    struct fixture *f = *state;
    struct onym_principal owner = who("0.NA/88.1", 300);
    uint32_t id[8];

    for (uint8_t i = 0; i < 8; i++) {
        id[i] = add(f, 1);
        assert_true(onym_sessions_prove(f->table, id[i], &owner, some_key));
    }
    assert_int_equal(onym_sessions_accept(f->table, id[0], 1, NOW_S), ONYM_OK);
    (void)add(f, 1);
    assert_int_equal(find_at(f, id[0], NOW_S), ONYM_OK);
    assert_int_equal(find_at(f, id[1], NOW_S), ONYM_SESSION_UNKNOWN);
}

static void
idle_ones_go_before_any_other(void **state)
{
    struct fixture *f = *state;
    uint32_t id[8];

    for (uint8_t i = 0; i < 8; i++) {
        id[i] = add_at(f, 1, i == 5 ? 10 : 1000, NOW_S);
    }
    (void)add_at(f, 2, 0, NOW_S + 11);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(find_at(f, id[i], NOW_S + 11), i == 5 ? ONYM_SESSION_UNKNOWN : ONYM_OK);
    }
}

static void
an_address_pushes_out_its_own(void **state)
{
    struct fixture *f = *state;
    struct onym_principal owner = who("0.NA/88.1", 300);
    uint32_t other;
    uint32_t id[4];

    open_table(f, 8, 3);
    other = add(f, 9);
    id[0] = add(f, 1);
    /* proven ones do not count */
    assert_true(onym_sessions_prove(f->table, id[0], &owner, some_key));
    for (size_t i = 1; i < 4; i++) {
        id[i] = add(f, 1);
    }
    assert_int_equal(onym_sessions_count(f->table), 5); /* exactly at the limit of three */
    (void)add(f, 1);
    assert_int_equal(onym_sessions_count(f->table), 5);
    assert_int_equal(find_at(f, other, NOW_S), ONYM_OK);
    assert_int_equal(find_at(f, id[0], NOW_S), ONYM_OK);
    assert_int_equal(find_at(f, id[1], NOW_S), ONYM_SESSION_UNKNOWN);
    assert_int_equal(find_at(f, id[2], NOW_S), ONYM_OK);
}

static void
limits_are_checked(void **state)
{
    static const struct {
        struct onym_session_limits limits;
        enum onym_status status;
    } rows[] = {
        {{.capacity = 1, .per_peer = 1}, ONYM_OK},
        {{.capacity = 0, .per_peer = 0}, ONYM_INVALID},
        {{.capacity = 4, .per_peer = 0}, ONYM_INVALID},
        {{.capacity = 4, .per_peer = 5}, ONYM_INVALID},
        {{.capacity = 65536, .per_peer = 65536, .worker = 127}, ONYM_OK},
        {{.capacity = 65537, .per_peer = 1}, ONYM_INVALID},
        {{.capacity = 1, .per_peer = 1, .worker = 128}, ONYM_INVALID},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct onym_sessions *table = NULL;

        assert_int_equal(onym_sessions_new(&rows[i].limits, &table), rows[i].status);
        onym_sessions_free(table);
    }
    onym_sessions_free(NULL);
}

static void
a_setup_is_checked(void **state)
{
    static uint8_t handle[ONYM_NAME_LEN_MAX + 1];
    struct fixture *f = *state;
    uint8_t peer[17] = {0};
    struct onym_session_ask ask = {.secret = &f->secret,
                                   .identity.handle = onym_span_of(handle, ONYM_NAME_LEN_MAX),
                                   .peer = onym_span_of(peer, 4)};
    struct onym_session_use use;
    uint32_t id;

    assert_int_equal(onym_sessions_add(f->table, &ask, NOW_S, &f->rng, &id), ONYM_OK);
    assert_true(onym_sessions_prove(f->table, id, &ask.identity, some_key));
    assert_int_equal(onym_sessions_find(f->table, id, NOW_S, &use), ONYM_OK);
    assert_int_equal(use.user_len, ONYM_NAME_LEN_MAX);
    ask.identity.handle.len++;
    assert_int_equal(onym_sessions_add(f->table, &ask, NOW_S, &f->rng, &id), ONYM_INVALID);
    ask.identity.handle.len = 0;
    for (size_t len = 0; len <= sizeof peer; len++) {
        ask.peer.len = len;
        assert_int_equal(onym_sessions_add(f->table, &ask, NOW_S, &f->rng, &id),
                         len == 4 || len == 16 ? ONYM_OK : ONYM_INVALID);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_id_names_worker_and_kind),
        TEST(ids_differ_even_when_chance_repeats),
        TEST(a_session_is_found_with_its_key_and_without_identity),
        TEST(only_who_the_setup_named_can_be_proven),
        TEST(a_setup_without_identity_is_never_proven),
        TEST(a_setup_that_names_any_key_stands_on_the_one_that_was_right),
        TEST(counters_count_once),
        TEST(replies_have_counters_of_their_own),
        TEST(idle_sessions_end_at_the_time_they_asked_for),
        TEST(nobody_gets_more_than_a_day),
        TEST(the_end_is_the_end),
        TEST(a_full_table_loses_the_unproven_used_longest_ago),
        TEST(when_all_are_proven_the_oldest_goes),
        TEST(idle_ones_go_before_any_other),
        TEST(an_address_pushes_out_its_own),
        TEST(limits_are_checked),
        TEST(a_setup_is_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
