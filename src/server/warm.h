/* The memory of a worker's cache (core/cache.h), and filling it from the store after the start, a
 * slice at a time between requests, so that the node answers at once and is soon at full speed. */
#ifndef ONYM_SERVER_WARM_H
#define ONYM_SERVER_WARM_H

#include "base/log.h"
#include "base/metrics.h"
#include "core/resolver.h"
#include "store/bloom.h"
#include "store/scan.h"

#include <uv.h>

struct onym_warm {
    struct onym_view *view;         /* the worker's; changes when the store is opened anew */
    struct onym_resolver *resolver; /* over that view */
    struct onym_log *log;
    void *memory; /* NULL: there is no cache */
    size_t memory_len;
    uv_idle_t idle; /* runs while there is something to read */
    bool is_open;
    bool has_bloom;   /* to fill */
    bool fills_bloom; /* as long as every name could be read */
    uint64_t began_ns;
    struct onym_scan_place place; /* what has been read */
};

/* Gives the resolver a cache of len bytes (0: none; at least ONYM_CACHE_SIZE_MIN otherwise) and
 * begins to fill it once the loop runs; with has_bloom the store's Bloom filter too, for which
 * all of the store is read, also what the cache has no room for. Without memory the log says so and
 * there is no cache: the node answers from the store. ONYM_OK; ONYM_IO the loop takes no handle. */
ONYM_MUST_USE enum onym_status onym_warm_open(struct onym_warm *warm, uv_loop_t *loop,
                                              struct onym_resolver *resolver, struct onym_log *log,
                                              size_t len, bool has_bloom);

/* Forgets what is cached and begins again: the store was opened anew. On the loop's thread. */
void onym_warm_again(struct onym_warm *warm);

/* Copies the cache's counts. */
void onym_warm_count(const struct onym_warm *warm, struct onym_counters *counters);

/* Stops filling; the cache stays in use. May be called again. */
void onym_warm_stop(struct onym_warm *warm);
/* Frees the memory, when nothing is resolved any more. */
void onym_warm_free(struct onym_warm *warm);

#endif
