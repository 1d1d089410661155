/* One measured run from start to result: the loads beside it, a line for each second, the server's
 * figures, interrupts. */
#ifndef ONYM_TOOLS_BENCH_RUN_H
#define ONYM_TOOLS_BENCH_RUN_H

#include "tools/bench_args.h"
#include "tools/bench_import.h"

#include <jansson.h>
#include <stdio.h>

struct onym_bench_plan {
    const struct onym_bench_settings *settings;
    const struct onym_bench_settings *beside;    /* a load that runs at the same time and is not
                                                    reported; NULL = none */
    const struct onym_bench_import_plan *import; /* an import that begins with the measured time and
                                                    ends it when it is done; NULL = none */
    const struct onym_bench_output *output;
    FILE *text; /* where people read */
};

/* Blocks SIGINT and SIGTERM in all threads; onym_bench_run then takes them as "end now". */
void onym_bench_run_signals(void);

/* Runs and prints. *run (owned by the caller) is set whenever the run has begun, also when it was
 * interrupted, else NULL. ONYM_EXIT_DONE; ONYM_EXIT_NEGATIVE when not every request was answered as
 * it must be; ONYM_EXIT_UNREACHABLE when none was; ONYM_EXIT_INTERRUPTED; ONYM_EXIT_USAGE for files
 * that cannot be used; ONYM_EXIT_SERVER for faults of this machine. Errors are said on stderr. */
int onym_bench_run(const struct onym_bench_plan *plan, json_t **run);

/* Adds file limits up to what the system allows: a connection is a file. */
void onym_bench_run_raise_files(void);

#endif
