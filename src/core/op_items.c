#include "core/op_priv.h"

#include "base/bytes.h"
#include "onym/model/ident.h"

/* Where the fields of a value's byte form stand (protocol page, section 9). */
#define AT_TTL_TYPE    8U
#define AT_PERMISSIONS 13U
#define AT_TYPE        14U

static enum onym_status
append(struct onym_op_items *items, struct onym_value_list list, size_t room)
{
    struct onym_value value;

    for (uint32_t i = 0; i < list.count; i++) {
        if (items->count == room || !onym_value_next(&list.raw, &value)) {
            return ONYM_CORRUPT;
        }
        items->item[items->count] = (struct onym_op_item){
            .index = value.index, .place = (uint32_t)items->count, .raw = value.raw};
        items->count++;
    }
    return list.raw.len == 0 ? ONYM_OK : ONYM_CORRUPT;
}

/* Shell's sort over the gaps 3g + 1: short, in place, and bounded by n^1.5 for any input. Records
 * come in order nearly always, and then it is one walk. */
static size_t
first_gap(size_t count)
{
    size_t gap = 1;

    while (gap < count / 3) {
        gap = 3 * gap + 1;
    }
    return gap;
}

static bool
is_before(const struct onym_op_item *a, const struct onym_op_item *b, bool by_place)
{
    return by_place ? a->place < b->place : a->index < b->index;
}

static void
sort(struct onym_op_items *items, bool by_place)
{
    struct onym_op_item *item = items->item;

    for (size_t gap = first_gap(items->count); gap > 0; gap /= 3) {
        for (size_t i = gap; i < items->count; i++) {
            struct onym_op_item moving = item[i];
            size_t at = i;

            while (at >= gap && is_before(&moving, &item[at - gap], by_place)) {
                item[at] = item[at - gap];
                at -= gap;
            }
            item[at] = moving;
        }
    }
}

void
onym_op_sort_u32(uint32_t *number, size_t count)
{
    for (size_t gap = first_gap(count); gap > 0; gap /= 3) {
        for (size_t i = gap; i < count; i++) {
            uint32_t moving = number[i];
            size_t at = i;

            while (at >= gap && moving < number[at - gap]) {
                number[at] = number[at - gap];
                at -= gap;
            }
            number[at] = moving;
        }
    }
}

static enum onym_status
read_lists(const struct onym_value_list lists[2], struct onym_arena *arena,
           struct onym_op_items *out)
{
    size_t room = (size_t)lists[0].count + lists[1].count;
    struct onym_op_items items = {0};
    enum onym_status status;

    if (lists[0].count > ONYM_VALUES_MAX || lists[1].count > ONYM_VALUES_MAX) {
        return ONYM_CORRUPT;
    }
    items.item = onym_arena_take(arena, room * sizeof *items.item);
    if (items.item == NULL) {
        return ONYM_NO_SPACE;
    }
    status = append(&items, lists[0], room);
    if (status == ONYM_OK) {
        status = append(&items, lists[1], room);
    }
    if (status == ONYM_OK) {
        sort(&items, false);
        *out = items;
    }
    return status;
}

enum onym_status
onym_op_sides_read(const struct onym_operation *op, const struct onym_record *old,
                   struct onym_arena *arena, struct onym_op_sides *out)
{
    enum onym_status status = ONYM_OK;

    *out = (struct onym_op_sides){0};
    if (old != NULL) {
        struct onym_value_list lists[2] = {old->public_values, old->private_values};

        status = read_lists(lists, arena, &out->old);
    }
    if (status == ONYM_OK &&
        (op->action == ONYM_ACTION_CREATE || op->action == ONYM_ACTION_ADD ||
         op->action == ONYM_ACTION_MODIFY || op->action == ONYM_ACTION_ISSUE)) {
        struct onym_value_list lists[2] = {op->values, {{NULL, 0}, 0}};

        status = read_lists(lists, arena, &out->request);
        status = status == ONYM_CORRUPT ? ONYM_MALFORMED : status;
    }
    return status;
}

const struct onym_op_item *
onym_op_items_find(const struct onym_op_items *items, uint32_t index)
{
    size_t from = 0;
    size_t to = items->count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (items->item[middle].index < index) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from < items->count && items->item[from].index == index ? &items->item[from] : NULL;
}

uint32_t
onym_op_items_twice(const struct onym_op_items *items)
{
    for (size_t i = 1; i < items->count; i++) {
        if (items->item[i].index == items->item[i - 1].index) {
            return items->item[i].index;
        }
    }
    return 0;
}

void
onym_op_items_order(struct onym_op_items *items)
{
    sort(items, true);
}

bool
onym_op_same(onym_span a, onym_span b)
{
    return a.len == b.len &&
           memcmp(a.at + AT_TTL_TYPE, b.at + AT_TTL_TYPE, a.len - AT_TTL_TYPE) == 0;
}

uint8_t
onym_op_permissions(onym_span raw)
{
    return raw.at[AT_PERMISSIONS];
}

static bool
is_type(onym_span raw, const char *name)
{
    onym_span type = onym_span_of(raw.at + AT_TYPE + 4, onym_get_u32(raw.at + AT_TYPE));

    return onym_text_equal_nocase(type, onym_span_text(name));
}

bool
onym_op_is_admin(onym_span raw)
{
    return is_type(raw, "HS_ADMIN");
}

/* Who may change one of these may become somebody with rights. */
static bool
gives_rights(onym_span raw)
{
    return onym_op_is_admin(raw) || is_type(raw, "HS_VLIST") || is_type(raw, "HS_SECKEY") ||
           is_type(raw, "HS_PUBKEY");
}

bool
onym_op_is_open(onym_span from, onym_span to)
{
    return (onym_op_permissions(from) & ONYM_PERM_PUBLIC_WRITE) != 0 && !gives_rights(from) &&
           !gives_rights(to);
}
