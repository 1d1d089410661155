/* One group: every operation decided against the transaction's own view, and all of it committed
 * together. */
#include "server/changes_memo.h"
#include "server/changes_priv.h"

#include "base/clock.h"
#include "base/process.h"
#include "core/op.h"
#include "onym/model/ident.h"

#define PRUNE_PER_OP                                                                               \
    2U /* outcomes looked at for each one added, so that the table stops growing                   \
        */
#define PRUNE_MORE 16U

struct group {
    struct onym_changes *changes;
    struct onym_change *change;
    uint64_t now_ms;
    uint32_t remembered; /* outcomes added */
    uint32_t refused;    /* for want of room */
    bool is_tight;       /* what room there is, is for what removes */
    struct onym_changes_memo memo;
};

/* Where the rights are looked up: records as the transaction sees them. */
static enum onym_status
find_record(void *of, onym_span folded, struct onym_record *out)
{
    uint8_t bytes[ONYM_CHANGE_KEY_LEN_MAX];
    struct group *group = of;

    if (folded.len > ONYM_PREFIX_NAME_LEN_MAX) {
        return ONYM_NOT_FOUND;
    }
    onym_changes_memo_saw(&group->memo, folded);
    return onym_change_get(group->change,
                           onym_change_key(group->change, ONYM_KIND_HANDLE, folded, bytes), out);
}

bool
onym_changes_is_prefix_record(onym_span folded)
{
    return folded.len > 5 && memcmp(folded.at, "0.NA/", 5) == 0;
}

/* Whether a name may be created below its prefix: the session has asked before, but the prefix may
 * have been unhomed since. Prefix records are placed by their owner's rights instead. */
static enum onym_status
check_homed(struct group *group, const struct onym_changes_item *item)
{
    uint8_t name[ONYM_PREFIX_NAME_LEN_MAX];
    uint8_t bytes[ONYM_CHANGE_KEY_LEN_MAX];
    struct onym_record prefix;
    onym_span folded;
    enum onym_status status;

    if (item->op.action != ONYM_ACTION_CREATE ||
        onym_changes_is_prefix_record(item->target.folded)) {
        return ONYM_OK;
    }
    folded = onym_ident_prefix_record(item->target.folded, name, sizeof name);
    status = onym_change_get(
        group->change, onym_change_key(group->change, ONYM_KIND_PREFIX, folded, bytes), &prefix);
    return status == ONYM_NOT_FOUND ? ONYM_NOT_RESPONSIBLE : status;
}

/* Whether the first operation with this id is in the same group, so that its outcome stands and
 * falls with it. */
static bool
is_twice(const struct group *group, const struct onym_changes_item *item)
{
    for (size_t i = 0; group->changes->group[i] != item; i++) {
        const struct onym_changes_item *before = group->changes->group[i];

        if (memcmp(before->op.id, item->op.id, sizeof item->op.id) == 0) {
            return true;
        }
    }
    return false;
}

/* Answers an operation that was answered before. */
static void
repeat(const struct group *group, struct onym_changes_item *item,
       const struct onym_outcome *outcome)
{
    struct onym_change_result *result = &item->result;

    item->settled = !is_twice(group, item);
    if (outcome->asked != onym_outcome_asked(&item->op)) {
        result->status = ONYM_INVALID;
        result->conflicting = true;
        result->why = "the Idempotency-Key was used for another request; send a new one";
        return;
    }
    result->status = outcome->status;
    result->unchanged = outcome->unchanged;
    result->replaced = outcome->replaced;
    result->repeated = true;
    result->revision = outcome->revision;
    result->created_ms = outcome->created_ms;
    result->sequence = outcome->sequence;
    onym_changes_keep_name(item, outcome->name);
}

/* Statuses that say nothing about the request: the same one may succeed later. */
static bool
is_our_trouble(enum onym_status status)
{
    return status == ONYM_CORRUPT || status == ONYM_IO || status == ONYM_NO_MEMORY ||
           status == ONYM_NO_SPACE || status == ONYM_UNSUPPORTED;
}

/* Remembers the result under the operation's id, unless it says more of us than of the operation.
 */
static enum onym_status
remember(struct group *group, const struct onym_changes_item *item)
{
    const struct onym_change_result *result = &item->result;

    if (item->op.once || is_our_trouble(result->status)) {
        return ONYM_OK;
    }

    struct onym_outcome outcome = {.status = result->status,
                                   .unchanged = result->unchanged,
                                   .replaced = result->replaced,
                                   .time_ms = group->now_ms,
                                   .sequence = result->sequence,
                                   .revision = result->revision,
                                   .created_ms = result->created_ms,
                                   .asked = onym_outcome_asked(&item->op)};

    if (result->status == ONYM_OK) {
        outcome.name = result->name;
    }
    group->remembered++;
    return onym_change_put_outcome(group->change, item->op.id, &outcome);
}

/* What stands in front of the decision: responsibility, section 15, rights. *denied: it is for want
 * of rights. */
static enum onym_status
check(struct group *group, const struct onym_changes_item *item, const struct onym_record *old,
      struct onym_op_fault *fault, bool *denied)
{
    struct onym_arena *arena = &group->changes->arena;
    struct onym_record_source source = {.record = find_record, .of = group};
    bool is_new_name = item->op.action == ONYM_ACTION_CREATE && old == NULL &&
                       !onym_changes_is_prefix_record(item->target.folded);
    enum onym_status status;

    if (is_new_name && onym_changes_memo_has(&group->memo, &item->who, item->target.folded)) {
        return ONYM_OK; /* the decision repeats section 15 */
    }
    status = check_homed(group, item);
    if (status == ONYM_OK) {
        status = onym_op_before_rights(&item->op, old, arena, fault);
    }
    if (status != ONYM_OK) {
        return status;
    }
    onym_changes_memo_ask(&group->memo);
    status = onym_authz_operation(&item->who, &item->op, old, &source, arena, &fault->why);
    *denied = status == ONYM_NO_PERMISSION || status == ONYM_AUTH_NEEDED;
    if (status == ONYM_OK && is_new_name) {
        onym_changes_memo_keep(&group->memo, &item->who, item->target.folded);
    }
    return status;
}

/* The checks, then the decision. The result's status is set. */
static void
judge(struct group *group, struct onym_changes_item *item, const struct onym_record *old,
      struct onym_op_outcome *outcome, bool *denied)
{
    struct onym_arena *arena = &group->changes->arena;
    struct onym_change_result *result = &item->result;
    struct onym_op_fault fault = {0};

    result->status = check(group, item, old, &fault, denied);
    if (result->status == ONYM_OK && old == NULL && item->draft.stored.len > 0) {
        outcome->effect = ONYM_OP_STORE; /* decided when it was submitted */
    } else if (result->status == ONYM_OK) {
        result->status = onym_op_decide_formed(&item->op, &item->target, old, arena, outcome);
        fault = outcome->fault;
    }
    if (result->status != ONYM_OK) {
        result->why = fault.why;
        result->index = fault.index;
    }
}

/* A token more than its identity may have is refused. Another status than ONYM_OK when the
 * transaction cannot go on. */
static enum onym_status
make_room_for_token(struct group *group, struct onym_changes_item *item)
{
    enum onym_status status = onym_changes_tokens_room(group->change, item);

    if (status == ONYM_NO_PERMISSION) {
        item->result.status = status;
        item->result.why = "the identity has 64 tokens in force: revoke some first";
        status = ONYM_OK;
    }
    return status;
}

/* Whether an operation can only make the records fewer or smaller. */
static bool
removes(const struct onym_operation *op)
{
    return op->action == ONYM_ACTION_DELETE || op->action == ONYM_ACTION_REMOVE ||
           op->action == ONYM_ACTION_UNHOME || op->action == ONYM_ACTION_REVOKE;
}

/* A creation that was worked out when it was submitted, and whose right is remembered, is put
 * without asking for a record first: putting finds one. False: nothing was done, and it is to be
 * decided. True: *status as decide has it. */
static bool
put_at_once(struct group *group, struct onym_changes_item *item, onym_span key,
            enum onym_status *status)
{
    const struct onym_op_outcome outcome = {.effect = ONYM_OP_STORE};
    enum onym_status put;

    if (item->draft.stored.len == 0 || onym_changes_is_prefix_record(item->target.folded) ||
        !onym_changes_memo_has(&group->memo, &item->who, item->target.folded)) {
        return false;
    }
    put = onym_changes_apply(group->change, item, key, false, &outcome);
    if (put == ONYM_EXISTS) {
        return false;
    }
    onym_changes_memo_changed(&group->memo, item->target.kind, item->target.folded);
    *status = put == ONYM_OK ? remember(group, item) : put;
    return true;
}

/* Decides one operation and stores what follows. ONYM_OK, whatever was decided; another status when
 * the transaction cannot go on. */
static enum onym_status
decide(struct group *group, struct onym_changes_item *item)
{
    uint8_t key_bytes[ONYM_CHANGE_KEY_LEN_MAX];
    struct onym_change_result *result = &item->result;
    struct onym_op_outcome outcome = {0};
    struct onym_outcome earlier;
    struct onym_record old;
    bool denied = false;
    bool was_there;
    enum onym_status status = item->op.once
                                  ? ONYM_NOT_FOUND
                                  : onym_change_outcome(group->change, item->op.id, &earlier);
    onym_span key;

    if (status == ONYM_OK) {
        repeat(group, item, &earlier);
        return ONYM_OK;
    }
    if (group->is_tight && !removes(&item->op)) {
        result->status = ONYM_FULL;
        group->refused++;
        return ONYM_OK;
    }
    key = onym_change_key(group->change, item->target.kind, item->target.folded, key_bytes);
    if (status == ONYM_NOT_FOUND && put_at_once(group, item, key, &status)) {
        return status;
    }
    if (status == ONYM_NOT_FOUND) {
        status = onym_change_get(group->change, key, &old);
    }
    if (status != ONYM_OK && status != ONYM_NOT_FOUND) {
        result->status = status;
        return ONYM_OK;
    }
    was_there = status == ONYM_OK;
    onym_arena_reset(&group->changes->arena);
    judge(group, item, was_there ? &old : NULL, &outcome, &denied);
    if (is_our_trouble(result->status)) {
        return ONYM_OK;
    }
    status = result->status == ONYM_OK && item->op.action == ONYM_ACTION_ISSUE
                 ? make_room_for_token(group, item)
                 : ONYM_OK;
    if (status != ONYM_OK) {
        return status;
    }
    if (denied) {
        status = onym_changes_log_denied(group->change, item);
    } else if (result->status == ONYM_OK) {
        result->replaced = outcome.replaced;
        result->unchanged = outcome.effect == ONYM_OP_UNCHANGED;
        if (result->unchanged) {
            onym_changes_keep_name(item, outcome.record.name);
            result->revision = outcome.record.revision;
            result->created_ms = outcome.record.created_ms;
        } else {
            onym_changes_memo_changed(&group->memo, item->target.kind, item->target.folded);
            status = onym_changes_apply(group->change, item, key, was_there, &outcome);
        }
    }
    return status == ONYM_OK ? remember(group, item) : status;
}

static enum onym_status
log_events(struct group *group, const struct onym_changes_event_item *item, uint64_t lost)
{
    enum onym_status status = ONYM_OK;
    uint64_t sequence;

    if (lost > 0) {
        struct onym_entry entry = {.what = ONYM_ENTRY_EVENT,
                                   .time_ms = group->now_ms,
                                   .event = ONYM_EVENT_LOST,
                                   .count = lost,
                                   .status = onym_span_text(onym_status_name(ONYM_BUSY))};

        status = onym_change_log(group->change, &entry, &sequence);
    }
    for (; item != NULL && status == ONYM_OK; item = item->next) {
        const struct onym_change_event *event = &item->event;
        struct onym_entry entry = {
            .what = ONYM_ENTRY_EVENT,
            .time_ms = event->now_ms,
            .principal = {.handle = event->principal, .index = event->principal_index},
            .address = event->address,
            .name = event->name,
            .event = (uint8_t)event->event,
            .count = 1,
            .status = onym_span_text(onym_status_name(event->status))};

        status = onym_change_log(group->change, &entry, &sequence);
    }
    return status;
}

/* Operations from..to of the group, put in order among themselves, inside the transaction. */
static enum onym_status
decide_some(struct group *group, size_t from, size_t to)
{
    struct onym_changes_item **items = group->changes->group;
    enum onym_status status = ONYM_OK;

    onym_changes_order(items + from, to - from, group->changes->spare);
    for (size_t i = from; i < to && status == ONYM_OK; i++) {
        if (i + ONYM_CHANGES_EXPECT < to) {
            onym_changes_item_expect(items[i + ONYM_CHANGES_EXPECT]);
            onym_change_expect(group->change, &items[i + ONYM_CHANGES_EXPECT]->draft);
        }
        status = decide(group, items[i]);
        onym_process_give_way();
    }
    return status;
}

/* All of the group inside the transaction. */
static enum onym_status
fill(struct group *group, struct onym_changes_batch *batch)
{
    size_t decided = 0;
    uint32_t removed;
    enum onym_status status = ONYM_OK;

    do {
        status = decide_some(group, decided, batch->count);
        decided = batch->count;
    } while (status == ONYM_OK && onym_changes_gather_more(group->changes, batch));
    if (status == ONYM_OK) {
        status = log_events(group, batch->events, batch->lost);
    }
    if (status == ONYM_OK && batch->count > 0) {
        status = onym_change_prune_outcomes(group->change, group->now_ms,
                                            group->remembered * PRUNE_PER_OP + PRUNE_MORE,
                                            &group->changes->prune_place, &removed);
    }
    return status;
}

/* A group that was not stored: nobody is told of a decision that does not stand. Those that were
 * answered before keep their answer. */
static void
fail_all(struct onym_changes *changes, size_t count, enum onym_status status)
{
    for (size_t i = 0; i < count; i++) {
        struct onym_changes_item *item = changes->group[i];

        if (!item->settled) {
            item->result = (struct onym_change_result){
                .ticket = item->result.ticket, .status = status, .name = item->target.name};
        }
    }
}

/* One attempt at the group. */
static enum onym_status
commit(struct group *group, struct onym_changes_batch *batch, struct onym_fault *fault)
{
    struct onym_changes *changes = group->changes;
    enum onym_status status = onym_change_begin(changes->options.env, &group->change, fault);

    if (status != ONYM_OK) {
        /* nothing happened to these, but a store that begins no transaction needs to be reopened */
        fail_all(changes, batch->count, status == ONYM_NO_MEMORY ? status : ONYM_READ_ONLY);
        return status == ONYM_NO_MEMORY ? status : ONYM_UNCERTAIN;
    }
    group->is_tight = group->is_tight || onym_change_is_tight(group->change);
    status = fill(group, batch);
    if (status != ONYM_OK) {
        onym_change_abort(group->change);
        (void)onym_fault_set(fault, status, "the group was taken back: %s",
                             onym_status_text(status));
    } else {
        status = onym_change_commit(group->change, fault);
    }
    if (status != ONYM_OK) {
        fail_all(changes, batch->count, status);
    }
    return status;
}

static bool
any_removes(const struct onym_changes *changes, size_t count)
{
    size_t i = 0;

    while (i < count && !removes(&changes->group[i]->op)) {
        i++;
    }
    return i < count;
}

enum onym_status
onym_changes_commit(struct onym_changes *changes, struct onym_changes_batch *batch,
                    struct onym_fault *fault)
{
    struct group group = {.changes = changes, .now_ms = onym_clock_epoch_ms()};
    enum onym_status status = commit(&group, batch, fault);

    if (status == ONYM_FULL && !group.is_tight && any_removes(changes, batch->count)) {
        group = (struct group){.changes = changes, .now_ms = group.now_ms, .is_tight = true};
        batch->is_whole = true;
        status = commit(&group, batch, fault);
    }
    if (status == ONYM_OK && group.refused > 0) {
        ONYM_LOG(changes->options.log, ONYM_LOG_ERROR, "store", "store_full",
                 "the store is full: only what removes is taken; set storage.map_size larger, or "
                 "free disk space",
                 onym_log_u64("refused", group.refused));
    }
    return status;
}
