/* Whom a token stands for: only with its secret, until it ends, and as long as the key it was
 * issued with is one of that identity's. */
#include "core/token_check.h"
#include "support/temp_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define ENDS_MS  UINT64_C(2000000000000)
#define ID       "0123456789abcdef0123456789ABCDEF"
#define SECRET   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"
#define TEXT     "onym_" ID "_" SECRET
#define OPERATOR "fedcba9876543210fedcba9876543210"

struct fixture {
    struct temp_store store;
    struct onym_view *view;
    struct onym_resolver resolver;
    struct onym_digester *digester;
    struct onym_token found;
    const char *why;
};

static void
digest_of(struct fixture *f, const char *text, uint8_t out[ONYM_TOKEN_DIGEST_LEN])
{
    onym_token_key_digest(f->digester, onym_span_text(text), out);
}

/* Registers a token with the secret above; key NULL: the local operator's. */
static void
issue(struct fixture *f, const char *id, const char *handle, uint32_t index, const char *key)
{
    uint8_t bytes[ONYM_TOKEN_VALUE_MAX];
    struct onym_token token = {.who = {.handle = onym_span_text(handle), .index = index},
                               .ends_ms = ENDS_MS,
                               .is_operator = key == NULL};
    struct onym_value_list values;
    const char *why;

    digest_of(f, SECRET, token.secret);
    if (key != NULL) {
        digest_of(f, key, token.key);
    }
    assert_int_equal(onym_scope_read(onym_span_text("read"), &token.scope, &why), ONYM_OK);
    assert_int_equal(onym_token_write(&token, bytes, sizeof bytes, &values), ONYM_OK);
    temp_store_token(&f->store, id, values);
}

/* Who's record: a public key at 300, a secret one at 301, something else at 302. */
static void
register_keys(struct fixture *f, const char *name)
{
    uint8_t open_bytes[256];
    uint8_t closed_bytes[256];
    struct onym_value_list open = {0};
    struct onym_value_list closed = {0};

    temp_value_add(&open, open_bytes, sizeof open_bytes, 300, "HS_PUBKEY", "public",
                   ONYM_PERM_DEFAULT);
    temp_value_add(&closed, closed_bytes, sizeof closed_bytes, 301, "hs_seckey", "secret",
                   ONYM_PERM_ADMIN_READ);
    temp_value_add(&closed, closed_bytes, sizeof closed_bytes, 302, "DESC", "words",
                   ONYM_PERM_ADMIN_READ);
    temp_store_put(&f->store, name, open, closed);
}

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    assert_int_equal(onym_digester_new(&f->digester), ONYM_OK);
    temp_store_open(&f->store);
    temp_store_home(&f->store, "0.NA/88.1");
    register_keys(f, "88.1/who");
    register_keys(f, "88.2/elsewhere"); /* its prefix is not homed */
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    onym_view_close(f->view);
    temp_store_close(&f->store);
    onym_digester_free(f->digester);
    free(f);
    return 0;
}

static enum onym_status
check(struct fixture *f, const char *text, uint64_t now_ms)
{
    onym_view_close(f->view); /* NULL is fine */
    f->view = NULL;
    assert_int_equal(onym_view_open(f->store.env, &f->view), ONYM_OK);
    f->resolver = (struct onym_resolver){.view = f->view};
    return onym_token_check(&f->resolver, f->digester, onym_span_text(text), now_ms, &f->found,
                            &f->why);
}

static void
a_token_holds_until_it_ends(void **state)
{
    struct fixture *f = *state;

    issue(f, ID, "88.1/WHO", 301, "secret");
    assert_int_equal(check(f, TEXT, ENDS_MS - 1), ONYM_OK);
    assert_int_equal(f->found.who.index, 301);
    assert_int_equal(f->found.scope.bits, ONYM_SCOPE_READ);
    assert_int_equal(check(f, TEXT, ENDS_MS), ONYM_SESSION_UNKNOWN);
    assert_string_equal(f->why, "the token has expired");
}

static void
another_secret_is_no_token_even_when_it_has_expired(void **state)
{
    struct fixture *f = *state;
    char text[] = TEXT;

    issue(f, ID, "88.1/who", 301, "secret");
    for (size_t i = sizeof text - 1 - ONYM_TOKEN_SECRET_LEN; i < sizeof text - 1; i++) {
        char was = text[i];

        text[i] = was == 'x' ? 'y' : 'x';
        assert_int_equal(check(f, text, ENDS_MS + (i & 1)), ONYM_AUTH_FAILED);
        text[i] = was;
    }
    assert_int_equal(check(f, TEXT, 1), ONYM_OK);
}

static void
what_is_no_token_is_told_as_one_that_is_not_there(void **state)
{
    static const char *const texts[] = {"", "onym_", ID "_" SECRET, TEXT "x",
                                        "onym_" OPERATOR "_" SECRET};
    struct fixture *f = *state;

    issue(f, ID, "88.1/who", 301, "secret");
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(check(f, texts[i], 1), ONYM_CREDENTIAL_INVALID);
        assert_string_equal(f->why, "no token of this node, or it was revoked");
    }
}

static void
the_key_it_was_issued_with_must_be_there(void **state)
{
    static const struct {
        const char *handle, *key;
        uint32_t index;
        enum onym_status status;
    } cases[] = {
        {"88.1/who", "secret", 301, ONYM_OK},
        {"88.1/who", "public", 300, ONYM_OK},
        {"88.1/who", "secret", 0, ONYM_OK}, /* at any index */
        {"88.1/who", "public", 0, ONYM_OK},
        {"88.1/who", "secret", 300, ONYM_CREDENTIAL_INVALID}, /* at another index */
        {"88.1/who", "changed", 301, ONYM_CREDENTIAL_INVALID},
        {"88.1/who", "changed", 0, ONYM_CREDENTIAL_INVALID},
        {"88.1/who", "words", 302, ONYM_CREDENTIAL_INVALID}, /* no key */
        {"88.1/who", "words", 0, ONYM_CREDENTIAL_INVALID},
        {"88.1/nobody", "secret", 301, ONYM_CANNOT_AUTHENTICATE},
        {"88.2/elsewhere", "secret", 301, ONYM_CANNOT_AUTHENTICATE}, /* not served here */
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        issue(f, ID, cases[i].handle, cases[i].index, cases[i].key);
        assert_int_equal(check(f, TEXT, 1), cases[i].status);
    }
}

static void
the_operator_has_no_key_and_a_name_that_nobody_else_has(void **state)
{
    struct fixture *f = *state;

    issue(f, OPERATOR, ONYM_OPERATOR_NAME, 0, NULL);
    assert_int_equal(check(f, "onym_" OPERATOR "_" SECRET, 1), ONYM_OK);
    assert_true(f->found.is_operator);
    issue(f, OPERATOR, "88.1/who", 301, NULL);
    assert_int_equal(check(f, "onym_" OPERATOR "_" SECRET, 1), ONYM_CREDENTIAL_INVALID);
}

int
main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_STORE(a_token_holds_until_it_ends),
        WITH_STORE(another_secret_is_no_token_even_when_it_has_expired),
        WITH_STORE(what_is_no_token_is_told_as_one_that_is_not_there),
        WITH_STORE(the_key_it_was_issued_with_must_be_there),
        WITH_STORE(the_operator_has_no_key_and_a_name_that_nobody_else_has),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
