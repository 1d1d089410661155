/* Files of encoded records, as `lmdb_insert --encode` writes them (u2 key length, u4 record length,
 * key, record, in the machine's order), and the figures of putting them group by group. */
#ifndef BENCH_LIB_ROWS_H
#define BENCH_LIB_ROWS_H

#include "base/histogram.h"
#include "onym/span.h"

/* Maps the whole file, all of it in memory. False when that fails or it is empty; else end with
 * bench_rows_free. */
bool bench_rows_read(const char *path, onym_span *rows);
void bench_rows_free(onym_span rows);

/* Cuts the row at the front of *rows off. False at the end or when it is not whole. */
bool bench_rows_next(onym_span *rows, onym_span *key, onym_span *record);

/* Cuts `count` rows off. False when there are not so many. */
bool bench_rows_skip(onym_span *rows, uint64_t count);

struct bench_figures {
    uint64_t records, commits, first_ns, last_ns;
    struct onym_histogram commit_ns;
};

/* Adds a group of `records` rows that began at start_ns and is durable now. */
void bench_figures_add(struct bench_figures *figures, uint64_t start_ns, uint64_t records);

/* As one JSON object on standard output. */
void bench_figures_print(const struct bench_figures *figures);

#endif
