/* Jobs in slices: the slice on one of libuv's threads, everything else on the worker's loop. */
#include "base/require.h"
#include "server/http_backend_priv.h"
#include "service/http_job.h"

#include <stdlib.h>

void
onym_http_jobs_init(struct onym_http_post *post, uv_loop_t *loop)
{
    post->jobs.loop = loop;
    post->jobs.work.data = post;
    ONYM_REQUIRE(uv_mutex_init(&post->jobs.lock) == 0); /* Linux makes it without memory */
}

void
onym_http_jobs_quiet(struct onym_http_jobs *jobs)
{
    uv_mutex_lock(&jobs->lock);
    onym_view_close(jobs->view);
    jobs->view = NULL;
}

void
onym_http_jobs_resume(struct onym_http_jobs *jobs)
{
    uv_mutex_unlock(&jobs->lock);
}

void
onym_http_jobs_deinit(struct onym_http_jobs *jobs)
{
    if (jobs->loop != NULL) {
        onym_view_close(jobs->view);
        uv_mutex_destroy(&jobs->lock);
        jobs->view = NULL;
        jobs->loop = NULL;
    }
}

static void
do_slice(uv_work_t *work)
{
    struct onym_http_post *post = work->data;
    struct onym_http_jobs *jobs = &post->jobs;
    struct onym_http_job *job = jobs->first->work;

    /* a thread that the loop of a worker has started, and on its processor so far */
    (void)onym_processors_keep_off(&post->node->processors);
    uv_mutex_lock(&jobs->lock);
    job->status = jobs->view == NULL ? onym_view_open(post->node->env, &jobs->view)
                                     : onym_view_renew(jobs->view);
    jobs->more = job->status == ONYM_OK && job->step(job, jobs->view);
    if (jobs->view != NULL) {
        onym_view_release(jobs->view); /* a snapshot is never kept over a wait */
    }
    uv_mutex_unlock(&jobs->lock);
}

static void after_slice(uv_work_t *work, int cancelled);

/* The first job's next slice. */
static void
begin_slice(struct onym_http_post *post)
{
    ONYM_REQUIRE(uv_queue_work(post->jobs.loop, &post->jobs.work, do_slice, after_slice) == 0);
}

static void
append(struct onym_http_jobs *jobs, struct onym_http_wait *w)
{
    w->next = NULL;
    if (jobs->first == NULL) {
        jobs->first = w;
    } else {
        jobs->last->next = w;
    }
    jobs->last = w;
}

static void
finish(struct onym_http_post *post, struct onym_http_wait *w)
{
    struct onym_http_seat *seat = onym_http_wait_over(w);

    post->jobs.count--;
    if (seat != NULL) {
        post->job_done(post->of, seat, w->work);
    }
    onym_http_wait_free(w);
}

static void
after_slice(uv_work_t *work, int cancelled)
{
    struct onym_http_post *post = work->data;
    struct onym_http_jobs *jobs = &post->jobs;
    struct onym_http_wait *w = jobs->first;

    (void)cancelled; /* nobody cancels */
    jobs->first = w->next;
    if (jobs->more && w->seat != NULL) {
        append(jobs, w);
        w = NULL;
    }
    if (jobs->first != NULL) {
        begin_slice(post);
    }
    if (w != NULL) {
        finish(post, w); /* which may bring the next request, and its job */
    }
}

/* ---- jobs that prove ---- */

static void
do_proof(struct onym_proof_job *proof)
{
    struct onym_http_job *job = onym_http_wait_of(proof)->work;

    (void)job->step(job, NULL);
}

static void
after_proof(struct onym_proof_job *proof)
{
    struct onym_http_wait *w = onym_http_wait_of(proof);
    struct onym_http_post *post = w->post;
    struct onym_http_seat *seat = onym_http_wait_over(w);

    if (proof->dropped) {
        w->work->status = ONYM_BUSY;
    }
    if (seat != NULL) {
        post->job_done(post->of, seat, w->work);
    }
    onym_http_wait_free(w);
}

static enum onym_status
start_proof(struct onym_http_post *post, const struct onym_http_caller *caller,
            struct onym_http_job *job)
{
    struct onym_http_wait *w = onym_http_wait_new(post, caller);

    if (w == NULL) {
        return ONYM_BUSY;
    }
    w->job = (struct onym_proof_job){
        .run = do_proof, .done = after_proof, .worker = post->worker, .peer_len = w->peer_len};
    memcpy(w->job.peer, w->peer, sizeof w->job.peer);
    w->work = job;
    if (onym_proofs_start(post->node->proofs, &w->job) != ONYM_OK) {
        w->work = NULL; /* the caller's still */
        (void)onym_http_wait_over(w);
        onym_http_wait_free(w);
        return ONYM_BUSY;
    }
    return ONYM_OK;
}

enum onym_status
onym_http_job_take(void *of, const struct onym_http_caller *caller, struct onym_http_job *job)
{
    struct onym_http_post *post = of;
    struct onym_http_jobs *jobs = &post->jobs;
    struct onym_http_wait *w = NULL;
    bool idle = jobs->first == NULL;

    if (job->proves) {
        return start_proof(post, caller, job);
    }
    if (jobs->count < ONYM_HTTP_JOBS_MAX) {
        w = onym_http_wait_new(post, caller);
    }
    if (w == NULL) {
        return ONYM_BUSY;
    }
    w->work = job;
    jobs->count++;
    append(jobs, w);
    if (idle) {
        begin_slice(post);
    }
    return ONYM_OK;
}
