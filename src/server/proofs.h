/* The threads on which proofs are computed (signatures, key derivation, key agreements): their own,
 * so that the order is fair (server/proof_queue.h) and what waits can be dropped when the node
 * stops. */
#ifndef ONYM_SERVER_PROOFS_H
#define ONYM_SERVER_PROOFS_H

#include "server/proof_queue.h"

/* Threads: one more than workers, so that what one address may have leaves one free. */
#define ONYM_PROOF_THREADS_MAX 16U

struct onym_proofs; /* opaque; any thread unless a function says otherwise */

/* nice: steps by which the threads stand behind others, 0 to 19 (onym_process_stand_back). ONYM_OK
 * and *out; ONYM_NO_MEMORY, also when no thread can be made. */
ONYM_MUST_USE enum onym_status onym_proofs_new(unsigned workers, unsigned nice, uint64_t seed,
                                               struct onym_proofs **out);

/* Jobs of the worker come back on this loop. On the loop's thread, or before it runs, once.
 * Statuses of onym_wake_open. */
ONYM_MUST_USE enum onym_status onym_proofs_attach(struct onym_proofs *proofs, unsigned worker,
                                                  uv_loop_t *loop);
/* On the loop's thread, when no job of the worker is left. A second call does nothing. */
void onym_proofs_detach(struct onym_proofs *proofs, unsigned worker);

/* ONYM_OK: job->run is called on another thread unless the node stops first, then job->done on the
 * worker's loop. ONYM_BUSY: too many wait, or the node stops; nothing follows. */
ONYM_MUST_USE enum onym_status onym_proofs_start(struct onym_proofs *proofs,
                                                 struct onym_proof_job *job);

/* What waits is done without having been run, and nothing more is taken: a stop waits for what is
 * being computed, not for what was queued. */
void onym_proofs_drop(struct onym_proofs *proofs);

/* Needs the loops ended. Waits for the threads. NULL is fine. */
void onym_proofs_free(struct onym_proofs *proofs);

#endif
