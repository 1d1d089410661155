#include "net/wake.h"

#include "base/prefetch.h"

#include <pthread.h>
#include <stdlib.h>

/* Of a block, where its owner has what it reads first. */
#define FRONT ((size_t)2 * ONYM_CACHE_LINE)

struct onym_wake {
    uv_async_t signal;
    pthread_mutex_t lock; /* guards what follows */
    struct onym_wake_block *first;
    struct onym_wake_block **end;
    bool closed;
    /* the loop's own */
    struct onym_wake_block *rest; /* taken and not delivered yet */
    onym_wake_fn *arrived;
    onym_wake_fn *delivered; /* may be NULL */
    void *of;
};

static struct onym_wake_block *
take_all(struct onym_wake *wake)
{
    struct onym_wake_block *first;

    (void)pthread_mutex_lock(&wake->lock);
    first = wake->first;
    wake->first = NULL;
    wake->end = &wake->first;
    (void)pthread_mutex_unlock(&wake->lock);
    return first;
}

/* Who posts to a list that is not empty does not signal. */
static bool
has_more(struct onym_wake *wake)
{
    bool more;

    (void)pthread_mutex_lock(&wake->lock);
    more = wake->first != NULL;
    (void)pthread_mutex_unlock(&wake->lock);
    return more;
}

/* Another thread wrote it: its front comes while others are told. */
static void
expect(const void *block)
{
    if (block != NULL) {
        onym_prefetch_all(block, (const uint8_t *)block + FRONT);
    }
}

/* Delivers up to max blocks of those that were taken. A block's callback may close the wake, which
 * delivers the others. */
static void
deliver(struct onym_wake *wake, size_t max)
{
    while (wake->rest != NULL && max-- > 0) {
        struct onym_wake_block *block = wake->rest;

        wake->rest = block->next;
        expect(wake->rest);
        expect(block->soon);
        wake->arrived(wake->of, block);
    }
    if (wake->delivered != NULL) {
        wake->delivered(wake->of, NULL);
    }
}

static void
on_signal(uv_async_t *signal)
{
    struct onym_wake *wake = signal->data;

    if (wake->rest == NULL) {
        wake->rest = take_all(wake);
    }
    deliver(wake, ONYM_WAKE_TURN);
    if (!uv_is_closing((const uv_handle_t *)signal) && (wake->rest != NULL || has_more(wake))) {
        (void)uv_async_send(signal); /* the loop looks at the rest of its input before */
    }
}

enum onym_status
onym_wake_open(uv_loop_t *loop, onym_wake_fn *arrived, void *of, struct onym_wake **out)
{
    struct onym_wake *wake = calloc(1, sizeof *wake);

    if (wake == NULL) {
        return ONYM_NO_MEMORY;
    }
    if (pthread_mutex_init(&wake->lock, NULL) != 0) {
        free(wake);
        return ONYM_NO_MEMORY;
    }
    if (uv_async_init(loop, &wake->signal, on_signal) != 0) {
        (void)pthread_mutex_destroy(&wake->lock);
        free(wake);
        return ONYM_IO;
    }
    wake->signal.data = wake;
    wake->end = &wake->first;
    wake->arrived = arrived;
    wake->of = of;
    *out = wake;
    return ONYM_OK;
}

void
onym_wake_tell(struct onym_wake *wake, onym_wake_fn *delivered)
{
    wake->delivered = delivered;
}

bool
onym_wake_post(struct onym_wake *wake, struct onym_wake_block *block)
{
    *block = (struct onym_wake_block){0};
    return onym_wake_post_all(wake, block, block);
}

bool
onym_wake_post_all(struct onym_wake *wake, struct onym_wake_block *first,
                   struct onym_wake_block *last)
{
    bool taken;

    (void)pthread_mutex_lock(&wake->lock);
    taken = !wake->closed;
    if (taken) {
        bool was_empty = wake->first == NULL;

        *wake->end = first;
        wake->end = &last->next;
        /* under the lock, so that the handle cannot be closed meanwhile; only the first of a run
         * costs the system call */
        if (was_empty) {
            (void)uv_async_send(&wake->signal);
        }
    }
    (void)pthread_mutex_unlock(&wake->lock);
    return taken;
}

void
onym_wake_close(struct onym_wake *wake)
{
    bool was_closed;

    (void)pthread_mutex_lock(&wake->lock);
    was_closed = wake->closed;
    wake->closed = true;
    (void)pthread_mutex_unlock(&wake->lock);
    if (!was_closed) {
        uv_close((uv_handle_t *)&wake->signal, NULL);
        deliver(wake, SIZE_MAX);
        wake->rest = take_all(wake);
        deliver(wake, SIZE_MAX);
    }
}

void
onym_wake_free(struct onym_wake *wake)
{
    if (wake != NULL) {
        (void)pthread_mutex_destroy(&wake->lock);
        free(wake);
    }
}
