/* Asking the memory for a cache line before it is needed. */
#ifndef ONYM_BASE_PREFETCH_H
#define ONYM_BASE_PREFETCH_H

#include <stdint.h>

#define ONYM_CACHE_LINE 64U /* bytes; where a machine has others, some are fetched in vain */

/* Starts to fetch the cache line at `at` and does not wait for it. Any address will do, also one
 * that must not be read.
 *
 * The empty asm keeps the calls of a function that only prefetches: gcc finds that such a function
 * has no effect and leaves its calls out (seen with gcc 12 -O2, -flto), without a word. */
static inline void
onym_prefetch(const void *at)
{
    __builtin_prefetch(at);
    __asm__ volatile("");
}

/* The same for what lies from `from` up to `end`. */
static inline void
onym_prefetch_all(const void *from, const void *end)
{
    for (const uint8_t *at = from; at < (const uint8_t *)end; at += ONYM_CACHE_LINE) {
        onym_prefetch(at);
    }
}

#endif
