/* The order of the checks of section 15, and the rights an operation needs. */
#include "core/authz.h"
#include "op_test.h"

#define CREATE ONYM_ACTION_CREATE
#define DELETE ONYM_ACTION_DELETE
#define ADD    ONYM_ACTION_ADD
#define REMOVE ONYM_ACTION_REMOVE
#define MODIFY ONYM_ACTION_MODIFY
#define HOME   ONYM_ACTION_HOME
#define UNHOME ONYM_ACTION_UNHOME

#define NAME "88.1.2/part"
#define BOSS "100|HS_ADMIN|fff,88.1.2/boss,300"

enum who { NOBODY, STRANGER, OWNER, SERVER };

static struct onym_identity
identity_of(enum who who)
{
    struct onym_identity identity = {.handle = onym_span_text("88.1.2/stranger"), .index = 300};

    if (who == NOBODY) {
        identity.handle.len = 0;
    } else if (who == OWNER) {
        identity.handle = onym_span_text("88.1.2/boss");
    }
    identity.is_server_admin = who == SERVER;
    return identity;
}

/* Every prefix record names the owner. */
static enum onym_status
find_prefix(void *of, onym_span folded, struct onym_record *out)
{
    if (folded.len < 5 || memcmp(folded.at, "0.NA/", 5) != 0) {
        return ONYM_NOT_FOUND;
    }
    *out = *record_parse(of, "0.NA/88.1.2", BOSS);
    return ONYM_OK;
}

/* What session and writer do together: the first failure is the answer. */
static enum onym_status
answer(const struct onym_operation *op, const struct onym_record *old, enum who who,
       struct onym_arena *arena)
{
    struct test_record prefix;
    struct onym_record_source source = {.record = find_prefix, .of = &prefix};
    struct onym_identity identity = identity_of(who);
    struct onym_op_fault fault;
    struct onym_op_outcome out;
    enum onym_status status = onym_op_form(op, &fault);

    onym_arena_reset(arena);
    if (status == ONYM_OK) {
        status = onym_op_before_auth(op, old, arena, &fault);
        if (status == ONYM_AUTH_NEEDED && who != NOBODY) {
            status = ONYM_OK;
        }
    }
    if (status == ONYM_OK) {
        status = onym_op_before_rights(op, old, arena, &fault);
    }
    if (status == ONYM_OK) {
        status = onym_authz_operation(&identity, op, old, &source, arena, NULL);
    }
    assert_int_equal(arena->used, 0);
    return status == ONYM_OK ? onym_op_decide(op, old, arena, &out) : status;
}

/* Each row mends the fault the row before was refused for and keeps all later ones. */
static const struct {
    enum onym_action action;
    const char *name;
    const char *old;
    const char *sent;
    enum who who;
    enum onym_status status;
} order[] = {
    {CREATE, "", "1|A|a", "0|A|a 1|B|b 1|B|b", NOBODY, ONYM_NOT_FOUND},
    {CREATE, "88.1.2/\xff", "1|A|a", "0|A|a 1|B|b 1|B|b", NOBODY, ONYM_NAME_INVALID},
    {CREATE, NAME, "1|A|a", "0|A|a 1|B|b 1|B|b", NOBODY, ONYM_VALUE_INVALID},
    {CREATE, NAME, "1|A|a", "2|A|a 1|B|b 1|B|b", NOBODY, ONYM_VALUE_EXISTS},
    {CREATE, NAME, "1|A|a", "2|A|a 1|B|b", NOBODY, ONYM_EXISTS},
    {CREATE, NAME, NULL, "2|A|a 1|B|b", NOBODY, ONYM_AUTH_NEEDED},
    {CREATE, NAME, NULL, "2|A|a 1|B|b", STRANGER, ONYM_NO_PERMISSION},
    {CREATE, NAME, NULL, "2|A|a 1|B|b", OWNER, ONYM_OK},
    {CREATE, NAME, NULL, "2|A|a 1|B|b", SERVER, ONYM_OK},

    {DELETE, "", NULL, "", NOBODY, ONYM_NOT_FOUND},
    {DELETE, NAME, NULL, "", NOBODY, ONYM_AUTH_NEEDED}, /* before existence is told */
    {DELETE, NAME, NULL, "", STRANGER, ONYM_NOT_FOUND},
    {DELETE, NAME, "1|A|a", "", STRANGER, ONYM_NO_PERMISSION},
    {DELETE, NAME, "1|A|a", "", OWNER, ONYM_OK},
    {DELETE, NAME, "1|A|a", "", SERVER, ONYM_OK},

    {ADD, NAME, NULL, "", NOBODY, ONYM_VALUE_INVALID},
    {ADD, NAME, NULL, "0|A|a 1|B|b 1|B|b", NOBODY, ONYM_VALUE_INVALID},
    {ADD, NAME, NULL, "1|B|b 1|B|b", NOBODY, ONYM_VALUE_EXISTS},
    {ADD, NAME, NULL, "1|B|b", NOBODY, ONYM_AUTH_NEEDED},
    {ADD, NAME, NULL, "1|B|b", STRANGER, ONYM_NOT_FOUND},
    {ADD, NAME, "1|A|a", "1|B|b", STRANGER, ONYM_VALUE_EXISTS},
    {ADD, NAME, "1|A|a", "2|B|b", STRANGER, ONYM_NO_PERMISSION},
    {ADD, NAME, "1|A|a", "2|B|b", OWNER, ONYM_NO_PERMISSION}, /* not of the record */
    {ADD, NAME, "1|A|a " BOSS, "2|B|b", OWNER, ONYM_OK},
    {ADD, NAME, "1|A|a", "2|B|b", SERVER, ONYM_OK},

    {REMOVE, NAME, NULL, "9", NOBODY, ONYM_AUTH_NEEDED},
    {REMOVE, NAME, NULL, "9", STRANGER, ONYM_NOT_FOUND},
    {REMOVE, NAME, "1|A|a", "9", STRANGER, ONYM_VALUE_NOT_FOUND},
    {REMOVE, NAME, "1|A|a", "", STRANGER, ONYM_VALUE_NOT_FOUND},
    {REMOVE, NAME, "1|A|a", "1", STRANGER, ONYM_NO_PERMISSION},
    {REMOVE, NAME, "1|A|a " BOSS, "1", OWNER, ONYM_OK},
    {REMOVE, NAME, "1|A|a|r", "1", SERVER, ONYM_OK},

    {MODIFY, NAME, NULL, "1||x 9|B|b", NOBODY, ONYM_NOT_FOUND},
    {MODIFY, NAME, "1|A|a|r", "1||x 9|B|b", NOBODY, ONYM_VALUE_NOT_FOUND},
    {MODIFY, NAME, "1|A|a|r", "1||x", NOBODY, ONYM_VALUE_FORBIDS},
    {MODIFY, NAME, "1|A|a|r", "1||x", SERVER, ONYM_VALUE_FORBIDS}, /* binds them too */
    {MODIFY, NAME, "1|A|a", "1||x", NOBODY, ONYM_AUTH_NEEDED},
    {MODIFY, NAME, "1|A|a", "", NOBODY, ONYM_AUTH_NEEDED},
    {MODIFY, NAME, "1|A|a", "1||x", STRANGER, ONYM_NO_PERMISSION},
    {MODIFY, NAME, "1|A|a", "", STRANGER, ONYM_NO_PERMISSION},
    {MODIFY, NAME, "1|A|a " BOSS, "1||x", OWNER, ONYM_VALUE_INVALID},
    {MODIFY, NAME, "1|A|a " BOSS, "", OWNER, ONYM_VALUE_INVALID},
    {MODIFY, NAME, "1|A|a " BOSS, "1|A|x", OWNER, ONYM_OK},
    /* writable by all: nobody has to be known */
    {MODIFY, NAME, "1|A|a|w", "1||x", NOBODY, ONYM_VALUE_INVALID},
    {MODIFY, NAME, "1|A|a|w", "1|A|x", NOBODY, ONYM_OK},
    {MODIFY, NAME, "1|A|a|w", "1|A|x", STRANGER, ONYM_OK},
    {MODIFY, NAME, "1|A|a|w 2|B|b", "1|A|x 2|B|c", NOBODY, ONYM_AUTH_NEEDED},
    {MODIFY, NAME, "1|A|a|w 2|B|b", "1|A|x 2|B|c", STRANGER, ONYM_NO_PERMISSION},
    {MODIFY, NAME, "1|HS_ADMIN|0,88.1/x,1|w", "1|HS_ADMIN|1,88.1/x,1", NOBODY, ONYM_AUTH_NEEDED},
    {MODIFY, NAME, "1|HS_ADMIN|0,88.1/x,1|w", "1|A|x", NOBODY, ONYM_AUTH_NEEDED},
    {MODIFY, NAME, "1|A|a|w", "1|HS_ADMIN|fff,88.1/x,1", NOBODY, ONYM_AUTH_NEEDED},
    {MODIFY, NAME, "1|A|a|w", "1|hs_admin|fff,88.1/x,1", NOBODY, ONYM_AUTH_NEEDED},

    {HOME, "88..1", NULL, "", NOBODY, ONYM_NAME_INVALID},
    {HOME, "88.1.2", NULL, "", NOBODY, ONYM_AUTH_NEEDED},
    {HOME, "88.1.2", NULL, "", OWNER, ONYM_NO_PERMISSION},
    {HOME, "88.1.2", NULL, "", SERVER, ONYM_OK},
    {UNHOME, "88.1.2", NULL, "", NOBODY, ONYM_AUTH_NEEDED},
    {UNHOME, "88.1.2", NULL, "", OWNER, ONYM_NO_PERMISSION},
    {UNHOME, "88.1.2", NULL, "", SERVER, ONYM_NOT_FOUND},
    {UNHOME, "88.1.2", "", "", SERVER, ONYM_OK},
};

static void
the_first_failure_answers(void **state)
{
    struct onym_arena arena = arena_new(ONYM_OP_MEMORY);

    (void)state;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        struct test_record room;
        struct test_op sent;
        struct onym_operation *op = op_parse(&sent, order[i].action, order[i].name, order[i].sent);
        const struct onym_record *old = record_parse(&room, NAME, order[i].old);
        enum onym_status status = answer(op, old, order[i].who, &arena);

        if (status != order[i].status) {
            fail_msg("row %zu: %s", i, onym_status_name(status));
        }
    }
    arena_free(&arena);
}

static void
overwriting_passes_what_exists(void **state)
{
    static const struct {
        enum onym_action action;
        const char *old;
        const char *sent;
        enum who who;
        enum onym_status status;
    } cases[] = {
        {CREATE, "1|A|a", "1|A|b", NOBODY, ONYM_AUTH_NEEDED},
        {CREATE, "1|A|a", "1|A|b", STRANGER, ONYM_NO_PERMISSION},
        {CREATE, "1|A|a", "1|A|b", OWNER, ONYM_NO_PERMISSION}, /* add-handle is not enough */
        {CREATE, "1|A|a " BOSS, "1|A|b " BOSS, OWNER, ONYM_OK},
        {ADD, "1|A|a", "1|A|b", NOBODY, ONYM_AUTH_NEEDED},
        {ADD, "1|A|a", "1|A|b", STRANGER, ONYM_NO_PERMISSION},
        {ADD, "1|A|a|r", "1|A|b", STRANGER, ONYM_VALUE_FORBIDS},
        {ADD, "1|A|a " BOSS, "1|A|b", OWNER, ONYM_OK},
        {ADD, "1|A|a", "1|A|b", SERVER, ONYM_OK},
    };
    struct onym_arena arena = arena_new(ONYM_OP_MEMORY);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct test_record room;
        struct test_op sent;
        struct onym_operation *op = op_parse(&sent, cases[i].action, NAME, cases[i].sent);

        op->overwrite = true;
        if (answer(op, record_parse(&room, NAME, cases[i].old), cases[i].who, &arena) !=
            cases[i].status) {
            fail_msg("case %zu", i);
        }
    }
    arena_free(&arena);
}

static void
strangers_are_told_what_the_protocol_tells_them(void **state)
{
    static const struct {
        enum onym_action action;
        const char *old;
        const char *sent;
        bool overwrite;
        enum onym_expect expect;
        enum onym_status status;
    } cases[] = {
        {CREATE, NULL, "1|A|a", false, ONYM_EXPECT_ANY, ONYM_AUTH_NEEDED},
        {CREATE, "1|A|a", "1|A|a", false, ONYM_EXPECT_ANY, ONYM_EXISTS},
        {CREATE, "1|A|a", "1|A|a", true, ONYM_EXPECT_ANY, ONYM_AUTH_NEEDED},
        {CREATE, "1|A|a", "1|A|a", true, ONYM_EXPECT_ABSENT, ONYM_EXISTS},
        {CREATE, "1|A|a|w", "1|A|b|w", true, ONYM_EXPECT_ANY, ONYM_AUTH_NEEDED},
        {MODIFY, NULL, "1|A|a", false, ONYM_EXPECT_ANY, ONYM_NOT_FOUND},
        {MODIFY, "1|A|a|w", "", false, ONYM_EXPECT_ANY, ONYM_AUTH_NEEDED},
        {MODIFY, "1|A|a|w", "1|A|b|w", false, ONYM_EXPECT_ANY, ONYM_OK},
        {DELETE, NULL, "", false, ONYM_EXPECT_ANY, ONYM_AUTH_NEEDED},
        {ADD, NULL, "1|A|a", false, ONYM_EXPECT_ANY, ONYM_AUTH_NEEDED},
        {ADD, "1|A|a", "1|A|a", false, ONYM_EXPECT_ANY, ONYM_AUTH_NEEDED},
        {REMOVE, NULL, "1", false, ONYM_EXPECT_ANY, ONYM_AUTH_NEEDED},
        {HOME, "", "", false, ONYM_EXPECT_ABSENT, ONYM_AUTH_NEEDED},
        {UNHOME, NULL, "", false, ONYM_EXPECT_ANY, ONYM_AUTH_NEEDED},
    };
    struct onym_arena arena = arena_new(ONYM_OP_MEMORY);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct test_record room;
        struct test_op sent;
        struct onym_op_fault fault;
        struct onym_operation *op = op_parse(&sent, cases[i].action, NAME, cases[i].sent);
        enum onym_status status;

        op->overwrite = cases[i].overwrite;
        op->expect = cases[i].expect;
        status = onym_op_before_auth(op, record_parse(&room, NAME, cases[i].old), &arena, &fault);
        if (status != cases[i].status) {
            fail_msg("case %zu: %s", i, onym_status_name(status));
        }
        assert_int_equal(arena.used, 0);
    }
    arena_free(&arena);
}

#define A "1|HS_ADMIN|1,88.1/x,1"
#define B "1|HS_ADMIN|2,88.1/x,1"

enum {
    ADD_HANDLE = ONYM_ADMIN_ADD_HANDLE,
    DELETE_HANDLE = ONYM_ADMIN_DELETE_HANDLE,
    ADD_PREFIX = ONYM_ADMIN_ADD_PREFIX,
    DELETE_PREFIX = ONYM_ADMIN_DELETE_PREFIX,
    MODIFY_VALUE = ONYM_ADMIN_MODIFY_VALUE,
    REMOVE_VALUE = ONYM_ADMIN_REMOVE_VALUE,
    ADD_VALUE = ONYM_ADMIN_ADD_VALUE,
    MODIFY_ADMIN = ONYM_ADMIN_MODIFY_ADMIN,
    REMOVE_ADMIN = ONYM_ADMIN_REMOVE_ADMIN,
    ADD_ADMIN = ONYM_ADMIN_ADD_ADMIN
};

/* bits of the first right; overwriting has two more, DELETE one more */
static const struct {
    enum onym_action action;
    const char *name;
    const char *old;
    const char *sent;
    enum onym_op_where where;
    unsigned bits;
} rights[] = {
    {CREATE, NAME, NULL, "1|A|a", ONYM_OP_IN_PREFIX, ADD_HANDLE},
    {CREATE, "0.NA/88", NULL, A, ONYM_OP_IN_PREFIX, ADD_HANDLE},
    {CREATE, "0.NA/88.1", NULL, A, ONYM_OP_IN_PARENT, ADD_PREFIX},
    {CREATE, "0.na/88.1", NULL, A, ONYM_OP_IN_PARENT, ADD_PREFIX},
    {CREATE, "0.NA/88.1/x", NULL, A, ONYM_OP_IN_PREFIX, ADD_HANDLE},
    {CREATE, NAME, "1|A|a", "1|A|b", ONYM_OP_IN_RECORD, MODIFY_VALUE},
    {CREATE, NAME, "1|A|a", "2|A|a", ONYM_OP_IN_RECORD, ADD_VALUE | REMOVE_VALUE},
    {CREATE, NAME, "1|A|a 2|B|b", "1|A|a 3|C|c", ONYM_OP_IN_RECORD, ADD_VALUE | REMOVE_VALUE},
    {CREATE, NAME, "1|A|a", "", ONYM_OP_IN_RECORD, REMOVE_VALUE},
    {CREATE, NAME, "", "1|A|a", ONYM_OP_IN_RECORD, ADD_VALUE},
    {CREATE, NAME, A " 2|B|b", B " 2|B|b", ONYM_OP_IN_RECORD, MODIFY_ADMIN},
    {CREATE, NAME, A " 2|B|b", "2|B|b", ONYM_OP_IN_RECORD, REMOVE_ADMIN},
    {CREATE, NAME, "2|B|b", "2|B|b " A, ONYM_OP_IN_RECORD, ADD_ADMIN},
    {CREATE, NAME, A, "1|A|a", ONYM_OP_IN_RECORD, REMOVE_ADMIN | MODIFY_VALUE},
    {CREATE, NAME, "1|A|a", A, ONYM_OP_IN_RECORD, MODIFY_VALUE | ADD_ADMIN},
    /* sent again as it was: no right is no way to guess at private values */
    {CREATE, NAME, "1|A|a", "1|A|a", ONYM_OP_IN_RECORD, MODIFY_VALUE},
    {CREATE, NAME, A " 2|B|b|p", A " 2|B|b|p", ONYM_OP_IN_RECORD, MODIFY_VALUE | MODIFY_ADMIN},
    {CREATE, NAME, "", "", ONYM_OP_IN_RECORD, ADD_ADMIN},
    {DELETE, NAME, "1|A|a", "", ONYM_OP_IN_RECORD, DELETE_HANDLE},
    {ADD, NAME, "1|A|a", "2|B|b", ONYM_OP_IN_RECORD, ADD_VALUE},
    {ADD, NAME, "2|A|a", A, ONYM_OP_IN_RECORD, ADD_ADMIN},
    {ADD, NAME, "2|A|a", A " 3|C|c", ONYM_OP_IN_RECORD, ADD_ADMIN | ADD_VALUE},
    {ADD, NAME, "1|A|a", "1|A|a 2|B|b", ONYM_OP_IN_RECORD, ADD_VALUE | MODIFY_VALUE},
    {ADD, NAME, "1|A|a", A, ONYM_OP_IN_RECORD, MODIFY_VALUE | ADD_ADMIN},
    {ADD, NAME, A, "1|A|a", ONYM_OP_IN_RECORD, MODIFY_VALUE | REMOVE_ADMIN},
    {ADD, NAME, A, B, ONYM_OP_IN_RECORD, MODIFY_ADMIN},
    {REMOVE, NAME, "1|A|a", "1", ONYM_OP_IN_RECORD, REMOVE_VALUE},
    {REMOVE, NAME, A " 2|B|b", "1", ONYM_OP_IN_RECORD, REMOVE_ADMIN},
    {REMOVE, NAME, A " 2|B|b", "2 1", ONYM_OP_IN_RECORD, REMOVE_ADMIN | REMOVE_VALUE},
    {REMOVE, NAME, "1|A|a|w", "1", ONYM_OP_IN_RECORD, REMOVE_VALUE}, /* open to write only */
    {MODIFY, NAME, "1|A|a", "1|A|a", ONYM_OP_IN_RECORD, MODIFY_VALUE},
    {MODIFY, NAME, A, B, ONYM_OP_IN_RECORD, MODIFY_ADMIN},
    {MODIFY, NAME, A, "1|A|a", ONYM_OP_IN_RECORD, REMOVE_ADMIN | MODIFY_VALUE},
    {MODIFY, NAME, "1|A|a", A, ONYM_OP_IN_RECORD, MODIFY_VALUE | ADD_ADMIN},
    {MODIFY, NAME, "1|A|a|w", A, ONYM_OP_IN_RECORD, MODIFY_VALUE | ADD_ADMIN},
    {MODIFY, NAME, "2|A|a|w " A, "2|A|b " B, ONYM_OP_IN_RECORD, MODIFY_ADMIN},
    /* what everybody may write becomes no key and no group of administrators, and is none */
    {MODIFY, NAME, "1|A|a|w", "1|HS_SECKEY|a|p", ONYM_OP_IN_RECORD, MODIFY_VALUE},
    {MODIFY, NAME, "1|A|a|w", "1|hs_pubkey|a|w", ONYM_OP_IN_RECORD, MODIFY_VALUE},
    {MODIFY, NAME, "1|A|a|w", "1|HS_VLIST|88.1/x,1", ONYM_OP_IN_RECORD, MODIFY_VALUE},
    {MODIFY, NAME, "1|HS_VLIST|88.1/x,1|w", "1|HS_VLIST|88.1/y,1", ONYM_OP_IN_RECORD, MODIFY_VALUE},
    {MODIFY, NAME, "1|A|a", "1|hs_ADMIN|fff,88.1/x,1", ONYM_OP_IN_RECORD, MODIFY_VALUE | ADD_ADMIN},
};

static bool
allows(const struct onym_op_rights *needed, enum onym_op_where where, unsigned bits)
{
    for (size_t i = 0; i < needed->count; i++) {
        if (needed->right[i].where == where && needed->right[i].bits == bits) {
            return true;
        }
    }
    return false;
}

/* What is there is sent again: nobody gains anything but to hear that it is so. */
static void
who_sees_that_nothing_changes_may_say_so(void **state)
{
    static const struct {
        const char *old;
        const char *sent;
        bool by_creating;
        bool by_reading;
    } cases[] = {
        {"1|A|a", "1|A|a", true, false},
        {A " 2|B|b", A " 2|B|b", true, false},
        {"1|A|a", "1|A|b", false, false},
        {"1|A|a", "", false, false},
        {"1|A|a 2|B|b|p", "1|A|a 2|B|b|p", false, true},
        {"1|A|a 2|B|b|p", "1|A|a 2|B|c|p", false, false},
        {"1|A|a 2|B|b|p", "1|A|a", false, false},
    };
    struct onym_arena arena = arena_new(ONYM_OP_MEMORY);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct test_record room;
        struct test_op sent;
        struct onym_op_rights needed;
        struct onym_operation *op = op_parse(&sent, CREATE, NAME, cases[i].sent);

        op->overwrite = true;
        assert_int_equal(
            onym_op_rights_needed(op, record_parse(&room, NAME, cases[i].old), &arena, &needed),
            ONYM_OK);
        assert_int_equal(allows(&needed, ONYM_OP_IN_PREFIX, ADD_HANDLE), cases[i].by_creating);
        assert_int_equal(allows(&needed, ONYM_OP_IN_RECORD, ONYM_ADMIN_READ_VALUE),
                         cases[i].by_reading);
        assert_int_equal(arena.used, 0);
    }
    arena_free(&arena);
}

static void
rights_follow_what_changes(void **state)
{
    struct onym_arena arena = arena_new(ONYM_OP_MEMORY);

    (void)state;
    for (size_t i = 0; i < sizeof rights / sizeof rights[0]; i++) {
        struct test_record room;
        struct test_op sent;
        struct onym_op_rights needed;
        struct onym_operation *op = op_parse(&sent, rights[i].action, rights[i].name,
                                             rights[i].sent);
        const struct onym_record *old = record_parse(&room, NAME, rights[i].old);

        op->overwrite = true;
        assert_int_equal(onym_op_rights_needed(op, old, &arena, &needed), ONYM_OK);
        assert_int_equal(arena.used, 0);
        assert_false(needed.anybody);
        if (needed.right[0].where != rights[i].where || needed.right[0].bits != rights[i].bits) {
            fail_msg("row %zu: bits %x", i, needed.right[0].bits);
        }
        if (op->action == CREATE && old != NULL) {
            assert_true(allows(&needed, ONYM_OP_IN_RECORD, ADD_ADMIN));
            assert_true(allows(&needed, ONYM_OP_IN_RECORD, DELETE_HANDLE));
        } else {
            assert_int_equal(needed.count, op->action == DELETE ? 2 : 1);
        }
    }
    arena_free(&arena);
}

static void
deleting_may_be_allowed_from_above(void **state)
{
    struct onym_arena arena = arena_new(ONYM_OP_MEMORY);
    struct test_op sent;
    struct test_record room;
    struct onym_op_rights needed;
    const struct onym_record *old = record_parse(&room, NAME, "1|A|a");

    (void)state;
    assert_int_equal(onym_op_rights_needed(op_parse(&sent, DELETE, NAME, ""), old, &arena, &needed),
                     ONYM_OK);
    assert_int_equal(needed.right[1].where, ONYM_OP_IN_PREFIX);
    assert_int_equal(needed.right[1].bits, DELETE_HANDLE);
    assert_int_equal(
        onym_op_rights_needed(op_parse(&sent, DELETE, "0.NA/88.1", ""), old, &arena, &needed),
        ONYM_OK);
    assert_int_equal(needed.right[1].where, ONYM_OP_IN_PARENT);
    assert_int_equal(needed.right[1].bits, DELETE_PREFIX);
    arena_free(&arena);
}

static void
rights_stand_in_the_record_they_name(void **state)
{
    static const struct {
        const char *target;
        enum onym_op_where where;
        const char *name;
    } cases[] = {
        {"88.1.2/PART", ONYM_OP_IN_RECORD, "88.1.2/PART"},
        {"88.1.2/PART", ONYM_OP_IN_PREFIX, "0.NA/88.1.2"},
        {"88.1.2/PART", ONYM_OP_IN_PARENT, ""},
        {"88.1.2/A/B", ONYM_OP_IN_PREFIX, "0.NA/88.1.2"},
        {"0.NA/88.1.2", ONYM_OP_IN_PREFIX, "0.NA/0.NA"},
        {"0.NA/88.1.2", ONYM_OP_IN_PARENT, "0.NA/88.1"},
        {"0.NA/88.1", ONYM_OP_IN_PARENT, "0.NA/88"},
        {"0.NA/88", ONYM_OP_IN_PARENT, ""},
        {"0.NA/", ONYM_OP_IN_PARENT, ""},
        {"0.NA/88.1/X", ONYM_OP_IN_PARENT, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t room[ONYM_PREFIX_NAME_LEN_MAX];
        onym_span name = onym_op_where_name(onym_span_text(cases[i].target), cases[i].where, room,
                                            sizeof room);

        if (!onym_span_equal(name, onym_span_text(cases[i].name))) {
            fail_msg("case %zu: %.*s", i, (int)name.len, (const char *)name.at);
        }
        assert_int_equal(
            onym_op_where_name(onym_span_text(cases[i].target), cases[i].where, room, 3).len, 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_failure_answers),
        cmocka_unit_test(overwriting_passes_what_exists),
        cmocka_unit_test(strangers_are_told_what_the_protocol_tells_them),
        cmocka_unit_test(rights_follow_what_changes),
        cmocka_unit_test(who_sees_that_nothing_changes_may_say_so),
        cmocka_unit_test(deleting_may_be_allowed_from_above),
        cmocka_unit_test(rights_stand_in_the_record_they_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
