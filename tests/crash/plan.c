#include "plan.h"

#include "base/bytes.h"
#include "base/require.h"
#include "base/rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEW_NAME_OF_10 6U /* the others meet a name that was there */
#define DELETE_OF_10   2U /* of those */
#define FILL_MAX       600U
#define LARGE_LEN      6000U /* more than a page of the store */
#define LARGE_OF       24U

/* A stream of its own for each operation, so that each can be worked out alone. */
static struct onym_rng
rng_of(uint64_t seed, uint32_t i)
{
    struct onym_rng rng = onym_rng_seeded(seed ^ ((uint64_t)i << 20));

    return onym_rng_seeded(onym_rng_u64(&rng));
}

bool
plan_make(uint64_t seed, struct plan_operation *operation, uint32_t count)
{
    bool *there = calloc(count + 1, sizeof *there);
    uint32_t names = 0;

    if (there == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct onym_rng rng = rng_of(~seed, i);

        operation[i] = (struct plan_operation){.name = names};
        if (names == 0 || onym_rng_below(&rng, 10) < NEW_NAME_OF_10) {
            names++;
        } else {
            operation[i].name = (uint32_t)onym_rng_below(&rng, names);
            operation[i].is_delete = there[operation[i].name] &&
                                     onym_rng_below(&rng, 10) < DELETE_OF_10;
        }
        there[operation[i].name] = !operation[i].is_delete;
    }
    free(there);
    return true;
}

void
plan_name(uint32_t name, char out[PLAN_NAME_MAX])
{
    /* neighbours in time are no neighbours in the table */
    (void)snprintf(out, PLAN_NAME_MAX, PLAN_PREFIX "/%u-%u", (unsigned)(name % 13), (unsigned)name);
}

uint32_t
plan_name_number(onym_span identifier)
{
    char text[PLAN_NAME_MAX];
    char again[PLAN_NAME_MAX];
    const char *dash;
    uint32_t name;

    if (identifier.len >= sizeof text) {
        return UINT32_MAX;
    }
    memcpy(text, identifier.at, identifier.len);
    text[identifier.len] = '\0';
    dash = strchr(text, '-');
    name = dash != NULL ? (uint32_t)strtoul(dash + 1, NULL, 10) : UINT32_MAX;
    plan_name(name, again);
    return strcmp(text, again) == 0 ? name : UINT32_MAX;
}

static void
append(struct onym_value_list *list, uint8_t out[PLAN_VALUES_MAX], onym_span data)
{
    struct onym_value value = {.index = list->count + 1,
                               .timestamp = 1000000,
                               .ttl = ONYM_TTL_DEFAULT,
                               .permissions = ONYM_PERM_DEFAULT,
                               .type = onym_span_text("URL"),
                               .data = data};
    size_t used = list->raw.len;
    size_t len;

    ONYM_REQUIRE(onym_value_encode(&value, out + used, PLAN_VALUES_MAX - used, &len) == ONYM_OK);
    list->raw = onym_span_of(out, used + len);
    list->count++;
}

struct onym_value_list
plan_values(uint64_t seed, uint32_t i, uint8_t out[PLAN_VALUES_MAX])
{
    struct onym_rng rng = rng_of(seed, i);
    struct onym_value_list list = {0};
    uint8_t data[LARGE_LEN];
    char number[16];
    size_t values = 1 + onym_rng_below(&rng, 3);

    (void)snprintf(number, sizeof number, "%u", (unsigned)i);
    append(&list, out, onym_span_text(number));
    for (size_t v = 0; v < values; v++) {
        bool is_large = v == 0 && onym_rng_below(&rng, LARGE_OF) == 0;
        size_t len = is_large ? LARGE_LEN : onym_rng_below(&rng, FILL_MAX);

        for (size_t b = 0; b < len; b++) {
            data[b] = (uint8_t)('a' + onym_rng_below(&rng, 26));
        }
        append(&list, out, onym_span_of(data, len));
    }
    return list;
}

uint32_t
plan_values_number(struct onym_value_list values)
{
    onym_span cursor = values.raw;
    struct onym_value value;
    char text[16] = "";

    if (!onym_value_next(&cursor, &value) || value.data.len >= sizeof text) {
        return UINT32_MAX;
    }
    memcpy(text, value.data.at, value.data.len);
    return (uint32_t)strtoul(text, NULL, 10);
}

void
plan_id(uint32_t i, uint8_t out[ONYM_OPERATION_ID_LEN])
{
    memset(out, 0, ONYM_OPERATION_ID_LEN);
    onym_put_u32(out, i);
    out[ONYM_OPERATION_ID_LEN - 1] = 1;
}

uint32_t
plan_id_number(const uint8_t id[ONYM_OPERATION_ID_LEN])
{
    return id[ONYM_OPERATION_ID_LEN - 1] == 1 ? onym_get_u32(id) : UINT32_MAX;
}
