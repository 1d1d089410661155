/* What a search for groups may read: members that name large records without a group. */
#include "core/authz.h"
#include "op_test.h"

#include "base/writer.h"

#define LARGE   250000U
#define MEMBERS 1000U

/* "88.1/group" has one group whose members name "88.1/large0", "88.1/large1", ... by turns. */
struct store {
    struct onym_arena arena;
    struct onym_record group;
    struct onym_record large;
    size_t read; /* bytes of records, as a store would sum them */
    unsigned asked;
};

static struct onym_value_list
one_value(struct onym_arena *arena, const char *type, onym_span data)
{
    size_t cap = data.len + 64;
    uint8_t *at = onym_arena_take(arena, cap);
    struct onym_value value = {.index = 1, .type = onym_span_text(type), .data = data};
    size_t len = 0;

    assert_non_null(at);
    assert_int_equal(onym_value_encode(&value, at, cap, &len), ONYM_OK);
    return (struct onym_value_list){.raw = onym_span_of(at, len), .count = 1};
}

static void
store_open(struct store *s, unsigned records)
{
    uint8_t *members;
    struct onym_writer w;

    *s = (struct store){.arena = arena_new((size_t)2 << 20)};
    members = onym_arena_take(&s->arena, 64 * MEMBERS);
    assert_non_null(members);
    w = onym_writer_over(members, 64 * MEMBERS);
    onym_writer_u32(&w, MEMBERS);
    for (unsigned i = 0; i < MEMBERS; i++) {
        char name[32];

        (void)snprintf(name, sizeof name, "88.1/large%u", i % records);
        onym_writer_counted(&w, onym_span_text(name));
        onym_writer_u32(&w, i + 2);
    }
    assert_int_equal(w.status, ONYM_OK);
    s->group.public_values = one_value(&s->arena, "HS_VLIST", onym_writer_written(&w));
    members = onym_arena_take(&s->arena, LARGE);
    assert_non_null(members);
    memset(members, 'x', LARGE);
    s->large.private_values = one_value(&s->arena, "D", onym_span_of(members, LARGE));
}

static enum onym_status
find(void *of, onym_span folded, struct onym_record *out)
{
    struct store *s = of;

    s->asked++;
    *out = onym_span_equal(folded, onym_span_text("88.1/GROUP")) ? s->group : s->large;
    s->read += out->public_values.raw.len + out->private_values.raw.len;
    return ONYM_OK;
}

/* The reason that nobody was found. */
static const char *
ask(struct store *s)
{
    struct onym_record_source source = {.record = find, .of = s};
    struct onym_identity identity = {.handle = onym_span_text("88.1/nobody"), .index = 1};
    struct test_record room;
    const char *why = NULL;

    (void)record_parse(&room, "88.1/x", "1|HS_ADMIN|40,88.1/group,1");
    assert_int_equal(onym_authz_may(&identity, &room.record, ONYM_ADMIN_ADD_VALUE, &source, &why),
                     ONYM_NO_PERMISSION);
    return why;
}

static void
a_record_that_members_name_in_a_row_is_read_once(void **state)
{
    struct store s;

    (void)state;
    store_open(&s, 1);
    assert_null(ask(&s));
    assert_int_equal(s.asked, 2);
    arena_free(&s.arena);
}

static void
large_records_end_the_search(void **state)
{
    struct store s;

    (void)state;
    store_open(&s, 2);
    assert_non_null(ask(&s));
    assert_true(s.read > ONYM_AUTHZ_BYTES_MAX);
    assert_true(s.read <= ONYM_AUTHZ_BYTES_MAX + LARGE + 64);
    arena_free(&s.arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_that_members_name_in_a_row_is_read_once),
        cmocka_unit_test(large_records_end_the_search),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
