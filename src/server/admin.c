#include "server/admin.h"

#include "base/clock.h"

#include <stdlib.h>

struct drawer {
    uv_mutex_t lock;
    struct onym_challenges *challenges;
};

struct onym_admin_desk {
    struct onym_changes *changes;
    struct onym_rng rng;
    unsigned workers;
    struct drawer drawer[];
};

enum onym_status
onym_admin_desk_new(unsigned workers, struct onym_changes *changes, struct onym_admin_desk **out)
{
    struct onym_admin_desk *d = calloc(1, sizeof *d + workers * sizeof d->drawer[0]);

    if (d == NULL) {
        return ONYM_NO_MEMORY;
    }
    d->changes = changes;
    d->rng = onym_rng_system();
    for (unsigned i = 0; i < workers; i++) {
        struct onym_challenge_limits limits = {.capacity = ONYM_CHALLENGES_MAX,
                                               .per_peer = ONYM_CHALLENGES_PER_PEER,
                                               .bytes = ONYM_CHALLENGES_BYTES,
                                               .life_ms = ONYM_CHALLENGE_LIFE_MS,
                                               .worker = i};

        if (uv_mutex_init(&d->drawer[i].lock) != 0) {
            onym_admin_desk_free(d);
            return ONYM_NO_MEMORY;
        }
        d->workers = i + 1;
        if (onym_challenges_new(&limits, &d->drawer[i].challenges) != ONYM_OK) {
            onym_admin_desk_free(d);
            return ONYM_NO_MEMORY;
        }
    }
    *out = d;
    return ONYM_OK;
}

void
onym_admin_desk_free(struct onym_admin_desk *d)
{
    for (unsigned i = 0; d != NULL && i < d->workers; i++) {
        onym_challenges_free(d->drawer[i].challenges);
        uv_mutex_destroy(&d->drawer[i].lock);
    }
    free(d);
}

static enum onym_status
challenge_add(void *of, const struct onym_challenge_ask *ask, uint64_t now_ms, uint32_t *id,
              uint8_t nonce[ONYM_CHALLENGE_NONCE_LEN])
{
    struct onym_admin_post *post = of;
    struct drawer *drawer = &post->desk->drawer[post->worker];
    const struct onym_pending *pending;
    enum onym_status status;

    uv_mutex_lock(&drawer->lock);
    status = onym_challenges_add(drawer->challenges, ask, now_ms, &post->rng, &pending);
    if (status == ONYM_OK) {
        *id = pending->id;
        memcpy(nonce, pending->nonce, ONYM_CHALLENGE_NONCE_LEN);
    }
    uv_mutex_unlock(&drawer->lock);
    return status;
}

static enum onym_status
challenge_take(void *of, uint32_t id, onym_span peer, uint64_t now_ms, struct onym_pending **out)
{
    struct onym_admin_post *post = of;
    struct drawer *drawer;
    enum onym_status status;

    if (onym_id_worker(id) >= post->desk->workers) {
        return ONYM_SESSION_UNKNOWN;
    }
    drawer = &post->desk->drawer[onym_id_worker(id)];
    uv_mutex_lock(&drawer->lock);
    status = onym_challenges_take(drawer->challenges, id, peer, now_ms, out);
    uv_mutex_unlock(&drawer->lock);
    return status;
}

/* ---- proofs, on libuv's threads ---- */

struct proof {
    uv_work_t work;
    struct onym_streams *streams;
    struct onym_admin_call *call;
};

static void
do_prove(uv_work_t *work)
{
    struct proof *p = work->data;

    onym_admin_prove(p->call);
}

static void
after_prove(uv_work_t *work, int status)
{
    struct proof *p = work->data;

    (void)status; /* nobody cancels */
    onym_streams_proven(p->streams, p->call);
    free(p);
}

static enum onym_status
prove(void *of, struct onym_admin_call *call)
{
    struct onym_admin_post *post = of;
    struct proof *p = malloc(sizeof *p);

    if (p == NULL) {
        return ONYM_BUSY;
    }
    *p = (struct proof){.streams = post->streams, .call = call};
    p->work.data = p;
    if (uv_queue_work(post->loop, &p->work, do_prove, after_prove) != 0) {
        free(p);
        return ONYM_BUSY;
    }
    return ONYM_OK;
}

/* ---- changes ---- */

static enum onym_status
submit(void *of, struct onym_admin_call *call, struct onym_operation *op,
       const struct onym_identity *who)
{
    struct onym_admin_post *post = of;
    struct onym_change_ticket ticket = {.worker = post->worker, .id = (uint64_t)(uintptr_t)call};

    if (post->desk->changes == NULL) {
        return ONYM_READ_ONLY;
    }
    onym_changes_new_id(post->desk->changes, op->id);
    return onym_changes_submit(post->desk->changes, ticket, op, who);
}

static void
on_result(void *of, const struct onym_change_result *result)
{
    struct onym_admin_post *post = of;
    struct onym_admin_result seen = {.status = result->status,
                                     .replaced = result->replaced,
                                     .name = result->name,
                                     .why = result->why};

    onym_streams_committed(post->streams, (struct onym_admin_call *)(uintptr_t)result->ticket.id,
                           &seen);
}

static void
event(void *of, bool login, enum onym_status status, const struct onym_principal *principal,
      onym_span address, onym_span name)
{
    struct onym_admin_post *post = of;
    struct onym_change_event e = {.event = login ? ONYM_EVENT_LOGIN : ONYM_EVENT_DENIED,
                                  .status = status,
                                  .principal = principal->handle,
                                  .principal_index = principal->index,
                                  .address = address,
                                  .name = name,
                                  .now_ms = onym_clock_epoch_ms()};

    if (post->desk->changes != NULL) {
        onym_changes_event(post->desk->changes, &e);
    }
}

enum onym_status
onym_admin_post_open(struct onym_admin_post *post, struct onym_admin_desk *desk,
                     const struct onym_settings *settings, struct onym_streams *streams,
                     uv_loop_t *loop, unsigned worker)
{
    *post = (struct onym_admin_post){
        .desk = desk, .streams = streams, .loop = loop, .worker = worker, .rng = onym_rng_system()};
    post->admin = (struct onym_admin){
        .answerer = streams->answerer,
        .backend = {.of = post,
                    .challenge_add = challenge_add,
                    .challenge_take = challenge_take,
                    .prove = prove,
                    .submit = submit,
                    .event = event},
        .policy = {.allow_sha1 = settings->allow_sha1, .allow_md5 = settings->allow_md5},
        .rng = &post->rng,
        .server_admins = onym_span_text(settings->server_admins)};
    streams->admin = &post->admin;
    return desk->changes != NULL ? onym_changes_attach(desk->changes, worker, loop, on_result, post)
                                 : ONYM_OK;
}

bool
onym_admin_post_idle(const struct onym_admin_post *post)
{
    return post->admin.calls == 0;
}

void
onym_admin_post_close(struct onym_admin_post *post)
{
    if (post->desk != NULL && post->desk->changes != NULL) {
        onym_changes_detach(post->desk->changes, post->worker);
    }
    post->desk = NULL;
}
