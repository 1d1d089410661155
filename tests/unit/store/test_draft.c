/* What is made ready outside the transaction is what the transaction would have made. */
#include "store/change.h"
#include "support/temp_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define NAME   "88/Part"
#define FOLDED "88/PART"

static struct onym_record
record(uint8_t *bytes, size_t cap, const char *data)
{
    struct onym_record r = {.name = onym_span_text(NAME),
                            .state = ONYM_STATE_ACTIVE,
                            .revision = 1,
                            .created_ms = 1700000000000ULL,
                            .modified_ms = 1700000000000ULL};

    temp_value_add(&r.public_values, bytes, cap, 1, "URL", data, ONYM_PERM_DEFAULT);
    temp_value_add(&r.private_values, bytes + 128, cap - 128, 2, "KEY", data, 0);
    return r;
}

static onym_span
key_of(struct onym_change *change, uint8_t out[ONYM_CHANGE_KEY_LEN_MAX])
{
    return onym_change_key(change, ONYM_KIND_HANDLE, onym_span_text(FOLDED), out);
}

static enum onym_status
make(const struct temp_store *store, const struct onym_record *r, uint8_t *room, size_t cap,
     struct onym_draft *out)
{
    struct onym_digester *digester;
    enum onym_status status;

    assert_int_equal(onym_digester_new(&digester), ONYM_OK);
    status = onym_draft_make(store->env, ONYM_RECORD_SHA256, onym_span_text(FOLDED), r, digester,
                             room, cap, out);
    onym_digester_free(digester);
    return status;
}

static void
a_draft_is_what_a_put_stores(void **state)
{
    uint8_t bytes[256];
    uint8_t room[512];
    uint8_t key_bytes[ONYM_CHANGE_KEY_LEN_MAX];
    uint8_t wanted[ONYM_ENTRY_DIGEST_LEN];
    uint8_t got[ONYM_ENTRY_DIGEST_LEN];
    struct onym_record r = record(bytes, sizeof bytes, "x");
    struct onym_record there;
    struct onym_draft draft = {0};
    struct onym_change *change = temp_change_begin(*state);
    onym_span key = key_of(change, key_bytes);

    assert_int_equal(make(*state, &r, room, sizeof room, &draft), ONYM_OK);
    assert_int_equal(draft.revision, 1);
    assert_int_equal(draft.created_ms, r.created_ms);
    assert_int_equal(onym_change_put(change, key, &r), ONYM_OK);
    onym_change_digest_put(change, wanted);
    assert_memory_equal(draft.digest, wanted, sizeof wanted);
    assert_int_equal(onym_change_remove(change, key), ONYM_OK);
    onym_change_expect(change, &draft);
    assert_int_equal(onym_change_put_draft(change, key, &draft), ONYM_OK);
    assert_true(onym_change_digest(change, key, got));
    assert_memory_equal(got, wanted, sizeof wanted);
    assert_int_equal(onym_change_get(change, key, &there), ONYM_OK);
    assert_true(onym_span_equal(there.name, r.name));
    assert_true(onym_span_equal(there.private_values.raw, r.private_values.raw));
    temp_change_commit(change);
}

static void
a_draft_takes_no_records_place(void **state)
{
    uint8_t bytes[256];
    uint8_t room[512];
    uint8_t key_bytes[ONYM_CHANGE_KEY_LEN_MAX];
    struct onym_record old = record(bytes, sizeof bytes, "old");
    struct onym_record there;
    struct onym_draft draft = {0};
    struct onym_change *change = temp_change_begin(*state);
    struct onym_env_stat stat;
    onym_span key = key_of(change, key_bytes);

    assert_int_equal(onym_change_put(change, key, &old), ONYM_OK);
    old.revision = 7;
    assert_int_equal(make(*state, &old, room, sizeof room, &draft), ONYM_OK);
    assert_int_equal(onym_change_put_draft(change, key, &draft), ONYM_EXISTS);
    assert_int_equal(onym_change_get(change, key, &there), ONYM_OK);
    assert_int_equal(there.revision, 1);
    temp_change_commit(change);
    assert_int_equal(onym_env_stat(((struct temp_store *)*state)->env, &stat), ONYM_OK);
    assert_int_equal(stat.handles, 1);
}

static void
a_draft_that_cannot_be_made_is_none(void **state)
{
    uint8_t bytes[256];
    uint8_t room[512];
    uint8_t owner[ONYM_OWNER_LEN_MAX + 1] = {0};
    struct onym_record r = record(bytes, sizeof bytes, "x");
    size_t need = onym_draft_room(r.name.len, r.public_values.raw.len + r.private_values.raw.len);
    struct onym_draft draft = {0};

    assert_int_equal(make(*state, &r, room, need - 1, &draft), ONYM_NO_SPACE);
    assert_int_equal(draft.stored.len, 0);
    assert_int_equal(make(*state, &r, room, need, &draft), ONYM_OK);
    assert_int_equal(draft.stored.len, need);
    draft = (struct onym_draft){0};
    r.owner = onym_span_of(owner, sizeof owner);
    assert_int_equal(make(*state, &r, room, sizeof room, &draft), ONYM_INVALID);
    assert_int_equal(draft.stored.len, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_draft_is_what_a_put_stores, temp_store_set_up,
                                        temp_store_tear_down),
        cmocka_unit_test_setup_teardown(a_draft_takes_no_records_place, temp_store_set_up,
                                        temp_store_tear_down),
        cmocka_unit_test_setup_teardown(a_draft_that_cannot_be_made_is_none, temp_store_set_up,
                                        temp_store_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
