#include "server/proofs.h"

#include "base/process.h"
#include "base/require.h"

#include <stdlib.h>

struct onym_proofs {
    uv_mutex_t lock; /* over the queue and the three below */
    uv_cond_t more;
    struct onym_proof_queue *queue;
    bool dropping, ending;
    unsigned threads;
    uv_thread_t thread[ONYM_PROOF_THREADS_MAX];
    unsigned workers, nice;
    struct onym_wake *wake[];
};

static void
arrived(void *of, struct onym_wake_block *block)
{
    struct onym_proof_job *job = (struct onym_proof_job *)(void *)block; /* its first member */

    (void)of;
    job->done(job);
}

static void
hand_back(struct onym_proofs *p, struct onym_proof_job *job)
{
    bool taken = onym_wake_post(p->wake[job->worker], &job->wake);

    ONYM_REQUIRE(taken); /* a worker stays while a job of its own is out */
}

static void
work(void *arg)
{
    struct onym_proofs *p = arg;
    struct onym_proof_job *job;

    onym_process_name_thread("proof");
    onym_process_stand_back(p->nice);
    uv_mutex_lock(&p->lock);
    for (;;) {
        while ((job = onym_proof_queue_take(p->queue)) == NULL && !p->ending) {
            uv_cond_wait(&p->more, &p->lock);
        }
        if (job == NULL) {
            break;
        }
        uv_mutex_unlock(&p->lock);
        job->run(job);
        uv_mutex_lock(&p->lock);
        onym_proof_queue_over(p->queue, job);
        uv_mutex_unlock(&p->lock);
        hand_back(p, job); /* not to be touched again */
        uv_mutex_lock(&p->lock);
    }
    uv_mutex_unlock(&p->lock);
}

enum onym_status
onym_proofs_new(unsigned workers, unsigned nice, uint64_t seed, struct onym_proofs **out)
{
    struct onym_proofs *p = calloc(1, sizeof *p + workers * sizeof p->wake[0]);
    unsigned threads = workers < ONYM_PROOF_THREADS_MAX ? workers + 1 : ONYM_PROOF_THREADS_MAX;

    if (p == NULL || onym_proof_queue_new(threads, seed, &p->queue) != ONYM_OK) {
        free(p);
        return ONYM_NO_MEMORY;
    }
    if (uv_mutex_init(&p->lock) != 0) {
        onym_proof_queue_free(p->queue);
        free(p);
        return ONYM_NO_MEMORY;
    }
    if (uv_cond_init(&p->more) != 0) {
        uv_mutex_destroy(&p->lock);
        onym_proof_queue_free(p->queue);
        free(p);
        return ONYM_NO_MEMORY;
    }
    p->workers = workers;
    p->nice = nice;
    while (p->threads < threads && uv_thread_create(&p->thread[p->threads], work, p) == 0) {
        p->threads++;
    }
    if (p->threads < threads) {
        onym_proofs_free(p);
        return ONYM_NO_MEMORY;
    }
    *out = p;
    return ONYM_OK;
}

enum onym_status
onym_proofs_attach(struct onym_proofs *p, unsigned worker, uv_loop_t *loop)
{
    ONYM_REQUIRE(worker < p->workers && p->wake[worker] == NULL);
    return onym_wake_open(loop, arrived, p, &p->wake[worker]);
}

void
onym_proofs_detach(struct onym_proofs *p, unsigned worker)
{
    if (p->wake[worker] != NULL) {
        onym_wake_close(p->wake[worker]);
    }
}

enum onym_status
onym_proofs_start(struct onym_proofs *p, struct onym_proof_job *job)
{
    enum onym_status status = ONYM_BUSY;

    uv_mutex_lock(&p->lock);
    if (!p->dropping) {
        status = onym_proof_queue_put(p->queue, job);
    }
    if (status == ONYM_OK) {
        uv_cond_signal(&p->more);
    }
    uv_mutex_unlock(&p->lock);
    return status;
}

void
onym_proofs_drop(struct onym_proofs *p)
{
    struct onym_proof_job *job;

    uv_mutex_lock(&p->lock);
    p->dropping = true;
    while ((job = onym_proof_queue_drop(p->queue)) != NULL) {
        hand_back(p, job);
    }
    uv_mutex_unlock(&p->lock);
}

void
onym_proofs_free(struct onym_proofs *p)
{
    if (p == NULL) {
        return;
    }
    uv_mutex_lock(&p->lock);
    p->ending = true;
    uv_cond_broadcast(&p->more);
    uv_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->threads; i++) {
        (void)uv_thread_join(&p->thread[i]);
    }
    for (unsigned i = 0; i < p->workers; i++) {
        onym_wake_free(p->wake[i]);
    }
    uv_cond_destroy(&p->more);
    uv_mutex_destroy(&p->lock);
    onym_proof_queue_free(p->queue);
    free(p);
}
