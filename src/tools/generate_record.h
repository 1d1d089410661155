/* One generated record as a line of NDJSON in the shape `onymctl load` takes. */
#ifndef ONYM_TOOLS_GENERATE_RECORD_H
#define ONYM_TOOLS_GENERATE_RECORD_H

#include "tools/generate_plan.h"

#define ONYM_GENERATE_NAME_MAX 128U   /* bytes of a generated identifier */
#define ONYM_GENERATE_ROW_MAX  16384U /* bytes of a line, newline included */

/* Appends the item's identifier. */
void onym_generate_name(const struct onym_generate_item *item, struct onym_writer *w);

/* Appends {"handle":…,"values":[…]} and a newline; name is what onym_generate_name gave. With
 * ONYM_GENERATE_ROW_MAX bytes of room it cannot overflow. */
void onym_generate_record(const struct onym_generate_plan *plan,
                          const struct onym_generate_item *item, onym_span name,
                          struct onym_writer *w);

#endif
