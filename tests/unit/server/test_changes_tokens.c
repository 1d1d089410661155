/* How many access tokens an identity may have, decided where they are stored: what is in flight
 * together counts, and what has expired does not. */
#include "changes_test.h"

#include "core/token.h"

#define HOUR_MS 3600000U

/* Token number i of the identity whose ids begin with `front`, made at now_ms for an hour. */
static struct onym_operation
issue(struct bench *b, char id[ONYM_TOKEN_ID_LEN + 1], uint8_t *value, const char *front,
      unsigned i, uint64_t now_ms)
{
    const char *why;
    struct onym_token token = {.who = {.handle = onym_span_text("0.NA/user"), .index = 301},
                               .ends_ms = now_ms + HOUR_MS};
    struct onym_value_list values;
    struct onym_operation op;

    (void)snprintf(id, ONYM_TOKEN_ID_LEN + 1, "%s%016x", front, i);
    assert_int_equal(onym_scope_read(onym_span_text("read"), &token.scope, &why), ONYM_OK);
    assert_int_equal(onym_token_write(&token, value, ONYM_TOKEN_VALUE_MAX, &values), ONYM_OK);
    op = bench_operation(b, ONYM_ACTION_ISSUE, id, values);
    op.now_ms = now_ms;
    return op;
}

static void
submit(struct bench *b, uint64_t ticket, const char *front, unsigned i, uint64_t now_ms)
{
    char id[ONYM_TOKEN_ID_LEN + 1];
    uint8_t value[ONYM_TOKEN_VALUE_MAX];
    struct onym_operation op = issue(b, id, value, front, i, now_ms);

    assert_int_equal(bench_submit(b, ticket, &op), ONYM_OK);
}

static const char mine[] = "00112233aabbccdd";
static const char hers[] = "00112233aabbccde";

static void
those_in_flight_together_do_not_overshoot(void **state)
{
    struct bench *b = bench_new();
    unsigned made = 0;

    (void)state;
    bench_start(b, NULL);
    for (unsigned i = 0; i < ONYM_TOKENS_MAX + 8; i++) {
        submit(b, i, mine, i, BENCH_NOW_MS);
    }
    for (unsigned i = 0; i < ONYM_TOKENS_MAX + 8; i++) {
        const struct onym_change_result *result = &bench_await(b, i)->result;

        made += result->status == ONYM_OK;
        if (result->status != ONYM_OK) {
            assert_int_equal(result->status, ONYM_NO_PERMISSION);
            assert_non_null(strstr(result->why, "64 tokens"));
        }
    }
    assert_int_equal(made, ONYM_TOKENS_MAX);
    submit(b, 200, hers, 0, BENCH_NOW_MS);
    assert_int_equal(bench_await(b, 200)->result.status, ONYM_OK);
    bench_stop(b);
    (void)bench_check(&b->store);
    bench_free(b);
}

static void
those_that_have_expired_go_when_one_is_made(void **state)
{
    struct bench *b = bench_new();
    char id[ONYM_TOKEN_ID_LEN + 1];
    uint8_t value[ONYM_TOKEN_VALUE_MAX];
    struct onym_operation op;

    (void)state;
    bench_start(b, NULL);
    for (unsigned i = 0; i < ONYM_TOKENS_MAX; i++) { /* half of them a minute younger */
        submit(b, i, mine, i, BENCH_NOW_MS + (i % 2 > 0 ? 60000 : 0));
        assert_int_equal(bench_await(b, i)->result.status, ONYM_OK);
    }
    submit(b, 100, hers, 0, BENCH_NOW_MS);
    submit(b, 101, mine, 1000, BENCH_NOW_MS + HOUR_MS - 1);
    assert_int_equal(bench_await(b, 101)->result.status, ONYM_NO_PERMISSION);
    submit(b, 102, mine, 1001, BENCH_NOW_MS + HOUR_MS);
    assert_int_equal(bench_await(b, 102)->result.status, ONYM_OK);
    op = issue(b, id, value, mine, 0, 0);
    assert_int_equal(bench_revision(b, ONYM_KIND_TOKEN, id), 0);
    op = issue(b, id, value, mine, 1, 0);
    assert_int_equal(bench_revision(b, ONYM_KIND_TOKEN, id), 1);
    op = issue(b, id, value, hers, 0, 0);
    assert_int_equal(bench_revision(b, ONYM_KIND_TOKEN, id), 1);
    (void)op;
    bench_stop(b);
    (void)bench_check(&b->store); /* the log explains what is there */
    bench_free(b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_in_flight_together_do_not_overshoot),
        cmocka_unit_test(those_that_have_expired_go_when_one_is_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
