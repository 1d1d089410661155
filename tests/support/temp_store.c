#include "support/temp_store.h"

#include "onym/model/ident.h"
#include "store/change.h"
#include "store/record_v1.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

void
temp_store_dir(struct temp_store *store)
{
    const char *base = getenv("TMPDIR");

    store->env = NULL;
    assert_true((size_t)snprintf(store->dir, sizeof store->dir, "%s/onym-test-XXXXXX",
                                 base != NULL ? base : "/tmp") < sizeof store->dir);
    assert_non_null(mkdtemp(store->dir));
}

static void
open_env(struct temp_store *store)
{
    struct onym_env_options options = {.dir = store->dir,
                                       .holder = "test",
                                       .map_size = TEMP_STORE_MAP_SIZE,
                                       .seed = 1,
                                       .journal_size = 1, /* as short as it can be */
                                       .create = true};
    struct onym_fault fault = {0};

    if (onym_env_open(&options, &store->env, &fault) != ONYM_OK) {
        fail_msg("%s", fault.text);
    }
}

void
temp_store_open(struct temp_store *store)
{
    temp_store_dir(store);
    open_env(store);
}

void
temp_store_reopen(struct temp_store *store)
{
    onym_env_close(store->env);
    store->env = NULL;
    open_env(store);
}

void
temp_store_close(struct temp_store *store)
{
    char path[sizeof store->dir + sizeof(((struct dirent *)NULL)->d_name) + 1];
    DIR *dir = opendir(store->dir);
    struct dirent *entry;

    onym_env_close(store->env);
    store->env = NULL;
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        (void)snprintf(path, sizeof path, "%s/%s", store->dir, entry->d_name);
        (void)unlink(path);
    }
    (void)closedir(dir);
    assert_int_equal(rmdir(store->dir), 0);
}

static void
put(struct temp_store *store, enum onym_kind kind, const struct onym_record *record)
{
    uint8_t folded[ONYM_PREFIX_NAME_LEN_MAX];
    uint8_t key[ONYM_KEY_LEN_MAX];
    struct onym_digester *digester;
    struct onym_change *change;
    struct onym_fault fault = {0};

    assert_int_equal(onym_digester_new(&digester), ONYM_OK);
    assert_true(record->name.len <= sizeof folded);
    onym_ident_upper(record->name, folded);
    onym_span at = onym_record_key(kind, onym_span_of(folded, record->name.len), digester, key);

    onym_digester_free(digester);
    assert_int_equal(onym_change_begin(store->env, &change, &fault), ONYM_OK);
    assert_int_equal(onym_change_put(change, at, record), ONYM_OK);
    assert_int_equal(onym_change_commit(change, &fault), ONYM_OK);
}

void
temp_store_put(struct temp_store *store, const char *name, struct onym_value_list public_values,
               struct onym_value_list private_values)
{
    struct onym_record record = {.name = onym_span_text(name),
                                 .state = ONYM_STATE_ACTIVE,
                                 .revision = 1,
                                 .created_ms = 1000000,
                                 .modified_ms = 1000000,
                                 .public_values = public_values,
                                 .private_values = private_values};

    put(store, ONYM_KIND_HANDLE, &record);
}

void
temp_store_token(struct temp_store *store, const char *id, struct onym_value_list values)
{
    struct onym_record record = {.name = onym_span_text(id),
                                 .state = ONYM_STATE_ACTIVE,
                                 .revision = 1,
                                 .created_ms = 1000000,
                                 .modified_ms = 1000000,
                                 .private_values = values};

    put(store, ONYM_KIND_TOKEN, &record);
}

void
temp_store_home(struct temp_store *store, const char *prefix_record)
{
    struct onym_record record = {.name = onym_span_text(prefix_record),
                                 .state = ONYM_STATE_ACTIVE,
                                 .revision = 1,
                                 .created_ms = 1000000,
                                 .modified_ms = 1000000};

    put(store, ONYM_KIND_PREFIX, &record);
}

void
temp_value_add(struct onym_value_list *list, uint8_t *bytes, size_t cap, uint32_t index,
               const char *type, const char *data, uint8_t permissions)
{
    struct onym_value value = {.index = index,
                               .timestamp = 1000000,
                               .ttl_type = ONYM_TTL_RELATIVE,
                               .ttl = ONYM_TTL_DEFAULT,
                               .permissions = permissions,
                               .type = onym_span_text(type),
                               .data = onym_span_text(data)};
    size_t used = list->raw.len;
    size_t len;

    assert_int_equal(onym_value_encode(&value, bytes + used, cap - used, &len), ONYM_OK);
    list->raw = onym_span_of(bytes, used + len);
    list->count++;
}

int
temp_store_set_up(void **state)
{
    struct temp_store *store = calloc(1, sizeof *store);

    assert_non_null(store);
    temp_store_open(store);
    *state = store;
    return 0;
}

int
temp_store_tear_down(void **state)
{
    temp_store_close(*state);
    free(*state);
    return 0;
}

struct onym_change *
temp_change_begin(struct temp_store *store)
{
    struct onym_change *change;
    struct onym_fault fault = {0};

    assert_int_equal(onym_change_begin(store->env, &change, &fault), ONYM_OK);
    return change;
}

void
temp_change_commit(struct onym_change *change)
{
    struct onym_fault fault = {0};

    assert_int_equal(onym_change_commit(change, &fault), ONYM_OK);
}
