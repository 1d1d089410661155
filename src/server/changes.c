#include "server/changes.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/process.h"
#include "base/require.h"
#include "base/rng.h"
#include "server/changes_priv.h"

#include <signal.h>
#include <stdlib.h>

/* ---- what is submitted ---- */

static void
lock(struct onym_changes *c)
{
    (void)pthread_mutex_lock(&c->lock);
}

static void
unlock(struct onym_changes *c)
{
    (void)pthread_mutex_unlock(&c->lock);
}

static uint32_t
at_least_one(uint32_t number)
{
    return number > 0 ? number : 1;
}

/* Whether there is the room an operation needs. With the lock. */
static enum onym_status
look_for_room(const struct onym_changes *c, uint32_t source, size_t bytes, bool yields)
{
    const struct onym_changes_options *o = &c->options;
    const struct onym_changes_source *s = &c->source[source];
    uint32_t ops_max = at_least_one(o->ops / o->share);
    size_t bytes_max = o->bytes / o->share;

    if (c->is_stopping || c->stat.read_only) {
        return ONYM_READ_ONLY;
    }
    if (c->ops >= o->ops || bytes > o->bytes - c->bytes || s->ops >= ops_max ||
        bytes > bytes_max - s->bytes) {
        return ONYM_BUSY;
    }
    if (yields && s->ops > 0 &&
        (s->ops >= ops_max - ops_max / 8 || s->bytes + bytes > bytes_max - bytes_max / 8)) {
        return ONYM_BUSY;
    }
    return ONYM_OK;
}

/* With the lock. */
static void
take_room(struct onym_changes *c, uint32_t source, size_t bytes)
{
    c->ops++;
    c->bytes += bytes;
    c->source[source].ops++;
    c->source[source].bytes += bytes;
}

void
onym_changes_give_room(struct onym_changes *c, uint32_t source, size_t bytes)
{
    c->ops--;
    c->bytes -= bytes;
    c->source[source].ops--;
    c->source[source].bytes -= bytes;
}

/* What the log could not keep is refused here, so that one operation never fails a group. */
static bool
fits_log(const struct onym_operation *op)
{
    struct onym_entry entry = {.what = (uint8_t)op->action,
                               .time_ms = op->now_ms,
                               .principal = op->principal,
                               .name = op->name,
                               .digest = ONYM_RECORD_SHA256,
                               .indexes = op->indexes,
                               .values = op->values};

    return onym_entry_check(&entry) == ONYM_OK;
}

/* The item is made first, so that the lock is taken once. Behind a refusal room is looked for
 * before anything is spent, so that only the first of many has cost a copy. */
enum onym_status
onym_changes_submit(struct onym_changes *c, struct onym_change_ticket ticket,
                    const struct onym_operation *op, const struct onym_identity *who)
{
    uint32_t source = (uint32_t)(onym_hash64(op->address, c->options.seed) % ONYM_CHANGES_SOURCES);
    size_t bytes = onym_changes_item_bytes(op, who);
    struct onym_changes_item *item = NULL;
    enum onym_status status = ONYM_OK;
    bool has_room;

    ONYM_REQUIRE(ticket.worker < c->options.workers);
    if (!fits_log(op) || who->handle.len > ONYM_NAME_LEN_MAX) {
        return ONYM_INVALID;
    }
    if (__atomic_load_n(&c->has_refused, __ATOMIC_RELAXED)) {
        lock(c);
        status = look_for_room(c, source, bytes, ticket.yields);
        unlock(c);
    }
    has_room = status == ONYM_OK;
    if (has_room) {
        item = onym_changes_item_new(c, op, who, ticket, &status);
    }
    lock(c);
    if (item != NULL) {
        item->source = source;
        status = look_for_room(c, source, bytes, ticket.yields);
        has_room = status == ONYM_OK;
    }
    __atomic_store_n(&c->has_refused, !has_room, __ATOMIC_RELAXED);
    if (status == ONYM_OK) {
        take_room(c, source, bytes);
        onym_changes_arrived(c, item, ticket.yields);
    } else if (has_room || !ticket.yields) { /* else it comes again, as often as it takes */
        onym_changes_count(c, op->action, &(struct onym_change_result){.status = status});
    }
    unlock(c);
    if (status == ONYM_OK) {
        onym_changes_stir(c, ticket);
    } else if (item != NULL) {
        onym_changes_item_free(item, onym_changes_pool(c, ticket.worker));
    }
    return status;
}

/* Takes the room a refusal needs in the log. With the lock. */
static bool
take_refusal(struct onym_changes *c)
{
    uint64_t now = onym_clock_monotonic_ns();
    uint64_t from = c->refusals_ns > now ? c->refusals_ns : now;

    if (from - now > (ONYM_CHANGES_REFUSALS_MAX - 1) * ONYM_CHANGES_REFUSAL_NS) {
        return false;
    }
    c->refusals_ns = from + ONYM_CHANGES_REFUSAL_NS;
    return true;
}

void
onym_changes_event(struct onym_changes *c, const struct onym_change_event *event)
{
    bool has_room;

    lock(c);
    has_room = c->waiting_events < ONYM_CHANGES_EVENTS_MAX && !c->is_stopping &&
               (event->status == ONYM_OK || take_refusal(c));
    c->waiting_events += has_room;
    unlock(c);

    struct onym_changes_event_item *item = has_room ? onym_changes_event_new(event) : NULL;

    lock(c);
    if (item != NULL) {
        *c->event_end = item;
        c->event_end = &item->next;
        (void)pthread_cond_signal(&c->arrived);
    } else {
        c->waiting_events -= has_room;
        c->lost_untold++;
        c->stat.events_lost++;
    }
    unlock(c);
}

void
onym_changes_new_id(struct onym_changes *c, uint8_t out[ONYM_OPERATION_ID_LEN])
{
    onym_put_u64(out, c->id_start);
    onym_put_u64(out + 8, __atomic_add_fetch(&c->id_counter, 1, __ATOMIC_RELAXED));
}

void
onym_changes_stat(struct onym_changes *c, struct onym_changes_stat *out)
{
    lock(c);
    *out = c->stat;
    out->waiting_ops = c->ops;
    out->waiting_bytes = c->bytes;
    out->queued = c->waiting;
    unlock(c);
}

/* ---- the thread ---- */

/* Results go home and events are let go, once their fate is known. */
static void
finish(struct onym_changes *c, struct onym_changes_batch *batch, enum onym_status status)
{
    struct onym_changes_tally tally = {0};

    for (size_t i = 0; i < batch->count; i++) {
        struct onym_changes_item *item = c->group[i];

        if (i + ONYM_CHANGES_EXPECT < batch->count) {
            onym_changes_item_expect_front(c->group[i + ONYM_CHANGES_EXPECT]);
        }
        onym_changes_tally(&tally, item->op.action, &item->result);
        onym_changes_take_home(c, item);
    }
    lock(c);
    onym_changes_count_all(c, &tally);
    c->waiting_events -= (uint32_t)batch->event_count;
    if (status == ONYM_OK) {
        c->stat.groups++;
        c->stat.events += batch->event_count;
        c->lost_untold -= batch->lost;
    } else {
        c->stat.events_lost += batch->event_count;
        c->lost_untold += batch->event_count;
    }
    c->stat.read_only = status == ONYM_UNCERTAIN;
    unlock(c);
    onym_changes_go_home(c);
    while (batch->events != NULL) {
        struct onym_changes_event_item *next = batch->events->next;

        free(batch->events);
        batch->events = next;
    }
}

/* What waits behind a store that takes no changes is told so at once. */
static void
refuse_waiting(struct onym_changes *c)
{
    struct onym_changes_tally tally = {0};

    lock(c);
    while (c->waiting > 0) {
        struct onym_changes_item *item = onym_changes_take(c);

        item->result.status = ONYM_READ_ONLY;
        onym_changes_tally(&tally, item->op.action, &item->result);
        onym_changes_take_home(c, item);
    }
    onym_changes_count_all(c, &tally);
    unlock(c);
    onym_changes_go_home(c);
}

/* The end of changes whose store never became good again. */
static void
refuse_all(struct onym_changes *c)
{
    struct onym_changes_batch batch = {0};

    lock(c);
    batch.events = c->first_event;
    c->first_event = NULL;
    c->event_end = &c->first_event;
    unlock(c);
    refuse_waiting(c);
    finish(c, &batch, ONYM_UNCERTAIN);
}

static void *
run(void *arg)
{
    struct onym_changes *c = arg;
    struct onym_changes_batch batch;

    onym_process_name_thread("writer");
    onym_process_stand_back(c->options.nice);
    while (onym_changes_gather(c, &batch)) {
        struct onym_fault fault = {0};
        uint64_t began = onym_clock_monotonic_ns();
        enum onym_status status = onym_changes_commit(c, &batch, &fault);

        if (status == ONYM_OK) {
            onym_histogram_record(&c->counters.commit_ns,
                                  onym_clock_monotonic_ns() - began - batch.waited_ns, 1);
        }
        finish(c, &batch, status);
        if (status == ONYM_UNCERTAIN) {
            ONYM_LOG(c->options.log, ONYM_LOG_ERROR, "store", "commit_uncertain",
                     "a commit failed and the node takes no changes until the store was checked; "
                     "see the system's log for the disk",
                     onym_log_text("err", fault.text), onym_log_u64("operations", batch.count));
            refuse_waiting(c);
            if (!onym_changes_recover(c)) {
                refuse_all(c);
                break;
            }
        } else if (status != ONYM_OK) {
            ONYM_LOG(c->options.log, ONYM_LOG_ERROR, "store", "commit_failed",
                     "a group of changes was not stored; nothing of it was changed",
                     onym_log_text("err", fault.text), onym_log_u64("operations", batch.count));
        }
    }
    return NULL;
}

/* ---- life ---- */

/* The thread takes no signals: they belong to the main loop. */
static bool
start_thread(struct onym_changes *c)
{
    sigset_t all;
    sigset_t before;
    int rc;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&c->thread, NULL, run, c);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0;
}

static void
fill_options(struct onym_changes_options *o)
{
    o->ops = o->ops > 0 ? o->ops : ONYM_CHANGES_OPS_DEFAULT;
    o->bytes = o->bytes > 0 ? o->bytes : ONYM_CHANGES_BYTES_DEFAULT;
    o->share = o->share > 0 ? o->share : ONYM_CHANGES_SHARE_DEFAULT;
}

static void
release(struct onym_changes *c)
{
    for (unsigned i = 0; i < c->options.workers; i++) {
        onym_wake_free(c->sink[i].wake);
        onym_changes_drafter_close(&c->sink[i].drafter);
        onym_changes_pool_empty(&c->sink[i].pool);
    }
    free(c->arena.at);
    free(c->queue);
    (void)pthread_cond_destroy(&c->arrived);
    (void)pthread_mutex_destroy(&c->lock);
    free(c);
}

enum onym_status
onym_changes_open(const struct onym_changes_options *options, struct onym_changes **out,
                  struct onym_fault *fault)
{
    struct onym_rng rng = onym_rng_system();
    struct onym_env_stat stat;
    struct onym_changes *c;

    if (options->workers == 0) {
        return onym_fault_set(fault, ONYM_INVALID, "no worker to send results to");
    }
    c = calloc(1, sizeof *c + options->workers * sizeof c->sink[0]);
    if (c == NULL) {
        return onym_fault_set(fault, ONYM_NO_MEMORY, "no memory for the queue of changes");
    }
    c->options = *options;
    fill_options(&c->options);
    c->event_end = &c->first_event;
    for (unsigned i = 0; i < options->workers; i++) {
        c->sink[i].changes = c;
    }
    c->id_start = (uint64_t)onym_clock_epoch_s() << 32 | (uint32_t)onym_rng_u64(&rng);
    c->arena = (struct onym_arena){.at = malloc(ONYM_OP_MEMORY), .cap = ONYM_OP_MEMORY};
    c->queue = calloc(c->options.ops, sizeof c->queue[0]);
    (void)pthread_mutex_init(&c->lock, NULL);
    (void)pthread_cond_init(&c->arrived, NULL);
    if (c->arena.at == NULL || c->queue == NULL) {
        release(c);
        return onym_fault_set(fault, ONYM_NO_MEMORY, "no memory for the queue of changes");
    }
    if (onym_env_stat(options->env, &stat) != ONYM_OK) {
        release(c);
        return onym_fault_set(fault, ONYM_IO, "the store's log cannot be read");
    }
    c->log_hash = stat.log_hash;
    if (!start_thread(c)) {
        release(c);
        return onym_fault_set(fault, ONYM_ERROR, "no thread for the changes");
    }
    *out = c;
    return ONYM_OK;
}

void
onym_changes_stop(struct onym_changes *c)
{
    if (c->is_joined) {
        return;
    }
    lock(c);
    c->is_stopping = true;
    (void)pthread_cond_broadcast(&c->arrived);
    unlock(c);
    (void)pthread_join(c->thread, NULL);
    c->is_joined = true;
}

void
onym_changes_close(struct onym_changes *c)
{
    if (c != NULL) {
        onym_changes_stop(c);
        release(c);
    }
}
