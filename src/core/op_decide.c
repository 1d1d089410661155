#include "core/op_priv.h"

#include "base/bytes.h"

/* One decision on its way. */
struct decision {
    const struct onym_operation *op;
    const struct onym_op_target *target;
    const struct onym_record *old; /* NULL = none */
    struct onym_arena *arena;
    struct onym_op_sides sides;
    struct onym_op_items result;    /* the new record's values in their order */
    bool changed;                   /* something of the content is new */
    bool as_sent;                   /* the values of the request are the new record's, in `sent` */
    struct onym_value_list sent[2]; /* public, private */
    struct onym_op_outcome outcome;
};

static enum onym_status
check_expectation(struct decision *d)
{
    const struct onym_operation *op = d->op;

    if (op->expect == ONYM_EXPECT_ABSENT && d->old != NULL) {
        return onym_op_refuse(&d->outcome.fault, ONYM_EXISTS, NULL, 0);
    }
    if (op->expect == ONYM_EXPECT_REVISION &&
        (d->old == NULL || d->old->revision != op->revision ||
         (op->created_ms != 0 && d->old->created_ms != op->created_ms))) {
        return onym_op_refuse(&d->outcome.fault, ONYM_STALE, NULL, 0);
    }
    return ONYM_OK;
}

static enum onym_status
over_limit(struct decision *d)
{
    return onym_op_refuse(&d->outcome.fault, ONYM_VALUE_INVALID,
                          "a record has room for 2048 values of 258048 bytes together", 0);
}

/* Makes room for the values of the new record, count of them. */
static enum onym_status
start_result(struct decision *d, size_t count)
{
    if (count > ONYM_VALUES_MAX) {
        return over_limit(d);
    }
    d->result.item = onym_arena_take(d->arena, count * sizeof *d->result.item);
    d->result.count = 0;
    return d->result.item != NULL ? ONYM_OK : ONYM_NO_SPACE;
}

/* Puts `to` where `from` (NULL = nothing) was. Content that is the same keeps its timestamp. */
static void
put(struct decision *d, const struct onym_op_item *from, const struct onym_op_item *to)
{
    struct onym_op_item *item = &d->result.item[d->result.count++];

    if (from != NULL && onym_op_same(from->raw, to->raw)) {
        *item = *from;
    } else {
        *item = *to;
        item->fresh = true;
        d->changed = true;
    }
}

static enum onym_status
plan_create(struct decision *d)
{
    const struct onym_op_items *request = &d->sides.request;
    enum onym_status status = start_result(d, request->count);

    if (status != ONYM_OK) {
        return status;
    }
    d->changed = d->old == NULL || d->sides.old.count != request->count;
    for (size_t i = 0; i < request->count; i++) {
        const struct onym_op_item *to = &request->item[i];

        put(d, onym_op_items_find(&d->sides.old, to->index), to);
        d->result.item[i].place = to->place;
    }
    onym_op_items_order(&d->result);
    d->outcome.replaced = d->old != NULL;
    return ONYM_OK;
}

/* Both sides are in order of index, and so is what they give together. */
static enum onym_status
plan_add(struct decision *d)
{
    const struct onym_op_items *old = &d->sides.old;
    const struct onym_op_items *request = &d->sides.request;
    size_t met = 0;
    size_t a = 0;
    enum onym_status status;

    for (size_t i = 0; i < request->count; i++) {
        met += onym_op_items_find(old, request->item[i].index) != NULL;
    }
    status = start_result(d, old->count + request->count - met);
    if (status != ONYM_OK) {
        return status;
    }
    for (size_t i = 0; i < request->count; i++) {
        const struct onym_op_item *to = &request->item[i];

        while (a < old->count && old->item[a].index < to->index) {
            d->result.item[d->result.count++] = old->item[a++];
        }
        if (a < old->count && old->item[a].index == to->index) {
            put(d, &old->item[a++], to);
        } else {
            put(d, NULL, to);
        }
    }
    while (a < old->count) {
        d->result.item[d->result.count++] = old->item[a++];
    }
    d->outcome.replaced = met > 0;
    return ONYM_OK;
}

/* Rejects what onym_op_form leaves to the end of a MODIFY. */
static enum onym_status
check_modified(struct decision *d)
{
    onym_span cursor = d->op->values.raw;
    uint32_t twice = onym_op_items_twice(&d->sides.request);
    struct onym_value value;

    if (d->sides.request.count == 0) {
        return onym_op_refuse(&d->outcome.fault, ONYM_VALUE_INVALID, "no values to modify", 0);
    }
    if (twice != 0) {
        return onym_op_refuse(&d->outcome.fault, ONYM_VALUE_INVALID,
                              "an index occurs twice in the request", twice);
    }
    while (onym_value_next(&cursor, &value)) {
        enum onym_status status = onym_op_value_check(&value, &d->outcome.fault);

        if (status != ONYM_OK) {
            return status;
        }
    }
    return ONYM_OK;
}

static enum onym_status
plan_modify(struct decision *d)
{
    const struct onym_op_items *old = &d->sides.old;
    enum onym_status status = check_modified(d);

    if (status == ONYM_OK) {
        status = start_result(d, old->count);
    }
    for (size_t i = 0; i < old->count && status == ONYM_OK; i++) {
        const struct onym_op_item *from = &old->item[i];
        const struct onym_op_item *to = onym_op_items_find(&d->sides.request, from->index);

        put(d, from, to != NULL ? to : from);
        d->result.item[i].place = from->place;
    }
    onym_op_items_order(&d->result);
    return status;
}

static enum onym_status
plan_remove(struct decision *d)
{
    const struct onym_op_items *old = &d->sides.old;
    uint32_t gone[ONYM_VALUES_MAX];
    size_t count = 0;
    size_t next = 0;
    onym_span cursor = d->op->indexes.raw;
    enum onym_status status = start_result(d, old->count);

    if (status != ONYM_OK) {
        return status;
    }
    while (count < ONYM_VALUES_MAX && onym_u32_next(&cursor, &gone[count])) {
        count++;
    }
    onym_op_sort_u32(gone, count);
    for (size_t i = 0; i < old->count; i++) {
        while (next < count && gone[next] < old->item[i].index) {
            next++;
        }
        if (next == count || gone[next] != old->item[i].index) {
            d->result.item[d->result.count++] = old->item[i];
        }
    }
    onym_op_items_order(&d->result);
    d->changed = true;
    return ONYM_OK;
}

static bool
is_public(const struct onym_op_item *item)
{
    return (onym_op_permissions(item->raw) & ONYM_PERM_PUBLIC_READ) != 0;
}

static uint32_t
timestamp(const struct decision *d)
{
    uint64_t now_s = d->op->now_ms / 1000;

    return now_s < UINT32_MAX ? (uint32_t)now_s : UINT32_MAX;
}

/* Where there is nothing, values whose bytes need no change stay where they are: they have this
 * very timestamp, and public ones stand in front of private ones. Rows of an import mostly are so.
 * False: they are to be written, if they are in order at all. */
static bool
take_as_sent(struct decision *d)
{
    const struct onym_operation *op = d->op;
    onym_span cursor = op->values.raw;
    uint32_t public = 0;
    size_t public_len = 0;
    struct onym_value value;

    if (d->old != NULL || (op->action != ONYM_ACTION_CREATE && op->action != ONYM_ACTION_ISSUE)) {
        return false;
    }
    for (uint32_t i = 0; i < op->values.count; i++) {
        if (!onym_value_next(&cursor, &value) || value.timestamp != timestamp(d)) {
            return false;
        }
        if ((value.permissions & ONYM_PERM_PUBLIC_READ) != 0) {
            if (public < i) {
                return false;
            }
            public = i + 1;
            public_len += value.raw.len;
        }
    }
    d->sent[0] = (struct onym_value_list){.raw = onym_span_front(op->values.raw, public_len),
                                          .count = public};
    d->sent[1] = (struct onym_value_list){.raw = onym_span_from(op->values.raw, public_len),
                                          .count = op->values.count - public};
    return cursor.len == 0 && op->values.count <= ONYM_VALUES_MAX &&
           op->values.raw.len <= ONYM_VALUES_LEN_MAX;
}

/* Copies the values of one part in their order to `at`. */
static struct onym_value_list
write_part(const struct decision *d, bool of_public, uint8_t *at)
{
    struct onym_value_list list = {.raw = onym_span_of(at, 0)};

    for (size_t i = 0; i < d->result.count; i++) {
        const struct onym_op_item *item = &d->result.item[i];

        if (is_public(item) != of_public) {
            continue;
        }
        memcpy(at + list.raw.len, item->raw.at, item->raw.len);
        if (item->fresh) {
            onym_put_u32(at + list.raw.len + 4, timestamp(d));
        }
        list.raw.len += item->raw.len;
        list.count++;
    }
    return list;
}

static enum onym_status
write_values(struct decision *d)
{
    struct onym_record *record = &d->outcome.record;
    size_t len = 0;
    uint8_t *at;

    if (d->as_sent) {
        record->public_values = d->sent[0];
        record->private_values = d->sent[1];
        return ONYM_OK;
    }
    for (size_t i = 0; i < d->result.count; i++) {
        len += d->result.item[i].raw.len;
    }
    if (len > ONYM_VALUES_LEN_MAX) {
        return over_limit(d);
    }
    at = onym_arena_take(d->arena, len);
    if (at == NULL) {
        return ONYM_NO_SPACE;
    }
    record->public_values = write_part(d, true, at);
    record->private_values = write_part(d, false, at + record->public_values.raw.len);
    return ONYM_OK;
}

/* The record around its values. */
static enum onym_status
write_record(struct decision *d)
{
    struct onym_record *record = &d->outcome.record;

    d->outcome.effect = ONYM_OP_STORE;
    if (d->old != NULL && d->old->revision >= ONYM_REVISION_MAX) {
        return onym_op_refuse(&d->outcome.fault, ONYM_UNSUPPORTED,
                              "the record has had the last revision there is, 281474976710655; "
                              "delete it and create it anew",
                              0);
    }
    if (d->old != NULL) {
        *record = *d->old;
        record->revision = d->old->revision + 1;
    } else {
        *record = (struct onym_record){.name = d->target->name,
                                       .state = ONYM_STATE_ACTIVE,
                                       .revision = 1,
                                       .created_ms = d->op->now_ms};
    }
    record->modified_ms = d->op->now_ms > record->created_ms ? d->op->now_ms : record->created_ms;
    return write_values(d);
}

static enum onym_status
plan_values(struct decision *d)
{
    switch (d->op->action) {
    case ONYM_ACTION_CREATE:
    case ONYM_ACTION_ISSUE:
        return plan_create(d);
    case ONYM_ACTION_ADD:
        return plan_add(d);
    case ONYM_ACTION_REMOVE:
        return plan_remove(d);
    case ONYM_ACTION_MODIFY:
        return plan_modify(d);
    case ONYM_ACTION_HOME:
        d->changed = d->old == NULL;
        return ONYM_OK;
    case ONYM_ACTION_DELETE:
    case ONYM_ACTION_UNHOME:
    case ONYM_ACTION_REVOKE:
    default:
        return ONYM_UNSUPPORTED;
    }
}

static enum onym_status
decide(struct decision *d)
{
    enum onym_status status;

    if (d->op->action == ONYM_ACTION_DELETE || d->op->action == ONYM_ACTION_UNHOME ||
        d->op->action == ONYM_ACTION_REVOKE) {
        if (d->old == NULL) {
            return onym_op_refuse(&d->outcome.fault, ONYM_NOT_FOUND, NULL, 0);
        }
        d->outcome.effect = ONYM_OP_ERASE;
        d->outcome.record = *d->old;
        return ONYM_OK;
    }
    status = d->as_sent ? ONYM_OK : plan_values(d);
    if (status != ONYM_OK) {
        return status;
    }
    /* told only here, behind the rights: private values would else be found out by guessing */
    if (d->op->expect == ONYM_EXPECT_SAME && d->old != NULL && d->changed) {
        return onym_op_refuse(&d->outcome.fault, ONYM_EXISTS, NULL, 0);
    }
    if (d->changed || d->old == NULL) {
        return write_record(d);
    }
    d->outcome.effect = ONYM_OP_UNCHANGED;
    d->outcome.record = *d->old;
    return ONYM_OK;
}

enum onym_status
onym_op_decide(const struct onym_operation *op, const struct onym_record *old,
               struct onym_arena *arena, struct onym_op_outcome *out)
{
    size_t mark = arena->used;
    struct onym_op_target target;
    enum onym_status status = onym_op_form(op, &out->fault);

    if (status == ONYM_OK) {
        status = onym_op_target(op, arena, &target);
    }
    if (status == ONYM_OK) {
        status = onym_op_decide_formed(op, &target, old, arena, out);
    }
    if (status != ONYM_OK) {
        arena->used = mark;
    }
    return status;
}

enum onym_status
onym_op_decide_formed(const struct onym_operation *op, const struct onym_op_target *target,
                      const struct onym_record *old, struct onym_arena *arena,
                      struct onym_op_outcome *out)
{
    size_t mark = arena->used;
    struct decision d = {.op = op, .target = target, .old = old, .arena = arena};
    enum onym_status status = ONYM_OK;

    d.as_sent = take_as_sent(&d);
    if (!d.as_sent) {
        status = onym_op_sides_read(op, old, arena, &d.sides);
    }
    if (status == ONYM_OK) {
        status = onym_op_state_check(op, old, &d.sides, &d.outcome.fault);
    }
    if (status == ONYM_OK) {
        status = check_expectation(&d);
    }
    if (status == ONYM_OK) {
        d.outcome.kind = onym_op_kind(op->action);
        d.outcome.as_sent = d.as_sent;
        status = decide(&d);
    }
    if (status == ONYM_OK) {
        *out = d.outcome;
    } else {
        arena->used = mark;
        out->fault = d.outcome.fault;
    }
    return status;
}
