/* The only door between threads: blocks posted by any thread arrive on the loop that opened the
 * wake, in the order of their posting. A lock, a list and one uv_async.
 *
 * What crosses is a self-contained block: it begins with a struct onym_wake_block, and whoever
 * posts it holds nothing of it afterwards. */
#ifndef ONYM_NET_WAKE_H
#define ONYM_NET_WAKE_H

#include "onym/span.h"
#include "onym/status.h"

#include <uv.h>

/* Blocks delivered in one turn of the loop: what else the loop serves does not wait for more. */
#define ONYM_WAKE_TURN 64U

struct onym_wake; /* opaque */

/* The first member of what is posted. Linked by the wake, or by who posts a list. */
struct onym_wake_block {
    struct onym_wake_block *next;
    const void *soon; /* the block some places behind it, or NULL: it is only fetched ahead */
};

/* Called once per block, on the loop's thread; the block is the callee's from here on. */
typedef void onym_wake_fn(void *of, struct onym_wake_block *block);

/* Needs: the loop's own thread, or a loop that does not run yet. `of` outlives the wake.
 * ONYM_OK and *out (onym_wake_close, then onym_wake_free); ONYM_NO_MEMORY; ONYM_IO when the loop
 * takes no further handle. */
ONYM_MUST_USE enum onym_status onym_wake_open(uv_loop_t *loop, onym_wake_fn *arrived, void *of,
                                              struct onym_wake **out);

/* From now on `delivered` is called, with NULL for the block, behind the blocks that arrive in one
 * turn of the loop, also when there were none; for what is done once for all of them. On the loop's
 * thread, or before the loop runs. */
void onym_wake_tell(struct onym_wake *wake, onym_wake_fn *delivered);

/* Hands block over. Any thread; never waits for the loop. True: the block will arrive. False: the
 * wake is closed and the block stays the caller's. */
bool onym_wake_post(struct onym_wake *wake, struct onym_wake_block *block);

/* The same for a list that the blocks' `next` link from first to last: they arrive together. False:
 * all of them stay the caller's, still linked. */
bool onym_wake_post_all(struct onym_wake *wake, struct onym_wake_block *first,
                        struct onym_wake_block *last);

/* On the loop's thread: takes no more, delivers what was posted before from inside this call, and
 * lets go of the loop. A second call does nothing. */
void onym_wake_close(struct onym_wake *wake);

/* Frees a closed wake once its loop has run and no thread can post any more. NULL is fine. */
void onym_wake_free(struct onym_wake *wake);

#endif
