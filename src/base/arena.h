/* A bump arena over memory taken once. A request ends by moving one index back to zero. */
#ifndef ONYM_BASE_ARENA_H
#define ONYM_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct onym_arena {
    uint8_t *at; /* owned by whoever made the arena */
    size_t cap;
    size_t used;
};

/* len bytes, 8-aligned, or NULL when the arena is full. They live until the next reset. */
static inline void *
onym_arena_take(struct onym_arena *arena, size_t len)
{
    size_t start = (arena->used + 7U) & ~(size_t)7U;

    if (start > arena->cap || len > arena->cap - start) {
        return NULL;
    }
    arena->used = start + len;
    return arena->at + start;
}

/* Gives back what lies behind `end`, a place inside the block taken last. */
static inline void
onym_arena_trim(struct onym_arena *arena, const uint8_t *end)
{
    arena->used = (size_t)(end - arena->at);
}

static inline void
onym_arena_reset(struct onym_arena *arena)
{
    arena->used = 0;
}

#endif
