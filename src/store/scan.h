/* All records in key order, for dump, check and lists. */
#ifndef ONYM_STORE_SCAN_H
#define ONYM_STORE_SCAN_H

#include "store/view.h"

struct onym_scan; /* opaque */

/* From the first record of kind whose folded name is >= from (may be empty). */
ONYM_MUST_USE enum onym_status onym_scan_open(const struct onym_view *view, enum onym_kind kind,
                                              onym_span from, struct onym_scan **out);
/* ONYM_OK and *out; ONYM_NOT_FOUND at the end; ONYM_CORRUPT for a damaged record (out->name holds
 * what the key tells; the scan may go on). Spans die with the view's snapshot. */
ONYM_MUST_USE enum onym_status onym_scan_next(struct onym_scan *scan, struct onym_record *out);
void onym_scan_close(struct onym_scan *scan);

/* Where a scan stopped: a key of the table, which is a name only when it is short. Zeros: nowhere
 * yet. */
#define ONYM_SCAN_PLACE_MAX 511U
struct onym_scan_place {
    uint16_t len;
    uint8_t key[ONYM_SCAN_PLACE_MAX];
};

/* Longest stem a key can be compared with. */
#define ONYM_SCAN_STEM_MAX 478U

/* From the first record of kind behind place; place->len 0: from the first whose folded name begins
 * with stem or comes behind it. Statuses of onym_scan_open; ONYM_INVALID stem too long. */
ONYM_MUST_USE enum onym_status onym_scan_resume(const struct onym_view *view, enum onym_kind kind,
                                                onym_span stem, const struct onym_scan_place *place,
                                                struct onym_scan **out);
/* As onym_scan_next, but ONYM_NOT_FOUND behind the last name that begins with stem. *place: that
 * record's, also when it is damaged. */
ONYM_MUST_USE enum onym_status onym_scan_take(struct onym_scan *scan, onym_span stem,
                                              struct onym_scan_place *place,
                                              struct onym_record *out);
/* Passes over up to limit records whose name begins with stem, and looks at none of them: *count
 * says how many. ONYM_OK, *place is the last one's; ONYM_NOT_FOUND there are no more; ONYM_IO. */
ONYM_MUST_USE enum onym_status onym_scan_pass(struct onym_scan *scan, onym_span stem,
                                              uint64_t limit, struct onym_scan_place *place,
                                              uint64_t *count);

#endif
