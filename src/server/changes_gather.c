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

static bool
has_room_for_all(const struct onym_changes *c, const struct onym_changes_batch *batch)
{
    return batch->count + c->waiting <= ONYM_CHANGES_GROUP_OPS &&
           batch->bytes + c->waiting_bytes <= ONYM_CHANGES_GROUP_BYTES;
}

/* What goes into the batch, as a list for append. With the lock: all of it is taken without a look
 * at any, so that no loop waits meanwhile; one by one only where not all goes in. */
static struct onym_changes_item *
take_operations(struct onym_changes *c, struct onym_changes_batch *batch)
{
    struct onym_changes_item *taken = c->first;
    struct onym_changes_item **end = &taken;

    if (has_room_for_all(c, batch)) {
        batch->count += c->waiting;
        batch->bytes += c->waiting_bytes;
        c->waiting = 0;
        c->waiting_bytes = 0;
        c->first = NULL;
    }
    while (c->first != NULL && !is_full(c, batch)) {
        batch->count++;
        batch->bytes += c->first->bytes;
        c->waiting--;
        c->waiting_bytes -= c->first->bytes;
        end = &c->first->next;
        c->first = *end;
    }
    if (c->first == NULL) {
        c->end = &c->first;
        batch->is_whole = batch->is_whole || c->is_due || c->is_stopping;
        c->is_due = false;
    } else {
        *end = NULL;
    }
    return taken;
}

/* Behind the first `count` of the group. Without the lock. */
static void
append(struct onym_changes *c, size_t count, struct onym_changes_item *taken)
{
    for (; taken != NULL; taken = taken->next) {
        taken->arrival = count;
        c->group[count++] = taken;
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
    struct onym_changes_item *taken;

    *batch = (struct onym_changes_batch){0};
    (void)pthread_mutex_lock(&c->lock);
    while (c->first_event == NULL && !has_some(c) && !c->is_stopping) {
        c->is_due = c->is_due && c->first != NULL; /* all of that went with the last group */
        wait_for_some(c);
    }
    taken = take_operations(c, batch);
    batch->is_whole = batch->is_whole || batch->count == 0;
    batch->events = c->first_event;
    batch->lost = c->lost_untold;
    c->first_event = NULL;
    c->event_end = &c->first_event;
    (void)pthread_mutex_unlock(&c->lock);
    append(c, 0, taken);
    for (struct onym_changes_event_item *e = batch->events; e != NULL; e = e->next) {
        batch->event_count++;
    }
    return batch->count > 0 || batch->events != NULL;
}

bool
onym_changes_gather_more(struct onym_changes *c, struct onym_changes_batch *batch)
{
    uint64_t began = onym_clock_monotonic_ns();
    struct onym_changes_item *taken = NULL;
    size_t count = batch->count;

    (void)pthread_mutex_lock(&c->lock);
    while (count == batch->count && !batch->is_whole && !is_full(c, batch)) {
        if (has_some(c) || c->is_due || c->is_stopping) {
            taken = take_operations(c, batch);
        } else {
            wait_for_some(c);
        }
    }
    (void)pthread_mutex_unlock(&c->lock);
    append(c, count, taken);
    batch->waited_ns += onym_clock_monotonic_ns() - began;
    return count < batch->count;
}
