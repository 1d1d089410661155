#include "core/op_priv.h"

#include "onym/model/hs_admin.h"

static uint16_t
add_bit(onym_span raw)
{
    return onym_op_is_admin(raw) ? ONYM_ADMIN_ADD_ADMIN : ONYM_ADMIN_ADD_VALUE;
}

static uint16_t
remove_bit(onym_span raw)
{
    return onym_op_is_admin(raw) ? ONYM_ADMIN_REMOVE_ADMIN : ONYM_ADMIN_REMOVE_VALUE;
}

/* Across the border of HS_ADMIN both sides count. */
static uint16_t
modify_bits(onym_span from, onym_span to)
{
    if (onym_op_is_admin(from)) {
        return onym_op_is_admin(to) ? ONYM_ADMIN_MODIFY_ADMIN
                                    : ONYM_ADMIN_REMOVE_ADMIN | ONYM_ADMIN_MODIFY_VALUE;
    }
    return onym_op_is_admin(to) ? ONYM_ADMIN_MODIFY_VALUE | ONYM_ADMIN_ADD_ADMIN
                                : ONYM_ADMIN_MODIFY_VALUE;
}

static void
allow(struct onym_op_rights *rights, enum onym_op_where where, unsigned bits)
{
    rights->right[rights->count++] = (struct onym_op_right){.where = where, .bits = (uint16_t)bits};
}

/* The sum of what a new record changes in the old one. A record sent again as it was counts as
 * modified, so that nobody without rights can guess at private values; *all_same says so. */
static unsigned
replace_bits(const struct onym_op_sides *sides, bool *all_same)
{
    unsigned changed = 0;
    unsigned same = 0;

    for (size_t i = 0; i < sides->request.count; i++) {
        onym_span to = sides->request.item[i].raw;
        const struct onym_op_item *from = onym_op_items_find(&sides->old,
                                                             sides->request.item[i].index);

        if (from == NULL) {
            changed |= add_bit(to);
        } else if (onym_op_same(from->raw, to)) {
            same |= modify_bits(from->raw, to);
        } else {
            changed |= modify_bits(from->raw, to);
        }
    }
    for (size_t i = 0; i < sides->old.count; i++) {
        if (onym_op_items_find(&sides->request, sides->old.item[i].index) == NULL) {
            changed |= remove_bit(sides->old.item[i].raw);
        }
    }
    *all_same = changed == 0;
    return changed != 0 ? changed : same;
}

static unsigned
add_bits(const struct onym_op_sides *sides)
{
    unsigned bits = 0;

    for (size_t i = 0; i < sides->request.count; i++) {
        onym_span to = sides->request.item[i].raw;
        const struct onym_op_item *from = onym_op_items_find(&sides->old,
                                                             sides->request.item[i].index);

        bits |= from == NULL ? add_bit(to) : modify_bits(from->raw, to);
    }
    return bits;
}

static unsigned
remove_bits(const struct onym_operation *op, const struct onym_op_sides *sides)
{
    onym_span cursor = op->indexes.raw;
    unsigned bits = 0;
    uint32_t index;

    while (onym_u32_next(&cursor, &index)) {
        const struct onym_op_item *from = onym_op_items_find(&sides->old, index);

        bits |= from == NULL ? ONYM_ADMIN_REMOVE_VALUE : remove_bit(from->raw);
    }
    return bits;
}

static void
allow_modify(const struct onym_op_sides *sides, struct onym_op_rights *out)
{
    unsigned bits = 0;

    for (size_t i = 0; i < sides->request.count; i++) {
        onym_span to = sides->request.item[i].raw;
        const struct onym_op_item *from = onym_op_items_find(&sides->old,
                                                             sides->request.item[i].index);

        if (from == NULL) {
            bits |= ONYM_ADMIN_MODIFY_VALUE;
        } else if (!onym_op_is_open(from->raw, to)) {
            bits |= modify_bits(from->raw, to);
        }
    }
    if (bits == 0 && sides->request.count > 0) {
        out->anybody = true;
        return;
    }
    allow(out, ONYM_OP_IN_RECORD, bits != 0 ? bits : ONYM_ADMIN_MODIFY_VALUE);
}

/* CREATE of what is not there, and DELETE. */
static enum onym_status
allow_by_prefix(const struct onym_operation *op, struct onym_arena *arena,
                struct onym_op_rights *out)
{
    struct onym_op_target target;
    enum onym_status status = onym_op_target(op, arena, &target);
    bool creates = op->action == ONYM_ACTION_CREATE;

    if (status != ONYM_OK) {
        return status;
    }
    if (!creates) {
        allow(out, ONYM_OP_IN_RECORD, ONYM_ADMIN_DELETE_HANDLE);
    }
    if (onym_op_is_derived(target.folded)) {
        allow(out, ONYM_OP_IN_PARENT, creates ? ONYM_ADMIN_ADD_PREFIX : ONYM_ADMIN_DELETE_PREFIX);
    } else {
        allow(out, ONYM_OP_IN_PREFIX, creates ? ONYM_ADMIN_ADD_HANDLE : ONYM_ADMIN_DELETE_HANDLE);
    }
    return ONYM_OK;
}

/* CREATE of what is there. Sending a record again as it is changes nothing, so it is also open to
 * who may see that it is the same: who may create it, or read it when some of it is private. */
static enum onym_status
allow_replace(const struct onym_operation *op, const struct onym_record *old,
              const struct onym_op_sides *sides, struct onym_arena *arena,
              struct onym_op_rights *out)
{
    bool same;
    unsigned bits = replace_bits(sides, &same);

    if (bits != 0) {
        allow(out, ONYM_OP_IN_RECORD, bits);
    }
    allow(out, ONYM_OP_IN_RECORD, ONYM_ADMIN_ADD_ADMIN);
    allow(out, ONYM_OP_IN_RECORD, ONYM_ADMIN_DELETE_HANDLE);
    if (same && old->private_values.count > 0) {
        allow(out, ONYM_OP_IN_RECORD, ONYM_ADMIN_READ_VALUE);
    } else if (same) {
        return allow_by_prefix(op, arena, out);
    }
    return ONYM_OK;
}

enum onym_status
onym_op_rights_needed(const struct onym_operation *op, const struct onym_record *old,
                      struct onym_arena *arena, struct onym_op_rights *out)
{
    size_t mark = arena->used;
    struct onym_op_rights rights = {0};
    struct onym_op_sides sides;
    enum onym_status status = onym_op_sides_read(op, old, arena, &sides);

    if (status == ONYM_OK) {
        switch (op->action) {
        case ONYM_ACTION_CREATE:
            if (old != NULL) {
                status = allow_replace(op, old, &sides, arena, &rights);
            } else {
                status = allow_by_prefix(op, arena, &rights);
            }
            break;
        case ONYM_ACTION_DELETE:
            status = allow_by_prefix(op, arena, &rights);
            break;
        case ONYM_ACTION_ADD:
            allow(&rights, ONYM_OP_IN_RECORD, add_bits(&sides));
            break;
        case ONYM_ACTION_REMOVE:
            allow(&rights, ONYM_OP_IN_RECORD, remove_bits(op, &sides));
            break;
        case ONYM_ACTION_MODIFY:
            allow_modify(&sides, &rights);
            break;
        case ONYM_ACTION_HOME:
        case ONYM_ACTION_UNHOME:
        case ONYM_ACTION_ISSUE: /* core/authz.h has rules of its own for tokens */
        case ONYM_ACTION_REVOKE:
        default:
            break; /* only server administrators */
        }
    }
    arena->used = mark;
    if (status == ONYM_OK) {
        *out = rights;
    }
    return status;
}
