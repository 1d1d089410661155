/* What the files of the changes share. */
#ifndef ONYM_SERVER_CHANGES_PRIV_H
#define ONYM_SERVER_CHANGES_PRIV_H

#include "core/op.h"
#include "net/wake.h"
#include "server/changes.h"
#include "store/change.h"
#include "store/draft.h"

#include <pthread.h>

#define ONYM_CHANGES_SOURCES 4096U /* counters of shares; sources that meet in one share it */
#define ONYM_CHANGES_EXPECT  8U    /* operations in front of one for which memory is fetched */

/* One operation on its way there and back: a block of its own. What is looked at on the way home
 * stands in its first two cache lines; nobody touches the end of `who`, which is a long text for
 * some tokens only. */
struct onym_changes_item {
    struct onym_wake_block wake; /* first: the block travels home through the wake */
    size_t bytes;                /* of the room it takes */
    size_t block;                /* bytes of the block: as many or fewer */
    uint32_t source;
    bool settled;      /* the result does not depend on the commit of its group */
    uint16_t leaf_len; /* of its draft (store/draft.h); 0: it has none */
    struct onym_change_result result;
    uint64_t arrival; /* order of submission, within a group */
    struct onym_op_target target;
    uint8_t *name; /* room for the registered spelling, target.name.len bytes */
    struct onym_operation op;
    struct onym_draft draft; /* what it makes where there is no record; in data */
    struct onym_identity who;
    uint8_t data[];
};

/* One event on its way into the log. */
struct onym_changes_event_item {
    struct onym_changes_event_item *next;
    struct onym_change_event event;
    uint8_t data[];
};

/* What a thread needs to make drafts; the zero struct makes none. */
struct onym_changes_drafter {
    struct onym_digester *digester; /* owned */
    struct onym_arena arena;        /* owned */
};

/* Blocks that were given back, by size, for operations to come: an import takes and gives thousands
 * of them each second, and the heap would meet the same memory page by page. */
#define ONYM_CHANGES_POOL_STEP  256U
#define ONYM_CHANGES_POOL_SIZES 16U
#define ONYM_CHANGES_POOL_BYTES                                                                    \
    ((size_t)8 << 20) /* of a worker; what is more goes back at once                               \
                       */

struct onym_changes_pool {
    struct onym_wake_block *first[ONYM_CHANGES_POOL_SIZES];
    size_t bytes;
};

struct onym_changes_sink {
    struct onym_changes *changes;
    struct onym_wake *wake; /* NULL: not attached */
    onym_change_result_fn *deliver;
    void *of;
    uv_idle_t turn;    /* runs at the end of a turn of the loop in which something was submitted */
    uint32_t fresh;    /* submitted since that ran last */
    uint32_t gathered; /* submitted since the thread was woken */
    uint32_t turns;    /* that brought them */
    bool is_urgent;    /* one of these does not yield */
    struct onym_changes_drafter drafter; /* the worker's own */
    struct onym_changes_pool pool;       /* likewise */
    struct onym_wake_block *told;        /* results that were delivered in this turn */
    /* the thread's own: results of a group on their way home, and the last of them in a ring */
    struct onym_wake_block *first, *last;
    struct onym_wake_block *lately[ONYM_CHANGES_EXPECT];
    uint32_t homeward;
};

/* What goes into one commit. */
struct onym_changes_batch {
    size_t count;       /* operations of changes->group */
    size_t bytes;       /* of these */
    bool is_whole;      /* nothing more is waited for */
    uint64_t waited_ns; /* for more */
    struct onym_changes_event_item *events;
    uint64_t event_count;
    uint64_t lost; /* events to be told as lost */
};

/* How operations ended, counted before the lock is taken. */
struct onym_changes_tally {
    uint32_t operations[ONYM_REGISTER_OPS][ONYM_REGISTERED_RESULTS];
    uint32_t done, failed, unknown;
};

struct onym_changes_source {
    uint32_t ops;
    size_t bytes;
};

struct onym_changes {
    struct onym_changes_options options;
    enum onym_record_digest log_hash; /* of the store */
    pthread_t thread;
    bool is_joined;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t arrived;
    struct onym_changes_item **queue; /* a ring of options.ops, as many as may be under way */
    uint32_t first;                   /* the place of the oldest in it */
    uint32_t waiting;                 /* how many are in it */
    size_t waiting_bytes;             /* of these */
    bool is_due;    /* what waits there is to be committed, not only to be gathered */
    bool is_asleep; /* the thread waits for `arrived` */
    struct onym_changes_event_item *first_event;
    struct onym_changes_event_item **event_end;
    uint32_t ops; /* submitted and not yet delivered */
    size_t bytes; /* of these */
    uint32_t waiting_events;
    uint64_t lost_untold; /* events that the log does not know to be lost */
    uint64_t refusals_ns; /* monotonic: when all of ONYM_CHANGES_REFUSALS_MAX are there again */
    bool is_stopping;
    struct onym_changes_stat stat;
    struct onym_change_counters counters; /* commit_ns is the thread's own */
    struct onym_changes_source source[ONYM_CHANGES_SOURCES];

    uint64_t id_start;   /* time and chance of this start */
    uint64_t id_counter; /* atomic */
    bool has_refused;    /* atomic: what was submitted last found no room */

    /* the thread's own */
    struct onym_arena arena;
    struct onym_outcome_place prune_place;
    struct onym_changes_item *group[ONYM_CHANGES_GROUP_OPS];
    struct onym_changes_item *spare[ONYM_CHANGES_GROUP_OPS]; /* to put these in order */

    struct onym_changes_sink sink[]; /* options.workers of them */
};

/* The copy of op in a block of its own, with a draft where the worker can make one, or NULL when
 * memory is short. *status also says what onym_op_target refuses. */
struct onym_changes_item *onym_changes_item_new(struct onym_changes *changes,
                                                const struct onym_operation *op,
                                                const struct onym_identity *who,
                                                struct onym_change_ticket ticket,
                                                enum onym_status *status);

/* Frees an item. pool: of the item's worker, on that worker's thread; NULL elsewhere. */
void onym_changes_item_free(struct onym_changes_item *item, struct onym_changes_pool *pool);
/* The free blocks of a worker, on its thread; NULL when it has no sink. */
struct onym_changes_pool *onym_changes_pool(struct onym_changes *changes, unsigned worker);
void onym_changes_pool_empty(struct onym_changes_pool *pool);

/* It is looked at soon, on another thread than the one that made it: its memory is fetched, or only
 * its front, what is looked at on the way in and home. */
void onym_changes_item_expect(const struct onym_changes_item *item);
void onym_changes_item_expect_front(const struct onym_changes_item *item);

/* The room it takes: bytes of the block at most, known before it is made. */
size_t onym_changes_item_bytes(const struct onym_operation *op, const struct onym_identity *who);

/* Memory for drafts of a worker. False: there is none, and the worker makes none. Close is fine
 * after that, too. */
bool onym_changes_drafter_open(struct onym_changes_drafter *drafter);
void onym_changes_drafter_close(struct onym_changes_drafter *drafter);

/* Bytes that a draft for op takes whose target has a name so long; 0: none is made. */
size_t onym_changes_draft_room(const struct onym_operation *op, size_t name_len);

/* What op makes where there is nothing, if a draft is made of it: *out borrows from op, target and
 * the worker's memory for drafts until the next call. On the thread of the worker. */
bool onym_changes_make(const struct onym_changes *changes, unsigned worker,
                       const struct onym_operation *op, const struct onym_op_target *target,
                       struct onym_op_outcome *out);

/* The draft of what onym_changes_make made, in room, where onym_changes_draft_room bytes suffice.
 * False: there is none, and neither room's bytes nor *out count. */
bool onym_changes_draft(const struct onym_changes *changes, unsigned worker,
                        const struct onym_op_target *target, const struct onym_op_outcome *made,
                        uint8_t *room, struct onym_draft *out);

/* Gives back the room that an operation took. With the lock. */
void onym_changes_give_room(struct onym_changes *changes, uint32_t source, size_t bytes);

/* Wakes the thread: now, or at the end of this turn of the worker's loop, so that what one turn
 * submits begins one group. On the worker's thread. */
void onym_changes_stir(struct onym_changes *changes, struct onym_change_ticket ticket);

/* The oldest in the queue, taken out of it. With the lock, and there is one. */
struct onym_changes_item *onym_changes_take(struct onym_changes *changes);

/* Puts a result among those that go home; and lets all of them go, the results of a worker with one
 * wake-up. On the thread of the changes. */
void onym_changes_take_home(struct onym_changes *changes, struct onym_changes_item *item);
void onym_changes_go_home(struct onym_changes *changes);

/* Counts how an operation ended that never was in the queue. With the lock. */
void onym_changes_count(struct onym_changes *changes, enum onym_action action,
                        const struct onym_change_result *result);

/* Counts how one of the queue ended, without the lock; and adds all that was counted so to the
 * counters, with it. */
void onym_changes_tally(struct onym_changes_tally *tally, enum onym_action action,
                        const struct onym_change_result *result);
void onym_changes_count_all(struct onym_changes *changes, const struct onym_changes_tally *tally);

/* NULL when memory is short. */
struct onym_changes_event_item *onym_changes_event_new(const struct onym_change_event *event);

/* Puts an operation into the queue, for which room was taken. With the lock. */
void onym_changes_arrived(struct onym_changes *changes, struct onym_changes_item *item,
                          bool yields);

/* Waits for something to do, and takes what belongs into one commit. False: the changes are stopped
 * and nothing is left. */
bool onym_changes_gather(struct onym_changes *changes, struct onym_changes_batch *batch);

/* Operations that came since and go into the same commit, behind the others; waits for them while
 * those that are there are only gathered. False: there are none, and the batch is to be committed.
 * It is at most as long after the first as a worker gathers. */
bool onym_changes_gather_more(struct onym_changes *changes, struct onym_changes_batch *batch);

/* Whether that is the name of a prefix's record, "0.NA/" and more. */
bool onym_changes_is_prefix_record(onym_span folded);

/* Puts operations that are decided together in order: by name, those on one name as they arrived,
 * and prefix records in front of what is below them; but of other creations that fill a leaf of the
 * store's tree together the last name comes first. LMDB
 * splits a full leaf in the middle, and takes what follows the middle along: names that come in
 * ascending order in front of others leave each leaf behind half full, in this order full.
 * count: ONYM_CHANGES_GROUP_OPS at most; spare: room for as many. */
void onym_changes_order(struct onym_changes_item **items, size_t count,
                        struct onym_changes_item **spare);

/* Decides and commits the batch and what onym_changes_gather_more brings, in one transaction, and
 * fills every result. ONYM_OK; another status when nothing was stored; ONYM_UNCERTAIN when nobody
 * knows, or the store takes no transaction: it must be opened again. *fault says why. */
ONYM_MUST_USE enum onym_status onym_changes_commit(struct onym_changes *changes,
                                                   struct onym_changes_batch *batch,
                                                   struct onym_fault *fault);

/* The name of the item's result, in memory that lives as long as the result. */
void onym_changes_keep_name(struct onym_changes_item *item, onym_span name);

/* Puts or removes the record under key, and logs it: what the item's draft has where there was no
 * record, else what *outcome says. ONYM_OK, also when this operation alone failed; ONYM_EXISTS
 * !was_there, but there is a record: nothing was done; another status: only abort. */
ONYM_MUST_USE enum onym_status onym_changes_apply(struct onym_change *change,
                                                  struct onym_changes_item *item, onym_span key,
                                                  bool was_there,
                                                  const struct onym_op_outcome *outcome);

/* A denied operation leaves an event in the log. ONYM_OK; another status: only abort. */
ONYM_MUST_USE enum onym_status onym_changes_log_denied(struct onym_change *change,
                                                       struct onym_changes_item *item);

/* Whether the identity of the token that item issues may have one more, and away with those of its
 * tokens that have expired: each leaves an entry of the log as if item's principal had revoked it.
 * ONYM_OK; ONYM_NO_PERMISSION: ONYM_TOKENS_MAX are in force; another status: only abort. */
ONYM_MUST_USE enum onym_status onym_changes_tokens_room(struct onym_change *change,
                                                        const struct onym_changes_item *item);

/* Closes and opens the store, checks it and proves a commit, as often as it takes; then changes are
 * taken again. False when the changes are stopped before: the store may be closed. */
bool onym_changes_recover(struct onym_changes *changes);

#endif
