/* What the HTTP API (service/http_backend.h) gets from the node: who is asking, and the way to the
 * writer. Passwords are compared at once; what costs is computed on libuv's threads. Sessions and
 * the count of failed logins are shared by all workers. */
#ifndef ONYM_SERVER_HTTP_BACKEND_H
#define ONYM_SERVER_HTTP_BACKEND_H

#include "net/tls.h"
#include "server/changes.h"
#include "server/http_backend_proof.h"
#include "server/node.h"
#include "service/http.h"

/* Requests of one worker that wait for a proof or a commit; one more is told "too busy". */
#define ONYM_HTTP_WAITS_MAX 4096U
/* Requests with many changes: of one worker at once, and how many rows all of the node may have
 * under way, which they share evenly: what one source may have with the writer's default limits,
 * but for the part that is kept for its single changes. */
#define ONYM_HTTP_FLIGHTS_MAX 64U
#define ONYM_HTTP_FLYING_MAX  7168U
#define ONYM_HTTP_FLYING_MIN  64U /* of one request, however many there are */
/* Rows of all such requests of a worker that one turn of its loop works on; and while others ask
 * the same worker to resolve, which is so many turns behind the last that did. */
#define ONYM_HTTP_ROWS_TURN       48U
#define ONYM_HTTP_ROWS_SHORT_TURN 8U
#define ONYM_HTTP_SHORT_TURNS     64U
/* Results of all of them that are gathered before they are told, while more come in each turn. */
#define ONYM_HTTP_RESULTS_MAX 1024U

/* ---- shared by all workers ---- */

struct onym_http_desk; /* opaque; any thread */

/* ONYM_OK and *out, ONYM_NO_MEMORY. settings outlive it. */
ONYM_MUST_USE enum onym_status onym_http_desk_new(const struct onym_settings *settings,
                                                  uint64_t seed, struct onym_http_desk **out);
void onym_http_desk_free(struct onym_http_desk *desk); /* NULL is fine */

/* ---- one connection's ---- */

struct onym_http_wait;   /* a request that waits */
struct onym_http_flight; /* a request with many changes */

/* The caller's ticket (struct onym_http_caller) is the address of one of these. */
struct onym_http_seat {
    struct onym_http_wait *wait;     /* what it waits for, or NULL */
    struct onym_http_flight *flight; /* or this, or NULL */
    const struct onym_tls_connection *tls;
    uint8_t peer_len;
    uint8_t peer[16]; /* address bytes */
};

/* The connection ends: what it waits for still comes to its end, and is told to nobody. */
void onym_http_seat_end(struct onym_http_seat *seat);

/* ---- one worker's ---- */

/* Jobs of one worker at once; one more is told "too busy". */
#define ONYM_HTTP_JOBS_MAX 16U

/* The jobs (service/http_job.h) of a worker: one slice at a time on libuv's threads, in turn. */
struct onym_http_jobs {
    uv_loop_t *loop; /* NULL: not open */
    uv_work_t work;
    uv_mutex_t lock;        /* over view */
    struct onym_view *view; /* of the slices; NULL until the first */
    struct onym_http_wait *first, *last;
    unsigned count;
    bool more; /* of the slice that was done last */
};

struct onym_http_post {
    struct onym_http_backend backend; /* for struct onym_http_service */
    const struct onym_node *node;
    struct onym_answerer *answerer;
    struct onym_counters *counters;
    unsigned worker;
    struct onym_auth_policy policy;
    struct onym_rng rng;
    uint32_t waits;                   /* requests that wait now */
    struct onym_http_flight *flights; /* requests with many changes, a list */
    uint32_t flight_count;
    uint64_t flying;        /* rows of them under way, of ended connections too */
    uint32_t fresh_results; /* of this turn */
    uint32_t results;       /* of the turns before it, gathered */
    uint32_t rows_left;     /* of this turn */
    uint32_t short_turns;   /* to come */
    uint64_t resolved_ns;   /* what the counters had at the turn before */
    struct onym_http_flight *waiting_first, *waiting_last; /* for the next turn */
    uv_idle_t rows_idle;   /* runs at the front of a turn while one waits */
    uv_check_t rows_check; /* runs behind turns of the loop that bring results */
    uv_timer_t rows_timer; /* runs while a request found no room and waits for nothing of its own */
    char challenge[128];
    struct onym_http_session found; /* the session of the request being answered */
    struct onym_http_jobs jobs;
    /* Set by the owner: bring a later answer to the seat's connection, on the worker's loop. What
     * they are given is borrowed for the call. */
    void *of;
    void (*login_done)(void *of, struct onym_http_seat *seat, const struct onym_http_login *login);
    void (*change_done)(void *of, struct onym_http_seat *seat,
                        const struct onym_http_result *result);
    void (*job_done)(void *of, struct onym_http_seat *seat, struct onym_http_job *job);
    /* For onym_http_row_done, onym_http_rows_turn and onym_http_rows_stop with a turn behind it. */
    void (*row_done)(void *of, struct onym_http_seat *seat, uint64_t row,
                     const struct onym_http_result *result);
    void (*rows_turn)(void *of, struct onym_http_seat *seat);
    void (*rows_stop)(void *of, struct onym_http_seat *seat);
};

/* Fills post but for the jobs and the members from `of` on. node->http_desk is set. */
void onym_http_post_init(struct onym_http_post *post, const struct onym_node *node,
                         struct onym_answerer *answerer, struct onym_counters *counters,
                         unsigned worker);

/* The jobs of a post that is filled, on the worker's loop; deinit when it has run out. Zeros are
 * fine for deinit. */
void onym_http_jobs_init(struct onym_http_post *post, uv_loop_t *loop);
void onym_http_jobs_deinit(struct onym_http_jobs *jobs);

/* While the store is opened anew: no slice runs, and the view of the slices is closed. */
void onym_http_jobs_quiet(struct onym_http_jobs *jobs);
void onym_http_jobs_resume(struct onym_http_jobs *jobs);

/* The writer's results of the worker's one ticket space: ours have odd ids (server/admin.h). */
void onym_http_post_committed(struct onym_http_post *post, const struct onym_change_result *result);

/* Whether nothing waits any more. */
static inline bool
onym_http_post_idle(const struct onym_http_post *post)
{
    return post->waits == 0 && post->flying == 0 && post->waiting_first == NULL;
}

/* Makes ready for requests with many changes, on the worker's loop; once, behind init. */
void onym_http_post_open_rows(struct onym_http_post *post, uv_loop_t *loop);

/* The node stops: requests with many changes start no further row and end when those under way are
 * settled. */
void onym_http_post_stop_rows(struct onym_http_post *post);

#endif
