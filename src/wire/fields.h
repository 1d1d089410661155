/* Lists that several message families share. A failed read sticks in the reader, as in
 * base/reader.h; what is returned is then empty or not to be used.
 * Source: proto/handle.md sections 1, 9. */
#ifndef ONYM_WIRE_FIELDS_H
#define ONYM_WIRE_FIELDS_H

#include "base/reader.h"
#include "onym/model/message.h"

/* u4 count (at most ONYM_COUNT_MAX) x u4. */
struct onym_u32_list onym_fields_indexes(struct onym_reader *r);
/* u4 count (at most ONYM_COUNT_MAX) x str, each at most ONYM_COUNT_MAX bytes. */
struct onym_text_list onym_fields_texts(struct onym_reader *r);
/* u4 count (at most ONYM_VALUES_MAX) x value. */
struct onym_value_list onym_fields_values(struct onym_reader *r);

#endif
