/* What an operation says by itself, and the limits of what a record may hold. */
#include "op_test.h"

#define CREATE ONYM_ACTION_CREATE
#define DELETE ONYM_ACTION_DELETE
#define ADD    ONYM_ACTION_ADD
#define REMOVE ONYM_ACTION_REMOVE
#define MODIFY ONYM_ACTION_MODIFY
#define HOME   ONYM_ACTION_HOME
#define UNHOME ONYM_ACTION_UNHOME

static enum onym_status
form(enum onym_action action, const char *name, const char *sent, struct onym_op_fault *fault)
{
    struct test_op room;

    fault->why = "untouched";
    return onym_op_form(op_parse(&room, action, name, sent), fault);
}

static void
names_are_refused_as_the_action_wants(void **state)
{
    static const struct {
        enum onym_action action;
        const char *name;
        enum onym_status status;
    } cases[] = {
        {CREATE, "88.1.2/x", ONYM_OK},
        {CREATE, "0.NA/88.1.2", ONYM_OK},
        {CREATE, "", ONYM_NOT_FOUND},
        {CREATE, "88.1.2", ONYM_NAME_INVALID},
        {CREATE, "88.1.2/", ONYM_NAME_INVALID},
        {CREATE, "/x", ONYM_NAME_INVALID},
        {CREATE, "88.1.2/\xff", ONYM_NAME_INVALID},
        {CREATE, "88.1.2/a b", ONYM_NAME_INVALID},
        {CREATE, "88.x.2/a", ONYM_NAME_INVALID},
        /* what is there already may have any name */
        {DELETE, "88.1.2/\xff", ONYM_OK},
        {ADD, "88.1.2", ONYM_OK},
        {REMOVE, "/x", ONYM_OK},
        {MODIFY, "a b", ONYM_OK},
        {DELETE, "", ONYM_NOT_FOUND},
        {ADD, "", ONYM_NOT_FOUND},
        {REMOVE, "", ONYM_NOT_FOUND},
        {MODIFY, "", ONYM_NOT_FOUND},
        {HOME, "88.888.1024", ONYM_OK},
        {HOME, "0.NA/88.888.1024", ONYM_OK},
        {HOME, "0.na/88.888.1024", ONYM_OK},
        {HOME, "0.NA/0.NA", ONYM_OK},
        {HOME, "", ONYM_NOT_FOUND},
        {HOME, "/", ONYM_NAME_INVALID},
        {HOME, "0.NA/", ONYM_NAME_INVALID},
        {HOME, "88.1/x", ONYM_NAME_INVALID},
        {HOME, "0.NA/88.1/x", ONYM_NAME_INVALID},
        {HOME, "88..1", ONYM_NAME_INVALID},
        {HOME, "88.", ONYM_NAME_INVALID},
        {HOME, "88.1234567890", ONYM_NAME_INVALID},
        {HOME, "0.NA/88.x", ONYM_NAME_INVALID},
        {HOME, "88 .1", ONYM_NAME_INVALID},
        {UNHOME, "88..1", ONYM_OK},
        {UNHOME, "", ONYM_NOT_FOUND},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct onym_op_fault fault;
        enum onym_status status = form(cases[i].action, cases[i].name,
                                       cases[i].action == REMOVE ? "1" : "1|A|a", &fault);

        if (status != cases[i].status) {
            fail_msg("case %zu (%s): %s", i, cases[i].name, onym_status_name(status));
        }
        if (status == ONYM_OK) {
            assert_null(fault.why);
        } else {
            assert_true(strlen(fault.why) > 0);
        }
    }
}

static void
names_end_at_2048_bytes(void **state)
{
    static const enum onym_action actions[] = {CREATE, DELETE, ADD, REMOVE, MODIFY, UNHOME};
    struct onym_arena arena = arena_new(ONYM_OP_MEMORY);
    uint8_t name[ONYM_NAME_LEN_MAX + 1];

    (void)state;
    memset(name, 'a', sizeof name);
    memcpy(name, "88.1/", 5);
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        struct test_op room;
        struct onym_op_fault fault;
        struct onym_op_target target;
        struct onym_operation *op = op_parse(&room, actions[i], "x",
                                             actions[i] == REMOVE ? "1" : "1|A|a");

        op->name = onym_span_of(name, ONYM_NAME_LEN_MAX);
        assert_int_equal(onym_op_form(op, &fault), ONYM_OK);
        assert_int_equal(onym_op_target(op, &arena, &target), ONYM_OK);
        assert_int_equal(target.folded.len, ONYM_NAME_LEN_MAX);
        op->name.len++;
        assert_int_equal(onym_op_form(op, &fault), ONYM_NAME_INVALID);
        assert_int_equal(onym_op_target(op, &arena, &target), ONYM_NAME_INVALID);
    }
    arena_free(&arena);
}

static void
a_minted_name_counts_as_a_whole(void **state)
{
    struct onym_arena arena = arena_new(ONYM_OP_MEMORY);
    uint8_t stem[ONYM_NAME_LEN_MAX];
    uint8_t minted[ONYM_MINTED_LEN];
    struct test_op room;
    struct onym_op_fault fault;
    struct onym_op_target target;
    struct onym_operation *op = op_parse(&room, CREATE, "x", "1|A|a");

    (void)state;
    memset(stem, 'a', sizeof stem);
    memcpy(stem, "88.1/", 5);
    memset(minted, 'b', sizeof minted);
    op->mint = true;
    op->minted = onym_span_of(minted, sizeof minted);
    op->name = onym_span_of(stem, ONYM_NAME_LEN_MAX - ONYM_MINTED_LEN);
    assert_int_equal(onym_op_form(op, &fault), ONYM_OK);
    assert_int_equal(onym_op_target(op, &arena, &target), ONYM_OK);
    assert_int_equal(target.name.len, ONYM_NAME_LEN_MAX);
    op->name.len++;
    assert_int_equal(onym_op_form(op, &fault), ONYM_NAME_INVALID);
    op->name.len = ONYM_NAME_LEN_MAX; /* no room even for the whole name */
    assert_int_equal(onym_op_form(op, &fault), ONYM_NAME_INVALID);
    assert_int_equal(onym_op_target(op, &arena, &target), ONYM_NAME_INVALID);
    arena_free(&arena);
}

static void
a_bare_name_of_full_length_still_has_a_target(void **state)
{
    struct onym_arena arena = arena_new(ONYM_OP_MEMORY);
    uint8_t name[ONYM_NAME_LEN_MAX];
    struct test_op room;
    struct onym_op_fault fault;
    struct onym_op_target target;
    struct onym_operation *op = op_parse(&room, DELETE, "x", "");

    (void)state;
    memset(name, 'a', sizeof name);
    op->name = onym_span_of(name, sizeof name);
    assert_int_equal(onym_op_target(op, &arena, &target), ONYM_OK);
    assert_int_equal(target.folded.len, ONYM_PREFIX_NAME_LEN_MAX);
    assert_memory_equal(target.folded.at, "0.NA/AAA", 8);
    /* but nothing can stand under such a prefix */
    op->action = HOME;
    assert_int_equal(onym_op_form(op, &fault), ONYM_NAME_INVALID);
    op->name.len = ONYM_NAME_LEN_MAX - 2;
    assert_int_equal(onym_op_form(op, &fault), ONYM_OK);
    op->name.len++;
    assert_int_equal(onym_op_form(op, &fault), ONYM_NAME_INVALID);
    arena_free(&arena);
}

static void
values_are_refused_with_their_index(void **state)
{
    static const struct {
        const char *sent;
        enum onym_status status;
        uint32_t index;
    } cases[] = {
        {"1|A|a 2147483647|B|b", ONYM_OK, 0},
        {"1|A|a 0|B|b", ONYM_VALUE_INVALID, 0},
        {"1|A|a 2147483648|B|b", ONYM_VALUE_INVALID, 2147483648U},
        {"1|A|a 4294967295|B|b", ONYM_VALUE_INVALID, 4294967295U},
        {"1|A|a 2||b", ONYM_VALUE_INVALID, 2},
        {"1|\xe6\xb5|a", ONYM_VALUE_INVALID, 1},
        {"1|\xe6\xb5\x8b|a", ONYM_OK, 0},
        {"1|A|a 2|B|b 1|A|a", ONYM_VALUE_EXISTS, 1},
        {"9|A|a 8|B|b 7|C|c 8|D|d", ONYM_VALUE_EXISTS, 8},
        {"1|HS_ADMIN|fff,0.NA/88.1,200", ONYM_OK, 0},
        {"1|HS_ADMIN|x", ONYM_VALUE_INVALID, 1},
        {"1|hs_admin|x", ONYM_VALUE_INVALID, 1},
        {"1|HS_ADMINS|x", ONYM_OK, 0},
        {"3|HS_VLIST|88.1/a,300;88.1/b,1", ONYM_OK, 0},
        {"3|HS_VLIST|x", ONYM_VALUE_INVALID, 3},
        {"4|HS_SECKEY|secret", ONYM_VALUE_INVALID, 4},
        {"4|HS_SECKEY|secret|w", ONYM_VALUE_INVALID, 4},
        {"4|HS_SECKEY|secret|p", ONYM_OK, 0},
        {"4|HS_SECKEY|secret|n", ONYM_OK, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t both = 0; both < 2; both++) {
            struct onym_op_fault fault;
            enum onym_status status = form(both == 0 ? CREATE : ADD, "88.1/x", cases[i].sent,
                                           &fault);

            if (status != cases[i].status || fault.index != cases[i].index) {
                fail_msg("case %zu: %s, index %u", i, onym_status_name(status), fault.index);
            }
            /* a modification is judged by its content last of all */
            assert_int_equal(form(MODIFY, "88.1/x", cases[i].sent, &fault), ONYM_OK);
        }
    }
}

static void
a_ttl_is_relative_or_absolute(void **state)
{
    struct onym_op_fault fault;
    struct test_op room;

    (void)state;
    for (unsigned ttl_type = 0; ttl_type < 256; ttl_type++) {
        struct onym_operation *op = op_parse(&room, CREATE, "88.1/x", "5|A|a");

        room.values.bytes[8] = (uint8_t)ttl_type;
        assert_int_equal(onym_op_form(op, &fault), ttl_type < 2 ? ONYM_OK : ONYM_VALUE_INVALID);
    }
}

static void
a_type_ends_at_255_bytes(void **state)
{
    char type[ONYM_TYPE_LEN_MAX + 1];
    struct onym_op_fault fault;

    (void)state;
    memset(type, 'T', sizeof type);
    for (size_t over = 0; over < 2; over++) {
        struct test_op room;
        struct onym_operation *op = op_parse(&room, CREATE, "88.1/x", "");
        struct onym_value value = {.index = 1,
                                   .type = onym_span_of(type, ONYM_TYPE_LEN_MAX + over)};

        values_add(&room.values, &value);
        op->values = room.values.list;
        assert_int_equal(onym_op_form(op, &fault), over == 0 ? ONYM_OK : ONYM_VALUE_INVALID);
    }
}

static void
what_does_not_decode_is_malformed(void **state)
{
    struct onym_arena arena = arena_new(ONYM_OP_MEMORY);
    struct onym_op_fault fault;
    struct onym_op_outcome out;
    struct test_op sent;
    struct test_record room;
    struct onym_operation *op = op_parse(&sent, CREATE, "88.1/x", "1|A|a 2|B|b");

    (void)state;
    op->values.raw.len--;
    assert_int_equal(onym_op_form(op, &fault), ONYM_MALFORMED);
    op->action = MODIFY;
    assert_int_equal(
        onym_op_before_auth(op, record_parse(&room, "88.1/x", "1|A|a"), &arena, &fault),
        ONYM_MALFORMED);
    assert_int_equal(onym_op_decide(op, &room.record, &arena, &out), ONYM_MALFORMED);
    arena_free(&arena);
}

/* A list of count values with len bytes of data together, as evenly as they go. */
static struct onym_value_list
many(uint8_t *bytes, uint32_t from, uint32_t count, size_t len)
{
    static const uint8_t data[70000];
    struct onym_value_list list = {.raw = onym_span_of(bytes, 0), .count = count};

    for (uint32_t i = 0; i < count; i++) {
        struct onym_value value = {.index = from + i, .permissions = 14, .type = {data, 1}};
        size_t written = 0;

        value.type = onym_span_text("T");
        value.data = onym_span_of(data, i + 1 < count ? len / count : len - len / count * i);
        assert_int_equal(
            onym_value_encode(&value, bytes + list.raw.len, 65536 + len / count, &written),
            ONYM_OK);
        list.raw.len += written;
    }
    return list;
}

static void
a_record_ends_at_2048_values(void **state)
{
    struct onym_arena arena = arena_new(ONYM_OP_MEMORY);
    uint8_t *bytes = malloc(1 << 20);
    uint8_t *more = malloc(1 << 20);
    struct onym_op_fault fault;
    struct onym_op_outcome out;
    struct onym_record full;
    struct onym_operation op = {.action = CREATE, .name = onym_span_text("88.1/x"), .now_ms = 1};

    (void)state;
    assert_non_null(bytes);
    assert_non_null(more);
    op.values = many(bytes, 1, ONYM_VALUES_MAX, 0);
    assert_int_equal(onym_op_form(&op, &fault), ONYM_OK);
    assert_int_equal(onym_op_decide(&op, NULL, &arena, &out), ONYM_OK);
    full = out.record;
    assert_int_equal(full.public_values.count, ONYM_VALUES_MAX);
    op.values = many(more, 1, ONYM_VALUES_MAX + 1, 0);
    assert_int_equal(onym_op_form(&op, &fault), ONYM_VALUE_INVALID);
    /* replacing is no growing */
    op.action = ADD;
    op.overwrite = true;
    op.values = many(more, ONYM_VALUES_MAX, 1, 5);
    assert_int_equal(onym_op_decide(&op, &full, &arena, &out), ONYM_OK);
    assert_int_equal(out.record.public_values.count, ONYM_VALUES_MAX);
    op.values = many(more, ONYM_VALUES_MAX + 1, 1, 5);
    assert_int_equal(onym_op_decide(&op, &full, &arena, &out), ONYM_VALUE_INVALID);
    assert_true(strlen(out.fault.why) > 0);
    free(more);
    free(bytes);
    arena_free(&arena);
}

static void
a_record_ends_at_258048_bytes(void **state)
{
    const size_t head = (size_t)8 * (ONYM_VALUE_LEN_MIN + 1);
    struct onym_arena arena = arena_new(2 * ONYM_OP_MEMORY);
    uint8_t *bytes = malloc(1 << 20);
    uint8_t *more = malloc(1 << 20);
    struct onym_op_fault fault;
    struct onym_op_outcome out;
    struct onym_record full;
    struct onym_operation op = {.action = CREATE, .name = onym_span_text("88.1/x"), .now_ms = 1};

    (void)state;
    assert_non_null(bytes);
    assert_non_null(more);
    op.values = many(bytes, 1, 8, ONYM_VALUES_LEN_MAX - head + 1);
    assert_int_equal(op.values.raw.len, ONYM_VALUES_LEN_MAX + 1);
    assert_int_equal(onym_op_form(&op, &fault), ONYM_VALUE_INVALID);
    op.values = many(bytes, 1, 8, ONYM_VALUES_LEN_MAX - head);
    assert_int_equal(onym_op_form(&op, &fault), ONYM_OK);
    assert_int_equal(onym_op_decide(&op, NULL, &arena, &out), ONYM_OK);
    full = out.record;
    assert_int_equal(full.public_values.raw.len, ONYM_VALUES_LEN_MAX);
    /* at the limit any growth is too much, whoever brings it, and shrinking is not */
    op.action = MODIFY;
    op.values = many(more, 1, 1, (ONYM_VALUES_LEN_MAX - head) / 8);
    more[4] = 9; /* only the timestamp: the same content */
    assert_int_equal(onym_op_decide(&op, &full, &arena, &out), ONYM_OK);
    assert_int_equal(out.effect, ONYM_OP_UNCHANGED);
    op.values = many(more, 1, 1, (ONYM_VALUES_LEN_MAX - head) / 8 + 1);
    assert_int_equal(onym_op_decide(&op, &full, &arena, &out), ONYM_VALUE_INVALID);
    op.values = many(more, 1, 1, (ONYM_VALUES_LEN_MAX - head) / 8 - 1);
    assert_int_equal(onym_op_decide(&op, &full, &arena, &out), ONYM_OK);
    assert_int_equal(out.record.public_values.raw.len, ONYM_VALUES_LEN_MAX - 1);
    op.action = ADD;
    op.values = many(more, 9, 1, 0);
    assert_int_equal(onym_op_decide(&op, &full, &arena, &out), ONYM_VALUE_INVALID);
    free(more);
    free(bytes);
    arena_free(&arena);
}

static void
an_operation_names_2048_indexes(void **state)
{
    uint8_t raw[(ONYM_VALUES_MAX + 1) * 4] = {0};
    struct onym_op_fault fault;
    struct onym_operation op = {.action = REMOVE, .name = onym_span_text("88.1/x")};

    (void)state;
    op.indexes = (struct onym_u32_list){onym_span_of(raw, sizeof raw - 4), ONYM_VALUES_MAX};
    assert_int_equal(onym_op_form(&op, &fault), ONYM_OK);
    op.indexes = (struct onym_u32_list){onym_span_of(raw, sizeof raw), ONYM_VALUES_MAX + 1};
    assert_int_equal(onym_op_form(&op, &fault), ONYM_VALUE_INVALID);
}

static void
the_promised_memory_suffices_for_the_largest(void **state)
{
    const size_t head = (size_t)ONYM_VALUES_MAX * (ONYM_VALUE_LEN_MIN + 1);
    struct onym_arena arena = arena_new(ONYM_OP_MEMORY);
    uint8_t *bytes = malloc(1 << 20);
    uint8_t *more = malloc(1 << 20);
    uint8_t name[ONYM_NAME_LEN_MAX];
    struct onym_op_outcome out;
    struct onym_op_target target;
    struct onym_record old = {.name = onym_span_text("88.1/x"), .revision = 1};
    struct onym_operation op = {.action = CREATE, .overwrite = true, .now_ms = 1};

    (void)state;
    assert_non_null(bytes);
    assert_non_null(more);
    memset(name, 'a', sizeof name);
    memcpy(name, "88.1/", 5);
    op.name = onym_span_of(name, sizeof name);
    old.public_values = many(bytes, 1, ONYM_VALUES_MAX, ONYM_VALUES_LEN_MAX - head);
    op.values = many(more, 2, ONYM_VALUES_MAX, ONYM_VALUES_LEN_MAX - head);
    assert_int_equal(onym_op_target(&op, &arena, &target), ONYM_OK);
    assert_int_equal(onym_op_decide(&op, &old, &arena, &out), ONYM_OK);
    assert_int_equal(out.record.public_values.raw.len, ONYM_VALUES_LEN_MAX);
    onym_arena_reset(&arena);
    assert_int_equal(onym_op_target(&op, &arena, &target), ONYM_OK);
    assert_int_equal(onym_op_decide(&op, NULL, &arena, &out), ONYM_OK);
    free(more);
    free(bytes);
    arena_free(&arena);
}

static void
a_negative_index_is_said_as_it_was_sent(void **state)
{
    char room[ONYM_OP_SAID_MAX];

    (void)state;
    assert_string_equal(onym_op_said("why", 7, room), "why (index 7)");
    assert_string_equal(onym_op_said("why", INT32_MAX, room), "why (index 2147483647)");
    assert_string_equal(onym_op_said("why", (uint32_t)-1, room), "why (index -1 or 4294967295)");
    assert_string_equal(onym_op_said("why", (uint32_t)INT32_MIN, room),
                        "why (index -2147483648 or 2147483648)");
    assert_string_equal(onym_op_said("why", 0, room), "why");
    assert_string_equal(onym_op_said(NULL, 7, room), "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_refused_as_the_action_wants),
        cmocka_unit_test(names_end_at_2048_bytes),
        cmocka_unit_test(a_minted_name_counts_as_a_whole),
        cmocka_unit_test(a_bare_name_of_full_length_still_has_a_target),
        cmocka_unit_test(values_are_refused_with_their_index),
        cmocka_unit_test(a_negative_index_is_said_as_it_was_sent),
        cmocka_unit_test(a_ttl_is_relative_or_absolute),
        cmocka_unit_test(a_type_ends_at_255_bytes),
        cmocka_unit_test(what_does_not_decode_is_malformed),
        cmocka_unit_test(a_record_ends_at_2048_values),
        cmocka_unit_test(a_record_ends_at_258048_bytes),
        cmocka_unit_test(an_operation_names_2048_indexes),
        cmocka_unit_test(the_promised_memory_suffices_for_the_largest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
