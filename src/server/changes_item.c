/* What is submitted, copied into blocks that borrow from nobody. */
#include "server/changes_priv.h"

#include "base/prefetch.h"

#include <stdlib.h>

#define PREFIX_FRONT_LEN 5U /* "0.NA/", which onym_op_target may put in front */
/* What onym_op_target works in. */
#define TARGET_ROOM (2U * ONYM_PREFIX_NAME_LEN_MAX)

_Static_assert(offsetof(struct onym_changes_item, result) + sizeof(struct onym_change_result) <=
                   (size_t)2 * ONYM_CACHE_LINE,
               "the result comes home in what is fetched ahead");

static onym_span
cut(onym_span span, size_t max)
{
    return onym_span_front(span, max);
}

/* Bytes of the target's name, at most. */
static size_t
target_len(const struct onym_operation *op)
{
    return op->name.len + PREFIX_FRONT_LEN + op->minted.len;
}

size_t
onym_changes_item_bytes(const struct onym_operation *op, const struct onym_identity *who)
{
    return sizeof(struct onym_changes_item) + op->name.len + op->values.raw.len +
           op->indexes.raw.len + op->minted.len + op->principal.handle.len +
           cut(op->address, ONYM_ENTRY_ADDRESS_MAX).len + who->handle.len + 3 * target_len(op) +
           onym_changes_draft_room(op, target_len(op));
}

/* What will be looked at of an item with a block so long, or is about to be made there. */
static void
expect_all(const struct onym_changes_item *item, size_t block)
{
    onym_prefetch_all(item, item->who.scope.text);
    onym_prefetch_all(item->data, (const uint8_t *)item + block);
}

void
onym_changes_item_expect(const struct onym_changes_item *item)
{
    expect_all(item, item->block);
}

void
onym_changes_item_expect_front(const struct onym_changes_item *item)
{
    onym_prefetch_all(item, &item->op.action + 1);
    onym_prefetch_all(item->data, item->data + 1); /* the names */
}

/* The pool's sizes are multiples of its step; SIZES and more: not of the pool. */
static size_t
size_of(size_t bytes)
{
    return (bytes - 1) / ONYM_CHANGES_POOL_STEP;
}

static void *
take_block(struct onym_changes_pool *pool, size_t bytes)
{
    size_t size = size_of(bytes);
    struct onym_wake_block *block;

    if (size >= ONYM_CHANGES_POOL_SIZES) {
        return malloc(bytes);
    }
    block = pool != NULL ? pool->first[size] : NULL;
    if (block == NULL) {
        return malloc((size + 1) * ONYM_CHANGES_POOL_STEP);
    }
    pool->first[size] = block->next;
    pool->bytes -= (size + 1) * ONYM_CHANGES_POOL_STEP;
    return block;
}

/* The block that take_block would give. */
static void
expect_block(const struct onym_changes_pool *pool, size_t bytes)
{
    size_t size = size_of(bytes);

    if (pool != NULL && size < ONYM_CHANGES_POOL_SIZES && pool->first[size] != NULL) {
        expect_all((const struct onym_changes_item *)pool->first[size], bytes);
    }
}

void
onym_changes_item_free(struct onym_changes_item *item, struct onym_changes_pool *pool)
{
    size_t size = size_of(item->block);
    size_t len = (size + 1) * ONYM_CHANGES_POOL_STEP;

    if (pool == NULL || size >= ONYM_CHANGES_POOL_SIZES ||
        len > ONYM_CHANGES_POOL_BYTES - pool->bytes) {
        free(item);
        return;
    }
    item->wake.next = pool->first[size];
    pool->first[size] = &item->wake;
    pool->bytes += len;
}

struct onym_changes_pool *
onym_changes_pool(struct onym_changes *changes, unsigned worker)
{
    struct onym_changes_sink *sink = &changes->sink[worker];

    return sink->wake != NULL ? &sink->pool : NULL;
}

void
onym_changes_pool_empty(struct onym_changes_pool *pool)
{
    for (size_t i = 0; i < ONYM_CHANGES_POOL_SIZES; i++) {
        while (pool->first[i] != NULL) {
            struct onym_wake_block *block = pool->first[i];

            pool->first[i] = block->next;
            free(block);
        }
    }
    pool->bytes = 0;
}

/* Copies span behind *at and moves past it. */
static onym_span
keep(uint8_t **at, onym_span span)
{
    onym_span copy = onym_span_of(*at, span.len);

    if (span.len > 0) {
        memcpy(*at, span.at, span.len);
        *at += span.len;
    }
    return copy;
}

/* The same, but for bytes of which there is a copy already. */
static onym_span
keep_once(uint8_t **at, onym_span span, onym_span copy)
{
    return onym_span_equal(span, copy) ? copy : keep(at, span);
}

/* All but the handle, and of the scope no more than there is. */
static void
keep_identity(struct onym_identity *to, const struct onym_identity *who)
{
    to->index = who->index;
    to->is_server_admin = who->is_server_admin;
    to->scope.limited = who->scope.limited;
    to->scope.bits = who->scope.bits;
    to->scope.len = who->scope.len;
    memcpy(to->scope.text, who->scope.text, who->scope.len);
}

/* The copies of an operation's parts in the item, and its draft in front of them, of `record` when
 * that is not NULL. What two of them have in common, is there once: an import has thousands of
 * items under way, and each line of memory counts. */
static void
fill(struct onym_changes *changes, struct onym_changes_item *item, const struct onym_operation *op,
     const struct onym_identity *who, const struct onym_op_target *target,
     const struct onym_op_outcome *made, unsigned worker)
{
    onym_span values = onym_span_of(NULL, 0);
    uint8_t *at = item->data;

    item->op = *op;
    item->op.name = keep(&at, op->name);
    item->target.kind = target->kind;
    item->target.name = keep_once(&at, target->name, item->op.name);
    item->target.folded = keep_once(&at, target->folded, item->target.name);
    if (made != NULL && onym_changes_draft(changes, worker, target, made, at, &item->draft)) {
        onym_span stored = item->draft.stored;

        item->leaf_len = item->draft.leaf_len;
        at += stored.len;
        values = made->as_sent ? onym_span_from(stored, stored.len - op->values.raw.len) : values;
    }
    item->op.values.raw = values.len > 0 ? values : keep(&at, op->values.raw);
    item->op.indexes.raw = keep(&at, op->indexes.raw);
    item->op.minted = keep(&at, op->minted);
    item->op.address = keep(&at, cut(op->address, ONYM_ENTRY_ADDRESS_MAX));
    keep_identity(&item->who, who);
    item->who.handle = keep(&at, who->handle);
    item->op.principal.handle = keep_once(&at, op->principal.handle, item->who.handle);
    item->name = at;
    item->result.name = item->target.name;
}

struct onym_changes_item *
onym_changes_item_new(struct onym_changes *changes, const struct onym_operation *op,
                      const struct onym_identity *who, struct onym_change_ticket ticket,
                      enum onym_status *status)
{
    size_t bytes = onym_changes_item_bytes(op, who);
    size_t block = bytes;
    struct onym_op_outcome outcome;
    struct onym_op_target target;
    struct onym_changes_item *item;
    uint8_t room[TARGET_ROOM];
    struct onym_arena scratch = {.at = room, .cap = sizeof room};
    bool is_made;

    *status = onym_op_target(op, &scratch, &target);
    if (*status != ONYM_OK) {
        return NULL;
    }
    expect_block(onym_changes_pool(changes, ticket.worker), bytes - op->values.raw.len);
    is_made = onym_changes_make(changes, ticket.worker, op, &target, &outcome);
    if (!is_made) {
        block -= onym_changes_draft_room(op, target_len(op));
    } else if (outcome.as_sent) {
        block -= op->values.raw.len; /* they stand in the draft */
    }
    item = take_block(onym_changes_pool(changes, ticket.worker), block);
    if (item == NULL) {
        *status = ONYM_NO_MEMORY;
        return NULL;
    }
    memset(item, 0, offsetof(struct onym_changes_item, who));
    item->bytes = bytes;
    item->block = block;
    item->result.ticket = ticket;
    fill(changes, item, op, who, &target, is_made ? &outcome : NULL, ticket.worker);
    return item;
}

struct onym_changes_event_item *
onym_changes_event_new(const struct onym_change_event *event)
{
    onym_span principal = cut(event->principal, ONYM_NAME_LEN_MAX);
    onym_span address = cut(event->address, ONYM_ENTRY_ADDRESS_MAX);
    onym_span name = cut(event->name, ONYM_NAME_LEN_MAX);
    struct onym_changes_event_item *item = malloc(sizeof *item + principal.len + address.len +
                                                  name.len);
    uint8_t *at;

    if (item == NULL) {
        return NULL;
    }
    at = item->data;
    item->next = NULL;
    item->event = *event;
    item->event.principal = keep(&at, principal);
    item->event.address = keep(&at, address);
    item->event.name = keep(&at, name);
    return item;
}
