/* What is submitted, copied into blocks that borrow from nobody. */
#include "server/changes_priv.h"

#include <stdlib.h>

#define PREFIX_FRONT_LEN 5U /* "0.NA/", which onym_op_target may put in front */
/* What onym_op_target works in. */
#define TARGET_ROOM (2U * ONYM_PREFIX_NAME_LEN_MAX)

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

void
onym_changes_item_free(struct onym_changes_item *item, struct onym_changes_pool *pool)
{
    size_t size = size_of(item->bytes);
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

struct onym_changes_item *
onym_changes_item_new(struct onym_changes *changes, const struct onym_operation *op,
                      const struct onym_identity *who, struct onym_change_ticket ticket,
                      enum onym_status *status)
{
    size_t bytes = onym_changes_item_bytes(op, who);
    struct onym_changes_sink *sink = &changes->sink[ticket.worker];
    struct onym_changes_pool *pool = sink->wake != NULL ? &sink->pool : NULL;
    struct onym_changes_item *item = take_block(pool, bytes);
    uint8_t room[TARGET_ROOM];
    struct onym_arena scratch = {.at = room, .cap = sizeof room};
    uint8_t *at;

    if (item == NULL) {
        *status = ONYM_NO_MEMORY;
        return NULL;
    }
    memset(item, 0, sizeof *item);
    at = item->data;
    item->bytes = bytes;
    item->op = *op;
    item->op.name = keep(&at, op->name);
    item->op.values.raw = keep(&at, op->values.raw);
    item->op.indexes.raw = keep(&at, op->indexes.raw);
    item->op.minted = keep(&at, op->minted);
    item->op.principal.handle = keep(&at, op->principal.handle);
    item->op.address = keep(&at, cut(op->address, ONYM_ENTRY_ADDRESS_MAX));
    item->who = *who;
    item->who.handle = keep(&at, who->handle);
    *status = onym_op_target(&item->op, &scratch, &item->target);
    if (*status != ONYM_OK) {
        onym_changes_item_free(item, pool);
        return NULL;
    }
    item->target.name = keep(&at, item->target.name);
    item->target.folded = keep(&at, item->target.folded);
    item->name = at;
    onym_changes_draft(changes, ticket.worker, item, at + item->target.name.len,
                       onym_changes_draft_room(op, item->target.name.len));
    item->result.ticket = ticket;
    item->result.name = item->target.name;
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
