/* Who may: direct names, groups, their bounds, and private values. */
#include "core/authz.h"
#include "op_test.h"

#include "base/writer.h"
#include "onym/model/ident.h"

#define RECORD "88.1.2/part"
#define BITS   ONYM_ADMIN_ADD_VALUE

/* A few records by name, as text; the last row has no name. */
struct row {
    const char *name; /* folded */
    const char *values;
};

struct table {
    const struct row *rows;
    struct test_record room[8];
    unsigned asked;
    enum onym_status fault; /* what the record named "BROKEN" gives */
};

static enum onym_status
find_row(void *of, onym_span folded, struct onym_record *out)
{
    struct table *table = of;

    table->asked++;
    if (onym_span_equal(folded, onym_span_text("88.1/BROKEN"))) {
        return table->fault;
    }
    for (size_t i = 0; table->rows != NULL && table->rows[i].name != NULL; i++) {
        if (onym_span_equal(folded, onym_span_text(table->rows[i].name))) {
            *out = *record_parse(&table->room[i], table->rows[i].name, table->rows[i].values);
            return ONYM_OK;
        }
    }
    return ONYM_NOT_FOUND;
}

static enum onym_status
may(const char *record, const struct row *rows, const char *handle, uint32_t index)
{
    struct test_record room;
    struct table table = {.rows = rows, .fault = ONYM_CORRUPT};
    struct onym_record_source source = {.record = find_row, .of = &table};
    struct onym_identity identity = {.handle = onym_span_text(handle), .index = index};
    const char *why;

    return onym_authz_may(&identity, record_parse(&room, RECORD, record), BITS, &source, &why);
}

static void
direct_names_are_compared_as_the_protocol_says(void **state)
{
    static const struct {
        const char *record;
        const char *handle;
        uint32_t index;
        enum onym_status status;
    } cases[] = {
        {"1|HS_ADMIN|40,88.1/boss,300", "88.1/boss", 300, ONYM_OK},
        {"1|HS_ADMIN|40,88.1/boss,300|p", "88.1/boss", 300, ONYM_OK}, /* a private value */
        {"1|hs_Admin|40,88.1/boss,300", "88.1/boss", 300, ONYM_OK},   /* types have no case */
        {"1|HS_ADMIN|40,88.1/boss,300", "88.1/boss", 301, ONYM_NO_PERMISSION},
        {"1|HS_ADMIN|40,88.1/boss,0", "88.1/boss", 301, ONYM_OK}, /* 0 = every index */
        {"1|HS_ADMIN|40,88.1/boss,300", "88.1/boss", 0, ONYM_NO_PERMISSION},
        {"1|HS_ADMIN|40,88.1/boss,300", "88.1/BOSS", 300, ONYM_NO_PERMISSION}, /* suffix exactly */
        {"1|HS_ADMIN|40,en.1/boss,300", "EN.1/boss", 300, ONYM_OK}, /* prefix without case */
        {"1|HS_ADMIN|40,0.NA/x,300", "0.na/X", 300, ONYM_OK},
        {"1|HS_ADMIN|40,88.1/boss,300", "88.1/bos", 300, ONYM_NO_PERMISSION},
        {"1|HS_ADMIN|bf,88.1/boss,300", "88.1/boss", 300, ONYM_NO_PERMISSION}, /* other bits */
        {"1|HS_ADMIN|fbf,88.1/boss,300 2|HS_ADMIN|40,88.1/boss,300", "88.1/boss", 300, ONYM_OK},
        {"1|A|a", "88.1/boss", 300, ONYM_NO_PERMISSION},
        {"", "88.1/boss", 300, ONYM_NO_PERMISSION},
        {"1|HS_ADMIN|damaged 2|HS_ADMIN|40,88.1/boss,300", "88.1/boss", 300, ONYM_OK},
        {"1|HS_ADMIN|40,,300", "", 300, ONYM_NO_PERMISSION}, /* nobody is nobody */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum onym_status status = may(cases[i].record, NULL, cases[i].handle, cases[i].index);

        if (status != cases[i].status) {
            fail_msg("case %zu: %s", i, onym_status_name(status));
        }
    }
}

static void
one_value_must_hold_all_bits(void **state)
{
    static const char *const record = "1|HS_ADMIN|40,88.1/boss,300 2|HS_ADMIN|10,88.1/boss,300";
    struct onym_identity boss = {.handle = onym_span_text("88.1/boss"), .index = 300};
    struct test_record room;

    (void)state;
    (void)record_parse(&room, RECORD, record);
    assert_int_equal(onym_authz_may(&boss, &room.record, 0x40, NULL, NULL), ONYM_OK);
    assert_int_equal(onym_authz_may(&boss, &room.record, 0x10, NULL, NULL), ONYM_OK);
    assert_int_equal(onym_authz_may(&boss, &room.record, 0x50, NULL, NULL), ONYM_NO_PERMISSION);
    for (unsigned bit = 0; bit < 12; bit++) {
        char text[64];

        (void)snprintf(text, sizeof text, "1|HS_ADMIN|%x,88.1/boss,300", 1U << bit);
        (void)record_parse(&room, RECORD, text);
        for (unsigned needed = 0; needed < 12; needed++) {
            assert_int_equal(
                onym_authz_may(&boss, &room.record, (uint16_t)(1U << needed), NULL, NULL),
                needed == bit ? ONYM_OK : ONYM_NO_PERMISSION);
        }
    }
}

static void
a_server_administrator_has_every_right(void **state)
{
    struct onym_identity admin = {
        .handle = onym_span_text("0.NA/x"), .index = 1, .is_server_admin = true};
    struct test_record room;

    (void)state;
    (void)record_parse(&room, RECORD, "1|A|a");
    assert_int_equal(onym_authz_may(&admin, &room.record, ONYM_ADMIN_ALL, NULL, NULL), ONYM_OK);
    admin.handle.len = 0;
    assert_int_equal(onym_authz_may(&admin, &room.record, 1, NULL, NULL), ONYM_NO_PERMISSION);
}

static void
groups_name_their_members(void **state)
{
    static const struct row rows[] = {
        {"88.1/TEAM", "1|HS_VLIST|88.1/anna,300;88.1/bert,0 2|HS_VLIST|88.1/carl,1|p 3|A|a"},
        {"88.1/NEST", "5|HS_VLIST|88.1/zoe,9;88.1/team,1;88.1/deep,7"},
        {"88.1/DEEP", "7|hs_vlist|88.1/nest,5;88.1/deep,7;88.1/dora,300|p"},
        {"88.1/HALF", "1|HS_VLIST|damaged 2|HS_VLIST|88.1/emil,1"},
        {"0.NA/88.1", "200|HS_VLIST|88.1/fred,1"},
        {NULL, NULL},
    };
    static const struct {
        const char *record;
        const char *handle;
        uint32_t index;
        enum onym_status status;
    } cases[] = {
        {"1|HS_ADMIN|40,88.1/team,1", "88.1/anna", 300, ONYM_OK},
        {"1|HS_ADMIN|40,88.1/team,1", "88.1/anna", 301, ONYM_NO_PERMISSION},
        {"1|HS_ADMIN|40,88.1/team,1", "88.1/bert", 12345, ONYM_OK},
        {"1|HS_ADMIN|40,88.1/team,1", "88.1/carl", 1, ONYM_NO_PERMISSION}, /* another index */
        {"1|HS_ADMIN|40,88.1/team,2", "88.1/carl", 1, ONYM_OK},            /* a private group */
        {"1|HS_ADMIN|40,88.1/team,0", "88.1/carl", 1, ONYM_OK},
        {"1|HS_ADMIN|40,88.1/TEAM,0", "88.1/anna", 300, ONYM_OK}, /* found as the store finds it */
        {"1|HS_ADMIN|40,88.1/team,3", "88.1/anna", 300, ONYM_NO_PERMISSION}, /* no group */
        {"1|HS_ADMIN|40,88.1/team,1", "88.1/team", 1, ONYM_OK},
        {"1|HS_ADMIN|10,88.1/team,1", "88.1/anna", 300, ONYM_NO_PERMISSION},
        {"1|HS_ADMIN|10,88.1/team,1 2|HS_ADMIN|40,88.1/team,2", "88.1/carl", 1, ONYM_OK},
        {"1|HS_ADMIN|40,88.1/nest,5", "88.1/anna", 300, ONYM_OK}, /* nested */
        {"1|HS_ADMIN|40,88.1/nest,5", "88.1/dora", 300, ONYM_OK}, /* in a circle */
        {"1|HS_ADMIN|40,88.1/nest,5", "88.1/nobody", 300, ONYM_NO_PERMISSION},
        {"1|HS_ADMIN|40,88.1/half,0", "88.1/emil", 1, ONYM_OK},
        {"1|HS_ADMIN|40,88.1,200", "88.1/fred", 1, ONYM_OK}, /* "0.NA/" in front */
        {"1|HS_ADMIN|40,99.9/gone,1", "88.1/anna", 300, ONYM_NO_PERMISSION},
        {"1|HS_ADMIN|40,,1", "88.1/anna", 300, ONYM_NO_PERMISSION},
        /* a record that cannot be read hides nobody who is found elsewhere */
        {"1|HS_ADMIN|40,88.1/broken,1", "88.1/anna", 300, ONYM_CORRUPT},
        {"1|HS_ADMIN|40,88.1/broken,1 2|HS_ADMIN|40,88.1/team,1", "88.1/anna", 300, ONYM_OK},
        {"1|HS_ADMIN|40,88.1/broken,1", "88.1/broken", 1, ONYM_OK},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum onym_status status = may(cases[i].record, rows, cases[i].handle, cases[i].index);

        if (status != cases[i].status) {
            fail_msg("case %zu: %s", i, onym_status_name(status));
        }
    }
}

static void
a_circle_is_gone_round_once(void **state)
{
    static const struct row rows[] = {
        {"88.1/A", "1|HS_VLIST|88.1/b,1;88.1/a,1"},
        {"88.1/B", "1|HS_VLIST|88.1/A,1;88.1/b,0"},
        {NULL, NULL},
    };
    struct table table = {.rows = rows};
    struct onym_record_source source = {.record = find_row, .of = &table};
    struct onym_identity nobody = {.handle = onym_span_text("88.1/nobody"), .index = 1};
    struct test_record room;
    const char *why = "untouched";

    (void)state;
    (void)record_parse(&room, RECORD, "1|HS_ADMIN|40,88.1/a,1 2|HS_ADMIN|40,88.1/b,1");
    assert_int_equal(onym_authz_may(&nobody, &room.record, BITS, &source, &why),
                     ONYM_NO_PERMISSION);
    assert_null(why);
    /* each reference once, two of the record and two per group, but what was read just before */
    assert_int_equal(table.asked, 4);
}

/* Records "88.1/0" to "88.1/<length - 1>": plain values in the first 32, then a group of `width`
 * times nobody and the next record; the last names "88.1/end" in its place. */
struct chain {
    struct onym_arena arena;
    struct onym_record link[128];
    unsigned length;
    unsigned asked;
};

static onym_span
group_data(struct onym_arena *arena, unsigned width, const char *last)
{
    size_t cap = 4 + ((size_t)width + 1) * 32;
    struct onym_writer w = onym_writer_over(onym_arena_take(arena, cap), cap);

    onym_writer_u32(&w, width + 1);
    for (unsigned i = 0; i < width; i++) {
        onym_writer_counted(&w, onym_span_text("88.1/nobody"));
        onym_writer_u32(&w, 1);
    }
    onym_writer_counted(&w, onym_span_text(last));
    onym_writer_u32(&w, 1);
    assert_int_equal(w.status, ONYM_OK);
    return onym_writer_written(&w);
}

static void
chain_open(struct chain *chain, unsigned length, unsigned width, unsigned full)
{
    *chain = (struct chain){.arena = arena_new((size_t)8 << 20), .length = length};
    for (unsigned i = 0; i < length; i++) {
        char next[32];
        unsigned plain = i < 32 ? full : 0;
        size_t cap = (size_t)plain * 32 + (size_t)(width + 1) * 32 + 64;
        struct onym_value_list list = {.count = plain + 1};
        uint8_t *at;
        size_t len;

        (void)snprintf(next, sizeof next, i + 1 < length ? "88.1/%u" : "88.1/end", i + 1);
        list.raw = onym_span_of(onym_arena_take(&chain->arena, cap), 0);
        assert_non_null(list.raw.at);
        memcpy(&at, &list.raw.at, sizeof at);
        for (unsigned k = 0; k <= plain; k++) {
            struct onym_value value = {.index = k + 2, .type = onym_span_text("A")};

            if (k == plain) {
                value.index = 1;
                value.type = onym_span_text("HS_VLIST");
                value.data = group_data(&chain->arena, width, next);
            }
            assert_int_equal(onym_value_encode(&value, at + list.raw.len, cap - list.raw.len, &len),
                             ONYM_OK);
            list.raw.len += len;
        }
        chain->link[i] = (struct onym_record){.private_values = list};
    }
}

static enum onym_status
find_link(void *of, onym_span folded, struct onym_record *out)
{
    struct chain *chain = of;
    onym_span suffix = onym_ident_split(folded).suffix;

    chain->asked++;
    if (suffix.len == 0 || suffix.at[0] < '0' || suffix.at[0] > '9') {
        return ONYM_NOT_FOUND;
    }
    *out = chain->link[number_of(suffix, 10)];
    return ONYM_OK;
}

/* Whether "88.1/end" is found from the first link. */
static enum onym_status
ask_chain(unsigned length, unsigned width, unsigned plain, bool *told)
{
    struct chain *chain = malloc(sizeof *chain);
    struct onym_record_source source = {.record = find_link, .of = chain};
    struct onym_identity end = {.handle = onym_span_text("88.1/end"), .index = 1};
    struct test_record room;
    const char *why;
    enum onym_status status;

    assert_non_null(chain);
    chain_open(chain, length, width, plain);
    (void)record_parse(&room, RECORD, "1|HS_ADMIN|40,88.1/0,1");
    status = onym_authz_may(&end, &room.record, BITS, &source, &why);
    *told = why != NULL;
    assert_true(chain->asked <= ONYM_AUTHZ_MEMBERS_MAX + 1);
    arena_free(&chain->arena);
    free(chain);
    return status;
}

static void
a_question_has_bounds(void **state)
{
    bool told;

    (void)state;
    /* groups */
    assert_int_equal(ask_chain(64, 0, 0, &told), ONYM_OK);
    assert_int_equal(ask_chain(65, 0, 0, &told), ONYM_NO_PERMISSION);
    assert_true(told);
    /* members: 1024 with the last */
    assert_int_equal(ask_chain(1, 1023, 0, &told), ONYM_OK);
    assert_int_equal(ask_chain(1, 1024, 0, &told), ONYM_NO_PERMISSION);
    assert_true(told);
    assert_int_equal(ask_chain(2, 511, 0, &told), ONYM_OK);
    assert_int_equal(ask_chain(2, 512, 0, &told), ONYM_NO_PERMISSION);
    assert_true(told);
    /* values looked through: 32 records of 2048 */
    assert_int_equal(ask_chain(32, 0, 2047, &told), ONYM_OK);
    assert_int_equal(ask_chain(33, 0, 2047, &told), ONYM_NO_PERMISSION);
    assert_true(told);
}

static void
private_values_have_readers(void **state)
{
    static const char *const record = "1|A|a 2|B|b|p 3|C|c|n 9|HS_ADMIN|400,88.1/reader,1";
    static const struct {
        const char *selected;
        const char *handle;
        bool server;
        enum onym_status status;
    } cases[] = {
        {"1|A|a", "", false, ONYM_OK},
        {"", "", false, ONYM_OK},
        {"1|A|a 2|B|b|p", "", false, ONYM_AUTH_NEEDED},
        {"2|B|b|p", "88.1/stranger", false, ONYM_NO_PERMISSION},
        {"2|B|b|p", "88.1/reader", false, ONYM_OK},
        {"2|B|b|p", "88.1/server", true, ONYM_OK},
        {"3|C|c|n", "88.1/stranger", false, ONYM_NO_PERMISSION}, /* strangers learn no more */
        {"3|C|c|n", "88.1/reader", false, ONYM_VALUE_FORBIDS},
        {"1|A|a 2|B|b|p 3|C|c|n", "88.1/reader", false, ONYM_VALUE_FORBIDS},
        {"3|C|c|n", "88.1/server", true, ONYM_VALUE_FORBIDS},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct test_record room;
        struct values selected;
        struct onym_identity identity = {.handle = onym_span_text(cases[i].handle),
                                         .index = 1,
                                         .is_server_admin = cases[i].server};
        enum onym_status status;

        values_parse(&selected, cases[i].selected, 1, 'a');
        status = onym_authz_read(&identity, record_parse(&room, RECORD, record), selected.list.raw,
                                 NULL, NULL);
        if (status != cases[i].status) {
            fail_msg("case %zu: %s", i, onym_status_name(status));
        }
        if (selected.list.raw.len > 0) {
            selected.list.raw.len--;
            assert_int_equal(
                onym_authz_read(&identity, &room.record, selected.list.raw, NULL, NULL),
                ONYM_CORRUPT);
        }
    }
}

/* A right counts only in the record it must stand in. */
static void
operations_are_allowed_where_the_right_stands(void **state)
{
    static const struct row rows[] = {
        {"0.NA/88.1", "1|HS_ADMIN|3,88.1/maker,1 2|HS_ADMIN|c,88.1/divider,1"},
        {"0.NA/88.1.5", "1|HS_ADMIN|fff,88.1.5/boss,1"},
        {"0.NA/0.NA", "1|HS_ADMIN|1,88.1/root,1"},
        {NULL, NULL},
    };
    static const struct {
        enum onym_action action;
        const char *name;
        const char *old;
        const char *handle;
        enum onym_status status;
    } cases[] = {
        {ONYM_ACTION_CREATE, "88.1/new", NULL, "88.1/maker", ONYM_OK},
        {ONYM_ACTION_CREATE, "88.1/new", NULL, "88.1/divider", ONYM_NO_PERMISSION},
        {ONYM_ACTION_CREATE, "88.2/new", NULL, "88.1/maker", ONYM_NO_PERMISSION}, /* no record */
        {ONYM_ACTION_CREATE, "88.1.5/new", NULL, "88.1/maker", ONYM_NO_PERMISSION},
        {ONYM_ACTION_CREATE, "88.1.5/new", NULL, "88.1.5/boss", ONYM_OK},
        {ONYM_ACTION_CREATE, "0.NA/88.1.7", NULL, "88.1/divider", ONYM_OK},
        {ONYM_ACTION_CREATE, "0.NA/88.1.7", NULL, "88.1/maker", ONYM_NO_PERMISSION},
        {ONYM_ACTION_CREATE, "0.NA/88.1.7", NULL, "88.1/root", ONYM_NO_PERMISSION},
        {ONYM_ACTION_CREATE, "0.NA/99", NULL, "88.1/root", ONYM_OK},
        {ONYM_ACTION_CREATE, "88.1/new", "1|A|a", "88.1/maker", ONYM_NO_PERMISSION},
        {ONYM_ACTION_CREATE, "88.1/new", "1|HS_ADMIN|30,88.1/own,1", "88.1/own",
         ONYM_NO_PERMISSION}, /* takes remove-admin too */
        {ONYM_ACTION_CREATE, "88.1/new", "2|A|a 1|HS_ADMIN|2,88.1/own,1", "88.1/own", ONYM_OK},
        {ONYM_ACTION_CREATE, "88.1/new", "2|A|a 1|HS_ADMIN|200,88.1/own,1", "88.1/own", ONYM_OK},
        {ONYM_ACTION_DELETE, "88.1/new", "1|A|a", "88.1/maker", ONYM_OK}, /* from above */
        {ONYM_ACTION_DELETE, "88.1/new", "1|A|a", "88.1/divider", ONYM_NO_PERMISSION},
        {ONYM_ACTION_DELETE, "88.1/new", "1|HS_ADMIN|2,88.1/own,1", "88.1/own", ONYM_OK},
        {ONYM_ACTION_DELETE, "0.NA/88.1.5", "1|A|a", "88.1/divider", ONYM_OK},
        {ONYM_ACTION_DELETE, "0.NA/88.1.5", "1|A|a", "88.1/maker", ONYM_NO_PERMISSION},
        {ONYM_ACTION_ADD, "88.1/new", "1|HS_ADMIN|40,88.1/own,1", "88.1/own", ONYM_OK},
        {ONYM_ACTION_ADD, "88.1/new", "1|HS_ADMIN|fbf,88.1/own,1", "88.1/own", ONYM_NO_PERMISSION},
        {ONYM_ACTION_ADD, "88.1/new", "1|A|a", "88.1/maker", ONYM_NO_PERMISSION},
        {ONYM_ACTION_HOME, "88.1", NULL, "88.1/maker", ONYM_NO_PERMISSION},
    };
    struct onym_arena arena = arena_new(ONYM_OP_MEMORY);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct table table = {.rows = rows};
        struct onym_record_source source = {.record = find_row, .of = &table};
        struct onym_identity identity = {.handle = onym_span_text(cases[i].handle), .index = 1};
        struct test_record room;
        struct test_op sent;
        struct onym_operation *op = op_parse(&sent, cases[i].action, cases[i].name,
                                             cases[i].action == ONYM_ACTION_ADD ? "5|A|b"
                                                                                : "1|A|b");
        const struct onym_record *old = record_parse(&room, cases[i].name, cases[i].old);
        enum onym_status status;

        op->overwrite = true;
        status = onym_authz_operation(&identity, op, old, &source, &arena, NULL);
        if (status != cases[i].status) {
            fail_msg("case %zu: %s", i, onym_status_name(status));
        }
        assert_int_equal(arena.used, 0);
        identity.handle.len = 0;
        assert_int_equal(onym_authz_operation(&identity, op, old, &source, &arena, NULL),
                         ONYM_AUTH_NEEDED);
        identity = (struct onym_identity){.handle = onym_span_text("x"), .is_server_admin = true};
        assert_int_equal(onym_authz_operation(&identity, op, old, &source, &arena, NULL), ONYM_OK);
    }
    arena_free(&arena);
}

static void
a_prefix_record_that_cannot_be_read_is_told(void **state)
{
    struct onym_arena arena = arena_new(ONYM_OP_MEMORY);
    struct table table = {.fault = ONYM_IO};
    struct onym_record_source source = {.record = find_row, .of = &table};
    struct onym_identity identity = {.handle = onym_span_text("88.1/x"), .index = 1};
    struct test_record room;
    struct test_op sent;
    struct onym_operation *op = op_parse(&sent, ONYM_ACTION_ADD, "88.1/y", "5|A|b");
    const char *why;

    (void)state;
    (void)record_parse(&room, "88.1/y", "1|HS_ADMIN|40,88.1/broken,1");
    assert_int_equal(onym_authz_operation(&identity, op, &room.record, &source, &arena, &why),
                     ONYM_IO);
    assert_null(why);
    arena_free(&arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(direct_names_are_compared_as_the_protocol_says),
        cmocka_unit_test(one_value_must_hold_all_bits),
        cmocka_unit_test(a_server_administrator_has_every_right),
        cmocka_unit_test(groups_name_their_members),
        cmocka_unit_test(a_circle_is_gone_round_once),
        cmocka_unit_test(a_question_has_bounds),
        cmocka_unit_test(private_values_have_readers),
        cmocka_unit_test(operations_are_allowed_where_the_right_stands),
        cmocka_unit_test(a_prefix_record_that_cannot_be_read_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
