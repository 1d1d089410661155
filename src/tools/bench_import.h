/* An import beside a load: a CSV file of new records, registered by the code of onymctl batch run
 * in a process of its own, so that neither waits for the other. */
#ifndef ONYM_TOOLS_BENCH_IMPORT_H
#define ONYM_TOOLS_BENCH_IMPORT_H

#include "base/fault.h"

#include <stdbool.h>
#include <stdint.h>

struct onym_bench_identity;

#define ONYM_BENCH_IMPORT_ROWS     20000U
#define ONYM_BENCH_IMPORT_ROWS_MAX 100000000U

struct onym_bench_import_plan {
    const struct onym_bench_identity *identity; /* whose records, and where */
    const char *secret_file;
    const char *server;      /* HOST[:PORT] of the Handle protocol, or https://HOST:PORT */
    const char *authorities; /* over HTTPS */
    uint64_t rows;
};

struct onym_bench_import; /* opaque */

/* What became of it. */
struct onym_bench_imported {
    uint64_t rows, settled, stored;
    double seconds; /* until it was over or stopped */
    bool complete;  /* every row is settled */
    bool failed;    /* rows were refused, or it ended by itself without storing all */
};

/* Writes the file, into a folder of its own under TMPDIR or /tmp, and starts the process, which
 * waits for onym_bench_import_go. Before this program has other threads. ONYM_OK and *out;
 * ONYM_IO, ONYM_NO_MEMORY with *fault. */
ONYM_MUST_USE enum onym_status onym_bench_import_new(const struct onym_bench_import_plan *plan,
                                                     struct onym_bench_import **out,
                                                     struct onym_fault *fault);
void onym_bench_import_go(struct onym_bench_import *import);
/* Whether the process has ended. */
bool onym_bench_import_over(struct onym_bench_import *import);
/* Stops it if it still runs, tells what became of it, takes the folder away and frees import. When
 * it failed by itself, what it said goes to stderr. NULL is fine. */
void onym_bench_import_end(struct onym_bench_import *import, struct onym_bench_imported *out);

#endif
