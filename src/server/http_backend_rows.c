/* Requests with many changes: their rows on the way to the writer and back. Rows
 * take turns: one turn of the loop works on so many, of whoever waits longest. Results that come
 * without a pause are gathered and answered together behind it, when the writer has also let go of
 * the room they took. */
#include "base/require.h"
#include "server/http_backend_priv.h"

#include <stdlib.h>

#define STARVED_MS 5U

/* One such request; lives until the last of its rows is back, whatever its connection does. */
struct onym_http_flight {
    struct onym_http_post *post;
    struct onym_http_seat *seat; /* NULL: over */
    struct onym_http_flight *next;
    struct onym_http_flight **at;
    uint32_t flying;
    bool due;     /* results came, and the connection has not taken its turn */
    bool starved; /* a row found no room */
    bool waiting; /* for a turn: among the post's waiting */
    struct onym_http_flight *next_waiting;
};

static void
release_flight(struct onym_http_flight *f)
{
    if (f->seat == NULL && f->flying == 0 && !f->waiting) {
        *f->at = f->next;
        if (f->next != NULL) {
            f->next->at = f->at;
        }
        free(f);
    }
}

enum onym_status
onym_http_rows_begin(void *of, const struct onym_http_caller *caller)
{
    struct onym_http_post *post = of;
    struct onym_http_seat *seat = onym_http_seat_of(caller);
    struct onym_http_flight *f = post->flight_count < ONYM_HTTP_FLIGHTS_MAX ? calloc(1, sizeof *f)
                                                                            : NULL;

    if (f == NULL) {
        return ONYM_BUSY;
    }
    ONYM_REQUIRE(seat->flight == NULL);
    f->post = post;
    f->seat = seat;
    f->next = post->flights;
    f->at = &post->flights;
    if (f->next != NULL) {
        f->next->at = &f->next;
    }
    post->flights = f;
    post->flight_count++;
    (void)__atomic_add_fetch(&post->node->http_desk->flights, 1, __ATOMIC_RELAXED);
    seat->flight = f;
    return ONYM_OK;
}

void
onym_http_flight_end(struct onym_http_seat *seat)
{
    struct onym_http_flight *f = seat->flight;

    if (f != NULL) {
        (void)__atomic_sub_fetch(&f->post->node->http_desk->flights, 1, __ATOMIC_RELAXED);
        f->post->flight_count--;
        f->seat = NULL;
        seat->flight = NULL;
        release_flight(f);
    }
}

void
onym_http_rows_end(void *of, const struct onym_http_caller *caller)
{
    (void)of;
    onym_http_flight_end(onym_http_seat_of(caller));
}

uint32_t
onym_http_rows_window(void *of)
{
    const struct onym_http_post *post = of;
    uint32_t flights = __atomic_load_n(&post->node->http_desk->flights, __ATOMIC_RELAXED);
    uint32_t share = ONYM_HTTP_FLYING_MAX / (flights > 0 ? flights : 1);

    return share > ONYM_HTTP_FLYING_MIN ? share : ONYM_HTTP_FLYING_MIN;
}

/* ---- turns ---- */

static void on_idle(uv_idle_t *idle);

/* Gives those a turn that wait for one. A turn ends no other connection than its own. */
static void
give_turns(struct onym_http_post *post, bool starved)
{
    struct onym_http_flight *next;

    for (struct onym_http_flight *f = post->flights; f != NULL; f = next) {
        next = f->next;
        if (f->seat != NULL && (f->due || (starved && f->starved && f->flying == 0))) {
            f->due = false;
            f->starved = false;
            post->rows_turn(post->of, f->seat);
        }
    }
}

void
onym_http_rows_again(void *of, const struct onym_http_caller *caller)
{
    struct onym_http_post *post = of;
    struct onym_http_flight *f = onym_http_seat_of(caller)->flight;

    if (!f->waiting) {
        f->waiting = true;
        f->next_waiting = NULL;
        *(post->waiting_first != NULL ? &post->waiting_last->next_waiting
                                      : &post->waiting_first) = f;
        post->waiting_last = f;
        (void)uv_idle_start(&post->rows_idle, on_idle);
    }
}

/* Fewer than the rows of a turn cost more, for each begins and ends the loop's turn; more than few
 * are what others wait for. */
static uint32_t
rows_of_turn(struct onym_http_post *post)
{
    uint64_t resolved_ns = 0;

    for (size_t by = 0; by < ONYM_BY_COUNT; by++) {
        resolved_ns += onym_counter_get(&post->counters->resolve_ns[by].sum);
    }
    if (resolved_ns != post->resolved_ns) {
        post->resolved_ns = resolved_ns;
        post->short_turns = ONYM_HTTP_SHORT_TURNS;
    }
    if (post->short_turns == 0) {
        return ONYM_HTTP_ROWS_TURN;
    }
    post->short_turns--;
    return ONYM_HTTP_ROWS_SHORT_TURN;
}

/* A turn of the loop begins: who waits longest goes on first, and behind the others again when it
 * used all rows of the turn. */
static void
on_idle(uv_idle_t *idle)
{
    struct onym_http_post *post = idle->data;
    struct onym_http_flight *f;

    post->rows_left = rows_of_turn(post);
    while ((f = post->waiting_first) != NULL && post->rows_left > 0) {
        post->waiting_first = f->next_waiting;
        f->waiting = false;
        if (f->seat != NULL) {
            post->rows_turn(post->of, f->seat);
        } else {
            release_flight(f);
        }
    }
    /* stopped here the loop would sleep in this very turn: not while results wait to be told */
    if (post->waiting_first == NULL && !uv_is_active((const uv_handle_t *)&post->rows_check)) {
        (void)uv_idle_stop(idle);
    }
}

/* Results of a commit come in over several turns of the loop: those of turns without a pause are
 * told together. */
static void
on_check(uv_check_t *check)
{
    struct onym_http_post *post = check->data;

    post->results += post->fresh_results;
    if (post->fresh_results > 0 && post->results < ONYM_HTTP_RESULTS_MAX) {
        post->fresh_results = 0;
        (void)uv_idle_start(&post->rows_idle, on_idle); /* the loop does not sleep before */
        return;
    }
    post->results = 0;
    post->fresh_results = 0;
    (void)uv_check_stop(check);
    give_turns(post, false);
}

static void
on_timer(uv_timer_t *timer)
{
    struct onym_http_post *post = timer->data;
    bool starved = false;

    give_turns(post, true);
    for (struct onym_http_flight *f = post->flights; f != NULL; f = f->next) {
        starved = starved || (f->seat != NULL && f->starved);
    }
    if (!starved) {
        (void)uv_timer_stop(timer);
    }
}

void
onym_http_post_open_rows(struct onym_http_post *post, uv_loop_t *loop)
{
    (void)uv_idle_init(loop, &post->rows_idle); /* none of the three can fail */
    (void)uv_check_init(loop, &post->rows_check);
    (void)uv_timer_init(loop, &post->rows_timer);
    post->rows_idle.data = post;
    post->rows_check.data = post;
    post->rows_timer.data = post;
}

void
onym_http_post_stop_rows(struct onym_http_post *post)
{
    struct onym_http_flight *next;

    for (struct onym_http_flight *f = post->flights; f != NULL; f = next) {
        next = f->next;
        if (f->seat != NULL) {
            post->rows_stop(post->of, f->seat);
        }
    }
}

/* ---- there and back ---- */

static void
starve(struct onym_http_flight *f)
{
    f->starved = true;
    if (!uv_is_active((const uv_handle_t *)&f->post->rows_timer)) {
        (void)uv_timer_start(&f->post->rows_timer, on_timer, STARVED_MS, STARVED_MS);
    }
}

enum onym_http_when
onym_http_submit_row(void *of, const struct onym_http_caller *caller, uint64_t number,
                     const struct onym_operation *operation, const struct onym_identity *identity,
                     struct onym_http_result *out)
{
    struct onym_http_post *post = of;
    struct onym_http_flight *f = onym_http_seat_of(caller)->flight;
    struct onym_operation op = *operation;
    struct onym_change_ticket ticket = {.worker = post->worker,
                                        .yields = true,
                                        .id = (uint64_t)(uintptr_t)f | ONYM_HTTP_ROW_TICKET | 1U,
                                        .row = number};

    onym_changes_new_id(post->node->changes, op.id);
    op.once = true;
    out->status = onym_changes_submit(post->node->changes, ticket, &op, identity);
    if (out->status == ONYM_OK) {
        f->flying++;
        post->flying++;
        return ONYM_HTTP_LATER;
    }
    if (out->status == ONYM_BUSY) {
        starve(f);
    }
    return ONYM_HTTP_NOW;
}

void
onym_http_row_committed(struct onym_http_post *post, const struct onym_change_result *result)
{
    uint64_t mark = ONYM_HTTP_ROW_TICKET | 1U;
    struct onym_http_flight *f = (struct onym_http_flight *)(uintptr_t)(result->ticket.id ^ mark);
    char text[ONYM_OP_SAID_MAX];

    f->flying--;
    post->flying--;
    if (f->seat != NULL) {
        struct onym_http_result told = onym_http_told(result, text);

        f->due = true;
        post->fresh_results++;
        post->row_done(post->of, f->seat, result->ticket.row, &told);
        if (!uv_is_active((const uv_handle_t *)&post->rows_check)) {
            (void)uv_check_start(&post->rows_check, on_check);
        }
    }
    release_flight(f);
}
