/* Proofs that wait for a thread, in an order that is fair by address: addresses take turns, and
 * what one address may have waiting and under way is bounded. Who asks for a thousand costly proofs
 * then keeps itself waiting and nobody else. No threads, no locks: server/proofs has those. */
#ifndef ONYM_SERVER_PROOF_QUEUE_H
#define ONYM_SERVER_PROOF_QUEUE_H

#include "net/wake.h"
#include "onym/span.h"
#include "onym/status.h"

/* Proofs of one address, and of all, that wait; one more is told "too busy". */
#define ONYM_PROOFS_PER_PEER 1024U
#define ONYM_PROOFS_MAX      65536U

struct onym_proof_source;

/* One proof, inside a struct of its owner, who keeps it until it is done. */
struct onym_proof_job {
    struct onym_wake_block wake; /* first */
    /* filled by the owner: */
    void (*run)(struct onym_proof_job *job);  /* on any thread */
    void (*done)(struct onym_proof_job *job); /* on the worker's loop, after run or without it */
    unsigned worker;
    uint8_t peer_len;
    uint8_t peer[16]; /* address bytes; of IPv6 the first 64 bits count */
    /* read by done: */
    bool dropped; /* run was not called: the node stops */
    /* the queue's: */
    struct onym_proof_job *next;
    struct onym_proof_source *source;
};

struct onym_proof_queue; /* opaque */

/* threads: how many may be under way at once, at least 1. An address gets all but one of them,
 * but never less than one. ONYM_OK and *out, ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_proof_queue_new(unsigned threads, uint64_t seed,
                                                    struct onym_proof_queue **out);
/* Needs an empty queue with nothing under way. NULL is fine. */
void onym_proof_queue_free(struct onym_proof_queue *queue);

/* ONYM_OK: job waits. ONYM_BUSY: a bound above is reached, or memory is short. */
ONYM_MUST_USE enum onym_status onym_proof_queue_put(struct onym_proof_queue *queue,
                                                    struct onym_proof_job *job);

/* The next one to begin, which is under way from here on; NULL: nothing may begin now. */
struct onym_proof_job *onym_proof_queue_take(struct onym_proof_queue *queue);

/* A job that was taken is through. */
void onym_proof_queue_over(struct onym_proof_queue *queue, struct onym_proof_job *job);

/* Takes a waiting one out for good, marked as dropped; NULL: none waits. */
struct onym_proof_job *onym_proof_queue_drop(struct onym_proof_queue *queue);

#endif
