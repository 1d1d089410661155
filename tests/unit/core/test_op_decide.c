/* What an operation makes of a record. */
#include "op_test.h"

#define NAME "88.1.2/part"

enum want { STORE = ONYM_OP_STORE, ERASE = ONYM_OP_ERASE, UNCHANGED = ONYM_OP_UNCHANGED };

struct row {
    enum onym_action action;
    const char *old;  /* NULL = no record */
    const char *sent; /* values, or indexes */
    bool overwrite;
    enum onym_status status;
    enum want effect;
    const char *result; /* of STORE */
    bool replaced;
};

#define CREATE ONYM_ACTION_CREATE
#define DELETE ONYM_ACTION_DELETE
#define ADD    ONYM_ACTION_ADD
#define REMOVE ONYM_ACTION_REMOVE
#define MODIFY ONYM_ACTION_MODIFY

static const struct row rows[] = {
    /* created: order as sent, public in front */
    {CREATE, NULL, "3|C|c 1|A|a", false, ONYM_OK, STORE, "3|C|c* 1|A|a* // ", false},
    {CREATE, NULL, "3|C|c|p 1|A|a 2|B|b|n", false, ONYM_OK, STORE, "1|A|a* // 3|C|c|p* 2|B|b|n*",
     false},
    {CREATE, NULL, "", false, ONYM_OK, STORE, " // ", false},
    {CREATE, NULL, "1|A|a", true, ONYM_OK, STORE, "1|A|a* // ", false},
    {CREATE, "1|A|a", "1|A|b", false, ONYM_EXISTS, 0, NULL, false},
    /* overwritten: what is the same keeps its time */
    {CREATE, "1|A|a 2|B|b", "2|B|b 1|A|new", true, ONYM_OK, STORE, "2|B|b 1|A|new* // ", true},
    {CREATE, "1|A|a 2|B|b", "1|A|a", true, ONYM_OK, STORE, "1|A|a // ", true},
    {CREATE, "1|A|a", "1|A|a 2|B|b", true, ONYM_OK, STORE, "1|A|a 2|B|b* // ", true},
    {CREATE, "1|A|a", "", true, ONYM_OK, STORE, " // ", true},
    {CREATE, "1|A|a 2|B|b", "1|A|a 3|B|b", true, ONYM_OK, STORE, "1|A|a 3|B|b* // ", true},
    {CREATE, "1|A|a", "1|A|a|p", true, ONYM_OK, STORE, " // 1|A|a|p*", true},
    {CREATE, "1|A|a", "1|a|a", true, ONYM_OK, STORE, "1|a|a* // ", true},
    {CREATE, "1|A|a 2|B|b|p", "2|B|b|p 1|A|a", true, ONYM_OK, UNCHANGED, NULL, true},
    {CREATE, "", "", true, ONYM_OK, UNCHANGED, NULL, true},
    /* deleted */
    {DELETE, "1|A|a", "", false, ONYM_OK, ERASE, NULL, false},
    {DELETE, NULL, "", false, ONYM_NOT_FOUND, 0, NULL, false},
    /* added: sorted by index inside each part */
    {ADD, "5|E|e 2|B|b", "3|C|c", false, ONYM_OK, STORE, "2|B|b 3|C|c* 5|E|e // ", false},
    {ADD, "5|E|e 9|Y|y|p 2|B|b 4|X|x|p", "6|F|f|p 1|A|a", false, ONYM_OK, STORE,
     "1|A|a* 2|B|b 5|E|e // 4|X|x|p 6|F|f|p* 9|Y|y|p", false},
    {ADD, "", "1|A|a", false, ONYM_OK, STORE, "1|A|a* // ", false},
    {ADD, "1|A|a", "1|A|b", false, ONYM_VALUE_EXISTS, 0, NULL, false},
    {ADD, "1|A|a", "1|A|a", false, ONYM_VALUE_EXISTS, 0, NULL, false},
    {ADD, "1|A|a 2|B|b", "2|B|x 7|G|g", true, ONYM_OK, STORE, "1|A|a 2|B|x* 7|G|g* // ", true},
    {ADD, "1|A|a 2|B|b", "7|G|g", true, ONYM_OK, STORE, "1|A|a 2|B|b 7|G|g* // ", false},
    {ADD, "2|B|b 1|A|a", "1|A|a", true, ONYM_OK, UNCHANGED, NULL, true},
    {ADD, "2|B|b|r", "2|B|b|r", true, ONYM_OK, UNCHANGED, NULL, true},
    {ADD, "2|B|b|r", "2|B|x|r", true, ONYM_VALUE_FORBIDS, 0, NULL, false},
    {ADD, NULL, "1|A|a", false, ONYM_NOT_FOUND, 0, NULL, false},
    {ADD, "1|A|a", "", false, ONYM_VALUE_INVALID, 0, NULL, false},
    /* removed: all or nothing, the others keep their places */
    {REMOVE, "3|C|c 1|A|a 2|B|b|p", "1", false, ONYM_OK, STORE, "3|C|c // 2|B|b|p", false},
    {REMOVE, "3|C|c 1|A|a 2|B|b|p", "2 3 1", false, ONYM_OK, STORE, " // ", false},
    {REMOVE, "3|C|c 1|A|a", "1 1", false, ONYM_OK, STORE, "3|C|c // ", false},
    {REMOVE, "3|C|c 1|A|a", "1 4", false, ONYM_VALUE_NOT_FOUND, 0, NULL, false},
    {REMOVE, "3|C|c 1|A|a", "", false, ONYM_VALUE_NOT_FOUND, 0, NULL, false},
    {REMOVE, NULL, "1", false, ONYM_NOT_FOUND, 0, NULL, false},
    /* modified: in its place */
    {MODIFY, "3|C|c 1|A|a 2|B|b", "1|A|x", false, ONYM_OK, STORE, "3|C|c 1|A|x* 2|B|b // ", false},
    {MODIFY, "3|C|c 1|A|a 2|B|b", "2|Z|b 3|C|c", false, ONYM_OK, STORE, "3|C|c 1|A|a 2|Z|b* // ",
     false},
    {MODIFY, "3|C|c 1|A|a 2|B|b|p", "3|C|c|p", false, ONYM_OK, STORE, "1|A|a // 3|C|c|p* 2|B|b|p",
     false},
    {MODIFY, "3|C|c 2|B|b|p 1|A|a|p", "1|A|a", false, ONYM_OK, STORE, "3|C|c 1|A|a* // 2|B|b|p",
     false},
    {MODIFY, "3|C|c 1|A|a", "1|A|a", false, ONYM_OK, UNCHANGED, NULL, false},
    {MODIFY, "3|C|c", "1|A|a", false, ONYM_VALUE_NOT_FOUND, 0, NULL, false},
    {MODIFY, "3|C|c|r", "3|C|x", false, ONYM_VALUE_FORBIDS, 0, NULL, false},
    {MODIFY, "3|C|c", "3|C|x 3|C|y", false, ONYM_VALUE_INVALID, 0, NULL, false},
    {MODIFY, "3|C|c", "3||x", false, ONYM_VALUE_INVALID, 0, NULL, false},
    {MODIFY, "3|C|c", "", false, ONYM_VALUE_INVALID, 0, NULL, false},
    {MODIFY, NULL, "3|C|c", false, ONYM_NOT_FOUND, 0, NULL, false},
};

static void
check_record(const struct row *row, const struct onym_record *old, const struct onym_record *now)
{
    char text[512];

    assert_string_equal(record_print(now, text, sizeof text), row->result);
    assert_int_equal(now->revision, old != NULL ? 8 : 1);
    assert_int_equal(now->created_ms, old != NULL ? OP_TEST_OLD_MS : OP_TEST_NOW_MS);
    assert_int_equal(now->modified_ms, OP_TEST_NOW_MS);
    assert_int_equal(now->state, ONYM_STATE_ACTIVE);
    assert_true(onym_span_equal(now->name, old != NULL ? old->name : onym_span_text(NAME)));
    assert_int_equal(now->owner.len, old != NULL ? old->owner.len : 0);
}

static void
every_operation_makes_the_record_it_should(void **state)
{
    struct onym_arena arena = arena_new(ONYM_OP_MEMORY);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        struct test_record room;
        struct test_op sent;
        struct onym_op_outcome out = {.fault = {.why = "untouched"}};
        /* the spelling that was registered stays */
        const struct onym_record *old = record_parse(&room, "88.1.2/PART", row->old);
        struct onym_operation *op = op_parse(&sent, row->action, NAME, row->sent);
        enum onym_status status;

        op->overwrite = row->overwrite;
        onym_arena_reset(&arena);
        status = onym_op_decide(op, old, &arena, &out);
        if (status != row->status || (status == ONYM_OK && (int)out.effect != (int)row->effect)) {
            fail_msg("row %zu (%s <- %s): %s, effect %d", i, row->old, row->sent,
                     onym_status_name(status), (int)out.effect);
        }
        if (status != ONYM_OK) {
            assert_int_equal(arena.used, 0);
            continue;
        }
        assert_int_equal(out.replaced, row->replaced);
        assert_int_equal(out.kind, ONYM_KIND_HANDLE);
        assert_null(out.fault.why);
        if (out.effect == ONYM_OP_STORE) {
            check_record(row, old, &out.record);
        } else {
            assert_memory_equal(&out.record, old, sizeof *old);
        }
    }
    arena_free(&arena);
}

static void
home_and_unhome_make_and_take_a_prefix(void **state)
{
    static const char *const spelling[] = {"88.888.1024", "0.NA/88.888.1024", "0.na/88.888.1024"};
    struct onym_arena arena = arena_new(ONYM_OP_MEMORY);
    struct test_op sent;
    struct onym_op_outcome out;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct onym_operation *op = op_parse(&sent, ONYM_ACTION_HOME, spelling[i], "");
        struct onym_op_target target;
        struct onym_record homed;

        onym_arena_reset(&arena);
        assert_int_equal(onym_op_target(op, &arena, &target), ONYM_OK);
        assert_int_equal(target.kind, ONYM_KIND_PREFIX);
        assert_true(onym_span_equal(target.folded, onym_span_text("0.NA/88.888.1024")));
        assert_int_equal(onym_op_decide(op, NULL, &arena, &out), ONYM_OK);
        assert_int_equal(out.effect, ONYM_OP_STORE);
        assert_int_equal(out.kind, ONYM_KIND_PREFIX);
        assert_true(onym_span_equal(out.record.name, target.name));
        assert_int_equal(out.record.revision, 1);
        assert_int_equal(out.record.public_values.count + out.record.private_values.count, 0);
        homed = out.record;
        /* once more changes nothing */
        assert_int_equal(onym_op_decide(op, &homed, &arena, &out), ONYM_OK);
        assert_int_equal(out.effect, ONYM_OP_UNCHANGED);
        assert_false(out.replaced);
        op->action = ONYM_ACTION_UNHOME;
        assert_int_equal(onym_op_decide(op, &homed, &arena, &out), ONYM_OK);
        assert_int_equal(out.effect, ONYM_OP_ERASE);
        assert_int_equal(out.kind, ONYM_KIND_PREFIX);
        assert_int_equal(onym_op_decide(op, NULL, &arena, &out), ONYM_NOT_FOUND);
    }
    arena_free(&arena);
}

static void
the_last_revision_is_refused_with_the_reason(void **state)
{
    struct onym_arena arena = arena_new(ONYM_OP_MEMORY);
    struct test_record room;
    struct test_op sent;
    struct onym_op_outcome out;
    struct onym_record old = *record_parse(&room, NAME, "1|A|a");

    (void)state;
    old.revision = ONYM_REVISION_MAX - 1;
    assert_int_equal(onym_op_decide(op_parse(&sent, ADD, NAME, "2|B|b"), &old, &arena, &out),
                     ONYM_OK);
    assert_int_equal(out.record.revision, ONYM_REVISION_MAX);
    old.revision = ONYM_REVISION_MAX;
    onym_arena_reset(&arena);
    assert_int_equal(onym_op_decide(op_parse(&sent, ADD, NAME, "2|B|b"), &old, &arena, &out),
                     ONYM_UNSUPPORTED);
    assert_non_null(strstr(out.fault.why, "last revision"));
    assert_int_equal(onym_op_decide(op_parse(&sent, DELETE, NAME, ""), &old, &arena, &out),
                     ONYM_OK);
    arena_free(&arena);
}

static void
an_expectation_is_kept_or_refused(void **state)
{
    static const struct {
        enum onym_action action;
        const char *old;
        const char *sent;
        enum onym_expect expect;
        uint64_t revision;
        enum onym_status status;
    } cases[] = {
        {CREATE, NULL, "1|A|a", ONYM_EXPECT_ABSENT, 0, ONYM_OK},
        {CREATE, "1|A|b", "1|A|a", ONYM_EXPECT_ABSENT, 0, ONYM_EXISTS},
        {CREATE, NULL, "1|A|a", ONYM_EXPECT_SAME, 0, ONYM_OK},
        {CREATE, "1|A|a 2|B|b|p", "2|B|b|p 1|A|a", ONYM_EXPECT_SAME, 0, ONYM_OK},
        {CREATE, "1|A|b", "1|A|a", ONYM_EXPECT_SAME, 0, ONYM_EXISTS},
        {CREATE, "1|A|a 2|B|b", "1|A|a", ONYM_EXPECT_SAME, 0, ONYM_EXISTS},
        {CREATE, "1|A|b", "1|A|a", ONYM_EXPECT_PRESENT, 0, ONYM_OK},
        {CREATE, NULL, "1|A|a", ONYM_EXPECT_PRESENT, 0, ONYM_NOT_FOUND},
        {CREATE, "1|A|b", "1|A|a", ONYM_EXPECT_REVISION, 7, ONYM_OK},
        {CREATE, "1|A|b", "1|A|a", ONYM_EXPECT_REVISION, 6, ONYM_STALE},
        {CREATE, "1|A|b", "1|A|a", ONYM_EXPECT_REVISION, 8, ONYM_STALE},
        {CREATE, "1|A|a", "1|A|a", ONYM_EXPECT_REVISION, 8, ONYM_STALE}, /* even unchanged */
        {CREATE, NULL, "1|A|a", ONYM_EXPECT_REVISION, 7, ONYM_STALE},
        {ADD, "1|A|b", "2|A|a", ONYM_EXPECT_REVISION, 7, ONYM_OK},
        {ADD, "1|A|b", "2|A|a", ONYM_EXPECT_REVISION, 1, ONYM_STALE},
        {ADD, "1|A|b", "2|A|a", ONYM_EXPECT_ABSENT, 0, ONYM_EXISTS},
        {DELETE, "1|A|b", "", ONYM_EXPECT_REVISION, 7, ONYM_OK},
        {DELETE, "1|A|b", "", ONYM_EXPECT_REVISION, 1, ONYM_STALE},
        {DELETE, NULL, "", ONYM_EXPECT_REVISION, 1, ONYM_NOT_FOUND},
        {REMOVE, "1|A|b", "1", ONYM_EXPECT_REVISION, 1, ONYM_STALE},
        {MODIFY, "1|A|b", "1|A|c", ONYM_EXPECT_REVISION, 1, ONYM_STALE},
    };
    struct onym_arena arena = arena_new(ONYM_OP_MEMORY);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct test_record room;
        struct test_op sent;
        struct onym_op_outcome out;
        struct onym_operation *op = op_parse(&sent, cases[i].action, NAME, cases[i].sent);

        op->overwrite = true;
        op->expect = cases[i].expect;
        op->revision = cases[i].revision;
        onym_arena_reset(&arena);
        if (onym_op_decide(op, record_parse(&room, NAME, cases[i].old), &arena, &out) !=
            cases[i].status) {
            fail_msg("case %zu", i);
        }
    }
    arena_free(&arena);
}

static void
a_minted_name_is_stem_and_suffix(void **state)
{
    static const uint8_t chance[16] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0xF6, 0x77,
                                       0xF8, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF};
    static const char *const suffix = "00112233-4455-4677-b899-aabbccddeeff";
    static const struct {
        const char *stem;
        const char *front;
    } stems[] = {{"88.1.2/", "88.1.2/"}, {"88.1.2/vin-", "88.1.2/vin-"}, {"88.1.2", "88.1.2/"}};
    struct onym_arena arena = arena_new(ONYM_OP_MEMORY);
    uint8_t minted[ONYM_MINTED_LEN];

    (void)state;
    onym_operation_mint(chance, minted);
    assert_memory_equal(minted, suffix, ONYM_MINTED_LEN);
    for (size_t i = 0; i < 3; i++) {
        struct test_op sent;
        struct onym_operation *op = op_parse(&sent, CREATE, stems[i].stem, "1|A|a");
        struct onym_op_outcome out;
        char want[64];

        op->mint = true;
        op->minted = onym_span_of(minted, sizeof minted);
        onym_arena_reset(&arena);
        assert_int_equal(onym_op_decide(op, NULL, &arena, &out), ONYM_OK);
        (void)snprintf(want, sizeof want, "%s%s", stems[i].front, suffix);
        assert_true(onym_span_equal(out.record.name, onym_span_text(want)));
    }
    arena_free(&arena);
}

static void
times_never_run_backwards_or_over(void **state)
{
    struct onym_arena arena = arena_new(ONYM_OP_MEMORY);
    struct test_record room;
    struct test_op sent;
    struct onym_op_outcome out;
    struct onym_value value;
    struct onym_operation *op = op_parse(&sent, MODIFY, NAME, "1|A|b");
    const struct onym_record *old = record_parse(&room, NAME, "1|A|a");

    (void)state;
    op->now_ms = OP_TEST_OLD_MS - 1;
    assert_int_equal(onym_op_decide(op, old, &arena, &out), ONYM_OK);
    assert_int_equal(out.record.modified_ms, OP_TEST_OLD_MS);
    op->now_ms = ((uint64_t)UINT32_MAX + 1) * 1000;
    assert_int_equal(onym_op_decide(op, old, &arena, &out), ONYM_OK);
    assert_true(onym_value_next(&out.record.public_values.raw, &value));
    assert_int_equal(value.timestamp, UINT32_MAX);
    arena_free(&arena);
}

/* What is stored does not depend on whether it had to be written for that. */
static void
values_that_can_stay_as_they_were_sent_are_borrowed(void **state)
{
    static const struct {
        const char *sent;
        bool stays;
    } cases[] = {{"1|A|a", true},
                 {"3|C|c 1|A|a 2|B|b|p", true},
                 {"2|B|b|p 1|A|a|n", true},
                 {"", true},
                 {"1|A|a 2|B|b|p 3|C|c", false}};
    struct onym_arena arena = arena_new(ONYM_OP_MEMORY);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct test_op sent;
        struct onym_operation *op = op_parse(&sent, CREATE, NAME, cases[i].sent);
        struct onym_op_outcome out;
        char copied[512];
        char text[512];

        onym_arena_reset(&arena);
        assert_int_equal(onym_op_decide(op, NULL, &arena, &out), ONYM_OK);
        assert_int_equal(out.as_sent, op->values.count == 0);
        (void)record_print(&out.record, copied, sizeof copied);
        values_parse(&sent.values, cases[i].sent, OP_TEST_NOW_MS / 1000, 'a');
        op->values = sent.values.list;
        assert_int_equal(onym_op_decide(op, NULL, &arena, &out), ONYM_OK);
        assert_string_equal(record_print(&out.record, text, sizeof text), copied);
        assert_int_equal(out.as_sent, cases[i].stays);
        if (cases[i].stays) {
            const onym_span *parts[2] = {&out.record.public_values.raw,
                                         &out.record.private_values.raw};

            assert_int_equal(parts[0]->len + parts[1]->len, op->values.raw.len);
            assert_true(parts[0]->len == 0 || parts[0]->at == op->values.raw.at);
            assert_true(parts[1]->len == 0 || parts[1]->at == op->values.raw.at + parts[0]->len);
        }
        op->values.raw = onym_span_front(op->values.raw, op->values.raw.len - 1);
        if (op->values.count > 0) {
            assert_int_equal(onym_op_decide(op, NULL, &arena, &out), ONYM_MALFORMED);
        }
    }
    arena_free(&arena);
}

/* One value of an other time, and all are written. */
static void
a_timestamp_that_does_not_count_is_not_stored(void **state)
{
    struct onym_arena arena = arena_new(ONYM_OP_MEMORY);
    struct test_op sent;
    struct onym_operation *op = op_parse(&sent, CREATE, NAME, "1|A|a");
    struct onym_value value = {.index = 2, .permissions = 14, .timestamp = OP_TEST_NOW_MS / 1000};
    struct onym_op_outcome out;
    char text[512];

    (void)state;
    value.type = onym_span_text("B");
    values_add(&sent.values, &value);
    op->values = sent.values.list;
    assert_int_equal(onym_op_decide(op, NULL, &arena, &out), ONYM_OK);
    assert_false(out.as_sent);
    assert_string_equal(record_print(&out.record, text, sizeof text), "1|A|a* 2|B|* // ");
    arena_free(&arena);
}

static void
a_damaged_record_is_never_built_upon(void **state)
{
    static const enum onym_action actions[] = {CREATE, ADD, REMOVE, MODIFY};
    struct onym_arena arena = arena_new(ONYM_OP_MEMORY);

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct test_record room;
        struct test_op sent;
        struct onym_op_outcome out;
        struct onym_op_fault fault;
        struct onym_op_rights rights;
        struct onym_operation *op = op_parse(&sent, actions[i], NAME,
                                             actions[i] == REMOVE ? "1" : "1|A|x");
        const struct onym_record *old = record_parse(&room, NAME, "1|A|a 2|B|b|p");

        op->overwrite = true;
        room.record.private_values.raw.len--;
        assert_int_equal(onym_op_decide(op, old, &arena, &out), ONYM_CORRUPT);
        assert_int_equal(onym_op_before_rights(op, old, &arena, &fault), ONYM_CORRUPT);
        assert_int_equal(onym_op_rights_needed(op, old, &arena, &rights), ONYM_CORRUPT);
        room.record.private_values.raw.len++;
        room.record.private_values.count++;
        assert_int_equal(onym_op_decide(op, old, &arena, &out), ONYM_CORRUPT);
        room.record.private_values.count -= 2; /* fewer than there are */
        assert_int_equal(onym_op_decide(op, old, &arena, &out), ONYM_CORRUPT);
        room.record.private_values.count++;
        room.record.public_values.count = ONYM_VALUES_MAX + 1;
        assert_int_equal(onym_op_decide(op, old, &arena, &out), ONYM_CORRUPT);
        assert_int_equal(arena.used, 0);
    }
    arena_free(&arena);
}

static void
every_arena_too_small_is_told(void **state)
{
    struct onym_arena arena = arena_new(ONYM_OP_MEMORY);
    struct test_record room;
    struct test_op sent;
    struct onym_op_outcome out;
    struct onym_operation *op = op_parse(&sent, CREATE, NAME, "1|A|x 2|B|y|p");
    const struct onym_record *old = record_parse(&room, NAME, "1|A|a");
    size_t needed;

    (void)state;
    op->overwrite = true;
    for (size_t round = 0; round < 2; round++) {
        onym_arena_reset(&arena);
        assert_int_equal(onym_op_decide(op, old, &arena, &out), ONYM_OK);
        needed = arena.used;
        assert_true(needed > 0);
        for (size_t cap = 0; cap < needed; cap++) {
            struct onym_arena less = {.at = arena.at, .cap = cap};

            assert_int_equal(onym_op_decide(op, old, &less, &out), ONYM_NO_SPACE);
            assert_int_equal(less.used, 0);
        }
        old = NULL;
    }
    arena_free(&arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_makes_the_record_it_should),
        cmocka_unit_test(home_and_unhome_make_and_take_a_prefix),
        cmocka_unit_test(the_last_revision_is_refused_with_the_reason),
        cmocka_unit_test(an_expectation_is_kept_or_refused),
        cmocka_unit_test(a_minted_name_is_stem_and_suffix),
        cmocka_unit_test(times_never_run_backwards_or_over),
        cmocka_unit_test(values_that_can_stay_as_they_were_sent_are_borrowed),
        cmocka_unit_test(a_timestamp_that_does_not_count_is_not_stored),
        cmocka_unit_test(a_damaged_record_is_never_built_upon),
        cmocka_unit_test(every_arena_too_small_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
