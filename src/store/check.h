/* Reads the whole store and says what does not hold: every record's key, checksum, form and values,
 * the counts, the log's hashes, and the records against the log's checkpoint. */
#ifndef ONYM_STORE_CHECK_H
#define ONYM_STORE_CHECK_H

#include "store/view.h"

struct onym_check_options {
    /* Called for each damaged record: its name as far as the key or record tells (it dies with the
     * call), and a static text. */
    void (*damaged)(void *arg, onym_span name, const char *why);
    /* Called now and then; may be NULL. */
    void (*progress)(void *arg, uint64_t records, uint64_t records_total);
    void *arg;
};

struct onym_check_report {
    uint64_t handles;
    uint64_t prefixes;
    uint64_t values;
    uint64_t bytes;   /* of all keys and records */
    uint64_t damaged; /* records */
    uint64_t log_entries;
    uint64_t log_groups;
    enum onym_record_digest log_hash;
    bool counts_good;
    bool log_good;
    bool has_checkpoint;
    bool fold_good;   /* the records are what the checkpoint says; true without one, and
                                when operations came after it */
    uint8_t fold[32]; /* digest of all records */
    uint8_t node[16]; /* node id */
    char log_problem[160];
};

/* ONYM_OK and *out, whatever was found; ONYM_IO, ONYM_CORRUPT (the tables themselves cannot be
 * read), ONYM_NO_MEMORY with *fault. */
ONYM_MUST_USE enum onym_status onym_store_check(const struct onym_view *view,
                                                const struct onym_check_options *options,
                                                struct onym_check_report *out,
                                                struct onym_fault *fault);

/* Nothing is wrong. */
static inline bool
onym_check_is_good(const struct onym_check_report *report)
{
    return report->damaged == 0 && report->counts_good && report->log_good && report->fold_good;
}

#endif
