/* The table of challenges: one answer each, in time, from the address that was asked. */
#include "auth/challenge.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the two above and stddef.h, stdint.h in place */
#include <cmocka.h>
#include <stdlib.h>

#define LIFE 60000U

static const uint8_t peers[4][4] = {{10, 0, 0, 1}, {10, 0, 0, 2}, {10, 0, 0, 3}, {10, 0, 0, 4}};
static const uint8_t digest[32] = {1, 2, 3};

static onym_span
peer(unsigned which)
{
    return onym_span_of(peers[which], 4);
}

static struct onym_challenges *
table_of(uint32_t capacity, uint32_t per_peer, size_t bytes)
{
    const struct onym_challenge_limits limits = {
        .capacity = capacity, .per_peer = per_peer, .bytes = bytes, .life_ms = LIFE, .worker = 5};
    struct onym_challenges *table = NULL;

    assert_int_equal(onym_challenges_new(&limits, &table), ONYM_OK);
    return table;
}

static struct onym_challenge_ask
ask_from(unsigned which, const char *request)
{
    return (struct onym_challenge_ask){.peer = peer(which),
                                       .request = onym_span_text(request),
                                       .digest = onym_span_of(digest, sizeof digest),
                                       .digest_code = 3,
                                       .version = 0x020B};
}

static uint32_t
add(struct onym_challenges *table, struct onym_rng *rng, unsigned which, uint64_t now_ms)
{
    const struct onym_challenge_ask ask = ask_from(which, "request");
    const struct onym_pending *pending = NULL;

    assert_int_equal(onym_challenges_add(table, &ask, now_ms, rng, &pending), ONYM_OK);
    return pending->id;
}

static enum onym_status
take(struct onym_challenges *table, uint32_t id, unsigned which, uint64_t now_ms)
{
    struct onym_pending *pending = NULL;
    enum onym_status status = onym_challenges_take(table, id, peer(which), now_ms, &pending);

    onym_pending_free(pending);
    return status;
}

static void
a_challenge_remembers_what_was_asked(void **state)
{
    struct onym_challenges *table = table_of(8, 4, ONYM_CHALLENGE_REQUEST_MAX);
    struct onym_rng rng = onym_rng_seeded(1);
    char request[] = "envelope and message";
    struct onym_challenge_ask ask = ask_from(0, request);
    const struct onym_pending *view = NULL;
    struct onym_pending *taken = NULL;
    uint8_t nonce[ONYM_CHALLENGE_NONCE_LEN];
    uint32_t id;

    (void)state;
    assert_int_equal(onym_challenges_add(table, &ask, 0, &rng, &view), ONYM_OK);
    id = view->id;
    memcpy(nonce, view->nonce, sizeof nonce);
    request[0] = 'X'; /* the table has its own copy */
    assert_int_equal(onym_challenges_count(table), 1);
    assert_int_equal(onym_challenges_bytes(table), sizeof request - 1);
    assert_int_equal(onym_challenges_take(table, id, peer(0), 1, &taken), ONYM_OK);
    assert_int_equal(onym_challenges_count(table), 0);
    assert_int_equal(onym_challenges_bytes(table), 0);
    onym_challenges_free(table); /* what was taken lives on */
    assert_int_equal(taken->id, id);
    assert_int_equal(taken->version, 0x020B);
    assert_int_equal(taken->digest_code, 3);
    assert_int_equal(taken->digest_len, sizeof digest);
    assert_memory_equal(taken->digest, digest, sizeof digest);
    assert_memory_equal(taken->nonce, nonce, sizeof nonce);
    assert_true(onym_span_equal(taken->request, onym_span_text("envelope and message")));
    onym_pending_free(taken);
}

static void
one_answer_each(void **state)
{
    struct onym_challenges *table = table_of(8, 4, ONYM_CHALLENGE_REQUEST_MAX);
    struct onym_rng rng = onym_rng_seeded(1);
    uint32_t id = add(table, &rng, 0, 0);

    (void)state;
    assert_int_equal(take(table, id ^ 1, 0, 1), ONYM_SESSION_UNKNOWN);
    assert_int_equal(take(table, 0, 0, 1), ONYM_SESSION_UNKNOWN);
    assert_int_equal(take(table, id, 0, 1), ONYM_OK);
    assert_int_equal(take(table, id, 0, 1), ONYM_SESSION_UNKNOWN);
    onym_challenges_free(table);
    onym_challenges_free(NULL);
}

static void
another_address_neither_answers_nor_spoils(void **state)
{
    struct onym_challenges *table = table_of(8, 4, ONYM_CHALLENGE_REQUEST_MAX);
    struct onym_rng rng = onym_rng_seeded(1);
    uint32_t id = add(table, &rng, 0, 0);
    struct onym_pending *pending = NULL;

    (void)state;
    assert_int_equal(take(table, id, 1, 1), ONYM_SESSION_UNKNOWN);
    assert_int_equal(onym_challenges_take(table, id, onym_span_of(NULL, 0), 1, &pending),
                     ONYM_SESSION_UNKNOWN);
    assert_int_equal(onym_challenges_take(table, id, onym_span_of(peers, 16), 1, &pending),
                     ONYM_SESSION_UNKNOWN); /* begins with the same four bytes */
    assert_int_equal(take(table, id, 0, 1), ONYM_OK);
    onym_challenges_free(table);
}

static void
an_answer_comes_in_time(void **state)
{
    struct onym_challenges *table = table_of(8, 4, ONYM_CHALLENGE_REQUEST_MAX);
    struct onym_rng rng = onym_rng_seeded(1);
    uint32_t a = add(table, &rng, 0, 1000);
    uint32_t b = add(table, &rng, 0, 1000);
    uint32_t c = add(table, &rng, 0, 1000);

    (void)state;
    assert_int_equal(take(table, a, 0, 1000 + LIFE), ONYM_OK);
    assert_int_equal(take(table, b, 0, 1000 + LIFE + 1), ONYM_CHALLENGE_TIMEOUT);
    assert_int_equal(take(table, b, 0, 1000 + LIFE + 1), ONYM_SESSION_UNKNOWN);
    assert_int_equal(take(table, c, 0, 0), ONYM_OK); /* a clock that stepped back */
    onym_challenges_free(table);
}

static void
what_is_very_late_is_forgotten(void **state)
{
    struct onym_challenges *table = table_of(8, 4, ONYM_CHALLENGE_REQUEST_MAX);
    struct onym_rng rng = onym_rng_seeded(1);
    uint32_t id = add(table, &rng, 0, 1000);

    (void)state;
    onym_challenges_sweep(table, 1000 + 2 * LIFE);
    assert_int_equal(onym_challenges_count(table), 1);
    (void)add(table, &rng, 1, 1000 + 2 * LIFE + 1);
    assert_int_equal(onym_challenges_count(table), 1);
    assert_int_equal(take(table, id, 0, 1000 + 2 * LIFE + 1), ONYM_SESSION_UNKNOWN);
    onym_challenges_sweep(table, 1000 + 5 * LIFE);
    assert_int_equal(onym_challenges_count(table), 0);
    assert_int_equal(onym_challenges_bytes(table), 0);
    onym_challenges_free(table);
}

static void
an_address_pushes_out_its_own_oldest(void **state)
{
    struct onym_challenges *table = table_of(16, 3, ONYM_CHALLENGE_REQUEST_MAX);
    struct onym_rng rng = onym_rng_seeded(1);
    uint32_t other = add(table, &rng, 1, 0);
    uint32_t ids[5];

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        ids[i] = add(table, &rng, 0, i);
    }
    assert_int_equal(onym_challenges_count(table), 4);
    for (unsigned i = 3; i < 5; i++) {
        ids[i] = add(table, &rng, 0, i);
        assert_int_equal(onym_challenges_count(table), 4);
    }
    assert_int_equal(take(table, ids[0], 0, 5), ONYM_SESSION_UNKNOWN);
    assert_int_equal(take(table, ids[1], 0, 5), ONYM_SESSION_UNKNOWN);
    for (unsigned i = 2; i < 5; i++) {
        assert_int_equal(take(table, ids[i], 0, 5), ONYM_OK);
    }
    assert_int_equal(take(table, other, 1, 5), ONYM_OK);
    onym_challenges_free(table);
}

static void
a_full_table_pushes_out_the_oldest(void **state)
{
    struct onym_challenges *table = table_of(3, 2, ONYM_CHALLENGE_REQUEST_MAX);
    struct onym_rng rng = onym_rng_seeded(1);
    uint32_t a = add(table, &rng, 0, 0);
    uint32_t b = add(table, &rng, 1, 0);
    uint32_t c = add(table, &rng, 2, 0);
    uint32_t d = add(table, &rng, 3, 0); /* has none of its own: the oldest of all goes */
    uint32_t e;

    (void)state;
    assert_int_equal(onym_challenges_count(table), 3);
    assert_int_equal(take(table, a, 0, 0), ONYM_SESSION_UNKNOWN);
    e = add(table, &rng, 2, 0); /* has one: that goes, though another is older */
    assert_int_equal(take(table, c, 2, 0), ONYM_SESSION_UNKNOWN);
    assert_int_equal(take(table, b, 1, 0), ONYM_OK);
    assert_int_equal(take(table, d, 3, 0), ONYM_OK);
    assert_int_equal(take(table, e, 2, 0), ONYM_OK);
    onym_challenges_free(table);
}

static void
remembered_bytes_are_bounded(void **state)
{
    struct onym_challenges *table = table_of(8, 8, ONYM_CHALLENGE_REQUEST_MAX);
    struct onym_rng rng = onym_rng_seeded(1);
    uint8_t *large = calloc(1, ONYM_CHALLENGE_REQUEST_MAX + 1);
    struct onym_challenge_ask ask = ask_from(1, "");
    const struct onym_pending *pending = NULL;
    uint32_t a = add(table, &rng, 0, 0);
    uint32_t b = add(table, &rng, 0, 0);
    uint32_t full;

    (void)state;
    assert_non_null(large);
    ask.request = onym_span_of(large, ONYM_CHALLENGE_REQUEST_MAX - 7); /* room for one of the two */
    assert_int_equal(onym_challenges_add(table, &ask, 0, &rng, &pending), ONYM_OK);
    assert_int_equal(onym_challenges_bytes(table), ONYM_CHALLENGE_REQUEST_MAX);
    assert_int_equal(take(table, a, 0, 0), ONYM_SESSION_UNKNOWN);
    ask.request.len = ONYM_CHALLENGE_REQUEST_MAX;
    assert_int_equal(onym_challenges_add(table, &ask, 0, &rng, &pending), ONYM_OK);
    full = pending->id;
    assert_int_equal(onym_challenges_count(table), 1);
    assert_int_equal(take(table, b, 0, 0), ONYM_SESSION_UNKNOWN);
    ask.request.len++;
    assert_int_equal(onym_challenges_add(table, &ask, 0, &rng, &pending), ONYM_INVALID);
    assert_int_equal(take(table, full, 1, 0), ONYM_OK);
    ask.request.len = 0;
    assert_int_equal(onym_challenges_add(table, &ask, 0, &rng, &pending), ONYM_OK);
    onym_challenges_free(table);
    free(large);
}

static void
ids_name_their_worker(void **state)
{
    struct onym_challenges *table = table_of(64, 64, ONYM_CHALLENGE_REQUEST_MAX);
    struct onym_rng rng = onym_rng_system();

    (void)state;
    for (unsigned i = 0; i < 64; i++) {
        uint32_t id = add(table, &rng, 0, 0);

        assert_int_equal(onym_id_worker(id), 5);
        assert_int_equal(id & ONYM_ID_SESSION_BIT, 0);
        assert_true((int32_t)id > 0);
    }
    for (uint32_t worker = 0; worker < ONYM_ID_WORKERS_MAX; worker++) {
        uint32_t id = onym_id_fresh(&rng, worker, ONYM_ID_SESSION_BIT);

        assert_int_equal(onym_id_worker(id), worker);
        assert_true((id & ONYM_ID_SESSION_BIT) != 0 && (int32_t)id > 0);
    }
    onym_challenges_free(table);
}

static uint64_t
stuck(struct onym_rng *rng)
{
    return rng->state;
}

/* A generator that says the same for ever still gives every challenge an id of its own. */
static void
ids_are_never_given_twice(void **state)
{
    static const uint64_t ends[] = {0, UINT64_MAX};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct onym_challenges *table = table_of(32, 32, ONYM_CHALLENGE_REQUEST_MAX);
        struct onym_rng rng = {.next = stuck, .state = ends[i]};
        uint32_t ids[32];

        for (unsigned j = 0; j < 32; j++) {
            ids[j] = add(table, &rng, j % 4, 0);
            assert_int_equal(onym_id_worker(ids[j]), 5);
            assert_int_equal(ids[j] & ONYM_ID_SESSION_BIT, 0);
            assert_true((ids[j] & 0x7FFFFF) != 0);
        }
        for (unsigned j = 0; j < 32; j++) {
            assert_int_equal(take(table, ids[j], j % 4, 0), ONYM_OK);
        }
        onym_challenges_free(table);
    }
}

static void
a_session_has_one_challenge_under_its_id(void **state)
{
    struct onym_challenges *table = table_of(8, 4, ONYM_CHALLENGE_REQUEST_MAX);
    struct onym_rng rng = onym_rng_seeded(1);
    struct onym_challenge_ask ask = ask_from(0, "first");
    const struct onym_pending *view = NULL;
    struct onym_pending *pending = NULL;

    (void)state;
    ask.session_id = onym_id_fresh(&rng, 5, ONYM_ID_SESSION_BIT);
    assert_int_equal(onym_challenges_add(table, &ask, 0, &rng, &view), ONYM_OK);
    ask.request = onym_span_text("second");
    assert_int_equal(onym_challenges_add(table, &ask, 0, &rng, &view), ONYM_OK);
    assert_int_equal(view->id, ask.session_id);
    ask.peer = peer(1); /* whoever claims the id from elsewhere does not take its place */
    ask.request = onym_span_text("stranger");
    assert_int_equal(onym_challenges_add(table, &ask, 0, &rng, &view), ONYM_OK);
    assert_int_equal(onym_challenges_count(table), 2);
    assert_int_equal(onym_challenges_take(table, ask.session_id, peer(0), 0, &pending), ONYM_OK);
    assert_true(onym_span_equal(pending->request, onym_span_text("second")));
    onym_pending_free(pending);
    assert_int_equal(take(table, ask.session_id, 0, 0), ONYM_SESSION_UNKNOWN);
    onym_challenges_free(table);
}

static void
asks_are_checked(void **state)
{
    struct onym_challenges *table = table_of(8, 4, ONYM_CHALLENGE_REQUEST_MAX);
    struct onym_rng rng = onym_rng_seeded(1);
    const struct onym_pending *pending = NULL;

    (void)state;
    for (size_t len = 0; len <= 17; len++) {
        static const uint8_t address[17] = {0xFD};
        struct onym_challenge_ask ask = ask_from(0, "request");

        ask.peer = onym_span_of(address, len);
        assert_int_equal(onym_challenges_add(table, &ask, 0, &rng, &pending),
                         len == 4 || len == 16 ? ONYM_OK : ONYM_INVALID);
    }
    for (size_t len = 0; len <= 33; len++) {
        static const uint8_t bytes[33] = {0};
        struct onym_challenge_ask ask = ask_from(0, "request");

        ask.digest = onym_span_of(bytes, len);
        assert_int_equal(onym_challenges_add(table, &ask, 0, &rng, &pending),
                         len == 16 || len == 20 || len == 32 ? ONYM_OK : ONYM_INVALID);
    }
    struct onym_challenge_ask ask = ask_from(0, "request");

    ask.session_id = 5U << ONYM_ID_WORKER_SHIFT | 1;
    assert_int_equal(onym_challenges_add(table, &ask, 0, &rng, &pending), ONYM_INVALID);
    onym_challenges_free(table);
}

static void
limits_are_checked(void **state)
{
    const struct onym_challenge_limits good = {.capacity = ONYM_CHALLENGES_MAX,
                                               .per_peer = ONYM_CHALLENGES_MAX,
                                               .bytes = ONYM_CHALLENGE_REQUEST_MAX,
                                               .life_ms = 1,
                                               .worker = ONYM_ID_WORKERS_MAX - 1};
    struct onym_challenge_limits bad[] = {good, good, good, good, good, good, good};
    struct onym_challenges *table = NULL;

    (void)state;
    bad[0].capacity++;
    bad[1].per_peer++;
    bad[2].bytes--;
    bad[3].life_ms = 0;
    bad[4].worker++;
    bad[5].capacity = 0;
    bad[6].per_peer = 0;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(onym_challenges_new(&bad[i], &table), ONYM_INVALID);
        assert_null(table);
    }
    assert_int_equal(onym_challenges_new(&good, &table), ONYM_OK);
    onym_challenges_free(table);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_challenge_remembers_what_was_asked),
        cmocka_unit_test(one_answer_each),
        cmocka_unit_test(another_address_neither_answers_nor_spoils),
        cmocka_unit_test(an_answer_comes_in_time),
        cmocka_unit_test(what_is_very_late_is_forgotten),
        cmocka_unit_test(an_address_pushes_out_its_own_oldest),
        cmocka_unit_test(a_full_table_pushes_out_the_oldest),
        cmocka_unit_test(remembered_bytes_are_bounded),
        cmocka_unit_test(ids_name_their_worker),
        cmocka_unit_test(ids_are_never_given_twice),
        cmocka_unit_test(a_session_has_one_challenge_under_its_id),
        cmocka_unit_test(asks_are_checked),
        cmocka_unit_test(limits_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
