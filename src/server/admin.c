#include "server/admin.h"

#include "base/clock.h"
#include "server/admin_certificate.h"
#include "server/http_backend_desk.h"
#include "server/proofs.h"

#include <stdlib.h>

struct drawer {
    uv_mutex_t lock;
    struct onym_challenges *challenges;
    struct onym_sessions *sessions;
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
        struct onym_session_limits sessions = {
            .capacity = ONYM_SESSIONS_MAX, .per_peer = ONYM_SESSIONS_PER_PEER, .worker = i};

        if (uv_mutex_init(&d->drawer[i].lock) != 0) {
            onym_admin_desk_free(d);
            return ONYM_NO_MEMORY;
        }
        d->workers = i + 1;
        if (onym_challenges_new(&limits, &d->drawer[i].challenges) != ONYM_OK ||
            onym_sessions_new(&sessions, &d->drawer[i].sessions) != ONYM_OK) {
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
        onym_sessions_free(d->drawer[i].sessions);
        uv_mutex_destroy(&d->drawer[i].lock);
    }
    free(d);
}

/* The drawer an id belongs to; NULL for ids never given here, and once the post is closed: a last
 * datagram may still come. */
static struct drawer *
drawer_of(const struct onym_admin_post *post, uint32_t id)
{
    uint32_t worker = onym_id_worker(id);

    return post->desk != NULL && worker < post->desk->workers ? &post->desk->drawer[worker] : NULL;
}

/* What challenges and sessions live by: setting the clock back must not lengthen a life, nor
 * setting it ahead end one. */
static uint64_t
lifetime_ms(void)
{
    return onym_clock_monotonic_ns() / 1000000U;
}

static uint32_t
lifetime_s(void)
{
    return (uint32_t)(lifetime_ms() / 1000U);
}

static enum onym_status
challenge_add(void *of, const struct onym_challenge_ask *ask, uint32_t *id,
              uint8_t nonce[ONYM_CHALLENGE_NONCE_LEN])
{
    struct onym_admin_post *post = of;
    /* inside a session the answer is looked for where the session is */
    struct drawer *drawer = ask->session_id != 0 ? drawer_of(post, ask->session_id)
                                                 : &post->desk->drawer[post->worker];
    const struct onym_pending *pending;
    enum onym_status status;

    if (drawer == NULL) {
        return ONYM_SESSION_UNKNOWN;
    }
    uv_mutex_lock(&drawer->lock);
    status = onym_challenges_add(drawer->challenges, ask, lifetime_ms(), &post->rng, &pending);
    if (status == ONYM_OK) {
        *id = pending->id;
        memcpy(nonce, pending->nonce, ONYM_CHALLENGE_NONCE_LEN);
    }
    uv_mutex_unlock(&drawer->lock);
    return status;
}

static enum onym_status
challenge_take(void *of, uint32_t id, onym_span peer, struct onym_pending **out)
{
    struct onym_admin_post *post = of;
    struct drawer *drawer = drawer_of(post, id);
    enum onym_status status;

    if (drawer == NULL) {
        return ONYM_SESSION_UNKNOWN;
    }
    uv_mutex_lock(&drawer->lock);
    status = onym_challenges_take(drawer->challenges, id, peer, lifetime_ms(), out);
    uv_mutex_unlock(&drawer->lock);
    return status;
}

/* ---- sessions ---- */

static enum onym_status
session_add(void *of, const struct onym_session_ask *ask, uint32_t *id)
{
    struct onym_admin_post *post = of;
    struct drawer *drawer = &post->desk->drawer[post->worker];
    enum onym_status status;

    uv_mutex_lock(&drawer->lock);
    status = onym_sessions_add(drawer->sessions, ask, lifetime_s(), &post->rng, id);
    uv_mutex_unlock(&drawer->lock);
    return status;
}

static enum onym_status
session_find(void *of, uint32_t id, struct onym_session_use *out)
{
    struct drawer *drawer = drawer_of(of, id);
    enum onym_status status;

    if (drawer == NULL) {
        return ONYM_SESSION_UNKNOWN;
    }
    uv_mutex_lock(&drawer->lock);
    status = onym_sessions_find(drawer->sessions, id, lifetime_s(), out);
    uv_mutex_unlock(&drawer->lock);
    return status;
}

static enum onym_status
session_accept(void *of, uint32_t id, uint32_t counter)
{
    struct drawer *drawer = drawer_of(of, id);
    enum onym_status status;

    if (drawer == NULL) {
        return ONYM_SESSION_UNKNOWN;
    }
    uv_mutex_lock(&drawer->lock);
    status = onym_sessions_accept(drawer->sessions, id, counter, lifetime_s());
    uv_mutex_unlock(&drawer->lock);
    return status;
}

static enum onym_status
session_reply(void *of, uint32_t id, struct onym_session_secret *secret, uint32_t *counter)
{
    struct drawer *drawer = drawer_of(of, id);
    enum onym_status status;

    if (drawer == NULL) {
        return ONYM_SESSION_UNKNOWN;
    }
    uv_mutex_lock(&drawer->lock);
    status = onym_sessions_reply(drawer->sessions, id, secret, counter);
    uv_mutex_unlock(&drawer->lock);
    return status;
}

static bool
session_prove(void *of, uint32_t id, const struct onym_principal *who,
              const uint8_t key[ONYM_TOKEN_DIGEST_LEN])
{
    struct drawer *drawer = drawer_of(of, id);
    bool stands;

    if (drawer == NULL) {
        return false;
    }
    uv_mutex_lock(&drawer->lock);
    stands = onym_sessions_prove(drawer->sessions, id, who, key);
    uv_mutex_unlock(&drawer->lock);
    return stands;
}

static void
session_end(void *of, uint32_t id)
{
    struct drawer *drawer = drawer_of(of, id);

    if (drawer != NULL) {
        uv_mutex_lock(&drawer->lock);
        onym_sessions_end(drawer->sessions, id);
        uv_mutex_unlock(&drawer->lock);
    }
}

/* ---- arithmetic, on other threads ---- */

struct proof {
    struct onym_proof_job job; /* first */
    struct onym_admin_post *post;
    struct onym_admin_call *call;
    bool limited;
};

/* On another thread. A wrong answer is counted before it is looked at: many at once could else be
 * under way before the first is known to be wrong. */
static void
do_prove(struct onym_proof_job *job)
{
    struct proof *p = (struct proof *)(void *)job;
    const struct onym_http_desk *logins = p->post->logins;
    struct onym_admin_attempt told;
    struct onym_http_attempt a;

    if (!onym_admin_attempt_of(p->call, &told)) {
        onym_admin_prove(p->call);
        return;
    }
    a = (struct onym_http_attempt){.peer = onym_admin_peer(p->call), .who = told.who};
    if (!onym_http_may_try(logins, &a)) {
        p->limited = true;
        onym_admin_prove_not(p->call);
        return;
    }
    onym_http_count_failure(logins, &a);
    onym_admin_prove(p->call);
    (void)onym_admin_attempt_of(p->call, &told);
    if (told.right) {
        onym_http_forgive(logins, &a);
    }
}

static void
after_prove(struct onym_proof_job *job)
{
    struct proof *p = (struct proof *)(void *)job;
    struct onym_streams *streams = p->post->streams;
    struct onym_admin_attempt told;

    if (job->dropped) {
        onym_admin_prove_not(p->call);
    } else if (p->limited && onym_admin_attempt_of(p->call, &told)) {
        size_t method = told.by_key ? ONYM_LOGIN_PUBLIC_KEY : ONYM_LOGIN_SECRET;

        onym_counter_add(&streams->counters->logins[method][ONYM_LOGIN_WAS_LIMITED], 1);
    }
    onym_streams_proven(streams, p->call);
    free(p);
}

static enum onym_status
prove(void *of, struct onym_admin_call *call)
{
    struct onym_admin_post *post = of;
    onym_span peer = onym_admin_peer(call);
    struct proof *p = malloc(sizeof *p);

    if (p == NULL) {
        return ONYM_BUSY;
    }
    *p = (struct proof){.job = {.run = do_prove,
                                .done = after_prove,
                                .worker = post->worker,
                                .peer_len = (uint8_t)peer.len},
                        .post = post,
                        .call = call};
    memcpy(p->job.peer, peer.at, peer.len);
    if (onym_proofs_start(post->proofs, &p->job) != ONYM_OK) {
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
    op->once = true;
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

    if ((result->ticket.id & 1U) != 0) {
        post->odd_results(post->odd_of, result);
        return;
    }
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

/* Room that was wanting says nothing about who asked. */
static void
attempt(void *of, bool by_key, enum onym_status status)
{
    const struct onym_admin_post *post = of;
    size_t method = by_key ? ONYM_LOGIN_PUBLIC_KEY : ONYM_LOGIN_SECRET;
    size_t result = status == ONYM_OK ? ONYM_LOGIN_WAS_OK : ONYM_LOGIN_WAS_FAILED;

    if (status != ONYM_BUSY && status != ONYM_NO_MEMORY) {
        onym_counter_add(&post->streams->counters->logins[method][result], 1);
    }
}

enum onym_status
onym_admin_post_open(struct onym_admin_post *post, const struct onym_node *node,
                     struct onym_streams *streams, uv_loop_t *loop, unsigned worker)
{
    const struct onym_settings *settings = &node->settings;
    struct onym_admin_desk *desk = node->desk;
    struct onym_auth_policy policy = {.allow_sha1 = settings->allow_sha1,
                                      .allow_md5 = settings->allow_md5};

    enum onym_status status = onym_proofs_attach(node->proofs, worker, loop);

    if (status != ONYM_OK) {
        return status;
    }
    *post = (struct onym_admin_post){.desk = desk,
                                     .proofs = node->proofs,
                                     .logins = node->http_desk,
                                     .streams = streams,
                                     .worker = worker,
                                     .rng = onym_rng_system()};
    post->sessions = (struct onym_session_access){.of = post,
                                                  .policy = policy,
                                                  .dh_bits_min = settings->dh_bits_min,
                                                  .add = session_add,
                                                  .find = session_find,
                                                  .accept = session_accept,
                                                  .reply = session_reply,
                                                  .prove = session_prove,
                                                  .end = session_end};
    post->admin = (struct onym_admin){.answerer = streams->answerer,
                                      .backend = {.of = post,
                                                  .challenge_add = challenge_add,
                                                  .challenge_take = challenge_take,
                                                  .prove = prove,
                                                  .submit = submit,
                                                  .event = event,
                                                  .attempt = attempt,
                                                  .certified = onym_admin_certified},
                                      .policy = policy,
                                      .rng = &post->rng,
                                      .sessions = &post->sessions,
                                      .site_key = node->site_key,
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
    onym_proofs_detach(post->proofs, post->worker);
    post->desk = NULL;
}
