/* A store in a directory of its own, gone after the test. */
#ifndef ONYM_TESTS_SUPPORT_TEMP_STORE_H
#define ONYM_TESTS_SUPPORT_TEMP_STORE_H

#include "onym/model/record.h"
#include "store/env.h"

/* Address space of test stores: small enough for valgrind and sanitizers. */
#define TEMP_STORE_MAP_SIZE ((size_t)256 << 20)

struct onym_change;

struct temp_store {
    char dir[128];
    struct onym_env *env; /* NULL while closed */
};

/* Makes a directory under $TMPDIR or /tmp and an empty store in it. Fails the test on any error. */
void temp_store_open(struct temp_store *store);
/* Only the directory; env stays NULL. */
void temp_store_dir(struct temp_store *store);
/* Closes and opens the same directory again. */
void temp_store_reopen(struct temp_store *store);
/* Closes the store and removes the directory with all files in it. */
void temp_store_close(struct temp_store *store);

/* The same as fixtures of cmocka: *state is a struct temp_store of its own, opened and closed. */
int temp_store_set_up(void **state);
int temp_store_tear_down(void **state);

/* One transaction (store/change.h). Fail the test on any error. */
struct onym_change *temp_change_begin(struct temp_store *store);
void temp_change_commit(struct onym_change *change);

/* Registers name with values in one transaction: public and private lists as the store keeps them.
 * revision 1, times 1 000 000. Fails the test on any error. */
void temp_store_put(struct temp_store *store, const char *name,
                    struct onym_value_list public_values, struct onym_value_list private_values);
/* The same for an access token: values as onym_token_write gives them. */
void temp_store_token(struct temp_store *store, const char *id, struct onym_value_list values);
/* Homes the prefix of record "0.NA/<prefix>". */
void temp_store_home(struct temp_store *store, const char *prefix_record);

/* Appends the byte form of a value to list, whose bytes are bytes[cap]: index, type, text data,
 * default ttl, timestamp 1 000 000. */
void temp_value_add(struct onym_value_list *list, uint8_t *bytes, size_t cap, uint32_t index,
                    const char *type, const char *data, uint8_t permissions);

#endif
