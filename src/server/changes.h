/* The one change path of a node: a bounded queue of operations and the one thread that decides and
 * commits them.
 *
 *   a loop:       onym_changes_submit                            (never waits)
 *   any thread:   onym_changes_event                             (never waits)
 *   its thread:   gather -> sort by key -> decide each -> put record, log entry, outcome
 *                 -> the same with what was gathered since -> commit
 *   loop thread:  the sink of the ticket's worker is called with the result
 *
 * There is no timer: the thread commits when it is idle, and gathers while the previous commit
 * runs. Rows of an import, which wait for each other, are decided while more of them come in.
 * Everything of one group becomes durable together, and a result is delivered only after
 * that. Operations on one identifier keep their order; others of one group have none.
 *
 * A result is done (ONYM_OK), failed (a status: nothing was changed) or unknown
 * (ONYM_UNCERTAIN: it may have happened; submitting the same operation id again tells). */
#ifndef ONYM_SERVER_CHANGES_H
#define ONYM_SERVER_CHANGES_H

#include "base/fault.h"
#include "base/log.h"
#include "base/metrics.h"
#include "core/authz.h"
#include "store/entry.h"
#include "store/env.h"

#include <uv.h>

#define ONYM_CHANGES_OPS_DEFAULT   65536U
#define ONYM_CHANGES_BYTES_DEFAULT ((size_t)64 << 20)
#define ONYM_CHANGES_SHARE_DEFAULT 8U
#define ONYM_CHANGES_GROUP_OPS     4096U             /* of one commit */
#define ONYM_CHANGES_GROUP_BYTES   ((size_t)8 << 20) /* of one commit; one operation may be more */
#define ONYM_CHANGES_GATHER_OPS    2048U /* that yield: the thread is woken when so many came, */
#define ONYM_CHANGES_GATHER_TURNS  64U   /* or after so many turns of the loop */
/* Of those that are gathered so many are decided ahead of their commit; fewer cost more in wake-ups
 * than is won. */
#define ONYM_CHANGES_AHEAD_OPS  128U
#define ONYM_CHANGES_EVENTS_MAX 4096U /* waiting; more are counted, not kept */
/* Events of refusals that are kept at once, and how long until there is room for one more. Whoever
 * proves nothing can cause them, and the log is never cut: without a limit it fills the store. */
#define ONYM_CHANGES_REFUSALS_MAX 1000U
#define ONYM_CHANGES_REFUSAL_NS   UINT64_C(1000000000)

struct onym_changes; /* opaque */

/* Who gets the result. */
struct onym_change_ticket {
    unsigned worker;
    bool
        yields; /* one of many that can wait: the last eighth of its source's share is not for it */
    uint64_t id, row; /* the worker's own; come back unread */
};

struct onym_change_result {
    struct onym_change_ticket ticket;
    enum onym_status status;
    bool unchanged;      /* ONYM_OK: what was wanted is what was there; no new revision */
    bool replaced;       /* ONYM_OK: took the place of something (the OVERWRITE reply bit) */
    bool conflicting;    /* ONYM_INVALID: the operation id was used for another request */
    bool repeated;       /* the operation id was known: this is its first answer again */
    uint64_t revision;   /* of the record now; 0 when there is none */
    uint64_t created_ms; /* of the same; 0 also when a first answer does not say */
    uint64_t sequence;   /* of the entry in the log; 0 when it made none */
    onym_span name;  /* what was changed, in its registered spelling; for a minting operation the
                        minted name. Dies with the call. */
    const char *why; /* when refused: static English text or NULL */
    uint32_t index;  /* when refused: of the value concerned, or 0 */
};

/* On the thread of the worker's loop. */
typedef void onym_change_result_fn(void *of, const struct onym_change_result *result);

struct onym_changes_options {
    struct onym_env *env; /* borrowed until close */
    struct onym_log *log; /* borrowed until close; may be NULL */
    uint32_t ops;         /* submitted and not yet answered; 0 = default */
    size_t bytes;         /* the same in bytes; 0 = default */
    uint32_t share;       /* one source (op->address, so without a port) may hold 1/share of both;
                             0 = default */
    unsigned workers;     /* tickets name 0 .. workers - 1 */
    unsigned nice;        /* steps by which the thread stands behind others, 0 to 19 */
    uint64_t seed;        /* random: which sources share a counter must not be foreseeable */
    /* After a failed sync the store is closed, opened again and checked. quiet returns when no view
     * of env is open any more; resume lets them be opened again, and is not called before the store
     * is open. Both are called on the thread of the changes. NULL: nobody else has views. */
    void (*quiet)(void *of);
    void (*resume)(void *of);
    void *of;
};

/* Starts the thread. ONYM_OK and *out (onym_changes_close); ONYM_NO_MEMORY; ONYM_INVALID without
 * workers; ONYM_ERROR when no thread starts; statuses of reading the store. All with *fault. */
ONYM_MUST_USE enum onym_status onym_changes_open(const struct onym_changes_options *options,
                                                 struct onym_changes **out,
                                                 struct onym_fault *fault);

/* Names the sink of a worker, before its first ticket is submitted; on the loop's thread or before
 * the loop runs. Results come on the loop's thread. ONYM_OK, ONYM_NO_MEMORY, ONYM_IO. */
ONYM_MUST_USE enum onym_status onym_changes_attach(struct onym_changes *changes, unsigned worker,
                                                   uv_loop_t *loop, onym_change_result_fn *sink,
                                                   void *of);

/* On the loop's thread: results that are there are delivered from inside this call, later ones are
 * dropped, and the loop is let go. To lose none, detach when no ticket is outstanding. A worker
 * without sink is fine. */
void onym_changes_detach(struct onym_changes *changes, unsigned worker);

/* An operation id nobody else has: the time and chance of this start, and a counter. Ascending, so
 * that outcomes of one time lie on neighbouring pages. Any thread.
 * A client's idempotency key gives its own id instead (a hash of principal and key). */
void onym_changes_new_id(struct onym_changes *changes, uint8_t out[ONYM_OPERATION_ID_LEN]);

/* Queues a copy of op for the identity `who`. On the thread of the ticket's worker, or any while
 * that has no sink; what one turn of its loop submits begins a group together, and
 * tickets that yield wait for a turn that brings none, for ONYM_CHANGES_GATHER_OPS of them, or for
 * ONYM_CHANGES_GATHER_TURNS turns.
 * Needs: onym_op_form(op) is ONYM_OK and `who` is proven, or nobody when onym_op_before_auth needs
 * none; whether it may is decided on the thread, from the state the operation meets. op->address is
 * cut at ONYM_ENTRY_ADDRESS_MAX. ONYM_OK: exactly one result follows. ONYM_BUSY: a limit or the
 * source's share is reached. ONYM_READ_ONLY: the store did not take a commit and is not yet good
 * again, or the changes are being stopped. ONYM_NO_MEMORY, and what onym_op_target refuses. In
 * these cases nothing follows.
 */
ONYM_MUST_USE enum onym_status onym_changes_submit(struct onym_changes *changes,
                                                   struct onym_change_ticket ticket,
                                                   const struct onym_operation *op,
                                                   const struct onym_identity *who);

/* What is remembered of something that changed no record. Spans are copied and cut at their limits
 * (names ONYM_NAME_LEN_MAX, address ONYM_ENTRY_ADDRESS_MAX bytes). */
struct onym_change_event {
    enum onym_event event; /* not ONYM_EVENT_LOST, which the changes make themselves */
    enum onym_status status;
    onym_span principal; /* who it was or claimed to be; may be empty */
    uint32_t principal_index;
    onym_span address; /* where from, as text */
    onym_span name;    /* what it was about; may be empty */
    uint64_t now_ms;   /* epoch */
};

/* Appended to the log with the next group, never waited for. Events whose status is not ONYM_OK are
 * kept up to ONYM_CHANGES_REFUSALS_MAX at once and one more every ONYM_CHANGES_REFUSAL_NS; the
 * others, and those that find no room in the queue, are counted in an entry of ONYM_EVENT_LOST. Any
 * thread. */
void onym_changes_event(struct onym_changes *changes, const struct onym_change_event *event);

struct onym_changes_stat {
    uint64_t waiting_ops, waiting_bytes;
    uint64_t queued; /* of waiting_ops: not in a group yet */
    uint64_t groups; /* committed */
    uint64_t done, failed, unknown;
    uint64_t events, events_lost;
    bool read_only;
    bool idle; /* the thread sleeps until a turn ends that submits something, or brings much */
};
/* Any thread. */
void onym_changes_stat(struct onym_changes *changes, struct onym_changes_stat *out);

/* Operations by their ends and the duration of commits, as they are counted: for a scrape, which
 * reads them while they change. Borrowed until close. Any thread. */
const struct onym_change_counters *onym_changes_counters(const struct onym_changes *changes);

/* Takes no more, commits what was submitted, posts the results and ends the thread; sinks stay
 * attached, so that their loops can still deliver. Call it once, from a thread that runs none of
 * the loops the hooks wait for. */
void onym_changes_stop(struct onym_changes *changes);

/* Stops if that was not done, and frees. Every worker is detached and its loop has run. NULL is
 * fine. */
void onym_changes_close(struct onym_changes *changes);

#endif
