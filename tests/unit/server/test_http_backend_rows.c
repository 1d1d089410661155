/* Requests with many changes take turns: how many rows one turn of the loop works on, and who is
 * next. */
#include "server/http_backend_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define REQUESTS 3U

struct fix {
    uv_loop_t loop;
    struct onym_node node;
    struct onym_http_post post;
    struct onym_counters counters;
    struct onym_http_seat seat[REQUESTS];
    struct onym_http_caller caller[REQUESTS];
    uint32_t rows[REQUESTS]; /* that are left */
    char log[256];           /* who worked on how many */
};

/* What the service does with a turn: works on rows while there are some, and asks again. */
static void
rows_turn(void *of, struct onym_http_seat *seat)
{
    struct fix *f = of;
    size_t i = (size_t)(seat - f->seat);
    uint32_t n = f->rows[i] < f->post.rows_left ? f->rows[i] : f->post.rows_left;
    size_t len = strlen(f->log);

    f->rows[i] -= n;
    f->post.rows_left -= n;
    (void)snprintf(f->log + len, sizeof f->log - len, "%c%u ", (char)('A' + i), (unsigned)n);
    if (f->rows[i] > 0) {
        f->post.backend.rows_again(&f->post, &f->caller[i]);
    }
}

static int
set_up(void **state)
{
    struct fix *f = calloc(1, sizeof *f);

    assert_non_null(f);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    assert_int_equal(onym_http_desk_new(&f->node.settings, 1, &f->node.http_desk), ONYM_OK);
    onym_http_post_init(&f->post, &f->node, NULL, &f->counters, 0);
    onym_http_post_open_rows(&f->post, &f->loop);
    f->post.of = f;
    f->post.rows_turn = rows_turn;
    for (size_t i = 0; i < REQUESTS; i++) {
        f->caller[i].ticket = (uint64_t)(uintptr_t)&f->seat[i];
        assert_int_equal(f->post.backend.rows_begin(&f->post, &f->caller[i]), ONYM_OK);
    }
    *state = f;
    return 0;
}

static void
close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    uv_close(handle, NULL);
}

static int
tear_down(void **state)
{
    struct fix *f = *state;

    for (size_t i = 0; i < REQUESTS; i++) {
        onym_http_seat_end(&f->seat[i]);
    }
    (void)uv_run(&f->loop, UV_RUN_DEFAULT); /* ends: nobody waits for a turn */
    uv_walk(&f->loop, close_handle, NULL);
    (void)uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    onym_http_desk_free(f->node.http_desk);
    free(f);
    return 0;
}

/* The service found that no row is left, in this order. */
static void
wait_for_turn(struct fix *f, size_t i, uint32_t rows)
{
    f->rows[i] = rows;
    f->post.backend.rows_again(&f->post, &f->caller[i]);
}

static const char *
turn(struct fix *f)
{
    f->log[0] = '\0';
    (void)uv_run(&f->loop, UV_RUN_NOWAIT);
    return f->log;
}

static void
who_waits_longest_is_next_and_a_turn_has_its_rows(void **state)
{
    struct fix *f = *state;

    assert_int_equal(ONYM_HTTP_ROWS_TURN, 48);
    assert_ptr_equal(f->post.backend.rows_left, &f->post.rows_left);
    assert_int_equal(f->post.rows_left, ONYM_HTTP_ROWS_TURN);
    f->post.rows_left = 0;
    wait_for_turn(f, 0, 100);
    wait_for_turn(f, 1, 40);
    wait_for_turn(f, 2, 10);
    wait_for_turn(f, 0, 100); /* it waits already, and keeps its place */
    assert_string_equal(turn(f), "A48 ");
    assert_string_equal(turn(f), "B40 C8 ");
    assert_string_equal(turn(f), "A48 ");
    assert_string_equal(turn(f), "C2 A4 ");
    assert_int_equal(f->post.rows_left, 42);
    assert_string_equal(turn(f), "");
    assert_int_equal(f->post.rows_left, 42); /* nobody found none left */
    f->post.rows_left = 0;
    wait_for_turn(f, 2, ONYM_HTTP_ROWS_TURN); /* all of a turn, and it needs no second one */
    assert_string_equal(turn(f), "C48 ");
    assert_string_equal(turn(f), "");
}

static void
turns_are_short_while_others_resolve(void **state)
{
    struct fix *f = *state;
    uint32_t rows = 10 * ONYM_HTTP_ROWS_TURN + ONYM_HTTP_SHORT_TURNS * ONYM_HTTP_ROWS_SHORT_TURN;

    f->post.rows_left = 0;
    wait_for_turn(f, 0, 2 * rows);
    assert_string_equal(turn(f), "A48 ");
    for (size_t by = 0; by < ONYM_BY_COUNT; by++) {
        onym_histogram_record(&f->counters.resolve_ns[by], 1000, 1);
        assert_string_equal(turn(f), "A8 ");
    }
    for (size_t i = 1; i < ONYM_HTTP_SHORT_TURNS; i++) {
        assert_string_equal(turn(f), "A8 ");
    }
    assert_string_equal(turn(f), "A48 ");
    onym_histogram_record(&f->counters.resolve_ns[ONYM_BY_UDP], 1000, 1);
    assert_string_equal(turn(f), "A8 ");
}

static void
a_request_that_ends_while_it_waits_is_passed_over(void **state)
{
    struct fix *f = *state;

    f->post.rows_left = 0;
    wait_for_turn(f, 0, 1);
    wait_for_turn(f, 1, 49);
    wait_for_turn(f, 2, 1);
    onym_http_seat_end(&f->seat[0]);
    assert_int_equal(f->post.flight_count, REQUESTS - 1);
    assert_string_equal(turn(f), "B48 ");
    onym_http_seat_end(&f->seat[1]);
    assert_string_equal(turn(f), "C1 ");
    assert_string_equal(turn(f), "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_waits_longest_is_next_and_a_turn_has_its_rows, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(turns_are_short_while_others_resolve, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_request_that_ends_while_it_waits_is_passed_over, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
