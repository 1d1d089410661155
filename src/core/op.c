#include "core/op_priv.h"

#include "base/bytes.h"

static enum onym_status
check_add(const struct onym_operation *op, const struct onym_op_sides *sides,
          struct onym_op_fault *fault)
{
    for (size_t i = 0; i < sides->request.count; i++) {
        const struct onym_op_item *to = &sides->request.item[i];
        const struct onym_op_item *from = onym_op_items_find(&sides->old, to->index);

        if (from == NULL) {
            continue;
        }
        if (!op->overwrite) {
            return onym_op_refuse(fault, ONYM_VALUE_EXISTS, "the index is in use", to->index);
        }
        if ((onym_op_permissions(from->raw) & ONYM_PERM_ADMIN_WRITE) == 0 &&
            !onym_op_same(from->raw, to->raw)) {
            return onym_op_refuse(fault, ONYM_VALUE_FORBIDS,
                                  "the value is not writable for administrators", to->index);
        }
    }
    return ONYM_OK;
}

static enum onym_status
check_remove(const struct onym_operation *op, const struct onym_op_sides *sides,
             struct onym_op_fault *fault)
{
    onym_span cursor = op->indexes.raw;
    uint32_t index;

    if (op->indexes.count == 0) {
        return onym_op_refuse(fault, ONYM_VALUE_NOT_FOUND, "no indexes given", 0);
    }
    while (onym_u32_next(&cursor, &index)) {
        if (onym_op_items_find(&sides->old, index) == NULL) {
            return onym_op_refuse(fault, ONYM_VALUE_NOT_FOUND, "no value has the index", index);
        }
    }
    return ONYM_OK;
}

/* A missing index is told in front of a value that forbids. */
static enum onym_status
check_modify(const struct onym_op_sides *sides, struct onym_op_fault *fault)
{
    for (size_t i = 0; i < sides->request.count; i++) {
        uint32_t index = sides->request.item[i].index;

        if (onym_op_items_find(&sides->old, index) == NULL) {
            return onym_op_refuse(fault, ONYM_VALUE_NOT_FOUND, "no value has the index", index);
        }
    }
    for (size_t i = 0; i < sides->request.count; i++) {
        uint32_t index = sides->request.item[i].index;
        const struct onym_op_item *from = onym_op_items_find(&sides->old, index);

        if (from != NULL && (onym_op_permissions(from->raw) & ONYM_PERM_ADMIN_WRITE) == 0) {
            return onym_op_refuse(fault, ONYM_VALUE_FORBIDS,
                                  "the value is not writable for administrators", index);
        }
    }
    return ONYM_OK;
}

static bool
is_open(const struct onym_op_sides *sides)
{
    for (size_t i = 0; i < sides->request.count; i++) {
        const struct onym_op_item *to = &sides->request.item[i];
        const struct onym_op_item *from = onym_op_items_find(&sides->old, to->index);

        if (from == NULL || !onym_op_is_open(from->raw, to->raw)) {
            return false;
        }
    }
    return sides->request.count > 0;
}

enum onym_status
onym_op_state_check(const struct onym_operation *op, const struct onym_record *old,
                    const struct onym_op_sides *sides, struct onym_op_fault *fault)
{
    bool about_old = op->action == ONYM_ACTION_DELETE || op->action == ONYM_ACTION_ADD ||
                     op->action == ONYM_ACTION_REMOVE || op->action == ONYM_ACTION_MODIFY ||
                     op->action == ONYM_ACTION_REVOKE;

    if (about_old && old == NULL) {
        return onym_op_refuse(fault, ONYM_NOT_FOUND, NULL, 0);
    }
    switch (op->action) {
    case ONYM_ACTION_CREATE:
        if (old != NULL && (!op->overwrite || op->expect == ONYM_EXPECT_ABSENT)) {
            return onym_op_refuse(fault, ONYM_EXISTS, NULL, 0);
        }
        if (old == NULL && op->expect == ONYM_EXPECT_PRESENT) {
            return onym_op_refuse(fault, ONYM_NOT_FOUND, NULL, 0);
        }
        return ONYM_OK;
    case ONYM_ACTION_ADD:
        return check_add(op, sides, fault);
    case ONYM_ACTION_REMOVE:
        return check_remove(op, sides, fault);
    case ONYM_ACTION_MODIFY:
        return check_modify(sides, fault);
    case ONYM_ACTION_ISSUE:
        return old == NULL ? ONYM_OK : onym_op_refuse(fault, ONYM_EXISTS, NULL, 0);
    case ONYM_ACTION_DELETE:
    case ONYM_ACTION_HOME:
    case ONYM_ACTION_UNHOME:
    case ONYM_ACTION_REVOKE:
    default:
        return ONYM_OK;
    }
}

enum onym_status
onym_op_before_auth(const struct onym_operation *op, const struct onym_record *old,
                    struct onym_arena *arena, struct onym_op_fault *fault)
{
    size_t mark = arena->used;
    struct onym_op_sides sides;
    enum onym_status status;

    *fault = (struct onym_op_fault){0};
    if (op->action != ONYM_ACTION_CREATE && op->action != ONYM_ACTION_MODIFY) {
        return ONYM_AUTH_NEEDED;
    }
    status = onym_op_sides_read(op, old, arena, &sides);
    if (status == ONYM_OK) {
        status = onym_op_state_check(op, old, &sides, fault);
    }
    if (status == ONYM_OK && !(op->action == ONYM_ACTION_MODIFY && is_open(&sides))) {
        status = ONYM_AUTH_NEEDED;
    }
    arena->used = mark;
    return status;
}

enum onym_status
onym_op_before_rights(const struct onym_operation *op, const struct onym_record *old,
                      struct onym_arena *arena, struct onym_op_fault *fault)
{
    size_t mark = arena->used;
    struct onym_op_sides sides;
    enum onym_status status = onym_op_sides_read(op, old, arena, &sides);

    *fault = (struct onym_op_fault){0};
    if (status == ONYM_OK) {
        status = onym_op_state_check(op, old, &sides, fault);
    }
    arena->used = mark;
    return status;
}
