/* What a creation makes where there is nothing yet, worked out on the thread that submits it. The
 * decision is a pure function: what it says of no record now, it says whenever there is none. */
#include "server/changes_priv.h"

#include <stdlib.h>

/* Larger records are rare, and would be held twice by what waits. */
#define VALUES_LEN_MAX ((size_t)8 << 10)
/* The decision's memory, for values of that length. Where it is not enough there is no draft. */
#define ARENA_LEN ((size_t)64 << 10)

bool
onym_changes_drafter_open(struct onym_changes_drafter *drafter)
{
    drafter->arena = (struct onym_arena){.at = malloc(ARENA_LEN), .cap = ARENA_LEN};
    if (drafter->arena.at == NULL || onym_digester_new(&drafter->digester) != ONYM_OK) {
        onym_changes_drafter_close(drafter);
    }
    return drafter->digester != NULL;
}

void
onym_changes_drafter_close(struct onym_changes_drafter *drafter)
{
    onym_digester_free(drafter->digester);
    free(drafter->arena.at);
    *drafter = (struct onym_changes_drafter){0};
}

size_t
onym_changes_draft_room(const struct onym_operation *op, size_t name_len)
{
    return op->action == ONYM_ACTION_CREATE && op->values.raw.len <= VALUES_LEN_MAX
               ? onym_draft_room(name_len, op->values.raw.len)
               : 0;
}

bool
onym_changes_make(const struct onym_changes *changes, unsigned worker,
                  const struct onym_operation *op, const struct onym_op_target *target,
                  struct onym_op_outcome *out)
{
    struct onym_arena arena = changes->sink[worker].drafter.arena;

    return changes->sink[worker].drafter.digester != NULL &&
           onym_changes_draft_room(op, target->name.len) > 0 &&
           onym_op_decide_formed(op, target, NULL, &arena, out) == ONYM_OK &&
           out->effect == ONYM_OP_STORE;
}

bool
onym_changes_draft(const struct onym_changes *changes, unsigned worker,
                   const struct onym_op_target *target, const struct onym_op_outcome *made,
                   uint8_t *room, struct onym_draft *out)
{
    const struct onym_record *record = &made->record;
    size_t len = onym_draft_room(record->name.len,
                                 record->public_values.raw.len + record->private_values.raw.len);

    return onym_draft_make(changes->options.env, changes->log_hash, target->folded, record,
                           changes->sink[worker].drafter.digester, room, len, out) == ONYM_OK;
}
