/* What goes into one group: what is due, and while the rows of an import come in, those as they
 * come, so that the transaction fills while others of them are read. */
#include "server/changes_priv.h"

#include "base/clock.h"

static bool
is_full(const struct onym_changes *c, const struct onym_changes_batch *batch)
{
    return batch->count == ONYM_CHANGES_GROUP_OPS ||
           (c->waiting > 0 && batch->count > 0 &&
            batch->bytes + c->queue[c->first]->bytes > ONYM_CHANGES_GROUP_BYTES);
}

static bool
has_room_for_all(const struct onym_changes *c, const struct onym_changes_batch *batch)
{
    return batch->count + c->waiting <= ONYM_CHANGES_GROUP_OPS &&
           batch->bytes + c->waiting_bytes <= ONYM_CHANGES_GROUP_BYTES;
}

/* All of the queue goes behind what the group has. With the lock, and without a look at any, so
 * that no loop waits meanwhile. */
static void
take_all(struct onym_changes *c, struct onym_changes_batch *batch)
{
    uint32_t to_end = c->options.ops - c->first;
    uint32_t front = c->waiting < to_end ? c->waiting : to_end;

    memcpy(c->group + batch->count, c->queue + c->first, front * sizeof c->queue[0]);
    memcpy(c->group + batch->count + front, c->queue, (c->waiting - front) * sizeof c->queue[0]);
    batch->count += c->waiting;
    batch->bytes += c->waiting_bytes;
    c->first = 0;
    c->waiting = 0;
    c->waiting_bytes = 0;
}

/* What goes into the batch, behind what the group has; one by one only where not all goes in. With
 * the lock. */
static void
take_operations(struct onym_changes *c, struct onym_changes_batch *batch)
{
    if (has_room_for_all(c, batch)) {
        take_all(c, batch);
    }
    while (c->waiting > 0 && !is_full(c, batch)) {
        batch->bytes += c->queue[c->first]->bytes;
        c->group[batch->count++] = onym_changes_take(c);
    }
    if (c->waiting == 0) {
        batch->is_whole = batch->is_whole || c->is_due || c->is_stopping;
        c->is_due = false;
    }
}

/* Numbers what came behind the first `from` of the group. Without the lock. */
static void
number(struct onym_changes *c, size_t from, size_t count)
{
    for (size_t i = from; i < count; i++) {
        if (i + ONYM_CHANGES_EXPECT < count) {
            onym_changes_item_expect_front(c->group[i + ONYM_CHANGES_EXPECT]);
        }
        c->group[i]->arrival = i;
    }
}

/* With the lock. */
static bool
has_some(const struct onym_changes *c)
{
    return c->waiting > 0 && (c->is_due || c->is_stopping || c->waiting >= ONYM_CHANGES_AHEAD_OPS);
}

/* With the lock. */
static void
wait_for_some(struct onym_changes *c)
{
    c->is_asleep = true;
    c->stat.idle = true;
    (void)pthread_cond_wait(&c->arrived, &c->lock);
    c->stat.idle = false;
    c->is_asleep = false;
}

struct onym_changes_item *
onym_changes_take(struct onym_changes *c)
{
    struct onym_changes_item *item = c->queue[c->first];

    c->first = (c->first + 1) % c->options.ops;
    c->waiting--;
    c->waiting_bytes -= item->bytes;
    return item;
}

void
onym_changes_arrived(struct onym_changes *c, struct onym_changes_item *item, bool yields)
{
    c->queue[(c->first + c->waiting) % c->options.ops] = item;
    c->waiting++;
    c->waiting_bytes += item->bytes;
    c->is_due = c->is_due || !yields;
    if (yields && c->is_asleep && c->waiting >= ONYM_CHANGES_AHEAD_OPS) {
        c->is_asleep = false;
        (void)pthread_cond_signal(&c->arrived);
    }
}

bool
onym_changes_gather(struct onym_changes *c, struct onym_changes_batch *batch)
{
    *batch = (struct onym_changes_batch){0};
    (void)pthread_mutex_lock(&c->lock);
    while (c->first_event == NULL && !has_some(c) && !c->is_stopping) {
        c->is_due = c->is_due && c->waiting > 0; /* all of that went with the last group */
        wait_for_some(c);
    }
    take_operations(c, batch);
    batch->is_whole = batch->is_whole || batch->count == 0;
    batch->events = c->first_event;
    batch->lost = c->lost_untold;
    c->first_event = NULL;
    c->event_end = &c->first_event;
    (void)pthread_mutex_unlock(&c->lock);
    number(c, 0, batch->count);
    for (struct onym_changes_event_item *e = batch->events; e != NULL; e = e->next) {
        batch->event_count++;
    }
    return batch->count > 0 || batch->events != NULL;
}

bool
onym_changes_gather_more(struct onym_changes *c, struct onym_changes_batch *batch)
{
    uint64_t began = onym_clock_monotonic_ns();
    size_t count = batch->count;

    (void)pthread_mutex_lock(&c->lock);
    while (count == batch->count && !batch->is_whole && !is_full(c, batch)) {
        if (has_some(c) || c->is_due || c->is_stopping) {
            take_operations(c, batch);
        } else {
            wait_for_some(c);
        }
    }
    (void)pthread_mutex_unlock(&c->lock);
    number(c, count, batch->count);
    batch->waited_ns += onym_clock_monotonic_ns() - began;
    return count < batch->count;
}
