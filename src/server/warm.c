#include "server/warm.h"

#include "base/clock.h"

#include <sys/mman.h>

#define HUGE_PAGE     ((size_t)2 << 20)
#define SLICE_NS      500000U /* a request waits so much longer at most, while the cache is filled */
#define CLOCK_RECORDS 32U     /* between looks at the clock */

/* ---- memory ---- */

/* Huge pages: random places in half a gigabyte are as many misses of the address cache in small
 * ones. Not fatal where there are none. */
static void *
take_memory(size_t len)
{
    void *memory = mmap(NULL, len, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED) {
        return NULL;
    }
    (void)madvise(memory, len, MADV_HUGEPAGE);
    return memory;
}

static void
make_cache(struct onym_warm *warm, size_t len)
{
    size_t wanted = len > ONYM_CACHE_SIZE_MIN ? len : ONYM_CACHE_SIZE_MIN;
    uintptr_t start;

    warm->memory_len = wanted + HUGE_PAGE;
    warm->memory = take_memory(warm->memory_len);
    if (warm->memory == NULL) {
        ONYM_LOG(warm->log, ONYM_LOG_WARNING, "server", "cache_off",
                 "no memory for the cache of records: every answer is read from the store; set "
                 "cache.size smaller",
                 onym_log_u64("bytes", wanted));
        return;
    }
    start = ((uintptr_t)warm->memory + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1);
    onym_cache_init(&warm->resolver->cache,
                    (uint8_t *)warm->memory + (start - (uintptr_t)warm->memory), wanted);
}

/* ---- filling ---- */

/* Reads on for one slice. False: there is no more to read, or no use for it. */
static bool
fill(struct onym_warm *warm)
{
    struct onym_bloom *bloom = warm->fills_bloom ? onym_view_bloom(warm->view) : NULL;
    uint64_t until_ns = onym_clock_monotonic_ns() + SLICE_NS;
    const onym_span all = onym_span_of(NULL, 0);
    struct onym_record record;
    struct onym_scan *scan;
    bool more = true;

    if (onym_scan_resume(warm->view, ONYM_KIND_HANDLE, all, &warm->place, &scan) != ONYM_OK) {
        return false;
    }
    for (unsigned i = 1; more; i++) {
        enum onym_status status = onym_scan_take(scan, all, &warm->place, &record);

        /* who asks for a damaged record is told, and the log with him; so its name, which cannot
         * be read, must not be taken for absent */
        if (status != ONYM_OK && status != ONYM_NOT_FOUND) {
            warm->fills_bloom = false;
        }
        more = status == ONYM_CORRUPT ||
               (status == ONYM_OK && onym_resolve_keep(warm->resolver, &record, bloom));
        if (status == ONYM_NOT_FOUND && warm->fills_bloom) {
            onym_bloom_complete(bloom);
        }
        if (i % CLOCK_RECORDS == 0 && onym_clock_monotonic_ns() >= until_ns) {
            break;
        }
    }
    onym_scan_close(scan);
    return more;
}

static void
on_idle(uv_idle_t *idle)
{
    struct onym_warm *warm = idle->data;
    bool more;

    if (onym_view_renew(warm->view) != ONYM_OK) {
        return;
    }
    more = fill(warm);
    onym_view_release(warm->view);
    if (!more) {
        (void)uv_idle_stop(idle);
        ONYM_LOG(warm->log, ONYM_LOG_INFO, "server", "cache_filled",
                 "the cache was filled from the store",
                 onym_log_u64("records", warm->resolver->cache.taken),
                 onym_log_u64("bytes", onym_cache_used(&warm->resolver->cache)),
                 onym_log_u64("dur_ms", (onym_clock_monotonic_ns() - warm->began_ns) / 1000000U));
    }
}

static void
begin(struct onym_warm *warm)
{
    warm->fills_bloom = warm->has_bloom;
    warm->began_ns = onym_clock_monotonic_ns();
    warm->place.len = 0;
    (void)uv_idle_start(&warm->idle, on_idle);
}

/* ---- life ---- */

enum onym_status
onym_warm_open(struct onym_warm *warm, uv_loop_t *loop, struct onym_resolver *resolver,
               struct onym_log *log, size_t len, bool has_bloom)
{
    warm->resolver = resolver;
    warm->log = log;
    warm->has_bloom = has_bloom;
    if (len > 0) {
        make_cache(warm, len);
    }
    if (warm->memory == NULL) {
        return ONYM_OK;
    }
    if (uv_idle_init(loop, &warm->idle) != 0) {
        return ONYM_IO;
    }
    warm->is_open = true;
    warm->idle.data = warm;
    begin(warm);
    uv_unref((uv_handle_t *)&warm->idle);
    return ONYM_OK;
}

void
onym_warm_again(struct onym_warm *warm)
{
    if (warm->is_open) {
        onym_cache_clear(&warm->resolver->cache);
        begin(warm);
    }
}

void
onym_warm_count(const struct onym_warm *warm, struct onym_counters *c)
{
    const struct onym_cache *cache;

    if (warm->resolver == NULL) { /* a start that fails runs the loop once without it */
        return;
    }
    cache = &warm->resolver->cache;
    for (unsigned i = 0; i < ONYM_LOOKUP_COUNT; i++) {
        __atomic_store_n(&c->cache_lookups[i], cache->lookups[i], __ATOMIC_RELAXED);
    }
    __atomic_store_n(&c->cache_bytes, cache->buckets > 0 ? onym_cache_used(cache) : 0,
                     __ATOMIC_RELAXED);
}

void
onym_warm_stop(struct onym_warm *warm)
{
    if (warm->is_open) {
        warm->is_open = false;
        (void)uv_idle_stop(&warm->idle);
        uv_close((uv_handle_t *)&warm->idle, NULL);
    }
}

void
onym_warm_free(struct onym_warm *warm)
{
    if (warm->memory != NULL) {
        (void)munmap(warm->memory, warm->memory_len);
        warm->memory = NULL;
    }
}
