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

#endif
