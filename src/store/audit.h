/* The log for those who read it: every entry in order, and whether its chain of hashes holds. */
#ifndef ONYM_STORE_AUDIT_H
#define ONYM_STORE_AUDIT_H

#include "base/fault.h"
#include "store/entry.h"
#include "store/view.h"

struct onym_audit_report {
    uint64_t entries;
    uint64_t groups;
    uint64_t first;                 /* the log begins with this one: 1 unless it was pruned */
    uint64_t sequence;              /* of the last entry; 0 = the log is empty */
    enum onym_record_digest digest; /* the hash of the log */
    uint8_t hash[32];               /* of the last group */
    uint8_t node[16];               /* node id, which the chain begins with */
};

/* Called for each entry, before the hash of its group is known to hold. Spans die with the call. */
typedef void onym_audit_fn(void *of, uint64_t sequence, const struct onym_entry *entry);

/* Walks the whole log: sequence without gaps, entries well formed, every group's hash, the end and
 * the checkpoint where the store says they are. each may be NULL. ONYM_OK and *out; ONYM_CORRUPT
 * with *fault naming the first entry that does not hold; ONYM_IO, ONYM_NO_MEMORY with *fault. */
ONYM_MUST_USE enum onym_status onym_audit_walk(const struct onym_view *view, onym_audit_fn *each,
                                               void *of, struct onym_audit_report *out,
                                               struct onym_fault *fault);

#endif
