/* Carrying a bulk job out: rows go to the node over several connections at once, results are told
 * in the order of the rows, and each only once it is durable. */
#ifndef ONYM_TOOLS_BATCH_RUN_H
#define ONYM_TOOLS_BATCH_RUN_H

#include "tools/auth_client.h"
#include "tools/batch_job.h"

#define ONYM_BATCH_CONNECTIONS_MAX 64U

enum onym_batch_results {
    ONYM_BATCH_RESULTS_FAILED,
    ONYM_BATCH_RESULTS_ALL,
    ONYM_BATCH_RESULTS_NONE
};

struct onym_batch_order {
    const struct onym_cli *cli;
    const char *what; /* "batch run", for messages */
    struct onym_cli_identity identity;
    struct onym_batch_input input;
    enum onym_batch_results results;
    unsigned connections; /* 1..ONYM_BATCH_CONNECTIONS_MAX; 0 over HTTPS */
    unsigned retry_s;     /* how long nothing may answer before the job stops */
    bool stop_on_error;
    bool dry_run; /* looks, and changes nothing here or there */
};

/* Goes on with job, whose counters say where; keeps FILE.job and FILE.failed. An exit code:
 * ONYM_EXIT_DONE every row is stored; ONYM_EXIT_NEGATIVE some rows failed; ONYM_EXIT_UNREACHABLE,
 * ONYM_EXIT_UNKNOWN stopped, and of some rows it is not known whether they are stored;
 * ONYM_EXIT_AUTH; ONYM_EXIT_INTERRUPTED. Says on stderr what is the matter and what to do. */
int onym_batch_run(const struct onym_batch_order *order, struct onym_batch_job *job);

#endif
