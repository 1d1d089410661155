/* What a token's scopes let through, and tokens as they are registered. */
#include "core/authz.h"
#include "core/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct onym_scope
scope_of(const char *text)
{
    struct onym_scope scope = {.limited = false};
    const char *why;

    assert_int_equal(onym_scope_read(onym_span_text(text), &scope, &why), ONYM_OK);
    return scope;
}

static bool
is_scope(const char *text)
{
    struct onym_scope scope;
    const char *why = NULL;
    bool good = onym_scope_read(onym_span_text(text), &scope, &why) == ONYM_OK;

    assert_true(good == (why == NULL));
    return good;
}

static void
scopes_have_one_form(void **state)
{
    char text[ONYM_SCOPE_LEN_MAX + 2];

    (void)state;
    assert_true(is_scope("read"));
    assert_true(is_scope("read register:88.1 register:88.2 operate admin"));
    assert_false(is_scope(""));
    assert_false(is_scope("read "));
    assert_true(is_scope("read  operate") == false);
    assert_false(is_scope("Read"));
    assert_false(is_scope("register:"));
    assert_false(is_scope("register"));
    assert_false(is_scope("register:88.1/x"));
    assert_false(is_scope("register:88\t1"));
    assert_false(is_scope("register:88.1.*"));
    assert_false(is_scope("register:*"));
    assert_false(is_scope("register:88.1."));
    assert_false(is_scope("register:.88"));
    assert_false(is_scope("register:88..1"));
    assert_true(is_scope("register:88.1.x"));
    memset(text, 'x', sizeof text);
    memcpy(text, "register:", 9);
    text[ONYM_SCOPE_LEN_MAX] = '\0';
    assert_true(is_scope(text));
    text[ONYM_SCOPE_LEN_MAX] = 'x';
    text[ONYM_SCOPE_LEN_MAX + 1] = '\0';
    assert_false(is_scope(text));
}

static void
a_scope_of_a_prefix_ends_at_it(void **state)
{
    static const struct {
        const char *scope, *name;
        bool change, read;
    } cases[] = {{"register:88.1", "88.1/X", true, true},
                 {"register:88.1", "88.1.2/X", true, true},
                 {"register:88.1", "88.10/X", false, false},
                 {"register:88.1", "88.1", false, false},
                 {"register:88.1", "88/1", false, false},
                 {"register:88.1", "0.NA/88.1", false, false},
                 {"register:88.1 register:a", "A/X", true, true},
                 {"read", "88.1/X", false, true},
                 {"operate", "88.1/X", false, false},
                 {"admin", "0.NA/88.1", true, true},
                 {"read operate", "88.1/X", false, true}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct onym_scope scope = scope_of(cases[i].scope);
        onym_span name = onym_span_text(cases[i].name);

        assert_int_equal(onym_scope_may_change(&scope, name), cases[i].change);
        assert_int_equal(onym_scope_may_read(&scope, name), cases[i].read);
    }
}

static void
without_a_token_nothing_is_narrowed(void **state)
{
    struct onym_scope none = {.limited = false};

    (void)state;
    assert_true(onym_scope_may_change(&none, onym_span_text("88.1/X")));
    assert_true(onym_scope_has(&none, ONYM_SCOPE_OPERATE));
}

static struct onym_token
token_for(const char *handle, uint32_t index, const char *scope)
{
    return (struct onym_token){.who = {.handle = onym_span_text(handle), .index = index},
                               .scope = scope_of(scope),
                               .ends_ms = 1234567,
                               .label = onym_span_text("MES line 3"),
                               .secret = {1, 2, 3},
                               .key = {4, 5}};
}

static void
a_token_is_read_as_it_was_written(void **state)
{
    uint8_t bytes[ONYM_TOKEN_VALUE_MAX];
    struct onym_token token = token_for("0.NA/88.1", 301, "read register:88.1");
    struct onym_value_list values;
    struct onym_token back;

    (void)state;
    assert_int_equal(onym_token_write(&token, bytes, sizeof bytes, &values), ONYM_OK);
    assert_int_equal(onym_token_read(values, &back), ONYM_OK);
    assert_true(onym_span_equal(back.who.handle, token.who.handle));
    assert_int_equal(back.who.index, 301);
    assert_int_equal(back.ends_ms, 1234567);
    assert_true(onym_span_equal(back.label, token.label));
    assert_memory_equal(back.secret, token.secret, sizeof token.secret);
    assert_memory_equal(back.key, token.key, sizeof token.key);
    assert_int_equal(back.scope.bits, token.scope.bits);
    for (size_t cut = 1; cut < values.raw.len; cut++) {
        struct onym_value_list part = {.raw = onym_span_front(values.raw, cut), .count = 1};

        assert_int_equal(onym_token_read(part, &back), ONYM_CORRUPT);
    }
}

static void
a_token_text_has_one_form(void **state)
{
    static const char good[] =
        "onym_00112233445566778899aabbccddeeff_0123456789012345678901234567890123456789012";
    char text[sizeof good];
    onym_span id;
    onym_span secret;

    (void)state;
    assert_int_equal(strlen(good), ONYM_TOKEN_TEXT_LEN);
    assert_true(onym_token_cut(onym_span_text(good), &id, &secret));
    assert_int_equal(secret.len, ONYM_TOKEN_SECRET_LEN);
    assert_false(onym_token_cut(onym_span_text(good + 1), &id, &secret));
    assert_false(onym_token_cut(onym_span_of(NULL, 0), &id, &secret));
    for (size_t at = 0; at <= 5 + ONYM_TOKEN_ID_LEN; at++) {
        memcpy(text, good, sizeof good);
        text[at] = '!';
        assert_false(onym_token_cut(onym_span_text(text), &id, &secret));
    }
}

/* ---- who may ---- */

static enum onym_status
may(struct onym_identity who, enum onym_action action, const struct onym_token *token)
{
    static uint8_t memory[ONYM_OP_MEMORY];
    static uint8_t bytes[ONYM_TOKEN_VALUE_MAX];
    struct onym_arena arena = {.at = memory, .cap = sizeof memory};
    struct onym_operation op = {.action = action,
                                .name = onym_span_text("00112233445566778899aabbccddeeff")};
    struct onym_record old = {.name = op.name};
    struct onym_op_fault fault;
    const char *why;

    assert_int_equal(onym_token_write(token, bytes, sizeof bytes, &old.private_values), ONYM_OK);
    if (action == ONYM_ACTION_ISSUE) {
        op.values = old.private_values;
    }
    assert_int_equal(onym_op_form(&op, &fault), ONYM_OK);
    return onym_authz_operation(&who, &op, action == ONYM_ACTION_REVOKE ? &old : NULL, NULL, &arena,
                                &why);
}

static void
tokens_are_their_owners_affair(void **state)
{
    struct onym_token mine = token_for("0.NA/88.1", 301, "read register:88.1");
    struct onym_token mighty = token_for("0.NA/88.1", 301, "operate");
    struct onym_identity owner = {.handle = onym_span_text("0.NA/88.1"), .index = 301};
    struct onym_identity other = {.handle = onym_span_text("0.NA/88.1"), .index = 302};
    struct onym_identity server = {
        .handle = onym_span_text("0.NA/x"), .index = 1, .is_server_admin = true};
    struct onym_identity by_token = owner;
    struct onym_identity nobody = {.index = 0};

    (void)state;
    by_token.scope = scope_of("read register:88.1");
    for (enum onym_action action = ONYM_ACTION_ISSUE; action <= ONYM_ACTION_REVOKE; action++) {
        assert_int_equal(may(owner, action, &mine), ONYM_OK);
        assert_int_equal(may(other, action, &mine), ONYM_NO_PERMISSION);
        assert_int_equal(may(server, action, &mine), ONYM_OK);
        assert_int_equal(may(by_token, action, &mine), ONYM_NO_PERMISSION);
        assert_int_equal(may(nobody, action, &mine), ONYM_AUTH_NEEDED);
    }
    assert_int_equal(may(owner, ONYM_ACTION_ISSUE, &mighty), ONYM_NO_PERMISSION);
    assert_int_equal(may(owner, ONYM_ACTION_REVOKE, &mighty), ONYM_OK);
    assert_int_equal(may(server, ONYM_ACTION_ISSUE, &mighty), ONYM_OK);
    by_token.scope = scope_of("admin");
    assert_int_equal(may(by_token, ONYM_ACTION_ISSUE, &mine), ONYM_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(scopes_have_one_form),
                                       cmocka_unit_test(a_scope_of_a_prefix_ends_at_it),
                                       cmocka_unit_test(without_a_token_nothing_is_narrowed),
                                       cmocka_unit_test(a_token_is_read_as_it_was_written),
                                       cmocka_unit_test(a_token_text_has_one_form),
                                       cmocka_unit_test(tokens_are_their_owners_affair)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
