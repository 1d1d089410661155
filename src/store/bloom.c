#include "store/bloom.h"

#include "base/prefetch.h"

#include <stdlib.h>
#include <sys/mman.h>

#define BITS_PER_KEY   16U
#define LINE_BITS      512U
#define WORD_BITS      64U
#define WORDS_PER_LINE (LINE_BITS / WORD_BITS)
#define PROBES         4U
#define PROBE_BITS     9U /* a place among LINE_BITS */

struct onym_bloom {
    uint64_t *word;
    uint32_t lines;
    bool complete;
};

static size_t
size_of(const struct onym_bloom *bloom)
{
    return bloom->lines * (size_t)(LINE_BITS / 8);
}

struct onym_bloom *
onym_bloom_new(uint64_t keys)
{
    struct onym_bloom *bloom = calloc(1, sizeof *bloom);
    void *memory;

    if (bloom == NULL) {
        return NULL;
    }
    keys = keys > ONYM_BLOOM_KEYS_MIN ? keys : ONYM_BLOOM_KEYS_MIN;
    keys = keys < ONYM_BLOOM_KEYS_MAX ? keys : ONYM_BLOOM_KEYS_MAX;
    bloom->lines = (uint32_t)(keys * BITS_PER_KEY / LINE_BITS);
    memory = mmap(NULL, size_of(bloom), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        free(bloom);
        return NULL;
    }
    (void)madvise(memory, size_of(bloom), MADV_HUGEPAGE);
    bloom->word = memory;
    return bloom;
}

void
onym_bloom_free(struct onym_bloom *bloom)
{
    if (bloom != NULL) {
        (void)munmap(bloom->word, size_of(bloom));
        free(bloom);
    }
}

/* The upper half of the hash picks the line, the lower one the bits. */
static uint64_t *
line_of(const struct onym_bloom *bloom, uint64_t hash)
{
    return bloom->word + ((hash >> 32) * bloom->lines >> 32) * WORDS_PER_LINE;
}

void
onym_bloom_add(struct onym_bloom *bloom, uint64_t hash)
{
    uint64_t *line;

    if (bloom == NULL) {
        return;
    }
    line = line_of(bloom, hash);
    for (unsigned i = 0; i < PROBES; i++) {
        uint32_t bit = (uint32_t)(hash >> i * PROBE_BITS) % LINE_BITS;

        /* release: seen by whoever sees the commit that comes after it */
        (void)__atomic_fetch_or(&line[bit / WORD_BITS], UINT64_C(1) << bit % WORD_BITS,
                                __ATOMIC_RELEASE);
    }
}

void
onym_bloom_complete(struct onym_bloom *bloom)
{
    if (bloom != NULL) {
        __atomic_store_n(&bloom->complete, true, __ATOMIC_RELEASE);
    }
}

void
onym_bloom_prefetch(const struct onym_bloom *bloom, uint64_t hash)
{
    if (bloom != NULL) {
        onym_prefetch(line_of(bloom, hash));
    }
}

bool
onym_bloom_may_have(const struct onym_bloom *bloom, uint64_t hash)
{
    const uint64_t *line;

    if (bloom == NULL || !__atomic_load_n(&bloom->complete, __ATOMIC_ACQUIRE)) {
        return true;
    }
    line = line_of(bloom, hash);
    for (unsigned i = 0; i < PROBES; i++) {
        uint32_t bit = (uint32_t)(hash >> i * PROBE_BITS) % LINE_BITS;

        if ((__atomic_load_n(&line[bit / WORD_BITS], __ATOMIC_ACQUIRE) >> bit % WORD_BITS & 1) ==
            0) {
            return false;
        }
    }
    return true;
}
