/* The two bounded tables of HTTP logins: challenge sessions and failed attempts. */
#include "server/http_backend_failures.h"
#include "server/http_backend_sessions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define IDLE_MS UINT64_C(1800000)

struct fix {
    struct onym_http_sessions *sessions;
    struct onym_http_failures *failures;
    struct onym_rng rng;
};

static int
setup(void **state)
{
    struct fix *f = calloc(1, sizeof *f);

    assert_non_null(f);
    f->rng = onym_rng_seeded(7);
    assert_int_equal(onym_http_sessions_new(IDLE_MS, &f->sessions), ONYM_OK);
    assert_int_equal(onym_http_failures_new(11, &f->failures), ONYM_OK);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fix *f = *state;

    onym_http_sessions_free(f->sessions);
    onym_http_failures_free(f->failures);
    free(f);
    return 0;
}

static onym_span
peer(uint32_t number, uint8_t memory[4])
{
    memory[0] = (uint8_t)(number >> 24);
    memory[1] = (uint8_t)(number >> 16);
    memory[2] = (uint8_t)(number >> 8);
    memory[3] = (uint8_t)number;
    return onym_span_of(memory, 4);
}

static struct onym_http_session
open_from(struct fix *f, uint32_t number, uint64_t now_ms)
{
    struct onym_http_session session;
    uint8_t memory[4];

    onym_http_sessions_open(f->sessions, peer(number, memory), &f->rng, now_ms, &session);
    return session;
}

static onym_span
id_of(const struct onym_http_session *session)
{
    return onym_span_of(session->id, sizeof session->id);
}

static bool
lives(struct fix *f, const struct onym_http_session *session, uint64_t now_ms)
{
    struct onym_http_session found;

    return onym_http_sessions_find(f->sessions, id_of(session), now_ms, &found);
}

static enum onym_status
prove(struct fix *f, const struct onym_http_session *session, const char *handle, uint64_t now_ms)
{
    static const uint8_t key[ONYM_TOKEN_DIGEST_LEN] = {7};
    struct onym_principal who = {.handle = onym_span_text(handle), .index = 300};

    return onym_http_sessions_prove(f->sessions, id_of(session), &who, key, now_ms);
}

static void
a_session_waits_a_minute(void **state)
{
    struct fix *f = *state;
    struct onym_http_session session = open_from(f, 1, 1000);

    assert_false(session.proven);
    assert_true(lives(f, &session, 1000 + ONYM_HTTP_SESSION_WAIT_MS - 1));
    assert_false(lives(f, &session, 1000 + ONYM_HTTP_SESSION_WAIT_MS));
    assert_int_equal(prove(f, &session, "P/a", 1000), ONYM_SESSION_UNKNOWN);
}

static void
a_proven_session_ends_when_idle_and_in_any_case(void **state)
{
    struct fix *f = *state;
    struct onym_http_session session = open_from(f, 1, 0);
    struct onym_http_session found;
    uint64_t now_ms = 0;

    assert_int_equal(prove(f, &session, "P/a", 0), ONYM_OK);
    assert_true(onym_http_sessions_find(f->sessions, id_of(&session), IDLE_MS - 1, &found));
    assert_true(found.proven);
    assert_int_equal(found.index, 300);
    assert_int_equal(found.key[0], 7);
    assert_memory_equal(found.handle, "P/a", 3);
    assert_int_equal(found.handle_len, 3);
    assert_false(lives(f, &session, IDLE_MS - 1 + IDLE_MS));
    session = open_from(f, 1, 0);
    assert_int_equal(prove(f, &session, "P/a", 0), ONYM_OK);
    for (; now_ms < ONYM_HTTP_SESSION_LIFE_MS; now_ms += IDLE_MS / 2) {
        assert_true(lives(f, &session, now_ms));
    }
    assert_false(lives(f, &session, ONYM_HTTP_SESSION_LIFE_MS));
}

static void
a_nonce_is_taken_once(void **state)
{
    struct fix *f = *state;
    struct onym_http_session session = open_from(f, 1, 0);
    struct onym_http_session found;
    uint8_t nonce[ONYM_HTTP_NONCE_LEN];
    uint8_t again[ONYM_HTTP_NONCE_LEN];

    assert_true(onym_http_sessions_take_nonce(f->sessions, id_of(&session), &f->rng, 5, nonce));
    assert_memory_equal(nonce, session.nonce, sizeof nonce);
    assert_true(onym_http_sessions_find(f->sessions, id_of(&session), 5, &found));
    assert_true(onym_http_sessions_take_nonce(f->sessions, id_of(&session), &f->rng, 5, again));
    assert_memory_not_equal(again, nonce, sizeof nonce);
    assert_memory_equal(again, found.nonce, sizeof nonce);
}

static void
every_other_id_is_unknown(void **state)
{
    struct fix *f = *state;
    struct onym_http_session session = open_from(f, 1, 0);
    struct onym_http_session other = session;

    for (size_t i = 0; i < sizeof other.id; i++) {
        other = session;
        other.id[i] = other.id[i] == '0' ? '1' : '0';
        assert_false(lives(f, &other, 0));
    }
    assert_false(onym_http_sessions_find(f->sessions, onym_span_of(session.id, 35), 0, &other));
    assert_false(onym_http_sessions_find(f->sessions, onym_span_text(""), 0, &other));
    assert_false(onym_http_sessions_find(
        f->sessions, onym_span_text("ffff00000000000000000000000000000000"), 0, &other));
    assert_true(lives(f, &session, 0));
    onym_http_sessions_end(f->sessions, id_of(&session), 0);
    assert_false(lives(f, &session, 0));
    onym_http_sessions_end(f->sessions, id_of(&session), 0);
}

static void
a_flood_from_one_address_pushes_out_its_own(void **state)
{
    struct fix *f = *state;
    struct onym_http_session honest = open_from(f, 1, 0);
    struct onym_http_session first = open_from(f, 2, 0);

    for (unsigned i = 2; i < ONYM_HTTP_SESSIONS_WAITING; i++) {
        (void)open_from(f, 2, 0);
    }
    assert_true(lives(f, &first, 0)); /* the table is full, and no more */
    for (unsigned i = 0; i < 3 * ONYM_HTTP_SESSIONS_WAITING; i++) {
        (void)open_from(f, 2, 0);
    }
    assert_false(lives(f, &first, 0));
    assert_true(lives(f, &honest, 0));
    (void)open_from(f, 3, 0); /* a newcomer finds room at the cost of the oldest */
    assert_false(lives(f, &honest, 0));
}

static void
a_user_with_too_many_sessions_loses_the_one_unused_longest(void **state)
{
    struct fix *f = *state;
    struct onym_http_session kept = open_from(f, 1, 0);
    struct onym_http_session oldest;
    struct onym_http_session other;

    assert_int_equal(prove(f, &kept, "P/b", 0), ONYM_OK);
    oldest = open_from(f, 2, 1);
    assert_int_equal(prove(f, &oldest, "P/a", 1), ONYM_OK);
    for (unsigned i = 2; i < ONYM_HTTP_SESSIONS_PROVEN; i++) {
        other = open_from(f, 2, 2);
        assert_int_equal(prove(f, &other, "P/a", 2), ONYM_OK);
    }
    assert_true(lives(f, &oldest, 3)); /* a use: now another is the oldest */
    other = open_from(f, 2, 4);
    assert_int_equal(prove(f, &other, "p/A", 4), ONYM_OK); /* however it is spelled */
    assert_true(lives(f, &oldest, 5));
    assert_true(lives(f, &kept, 5));
    assert_true(lives(f, &other, 5));
}

static void
waiting_sessions_leave_proven_ones_alone(void **state)
{
    struct fix *f = *state;
    struct onym_http_session session = open_from(f, 1, 0);

    assert_int_equal(prove(f, &session, "P/a", 0), ONYM_OK);
    for (unsigned i = 0; i < 2 * ONYM_HTTP_SESSIONS_WAITING; i++) {
        (void)open_from(f, 1, 0);
    }
    assert_true(lives(f, &session, 0));
}

/* ---- failures ---- */

static struct onym_http_source
source(const char *name, uint32_t per_minute)
{
    return (struct onym_http_source){.bytes = onym_span_text(name), .per_minute = per_minute};
}

static void
a_budget_is_for_a_minute_and_no_more(void **state)
{
    struct fix *f = *state;
    struct onym_http_source a = source("a", 5);
    struct onym_http_source b = source("b", 5);
    uint64_t now_us = 1000;

    for (unsigned i = 0; i < 5; i++) {
        assert_true(onym_http_failures_may(f->failures, &a, now_us));
        onym_http_failures_count(f->failures, &a, now_us);
    }
    assert_false(onym_http_failures_may(f->failures, &a, now_us));
    assert_true(onym_http_failures_may(f->failures, &b, now_us));
    now_us += ONYM_HTTP_FAILURE_WINDOW_US / 5 - 1;
    assert_false(onym_http_failures_may(f->failures, &a, now_us));
    now_us += 1; /* one is there again */
    assert_true(onym_http_failures_may(f->failures, &a, now_us));
    onym_http_failures_count(f->failures, &a, now_us);
    assert_false(onym_http_failures_may(f->failures, &a, now_us));
}

static void
counting_beyond_the_budget_costs_no_more_than_a_minute(void **state)
{
    struct fix *f = *state;
    struct onym_http_source a = source("a", 3);

    for (unsigned i = 0; i < 1000; i++) {
        onym_http_failures_count(f->failures, &a, 0);
    }
    assert_false(onym_http_failures_may(f->failures, &a, ONYM_HTTP_FAILURE_WINDOW_US / 3 - 1));
    assert_true(onym_http_failures_may(f->failures, &a, ONYM_HTTP_FAILURE_WINDOW_US / 3));
}

static void
what_is_forgiven_was_never_counted(void **state)
{
    struct fix *f = *state;
    struct onym_http_source a = source("a", 1);

    for (unsigned i = 0; i < 10; i++) {
        assert_true(onym_http_failures_may(f->failures, &a, i));
        onym_http_failures_count(f->failures, &a, i);
        assert_false(onym_http_failures_may(f->failures, &a, i));
        onym_http_failures_forgive(f->failures, &a, i);
    }
    onym_http_failures_forgive(f->failures, &a, 20);
    onym_http_failures_count(f->failures, &a, 20); /* forgiving gives no credit */
    assert_false(onym_http_failures_may(f->failures, &a, 20));
}

static void
forgiving_one_of_several_leaves_the_others(void **state)
{
    struct fix *f = *state;
    struct onym_http_source a = source("a", 3);

    for (unsigned i = 0; i < 3; i++) {
        onym_http_failures_count(f->failures, &a, 7);
    }
    assert_false(onym_http_failures_may(f->failures, &a, 7));
    onym_http_failures_forgive(f->failures, &a, 7);
    assert_true(onym_http_failures_may(f->failures, &a, 7));
    onym_http_failures_count(f->failures, &a, 7);
    assert_false(onym_http_failures_may(f->failures, &a, 7));
}

static void
many_sources_make_the_table_forget_and_never_grow(void **state)
{
    struct fix *f = *state;
    struct onym_http_source a = source("victim", 2);
    uint64_t now_us = 1;
    unsigned remembered = 0;

    onym_http_failures_count(f->failures, &a, now_us);
    onym_http_failures_count(f->failures, &a, now_us);
    for (unsigned i = 0; i < 100000; i++) {
        char name[16];
        struct onym_http_source one;

        (void)snprintf(name, sizeof name, "s%u", i);
        one = source(name, 1);
        onym_http_failures_count(f->failures, &one, ++now_us);
        remembered += !onym_http_failures_may(f->failures, &one, now_us);
    }
    assert_int_equal(remembered, 100000); /* each for a while */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_session_waits_a_minute, setup, teardown),
        cmocka_unit_test_setup_teardown(a_proven_session_ends_when_idle_and_in_any_case, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_nonce_is_taken_once, setup, teardown),
        cmocka_unit_test_setup_teardown(every_other_id_is_unknown, setup, teardown),
        cmocka_unit_test_setup_teardown(a_flood_from_one_address_pushes_out_its_own, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_user_with_too_many_sessions_loses_the_one_unused_longest,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(waiting_sessions_leave_proven_ones_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_budget_is_for_a_minute_and_no_more, setup, teardown),
        cmocka_unit_test_setup_teardown(counting_beyond_the_budget_costs_no_more_than_a_minute,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_forgiven_was_never_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(forgiving_one_of_several_leaves_the_others, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(many_sources_make_the_table_forget_and_never_grow, setup,
                                        teardown),
    };

    return cmocka_run_group_tests_name("http_backend_tables", tests, NULL, NULL);
}
