/* What the files of an operation share. For core/op*.c alone. */
#ifndef ONYM_CORE_OP_PRIV_H
#define ONYM_CORE_OP_PRIV_H

#include "core/op.h"

/* A value by its bytes: enough to find, compare, order and copy it. */
struct onym_op_item {
    uint32_t index;
    uint32_t place; /* in the order it was read */
    onym_span raw;
    bool fresh; /* gets a new timestamp when written */
};

/* Values in order of index, so that one is found by halving. */
struct onym_op_items {
    struct onym_op_item *item; /* in the arena */
    size_t count;
};

/* Both sides of an operation. */
struct onym_op_sides {
    struct onym_op_items old;     /* empty without a record */
    struct onym_op_items request; /* CREATE, ADD, MODIFY; else empty */
};

/* Reads the values of old (may be NULL) and of op into the arena. ONYM_OK, ONYM_CORRUPT,
 * ONYM_MALFORMED (op), ONYM_NO_SPACE. */
ONYM_MUST_USE enum onym_status onym_op_sides_read(const struct onym_operation *op,
                                                  const struct onym_record *old,
                                                  struct onym_arena *arena,
                                                  struct onym_op_sides *out);

/* Everything in front of the rights, of both sides as they were read: onym_op_before_rights. */
ONYM_MUST_USE enum onym_status onym_op_state_check(const struct onym_operation *op,
                                                   const struct onym_record *old,
                                                   const struct onym_op_sides *sides,
                                                   struct onym_op_fault *fault);

/* The value with that index, or NULL. */
const struct onym_op_item *onym_op_items_find(const struct onym_op_items *items, uint32_t index);

/* An index that occurs twice, or 0. */
uint32_t onym_op_items_twice(const struct onym_op_items *items);

/* Back into the order they were read in (place); finding does not work afterwards. */
void onym_op_items_order(struct onym_op_items *items);

/* Sorts numbers; for a plain check of indexes. */
void onym_op_sort_u32(uint32_t *number, size_t count);

/* Whether two values of one index are the same but for the timestamp. */
bool onym_op_same(onym_span a, onym_span b);
/* The permissions and the type of a value's bytes. */
uint8_t onym_op_permissions(onym_span raw);
bool onym_op_is_admin(onym_span raw);

/* Whether anybody may write `to` in the place of `from`: not where one of them is an administrator,
 * a group of such or a key, by which rights would be gained. */
bool onym_op_is_open(onym_span from, onym_span to);

/* What a value may not be, whoever sends it. ONYM_OK or ONYM_VALUE_INVALID with *fault. */
ONYM_MUST_USE enum onym_status onym_op_value_check(const struct onym_value *value,
                                                   struct onym_op_fault *fault);

/* The full name an operation is about, in the spelling of the request: section 15 and 18.1. Empty
 * when cap is too small. */
onym_span onym_op_full_name(const struct onym_operation *op, uint8_t *out, size_t cap);

/* The kind of record an action is about. */
static inline enum onym_kind
onym_op_kind(enum onym_action action)
{
    return action == ONYM_ACTION_HOME || action == ONYM_ACTION_UNHOME    ? ONYM_KIND_PREFIX
           : action == ONYM_ACTION_ISSUE || action == ONYM_ACTION_REVOKE ? ONYM_KIND_TOKEN
                                                                         : ONYM_KIND_HANDLE;
}

/* "0.NA/P.x" and its like: a prefix record with a prefix above it. */
bool onym_op_is_derived(onym_span folded);

static inline enum onym_status
onym_op_refuse(struct onym_op_fault *fault, enum onym_status status, const char *why,
               uint32_t index)
{
    *fault = (struct onym_op_fault){.why = why, .index = index};
    return status;
}

#endif
