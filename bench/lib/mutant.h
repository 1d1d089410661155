/* Broken packets made from right ones: bit flips, cuts, splices, lengths at and over every limit,
 * noise, fragments with wrong numbers, any opcode and flag, trailing bytes. Seeded: the same seed
 * gives the same packets. */
#ifndef BENCH_LIB_MUTANT_H
#define BENCH_LIB_MUTANT_H

#include "base/rng.h"
#include "onym/span.h"
#include "onym/status.h"

/* The longest right message used as material, and room for any mutant. */
#define BENCH_SEED_LEN_MAX   4096U
#define BENCH_MUTANT_LEN_MAX (2U * BENCH_SEED_LEN_MAX)

struct bench_seeds {
    uint8_t *bytes; /* all messages, one after the other */
    uint32_t *from; /* count + 1 offsets into bytes */
    size_t count;
};

/* Reads right messages, each a line of hexadecimal digits. ONYM_OK (release with
 * bench_seeds_free), or one line on stderr naming file and line and ONYM_INVALID (a line that is
 * not hexadecimal, shorter than envelope and header or over BENCH_SEED_LEN_MAX, or no line),
 * ONYM_IO or ONYM_NO_MEMORY. */
ONYM_MUST_USE enum onym_status bench_seeds_load(const char *path, struct bench_seeds *out);
void bench_seeds_free(struct bench_seeds *seeds);

/* Makes a mutant of at most cap bytes (at most BENCH_MUTANT_LEN_MAX; at least 512) carrying
 * request_id unless the mutation changes it; returns its length, which may be 0. */
size_t bench_mutant_make(const struct bench_seeds *seeds, struct onym_rng *rng, uint32_t request_id,
                         uint8_t *out, size_t cap);

#endif
