#include "server/http_backend_failures.h"

#include "base/hash.h"

#include <stdlib.h>
#include <uv.h>

struct budget {
    uint64_t who;     /* hash of the source; 0 = empty */
    uint64_t full_us; /* when the whole budget is there again */
};

struct onym_http_failures {
    uv_mutex_t lock;
    uint64_t seed;
    struct budget budget[ONYM_HTTP_FAILURE_SETS][ONYM_HTTP_FAILURE_WAYS];
};

enum onym_status
onym_http_failures_new(uint64_t seed, struct onym_http_failures **out)
{
    struct onym_http_failures *f = calloc(1, sizeof *f);

    if (f == NULL || uv_mutex_init(&f->lock) != 0) {
        free(f);
        return ONYM_NO_MEMORY;
    }
    f->seed = seed;
    *out = f;
    return ONYM_OK;
}

void
onym_http_failures_free(struct onym_http_failures *f)
{
    if (f != NULL) {
        uv_mutex_destroy(&f->lock);
        free(f);
    }
}

/* The source's budget, or the place it takes when it has none. */
static struct budget *
find(struct onym_http_failures *f, onym_span bytes)
{
    uint64_t who = onym_hash64(bytes, f->seed) | 1;
    struct budget *set = f->budget[(who >> 32) % ONYM_HTTP_FAILURE_SETS];
    struct budget *quiet = set;

    for (size_t i = 0; i < ONYM_HTTP_FAILURE_WAYS; i++) {
        if (set[i].who == who) {
            return &set[i];
        }
        if (set[i].full_us < quiet->full_us) {
            quiet = &set[i];
        }
    }
    *quiet = (struct budget){.who = who};
    return quiet;
}

static uint64_t
price_us(const struct onym_http_source *source)
{
    return ONYM_HTTP_FAILURE_WINDOW_US / source->per_minute;
}

bool
onym_http_failures_may(struct onym_http_failures *f, const struct onym_http_source *source,
                       uint64_t now_us)
{
    struct budget *b;
    bool may;

    uv_mutex_lock(&f->lock);
    b = find(f, source->bytes);
    may = b->full_us <= now_us ||
          b->full_us - now_us + price_us(source) <= ONYM_HTTP_FAILURE_WINDOW_US;
    uv_mutex_unlock(&f->lock);
    return may;
}

void
onym_http_failures_count(struct onym_http_failures *f, const struct onym_http_source *source,
                         uint64_t now_us)
{
    struct budget *b;

    uv_mutex_lock(&f->lock);
    b = find(f, source->bytes);
    b->full_us = (b->full_us > now_us ? b->full_us : now_us) + price_us(source);
    if (b->full_us > now_us + ONYM_HTTP_FAILURE_WINDOW_US) {
        b->full_us = now_us + ONYM_HTTP_FAILURE_WINDOW_US;
    }
    uv_mutex_unlock(&f->lock);
}

void
onym_http_failures_forgive(struct onym_http_failures *f, const struct onym_http_source *source,
                           uint64_t now_us)
{
    struct budget *b;

    uv_mutex_lock(&f->lock);
    b = find(f, source->bytes);
    b->full_us = b->full_us > now_us + price_us(source) ? b->full_us - price_us(source) : now_us;
    uv_mutex_unlock(&f->lock);
}
