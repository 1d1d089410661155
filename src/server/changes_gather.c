/* What goes into one group: what is due, and while the rows of an import come in, those as they
 * come, so that the transaction fills while others of them are read. */
#include "server/changes_priv.h"

#include "base/clock.h"

static bool
is_full(const struct onym_changes *c, const struct onym_changes_batch *batch)
{
    return batch->count == ONYM_CHANGES_GROUP_OPS ||
           (c->first != NULL && batch->count > 0 &&
            batch->bytes + c->first->bytes > ONYM_CHANGES_GROUP_BYTES);
}

/* With the lock. */
static void
take_operations(struct onym_changes *c, struct onym_changes_batch *batch)
{
    while (c->first != NULL && !is_full(c, batch)) {
        struct onym_changes_item *item = c->first;

        item->arrival = batch->count;
        batch->bytes += item->bytes;
        c->group[batch->count++] = item;
        c->first = item->next;
        c->waiting--;
    }
    if (c->first == NULL) {
        c->end = &c->first;
        batch->is_whole = batch->is_whole || c->is_due || c->is_stopping;
        c->is_due = false;
    }
}

/* With the lock. */
static bool
has_some(const struct onym_changes *c)
{
    return c->first != NULL &&
           (c->is_due || c->is_stopping || c->waiting >= ONYM_CHANGES_AHEAD_OPS);
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

void
onym_changes_arrived(struct onym_changes *c, struct onym_changes_item *item, bool yields)
{
    *c->end = item;
    c->end = &item->next;
    c->waiting++;
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
    while (c->first_event == NULL && !has_some(c) && (!c->is_stopping || c->coming > 0)) {
        c->is_due = c->is_due && c->first != NULL; /* all of that went with the last group */
        wait_for_some(c);
    }
    take_operations(c, batch);
    batch->is_whole = batch->is_whole || batch->count == 0;
    batch->events = c->first_event;
    batch->lost = c->lost_untold;
    c->first_event = NULL;
    c->event_end = &c->first_event;
    for (struct onym_changes_event_item *e = batch->events; e != NULL; e = e->next) {
        batch->event_count++;
    }
    (void)pthread_mutex_unlock(&c->lock);
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
    batch->waited_ns += onym_clock_monotonic_ns() - began;
    return count < batch->count;
}
