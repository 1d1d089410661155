#include "core/select.h"

#include "base/bytes.h"

/* Without an early end, so that the compiler compares several at a time. */
static bool
wants_index(struct onym_u32_list indexes, uint32_t index)
{
    uint32_t swapped = __builtin_bswap32(index);
    uint32_t found = 0;

    for (uint32_t i = 0; i < indexes.count; i++) {
        uint32_t item;
        memcpy(&item, indexes.raw.at + (size_t)i * 4, sizeof item);
        found |= (uint32_t)(item == swapped);
    }
    return found != 0;
}

static bool
wants_type(struct onym_text_list types, onym_span type)
{
    onym_span wanted;

    while (onym_text_next(&types.raw, &wanted)) {
        if (onym_type_matches(wanted, type)) {
            return true;
        }
    }
    return false;
}

/* Where the copied rest grows once the runs are used up. */
struct rest {
    uint8_t *at;
    size_t len;
};

static enum onym_status
append(struct onym_selection *s, onym_span value, size_t left, struct onym_arena *arena,
       struct rest *rest)
{
    onym_span *last = s->runs > 0 ? &s->run[s->runs - 1] : NULL;

    s->count++;
    s->len += value.len;
    if (rest->at == NULL) {
        if (last != NULL && last->at + last->len == value.at) {
            last->len += value.len;
            return ONYM_OK;
        }
        if (s->runs < ONYM_RUNS_MAX - 1) {
            s->run[s->runs++] = value;
            return ONYM_OK;
        }
        rest->at = onym_arena_take(arena, left);
        if (rest->at == NULL) {
            return ONYM_NO_SPACE;
        }
        s->run[s->runs++] = onym_span_of(rest->at, 0);
    }
    memcpy(rest->at + rest->len, value.at, value.len);
    rest->len += value.len;
    s->run[s->runs - 1].len = rest->len;
    return ONYM_OK;
}

static enum onym_status
select_some(const struct onym_query *query, struct onym_value_list values, struct onym_arena *arena,
            struct onym_selection *out)
{
    struct onym_selection s = {0};
    struct rest rest = {0};
    onym_span cursor = values.raw;

    if (query->indexes.count > ONYM_WANTED_INDEXES_MAX ||
        query->types.count > ONYM_WANTED_TYPES_MAX) {
        return ONYM_MALFORMED;
    }
    for (uint32_t i = 0; i < values.count; i++) {
        size_t left = cursor.len;
        struct onym_value v;

        if (!onym_value_next(&cursor, &v)) {
            return ONYM_CORRUPT;
        }
        if (wants_index(query->indexes, v.index) || wants_type(query->types, v.type)) {
            enum onym_status status = append(&s, v.raw, left, arena, &rest);

            if (status != ONYM_OK) {
                return status;
            }
        }
    }
    *out = s;
    return ONYM_OK;
}

enum onym_status
onym_select(const struct onym_query *query, struct onym_value_list values, struct onym_arena *arena,
            struct onym_selection *out)
{
    if (query->indexes.count == 0 && query->types.count == 0) {
        out->count = values.count;
        out->len = values.raw.len;
        out->run[0] = values.raw;
        out->runs = values.count > 0 ? 1 : 0;
        return ONYM_OK;
    }
    return select_some(query, values, arena, out);
}
