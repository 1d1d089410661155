/* What happened to one name, out of the log: newest first, in slices. */
#ifndef ONYM_STORE_HISTORY_H
#define ONYM_STORE_HISTORY_H

#include "store/audit.h"

#define ONYM_HISTORY_END UINT64_MAX /* the newest entry, whatever its sequence */

/* Shows entries of the name that folds to folded, operations and events, from *next downward: at
 * most *left of them, and not more than one slice's work. Moves *next to where to go on; 0: there
 * is nothing left. Bulk loads name no records and are not among them. ONYM_OK; ONYM_IO. */
ONYM_MUST_USE enum onym_status onym_history_slice(const struct onym_view *view, onym_span folded,
                                                  uint64_t *next, uint32_t *left,
                                                  onym_audit_fn *each, void *of);

#endif
