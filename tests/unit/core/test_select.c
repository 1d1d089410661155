#include "core/select.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define VALUES 40

struct fixture {
    uint8_t bytes[VALUES * 64];
    struct onym_value_list list;
    size_t at[VALUES + 1];
    uint8_t memory[VALUES * 64 + 64];
    struct onym_arena arena;
};

/* Values 1..VALUES, types "T1".."T40" but every tenth "HS_SITE.6". */
static void
fill(struct fixture *f)
{
    size_t used = 0;

    f->arena = (struct onym_arena){.at = f->memory, .cap = sizeof f->memory};
    for (uint32_t i = 1; i <= VALUES; i++) {
        char type[16];
        struct onym_value v = {.index = i, .permissions = ONYM_PERM_DEFAULT};
        size_t len;

        (void)snprintf(type, sizeof type, i % 10 == 0 ? "HS_SITE.6" : "T%u", i);
        v.type = onym_span_text(type);
        v.data = onym_span_text("d");
        f->at[i - 1] = used;
        assert_int_equal(onym_value_encode(&v, f->bytes + used, sizeof f->bytes - used, &len),
                         ONYM_OK);
        used += len;
    }
    f->at[VALUES] = used;
    f->list = (struct onym_value_list){.raw = onym_span_of(f->bytes, used), .count = VALUES};
}

static struct onym_u32_list
indexes(uint8_t *bytes, const uint32_t *items, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        onym_put_u32(bytes + (size_t)i * 4, items[i]);
    }
    return (struct onym_u32_list){.raw = onym_span_of(bytes, (size_t)count * 4), .count = count};
}

static size_t
joined(const struct onym_selection *s, uint8_t *out)
{
    size_t len = 0;

    for (size_t i = 0; i < s->runs; i++) {
        memcpy(out + len, s->run[i].at, s->run[i].len);
        len += s->run[i].len;
    }
    assert_int_equal(len, s->len);
    return len;
}

static void
no_filter_is_one_span_of_the_record(void **state)
{
    struct fixture f;
    struct onym_selection s;
    struct onym_query query = {0};

    (void)state;
    fill(&f);
    assert_int_equal(onym_select(&query, f.list, &f.arena, &s), ONYM_OK);
    assert_int_equal(s.runs, 1);
    assert_int_equal(s.count, VALUES);
    assert_ptr_equal(s.run[0].at, f.bytes);
    assert_int_equal(f.arena.used, 0);
}

static void
neighbours_are_one_run(void **state)
{
    static const uint32_t wanted[] = {7, 5, 6, 6};
    struct fixture f;
    struct onym_selection s;
    uint8_t bytes[16];
    struct onym_query query = {.indexes = indexes(bytes, wanted, 4)};

    (void)state;
    fill(&f);
    assert_int_equal(onym_select(&query, f.list, &f.arena, &s), ONYM_OK);
    assert_int_equal(s.count, 3);
    assert_int_equal(s.runs, 1);
    assert_ptr_equal(s.run[0].at, f.bytes + f.at[4]);
    assert_int_equal(s.len, f.at[7] - f.at[4]);
}

static void
index_or_type_selects(void **state)
{
    static const uint32_t wanted[] = {3};
    static const uint8_t types[] = "\0\0\0\x8HS_SITE.\0\0\0\x2t5";
    struct fixture f;
    struct onym_selection s;
    uint8_t bytes[4];
    struct onym_query query = {.indexes = indexes(bytes, wanted, 1),
                               .types = {.raw = onym_span_of(types, sizeof types - 1), .count = 2}};

    (void)state;
    fill(&f);
    assert_int_equal(onym_select(&query, f.list, &f.arena, &s), ONYM_OK);
    assert_int_equal(s.count, 2 + VALUES / 10); /* 3, t5 without case, every tenth */
}

static void
scattered_values_beyond_the_runs_are_copied_in_order(void **state)
{
    uint32_t wanted[VALUES / 2];
    struct fixture f;
    struct onym_selection s;
    uint8_t bytes[VALUES * 2];
    uint8_t out[VALUES * 64];
    struct onym_query query;
    size_t len;
    size_t at = 0;

    (void)state;
    fill(&f);
    for (uint32_t i = 0; i < VALUES / 2; i++) {
        wanted[i] = 2 * i + 1; /* no two are neighbours: 20 runs for 12 places */
    }
    query = (struct onym_query){.indexes = indexes(bytes, wanted, VALUES / 2)};
    assert_int_equal(onym_select(&query, f.list, &f.arena, &s), ONYM_OK);
    assert_int_equal(s.count, VALUES / 2);
    assert_int_equal(s.runs, ONYM_RUNS_MAX);
    len = joined(&s, out);
    for (uint32_t i = 0; i < VALUES; i += 2) {
        assert_memory_equal(out + at, f.bytes + f.at[i], f.at[i + 1] - f.at[i]);
        at += f.at[i + 1] - f.at[i];
    }
    assert_int_equal(at, len);
    f.arena = (struct onym_arena){.at = f.memory, .cap = 8};
    assert_int_equal(onym_select(&query, f.list, &f.arena, &s), ONYM_NO_SPACE);
}

static void
wanted_items_are_bounded(void **state)
{
    struct fixture f;
    struct onym_selection s;
    uint8_t *bytes = calloc(ONYM_WANTED_INDEXES_MAX + 1, 4);
    uint8_t *types = calloc(ONYM_WANTED_TYPES_MAX + 1, 4);
    struct onym_query query = {.indexes = {.raw = onym_span_of(bytes, ONYM_WANTED_INDEXES_MAX * 4),
                                           .count = ONYM_WANTED_INDEXES_MAX}};

    (void)state;
    fill(&f);
    assert_non_null(bytes);
    assert_non_null(types);
    assert_int_equal(onym_select(&query, f.list, &f.arena, &s), ONYM_OK);
    assert_int_equal(s.count, 0);
    query.indexes.raw.len += 4;
    query.indexes.count += 1;
    assert_int_equal(onym_select(&query, f.list, &f.arena, &s), ONYM_MALFORMED);

    query = (struct onym_query){.types = {.raw = onym_span_of(types, ONYM_WANTED_TYPES_MAX * 4),
                                          .count = ONYM_WANTED_TYPES_MAX}};
    assert_int_equal(onym_select(&query, f.list, &f.arena, &s), ONYM_OK);
    query.types.raw.len += 4;
    query.types.count += 1;
    assert_int_equal(onym_select(&query, f.list, &f.arena, &s), ONYM_MALFORMED);
    free(bytes);
    free(types);
}

static void
a_damaged_list_is_told(void **state)
{
    static const uint32_t wanted[] = {1};
    struct fixture f;
    struct onym_selection s;
    uint8_t bytes[4];
    struct onym_query query = {.indexes = indexes(bytes, wanted, 1)};

    (void)state;
    fill(&f);
    f.list.raw.len -= 1;
    assert_int_equal(onym_select(&query, f.list, &f.arena, &s), ONYM_CORRUPT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_filter_is_one_span_of_the_record),
        cmocka_unit_test(neighbours_are_one_run),
        cmocka_unit_test(index_or_type_selects),
        cmocka_unit_test(scattered_values_beyond_the_runs_are_copied_in_order),
        cmocka_unit_test(wanted_items_are_bounded),
        cmocka_unit_test(a_damaged_list_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
