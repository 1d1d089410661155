/* Where the results of a command go. */
#ifndef ONYM_TOOLS_BENCH_OUTPUT_H
#define ONYM_TOOLS_BENCH_OUTPUT_H

#include "tools/bench_args.h"

#include <jansson.h>
#include <stdio.h>

/* Where people read: standard output, or standard error when that carries a document. */
FILE *onym_bench_output_text(const struct onym_bench_output *output);

/* Whether what was asked for can be written, as far as can be told before the measurement:
 * ONYM_EXIT_DONE, or after saying what cannot ONYM_EXIT_SERVER, ONYM_EXIT_USAGE for two documents
 * in one stream. */
int onym_bench_output_check(const struct onym_bench_output *output);

/* Writes JSON and report as asked for. workload may be NULL; runs are taken over. Gives code, or
 * ONYM_EXIT_SERVER after saying that a file could not be written. */
int onym_bench_output_write(const struct onym_bench_output *output, const char *workload,
                            json_t *runs, int code);

#endif
