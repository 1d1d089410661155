/* Between the changes and the loops of the workers: when the thread is woken, and how results come
 * home. */
#include "server/changes_priv.h"

#include "base/require.h"

/* Gives back the room of the items in that list, and frees them. */
static void
forget(struct onym_changes *c, struct onym_wake_block *blocks, struct onym_changes_pool *pool)
{
    (void)pthread_mutex_lock(&c->lock);
    for (struct onym_wake_block *block = blocks; block != NULL; block = block->next) {
        const struct onym_changes_item *item = (const struct onym_changes_item *)block;

        onym_changes_give_room(c, item->source, item->bytes);
    }
    (void)pthread_mutex_unlock(&c->lock);
    while (blocks != NULL) {
        struct onym_wake_block *next = blocks->next;

        onym_changes_item_free((struct onym_changes_item *)blocks, pool);
        blocks = next;
    }
}

static void
on_result(void *of, struct onym_wake_block *block)
{
    struct onym_changes_sink *sink = of;

    sink->deliver(sink->of, &((struct onym_changes_item *)block)->result);
    block->next = sink->told;
    sink->told = block;
}

/* Behind the results of one turn: the lock is taken once for all of them. */
static void
on_results(void *of, struct onym_wake_block *none)
{
    struct onym_changes_sink *sink = of;
    struct onym_wake_block *told = sink->told;

    (void)none;
    sink->told = NULL;
    if (told != NULL) {
        forget(sink->changes, told, &sink->pool);
    }
}

static void
wake(struct onym_changes *c)
{
    (void)pthread_mutex_lock(&c->lock);
    c->is_due = true;
    (void)pthread_cond_signal(&c->arrived);
    (void)pthread_mutex_unlock(&c->lock);
}

/* At the front of the next turn. A loop with an idle handle does not wait for events before that,
 * whatever part of the turn submitted. */
static void
on_turn(uv_idle_t *turn)
{
    struct onym_changes_sink *sink = turn->data;

    sink->gathered += sink->fresh;
    if (sink->fresh > 0 && !sink->is_urgent && sink->gathered < ONYM_CHANGES_GATHER_OPS &&
        ++sink->turns < ONYM_CHANGES_GATHER_TURNS) {
        sink->fresh = 0; /* more may come with the next turn: one commit for all of it */
        return;
    }
    sink->fresh = 0;
    sink->gathered = 0;
    sink->turns = 0;
    sink->is_urgent = false;
    (void)uv_idle_stop(turn);
    wake(sink->changes);
}

enum onym_status
onym_changes_attach(struct onym_changes *c, unsigned worker, uv_loop_t *loop,
                    onym_change_result_fn *deliver, void *of)
{
    struct onym_changes_sink *sink = &c->sink[worker];
    enum onym_status status;

    ONYM_REQUIRE(worker < c->options.workers && sink->wake == NULL);
    sink->deliver = deliver;
    sink->of = of;
    status = onym_wake_open(loop, on_result, sink, &sink->wake);
    if (status == ONYM_OK) {
        onym_wake_tell(sink->wake, on_results);
        (void)uv_idle_init(loop, &sink->turn); /* cannot fail */
        sink->turn.data = sink;
        (void)onym_changes_drafter_open(&sink->drafter); /* without it the other thread decides */
    }
    return status;
}

void
onym_changes_detach(struct onym_changes *c, unsigned worker)
{
    struct onym_changes_sink *sink = &c->sink[worker];

    ONYM_REQUIRE(worker < c->options.workers);
    if (sink->wake != NULL && !uv_is_closing((uv_handle_t *)&sink->turn)) {
        wake(c);
        uv_close((uv_handle_t *)&sink->turn, NULL);
        onym_wake_close(sink->wake);
    }
}

void
onym_changes_stir(struct onym_changes *c, struct onym_change_ticket ticket)
{
    struct onym_changes_sink *sink = &c->sink[ticket.worker];

    if (sink->wake == NULL || uv_is_closing((uv_handle_t *)&sink->turn)) {
        wake(c);
    } else {
        sink->fresh++;
        sink->is_urgent = sink->is_urgent || !ticket.yields;
        (void)uv_idle_start(&sink->turn, on_turn); /* nothing when it is active */
    }
}

void
onym_changes_take_home(struct onym_changes *c, struct onym_changes_item *item)
{
    struct onym_changes_sink *sink = &c->sink[item->result.ticket.worker];
    struct onym_wake_block **before = &sink->lately[sink->homeward++ % ONYM_CHANGES_EXPECT];

    item->wake = (struct onym_wake_block){0};
    if (sink->first == NULL) {
        sink->first = &item->wake;
    } else {
        sink->last->next = &item->wake;
    }
    sink->last = &item->wake;
    if (*before != NULL) {
        (*before)->soon = &item->wake;
    }
    *before = &item->wake;
}

void
onym_changes_go_home(struct onym_changes *c)
{
    for (unsigned i = 0; i < c->options.workers; i++) {
        struct onym_changes_sink *sink = &c->sink[i];

        if (sink->first != NULL &&
            (sink->wake == NULL || !onym_wake_post_all(sink->wake, sink->first, sink->last))) {
            forget(c, sink->first, NULL);
        }
        sink->first = NULL;
        memset(sink->lately, 0, sizeof sink->lately);
    }
}
