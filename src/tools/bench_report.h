/* A result as one HTML page that needs nothing else: no script, nothing fetched, plots of our own.
 */
#ifndef ONYM_TOOLS_BENCH_REPORT_H
#define ONYM_TOOLS_BENCH_REPORT_H

#include <jansson.h>
#include <stdio.h>

/* document: as of onym_bench_result_read. */
void onym_bench_report(const json_t *document, FILE *out);

#endif
