#include "core/op_priv.h"

#include "onym/model/ident.h"

#define FRONT_LEN 5U /* of "0.NA/" */

static bool
has_slash(onym_span name)
{
    return name.len > 0 && memchr(name.at, '/', name.len) != NULL;
}

onym_span
onym_op_full_name(const struct onym_operation *op, uint8_t *out, size_t cap)
{
    bool mints = op->action == ONYM_ACTION_CREATE && op->mint;
    bool slash = has_slash(op->name) || onym_op_kind(op->action) == ONYM_KIND_TOKEN;
    onym_span front = onym_span_text(mints || slash ? "" : "0.NA/");
    onym_span parts[4] = {front, op->name, onym_span_text(mints && !slash ? "/" : ""),
                          mints ? op->minted : onym_span_of(NULL, 0)};
    size_t len = 0;

    for (size_t i = 0; i < 4; i++) {
        if (parts[i].len > cap - len) {
            return onym_span_of(NULL, 0);
        }
        if (parts[i].len > 0) {
            memcpy(out + len, parts[i].at, parts[i].len);
            len += parts[i].len;
        }
    }
    return onym_span_of(out, len);
}

onym_span
onym_op_fold(onym_span name, uint8_t *out, size_t cap)
{
    size_t front = has_slash(name) ? 0 : FRONT_LEN;

    if (name.len == 0 || name.len > cap || front > cap - name.len) {
        return onym_span_of(NULL, 0);
    }
    if (front > 0) {
        memcpy(out, "0.NA/", FRONT_LEN);
    }
    onym_ident_upper(name, out + front);
    return onym_span_of(out, front + name.len);
}

enum onym_status
onym_op_target(const struct onym_operation *op, struct onym_arena *arena,
               struct onym_op_target *out)
{
    size_t mark = arena->used;
    uint8_t *room;
    struct onym_op_target target;

    if (op->name.len == 0) {
        return ONYM_NOT_FOUND;
    }
    if (op->name.len > ONYM_NAME_LEN_MAX) {
        return ONYM_NAME_INVALID;
    }
    room = onym_arena_take(arena, (size_t)2 * ONYM_PREFIX_NAME_LEN_MAX);
    if (room == NULL) {
        return ONYM_NO_SPACE;
    }
    target.kind = onym_op_kind(op->action);
    target.name = onym_op_full_name(op, room, ONYM_PREFIX_NAME_LEN_MAX);
    if (target.name.len == 0) {
        arena->used = mark;
        return ONYM_NAME_INVALID; /* minted behind a stem that is too long */
    }
    if (target.kind == ONYM_KIND_TOKEN) {
        onym_ident_upper(target.name, room + target.name.len);
        target.folded = onym_span_of(room + target.name.len, target.name.len);
    } else {
        target.folded = onym_op_fold(target.name, room + target.name.len, ONYM_PREFIX_NAME_LEN_MAX);
    }
    onym_arena_trim(arena, target.folded.at + target.folded.len);
    *out = target;
    return ONYM_OK;
}

/* The prefix a folded prefix record is about; empty for other names. */
static onym_span
prefix_of(onym_span folded)
{
    onym_span prefix = onym_span_from(folded, FRONT_LEN);

    if (folded.len <= FRONT_LEN || memcmp(folded.at, "0.NA/", FRONT_LEN) != 0 ||
        has_slash(prefix)) {
        return onym_span_of(NULL, 0);
    }
    return prefix;
}

bool
onym_op_is_derived(onym_span folded)
{
    return onym_prefix_parent(prefix_of(folded)).len > 0;
}

onym_span
onym_op_where_name(onym_span target_folded, enum onym_op_where where, uint8_t *out, size_t cap)
{
    onym_span parent;

    switch (where) {
    case ONYM_OP_IN_PREFIX:
        return onym_ident_prefix_record(target_folded, out, cap);
    case ONYM_OP_IN_PARENT:
        parent = onym_prefix_parent(prefix_of(target_folded));
        return onym_op_fold(parent, out, cap);
    case ONYM_OP_IN_RECORD:
    default:
        return onym_op_fold(target_folded, out, cap);
    }
}
