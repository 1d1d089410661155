/* What a power cut leaves of a store with a journal: copies of LMDB's file, as it was at some
 * moment, beside the journal as it is later. For unit tests. */
#ifndef ONYM_TESTS_SUPPORT_POWER_CUT_H
#define ONYM_TESTS_SUPPORT_POWER_CUT_H

#include "store/env_priv.h"
#include "support/temp_store.h"

/* DIR/name of the store. */
void cut_path(const struct temp_store *store, const char *name, char out[256]);

/* The first len bytes of a file over those of another, or with SIZE_MAX all of it in its place. */
void cut_copy(const struct temp_store *from, const char *name, const struct temp_store *to,
              const char *as, size_t len);

/* Registers 88/number inside a change, with a value of len bytes and an entry of the log. */
void cut_put_in(struct onym_change *change, unsigned number, size_t len);

/* Registers 88/first and those behind it in one transaction, each with a value of len bytes and an
 * entry of the log. */
void cut_put_many(struct temp_store *store, unsigned first, unsigned count, size_t len);
void cut_put(struct temp_store *store, unsigned number, size_t len);

/* The same, of a disk that fails: what the commit says. */
enum onym_status cut_try_put(struct temp_store *store, unsigned number, size_t len);

bool cut_has(struct temp_store *store, unsigned number);

/* The store passes its check, and has the numbers below count and not that one. */
void cut_expect_whole(struct temp_store *store, unsigned count);

/* A store beside, not open: LMDB's file is the copy `data` in `of`, the journal is that of `of`. */
void cut_make(const struct temp_store *of, const char *data, struct temp_store *out);
enum onym_status cut_open(struct temp_store *store, struct onym_fault *fault);

/* Such a store opens with the numbers below count, also after another commit. */
void cut_expect(const struct temp_store *of, const char *data, unsigned count);

/* Keeps LMDB's file as it is now as a copy of that name. */
void cut_keep(const struct temp_store *store, const char *as);

/* Another bit in that place of a file. */
void cut_flip(const struct temp_store *store, const char *name, uint64_t at);

#endif
