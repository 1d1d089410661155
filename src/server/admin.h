/* What administration needs of the server: challenges that any worker can take, sessions that any
 * connection can use, arithmetic on other threads, and the way to the writer and back. */
#ifndef ONYM_SERVER_ADMIN_H
#define ONYM_SERVER_ADMIN_H

#include "server/changes.h"
#include "server/node.h"
#include "server/streams.h"

#include <uv.h>

/* Challenges of one worker, of one address, and their requests' bytes together. */
#define ONYM_CHALLENGES_MAX      4096U
#define ONYM_CHALLENGES_PER_PEER 256U
#define ONYM_CHALLENGES_BYTES    ((size_t)16 << 20)
/* Sessions opened through one worker, and of these with unproven identity from one address. */
#define ONYM_SESSIONS_MAX      4096U
#define ONYM_SESSIONS_PER_PEER 256U

/* ---- shared by all workers ---- */

struct onym_admin_desk; /* opaque */

/* One table of challenges and one of sessions per worker behind a lock: answers and messages may
 * reach another worker, and administration is not the path whose nanoseconds count. changes may be
 * NULL (nothing is taken). ONYM_OK and *out, ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status onym_admin_desk_new(unsigned workers, struct onym_changes *changes,
                                                   struct onym_admin_desk **out);
void onym_admin_desk_free(struct onym_admin_desk *desk); /* NULL is fine */

/* ---- one worker's ---- */

struct onym_admin_post {
    struct onym_admin admin;
    struct onym_session_access sessions;
    struct onym_admin_desk *desk;
    struct onym_proofs *proofs;
    const struct onym_http_desk *logins; /* how many failed */
    struct onym_streams *streams;
    unsigned worker;
    struct onym_rng rng;
    /* Takes results whose ticket has an odd id. Calls of administration lie on the heap, so their
     * addresses, which are their ids, are even. NULL: nobody uses such ids. */
    onym_change_result_fn *odd_results;
    void *odd_of;
};

/* Fills post for a worker of the node and attaches it to the changes. streams->admin is set. The
 * node and the rest outlive it. ONYM_OK; statuses of onym_changes_attach. */
ONYM_MUST_USE enum onym_status onym_admin_post_open(struct onym_admin_post *post,
                                                    const struct onym_node *node,
                                                    struct onym_streams *streams, uv_loop_t *loop,
                                                    unsigned worker);

/* Whether nothing waits any more for a proof or a commit. */
bool onym_admin_post_idle(const struct onym_admin_post *post);

/* Lets the loop go; on its thread, when idle. */
void onym_admin_post_close(struct onym_admin_post *post);

#endif
