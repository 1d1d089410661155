/* What is known of a bulk job beside its input: FILE.job says how far it is, FILE.failed holds the
 * rows that failed. Every row up to `rows` is settled and durable at the server, or failed and
 * written; of those behind it, up to `sent`, nobody can say without asking. */
#ifndef ONYM_TOOLS_BATCH_JOB_H
#define ONYM_TOOLS_BATCH_JOB_H

#include "tools/batch_rows.h"

#include <sys/stat.h>

struct onym_batch_job {
    char *path;        /* FILE.job */
    char *failed_path; /* FILE.failed */
    uint64_t size;     /* of the input */
    struct stat input; /* the file when its digest was taken */
    uint8_t digest[16];
    uint64_t rows; /* settled, from the front, without a gap */
    uint64_t sent; /* may have been sent, from the front */
    uint64_t done, unchanged, failed;
    uint64_t failed_bytes; /* of FILE.failed, for the rows settled */
    bool finished;
    char *text; /* what was read; options borrow from it */
};

/* Names the files and takes size and digest of the input. ONYM_OK; ONYM_IO, ONYM_NO_MEMORY. Release
 * with onym_batch_job_deinit, in any case. */
ONYM_MUST_USE enum onym_status onym_batch_job_init(struct onym_batch_job *job, const char *input,
                                                   struct onym_fault *fault);
void onym_batch_job_deinit(struct onym_batch_job *job);

/* Whether the file that was read has been written to since its digest was taken. One that was put
 * in its place is another file, and the next job looks at it. */
bool onym_batch_job_is_stale(const struct onym_batch_job *job, const char *input);

/* Reads FILE.job; options (all but the path) borrow from job. ONYM_OK; ONYM_NOT_FOUND no such file;
 * ONYM_STALE it is about other contents of the input; ONYM_MALFORMED; ONYM_IO. */
ONYM_MUST_USE enum onym_status onym_batch_job_read(struct onym_batch_job *job,
                                                   struct onym_batch_input *options,
                                                   struct onym_fault *fault);
/* Puts FILE.job in its place at once and durably. ONYM_OK or ONYM_IO. */
ONYM_MUST_USE enum onym_status onym_batch_job_write(const struct onym_batch_job *job,
                                                    const struct onym_batch_input *options,
                                                    struct onym_fault *fault);

/* The words of --mode and --format; -1 for others. */
int onym_batch_mode_of(const char *word);
int onym_batch_format_of(const char *word);

#endif
