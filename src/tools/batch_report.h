/* What a bulk job tells of its rows and of itself. */
#ifndef ONYM_TOOLS_BATCH_REPORT_H
#define ONYM_TOOLS_BATCH_REPORT_H

#include "tools/batch_run.h"

/* A row that is settled. */
struct onym_batch_told {
    const struct onym_batch_row *row;
    const char *verdict; /* "created", "unchanged", "failed", ... */
    bool failed;
    uint32_t code;
    onym_span reason; /* of a failed one */
};

/* One line on stderr; encoding is NULL of what is no CSV. */
void onym_batch_report_encoding(const struct onym_batch_order *order, const char *encoding);
/* One line on stdout, when order->results wants it. */
void onym_batch_report_row(const struct onym_batch_order *order,
                           const struct onym_batch_told *told);
/* How a job, or a check, came to its end. */
struct onym_batch_end_told {
    bool complete;
    int code;        /* exit code; of one that is not complete: */
    const char *why; /* in words, empty when they were said on stderr alone */
    double seconds;
};

/* The last words: on stderr, and with --json a last line on stdout. */
void onym_batch_report_end(const struct onym_batch_order *order, const struct onym_batch_job *job,
                           const struct onym_batch_end_told *end);
/* Ends the object of that line: whether it is complete, and if not, why. */
void onym_batch_report_why(const struct onym_batch_end_told *end);

#endif
