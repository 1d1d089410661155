#include "server/proof_queue.h"

#include "base/hash.h"
#include "base/require.h"

#include <stdlib.h>

#define PLACES     1024U /* of the table of addresses */
#define SOURCE_LEN 8U    /* of IPv6 the network: whoever has one address of a /64 has all */

/* An address with proofs that wait or are under way. */
struct onym_proof_source {
    struct onym_proof_source *chain;       /* in its place of the table */
    struct onym_proof_source *next, *prev; /* in the ring of those that wait; itself: alone */
    struct onym_proof_job *first;
    struct onym_proof_job **end;
    uint32_t waiting, running;
    uint8_t len;
    uint8_t bytes[SOURCE_LEN];
};

struct onym_proof_queue {
    unsigned per_source; /* under way at once */
    uint64_t seed;
    uint32_t waiting;
    struct onym_proof_source *turn; /* the ring; NULL: nothing waits */
    struct onym_proof_source *place[PLACES];
};

enum onym_status
onym_proof_queue_new(unsigned threads, uint64_t seed, struct onym_proof_queue **out)
{
    struct onym_proof_queue *q = calloc(1, sizeof *q);

    if (q == NULL) {
        return ONYM_NO_MEMORY;
    }
    q->per_source = threads > 2 ? threads - 1 : 1;
    q->seed = seed;
    *out = q;
    return ONYM_OK;
}

void
onym_proof_queue_free(struct onym_proof_queue *q)
{
    ONYM_REQUIRE(q == NULL || q->turn == NULL);
    free(q);
}

/* ---- addresses ---- */

static onym_span
key_of(const struct onym_proof_job *job)
{
    return onym_span_of(job->peer, job->peer_len > SOURCE_LEN ? SOURCE_LEN : job->peer_len);
}

static struct onym_proof_source **
place_of(struct onym_proof_queue *q, onym_span key)
{
    return &q->place[onym_hash64(key, q->seed) % PLACES];
}

static struct onym_proof_source *
source_of(struct onym_proof_queue *q, const struct onym_proof_job *job)
{
    onym_span key = key_of(job);
    struct onym_proof_source **place = place_of(q, key);
    struct onym_proof_source *s = *place;

    while (s != NULL && !onym_span_equal(onym_span_of(s->bytes, s->len), key)) {
        s = s->chain;
    }
    if (s == NULL && (s = calloc(1, sizeof *s)) != NULL) {
        s->end = &s->first;
        s->len = (uint8_t)key.len;
        memcpy(s->bytes, key.at, key.len);
        s->chain = *place;
        *place = s;
    }
    return s;
}

static void
forget_when_idle(struct onym_proof_queue *q, struct onym_proof_source *s)
{
    struct onym_proof_source **at = place_of(q, onym_span_of(s->bytes, s->len));

    if (s->waiting > 0 || s->running > 0) {
        return;
    }
    while (*at != s) {
        at = &(*at)->chain;
    }
    *at = s->chain;
    free(s);
}

/* ---- the ring ---- */

/* Behind everybody else. */
static void
join_ring(struct onym_proof_queue *q, struct onym_proof_source *s)
{
    if (q->turn == NULL) {
        q->turn = s->next = s->prev = s;
        return;
    }
    s->next = q->turn;
    s->prev = q->turn->prev;
    s->prev->next = s;
    q->turn->prev = s;
}

static void
leave_ring(struct onym_proof_queue *q, struct onym_proof_source *s)
{
    if (q->turn == s) {
        q->turn = s->next != s ? s->next : NULL;
    }
    s->next->prev = s->prev;
    s->prev->next = s->next;
}

static struct onym_proof_job *
take_from(struct onym_proof_queue *q, struct onym_proof_source *s)
{
    struct onym_proof_job *job = s->first;

    s->first = job->next;
    if (s->first == NULL) {
        s->end = &s->first;
    }
    q->waiting--;
    leave_ring(q, s);
    if (--s->waiting > 0) {
        join_ring(q, s);
    }
    return job;
}

/* ---- jobs ---- */

enum onym_status
onym_proof_queue_put(struct onym_proof_queue *q, struct onym_proof_job *job)
{
    struct onym_proof_source *s = q->waiting < ONYM_PROOFS_MAX ? source_of(q, job) : NULL;

    if (s == NULL || s->waiting >= ONYM_PROOFS_PER_PEER) {
        return ONYM_BUSY;
    }
    job->dropped = false;
    job->next = NULL;
    job->source = s;
    *s->end = job;
    s->end = &job->next;
    q->waiting++;
    if (s->waiting++ == 0) {
        join_ring(q, s);
    }
    return ONYM_OK;
}

struct onym_proof_job *
onym_proof_queue_take(struct onym_proof_queue *q)
{
    struct onym_proof_source *s = q->turn;

    /* those passed over are at their bound: there are fewer of them than threads */
    while (s != NULL && s->running >= q->per_source) {
        s = s->next != q->turn ? s->next : NULL;
    }
    if (s == NULL) {
        return NULL;
    }
    s->running++;
    return take_from(q, s);
}

void
onym_proof_queue_over(struct onym_proof_queue *q, struct onym_proof_job *job)
{
    ONYM_REQUIRE(job->source->running > 0);
    job->source->running--;
    forget_when_idle(q, job->source);
}

struct onym_proof_job *
onym_proof_queue_drop(struct onym_proof_queue *q)
{
    struct onym_proof_source *s = q->turn;
    struct onym_proof_job *job = NULL;

    if (s != NULL) {
        job = take_from(q, s);
        job->dropped = true;
        forget_when_idle(q, s);
    }
    return job;
}
