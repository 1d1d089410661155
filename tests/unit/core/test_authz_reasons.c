/* What somebody hears whom no record gives the right. */
#include "core/authz.h"
#include "op_test.h"

static void
who_is_refused_hears_which_record_gives_no_right(void **state)
{
    static const struct {
        enum onym_action action;
        const char *name;
        const char *old;
        const char *why;
    } cases[] = {
        {ONYM_ACTION_ADD, "88.1/y", "1|A|b",
         "no HS_ADMIN value of the record gives this identity the right"},
        {ONYM_ACTION_CREATE, "88.1/y", NULL,
         "no HS_ADMIN value of the prefix's record gives this identity the right"},
        {ONYM_ACTION_DELETE, "88.1/y", "1|A|b",
         "no HS_ADMIN value of the record or of its prefix's gives this identity the right"},
        {ONYM_ACTION_HOME, "0.NA/88.1", "1|A|b", "only administrators of the server may"},
    };
    struct onym_arena arena = arena_new(ONYM_OP_MEMORY);
    struct onym_record_source source = {.record = NULL};
    struct onym_identity identity = {.handle = onym_span_text("88.1/x"), .index = 1};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct test_record room;
        struct test_op sent;
        struct onym_operation *op = op_parse(&sent, cases[i].action, cases[i].name, "5|A|b");
        const struct onym_record *old = cases[i].old != NULL
                                            ? record_parse(&room, cases[i].name, cases[i].old)
                                            : NULL;
        const char *why = NULL;

        assert_int_equal(onym_authz_operation(&identity, op, old, &source, &arena, &why),
                         ONYM_NO_PERMISSION);
        assert_non_null(why);
        assert_string_equal(why, cases[i].why);
    }
    arena_free(&arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_refused_hears_which_record_gives_no_right),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
