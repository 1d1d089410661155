#include "lib/mutant.h"

#include "base/bytes.h"
#include "base/hex.h"
#include "onym/model/limits.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define FRONT_LEN (ONYM_ENVELOPE_LEN + ONYM_HEADER_LEN)

/* The mutant while it is made. */
struct body {
    uint8_t *at;
    size_t len, cap;
    const struct bench_seeds *seeds;
    struct onym_rng *rng;
};

static enum onym_status
read_line(const char *path, size_t line, char *text, struct bench_seeds *seeds)
{
    size_t digits = strcspn(text, "\r\n");
    size_t len = 0;

    if (digits == 0) {
        return ONYM_OK;
    }
    uint8_t *at = seeds->bytes + seeds->from[seeds->count];
    if (onym_hex_decode(onym_span_of(text, digits), at, BENCH_SEED_LEN_MAX, &len) != ONYM_OK ||
        len < FRONT_LEN) {
        fprintf(stderr, "%s:%zu: expected %u to %u bytes as hexadecimal digits\n", path, line,
                FRONT_LEN, BENCH_SEED_LEN_MAX);
        return ONYM_INVALID;
    }
    seeds->count++;
    seeds->from[seeds->count] = seeds->from[seeds->count - 1] + (uint32_t)len;
    return ONYM_OK;
}

enum onym_status
bench_seeds_load(const char *path, struct bench_seeds *out)
{
    enum { SEEDS_MAX = 4096 };
    static const size_t line_max = 2 * BENCH_SEED_LEN_MAX + 3;
    struct bench_seeds seeds = {0};
    enum onym_status status = ONYM_OK;
    FILE *file = fopen(path, "r");
    char *text = malloc(line_max);

    seeds.bytes = malloc((size_t)SEEDS_MAX * BENCH_SEED_LEN_MAX);
    seeds.from = calloc(SEEDS_MAX + 1, sizeof *seeds.from);
    if (text == NULL || seeds.bytes == NULL || seeds.from == NULL) {
        fprintf(stderr, "%s: no memory\n", path);
        status = ONYM_NO_MEMORY;
    } else if (file == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        status = ONYM_IO;
    }
    for (size_t line = 1; status == ONYM_OK && seeds.count < SEEDS_MAX; line++) {
        if (fgets(text, (int)line_max, file) == NULL) {
            break;
        }
        status = read_line(path, line, text, &seeds);
    }
    if (status == ONYM_OK && seeds.count == 0) {
        fprintf(stderr, "%s: no messages in it\n", path);
        status = ONYM_INVALID;
    }
    if (file != NULL) {
        fclose(file);
    }
    free(text);
    if (status != ONYM_OK) {
        bench_seeds_free(&seeds);
        return status;
    }
    *out = seeds;
    return ONYM_OK;
}

void
bench_seeds_free(struct bench_seeds *seeds)
{
    free(seeds->bytes);
    free(seeds->from);
    *seeds = (struct bench_seeds){0};
}

static size_t
below(struct body *m, size_t bound)
{
    return (size_t)onym_rng_below(m->rng, bound);
}

static onym_span
any_seed(struct body *m)
{
    size_t i = below(m, m->seeds->count);

    return onym_span_of(m->seeds->bytes + m->seeds->from[i],
                        m->seeds->from[i + 1] - m->seeds->from[i]);
}

static void
flip_bits(struct body *m)
{
    size_t flips = 1 + below(m, 8);

    for (size_t i = 0; i < flips && m->len > 0; i++) {
        m->at[below(m, m->len)] ^= (uint8_t)(1U << below(m, 8));
    }
}

static void
cut(struct body *m)
{
    m->len = below(m, m->len + 1);
}

/* The front of this message and the tail of another. */
static void
splice(struct body *m)
{
    onym_span other = any_seed(m);
    size_t keep = below(m, m->len + 1);
    size_t from = below(m, other.len);
    size_t tail = other.len - from < m->cap - keep ? other.len - from : m->cap - keep;

    memcpy(m->at + keep, other.at + from, tail);
    m->len = keep + tail;
}

/* A length, count or number at, just past or far past a limit. */
static void
stretch_length(struct body *m)
{
    static const uint32_t extremes[] = {
        0,          1,      4,       23,         24,         25,         491,
        492,        493,    2047,    2048,       2049,       262124,     262143,
        262144,     262145, 1048575, 1048576,    1048577,    0x7FFFFFFE, 0x7FFFFFFF,
        0x80000000, 0xFFFF, 0x10000, 0xFFFFFFFC, 0xFFFFFFFE, 0xFFFFFFFF,
    };
    static const size_t known[] = {16, 40, 44}; /* message, body and name length */
    size_t at = below(m, 2) == 0 ? known[below(m, 3)] : below(m, m->len + 1);
    uint32_t value = extremes[below(m, sizeof extremes / sizeof extremes[0])];

    if (below(m, 4) == 0) {
        value = (uint32_t)(m->len - 2 + below(m, 5)); /* off by one or two */
    }
    if (at + 4 <= m->len) {
        onym_put_u32(m->at + at, value);
    }
}

static void
noise(struct body *m)
{
    m->len = below(m, below(m, 8) == 0 ? m->cap + 1 : ONYM_PACKET_LEN_MAX + 1);
    for (size_t i = 0; i < m->len; i++) {
        m->at[i] = (uint8_t)onym_rng_u64(m->rng);
    }
}

/* One packet of a larger message, its number and total right or wrong. */
static void
fragment(struct body *m)
{
    static const uint32_t totals[] = {0, 24, 492, 493, 984, 985, 31488, 31489, 262144, 262145};
    static const uint32_t numbers[] = {0, 1, 2, 15, 16, 62, 63, 64, 531, 532, 533, 0xFFFFFFFF};

    if (m->len < ONYM_ENVELOPE_LEN) {
        return;
    }
    m->at[2] |= 0x20;
    if (below(m, 4) != 0) {
        onym_put_u32(m->at + 16, totals[below(m, sizeof totals / sizeof totals[0])]);
    }
    onym_put_u32(m->at + 12, numbers[below(m, sizeof numbers / sizeof numbers[0])]);
    if (below(m, 2) == 0 && m->cap >= ONYM_PACKET_LEN_MAX) {
        for (size_t i = m->len; i < ONYM_PACKET_LEN_MAX; i++) {
            m->at[i] = (uint8_t)onym_rng_u64(m->rng);
        }
        m->len = ONYM_PACKET_LEN_MAX; /* full, as all but the last must be */
    }
}

/* A right form with another meaning: version, flags, opcode, session, response code. */
static void
other_meaning(struct body *m)
{
    static const uint16_t opcodes[] = {0,   1,   2,    100,  101,  102,  103,  104,  105,
                                       106, 200, 201,  300,  301,  302,  400,  401,  402,
                                       606, 609, 1000, 1001, 1002, 1003, 2000, 2001, 65535};

    if (m->len < FRONT_LEN) {
        return;
    }
    switch (below(m, 5)) {
    case 0:
        onym_put_u32(m->at + 20, opcodes[below(m, sizeof opcodes / sizeof opcodes[0])]);
        break;
    case 1:
        onym_put_u32(m->at + 28, (uint32_t)onym_rng_u64(m->rng));
        break;
    case 2:
        onym_put_u32(m->at, (uint32_t)onym_rng_u64(m->rng));
        break;
    case 3:
        onym_put_u32(m->at + 4, (uint32_t)onym_rng_u64(m->rng));
        break;
    default:
        onym_put_u32(m->at + 24, (uint32_t)below(m, 700));
        break;
    }
}

static void
append(struct body *m)
{
    size_t more = below(m, 64);

    more = more < m->cap - m->len ? more : m->cap - m->len;
    for (size_t i = 0; i < more; i++) {
        m->at[m->len++] = (uint8_t)onym_rng_u64(m->rng);
    }
}

size_t
bench_mutant_make(const struct bench_seeds *seeds, struct onym_rng *rng, uint32_t request_id,
                  uint8_t *out, size_t cap)
{
    static void (*const kinds[])(struct body *) = {
        flip_bits, cut, splice, stretch_length, noise, fragment, other_meaning, append,
    };
    struct body m = {.at = out, .cap = cap, .seeds = seeds, .rng = rng};
    onym_span seed = onym_span_front(any_seed(&m), cap);
    size_t changes = 1 + below(&m, 4) / 3; /* one, sometimes two on top of each other */

    memcpy(out, seed.at, seed.len);
    m.len = seed.len;
    onym_put_u32(out + 8, request_id);
    for (size_t i = 0; i < changes; i++) {
        kinds[below(&m, sizeof kinds / sizeof kinds[0])](&m);
    }
    return m.len;
}
