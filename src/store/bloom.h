/* A Bloom filter over the keys of the store: which names are certainly not in it.
 *
 * It is shared: the writer adds each key of a record made where there was none, inside the
 * transaction, so before anyone can see the commit; and one reader adds what was in the store
 * before, and says when that is done. Hence, for a view opened before the question: a key that
 * was not added is not in it. Removed keys stay, which costs a look-up and is never wrong; so does
 * reopening the store.
 *
 * A key sets 4 bits within one cache line. Made for as many keys as there are and as many again, at
 * 16 bits each, 0.28 % of the absent names are taken for present; with twice as many keys as it
 * was made for 2.5 %, with four times 16 %: then it is time to start the node anew. */
#ifndef ONYM_STORE_BLOOM_H
#define ONYM_STORE_BLOOM_H

#include <stdbool.h>
#include <stdint.h>

#define ONYM_BLOOM_KEYS_MIN (UINT64_C(4) << 20) /* 8 MiB, untouched until keys come */
#define ONYM_BLOOM_KEYS_MAX (UINT64_C(128) << 20)

struct onym_bloom; /* opaque; any number of threads */

/* For `keys` keys, brought within the bounds above. NULL when memory is short, which is as good as
 * a filter that was never completed. */
struct onym_bloom *onym_bloom_new(uint64_t keys);
void onym_bloom_free(struct onym_bloom *bloom); /* NULL is fine */

/* hash: onym_marks_hash of the key. Nothing happens to NULL. */
void onym_bloom_add(struct onym_bloom *bloom, uint64_t hash);

/* Every key of the store has been added: from now on, absence is certain. */
void onym_bloom_complete(struct onym_bloom *bloom);

/* False: no view that was opened before this call has the key. True: it may be there; always so
 * before onym_bloom_complete, and with NULL. */
void onym_bloom_prefetch(const struct onym_bloom *bloom, uint64_t hash); /* for it */
bool onym_bloom_may_have(const struct onym_bloom *bloom, uint64_t hash);

#endif
